//! Each key once: what it means, what it may be. The printed default configuration and the
//! messages about wrong values both come from here.

use std::fmt::Write as _;

use axum::http::Uri;
use serde_json::Value;
use tracing_subscriber::EnvFilter;

use super::Config;
use crate::intake::events::REQUEST_EVENTS_MAX;

/// A key of the configuration.
pub(super) struct Key {
    /// Its name.
    pub(super) name: &'static str,
    /// What it means, for the printed defaults.
    pub(super) meaning: &'static str,
    /// What it must be, as the end of a sentence that begins with "must be".
    pub(super) must_be: &'static str,
    /// An example, for a key without a default.
    example: &'static str,
    /// Whether the value is right, apart from its type.
    pub(super) right: fn(&Config) -> bool,
}

/// The longest time that can be set, in seconds: ten years.
const SECONDS_MAX: u64 = 315_360_000;

/// Every key, in the order of the printed defaults.
pub(super) static KEYS: [Key; 16] = [
    Key {
        name: "data",
        meaning: "The folder of the ledger and the control database. On a local disk, never on a\n\
                  network file system.",
        must_be: "the path of a folder",
        example: "",
        right: |config| !config.data.as_os_str().is_empty(),
    },
    Key {
        name: "listen",
        meaning: "Where HTTP is served. Port 0 takes a free one.",
        must_be: "HOST:PORT, such as 127.0.0.1:3000 or [::]:3000",
        example: "",
        right: |config| is_host_and_port(&config.listen),
    },
    Key {
        name: "public_url",
        meaning: "The address under which browsers reach the server when that is another one, as\n\
                  behind a proxy that terminates TLS.",
        must_be: "an http or https address without a path, such as https://stock.example.com",
        example: "https://stock.example.com",
        right: |config| config.public_url.as_deref().is_none_or(is_origin),
    },
    Key {
        name: "site_dir",
        meaning: "The folder with the website's files, if they are neither in the binary nor\n\
                  beside it.",
        must_be: "the path of a folder that `make site` wrote",
        example: "target/site",
        right: |config| config.site_dir.as_ref().is_none_or(|it| !it.as_os_str().is_empty()),
    },
    Key {
        name: "log",
        meaning: "Which messages are logged: error, warn, info, debug or trace, also by module, as\n\
                  in \"info,sqlx=debug\".",
        must_be: "a level (error, warn, info, debug, trace) or a list such as \"info,sqlx=debug\"",
        example: "",
        right: |config| EnvFilter::builder().parse(&config.log).is_ok(),
    },
    Key {
        name: "connections_max",
        meaning: "Connections served at the same time; further ones wait.",
        must_be: "a whole number from 1 to 1000000",
        example: "",
        right: |config| (1..=1_000_000).contains(&config.connections_max),
    },
    Key {
        name: "queue_capacity",
        meaning: "Events that may wait for the processor; further ones are answered with 503. The\n\
                  largest request has to find room.",
        must_be: "a whole number from 1000 to 1000000",
        example: "",
        right: |config| (REQUEST_EVENTS_MAX..=1_000_000).contains(&config.queue_capacity),
    },
    Key {
        name: "batch_events_max",
        meaning: "Events that the processor commits at once, at most.",
        must_be: "a whole number from 1 to 65536",
        example: "",
        right: |config| (1..=65_536).contains(&config.batch_events_max),
    },
    Key {
        name: "session_lifetime_s",
        meaning: "Seconds after which people have to sign in again.",
        must_be: "a whole number of seconds from 60 to 315360000",
        example: "",
        right: |config| (60..=SECONDS_MAX).contains(&config.session_lifetime_s),
    },
    Key {
        name: "session_idle_s",
        meaning: "Seconds without any use after which people have to sign in again. An open page\n\
                  counts as use.",
        must_be: "a whole number of seconds from 60 to 315360000",
        example: "",
        right: |config| (60..=SECONDS_MAX).contains(&config.session_idle_s),
    },
    Key {
        name: "secure_cookies",
        meaning: "Whether the session cookie travels over https only. \"auto\": yes if public_url\n\
                  is https or the server listens on more than this computer. \"never\" sends\n\
                  passwords in the clear.",
        must_be: "\"auto\", \"always\" or \"never\"",
        example: "",
        right: |_| true,
    },
    Key {
        name: "count_window_s",
        meaning: "Seconds around a count within which a movement reported by another source makes\n\
                  the count a conflict.",
        must_be: "a whole number of seconds from 0 to 86400",
        example: "",
        right: |config| (0..=86_400).contains(&config.count_window_s),
    },
    Key {
        name: "orphan_after_s",
        meaning: "Seconds for which an event waits for its order before it becomes a conflict.",
        must_be: "a whole number of seconds from 1 to 315360000",
        example: "",
        right: |config| {
            u64::try_from(config.orphan_after_s).is_ok_and(|s| (1..=SECONDS_MAX).contains(&s))
        },
    },
    Key {
        name: "create_unknown_skus",
        meaning: "Whether an unknown SKU is created at first sight instead of becoming a conflict.",
        must_be: "true or false",
        example: "",
        right: |_| true,
    },
    Key {
        name: "mass_change_share",
        meaning: "A batch (events of one request with the same batchid) that would take more than\n\
                  this share of the SKUs it names to zero is held until a manager approves it. In\n\
                  percent; 100 holds none.",
        must_be: "a whole number of percent from 0 to 100",
        example: "",
        right: |config| (0..=100).contains(&config.mass_change_share),
    },
    Key {
        name: "mass_change_min",
        meaning: "SKUs that a batch has to take to zero at least to be held.",
        must_be: "a whole number from 1 to 1000000",
        example: "",
        right: |config| (1..=1_000_000).contains(&config.mass_change_min),
    },
];

/// The key of this name.
pub(super) fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// The default configuration as a commented TOML file.
pub fn commented_defaults() -> String {
    let mut text = String::from(
        "# The configuration of Onhand with its defaults. What is set here is overridden by the\n\
         # environment (ONHAND_LISTEN=… and so on), and that by flags.\n",
    );
    let defaults = serde_json::to_value(Config::default()).unwrap_or(Value::Null);
    for key in &KEYS {
        text.push('\n');
        for line in key.meaning.lines() {
            let _ = writeln!(text, "# {line}");
        }
        let _ = writeln!(text, "# Must be {}.", key.must_be);
        // A string, a number or a boolean is written the same way in JSON and TOML.
        let _ = match &defaults[key.name] {
            Value::Null => writeln!(text, "# {} = {:?}", key.name, key.example),
            value => writeln!(text, "{} = {value}", key.name),
        };
    }
    text
}

fn is_host_and_port(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let host_is_right = match bracketed {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            !host.is_empty()
                && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
        }
    };
    host_is_right && port.parse::<u16>().is_ok()
}

fn is_origin(text: &str) -> bool {
    text.parse::<Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.authority().is_some_and(|authority| !authority.as_str().contains('@'))
            && uri.path_and_query().is_none_or(|path| path == "/")
    })
}
