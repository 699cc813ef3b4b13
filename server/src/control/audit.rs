//! The audit log: every refusal and every privileged act.

use onhand::time::Timestamp;

use super::{Control, ControlError};

/// Most rows of one page of the log.
pub const AUDIT_PAGE_MAX: u32 = 1_000;

/// How an act ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuditOutcome {
    /// It was done.
    Done,
    /// It was allowed, but did not work.
    Failed,
    /// It was not allowed.
    Refused,
}

impl AuditOutcome {
    /// The outcome's name in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Refused => "refused",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Done, Self::Failed, Self::Refused].into_iter().find(|it| it.as_str() == name)
    }
}

/// What goes into the log. Never a secret, also not a wrong one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AuditEntry {
    /// Who: `user:…`, `token:…`, `anonymous` or `cli`.
    pub actor: String,
    /// What, as a short word such as `token.create` or `sign_in`.
    pub action: String,
    /// To what.
    pub target: String,
    /// Whatever else helps to understand it, such as the address it came from.
    pub detail: String,
    /// How it ended.
    pub outcome: AuditOutcome,
}

/// A row of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// The row's number.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// What.
    pub entry: AuditEntry,
    /// How often within that moment.
    pub count: i64,
}

type Row = (i64, i64, String, String, String, String, String, i64);

fn read(row: Row) -> Result<AuditRow, ControlError> {
    let (id, at, actor, action, target, detail, outcome, count) = row;
    let outcome = AuditOutcome::from_name(&outcome)
        .ok_or_else(|| ControlError::Unreadable(format!("the outcome {outcome:?}")))?;
    let entry = AuditEntry { actor, action, target, detail, outcome };
    Ok(AuditRow { id, at: Timestamp::from_micros(at), entry, count })
}

impl Control {
    /// Writes a privileged act down, before its author hears that it is done.
    pub async fn audit(&self, at: Timestamp, entry: &AuditEntry) -> Result<(), ControlError> {
        insert(&self.writer, at, entry, 1).await
    }

    /// The newest rows before `before` (all without it), newest first, at most `limit`.
    pub async fn audit_log(
        &self,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<AuditRow>, ControlError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, at, actor, action, target, detail, outcome, count FROM audit_log \
             WHERE id < ? ORDER BY id DESC LIMIT ?",
        )
        .bind(before.unwrap_or(i64::MAX))
        .bind(limit.min(AUDIT_PAGE_MAX))
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(read).collect()
    }
}

/// Adds one row of the log.
pub(super) async fn insert<'c>(
    executor: impl sqlx::SqliteExecutor<'c>,
    at: Timestamp,
    entry: &AuditEntry,
    count: i64,
) -> Result<(), ControlError> {
    sqlx::query(
        "INSERT INTO audit_log (at, actor, action, target, detail, outcome, count) \
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(at.micros())
    .bind(&entry.actor)
    .bind(&entry.action)
    .bind(&entry.target)
    .bind(&entry.detail)
    .bind(entry.outcome.as_str())
    .bind(count)
    .execute(executor)
    .await?;
    Ok(())
}
