//! Users: the people who sign in.

use onhand::time::Timestamp;
use onhand::wire::page::Role;

use super::{Control, ControlError, is_taken, role};

/// Longest address, in bytes (RFC 5321, 4.5.3.1.3, without the brackets).
pub const EMAIL_MAX_BYTES: usize = 254;

/// Why a string is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an address such as mia@example.com, of at most 254 characters")]
pub struct EmailError;

/// An address as it is stored and compared: lower case, without spaces around it.
pub fn normalise_email(text: &str) -> Result<String, EmailError> {
    let email = text.trim().to_lowercase();
    let (name, host) = email.split_once('@').ok_or(EmailError)?;
    let odd = |c: char| c.is_control() || c.is_whitespace();
    if name.is_empty()
        || host.is_empty()
        || host.contains('@')
        || email.len() > EMAIL_MAX_BYTES
        || email.chars().any(odd)
    {
        return Err(EmailError);
    }
    Ok(email)
}

/// A person who may sign in.
#[derive(Clone)]
pub struct User {
    /// The row's number.
    pub id: i64,
    /// Their address, normalised.
    pub email: String,
    /// The argon2id hash of their password, as a PHC string.
    pub password_hash: String,
    /// What they may do.
    pub role: Role,
    /// Whether they may not sign in.
    pub disabled: bool,
}

type Row = (i64, String, String, String, bool);

fn read(row: Row) -> Result<User, ControlError> {
    let (id, email, password_hash, name, disabled) = row;
    Ok(User { id, email, password_hash, role: role(&name)?, disabled })
}

impl Control {
    /// Adds a user; `Exists` if the address is taken. Returns the row's number.
    pub async fn create_user(
        &self,
        email: &str,
        password_hash: &str,
        role: Role,
        at: Timestamp,
    ) -> Result<i64, ControlError> {
        let done = sqlx::query(
            "INSERT INTO users (email, password_hash, role, created_at) VALUES (?, ?, ?, ?)",
        )
        .bind(email)
        .bind(password_hash)
        .bind(role.as_str())
        .bind(at.micros())
        .execute(&self.writer)
        .await;
        match done {
            Ok(done) => Ok(done.last_insert_rowid()),
            Err(error) if is_taken(&error) => {
                Err(ControlError::Exists(format!("the user {email}")))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The user of a normalised address.
    pub async fn user_by_email(&self, email: &str) -> Result<Option<User>, ControlError> {
        let row: Option<Row> = sqlx::query_as(
            "SELECT id, email, password_hash, role, disabled FROM users WHERE email = ?",
        )
        .bind(email)
        .fetch_optional(&self.readers)
        .await?;
        row.map(read).transpose()
    }

    /// Every user, by address.
    pub async fn users(&self) -> Result<Vec<User>, ControlError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, email, password_hash, role, disabled FROM users ORDER BY email",
        )
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(read).collect()
    }

    /// Gives a user another role; it holds from their next request on.
    pub async fn set_user_role(&self, email: &str, role: Role) -> Result<(), ControlError> {
        let done = sqlx::query("UPDATE users SET role = ? WHERE email = ?")
            .bind(role.as_str())
            .bind(email)
            .execute(&self.writer)
            .await?;
        found(done.rows_affected(), email)
    }

    /// Locks a user out, sessions included, or lets them in again.
    pub async fn set_user_disabled(&self, email: &str, disabled: bool) -> Result<(), ControlError> {
        let done = sqlx::query("UPDATE users SET disabled = ? WHERE email = ?")
            .bind(disabled)
            .bind(email)
            .execute(&self.writer)
            .await?;
        found(done.rows_affected(), email)
    }
}

fn found(rows: u64, email: &str) -> Result<(), ControlError> {
    if rows == 0 { Err(ControlError::Missing(format!("user {email}"))) } else { Ok(()) }
}
