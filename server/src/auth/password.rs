//! Passwords: argon2id, off the async threads, a few at a time.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use std::sync::{Arc, LazyLock};
use tokio::sync::Semaphore;

/// Shortest password, in characters (ASVS 5.0.0, 6.2.1).
pub const PASSWORD_MIN_CHARS: usize = 8;
/// Longest password, in bytes: a bound on work, far beyond any that people use.
pub const PASSWORD_MAX_BYTES: usize = 1_024;
/// Passwords checked at the same time; each takes 19 MiB and a core for tens of milliseconds.
const CHECKS_AT_ONCE: usize = 2;
/// Further passwords that may wait for that.
const WAITING_MAX: usize = 64;

/// Why a password cannot be set or checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// It is too short.
    #[error("must have at least 8 characters")]
    TooShort,
    /// It is too long.
    #[error("must have at most 1024 bytes")]
    TooLong,
    /// It cannot be hashed.
    #[error("cannot be hashed")]
    Hash,
    /// Too many are being checked already.
    #[error("too many people are signing in right now")]
    Busy,
}

/// A hash that no password has, checked for unknown users: an answer takes as long as for others.
static NOBODY: LazyLock<Arc<str>> = LazyLock::new(|| {
    let random: [u8; 32] = rand::random();
    Argon2::default()
        .hash_password(&random)
        .map_or_else(|_| Arc::from(""), |it| it.to_string().into())
});

/// The argon2id hash of a password, as a PHC string. Takes tens of milliseconds: not for an async
/// thread.
pub fn hash_password(password: &str) -> Result<String, PasswordError> {
    if password.chars().count() < PASSWORD_MIN_CHARS {
        return Err(PasswordError::TooShort);
    }
    if password.len() > PASSWORD_MAX_BYTES {
        return Err(PasswordError::TooLong);
    }
    // The defaults are OWASP's: 19 MiB, 2 passes, 1 lane.
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|_| PasswordError::Hash)
}

/// Checks passwords.
#[derive(Debug)]
pub(super) struct Passwords {
    running: Arc<Semaphore>,
    waiting: Semaphore,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            running: Arc::new(Semaphore::new(CHECKS_AT_ONCE)),
            waiting: Semaphore::new(CHECKS_AT_ONCE + WAITING_MAX),
        }
    }
}

impl Passwords {
    /// Whether a password is that of `hash`; `None` stands for an unknown user, whose password is
    /// never right, after the same time.
    pub(super) async fn check(
        &self,
        password: String,
        hash: Option<String>,
    ) -> Result<bool, PasswordError> {
        let _place = self.waiting.try_acquire().map_err(|_| PasswordError::Busy)?;
        let running = Arc::clone(&self.running);
        let permit = running.acquire_owned().await.map_err(|_| PasswordError::Busy)?;
        let check = tokio::task::spawn_blocking(move || {
            // Held until the work is done, also when whoever asked has gone away.
            let _permit = permit;
            if password.len() > PASSWORD_MAX_BYTES {
                return false;
            }
            let known = hash.is_some();
            let hash = hash.unwrap_or_else(|| NOBODY.to_string());
            let right = PasswordHash::new(&hash).is_ok_and(|hash| {
                Argon2::default().verify_password(password.as_bytes(), &hash).is_ok()
            });
            known && right
        });
        check.await.map_err(|_| PasswordError::Hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_password_itself_is_right() {
        let hash = hash_password("correct horse").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        let passwords = Passwords::default();
        let check = async |password: &str, hash: Option<&str>| {
            passwords.check(password.to_owned(), hash.map(str::to_owned)).await
        };
        assert_eq!(check("correct horse", Some(&hash)).await, Ok(true));
        assert_eq!(check("correct horsf", Some(&hash)).await, Ok(false));
        assert_eq!(check("correct horse", None).await, Ok(false));
        assert_eq!(check("", Some("")).await, Ok(false));
        assert_eq!(check(&"x".repeat(PASSWORD_MAX_BYTES + 1), Some(&hash)).await, Ok(false));
    }

    #[tokio::test]
    async fn too_many_at_once_are_turned_away() {
        let passwords = Passwords::default();
        let all = passwords.waiting.try_acquire_many(66).unwrap();
        let turned_away = passwords.check("correct horse".to_owned(), None).await;
        assert_eq!(turned_away, Err(PasswordError::Busy));
        drop(all);
        assert_eq!(passwords.check("correct horse".to_owned(), None).await, Ok(false));
    }

    #[test]
    fn a_password_has_a_least_and_a_greatest_length() {
        assert_eq!(hash_password("seven77"), Err(PasswordError::TooShort));
        assert_eq!(hash_password(&"x".repeat(1_025)), Err(PasswordError::TooLong));
        assert_ne!(hash_password("eight888"), hash_password("eight888"), "salts differ");
    }
}
