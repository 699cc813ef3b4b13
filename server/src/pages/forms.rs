//! The adjustment form: strings become an event, and sending the form twice is the same as once.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use onhand::event::{Event, EventData, StockAdjusted, StockCounted, StockReceived, StockState};
use onhand::id::{EventId, LocationId, Sku, Source, Text};
use onhand::quantity::QUANTITY_MAX;
use onhand::record::Outcome;
use onhand::time::Timestamp;
use onhand::wire::EventResult;
use onhand::wire::page::{AdjustForm, AdjustPage, FormResult};
use onhand_app::backend::Refusal;

use super::backend::{Pages, unread, untaken};
use super::read;
use crate::auth::{Action, Identity};
use crate::intake::submit::submit;
use crate::store::JournalQuery;

/// Forms whose time of sending is remembered.
const FORMS_REMEMBERED: usize = 4_096;

/// Items suggested in the form.
const ITEMS_SUGGESTED: u32 = 500;

/// Own postings shown below the form.
const RECENT: u32 = 10;

/// When each form was first sent: the second sending of the same form says the same time, so that
/// it is a duplicate and not another event.
#[derive(Debug, Default)]
pub struct FormTimes(Mutex<VecDeque<(EventId, Timestamp)>>);

impl FormTimes {
    fn first_sent(&self, id: &EventId, now: Timestamp) -> Timestamp {
        let mut forms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, sent)) = forms.iter().rev().find(|(known, _)| known == id) {
            return *sent;
        }
        if forms.len() >= FORMS_REMEMBERED {
            forms.pop_front();
        }
        forms.push_back((id.clone(), now));
        now
    }
}

/// The source of a person's postings. Each person is a source of their own, so that a count by one
/// and a movement by another at nearly the same moment are seen as what they are: ambiguous.
pub(super) fn source_of(identity: &Identity) -> Result<Source, Refusal> {
    let name = identity.email().unwrap_or(&identity.actor);
    Source::new(format!("form:{name}"))
        .map_err(|_| Refusal::Invalid("Your address is too long to post with.".to_owned()))
}

impl Pages {
    /// What the form needs when it opens.
    pub(super) async fn open_form(&self) -> Result<AdjustPage, Refusal> {
        let identity = self.may(Action::PostEvent("stock.adjusted"), "the adjustment form")?;
        let store = self.state.ledger.store();
        let items = store.items(None, ITEMS_SUGGESTED).await.map_err(unread)?;
        let own = JournalQuery {
            source: Some(source_of(identity)?.to_string()),
            newest_first: true,
            limit: RECENT,
            ..JournalQuery::default()
        };
        Ok(AdjustPage {
            event_id: uuid::Uuid::now_v7().to_string(),
            locations: read::locations(&self.state).await?,
            items: items
                .into_iter()
                .map(|item| (item.sku.to_string(), item.name.map(|name| name.to_string())))
                .collect(),
            recent: read::rows(&self.state, own).await?,
        })
    }

    /// Posts what the form says.
    pub(super) async fn take_form(&self, form: AdjustForm) -> Result<FormResult, Refusal> {
        let identity = self.may(Action::PostEvent("stock.adjusted"), "the adjustment form")?;
        let source = source_of(identity)?;
        let event = match self.event(source, &form).await? {
            Ok(event) => event,
            Err(errors) => return Ok(invalid(errors)),
        };
        let actor = Arc::from(identity.actor.as_str());
        let results = submit(&self.state.ledger, vec![Ok(event)], actor).await.map_err(untaken)?;
        results.into_iter().next().map(result).ok_or_else(|| {
            Refusal::Unavailable("The ledger gave no answer; nothing was recorded.".to_owned())
        })
    }

    /// The event that a form means, or the fields that are wrong.
    async fn event(
        &self,
        source: Source,
        form: &AdjustForm,
    ) -> Result<Result<Event, Vec<(String, String)>>, Refusal> {
        let id = id_of(&form.event_id)?;
        let data = match data(form) {
            Ok(data) => data,
            Err(errors) => return Ok(Err(errors)),
        };
        self.dated(source, id, data).await.map(Ok)
    }

    /// An event of a form, at the moment when the form was first sent.
    pub(super) async fn dated(
        &self,
        source: Source,
        id: EventId,
        data: EventData,
    ) -> Result<Event, Refusal> {
        let rows = self.state.ledger.store().journal_of(&source, &id).await.map_err(unread)?;
        let recorded = rows.first().and_then(|row| onhand::journal::decode(&row.bytes).ok());
        let time = match recorded {
            Some(record) => record.envelope.time,
            None => self.state.form_times.first_sent(&id, self.state.clock.now()),
        };
        Ok(Event {
            source,
            id,
            time,
            expected_version: None,
            extensions: std::collections::BTreeMap::new(),
            data,
        })
    }
}

/// The event id that a form brings along.
pub(super) fn id_of(event_id: &str) -> Result<EventId, Refusal> {
    // A form without its id was not sent by our page; it gets an id of its own.
    let own = || EventId::new(uuid::Uuid::now_v7().to_string());
    EventId::new(event_id.trim())
        .or_else(|_| own())
        .map_err(|error| Refusal::Invalid(error.to_string()))
}

/// What the form says, or the fields that are wrong.
fn data(form: &AdjustForm) -> Result<EventData, Vec<(String, String)>> {
    let mut errors: Vec<(String, String)> = Vec::new();
    let mut wrong = |field: &str, words: String| errors.push((field.to_owned(), words));
    let sku = Sku::new(form.sku.trim()).map_err(|error| wrong("sku", error.to_string())).ok();
    let location = LocationId::new(form.location.trim())
        .map_err(|error| wrong("location", error.to_string()))
        .ok();
    let least = match form.action.as_str() {
        "receive" => 1,
        "count" => 0,
        _ => -QUANTITY_MAX,
    };
    let digits = form.quantity.trim().replace('\u{2212}', "-");
    let quantity = digits.trim_start_matches('+').parse::<i64>().ok();
    let quantity = quantity.filter(|quantity| (least..=QUANTITY_MAX).contains(quantity));
    if quantity.is_none() {
        let right = match form.action.as_str() {
            "receive" => "must be a whole number above 0",
            "count" => "must be a whole number, 0 or more",
            _ => "must be a whole number such as 5 or -3",
        };
        wrong("quantity", right.to_owned());
    }
    let text = |text: &str| (!text.trim().is_empty()).then(|| Text::new(text.trim()));
    let note = text(&form.note).transpose().map_err(|error| wrong("note", error.to_string()));
    let reason = match text(&form.reason) {
        Some(reason) => reason.map_err(|error| wrong("reason", error.to_string())).ok(),
        None if form.action == "adjust" => {
            wrong("reason", "must say why".to_owned());
            None
        }
        None => None,
    };
    if form.action == "adjust" && quantity == Some(0) {
        wrong("quantity", "must not be 0".to_owned());
    }
    if !matches!(form.action.as_str(), "adjust" | "receive" | "count") {
        wrong("action", "must be adjust, receive or count".to_owned());
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let (Some(sku), Some(location), Some(quantity)) = (sku, location, quantity) else {
        return Err(errors);
    };
    Ok(match (form.action.as_str(), reason) {
        ("receive", reference) => {
            EventData::StockReceived(StockReceived { sku, location, quantity, reference })
        }
        ("adjust", Some(reason)) => EventData::StockAdjusted(StockAdjusted {
            sku,
            location,
            delta: quantity,
            reason,
            state: StockState::Available,
            reference: None,
            note: note.unwrap_or_default(),
        }),
        _ => EventData::StockCounted(StockCounted { sku, location, counted: quantity }),
    })
}

fn invalid(errors: Vec<(String, String)>) -> FormResult {
    let outcome = Outcome::Invalid.as_str().to_owned();
    FormResult { outcome, seq: None, effects: Vec::new(), conflict: None, errors }
}

fn result(result: EventResult) -> FormResult {
    FormResult {
        outcome: result.outcome.as_str().to_owned(),
        seq: result.seq,
        effects: result.effects,
        conflict: result.conflict.map(|conflict| conflict.to_string()),
        errors: result
            .errors
            .into_iter()
            .map(|error| {
                (error.pointer.rsplit('/').next().unwrap_or_default().to_owned(), error.detail)
            })
            .collect(),
    }
}
