//! The control database: users, sessions, tokens, the audit log, and the channels with their
//! listings. It is a file of its own beside the ledger's, so that its writes never wait for the
//! ledger's writer, nor that for them. Tools may open it beside a running server.

mod audit;
mod channels;
mod digest;
mod listings;
mod notes;
mod publications;
mod sessions;
mod tokens;
mod users;

pub use audit::{AuditEntry, AuditOutcome, AuditRow};
pub use channels::{Channel, ChannelRow};
pub use digest::Digest;
pub use listings::Listing;
pub use notes::Notes;
pub use publications::Acknowledgement;
pub use sessions::SessionRow;
pub use tokens::{ApiToken, TokenRow};
pub use users::{EmailError, User, normalise_email};

use std::fs::{self, DirBuilder, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

/// The control database's file in the data directory.
pub const CONTROL_FILE: &str = "control.db";
/// Held while the tables are brought up to date, so that two programs do not do it at once.
const LOCK_FILE: &str = "control.lock";
/// Connections that read at the same time.
const READERS_MAX: u32 = 4;
/// How long a write waits for that of another program.
const BUSY_TIMEOUT_MS: u64 = 5_000;
/// How long a request waits for a free connection.
const ACQUIRE_TIMEOUT_MS: u64 = 5_000;

static MIGRATOR: Migrator = sqlx::migrate!("../migrations/sqlite/control");

/// Why the control database did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The data directory or a file in it cannot be used.
    #[error("{path} cannot be used: {source}")]
    File {
        /// The directory or file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The tables cannot be brought up to date; a newer version of Onhand may have changed them.
    #[error("the tables of {path} do not fit this version of Onhand: {source}")]
    Migrate {
        /// The database.
        path: PathBuf,
        /// Why.
        source: MigrateError,
    },
    /// `SQLite` failed.
    #[error("the control database failed: {0}")]
    Sqlite(#[from] sqlx::Error),
    /// What is stored cannot be read: the file was changed by hand or is damaged.
    #[error("the control database holds something unreadable: {0}")]
    Unreadable(String),
    /// There is one of this name already.
    #[error("{0} exists already")]
    Exists(String),
    /// There is none of this name.
    #[error("there is no {0}")]
    Missing(String),
}

/// The control database. Clones share its connections.
#[derive(Debug, Clone)]
pub struct Control {
    /// One connection: writes of this program queue here instead of finding the file busy.
    writer: SqlitePool,
    readers: SqlitePool,
}

impl Control {
    /// Opens `control.db` in `folder`, makes both if they are missing, and brings the tables up to
    /// date.
    pub async fn open(folder: &Path) -> Result<Self, ControlError> {
        let path = folder.join(CONTROL_FILE);
        let lock = {
            let folder = folder.to_owned();
            let locked = tokio::task::spawn_blocking(move || prepare(&folder)).await;
            locked.map_err(|error| ControlError::Unreadable(error.to_string()))??
        };
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_millis(BUSY_TIMEOUT_MS))
            .foreign_keys(true);
        let pool = |connections: u32| {
            SqlitePoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(Duration::from_millis(ACQUIRE_TIMEOUT_MS))
        };
        let writer = pool(1).connect_with(options.clone()).await?;
        if let Err(source) = MIGRATOR.run(&writer).await {
            writer.close().await;
            return Err(ControlError::Migrate { path, source });
        }
        // Not `read_only`: the last connection to leave has to fold the log into the file.
        let readers = pool(READERS_MAX).connect_with(options.pragma("query_only", "on")).await?;
        drop(lock);
        Ok(Self { writer, readers })
    }

    /// Closes every connection, after which nothing more can be asked.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// Makes the data directory, readable by its owner only, and takes the lock, which is freed when
/// the file is dropped.
fn prepare(folder: &Path) -> Result<File, ControlError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| ControlError::File { path, source }
    };
    if !folder.is_dir() {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder).map_err(failed(folder))?;
    }
    let path = folder.join(LOCK_FILE);
    let file = fs::OpenOptions::new().create(true).append(true).open(&path);
    let file = file.map_err(failed(&path))?;
    file.lock().map_err(failed(&path))?;
    Ok(file)
}

/// Whether a statement failed because there is a row of this key already.
fn is_taken(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}

/// Whether a statement failed because it names a row that is not there.
fn is_dangling(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_foreign_key_violation)
}

/// Reads a stored role.
fn role(name: &str) -> Result<onhand::wire::page::Role, ControlError> {
    onhand::wire::page::Role::from_name(name)
        .ok_or_else(|| ControlError::Unreadable(format!("the role {name:?}")))
}

#[cfg(test)]
mod tests;
