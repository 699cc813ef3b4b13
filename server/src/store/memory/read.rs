//! What pages and the API read.

use std::collections::{BTreeMap, BTreeSet};

use onhand::conflict::Conflict;
use onhand::history::{self, Step};
use onhand::id::{ConflictId, EventId, LocationId, Sku, Source};
use onhand::record::{ItemInfo, LocationInfo, Outcome};
use onhand::time::Timestamp;
use onhand::wire::page::{HistoryPoint, IntakeMinute};
use onhand::wire::stock::{LevelRow, StockPage, StockQuery};

use super::book::{Book, Line};
use crate::store::stock::{is_low, page_rows, read_cursor, write_cursor};
use crate::store::{
    ConflictQuery, DecidedBy, INTAKE_ROWS_MAX, JournalQuery, JournalRow, StoreError, Totals, about,
};

/// Microseconds in a minute.
const MINUTE_US: i64 = 60_000_000;

fn at_most(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

impl Book {
    pub(super) fn journal(&self, query: &JournalQuery) -> Vec<JournalRow> {
        let wanted = self.lines.iter().filter(|line| self.is_wanted(line, query));
        let limit = at_most(query.limit);
        let row = |line| self.row(line);
        if query.newest_first {
            return wanted.rev().take(limit).map(row).collect();
        }
        wanted.take(limit).map(row).collect()
    }

    fn is_wanted(&self, line: &Line, query: &JournalQuery) -> bool {
        let record = &line.record;
        let is = |wanted: &Option<String>, what: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| what == Some(wanted))
        };
        query.after.is_none_or(|after| record.seq > after)
            && query.before.is_none_or(|before| record.seq < before)
            && is(&query.event_type, Some(record.envelope.event_type()))
            && is(&query.source, Some(record.envelope.source.as_str()))
            && query.order.as_deref().is_none_or(|order| {
                let mut orders = record.order().into_iter().chain(record.further_orders());
                orders.any(|about| about.as_str() == order)
            })
            && query.outcome.is_none_or(|outcome| self.outcome(record) == outcome)
            && query.sku.as_deref().is_none_or(|sku| {
                about::named(record).into_iter().any(|named| named.as_str() == sku)
                    || history::steps(record).iter().any(|(touched, ..)| touched.as_str() == sku)
            })
    }

    fn row(&self, line: &Line) -> JournalRow {
        JournalRow {
            seq: line.record.seq,
            bytes: line.bytes.clone(),
            chain: line.chain.0,
            final_outcome: self.finals.get(&line.record.seq).map(|(outcome, _)| *outcome),
            decided_by: self.decided_by(line.record.seq),
            reversed_by: self.reversals.get(&line.record.seq).copied(),
        }
    }

    fn decided_by(&self, seq: u64) -> Option<DecidedBy> {
        let (_, decided) = self.finals.get(&seq).filter(|(_, decided)| *decided != seq)?;
        let line = self.lines.iter().find(|line| line.record.seq == *decided)?;
        Some(DecidedBy { event: line.record.event_ref(), conflict: line.record.conflict })
    }

    pub(super) fn journal_of(&self, source: &Source, id: &EventId) -> Vec<JournalRow> {
        self.lines_of(&(source.clone(), id.clone())).map(|line| self.row(line)).collect()
    }

    /// All levels, by SKU, then location, with the item's low-stock mark.
    fn levels(&self) -> BTreeMap<(Sku, String), (LevelRow, Option<i64>)> {
        let catalogue = self.state().catalogue();
        let rows = self.state().levels().map(|(sku, location, level)| {
            let row = LevelRow::of(catalogue, sku, location, level);
            ((row.sku.clone(), row.location.to_string()), (row, catalogue.item(sku).low_stock))
        });
        rows.collect()
    }

    pub(super) fn stock(&self, query: &StockQuery) -> Result<StockPage, StoreError> {
        let after = query.cursor.as_deref().map(read_cursor).transpose()?;
        let limit = at_most(page_rows(query));
        let is = |wanted: &Option<String>, what: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == what)
        };
        let text = query.q.as_ref().map(|q| q.to_ascii_lowercase()).unwrap_or_default();
        let contains = |what: &str| what.to_ascii_lowercase().contains(&text);
        let wanted = |row: &LevelRow, low_stock: Option<i64>| {
            is(&query.sku, row.sku.as_str())
                && is(&query.location, row.location.as_str())
                && (contains(row.sku.as_str()) || row.name.as_deref().is_some_and(contains))
                && (!query.low || is_low(row.available, low_stock))
                && after.as_ref().is_none_or(|(sku, location)| {
                    (row.sku.as_str(), row.location.as_str()) > (sku, location)
                })
        };
        let rows = self.levels().into_values().filter(|(row, low_stock)| wanted(row, *low_stock));
        let mut levels: Vec<LevelRow> = rows.map(|(row, _)| row).take(limit + 1).collect();
        let more = levels.len() > limit;
        levels.truncate(limit);
        let next_cursor = levels.last().filter(|_| more).map(write_cursor);
        Ok(StockPage { seq: self.state().head().seq, levels, next_cursor })
    }

    pub(super) fn levels_of(&self, skus: &[Sku]) -> Vec<LevelRow> {
        let rows = self.levels().into_values().map(|(row, _)| row);
        rows.filter(|row| skus.contains(&row.sku)).collect()
    }

    pub(super) fn scarce(&self, limit: u32) -> Vec<LevelRow> {
        let rows = self
            .levels()
            .into_values()
            .filter(|(row, low_stock)| is_low(row.available, *low_stock));
        let mut rows: Vec<LevelRow> = rows.map(|(row, _)| row).collect();
        // Stable: by SKU and location where equally scarce.
        rows.sort_by_key(|row| row.available);
        rows.truncate(at_most(limit));
        rows
    }

    pub(super) fn totals(&self) -> Totals {
        let levels = self.state().levels();
        Totals {
            seq: self.state().head().seq,
            units_available: levels.map(|(_, _, level)| level.available().max(0)).sum(),
            levels: self.state().levels().count() as u64,
            open_conflicts: self.state().open_conflicts().count() as u64,
        }
    }

    pub(super) fn intake(&self, from_minute: i64) -> Vec<IntakeMinute> {
        let mut minutes: BTreeMap<i64, IntakeMinute> = BTreeMap::new();
        for line in self.lines.iter().rev().take(INTAKE_ROWS_MAX) {
            let minute = line.record.recorded_at.micros().div_euclid(MINUTE_US);
            let empty = IntakeMinute { minute, applied: 0, conflict: 0, other: 0 };
            let counts = minutes.entry(minute).or_insert(empty);
            match line.record.outcome {
                Outcome::Applied => counts.applied += 1,
                Outcome::Conflict => counts.conflict += 1,
                _ => counts.other += 1,
            }
        }
        minutes.into_values().filter(|counts| counts.minute >= from_minute).collect()
    }

    pub(super) fn steps(&self, levels: &[(Sku, LocationId)], most: Option<u32>) -> Vec<Vec<Step>> {
        let of_level = |level| {
            let mut steps = self.steps.get(level).cloned().unwrap_or_default();
            if let Some(most) = most {
                let changes: BTreeSet<u64> =
                    steps.iter().filter(|step| step.is_change).map(Step::seq).collect();
                let newest: BTreeSet<u64> = changes.into_iter().rev().take(at_most(most)).collect();
                steps.retain(|step| step.is_change && newest.contains(&step.seq()));
            }
            steps.sort_by_key(|step| (step.occurred_at, step.seq()));
            steps
        };
        levels.iter().map(of_level).collect()
    }

    pub(super) fn seq_at(&self, recorded_at: Timestamp) -> u64 {
        self.lines.partition_point(|line| line.record.recorded_at <= recorded_at) as u64
    }

    pub(super) fn history(&self, sku: &Sku, limit: u32) -> Vec<HistoryPoint> {
        let mut points = Vec::new();
        for ((_, location), steps) in self.steps.iter().filter(|((item, _), _)| item == sku) {
            let mut on_hand = 0;
            for of_record in steps.chunk_by(|one, next| one.seq() == next.seq()) {
                let moved: i64 = of_record.iter().map(Step::on_hand).sum();
                on_hand += moved;
                if moved != 0 {
                    points.push(HistoryPoint {
                        seq: of_record[0].seq(),
                        at_us: of_record[0].recorded_at.micros(),
                        location: location.to_string(),
                        on_hand,
                    });
                }
            }
        }
        points.sort_by(|one, other| (one.seq, &one.location).cmp(&(other.seq, &other.location)));
        points.split_off(points.len().saturating_sub(at_most(limit)))
    }

    pub(super) fn item(&self, sku: &Sku) -> Option<ItemInfo> {
        self.state().catalogue().items().iter().find(|item| item.sku == *sku).cloned()
    }

    pub(super) fn items_of(&self, skus: &[Sku]) -> Vec<ItemInfo> {
        let mut items: Vec<ItemInfo> = skus.iter().filter_map(|sku| self.item(sku)).collect();
        items.sort_by(|one, other| one.sku.cmp(&other.sku));
        items.dedup_by(|one, other| one.sku == other.sku);
        items
    }

    pub(super) fn items(&self, after: Option<&str>, limit: u32) -> Vec<ItemInfo> {
        let items = self.state().catalogue().items().iter();
        let items: BTreeMap<&str, &ItemInfo> =
            items.map(|item| (item.sku.as_str(), item)).collect();
        let after = after.unwrap_or_default();
        let items = items.into_iter().filter(|(sku, _)| *sku > after).map(|(_, item)| item);
        items.take(at_most(limit)).cloned().collect()
    }

    pub(super) fn locations(&self) -> Vec<LocationInfo> {
        let catalogue = self.state().catalogue();
        let ranked = catalogue.ranking().iter().filter_map(|location| {
            let name = catalogue.location_name(*location);
            catalogue.locations().iter().find(|info| info.location == *name)
        });
        ranked.cloned().collect()
    }

    pub(super) fn conflicts(&self, query: &ConflictQuery) -> Vec<Conflict> {
        let wanted = self.conflicts.values().rev().filter(|conflict| {
            query.status.is_none_or(|status| conflict.status == status)
                && query.kind.is_none_or(|kind| conflict.kind == kind)
                && query.sku.as_deref().is_none_or(|wanted| self.is_about(conflict, wanted))
                && query.listing.as_ref().is_none_or(|(channel, listing)| {
                    conflict.channel.as_ref() == Some(channel)
                        && conflict.listing.as_ref() == Some(listing)
                })
                && query.before.is_none_or(|before| conflict.id.number() < before)
        });
        wanted.take(at_most(query.limit)).cloned().collect()
    }

    /// Whether a conflict is about an item; one that is about no single item is about those that its
    /// events name or have moved.
    fn is_about(&self, conflict: &Conflict, wanted: &str) -> bool {
        if let Some(sku) = &conflict.sku {
            return sku.as_str() == wanted;
        }
        let records = self.lines.iter().map(|line| &line.record);
        let mut own =
            records.filter(|record| conflict.events.iter().any(|event| event.seq == record.seq));
        own.any(|record| {
            let steps = history::steps(record);
            let moved = steps.iter().filter(|(.., step)| step.is_change).map(|(sku, ..)| *sku);
            record.envelope.data.skus().into_iter().chain(moved).any(|sku| sku.as_str() == wanted)
        })
    }

    pub(super) fn conflict(&self, id: ConflictId) -> Option<Conflict> {
        self.conflicts.get(&id).cloned()
    }
}
