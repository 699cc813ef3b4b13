//! Good events with one thing wrong: every member, at every depth, in every way in which its kind of
//! value can be wrong. Nothing here knows an event type; what may be absent stands in a table.

use serde_json::{Value, json};

use super::samples::GOOD;
use crate::event::{KIT_PARTS_MAX, LINES_MAX};
use crate::id::{ID_MAX_CHARS, TEXT_MAX_CHARS};
use crate::quantity::QUANTITY_MAX;

/// An event that is wrong in one place.
#[derive(Debug, Clone)]
pub struct Spoiled {
    /// The event.
    pub text: String,
    /// JSON pointer to what is wrong.
    pub pointer: String,
}

/// How deep values are nested that a JSON parser still takes.
const DEPTH: usize = 100;

/// Members that hold free text.
const TEXTS: [&str; 5] = ["name", "barcode", "reference", "note", "reason"];
/// Members that hold any number of 64 bits from 0 on.
const COUNTERS: [&str; 2] = ["revision", "expectedversion"];
/// Members that may be absent wherever they stand.
const OPTIONAL: [&str; 8] =
    ["name", "barcode", "low_stock", "rank", "state", "reference", "note", "final"];
/// Members that may be absent in these places, by type and pointer.
const OPTIONAL_AT: [(&str, &str); 9] = [
    ("item.upserted", "/data/kit"),
    ("order.placed", "/data/lines/0/location"),
    ("order.amended", "/data/lines/0/location"),
    ("order.cancelled", "/data/lines"),
    ("order.cancelled", "/data/lines/0/sku"),
    ("order.fulfilled", "/data/lines/0/location"),
    ("order.fulfilled", "/data/lines/0/sku"),
    ("order.returned", "/data/lines/0/location"),
    ("order.returned", "/data/lines/0/sku"),
];

/// Lists that may be empty, by type and pointer.
pub const EMPTY_AT: [(&str, &str); 2] =
    [("order.amended", "/data/lines"), ("transfer.received", "/data/lines")];

/// A good event of each type.
pub fn good() -> impl Iterator<Item = Value> {
    GOOD.into_iter().map(|(event_type, data)| {
        let data: Value = serde_json::from_str(data).expect("the samples are JSON");
        let mut event = json!({"specversion": "1.0", "source": "spoiled", "id": event_type,
            "type": event_type, "time": "2026-11-23T10:00:00Z", "data": data});
        if event_type == "stock.set" {
            event["expectedversion"] = 1.into();
        }
        event
    })
}

/// The places of an event, by pointer, with what stands there.
pub fn places(event: &Value) -> Vec<(String, &Value)> {
    let mut places = vec![(String::new(), event)];
    let mut next = 0;
    while let Some((pointer, value)) = places.get(next).cloned() {
        next += 1;
        match value {
            Value::Object(members) => {
                places.extend(members.iter().map(|(name, it)| (format!("{pointer}/{name}"), it)));
            }
            Value::Array(rows) => {
                let rows = rows.iter().enumerate();
                places.extend(rows.map(|(index, row)| (format!("{pointer}/{index}"), row)));
            }
            _ => {}
        }
    }
    places
}

/// The event as text, with something else in one place.
pub fn with(event: &Value, pointer: &str, text: &str) -> String {
    fn write(value: &Value, here: &str, pointer: &str, text: &str) -> String {
        if here == pointer {
            return text.to_owned();
        }
        match value {
            Value::Object(members) => {
                let members = members.iter().map(|(name, value)| {
                    format!("{name:?}:{}", write(value, &format!("{here}/{name}"), pointer, text))
                });
                format!("{{{}}}", members.collect::<Vec<_>>().join(","))
            }
            Value::Array(rows) => {
                let rows = rows.iter().enumerate();
                let rows = rows.map(|(n, row)| write(row, &format!("{here}/{n}"), pointer, text));
                format!("[{}]", rows.collect::<Vec<_>>().join(","))
            }
            other => other.to_string(),
        }
    }
    write(event, "", pointer, text)
}

/// Everything that can be wrong with an event.
pub fn spoiled(event: &Value) -> Vec<Spoiled> {
    let mut all = Vec::new();
    for (pointer, value) in places(event) {
        let mut add = |place: String, text: String| {
            all.push(Spoiled { text: with(event, &pointer, &text), pointer: place });
        };
        // The event itself has to be an object, or the request is no list of events.
        if !pointer.is_empty() {
            let event_type = event["type"].as_str().unwrap_or_default();
            let may_be_empty = EMPTY_AT.contains(&(event_type, pointer.as_str()));
            for text in wrong(&pointer, value).into_iter().filter(|it| !may_be_empty || it != "[]")
            {
                add(pointer.clone(), text);
            }
            if !may_be_absent(event, &pointer) {
                add(pointer.clone(), "null".to_owned());
            }
        }
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    let place = format!("{pointer}/{name}");
                    if !may_be_absent(event, &place) {
                        let mut rest = members.clone();
                        rest.remove(name);
                        add(place.clone(), Value::Object(rest).to_string());
                    }
                    let object = value.to_string();
                    let inner = &object[1..];
                    add(place.clone(), format!("{{{name:?}:{member},{inner}"));
                    add(place, format!("{{{name:?}:null,{inner}"));
                }
                let inner = value.to_string();
                // The envelope takes further attributes, if they are named by the rules.
                add(format!("{pointer}/a~1b~0C"), format!("{{\"a/b~C\":1,{}", &inner[1..]));
                if !pointer.is_empty() {
                    add(format!("{pointer}/colour"), format!("{{\"colour\":1,{}", &inner[1..]));
                }
            }
            Value::Array(rows) => {
                for row in ["1", "null", "[]", "\"x\"", &nested()] {
                    add(format!("{pointer}/0"), format!("[{row}]"));
                    add(format!("{pointer}/1"), format!("[{},{row}]", rows[0]));
                }
            }
            _ => {}
        }
    }
    all
}

fn may_be_absent(event: &Value, pointer: &str) -> bool {
    let name = pointer.rsplit('/').next().unwrap_or_default();
    let event_type = event["type"].as_str().unwrap_or_default();
    OPTIONAL.contains(&name) || OPTIONAL_AT.contains(&(event_type, pointer))
}

fn nested() -> String {
    format!("{}{}", "[".repeat(DEPTH), "]".repeat(DEPTH))
}

fn nested_objects() -> String {
    format!("{}1{}", "{\"a\":".repeat(DEPTH), "}".repeat(DEPTH))
}

/// What is wrong wherever such a value stands.
fn wrong(pointer: &str, value: &Value) -> Vec<String> {
    let name = pointer.rsplit('/').next().unwrap_or_default();
    let mut wrong = Vec::new();
    wrong.extend((!value.is_array()).then(nested));
    wrong.extend((!value.is_object()).then(nested_objects));
    let mut all = |texts: &[&str]| wrong.extend(texts.iter().map(|text| (*text).to_owned()));
    if !value.is_boolean() {
        all(&["true", "false"]);
    }
    if !value.is_string() {
        all(&[r#""""#, r#""1""#, r#""true""#, r#""[]""#]);
    }
    if !value.is_number() {
        all(&["0", "1", "-1"]);
    }
    if !value.is_array() {
        all(&["[]", "[null]", r#"["A"]"#]);
    }
    if !value.is_object() {
        all(&["{}", r#"{"sku":"A"}"#]);
    }
    // No number, and no other value either.
    all(&["1.5", "3.0", "1e3", "-0.0", "9223372036854775808", "-9223372036854775809"]);
    all(&["123456789012345678901234567890", "1e300", "-9223372036854775808"]);
    match value {
        Value::String(_) => wrong.extend(wrong_strings(name)),
        Value::Number(_) if !COUNTERS.contains(&name) => {
            let beyond = QUANTITY_MAX + 1;
            wrong.extend([beyond, -beyond, i64::MAX].map(|number| number.to_string()));
            wrong.extend((name == "delta").then(|| "0".to_owned()));
            if !["delta", "counted", "low_stock"].contains(&name) && !pointer.contains("/listing") {
                wrong.extend(at_least_1(pointer));
            }
        }
        Value::Number(_) => wrong.push("-1".to_owned()),
        Value::Array(rows) => {
            let most = if name == "kit" { KIT_PARTS_MAX } else { LINES_MAX };
            wrong.extend([
                "[]".to_owned(),
                format!("[{}]", vec![rows[0].to_string(); most + 1].join(",")),
            ]);
        }
        _ => {}
    }
    wrong
}

/// Numbers that have to be above 0 stand in rows, which are said to be so many.
fn at_least_1(pointer: &str) -> Vec<String> {
    let in_row = pointer.contains("/lines/") || pointer.contains("/kit/");
    let numbers: &[&str] = if in_row { &["0", "-1"] } else { &[] };
    numbers.iter().map(|number| (*number).to_owned()).collect()
}

fn wrong_strings(name: &str) -> Vec<String> {
    let mut texts = vec!["a\0b".to_owned(), "x".repeat(TEXT_MAX_CHARS + 1)];
    if !TEXTS.contains(&name) {
        let controls = ["\u{1}", "\t", "\n", "\r", "\u{1b}[31m", "\u{7f}", "\u{80}", "\u{9f}"];
        texts.extend(controls.map(|control| format!("a{control}b")));
        texts.extend([String::new(), "é".repeat(ID_MAX_CHARS + 1)]);
    }
    if name == "reason" {
        texts.extend(["", " \t\n"].map(str::to_owned));
    }
    if ["state", "from_state", "to_state", "specversion", "type", "time"].contains(&name) {
        texts.extend(["nonsense", " ", "AVAILABLE", "1.0 ", "2026-11-23"].map(str::to_owned));
    }
    texts.into_iter().map(|text| Value::from(text).to_string()).collect()
}
