//! `POST /api/v1/events`: any body under any content type, and any `ce-` headers.
//!
//! The first byte chooses the content type; in the binary mode, lines `name: value` up to an empty
//! one are headers.

#![no_main]

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;
use onhand_fuzz::intake::events::{REQUEST_EVENTS_MAX, read};
use onhand_fuzz::{is_event, is_explained};

const CONTENT_TYPES: [&str; 5] = [
    "application/json",
    "application/cloudevents+json",
    "application/cloudevents-batch+json; charset=utf-8",
    "application/x-ndjson",
    "text/plain",
];

fuzz_target!(|input: &[u8]| {
    let Some((choice, mut body)) = input.split_first() else { return };
    let mut headers = HeaderMap::new();
    if let Some(media) = CONTENT_TYPES.get(usize::from(*choice % 8)) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
    } else {
        headers.insert("ce-specversion", HeaderValue::from_static("1.0"));
        while let Some(end) = body.iter().position(|byte| *byte == b'\n') {
            let line = &body[..end];
            body = &body[end + 1..];
            let Some(colon) = line.iter().position(|byte| *byte == b':') else { break };
            let name = [b"ce-", &line[..colon]].concat();
            let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii());
            let (Ok(name), Ok(value)) = (HeaderName::from_bytes(&name), value) else { continue };
            headers.append(name, value);
        }
    }
    let Ok(events) = read(&headers, body) else { return };
    assert!(events.len() <= REQUEST_EVENTS_MAX);
    for event in &events {
        match event {
            Ok(event) => is_event(event),
            Err(invalid) => is_explained(invalid),
        }
    }
    assert_eq!(read(&headers, body).as_ref(), Ok(&events), "the same body says the same");
});
