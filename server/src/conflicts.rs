//! A conflict with what can be done about it: each option with the stock and the pushes that would
//! follow.

use std::collections::BTreeSet;

use onhand::conflict::{Choice, Conflict, ConflictKind, ConflictStatus, ResolutionOption};
use onhand::state::Wants;
use onhand::wire::conflict::{ConflictView, OptionView, PROMISES_LISTED_MAX, Preview, Promise};

use crate::processor::{Answer, Unavailable};
use crate::state::AppState;

/// The conflict with its options, each tried out by the real rules.
///
/// # Errors
/// When the processor cannot answer right now.
pub async fn view(state: &AppState, conflict: Conflict) -> Result<ConflictView, Unavailable> {
    let mut options = Vec::new();
    if conflict.status == ConflictStatus::Open {
        for option in conflict.kind.options() {
            options.extend(try_out(state, &conflict, *option).await?);
        }
    }
    Ok(ConflictView {
        severity: conflict.kind.severity(),
        explanation: conflict.explanation().to_owned(),
        promises: promises(state, &conflict).await?,
        conflict,
        options,
    })
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
    let loaded = state.ledger.store().fetch(&wants).await;
    let orders = loaded.map_err(|error| Unavailable::Store(error.to_string()))?.orders;
    let lines = orders.iter().flat_map(|order| {
        order.lines.iter().filter(|line| line.sku == sku).map(move |line| (order, line))
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
) -> Result<Option<OptionView>, Unavailable> {
    let needs = needs(conflict, option);
    let view = |preview| OptionView {
        option,
        label: conflict.label(option).to_owned(),
        needs: needs.iter().map(|need| (*need).to_owned()).collect(),
        preview,
    };
    if !needs.is_empty() {
        return Ok(Some(view(None)));
    }
    let choice = Choice {
        conflict: conflict.id,
        option,
        expected_version: conflict.version,
        note: None,
        sku: None,
        location: None,
        lines: Vec::new(),
    };
    Ok(match state.ledger.preview(choice).await? {
        Answer::Preview { levels, availability, more } => {
            let publications = state.publication_previews(&availability);
            Some(view(Some(Preview { levels, publications, more })))
        }
        Answer::Refused(_) | Answer::Event(_) | Answer::Resolved(_) => None,
    })
}

/// What an option needs besides itself.
fn needs(conflict: &Conflict, option: ResolutionOption) -> &'static [&'static str] {
    match (conflict.kind, option) {
        (ConflictKind::Unmapped, ResolutionOption::Map) if conflict.sku.is_some() => &["sku"],
        (ConflictKind::Unmapped, ResolutionOption::Map)
        | (ConflictKind::Oversold, ResolutionOption::Reallocate) => &["location"],
        (ConflictKind::Oversold, ResolutionOption::CancelLines) => &["lines"],
        _ => &[],
    }
}
