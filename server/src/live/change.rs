//! What changed between two moments, encoded once for everybody.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use axum::extract::ws::Utf8Bytes;
use onhand::conflict::{Conflict, ConflictStatus};
use onhand::id::{ChannelId, ConflictId, ListingId, LocationId, Sku};
use onhand::ledger::Entry;
use onhand::wire::channel::{ChannelStatus, PublicationRow};
use onhand::wire::live::Topic;
use onhand::wire::stock::LevelRow;

use super::frame::{self, Buffer, Piece, Rows};
use super::subscription::Topics;
use crate::processor::Committed;
use crate::store::about;

/// Events gathered before a change is made although the last one was just now: bounds the memory.
const GATHERED_EVENTS_MAX: u64 = 4_096;

/// Publications gathered at most; see [`Gathered::publish`].
const GATHERED_PUBLICATIONS_MAX: usize = 4_096;

/// A level's row.
#[derive(Debug)]
pub struct LevelPiece {
    /// The level.
    pub key: (Sku, LocationId),
    /// The row as JSON.
    pub row: Piece,
}

/// A row of the journal.
#[derive(Debug)]
pub struct EventPiece {
    /// Its place.
    pub seq: u64,
    /// The SKUs it touches or names.
    pub skus: Box<[Sku]>,
    /// The stored record.
    pub row: Piece,
}

/// A conflict.
#[derive(Debug)]
pub struct ConflictPiece {
    /// The conflict.
    pub id: ConflictId,
    /// What it is about.
    pub sku: Option<Sku>,
    /// Whether it waits for a person.
    pub open: bool,
    /// The conflict as JSON.
    pub row: Piece,
}

/// A publication.
#[derive(Debug)]
pub struct PublicationPiece {
    /// The listing.
    pub key: (ChannelId, ListingId),
    /// What it sells.
    pub sku: Sku,
    /// The publication as JSON.
    pub row: Piece,
}

/// A channel.
#[derive(Debug)]
pub struct ChannelPiece {
    /// The channel.
    pub channel: ChannelId,
    /// How it is doing, as JSON.
    pub row: Piece,
}

/// What changed between two moments. Within it every level, conflict, publication and channel is
/// there once, as it is at the end.
#[derive(Debug, Default)]
pub struct Change {
    /// The journal's last place before it.
    pub from: u64,
    /// The journal's last place after it.
    pub to: u64,
    /// Levels, by SKU, then location.
    pub levels: Vec<LevelPiece>,
    /// Rows of the journal.
    pub events: Vec<EventPiece>,
    /// Conflicts.
    pub conflicts: Vec<ConflictPiece>,
    /// Publications.
    pub publications: Vec<PublicationPiece>,
    /// Channels.
    pub channels: Vec<ChannelPiece>,
    /// The frames for those who watch all SKUs, per set of topics, written when first wanted.
    frames: [OnceLock<Arc<[Utf8Bytes]>>; Topics::SETS],
    bytes: usize,
}

impl Change {
    /// Its levels of these SKUs, or all of them.
    pub fn levels_of<'a, 's>(
        &'a self,
        skus: Option<&'s BTreeSet<Sku>>,
    ) -> impl Iterator<Item = &'a LevelPiece> + use<'a, 's> {
        let (all, some) = match skus {
            None => (self.levels.as_slice(), None),
            Some(skus) => (&[][..], Some(skus)),
        };
        let of = |sku: &'s Sku| {
            // They are in order.
            let first = self.levels.partition_point(|level| level.key.0 < *sku);
            self.levels[first..].iter().take_while(move |level| level.key.0 == *sku)
        };
        all.iter().chain(some.into_iter().flatten().flat_map(of))
    }

    /// The bytes of its rows.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// The frames for everybody who watches these topics of all SKUs and has seen what was before;
    /// none if nothing of it concerns them.
    pub fn frames(&self, topics: Topics) -> &Arc<[Utf8Bytes]> {
        self.frames[topics.index()].get_or_init(|| {
            let mut rows = Rows::default();
            if topics.has(Topic::Stock) {
                rows.levels = self.levels.iter().map(|level| level.row.as_str()).collect();
            }
            if topics.has(Topic::Events) {
                rows.events = self.events.iter().map(|event| event.row.as_str()).collect();
            }
            if topics.has(Topic::Conflicts) {
                rows.conflicts = self.conflicts.iter().map(|one| one.row.as_str()).collect();
            }
            if topics.has(Topic::Channels) {
                let publications = self.publications.iter();
                rows.publications = publications.map(|one| one.row.as_str()).collect();
                rows.channels = self.channels.iter().map(|one| one.row.as_str()).collect();
            }
            if rows.is_empty() {
                return Arc::default();
            }
            frame::update(self.from, self.to, rows).into()
        })
    }
}

/// Gathers batches and publications until they become a change.
#[derive(Debug, Default)]
pub struct Gathered {
    batches: Vec<Arc<Committed>>,
    news: ChannelNews,
}

/// News of channels, newest wins.
#[derive(Debug, Default)]
pub struct ChannelNews {
    publications: BTreeMap<(ChannelId, ListingId), PublicationRow>,
    channels: BTreeMap<ChannelId, ChannelStatus>,
    overflowed: bool,
}

impl ChannelNews {
    /// Takes news in. What does not fit is dropped and remembered as a gap: see
    /// [`ChannelNews::overflowed`].
    pub fn add(&mut self, publications: Vec<PublicationRow>, channels: Vec<ChannelStatus>) {
        for row in publications {
            let key = (row.channel.clone(), row.listing.clone());
            let known = self.publications.contains_key(&key);
            if known || self.publications.len() < GATHERED_PUBLICATIONS_MAX {
                self.publications.insert(key, row);
            } else {
                self.overflowed = true;
            }
        }
        self.channels.extend(channels.into_iter().map(|row| (row.channel.clone(), row)));
    }

    /// Whether something was dropped, so that readers need a snapshot.
    pub const fn overflowed(&self) -> bool {
        self.overflowed
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.publications.is_empty() && self.channels.is_empty()
    }
}

impl Gathered {
    /// Adds a batch that follows the one before.
    pub fn add(&mut self, batch: Arc<Committed>) {
        self.batches.push(batch);
    }

    /// Adds news of channels.
    pub fn publish(&mut self, news: ChannelNews) {
        self.news.overflowed |= news.overflowed;
        let publications = news.publications.into_values().collect();
        self.news.add(publications, news.channels.into_values().collect());
    }

    /// The journal's last place in what was gathered, if batches were.
    pub fn seq(&self) -> Option<u64> {
        self.batches.last().map(|batch| batch.to)
    }

    /// Events of a batch, on average; 0 without batches.
    pub fn mean_batch_events(&self) -> u64 {
        let first = self.batches.first().map_or(0, |batch| batch.from);
        let last = self.batches.last().map_or(0, |batch| batch.to);
        (last - first).checked_div(self.batches.len() as u64).unwrap_or_default()
    }

    /// Whether news of channels were dropped.
    pub const fn overflowed(&self) -> bool {
        self.news.overflowed
    }

    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.batches.is_empty() && self.news.is_empty()
    }

    /// Whether a change has to be made now, to bound the memory.
    pub fn is_full(&self) -> bool {
        let first = self.batches.first().map_or(0, |batch| batch.from);
        let last = self.batches.last().map_or(0, |batch| batch.to);
        last - first >= GATHERED_EVENTS_MAX
            || self.news.publications.len() >= GATHERED_PUBLICATIONS_MAX
    }

    /// Makes the change and starts anew. `seq` is the journal's last place before it.
    pub fn take(&mut self, seq: u64) -> Change {
        let Self { batches, news } = std::mem::take(self);
        let mut levels: BTreeMap<(&Sku, &LocationId), &LevelRow> = BTreeMap::new();
        let mut conflicts: BTreeMap<ConflictId, &Conflict> = BTreeMap::new();
        for batch in &batches {
            levels.extend(batch.levels.iter().map(|row| ((&row.sku, &row.location), row)));
            conflicts.extend(batch.conflicts.iter().map(|conflict| (conflict.id, conflict)));
        }
        let entries = batches.iter().flat_map(|batch| &batch.entries);
        let mut change = Change {
            from: seq,
            to: batches.last().map_or(seq, |batch| batch.to),
            levels: level_pieces(levels.values().copied()),
            events: event_pieces(entries),
            conflicts: conflict_pieces(conflicts.values().copied()),
            publications: publication_pieces(news.publications.into_values().collect()),
            channels: channel_pieces(news.channels.into_values().collect()),
            ..Change::default()
        };
        let rows = change.levels.iter().map(|one| &one.row);
        let rows = rows.chain(change.events.iter().map(|one| &one.row));
        let rows = rows.chain(change.conflicts.iter().map(|one| &one.row));
        let rows = rows.chain(change.publications.iter().map(|one| &one.row));
        let rows = rows.chain(change.channels.iter().map(|one| &one.row));
        change.bytes = rows.map(|row| row.as_str().len()).sum();
        change
    }
}

/// Encodes levels.
pub fn level_pieces<'a>(rows: impl Iterator<Item = &'a LevelRow> + Clone) -> Vec<LevelPiece> {
    let pieces = Piece::encode(rows.clone());
    rows.zip(pieces)
        .map(|(level, row)| LevelPiece { key: (level.sku.clone(), level.location.clone()), row })
        .collect()
}

/// Takes rows of the journal in their stored form.
fn event_pieces<'a>(entries: impl Iterator<Item = &'a Entry> + Clone) -> Vec<EventPiece> {
    let mut buffer = Buffer::default();
    for entry in entries.clone() {
        buffer.add(&String::from_utf8_lossy(&entry.bytes));
    }
    let event = |(entry, row): (&Entry, Piece)| {
        let record = &entry.record;
        let mut skus = about::named(record);
        skus.extend(record.effects.iter().map(|effect| &effect.sku));
        skus.extend(record.mentions.iter().map(|(sku, _)| sku));
        EventPiece { seq: record.seq, skus: skus.into_iter().cloned().collect(), row }
    };
    entries.zip(buffer.finish()).map(event).collect()
}

/// Encodes conflicts.
pub fn conflict_pieces<'a>(rows: impl Iterator<Item = &'a Conflict> + Clone) -> Vec<ConflictPiece> {
    let pieces = Piece::encode(rows.clone());
    rows.zip(pieces)
        .map(|(conflict, row)| ConflictPiece {
            id: conflict.id,
            sku: conflict.sku.clone(),
            open: conflict.status == ConflictStatus::Open,
            row,
        })
        .collect()
}

/// Encodes publications.
pub fn publication_pieces(rows: Vec<PublicationRow>) -> Vec<PublicationPiece> {
    let pieces = Piece::encode(&rows);
    rows.into_iter()
        .zip(pieces)
        .map(|(one, row)| PublicationPiece { key: (one.channel, one.listing), sku: one.sku, row })
        .collect()
}

/// Encodes how channels are doing.
pub fn channel_pieces(rows: Vec<ChannelStatus>) -> Vec<ChannelPiece> {
    let pieces = Piece::encode(&rows);
    rows.into_iter()
        .zip(pieces)
        .map(|(one, row)| ChannelPiece { channel: one.channel, row })
        .collect()
}
