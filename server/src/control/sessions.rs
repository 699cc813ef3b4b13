//! Sessions: who is signed in, on which browser.

use onhand::time::Timestamp;
use onhand::wire::page::Role;

use super::{Control, ControlError, Digest, role};

/// Sessions that one user can have; signing in once more ends the oldest.
pub const SESSIONS_PER_USER_MAX: u32 = 50;

/// A session with its user as they are now.
#[derive(Debug, Clone)]
pub struct SessionRow {
    /// The user's address.
    pub email: String,
    /// The user's role now, not at sign-in.
    pub role: Role,
    /// When it was last used, to the minute.
    pub seen_at: Timestamp,
}

impl Control {
    /// Records a session that begins now, ends those of the user that are too many, and forgets
    /// those that are over.
    pub async fn create_session(
        &self,
        session: &Digest,
        user: i64,
        at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), ControlError> {
        let mut tx = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query("DELETE FROM sessions WHERE expires_at <= ?")
            .bind(at.micros())
            .execute(&mut *tx)
            .await?;
        sqlx::query(
            "DELETE FROM sessions WHERE token_hash IN (SELECT token_hash FROM sessions \
             WHERE user_id = ? ORDER BY seen_at DESC LIMIT -1 OFFSET ?)",
        )
        .bind(user)
        .bind(SESSIONS_PER_USER_MAX - 1)
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "INSERT INTO sessions (token_hash, user_id, created_at, seen_at, expires_at) \
             VALUES (?1, ?2, ?3, ?3, ?4)",
        )
        .bind(session.as_bytes().as_slice())
        .bind(user)
        .bind(at.micros())
        .bind(expires_at.micros())
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// The session, if it is not over, was used since `idle_since`, and its user may sign in.
    pub async fn session(
        &self,
        session: &Digest,
        at: Timestamp,
        idle_since: Timestamp,
    ) -> Result<Option<SessionRow>, ControlError> {
        let row: Option<(String, String, i64)> = sqlx::query_as(
            "SELECT u.email, u.role, s.seen_at FROM sessions s JOIN users u ON u.id = s.user_id \
             WHERE s.token_hash = ? AND s.expires_at > ? AND s.seen_at >= ? AND u.disabled = 0",
        )
        .bind(session.as_bytes().as_slice())
        .bind(at.micros())
        .bind(idle_since.micros())
        .fetch_optional(&self.readers)
        .await?;
        row.map(|(email, name, seen_at)| {
            let seen_at = Timestamp::from_micros(seen_at);
            Ok(SessionRow { email, role: role(&name)?, seen_at })
        })
        .transpose()
    }

    /// Ends a session; nothing happens if it is over already.
    pub async fn delete_session(&self, session: &Digest) -> Result<(), ControlError> {
        sqlx::query("DELETE FROM sessions WHERE token_hash = ?")
            .bind(session.as_bytes().as_slice())
            .execute(&self.writer)
            .await?;
        Ok(())
    }
}
