//! `onhand verify`: the journal, replayed from its first record, must lead to exactly the state
//! that the tables hold.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use onhand::digest::{Digest, of_state};
use onhand::id::{OrderId, ReservationId, TransferId};
use onhand::journal;
use onhand::ledger::Ledger;
use onhand::order::Order;
use onhand::reservation::Reservation;
use onhand::state::{Settings, State, Wants};
use onhand::transfer::Transfer;

use crate::store::{JournalQuery, JournalRow, Store, StoreError, Totals};

/// Records read at a time.
const PAGE_RECORDS: u32 = 10_000;

/// What is wrong with a ledger, and where.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A record is not the one that belongs in its place.
    #[error("record #{seq}: {why}")]
    Broken {
        /// The record.
        seq: u64,
        /// What is wrong with it.
        why: journal::Broken,
    },
    /// A record does not follow from those before it.
    #[error("record #{0} does not follow from those before it")]
    Unsound(u64),
    /// The tables hold another state.
    #[error(
        "the tables hold another state than the journal leads to: {replayed} replayed, {stored} stored"
    )]
    State {
        /// The digest of the replay.
        replayed: Digest,
        /// The digest of the tables.
        stored: Digest,
    },
    /// An order's document is not what the journal leads to.
    #[error("order {0} is stored otherwise than the journal leads to")]
    Order(OrderId),
    /// A transfer's document is not what the journal leads to.
    #[error("transfer {0} is stored otherwise than the journal leads to")]
    Transfer(TransferId),
    /// A reservation's document is not what the journal leads to.
    #[error("reservation {0} is stored otherwise than the journal leads to")]
    Reservation(ReservationId),
    /// The sums that are kept are not those over the levels.
    #[error("{levels} levels with {units} units available are stored, {found} and {sum} are there")]
    Sums {
        /// Levels, as stored.
        levels: u64,
        /// Units that can be sold, as stored.
        units: i64,
        /// Levels that are there.
        found: u64,
        /// Units that can be sold, of these.
        sum: i64,
    },
    /// The journal ends elsewhere than the tables say.
    #[error("the journal ends at #{journal}, the tables say #{tables}")]
    Head {
        /// The last record.
        journal: u64,
        /// What the tables say.
        tables: u64,
    },
}

/// A ledger that is as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// The last record.
    pub seq: u64,
    /// The digest of the state.
    pub digest: Digest,
}

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Records are replayed.
    Replaying,
    /// Orders, transfers and reservations are compared with those that are stored.
    Comparing,
}

/// Replays the journal and compares. `progress` is told what is being done, how far that has come,
/// and of how much.
///
/// # Errors
/// The first thing that is wrong.
pub async fn verify(
    store: &dyn Store,
    settings: Settings,
    mut progress: impl FnMut(Stage, u64, u64),
) -> Result<Verified, Fault> {
    let stored = store.load(settings).await?;
    let mut ledger = Ledger::new(State::new(settings));
    let mut rows = store.journal(&page(0)).await?;
    while let Some(last) = rows.last().map(|row| row.seq) {
        // While one page is replayed, the next is read.
        let replaying = thread::spawn(move || replay(ledger, &rows));
        let read = store.journal(&page(last)).await;
        ledger = replaying.join().map_err(|_| Fault::Unsound(last))??;
        rows = read?;
        progress(Stage::Replaying, ledger.state().head().seq, stored.head().seq);
    }
    let seq = ledger.state().head().seq;
    if seq != stored.head().seq {
        return Err(Fault::Head { journal: seq, tables: stored.head().seq });
    }
    let documents = documents(&ledger);
    let mut compared = 0;
    let mut tell = |more: usize| {
        compared += more as u64;
        progress(Stage::Comparing, compared, documents);
    };
    compare_orders(store, &ledger, &mut tell).await?;
    compare_transfers(store, &ledger, &mut tell).await?;
    compare_reservations(store, &ledger, &mut tell).await?;
    compare_sums(store, &stored).await?;
    let (replayed, stored) = (of_state(ledger.state()), of_state(&stored));
    if replayed != stored {
        return Err(Fault::State { replayed, stored });
    }
    Ok(Verified { seq, digest: stored })
}

/// The page of the journal after a record.
fn page(after: u64) -> JournalQuery {
    JournalQuery { after: Some(after), limit: PAGE_RECORDS, ..JournalQuery::default() }
}

/// Replays rows of the journal.
fn replay(mut ledger: Ledger, rows: &[JournalRow]) -> Result<Ledger, Fault> {
    for row in rows {
        let last = *ledger.state().head();
        let seq = last.seq + 1;
        let record = journal::follow(&last, row.seq, &row.bytes, journal::Chain(row.chain))
            .map_err(|why| Fault::Broken { seq, why })?;
        // The core asserts what a record may do; a record that breaks it is what is looked for.
        let replay = AssertUnwindSafe(|| ledger.replay(&record, &row.bytes));
        catch_unwind(replay).map_err(|_| Fault::Unsound(seq))?;
    }
    Ok(ledger)
}

async fn compare_sums(store: &dyn Store, stored: &State) -> Result<(), Fault> {
    let Totals { levels, units_available: units, .. } = store.totals().await?;
    let found = stored.levels().count() as u64;
    let sum = stored.levels().map(|(_, _, level)| level.available().max(0)).sum();
    let same = (levels, units) == (found, sum);
    if same { Ok(()) } else { Err(Fault::Sums { levels, units, found, sum }) }
}

/// How many orders, transfers and reservations there are.
fn documents(ledger: &Ledger) -> u64 {
    let all = ledger.orders().count() + ledger.transfers().count() + ledger.reservations().count();
    all as u64
}

async fn compare_orders(
    store: &dyn Store,
    ledger: &Ledger,
    tell: &mut impl FnMut(usize),
) -> Result<(), Fault> {
    let replayed: Vec<&Order> = ledger.orders().collect();
    for page in replayed.chunks(PAGE_RECORDS as usize) {
        let orders = page.iter().map(|order| order.order.clone()).collect();
        let stored = store.fetch(&Wants { orders, ..Wants::default() }).await?.orders;
        let stored: BTreeMap<&OrderId, &Order> =
            stored.iter().map(|order| (&order.order, order)).collect();
        if let Some(other) = page.iter().find(|it| stored.get(&it.order) != Some(it)) {
            return Err(Fault::Order(other.order.clone()));
        }
        tell(page.len());
    }
    Ok(())
}

async fn compare_transfers(
    store: &dyn Store,
    ledger: &Ledger,
    tell: &mut impl FnMut(usize),
) -> Result<(), Fault> {
    let replayed: Vec<&Transfer> = ledger.transfers().collect();
    for page in replayed.chunks(PAGE_RECORDS as usize) {
        let transfers = page.iter().map(|known| known.transfer.clone()).collect();
        let stored = store.fetch(&Wants { transfers, ..Wants::default() }).await?.transfers;
        let stored: BTreeMap<&TransferId, &Transfer> =
            stored.iter().map(|known| (&known.transfer, known)).collect();
        if let Some(other) = page.iter().find(|it| stored.get(&it.transfer) != Some(it)) {
            return Err(Fault::Transfer(other.transfer.clone()));
        }
        tell(page.len());
    }
    Ok(())
}

async fn compare_reservations(
    store: &dyn Store,
    ledger: &Ledger,
    tell: &mut impl FnMut(usize),
) -> Result<(), Fault> {
    let replayed: Vec<&Reservation> = ledger.reservations().collect();
    for page in replayed.chunks(PAGE_RECORDS as usize) {
        let reservations = page.iter().map(|known| known.reservation.clone()).collect();
        let wants = Wants { reservations, ..Wants::default() };
        let stored = store.fetch(&wants).await?.reservations;
        let stored: BTreeMap<&ReservationId, &Reservation> =
            stored.iter().map(|known| (&known.reservation, known)).collect();
        if let Some(other) = page.iter().find(|it| stored.get(&it.reservation) != Some(it)) {
            return Err(Fault::Reservation(other.reservation.clone()));
        }
        tell(page.len());
    }
    Ok(())
}
