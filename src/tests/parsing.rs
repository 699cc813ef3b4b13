//! What does not fit the schema is `invalid`, with a JSON pointer to each mistake, and nothing
//! panics, whatever is sent.

use onhand::event::{ERRORS_MAX, EXTENSIONS_MAX, KIT_PARTS_MAX, LINES_MAX};
use onhand::sim::spoil::{EMPTY_AT, Spoiled, good as good_events, spoiled};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};

use crate::samples::{
    GOOD, Members, envelope, good, members, object, pointers, quoted, read, with, without,
    wrong_values,
};

#[test]
fn every_good_event_is_read() {
    for (event_type, data) in GOOD {
        let event = read(&object(&envelope(event_type, data))).unwrap();
        assert_eq!(event.event_type(), event_type);
        assert_eq!(serde_json::to_value(&event.data).unwrap(), without_defaults(data));
    }
}

/// The data as it is stored: defaults are left out.
fn without_defaults(data: &str) -> serde_json::Value {
    let mut value: serde_json::Value = serde_json::from_str(data).unwrap();
    if let Some(row) = value.pointer_mut("/lines/0").and_then(|row| row.as_object_mut()) {
        row.retain(|_, value| *value != "available");
    }
    value
}

/// Besides the tables below: what no table of names and values says, at any depth.
#[test]
fn whatever_is_wrong_with_any_member_is_pointed_at() {
    let mut tried = 0;
    for event in good_events() {
        for Spoiled { text, pointer } in spoiled(&event) {
            for found in pointers(&text) {
                assert_eq!(found, pointer, "{text:.600}");
            }
            tried += 1;
        }
    }
    assert!(tried > 4_000, "{tried}");
}

#[test]
fn every_wrong_value_of_the_envelope_is_pointed_at() {
    for (event_type, data) in GOOD {
        let good = envelope(event_type, data);
        for name in ["specversion", "source", "id", "type", "time", "data", "subject", "dataschema"]
        {
            for wrong in wrong_values(name) {
                let text = object(&with(&good, name, &wrong));
                assert_eq!(pointers(&text), [format!("/{name}")], "{text}");
            }
        }
        for name in ["specversion", "source", "id", "type", "time", "data"] {
            for text in [object(&without(&good, name)), object(&with(&good, name, "null"))] {
                assert_eq!(pointers(&text), [format!("/{name}")], "{text}");
            }
        }
    }
    let set = envelope("stock.set", good("stock.set"));
    for wrong in wrong_values("expectedversion") {
        let text = object(&with(&set, "expectedversion", &wrong));
        assert_eq!(pointers(&text), ["/expectedversion"], "{text}");
    }
}

#[test]
fn every_wrong_value_of_the_data_is_pointed_at() {
    for (event_type, data) in GOOD {
        let good = members(data);
        for (name, _) in &good {
            let may_be_empty = EMPTY_AT.contains(&(event_type, &format!("/data/{name}")));
            for wrong in wrong_values(name).into_iter().filter(|it| !may_be_empty || it != "[]") {
                let text = object(&envelope(event_type, &object(&with(&good, name, &wrong))));
                let expected = match wrong.as_str() {
                    "[1]" | "[null]" | "[[]]" => format!("/data/{name}/0"),
                    _ => format!("/data/{name}"),
                };
                assert_eq!(pointers(&text), [expected], "{text}");
            }
        }
    }
}

/// That nothing is left of an order, or that nothing came of a transfer, is said without lines; of
/// the latter once and for all.
#[test]
fn lists_are_empty_only_where_that_says_something() {
    for (event_type, data) in GOOD {
        let good = members(data);
        if !good.iter().any(|(name, _)| name == "lines") {
            continue;
        }
        let empty = object(&envelope(event_type, &object(&with(&good, "lines", "[]"))));
        let parsed = onhand::event::parse(&serde_json::from_str(&empty).unwrap());
        let is_taken = EMPTY_AT.contains(&(event_type, "/data/lines"));
        assert_eq!(parsed.is_ok(), is_taken, "{empty}: {parsed:?}");
    }
    let not_final = with(&members(good("transfer.received")), "final", "false");
    let empty = object(&envelope("transfer.received", &object(&with(&not_final, "lines", "[]"))));
    assert_eq!(pointers(&empty), ["/data/lines"]);
}

#[test]
fn every_wrong_value_of_a_line_is_pointed_at() {
    for (event_type, data) in GOOD {
        let good = members(data);
        let Some((list, lines)) = good.iter().find(|(name, _)| name == "lines" || name == "kit")
        else {
            continue;
        };
        let row = members(&lines[1..lines.len() - 1]);
        let event = |row: &Members| {
            let lines = format!("[{}]", object(row));
            object(&envelope(event_type, &object(&with(&good, list, &lines))))
        };
        for (name, _) in &row {
            for wrong in wrong_values(name) {
                let text = event(&with(&row, name, &wrong));
                assert_eq!(pointers(&text), [format!("/data/{list}/0/{name}")], "{text}");
            }
            for text in [event(&without(&row, name)), event(&with(&row, name, "null"))] {
                let optional = match name.as_str() {
                    "state" => true,
                    "location" => event_type != "reservation.placed",
                    "sku" => !matches!(
                        event_type,
                        "order.placed"
                            | "order.amended"
                            | "reservation.placed"
                            | "transfer.shipped"
                            | "transfer.received"
                            | "item.upserted"
                    ),
                    _ => false,
                };
                if optional {
                    assert!(read(&text).is_ok(), "{text}");
                } else {
                    assert_eq!(pointers(&text), [format!("/data/{list}/0/{name}")], "{text}");
                }
            }
            let twice = format!("[{{{0}:{1},{2}]", quoted(name), "null", &object(&row)[1..]);
            let text = object(&envelope(event_type, &object(&with(&good, list, &twice))));
            assert_eq!(pointers(&text)[0], format!("/data/{list}/0/{name}"), "{text}");
        }
        let text = event(&with(&row, "colour", "\"red\""));
        assert_eq!(pointers(&text), [format!("/data/{list}/0/colour")]);
    }
}

#[test]
fn every_required_member_of_the_data_is_missed() {
    let optional =
        ["name", "barcode", "low_stock", "kit", "rank", "state", "reference", "note", "final"];
    for (event_type, data) in GOOD {
        let good = members(data);
        for (name, _) in &good {
            for data in [object(&without(&good, name)), object(&with(&good, name, "null"))] {
                let text = object(&envelope(event_type, &data));
                let may_be_absent = optional.contains(&name.as_str())
                    || event_type == "order.cancelled" && name == "lines";
                if may_be_absent {
                    assert!(read(&text).is_ok(), "{text}");
                } else {
                    assert_eq!(pointers(&text), [format!("/data/{name}")], "{text}");
                }
            }
        }
    }
}

#[test]
fn unknown_and_repeated_members_are_pointed_at() {
    for (event_type, data) in GOOD {
        let good = members(data);
        let unknown = object(&with(&good, "colour", "1"));
        assert_eq!(pointers(&object(&envelope(event_type, &unknown))), ["/data/colour"]);
        let odd = object(&with(&good, "a/b~c", "1"));
        assert_eq!(pointers(&object(&envelope(event_type, &odd))), ["/data/a~1b~0c"]);
        for member in &good {
            let mut twice = good.clone();
            twice.push(member.clone());
            let text = object(&envelope(event_type, &object(&twice)));
            assert_eq!(pointers(&text), [format!("/data/{}", member.0)], "{text}");
        }
        let good = envelope(event_type, data);
        for member in &good {
            let mut twice = good.clone();
            twice.push(member.clone());
            assert_eq!(pointers(&object(&twice)), [format!("/{}", member.0)]);
        }
    }
}

#[test]
fn limits_are_inclusive() {
    let id = quoted(&"é".repeat(128));
    let text = quoted(&"é\n".repeat(1_000));
    let data = format!(
        r#"{{"sku":{id},"location":{id},"delta":-1000000000000,"reason":{text},"note":{text}}}"#
    );
    let event = with(&envelope("stock.adjusted", &data), "source", &id);
    assert!(read(&object(&with(&event, "id", &id))).is_ok());
    let location = r#"{"location":"L","rank":1000000}"#;
    assert!(read(&object(&envelope("location.upserted", location))).is_ok());
    for rank in ["0", "1000001"] {
        let location = format!(r#"{{"location":"L","rank":{rank}}}"#);
        assert_eq!(pointers(&object(&envelope("location.upserted", &location))), ["/data/rank"]);
    }
    for (event_type, member) in [
        ("stock.received", "quantity"),
        ("stock.moved", "quantity"),
        ("transfer.shipped", "quantity"),
        ("transfer.received", "quantity"),
        ("order.placed", "quantity"),
        ("order.cancelled", "quantity"),
    ] {
        let good = good(event_type);
        for zero in ["0", "-1"] {
            let data = good.replace("\"quantity\":1", &format!("\"quantity\":{zero}"));
            let data = data.replace("\"quantity\":3", &format!("\"quantity\":{zero}"));
            let found = pointers(&object(&envelope(event_type, &data)));
            assert!(found[0].ends_with(member), "{found:?}");
        }
    }
}

#[test]
fn lines_are_one_to_ten_thousand_and_an_order_names_each_once() {
    let row = |line: usize| format!(r#"{{"line":"{line}","sku":"A","quantity":1}}"#);
    let order = |rows: &[String]| {
        let data = format!(r#"{{"order":"O","lines":[{}]}}"#, rows.join(","));
        object(&envelope("order.placed", &data))
    };
    let full: Vec<String> = (0..LINES_MAX).map(row).collect();
    assert!(read(&order(&full)).is_ok());
    let more: Vec<String> = (0..=LINES_MAX).map(row).collect();
    assert_eq!(pointers(&order(&more)), ["/data/lines"]);
    assert_eq!(pointers(&order(&[row(1), row(2), row(1)])), ["/data/lines"]);
}

#[test]
fn a_kit_names_each_component_once_and_not_itself() {
    let row = |sku: &str| format!(r#"{{"sku":"{sku}","quantity":1}}"#);
    let kit = |rows: &[String]| {
        let data = format!(r#"{{"sku":"A","kit":[{}]}}"#, rows.join(","));
        object(&envelope("item.upserted", &data))
    };
    let full: Vec<String> = (0..KIT_PARTS_MAX).map(|n| row(&n.to_string())).collect();
    assert!(read(&kit(&full)).is_ok());
    let more: Vec<String> = (0..=KIT_PARTS_MAX).map(|n| row(&n.to_string())).collect();
    assert_eq!(pointers(&kit(&more)), ["/data/kit"]);
    assert_eq!(pointers(&kit(&[row("B"), row("C"), row("B")])), ["/data/kit/2/sku"]);
    assert_eq!(pointers(&kit(&[row("B"), row("A")])), ["/data/kit/1/sku"]);
}

#[test]
fn units_are_moved_to_another_state() {
    for state in ["available", "damaged", "quality_control", "safety_stock"] {
        let data = with(&members(good("stock.moved")), "from_state", &quoted(state));
        let same = object(&with(&data, "to_state", &quoted(state)));
        assert_eq!(pointers(&object(&envelope("stock.moved", &same))), ["/data/to_state"]);
    }
}

#[test]
fn every_mistake_is_listed_up_to_a_bound() {
    let event = r#"{"specversion":"2.0","source":"","id":7,"type":"stock.counted","time":"soon",
        "data":{"sku":"","location":1,"counted":1.5,"colour":"red"},"UPPER":1}"#;
    let expected = [
        "/specversion",
        "/source",
        "/id",
        "/time",
        "/data/sku",
        "/data/location",
        "/data/counted",
        "/data/colour",
        "/UPPER",
    ];
    assert_eq!(pointers(event), expected);
    let rows: Vec<String> = (0..100).map(|_| "{}".to_owned()).collect();
    let data = format!(r#"{{"order":"O","lines":[{}]}}"#, rows.join(","));
    assert_eq!(pointers(&object(&envelope("order.placed", &data))).len(), ERRORS_MAX);
}

#[test]
fn an_invalid_event_is_named_as_far_as_it_can_be() {
    let invalid = read(r#"{"source":"wms","id":"7"}"#).unwrap_err();
    assert_eq!((invalid.source.as_deref(), invalid.id.as_deref()), (Some("wms"), Some("7")));
    let invalid = read(r#"{"source":5,"id":{}}"#).unwrap_err();
    assert_eq!((invalid.source, invalid.id), (None, None));
    let long = format!(r#"{{"id":"{}"}}"#, "x".repeat(100_000));
    assert_eq!(read(&long).unwrap_err().id.unwrap().len(), 128, "and no longer than a name");
}

#[test]
fn what_is_no_object_is_no_event() {
    for text in ["1", "\"stock.set\"", "null", "true", "[]", "[{}]", "1.5"] {
        assert_eq!(pointers(text), [""], "{text}");
    }
}

#[test]
fn nobody_speaks_for_onhand_itself() {
    let event = with(&envelope("stock.counted", good("stock.counted")), "source", "\"onhand\"");
    assert_eq!(pointers(&object(&event)), ["/source"]);
}

#[test]
fn the_data_is_json_and_nothing_else() {
    let good = envelope("stock.counted", good("stock.counted"));
    assert!(read(&object(&with(&good, "datacontenttype", "\"application/json\""))).is_ok());
    for wrong in ["\"text/plain\"", "\"\"", "1"] {
        let text = object(&with(&good, "datacontenttype", wrong));
        assert_eq!(pointers(&text), ["/datacontenttype"], "{text}");
    }
}

#[test]
fn extension_attributes_follow_the_rules_of_cloudevents() {
    let good = envelope("stock.counted", good("stock.counted"));
    let mut event = good.clone();
    for (name, value) in [("batchid", "\"b\""), ("number", "7"), ("flag", "true"), ("none", "null")]
    {
        event = with(&event, name, value);
    }
    let event = read(&object(&event)).unwrap();
    assert_eq!(event.batch_id(), Some("b"));
    assert_eq!(event.extensions["number"], "7");
    assert_eq!(event.extensions.len(), 3, "null is absent");
    for name in ["Upper", "with-dash", "with_underscore", "", "a23456789012345678901"] {
        assert_eq!(pointers(&object(&with(&good, name, "1"))), [format!("/{name}")]);
    }
    let mut many = good;
    for n in 0..=EXTENSIONS_MAX {
        many.push((format!("ext{n}"), "1".to_owned()));
    }
    assert_eq!(pointers(&object(&many)), [format!("/ext{EXTENSIONS_MAX}")]);
}

#[test]
fn extension_attributes_say_what_would_be_right() {
    let good = envelope("stock.counted", good("stock.counted"));
    let said = |name: &str, value: &str| {
        let invalid = read(&object(&with(&good, name, value))).unwrap_err();
        assert_eq!(invalid.errors.len(), 1, "{name} {value}");
        assert_eq!(invalid.errors[0].pointer, format!("/{name}"), "{value}");
        invalid.errors[0].detail.clone()
    };
    let text = |letter: &str, times: usize| quoted(&letter.repeat(times));
    for name in ["batchid", "correlationid"] {
        assert!(read(&object(&with(&good, name, &text("é", 128)))).is_ok());
        assert_eq!(said(name, &text("é", 129)), "must have at most 128 characters");
        assert_eq!(said(name, "\"\""), "must have at least 1 character");
        for (wrong, kind) in [
            ("7", "a number"),
            ("true", "a boolean"),
            ("1.5", "a number that is no 64-bit integer"),
            ("{}", "an object"),
            ("[]", "a list"),
        ] {
            assert_eq!(said(name, wrong), format!("must be a string, not {kind}"));
        }
    }
    assert!(read(&object(&with(&good, "note", &text("é", 2_000)))).is_ok());
    assert_eq!(said("note", &text("é", 2_001)), "must have at most 2000 characters");
    for name in ["batchid", "correlationid", "note"] {
        for control in ["\u{0}", "\n", "\u{7f}", "\u{85}"] {
            assert_eq!(said(name, &text(control, 1)), "must not contain control characters");
        }
    }
    for (wrong, kind) in [("1.5", "a number that is no 64-bit integer"), ("[]", "a list")] {
        let right = "must be a string, an integer or a boolean";
        assert_eq!(said("note", wrong), format!("{right}, not {kind}"));
    }
}

/// Any JSON at all.
fn any_json() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "sku",
        "location",
        "data",
        "type",
        "stock.set",
        "lines",
        "order",
        "quantity",
        "1.0",
        "2026-11-23T10:00:00Z",
        "order.placed",
        "line",
        "source",
        "id",
        "time",
        "specversion",
    ]);
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|value| value.to_string()),
        any::<i64>().prop_map(|value| value.to_string()),
        any::<u64>().prop_map(|value| value.to_string()),
        words.clone().prop_map(quoted),
        any::<String>().prop_map(|text| quoted(&text)),
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5)
                .prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec((words.clone(), inner), 0..6).prop_map(|members| {
                let members: Members =
                    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
                object(&members)
            }),
        ]
    })
}

proptest! {
    #![proptest_config(Config {
        cases: 400,
        rng_seed: RngSeed::Fixed(20_261_123),
        failure_persistence: None,
        ..Config::default()
    })]

    /// Whatever is sent is read or refused with at least one mistake, and never panics: alone, as
    /// the data of each type, and as a line.
    #[test]
    fn nothing_that_is_sent_panics(value in any_json(), which in 0..GOOD.len()) {
        let (event_type, good) = GOOD[which];
        let line = object(&with(&members(good), "lines", &format!("[{value}]")));
        for text in [&value, &object(&envelope(event_type, &value)), &object(&envelope(event_type, &line))] {
            if let Err(invalid) = read(text) {
                prop_assert!(!invalid.errors.is_empty());
                for error in &invalid.errors {
                    prop_assert!(error.pointer.is_empty() || error.pointer.starts_with('/'));
                }
            }
        }
    }
}
