//! What pages may ask, on behalf of one person. Each call checks the person's role.

use std::sync::Arc;

use onhand::conflict::{CancelledPart, Choice, ConflictStatus, ResolutionOption};
use onhand::id::{ConflictId, LocationId, Sku, Text};
use onhand::ledger::Refused;
use onhand::wire::channel::{ChannelStatus, PublicationRow};
use onhand::wire::conflict::{ConflictPage, ConflictView, Given};
use onhand::wire::live::EventRow;
use onhand::wire::page::{
    AdjustForm, AdjustPage, EventPage, Figures, FormResult, LevelReason, LocationRow, Overview,
    SkuPage, Viewer,
};
use onhand::wire::stock::{StockPage, StockQuery};
use onhand_app::backend::{Answer, Backend, Refusal, ResolveForm, ReverseForm};

use super::{event, read};
use crate::auth::{Action, Identity, authorise};
use crate::processor::{Answer as Decided, Unavailable};
use crate::state::AppState;
use crate::store::StoreError;

/// A backend for one request.
pub struct Pages {
    pub(super) state: AppState,
    identity: Option<Identity>,
}

impl Pages {
    /// Answers on behalf of whoever asks, if they are known.
    pub const fn new(state: AppState, identity: Option<Identity>) -> Self {
        Self { state, identity }
    }

    /// The person, if they may do it.
    pub(super) fn may(&self, action: Action<'_>, target: &str) -> Result<&Identity, Refusal> {
        let identity = self.identity.as_ref().ok_or(Refusal::SignIn)?;
        match self.state.auth.require(identity, action, target) {
            Ok(()) => Ok(identity),
            Err(_) => Err(Refusal::Forbidden),
        }
    }

    fn sees(&self) -> Result<(), Refusal> {
        // Looking at pages is not worth an entry in the audit log, and every role may.
        let identity = self.identity.as_ref().ok_or(Refusal::SignIn)?;
        authorise(identity.role, Action::See).map_err(|_| Refusal::Forbidden)
    }
}

impl Pages {
    /// The choice without what its option does not take: the fields of the form are those of all
    /// options.
    async fn only_taken(&self, choice: Choice) -> Result<Choice, Refusal> {
        let store = self.state.ledger.store().as_ref();
        let conflict = store.conflict(choice.conflict).await.map_err(unread)?;
        let conflict = conflict.ok_or(Refusal::NotFound)?;
        let Choice { option, sku, location, lines, .. } = choice.clone();
        let given = Given { sku, location, lines };
        let given = crate::conflicts::given_to(store, &conflict, option, given);
        let Given { sku, location, lines } = given.await.map_err(unread)?;
        Ok(Choice { sku, location, lines, ..choice })
    }
}

impl Backend for Pages {
    fn viewer(&self) -> Result<Viewer, Refusal> {
        let identity = self.identity.as_ref().ok_or(Refusal::SignIn)?;
        let email = identity.email().unwrap_or(&identity.actor).to_owned();
        Ok(Viewer { email, role: identity.role })
    }

    fn build(&self) -> String {
        self.state.build_id()
    }

    fn demo_users(&self) -> Vec<(String, String, String)> {
        self.state.demo_users.as_ref().clone()
    }

    fn seq(&self) -> u64 {
        self.state.ledger.seq()
    }

    fn figures(&self) -> Answer<'_, Figures> {
        Box::pin(async {
            self.sees()?;
            read::figures(&self.state).await
        })
    }

    fn overview(&self) -> Answer<'_, Overview> {
        Box::pin(async {
            self.sees()?;
            read::overview(&self.state).await
        })
    }

    fn locations(&self) -> Answer<'_, Vec<LocationRow>> {
        Box::pin(async {
            self.sees()?;
            read::locations(&self.state).await
        })
    }

    fn stock(&self, query: StockQuery) -> Answer<'_, StockPage> {
        Box::pin(async move {
            self.sees()?;
            self.state.ledger.store().stock(&query).await.map_err(unread)
        })
    }

    fn sku(&self, sku: String) -> Answer<'_, SkuPage> {
        Box::pin(async move {
            self.sees()?;
            read::sku(&self.state, &sku).await
        })
    }

    fn why(&self, sku: String) -> Answer<'_, Vec<LevelReason>> {
        Box::pin(async move {
            self.sees()?;
            let sku = Sku::new(sku).map_err(|_| Refusal::NotFound)?;
            read::why(&self.state, &sku).await
        })
    }

    fn event(&self, seq: u64) -> Answer<'_, EventPage> {
        Box::pin(async move {
            self.sees()?;
            event::page(&self.state, seq).await
        })
    }

    fn reverse(&self, seq: u64, form: ReverseForm) -> Answer<'_, String> {
        Box::pin(self.take_back(seq, form))
    }

    fn events(&self, before: Option<u64>, limit: u32) -> Answer<'_, Vec<EventRow>> {
        Box::pin(async move {
            self.sees()?;
            read::events(&self.state, before, limit).await
        })
    }

    fn conflicts(&self, status: Option<ConflictStatus>) -> Answer<'_, ConflictPage> {
        Box::pin(async move {
            self.sees()?;
            read::conflicts(&self.state, status).await
        })
    }

    fn conflict(&self, id: ConflictId, given: Given) -> Answer<'_, ConflictView> {
        Box::pin(async move {
            self.sees()?;
            let conflict = self.state.ledger.store().conflict(id).await.map_err(unread)?;
            let conflict = conflict.ok_or(Refusal::NotFound)?;
            crate::conflicts::view(&self.state, conflict, &given).await.map_err(untaken)
        })
    }

    fn resolve(&self, id: ConflictId, form: ResolveForm) -> Answer<'_, String> {
        Box::pin(async move {
            let identity = self.may(Action::ResolveConflict, &id.to_string())?;
            let choice = self.only_taken(choice(id, &form)?).await?;
            let label = choice.option.label();
            let actor = Arc::from(identity.actor.as_str());
            match self.state.ledger.resolve(choice, actor).await.map_err(untaken)? {
                Decided::Resolved(record) => Ok(format!("{label} (#{})", record.seq)),
                Decided::Refused(Refused::NotOpen) => Err(Refusal::Changed(
                    "It is decided already: nothing of yours was changed.".to_owned(),
                )),
                Decided::Refused(refused @ Refused::Changed { .. }) => {
                    Err(Refusal::Changed(refused.to_string()))
                }
                Decided::Refused(refused) => Err(Refusal::Invalid(refused.to_string())),
                Decided::Event(_) | Decided::Group(_) | Decided::Preview { .. } => {
                    Err(Refusal::Unavailable(
                        "The ledger gave no answer; nothing was changed.".to_owned(),
                    ))
                }
            }
        })
    }

    fn adjust_page(&self) -> Answer<'_, AdjustPage> {
        Box::pin(self.open_form())
    }

    fn adjust(&self, form: AdjustForm) -> Answer<'_, FormResult> {
        Box::pin(self.take_form(form))
    }

    fn channels(&self) -> Answer<'_, Vec<ChannelStatus>> {
        Box::pin(async {
            self.sees()?;
            Ok(self.state.channel_statuses())
        })
    }

    fn publications(&self, channel: String) -> Answer<'_, Vec<PublicationRow>> {
        Box::pin(async move {
            self.sees()?;
            self.state.publications_of(&channel).ok_or(Refusal::NotFound)
        })
    }
}

/// A choice as a form sends it, with the fields of all options that the conflict offers.
fn choice(conflict: ConflictId, form: &ResolveForm) -> Result<Choice, Refusal> {
    let wrong = |field: &str, problem: &dyn std::fmt::Display| {
        Refusal::Invalid(format!("{field} {problem}"))
    };
    let option = ResolutionOption::from_name(&form.option)
        .ok_or_else(|| wrong("option", &"is not one of those offered"))?;
    let some = |text: &str| (!text.trim().is_empty()).then(|| text.trim().to_owned());
    let note = some(&form.note).map(Text::new).transpose();
    let sku = some(&form.sku).map(Sku::new).transpose();
    let location = some(&form.location).map(LocationId::new).transpose();
    let lines: Result<Vec<CancelledPart>, _> =
        form.lines.iter().map(|line| serde_json::from_str(line)).collect();
    Ok(Choice {
        conflict,
        option,
        expected_version: form.expected_version,
        note: note.map_err(|error| wrong("note", &error))?,
        sku: sku.map_err(|error| wrong("SKU", &error))?,
        location: location.map_err(|error| wrong("location", &error))?,
        lines: lines.map_err(|error| wrong("lines", &error))?,
    })
}

/// A refusal because the store could not be read.
pub(super) fn unread(error: StoreError) -> Refusal {
    match error {
        StoreError::BadCursor => Refusal::Invalid(error.to_string()),
        other => {
            tracing::error!(error = %other, "a page could not be read");
            Refusal::Unavailable("The ledger cannot be read right now.".to_owned())
        }
    }
}

/// A refusal because the processor took nothing.
#[expect(clippy::needless_pass_by_value, reason = "the shape that `map_err` takes")]
pub(super) fn untaken(error: Unavailable) -> Refusal {
    Refusal::Unavailable(format!("Nothing was recorded, because {error}. Try again in a moment."))
}
