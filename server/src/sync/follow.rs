//! Follows the journal: what each durable batch changes of what channels should show.

use std::collections::BTreeMap;
use std::sync::Arc;

use onhand::event::{EventData, KitPart};
use onhand::id::{ChannelId, Sku, Source};
use onhand::order::FactKey;
use onhand::record::{Bucket, Change, Effect, Record};
use tokio::sync::broadcast::error::RecvError;

use super::channels::Channels;
use super::drift;
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
            Ok(batch) if !drift::asks_again(&batch) => channels.take(&batch, &own_sales(&batch)),
            // By how much its listing differs, an earlier batch says.
            Ok(_) => channels.read_anew(&shutdown).await,
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
    let mut sales: BTreeMap<(ChannelId, Sku), i64> = BTreeMap::new();
    for record in batch.entries.iter().map(|entry| &entry.record) {
        let Some(channel) = channel_of(record) else { continue };
        let effects = record.effects.iter().map(|it| (it.sku.clone(), available_delta(it)));
        for (sku, units) in effects.chain(kit_sales(record)) {
            *sales.entry((channel.clone(), sku)).or_default() += units;
        }
    }
    sales.retain(|_, units| *units != 0);
    sales.into_iter().map(|((channel, sku), units)| OwnSale { channel, sku, units }).collect()
}

/// A channel that sells a kit counts the kit down, not its components: what the record's effects
/// say of these is said of the kit instead. How many kits it was follows from a component that no
/// other line of the order has; without one only the placing says it.
fn kit_sales(record: &Record) -> Vec<(Sku, i64)> {
    let mut sales = Vec::new();
    for change in &record.changes {
        let Change::Order(update) = change else { continue };
        for line in update.lines.iter().filter(|line| !line.kit.is_empty()) {
            let others = || update.lines.iter().filter(|other| other.line != line.line);
            let is_own = |part: &&KitPart| {
                others().all(|other| {
                    other.sku != part.sku && other.kit.iter().all(|it| it.sku != part.sku)
                })
            };
            let placed = update.fact.as_ref().is_some_and(|fact| fact.key == FactKey::Placed);
            let units = if let Some(part) = line.kit.iter().find(is_own) {
                let effects = record.effects.iter().filter(|it| it.sku == part.sku);
                effects.map(available_delta).sum::<i64>() / part.quantity
            } else if placed {
                -line.committed()
            } else {
                continue;
            };
            sales.push((line.sku.clone(), units));
            sales.extend(line.kit.iter().map(|it| (it.sku.clone(), -units * it.quantity)));
        }
    }
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
