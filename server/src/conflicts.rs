//! Conflicts with what can be done about them: a single one with the stock and the pushes that would
//! follow each option, many without.

mod needs;

use std::collections::BTreeSet;

use onhand::conflict::{Choice, Conflict, ConflictKind, ConflictStatus, ResolutionOption};
use onhand::ledger::Refused;
use onhand::state::Wants;
use onhand::wire::conflict::{
    ConflictView, Given, OptionView, PROMISES_LISTED_MAX, Preview, Promise, PublicationPreview,
};

use self::needs::Needs;
use crate::processor::{Answer, Unavailable};
use crate::state::AppState;
use crate::store::{Store, StoreError};

/// The conflict with its options, each tried out by the real rules; those that need something, with
/// what is given.
///
/// # Errors
/// When the processor cannot answer right now.
pub async fn view(
    state: &AppState,
    conflict: Conflict,
    given: &Given,
) -> Result<ConflictView, Unavailable> {
    let mut options = Vec::new();
    let store = state.ledger.store().as_ref();
    let needs = Needs::read(store, std::slice::from_ref(&conflict)).await.map_err(unread)?;
    for option in conflict.offered() {
        let needs = needs.of(&conflict, option);
        options.extend(try_out(state, &conflict, option, needs, given).await?);
    }
    let promises = promises(state, &conflict).await?;
    Ok(ConflictView { promises, ..view_of(conflict, options) })
}

/// Of what is given for all options of a conflict, what one of them takes.
///
/// # Errors
/// When the store cannot be read.
pub async fn given_to(
    store: &dyn Store,
    conflict: &Conflict,
    option: ResolutionOption,
    given: Given,
) -> Result<Given, StoreError> {
    let needs = Needs::read(store, std::slice::from_ref(conflict)).await?;
    Ok(given.only(needs.of(conflict, option)))
}

/// Conflicts with the options that they offer, none of them tried out: each of these would take the
/// rules' time, and why one cannot be taken as things stand is only said of a single conflict.
///
/// # Errors
/// When the store cannot be read.
pub async fn listed(
    store: &dyn Store,
    conflicts: Vec<Conflict>,
) -> Result<Vec<ConflictView>, StoreError> {
    let needs = Needs::read(store, &conflicts).await?;
    let view = |conflict: Conflict| {
        let options = conflict
            .offered()
            .map(|option| option_view(&conflict, option, needs.of(&conflict, option), None, None));
        let options = options.collect();
        view_of(conflict, options)
    };
    Ok(conflicts.into_iter().map(view).collect())
}

fn view_of(conflict: Conflict, options: Vec<OptionView>) -> ConflictView {
    ConflictView {
        severity: conflict.kind.severity(),
        explanation: conflict.explanation().to_owned(),
        promises: Vec::new(),
        conflict,
        options,
    }
}

fn option_view(
    conflict: &Conflict,
    option: ResolutionOption,
    needs: &[&str],
    preview: Option<Preview>,
    problem: Option<String>,
) -> OptionView {
    OptionView {
        option,
        label: conflict.label(option).to_owned(),
        needs: needs.iter().map(|need| (*need).to_owned()).collect(),
        preview,
        problem,
    }
}

/// The lines of orders that hold units of an oversold level: what can be cancelled.
async fn promises(state: &AppState, conflict: &Conflict) -> Result<Vec<Promise>, Unavailable> {
    let is_oversold = conflict.kind == ConflictKind::Oversold;
    let level = conflict.sku.clone().zip(conflict.location.clone());
    let Some((sku, location)) =
        level.filter(|_| is_oversold && conflict.status == ConflictStatus::Open)
    else {
        return Ok(Vec::new());
    };
    let holders = BTreeSet::from([(sku.clone(), location.clone())]);
    let wants = Wants { holders, ..Wants::default() };
    let orders = state.ledger.store().fetch(&wants).await.map_err(unread)?.orders;
    let lines = orders.iter().flat_map(|order| {
        order.lines.iter().filter(|line| line.takes_from(&sku)).map(move |line| (order, line))
    });
    let promises = lines.filter_map(|(order, line)| {
        let share = line.shares.iter().find(|share| share.location == location)?;
        let (order, line) = (order.order.clone(), line.line.clone());
        (share.committed > 0).then_some(Promise { order, line, quantity: share.committed })
    });
    Ok(promises.take(PROMISES_LISTED_MAX).collect())
}

/// An option with its preview; `None` if this conflict does not offer it.
async fn try_out(
    state: &AppState,
    conflict: &Conflict,
    option: ResolutionOption,
    needs: &'static [&'static str],
    given: &Given,
) -> Result<Option<OptionView>, Unavailable> {
    let view = |preview, problem| option_view(conflict, option, needs, preview, problem);
    if !needs.iter().all(|need| given.has(need)) {
        return Ok(Some(view(None, None)));
    }
    let given = given.clone().only(needs);
    let choice = Choice {
        conflict: conflict.id,
        option,
        expected_version: conflict.version,
        note: None,
        sku: given.sku,
        location: given.location,
        lines: given.lines,
    };
    Ok(match state.ledger.preview(choice).await? {
        Answer::Preview { levels, availability, more } => {
            let mut publications = state.publication_previews(&availability);
            if option == ResolutionOption::Republish {
                // It changes no level: no other listing of the item is told anything.
                publications.retain(|push| is_of(conflict, push));
            }
            Some(view(Some(Preview { levels, publications, more }), None))
        }
        // The field that was given will not do.
        Answer::Refused(refused @ Refused::Needs { .. }) if !needs.is_empty() => {
            Some(view(None, Some(refused.to_string())))
        }
        // What cannot be done as things stand says why: something may have to be reversed first.
        Answer::Refused(refused @ Refused::Impossible(_)) => {
            Some(view(None, Some(refused.to_string())))
        }
        // What could not be handled before may still fail, and can be tried all the same.
        Answer::Refused(refused) if conflict.kind == ConflictKind::Poison => {
            Some(view(None, Some(refused.to_string())))
        }
        Answer::Refused(_) | Answer::Event(_) | Answer::Group(_) | Answer::Resolved(_) => None,
    })
}

/// Whether a push is to the listing that a conflict is about.
fn is_of(conflict: &Conflict, push: &PublicationPreview) -> bool {
    conflict.channel.as_ref().is_some_and(|channel| channel.as_str() == push.channel)
        && conflict.listing.as_ref().is_some_and(|listing| listing.as_str() == push.listing)
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that `map_err` takes")]
fn unread(error: StoreError) -> Unavailable {
    Unavailable::Store(error.to_string())
}
