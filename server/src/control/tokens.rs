//! API tokens: the programs that may speak to the server.

use onhand::time::Timestamp;
use onhand::wire::page::Role;

use super::{Control, ControlError, Digest, role};

/// A token as it is checked.
#[derive(Debug, Clone)]
pub struct ApiToken {
    /// The row's number.
    pub id: i64,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

/// A token as it is listed.
#[derive(Debug, Clone)]
pub struct TokenRow {
    /// The token.
    pub token: ApiToken,
    /// Its first characters, by which people recognise it.
    pub prefix: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
}

type Row = (i64, String, String, Option<i64>, String, i64, Option<i64>);

fn read(row: Row) -> Result<TokenRow, ControlError> {
    let (id, name, role_name, last_used_at, prefix, created_at, revoked_at) = row;
    let last_used_at = last_used_at.map(Timestamp::from_micros);
    Ok(TokenRow {
        token: ApiToken { id, name, role: role(&role_name)?, last_used_at },
        prefix,
        created_at: Timestamp::from_micros(created_at),
        revoked_at: revoked_at.map(Timestamp::from_micros),
    })
}

impl Control {
    /// Adds a token and returns the row's number. Names may repeat, so that a token can be
    /// replaced while the old one still works.
    pub async fn create_token(
        &self,
        name: &str,
        role: Role,
        hash: &Digest,
        prefix: &str,
        at: Timestamp,
    ) -> Result<i64, ControlError> {
        let done = sqlx::query(
            "INSERT INTO api_tokens (name, role, token_hash, prefix, created_at) \
             VALUES (?, ?, ?, ?, ?)",
        )
        .bind(name)
        .bind(role.as_str())
        .bind(hash.as_bytes().as_slice())
        .bind(prefix)
        .bind(at.micros())
        .execute(&self.writer)
        .await?;
        Ok(done.last_insert_rowid())
    }

    /// The token with this hash, unless it was taken back.
    pub async fn token(&self, hash: &Digest) -> Result<Option<ApiToken>, ControlError> {
        let row: Option<Row> = sqlx::query_as(
            "SELECT id, name, role, last_used_at, prefix, created_at, revoked_at \
             FROM api_tokens WHERE token_hash = ? AND revoked_at IS NULL",
        )
        .bind(hash.as_bytes().as_slice())
        .fetch_optional(&self.readers)
        .await?;
        row.map(|row| read(row).map(|row| row.token)).transpose()
    }

    /// Every token, newest first, those taken back included.
    pub async fn tokens(&self) -> Result<Vec<TokenRow>, ControlError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, name, role, last_used_at, prefix, created_at, revoked_at \
             FROM api_tokens ORDER BY id DESC",
        )
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(read).collect()
    }

    /// Takes a token back; it stops working within a second.
    pub async fn revoke_token(&self, id: i64, at: Timestamp) -> Result<(), ControlError> {
        let done =
            sqlx::query("UPDATE api_tokens SET revoked_at = coalesce(revoked_at, ?) WHERE id = ?")
                .bind(at.micros())
                .bind(id)
                .execute(&self.writer)
                .await?;
        if done.rows_affected() == 0 {
            return Err(ControlError::Missing(format!("token of number {id}")));
        }
        Ok(())
    }
}
