//! The program `onhand`.

use std::process::ExitCode;

fn main() -> ExitCode {
    onhand_server::cli::run()
}
