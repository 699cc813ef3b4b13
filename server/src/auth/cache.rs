//! Identities that were checked a moment ago, so that thousands of requests a second do not ask
//! the database thousands of times.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{Credential, Identity};

/// How long an answer is kept: a revocation shows within a second, also when the request that
/// finds it takes a while.
const KEPT_MS: u64 = 900;
/// Answers that are kept.
const KEPT_MAX: usize = 4_096;

/// Bounded, and forgets within a second. Only valid credentials are kept: wrong ones are made up
/// freely and would push the others out.
#[derive(Debug, Default)]
pub(super) struct Cache(Mutex<HashMap<Credential, (Identity, Instant)>>);

impl Cache {
    /// The identity of a credential, if it was checked a moment ago.
    pub(super) fn get(&self, credential: &Credential, now: Instant) -> Option<Identity> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (identity, until) = kept.get(credential)?;
        (now < *until).then(|| identity.clone())
    }

    /// Keeps an identity that was just checked.
    pub(super) fn put(&self, identity: Identity, now: Instant) {
        let until = now + Duration::from_millis(KEPT_MS);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_MAX {
            kept.retain(|_, (_, until)| now < *until);
        }
        if kept.len() < KEPT_MAX {
            kept.insert(identity.credential, (identity, until));
        }
    }

    /// Forgets a credential at once.
    pub(super) fn forget(&self, credential: &Credential) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(credential);
    }
}

#[cfg(test)]
mod tests {
    use onhand::wire::page::Role;

    use super::*;
    use crate::control::Digest;

    fn token(name: &str) -> Identity {
        let credential = Credential::Token(Digest::of(name));
        Identity { actor: format!("token:{name}"), role: Role::Viewer, credential }
    }

    #[test]
    fn an_answer_is_kept_for_less_than_a_second() {
        let cache = Cache::default();
        let identity = token("a");
        let begin = Instant::now();
        let seen =
            |after_ms| cache.get(&identity.credential, begin + Duration::from_millis(after_ms));
        cache.put(identity.clone(), begin);
        assert_eq!(seen(KEPT_MS - 1), Some(identity.clone()));
        assert_eq!(seen(KEPT_MS), None);
        cache.forget(&identity.credential);
        assert_eq!(seen(0), None);
    }

    #[test]
    fn it_is_bounded() {
        let cache = Cache::default();
        let begin = Instant::now();
        for number in 0..=KEPT_MAX {
            cache.put(token(&number.to_string()), begin);
        }
        assert_eq!(cache.0.lock().unwrap().len(), KEPT_MAX);
        cache.put(token("new"), begin + Duration::from_millis(KEPT_MS));
        assert_eq!(cache.0.lock().unwrap().len(), 1);
    }
}
