//! What a channel is to be asked next, and what its answers change.

use onhand::id::{ListingId, LocationId, Sku};
use onhand::publication::{Action, Allowed, Asking, Backoff, Drift};
use onhand::time::{SECOND_US, Timestamp};
use onhand::wire::channel::ChannelMode;

use super::channel::{ChannelState, Entry};
use super::connector::{CallError, ItemError, SetItem};
use super::external::External;

/// How long a listing waits after its call failed.
const RETRY: Backoff = Backoff { first_us: SECOND_US / 2, longest_us: 60 * SECOND_US };
/// Listings of a probe after the channel was down.
const PROBE_ITEMS: usize = 1;
/// Microseconds behind after which a listing goes before scarcer ones, so that none starves.
const OVERDUE_US: i64 = 30 * SECOND_US;

/// A listing about which a person is asked.
#[derive(Debug)]
pub(super) struct Asked {
    /// The listing.
    pub(super) listing: ListingId,
    /// What is sold there.
    pub(super) sku: Sku,
    /// The locations that count; empty for all.
    pub(super) locations: Vec<LocationId>,
    /// What is asked.
    pub(super) asking: Asking,
}

/// What is to be done next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// Nothing before this moment, or until something changes.
    Rest(Option<Timestamp>),
    /// Have quantities shown.
    Set(Vec<usize>, Vec<SetItem>),
    /// Ask what is shown.
    Read(Vec<usize>, Vec<External>),
}

impl ChannelState {
    /// Differences that nothing explained in time. While nothing is sent to the channel, its number
    /// is somebody else's, and none counts.
    pub(super) fn take_drifts(&mut self, now: Timestamp) -> Vec<(ListingId, Drift)> {
        let open: Vec<usize> = self.open.iter().copied().collect();
        let mut drifts = Vec::new();
        for index in open {
            let Some(drift) = self.entry(index).publication.due_drift(now) else { continue };
            self.change(index, now, |publication| publication.take_drift(now));
            if !self.sends() {
                continue;
            }
            self.counts.drifted += 1;
            if self.entry(index).publication.asks() {
                self.change(index, now, |publication| publication.ask(drift, now));
            } else {
                drifts.push((self.entry(index).listing.clone(), drift));
            }
        }
        drifts
    }

    /// What is to be recorded of the questions that persons are asked.
    pub(super) fn take_askings(&mut self, now: Timestamp) -> Vec<Asked> {
        let open: Vec<usize> = self.open.iter().copied().collect();
        let mut askings = Vec::new();
        for index in open {
            if !self.entry(index).publication.is_held() {
                continue;
            }
            if let Some(asking) = self.change(index, now, |it| it.take_asking(now)) {
                let Entry { listing, sku, policy, .. } = self.entry(index);
                let (listing, sku) = (listing.clone(), sku.clone());
                let locations = policy.locations.clone().unwrap_or_default();
                askings.push(Asked { listing, sku, locations, asking });
            }
        }
        askings
    }

    /// They are recorded.
    pub(super) fn asked(&mut self, asked: &[Asked], now: Timestamp) {
        for Asked { listing, asking, .. } in asked {
            if let Some(index) = self.by_listing.get(listing).copied() {
                self.change(index, now, |publication| publication.asked(*asking, now));
            }
        }
    }

    /// What is to be done next. A call that is given out has to be answered by
    /// [`ChannelState::written`] or [`ChannelState::looked_up`] before the next is planned.
    pub(super) fn plan(&mut self, now: Timestamp) -> Plan {
        let Some(connector) = self.connector.clone() else { return Plan::Rest(None) };
        if self.row.mode == ChannelMode::Paused {
            return Plan::Rest(None);
        }
        if self.next_readback <= now {
            self.read_back_all(now);
        }
        let allowed = self.breaker.allows(now);
        let ready = self.limiter.ready_at().filter(|at| now < *at);
        if let Some(at) = ready {
            return Plan::Rest(Some(at));
        }
        let max = match allowed {
            Allowed::Calls => connector.limits().items_max,
            Allowed::Probe => PROBE_ITEMS,
            Allowed::NotBefore(at) => return Plan::Rest(Some(at)),
        };
        let Due { mut sets, mut reads, next } = self.due(now);
        if sets.is_empty() && reads.is_empty() {
            let next = next.map_or(self.next_readback, |next| next.min(self.next_readback));
            return Plan::Rest(Some(next));
        }
        self.breaker.calling();
        self.limiter.calling(now);
        self.counts.calls += 1;
        // Turn by turn, so that neither keeps the other waiting.
        let read = sets.is_empty() || (!reads.is_empty() && !self.read_last);
        self.read_last = read;
        if read {
            self.scarcest_first(&mut reads, max, now);
            let externals = reads.iter().map(|index| self.entry(*index).external.clone());
            let externals = externals.collect();
            return Plan::Read(reads, externals);
        }
        self.scarcest_first(&mut sets, max, now);
        let sent = sets.into_iter().filter_map(|index| Some((index, self.send(index, now)?)));
        let (sets, items) = sent.unzip();
        Plan::Set(sets, items)
    }

    fn due(&self, now: Timestamp) -> Due {
        let mut due = Due::default();
        for index in &self.open {
            match self.entry(*index).publication.action(now) {
                Action::Wait(at) => due.next = Some(due.next.map_or(at, |next| next.min(at))),
                Action::Read => due.reads.push(*index),
                Action::Set if self.sends() => due.sets.push(*index),
                Action::Set | Action::Idle => {}
            }
        }
        due
    }

    fn scarcest_first(&self, list: &mut Vec<usize>, max: usize, now: Timestamp) {
        list.sort_by_cached_key(|index| {
            let publication = &self.entry(*index).publication;
            let since = publication.behind_since();
            let overdue = since.is_some_and(|since| now.since(since) > OVERDUE_US);
            (!overdue, publication.desired().map(|number| number.quantity), since)
        });
        list.truncate(max);
    }

    fn send(&mut self, index: usize, now: Timestamp) -> Option<SetItem> {
        let write = self.change(index, now, |publication| publication.send(now))?;
        Some(SetItem {
            external: self.entry(index).external.clone(),
            quantity: write.number.quantity,
            expected: Some(write.expected),
        })
    }

    /// What became of quantities that were to be shown. `random` has to be different each time.
    pub(super) fn written(
        &mut self,
        sent: &[usize],
        answer: Result<Vec<Result<(), ItemError>>, CallError>,
        random: &mut dyn FnMut() -> u64,
        now: Timestamp,
    ) {
        let results = match answer {
            Ok(results) => {
                self.answered();
                results
            }
            Err(error) => return self.call_failed(sent, &error, random, now),
        };
        let times = self.times;
        for (index, result) in sent.iter().zip(results) {
            let retry_at = self.retry_at(*index, random, now);
            match result {
                Ok(()) => {
                    self.counts.pushed += 1;
                    self.change(*index, now, |it| it.acknowledge(times, now));
                }
                Err(ItemError::Stale { shown }) => {
                    self.change(*index, now, |it| it.stale(shown, retry_at, times, now));
                }
                Err(error) => self.item_failed(*index, &error, retry_at, now),
            }
            self.unsaved.insert(*index);
        }
    }

    /// What the channel said that it shows.
    pub(super) fn looked_up(
        &mut self,
        asked: &[usize],
        items: &[External],
        answer: Result<Vec<Result<i64, ItemError>>, CallError>,
        random: &mut dyn FnMut() -> u64,
        now: Timestamp,
    ) {
        let results = match answer {
            Ok(results) => {
                self.answered();
                results
            }
            Err(error) => return self.call_failed(asked, &error, random, now),
        };
        let times = self.times;
        for ((index, item), result) in asked.iter().zip(items).zip(results) {
            // A listing that was given another place meanwhile was not asked about.
            if self.entry(*index).external != *item {
                continue;
            }
            let retry_at = self.retry_at(*index, random, now);
            match result {
                Ok(shown) => self.change(*index, now, |it| it.read_back(shown, times, now)),
                Err(error) => self.item_failed(*index, &error, retry_at, now),
            }
            self.unsaved.insert(*index);
        }
    }

    fn answered(&mut self) {
        self.breaker.succeeded();
        self.limiter.succeeded();
    }

    fn item_failed(
        &mut self,
        index: usize,
        error: &ItemError,
        retry_at: Timestamp,
        now: Timestamp,
    ) {
        let text = error.to_string();
        match error {
            ItemError::Rejected(_) => self.change(index, now, |it| it.park(&text, now)),
            _ => self.change(index, now, |it| it.fail(&text, retry_at, now)),
        }
        let Entry { listing, .. } = self.entry(index);
        self.last_error = Some(format!("{listing}: {text}"));
    }

    fn call_failed(
        &mut self,
        indices: &[usize],
        error: &CallError,
        random: &mut dyn FnMut() -> u64,
        now: Timestamp,
    ) {
        self.counts.failed += 1;
        let text = error.to_string();
        match error {
            // A channel that says so is alive.
            CallError::Throttled { retry_after_us } => {
                self.breaker.succeeded();
                self.limiter.throttled(now, *retry_after_us);
            }
            CallError::Transient(_) | CallError::Ambiguous(_) => self.breaker.failed(now, random()),
        }
        for index in indices {
            let retry_at = self.retry_at(*index, random, now);
            self.change(*index, now, |it| match error {
                CallError::Throttled { .. } => it.put_off(now),
                CallError::Transient(_) => it.fail(&text, retry_at, now),
                CallError::Ambiguous(_) => it.lose(&text, retry_at, now),
            });
        }
        self.last_error = Some(text);
    }

    fn retry_at(&self, index: usize, random: &mut dyn FnMut() -> u64, now: Timestamp) -> Timestamp {
        let failures = self.entry(index).publication.attempts().saturating_add(1);
        now.plus_micros(RETRY.wait_us(failures, random()))
    }
}

#[derive(Debug, Default)]
struct Due {
    sets: Vec<usize>,
    reads: Vec<usize>,
    next: Option<Timestamp>,
}
