//! Who is asking, and may they: sessions for people, tokens for programs, roles for both
//! (contract.md section 2).

mod cache;
mod cookie;
mod extract;
mod password;
mod rights;
mod secret;
mod sign_in;
mod throttle;

pub use cookie::SessionCookie;
pub use extract::MaybeIdentity;
pub(crate) use extract::{bearer, origin as origin_address};
pub use password::{PASSWORD_MAX_BYTES, PASSWORD_MIN_CHARS, PasswordError, hash_password};
pub use rights::{Action, Forbidden, authorise};
pub use secret::Secret;
pub use sign_in::routes;

use std::sync::Arc;
use std::time::Instant;

use onhand::time::{SECOND_US, Timestamp};
use onhand::wire::page::Role;

use crate::clock::Clock;
use crate::control::{Control, ControlError, Digest, Notes};
use crate::http::problem::Problem;
use cache::Cache;
use password::Passwords;
use throttle::Throttles;

/// How old the stored moment of last use may get, in microseconds: more often is not worth a write.
const USE_NOTED_EVERY_US: i64 = 60 * SECOND_US;

/// Somebody whose identity was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Who: `user:mia@example.com` or `token:wms`, as the journal and the audit log name them.
    pub actor: String,
    /// What they may do.
    pub role: Role,
    /// By what they were known, to check again later.
    pub credential: Credential,
}

impl Identity {
    /// The address of a person; `None` for a program.
    pub fn email(&self) -> Option<&str> {
        self.actor.strip_prefix("user:")
    }
}

/// By what somebody is known. Holds no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Credential {
    /// A session's cookie.
    Session(Digest),
    /// An API token.
    Token(Digest),
}

/// What sessions and cookies are like.
#[derive(Debug, Clone, Copy)]
pub struct SessionRules {
    /// Microseconds after which a session ends.
    pub lifetime_us: i64,
    /// Microseconds without use after which a session ends.
    pub idle_us: i64,
    /// The cookie that carries it.
    pub cookie: SessionCookie,
}

/// Checks identities. One per server.
pub struct Auth {
    control: Control,
    notes: Notes,
    clock: Arc<dyn Clock>,
    rules: SessionRules,
    cache: Cache,
    passwords: Passwords,
    throttles: Throttles,
}

impl Auth {
    /// Checks identities against `control`.
    pub fn new(control: Control, notes: Notes, clock: Arc<dyn Clock>, rules: SessionRules) -> Self {
        Self {
            control,
            notes,
            clock,
            rules,
            cache: Cache::default(),
            passwords: Passwords::default(),
            throttles: Throttles::default(),
        }
    }

    /// Whoever holds this credential, or `None` if it does not hold (any more). What is answered
    /// may be up to a second old: so long a token that was taken back can still be used.
    ///
    /// Long-lived connections ask again every second or so, and close when there is no answer.
    pub async fn check(&self, credential: Credential) -> Result<Option<Identity>, ControlError> {
        if let Some(identity) = self.cache.get(&credential, Instant::now()) {
            return Ok(Some(identity));
        }
        let asked_at = Instant::now();
        let now = self.clock.now();
        let identity = match credential {
            Credential::Session(digest) => self.session(&digest, now).await?,
            Credential::Token(digest) => self.token(&digest, now).await?,
        };
        if let Some(identity) = &identity {
            self.cache.put(identity.clone(), asked_at);
        }
        Ok(identity)
    }

    async fn session(
        &self,
        digest: &Digest,
        now: Timestamp,
    ) -> Result<Option<Identity>, ControlError> {
        let idle_since = now.plus_micros(-self.rules.idle_us);
        let Some(row) = self.control.session(digest, now, idle_since).await? else {
            return Ok(None);
        };
        if now.since(row.seen_at) >= USE_NOTED_EVERY_US.min(self.rules.idle_us / 2) {
            self.notes.session_seen(*digest, now);
        }
        let credential = Credential::Session(*digest);
        Ok(Some(Identity { actor: format!("user:{}", row.email), role: row.role, credential }))
    }

    async fn token(
        &self,
        digest: &Digest,
        now: Timestamp,
    ) -> Result<Option<Identity>, ControlError> {
        let Some(token) = self.control.token(digest).await? else { return Ok(None) };
        if token.last_used_at.is_none_or(|used_at| now.since(used_at) >= USE_NOTED_EVERY_US) {
            self.notes.token_used(token.id, now);
        }
        let credential = Credential::Token(*digest);
        Ok(Some(Identity { actor: format!("token:{}", token.name), role: token.role, credential }))
    }

    /// Whether a role allows it. Only [`Auth::require`] notes that it does not.
    pub fn may(&self, identity: &Identity, action: Action<'_>) -> bool {
        authorise(identity.role, action).is_ok()
    }

    /// Lets an action pass, or notes the refusal in the audit log and answers 403. `target` says
    /// what the action is aimed at.
    pub fn require(
        &self,
        identity: &Identity,
        action: Action<'_>,
        target: &str,
    ) -> Result<(), Problem> {
        authorise(identity.role, action).map_err(|forbidden| {
            self.notes.refused(&identity.actor, action.name(), target, &forbidden.to_string());
            Problem::forbidden(forbidden.to_string())
        })
    }
}
