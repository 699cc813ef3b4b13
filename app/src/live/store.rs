//! The signals behind every live number. Rows hold their own signal, so a change touches one row;
//! lists are read from the book again after each batch of frames.

use std::collections::HashMap;
use std::hash::Hash;

use leptos::prelude::*;
use onhand::conflict::{Conflict, ConflictStatus, Severity};
use onhand::wire::channel::PublicationRow;
use onhand::wire::live::{Delta, ServerFrame, Snapshot, Topic};
use onhand::wire::stock::LevelRow;

use super::book::{Book, LevelKey, PublicationKey, Verdict};
use super::machine::{Input, Status};
use super::socket;
use crate::format::title;

/// A row that is on the screen, and how many places show it.
struct Watched<T: 'static> {
    row: ArcRwSignal<T>,
    places: u32,
}

type Rows<K, T> = HashMap<K, Watched<T>>;

#[derive(Default)]
struct Inner {
    book: Option<Book>,
    levels: Rows<LevelKey, LevelRow>,
    publications: Rows<PublicationKey, PublicationRow>,
}

/// The live store, in the context of every page. On the server it stays empty.
#[derive(Clone, Copy)]
pub struct Live {
    inner: StoredValue<Inner>,
    /// The state of the connection.
    pub status: RwSignal<Status>,
    /// The server is of another build than this page.
    pub outdated: RwSignal<bool>,
    /// Grows with each batch of frames that was taken in.
    pub changed: RwSignal<u64>,
    /// Grows when everything was sent anew: what is not in the frames has to be fetched again.
    pub resyncs: RwSignal<u32>,
    /// Levels that came into being since the page was loaded.
    pub new_levels: RwSignal<u32>,
    /// What screen readers are told politely.
    pub announcement: RwSignal<String>,
}

/// Puts an empty store into the context.
pub fn provide_live() -> Live {
    let live = Live {
        inner: StoredValue::new(Inner::default()),
        status: RwSignal::new(Status::Connecting),
        outdated: RwSignal::new(false),
        changed: RwSignal::new(0),
        resyncs: RwSignal::new(0),
        new_levels: RwSignal::new(0),
        announcement: RwSignal::new(String::new()),
    };
    provide_context(live);
    live
}

/// The store of this page.
pub fn use_live() -> Live {
    expect_context()
}

impl Live {
    /// Connects, in the browser, going on from what the page of this build shows.
    pub fn start(self, seq: u64, build: String) {
        self.inner.update_value(|inner| {
            inner.book.get_or_insert_with(|| Book::new(seq));
        });
        socket::start(self, build);
    }

    /// Reads the book, and again after each batch of frames; `None` before the connection.
    pub fn read<T>(self, read: impl FnOnce(&mut Book) -> T) -> Option<T> {
        self.changed.track();
        self.inner.try_update_value(|inner| inner.book.as_mut().map(read)).flatten()
    }

    /// The last `seq` that is contained.
    pub fn seq(self) -> u64 {
        self.inner.with_value(|inner| inner.book.as_ref().map_or(0, Book::seq))
    }

    /// Makes sure that a page read at `seq` misses nothing; asks for everything anew if it would.
    pub fn join(self, seq: u64) {
        let covered =
            self.inner.with_value(|inner| inner.book.as_ref().is_none_or(|book| book.covers(seq)));
        if !covered {
            socket::input(Input::Gap);
        }
    }

    /// A level's row that changes live for as long as the present view exists.
    pub fn level(self, row: LevelRow) -> ArcRwSignal<LevelRow> {
        let key = (row.sku.clone(), row.location.clone());
        self.watch(row, key, |inner| &mut inner.levels, Book::newest_level)
    }

    /// A publication's row, read at `seq`, that changes live for as long as the view exists.
    pub fn publication(self, row: PublicationRow, seq: u64) -> ArcRwSignal<PublicationRow> {
        let key = (row.channel.clone(), row.listing.clone());
        self.watch(
            row,
            key,
            |inner| &mut inner.publications,
            move |book, row| book.newest_publication(row, seq),
        )
    }

    fn watch<K: Eq + Hash + Clone + Send + Sync + 'static, T: Clone + PartialEq + Send + Sync>(
        self,
        row: T,
        key: K,
        rows: fn(&mut Inner) -> &mut Rows<K, T>,
        newest: impl FnOnce(&Book, T) -> T,
    ) -> ArcRwSignal<T> {
        let watched = self.inner.try_update_value(|inner| {
            // Without a book (on the server, and while hydrating) there is nothing newer.
            let row = match &inner.book {
                Some(book) => newest(book, row.clone()),
                None => row.clone(),
            };
            let watched = rows(inner)
                .entry(key.clone())
                .or_insert_with(|| Watched { row: ArcRwSignal::new(row.clone()), places: 0 });
            watched.places += 1;
            (watched.row.clone(), row)
        });
        let Some((signal, newest)) = watched else { return ArcRwSignal::new(row) };
        if *signal.read_untracked() != newest {
            signal.set(newest);
        }
        on_cleanup(move || {
            self.inner.try_update_value(|inner| {
                let rows = rows(inner);
                if let Some(watched) = rows.get_mut(&key) {
                    watched.places -= 1;
                    if watched.places == 0 {
                        rows.remove(&key);
                    }
                }
            });
        });
        signal
    }

    /// Shows the state of the connection, and tells when it is back after it was lost.
    pub(super) fn show(self, status: Status) {
        let lost = matches!(self.status.get_untracked(), Status::Lost { .. });
        if lost && status == Status::Live {
            self.announcement.set("The connection is back.".to_owned());
        }
        self.status.set(status);
    }

    /// Takes a batch of frames in; whether one is missing.
    pub(super) fn take(self, frames: Vec<ServerFrame>, now_us: i64) -> bool {
        let mut gap = false;
        let mut resynced = false;
        for frame in frames {
            match frame {
                ServerFrame::Delta(delta) => gap |= self.delta(&delta, now_us),
                ServerFrame::Snapshot(snapshot) => {
                    self.snapshot(&snapshot);
                    resynced |= snapshot.topic == Topic::Events;
                }
                ServerFrame::Welcome { .. } | ServerFrame::Bye { .. } => {}
            }
        }
        self.changed.update(|count| *count += 1);
        if resynced {
            self.resyncs.update(|count| *count += 1);
        }
        gap
    }

    fn delta(self, delta: &Delta, now_us: i64) -> bool {
        let verdict = self.inner.try_update_value(|inner| {
            let book = inner.book.as_mut()?;
            Some(book.delta(delta, now_us))
        });
        match verdict.flatten() {
            Some(Verdict::Applied) => {
                self.levels_on(&delta.levels);
                self.publications_on(&delta.publications);
                self.announce(&delta.conflicts);
                false
            }
            Some(Verdict::Gap) => true,
            Some(Verdict::Skipped) | None => false,
        }
    }

    fn snapshot(self, snapshot: &Snapshot) {
        self.inner.update_value(|inner| {
            if let Some(book) = inner.book.as_mut() {
                book.snapshot(snapshot);
            }
        });
        self.levels_on(&snapshot.levels);
        self.publications_on(&snapshot.publications);
    }

    fn levels_on(self, rows: &[LevelRow]) {
        let mut new = 0;
        for row in rows {
            let key = (row.sku.clone(), row.location.clone());
            let watched = self
                .inner
                .with_value(|inner| inner.levels.get(&key).map(|watched| watched.row.clone()));
            match watched {
                Some(signal) if signal.read_untracked().version < row.version => {
                    signal.set(row.clone());
                }
                None if row.version == 1 => new += 1,
                Some(_) | None => {}
            }
        }
        if new > 0 {
            self.new_levels.update(|count| *count += new);
        }
    }

    fn publications_on(self, rows: &[PublicationRow]) {
        for row in rows {
            let key = (row.channel.clone(), row.listing.clone());
            let watched =
                self.inner.with_value(|inner| inner.publications.get(&key).map(|w| w.row.clone()));
            if let Some(signal) = watched
                && *signal.read_untracked() != *row
            {
                signal.set(row.clone());
            }
        }
    }

    /// Tells of the most urgent conflict that has just opened.
    fn announce(self, conflicts: &[Conflict]) {
        let urgent = conflicts
            .iter()
            .filter(|conflict| conflict.status == ConflictStatus::Open)
            .filter(|conflict| conflict.kind.severity() < Severity::Medium)
            .min_by_key(|conflict| conflict.kind.severity());
        if let Some(conflict) = urgent {
            let about = conflict.sku.as_ref().map_or_else(String::new, |sku| format!(", {sku}"));
            let kind = title(conflict.kind.as_str());
            self.announcement.set(format!("Conflict {}: {kind}{about}", conflict.id));
        }
    }
}
