//! What a level is: worked out from the facts, every time.

use std::collections::{BTreeMap, BTreeSet};

use super::Model;
use super::conflicts::About;
use super::counts::Count;
use super::reservations::Reservation;
use crate::id::{LocationId, Sku};
use crate::record::Bucket;

/// A level's name: item and location.
pub type LevelName = (Sku, LocationId);

/// The numbers of a level, in the order of [`Bucket::ALL`].
pub type Numbers = [i64; Bucket::ALL.len()];

/// All levels at which anything is not zero.
pub type Levels = BTreeMap<LevelName, Numbers>;

/// Changes, by level and number; none of them is zero.
pub type Effects = BTreeMap<(LevelName, Bucket), i64>;

/// What has to be added to one to get the other.
pub(super) fn difference(before: &Levels, after: &Levels) -> Effects {
    let names: BTreeSet<&LevelName> = before.keys().chain(after.keys()).collect();
    let mut effects = Effects::new();
    for name in names {
        for bucket in Bucket::ALL {
            let number =
                |levels: &Levels| levels.get(name).map_or(0, |level| level[bucket as usize]);
            let delta = number(after) - number(before);
            if delta != 0 {
                effects.insert((name.clone(), bucket), delta);
            }
        }
    }
    effects
}

/// What can be sold.
pub fn available(numbers: &Numbers) -> i64 {
    let held = [
        Bucket::Committed,
        Bucket::Reserved,
        Bucket::Damaged,
        Bucket::QualityControl,
        Bucket::SafetyStock,
    ];
    numbers[Bucket::OnHand as usize]
        - held.into_iter().map(|bucket| numbers[bucket as usize]).sum::<i64>()
}

impl Model {
    /// All levels at which anything is not zero.
    pub fn levels(&self) -> Levels {
        let mut levels = Levels::new();
        let names = self.movements.iter().map(|movement| &movement.level);
        let counted = self.counts.iter().map(|count| &count.level);
        for name in names.chain(counted).collect::<BTreeSet<_>>() {
            levels.entry(name.clone()).or_default()[Bucket::OnHand as usize] = self.on_hand(name);
        }
        for movement in self.movements.iter().filter(|movement| movement.counts()) {
            if let Some(bucket) = movement.state {
                let level = levels.entry(movement.level.clone()).or_default();
                level[bucket as usize] += movement.delta;
            }
        }
        for shift in self.shifts.iter().filter(|shift| !shift.withdrawn) {
            let level = levels.entry(shift.level.clone()).or_default();
            level[shift.state as usize] += shift.delta;
        }
        for line in self.orders.iter().flat_map(|order| &order.lines) {
            for share in &line.shares {
                for (item, units) in line.items(share.committed) {
                    let level = levels.entry((item, share.location.clone())).or_default();
                    level[Bucket::Committed as usize] += units;
                }
            }
        }
        for transfer in &self.transfers {
            for item in &transfer.items {
                let level = levels.entry((item.sku.clone(), transfer.to.clone())).or_default();
                level[Bucket::Incoming as usize] += item.outstanding();
            }
        }
        for (name, quantity) in self.reservations.iter().flat_map(Reservation::holds) {
            levels.entry(name).or_default()[Bucket::Reserved as usize] += quantity;
        }
        levels.retain(|_, numbers| numbers.iter().any(|number| *number != 0));
        levels
    }

    /// One level.
    pub fn level(&self, name: &LevelName) -> Numbers {
        self.levels().get(name).copied().unwrap_or_default()
    }

    /// What the newest accepted count found, and everything that moved after it.
    pub(super) fn on_hand(&self, name: &LevelName) -> i64 {
        self.on_hand_by(name, self.newest_count(name))
    }

    /// What a count found, and everything that moved after it.
    pub(super) fn on_hand_by(&self, name: &LevelName, count: Option<&Count>) -> i64 {
        let counted = count.map_or(0, |count| count.counted);
        let moved = self.movements.iter().enumerate().filter(|(number, movement)| {
            movement.level == *name
                && movement.counts()
                && count.is_none_or(|count| count.precedes(*number, movement))
        });
        counted + moved.map(|(_, movement)| movement.delta).sum::<i64>()
    }

    /// A level's version: how many records had an effect there.
    pub fn version(&self, name: &LevelName) -> u64 {
        self.journal.iter().filter(|said| said.raised.contains(name)).count() as u64
    }

    /// Asks about each level where more is promised than is there, once, until that is over. Other
    /// numbers than before make another question of it.
    pub(super) fn watch_oversold(&mut self, event: u64, before: &Self) {
        let (earlier, levels) = (before.levels(), self.levels());
        let numbers = |levels: &Levels, name: &LevelName| {
            let level = levels.get(name).copied().unwrap_or_default();
            let shown = [Bucket::OnHand, Bucket::Committed].map(|it| level[it as usize]);
            (shown, available(&level))
        };
        let short: BTreeSet<LevelName> = levels
            .iter()
            .filter(|(_, numbers)| available(numbers) < 0)
            .map(|(name, _)| name.clone())
            .collect();
        self.acknowledged.retain(|name| short.contains(name));
        for (index, asked) in self.asked.iter_mut().enumerate().filter(|(_, asked)| asked.open) {
            let About::Oversold(name) = &asked.about else { continue };
            let was_open = before.asked.get(index).is_some_and(|before| before.open);
            if !short.contains(name) {
                asked.open = false;
            } else if was_open && numbers(&earlier, name) != numbers(&levels, name) {
                asked.version += 1;
            }
        }
        for name in short {
            let about = About::Oversold(name.clone());
            if !self.acknowledged.contains(&name) && self.open_about(&about).is_none() {
                self.ask(about, [event]);
            }
        }
    }
}
