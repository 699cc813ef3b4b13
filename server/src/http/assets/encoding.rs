//! Which of a file's encodings a browser gets (RFC 9110, 12.5.3).

use axum::http::{HeaderMap, header};

/// A content coding that files are kept in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Brotli,
    Gzip,
    Identity,
}

impl Encoding {
    /// The smallest of the codings at hand that the request accepts.
    pub(super) fn choose(request: &HeaderMap, brotli: bool, gzip: bool) -> Self {
        if brotli && accepts(request, "br") {
            Self::Brotli
        } else if gzip && accepts(request, "gzip") {
            Self::Gzip
        } else {
            Self::Identity
        }
    }

    /// The value of `Content-Encoding`, where one is due.
    pub(super) const fn name(self) -> Option<&'static str> {
        match self {
            Self::Brotli => Some("br"),
            Self::Gzip => Some("gzip"),
            Self::Identity => None,
        }
    }

    /// Tells the entity tags of a file's encodings apart.
    pub(super) const fn suffix(self) -> &'static str {
        match self {
            Self::Brotli => "-br",
            Self::Gzip => "-gz",
            Self::Identity => "",
        }
    }
}

/// Whether `Accept-Encoding` names `coding`, or `*`, with a weight above zero.
fn accepts(request: &HeaderMap, coding: &str) -> bool {
    let values = request.get_all(header::ACCEPT_ENCODING).iter();
    let entries: Vec<&str> =
        values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).collect();
    let weight = |wanted: &str| {
        entries.iter().find_map(|entry| {
            let mut parts = entry.split(';').map(str::trim);
            let name = parts.next().filter(|name| name.eq_ignore_ascii_case(wanted))?;
            let refused = parts
                .filter_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")))
                .any(|weight| weight.trim_matches(['0', '.']).is_empty());
            Some((name, !refused))
        })
    };
    weight(coding).or_else(|| weight("*")).is_some_and(|(_, accepted)| accepted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn chosen(accept: &'static str) -> Encoding {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(accept));
        Encoding::choose(&headers, true, true)
    }

    #[test]
    fn the_smallest_accepted_coding_wins() {
        assert_eq!(chosen("gzip, deflate, br, zstd"), Encoding::Brotli);
        assert_eq!(chosen("GZIP;q=0.5"), Encoding::Gzip);
        assert_eq!(chosen("*"), Encoding::Brotli);
        assert_eq!(chosen("deflate"), Encoding::Identity);
        assert_eq!(Encoding::choose(&HeaderMap::new(), true, true), Encoding::Identity);
    }

    #[test]
    fn a_weight_of_zero_refuses() {
        assert_eq!(chosen("br;q=0, gzip"), Encoding::Gzip);
        assert_eq!(chosen("br; q=0.000, *;q=0"), Encoding::Identity);
        assert_eq!(chosen("br;q=0.001"), Encoding::Brotli);
    }

    #[test]
    fn only_what_is_at_hand_is_chosen() {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("br, gzip"));
        assert_eq!(Encoding::choose(&headers, false, true), Encoding::Gzip);
        assert_eq!(Encoding::choose(&headers, false, false), Encoding::Identity);
    }
}
