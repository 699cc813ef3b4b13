//! A conflict with what can be done about it: each option with the stock and the pushes that would
//! follow.

use std::collections::BTreeSet;

use onhand::conflict::{Choice, Conflict, ConflictKind, ConflictStatus, ResolutionOption};
use onhand::id::Sku;
use onhand::ledger::Refused;
use onhand::orphan;
use onhand::state::Wants;
use onhand::wire::conflict::{
    ConflictView, Given, OptionView, PROMISES_LISTED_MAX, Preview, Promise,
};

use crate::processor::{Answer, Unavailable};
use crate::state::AppState;
use crate::store::StoreError;

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
    if conflict.status == ConflictStatus::Open {
        for option in conflict.kind.options() {
            let needs = needs(state, &conflict, *option).await.map_err(unread)?;
            options.extend(try_out(state, &conflict, *option, needs, given).await?);
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
    let orders = state.ledger.store().fetch(&wants).await.map_err(unread)?.orders;
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
    needs: &'static [&'static str],
    given: &Given,
) -> Result<Option<OptionView>, Unavailable> {
    let view = |preview, problem| OptionView {
        option,
        label: conflict.label(option).to_owned(),
        needs: needs.iter().map(|need| (*need).to_owned()).collect(),
        preview,
        problem,
    };
    if !needs.iter().all(|need| given.has(need)) {
        return Ok(Some(view(None, None)));
    }
    let given = if needs.is_empty() { Given::default() } else { given.clone() };
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
            let publications = state.publication_previews(&availability);
            Some(view(Some(Preview { levels, publications, more }), None))
        }
        // The field that was given will not do; without one, the option is not for this conflict.
        Answer::Refused(refused @ (Refused::Needs { .. } | Refused::Impossible(_)))
            if !needs.is_empty() =>
        {
            Some(view(None, Some(refused.to_string())))
        }
        // What could not be handled before may still fail, and can be tried all the same.
        Answer::Refused(refused) if conflict.kind == ConflictKind::Poison => {
            Some(view(None, Some(refused.to_string())))
        }
        Answer::Refused(_) | Answer::Event(_) | Answer::Group(_) | Answer::Resolved(_) => None,
    })
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that `map_err` takes")]
fn unread(error: StoreError) -> Unavailable {
    Unavailable::Store(error.to_string())
}

/// What an option needs besides itself.
async fn needs(
    state: &AppState,
    conflict: &Conflict,
    option: ResolutionOption,
) -> Result<&'static [&'static str], StoreError> {
    Ok(match (conflict.kind, option) {
        (ConflictKind::Orphan, ResolutionOption::ApplyWithoutOrder) => {
            without_order(state, conflict).await?
        }
        (ConflictKind::Unmapped, ResolutionOption::Map) if conflict.sku.is_some() => &["sku"],
        (ConflictKind::Unmapped, ResolutionOption::Map)
        | (ConflictKind::Oversold, ResolutionOption::Reallocate) => &["location"],
        (ConflictKind::Drift, ResolutionOption::AcceptChannel) if conflict.location.is_none() => {
            &["location"]
        }
        (ConflictKind::Oversold, ResolutionOption::CancelLines) => &["lines"],
        _ => &[],
    })
}

/// What only an order would say of the event of an orphan.
async fn without_order(
    state: &AppState,
    conflict: &Conflict,
) -> Result<&'static [&'static str], StoreError> {
    let store = state.ledger.store();
    let records = conflict.events.iter().map(|event| event.seq).collect();
    let loaded = store.fetch(&Wants { records, ..Wants::default() }).await?;
    let Some(held) = loaded.records.last() else { return Ok(&[]) };
    let event = &held.envelope.data;
    let order = match &conflict.order {
        Some(order) => store.order(order).await?,
        None => None,
    };
    let known: Vec<Sku> =
        store.items_of(&orphan::named(event)).await?.into_iter().map(|item| item.sku).collect();
    Ok(orphan::needs(event, order.as_ref(), |sku| known.contains(sku)))
}
