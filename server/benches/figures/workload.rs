//! What is sent: adjustments of SKUs, few of which sell most (Zipf, s = 1.1), with ids that grow as
//! a warehouse system's do.

use std::collections::BTreeMap;
use std::time::Instant;

use chrono::{SecondsFormat, Utc};
use onhand::event::{
    Event, EventData, ItemUpserted, LocationUpserted, StockAdjusted, StockReceived, StockState,
};
use onhand::id::{EventId, LocationId, Sku, Source, Text};
use onhand::time::Timestamp;
use onhand_server::bench::Plan;
use onhand_server::bench::chance::{Random, Zipf};

/// Levels of the ledger that the load falls on.
pub const LEVELS: usize = 100_000;

/// Units of each SKU at the beginning: more than the load can sell.
pub const STOCK: i64 = 1_000_000_000;

/// The one location.
pub const LOCATION: &str = "berlin";

/// SKUs, of which few are named most of the time.
pub struct Skus {
    names: Vec<Sku>,
    popular: Zipf,
    location: &'static str,
}

impl Skus {
    /// This many SKUs.
    pub fn new(count: usize) -> anyhow::Result<Self> {
        let names = (0..count).map(|number| Sku::new(format!("SKU-{number:07}")));
        let (names, popular) = (names.collect::<Result<_, _>>()?, Zipf::new(count));
        Ok(Self { names, popular, location: LOCATION })
    }

    /// Those of a ledger that `onhand bench seed` has written, at its first location.
    pub fn seeded(plan: &Plan) -> Self {
        let names: Vec<Sku> = plan.skus().collect();
        let popular = Zipf::new(names.len());
        Self { names, popular, location: Plan::location() }
    }

    /// A SKU's number, the popular ones often.
    pub fn pick(&self, random: &mut Random) -> usize {
        self.popular.pick(random)
    }

    /// A SKU by its number.
    pub fn name(&self, number: usize) -> &Sku {
        &self.names[number]
    }

    /// How many there are.
    pub const fn count(&self) -> usize {
        self.names.len()
    }

    /// What makes the location and the SKUs known, and puts [`STOCK`] of each there.
    pub fn stock(&self) -> impl Iterator<Item = Event> + use<> {
        self.stocked(STOCK)
    }

    /// What makes the location and the SKUs known, and puts so many units of each there.
    pub fn stocked(&self, quantity: i64) -> impl Iterator<Item = Event> + use<> {
        let location = LocationId::new(LOCATION).ok();
        let source = Source::new("stocking").ok();
        let now = Timestamp::from_micros(Utc::now().timestamp_micros());
        let place = location.clone().map(|location| {
            EventData::LocationUpserted(LocationUpserted { location, name: None, rank: Some(1) })
        });
        let items = self.names.clone().into_iter().map(|sku| {
            let name = Text::new(format!("Article {sku}")).ok();
            let (barcode, low_stock, kit) = (None, None, None);
            let item = ItemUpserted { sku, name, barcode, low_stock, kit };
            Some(EventData::ItemUpserted(item))
        });
        let stock = self.names.clone().into_iter().map(move |sku| {
            let location = location.clone()?;
            let received = StockReceived { sku, location, quantity, reference: None };
            Some(EventData::StockReceived(received))
        });
        let all = std::iter::once(place).chain(items).chain(stock);
        all.flatten().enumerate().filter_map(move |(number, data)| {
            let (source, id) = (source.clone()?, EventId::new(format!("stock-{number:09}")).ok()?);
            let extensions = BTreeMap::new();
            Some(Event { source, id, time: now, expected_version: None, extensions, data })
        })
    }
}

/// An adjustment that is sent.
#[derive(Clone, Copy)]
pub struct Said {
    /// Its place in the source's own order: its id.
    pub number: u64,
    /// The SKU's number.
    pub sku: usize,
    /// By how many units.
    pub delta: i64,
}

/// A source of adjustments, and what they lead to.
pub struct Workload {
    /// What they are about.
    pub skus: Skus,
    random: Random,
    source: String,
    next: u64,
    /// Whether more is sold than comes back; else everything comes back.
    sells: bool,
    /// What each SKU's `on_hand` has to be by what was answered.
    on_hand: Vec<i64>,
    answered: u64,
    /// What was answered, if it is to be kept.
    log: Option<Vec<Applied>>,
}

/// An adjustment that was answered as applied.
#[derive(Clone, Copy)]
pub struct Applied {
    /// Its place in the journal.
    pub seq: u64,
    /// The SKU's number.
    pub sku: usize,
    /// When its request was sent.
    pub sent: Instant,
}

impl Workload {
    /// A source of this name, on SKUs stocked as by [`Skus::stock`].
    pub fn new(skus: Skus, source: impl Into<String>) -> Self {
        Self::on(skus, STOCK, source)
    }

    /// A source of this name, on SKUs of which so many units are there.
    pub fn on(skus: Skus, units: i64, source: impl Into<String>) -> Self {
        let (on_hand, source) = (vec![units; skus.count()], source.into());
        let random = Random::new(42);
        Self { skus, random, source, next: 0, sells: true, on_hand, answered: 0, log: None }
    }

    /// A source whose adjustments never take more than is there.
    pub fn that_restocks(skus: Skus, source: impl Into<String>) -> Self {
        Self { sells: false, ..Self::new(skus, source) }
    }

    /// The next adjustment.
    pub fn next(&mut self) -> Said {
        self.next += 1;
        let sku = self.skus.pick(&mut self.random);
        let size = 1 + (self.random.below(3)) as i64;
        let comes_back = self.random.below(4) == 0 || !self.sells;
        let delta = if comes_back { size } else { -size };
        Said { number: self.next, sku, delta }
    }

    /// The id of an adjustment at its source.
    pub fn id(said: &Said) -> String {
        format!("scan-{:012}", said.number)
    }

    /// Writes an adjustment as a `CloudEvent`.
    pub fn write(&self, said: &Said, time: &str, into: &mut Vec<u8>) {
        use std::io::Write as _;
        let (source, sku, location) = (&self.source, self.skus.name(said.sku), self.skus.location);
        // Writing into memory cannot fail.
        let _ = write!(
            into,
            r#"{{"specversion":"1.0","source":"{source}","id":"scan-{:012}","type":"stock.adjusted","time":"{time}","data":{{"sku":"{sku}","location":"{location}","delta":{},"reason":"sold"}}}}"#,
            said.number, said.delta
        );
    }

    /// The name of the source.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// An adjustment was answered as applied at this place of the journal.
    pub fn applied(&mut self, said: &Said, seq: u64, sent: Instant) {
        self.on_hand[said.sku] += said.delta;
        self.answered += 1;
        if let Some(log) = &mut self.log {
            log.push(Applied { seq, sku: said.sku, sent });
        }
    }

    /// Keeps what is answered from now on.
    pub fn keep_log(&mut self) {
        self.log = Some(Vec::new());
    }

    /// What was answered since [`Workload::keep_log`]; no more is kept.
    pub fn take_log(&mut self) -> Vec<Applied> {
        self.log.take().unwrap_or_default()
    }

    /// Events answered as applied.
    pub const fn answered(&self) -> u64 {
        self.answered
    }

    /// What each SKU's `on_hand` has to be.
    pub fn on_hand(&self) -> &[i64] {
        &self.on_hand
    }

    /// The next adjustments as events of the core.
    pub fn events(&mut self, count: usize) -> anyhow::Result<Vec<Event>> {
        let location = LocationId::new(LOCATION)?;
        let source = Source::new(self.source.as_str())?;
        let begin = Utc::now().timestamp_micros();
        (0..count)
            .map(|number| {
                let said = self.next();
                let data = EventData::StockAdjusted(StockAdjusted {
                    // Its own text, as every event that comes in has.
                    sku: Sku::new(self.skus.name(said.sku).as_str())?,
                    location: LocationId::new(location.as_str())?,
                    delta: said.delta,
                    reason: Text::new("sold")?,
                    state: StockState::Available,
                    reference: None,
                    note: None,
                });
                Ok(Event {
                    source: Source::new(source.as_str())?,
                    id: EventId::new(Self::id(&said))?,
                    time: Timestamp::from_micros(begin + number as i64),
                    expected_version: None,
                    extensions: BTreeMap::new(),
                    data,
                })
            })
            .collect()
    }
}

/// The present moment as events say it.
pub fn now() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true)
}
