//! Signatures of the form `base64(HMAC-SHA256(secret, raw body))`.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// A secret that a channel signs with. It never shows itself.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningSecret(String);

impl SigningSecret {
    /// The secret as the channel gives it; its UTF-8 bytes are the key. `None` for an empty one,
    /// which would let everybody in.
    pub fn new(secret: impl Into<String>) -> Option<Self> {
        let secret = secret.into();
        (!secret.is_empty()).then_some(Self(secret))
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret(…)")
    }
}

/// A delivery that no known secret signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the delivery is not signed by this channel")]
pub struct NotSigned;

fn mac(secret: &SigningSecret, body: &[u8]) -> Option<Hmac<Sha256>> {
    // HMAC takes keys of any length, so this is never `None`.
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret.0.as_bytes()).ok()?;
    mac.update(body);
    Some(mac)
}

/// Checks a signature against every secret, each in constant time.
pub(super) fn verify(
    signature: Option<&[u8]>,
    body: &[u8],
    secrets: &[SigningSecret],
) -> Result<(), NotSigned> {
    // The vendor's own validation refuses an empty body whatever its signature.
    if body.is_empty() {
        return Err(NotSigned);
    }
    let tag = signature.and_then(|text| BASE64.decode(text).ok()).ok_or(NotSigned)?;
    let fits = |secret| mac(secret, body).is_some_and(|mac| mac.verify_slice(&tag).is_ok());
    // No early end: the time says nothing about which of the secrets it was.
    let signed = secrets.iter().fold(false, |signed, secret| fits(secret) | signed);
    if signed { Ok(()) } else { Err(NotSigned) }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The vendor's published vector.
    const BODY: &[u8] = br##"{"id":820982911946154508,"name":"#9999"}"##;
    const TAG: &[u8] = b"YBwnJ9vsibq7srObgXybmGHWuwos+jDEL//7749XS78=";

    fn sign(secret: &SigningSecret, body: &[u8]) -> String {
        BASE64.encode(mac(secret, body).unwrap().finalize().into_bytes())
    }

    fn secrets(texts: &[&str]) -> Vec<SigningSecret> {
        texts.iter().filter_map(|text| SigningSecret::new(*text)).collect()
    }

    #[test]
    fn the_vendors_vector_is_signed_and_verified() {
        let hush = secrets(&["hush"]);
        assert_eq!(sign(&hush[0], BODY).as_bytes(), TAG);
        assert_eq!(verify(Some(TAG), BODY, &hush), Ok(()));
    }

    #[test]
    fn any_of_several_secrets_will_do_while_they_rotate() {
        for known in [["hush", "new"], ["new", "hush"]] {
            assert_eq!(verify(Some(TAG), BODY, &secrets(&known)), Ok(()));
        }
    }

    type Case<'a> = (&'a str, Option<&'a [u8]>, &'a [u8], &'a [SigningSecret]);

    #[test]
    fn everything_else_is_refused() {
        let hush = secrets(&["hush"]);
        let cut = &TAG[..40];
        let empty = sign(&hush[0], b"");
        let changed = BODY.iter().map(|byte| byte.wrapping_add(1)).collect::<Vec<_>>();
        let cases: [Case<'_>; 8] = [
            ("no signature", None, BODY, &hush),
            ("an empty signature", Some(b""), BODY, &hush),
            ("no base64", Some(b"***"), BODY, &hush),
            ("a part of the signature", Some(cut), BODY, &hush),
            ("another body", Some(TAG), &changed, &hush),
            ("an empty body, well signed", Some(empty.as_bytes()), b"", &hush),
            ("another secret", Some(TAG), BODY, &secrets(&["other"])),
            ("no secret at all", Some(TAG), BODY, &[]),
        ];
        for (what, signature, body, secrets) in cases {
            assert_eq!(verify(signature, body, secrets), Err(NotSigned), "{what}");
        }
    }

    #[test]
    fn a_secret_neither_shows_itself_nor_is_empty() {
        assert!(SigningSecret::new("").is_none());
        assert!(!format!("{:?}", secrets(&["hush"])).contains("hush"));
    }
}
