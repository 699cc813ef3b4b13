//! Forms that the browser sends by itself without a script, and that stay on the page with one.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use wasm_bindgen::JsCast;
use web_sys::{FormData, HtmlFormElement, SubmitEvent, UrlSearchParams};

use crate::api::{PageError, post};

/// A form on its way to the server.
#[derive(Debug, Clone, Copy)]
pub struct Sending {
    /// Whether it is.
    pub pending: RwSignal<bool>,
    /// Why it was not taken.
    pub refused: RwSignal<Option<PageError>>,
}

impl Sending {
    /// A form that nobody has sent yet.
    pub fn new() -> Self {
        Self { pending: RwSignal::new(false), refused: RwSignal::new(None) }
    }
}

/// What a form holds, encoded as in an address. If the browser does not say, it sends the form
/// itself.
fn fields_of(event: &SubmitEvent) -> Option<String> {
    let form = event.target()?.dyn_into::<HtmlFormElement>().ok()?;
    let fields = FormData::new_with_form(&form).ok()?;
    let fields = UrlSearchParams::new_with_str_sequence_sequence(&fields).ok()?;
    Some(fields.to_string().into())
}

/// Where a button of the form asks instead of sending: the path that its answer is at.
fn asked_at(event: &SubmitEvent) -> Option<String> {
    let button = event.submitter()?;
    (button.get_attribute("formmethod")? == "get").then(|| button.get_attribute("formaction"))?
}

/// A form that changes something. Its answer is the address of a page that shows the outcome. A
/// button with a `formmethod` of `get` only asks: what the form holds becomes the address.
pub fn post_form(action: &'static str, sending: Sending, fields: AnyView) -> AnyView {
    let navigate = use_navigate();
    let submit = move |event: SubmitEvent| {
        let Some(fields) = fields_of(&event) else { return };
        event.prevent_default();
        if let Some(path) = asked_at(&event) {
            let options = NavigateOptions { replace: true, scroll: false, ..Default::default() };
            navigate(&address(&path, &fields), options);
            return;
        }
        if sending.pending.get_untracked() {
            return;
        }
        sending.pending.set(true);
        sending.refused.set(None);
        let navigate = navigate.clone();
        spawn_local(async move {
            let answer = post(action, &fields).await;
            // The page may be gone by now.
            sending.pending.try_set(false);
            match answer.map(|reply| reply.next) {
                // Another person may come back from there: nothing of this page stays.
                Ok(Some(next)) if next.starts_with("/sign-in") => {
                    // A browser that refuses leaves the form as it is.
                    let _ = window().location().set_href(&next);
                }
                Ok(Some(next)) => navigate(&next, NavigateOptions::default()),
                Ok(None) => {}
                Err(error) => {
                    sending.refused.try_set(Some(error));
                }
            }
        });
    };
    view! {
        <form method="post" action=action on:submit=submit>
            {fields}
        </form>
    }
    .into_any()
}

/// A form that only asks: what it holds becomes the address of the page.
pub fn search_form(action: &'static str, fields: AnyView) -> AnyView {
    let navigate = use_navigate();
    let submit = move |event: SubmitEvent| {
        let Some(fields) = fields_of(&event) else { return };
        event.prevent_default();
        let options = NavigateOptions { replace: true, scroll: false, ..Default::default() };
        navigate(&address(action, &fields), options);
    };
    view! {
        <form method="get" action=action on:submit=submit>
            {fields}
        </form>
    }
    .into_any()
}

/// An address with the fields that are filled.
fn address(path: &str, fields: &str) -> String {
    let mut address = path.to_owned();
    let filled = |pair: &&str| !pair.is_empty() && !pair.ends_with('=');
    for (index, pair) in fields.split('&').filter(filled).enumerate() {
        address.push(if index == 0 { '?' } else { '&' });
        address.push_str(pair);
    }
    address
}

/// Why a form was not taken, in words.
pub fn why_refused(error: PageError) -> String {
    match error {
        PageError::SignIn => "Your session has ended. Sign in again.".to_owned(),
        PageError::Forbidden => "Your role does not allow it.".to_owned(),
        PageError::NotFound => "What it is about is not there any more.".to_owned(),
        PageError::Changed(words) | PageError::Invalid(words) | PageError::Unavailable(words) => {
            words
        }
        PageError::Unreachable => {
            "The server could not be reached. Send it again: it counts only once.".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn only_what_is_filled_is_in_the_address() {
        assert_eq!(address("/stock", "q=a%3D&location=&low=1"), "/stock?q=a%3D&low=1");
        assert_eq!(address("/stock", "q=&location="), "/stock");
        assert_eq!(address("/stock", ""), "/stock");
    }
}
