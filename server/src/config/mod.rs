//! The configuration: defaults, then a TOML file, then the environment, then flags; whatever comes
//! later wins. A wrong or unknown value stops the start with one line that names the key, where it
//! was set, and what would be right.

mod error;
mod keys;
mod layer;

pub use error::ConfigError;
pub use keys::commented_defaults;

use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::http::Uri;
use figment::Figment;
use serde::{Deserialize, Serialize};

use layer::Layer;

/// Everything that can be set. The keys' meaning and range are in `keys.rs`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The folder of the ledger and the control database.
    pub data: PathBuf,
    /// Host and port to listen on.
    pub listen: String,
    /// The address under which browsers reach the server, if it is not the one it listens on.
    pub public_url: Option<String>,
    /// The website's folder, if it is not to be found beside or in the binary.
    pub site_dir: Option<PathBuf>,
    /// Which messages are logged: a filter of `tracing`.
    pub log: String,
    /// Connections served at the same time.
    pub connections_max: usize,
    /// Events that may wait for the processor.
    pub queue_capacity: usize,
    /// Events that the processor commits at once.
    pub batch_events_max: usize,
    /// Seconds after which a session ends.
    pub session_lifetime_s: u64,
    /// Seconds without use after which a session ends.
    pub session_idle_s: u64,
    /// Whether the session cookie travels over https only.
    pub secure_cookies: SecureCookies,
    /// Seconds around a count within which another source's movement makes it ambiguous.
    pub count_window_s: i64,
    /// Seconds for which an event waits for its order before it becomes a conflict.
    pub orphan_after_s: i64,
    /// Whether an unknown SKU is created instead of becoming a conflict.
    pub create_unknown_skus: bool,
    /// Of the SKUs that a batch names, how many it may take to zero without approval, in percent.
    pub mass_change_share: u8,
    /// SKUs that a batch has to take to zero at least to need approval.
    pub mass_change_min: usize,
}

/// Whether the session cookie travels over https only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecureCookies {
    /// By the scheme of `public_url`; without it, everywhere but on a loopback address.
    Auto,
    /// Yes.
    Always,
    /// No: passwords and sessions travel in the clear.
    Never,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: PathBuf::from("./data"),
            listen: "127.0.0.1:3000".to_owned(),
            public_url: None,
            site_dir: None,
            log: "info".to_owned(),
            connections_max: 10_000,
            queue_capacity: 16_384,
            batch_events_max: 1_024,
            session_lifetime_s: 43_200,
            session_idle_s: 7_200,
            secure_cookies: SecureCookies::Auto,
            count_window_s: 10,
            orphan_after_s: 86_400,
            create_unknown_skus: false,
            mass_change_share: 20,
            mass_change_min: 20,
        }
    }
}

/// What the command line sets.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Flags {
    /// `--data`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<PathBuf>,
    /// `--listen`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<String>,
}

impl Config {
    /// Reads the configuration from a file (if one is named), the environment and the flags.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
        flags: &Flags,
    ) -> Result<Self, ConfigError> {
        let mut layers = Figment::from(Layer::of("default", &Self::default())?);
        if let Some(path) = file {
            layers = layers.merge(Layer::file(path)?);
        }
        layers = layers.merge(Layer::environment(environment));
        layers = layers.merge(Layer::of("command line", flags)?);
        let config: Self =
            layers.extract().map_err(|error| ConfigError::from_figment(&layers, &error))?;
        match keys::KEYS.iter().find(|key| !(key.right)(&config)) {
            Some(key) => Err(ConfigError::wrong(&layers, key)),
            None => Ok(config),
        }
    }

    /// The origin (scheme, host, port) of `public_url`.
    pub fn public_origin(&self) -> Option<String> {
        let uri: Uri = self.public_url.as_deref()?.parse().ok()?;
        Some(format!("{}://{}", uri.scheme_str()?, uri.authority()?).to_lowercase())
    }

    /// Whether the session cookie is for https only, when the server listens on `address`.
    pub fn cookies_are_secure(&self, address: std::net::SocketAddr) -> bool {
        match (self.secure_cookies, &self.public_url) {
            (SecureCookies::Always, _) => true,
            (SecureCookies::Never, _) => false,
            (SecureCookies::Auto, Some(url)) if url.starts_with("https:") => true,
            (SecureCookies::Auto, _) => !address.ip().is_loopback(),
        }
    }

    /// How long a session lasts.
    pub const fn session_lifetime(&self) -> Duration {
        Duration::from_secs(self.session_lifetime_s)
    }

    /// How long a session lasts without use.
    pub const fn session_idle(&self) -> Duration {
        Duration::from_secs(self.session_idle_s)
    }
}

#[cfg(test)]
mod tests;
