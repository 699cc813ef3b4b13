//! What the live frames say, as plain data: which frame counts, and what it changes.

use std::collections::{HashMap, VecDeque};

use onhand::conflict::{Conflict, ConflictStatus};
use onhand::id::{ChannelId, ConflictId, ListingId, LocationId, Sku};
use onhand::wire::channel::{ChannelStatus, PublicationRow};
use onhand::wire::live::{Delta, EventRow, Snapshot, Topic};
use onhand::wire::page::IntakeMinute;
use onhand::wire::stock::LevelRow;

use super::recent::Recent;
use super::tally::{Minutes, Rate};
use crate::sort::sorted;

/// Rows of the journal kept for feeds.
pub const TAIL_ROWS: usize = 200;
/// Changed levels kept for pages that are still on their way.
const LEVELS_KEPT: usize = 4_096;
/// Changed conflicts kept.
const CONFLICTS_KEPT: usize = 1_024;
/// Changed publications kept for pages that are still on their way.
const PUBLICATIONS_KEPT: usize = 2_048;

/// Names a level.
pub type LevelKey = (Sku, LocationId);
/// Names a publication.
pub type PublicationKey = (ChannelId, ListingId);

/// What is to be done with a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is the next one, and has been taken in.
    Applied,
    /// Its content is already shown, or will be in a snapshot that is on its way.
    Skipped,
    /// Something before it is missing.
    Gap,
}

/// Everything known from the live frames.
#[derive(Debug)]
pub struct Book {
    seq: u64,
    resyncing: bool,
    levels: Recent<LevelKey, LevelRow, LEVELS_KEPT>,
    publications: Recent<PublicationKey, PublicationRow, PUBLICATIONS_KEPT>,
    conflicts: Recent<ConflictId, Conflict, CONFLICTS_KEPT>,
    /// The `seq` of the last snapshot that held every open conflict.
    conflicts_complete: Option<u64>,
    channels: HashMap<ChannelId, ChannelStatus>,
    tail: VecDeque<EventRow>,
    rate: Rate,
    minutes: Minutes,
}

impl Book {
    /// A book that goes on from what the page shows.
    pub fn new(seq: u64) -> Self {
        Self {
            seq,
            resyncing: false,
            levels: Recent::new(seq),
            publications: Recent::new(seq),
            conflicts: Recent::new(seq),
            conflicts_complete: None,
            channels: HashMap::new(),
            tail: VecDeque::new(),
            rate: Rate::default(),
            minutes: Minutes::default(),
        }
    }

    /// The journal's last `seq` that is contained.
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// Takes a delta in, if it is the next one.
    pub fn delta(&mut self, delta: &Delta, now_us: i64) -> Verdict {
        if delta.from != self.seq || self.resyncing {
            let missing = delta.from > self.seq && !self.resyncing;
            self.resyncing |= missing;
            // A delta that begins earlier but goes further cannot be taken apart.
            let overlaps = delta.from < self.seq && delta.to > self.seq && !self.resyncing;
            self.resyncing |= overlaps;
            return if missing || overlaps { Verdict::Gap } else { Verdict::Skipped };
        }
        self.seq = delta.to;
        self.rate.add(now_us, delta.to - delta.from);
        self.minutes.add(delta);
        self.tail_on(&delta.events);
        self.keep(delta.to, &delta.levels, &delta.publications, &delta.conflicts);
        self.channels_on(&delta.channels);
        Verdict::Applied
    }

    /// Takes a snapshot in: what is shown is now complete up to its `seq`.
    pub fn snapshot(&mut self, snapshot: &Snapshot) {
        if snapshot.seq != self.seq || self.resyncing {
            self.seq = snapshot.seq;
            self.resyncing = false;
            self.levels.restart(snapshot.seq);
            self.publications.restart(snapshot.seq);
            self.tail.clear();
        }
        if snapshot.topic == Topic::Conflicts && self.conflicts_complete != Some(snapshot.seq) {
            self.conflicts.restart(snapshot.seq);
            self.conflicts_complete = Some(snapshot.seq);
        }
        self.tail_on(&snapshot.events);
        self.keep(snapshot.seq, &[], &snapshot.publications, &snapshot.conflicts);
        self.channels_on(&snapshot.channels);
    }

    fn keep(
        &mut self,
        seq: u64,
        levels: &[LevelRow],
        publications: &[PublicationRow],
        conflicts: &[Conflict],
    ) {
        for row in levels {
            self.levels.put(seq, (row.sku.clone(), row.location.clone()), row.clone());
        }
        for row in publications {
            let key = (row.channel.clone(), row.listing.clone());
            self.publications.put(seq, key, row.clone());
        }
        for conflict in conflicts {
            self.conflicts.put(seq, conflict.id, conflict.clone());
        }
    }

    fn channels_on(&mut self, channels: &[ChannelStatus]) {
        for status in channels {
            self.channels.insert(status.channel.clone(), status.clone());
        }
    }

    fn tail_on(&mut self, events: &[EventRow]) {
        for event in events {
            if self.tail.back().is_none_or(|last| last.seq < event.seq) {
                self.tail.push_back(event.clone());
            }
        }
        let surplus = self.tail.len().saturating_sub(TAIL_ROWS);
        self.tail.drain(..surplus);
    }

    /// Whether a page that was read at `seq` can be brought up to date from here.
    pub const fn covers(&self, seq: u64) -> bool {
        self.levels.covers(seq) && self.publications.covers(seq) && self.conflicts.covers(seq)
    }

    /// The newer of a page's level and what came in since it was read.
    pub fn newest_level(&self, row: LevelRow) -> LevelRow {
        let live = self.levels.get(&(row.sku.clone(), row.location.clone()));
        live.filter(|live| live.version > row.version).cloned().unwrap_or(row)
    }

    /// The newer of a page's publication and what came in since it was read at `seq`.
    pub fn newest_publication(&self, row: PublicationRow, seq: u64) -> PublicationRow {
        let live = self.publications.get(&(row.channel.clone(), row.listing.clone()));
        live.filter(|_| self.seq > seq).cloned().unwrap_or(row)
    }

    /// A conflict as it came in live, if it did.
    pub fn conflict(&self, id: ConflictId) -> Option<&Conflict> {
        self.conflicts.get(&id)
    }

    /// The open conflicts: those of a page read at `seq`, with what came in since; most urgent
    /// first, then the oldest.
    pub fn open_conflicts(&self, page: &[Conflict], seq: u64) -> Vec<Conflict> {
        let complete = self.conflicts_complete.is_some_and(|complete| complete >= seq);
        let mut open: HashMap<ConflictId, &Conflict> = HashMap::new();
        if !complete {
            open.extend(page.iter().map(|conflict| (conflict.id, conflict)));
        }
        for live in self.conflicts.values() {
            let own = open.entry(live.id).or_insert(live);
            if live.version >= own.version {
                *own = live;
            }
        }
        let open = open.into_values().filter(|conflict| conflict.status == ConflictStatus::Open);
        sorted(open, |conflict| (conflict.kind.severity() as i64, conflict.id.number()))
            .into_iter()
            .cloned()
            .collect()
    }

    /// A channel as it came in live, or as the page has it.
    pub fn channel(&self, page: &ChannelStatus) -> ChannelStatus {
        self.channels.get(&page.channel).unwrap_or(page).clone()
    }

    /// Rows of the journal after `seq`, newest first.
    pub fn tail_after(&self, seq: u64) -> Vec<EventRow> {
        self.tail.iter().rev().take_while(|event| event.seq > seq).cloned().collect()
    }

    /// Tenths of events per second just now.
    pub fn rate_tenths(&mut self, now_us: i64) -> u64 {
        self.rate.tenths(now_us)
    }

    /// A page's minutes with everything that came since it was read at `seq`.
    pub fn minutes(&self, page: &[IntakeMinute], seq: u64) -> Vec<IntakeMinute> {
        self.minutes.on_top_of(page, seq)
    }
}

#[cfg(test)]
pub(crate) mod tests;
