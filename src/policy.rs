//! How the quantity that a channel shows comes from the levels (contract.md section 6): step by
//! step, so that each step can be explained.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::event::FieldError;
use crate::id::LocationId;
use crate::quantity::QUANTITY_MAX;

/// Locations that one policy may name.
pub const LOCATIONS_MAX: usize = 1_000;

/// The share of stock that stands for all of it, in percent.
const WHOLE_PERCENT: i64 = 100;

/// What a channel or listing says about its quantity. A member that is absent is taken from the
/// next more general policy.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// The locations that count; all of them without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locations: Option<Vec<LocationId>>,
    /// The share that may be sold here, from 0 to 100, rounded down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percent: Option<i64>,
    /// Units held back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub buffer: Option<i64>,
    /// At or below this, 0 is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list_above: Option<i64>,
    /// Never more than this is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cap: Option<i64>,
}

/// What a step of the calculation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Adds up what is available at the locations that count.
    Available,
    /// Takes a share of it.
    Percent,
    /// Holds units back.
    Buffer,
    /// Shows nothing at or below a threshold.
    ListAbove,
    /// Shows no more than this.
    Cap,
    /// Never shows less than 0.
    AtLeastZero,
}

/// One step of the calculation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What it does.
    pub rule: Rule,
    /// What the policy says for it; `None` where there is nothing to say.
    pub setting: Option<i64>,
    /// The number after it.
    pub after: i64,
}

/// A quantity and how it came about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quantity {
    /// What the channel is to show, at least 0.
    pub quantity: i64,
    /// What is available at each location that counts.
    pub locations: Vec<(LocationId, i64)>,
    /// The steps in their order; those about which the policy says nothing are left out.
    pub steps: Vec<Step>,
}

impl Policy {
    /// Reads a policy from JSON that came from outside.
    ///
    /// # Errors
    /// Names each member that is wrong and what would be right.
    pub fn from_json(value: &serde_json::Value) -> Result<Self, Vec<FieldError>> {
        let policy = Self::deserialize(value)
            .map_err(|error| vec![mistake("", format!("is no policy: {error}"))])?;
        let mistakes = policy.mistakes();
        if mistakes.is_empty() { Ok(policy) } else { Err(mistakes) }
    }

    fn mistakes(&self) -> Vec<FieldError> {
        let mut mistakes = Vec::new();
        let members = [
            ("/percent", self.percent, WHOLE_PERCENT),
            ("/buffer", self.buffer, QUANTITY_MAX),
            ("/list_above", self.list_above, QUANTITY_MAX),
            ("/cap", self.cap, QUANTITY_MAX),
        ];
        for (pointer, number, max) in members {
            if number.is_some_and(|number| !(0..=max).contains(&number)) {
                mistakes.push(mistake(pointer, format!("must be from 0 to {max}")));
            }
        }
        let named = self.locations.as_ref().map_or(1, Vec::len);
        if !(1..=LOCATIONS_MAX).contains(&named) {
            let detail = format!("must name 1 to {LOCATIONS_MAX} locations; leave it out for all");
            mistakes.push(mistake("/locations", detail));
        }
        mistakes
    }

    /// This policy, with what it leaves open taken from a more general one.
    #[must_use]
    pub fn over(&self, general: &Self) -> Self {
        Self {
            locations: self.locations.clone().or_else(|| general.locations.clone()),
            percent: self.percent.or(general.percent),
            buffer: self.buffer.or(general.buffer),
            list_above: self.list_above.or(general.list_above),
            cap: self.cap.or(general.cap),
        }
    }

    /// What is to be shown of an item, given what is available of it at each location.
    pub fn quantity(&self, by_location: &[(LocationId, i64)]) -> Quantity {
        let counts = |location: &LocationId| {
            self.locations.as_ref().is_none_or(|named| named.contains(location))
        };
        let locations: Vec<_> =
            by_location.iter().filter(|(location, _)| counts(location)).cloned().collect();
        let sum =
            locations.iter().fold(0_i64, |sum, (_, available)| sum.saturating_add(*available));
        let sum = sum.clamp(-QUANTITY_MAX, QUANTITY_MAX);
        let mut number = sum;
        let mut steps = vec![Step { rule: Rule::Available, setting: None, after: sum }];
        let rules = [
            (Rule::Percent, self.percent),
            (Rule::Buffer, self.buffer),
            (Rule::ListAbove, self.list_above),
            (Rule::Cap, self.cap),
        ];
        for (rule, setting) in rules {
            if let Some(setting) = setting {
                number = after(rule, setting, number);
                steps.push(Step { rule, setting: Some(setting), after: number });
            }
        }
        let quantity = number.max(0);
        steps.push(Step { rule: Rule::AtLeastZero, setting: None, after: quantity });
        Quantity { quantity, locations, steps }
    }
}

/// What can be sold of a kit at each location: the fewest that its components make there, since no
/// kit is put together from several locations. `parts` says for each component how many units one
/// kit takes, and what is available of it where; elsewhere it has none.
pub fn kit_by_location<L: Ord + Clone>(parts: &[(i64, Vec<(L, i64)>)]) -> Vec<(L, i64)> {
    let mut fewest: BTreeMap<L, (usize, i64)> = BTreeMap::new();
    for (each, by_location) in parts {
        for (location, available) in by_location {
            // Rounds down below zero too: whoever has been promised a part cannot get it.
            let kits = available.div_euclid(*each);
            let (found, fewest) = fewest.entry(location.clone()).or_insert((0, i64::MAX));
            *found += 1;
            *fewest = kits.min(*fewest);
        }
    }
    // Where a component has no stock at all, there is none of it.
    let complete =
        |(found, fewest): (usize, i64)| if found == parts.len() { fewest } else { fewest.min(0) };
    fewest.into_iter().map(|(location, made)| (location, complete(made))).collect()
}

fn after(rule: Rule, setting: i64, number: i64) -> i64 {
    match rule {
        Rule::Available => number,
        // Rounds down below zero too: a share of what is missing is not smaller than it is. Both
        // factors are bounded, so the product fits.
        Rule::Percent => (number * setting).div_euclid(WHOLE_PERCENT),
        Rule::Buffer => number - setting,
        Rule::ListAbove => {
            if number <= setting {
                0
            } else {
                number
            }
        }
        Rule::Cap => number.min(setting),
        Rule::AtLeastZero => number.max(0),
    }
}

fn mistake(pointer: &str, detail: String) -> FieldError {
    FieldError { pointer: pointer.to_owned(), detail }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn at(levels: &[(&str, i64)]) -> Vec<(LocationId, i64)> {
        levels.iter().map(|(name, number)| (LocationId::new(*name).unwrap(), *number)).collect()
    }

    fn policy(value: impl std::borrow::Borrow<serde_json::Value>) -> Policy {
        Policy::from_json(value.borrow()).unwrap()
    }

    #[test]
    fn each_rule_does_what_the_contract_says_in_its_order() {
        let stock = at(&[("berlin", 30), ("paris", 15), ("returns", -4)]);
        let cases = [
            (json!({}), 41),
            (json!({"locations": ["berlin", "paris"]}), 45),
            (json!({"locations": ["nowhere"]}), 0),
            (json!({"percent": 50}), 20),
            (json!({"percent": 0}), 0),
            (json!({"buffer": 40}), 1),
            (json!({"buffer": 42}), 0),
            (json!({"list_above": 40}), 41),
            (json!({"list_above": 41}), 0),
            (json!({"cap": 7}), 7),
            (json!({"cap": 0}), 0),
            // 45 -> 22 (50 %, rounded down) -> 20 -> above 19 -> at most 12.
            (
                json!({"locations": ["berlin", "paris"], "percent": 50, "buffer": 2,
                       "list_above": 19, "cap": 12}),
                12,
            ),
            // The same numbers the other way round would not be the same: 45 - 2 = 43 -> 21.
            (json!({"locations": ["berlin", "paris"], "percent": 50, "buffer": 2}), 20),
            // The threshold is compared before the cap.
            (json!({"list_above": 10, "cap": 5}), 5),
        ];
        for (value, quantity) in cases {
            assert_eq!(policy(&value).quantity(&stock).quantity, quantity, "{value}");
        }
    }

    #[test]
    fn the_steps_say_how_the_number_came_about() {
        let shown = policy(json!({"locations": ["a"], "percent": 33, "buffer": 5}))
            .quantity(&at(&[("a", 10), ("b", 90)]));
        assert_eq!(shown.locations, at(&[("a", 10)]));
        let steps: Vec<_> = shown.steps.iter().map(|step| (step.rule, step.after)).collect();
        assert_eq!(
            steps,
            [(Rule::Available, 10), (Rule::Percent, 3), (Rule::Buffer, -2), (Rule::AtLeastZero, 0)]
        );
    }

    #[test]
    fn the_most_specific_policy_wins_member_by_member() {
        let general = policy(json!({"percent": 80, "buffer": 1, "cap": 9}));
        let channel = policy(json!({"buffer": 2, "locations": ["a"]}));
        let listing = policy(json!({"cap": 3}));
        assert_eq!(
            listing.over(&channel).over(&general),
            policy(json!({"percent": 80, "buffer": 2, "cap": 3, "locations": ["a"]}))
        );
    }

    #[test]
    fn a_wrong_policy_names_its_member() {
        let cases = [
            (json!({"percent": 101}), "/percent"),
            (json!({"percent": -1}), "/percent"),
            (json!({"buffer": -1}), "/buffer"),
            (json!({"cap": 1_000_000_000_001_i64}), "/cap"),
            (json!({"list_above": -5}), "/list_above"),
            (json!({"locations": []}), "/locations"),
        ];
        for (value, pointer) in cases {
            let mistakes = Policy::from_json(&value).unwrap_err();
            assert_eq!(mistakes[0].pointer, pointer, "{value}");
        }
        let unknown = Policy::from_json(&json!({"bufer": 1})).unwrap_err();
        assert!(unknown[0].detail.contains("bufer"), "{unknown:?}");
        for value in [json!(3), json!({"percent": 1.5}), json!({"cap": "3"})] {
            assert!(Policy::from_json(&value).is_err(), "{value}");
        }
    }

    #[test]
    fn a_kit_is_made_at_one_location_of_what_it_has_there() {
        let table = [
            // Two cups and one pot a kit.
            (vec![("berlin", 7)], vec![("berlin", 9)], vec![("berlin", 3)]),
            (vec![("berlin", 7)], vec![("berlin", 2)], vec![("berlin", 2)]),
            // What is at two places makes nothing.
            (vec![("berlin", 7)], vec![("hamburg", 9)], vec![("berlin", 0), ("hamburg", 0)]),
            (
                vec![("berlin", 7), ("hamburg", 4)],
                vec![("berlin", 1), ("hamburg", 9)],
                vec![("berlin", 1), ("hamburg", 2)],
            ),
            // A part that is promised too often is missing from every kit.
            (vec![("berlin", -1)], vec![("berlin", 9)], vec![("berlin", -1)]),
            (vec![("berlin", -3)], vec![("hamburg", 9)], vec![("berlin", -2), ("hamburg", 0)]),
            (vec![], vec![], vec![]),
        ];
        for (cups, pots, kits) in table {
            assert_eq!(kit_by_location(&[(2, cups), (1, pots)]), kits);
        }
    }

    fn any_policy() -> impl Strategy<Value = Policy> {
        use proptest::option::of;
        let names = prop::sample::subsequence(vec!["a", "b", "c"], 1..=3);
        let amount = || of(0..=50_i64);
        (of(names), of(0..=100_i64), amount(), amount(), amount()).prop_map(
            |(names, percent, buffer, list_above, cap)| Policy {
                locations: names.map(|names| {
                    names.into_iter().map(|it| LocationId::new(it).unwrap()).collect()
                }),
                percent,
                buffer,
                list_above,
                cap,
            },
        )
    }

    proptest! {
        #[test]
        fn never_below_zero_nor_above_what_is_there(
            policy in any_policy(),
            numbers in prop::collection::vec(-QUANTITY_MAX..=QUANTITY_MAX, 3),
        ) {
            let stock = at(&[("a", numbers[0]), ("b", numbers[1]), ("c", numbers[2])]);
            let shown = policy.quantity(&stock);
            let sum: i64 = shown.locations.iter().map(|(_, available)| available).sum();
            prop_assert!(shown.quantity >= 0);
            prop_assert!(shown.quantity <= sum.max(0));
            prop_assert!(policy.cap.is_none_or(|cap| shown.quantity <= cap));
            prop_assert_eq!(shown.steps.last().unwrap().after, shown.quantity);
        }

        #[test]
        fn more_stock_never_shows_less(
            policy in any_policy(),
            number in -100..200_i64,
            more in 0..100_i64,
        ) {
            let shown = |number| policy.quantity(&at(&[("a", number)])).quantity;
            prop_assert!(shown(number) <= shown(number + more));
        }

        #[test]
        fn a_policy_survives_being_written_and_read(policy in any_policy()) {
            let written = serde_json::to_value(&policy).unwrap();
            prop_assert_eq!(Policy::from_json(&written).unwrap(), policy);
        }
    }
}
