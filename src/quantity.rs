//! Quantities: whole base units in a checked range, never floats.

/// The largest amount of anything, in base units, either way (contract.md, conventions).
pub const QUANTITY_MAX: i64 = 1_000_000_000_000;

/// Whether a number is a quantity.
pub const fn in_range(number: i64) -> bool {
    number >= -QUANTITY_MAX && number <= QUANTITY_MAX
}

/// Adds two quantities; `None` when the sum leaves the range.
pub fn add(left: i64, right: i64) -> Option<i64> {
    left.checked_add(right).filter(|sum| in_range(*sum))
}

/// Multiplies two quantities; `None` when the product leaves the range.
pub fn multiply(left: i64, right: i64) -> Option<i64> {
    left.checked_mul(right).filter(|product| in_range(*product))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_range_is_inclusive_and_never_overflows() {
        assert_eq!(add(QUANTITY_MAX, 0), Some(QUANTITY_MAX));
        assert_eq!(add(QUANTITY_MAX, 1), None);
        assert_eq!(add(i64::MIN, -1), None);
        assert_eq!(multiply(QUANTITY_MAX, QUANTITY_MAX), None);
        assert_eq!(multiply(-1_000_000, 1_000_000), Some(-QUANTITY_MAX));
    }
}
