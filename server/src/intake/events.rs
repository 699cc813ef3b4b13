//! Bodies of `POST /api/v1/events`: every content type of contract.md section 3 becomes one list of
//! events, each well-formed or with its mistakes.

use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use onhand::event::json::Json;
use onhand::event::{Event, Invalid, parse};

/// Events of one request at most (contract.md section 3).
pub const REQUEST_EVENTS_MAX: usize = 1_000;

/// Size of one request at most, in bytes (contract.md section 3).
pub const REQUEST_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Why a request is refused as a whole; nothing of it is recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRequest {
    /// The body is no JSON, or not of the form that its content type says.
    #[error("{0}")]
    Malformed(String),
    /// There are too many events.
    #[error("at most {REQUEST_EVENTS_MAX} events are taken in one request, not {0}")]
    TooMany(usize),
    /// The content type is not one that is taken.
    #[error(
        "content type must be application/cloudevents+json, application/cloudevents-batch+json, \
         application/json or application/x-ndjson, or the event's attributes must be in ce- headers"
    )]
    ContentType,
}

/// Reads the events of a request.
///
/// # Errors
/// When the request cannot be taken as a whole. An event that does not fit is no such error.
pub fn read(headers: &HeaderMap, body: &[u8]) -> Result<Vec<Result<Event, Invalid>>, BadRequest> {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let content_type = content_type.unwrap_or("application/json");
    let media = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let values = match media.as_str() {
        "application/cloudevents+json" => vec![object(json(body)?)?],
        "application/cloudevents-batch+json" => list(json(body)?)?,
        "application/x-ndjson" => lines(body)?,
        "application/json" if headers.contains_key("ce-specversion") => {
            vec![binary(headers, body)?]
        }
        "application/json" => match json(body)? {
            array @ Json::Array(_) => list(array)?,
            other => vec![object(other)?],
        },
        _ => return Err(BadRequest::ContentType),
    };
    if values.len() > REQUEST_EVENTS_MAX {
        return Err(BadRequest::TooMany(values.len()));
    }
    Ok(values.iter().map(parse).collect())
}

fn json(body: &[u8]) -> Result<Json, BadRequest> {
    serde_json::from_slice(body)
        .map_err(|error| BadRequest::Malformed(format!("the body is not JSON: {error}")))
}

fn object(value: Json) -> Result<Json, BadRequest> {
    object_at("the event", value)
}

fn object_at(what: &str, value: Json) -> Result<Json, BadRequest> {
    match value {
        object @ Json::Object(_) => Ok(object),
        other => {
            Err(BadRequest::Malformed(format!("{what} must be an object, not {}", other.kind())))
        }
    }
}

fn list(value: Json) -> Result<Vec<Json>, BadRequest> {
    match value {
        Json::Array(values) => {
            let values = values.into_iter().enumerate();
            values.map(|(index, value)| object_at(&format!("event {}", index + 1), value)).collect()
        }
        other => {
            Err(BadRequest::Malformed(format!("the body must be a list, not {}", other.kind())))
        }
    }
}

fn lines(body: &[u8]) -> Result<Vec<Json>, BadRequest> {
    let mut values = Vec::new();
    for (number, line) in body.split(|byte| *byte == b'\n').enumerate() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let value = serde_json::from_slice(line).map_err(|error| {
            BadRequest::Malformed(format!("line {} is not JSON: {error}", number + 1))
        })?;
        values.push(object_at(&format!("line {}", number + 1), value)?);
    }
    Ok(values)
}

/// The CloudEvents binary mode: attributes in `ce-` headers, the data alone in the body.
fn binary(headers: &HeaderMap, body: &[u8]) -> Result<Json, BadRequest> {
    let mut members = Vec::new();
    for (name, value) in headers {
        let Some(attribute) = name.as_str().strip_prefix("ce-") else { continue };
        let value = value.to_str().ok().and_then(percent_decode).ok_or_else(|| {
            BadRequest::Malformed(format!("header {name} must be percent-encoded text"))
        })?;
        // Headers know only text; `expectedversion` is an integer by its definition.
        let value = match value.parse::<i64>() {
            Ok(number) if attribute == "expectedversion" => Json::Integer(number),
            _ => Json::String(value),
        };
        members.push((attribute.to_owned(), value));
    }
    if !body.trim_ascii().is_empty() {
        members.push(("data".to_owned(), json(body)?));
    }
    Ok(Json::Object(members))
}

/// Undoes the percent-encoding of a header's value (CloudEvents HTTP binding, section 3.1.3.2).
fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        if *first == b'%' {
            let [byte] = onhand::journal::unhex::<1>(std::str::from_utf8(tail.get(..2)?).ok()?)?;
            bytes.push(byte);
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = r#"{"specversion":"1.0","source":"wms-1","id":"a","type":"stock.received",
        "time":"2026-11-23T10:00:00Z","data":{"sku":"S","location":"L","quantity":1}}"#;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn read_as(content_type: &str, body: &str) -> Result<Vec<Result<Event, Invalid>>, BadRequest> {
        read(&headers(&[("content-type", content_type)]), body.as_bytes())
    }

    #[test]
    fn every_content_type_gives_the_same_event() {
        let one_line = ONE.replace('\n', "");
        let all = [
            read_as("application/cloudevents+json; charset=utf-8", ONE),
            read_as("application/json", ONE),
            read_as("application/json", &format!("[{ONE}]")),
            read_as("application/cloudevents-batch+json", &format!("[{ONE}]")),
            read_as("application/x-ndjson", &format!("{one_line}\n\n")),
            read(
                &headers(&[
                    ("content-type", "application/json"),
                    ("ce-specversion", "1.0"),
                    ("ce-source", "wms%2D1"),
                    ("ce-id", "a"),
                    ("ce-type", "stock.received"),
                    ("ce-time", "2026-11-23T10:00:00Z"),
                ]),
                br#"{"sku":"S","location":"L","quantity":1}"#,
            ),
        ];
        let first = all[0].clone().unwrap();
        assert!(first[0].is_ok(), "{first:?}");
        for events in all {
            assert_eq!(events.unwrap(), first);
        }
    }

    #[test]
    fn malformed_bodies_are_refused_as_a_whole() {
        for (content_type, body) in [
            ("application/json", "{"),
            ("application/json", "3"),
            ("application/json", "[1]"),
            ("application/cloudevents+json", "[]"),
            ("application/cloudevents-batch+json", "{}"),
            ("application/x-ndjson", "{}\n{"),
        ] {
            let error = read_as(content_type, body).unwrap_err();
            assert!(matches!(error, BadRequest::Malformed(_)), "{content_type} {body}: {error}");
        }
        assert_eq!(read_as("text/plain", ONE).unwrap_err(), BadRequest::ContentType);
        let many = format!("[{}]", vec!["{}"; 1_001].join(","));
        assert_eq!(read_as("application/json", &many).unwrap_err(), BadRequest::TooMany(1_001));
    }

    #[test]
    fn what_is_no_object_is_named_by_its_place() {
        for (content_type, body, place) in [
            ("application/json", "3", "the event must"),
            ("application/json", "[{},1]", "event 2 must"),
            ("application/x-ndjson", "{}\n\n[]", "line 3 must"),
        ] {
            let error = read_as(content_type, body).unwrap_err().to_string();
            assert!(error.starts_with(place), "{error}");
        }
    }

    #[test]
    fn an_object_that_does_not_fit_is_invalid_and_does_not_touch_the_others() {
        let events = read_as("application/json", &format!("[{{}},{ONE}]")).unwrap();
        assert!(events[0].is_err());
        assert!(events[1].is_ok());
    }
}
