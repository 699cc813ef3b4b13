use onhand::conflict::{ConflictKind, Evidence};
use onhand::record::Outcome;
use onhand::time::Timestamp;
use onhand::wire::live::{EnvelopeRow, Remarks};

use super::*;

pub(crate) fn event(seq: u64, outcome: Outcome, at_us: i64) -> EventRow {
    EventRow {
        seq,
        recorded_at: Timestamp::from_micros(at_us),
        actor: "token:test".to_owned(),
        envelope: EnvelopeRow {
            source: "test".to_owned(),
            id: seq.to_string(),
            event_type: "stock.adjusted".to_owned(),
            time: Timestamp::from_micros(at_us),
            data: Remarks::default(),
        },
        outcome,
        reason: None,
        conflict: None,
        effects: Vec::new(),
    }
}

pub(crate) fn delta(from: u64, to: u64, events: Vec<EventRow>) -> Delta {
    Delta {
        from,
        to,
        levels: Vec::new(),
        events,
        conflicts: Vec::new(),
        publications: Vec::new(),
        channels: Vec::new(),
    }
}

fn snapshot(topic: Topic, seq: u64) -> Snapshot {
    Snapshot {
        topic,
        seq,
        levels: Vec::new(),
        events: Vec::new(),
        conflicts: Vec::new(),
        publications: Vec::new(),
        channels: Vec::new(),
    }
}

pub(crate) fn level(sku: &str, version: u64) -> LevelRow {
    LevelRow {
        sku: Sku::new(sku).unwrap(),
        location: LocationId::new("berlin").unwrap(),
        name: None,
        on_hand: 5,
        available: 5,
        committed: 0,
        reserved: 0,
        damaged: 0,
        quality_control: 0,
        safety_stock: 0,
        incoming: 0,
        version,
        counted_at: None,
        updated_at: Timestamp::from_micros(0),
    }
}

fn conflict(number: u64, kind: ConflictKind, status: ConflictStatus, version: u64) -> Conflict {
    Conflict {
        id: ConflictId::from_number(number),
        kind,
        status,
        opened_at: Timestamp::from_micros(0),
        opened_seq: 1,
        renewed_seq: None,
        sku: None,
        location: None,
        order: None,
        transfer: None,
        channel: None,
        listing: None,
        count: None,
        content: None,
        events: Vec::new(),
        event_count: 0,
        evidence: vec![Evidence::new("label", "value")],
        version,
        resolution: None,
    }
}

#[test]
fn deltas_are_taken_in_order_and_repeats_are_skipped() {
    let mut book = Book::new(7);
    assert_eq!(book.delta(&delta(7, 9, vec![event(8, Outcome::Applied, 1)]), 0), Verdict::Applied);
    assert_eq!(book.delta(&delta(7, 9, Vec::new()), 0), Verdict::Skipped);
    assert_eq!(book.seq(), 9);
    assert_eq!(book.tail_after(7).len(), 1);
    assert_eq!(book.tail_after(8).len(), 0);
}

#[test]
fn a_frame_without_events_counts_too() {
    let mut book = Book::new(7);
    assert_eq!(book.delta(&delta(7, 7, Vec::new()), 0), Verdict::Applied);
}

#[test]
fn a_gap_is_told_once_and_mended_by_a_snapshot() {
    let mut book = Book::new(7);
    assert_eq!(book.delta(&delta(9, 10, Vec::new()), 0), Verdict::Gap);
    assert_eq!(book.delta(&delta(10, 11, Vec::new()), 0), Verdict::Skipped);
    book.snapshot(&snapshot(Topic::Stock, 12));
    assert_eq!(book.delta(&delta(10, 12, Vec::new()), 0), Verdict::Skipped);
    assert_eq!(book.delta(&delta(12, 13, Vec::new()), 0), Verdict::Applied);
    assert_eq!(book.delta(&delta(11, 14, Vec::new()), 0), Verdict::Gap, "it overlaps");
}

#[test]
fn a_page_on_its_way_gets_what_changed_meanwhile() {
    let mut book = Book::new(7);
    let mut frame = delta(7, 8, Vec::new());
    frame.levels.push(level("A", 4));
    book.delta(&frame, 0);
    assert_eq!(book.newest_level(level("A", 3)).version, 4);
    assert_eq!(book.newest_level(level("A", 5)).version, 5);
    assert_eq!(book.newest_level(level("B", 1)).version, 1);
    assert!(book.covers(7) && !book.covers(6));
    book.snapshot(&snapshot(Topic::Stock, 20));
    assert!(!book.covers(8), "a page from before the gap has to be sent again");
}

#[test]
fn open_conflicts_are_those_of_the_page_with_what_came_since() {
    use ConflictKind::{Oversold, Unmapped};
    use ConflictStatus::{Open, Resolved};
    let mut book = Book::new(7);
    let page = [conflict(1, Unmapped, Open, 1), conflict(2, Unmapped, Open, 1)];
    let mut frame = delta(7, 8, Vec::new());
    frame.conflicts.push(conflict(1, Unmapped, Resolved, 2));
    frame.conflicts.push(conflict(3, Oversold, Open, 1));
    book.delta(&frame, 0);
    let numbers = |open: Vec<Conflict>| open.iter().map(|c| c.id.number()).collect::<Vec<_>>();
    assert_eq!(numbers(book.open_conflicts(&page, 7)), [3, 2]);

    let mut all = snapshot(Topic::Conflicts, 20);
    all.conflicts.push(conflict(3, Oversold, Open, 1));
    book.snapshot(&all);
    let mut more = snapshot(Topic::Conflicts, 20);
    more.conflicts.push(conflict(4, Unmapped, Open, 1));
    book.snapshot(&more);
    assert_eq!(numbers(book.open_conflicts(&page, 7)), [3, 4], "2 was resolved in the gap");
}

#[test]
fn the_tail_is_bounded() {
    let mut book = Book::new(0);
    let events: Vec<EventRow> = (1..=300).map(|seq| event(seq, Outcome::Applied, 1)).collect();
    book.delta(&delta(0, 300, events), 0);
    let tail = book.tail_after(0);
    assert_eq!((tail.len(), tail[0].seq), (TAIL_ROWS, 300));
}
