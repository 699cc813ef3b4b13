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
        if let Some(time) = Self::parse_written(text) {
            return Ok(time);
        }
        let time = DateTime::parse_from_rfc3339(text).map_err(|_| NotATime)?;
        let micros = time.timestamp_micros();
        if (FIRST_US..=LAST_US).contains(&micros) { Ok(Self(micros)) } else { Err(NotATime) }
    }

    /// Reads what [`Written`] writes, as most programs do too, in a fraction of the time; `None` for
    /// any other text.
    fn parse_written(text: &str) -> Option<Self> {
        let micros = match text.len() {
            20 => 0,
            24 => digits(text, 20, 3)? * 1_000,
            27 => digits(text, 20, 6)?,
            _ => return None,
        };
        let day = day_of(digits(text, 0, 4)?, digits(text, 5, 2)?, digits(text, 8, 2)?);
        let (hour, minute) = (digits(text, 11, 2)?, digits(text, 14, 2)?);
        let seconds = day * DAY_S + hour * 3_600 + minute * 60 + digits(text, 17, 2)?;
        let time = Self::from_micros(seconds * SECOND_US + micros);
        // A day or an hour that there is not reads as another moment than it says.
        (Written::new(time).as_str() == text).then_some(time)
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

/// The day of a date, counted from 1970-01-01: the inverse of [`date`], if there is such a date.
const fn day_of(year: i64, month: i64, day: i64) -> i64 {
    const FROM_MARCH_OF_YEAR_0: i64 = 719_468;
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    days + (153 * month + 2) / 5 + day - 1 - FROM_MARCH_OF_YEAR_0
}

/// The number that some digits of a text make.
fn digits(text: &str, from: usize, count: usize) -> Option<i64> {
    let digits = text.as_bytes().get(from..from + count)?;
    digits.iter().try_fold(0, |number, digit| {
        digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0'))
    })
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
        deserializer.deserialize_str(crate::id::Parsed(Self::parse))
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
            assert_eq!(Timestamp::parse_written(&time.to_string()), Some(time));
        }
    }

    #[test]
    fn dates_and_hours_that_there_are_not_are_refused() {
        for bad in [
            "2026-02-29T00:00:00Z",
            "2026-00-10T00:00:00Z",
            "2026-04-31T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:60:00Z",
            "2026-01-01T00:00:00.12aZ",
            "2026-01-01 00:00:00,123Z",
            "0000-01-01T00:00:00Z",
        ] {
            assert_eq!(Timestamp::parse(bad), Err(NotATime), "{bad}");
        }
    }

    #[test]
    fn service_is_timed_in_microseconds_from_reading_to_reading() {
        let (early, late) = (Uptime::from_micros(2), Uptime::from_micros(9));
        assert_eq!((late.since(early), early.since(late)), (7, -7));
    }

    #[test]
    fn moments_stay_in_range() {
        assert_eq!(Timestamp::from_micros(i64::MAX), Timestamp::from_micros(LAST_US));
        assert_eq!(Timestamp::from_micros(LAST_US).to_string(), "9999-12-31T23:59:59.999999Z");
        assert_eq!(Timestamp::from_micros(i64::MIN).plus_micros(-1).micros(), FIRST_US);
    }
}
