//! Sorting.

/// Items by their key, equal ones as they came. What is sorted is the keys: sorting is a lot of
/// code, and so the browser holds it once instead of once for each kind of item.
pub fn sorted<T>(items: impl IntoIterator<Item = T>, key: impl Fn(&T) -> (i64, u64)) -> Vec<T> {
    let mut items: Vec<Option<T>> = items.into_iter().map(Some).collect();
    let keyed = items.iter().flatten().enumerate();
    let mut places: Vec<((i64, u64), usize)> =
        keyed.map(|(place, item)| (key(item), place)).collect();
    places.sort_unstable();
    places.into_iter().filter_map(|(_, place)| items.get_mut(place)?.take()).collect()
}

#[cfg(test)]
mod tests {
    use super::sorted;

    #[test]
    fn items_stand_by_their_key_and_equal_ones_as_they_came() {
        let items = [(2, 1, 'a'), (-1, 9, 'b'), (2, 0, 'c'), (2, 1, 'd'), (-1, 9, 'e')];
        let sorted = sorted(items, |(first, second, _)| (*first, *second));
        assert_eq!(sorted.iter().map(|item| item.2).collect::<String>(), "becad");
        assert!(super::sorted(Vec::<u8>::new(), |_| (0, 0)).is_empty());
    }
}
