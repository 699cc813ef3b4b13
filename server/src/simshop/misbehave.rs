//! How the shop misbehaves: on request, by shares, and the same for the same seed.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};

/// Longest delay of a webhook, in milliseconds.
pub const DELAY_MAX_MS: u64 = 60_000;
/// How long a webhook is held back so that later ones overtake it, in milliseconds.
pub const HELD_BACK_MS: u64 = 400;
/// How long after the first copy a duplicate may come, in milliseconds.
pub const DUPLICATE_WITHIN_MS: u64 = 250;

/// The shop's faults. Shares are whole percent, 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Misbehaviour {
    /// Webhooks that are sent twice.
    pub duplicate: u8,
    /// Milliseconds by which every webhook is late.
    pub delay_ms: u64,
    /// Webhooks that later ones overtake.
    pub reorder: u8,
    /// API calls that take effect but get no answer: the connection is closed.
    pub lose_answer: u8,
    /// API calls answered 429 with `Retry-After`.
    pub too_many_requests: u8,
    /// API calls answered 503.
    pub server_error: u8,
    /// What the dice start from.
    pub seed: u64,
}

/// What is to change; members that are absent stay as they are.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MisbehaviourChange {
    /// See [`Misbehaviour::duplicate`].
    pub duplicate: Option<u8>,
    /// See [`Misbehaviour::delay_ms`].
    pub delay_ms: Option<u64>,
    /// See [`Misbehaviour::reorder`].
    pub reorder: Option<u8>,
    /// See [`Misbehaviour::lose_answer`].
    pub lose_answer: Option<u8>,
    /// See [`Misbehaviour::too_many_requests`].
    pub too_many_requests: Option<u8>,
    /// See [`Misbehaviour::server_error`].
    pub server_error: Option<u8>,
    /// Starts the dice anew.
    pub seed: Option<u64>,
    /// Changes a number in the shop at once.
    pub hand_edit: Option<HandEdit>,
}

/// A number changed in the shop by hand.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HandEdit {
    /// The shop's SKU.
    pub sku: String,
    /// What the shop shows from now on.
    pub quantity: i64,
}

/// What happens to an API call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// It is refused for this many seconds.
    TooManyRequests {
        /// What `Retry-After` says, in seconds.
        retry_after_s: u64,
    },
    /// It fails without effect.
    ServerError,
    /// It takes effect, but no answer comes.
    LostAnswer,
}

/// The faults with their dice.
#[derive(Debug)]
pub struct Dice {
    faults: Misbehaviour,
    rng: StdRng,
}

impl Dice {
    /// Dice for these faults.
    pub fn new(faults: Misbehaviour) -> Self {
        Self { faults, rng: StdRng::seed_from_u64(faults.seed) }
    }

    /// The faults as they are.
    pub const fn faults(&self) -> Misbehaviour {
        self.faults
    }

    /// The faults as a change would make them.
    ///
    /// # Errors
    /// Names the member that is out of range.
    pub fn changed(&self, change: &MisbehaviourChange) -> Result<Misbehaviour, String> {
        let mut faults = self.faults;
        let shares = [
            ("duplicate", change.duplicate, &mut faults.duplicate),
            ("reorder", change.reorder, &mut faults.reorder),
            ("lose_answer", change.lose_answer, &mut faults.lose_answer),
            ("too_many_requests", change.too_many_requests, &mut faults.too_many_requests),
            ("server_error", change.server_error, &mut faults.server_error),
        ];
        for (name, share, place) in shares {
            match share {
                Some(share) if share > 100 => {
                    return Err(format!("{name} must be a share from 0 to 100 percent"));
                }
                Some(share) => *place = share,
                None => {}
            }
        }
        if let Some(delay_ms) = change.delay_ms {
            if delay_ms > DELAY_MAX_MS {
                return Err(format!("delay_ms must be at most {DELAY_MAX_MS}"));
            }
            faults.delay_ms = delay_ms;
        }
        faults.seed = change.seed.unwrap_or(faults.seed);
        Ok(faults)
    }

    /// Takes on faults; with `anew` the dice start from their seed again.
    pub fn put(&mut self, faults: Misbehaviour, anew: bool) {
        self.faults = faults;
        if anew {
            self.rng = StdRng::seed_from_u64(faults.seed);
        }
    }

    /// When a webhook is sent, in milliseconds from now: once, or twice.
    pub fn sendings(&mut self) -> Vec<u64> {
        let held = if self.falls(self.faults.reorder) { HELD_BACK_MS } else { 0 };
        let first = self.faults.delay_ms + held;
        let mut sendings = vec![first];
        if self.falls(self.faults.duplicate) {
            sendings.push(first + self.rng.random_range(0..=DUPLICATE_WITHIN_MS));
        }
        sendings
    }

    /// What happens to an API call.
    pub fn fault(&mut self) -> Fault {
        if self.falls(self.faults.too_many_requests) {
            return Fault::TooManyRequests { retry_after_s: self.rng.random_range(1..=2) };
        }
        if self.falls(self.faults.server_error) {
            return Fault::ServerError;
        }
        if self.falls(self.faults.lose_answer) { Fault::LostAnswer } else { Fault::None }
    }

    /// A number from 0 to `most`, to spread retries.
    pub fn up_to(&mut self, most: u64) -> u64 {
        self.rng.random_range(0..=most)
    }

    fn falls(&mut self, share: u8) -> bool {
        // A share of 0 takes no dice, so faults that are off do not change the others.
        share > 0 && self.rng.random_range(0..100) < share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dice(duplicate: u8, reorder: u8, too_many_requests: u8, seed: u64) -> Dice {
        Dice::new(Misbehaviour {
            duplicate,
            reorder,
            too_many_requests,
            seed,
            ..Default::default()
        })
    }

    #[test]
    fn the_same_seed_gives_the_same_faults() {
        let play = |seed| {
            let mut dice = dice(30, 30, 30, seed);
            (0..200).map(|_| (dice.sendings(), dice.fault())).collect::<Vec<_>>()
        };
        assert_eq!(play(7), play(7));
        assert_ne!(play(7), play(8));
        let mut again = dice(30, 30, 30, 1);
        let change = MisbehaviourChange { seed: Some(7), ..Default::default() };
        again.put(again.changed(&change).unwrap(), true);
        let replayed: Vec<_> = (0..200).map(|_| (again.sendings(), again.fault())).collect();
        assert_eq!(replayed, play(7));
    }

    #[test]
    fn shares_are_kept() {
        let mut all = dice(100, 100, 100, 1);
        let mut none = dice(0, 0, 0, 1);
        for _ in 0..100 {
            assert_eq!(all.sendings().len(), 2);
            assert!(all.sendings()[0] >= HELD_BACK_MS);
            assert!(matches!(all.fault(), Fault::TooManyRequests { .. }));
            assert_eq!((none.sendings(), none.fault()), (vec![0], Fault::None));
        }
        let mut some = dice(20, 0, 0, 1);
        let twice = (0..10_000).filter(|_| some.sendings().len() == 2).count();
        assert!((1_700..2_300).contains(&twice), "{twice}");
    }

    #[test]
    fn a_change_out_of_range_names_its_member() {
        let dice = dice(1, 1, 1, 1);
        let wrong = MisbehaviourChange { server_error: Some(101), ..Default::default() };
        assert!(dice.changed(&wrong).unwrap_err().contains("server_error"));
        let late = MisbehaviourChange { delay_ms: Some(60_001), ..Default::default() };
        assert!(dice.changed(&late).unwrap_err().contains("delay_ms"));
        let right = MisbehaviourChange { reorder: Some(100), ..Default::default() };
        let after = Misbehaviour { reorder: 100, ..dice.faults() };
        assert_eq!(dice.changed(&right), Ok(after));
    }
}
