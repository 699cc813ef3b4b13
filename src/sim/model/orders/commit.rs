//! Promises: where the units of a line are to come from.

use std::collections::{BTreeMap, BTreeSet};

use super::Line;
use super::take_over::{keep_shipped, take_over};
use crate::event::{OrderPlaced, OrderedLine};
use crate::id::{LineId, LocationId, OrderId, Sku};
use crate::record::Outcome;
use crate::sim::model::Model;
use crate::sim::model::levels::available;

/// Units of a line that are to be promised somewhere.
type Need = (LineId, i64);

impl Model {
    pub(in crate::sim::model) fn place_order(&mut self, data: &OrderPlaced) -> Outcome {
        let order = self.order_or_new(&data.order);
        if order.revision.is_some() {
            // An amendment that a person has applied without it says what the lines now are.
            order.placed = true;
            self.wake_order(&data.order);
            return Outcome::Applied;
        }
        let early = order.lines.clone();
        let mut lines = Vec::new();
        for row in &data.lines {
            let sku = self.item(&row.sku).expect("the item is known");
            // A kit that was held is what it was then.
            let held = early.iter().find(|line| line.sku == sku).map(|line| line.kit.clone());
            let kit = held.unwrap_or_else(|| self.parts(&sku));
            lines.push(Line { ordered: row.quantity, ..Line::new(&row.line, &sku, kit) });
        }
        let places = data.lines.iter().map(|row| self.place(row.location.as_ref()?));
        let places: Vec<Option<LocationId>> = places.collect();
        let left = take_over(&early, &mut lines, &places);
        let order = self.order_mut(&data.order);
        order.placed = true;
        order.lines = lines;
        let cancelled = order.cancelled;
        for (index, row) in data.lines.iter().enumerate() {
            if row.location.is_none() && !cancelled {
                self.gather_held_kit(&data.order, index);
            }
        }
        let order = self.order_mut(&data.order);
        let mut wanted: Vec<(&OrderedLine, i64)> = Vec::new();
        for (row, line) in data.lines.iter().zip(&mut order.lines) {
            let open = line.open();
            if order.cancelled {
                line.cancelled += open;
            } else if open > 0 {
                wanted.push((row, open));
            }
        }
        self.commit_lines(&data.order, &wanted);
        keep_shipped(self.order_mut(&data.order), left);
        // Lines stand in the order in which they were first named.
        let first = |line: &Line| early.iter().position(|known| known.id == line.id);
        let lines = &mut self.order_mut(&data.order).lines;
        lines.sort_by_key(|line| first(line).unwrap_or(early.len()));
        self.wake_order(&data.order);
        Outcome::Applied
    }

    /// A kit is never split: all of a line is where some of it was held, if all of that is there; else
    /// all of it goes elsewhere together.
    fn gather_held_kit(&mut self, order: &OrderId, index: usize) {
        let line = self.order_mut(order).lines[index].clone();
        let held = line.shares.iter().filter(|share| share.committed > 0);
        let held: Vec<&LocationId> = held.map(|share| &share.location).collect();
        let (open, fits) = (line.open(), |place: &LocationId, more: i64| {
            line.items(more).into_iter().all(|(item, units)| self.free(&item, place) >= units)
        });
        let stays = match held[..] {
            [] => return,
            [place] => open == 0 || fits(place, open),
            _ => false,
        };
        if line.kit.is_empty() || stays && open == 0 {
            return;
        }
        let place = held[0].clone();
        let line = &mut self.order_mut(order).lines[index];
        if stays {
            line.share(&place).committed += open;
        } else {
            line.release(line.committed());
        }
    }

    /// Promises units to lines of an order: first where lines say so, then by ranking.
    pub(super) fn commit_lines(&mut self, order: &OrderId, wanted: &[(&OrderedLine, i64)]) {
        let mut anywhere: Vec<Need> = Vec::new();
        for (row, quantity) in wanted {
            let need = (row.line.clone(), *quantity);
            match &row.location {
                Some(name) => {
                    let location = self.place(name).expect("the location is known");
                    self.promise(order, &[need], &location);
                }
                None => anywhere.push(need),
            }
        }
        for needs in self.tied(order, &anywhere) {
            self.commit_together(order, &needs);
        }
    }

    /// The needs that have to be decided together, since they take from the same items: each such
    /// group in line order.
    fn tied(&mut self, order: &OrderId, needs: &[Need]) -> Vec<Vec<Need>> {
        let lines = &self.order_mut(order).lines;
        let mut groups: Vec<(BTreeSet<Sku>, Vec<Need>)> = Vec::new();
        for line in lines {
            for need in needs.iter().filter(|(id, _)| *id == line.id) {
                // Lines of one kit are summed, also where it has changed what it consists of.
                let of = |line: &Line| {
                    let items = line.items(1).into_iter().map(|(item, _)| item);
                    items.chain([line.sku.clone()]).collect::<Vec<Sku>>()
                };
                let (mut items, mut group) = (BTreeSet::from_iter(of(line)), Vec::new());
                groups.retain(|(others, known)| {
                    let apart = others.is_disjoint(&items);
                    if !apart {
                        group.extend(known.iter().cloned());
                    }
                    apart
                });
                group.push(need.clone());
                let lines = lines.iter().filter(|line| group.iter().any(|(id, _)| *id == line.id));
                items.extend(lines.flat_map(of));
                groups.push((items, group));
            }
        }
        let place = |id: &LineId| lines.iter().position(|line| line.id == *id);
        for (_, group) in &mut groups {
            group.sort_by_key(|(id, _)| place(id));
        }
        groups.into_iter().map(|(_, group)| group).collect()
    }

    /// All at one location, if one has all of it. Else the kits first: all of one kit together,
    /// else line by line, never split; then the items, split if they have to be.
    fn commit_together(&mut self, order: &OrderId, needs: &[Need]) {
        if self.promise_whole(order, needs) {
            return;
        }
        let first = self.ranking()[0].clone();
        let lines = self.order_mut(order).lines.clone();
        let line = |id: &LineId| lines.iter().find(|line| line.id == *id).expect("it is a line");
        let mut done: Vec<&Sku> = Vec::new();
        for (id, _) in needs.iter().filter(|(id, _)| !line(id).kit.is_empty()) {
            let kit = &line(id).sku;
            if done.contains(&kit) {
                continue;
            }
            done.push(kit);
            let same = needs.iter().filter(|(id, _)| line(id).sku == *kit);
            let same: Vec<Need> = same.cloned().collect();
            if self.promise_whole(order, &same) {
                continue;
            }
            for need in same {
                if !self.promise_whole(order, std::slice::from_ref(&need)) {
                    self.promise(order, &[need], &first);
                }
            }
        }
        let mut sums: BTreeMap<&Sku, i64> = BTreeMap::new();
        for (id, quantity) in needs.iter().filter(|(id, _)| line(id).kit.is_empty()) {
            *sums.entry(&line(id).sku).or_default() += quantity;
        }
        for (sku, sum) in sums {
            let mut parts = self.split(sku, sum);
            for (id, quantity) in needs.iter().filter(|(id, _)| line(id).sku == *sku) {
                let mut left = *quantity;
                for (location, units) in &mut parts {
                    let part = left.min(*units);
                    self.promise(order, &[(id.clone(), part)], location);
                    *units -= part;
                    left -= part;
                }
            }
        }
    }

    /// Promises all of this at the first location by rank that has all of it, if one has.
    fn promise_whole(&mut self, order: &OrderId, needs: &[Need]) -> bool {
        let mut sums: BTreeMap<Sku, i64> = BTreeMap::new();
        for (id, quantity) in needs {
            for (item, units) in self.line_mut(order, id).items(*quantity) {
                *sums.entry(item).or_default() += units;
            }
        }
        let has_all = |location: &LocationId| {
            let mut items = sums.iter();
            items.all(|(item, sum)| self.free(item, location) >= *sum)
        };
        let Some(location) = self.ranking().into_iter().find(has_all) else { return false };
        self.promise(order, needs, &location);
        true
    }

    fn promise(&mut self, order: &OrderId, needs: &[Need], location: &LocationId) {
        for (id, quantity) in needs.iter().filter(|(_, quantity)| *quantity > 0) {
            self.line_mut(order, id).share(location).committed += quantity;
        }
    }

    /// What is available of an item at a location.
    pub(in crate::sim::model) fn free(&self, item: &Sku, location: &LocationId) -> i64 {
        available(&self.level(&(item.clone(), location.clone())))
    }

    /// Where so many units of one item are to come from.
    fn split(&self, sku: &Sku, quantity: i64) -> Vec<(LocationId, i64)> {
        let ranking = self.ranking();
        if let Some(whole) = ranking.iter().find(|location| self.free(sku, location) >= quantity) {
            return vec![(whole.clone(), quantity)];
        }
        let mut left = quantity;
        let mut shares = Vec::new();
        for location in &ranking {
            let part = self.free(sku, location).clamp(0, left);
            shares.push((location.clone(), part));
            left -= part;
        }
        shares[0].1 += left;
        shares
    }
}
