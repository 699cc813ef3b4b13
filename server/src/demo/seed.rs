//! What a demo begins with: two warehouses, the goods of the log, and the first days of its history.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use onhand::event::{Event, EventData, LocationUpserted, StockReceived};
use onhand::id::{EventId, LocationId, Text};
use onhand::record::Outcome;

use crate::import::shop_log::{Opening, Options, ShopLog, opening};
use crate::intake::events::REQUEST_EVENTS_MAX;
use crate::intake::submit::submit;
use crate::state::AppState;

/// The warehouse that the log's stock is in.
pub(super) const MAIN: &str = "london";
/// A second one, with some of everything.
pub(super) const SECOND: &str = "leeds";
/// How much of what the log sells is there at first, in percent: scarce goods run out and are
/// oversold, as in life.
const OPENING_PERCENT: u32 = 90;
/// The share of each receipt that the second warehouse gets on top, as a divisor.
const SECOND_SHARE: i64 = 5;
/// Available units at or below which a demo item counts as low.
const LOW_STOCK: i64 = 12;
/// Events of the log that are history when the demo begins; customers bring the rest.
pub(super) const HISTORY_EVENTS: usize = 700;

/// How the log is read.
pub(super) fn options() -> Options {
    let location = LocationId::new(MAIN).expect("a word is a location");
    Options { location, ..Options::default() }
}

/// Seeds an empty ledger.
pub(super) async fn seed(state: &AppState, log: &Path) -> anyhow::Result<()> {
    let wanted = Opening { options: options(), percent: OPENING_PERCENT };
    let mut opening = opening(log, &wanted).context("the demo's log")?;
    for event in &mut opening {
        if let EventData::ItemUpserted(item) = &mut event.data {
            item.low_stock = Some(LOW_STOCK);
        }
    }
    let mut events: Vec<Event> = Vec::new();
    for event in &opening {
        events.extend(second(event)?);
    }
    events.splice(0..0, opening);
    for event in ShopLog::open(log, options())?.take(HISTORY_EVENTS) {
        events.push(event?);
    }
    for batch in events.chunks(REQUEST_EVENTS_MAX) {
        let batch = batch.iter().cloned().map(Ok).collect();
        let results = submit(&state.ledger, batch, Arc::from("demo")).await?;
        if let Some(bad) = results.iter().find(|result| result.outcome == Outcome::Invalid) {
            bail!("the demo's log gives an invalid event: {:?}", bad.errors);
        }
    }
    Ok(())
}

/// What the second warehouse has, next to an event of the opening.
fn second(event: &Event) -> anyhow::Result<Option<Event>> {
    let location = LocationId::new(SECOND)?;
    let data = match &event.data {
        EventData::LocationUpserted(_) => EventData::LocationUpserted(LocationUpserted {
            location,
            name: Some(Text::new("Leeds")?),
            rank: Some(2),
        }),
        EventData::StockReceived(data) if data.quantity >= SECOND_SHARE => {
            EventData::StockReceived(StockReceived {
                location,
                quantity: data.quantity / SECOND_SHARE,
                ..data.clone()
            })
        }
        _ => return Ok(None),
    };
    let id = EventId::new(format!("{}-{SECOND}", event.id))?;
    Ok(Some(Event { id, data, ..event.clone() }))
}
