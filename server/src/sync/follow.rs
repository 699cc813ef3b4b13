//! Follows the journal: what each durable batch changes of what channels should show.

use std::sync::Arc;

use onhand::event::EventData;
use onhand::id::{ChannelId, Sku, Source};
use onhand::record::{Bucket, Effect, Record};
use tokio::sync::broadcast::error::RecvError;

use super::channels::Channels;
use crate::processor::Committed;
use crate::shutdown::Shutdown;

/// How the sources of a channel's events begin; what follows is the channel.
pub(super) const SOURCE_PREFIX: &str = "channel:";

/// A channel's own sale (or what it took back, if positive), as the journal has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OwnSale {
    pub(super) channel: ChannelId,
    pub(super) sku: Sku,
    pub(super) units: i64,
}

/// Follows until the processor ends or the server stops.
pub(super) async fn run(
    channels: Channels,
    mut batches: tokio::sync::broadcast::Receiver<Arc<Committed>>,
    shutdown: Shutdown,
) {
    loop {
        let batch = tokio::select! {
            biased;
            () = shutdown.requested() => return,
            batch = batches.recv() => batch,
        };
        match batch {
            Ok(batch) => channels.take(&batch, &own_sales(&batch)),
            // What was missed is in the store; what channels sold meanwhile is not known, so they
            // are asked.
            Err(RecvError::Lagged(missed)) => {
                tracing::info!(missed, "channels read the levels anew");
                channels.read_anew(&shutdown).await;
            }
            Err(RecvError::Closed) => return,
        }
    }
}

fn own_sales(batch: &Committed) -> Vec<OwnSale> {
    let mut sales: Vec<OwnSale> = Vec::new();
    for record in batch.entries.iter().map(|entry| &entry.record) {
        let Some(channel) = channel_of(record) else { continue };
        for effect in &record.effects {
            let units = available_delta(effect);
            let known = sales.iter_mut().find(|it| it.channel == channel && it.sku == effect.sku);
            if let Some(sale) = known {
                sale.units += units;
            } else {
                let (channel, sku) = (channel.clone(), effect.sku.clone());
                sales.push(OwnSale { channel, sku, units });
            }
        }
    }
    sales.retain(|sale| sale.units != 0);
    sales
}

/// The channel that a record's event comes from; of one that had to wait, the first sender.
fn channel_of(record: &Record) -> Option<ChannelId> {
    let source = match &record.envelope.data {
        EventData::EventReleased(released) => &released.source,
        _ => &record.envelope.source,
    };
    channel_named(source)
}

fn channel_named(source: &Source) -> Option<ChannelId> {
    source.as_str().strip_prefix(SOURCE_PREFIX).and_then(|name| ChannelId::new(name).ok())
}

/// What an effect adds to what can be sold.
fn available_delta(effect: &Effect) -> i64 {
    match effect.state {
        Bucket::OnHand => effect.delta,
        Bucket::Incoming => 0,
        Bucket::Committed
        | Bucket::Reserved
        | Bucket::Damaged
        | Bucket::QualityControl
        | Bucket::SafetyStock => -effect.delta,
    }
}
