//! Moments, to the microsecond, always UTC. Time is always passed in; the core has no clock.

use std::fmt;

use chrono::DateTime;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Microseconds in a second.
pub const SECOND_US: i64 = 1_000_000;

/// Seconds in a day.
const DAY_S: i64 = 86_400;

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
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);

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

/// The longest text of a moment: `9999-12-31T23:59:59.999999Z`.
const TEXT_BYTES: usize = 27;

/// A moment as RFC 3339 writes it, without a detour over the heap: every record of the journal
/// holds two of them.
struct Written {
    text: [u8; TEXT_BYTES],
    length: usize,
}

impl Written {
    fn new(time: Timestamp) -> Self {
        let (seconds, micros) = (time.0.div_euclid(SECOND_US), time.0.rem_euclid(SECOND_US));
        let (day, second) = (seconds.div_euclid(DAY_S), seconds.rem_euclid(DAY_S));
        let (year, month, day) = date(day);
        let mut written = Self { text: [0; TEXT_BYTES], length: 0 };
        written.number(year, 4, b'-');
        written.number(month, 2, b'-');
        written.number(day, 2, b'T');
        written.number(second / 3_600, 2, b':');
        written.number(second / 60 % 60, 2, b':');
        match micros {
            0 => written.number(second % 60, 2, b'Z'),
            _ if micros % 1_000 == 0 => {
                written.number(second % 60, 2, b'.');
                written.number(micros / 1_000, 3, b'Z');
            }
            _ => {
                written.number(second % 60, 2, b'.');
                written.number(micros, 6, b'Z');
            }
        }
        written
    }

    /// A number with this many digits, and what follows it.
    fn number(&mut self, mut number: i64, digits: usize, after: u8) {
        for place in (self.length..self.length + digits).rev() {
            self.text[place] = b'0' + u8::try_from(number % 10).unwrap_or_default();
            number /= 10;
        }
        self.text[self.length + digits] = after;
        self.length += digits + 1;
    }

    fn as_str(&self) -> &str {
        // Only ASCII was written.
        std::str::from_utf8(&self.text[..self.length]).unwrap_or_default()
    }
}

/// Year, month and day of a day counted from 1970-01-01, in the Gregorian calendar: years begin in
/// March here, so that the day that only some of them have is their last.
const fn date(day: i64) -> (i64, i64, i64) {
    const ERA_DAYS: i64 = 146_097;
    const FROM_MARCH_OF_YEAR_0: i64 = 719_468;
    let day = day + FROM_MARCH_OF_YEAR_0;
    let (era, day) = (day.div_euclid(ERA_DAYS), day.rem_euclid(ERA_DAYS));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Written::new(*self).as_str())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(Written::new(*self).as_str())
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
    use chrono::SecondsFormat;

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
    fn moments_are_written_as_the_calendar_has_them() {
        for (micros, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59.999999Z"),
            (951_827_696_789_000, "2000-02-29T12:34:56.789Z"),
            (4_107_542_400_000_000, "2100-03-01T00:00:00Z"),
            (FIRST_US, "0001-01-01T00:00:00Z"),
        ] {
            assert_eq!(Timestamp::from_micros(micros).to_string(), text);
        }
        // Every 37th day and some seconds, through all the years.
        let step = 37 * DAY_S * SECOND_US + 4_321_000_007;
        for micros in (FIRST_US..=LAST_US).step_by(usize::try_from(step).unwrap()) {
            let time = Timestamp::from_micros(micros);
            let theirs = DateTime::from_timestamp_micros(micros).unwrap();
            assert_eq!(time.to_string(), theirs.to_rfc3339_opts(SecondsFormat::AutoSi, true));
            assert_eq!(Timestamp::parse(&time.to_string()), Ok(time));
        }
    }

    #[test]
    fn moments_stay_in_range() {
        assert_eq!(Timestamp::from_micros(i64::MAX), Timestamp::from_micros(LAST_US));
        assert_eq!(Timestamp::from_micros(LAST_US).to_string(), "9999-12-31T23:59:59.999999Z");
        assert_eq!(Timestamp::from_micros(i64::MIN).plus_micros(-1).micros(), FIRST_US);
    }
}
