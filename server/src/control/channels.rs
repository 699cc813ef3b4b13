//! Channels: the shops that are kept in step.

use std::fmt;

use onhand::id::ChannelId;
use onhand::time::Timestamp;
use onhand::wire::channel::ChannelMode;
use serde_json::Value;

use super::{Control, ControlError};

/// What a channel is set to (contract.md section 6).
#[derive(Clone, PartialEq)]
pub struct Channel {
    /// The channel.
    pub channel: ChannelId,
    /// What kind of shop it is, such as `shopify` or `simulated`.
    pub kind: String,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub mode: ChannelMode,
    /// Settings of its kind: an object.
    pub settings: Value,
    /// Secrets of its kind: an object. Never shown or logged.
    pub secrets: Value,
    /// How its quantities come from the levels: an object.
    pub policy: Value,
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { channel, kind, name, mode, settings, secrets: _, policy } = self;
        f.debug_struct("Channel")
            .field("channel", channel)
            .field("kind", kind)
            .field("name", name)
            .field("mode", mode)
            .field("settings", settings)
            .field("policy", policy)
            .finish_non_exhaustive()
    }
}

/// A channel as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct ChannelRow {
    /// What it is set to.
    pub channel: Channel,
    /// When it was first set up.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

type Row = (String, String, String, String, String, String, String, i64, i64);

fn read(row: Row) -> Result<ChannelRow, ControlError> {
    let (channel, kind, name, mode, settings, secrets, policy, created_at, updated_at) = row;
    let mode = mode_named(&mode)
        .ok_or_else(|| ControlError::Unreadable(format!("the mode of channel {channel}")))?;
    let json = |what: &str, text: &str| {
        serde_json::from_str(text)
            .map_err(|_| ControlError::Unreadable(format!("the {what} of channel {channel}")))
    };
    let channel = Channel {
        settings: json("settings", &settings)?,
        secrets: json("secrets", &secrets)?,
        policy: json("policy", &policy)?,
        channel: ChannelId::new(channel.as_str())
            .map_err(|error| ControlError::Unreadable(format!("a channel's name: {error}")))?,
        kind,
        name,
        mode,
    };
    let created_at = Timestamp::from_micros(created_at);
    Ok(ChannelRow { channel, created_at, updated_at: Timestamp::from_micros(updated_at) })
}

fn mode_named(name: &str) -> Option<ChannelMode> {
    [ChannelMode::Live, ChannelMode::Shadow, ChannelMode::Paused]
        .into_iter()
        .find(|mode| mode.as_str() == name)
}

impl Control {
    /// Sets a channel up, or changes it as a whole.
    pub async fn put_channel(&self, channel: &Channel, at: Timestamp) -> Result<(), ControlError> {
        sqlx::query(
            "INSERT INTO channels \
             (channel, kind, name, mode, settings, secrets, policy, created_at, updated_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8) \
             ON CONFLICT (channel) DO UPDATE SET kind = excluded.kind, name = excluded.name, \
             mode = excluded.mode, settings = excluded.settings, secrets = excluded.secrets, \
             policy = excluded.policy, updated_at = excluded.updated_at",
        )
        .bind(channel.channel.as_str())
        .bind(&channel.kind)
        .bind(&channel.name)
        .bind(channel.mode.as_str())
        .bind(channel.settings.to_string())
        .bind(channel.secrets.to_string())
        .bind(channel.policy.to_string())
        .bind(at.micros())
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    /// A channel.
    pub async fn channel(&self, channel: &ChannelId) -> Result<Option<ChannelRow>, ControlError> {
        let row: Option<Row> = sqlx::query_as(
            "SELECT channel, kind, name, mode, settings, secrets, policy, created_at, updated_at \
             FROM channels WHERE channel = ?",
        )
        .bind(channel.as_str())
        .fetch_optional(&self.readers)
        .await?;
        row.map(read).transpose()
    }

    /// Every channel, by its id.
    pub async fn channels(&self) -> Result<Vec<ChannelRow>, ControlError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT channel, kind, name, mode, settings, secrets, policy, created_at, updated_at \
             FROM channels ORDER BY channel",
        )
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(read).collect()
    }

    /// Pauses or resumes a channel.
    pub async fn set_channel_mode(
        &self,
        channel: &ChannelId,
        mode: ChannelMode,
        at: Timestamp,
    ) -> Result<(), ControlError> {
        let done = sqlx::query("UPDATE channels SET mode = ?, updated_at = ? WHERE channel = ?")
            .bind(mode.as_str())
            .bind(at.micros())
            .bind(channel.as_str())
            .execute(&self.writer)
            .await?;
        if done.rows_affected() == 0 {
            return Err(ControlError::Missing(format!("channel {channel}")));
        }
        Ok(())
    }
}
