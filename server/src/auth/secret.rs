//! Secrets of sessions and tokens.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Random bytes of a secret: beyond guessing.
const SECRET_BYTES: usize = 32;
/// What an API token begins with, so that scanners for leaked secrets find it.
const TOKEN_PREFIX: &str = "onh_";
/// Characters of a token that are kept, by which people recognise it: the prefix and 36 bits.
const TOKEN_SHOWN_CHARS: usize = 10;

/// A secret that is shown to its holder once and stored as a hash only.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A new secret for a session.
    pub fn for_session() -> Self {
        Self(random())
    }

    /// A new secret for an API token.
    pub fn for_token() -> Self {
        Self(format!("{TOKEN_PREFIX}{}", random()))
    }

    /// The secret itself: for its holder, never for a log.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The first characters.
    pub fn shown(&self) -> &str {
        self.0.get(..TOKEN_SHOWN_CHARS).unwrap_or_default()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

fn random() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; SECRET_BYTES]>())
}
