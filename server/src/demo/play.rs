//! The demo's customers and staff: the log's invoices become orders at the three shops, which send
//! their webhooks; staff correct, count and restock.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use onhand::event::{Event, EventData, OrderPlaced, StockAdjusted, StockCounted, StockReceived};
use onhand::id::{EventId, LocationId, Sku, Source};
use rand::RngExt as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use super::seed::{HISTORY_EVENTS, MAIN, options};
use super::shops::Door;
use crate::import::shop_log::ShopLog;
use crate::intake::submit::submit;
use crate::state::AppState;

/// How long a shop may take to answer a customer.
const SHOP_TIMEOUT: Duration = Duration::from_secs(10);
/// The pause between two things that happen, in milliseconds: about 6 of them a second, which the
/// shops turn into about three times as many webhooks.
const PAUSE_MS: std::ops::Range<u64> = 60..280;
/// Lines of one order; the log's wholesale invoices are longer.
const ORDER_LINES: usize = 6;
/// Things that happen between two deliveries to the warehouse, and other rare things.
const RESTOCK_EVERY: u64 = 12;
const COUNT_EVERY: u64 = 90;
const HAND_EDIT_EVERY: u64 = 70;
const OVERSELL_EVERY: u64 = 40;
/// Levels that a delivery fills up.
const RESTOCKED: u32 = 20;

/// What customers and staff do, in the order of the log, over and over.
pub(super) struct Customers {
    state: AppState,
    doors: Vec<Door>,
    client: reqwest::Client,
    script: Vec<EventData>,
    dice: StdRng,
    run: u64,
}

impl Customers {
    /// Reads what is to happen.
    pub(super) fn new(state: &AppState, log: &Path, doors: Vec<Door>) -> anyhow::Result<Self> {
        let mut script = Vec::new();
        for event in ShopLog::open(log, options())?.skip(HISTORY_EVENTS) {
            let data = event?.data;
            if matches!(data, EventData::OrderPlaced(_) | EventData::StockAdjusted(_)) {
                script.push(data);
            }
        }
        let client = reqwest::Client::builder().timeout(SHOP_TIMEOUT).build()?;
        // Another start is another day: the ledger's place makes its dice and its ids its own.
        let run = state.ledger.seq();
        let dice = StdRng::seed_from_u64(run);
        Ok(Self { state: state.clone(), doors, client, script, dice, run })
    }

    /// Lets things happen until nobody asks any more.
    pub(super) async fn come(mut self) {
        for step in 0_u64.. {
            let place = usize::try_from(step).unwrap_or_default() % self.script.len().max(1);
            let Some(next) = self.script.get(place).cloned() else { return };
            if let Err(error) = self.happen(step, next).await {
                // A shop that does not answer a customer is one of the things that happen.
                tracing::debug!(%error, "a customer was turned away");
            }
            let pause = self.dice.random_range(PAUSE_MS);
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
    }

    async fn happen(&mut self, step: u64, next: EventData) -> anyhow::Result<()> {
        match next {
            EventData::OrderPlaced(order) => self.order(step, &order).await?,
            EventData::StockAdjusted(data) => {
                self.staff(step, "correct", EventData::StockAdjusted(StockAdjusted { ..data }))
                    .await?;
            }
            _ => {}
        }
        if step % RESTOCK_EVERY == RESTOCK_EVERY - 1 {
            self.restock(step).await?;
        }
        if step % COUNT_EVERY == COUNT_EVERY - 1 {
            self.count(step).await?;
        }
        if step % HAND_EDIT_EVERY == HAND_EDIT_EVERY - 1 {
            self.edit_by_hand().await?;
        }
        Ok(())
    }

    /// A customer orders at one of the shops; most orders are shipped at once, some are cancelled.
    async fn order(&mut self, step: u64, order: &OrderPlaced) -> anyhow::Result<()> {
        let lines: Vec<Value> = order
            .lines
            .iter()
            .take(ORDER_LINES)
            .map(|line| json!({ "sku": line.sku, "quantity": line.quantity }))
            .collect();
        let door = self.doors[self.dice.random_range(0..self.doors.len())].clone();
        let oversell = step % OVERSELL_EVERY == OVERSELL_EVERY - 1;
        let body = json!({ "lines": lines, "oversell": oversell });
        let placed = self.call(&door, "/orders", &body).await?;
        let id = match &placed["order"]["id"] {
            Value::Null => placed["id"].clone(),
            id => id.clone(),
        };
        let what = match self.dice.random_range(0..100) {
            0..75 => "fulfillments",
            75..80 => "cancel",
            _ => return Ok(()),
        };
        self.call(&door, &format!("/orders/{id}/{what}"), &json!({})).await?;
        Ok(())
    }

    /// A delivery arrives for what is scarcest.
    async fn restock(&mut self, step: u64) -> anyhow::Result<()> {
        let scarce = self.state.ledger.store().scarce(RESTOCKED).await?;
        if scarce.is_empty() {
            return Ok(());
        }
        let row = &scarce[self.dice.random_range(0..scarce.len())];
        let needed = row.available.min(0).saturating_neg();
        let data = EventData::StockReceived(StockReceived {
            sku: row.sku.clone(),
            location: row.location.clone(),
            quantity: needed + self.dice.random_range(24..240),
            reference: None,
        });
        self.staff(step, "receive", data).await
    }

    /// Somebody counts a shelf while it is being sold from.
    async fn count(&mut self, step: u64) -> anyhow::Result<()> {
        let query = onhand::wire::stock::StockQuery {
            location: Some(MAIN.to_owned()),
            limit: Some(200),
            ..onhand::wire::stock::StockQuery::default()
        };
        let page = self.state.ledger.store().stock(&query).await?;
        let newest = page.levels.iter().max_by_key(|row| row.updated_at);
        let Some(row) = newest else { return Ok(()) };
        let counted = (row.on_hand + self.dice.random_range(-2..=1)).max(0);
        let (sku, location) = (row.sku.clone(), row.location.clone());
        self.staff(step, "count", EventData::StockCounted(StockCounted { sku, location, counted }))
            .await
    }

    /// Somebody edits a number in a shop, past Onhand.
    async fn edit_by_hand(&mut self) -> anyhow::Result<()> {
        let door = self.doors[self.dice.random_range(0..self.doors.len())].clone();
        let items = self.state.ledger.store().items(None, 200).await?;
        if items.is_empty() {
            return Ok(());
        }
        let sku: &Sku = &items[self.dice.random_range(0..items.len())].sku;
        let quantity = self.dice.random_range(0..500);
        let body = json!({ "hand_edit": { "sku": sku, "quantity": quantity } });
        self.call(&door, "/misbehave", &body).await?;
        Ok(())
    }

    async fn staff(&self, step: u64, what: &str, data: EventData) -> anyhow::Result<()> {
        let data = match data {
            EventData::StockAdjusted(data) => {
                EventData::StockAdjusted(StockAdjusted { location: LocationId::new(MAIN)?, ..data })
            }
            other => other,
        };
        let event = Event {
            source: Source::new("warehouse-app")?,
            id: EventId::new(format!("{what}-{}-{step}", self.run))?,
            time: self.state.clock.now(),
            expected_version: None,
            extensions: std::collections::BTreeMap::new(),
            data,
        };
        submit(&self.state.ledger, vec![Ok(event)], Arc::from("demo")).await?;
        Ok(())
    }

    async fn call(&self, door: &Door, path: &str, body: &Value) -> anyhow::Result<Value> {
        let request = self.client.post(format!("{}{path}", door.base_url));
        let response = request.bearer_auth(&door.access_token).json(body).send().await?;
        Ok(response.error_for_status()?.json().await?)
    }
}
