//! The rule book of the core as tests, readable as documentation: one file per rule, each test
//! named by what the rule says. Beside the tables, [`properties`] states what holds for any events
//! in any order.
//!
//! [`harness`] runs the core as the processor does, over a store that lives in memory. After every
//! batch of every scenario it also proves that the batch could have been undone without a trace,
//! and that a replay of the journal leads to the same state.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod golden;
mod harness;
mod samples;
mod says;
mod story;

mod allocation;
mod amendments;
mod corrections_in_parts;
mod corrections_under_newer_counts;
mod counts;
mod counts_of_one_moment;
mod counts_that_stand_again;
mod decisions_on_what_gave_way;
mod drift;
mod excess;
mod future;
mod held_facts;
mod history;
mod history_between_counts;
mod history_of_orders;
mod history_of_states;
mod idempotency;
mod journal;
mod kits;
mod kits_in_orders;
mod listings;
mod mass_changes;
mod mass_changes_in_parts;
mod mass_changes_of_names;
mod mass_changes_that_grow;
mod mentions;
mod moves;
mod names;
mod names_of_one_event;
mod orphans;
mod overlaps;
mod oversold;
mod parking;
mod parsing;
mod poison;
mod properties;
mod questions_about_counts;
mod range;
mod receipts;
mod refusals;
mod releases;
mod reservations;
mod restoring;
mod returns;
mod reversals;
mod reversals_of_cancellations;
mod reversals_of_decisions;
mod reversals_of_orders;
mod reversals_of_seconds;
mod reversals_of_transfers;
mod reversals_of_what_went_on;
mod seconds;
mod seconds_of_transfers;
mod shortages;
mod subjects;
mod takeovers;
mod takeovers_by_line;
mod timers;
mod transfers;
mod transfers_near_counts;
mod versions;
mod wording;
mod words_on_counts;
