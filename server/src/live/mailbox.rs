//! What one connection is told next. The changes themselves are shared; a mailbox is a place among
//! them and the rule by which those that wait become one frame: the newest row of each level,
//! conflict, publication and channel wins. So a reader who is slow costs no memory, sees fewer
//! frames, and never a gap.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::ws::Utf8Bytes;
use onhand::wire::live::Topic;

use super::change::Change;
use super::frame::{self, Rows};
use super::ring::Place;
use super::subscription::Subscription;

/// Changes that are merged into one frame at most.
pub const MERGED_CHANGES_MAX: usize = 256;

/// A merged frame takes in no further change once its rows have this many bytes, so that a slow
/// reader keeps at most about this much in flight.
pub const MERGED_BYTES_MAX: usize = 128 * 1_024;

/// Where a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mailbox {
    /// The number of the change that comes next.
    next: u64,
    /// The journal's last place that the connection contains.
    seen: u64,
    /// The `to` of the last frame; behind `seen` while nothing concerned the connection.
    told: u64,
}

/// What is to be sent, and how many changes it is made of.
#[derive(Debug, Default)]
pub struct Taken {
    /// The frames; none if nothing of the changes concerns the connection.
    pub frames: Arc<[Utf8Bytes]>,
    /// The changes taken.
    pub changes: usize,
}

impl Mailbox {
    /// A mailbox for somebody who has been told everything up to this place.
    pub const fn new(place: Place) -> Self {
        Self { next: place.next, seen: place.seq, told: place.seq }
    }

    /// The number of the change that comes next.
    pub const fn next(&self) -> u64 {
        self.next
    }

    /// The `to` of the last frame.
    pub const fn told(&self) -> u64 {
        self.told
    }

    /// Whether changes have passed of which the connection was not told, since they do not concern
    /// it.
    pub const fn is_quiet(&self) -> bool {
        self.told < self.seen
    }

    /// Takes the next changes, in order. They begin with [`Mailbox::next`].
    pub fn take(&mut self, changes: &[Arc<Change>], subscription: &Subscription) -> Taken {
        if let [change] = changes
            && subscription.skus.is_none()
            && change.from == self.told
            && self.told == self.seen
        {
            let frames = Arc::clone(change.frames(subscription.topics));
            self.pass(change);
            if !frames.is_empty() {
                self.told = self.seen;
            }
            return Taken { frames, changes: 1 };
        }
        let mut merged = Merged::default();
        let mut count = 0;
        for change in changes.iter().take(MERGED_CHANGES_MAX) {
            if count > 0 && merged.bytes >= MERGED_BYTES_MAX {
                break;
            }
            merged.add(change, self.seen, subscription);
            self.pass(change);
            count += 1;
        }
        let rows = merged.rows();
        if rows.is_empty() {
            return Taken { frames: Arc::default(), changes: count };
        }
        let frames = frame::update(self.told, self.seen, rows).into();
        self.told = self.seen;
        Taken { frames, changes: count }
    }

    /// An empty delta up to what has passed, so that the connection can resume from there.
    pub fn catch_up(&mut self) -> Arc<[Utf8Bytes]> {
        let from = std::mem::replace(&mut self.told, self.seen);
        frame::update(from, self.seen, Rows::default()).into()
    }

    fn pass(&mut self, change: &Change) {
        self.next += 1;
        self.seen = self.seen.max(change.to);
    }
}

/// Several changes as one.
#[derive(Default)]
struct Merged<'a> {
    levels: BTreeMap<(&'a str, &'a str), &'a str>,
    events: Vec<&'a str>,
    conflicts: BTreeMap<u64, &'a str>,
    publications: BTreeMap<(&'a str, &'a str), &'a str>,
    channels: BTreeMap<&'a str, &'a str>,
    bytes: usize,
}

impl<'a> Merged<'a> {
    /// Adds what of a change concerns a connection that contains the journal up to `seen`.
    fn add(&mut self, change: &'a Change, seen: u64, subscription: &Subscription) {
        let topics = subscription.topics;
        // A snapshot or a page may be ahead of the hub: then these rows are already shown.
        let news = change.to > seen;
        if news && topics.has(Topic::Stock) {
            for level in change.levels_of(subscription.skus.as_ref()) {
                let key = (level.key.0.as_str(), level.key.1.as_str());
                let old = self.levels.insert(key, level.row.as_str());
                self.grow(old, level.row.as_str());
            }
        }
        if news && topics.has(Topic::Events) {
            for event in &change.events {
                if event.seq > seen && subscription.wants_any(&event.skus) {
                    self.events.push(event.row.as_str());
                    self.grow(None, event.row.as_str());
                }
            }
        }
        if news && topics.has(Topic::Conflicts) {
            for conflict in &change.conflicts {
                if subscription.wants(conflict.sku.as_ref()) {
                    let old = self.conflicts.insert(conflict.id.number(), conflict.row.as_str());
                    self.grow(old, conflict.row.as_str());
                }
            }
        }
        if topics.has(Topic::Channels) {
            for one in &change.publications {
                if subscription.wants(Some(&one.sku)) {
                    let key = (one.key.0.as_str(), one.key.1.as_str());
                    let old = self.publications.insert(key, one.row.as_str());
                    self.grow(old, one.row.as_str());
                }
            }
            for one in &change.channels {
                let old = self.channels.insert(one.channel.as_str(), one.row.as_str());
                self.grow(old, one.row.as_str());
            }
        }
    }

    fn grow(&mut self, old: Option<&str>, new: &str) {
        self.bytes += new.len();
        self.bytes -= old.map_or(0, str::len);
    }

    fn rows(self) -> Rows<'a> {
        Rows {
            levels: self.levels.into_values().collect(),
            events: self.events,
            conflicts: self.conflicts.into_values().collect(),
            publications: self.publications.into_values().collect(),
            channels: self.channels.into_values().collect(),
        }
    }
}
