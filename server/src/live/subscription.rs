//! What a connection wants to see.

use std::collections::BTreeSet;

use onhand::id::Sku;
use onhand::wire::live::Topic;

/// SKUs that one connection may name; whoever wants more watches all.
pub const SUBSCRIBED_SKUS_MAX: usize = 500;

/// A subscription that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSubscription {
    /// Nothing would ever be sent.
    #[error("topics must name at least one of stock, events, conflicts, channels")]
    NoTopics,
    /// More SKUs than one connection may name.
    #[error("skus must have at most {SUBSCRIBED_SKUS_MAX} entries; leave it out to watch all")]
    TooManySkus,
    /// A name that no SKU can have.
    #[error("skus/{index}: {reason}")]
    Sku {
        /// Its place in the list, from 0.
        index: usize,
        /// Which rule it breaks.
        reason: onhand::id::NameError,
    },
}

/// A set of topics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Topics(u8);

impl Topics {
    /// How many sets there are.
    pub const SETS: usize = 16;

    /// Every topic.
    pub const ALL: Self = Self(15);

    /// Every topic by itself, in the order in which snapshots are sent.
    pub const EACH: [Topic; 4] = [Topic::Stock, Topic::Events, Topic::Conflicts, Topic::Channels];

    /// Whether the topic is in the set.
    pub const fn has(self, topic: Topic) -> bool {
        self.0 & Self::bit(topic) != 0
    }

    /// A number below [`Topics::SETS`] that only this set has.
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    const fn bit(topic: Topic) -> u8 {
        match topic {
            Topic::Stock => 1,
            Topic::Events => 2,
            Topic::Conflicts => 4,
            Topic::Channels => 8,
        }
    }
}

impl FromIterator<Topic> for Topics {
    fn from_iter<I: IntoIterator<Item = Topic>>(topics: I) -> Self {
        Self(topics.into_iter().fold(0, |set, topic| set | Self::bit(topic)))
    }
}

/// What a connection wants to see: topics, of all SKUs or of some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// The topics.
    pub topics: Topics,
    /// Only these SKUs; all without it. Conflicts and channel figures that concern no single SKU
    /// are then left out as well, except how each channel is doing.
    pub skus: Option<BTreeSet<Sku>>,
}

impl Subscription {
    /// Reads what a client asked for.
    ///
    /// # Errors
    /// Says what cannot be taken.
    pub fn read(topics: &[Topic], skus: Option<Vec<String>>) -> Result<Self, BadSubscription> {
        if topics.is_empty() {
            return Err(BadSubscription::NoTopics);
        }
        let skus = match skus {
            None => None,
            Some(skus) if skus.len() > SUBSCRIBED_SKUS_MAX => {
                return Err(BadSubscription::TooManySkus);
            }
            Some(skus) => {
                let read = |(index, sku): (usize, String)| {
                    Sku::new(sku).map_err(|reason| BadSubscription::Sku { index, reason })
                };
                Some(skus.into_iter().enumerate().map(read).collect::<Result<_, _>>()?)
            }
        };
        Ok(Self { topics: topics.iter().copied().collect(), skus })
    }

    /// Whether rows about this SKU are wanted.
    pub fn wants(&self, sku: Option<&Sku>) -> bool {
        match (&self.skus, sku) {
            (None, _) => true,
            (Some(skus), Some(sku)) => skus.contains(sku),
            (Some(_), None) => false,
        }
    }

    /// Whether rows about any of these SKUs are wanted.
    pub fn wants_any(&self, skus: &[Sku]) -> bool {
        self.skus.is_none() || skus.iter().any(|sku| self.wants(Some(sku)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_subscriptions_name_what_is_wrong() {
        let read = |topics: &[Topic], skus: Option<Vec<String>>| {
            Subscription::read(topics, skus).unwrap_err().to_string()
        };
        assert!(read(&[], None).starts_with("topics must name"));
        let many = vec!["A".to_owned(); SUBSCRIBED_SKUS_MAX + 1];
        assert!(read(&[Topic::Stock], Some(many)).starts_with("skus must have at most 500"));
        let bad = vec!["A".to_owned(), String::new()];
        assert!(read(&[Topic::Stock], Some(bad)).starts_with("skus/1: must have at least 1"));
    }

    #[test]
    fn topics_are_a_set() {
        let topics: Topics = [Topic::Events, Topic::Stock, Topic::Events].into_iter().collect();
        assert!(topics.has(Topic::Stock) && topics.has(Topic::Events));
        assert!(!topics.has(Topic::Conflicts) && !topics.has(Topic::Channels));
        assert_eq!(Topics::EACH.into_iter().collect::<Topics>(), Topics::ALL);
        assert!(Topics::ALL.index() < Topics::SETS);
    }
}
