//! What is wrong with a configuration, in one line.

use figment::Figment;
use figment::error::Kind;

use super::keys::{self, KEYS, Key};

/// What is wrong with a configuration: one line that names the key or the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("configuration: {0}")]
pub struct ConfigError(String);

impl ConfigError {
    /// A file that cannot be used as a whole.
    pub(super) fn file(name: &str, problem: &str) -> Self {
        let problem = problem.split_whitespace().collect::<Vec<_>>().join(" ");
        Self(format!("{name} {problem}"))
    }

    /// A key whose value is out of its range.
    pub(super) fn wrong(layers: &Figment, key: &Key) -> Self {
        let value = layers
            .find_value(key.name)
            .ok()
            .and_then(|value| serde_json::to_string(&value).ok())
            .unwrap_or_default();
        let Key { name, must_be, .. } = key;
        Self(format!("{name} = {value} ({}): must be {must_be}", origin(layers, name)))
    }

    /// A key that does not exist, or whose value is of another type.
    pub(super) fn from_figment(layers: &Figment, error: &figment::Error) -> Self {
        if let Kind::UnknownField(name, _) = &error.kind {
            let known: Vec<_> = KEYS.iter().map(|key| key.name).collect();
            let known = known.join(", ");
            let origin = origin(layers, name);
            return Self(format!("{name} ({origin}) is no key; the keys are {known}"));
        }
        match error.path.first().and_then(|name| keys::find(name)) {
            Some(key) => Self::wrong(layers, key),
            None => Self(error.to_string()),
        }
    }
}

/// Where a key was set, for people.
fn origin(layers: &Figment, key: &str) -> String {
    let name = layers.find_metadata(key).map_or_else(String::new, |it| it.name.to_string());
    if name == "environment" { format!("ONHAND_{}", key.to_uppercase()) } else { name }
}
