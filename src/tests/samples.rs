//! Good events as text, and wrong values for every member.

use onhand::event::json::Json;
use onhand::event::{Invalid, parse};
pub use onhand::sim::samples::GOOD;

/// The data of a good event of a type.
pub fn good(event_type: &str) -> &'static str {
    GOOD.iter().find(|(known, _)| *known == event_type).unwrap().1
}

/// The member names and raw values of an object that is written without white space.
pub type Members = Vec<(String, String)>;

pub fn members(object: &str) -> Members {
    let value: serde_json::Map<String, serde_json::Value> = serde_json::from_str(object).unwrap();
    value.into_iter().map(|(name, value)| (name, value.to_string())).collect()
}

pub fn object(members: &[(String, String)]) -> String {
    let rows: Vec<String> =
        members.iter().map(|(name, value)| format!("{}:{value}", quoted(name))).collect();
    format!("{{{}}}", rows.join(","))
}

pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The envelope of a good event, its data in raw form.
pub fn envelope(event_type: &str, data: &str) -> Members {
    let mut envelope: Members = [
        ("specversion", quoted("1.0")),
        ("source", quoted("wms")),
        ("id", quoted("1")),
        ("type", quoted(event_type)),
        ("time", quoted("2026-11-23T10:00:00Z")),
        ("data", data.to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    if event_type == "stock.set" {
        envelope.push(("expectedversion".to_owned(), "1".to_owned()));
    }
    envelope
}

pub fn read(text: &str) -> Result<onhand::event::Event, Invalid> {
    parse(&serde_json::from_str::<Json>(text).unwrap_or_else(|error| panic!("{text}: {error}")))
}

pub fn pointers(text: &str) -> Vec<String> {
    let errors = read(text).map_err(|invalid| invalid.errors).expect_err(text);
    for error in &errors {
        assert!(!error.detail.is_empty(), "{text}");
    }
    errors.into_iter().map(|error| error.pointer).collect()
}

pub fn with(members: &Members, name: &str, value: &str) -> Members {
    let mut changed = members.clone();
    match changed.iter_mut().find(|(known, _)| known == name) {
        Some(member) => value.clone_into(&mut member.1),
        None => changed.push((name.to_owned(), value.to_owned())),
    }
    changed
}

pub fn without(members: &Members, name: &str) -> Members {
    members.iter().filter(|(known, _)| known != name).cloned().collect()
}

const NO_STRING: [&str; 5] = ["1", "true", "[]", "{}", "1.5"];
const NO_INTEGER: [&str; 9] =
    ["\"1\"", "true", "[]", "{}", "1.5", "3.0", "1e3", "9223372036854775808", "-0.0"];
const NO_ID: [&str; 5] = ["\"\"", "\"a\\u0000b\"", "\"a\\nb\"", "\"\\u007f\"", "\"\\u0085\""];
const NO_STATE: [&str; 7] = ["\"\"", "\"lost\"", "\"safety_stock\"", "1", "[]", "{}", "true"];
const NO_MOVED_STATE: [&str; 7] = ["\"\"", "\"lost\"", "\"on_hand\"", "1", "[]", "{}", "true"];
const NO_BOOL: [&str; 5] = ["1", "\"true\"", "[]", "{}", "0"];
const NO_LINES: [&str; 8] = ["[]", "{}", "1", "\"\"", "true", "[1]", "[null]", "[[]]"];
const NO_TIME: [&str; 12] = [
    "1",
    "\"\"",
    "\"now\"",
    "\"2026-11-23\"",
    "\"2026-11-23T10:00:00\"",
    "\"2026-13-01T00:00:00Z\"",
    "\"2026-02-30T00:00:00Z\"",
    "\"0001-01-01T00:00:00+01:00\"",
    "\"10000-01-01T00:00:00Z\"",
    "\"2026-11-23T25:00:00Z\"",
    "1764000000",
    "{}",
];
const NO_SPECVERSION: [&str; 6] = ["\"0.3\"", "\"1\"", "1.0", "1", "\"\"", "{}"];
const NO_TYPE: [&str; 9] = [
    "\"\"",
    "\"stock.vanished\"",
    "\"STOCK.SET\"",
    "1",
    "{}",
    "\"event.released\"",
    "\"event.orphaned\"",
    "\"reservation.expired\"",
    "\"conflict.resolved\"",
];
const NO_DATA: [&str; 4] = ["1", "\"{}\"", "[]", "true"];

/// Values that are wrong for a member, in raw form, by what the member is.
pub fn wrong_values(name: &str) -> Vec<String> {
    let (long, longer) = (quoted(&"x".repeat(129)), quoted(&"x".repeat(2_001)));
    let (long, longer) = ([long.as_str()], [longer.as_str()]);
    let lists: Vec<&[&str]> = match name {
        "sku" | "location" | "transfer" | "receipt" | "from" | "to" | "order" | "reservation"
        | "line" | "fulfillment" | "return" | "channel" | "listing" | "source" | "id" => {
            vec![&NO_STRING, &NO_ID, &long]
        }
        "name" | "barcode" | "reference" | "note" | "subject" | "dataschema" => {
            vec![&NO_STRING, &["\"a\\u0000b\""], &longer]
        }
        "reason" => vec![&NO_STRING, &["\"a\\u0000b\"", "\"\"", "\"  \""], &longer],
        "quantity" | "counted" | "low_stock" | "rank" => {
            vec![&NO_INTEGER, &["1000000000001", "-1000000000001"]]
        }
        "expires_in_s" => vec![&NO_INTEGER, &["0", "-1", "315360001"]],
        "delta" => vec![&NO_INTEGER, &["1000000000001", "-1000000000001", "0"]],
        "revision" | "expectedversion" => vec![&NO_INTEGER, &["-1"]],
        "state" => vec![&NO_STATE],
        "from_state" | "to_state" => vec![&NO_MOVED_STATE],
        "restock" | "final" => vec![&NO_BOOL],
        "lines" | "kit" => vec![&NO_LINES],
        "time" => vec![&NO_TIME],
        "specversion" => vec![&NO_SPECVERSION],
        "type" => vec![&NO_TYPE],
        "data" => vec![&NO_DATA],
        other => panic!("{other} has no wrong values yet"),
    };
    lists.concat().into_iter().map(str::to_owned).collect()
}
