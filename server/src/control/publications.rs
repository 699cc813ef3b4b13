//! Publications: what each channel acknowledged, so that a restart does not send it again.

use onhand::id::{ChannelId, ListingId};
use onhand::time::Timestamp;
use serde::Serialize;

use super::{Control, ControlError};

/// What is known of one listing's publication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Acknowledgement {
    /// The channel.
    pub channel: ChannelId,
    /// The listing.
    pub listing: ListingId,
    /// The quantity that the channel acknowledged last, and the journal's record it came from.
    pub acknowledged: Option<(i64, u64)>,
    /// Failed attempts since then.
    pub attempts: u32,
    /// Why it is not tried again; `None` while it is.
    pub parked_reason: Option<String>,
}

type Row = (String, String, Option<i64>, Option<i64>, u32, Option<String>);

fn read(row: Row) -> Result<Acknowledgement, ControlError> {
    let (channel, listing, quantity, seq, attempts, parked_reason) = row;
    let unreadable = || ControlError::Unreadable(format!("the publication {channel}/{listing}"));
    let acknowledged = match (quantity, seq.map(u64::try_from)) {
        (Some(quantity), Some(Ok(seq))) => Some((quantity, seq)),
        (None, None) => None,
        _ => return Err(unreadable()),
    };
    Ok(Acknowledgement {
        acknowledged,
        attempts,
        parked_reason,
        channel: ChannelId::new(channel.as_str()).map_err(|_| unreadable())?,
        listing: ListingId::new(listing.as_str()).map_err(|_| unreadable())?,
    })
}

impl Control {
    /// What is known of the publications of one channel, or of all of them.
    pub async fn acknowledgements(
        &self,
        channel: Option<&ChannelId>,
    ) -> Result<Vec<Acknowledgement>, ControlError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT channel, listing, acknowledged, acknowledged_seq, attempts, parked_reason \
             FROM publications WHERE ?1 IS NULL OR channel = ?1 ORDER BY channel, listing",
        )
        .bind(channel.map(ChannelId::as_str))
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(read).collect()
    }

    /// Writes down what became of a round of calls, in one statement. An answer that comes from an
    /// older record than the one written down already is left out, and so are listings that were
    /// removed meanwhile.
    pub async fn put_acknowledgements(
        &self,
        rows: &[Acknowledgement],
        at: Timestamp,
    ) -> Result<(), ControlError> {
        let json = serde_json::to_string(rows)
            .map_err(|error| ControlError::Unreadable(error.to_string()))?;
        sqlx::query(
            "INSERT INTO publications (channel, listing, acknowledged, acknowledged_seq, \
             attempts, parked_reason, updated_at) \
             SELECT row.value ->> 'channel', row.value ->> 'listing', \
             row.value ->> '$.acknowledged[0]', row.value ->> '$.acknowledged[1]', \
             row.value ->> 'attempts', row.value ->> 'parked_reason', ?2 \
             FROM json_each(?1) AS row JOIN listings l \
             ON l.channel = row.value ->> 'channel' AND l.listing = row.value ->> 'listing' \
             WHERE true \
             ON CONFLICT (channel, listing) DO UPDATE SET acknowledged = excluded.acknowledged, \
             acknowledged_seq = excluded.acknowledged_seq, attempts = excluded.attempts, \
             parked_reason = excluded.parked_reason, updated_at = excluded.updated_at \
             WHERE publications.acknowledged_seq IS NULL \
             OR excluded.acknowledged_seq >= publications.acknowledged_seq",
        )
        .bind(json)
        .bind(at.micros())
        .execute(&self.writer)
        .await?;
        Ok(())
    }
}
