//! Numbers, times and addresses as text. Pure: the server and the browser's first render must
//! write the very same characters; the reader's locale comes in after hydration.

use onhand::time::{SECOND_US, Timestamp};

const MINUTE_US: i64 = 60 * SECOND_US;
const HOUR_US: i64 = 60 * MINUTE_US;
const DAY_US: i64 = 24 * HOUR_US;

/// Digits in groups of three: `1,234,567`.
pub fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if number < 0 {
        text.push('-');
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A difference with its sign: `+5`, `−3`.
pub fn signed(number: i64) -> String {
    if number < 0 {
        format!("\u{2212}{}", grouped(number).trim_start_matches('-'))
    } else {
        format!("+{}", grouped(number))
    }
}

/// A moment as people read it in UTC: `2026-11-23 10:00:00`.
pub fn plain_time(at: Timestamp) -> String {
    let mut text = at.to_string().replacen('T', " ", 1);
    text.truncate("2026-11-23 10:00:00".len());
    text
}

/// How long ago `at` was. Clocks differ a little, so what lies just ahead is `just now` too.
pub fn ago(at: Timestamp, now_us: i64) -> String {
    let age = now_us - at.micros();
    if age < -MINUTE_US {
        return format!("in {}", span(-age));
    }
    if age < 2 * SECOND_US { "just now".to_owned() } else { format!("{} ago", span(age)) }
}

/// How soon `at` will be; what is due or past is `now`.
pub fn until(at: Timestamp, now_us: i64) -> String {
    let left = at.micros() - now_us;
    if left < SECOND_US { "now".to_owned() } else { format!("in {}", span(left)) }
}

/// A length of time in its largest unit, from microseconds.
pub fn span(length_us: i64) -> String {
    let (value, unit) = match length_us {
        ..SECOND_US => (length_us.max(0) / 1_000, "ms"),
        SECOND_US..MINUTE_US => (length_us / SECOND_US, "s"),
        MINUTE_US..HOUR_US => (length_us / MINUTE_US, "min"),
        HOUR_US..DAY_US => (length_us / HOUR_US, "h"),
        _ => (length_us / DAY_US, "d"),
    };
    format!("{} {unit}", grouped(value))
}

/// A delay in milliseconds in its largest unit; none is a dash.
pub fn delay(milliseconds: u64) -> String {
    if milliseconds == 0 {
        return "\u{2013}".to_owned();
    }
    span(i64::try_from(milliseconds).unwrap_or(i64::MAX / 1_000).saturating_mul(1_000))
}

/// A word of the wire for people: `quality_control` becomes `quality control`.
pub fn words(name: &str) -> String {
    name.replace('_', " ")
}

/// The same with a capital first letter, for headings and badges.
pub fn title(name: &str) -> String {
    let text = words(name);
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => text,
    }
}

/// One or many: `1 event`, `12 events`.
pub fn counted(number: u64, one: &str, many: &str) -> String {
    let noun = if number == 1 { one } else { many };
    format!("{} {noun}", grouped(i64::try_from(number).unwrap_or(i64::MAX)))
}

/// Percent-encodes text for use anywhere in a URL's path or query.
pub fn encode(text: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push(char::from(HEX[usize::from(byte >> 4)]));
            encoded.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    encoded
}

/// The page of a SKU.
pub fn sku_href(sku: &str) -> String {
    format!("/stock/{}", encode(sku))
}

/// A path with a query that grows by encoded pairs; empty values are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    text: String,
    open: bool,
}

impl Query {
    /// Starts with a path that is encoded already.
    pub fn new(path: &str) -> Self {
        Self { text: path.to_owned(), open: false }
    }

    /// Adds a pair, unless the value is empty.
    pub fn add(&mut self, name: &str, value: &str) -> &mut Self {
        if !value.is_empty() {
            self.text.push(if self.open { '&' } else { '?' });
            self.open = true;
            self.text.push_str(&encode(name));
            self.text.push('=');
            self.text.push_str(&encode(value));
        }
        self
    }

    /// The address so far.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_signed() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (-1_234_567, "-1,234,567")]
        {
            assert_eq!(grouped(number), text);
        }
        assert_eq!(signed(5), "+5");
        assert_eq!(signed(-1_200), "\u{2212}1,200");
    }

    #[test]
    fn times_tell_their_age_in_the_largest_unit() {
        let at = Timestamp::parse("2026-11-23T10:00:00.123456Z").unwrap();
        assert_eq!(plain_time(at), "2026-11-23 10:00:00");
        let after = |us: i64| ago(at, at.micros() + us);
        assert_eq!(after(0), "just now");
        assert_eq!(after(-5 * SECOND_US), "just now", "clocks differ");
        assert_eq!(after(-2 * HOUR_US), "in 2 h");
        assert_eq!(after(59 * SECOND_US), "59 s ago");
        assert_eq!(after(90 * MINUTE_US), "1 h ago");
        assert_eq!(after(400 * DAY_US), "400 d ago");
        assert_eq!(until(at, at.micros() - 8 * SECOND_US), "in 8 s");
        assert_eq!(until(at, at.micros() + 1), "now");
        assert_eq!(delay(0), "\u{2013}");
        assert_eq!(delay(850), "850 ms");
        assert_eq!(delay(61_000), "1 min");
        assert_eq!(delay(u64::MAX), "106,751,991 d");
    }

    #[test]
    fn names_become_words() {
        assert_eq!(words("quality_control"), "quality control");
        assert_eq!(title("count_overlap"), "Count overlap");
        assert_eq!(counted(1, "event", "events"), "1 event");
        assert_eq!(counted(1_200, "event", "events"), "1,200 events");
    }

    #[test]
    fn addresses_are_encoded() {
        assert_eq!(sku_href("a b/ü?"), "/stock/a%20b%2F%C3%BC%3F");
        let mut query = Query::new("/adjust");
        query.add("sku", "A&B").add("note", "").add("action", "count");
        assert_eq!(query.as_str(), "/adjust?sku=A%26B&action=count");
    }
}
