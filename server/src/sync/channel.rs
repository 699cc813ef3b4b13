//! One channel in memory: what it is set to, its listings with their publications, and how it is
//! doing. No I/O happens here; what is to be called is in [`super::plan`].

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use onhand::id::{ListingId, LocationId, Sku};
use onhand::policy::{Policy, Quantity};
use onhand::publication::{
    Action, Backoff, Breaker, BreakerSettings, Limiter, Number, Pace, Publication, Report, Times,
};
use onhand::time::{SECOND_US, Timestamp};
use onhand::wire::channel::{
    ChannelHealth, ChannelMode, ChannelStatus, PublicationRow, PublicationState,
};

use super::connector::Connector;
use super::external::{External, ExternalId};
use super::settings::{Checked, OnDrift};
use crate::control::{Acknowledgement, Channel};

/// The pace of a kind to which nothing is sent.
const NO_PACE: Pace = Pace { shortest_us: SECOND_US, longest_us: SECOND_US, refused_us: SECOND_US };

/// Failed calls in a row after which a channel counts as down, and how long it is left alone.
const BREAKER: BreakerSettings = BreakerSettings {
    failures: 5,
    open: Backoff { first_us: SECOND_US, longest_us: 60 * SECOND_US },
};

/// A listing with its publication.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) listing: ListingId,
    pub(super) sku: Sku,
    pub(super) external: External,
    /// What the listing itself says.
    pub(super) own_policy: Policy,
    /// What holds: the listing's, the channel's, the house's.
    pub(super) policy: Policy,
    pub(super) publication: Publication,
}

/// What happened to a channel since the server started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Quantities acknowledged.
    pub pushed: u64,
    /// Calls made.
    pub calls: u64,
    /// Calls that failed.
    pub failed: u64,
    /// Differences found that Onhand did not cause.
    pub drifted: u64,
    /// Reports of the channel that were our own echo, or agreed with what it should show.
    pub echoes: u64,
    /// Deliveries that were not taken in, by reason.
    pub ignored: BTreeMap<&'static str, u64>,
}

/// One channel.
pub(super) struct ChannelState {
    pub(super) row: Channel,
    pub(super) checked: Checked,
    pub(super) channel_policy: Policy,
    pub(super) connector: Option<Arc<dyn Connector>>,
    pub(super) times: Times,
    entries: Vec<Entry>,
    pub(super) by_listing: HashMap<ListingId, usize>,
    by_sku: HashMap<Sku, Vec<usize>>,
    by_item: HashMap<ExternalId, usize>,
    by_variant: HashMap<ExternalId, usize>,
    /// Publications about which there is something to do, now or later.
    pub(super) open: BTreeSet<usize>,
    /// Publications that watchers have not seen as they are.
    changed: BTreeSet<usize>,
    /// Publications of which something is to be written down.
    pub(super) unsaved: BTreeSet<usize>,
    pub(super) counts: Counts,
    pub(super) breaker: Breaker,
    pub(super) limiter: Limiter,
    pub(super) read_last: bool,
    pub(super) next_readback: Timestamp,
    pub(super) last_error: Option<String>,
}

impl ChannelState {
    /// A channel without listings.
    pub(super) fn new(
        row: Channel,
        checked: Checked,
        channel_policy: Policy,
        connector: Option<Arc<dyn Connector>>,
        times: Times,
        now: Timestamp,
    ) -> Self {
        let pace = connector.as_ref().map_or(NO_PACE, |connector| connector.limits().pace);
        let mut state = Self {
            row,
            checked,
            channel_policy,
            connector,
            times,
            entries: Vec::new(),
            by_listing: HashMap::new(),
            by_sku: HashMap::new(),
            by_item: HashMap::new(),
            by_variant: HashMap::new(),
            open: BTreeSet::new(),
            changed: BTreeSet::new(),
            unsaved: BTreeSet::new(),
            counts: Counts::default(),
            breaker: Breaker::new(BREAKER),
            limiter: Limiter::new(pace),
            read_last: false,
            next_readback: now,
            last_error: None,
        };
        state.plan_readback(now);
        state
    }

    /// Takes on other settings; what is known of the listings stays.
    pub(super) fn set_up(
        &mut self,
        row: Channel,
        checked: Checked,
        channel_policy: Policy,
        connector: Option<Arc<dyn Connector>>,
        now: Timestamp,
    ) {
        let pace = connector.as_ref().map_or(NO_PACE, |connector| connector.limits().pace);
        self.row = row;
        self.checked = checked;
        self.channel_policy = channel_policy;
        self.connector = connector;
        self.breaker = Breaker::new(BREAKER);
        self.limiter = Limiter::new(pace);
        let asks = self.asks();
        for entry in &mut self.entries {
            entry.policy = entry.own_policy.over(&self.channel_policy);
            entry.publication.set_asks(asks);
        }
        self.plan_readback(now);
        self.look_at_all(now);
    }

    /// Takes on a listing, or another form of it.
    pub(super) fn put(
        &mut self,
        listing: ListingId,
        sku: Sku,
        external: External,
        own_policy: Policy,
        remembered: Option<&Acknowledgement>,
        now: Timestamp,
    ) {
        let policy = own_policy.over(&self.channel_policy);
        let asks = self.asks();
        if let Some(index) = self.by_listing.get(&listing).copied() {
            self.unindex(index);
            let entry = &mut self.entries[index];
            // Another item, or another place in the channel: what was sent says nothing about it.
            if entry.sku != sku || entry.external != external {
                entry.publication = Publication::default();
                entry.sku = sku;
                entry.external = external;
            }
            entry.own_policy = own_policy;
            entry.policy = policy;
            entry.publication.set_asks(asks);
            self.index(index);
            self.change(index, now, |publication| publication.retry(now));
            self.unsaved.insert(index);
            return;
        }
        let mut publication = remembered.map_or_else(Publication::default, restored);
        publication.set_asks(asks);
        let index = self.entries.len();
        self.by_listing.insert(listing.clone(), index);
        self.entries.push(Entry { listing, sku, external, own_policy, policy, publication });
        self.index(index);
        self.changed.insert(index);
    }

    /// Whether a person is asked about numbers that nothing explains.
    fn asks(&self) -> bool {
        self.checked.settings.on_drift == OnDrift::Ask
    }

    fn index(&mut self, index: usize) {
        let entry = &self.entries[index];
        self.by_sku.entry(entry.sku.clone()).or_default().push(index);
        self.by_item.insert(entry.external.inventory_item_id, index);
        if let Some(variant) = entry.external.variant_id {
            self.by_variant.insert(variant, index);
        }
    }

    fn unindex(&mut self, index: usize) {
        let entry = &self.entries[index];
        if let Some(list) = self.by_sku.get_mut(&entry.sku) {
            list.retain(|other| *other != index);
        }
        self.by_item.retain(|_, other| *other != index);
        self.by_variant.retain(|_, other| *other != index);
    }

    pub(super) fn entry(&self, index: usize) -> &Entry {
        &self.entries[index]
    }

    /// Listings that there would be with these.
    pub(super) fn would_have<'a>(&self, new: impl Iterator<Item = &'a ListingId>) -> usize {
        self.entries.len() + new.filter(|listing| !self.by_listing.contains_key(*listing)).count()
    }

    /// Every item that is sold here.
    pub(super) fn skus(&self) -> impl Iterator<Item = &Sku> {
        self.by_sku.iter().filter(|(_, list)| !list.is_empty()).map(|(sku, _)| sku)
    }

    /// Changes a publication and keeps the lists of what is to be done, shown and written.
    pub(super) fn change<T>(
        &mut self,
        index: usize,
        now: Timestamp,
        change: impl FnOnce(&mut Publication) -> T,
    ) -> T {
        let publication = &mut self.entries[index].publication;
        let result = change(publication);
        if publication.action(now) == Action::Idle {
            self.open.remove(&index);
        } else {
            self.open.insert(index);
        }
        self.changed.insert(index);
        result
    }

    /// What is available of an item changed; says whether there is something to do.
    pub(super) fn desire(
        &mut self,
        sku: &Sku,
        seq: u64,
        by_location: &[(LocationId, i64)],
        now: Timestamp,
    ) -> bool {
        // An item without any level is left alone: absence is not zero.
        let list = self.by_sku.get(sku).filter(|_| !by_location.is_empty()).cloned();
        let mut wake = false;
        for index in list.unwrap_or_default() {
            let quantity = self.entries[index].policy.quantity(by_location).quantity;
            self.change(index, now, |it| it.desire(Number { quantity, seq }, now));
            wake |= self.open.contains(&index);
        }
        wake
    }

    /// The channel sold by itself, or took back, if `units` is positive.
    pub(super) fn sold_here(&mut self, sku: &Sku, units: i64, now: Timestamp) {
        for index in self.by_sku.get(sku).cloned().unwrap_or_default() {
            self.change(index, now, |publication| publication.sold_here(units, now));
        }
    }

    /// The channel says that a listing shows this.
    pub(super) fn reported(
        &mut self,
        listing: &ListingId,
        shown: i64,
        now: Timestamp,
    ) -> Option<Report> {
        let index = self.by_listing.get(listing).copied()?;
        let times = self.times;
        let report = self.change(index, now, |it| it.reported(shown, times, now));
        self.counts.echoes += u64::from(report != Report::News);
        Some(report)
    }

    /// Whether a listing is set up.
    pub(super) fn knows(&self, listing: &ListingId) -> bool {
        self.by_listing.contains_key(listing)
    }

    /// A person has decided about a listing, or need not any more; says whether it was held.
    pub(super) fn release(&mut self, listing: &ListingId, now: Timestamp) -> bool {
        let index = self.by_listing.get(listing).copied();
        let held = index.filter(|index| self.entries[*index].publication.is_held());
        if let Some(index) = held {
            self.change(index, now, |publication| publication.release(now));
        }
        held.is_some()
    }

    /// The listings about which a person is asked, with their items and differences: these and no
    /// others are held.
    pub(super) fn hold_only(&mut self, asked: &HashMap<ListingId, (Sku, i64)>, now: Timestamp) {
        for index in 0..self.entries.len() {
            let entry = &self.entries[index];
            let asked = asked.get(&entry.listing).filter(|(sku, _)| *sku == entry.sku);
            match asked.map(|(_, difference)| *difference) {
                Some(difference) => self.change(index, now, |it| it.hold(difference)),
                None if entry.publication.is_held() => {
                    self.change(index, now, |it| it.release(now));
                }
                None => {}
            }
        }
    }

    /// Has every listing tried again and compared with the channel at once.
    pub(super) fn look_at_all(&mut self, now: Timestamp) {
        for index in 0..self.entries.len() {
            self.change(index, now, |publication| publication.retry(now));
            self.unsaved.insert(index);
        }
    }

    /// Has every listing compared with the channel, those being tried in their own time.
    pub(super) fn read_back_all(&mut self, now: Timestamp) {
        for index in 0..self.entries.len() {
            self.change(index, now, |publication| publication.read_by(now));
        }
        self.plan_readback(now);
    }

    fn plan_readback(&mut self, now: Timestamp) {
        let seconds = i64::try_from(self.checked.settings.readback_s).unwrap_or(i64::MAX);
        self.next_readback = now.plus_micros(seconds.saturating_mul(SECOND_US));
    }

    /// Whether quantities are sent at all.
    pub(super) fn sends(&self) -> bool {
        self.row.mode == ChannelMode::Live && self.connector.is_some()
    }

    /// The item that an order line means, by the channel's variant or by the shop's SKU.
    pub(super) fn sku_of(&self, variant: Option<&str>, sku: Option<&str>) -> Option<Sku> {
        let variant = variant.and_then(|id| ExternalId::new(id).ok());
        if let Some(index) = variant.and_then(|id| self.by_variant.get(&id)) {
            return Some(self.entries[*index].sku.clone());
        }
        let sku = sku.filter(|_| self.checked.settings.match_sku)?;
        self.by_sku.get_key_value(sku).map(|(sku, _)| sku.clone())
    }

    /// The listing whose quantity a level of the channel is.
    pub(super) fn listing_of(&self, item: &str, location: &str) -> Option<ListingId> {
        let here = ExternalId::new(location).ok()?;
        if self.checked.settings.location_id.is_some_and(|ours| ours != here) {
            return None;
        }
        let item = ExternalId::new(item).ok()?;
        self.by_item.get(&item).map(|index| self.entries[*index].listing.clone())
    }

    /// A publication as it is read.
    pub(super) fn row(&self, index: usize, now: Timestamp) -> PublicationRow {
        let Entry { listing, sku, publication, .. } = &self.entries[index];
        let desired = publication.desired();
        let acknowledged = publication.acknowledged();
        let state = match publication.state() {
            PublicationState::Parked => PublicationState::Parked,
            _ if self.row.mode == ChannelMode::Shadow || self.connector.is_none() => {
                PublicationState::Shadow
            }
            state => state,
        };
        let error = publication.last_error().map(str::to_owned);
        let no_level = || desired.is_none().then(|| "the item has no level yet".to_owned());
        PublicationRow {
            channel: self.row.channel.clone(),
            listing: listing.clone(),
            sku: sku.clone(),
            desired: desired.map_or(0, |number| number.quantity),
            desired_seq: desired.map_or(0, |number| number.seq),
            acknowledged: acknowledged.map(|number| number.quantity),
            acknowledged_seq: acknowledged.map(|number| number.seq),
            state,
            attempts: publication.attempts(),
            next_attempt_at: publication.retry_at(),
            last_error: error.or_else(no_level),
            lag_ms: lag_ms(publication, now),
        }
    }

    /// Publications as they are read, by listing.
    pub(super) fn rows(&self, now: Timestamp) -> Vec<PublicationRow> {
        let mut rows: Vec<_> = (0..self.entries.len()).map(|index| self.row(index, now)).collect();
        rows.sort_by(|one, other| one.listing.cmp(&other.listing));
        rows
    }

    /// What an item's listings show.
    pub(super) fn rows_of(&self, sku: &Sku, now: Timestamp) -> Vec<PublicationRow> {
        let list = self.by_sku.get(sku).map(Vec::as_slice).unwrap_or_default();
        list.iter().map(|index| self.row(*index, now)).collect()
    }

    /// What an item's listings would show, and how that would come about.
    pub(super) fn would_show(
        &self,
        sku: &Sku,
        by_location: &[(LocationId, i64)],
    ) -> Vec<(ListingId, Option<i64>, Quantity)> {
        let list = self.by_sku.get(sku).map(Vec::as_slice).unwrap_or_default();
        let shown = |index: &usize| {
            let entry = &self.entries[*index];
            let acknowledged = entry.publication.acknowledged().map(|number| number.quantity);
            (entry.listing.clone(), acknowledged, entry.policy.quantity(by_location))
        };
        list.iter().map(shown).collect()
    }

    /// At most `max` publications that changed since they were taken last.
    pub(super) fn take_changed(&mut self, max: usize, now: Timestamp) -> Vec<PublicationRow> {
        let mut rows = Vec::new();
        while rows.len() < max {
            let Some(index) = self.changed.pop_first() else { break };
            rows.push(self.row(index, now));
        }
        rows
    }

    /// What is to be written down.
    pub(super) fn take_unsaved(&mut self) -> Vec<Acknowledgement> {
        let unsaved = std::mem::take(&mut self.unsaved);
        unsaved.into_iter().map(|index| self.remember(index)).collect()
    }

    /// What could not be written down, and is to be with the next.
    pub(super) fn still_unsaved(&mut self, rows: &[Acknowledgement]) {
        let indices = rows.iter().filter_map(|row| self.by_listing.get(&row.listing));
        self.unsaved.extend(indices);
    }

    fn remember(&self, index: usize) -> Acknowledgement {
        let Entry { listing, publication, .. } = &self.entries[index];
        let parked = publication.last_error().filter(|_| publication.is_parked());
        Acknowledgement {
            channel: self.row.channel.clone(),
            listing: listing.clone(),
            acknowledged: publication.acknowledged().map(|it| (it.quantity, it.seq)),
            attempts: publication.attempts(),
            parked_reason: parked.map(str::to_owned),
        }
    }

    /// How it is doing.
    pub(super) fn status(&self, now: Timestamp) -> ChannelStatus {
        let lags = self.entries.iter().filter(|entry| entry.publication.behind_since().is_some());
        let lags = lags.map(|entry| lag_ms(&entry.publication, now));
        let (behind, lag_ms) = lags.fold((0, 0), |(count, most), lag| (count + 1, lag.max(most)));
        let unsent = || {
            let text = format!("quantities are not sent to channels of kind {}", self.row.kind);
            self.connector.is_none().then_some(text)
        };
        ChannelStatus {
            channel: self.row.channel.clone(),
            name: self.row.name.clone(),
            kind: self.row.kind.clone(),
            mode: self.row.mode,
            health: self.health(),
            listings: self.entries.len() as u64,
            behind,
            lag_ms,
            pushed: self.counts.pushed,
            failed: self.counts.failed,
            drifted: self.counts.drifted,
            last_error: self.last_error.clone().or_else(unsent),
        }
    }

    fn health(&self) -> ChannelHealth {
        if self.row.mode == ChannelMode::Paused {
            ChannelHealth::Paused
        } else if self.breaker.is_open() {
            ChannelHealth::Down
        } else if self.breaker.is_troubled() || self.limiter.is_throttled() {
            ChannelHealth::Degraded
        } else {
            ChannelHealth::Healthy
        }
    }
}

fn restored(remembered: &Acknowledgement) -> Publication {
    let acknowledged = remembered.acknowledged.map(|(quantity, seq)| Number { quantity, seq });
    Publication::restored(acknowledged, remembered.attempts, remembered.parked_reason.clone())
}

fn lag_ms(publication: &Publication, now: Timestamp) -> u64 {
    let since = publication.behind_since();
    since.map_or(0, |since| u64::try_from(now.since(since) / 1_000).unwrap_or(0))
}
