//! Tells what changed about channels: to watchers, a few times a second, and to the control
//! database, so that a restart does not forget what was acknowledged. An acknowledgement that is
//! lost before it is written costs one look at the channel.

use std::sync::Arc;
use std::time::Duration;

use onhand::wire::channel::{ChannelStatus, PublicationRow};
use tokio::time::{MissedTickBehavior, interval};

use super::channels::Channels;
use crate::shutdown::Shutdown;

/// How often watchers are told, in milliseconds.
const TELL_EVERY_MS: u64 = 250;
/// Tellings between two writes to the control database.
const WRITE_EVERY: u32 = 4;
/// Publications of one channel in one telling; the others follow with the next.
const ROWS_MAX: usize = 500;

/// What changed about channels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelsChanged {
    /// Publications as they are now.
    pub publications: Vec<PublicationRow>,
    /// Channels as they are now.
    pub channels: Vec<ChannelStatus>,
}

/// Tells until the server stops.
pub(super) async fn run(channels: Channels, shutdown: Shutdown) {
    let mut ticks = interval(Duration::from_millis(TELL_EVERY_MS));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told: Vec<ChannelStatus> = Vec::new();
    let mut count = 0_u32;
    loop {
        tokio::select! {
            biased;
            () = shutdown.requested() => return,
            _ = ticks.tick() => {}
        }
        tell(&channels, &mut told);
        count = count.wrapping_add(1);
        if count.is_multiple_of(WRITE_EVERY) {
            write_down(&channels).await;
        }
    }
}

fn tell(channels: &Channels, told: &mut Vec<ChannelStatus>) {
    let now = channels.now();
    let mut publications = Vec::new();
    for slot in channels.slots() {
        publications.extend(slot.state().take_changed(ROWS_MAX, now));
    }
    let statuses = channels.statuses();
    let changed: Vec<_> = statuses.iter().filter(|it| !told.contains(it)).cloned().collect();
    *told = statuses;
    if !publications.is_empty() || !changed.is_empty() {
        let publications = channels.on_the_wall(publications);
        let change = ChannelsChanged { publications, channels: changed };
        // Nobody may be watching; that is no error.
        let _ = channels.changes().send(Arc::new(change));
    }
}

/// Writes down what channels acknowledged.
pub(super) async fn write_down(channels: &Channels) {
    for slot in channels.slots() {
        let rows = slot.state().take_unsaved();
        if rows.is_empty() {
            continue;
        }
        if let Err(error) = channels.control().put_acknowledgements(&rows, channels.wall()).await {
            tracing::error!(%error, channel = %slot.channel, "acknowledgements are not written");
            slot.state().still_unsaved(&rows);
        }
    }
}
