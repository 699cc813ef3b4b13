//! Reads: what each page shows at first. There is one question, [`Ask`], and one way to ask it,
//! whatever the page: so the browser's copy holds the machinery of asking once.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use onhand::conflict::{Conflict, Severity};
use onhand::wire::channel::{ChannelStatus, PublicationRow};
use onhand::wire::conflict::{OptionView, Promise};
use onhand::wire::page::LocationRow;
use onhand::wire::stock::StockPage;
use serde::{Deserialize, Serialize};

use super::PageError;
use crate::json;

/// Rows of the stock table on one page.
pub const STOCK_PAGE_ROWS: u32 = 100;

/// Listings of a channel on one page.
pub const LISTINGS_PAGE_ROWS: usize = 100;

/// Rows of the journal on one page.
pub const EVENTS_PAGE_ROWS: u32 = 100;

/// A page of levels with what its filters can be set to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockView {
    /// The rows.
    pub page: StockPage,
    /// Every location.
    pub locations: Vec<LocationRow>,
}

/// A channel with its listings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelView {
    /// How it is doing.
    pub status: ChannelStatus,
    /// What its listings show, those behind first: the rows of one page.
    pub publications: Vec<PublicationRow>,
    /// How many listings there are.
    pub listings: u64,
}

/// A conflict with what can be decided, and what the form can be filled with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConflictDetail {
    /// The conflict.
    pub conflict: Conflict,
    /// How urgent it is.
    pub severity: Severity,
    /// What it is about, in one sentence.
    pub explanation: String,
    /// What a person can decide; empty once it is decided.
    pub options: Vec<OptionView>,
    /// Every location.
    pub locations: Vec<LocationRow>,
    /// Lines of orders that can be cancelled.
    pub promises: Vec<Promise>,
}

/// What a form holds for the options that need something, as it was typed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TypedNeeds {
    /// The item.
    pub sku: String,
    /// The location.
    pub location: String,
    /// The lines to be cancelled, each as JSON.
    pub lines: Vec<String>,
}

/// What a page asks the server for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ask {
    /// Who is signed in, if anybody is: `Option<Viewer>`.
    Viewer,
    /// The key figures: `Figures`.
    Figures,
    /// The command center: `At<Overview>`.
    Overview,
    /// A page of levels, `At<StockView>`; empty strings filter nothing.
    Stock {
        /// What SKU or name contain.
        q: String,
        /// The location.
        location: String,
        /// Only those at or below the low-stock mark.
        low: bool,
        /// Where the page begins.
        cursor: String,
    },
    /// One SKU: `At<SkuPage>`.
    Sku(String),
    /// Why the levels of one SKU are what they are: `Vec<LevelReason>`.
    Why(String),
    /// One event of the journal, `At<EventPage>`, read anew with each outcome of its form.
    Event {
        /// Its place.
        seq: u64,
        /// The outcome of the form, as the address has it.
        outcome: String,
    },
    /// The newest events before this place, newest first, all for 0: `At<Vec<EventRow>>`.
    Events(u64),
    /// The open conflicts, or those that are closed: `At<ConflictPage>`.
    Conflicts {
        /// Those that are closed.
        closed: bool,
    },
    /// One conflict, `At<ConflictDetail>`, read anew with each outcome of its form.
    Conflict {
        /// Its id.
        id: String,
        /// What its form holds for the options that need something.
        given: TypedNeeds,
        /// The outcome of the form, as the address has it.
        outcome: String,
    },
    /// What the adjustment form needs, `At<AdjustPage>`, read anew with each outcome of it.
    Adjust {
        /// The outcome of the form, as the address has it.
        outcome: String,
    },
    /// The levels of one item, for the form to show before and after: `At<StockPage>`.
    LevelsOf(String),
    /// How the channels are doing: `At<Vec<ChannelStatus>>`.
    Channels,
    /// One channel with a page of its listings: `At<ChannelView>`.
    Channel {
        /// Its id.
        id: String,
        /// Listings before the page.
        from: u32,
    },
}

/// An answer as it travels: JSON of the type that the question names, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer(Result<String, PageError>);

impl Answer {
    /// What is inside.
    ///
    /// # Errors
    /// Why there is no answer, or that it is no `T`: page and server are of different builds.
    pub fn read<'de, T: Deserialize<'de>>(&'de self) -> Result<T, PageError> {
        let text = self.0.as_ref().map_err(Clone::clone)?;
        json::read(text).map_err(|_| {
            PageError::Unavailable("The page is older than the server. Reload it.".to_owned())
        })
    }
}

/// What marks an answer within a page.
const GIVEN: char = '+';
/// What marks the reason why there is none.
const REFUSED: char = '-';

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Ok(answer) => write!(f, "{GIVEN}{answer}"),
            // Texts and names always serialise.
            Err(error) => {
                write!(f, "{REFUSED}{}", serde_json::to_string(error).unwrap_or_default())
            }
        }
    }
}

impl FromStr for Answer {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        if let Some(answer) = text.strip_prefix(GIVEN) {
            return Ok(Self(Ok(answer.to_owned())));
        }
        let error = text.strip_prefix(REFUSED).and_then(|error| json::read(error).ok());
        Ok(Self(Err(error.unwrap_or(PageError::Unreachable))))
    }
}

/// Asks the server.
#[cfg(feature = "ssr")]
pub async fn ask(question: Ask) -> Answer {
    Answer(super::serve::answer(question).await.map(|json| Box::<str>::from(json).into_string()))
}

/// Asks the server.
#[cfg(not(feature = "ssr"))]
pub async fn ask(question: Ask) -> Answer {
    let mut fields = crate::format::Query::new("");
    // Strings, numbers and flags always serialise.
    fields.add("ask", &serde_json::to_string(&question).unwrap_or_default());
    let reply = super::post(super::LOAD, fields.as_str().trim_start_matches('?')).await;
    Answer(reply.map(|reply| reply.body))
}

/// Asks once, outside of a page's first render.
///
/// # Errors
/// Why there is no answer.
pub async fn fetch<T: for<'de> Deserialize<'de>>(question: Ask) -> Result<T, PageError> {
    ask(question).await.read()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_arrives_as_it_was_sent() {
        let refusals = [PageError::NotFound, PageError::Invalid("+{\"a\"".to_owned())];
        for error in refusals {
            let answer = Answer(Err(error.clone()));
            assert_eq!(answer.to_string().parse(), Ok(answer.clone()));
            assert_eq!(answer.read::<i64>(), Err(error));
        }
        let answer = Answer(Ok("-7".to_owned()));
        assert_eq!(answer.to_string().parse(), Ok(answer.clone()));
        assert_eq!(answer.read::<i64>(), Ok(-7));
        assert!(matches!(answer.read::<String>(), Err(PageError::Unavailable(_))));
        assert_eq!("".parse(), Ok(Answer(Err(PageError::Unreachable))));
    }
}
