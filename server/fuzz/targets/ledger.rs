//! Whatever is accepted as an event can be decided: any sequence of events, in any batches, on a
//! ledger that checks after each batch that it could be undone, and in the end that a replay of its
//! journal leads to the same state.
//!
//! The first byte chooses the settings, the others are a body of `application/x-ndjson`; an empty
//! line ends a batch.

#![no_main]

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use onhand::ledger::Input;
use onhand::sim::host::Host;
use onhand::state::Settings;
use onhand::time::{SECOND_US, Timestamp};
use onhand_fuzz::intake::events::read;

/// 2026-11-23T11:00:00Z, an hour after most of the seeds.
const WALL_US: i64 = 1_795_431_600 * SECOND_US;
/// Events of one input at most, so that inputs stay quick.
const EVENTS_MAX: usize = 60;

fuzz_target!(|input: &[u8]| {
    let Some((choice, body)) = input.split_first() else { return };
    let settings = Settings { create_unknown_skus: choice & 1 != 0, ..Settings::default() };
    let mut host = Host::new(settings, Timestamp::from_micros(WALL_US));
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    let (mut batch, mut events) = (Vec::new(), 0);
    for line in body.split(|byte| *byte == b'\n') {
        if line.trim_ascii().is_empty() {
            host.batch(&std::mem::take(&mut batch), "token:fuzz");
            host.pass(1);
        } else if let Ok(read) = read(&headers, line) {
            batch.extend(read.into_iter().flatten().map(Input::Event));
            events += 1;
        }
        if events >= EVENTS_MAX {
            break;
        }
    }
    host.batch(&batch, "token:fuzz");
    host.pass(100_000);
    host.verify();
});
