//! Everything a subscription shows, at one place of the journal.
//!
//! The cut is made in three steps: note the hub's place, read the store (which is never behind the
//! hub), then apply what the hub told from that place up to at least what was read. Rows hold the
//! whole of what is so, so a change that the store had contained already does no harm, and the
//! result is the state at the hub's place, whatever was written meanwhile.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;
use axum::extract::ws::Utf8Bytes;
use onhand::conflict::{Conflict, ConflictStatus};
use onhand::id::{ChannelId, ConflictId, ListingId, LocationId, Sku};
use onhand::wire::channel::{ChannelStatus, PublicationRow};
use onhand::wire::live::Topic;
use onhand::wire::stock::{LevelRow, StockQuery};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::change::{self, Change};
use super::frame::{self, Buffer, Piece, Rows, SNAPSHOT_EVENTS};
use super::hub::{Hub, LiveStats};
use super::ring::{Overrun, Place};
use super::subscription::{Subscription, Topics};
use crate::store::{ConflictQuery, JournalQuery, Store, StoreError};

/// Snapshots read from the store at the same time, so that they leave readers to everybody else.
const CONCURRENT_SNAPSHOTS: usize = 2;

/// Levels of a snapshot that is made in memory and shared. A larger ledger is read page by page
/// for each connection instead.
const HELD_LEVELS_MAX: usize = 50_000;

/// Levels read at once.
const PAGE_LEVELS: u32 = 1_000;

/// Conflicts read at once.
const PAGE_CONFLICTS: u32 = 1_000;

/// Conflicts in a snapshot, newest first: more than anybody decides by hand.
const SNAPSHOT_CONFLICTS_MAX: usize = 10_000;

/// Publications in a snapshot.
pub const SNAPSHOT_PUBLICATIONS_MAX: usize = 10_000;

/// Changes behind the newest at which a shared snapshot is still handed out.
const SHARED_CHANGES_MAX: u64 = 64;

/// How long the hub may take to tell what the store already has.
const HUB_TIMEOUT: Duration = Duration::from_secs(5);

/// What is known of channels.
#[async_trait]
pub trait ChannelView: Send + Sync + 'static {
    /// How each channel is doing, and what listings show: those of these SKUs, or without SKUs
    /// those that do not show what they should, at most `limit`.
    async fn view(
        &self,
        skus: Option<&[Sku]>,
        limit: usize,
    ) -> Result<(Vec<ChannelStatus>, Vec<PublicationRow>), StoreError>;
}

/// Why there is no snapshot.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// So much changed while it was read that it could not be made consistent.
    #[error("more changed during the snapshot than is kept")]
    Overrun,
    /// The hub did not tell what the store already has.
    #[error("live updates are behind the store")]
    HubBehind,
}

impl From<Overrun> for SnapshotError {
    fn from(_: Overrun) -> Self {
        Self::Overrun
    }
}

/// A snapshot.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Where the deltas begin that follow it.
    pub place: Place,
    /// Its frames.
    pub frames: Arc<[Utf8Bytes]>,
    /// Where the levels begin that still have to be read, if they are too many to be held.
    pub pages: Option<Pages>,
}

/// The place in a snapshot of levels that is read page by page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pages {
    seq: u64,
    cursor: Option<String>,
}

/// Makes snapshots.
pub struct Snapshots {
    store: Arc<dyn Store>,
    channels: Arc<dyn ChannelView>,
    permits: Semaphore,
    /// The last snapshot of everything, while somebody still sends it.
    shared: tokio::sync::Mutex<()>,
    last: Mutex<[Option<Weak<Snapshot>>; Topics::SETS]>,
}

impl std::fmt::Debug for Snapshots {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshots").finish_non_exhaustive()
    }
}

impl Snapshots {
    /// Snapshots of this store.
    pub fn new(store: Arc<dyn Store>, channels: Arc<dyn ChannelView>) -> Self {
        Self {
            store,
            channels,
            permits: Semaphore::new(CONCURRENT_SNAPSHOTS),
            shared: tokio::sync::Mutex::new(()),
            last: Mutex::default(),
        }
    }

    /// The journal's last place in the store.
    pub async fn head(&self) -> Result<u64, StoreError> {
        let query = JournalQuery { newest_first: true, limit: 1, ..JournalQuery::default() };
        Ok(self.store.journal(&query).await?.first().map_or(0, |row| row.seq))
    }

    /// A snapshot for a subscription. Those who watch all SKUs share one as long as it is recent.
    pub async fn take(
        &self,
        hub: &Hub,
        subscription: &Subscription,
    ) -> Result<Arc<Snapshot>, SnapshotError> {
        if subscription.skus.is_some() {
            let _permit = self.permits.acquire().await;
            return self.read(hub, subscription).await.map(Arc::new);
        }
        // Whoever waits here for another to read finds what that one has read.
        let _one = self.shared.lock().await;
        if let Some(shared) = self.recent(hub, subscription.topics) {
            return Ok(shared);
        }
        let _permit = self.permits.acquire().await;
        let snapshot = Arc::new(self.read(hub, subscription).await?);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last[subscription.topics.index()] = Some(Arc::downgrade(&snapshot));
        Ok(snapshot)
    }

    fn recent(&self, hub: &Hub, topics: Topics) -> Option<Arc<Snapshot>> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let shared = last[topics.index()].as_ref()?.upgrade()?;
        let next = shared.place.next;
        let kept = hub.since(next, 1).is_ok();
        (kept && hub.end().next - next <= SHARED_CHANGES_MAX).then_some(shared)
    }

    async fn read(
        &self,
        hub: &Hub,
        subscription: &Subscription,
    ) -> Result<Snapshot, SnapshotError> {
        LiveStats::count(&hub.stats().snapshots, 1);
        let begin = hub.end();
        let mut view = View::default();
        let topics = subscription.topics;
        if topics.has(Topic::Stock) {
            self.read_levels(subscription, &mut view).await?;
        }
        if topics.has(Topic::Conflicts) {
            self.read_conflicts(subscription, &mut view).await?;
        }
        if topics.has(Topic::Events) {
            self.read_events(subscription, &mut view).await?;
        }
        if topics.has(Topic::Channels) {
            self.read_channels(subscription, &mut view).await?;
        }
        let head = self.head().await?;
        let mut watch = hub.watch();
        let caught_up = watch.wait_for(|end| end.seq >= head);
        match timeout(HUB_TIMEOUT, caught_up).await {
            Ok(Ok(_)) => {}
            Ok(Err(_)) | Err(_) => return Err(SnapshotError::HubBehind),
        }
        let mut place = begin;
        for change in hub.since(begin.next, usize::MAX)? {
            view.apply(&change, subscription);
            place = Place { next: place.next + 1, seq: change.to };
        }
        let pages = view.pages.then_some(Pages { seq: place.seq, cursor: None });
        Ok(Snapshot { place, frames: view.frames(place.seq, topics).into(), pages })
    }

    async fn read_levels(
        &self,
        subscription: &Subscription,
        view: &mut View,
    ) -> Result<(), StoreError> {
        if let Some(skus) = &subscription.skus {
            let skus: Vec<Sku> = skus.iter().cloned().collect();
            view.levels(&self.store.levels_of(&skus).await?);
            return Ok(());
        }
        let mut cursor = None;
        loop {
            let query = StockQuery { limit: Some(PAGE_LEVELS), cursor, ..StockQuery::default() };
            let page = self.store.stock(&query).await?;
            view.levels(&page.levels);
            cursor = page.next_cursor;
            if cursor.is_none() {
                return Ok(());
            }
            if view.levels.len() >= HELD_LEVELS_MAX {
                view.levels = BTreeMap::new();
                view.pages = true;
                return Ok(());
            }
        }
    }

    async fn read_conflicts(
        &self,
        subscription: &Subscription,
        view: &mut View,
    ) -> Result<(), StoreError> {
        let mut query = ConflictQuery {
            status: Some(ConflictStatus::Open),
            limit: PAGE_CONFLICTS,
            ..ConflictQuery::default()
        };
        let mut read = 0;
        loop {
            let page = self.store.conflicts(&query).await?;
            read += page.len();
            query.before = page.last().map(|conflict| conflict.id.number());
            let full = page.len() >= PAGE_CONFLICTS as usize;
            view.conflicts(page.iter().filter(|one| subscription.wants(one.sku.as_ref())));
            if !full || read >= SNAPSHOT_CONFLICTS_MAX {
                return Ok(());
            }
        }
    }

    async fn read_events(
        &self,
        subscription: &Subscription,
        view: &mut View,
    ) -> Result<(), StoreError> {
        let limit = u32::try_from(SNAPSHOT_EVENTS).unwrap_or(u32::MAX);
        let newest = JournalQuery { newest_first: true, limit, ..JournalQuery::default() };
        let Some(skus) = &subscription.skus else {
            view.events(&self.store.journal(&newest).await?);
            return Ok(());
        };
        for sku in skus {
            let sku = Some(sku.to_string());
            view.events(&self.store.journal(&JournalQuery { sku, ..newest.clone() }).await?);
        }
        Ok(())
    }

    /// What somebody needs who has seen the journal up to `seq`: the place to go on from and, since
    /// news of channels have no place in the journal, how the channels are. `None` if what comes
    /// next is no longer known, or if this journal has never come so far.
    pub async fn resume(
        &self,
        hub: &Hub,
        subscription: &Subscription,
        seq: u64,
    ) -> Result<Option<(Place, Vec<Utf8Bytes>)>, SnapshotError> {
        // A page may be ahead of the hub, but not of the store.
        if seq > hub.end().seq && seq > self.head().await? {
            return Ok(None);
        }
        let Ok(place) = hub.find(seq) else { return Ok(None) };
        if !subscription.topics.has(Topic::Channels) {
            return Ok(Some((place, Vec::new())));
        }
        let _permit = self.permits.acquire().await;
        let mut view = View::default();
        self.read_channels(subscription, &mut view).await?;
        Ok(Some((place, view.frames(seq, Topics::from_iter([Topic::Channels])))))
    }

    async fn read_channels(
        &self,
        subscription: &Subscription,
        view: &mut View,
    ) -> Result<(), StoreError> {
        let skus = subscription.skus.as_ref().map(|skus| skus.iter().cloned().collect::<Vec<_>>());
        let limit = SNAPSHOT_PUBLICATIONS_MAX;
        let (channels, publications) = self.channels.view(skus.as_deref(), limit).await?;
        view.channels(channels, publications);
        Ok(())
    }

    /// The next frames of a snapshot that is read page by page, and where it goes on. Rows may be
    /// newer than the snapshot's `seq`; the deltas that follow contain their changes.
    pub async fn page(
        &self,
        pages: Pages,
    ) -> Result<(Vec<Utf8Bytes>, Option<Pages>), SnapshotError> {
        let _permit = self.permits.acquire().await;
        let Pages { seq, cursor } = pages;
        let query = StockQuery { limit: Some(PAGE_LEVELS), cursor, ..StockQuery::default() };
        let page = self.store.stock(&query).await?;
        let pieces = Piece::encode(&page.levels);
        let levels = pieces.iter().map(Piece::as_str).collect();
        let frames = frame::snapshots(Topic::Stock, seq, &Rows { levels, ..Rows::default() });
        let rest = page.next_cursor.map(|cursor| Pages { seq, cursor: Some(cursor) });
        Ok((frames, rest))
    }
}

/// What is shown, row by row.
#[derive(Debug, Default)]
struct View {
    levels: BTreeMap<(Sku, LocationId), Piece>,
    /// The levels are too many to be held.
    pages: bool,
    events: BTreeMap<u64, Piece>,
    conflicts: BTreeMap<ConflictId, Piece>,
    publications: BTreeMap<(ChannelId, ListingId), Piece>,
    channels: BTreeMap<ChannelId, Piece>,
}

impl View {
    fn levels(&mut self, rows: &[LevelRow]) {
        let pieces = change::level_pieces(rows.iter());
        self.levels.extend(pieces.into_iter().map(|level| (level.key, level.row)));
    }

    fn conflicts<'a>(&mut self, rows: impl Iterator<Item = &'a Conflict> + Clone) {
        let pieces = change::conflict_pieces(rows);
        self.conflicts.extend(pieces.into_iter().map(|conflict| (conflict.id, conflict.row)));
    }

    fn events(&mut self, rows: &[crate::store::JournalRow]) {
        let mut buffer = Buffer::default();
        let seqs: Vec<u64> = rows.iter().map(|row| row.seq).collect();
        for row in rows {
            buffer.add(&String::from_utf8_lossy(&row.bytes));
        }
        self.events.extend(seqs.into_iter().zip(buffer.finish()));
        self.trim_events();
    }

    fn channels(&mut self, channels: Vec<ChannelStatus>, publications: Vec<PublicationRow>) {
        let publications = change::publication_pieces(publications);
        self.publications.extend(publications.into_iter().map(|one| (one.key, one.row)));
        let channels = change::channel_pieces(channels);
        self.channels.extend(channels.into_iter().map(|one| (one.channel, one.row)));
    }

    fn trim_events(&mut self) {
        while self.events.len() > SNAPSHOT_EVENTS {
            self.events.pop_first();
        }
    }

    /// Goes on to the end of a change.
    fn apply(&mut self, change: &Change, subscription: &Subscription) {
        let topics = subscription.topics;
        if topics.has(Topic::Stock) && !self.pages {
            for level in change.levels_of(subscription.skus.as_ref()) {
                self.levels.insert(level.key.clone(), level.row.clone());
            }
        }
        if topics.has(Topic::Events) {
            for event in change.events.iter().filter(|it| subscription.wants_any(&it.skus)) {
                self.events.insert(event.seq, event.row.clone());
            }
            self.trim_events();
        }
        if topics.has(Topic::Conflicts) {
            for one in change.conflicts.iter().filter(|it| subscription.wants(it.sku.as_ref())) {
                if one.open {
                    self.conflicts.insert(one.id, one.row.clone());
                } else {
                    self.conflicts.remove(&one.id);
                }
            }
        }
        if topics.has(Topic::Channels) {
            for one in change.publications.iter().filter(|it| subscription.wants(Some(&it.sku))) {
                self.publications.insert(one.key.clone(), one.row.clone());
            }
            for one in &change.channels {
                self.channels.insert(one.channel.clone(), one.row.clone());
            }
        }
    }

    fn frames(&self, seq: u64, topics: Topics) -> Vec<Utf8Bytes> {
        let rows = Rows {
            levels: self.levels.values().map(Piece::as_str).collect(),
            events: self.events.values().map(Piece::as_str).collect(),
            conflicts: self.conflicts.values().rev().map(Piece::as_str).collect(),
            publications: self.publications.values().map(Piece::as_str).collect(),
            channels: self.channels.values().map(Piece::as_str).collect(),
        };
        let mut frames = Vec::new();
        for topic in Topics::EACH {
            // Levels that are read page by page have frames of their own.
            if topics.has(topic) && !(topic == Topic::Stock && self.pages) {
                frames.extend(frame::snapshots(topic, seq, &rows));
            }
        }
        frames
    }
}
