//! The program `onhand`.

use std::process::ExitCode;

/// For SQLite too: its unprefixed functions take the place of the C library's. It makes an event a
/// tenth cheaper, and holds no more memory.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    onhand_server::cli::run()
}
