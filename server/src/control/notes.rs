//! Notes: writes that nobody waits for. A refusal must not cost more than the request it answers,
//! and somebody who sends a thousand a second must not fill the disk; so equal ones of the same
//! moment become one row with a count. When a session or token was last used is known to the
//! minute.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use onhand::time::Timestamp;
use tokio::sync::{mpsc, oneshot};

use super::{AuditEntry, AuditOutcome, Control, ControlError, Digest, audit};
use crate::clock::Clock;

/// Notes that can wait to be written; further ones are counted only.
const NOTES_MAX: usize = 1_024;
/// The moment within which equal refusals become one row.
const GATHER_MS: u64 = 200;

#[derive(Debug)]
enum Note {
    Refused(AuditEntry),
    SessionSeen(Digest, Timestamp),
    TokenUsed(i64, Timestamp),
    Flush(oneshot::Sender<()>),
}

/// Where notes are handed in. Clones share one writer, which ends when the last is dropped.
#[derive(Debug, Clone)]
pub struct Notes {
    sender: mpsc::Sender<Note>,
    lost: Arc<AtomicU64>,
}

impl Notes {
    /// Starts the writer.
    pub fn start(control: Control, clock: Arc<dyn Clock>) -> Self {
        let (sender, receiver) = mpsc::channel(NOTES_MAX);
        let lost = Arc::new(AtomicU64::new(0));
        tokio::spawn(write(control, clock, receiver, Arc::clone(&lost)));
        Self { sender, lost }
    }

    /// Notes a refusal for the audit log.
    pub fn refused(&self, actor: &str, action: &str, target: &str, detail: &str) {
        let entry = AuditEntry {
            actor: actor.to_owned(),
            action: action.to_owned(),
            target: target.to_owned(),
            detail: detail.to_owned(),
            outcome: AuditOutcome::Refused,
        };
        if self.sender.try_send(Note::Refused(entry)).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Notes that a session was used. Lost under load, which the next use makes good.
    pub fn session_seen(&self, session: Digest, at: Timestamp) {
        let _ = self.sender.try_send(Note::SessionSeen(session, at));
    }

    /// Notes that a token was used. Lost under load, which the next use makes good.
    pub fn token_used(&self, id: i64, at: Timestamp) {
        let _ = self.sender.try_send(Note::TokenUsed(id, at));
    }

    /// Waits until everything noted so far is written.
    pub async fn flush(&self) {
        let (done, written) = oneshot::channel();
        if self.sender.send(Note::Flush(done)).await.is_ok() {
            let _ = written.await;
        }
    }
}

#[derive(Default)]
struct Gathered {
    refused: HashMap<AuditEntry, i64>,
    sessions: HashMap<Digest, Timestamp>,
    tokens: HashMap<i64, Timestamp>,
    flushed: Vec<oneshot::Sender<()>>,
}

impl Gathered {
    fn add(&mut self, note: Note) {
        match note {
            Note::Refused(entry) => *self.refused.entry(entry).or_default() += 1,
            Note::SessionSeen(session, at) => drop(self.sessions.insert(session, at)),
            Note::TokenUsed(id, at) => drop(self.tokens.insert(id, at)),
            Note::Flush(done) => self.flushed.push(done),
        }
    }
}

async fn write(
    control: Control,
    clock: Arc<dyn Clock>,
    mut receiver: mpsc::Receiver<Note>,
    lost: Arc<AtomicU64>,
) {
    while let Some(note) = receiver.recv().await {
        let mut gathered = Gathered::default();
        gathered.add(note);
        let deadline = tokio::time::Instant::now() + Duration::from_millis(GATHER_MS);
        while gathered.flushed.is_empty() {
            match tokio::time::timeout_at(deadline, receiver.recv()).await {
                Ok(Some(note)) => gathered.add(note),
                Ok(None) | Err(_) => break,
            }
        }
        let uncounted = lost.swap(0, Ordering::Relaxed);
        if let Err(error) = store(&control, clock.now(), &gathered, uncounted).await {
            tracing::error!(%error, "the audit log cannot be written");
        }
        for done in gathered.flushed {
            let _ = done.send(());
        }
    }
}

async fn store(
    control: &Control,
    at: Timestamp,
    gathered: &Gathered,
    lost: u64,
) -> Result<(), ControlError> {
    let mut tx = control.writer.begin_with("BEGIN IMMEDIATE").await?;
    for (entry, count) in &gathered.refused {
        audit::insert(&mut *tx, at, entry, *count).await?;
    }
    if lost > 0 {
        let entry = AuditEntry {
            actor: "onhand".to_owned(),
            action: "audit".to_owned(),
            target: "refusals".to_owned(),
            detail: "more refusals than could be written one by one".to_owned(),
            outcome: AuditOutcome::Refused,
        };
        audit::insert(&mut *tx, at, &entry, i64::try_from(lost).unwrap_or(i64::MAX)).await?;
    }
    for (session, seen_at) in &gathered.sessions {
        sqlx::query("UPDATE sessions SET seen_at = max(seen_at, ?) WHERE token_hash = ?")
            .bind(seen_at.micros())
            .bind(session.as_bytes().as_slice())
            .execute(&mut *tx)
            .await?;
    }
    for (id, used_at) in &gathered.tokens {
        sqlx::query("UPDATE api_tokens SET last_used_at = ? WHERE id = ?")
            .bind(used_at.micros())
            .bind(id)
            .execute(&mut *tx)
            .await?;
    }
    tx.commit().await?;
    Ok(())
}
