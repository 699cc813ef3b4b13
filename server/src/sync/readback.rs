//! What the comparison with a channel's real number brings to light: a difference that is neither
//! our own echo nor a sale is drift. It is counted, written into the journal as what the channel
//! reported, and then Onhand's number is shown again.

use std::collections::BTreeMap;
use std::sync::Arc;

use onhand::event::{ChannelLevelReported, Event, EventData};
use onhand::id::{ChannelId, EventId, ListingId, Source};
use onhand::ledger::Input;
use onhand::publication::Drift;
use onhand::time::Timestamp;

use super::follow::SOURCE_PREFIX;
use crate::intake::events::REQUEST_EVENTS_MAX;
use crate::processor::Handle;

/// Writes differences into the journal. If that does not work right now they are only logged: the
/// number is repaired all the same.
pub(super) async fn record(
    handle: &Handle,
    channel: &ChannelId,
    drifts: Vec<(ListingId, Drift)>,
    now: Timestamp,
) {
    let Ok(source) = Source::new(format!("{SOURCE_PREFIX}{channel}")) else { return };
    let mut inputs = Vec::with_capacity(drifts.len());
    for (listing, drift) in drifts {
        let (shown, difference) = (drift.shown, drift.difference);
        tracing::info!(%channel, %listing, shown, difference, "the channel shows another number");
        // The moment makes the id unique: a channel's numbers are looked at one by one.
        let id = EventId::new(format!("readback-{}-{}", now.micros(), inputs.len()));
        let Ok(id) = id else { continue };
        let data = ChannelLevelReported { channel: channel.clone(), listing, quantity: shown };
        inputs.push(Input::Event(Event {
            source: source.clone(),
            id,
            time: now,
            expected_version: None,
            extensions: BTreeMap::new(),
            data: EventData::ChannelLevelReported(data),
        }));
    }
    for inputs in inputs.chunks(REQUEST_EVENTS_MAX) {
        if let Err(error) = handle.submit(inputs.to_vec(), Arc::from("onhand")).await {
            tracing::warn!(%channel, %error, "differences of a channel were not recorded");
        }
    }
}
