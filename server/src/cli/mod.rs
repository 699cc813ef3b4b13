//! The program's commands (contract.md section 1). Exit codes: 0 done, 1 failed, 2 usage, to which
//! a wrong configuration belongs.

mod accounts;
mod bench;
mod import;
mod logging;
mod progress;
mod serve;
mod verify;

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use onhand::wire::page::Role;

use crate::bench::TooFew;
use crate::config::{Config, ConfigError, Flags, commented_defaults};

/// The command line or the configuration is wrong; clap exits with the same.
const EXIT_USAGE: u8 = 2;

/// Keeps the stock of every shop, marketplace and warehouse in step.
#[derive(Debug, Parser)]
#[command(name = "onhand", version, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
struct Common {
    /// The configuration's file (TOML); `onhand config` prints one
    #[arg(long, global = true, value_name = "FILE", env = "ONHAND_CONFIG")]
    config: Option<PathBuf>,
    /// The folder with the data [default: ./data]
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run everything in one process until SIGTERM or Ctrl-C
    Serve {
        /// Where HTTP is served [default: 127.0.0.1:3000]
        #[arg(long, value_name = "HOST:PORT")]
        listen: Option<String>,
    },
    /// Run a server with a seeded ledger, three simulated shops and one user per role
    Demo {
        /// Where HTTP is served [default: 127.0.0.1:3000]
        #[arg(long, value_name = "HOST:PORT")]
        listen: Option<String>,
    },
    /// API tokens, by which programs are known
    #[command(subcommand)]
    Token(TokenCommand),
    /// Users, the people who sign in
    #[command(subcommand)]
    User(UserCommand),
    /// Replay the whole journal and compare it with the stored state; needs a stopped server
    Verify,
    /// Import a shop's log (CSV or gzipped CSV), with a summary of what was not taken and why
    Import {
        /// The log's files, in the order of their time
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Import through the server that runs at this address, with the token in `ONHAND_TOKEN`
        #[arg(long, value_name = "URL")]
        url: Option<String>,
    },
    /// Print the commented default configuration
    Config,
    /// What it takes to measure
    #[command(subcommand)]
    Bench(BenchCommand),
}

#[derive(Debug, Subcommand)]
enum BenchCommand {
    /// Write a large ledger into an empty data folder, as a shop would have in 300 days
    ///
    /// The goods are sold as in a real shop's log: few of them sell most (Zipf, s = 1.1), quantities,
    /// lines of an order, returns and corrections are as frequent as there. The rules decide every
    /// event, so `onhand verify` holds. The same seed gives the same journal.
    Seed(bench::Wanted),
}

#[derive(Debug, Subcommand)]
enum TokenCommand {
    /// Make a token and print it, alone on one line; it cannot be shown again
    Create {
        /// What people call it, and how the journal names what it sends
        #[arg(long)]
        name: String,
        /// viewer, warehouse, operator, manager or admin
        #[arg(long, value_parser = role)]
        role: Role,
    },
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Make a user; the password comes from standard input, or is asked for on a terminal
    Create {
        /// The address to sign in with
        #[arg(long)]
        email: String,
        /// viewer, warehouse, operator, manager or admin
        #[arg(long, value_parser = role)]
        role: Role,
    },
}

fn role(name: &str) -> Result<Role, String> {
    Role::from_name(name).ok_or_else(|| {
        let known: Vec<_> = Role::ALL.into_iter().map(Role::as_str).collect();
        format!("must be one of {}", known.join(", "))
    })
}

/// Runs the program with the arguments and the environment of the process.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    match execute(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to tell when not even this can be written.
            let _ = writeln!(io::stderr(), "onhand: {error:#}");
            let usage = error.is::<ConfigError>() || error.is::<TooFew>();
            if usage { ExitCode::from(EXIT_USAGE) } else { ExitCode::FAILURE }
        }
    }
}

fn execute(cli: Cli) -> anyhow::Result<()> {
    let Cli { common, command } = cli;
    if let Command::Config = command {
        io::stdout().write_all(commented_defaults().as_bytes())?;
        return Ok(());
    }
    let listen = match &command {
        Command::Serve { listen } | Command::Demo { listen } => listen.clone(),
        _ => None,
    };
    let flags = Flags { data: common.data, listen };
    // A variable that is no text cannot be one of ours.
    let environment = std::env::vars_os()
        .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)));
    let config = Config::load(common.config.as_deref(), environment, &flags)?;
    logging::start(&config.log);
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        match command {
            Command::Serve { .. } => serve::serve(config).await,
            Command::Demo { .. } => serve::demo(config).await,
            Command::Token(TokenCommand::Create { name, role }) => {
                accounts::create_token(&config, &name, role).await
            }
            Command::User(UserCommand::Create { email, role }) => {
                accounts::create_user(&config, &email, role).await
            }
            Command::Verify => verify::verify(&config).await,
            Command::Import { files, url } => import::import(&config, &files, url.as_deref()).await,
            Command::Bench(BenchCommand::Seed(wanted)) => bench::seed(&config, wanted).await,
            Command::Config => Ok(()),
        }
    })
}
