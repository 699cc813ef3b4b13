//! Chance that is the same in every run.

/// The exponent of the distribution by which few goods sell most.
const ZIPF_EXPONENT: f64 = 1.1;

/// Scatters the goods that sell most over the catalogue: a prime, so that it has no factor in common
/// with their number.
const SCATTER: usize = 7_919;

/// Numbers that look random and are the same in every run (`SplitMix64`).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Another sequence for each seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// The next number below `end`, which is above 0.
    pub const fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// The next place in a list of this length, which is above 0.
    pub fn place(&mut self, length: usize) -> usize {
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        usize::try_from(self.below(length)).unwrap_or_default()
    }

    /// Whether something happens that does so `share` times in 1,000.
    pub const fn per_mille(&mut self, share: u64) -> bool {
        self.below(1_000) < share
    }

    /// The next fraction from 0 up to 1.
    #[expect(clippy::cast_precision_loss, reason = "the number has no more bits than a fraction")]
    pub const fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Goods by number, of which few are named most of the time (Zipf, s = 1.1).
#[derive(Debug, Clone)]
pub struct Zipf {
    /// Up to each rank, the sum of all weights.
    sums: Vec<f64>,
}

impl Zipf {
    /// This many goods; at least one.
    #[expect(clippy::cast_precision_loss, reason = "there are far fewer than 2^53 goods")]
    pub fn new(count: usize) -> Self {
        let mut sum = 0.0;
        let sums = (1..=count.max(1)).map(|rank| {
            sum += (rank as f64).powf(-ZIPF_EXPONENT);
            sum
        });
        Self { sums: sums.collect() }
    }

    /// A number from 0 up to the count, the popular ones often.
    pub fn pick(&self, random: &mut Random) -> usize {
        let all = self.sums.last().copied().unwrap_or_default();
        let point = random.fraction() * all;
        let rank = self.sums.partition_point(|sum| *sum <= point).min(self.sums.len() - 1);
        rank * SCATTER % self.sums.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_goods_are_named_most_of_the_time() {
        let (zipf, mut random) = (Zipf::new(1_000), Random::new(1));
        let mut named = vec![0; 1_000];
        for _ in 0..100_000 {
            named[zipf.pick(&mut random)] += 1;
        }
        named.sort_unstable();
        let tenth: i32 = named.iter().rev().take(100).sum();
        // 1 + 2^-1.1 + … + 100^-1.1 is 77 % of the same sum up to 1000.
        assert!((76_000..78_000).contains(&tenth), "{tenth}");
        assert!(named[0] > 0, "each is named now and then");
    }

    #[test]
    fn a_seed_gives_the_same_numbers_again() {
        let numbers = |seed| {
            let mut random = Random::new(seed);
            [(); 9].map(|()| random.below(1_000))
        };
        assert_eq!(numbers(7), numbers(7));
        assert_ne!(numbers(7), numbers(8));
    }
}
