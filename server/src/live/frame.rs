//! Writes the text of frames from rows that are encoded already. `onhand::wire::live` describes
//! what a reader makes of them.

use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

use axum::extract::ws::Utf8Bytes;
use onhand::wire::live::{ServerFrame, Topic};
use serde::Serialize;

/// From this size on a list goes on in the next frame. Levels of one delta stay together, because
/// a reader's view has to be right after every frame.
pub const FRAME_BYTES: usize = 64 * 1_024;

/// Events told one by one in a delta. What is more than that is no feed that anybody reads: the
/// newest follow as a snapshot of the topic instead.
pub const DELTA_EVENTS_MAX: usize = 2_048;

/// Rows of the journal in a snapshot: what a feed on a screen shows.
pub const SNAPSHOT_EVENTS: usize = 100;

/// A row in its JSON form: a part of a buffer that all readers share.
#[derive(Debug, Clone)]
pub struct Piece {
    buffer: Arc<str>,
    place: Range<u32>,
}

impl Piece {
    /// The row's JSON.
    pub fn as_str(&self) -> &str {
        &self.buffer[self.place.start as usize..self.place.end as usize]
    }

    /// Rows as JSON, one piece each, in one buffer.
    pub fn encode<'a, T: Serialize + 'a>(rows: impl IntoIterator<Item = &'a T>) -> Vec<Self> {
        let mut buffer = Buffer::default();
        for row in rows {
            // Rows are plain data with string keys, which always serialise.
            buffer.add(&serde_json::to_string(row).unwrap_or_default());
        }
        buffer.finish()
    }
}

/// Gathers rows into one shared buffer.
#[derive(Debug, Default)]
pub struct Buffer {
    text: String,
    ends: Vec<u32>,
}

impl Buffer {
    /// Adds a row that is JSON already.
    pub fn add(&mut self, row: &str) {
        self.text.push_str(row);
        // A buffer holds the rows of one batch or one page, far below 4 GiB.
        self.ends.push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
    }

    /// The rows added, in order.
    pub fn finish(self) -> Vec<Piece> {
        let buffer: Arc<str> = Arc::from(self.text);
        let mut start = 0;
        let piece = |end: u32| {
            let place = std::mem::replace(&mut start, end)..end;
            Piece { buffer: Arc::clone(&buffer), place }
        };
        self.ends.into_iter().map(piece).collect()
    }
}

/// The rows of a frame, as JSON.
#[derive(Debug, Default)]
pub struct Rows<'a> {
    /// Levels as they are now.
    pub levels: Vec<&'a str>,
    /// Rows of the journal, oldest first.
    pub events: Vec<&'a str>,
    /// Conflicts as they are now.
    pub conflicts: Vec<&'a str>,
    /// Publications as they are now.
    pub publications: Vec<&'a str>,
    /// Channels as they are now.
    pub channels: Vec<&'a str>,
}

impl Rows<'_> {
    /// Whether there is nothing to tell.
    pub const fn is_empty(&self) -> bool {
        self.levels.is_empty()
            && self.events.is_empty()
            && self.conflicts.is_empty()
            && self.publications.is_empty()
            && self.channels.is_empty()
    }
}

/// What changed from one place of the journal to another: a delta, and after it a snapshot of the
/// events where there are more than [`DELTA_EVENTS_MAX`].
pub fn update(from: u64, to: u64, mut rows: Rows<'_>) -> Vec<Utf8Bytes> {
    if rows.events.len() <= DELTA_EVENTS_MAX {
        return deltas(from, to, &rows);
    }
    let events = std::mem::take(&mut rows.events);
    let newest = events[events.len() - SNAPSHOT_EVENTS..].to_vec();
    let mut frames = deltas(from, to, &rows);
    let newest = Rows { events: newest, ..Rows::default() };
    frames.extend(snapshots(Topic::Events, to, &newest));
    frames
}

/// A delta from one place of the journal to another. Events that do not fit into one frame follow
/// in further ones that begin and end at `to`.
fn deltas(from: u64, to: u64, rows: &Rows<'_>) -> Vec<Utf8Bytes> {
    let mut frames = Vec::with_capacity(1);
    let mut events = rows.events.as_slice();
    let nothing = Rows::default();
    let (mut from, mut rest) = (from, rows);
    loop {
        let size = bytes(&rest.levels) + bytes(&rest.conflicts) + bytes(&rest.publications);
        let (now, later) = split(events, FRAME_BYTES.saturating_sub(size));
        let mut text = String::with_capacity(size + bytes(now) + bytes(&rest.channels) + 256);
        // Writing into a string cannot fail.
        let _ = write!(text, r#"{{"type":"delta","from":{from},"to":{to}"#);
        list(&mut text, "levels", &rest.levels);
        list(&mut text, "events", now);
        list(&mut text, "conflicts", &rest.conflicts);
        list(&mut text, "publications", &rest.publications);
        list(&mut text, "channels", &rest.channels);
        text.push('}');
        frames.push(Utf8Bytes::from(text));
        if later.is_empty() {
            return frames;
        }
        (from, rest, events) = (to, &nothing, later);
    }
}

/// A snapshot of a topic, in as many frames as its rows need; at least one.
pub fn snapshots(topic: Topic, seq: u64, rows: &Rows<'_>) -> Vec<Utf8Bytes> {
    let (name, mut rest): (_, &[&str]) = match topic {
        Topic::Stock => ("levels", &rows.levels),
        Topic::Events => ("events", &rows.events),
        Topic::Conflicts => ("conflicts", &rows.conflicts),
        Topic::Channels => ("publications", &rows.publications),
    };
    let topic_name = match topic {
        Topic::Stock => "stock",
        Topic::Events => "events",
        Topic::Conflicts => "conflicts",
        Topic::Channels => "channels",
    };
    let mut channels = rows.channels.as_slice();
    let mut frames = Vec::new();
    loop {
        let (now, later) = split(rest, FRAME_BYTES);
        let mut text = String::with_capacity(bytes(now) + bytes(channels) + 128);
        // Writing into a string cannot fail.
        let _ = write!(text, r#"{{"type":"snapshot","topic":"{topic_name}","seq":{seq}"#);
        list(&mut text, name, now);
        if topic == Topic::Channels {
            list(&mut text, "channels", std::mem::take(&mut channels));
        }
        text.push('}');
        frames.push(Utf8Bytes::from(text));
        rest = later;
        if rest.is_empty() {
            return frames;
        }
    }
}

/// A frame without rows: a welcome or a bye.
pub fn plain(frame: &ServerFrame) -> Utf8Bytes {
    // Plain data with string keys always serialises.
    Utf8Bytes::from(serde_json::to_string(frame).unwrap_or_default())
}

fn bytes(rows: &[&str]) -> usize {
    rows.iter().map(|row| row.len() + 1).sum()
}

/// The first rows that fit into a budget, at least one, and the others.
fn split<'a, 'b>(rows: &'a [&'b str], budget: usize) -> (&'a [&'b str], &'a [&'b str]) {
    let mut size = 0;
    let fits = rows.iter().take_while(|row| {
        size += row.len() + 1;
        size <= budget
    });
    let count = fits.count().max(1).min(rows.len());
    rows.split_at(count)
}

fn list(text: &mut String, name: &str, rows: &[&str]) {
    text.push_str(",\"");
    text.push_str(name);
    text.push_str("\":[");
    for (index, row) in rows.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(row);
    }
    text.push(']');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delta_has_every_list() {
        let frames = deltas(3, 5, &Rows { levels: vec!["1", "2"], ..Rows::default() });
        let text: Vec<&str> = frames.iter().map(Utf8Bytes::as_str).collect();
        assert_eq!(
            text,
            [
                r#"{"type":"delta","from":3,"to":5,"levels":[1,2],"events":[],"conflicts":[],"publications":[],"channels":[]}"#
            ]
        );
    }

    #[test]
    fn events_that_do_not_fit_follow_in_frames_that_begin_where_the_first_ended() {
        let row = format!("\"{}\"", "x".repeat(FRAME_BYTES / 2));
        let rows = Rows { levels: vec!["1"], events: vec![&row; 3], ..Rows::default() };
        let frames = deltas(3, 5, &rows);
        assert_eq!(frames.len(), 3);
        assert!(frames[0].starts_with(r#"{"type":"delta","from":3,"to":5,"levels":[1],"#));
        for frame in &frames[1..] {
            assert!(frame.starts_with(r#"{"type":"delta","from":5,"to":5,"levels":[],"#));
        }
    }

    #[test]
    fn too_many_events_become_a_snapshot_of_the_newest() {
        let events: Vec<String> = (0..=DELTA_EVENTS_MAX).map(|seq| seq.to_string()).collect();
        let events: Vec<&str> = events.iter().map(String::as_str).collect();
        let frames = update(0, 2_049, Rows { events, ..Rows::default() });
        assert_eq!(frames.len(), 2);
        assert!(frames[0].starts_with(r#"{"type":"delta","from":0,"to":2049,"#));
        let first = r#"{"type":"snapshot","topic":"events","seq":2049,"events":[1949,1950,"#;
        assert!(frames[1].starts_with(first), "{}", &frames[1][..100]);
    }

    #[test]
    fn a_snapshot_is_at_least_one_frame_and_names_channels_once() {
        let empty = snapshots(Topic::Conflicts, 9, &Rows::default());
        assert_eq!(empty.len(), 1);
        assert_eq!(
            empty[0].as_str(),
            r#"{"type":"snapshot","topic":"conflicts","seq":9,"conflicts":[]}"#
        );
        let row = format!("\"{}\"", "x".repeat(FRAME_BYTES));
        let rows = Rows { publications: vec![&row, &row], channels: vec!["7"], ..Rows::default() };
        let frames = snapshots(Topic::Channels, 9, &rows);
        assert!(frames[0].ends_with(r#","channels":[7]}"#));
        assert!(frames[1].ends_with(r#","channels":[]}"#));
    }

    #[test]
    fn pieces_are_the_rows() {
        let pieces = Piece::encode(&["a".to_owned(), "ö".to_owned()]);
        let texts: Vec<&str> = pieces.iter().map(Piece::as_str).collect();
        assert_eq!(texts, ["\"a\"", "\"ö\""]);
    }
}
