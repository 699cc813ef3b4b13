//! Moments, to the microsecond, always UTC. Time is always passed in; the core has no clock.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Microseconds in a second.
pub const SECOND_US: i64 = 1_000_000;

/// A moment: microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

/// How long a ledger has been served, in microseconds: what its timers are measured by. It grows
/// with the time that passes while a server runs, never with what happens to the wall clock, so
/// that a clock that leaps expires nothing.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Uptime(i64);

impl Uptime {
    /// This many microseconds of service.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds of service.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The reading after this many more microseconds of service.
    #[must_use]
    pub const fn plus_micros(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }

    /// Microseconds of service from `earlier` to this reading; negative when `earlier` is later.
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The reading after this many more seconds of service.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        self.plus_micros(seconds.saturating_mul(SECOND_US))
    }
}

/// What the server's clocks show when an input is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// The wall clock.
    pub wall: Timestamp,
    /// How long the ledger has been served.
    pub uptime: Uptime,
}

/// Why a string is no moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a time in RFC 3339 with zone, such as 2026-11-23T10:00:00.123Z")]
pub struct NotATime;

/// The first moment taken: the year 1. Earlier ones cannot be written in RFC 3339.
const FIRST_US: i64 = -62_135_596_800 * SECOND_US;
/// The last moment taken: the end of the year 9999, for the same reason.
const LAST_US: i64 = 253_402_300_800 * SECOND_US - 1;

impl Timestamp {
    /// The first moment there is.
    pub const MIN: Self = Self(FIRST_US);

    /// The moment this many microseconds after 1970-01-01T00:00:00Z, kept within the years 1 to
    /// 9999.
    pub fn from_micros(micros: i64) -> Self {
        Self(micros.clamp(FIRST_US, LAST_US))
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Reads RFC 3339 with a zone; digits beyond the microsecond are dropped.
    ///
    /// # Errors
    /// When the string is no such time.
    pub fn parse(text: &str) -> Result<Self, NotATime> {
        let time = DateTime::parse_from_rfc3339(text).map_err(|_| NotATime)?;
        let micros = time.timestamp_micros();
        if (FIRST_US..=LAST_US).contains(&micros) { Ok(Self(micros)) } else { Err(NotATime) }
    }

    /// The moment this many microseconds later (earlier, if negative).
    #[must_use]
    pub fn plus_micros(self, micros: i64) -> Self {
        Self::from_micros(self.0.saturating_add(micros))
    }

    /// Microseconds from `earlier` to this moment; negative when `earlier` is later.
    pub fn since(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The range of `from_micros` is within chrono's, so the fallback is never taken.
        let time = DateTime::<Utc>::from_timestamp_micros(self.0).unwrap_or_default();
        f.write_str(&time.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_turned_into_utc_to_the_microsecond() {
        let time = Timestamp::parse("2026-11-23T11:00:00.1234569+01:00").unwrap();
        assert_eq!(time.to_string(), "2026-11-23T10:00:00.123456Z");
        assert_eq!(Timestamp::parse(&time.to_string()), Ok(time));
    }

    #[test]
    fn times_without_zone_or_beyond_the_range_are_refused() {
        for bad in ["", "2026-11-23", "2026-11-23T10:00:00", "2026-13-01T00:00:00Z", "now"] {
            assert_eq!(Timestamp::parse(bad), Err(NotATime), "{bad}");
        }
    }

    #[test]
    fn moments_stay_in_range() {
        assert_eq!(Timestamp::from_micros(i64::MAX), Timestamp::from_micros(LAST_US));
        assert_eq!(Timestamp::from_micros(LAST_US).to_string(), "9999-12-31T23:59:59.999999Z");
        assert_eq!(Timestamp::from_micros(i64::MIN).plus_micros(-1).micros(), FIRST_US);
    }
}
