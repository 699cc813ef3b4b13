//! What is stored of a secret that its holder shows again and again.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// The SHA-256 of a session's or token's secret. The secrets have 256 random bits, so a plain hash
/// is enough; and because they are looked up by it, no comparison of secrets takes a time that
/// says how much of a guess was right.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of a secret.
    pub fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret.as_bytes()).into())
    }

    /// The digest's bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(…)")
    }
}
