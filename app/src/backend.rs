//! What the pages ask of the server. The server implements it; the pages know no database, no
//! processor and no session store.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use onhand::conflict::ConflictStatus;
use onhand::id::ConflictId;
use onhand::wire::channel::{ChannelStatus, PublicationRow};
use onhand::wire::conflict::{ConflictPage, ConflictView, Given};
use onhand::wire::live::EventRow;
use onhand::wire::page::{
    AdjustForm, AdjustPage, EventPage, Figures, FormResult, LevelReason, LocationRow, Overview,
    SkuPage, Viewer,
};
use onhand::wire::stock::{StockPage, StockQuery};

/// An answer that is still being made.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Refusal>> + Send + 'a>>;

/// Why the server does not answer a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Nobody is signed in.
    SignIn,
    /// The role does not allow it.
    Forbidden,
    /// There is no such thing.
    NotFound,
    /// It changed meanwhile, or was decided by somebody else; the text says what and who.
    Changed(String),
    /// The input is wrong; the text names the field and what would be right.
    Invalid(String),
    /// It does not work right now; trying again later may.
    Unavailable(String),
}

/// A decision on a conflict as the form sends it; empty strings are absent fields.
#[derive(Debug, Clone, Default)]
pub struct ResolveForm {
    /// The option's name on the wire.
    pub option: String,
    /// The conflict's version that was seen.
    pub expected_version: u64,
    /// Why.
    pub note: String,
    /// The item, where the option needs one.
    pub sku: String,
    /// The location, where the option needs one.
    pub location: String,
    /// The lines to be cancelled, each as JSON, where the option needs some.
    pub lines: Vec<String>,
}

/// The request to take an event back, as the form sends it.
#[derive(Debug, Clone, Default)]
pub struct ReverseForm {
    /// The id minted when the form opened.
    pub event_id: String,
    /// Why; required.
    pub reason: String,
}

/// Answers pages on behalf of one signed-in person. Every call checks the person's role itself.
pub trait Backend: Send + Sync {
    /// The person, or `SignIn`.
    fn viewer(&self) -> Result<Viewer, Refusal>;
    /// The build of the server, as the live frames' `welcome` names it.
    fn build(&self) -> String;
    /// Demo users as (address, password, role) for the sign-in page; empty outside the demo.
    fn demo_users(&self) -> Vec<(String, String, String)>;
    /// The journal's last `seq` that every read from now on contains. Pages take it before they
    /// read, and the live frames go on from there.
    fn seq(&self) -> u64;
    /// The key figures; asked about once in two seconds by every open page while events come in.
    fn figures(&self) -> Answer<'_, Figures>;
    /// The command center.
    fn overview(&self) -> Answer<'_, Overview>;
    /// Every location, best rank first.
    fn locations(&self) -> Answer<'_, Vec<LocationRow>>;
    /// A page of levels.
    fn stock(&self, query: StockQuery) -> Answer<'_, StockPage>;
    /// One SKU.
    fn sku(&self, sku: String) -> Answer<'_, SkuPage>;
    /// Why the levels of one SKU are what they are.
    fn why(&self, sku: String) -> Answer<'_, Vec<LevelReason>>;
    /// One event of the journal.
    fn event(&self, seq: u64) -> Answer<'_, EventPage>;
    /// Takes an event back; the text of the answer says what was done.
    fn reverse(&self, seq: u64, form: ReverseForm) -> Answer<'_, String>;
    /// The newest events of the journal before `before` (all without it), newest first, at most
    /// `limit`.
    fn events(&self, before: Option<u64>, limit: u32) -> Answer<'_, Vec<EventRow>>;
    /// Conflicts, most urgent first if open, else newest first.
    fn conflicts(&self, status: Option<ConflictStatus>) -> Answer<'_, ConflictPage>;
    /// One conflict with its options and their previews, tried out with what is given.
    fn conflict(&self, id: ConflictId, given: Given) -> Answer<'_, ConflictView>;
    /// Decides a conflict; the text of the answer says what was done.
    fn resolve(&self, id: ConflictId, form: ResolveForm) -> Answer<'_, String>;
    /// What the adjustment form needs.
    fn adjust_page(&self) -> Answer<'_, AdjustPage>;
    /// Posts an adjustment, receipt or count.
    fn adjust(&self, form: AdjustForm) -> Answer<'_, FormResult>;
    /// How the channels are doing.
    fn channels(&self) -> Answer<'_, Vec<ChannelStatus>>;
    /// What one channel's listings show; those behind come first.
    fn publications(&self, channel: String) -> Answer<'_, Vec<PublicationRow>>;
}

/// How pages hold their backend: the server puts one into the context of each request.
pub type BackendHandle = Arc<dyn Backend>;
