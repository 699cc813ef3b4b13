//! A ledger in memory, for tests of the ways in: the real rules over one endless batch, so that
//! nothing ever has to be loaded.

use onhand::event::{Event, EventData, ItemUpserted, LocationUpserted};
use onhand::id::{EventId, LocationId, Sku, Source};
use onhand::ledger::{Input, Ledger, Processed, Step};
use onhand::record::{Bucket, Outcome};
use onhand::state::{Loaded, Settings, State};
use onhand::time::{Now, Timestamp, Uptime};

/// A ledger with one endless batch.
pub(crate) struct TestLedger {
    ledger: Ledger,
}

impl TestLedger {
    /// An empty ledger.
    pub(crate) fn new() -> Self {
        let ledger = Ledger::new(State::new(Settings::default()));
        Self { ledger }
    }

    /// A ledger that knows this item and this location.
    pub(crate) fn with(sku: &str, location: &str) -> Self {
        let mut ledger = Self::new();
        let item = ItemUpserted {
            sku: Sku::new(sku).unwrap(),
            name: None,
            barcode: None,
            low_stock: None,
            kit: None,
        };
        let place = LocationUpserted {
            location: LocationId::new(location).unwrap(),
            name: None,
            rank: Some(1),
        };
        let facts = [
            ("item", EventData::ItemUpserted(item)),
            ("location", EventData::LocationUpserted(place)),
        ];
        for (id, data) in facts {
            ledger.take(&Event {
                source: Source::new("test").unwrap(),
                id: EventId::new(id).unwrap(),
                time: Timestamp::from_micros(0),
                expected_version: None,
                extensions: std::collections::BTreeMap::new(),
                data,
            });
        }
        ledger
    }

    /// Takes an event and everything that it releases; gives its own first outcome, `None` for an
    /// invalid one.
    pub(crate) fn take(&mut self, event: &Event) -> Option<Outcome> {
        let input = Input::Event(event.clone());
        let mut processed = Vec::new();
        loop {
            match self.ledger.advance(&[(&input, "test")], &mut processed, now()) {
                // All that ever happened is in the batch.
                Step::Load(wants) => self.ledger.load(&wants, Loaded::default()),
                Step::Full => panic!("these tests do not release so many"),
                Step::Done => break,
            }
        }
        match processed.remove(0) {
            Processed::Recorded(index) => Some(self.ledger.records()[index].outcome),
            Processed::Duplicate(_) => Some(Outcome::Duplicate),
            Processed::Invalid(_)
            | Processed::Refused(_)
            | Processed::NotDue
            | Processed::Group(_) => None,
        }
    }

    /// A number of an item, summed over locations.
    pub(crate) fn sum(&self, sku: &str, bucket: Bucket) -> i64 {
        let state = self.ledger.state();
        let sku = state.catalogue().sku(&Sku::new(sku).unwrap());
        let levels = sku.map(|sku| state.levels_of(sku).map(|(_, level)| level.get(bucket)).sum());
        levels.unwrap_or_default()
    }

    /// The kinds of the open conflicts except `oversold`, which says nothing against the events.
    pub(crate) fn conflicts(&self) -> Vec<String> {
        let open = self.ledger.state().open_conflicts();
        let kinds = open.map(|conflict| format!("{:?} {:?}", conflict.kind, conflict.evidence));
        kinds.filter(|kind| !kind.starts_with("Oversold")).collect()
    }

    /// Events that still wait for something.
    pub(crate) fn waiting(&self) -> usize {
        self.ledger.state().waiting().all().count()
    }
}

/// The server's clock in these tests: later than any event of theirs.
fn now() -> Now {
    let wall = Timestamp::parse("2026-11-24T00:00:00Z").unwrap();
    Now { wall, uptime: Uptime::default() }
}
