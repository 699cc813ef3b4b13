//! Listings: the SKUs as each channel knows them.

use onhand::id::{ChannelId, ListingId, Sku};
use onhand::time::Timestamp;
use serde_json::Value;

use super::{Control, ControlError, is_dangling};

/// A SKU as one channel knows it (contract.md section 6).
#[derive(Debug, Clone, PartialEq)]
pub struct Listing {
    /// The channel.
    pub channel: ChannelId,
    /// The listing.
    pub listing: ListingId,
    /// The SKU it sells.
    pub sku: Sku,
    /// How the channel names it: an object of the kind's own shape.
    pub external: Value,
    /// What differs from the channel's policy: an object.
    pub policy: Option<Value>,
}

type Row = (String, String, String, String, Option<String>);

fn read(row: Row) -> Result<Listing, ControlError> {
    let (channel, listing, sku, external, policy) = row;
    let unreadable =
        |what: &str| ControlError::Unreadable(format!("the {what} of {channel}/{listing}"));
    Ok(Listing {
        external: serde_json::from_str(&external).map_err(|_| unreadable("external"))?,
        policy: policy
            .map(|policy| serde_json::from_str(&policy).map_err(|_| unreadable("policy")))
            .transpose()?,
        sku: Sku::new(sku.as_str()).map_err(|_| unreadable("SKU"))?,
        channel: ChannelId::new(channel.as_str()).map_err(|_| unreadable("channel"))?,
        listing: ListingId::new(listing.as_str()).map_err(|_| unreadable("listing"))?,
    })
}

impl Control {
    /// Sets listings up, or changes them as a whole: all of them or none. `Missing` if there is no
    /// such channel.
    pub async fn put_listings(
        &self,
        listings: &[Listing],
        at: Timestamp,
    ) -> Result<(), ControlError> {
        let mut tx = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        for listing in listings {
            let done = sqlx::query(
                "INSERT INTO listings (channel, listing, sku, external, policy, updated_at) \
                 VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (channel, listing) DO UPDATE SET \
                 sku = excluded.sku, external = excluded.external, policy = excluded.policy, \
                 updated_at = excluded.updated_at",
            )
            .bind(listing.channel.as_str())
            .bind(listing.listing.as_str())
            .bind(listing.sku.as_str())
            .bind(listing.external.to_string())
            .bind(listing.policy.as_ref().map(Value::to_string))
            .bind(at.micros())
            .execute(&mut *tx)
            .await;
            match done {
                Ok(_) => {}
                Err(error) if is_dangling(&error) => {
                    return Err(ControlError::Missing(format!("channel {}", listing.channel)));
                }
                Err(error) => return Err(error.into()),
            }
        }
        tx.commit().await?;
        Ok(())
    }

    /// The listings of one channel, or of all of them, by channel and listing.
    pub async fn listings(
        &self,
        channel: Option<&ChannelId>,
    ) -> Result<Vec<Listing>, ControlError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT channel, listing, sku, external, policy FROM listings \
             WHERE ?1 IS NULL OR channel = ?1 ORDER BY channel, listing",
        )
        .bind(channel.map(ChannelId::as_str))
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(read).collect()
    }

    /// One listing.
    pub async fn listing(
        &self,
        channel: &ChannelId,
        listing: &ListingId,
    ) -> Result<Option<Listing>, ControlError> {
        let row: Option<Row> = sqlx::query_as(
            "SELECT channel, listing, sku, external, policy FROM listings \
             WHERE channel = ? AND listing = ?",
        )
        .bind(channel.as_str())
        .bind(listing.as_str())
        .fetch_optional(&self.readers)
        .await?;
        row.map(read).transpose()
    }

    /// Removes a listing with its publication; nothing happens if it is gone already.
    pub async fn delete_listing(
        &self,
        channel: &ChannelId,
        listing: &ListingId,
    ) -> Result<(), ControlError> {
        sqlx::query("DELETE FROM listings WHERE channel = ? AND listing = ?")
            .bind(channel.as_str())
            .bind(listing.as_str())
            .execute(&self.writer)
            .await?;
        Ok(())
    }
}
