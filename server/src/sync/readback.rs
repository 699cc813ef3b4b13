//! What the comparison with a channel's real number brings to light: a difference that is neither
//! our own echo nor a sale is drift. It is counted and written into the journal as what the channel
//! reported. Then Onhand's number is shown again or, if the channel is set so, a person is asked.

use std::collections::BTreeMap;
use std::sync::Arc;

use onhand::event::{AcknowledgedLevel, ChannelDrift, ChannelLevelReported, Event, EventData};
use onhand::id::{ChannelId, EventId, ListingId, Source};
use onhand::ledger::Input;
use onhand::publication::Drift;
use onhand::time::Timestamp;

use super::channels::{Channels, Slot};
use super::follow::SOURCE_PREFIX;
use super::plan::Asked;
use crate::intake::events::REQUEST_EVENTS_MAX;
use crate::processor::{Handle, Unavailable};

/// Writes differences into the journal. If that does not work right now they are only logged: the
/// number is repaired all the same.
pub(super) async fn record(
    handle: &Handle,
    channel: &ChannelId,
    drifts: Vec<(ListingId, Drift)>,
    now: Timestamp,
) {
    let mut levels = Vec::with_capacity(drifts.len());
    for (listing, drift) in drifts {
        let (shown, difference) = (drift.shown, drift.difference);
        tracing::info!(%channel, %listing, shown, difference, "the channel shows another number");
        let channel = channel.clone();
        levels.push(ChannelLevelReported {
            channel,
            listing,
            quantity: shown,
            drift: None,
            unlisted: false,
        });
    }
    if let Err(error) = write(handle, channel, levels, now).await {
        tracing::warn!(%channel, %error, "differences of a channel were not recorded");
    }
}

/// Has persons asked about differences, or asked no more. What cannot be recorded right now is
/// tried again a little later; nothing is sent to those listings meanwhile.
pub(super) async fn ask(channels: &Channels, slot: &Slot, asked: Vec<Asked>) {
    let channel = &slot.channel;
    let level = |Asked { listing, sku, locations, asking }: &Asked| {
        let (shown, difference) = (asking.shown, asking.difference);
        tracing::info!(%channel, %listing, shown, difference, "a person is asked about a number");
        let acknowledged = asking.acknowledged.map(|(number, at)| AcknowledgedLevel {
            quantity: number.quantity,
            seq: number.seq,
            at: at.map(|at| channels.on_the_wall_at(at)),
        });
        let (sku, locations) = (sku.clone(), locations.clone());
        let drift = ChannelDrift { sku, difference, acknowledged, locations };
        let (channel, listing) = (channel.clone(), listing.clone());
        let drift = Some(Box::new(drift));
        ChannelLevelReported { channel, listing, quantity: shown, drift, unlisted: false }
    };
    let levels = asked.iter().map(level).collect();
    match write(channels.handle(), channel, levels, channels.wall()).await {
        Ok(()) => slot.state().asked(&asked, channels.now()),
        Err(error) => tracing::warn!(%channel, %error, "questions were not recorded"),
    }
}

/// Writes what a channel shows into the journal.
async fn write(
    handle: &Handle,
    channel: &ChannelId,
    levels: Vec<ChannelLevelReported>,
    now: Timestamp,
) -> Result<(), Unavailable> {
    let Ok(source) = Source::new(format!("{SOURCE_PREFIX}{channel}")) else { return Ok(()) };
    let mut inputs = Vec::with_capacity(levels.len());
    for level in levels {
        // The moment makes the id unique: a channel's numbers are looked at one by one.
        let id = EventId::new(format!("readback-{}-{}", now.micros(), inputs.len()));
        let Ok(id) = id else { continue };
        inputs.push(Input::Event(Event {
            source: source.clone(),
            id,
            time: now,
            expected_version: None,
            extensions: BTreeMap::new(),
            data: EventData::ChannelLevelReported(level),
        }));
    }
    for inputs in inputs.chunks(REQUEST_EVENTS_MAX) {
        handle.submit(inputs.to_vec(), Arc::from("onhand")).await?;
    }
    Ok(())
}
