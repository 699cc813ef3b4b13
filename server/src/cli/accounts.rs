//! `onhand token create` and `onhand user create`: before the first start, or beside a running
//! server.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};

use anyhow::{Context as _, bail};
use console::Term;
use onhand::id::check_id;
use onhand::wire::page::Role;

use crate::auth::{PASSWORD_MAX_BYTES, Secret, hash_password};
use crate::clock::{Clock as _, SystemClock};
use crate::config::Config;
use crate::control::{AuditEntry, AuditOutcome, Control, Digest, normalise_email};

/// Makes a token and prints it.
pub(super) async fn create_token(config: &Config, name: &str, role: Role) -> anyhow::Result<()> {
    check_id(name).with_context(|| "--name".to_owned())?;
    let secret = Secret::for_token();
    let control = Control::open(&config.data).await?;
    let now = SystemClock.now();
    let hash = Digest::of(secret.reveal());
    control.create_token(name, role, &hash, secret.shown(), now).await?;
    let detail = format!("{}, {}…", role.as_str(), secret.shown());
    control.audit(now, &done("token.create", name, detail)).await?;
    control.close().await;
    writeln!(io::stdout(), "{}", secret.reveal())?;
    Ok(())
}

/// Makes a user with a password from standard input or a prompt.
pub(super) async fn create_user(config: &Config, email: &str, role: Role) -> anyhow::Result<()> {
    let email = normalise_email(email).context("--email")?;
    // The process has nothing else to do meanwhile, so blocking its thread harms nobody.
    let password = read_password()?;
    let hash = hash_password(&password).context("the password")?;
    let control = Control::open(&config.data).await?;
    let now = SystemClock.now();
    control.create_user(&email, &hash, role, now).await?;
    control.audit(now, &done("user.create", &email, role.as_str().to_owned())).await?;
    control.close().await;
    writeln!(io::stderr(), "The user {email} can sign in as {}.", role.as_str())?;
    Ok(())
}

fn done(action: &str, target: &str, detail: String) -> AuditEntry {
    AuditEntry {
        actor: "cli".to_owned(),
        action: action.to_owned(),
        target: target.to_owned(),
        detail,
        outcome: AuditOutcome::Done,
    }
}

fn read_password() -> anyhow::Result<String> {
    if io::stdin().is_terminal() {
        let terminal = Term::stderr();
        let ask = |what: &str| {
            write!(io::stderr(), "{what}: ")?;
            terminal.read_secure_line()
        };
        let password = ask("Password")?;
        if ask("Once more")? != password {
            bail!("the two passwords differ");
        }
        return Ok(password);
    }
    // One line, with room for its end; what is longer is refused, not cut.
    let mut line = String::new();
    let limit = u64::try_from(PASSWORD_MAX_BYTES)? + 3;
    io::stdin().lock().take(limit).read_line(&mut line).context("standard input")?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        bail!("no password came from standard input: send it there as one line");
    }
    Ok(password.to_owned())
}
