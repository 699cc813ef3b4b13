//! What handlers share.

use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;

use onhand::id::{ChannelId, Sku};
use onhand::wire::channel::{ChannelStatus, PublicationRow};
use onhand::wire::conflict::PublicationPreview;

use crate::auth::Auth;
use crate::clock::Clock;
use crate::config::Config;
use crate::control::{Control, Notes};
use crate::http::assets::Site;
use crate::http::health::Readiness;
use crate::live::socket::Live;
use crate::pages::FormTimes;
use crate::processor::{Handle, SkuAvailability};
use crate::shutdown::Shutdown;
use crate::sync::Channels;
use crate::telemetry::Meter;

/// What handlers share. Every layer of a request takes its own, so it is one handle for all parts.
#[derive(Clone)]
pub struct AppState(Arc<Parts>);

/// The parts of what handlers share.
pub struct Parts {
    /// How the server is set.
    pub config: Arc<Config>,
    /// The address that the server listens on, with the real port.
    pub address: SocketAddr,
    /// The server's clock.
    pub clock: Arc<dyn Clock>,
    /// Users, sessions, tokens, the audit log, channels and listings.
    pub control: Control,
    /// Refusals for the audit log.
    pub notes: Notes,
    /// The way to the ledger's processor, and what is durable.
    pub ledger: Handle,
    /// Everybody who watches.
    pub live: Arc<Live>,
    /// The channels, and what they show.
    pub channels: Channels,
    /// What came in lately, and sums over the ledger.
    pub meter: Arc<Meter>,
    /// Who is asking, and may they.
    pub auth: Arc<Auth>,
    /// The website's files.
    pub site: Arc<Site>,
    /// What each part says of itself.
    pub readiness: Readiness,
    /// The wish to stop.
    pub shutdown: Shutdown,
    /// When each adjustment form was first sent.
    pub form_times: Arc<FormTimes>,
    /// Users that the sign-in page offers, as (address, password, role); none outside the demo.
    pub demo_users: Arc<Vec<(String, String, String)>>,
}

impl Deref for AppState {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl From<Parts> for AppState {
    fn from(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

impl AppState {
    /// The build of the website; a page of another build has to reload.
    pub fn build_id(&self) -> String {
        self.site.manifest().map_or_else(String::new, |manifest| manifest.build_id.clone())
    }

    /// How the channels are doing.
    pub fn channel_statuses(&self) -> Vec<ChannelStatus> {
        self.channels.statuses()
    }

    /// What a channel's listings show; `None` if there is no such channel.
    pub fn publications_of(&self, channel: &str) -> Option<Vec<PublicationRow>> {
        self.channels.publications(&ChannelId::new(channel).ok()?)
    }

    /// What the channels show of a SKU.
    pub fn publications_of_sku(&self, sku: &Sku) -> Vec<PublicationRow> {
        self.channels.publications_of(sku)
    }

    /// What channels would be told if this could be sold.
    pub fn publication_previews(
        &self,
        availability: &[SkuAvailability],
    ) -> Vec<PublicationPreview> {
        self.channels.preview(availability)
    }
}
