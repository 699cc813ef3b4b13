//! The ledger in SQLite after a power cut at any sync point, from a seed: what was not synced is
//! lost, cut anywhere or torn into sectors, and what was answered is still there, batch by batch.
//!
//! No faulty file system is needed for it. The ledger's log takes every commit and is synced once
//! for each, and the file changes only when the log is brought in; so all that can be unsynced at
//! any moment is the log's last commit, or the pages of one checkpoint. Both are copied as SQLite
//! wrote them, and every image that a power cut could leave is made from the copies. That SQLite
//! does sync, stops on a sync that fails and goes on after a full disk is seen on the real program
//! (`faults`).
//!
//! ```sh
//! ONHAND_SIM_SEED=7 cargo test -p onhand-server --test it disk::   # one seed again
//! ```

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use onhand::digest::{Digest, of_state};
use onhand::ledger::Input;
use onhand::sim::generate;
use onhand::sim::history::{Act, History};
use onhand::sim::rng::Rng;
use onhand::state::Settings;
use onhand_server::store::Store;
use onhand_server::store::sqlite::SqliteStore;
use onhand_server::verify::verify;

use crate::store::{Book, Place};

/// How long seeds are tried unless `ONHAND_SIM_SECONDS` says otherwise.
const SECONDS: u64 = 10;

/// What a disk writes as a whole, in bytes.
const SECTOR_BYTES: usize = 512;
/// The head of the log, and of each of its frames with its page, in bytes.
const LOG_HEAD_BYTES: usize = 32;
const FRAME_BYTES: usize = 24 + 4_096;
/// Torn images of each commit and each checkpoint.
const TORN: usize = 4;
/// Batches between two checkpoints.
const CHECKPOINT_EVERY: usize = 8;

/// A folder with a ledger.
struct Disk<'a>(&'a Path);

#[async_trait(?Send)]
impl Place for Disk<'_> {
    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(SqliteStore::open(&self.0.join("ledger.db")).await.unwrap())
    }
}

/// The bytes of a ledger's files.
#[derive(Clone)]
struct Image {
    file: Vec<u8>,
    log: Vec<u8>,
}

impl Image {
    fn of(folder: &Path) -> Self {
        let read = |name| std::fs::read(folder.join(name)).unwrap_or_default();
        Self { file: read("ledger.db"), log: read("ledger.db-wal") }
    }

    fn write(&self, folder: &Path) {
        std::fs::write(folder.join("ledger.db"), &self.file).unwrap();
        std::fs::write(folder.join("ledger.db-wal"), &self.log).unwrap();
    }
}

/// Where a ledger stands after a batch.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Mark {
    seq: u64,
    digest: Digest,
}

impl Mark {
    fn of(book: &Book) -> Self {
        let state = book.ledger.state();
        Self { seq: state.head().seq, digest: of_state(state) }
    }
}

/// One batch on its way to the disk.
struct Commit {
    inputs: Vec<Input>,
    wall: onhand::time::Timestamp,
    before: Mark,
    after: Mark,
    synced: usize,
    written: Image,
}

#[tokio::test]
async fn a_power_cut_leaves_whole_batches_and_all_that_were_answered() {
    let variable = |name| std::env::var(name).ok().map(|it: String| it.parse::<u64>().unwrap());
    if let Some(seed) = variable("ONHAND_SIM_SEED") {
        play(seed, &mut |_| true).await;
        return;
    }
    let time = Duration::from_secs(variable("ONHAND_SIM_SECONDS").unwrap_or(SECONDS));
    let first = variable("ONHAND_SIM_FROM").unwrap_or(1);
    let begun = Instant::now();
    let (mut images, mut next) = (0, first);
    while begun.elapsed() < time {
        play(next, &mut |made| {
            images += made;
            begun.elapsed() < time
        })
        .await;
        next += 1;
    }
    eprintln!("{} seeds from {first}, {images} power cuts in {:?}", next - first, begun.elapsed());
}

/// Plays a seed and cuts the power at every sync point, as long as `goes_on`.
async fn play(seed: u64, goes_on: &mut dyn FnMut(usize) -> bool) {
    let mut rng = Rng::new(seed);
    let folder = tempfile::tempdir().unwrap();
    let place = Disk(folder.path());
    let mut book = Book::open(&place).await;
    for (number, (inputs, wall)) in batches(&generate::history(seed)).into_iter().enumerate() {
        let synced = Image::of(folder.path());
        let before = Mark::of(&book);
        book.wall = wall;
        book.commit(&inputs).await;
        let (after, written) = (Mark::of(&book), Image::of(folder.path()));
        if after == before {
            continue;
        }
        assert_eq!(written.file, synced.file, "a commit goes into the log alone");
        let begins = synced.log.len();
        let commit = Commit { inputs, wall, before, after, synced: begins, written };
        let made = commit.cut(seed, &mut rng).await;
        let mut on = goes_on(made);
        if on && number % CHECKPOINT_EVERY == 0 {
            let synced = Image::of(folder.path());
            drop(book);
            // Opening brings the log in.
            book = Book::open(&place).await;
            let made = checkpoint(seed, &synced, &Image::of(folder.path()), after, &mut rng).await;
            on = goes_on(made);
        }
        if !on {
            return;
        }
    }
}

/// What a history says, batch by batch, with the server's clock. People's decisions are left out:
/// they depend on what is open.
pub fn batches(history: &History) -> Vec<(Vec<Input>, onhand::time::Timestamp)> {
    let mut batches: Vec<(Vec<Input>, onhand::time::Timestamp)> = Vec::new();
    for step in &history.steps {
        let Act::Tell { event, seen } = &step.act else { continue };
        let mut event = event.clone();
        event.expected_version = seen.map(|_| 1);
        match batches.last_mut() {
            Some((inputs, _)) if step.joins => inputs.push(Input::Event(event)),
            _ => batches.push((vec![Input::Event(event)], step.wall)),
        }
    }
    batches
}

impl Commit {
    /// Every image that a power cut during this commit can leave; gives their number.
    async fn cut(&self, seed: u64, rng: &mut Rng) -> usize {
        let tail = self.synced..self.written.log.len();
        let mut images = Vec::new();
        for end in cuts(&tail) {
            let log = self.written.log[..end].to_vec();
            images.push((format!("cut at {end} of {tail:?}"), log, end == tail.end));
        }
        for _ in 0..TORN {
            let mut log = self.written.log.clone();
            let lost = tear(&mut log, &tail, rng);
            images.push((format!("without the sectors {lost:?}"), log, lost.is_empty()));
        }
        for (how, log, whole) in &images {
            let image = Image { file: self.written.file.clone(), log: log.clone() };
            let what = format!("seed {seed}, #{} {how}", self.after.seq);
            let expected = if *whole { self.after } else { self.before };
            let folder = tempfile::tempdir().unwrap();
            image.write(folder.path());
            let mut book = sound(folder.path(), expected, &what).await;
            // Whoever was not answered sends it again.
            book.wall = self.wall;
            book.commit(&self.inputs).await;
            assert_eq!(Mark::of(&book), self.after, "{what}: told again");
        }
        images.len()
    }
}

/// Every image that a power cut while the log is brought in can leave; gives their number.
async fn checkpoint(seed: u64, synced: &Image, done: &Image, at: Mark, rng: &mut Rng) -> usize {
    assert!(done.log.is_empty(), "all of the log was brought in");
    let mut images = vec![
        ("before".to_owned(), synced.clone()),
        ("before the log is cut".to_owned(), Image { log: synced.log.clone(), ..done.clone() }),
        ("after".to_owned(), done.clone()),
    ];
    for _ in 0..TORN {
        let mut file = done.file.clone();
        let old = &synced.file;
        for start in (0..file.len()).step_by(SECTOR_BYTES) {
            let end = (start + SECTOR_BYTES).min(file.len());
            if rng.percent(50) {
                let sector = old.get(start..end).map_or(vec![0; end - start], <[u8]>::to_vec);
                file[start..end].copy_from_slice(&sector);
            }
        }
        images.push(("torn".to_owned(), Image { file, log: synced.log.clone() }));
    }
    for (how, image) in &images {
        let folder = tempfile::tempdir().unwrap();
        image.write(folder.path());
        sound(folder.path(), at, &format!("seed {seed}, checkpoint at #{} {how}", at.seq)).await;
    }
    images.len()
}

/// Opens an image: it needs no repair, stands where it should, and its journal leads there.
async fn sound(folder: &Path, expected: Mark, what: &str) -> Book {
    let book = Book::open(&Disk(folder)).await;
    assert_eq!(Mark::of(&book), expected, "{what}");
    let verified = verify(&*book.store, Settings::default(), |_, _, _| {}).await;
    assert_eq!(
        verified.map(|it| it.digest).map_err(|it| it.to_string()),
        Ok(expected.digest),
        "{what}"
    );
    book
}

/// Where the log's tail is cut: nothing of it, all of it, and at each frame and one byte off.
fn cuts(tail: &Range<usize>) -> Vec<usize> {
    let frames = (LOG_HEAD_BYTES..).step_by(FRAME_BYTES).take_while(|edge| *edge <= tail.end);
    let edges =
        frames.chain([tail.start, tail.end]).flat_map(|edge| [edge - edge.min(1), edge, edge + 1]);
    let mut cuts: Vec<usize> = edges.filter(|end| (tail.start..=tail.end).contains(end)).collect();
    cuts.sort_unstable();
    cuts.dedup();
    cuts
}

/// Loses some sectors of the tail; says which.
fn tear(log: &mut [u8], tail: &Range<usize>, rng: &mut Rng) -> Vec<usize> {
    let mut lost = Vec::new();
    for sector in tail.start / SECTOR_BYTES..tail.end.div_ceil(SECTOR_BYTES) {
        if rng.percent(30) {
            let start = (sector * SECTOR_BYTES).max(tail.start);
            let end = ((sector + 1) * SECTOR_BYTES).min(tail.end);
            // A sector of zeros is the same with and without.
            if log[start..end].iter().any(|byte| *byte != 0) {
                log[start..end].fill(0);
                lost.push(sector);
            }
        }
    }
    lost
}
