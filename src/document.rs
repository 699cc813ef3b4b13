//! What documents (orders, transfers) have in common: rows with a name of their own, of which an
//! event changes some.

use std::collections::BTreeMap;

/// Replaces rows by those of the same name, and appends the others in their order.
pub(crate) fn take_over<T, N: Ord + Clone>(
    known: &mut Vec<T>,
    changed: Vec<T>,
    name: impl Fn(&T) -> &N,
) {
    let places: BTreeMap<N, usize> =
        changed.iter().enumerate().map(|(place, row)| (name(row).clone(), place)).collect();
    let mut changed: Vec<Option<T>> = changed.into_iter().map(Some).collect();
    for row in known.iter_mut() {
        let place = places.get(name(row));
        if let Some(newer) = place.and_then(|place| changed[*place].take()) {
            *row = newer;
        }
    }
    known.extend(changed.into_iter().flatten());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_keep_their_place_and_new_ones_come_last() {
        let mut known = vec![("a", 1), ("b", 2), ("c", 3)];
        take_over(&mut known, vec![("z", 9), ("c", 4), ("y", 8), ("a", 5)], |(name, _)| name);
        assert_eq!(known, [("a", 5), ("b", 2), ("c", 4), ("z", 9), ("y", 8)]);
    }
}
