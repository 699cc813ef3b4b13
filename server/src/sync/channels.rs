//! All channels in memory: loaded from the control database, changed through here, and told to
//! whoever watches. Clones share them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use onhand::event::{Event, EventData, FieldError};
use onhand::id::{ChannelId, ListingId, LocationId, Sku};
use onhand::policy::{Policy, Quantity};
use onhand::publication::{Report, Times};
use onhand::time::Timestamp;
use onhand::wire::channel::{ChannelMode, ChannelStatus, PublicationRow};
use onhand::wire::conflict::PublicationPreview;
use tokio::sync::{Notify, broadcast};
use tokio::task::JoinSet;

use super::channel::{ChannelState, Counts};
use super::external::External;
use super::follow::{self, OwnSale};
use super::steady::Steady;
use super::tell::{self, ChannelsChanged};
use super::{connectors, drift, levels, reconciler, settings};
use crate::clock::Clock;
use crate::control::{Acknowledgement, Channel, Control, ControlError, Listing};
use crate::intake::webhooks::{Listings, SigningSecret};
use crate::processor::{Committed, Handle, SkuAvailability};
use crate::shutdown::Shutdown;
use crate::store::StoreError;

/// Changes that a slow watcher may fall behind before it is told to look anew.
const CHANGES_MAX: usize = 64;
/// Channels at most: each has a task of its own.
const CHANNELS_MAX: usize = 256;
/// Listings of one channel at most; they are kept in memory.
const LISTINGS_MAX: usize = 100_000;
/// How long to wait before the levels are read again after that failed, in milliseconds.
const READ_AGAIN_MS: u64 = 1_000;

/// What sync out needs of the rest of the house.
pub struct Parts {
    /// The way to the processor and the store.
    pub handle: Handle,
    /// Where channels, listings and acknowledgements are kept.
    pub control: Control,
    /// The server's clock.
    pub clock: Arc<dyn Clock>,
    /// The wish to stop.
    pub shutdown: Shutdown,
    /// The most general policy.
    pub policy: Policy,
    /// The times that publications keep.
    pub times: Times,
}

/// Why a channel cannot be set up, or not be worked with.
#[derive(Debug, thiserror::Error)]
pub enum ChannelError {
    /// There is no such channel.
    #[error("there is no channel {0}")]
    Unknown(ChannelId),
    /// The input does not fit.
    #[error("the input does not fit")]
    Invalid(Vec<FieldError>),
    /// The control database failed.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// The levels cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No HTTP client can be made.
    #[error("no HTTP client can be made: {0}")]
    Client(#[from] reqwest::Error),
}

/// One channel with its wake-up call.
pub(super) struct Slot {
    pub(super) channel: ChannelId,
    pub(super) wake: Notify,
    state: Mutex<ChannelState>,
}

impl Slot {
    /// The channel, locked: never over an await.
    pub(super) fn state(&self) -> MutexGuard<'_, ChannelState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All channels.
#[derive(Clone)]
pub struct Channels(Arc<Inner>);

struct Inner {
    handle: Handle,
    control: Control,
    clock: Arc<dyn Clock>,
    steady: Steady,
    shutdown: Shutdown,
    policy: Policy,
    times: Times,
    slots: RwLock<BTreeMap<ChannelId, Arc<Slot>>>,
    tasks: Mutex<JoinSet<()>>,
    changes: broadcast::Sender<Arc<ChannelsChanged>>,
    // One change of the set-up at a time, database and memory together.
    setting_up: tokio::sync::Mutex<()>,
}

impl Channels {
    /// Loads all channels and starts their reconcilers.
    ///
    /// # Errors
    /// When what is stored cannot be read.
    pub async fn start(parts: Parts) -> Result<Self, ChannelError> {
        let Parts { handle, control, clock, shutdown, policy, times } = parts;
        // Before anything is read, so that no batch is missed in between.
        let batches = handle.listen();
        let channels = Self(Arc::new(Inner {
            handle,
            control,
            steady: Steady::starting_at(clock.now()),
            clock,
            shutdown,
            policy,
            times,
            slots: RwLock::default(),
            tasks: Mutex::default(),
            changes: broadcast::Sender::new(CHANGES_MAX),
            setting_up: tokio::sync::Mutex::default(),
        }));
        channels.load().await?;
        let shutdown = channels.0.shutdown.clone();
        channels.spawn(follow::run(channels.clone(), batches, shutdown.clone()));
        channels.spawn(tell::run(channels.clone(), shutdown));
        for slot in channels.slots() {
            channels.reconcile_from_now(slot);
        }
        Ok(channels)
    }

    async fn load(&self) -> Result<(), ChannelError> {
        let seq = self.0.handle.store().totals().await?.seq;
        let mut remembered: BTreeMap<(ChannelId, ListingId), Acknowledgement> = BTreeMap::new();
        for row in self.0.control.acknowledgements(None).await? {
            // What was acknowledged beyond the journal belongs to a ledger that was taken back.
            if row.acknowledged.is_none_or(|(_, acknowledged)| acknowledged <= seq) {
                remembered.insert((row.channel.clone(), row.listing.clone()), row);
            }
        }
        for row in self.0.control.channels().await? {
            let channel = row.channel.channel.clone();
            match self.assemble(row.channel) {
                Ok(state) => self.insert(channel, state),
                Err(error) => {
                    tracing::error!(%channel, ?error, "a stored channel does not fit and is left out");
                }
            }
        }
        let now = self.now();
        for listing in self.0.control.listings(None).await? {
            let Some(slot) = self.slot(&listing.channel) else { continue };
            let key = (listing.channel.clone(), listing.listing.clone());
            match read_listing(&listing) {
                Ok((external, policy)) => {
                    let known = remembered.get(&key);
                    let Listing { listing, sku, .. } = listing;
                    slot.state().put(listing, sku, external, policy, known, now);
                }
                Err(errors) => {
                    let (channel, listing) = key;
                    tracing::error!(%channel, %listing, ?errors, "a stored listing does not fit");
                }
            }
        }
        self.hold_what_is_asked().await?;
        self.read_levels(&self.slots()).await?;
        Ok(())
    }

    /// Holds the listings about which a person is asked, and no others.
    async fn hold_what_is_asked(&self) -> Result<(), StoreError> {
        let mut asked = drift::open(self.0.handle.store().as_ref()).await?;
        let now = self.now();
        for slot in self.slots() {
            let asked = asked.remove(&slot.channel).unwrap_or_default();
            slot.state().hold_only(&asked, now);
        }
        Ok(())
    }

    fn assemble(&self, row: Channel) -> Result<ChannelState, ChannelError> {
        let checked = settings::check(&row.kind, &row.settings, &row.secrets)
            .map_err(ChannelError::Invalid)?;
        let policy = self.channel_policy(&row)?;
        let connector = connectors::connect(&checked)?;
        Ok(ChannelState::new(row, checked, policy, connector, self.0.times, self.now()))
    }

    fn channel_policy(&self, row: &Channel) -> Result<Policy, ChannelError> {
        let policy = Policy::from_json(&row.policy).map_err(|errors| below("/policy", errors))?;
        Ok(policy.over(&self.0.policy))
    }

    fn insert(&self, channel: ChannelId, state: ChannelState) {
        let slot = Slot { channel: channel.clone(), wake: Notify::new(), state: Mutex::new(state) };
        let mut slots = self.0.slots.write().unwrap_or_else(PoisonError::into_inner);
        slots.insert(channel, Arc::new(slot));
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.0.tasks.lock().unwrap_or_else(PoisonError::into_inner).spawn(task);
    }

    fn reconcile_from_now(&self, slot: Arc<Slot>) {
        self.spawn(reconciler::run(self.clone(), slot, self.0.shutdown.clone()));
    }

    /// Waits until everything has ended and is written down, after the server was asked to stop.
    pub async fn stopped(&self) {
        let tasks = {
            let mut tasks = self.0.tasks.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *tasks)
        };
        tasks.join_all().await;
        tell::write_down(self).await;
    }

    /// The present moment, for everything that is due at a time.
    pub(super) fn now(&self) -> Timestamp {
        self.0.steady.now()
    }

    /// The present moment, for everything that is written down.
    pub(super) fn wall(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Rows with times as the wall clock shows them.
    pub(super) fn on_the_wall(&self, mut rows: Vec<PublicationRow>) -> Vec<PublicationRow> {
        let wall = self.wall();
        for row in &mut rows {
            row.next_attempt_at = row.next_attempt_at.map(|at| self.0.steady.on_the_wall(at, wall));
        }
        rows
    }

    /// A moment as the wall clock shows it.
    pub(super) fn on_the_wall_at(&self, at: Timestamp) -> Timestamp {
        self.0.steady.on_the_wall(at, self.wall())
    }

    pub(super) fn handle(&self) -> &Handle {
        &self.0.handle
    }

    pub(super) fn control(&self) -> &Control {
        &self.0.control
    }

    pub(super) fn changes(&self) -> &broadcast::Sender<Arc<ChannelsChanged>> {
        &self.0.changes
    }

    pub(super) fn slots(&self) -> Vec<Arc<Slot>> {
        let slots = self.0.slots.read().unwrap_or_else(PoisonError::into_inner);
        slots.values().cloned().collect()
    }

    fn slot(&self, channel: &ChannelId) -> Option<Arc<Slot>> {
        let slots = self.0.slots.read().unwrap_or_else(PoisonError::into_inner);
        slots.get(channel).cloned()
    }

    fn known(&self, channel: &ChannelId) -> Result<Arc<Slot>, ChannelError> {
        self.slot(channel).ok_or_else(|| ChannelError::Unknown(channel.clone()))
    }

    /// Sets a channel up, or changes it as a whole. Without `secrets` it keeps those that it has.
    ///
    /// # Errors
    /// Names what does not fit; then nothing is changed.
    pub async fn put_channel(
        &self,
        mut row: Channel,
        keep_secrets: bool,
    ) -> Result<ChannelStatus, ChannelError> {
        let _turn = self.0.setting_up.lock().await;
        let channel = row.channel.clone();
        let slot = self.slot(&channel);
        if let Some(slot) = slot.as_ref().filter(|_| keep_secrets) {
            row.secrets = slot.state().row.secrets.clone();
        }
        let checked = settings::check(&row.kind, &row.settings, &row.secrets)
            .map_err(ChannelError::Invalid)?;
        let policy = self.channel_policy(&row)?;
        let connector = connectors::connect(&checked)?;
        if slot.is_none() && self.slots().len() >= CHANNELS_MAX {
            return Err(too_many(format!("there are {CHANNELS_MAX} channels already")));
        }
        let now = self.now();
        self.0.control.put_channel(&row, self.wall()).await?;
        let slot = if let Some(slot) = slot {
            slot.state().set_up(row, checked, policy, connector, now);
            slot
        } else {
            let times = self.0.times;
            let state = ChannelState::new(row, checked, policy, connector, times, now);
            self.insert(channel.clone(), state);
            let slot = self.known(&channel)?;
            self.reconcile_from_now(Arc::clone(&slot));
            slot
        };
        self.read_levels(&[Arc::clone(&slot)]).await?;
        slot.wake.notify_one();
        let status = slot.state().status(now);
        Ok(status)
    }

    /// Sets listings of one channel up, or changes them: all of them or none.
    ///
    /// # Errors
    /// Names what does not fit.
    pub async fn put_listings(
        &self,
        channel: &ChannelId,
        listings: Vec<Listing>,
    ) -> Result<(), ChannelError> {
        let _turn = self.0.setting_up.lock().await;
        let slot = self.known(channel)?;
        let read = listings.iter().map(read_listing).collect::<Result<Vec<_>, _>>();
        let read = read.map_err(ChannelError::Invalid)?;
        let new = listings.iter().map(|listing| &listing.listing);
        if slot.state().would_have(new) > LISTINGS_MAX {
            let detail = format!("the channel would have more than {LISTINGS_MAX} listings");
            return Err(too_many(detail));
        }
        let now = self.now();
        self.0.control.put_listings(&listings, self.wall()).await?;
        let skus: Vec<Sku> = listings.iter().map(|listing| listing.sku.clone()).collect();
        for (Listing { listing, sku, .. }, (external, policy)) in listings.into_iter().zip(read) {
            slot.state().put(listing, sku, external, policy, None, now);
        }
        let available = levels::read(self.0.handle.store().as_ref(), &skus).await?;
        for (sku, item) in &available {
            slot.state().desire(sku, item.seq, &item.by_location, now);
        }
        slot.wake.notify_one();
        Ok(())
    }

    /// Pauses a channel or lets it go on. One in shadow mode sends nothing and stays as it is.
    ///
    /// # Errors
    /// When there is no such channel, or it cannot be written down.
    pub async fn set_paused(
        &self,
        channel: &ChannelId,
        paused: bool,
    ) -> Result<ChannelStatus, ChannelError> {
        let _turn = self.0.setting_up.lock().await;
        let slot = self.known(channel)?;
        let before = slot.state().row.mode;
        let mode = match (before, paused) {
            (ChannelMode::Shadow, _) => ChannelMode::Shadow,
            (_, true) => ChannelMode::Paused,
            (_, false) => ChannelMode::Live,
        };
        let now = self.now();
        if mode != before {
            self.0.control.set_channel_mode(channel, mode, self.wall()).await?;
            slot.state().row.mode = mode;
        }
        slot.wake.notify_one();
        let status = slot.state().status(now);
        Ok(status)
    }

    /// Has everything of a channel compared and tried again at once, parked listings included.
    ///
    /// # Errors
    /// When there is no such channel.
    pub fn reconcile(&self, channel: &ChannelId) -> Result<ChannelStatus, ChannelError> {
        let slot = self.known(channel)?;
        let now = self.now();
        slot.state().look_at_all(now);
        slot.wake.notify_one();
        let status = slot.state().status(now);
        Ok(status)
    }

    /// Takes in a durable batch.
    pub(super) fn take(&self, batch: &Committed, own: &[OwnSale]) {
        let now = self.now();
        let decided = drift::decided(batch);
        for slot in self.slots() {
            let mut state = slot.state();
            for sale in own.iter().filter(|sale| sale.channel == slot.channel) {
                state.sold_here(&sale.sku, sale.units, now);
            }
            let mut wake = false;
            for listing in decided.iter().filter(|(channel, _)| **channel == slot.channel) {
                wake |= state.release(listing.1, now);
            }
            for SkuAvailability { sku, seq, by_location } in &batch.availability {
                wake |= state.desire(sku, *seq, by_location, now);
            }
            drop(state);
            if wake {
                slot.wake.notify_one();
            }
        }
    }

    async fn read_levels(&self, slots: &[Arc<Slot>]) -> Result<(), StoreError> {
        let skus: std::collections::BTreeSet<Sku> = slots
            .iter()
            .flat_map(|slot| slot.state().skus().cloned().collect::<Vec<_>>())
            .collect();
        let skus: Vec<Sku> = skus.into_iter().collect();
        let available = levels::read(self.0.handle.store().as_ref(), &skus).await?;
        let now = self.now();
        for slot in slots {
            let mut state = slot.state();
            for (sku, item) in &available {
                state.desire(sku, item.seq, &item.by_location, now);
            }
        }
        Ok(())
    }

    async fn read_state(&self, slots: &[Arc<Slot>]) -> Result<(), StoreError> {
        self.hold_what_is_asked().await?;
        self.read_levels(slots).await
    }

    /// Reads all levels and asks all channels, because batches were missed.
    pub(super) async fn read_anew(&self, shutdown: &Shutdown) {
        let slots = self.slots();
        while let Err(error) = self.read_state(&slots).await {
            tracing::error!(%error, "the levels cannot be read");
            tokio::select! {
                () = shutdown.requested() => return,
                () = tokio::time::sleep(std::time::Duration::from_millis(READ_AGAIN_MS)) => {}
            }
        }
        for slot in slots {
            slot.state().read_back_all(self.now());
            slot.wake.notify_one();
        }
    }
}

/// Reading, for pages, programs and the live hub.
impl Channels {
    /// How each channel is doing, by its id.
    pub fn statuses(&self) -> Vec<ChannelStatus> {
        let now = self.now();
        self.slots().iter().map(|slot| slot.state().status(now)).collect()
    }

    /// How one channel is doing.
    pub fn status(&self, channel: &ChannelId) -> Option<ChannelStatus> {
        let now = self.now();
        self.slot(channel).map(|slot| slot.state().status(now))
    }

    /// What a channel is set to.
    pub fn channel(&self, channel: &ChannelId) -> Option<Channel> {
        self.slot(channel).map(|slot| slot.state().row.clone())
    }

    /// What has happened to a channel since the server started.
    pub fn counts(&self, channel: &ChannelId) -> Option<Counts> {
        self.slot(channel).map(|slot| slot.state().counts.clone())
    }

    /// What a channel's listings show, by listing.
    pub fn publications(&self, channel: &ChannelId) -> Option<Vec<PublicationRow>> {
        let now = self.now();
        self.slot(channel).map(|slot| self.on_the_wall(slot.state().rows(now)))
    }

    /// What all channels show, by channel and listing.
    pub fn all_publications(&self) -> Vec<PublicationRow> {
        let now = self.now();
        self.on_the_wall(self.slots().iter().flat_map(|slot| slot.state().rows(now)).collect())
    }

    /// What all channels show of an item.
    pub fn publications_of(&self, sku: &Sku) -> Vec<PublicationRow> {
        let now = self.now();
        let rows = self.slots();
        let rows = rows.iter().flat_map(|slot| slot.state().rows_of(sku, now)).collect();
        self.on_the_wall(rows)
    }

    /// What channels would be told if this were available.
    pub fn preview(&self, availability: &[SkuAvailability]) -> Vec<PublicationPreview> {
        let mut previews = Vec::new();
        for slot in self.slots() {
            let state = slot.state();
            for item in availability {
                let shown = state.would_show(&item.sku, &item.by_location);
                for (listing, acknowledged, quantity) in shown {
                    previews.push(PublicationPreview {
                        channel: slot.channel.to_string(),
                        listing: listing.to_string(),
                        acknowledged,
                        desired: quantity.quantity,
                    });
                }
            }
        }
        previews
    }

    /// How the quantities of an item's listings in a channel come about, if this is available.
    pub fn explain(
        &self,
        channel: &ChannelId,
        sku: &Sku,
        by_location: &[(LocationId, i64)],
    ) -> Option<Vec<(ListingId, Quantity)>> {
        let shown = self.slot(channel)?.state().would_show(sku, by_location);
        Some(shown.into_iter().map(|(listing, _, quantity)| (listing, quantity)).collect())
    }

    /// Changes from now on, about four times a second while there are any. Who falls behind looks
    /// at everything anew.
    pub fn listen(&self) -> broadcast::Receiver<Arc<ChannelsChanged>> {
        self.0.changes.subscribe()
    }
}

/// What webhooks need.
impl Channels {
    /// What a channel's webhooks are signed with; none for a channel that does not exist.
    pub fn webhook_secrets(&self, channel: &str) -> Vec<SigningSecret> {
        let slots = self.0.slots.read().unwrap_or_else(PoisonError::into_inner);
        let slot = slots.get(channel);
        slot.map(|slot| slot.state().checked.secrets.webhook.clone()).unwrap_or_default()
    }

    /// What a channel's own names mean.
    pub fn listings(&self, channel: &ChannelId) -> Option<ChannelListings> {
        self.slot(channel).map(ChannelListings)
    }

    /// A channel says by itself that a listing shows this. `true` if that is news, to be recorded;
    /// our own echo is counted only.
    pub fn reported(&self, channel: &ChannelId, listing: &ListingId, shown: i64) -> bool {
        let Some(slot) = self.slot(channel) else { return true };
        let report = slot.state().reported(listing, shown, self.now());
        slot.wake.notify_one();
        report.is_none_or(|report| report == Report::News)
    }

    /// Notes in what somebody says of a channel's level whether its listing is set up.
    pub fn look_up(&self, event: &mut Event) {
        if let EventData::ChannelLevelReported(level) = &mut event.data {
            let slot = self.slot(&level.channel);
            level.unlisted = slot.is_none_or(|slot| !slot.state().knows(&level.listing));
        }
    }

    /// Counts a delivery that says nothing about stock.
    pub fn count_ignored(&self, channel: &ChannelId, reason: &'static str) {
        if let Some(slot) = self.slot(channel) {
            *slot.state().counts.ignored.entry(reason).or_default() += 1;
        }
    }
}

/// What one channel's own names mean, at this moment.
pub struct ChannelListings(Arc<Slot>);

impl Listings for ChannelListings {
    fn sku(&self, variant: Option<&str>, sku: Option<&str>) -> Option<Sku> {
        self.0.state().sku_of(variant, sku)
    }

    fn location(&self, location: &str) -> Option<LocationId> {
        self.0.state().checked.settings.locations.get(location).cloned()
    }

    fn listing(&self, inventory_item: &str, location: &str) -> Option<ListingId> {
        self.0.state().listing_of(inventory_item, location)
    }
}

fn read_listing(listing: &Listing) -> Result<(External, Policy), Vec<FieldError>> {
    let external = serde::Deserialize::deserialize(&listing.external).map_err(
        |error: serde_json::Error| {
            let pointer = "/external".to_owned();
            vec![FieldError { pointer, detail: error.to_string() }]
        },
    )?;
    let policy = match &listing.policy {
        None => Policy::default(),
        Some(policy) => {
            Policy::from_json(policy).map_err(|errors| below_list("/policy", errors))?
        }
    };
    Ok((external, policy))
}

fn too_many(detail: String) -> ChannelError {
    ChannelError::Invalid(vec![FieldError { pointer: String::new(), detail }])
}

fn below(pointer: &str, errors: Vec<FieldError>) -> ChannelError {
    ChannelError::Invalid(below_list(pointer, errors))
}

fn below_list(pointer: &str, errors: Vec<FieldError>) -> Vec<FieldError> {
    let place = |error: FieldError| {
        let pointer = format!("{pointer}{}", error.pointer);
        FieldError { pointer, ..error }
    };
    errors.into_iter().map(place).collect()
}
