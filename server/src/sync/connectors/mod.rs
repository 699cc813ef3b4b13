//! The connectors, one file for each kind of channel.

mod simulated;

use std::sync::Arc;

use super::connector::Connector;
use super::settings::{Checked, Kind};

pub use simulated::Simulated;

/// The way to a channel; `None` for a kind to which no quantities are sent.
///
/// # Errors
/// When no HTTP client can be made.
pub fn connect(checked: &Checked) -> Result<Option<Arc<dyn Connector>>, reqwest::Error> {
    match checked.kind {
        Kind::Simulated => {
            let url = checked.settings.base_url.as_deref().unwrap_or_default();
            let token = checked.secrets.access_token.as_deref().unwrap_or_default();
            Ok(Some(Arc::new(Simulated::new(url, token)?)))
        }
        Kind::Shopify => Ok(None),
    }
}
