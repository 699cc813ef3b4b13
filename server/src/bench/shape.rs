//! The shape of a real shop's log: `online-retail`, 2010-12 to 2011-05, with 8,068 orders of 202,958
//! lines, 1,507 cancellations or returns, and 1,271 corrections by hand (see `server/data/README.md`).

use super::chance::Random;

/// Of 1,000 values, how many are below each value of a [`Spread`].
const SHARES: [u64; 9] = [0, 100, 250, 500, 750, 900, 950, 990, 999];

/// The values at [`SHARES`]; those between are spread evenly, the last one is the greatest.
pub(super) struct Spread([i64; SHARES.len()]);

/// Different goods of an order.
pub(super) const LINES_OF_ORDER: Spread = Spread([1, 2, 6, 15, 28, 50, 70, 197, 567]);
/// Units of an order's line.
pub(super) const UNITS_OF_LINE: Spread = Spread([1, 1, 1, 3, 10, 24, 25, 100, 480]);
/// Different goods of a return.
pub(super) const LINES_OF_RETURN: Spread = Spread([1, 1, 1, 1, 2, 4, 7, 17, 39]);
/// Units of a correction by hand; 509 of 1,000 are downwards.
pub(super) const UNITS_OF_CORRECTION: Spread = Spread([1, 1, 2, 7, 38, 110, 232, 1_300, 5_368]);
/// Of 1,000 corrections, those downwards.
pub(super) const DOWNWARDS: u64 = 509;
/// Of 1,000 orders, those of which something comes back or is cancelled.
pub(super) const TAKEN_BACK: u64 = 187;
/// Of 1,000 lines sold, corrections by hand.
pub(super) const CORRECTIONS: u64 = 6;

/// Words of which the log's goods are named, the most frequent ones.
pub(super) const WORDS: [&str; 96] = [
    "PINK",
    "SET",
    "BLUE",
    "HEART",
    "OF",
    "RED",
    "BAG",
    "VINTAGE",
    "GLASS",
    "DESIGN",
    "BOX",
    "WHITE",
    "CHRISTMAS",
    "FLOWER",
    "METAL",
    "SMALL",
    "RETROSPOT",
    "GREEN",
    "ROSE",
    "DECORATION",
    "HOLDER",
    "BLACK",
    "NECKLACE",
    "CANDLE",
    "LARGE",
    "HANGING",
    "PAPER",
    "CAKE",
    "T-LIGHT",
    "POLKADOT",
    "IN",
    "SILVER",
    "GARDEN",
    "WITH",
    "AND",
    "BRACELET",
    "MUG",
    "EARRINGS",
    "CARD",
    "SIGN",
    "ASSORTED",
    "COVER",
    "IVORY",
    "STAR",
    "TEA",
    "BOWL",
    "PACK",
    "CRYSTAL",
    "TREE",
    "MIRROR",
    "WRAP",
    "CREAM",
    "ZINC",
    "EGG",
    "WALL",
    "EASTER",
    "RING",
    "CUSHION",
    "GIFT",
    "WOODEN",
    "LOVE",
    "PARTY",
    "FRENCH",
    "WOOD",
    "GARLAND",
    "CANDLES",
    "MINI",
    "CERAMIC",
    "DIAMANTE",
    "PAISLEY",
    "BUTTERFLY",
    "PHOTO",
    "KEY",
    "GOLD",
    "BEAD",
    "HOOK",
    "CHARM",
    "TIN",
    "TILE",
    "BIRD",
    "STAND",
    "SWEETHEART",
    "FRAME",
    "NOTEBOOK",
    "BOTTLE",
    "ART",
    "CUTLERY",
    "FAIRY",
    "CHOCOLATE",
    "LETTER",
    "FELT",
    "ENAMEL",
    "PURPLE",
    "ANTIQUE",
    "CLOCK",
    "LANTERN",
];

/// Words of a name at least and at most: the log's names have 26 characters on average.
pub(super) const WORDS_OF_NAME: (u64, u64) = (3, 5);

impl Spread {
    /// A value, as often as the log has it.
    pub(super) fn pick(&self, random: &mut Random) -> i64 {
        let share = random.below(1_000);
        let next = SHARES.partition_point(|up_to| *up_to <= share);
        let Some((after, to)) = SHARES.get(next).zip(self.0.get(next)) else {
            return self.0[SHARES.len() - 1];
        };
        let (before, from) = (SHARES[next - 1], self.0[next - 1]);
        let (part, whole) = (share - before, after - before);
        let width = u64::try_from(to - from).unwrap_or_default();
        from + i64::try_from(width * part / whole).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_as_frequent_as_in_the_log() {
        let mut random = Random::new(3);
        let mut lines: Vec<i64> = (0..10_000).map(|_| LINES_OF_ORDER.pick(&mut random)).collect();
        lines.sort_unstable();
        assert!((14..=16).contains(&lines[5_000]), "the median is 15, not {}", lines[5_000]);
        let mean = lines.iter().sum::<i64>() / 10_000;
        // The log's mean is 24.7.
        assert!((23..=27).contains(&mean), "{mean}");
        assert_eq!((lines[0], lines[9_999]), (1, 567));
    }
}
