//! Writes. Each answers with a redirect to a page that shows the outcome, so that it works
//! without JavaScript, and a reload never sends anything twice. What was typed travels along when
//! something is wrong with it.
#![expect(
    missing_docs,
    reason = "the macro turns each function's arguments into a struct that nobody names"
)]

use leptos::prelude::*;

use super::{PageError, backend, refused};
use crate::backend::{Refusal, ResolveForm, ReverseForm};
use crate::format::Query;
use onhand::wire::page::AdjustForm;

/// Posts an adjustment, a receipt or a count.
#[server(name = PostAdjust, prefix = "/api/fn", endpoint = "adjust")]
pub async fn adjust(
    #[server(default)] event_id: String,
    #[server(default)] action: String,
    #[server(default)] sku: String,
    #[server(default)] location: String,
    #[server(default)] quantity: String,
    #[server(default)] reason: String,
    #[server(default)] note: String,
) -> Result<(), PageError> {
    let backend = backend()?;
    let form = AdjustForm { event_id, action, sku, location, quantity, reason, note };
    let mut back = Query::new("/adjust");
    back.add("action", &form.action).add("location", &form.location);
    let typed = form.clone();
    match backend.adjust(form).await {
        Ok(result) if result.errors.is_empty() => {
            back.add("done", &result.seq.map_or_else(String::new, |seq| seq.to_string()));
            back.add("outcome", &result.outcome);
        }
        Ok(result) => {
            keep_typed(&mut back, &typed);
            for (field, words) in &result.errors {
                back.add(&format!("err_{field}"), words);
            }
        }
        Err(refusal) => return answer_refusal(refusal, back, |back| keep_typed(back, &typed)),
    }
    leptos_axum::redirect(back.as_str());
    Ok(())
}

fn keep_typed(back: &mut Query, typed: &AdjustForm) {
    back.add("sku", &typed.sku).add("quantity", &typed.quantity);
    back.add("reason", &typed.reason).add("note", &typed.note);
}

/// Decides a conflict.
#[server(name = PostResolve, prefix = "/api/fn", endpoint = "resolve")]
pub async fn resolve(
    id: String,
    #[server(default)] option: String,
    #[server(default)] expected_version: u64,
    #[server(default)] note: String,
    #[server(default)] sku: String,
    #[server(default)] location: String,
    #[server(default)] lines: Vec<String>,
) -> Result<(), PageError> {
    let backend = backend()?;
    let conflict = id.parse().map_err(|_| refused(Refusal::NotFound))?;
    let mut back = Query::new(&format!("/conflicts/{conflict}"));
    let form = ResolveForm { option, expected_version, note, sku, location, lines };
    let typed = form.clone();
    let keep = |back: &mut Query| {
        back.add("option", &typed.option).add("note", &typed.note);
        back.add("sku", &typed.sku).add("location", &typed.location);
        for line in &typed.lines {
            back.add("lines[]", line);
        }
    };
    let refusal = if form.option.is_empty() {
        Refusal::Invalid("Choose one of the options.".to_owned())
    } else {
        match backend.resolve(conflict, form).await {
            Ok(done) => {
                leptos_axum::redirect(back.add("done", &done).as_str());
                return Ok(());
            }
            Err(refusal) => refusal,
        }
    };
    answer_refusal(refusal, back, keep)
}

/// Takes an event of the journal back.
#[server(name = PostReverse, prefix = "/api/fn", endpoint = "reverse")]
pub async fn reverse(
    seq: u64,
    #[server(default)] event_id: String,
    #[server(default)] reason: String,
) -> Result<(), PageError> {
    let backend = backend()?;
    let mut back = Query::new(&format!("/events/{seq}"));
    let typed = reason.clone();
    match backend.reverse(seq, ReverseForm { event_id, reason }).await {
        Ok(done) => {
            leptos_axum::redirect(back.add("done", &done).as_str());
            Ok(())
        }
        Err(refusal) => answer_refusal(refusal, back, |back| {
            back.add("reason", &typed);
        }),
    }
}

/// Sends the person back to the form with the reason and what they had typed.
fn answer_refusal(
    refusal: Refusal,
    mut back: Query,
    keep: impl FnOnce(&mut Query),
) -> Result<(), PageError> {
    keep(&mut back);
    match &refusal {
        Refusal::SignIn => {
            let mut sign_in = Query::new("/sign-in");
            leptos_axum::redirect(sign_in.add("next", back.as_str()).as_str());
            return Ok(());
        }
        Refusal::Changed(words) => back.add("changed", words),
        Refusal::Invalid(words) | Refusal::Unavailable(words) => back.add("error", words),
        Refusal::Forbidden | Refusal::NotFound => return Err(refused(refusal)),
    };
    leptos_axum::redirect(back.as_str());
    Ok(())
}
