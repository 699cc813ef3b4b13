//! The session's cookie.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};

use super::Secret;

/// The cookie's name over https: browsers take it only from this very host, for the whole of it,
/// and only if it is secure (RFC 6265bis, 4.1.3.2).
const SECURE_NAME: &str = "__Host-onhand_session";
/// The cookie's name on a loopback address without https.
const PLAIN_NAME: &str = "onhand_session";
/// The longest value that is looked at; ours have 43 characters.
const VALUE_MAX_BYTES: usize = 128;

/// The session's cookie, for https only or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionCookie {
    secure: bool,
}

impl SessionCookie {
    /// A cookie for https only, or also for plain http.
    pub const fn new(secure: bool) -> Self {
        Self { secure }
    }

    /// The cookie's name.
    pub const fn name(self) -> &'static str {
        if self.secure { SECURE_NAME } else { PLAIN_NAME }
    }

    /// The session's secret in a request, if it carries one.
    pub(super) fn read(self, headers: &HeaderMap) -> Option<&str> {
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find_map(|(name, value)| (name == self.name()).then_some(value))
            .filter(|value| !value.is_empty() && value.len() <= VALUE_MAX_BYTES)
    }

    /// The header that gives the session to the browser.
    pub(super) fn set(self, secret: &Secret, lifetime: Duration) -> Option<HeaderValue> {
        self.header(secret.reveal(), lifetime.as_secs())
    }

    /// The header that takes the session from the browser.
    pub(super) fn clear(self) -> Option<HeaderValue> {
        self.header("", 0)
    }

    fn header(self, value: &str, max_age_s: u64) -> Option<HeaderValue> {
        let name = self.name();
        let secure = if self.secure { "; Secure" } else { "" };
        let text =
            format!("{name}={value}; Path=/; Max-Age={max_age_s}; HttpOnly; SameSite=Lax{secure}");
        let mut header = HeaderValue::try_from(text).ok()?;
        header.set_sensitive(true);
        Some(header)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_for_this_host_and_not_for_scripts() {
        let secret = Secret::for_session();
        let set = |secure| {
            let header = SessionCookie::new(secure).set(&secret, Duration::from_mins(1)).unwrap();
            header.to_str().unwrap().replace(secret.reveal(), "SECRET")
        };
        assert_eq!(
            set(true),
            "__Host-onhand_session=SECRET; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure"
        );
        assert_eq!(set(false), "onhand_session=SECRET; Path=/; Max-Age=60; HttpOnly; SameSite=Lax");
    }

    #[test]
    fn it_is_found_among_others() {
        let cookie = SessionCookie::new(false);
        let mut headers = HeaderMap::new();
        assert_eq!(cookie.read(&headers), None);
        headers.append(header::COOKIE, HeaderValue::from_static("theme=dark; x"));
        headers.append(header::COOKIE, HeaderValue::from_static("a=b; onhand_session=s3cret"));
        assert_eq!(cookie.read(&headers), Some("s3cret"));
        assert_eq!(SessionCookie::new(true).read(&headers), None);
    }
}
