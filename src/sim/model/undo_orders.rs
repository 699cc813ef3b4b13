//! What a record did to an order, as if it had never been.

use super::Model;
use super::orders::{Line, Order, Share};
use crate::id::LocationId;

impl Model {
    /// An order's lines go back by as much as they had moved, so that what others have done since
    /// stays.
    pub(super) fn undo_order(&mut self, earlier: Option<&Order>, later: &Order) {
        let none = Order::new(&later.id);
        let earlier = earlier.unwrap_or(&none);
        let own = self.order_mut(&later.id);
        let mut comes_back = false;
        if earlier.placed != later.placed {
            own.placed = earlier.placed;
            comes_back = earlier.placed;
        }
        if earlier.cancelled != later.cancelled {
            own.cancelled = earlier.cancelled;
        }
        if earlier.revision != later.revision {
            own.revision = earlier.revision;
        }
        let new = later.confirmed.iter().filter(|seq| !earlier.confirmed.contains(seq));
        own.confirmed.retain(|seq| !new.clone().any(|new| new == seq));
        let gone = earlier.confirmed.iter().filter(|seq| !later.confirmed.contains(seq));
        comes_back |= gone.clone().next().is_some();
        own.confirmed.extend(gone);
        let same = |one: &Line, other: &Line| {
            one.id == other.id && one.sku == other.sku && one.kit == other.kit
        };
        let stayed = |line: &Line, lines: &[Line]| lines.iter().any(|known| known == line);
        let mut lines = own.lines.clone();
        let mut moved: Vec<(&Line, i64)> = Vec::new();
        moved.extend(earlier.lines.iter().filter(|it| !stayed(it, &later.lines)).map(|it| (it, 1)));
        moved
            .extend(later.lines.iter().filter(|it| !stayed(it, &earlier.lines)).map(|it| (it, -1)));
        for (line, sign) in &moved {
            let place = lines.iter().position(|known| same(known, line)).unwrap_or_else(|| {
                // A line that became one of another item keeps its place.
                let place = lines.iter().position(|known| known.id == line.id);
                let place = place.unwrap_or(lines.len());
                lines.insert(place, Line::new(&line.id, &line.sku, line.kit.clone()));
                place
            });
            add(&mut lines[place], line, *sign);
        }
        for line in lines.iter_mut().filter(|line| moved.iter().any(|(it, _)| same(it, line))) {
            drop_places(line, &moved, same);
            let promised = line.shares.iter().all(|share| share.committed >= 0);
            let happened =
                line.shares.iter().all(|share| share.fulfilled >= 0 && share.returned >= 0);
            let fits = promised && happened && line.ordered >= 0 && line.cancelled >= 0;
            assert!(fits, "something rests on {line:?}");
        }
        lines.retain(|line| !is_nothing(line) || !moved.iter().any(|(it, _)| same(it, line)));
        own.lines = lines;
        if comes_back {
            self.wake_order(&later.id);
        }
    }
}

/// A line that has moved back has the places no more that it had not had before.
fn drop_places(line: &mut Line, moved: &[(&Line, i64)], same: impl Fn(&Line, &Line) -> bool) {
    let has = |location: &LocationId, wanted: i64| {
        let own = moved.iter().filter(|(it, sign)| *sign == wanted && same(it, line));
        own.flat_map(|(it, _)| &it.shares).any(|share| share.location == *location)
    };
    let came: Vec<LocationId> = line
        .shares
        .iter()
        .filter(|share| has(&share.location, -1) && !has(&share.location, 1))
        .map(|share| share.location.clone())
        .collect();
    line.shares.retain(|share| !share.is_empty() || !came.contains(&share.location));
}

/// Whether a line says nothing at all.
fn is_nothing(line: &Line) -> bool {
    line.ordered == 0 && line.cancelled == 0 && line.shares.iter().all(Share::is_empty)
}

/// Adds the numbers of a line to those of another form of it, or takes them away (`sign` -1).
fn add(sum: &mut Line, line: &Line, sign: i64) {
    sum.ordered += sign * line.ordered;
    sum.cancelled += sign * line.cancelled;
    for share in &line.shares {
        let own = sum.share(&share.location);
        own.committed += sign * share.committed;
        own.fulfilled += sign * share.fulfilled;
        own.returned += sign * share.returned;
    }
}
