//! One source of values: the defaults, a file, the environment or the command line.

use std::fs;
use std::path::Path;

use figment::providers::{Format, Serialized, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Metadata, Profile, Provider};
use serde::Serialize;

use super::{Config, ConfigError};

/// What environment variables begin with.
const PREFIX: &str = "ONHAND_";
/// Variables with the prefix that are no keys: the file's path, which is read before, the token of
/// tools that speak to a server, and what the build and the browser tests read.
const OTHERS: [&str; 6] = [
    "ONHAND_BIN",
    "ONHAND_CHROMIUM",
    "ONHAND_CONFIG",
    "ONHAND_DEBIAN_USR",
    "ONHAND_EMBED_SITE",
    "ONHAND_TOKEN",
];
/// Beginnings of others. Kubernetes sets `ONHAND_PORT`, `ONHAND_PORT_…` and `ONHAND_SERVICE_…` in
/// every container beside a service named `onhand`; the build of the wasm has its own.
const OTHER_PREFIXES: [&str; 3] = ["ONHAND_PORT", "ONHAND_SERVICE_", "ONHAND_WASM_"];

/// Values with the name of where they come from.
pub(super) struct Layer {
    name: String,
    values: Dict,
}

impl Layer {
    /// The values of a structure.
    pub(super) fn of(name: &str, values: &impl Serialize) -> Result<Self, ConfigError> {
        let data = Serialized::defaults(values).data();
        let values = data.map_err(|error| ConfigError::file(name, &error.to_string()))?;
        Ok(Self::from_profiles(name.to_owned(), values))
    }

    /// The values of a TOML file.
    pub(super) fn file(path: &Path) -> Result<Self, ConfigError> {
        let name = path.display().to_string();
        let text = fs::read_to_string(path)
            .map_err(|error| ConfigError::file(&name, &format!("cannot be read: {error}")))?;
        let values = Toml::string(&text)
            .data()
            .map_err(|error| ConfigError::file(&name, &format!("is not TOML: {error}")))?;
        Ok(Self::from_profiles(name, values))
    }

    /// The values of the environment.
    pub(super) fn environment(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut values = Dict::new();
        for (name, text) in variables {
            let Some(key) = name.strip_prefix(PREFIX) else { continue };
            let foreign = OTHER_PREFIXES.iter().any(|start| name.starts_with(start));
            if foreign || OTHERS.contains(&name.as_str()) {
                continue;
            }
            let key = key.to_lowercase();
            let value = read(&key, text);
            values.insert(key, value);
        }
        Self { name: "environment".to_owned(), values }
    }

    fn from_profiles(name: String, mut values: Map<Profile, Dict>) -> Self {
        Self { name, values: values.remove(&Profile::Default).unwrap_or_default() }
    }
}

/// Reads a variable: as a number or boolean where the key wants one, else as it is.
fn read(key: &str, text: String) -> Value {
    let defaults = serde_json::to_value(Config::default()).unwrap_or_default();
    let default = &defaults[key];
    if default.is_number()
        && let Ok(number) = text.trim().parse::<i64>()
    {
        return Value::from(number);
    }
    if default.is_boolean()
        && let Ok(boolean) = text.trim().parse::<bool>()
    {
        return Value::from(boolean);
    }
    Value::from(text)
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Map::from([(Profile::Default, self.values.clone())]))
    }
}
