//! A shop as events: its goods, what was in stock at first, and what it has sold since. Most sales
//! are single lines, as a till or a scanner reports them; orders are as large as the log's.

use std::collections::{BTreeMap, VecDeque};

use onhand::event::{
    Event, EventData, FulfilledLine, ItemUpserted, LocationUpserted, OrderCancelled,
    OrderFulfilled, OrderPlaced, OrderReturned, OrderedLine, ReturnedLine, StockAdjusted,
    StockCounted, StockReceived, StockState,
};
use onhand::id::{
    EventId, FulfillmentId, LineId, LocationId, NameError, OrderId, ReturnId, Sku, Source, Text,
};
use onhand::time::{SECOND_US, Timestamp};

use super::chance::{Random, Zipf};
use super::shape;

/// When the shop opens: 2025-01-01T00:00:00Z, in microseconds since 1970.
const OPENING_US: i64 = 1_735_689_600 * SECOND_US;

/// For how long it has been open, whatever has happened: 300 days, in microseconds.
const OPEN_US: i64 = 300 * 24 * 3_600 * SECOND_US;

/// Of 10,000 things that happen, orders and counts; corrections are 60 as in the log, and the rest
/// are single lines sold.
const ORDERS: u64 = 150;
const COUNTS: u64 = 50;
const CORRECTIONS: u64 = shape::CORRECTIONS * 10;

/// Orders that wait to be packed.
const ORDERS_OPEN: usize = 50;

/// Of 1,000 orders that are taken back in part or in whole, those cancelled before they are packed.
const CANCELLED: u64 = 100;

/// Of 1,000 counts, those that find what should be there.
const COUNTS_RIGHT: u64 = 800;

/// Of 1,000 sales of what is not there, those that are recorded before it is restocked.
const OVERSOLD: u64 = 20;

/// Every so many goods are also at the second location.
const SECOND_EVERY: usize = 4;

/// Available units at or below which goods are low.
const LOW_STOCK: i64 = 10;

/// Units of each at the opening: from, and up to so many more.
const OPENING_UNITS: (i64, u64) = (12, 100);

/// Units that are restocked: at least, or so many times what was sold when it ran out.
const RESTOCKED_UNITS: i64 = 60;
const RESTOCKED_TIMES: i64 = 20;

/// A ledger's size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Levels: a fifth of them are second places of the same goods.
    pub levels: usize,
    /// Records of the journal, those included by which goods and stock became known.
    pub events: u64,
    /// Another shop for each seed.
    pub seed: u64,
}

/// Fewer events than it takes to open the shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{levels} levels take at least {least} events: goods and stock have to become known")]
pub struct TooFew {
    levels: usize,
    least: u64,
}

impl Plan {
    /// The SKUs, in the order in which they become known.
    pub fn skus(&self) -> impl Iterator<Item = Sku> + use<> {
        (0..self.goods()).map(stock_code)
    }

    /// The location that has all of them.
    pub const fn location() -> &'static str {
        PLACES[0].0
    }

    const fn goods(&self) -> usize {
        self.levels - self.levels / (SECOND_EVERY + 1)
    }

    const fn opening(&self) -> u64 {
        (PLACES.len() + self.goods() + self.levels) as u64
    }
}

/// The locations, the best one first.
const PLACES: [(&str, &str); 2] = [("london", "London"), ("leeds", "Leeds")];

/// Who says something, and how their ids begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Speaker {
    Catalogue,
    Warehouse,
    Till,
    Webshop,
}

impl Speaker {
    const ALL: [(Self, &'static str, &'static str); 4] = [
        (Self::Catalogue, "catalogue", "article"),
        (Self::Warehouse, "warehouse", "slip"),
        (Self::Till, "till", "sale"),
        (Self::Webshop, "webshop", "message"),
    ];
}

/// What is where.
#[derive(Debug, Clone, Copy, Default)]
struct Shelf {
    on_hand: i64,
    committed: i64,
}

/// An order on its way, with its lines as (goods, units).
struct Open {
    order: OrderId,
    lines: Vec<(usize, i64)>,
}

/// The events of a shop, in their order.
pub struct Shop {
    plan: Plan,
    random: Random,
    popular: Zipf,
    goods: Vec<Sku>,
    places: Vec<LocationId>,
    /// For each place its shelves; the second one has only every [`SECOND_EVERY`]th of the goods.
    shelves: [Vec<Shelf>; PLACES.len()],
    speakers: BTreeMap<Speaker, (Source, &'static str, u64)>,
    /// What happens next, before anything else does.
    next: VecDeque<(Speaker, EventData)>,
    open: VecDeque<Open>,
    orders: u64,
    said: u64,
}

impl Shop {
    /// A shop of this size.
    ///
    /// # Errors
    /// [`TooFew`] when it cannot even open.
    pub fn new(plan: Plan) -> Result<Self, TooFew> {
        if plan.events < plan.opening() || plan.levels == 0 {
            return Err(TooFew { levels: plan.levels, least: plan.opening().max(1) });
        }
        let (goods, second) = (plan.goods(), plan.levels - plan.goods());
        let known = |name: Result<LocationId, NameError>| name.expect("a word is a name");
        let speakers = Speaker::ALL.map(|(speaker, name, prefix)| {
            (speaker, (Source::new(name).expect("a word is a name"), prefix, 0))
        });
        Ok(Self {
            plan,
            random: Random::new(plan.seed),
            popular: Zipf::new(goods),
            goods: (0..goods).map(stock_code).collect(),
            places: PLACES.iter().map(|(place, _)| known(LocationId::new(*place))).collect(),
            shelves: [vec![Shelf::default(); goods], vec![Shelf::default(); second]],
            speakers: speakers.into_iter().collect(),
            next: VecDeque::new(),
            open: VecDeque::new(),
            orders: 0,
            said: 0,
        })
    }

    /// What there is before anything is sold: locations, goods, then what is on the shelves.
    fn opening(&mut self, number: usize) -> (Speaker, EventData) {
        let goods = self.goods.len();
        if let Some((_, name)) = PLACES.get(number) {
            let location = self.places[number].clone();
            let (name, rank) = (Text::new(*name).ok(), i64::try_from(number + 1).ok());
            let place = LocationUpserted { location, name, rank };
            return (Speaker::Catalogue, EventData::LocationUpserted(place));
        }
        let number = number - PLACES.len();
        if number < goods {
            let name = Text::new(self.name_of_goods()).ok();
            let (sku, low_stock) = (self.goods[number].clone(), Some(LOW_STOCK));
            let item = ItemUpserted { sku, name, barcode: None, low_stock, kit: None };
            return (Speaker::Catalogue, EventData::ItemUpserted(item));
        }
        let number = number - goods;
        let (least, more) = OPENING_UNITS;
        let units = least + i64::try_from(self.random.below(more)).unwrap_or_default();
        let spot = if number < goods { (0, number) } else { (1, (number - goods) * SECOND_EVERY) };
        (Speaker::Warehouse, self.receive(spot, units))
    }

    fn name_of_goods(&mut self) -> String {
        let (least, most) = shape::WORDS_OF_NAME;
        let count = least + self.random.below(most - least + 1);
        let mut name = String::new();
        for _ in 0..count {
            if !name.is_empty() {
                name.push(' ');
            }
            name.push_str(shape::WORDS[self.random.place(shape::WORDS.len())]);
        }
        name
    }

    /// What happens on a day.
    fn happen(&mut self) -> (Speaker, EventData) {
        let chance = self.random.below(10_000);
        if self.open.len() > ORDERS_OPEN
            && let Some(open) = self.open.pop_front()
        {
            self.settle(open)
        } else if chance < ORDERS {
            self.order()
        } else if chance < ORDERS + COUNTS {
            self.count()
        } else if chance < ORDERS + COUNTS + CORRECTIONS {
            self.correct()
        } else {
            self.sell()
        }
    }

    /// One line over the counter.
    fn sell(&mut self) -> (Speaker, EventData) {
        let goods = self.popular.pick(&mut self.random);
        let units = shape::UNITS_OF_LINE.pick(&mut self.random);
        let has_two =
            goods.is_multiple_of(SECOND_EVERY) && goods / SECOND_EVERY < self.shelves[1].len();
        let place = if has_two { self.random.place(PLACES.len()) } else { 0 };
        self.stock_up((place, goods), units);
        self.at((place, goods)).on_hand -= units;
        self.say(Speaker::Till, self.adjusted((place, goods), -units, "sold"))
    }

    fn order(&mut self) -> (Speaker, EventData) {
        let count = shape::LINES_OF_ORDER.pick(&mut self.random);
        let mut lines: BTreeMap<usize, i64> = BTreeMap::new();
        for _ in 0..count {
            let goods = self.popular.pick(&mut self.random);
            let units = shape::UNITS_OF_LINE.pick(&mut self.random);
            lines.insert(goods, units);
        }
        for (goods, units) in &lines {
            self.stock_up((0, *goods), *units);
            self.at((0, *goods)).committed += units;
        }
        self.orders += 1;
        let order = numbered("order", self.orders, OrderId::new);
        let ordered = lines.iter().zip(1..).map(|((goods, units), line)| OrderedLine {
            line: line_id(line),
            sku: self.goods[*goods].clone(),
            quantity: *units,
            location: Some(self.places[0].clone()),
        });
        let placed = OrderPlaced { order: order.clone(), lines: ordered.collect() };
        self.open.push_back(Open { order, lines: lines.into_iter().collect() });
        self.say(Speaker::Webshop, EventData::OrderPlaced(placed))
    }

    /// An order is packed, or cancelled; of some that are packed a part comes back.
    fn settle(&mut self, open: Open) -> (Speaker, EventData) {
        let Open { order, lines } = open;
        let taken_back = self.random.per_mille(shape::TAKEN_BACK);
        for (goods, units) in &lines {
            self.at((0, *goods)).committed -= units;
        }
        if taken_back && self.random.per_mille(CANCELLED) {
            let cancelled = EventData::OrderCancelled(OrderCancelled { order, lines: None });
            return self.say(Speaker::Webshop, cancelled);
        }
        for (goods, units) in &lines {
            self.at((0, *goods)).on_hand -= units;
        }
        let packed = lines.iter().zip(1..).map(|((_, quantity), line)| FulfilledLine {
            line: line_id(line),
            quantity: *quantity,
            location: None,
            sku: None,
        });
        let fulfillment = FulfillmentId::new("1").expect("a digit is a name");
        let packed = OrderFulfilled { order: order.clone(), fulfillment, lines: packed.collect() };
        let said = self.say(Speaker::Warehouse, EventData::OrderFulfilled(packed));
        if taken_back {
            let returned = self.give_back(order, &lines);
            self.next.push_back((Speaker::Webshop, returned));
        }
        said
    }

    fn give_back(&mut self, order: OrderId, lines: &[(usize, i64)]) -> EventData {
        let count = shape::LINES_OF_RETURN.pick(&mut self.random);
        let count = usize::try_from(count).unwrap_or_default().min(lines.len());
        let mut returned = Vec::with_capacity(count);
        for ((goods, units), line) in lines.iter().take(count).zip(1..) {
            let most = u64::try_from(*units).unwrap_or_default();
            let quantity = 1 + i64::try_from(self.random.below(most)).unwrap_or_default();
            self.at((0, *goods)).on_hand += quantity;
            returned.push(ReturnedLine {
                line: line_id(line),
                quantity,
                location: None,
                restock: true,
                state: StockState::Available,
                sku: None,
            });
        }
        let return_id = ReturnId::new("1").expect("a digit is a name");
        EventData::OrderReturned(OrderReturned { order, return_id, lines: returned })
    }

    /// The warehouse goes along its shelves: what sells well is counted no more often.
    fn count(&mut self) -> (Speaker, EventData) {
        let spot = self.any_shelf();
        let mut counted = self.at(spot).on_hand;
        if !self.random.per_mille(COUNTS_RIGHT) {
            counted += self.difference();
        }
        let counted = counted.max(0);
        self.at(spot).on_hand = counted;
        let (sku, location) = self.names(spot);
        let counted = EventData::StockCounted(StockCounted { sku, location, counted });
        self.say(Speaker::Warehouse, counted)
    }

    fn correct(&mut self) -> (Speaker, EventData) {
        let spot = self.any_shelf();
        let units = self.difference();
        self.at(spot).on_hand += units;
        self.say(Speaker::Warehouse, self.adjusted(spot, units, "corrected"))
    }

    /// By how much a spot is not as it should be.
    fn difference(&mut self) -> i64 {
        let units = shape::UNITS_OF_CORRECTION.pick(&mut self.random);
        if self.random.per_mille(shape::DOWNWARDS) { -units } else { units }
    }

    fn any_shelf(&mut self) -> (usize, usize) {
        let number = self.random.place(self.plan.levels);
        let goods = self.goods.len();
        if number < goods { (0, number) } else { (1, (number - goods) * SECOND_EVERY) }
    }

    /// Restocks what is not enough, in most cases before it is sold.
    fn stock_up(&mut self, spot: (usize, usize), units: i64) {
        let Shelf { on_hand, committed } = *self.at(spot);
        if on_hand - committed >= units || self.random.per_mille(OVERSOLD) {
            return;
        }
        let missing = units - (on_hand - committed);
        let units = missing + RESTOCKED_UNITS.max(units * RESTOCKED_TIMES);
        let received = self.receive(spot, units);
        self.next.push_back((Speaker::Warehouse, received));
    }

    fn receive(&mut self, spot: (usize, usize), quantity: i64) -> EventData {
        self.at(spot).on_hand += quantity;
        let (sku, location) = self.names(spot);
        EventData::StockReceived(StockReceived { sku, location, quantity, reference: None })
    }

    fn adjusted(&self, spot: (usize, usize), delta: i64, reason: &str) -> EventData {
        let (sku, location) = self.names(spot);
        EventData::StockAdjusted(StockAdjusted {
            sku,
            location,
            delta,
            reason: Text::new(reason).expect("a word is a text"),
            state: StockState::Available,
            reference: None,
            note: None,
        })
    }

    fn at(&mut self, (place, goods): (usize, usize)) -> &mut Shelf {
        let number = if place == 0 { goods } else { goods / SECOND_EVERY };
        &mut self.shelves[place][number]
    }

    fn names(&self, (place, goods): (usize, usize)) -> (Sku, LocationId) {
        (self.goods[goods].clone(), self.places[place].clone())
    }

    /// What is said now: first what had to happen before it.
    fn say(&mut self, speaker: Speaker, data: EventData) -> (Speaker, EventData) {
        self.next.push_back((speaker, data));
        self.next.pop_front().expect("something was just added")
    }

    fn event(&mut self, (speaker, data): (Speaker, EventData)) -> Option<Event> {
        let (source, prefix, count) = self.speakers.get_mut(&speaker)?;
        *count += 1;
        let id = numbered(prefix, *count, EventId::new);
        let share = i128::from(OPEN_US) * i128::from(self.said) / i128::from(self.plan.events);
        let time = Timestamp::from_micros(OPENING_US + i64::try_from(share).ok()?);
        let (source, extensions) = (source.clone(), BTreeMap::new());
        Some(Event { source, id, time, expected_version: None, extensions, data })
    }
}

impl Iterator for Shop {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        if self.said == self.plan.events {
            return None;
        }
        let said = if self.said < self.plan.opening() {
            let number = usize::try_from(self.said).ok()?;
            self.opening(number)
        } else if let Some(next) = self.next.pop_front() {
            next
        } else {
            self.happen()
        };
        self.said += 1;
        self.event(said)
    }
}

/// Codes as the log has them: a number of five digits or more, and a letter for each variant.
fn stock_code(number: usize) -> Sku {
    let variant = ["", "A", "B", "C"][number % 4];
    Sku::new(format!("{}{variant}", 10_000 + number / 4)).expect("digits and a letter are a name")
}

fn line_id(number: u32) -> LineId {
    LineId::new(number.to_string()).expect("digits are a name")
}

/// A name that grows with its number.
fn numbered<T>(prefix: &str, number: u64, new: fn(String) -> Result<T, NameError>) -> T {
    new(format!("{prefix}-{number:010}")).unwrap_or_else(|_| unreachable!("a short name is one"))
}
