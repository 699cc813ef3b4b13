//! Channels on the live side: what they show is part of a snapshot, and what changes is told on.

use std::sync::Arc;

use async_trait::async_trait;
use onhand::id::Sku;
use onhand::wire::channel::{ChannelStatus, PublicationRow, PublicationState};
use tokio::sync::broadcast::error::RecvError;

use super::hub::Hub;
use super::snapshot::ChannelView;
use crate::store::StoreError;
use crate::sync::Channels;

#[async_trait]
impl ChannelView for Channels {
    async fn view(
        &self,
        skus: Option<&[Sku]>,
        limit: usize,
    ) -> Result<(Vec<ChannelStatus>, Vec<PublicationRow>), StoreError> {
        let mut rows = match skus {
            Some(skus) => skus.iter().flat_map(|sku| self.publications_of(sku)).collect(),
            None => self.all_publications(),
        };
        if skus.is_none() {
            rows.retain(|row| row.state != PublicationState::InSync);
        }
        rows.truncate(limit);
        Ok((self.statuses(), rows))
    }
}

/// Tells the hub what changes about channels, as long as there are any.
pub async fn tell(channels: Channels, hub: Arc<Hub>) {
    let mut changes = channels.listen();
    loop {
        match changes.recv().await {
            Ok(news) => {
                hub.publish_channels(news.publications.clone(), news.channels.clone());
            }
            Err(RecvError::Lagged(_)) => {
                hub.publish_channels(channels.all_publications(), channels.statuses());
            }
            Err(RecvError::Closed) => return,
        }
    }
}
