//! The reader against `serde_json`, and against what is no JSON.

use std::fmt::Debug;

use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Malformed, read};

/// Something of every shape that travels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Everything {
    number: i64,
    count: u64,
    small: u32,
    truth: bool,
    text: String,
    #[serde(rename = "type")]
    kind: Kind,
    why: Why,
    maybe: Option<String>,
    pairs: Vec<(String, Option<String>)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    within: Vec<Self>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    InSync,
    Parked,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Why {
    Nothing,
    Because(String),
}

/// Text with everything that has to be escaped, and beyond the first 65,536 characters.
fn text() -> impl Strategy<Value = String> {
    proptest::collection::vec(any::<char>(), 0..12).prop_map(String::from_iter)
}

fn everything() -> impl Strategy<Value = Everything> {
    let why = prop_oneof![Just(Why::Nothing), text().prop_map(Why::Because)];
    let kind = prop_oneof![Just(Kind::InSync), Just(Kind::Parked)];
    let maybe = || proptest::option::of(text());
    let pairs = proptest::collection::vec((text(), maybe()), 0..4);
    let numbers = (any::<i64>(), any::<u64>(), any::<u32>(), any::<bool>());
    let leaf = (numbers, text(), kind, why, maybe(), pairs).prop_map(
        |((number, count, small, truth), text, kind, why, maybe, pairs)| Everything {
            number,
            count,
            small,
            truth,
            text,
            kind,
            why,
            maybe,
            pairs,
            within: Vec::new(),
        },
    );
    leaf.prop_recursive(3, 12, 3, |inner| {
        let within = proptest::collection::vec(inner.clone(), 0..3);
        (inner, within).prop_map(|(outer, within)| Everything { within, ..outer })
    })
}

proptest! {
    #[test]
    fn what_serde_json_writes_is_read(value in everything()) {
        let short = serde_json::to_string(&value).unwrap();
        prop_assert_eq!(read::<Everything>(&short), Ok(value.clone()));
        let spaced = serde_json::to_string_pretty(&value).unwrap();
        prop_assert_eq!(read::<Everything>(&spaced), Ok(value));
    }

    #[test]
    fn what_is_cut_off_or_damaged_is_malformed_and_nothing_worse(
        value in everything(),
        at in any::<prop::sample::Index>(),
        other in any::<char>(),
    ) {
        let whole = serde_json::to_string(&value).unwrap();
        let mut ends: Vec<usize> = whole.char_indices().map(|(end, _)| end).collect();
        let end = ends.swap_remove(at.index(ends.len()));
        prop_assert_eq!(read::<Everything>(&whole[..end]), Err(Malformed));
        // Damage may leave valid JSON: then it means what it means to others.
        let rest: String = whole[end..].chars().skip(1).collect();
        let damaged = format!("{}{other}{rest}", &whole[..end]);
        if let Ok(read) = read::<Everything>(&damaged) {
            prop_assert_eq!(read, serde_json::from_str::<Everything>(&damaged).unwrap());
        }
    }
}

fn refuses<T: for<'de> Deserialize<'de> + PartialEq + Debug>(text: &str) {
    assert_eq!(read::<T>(text), Err(Malformed), "{text}");
}

#[test]
fn every_escape_is_read() {
    let text = " \"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\\uD83D\\uDCE6 \u{2713}\" ";
    let meant = "\"\\/\u{8}\u{c}\n\r\t\u{e4}\u{1f4e6} \u{2713}";
    assert_eq!(read::<String>(text).unwrap(), meant);
    for bad in [
        r#""\x""#,
        r#""\u12""#,
        r#""\u12ö""#,
        r#""\ud83d""#,
        r#""\ud83d\u0041""#,
        r#""\udce6""#,
        "\"a\nb\"",
        "\"a",
    ] {
        refuses::<String>(bad);
    }
}

#[test]
fn numbers_are_whole_and_in_range() {
    assert_eq!(read::<i64>("-9223372036854775808"), Ok(i64::MIN));
    assert_eq!(read::<u64>("18446744073709551615"), Ok(u64::MAX));
    assert_eq!((read::<u64>("-0"), read::<i64>("0")), (Ok(0), Ok(0)));
    for bad in
        ["9223372036854775808", "-9223372036854775809", "1.0", "1e3", "01", "-", "", "+1", "1 2"]
    {
        refuses::<i64>(bad);
    }
    refuses::<u64>("-1");
    refuses::<u32>("4294967296");
}

#[test]
fn members_that_nobody_asked_for_are_skipped() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Only {
        a: i64,
    }
    for text in [
        r#"{"a":1}"#,
        r#"{"x":{"y":[1.5e-3,"}",null,{}],"z":[]},"a":1,"w":true}"#,
        r#"{"x":"\"]","a":1,"y":[[],[{}]]}"#,
    ] {
        assert_eq!(read::<Only>(text), Ok(Only { a: 1 }), "{text}");
    }
    for bad in
        [r#"{"x":,"a":1}"#, r#"{"x":],"a":1}"#, r#"{"a":1"#, r#"{"a":1}}"#, r#"{"a" 1}"#, "[1]"]
    {
        refuses::<Only>(bad);
    }
}
