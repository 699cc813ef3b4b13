//! All levels, found by the numbers of their item and location at once: every decision looks at a
//! few of them.

use super::{Level, LocIx, SkuIx};

/// What a level is where nothing ever happened.
static EMPTY: Level = Level::empty();

/// The levels of a ledger. In order of item and location, as these became known.
#[derive(Debug, Clone, Default)]
pub(crate) struct Levels {
    /// For each item its levels. Items are numbered without gaps, so their numbers are places in a
    /// list.
    by_sku: Vec<OfSku>,
}

/// The levels of one item, by location. Most items are at one location, and need no list.
#[derive(Debug, Clone)]
enum OfSku {
    One((LocIx, Level)),
    Several(Vec<(LocIx, Level)>),
}

impl Default for OfSku {
    fn default() -> Self {
        Self::Several(Vec::new())
    }
}

impl OfSku {
    const fn all(&self) -> &[(LocIx, Level)] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Several(several) => several.as_slice(),
        }
    }

    const fn all_mut(&mut self) -> &mut [(LocIx, Level)] {
        match self {
            Self::One(one) => std::slice::from_mut(one),
            Self::Several(several) => several.as_mut_slice(),
        }
    }

    /// The place of a location's level, or where it belongs.
    fn find(&self, location: LocIx) -> Result<usize, usize> {
        self.all().binary_search_by_key(&location, |(location, _)| *location)
    }

    /// Puts a level where it belongs.
    fn insert(&mut self, place: usize, level: (LocIx, Level)) {
        *self = match std::mem::take(self) {
            Self::Several(none) if none.is_empty() => Self::One(level),
            Self::One(one) => {
                let mut several = vec![one];
                several.insert(place, level);
                Self::Several(several)
            }
            Self::Several(mut several) => {
                // An item is at a few locations: no room is kept for more.
                several.reserve_exact(1 + several.len() / 4);
                several.insert(place, level);
                Self::Several(several)
            }
        };
    }

    fn remove(&mut self, location: LocIx) {
        let Ok(place) = self.find(location) else { return };
        match self {
            Self::One(_) => *self = Self::default(),
            Self::Several(several) => drop(several.remove(place)),
        }
    }
}

impl Levels {
    /// A level, if anything ever happened there.
    pub(crate) fn get(&self, (sku, location): (SkuIx, LocIx)) -> Option<&Level> {
        let levels = self.by_sku.get(sku.0 as usize)?;
        Some(&levels.all()[levels.find(location).ok()?].1)
    }

    /// A level; an empty one if nothing ever happened there.
    pub(crate) fn get_or_empty(&self, key: (SkuIx, LocIx)) -> &Level {
        self.get(key).unwrap_or(&EMPTY)
    }

    /// A level to be changed, made if it is not there; says whether it was made.
    pub(crate) fn get_or_make(&mut self, (sku, location): (SkuIx, LocIx)) -> (&mut Level, bool) {
        let number = sku.0 as usize;
        if number >= self.by_sku.len() {
            self.by_sku.resize_with(number + 1, OfSku::default);
        }
        let levels = &mut self.by_sku[number];
        let found = levels.find(location);
        if let Err(place) = found {
            levels.insert(place, (location, Level::empty()));
        }
        let (Ok(place) | Err(place)) = found;
        (&mut levels.all_mut()[place].1, found.is_err())
    }

    /// Makes a level what it was before.
    pub(crate) fn put_back(&mut self, key: (SkuIx, LocIx), before: Option<Level>) {
        match before {
            Some(level) => *self.get_or_make(key).0 = level,
            None => {
                if let Some(levels) = self.by_sku.get_mut(key.0.0 as usize) {
                    levels.remove(key.1);
                }
            }
        }
    }

    /// The levels of an item, by location.
    pub(crate) fn of(&self, sku: SkuIx) -> impl Iterator<Item = (LocIx, &Level)> {
        let levels = self.by_sku.get(sku.0 as usize).map_or(&[][..], OfSku::all);
        levels.iter().map(|(location, level)| (*location, level))
    }

    /// All levels.
    pub(crate) fn all(&self) -> impl Iterator<Item = (SkuIx, LocIx, &Level)> {
        (0..).map(SkuIx).zip(&self.by_sku).flat_map(|(sku, levels)| {
            levels.all().iter().map(move |(location, level)| (sku, *location, level))
        })
    }
}

/// Where nothing is, it makes no difference whether a place is kept for it.
impl PartialEq for Levels {
    fn eq(&self, other: &Self) -> bool {
        self.all().eq(other.all())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Bucket;

    fn keys(levels: &Levels) -> Vec<(u32, u32)> {
        levels.all().map(|(sku, location, _)| (sku.0, location.0)).collect()
    }

    #[test]
    fn levels_are_in_the_order_of_their_numbers_and_found_by_them() {
        let mut levels = Levels::default();
        for (sku, location) in [(3, 2), (0, 7), (3, 0), (3, 5), (0, 7)] {
            let (level, _) = levels.get_or_make((SkuIx(sku), LocIx(location)));
            level.set(Bucket::OnHand, level.get(Bucket::OnHand) + i64::from(location));
        }
        assert_eq!(keys(&levels), [(0, 7), (3, 0), (3, 2), (3, 5)]);
        let on_hand = |sku, location| {
            levels.get((SkuIx(sku), LocIx(location))).map(|level| level.get(Bucket::OnHand))
        };
        assert_eq!(on_hand(0, 7), Some(14));
        assert_eq!(on_hand(3, 5), Some(5));
        assert_eq!((on_hand(3, 1), on_hand(1, 0), on_hand(9, 0)), (None, None, None));
        assert_eq!(levels.of(SkuIx(3)).count(), 3);
    }

    #[test]
    fn what_is_put_back_leaves_no_trace() {
        let mut levels = Levels::default();
        let before = levels.clone();
        let key = (SkuIx(4), LocIx(1));
        assert!(levels.get_or_make(key).1, "it was made");
        assert!(levels != before);
        levels.put_back(key, None);
        assert!(levels == before);
        levels.get_or_make(key).0.version = 1;
        let before = levels.clone();
        let level = levels.get(key).cloned();
        levels.get_or_make(key).0.version = 2;
        levels.put_back(key, level);
        assert!(levels == before);
    }
}
