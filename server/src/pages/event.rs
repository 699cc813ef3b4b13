//! One event of the journal, and the form that takes it back.

use std::sync::Arc;

use onhand::event::{EventData, EventReversed};
use onhand::id::Text;
use onhand::record::{Outcome, Record};
use onhand::wire::page::EventPage;
use onhand_app::backend::{Refusal, ReverseForm};

use super::backend::{Pages, unread, untaken};
use super::forms::{id_of, source_of};
use super::read::event_row;
use crate::auth::Action;
use crate::intake::submit::submit;
use crate::state::AppState;
use crate::store::{JournalQuery, JournalRow};

/// The record at a place of the journal.
async fn find(state: &AppState, seq: u64) -> Result<(JournalRow, Record), Refusal> {
    let after = seq.checked_sub(1).ok_or(Refusal::NotFound)?;
    let query = JournalQuery { after: Some(after), limit: 1, ..JournalQuery::default() };
    let rows = state.ledger.store().journal(&query).await.map_err(unread)?;
    let row = rows.into_iter().find(|row| row.seq == seq).ok_or(Refusal::NotFound)?;
    let record = onhand::journal::decode(&row.bytes).map_err(|error| {
        tracing::error!(%error, seq, "a row of the journal cannot be read");
        Refusal::Unavailable(format!("Event #{seq} cannot be read."))
    })?;
    Ok((row, record))
}

/// What is known of one event.
pub(super) async fn page(state: &AppState, seq: u64) -> Result<EventPage, Refusal> {
    let (row, record) = find(state, seq).await?;
    let event = event_row(&row)?;
    let took_effect = matches!(event.outcome, Outcome::Applied | Outcome::Absorbed);
    let envelope = serde_json::to_string_pretty(&record.envelope)
        .map_err(|error| Refusal::Unavailable(error.to_string()))?;
    Ok(EventPage {
        first_outcome: (record.outcome != event.outcome).then_some(record.outcome),
        can_be_reversed: took_effect
            && row.reversed_by.is_none()
            && can_be_named(&record.envelope.data),
        reversed_by: row.reversed_by,
        envelope,
        event,
        event_id: uuid::Uuid::now_v7().to_string(),
    })
}

/// Whether an event of this kind can be taken back at all: what is known of a name is changed by
/// saying it anew, an observation has no effect, and what Onhand did by itself belongs to another
/// event.
const fn can_be_named(data: &EventData) -> bool {
    !matches!(
        data,
        EventData::ItemUpserted(_)
            | EventData::LocationUpserted(_)
            | EventData::ChannelLevelReported(_)
            | EventData::EventReleased(_)
            | EventData::ReservationExpired(_)
    )
}

impl Pages {
    /// Asks for an event to be taken back.
    pub(super) async fn take_back(&self, seq: u64, form: ReverseForm) -> Result<String, Refusal> {
        let identity = self.may(Action::PostEvent("event.reversed"), &format!("#{seq}"))?;
        let reason = Some(form.reason.trim()).filter(|reason| !reason.is_empty());
        let reason = reason.ok_or_else(|| Refusal::Invalid("The reason must say why.".to_owned()));
        let reason =
            Text::new(reason?).map_err(|error| Refusal::Invalid(format!("The reason {error}.")))?;
        let (_, record) = find(&self.state, seq).await?;
        let (source, id) = (record.envelope.source, record.envelope.id);
        let data = EventData::EventReversed(EventReversed { source, id, reason });
        let event = self.dated(source_of(identity)?, id_of(&form.event_id)?, data).await?;
        let actor = Arc::from(identity.actor.as_str());
        let results = submit(&self.state.ledger, vec![Ok(event)], actor).await.map_err(untaken)?;
        let no_answer = || Refusal::Unavailable("The ledger gave no answer.".to_owned());
        let result = results.into_iter().next().ok_or_else(no_answer)?;
        // The second sending of the same form is answered with what became of the first.
        let outcome = result.original.as_ref().map_or(result.outcome, |first| first.outcome);
        if outcome == Outcome::Applied {
            return Ok(format!("It is taken back (#{}).", result.seq.unwrap_or_default()));
        }
        let why = result.reason.unwrap_or_else(|| outcome.as_str().to_owned());
        Err(Refusal::Invalid(format!("It cannot be taken back: {why}.")))
    }
}
