//! The reconciler: one task for each channel. It takes no messages; it looks for listings that do
//! not show what they should, has one call made, writes down the answer, and looks again.

use std::sync::Arc;
use std::time::Duration;

use onhand::time::Timestamp;

use super::channels::{Channels, Slot};
use super::plan::Plan;
use super::readback;
use crate::shutdown::Shutdown;

/// How long changes are gathered after a rest, in milliseconds, so that a burst becomes one call.
const GATHER_MS: u64 = 20;
/// The longest rest, in milliseconds.
const REST_MAX_MS: u64 = 1_000;

/// Works until the server stops. A call that is on its way then is left without an answer, like one
/// whose answer is lost: after the start everything is read back.
pub(super) async fn run(channels: Channels, slot: Arc<Slot>, shutdown: Shutdown) {
    let mut random = || rand::random::<u64>();
    while !shutdown.is_requested() {
        let now = channels.now();
        let drifts = slot.state().take_drifts(now);
        if !drifts.is_empty() {
            readback::record(channels.handle(), &slot.channel, drifts, channels.wall()).await;
        }
        let asked = slot.state().take_askings(now);
        if !asked.is_empty() {
            readback::ask(&channels, &slot, asked).await;
        }
        // Between this and the answer nobody else plans for this channel. The connector is taken
        // with the plan: new settings hold from the next call on.
        let (plan, connector) = {
            let mut state = slot.state();
            (state.plan(now), state.connector.clone())
        };
        match (plan, connector) {
            (Plan::Set(sent, items), Some(connector)) => {
                let answer = tokio::select! {
                    () = shutdown.requested() => return,
                    answer = connector.set(&items) => answer,
                };
                slot.state().written(&sent, answer, &mut random, channels.now());
            }
            (Plan::Read(asked, items), Some(connector)) => {
                let answer = tokio::select! {
                    () = shutdown.requested() => return,
                    answer = connector.read(&items) => answer,
                };
                slot.state().looked_up(&asked, &items, answer, &mut random, channels.now());
            }
            (Plan::Rest(until), _) => rest(&slot, until, now, &shutdown).await,
            (_, None) => {}
        }
    }
}

/// Waits until something changes or is due.
async fn rest(slot: &Slot, until: Option<Timestamp>, now: Timestamp, shutdown: &Shutdown) {
    let longest = Duration::from_millis(REST_MAX_MS);
    let wait = until.map_or(longest, |until| {
        let micros = u64::try_from(until.since(now)).unwrap_or(0);
        Duration::from_micros(micros).min(longest)
    });
    tokio::select! {
        () = shutdown.requested() => {}
        () = tokio::time::sleep(wait) => {}
        () = slot.wake.notified() => tokio::time::sleep(Duration::from_millis(GATHER_MS)).await,
    }
}
