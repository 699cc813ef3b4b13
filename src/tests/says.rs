//! Events in few words. Each is written as JSON and read by the parser, like one from outside.

use onhand::event::json::Json;
use onhand::event::{Event, parse};
use onhand::time::{SECOND_US, Timestamp};
use serde_json::{Value, json};

/// Second 0 of all scenarios.
pub fn start() -> Timestamp {
    Timestamp::parse("2026-11-23T10:00:00Z").unwrap()
}

/// A moment this many seconds after second 0.
pub fn second(seconds: i64) -> Timestamp {
    start().plus_micros(seconds * SECOND_US)
}

/// An event that somebody says.
#[derive(Debug, Clone)]
pub struct Says {
    pub kind: &'static str,
    pub data: Value,
    pub source: &'static str,
    pub id: Option<String>,
    pub time: Timestamp,
    pub version: Option<u64>,
    pub batch: Option<&'static str>,
}

impl Says {
    /// The source that says it; `wms` unless told otherwise.
    pub fn by(mut self, source: &'static str) -> Self {
        self.source = source;
        self
    }

    /// Its id; a new one unless told otherwise.
    pub fn id(mut self, id: &str) -> Self {
        self.id = Some(id.to_owned());
        self
    }

    /// The second at which it happened; 0 unless told otherwise.
    pub fn at(mut self, seconds: i64) -> Self {
        self.time = second(seconds);
        self
    }

    /// The moment at which it happened.
    pub fn at_time(mut self, time: Timestamp) -> Self {
        self.time = time;
        self
    }

    /// The version of the level that the sender has seen.
    pub fn expecting(mut self, version: u64) -> Self {
        self.version = Some(version);
        self
    }

    /// The batch that it is part of.
    pub fn in_batch(mut self, batch: &'static str) -> Self {
        self.batch = Some(batch);
        self
    }

    /// The same with one more member in its data.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.data[name] = value.into();
        self
    }

    /// The event under this id.
    pub fn event(&self, id: &str) -> Event {
        let mut envelope = json!({
            "specversion": "1.0", "source": self.source, "id": id, "type": self.kind,
            "time": self.time.to_string(), "data": self.data,
        });
        if let Some(version) = self.version {
            envelope["expectedversion"] = version.into();
        }
        if let Some(batch) = self.batch {
            envelope["batchid"] = batch.into();
        }
        let json: Json = serde_json::from_str(&envelope.to_string()).unwrap();
        parse(&json).unwrap_or_else(|invalid| panic!("{envelope} is {invalid:?}"))
    }
}

fn says(kind: &'static str, data: Value) -> Says {
    Says { kind, data, source: "wms", id: None, time: start(), version: None, batch: None }
}

pub fn item(sku: &str) -> Says {
    says("item.upserted", json!({ "sku": sku }))
}

/// A kit of so many of each.
pub fn kit(sku: &str, parts: &[Value]) -> Says {
    item(sku).with("kit", parts.to_vec())
}

pub fn location(name: &str, rank: i64) -> Says {
    says("location.upserted", json!({ "location": name, "rank": rank }))
}

pub fn adjusted(sku: &str, location: &str, delta: i64) -> Says {
    let data = json!({ "sku": sku, "location": location, "delta": delta, "reason": "test" });
    says("stock.adjusted", data)
}

pub fn received(sku: &str, location: &str, quantity: i64) -> Says {
    let data = json!({ "sku": sku, "location": location, "quantity": quantity });
    says("stock.received", data)
}

pub fn counted(sku: &str, location: &str, counted: i64) -> Says {
    says("stock.counted", json!({ "sku": sku, "location": location, "counted": counted }))
}

pub fn moved(sku: &str, location: &str, quantity: i64, from: &str, to: &str) -> Says {
    let data = json!({ "sku": sku, "location": location, "quantity": quantity,
        "from_state": from, "to_state": to });
    says("stock.moved", data)
}

pub fn set(sku: &str, location: &str, quantity: i64, version: u64) -> Says {
    let data = json!({ "sku": sku, "location": location, "quantity": quantity });
    says("stock.set", data).expecting(version)
}

/// A row of a transfer or of a kit: what and how many.
pub fn goods(sku: &str, quantity: i64) -> Value {
    json!({ "sku": sku, "quantity": quantity })
}

pub fn shipped(transfer: &str, from: &str, to: &str, lines: &[Value]) -> Says {
    let data = json!({ "transfer": transfer, "from": from, "to": to, "lines": lines });
    says("transfer.shipped", data)
}

pub fn arrived(transfer: &str, receipt: &str, lines: &[Value]) -> Says {
    let data = json!({ "transfer": transfer, "receipt": receipt, "lines": lines });
    says("transfer.received", data)
}

/// A line of an order: its id, its SKU and how many.
pub fn line(id: &str, sku: &str, quantity: i64) -> Value {
    json!({ "line": id, "sku": sku, "quantity": quantity })
}

/// A line of an order that is to come from a location.
pub fn line_from(id: &str, sku: &str, quantity: i64, location: &str) -> Value {
    json!({ "line": id, "sku": sku, "quantity": quantity, "location": location })
}

/// Part of a shipment or a cancellation: the line and how many.
pub fn part(line: &str, quantity: i64) -> Value {
    json!({ "line": line, "quantity": quantity })
}

/// Part of a shipment from a location.
pub fn part_from(line: &str, quantity: i64, location: &str) -> Value {
    json!({ "line": line, "quantity": quantity, "location": location })
}

/// Part of a return.
pub fn back(line: &str, quantity: i64, restock: bool) -> Value {
    json!({ "line": line, "quantity": quantity, "restock": restock })
}

pub fn placed(order: &str, lines: &[Value]) -> Says {
    says("order.placed", json!({ "order": order, "lines": lines })).by("shop")
}

pub fn amended(order: &str, revision: i64, lines: &[Value]) -> Says {
    let data = json!({ "order": order, "revision": revision, "lines": lines });
    says("order.amended", data).by("shop")
}

pub fn cancelled(order: &str) -> Says {
    says("order.cancelled", json!({ "order": order })).by("shop")
}

pub fn fulfilled(order: &str, fulfillment: &str, lines: &[Value]) -> Says {
    let data = json!({ "order": order, "fulfillment": fulfillment, "lines": lines });
    says("order.fulfilled", data).by("shop")
}

pub fn returned(order: &str, id: &str, lines: &[Value]) -> Says {
    says("order.returned", json!({ "order": order, "return": id, "lines": lines })).by("shop")
}

/// A line of a reservation.
pub fn held(sku: &str, quantity: i64, location: &str) -> Value {
    json!({ "sku": sku, "location": location, "quantity": quantity })
}

/// A hold of ten minutes.
pub fn reserved(reservation: &str, lines: &[Value]) -> Says {
    let data = json!({ "reservation": reservation, "lines": lines, "expires_in_s": 600 });
    says("reservation.placed", data).by("shop")
}

pub fn released(reservation: &str) -> Says {
    says("reservation.released", json!({ "reservation": reservation })).by("shop")
}

pub fn confirmed(reservation: &str, order: &str) -> Says {
    let data = json!({ "reservation": reservation, "order": order });
    says("reservation.confirmed", data).by("shop")
}

pub fn reported(channel: &str, listing: &str, quantity: i64) -> Says {
    let data = json!({ "channel": channel, "listing": listing, "quantity": quantity });
    says("channel.level_reported", data).by("shop")
}

pub fn reversed(source: &str, id: &str) -> Says {
    let data = json!({ "source": source, "id": id, "reason": "test" });
    says("event.reversed", data).by("desk")
}
