//! Who looks at the page. Known before anything is rendered, and the same while hydrating.

use std::fmt;
use std::str::FromStr;

use leptos::prelude::*;
use onhand::wire::page::{Role, Viewer};
use serde::{Deserialize, Serialize};

use crate::json::{self, Malformed};

/// Who looks at the pages, at which build of them, and from where the live frames go on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Session {
    /// The person; `None` on the sign-in page.
    pub viewer: Option<Viewer>,
    /// The server's build; the page offers to reload when the live frames name another one.
    pub build: String,
    /// The journal's last `seq` that everything on the page contains.
    pub seq: u64,
    /// Demo users as (address, password, role), for the sign-in page of a demo.
    pub demo_users: Vec<(String, String, String)>,
}

impl Session {
    /// Whether the person has at least this role.
    pub fn may(&self, role: Role) -> bool {
        self.viewer.as_ref().is_some_and(|viewer| viewer.role >= role)
    }
}

/// As it travels with the page.
impl fmt::Display for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Texts, names and numbers always serialise.
        f.write_str(&serde_json::to_string(self).unwrap_or_default())
    }
}

impl FromStr for Session {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        json::read(text)
    }
}

/// Puts the session into the context; the server's goes to the browser with the page.
pub fn provide_session() -> Session {
    let session = SharedValue::new_str(initial).into_inner();
    provide_context(session.clone());
    session
}

/// The session of this page.
pub fn use_session() -> Session {
    expect_context()
}

#[cfg(feature = "ssr")]
fn initial() -> Session {
    // Without a backend the app is run only to find its routes.
    let Some(backend) = use_context::<crate::backend::BackendHandle>() else {
        return Session::default();
    };
    let viewer = backend.viewer().ok();
    let demo_users = if viewer.is_none() { backend.demo_users() } else { Vec::new() };
    Session { viewer, build: backend.build(), seq: backend.seq(), demo_users }
}

#[cfg(not(feature = "ssr"))]
fn initial() -> Session {
    Session::default()
}
