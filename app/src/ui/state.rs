//! The states of a page besides its content: loading, empty, refused, out of reach.

use std::sync::Arc;

use leptos::prelude::*;
use leptos::server::codee::string::FromToStringCodec;
use leptos_router::hooks::use_location;
use serde::de::DeserializeOwned;

use super::icon::{Icon, icon};
use super::reactive::effect;
use crate::api::read::{self, Answer, Ask};
use crate::api::{At, PageError};
use crate::format::Query;
use crate::live::use_live;

/// Something that a page has asked the server for.
pub type Loading = Resource<Answer, FromToStringCodec>;

/// Asks the server, and again whenever the question changes.
pub fn ask(question: Signal<Ask>) -> Loading {
    Resource::new_str(move || question.get(), read::ask)
}

/// Shows what was asked for, its skeleton while it is on its way, or why there is none. What is
/// shown misses nothing that came in live since it was read.
pub fn loaded<T: DeserializeOwned>(
    what: Loading,
    show: impl Fn(At<T>) -> AnyView + Send + Sync + 'static,
) -> AnyView {
    let live = use_live();
    let unpack = move |answer: Answer| match answer.read::<At<T>>() {
        Ok(content) => {
            let seq = content.seq;
            effect(move || live.join(seq));
            show(content)
        }
        Err(error) => page_error(&error),
    };
    transition(what, Arc::new(unpack))
}

/// One copy for all pages. The content is built anew in the moment in which the next answer is
/// there, not when it is asked for: until then it stays on the screen, and what it is made of has to
/// stay alive with it, since live frames go on coming in.
fn transition(what: Loading, show: Arc<dyn Fn(Answer) -> AnyView + Send + Sync>) -> AnyView {
    view! {
        <Transition fallback=skeleton>
            {move || what.get().map(|answer| show(answer))}
        </Transition>
    }
    .into_any()
}

/// The shape of a page before its content is there.
fn skeleton() -> AnyView {
    view! {
        <div class="stack" role="status">
            <span class="visually-hidden">"Loading"</span>
            <div class="skeleton skeleton-head"></div>
            <div class="skeleton skeleton-block"></div>
            <div class="skeleton skeleton-block"></div>
        </div>
    }
    .into_any()
}

/// Nothing is here: what that means, and what to do next.
pub fn empty(
    mark: Icon,
    title: &'static str,
    text: &'static str,
    next: Option<AnyView>,
) -> AnyView {
    view! {
        <div class="empty">
            {icon(mark)} <p class="empty-title">{title}</p> <p>{text}</p> {next}
        </div>
    }
    .into_any()
}

/// A link that looks like a button.
pub fn link_button(href: String, text: &'static str) -> AnyView {
    view! { <a class="btn" href=href>{text}</a> }.into_any()
}

/// Why a page has nothing to show, and what to do.
pub fn page_error(error: &PageError) -> AnyView {
    let location = use_location();
    let here = {
        let mut here = location.pathname.get_untracked();
        here.push_str(&location.search.get_untracked());
        here
    };
    let again = || Some(link_button(here.clone(), "Try again"));
    match error {
        PageError::SignIn => {
            let mut href = Query::new("/sign-in");
            href.add("next", &here);
            let href = href.as_str().to_owned();
            let sign_in =
                view! { <a class="btn btn-primary" rel="external" href=href>"Sign in"</a> };
            empty(
                Icon::Person,
                "You are signed out",
                "Your session has ended. Sign in again and you come back to this page.",
                Some(sign_in.into_any()),
            )
        }
        PageError::Forbidden => empty(
            Icon::Lock,
            "Your role does not allow this",
            "An administrator can give you a role that does.",
            Some(link_button("/".to_owned(), "Go to the command center")),
        ),
        PageError::NotFound => empty(
            Icon::Search,
            "There is no such thing",
            "The address may be mistyped, or what it named has not come in yet.",
            Some(link_button("/stock".to_owned(), "Look through the stock")),
        ),
        PageError::Changed(words) | PageError::Invalid(words) | PageError::Unavailable(words) => {
            view! {
                <div class="empty" role="alert">
                    {icon(Icon::Warning)}
                    <p class="empty-title">"This could not be shown"</p>
                    <p>{words.clone()}</p>
                    {again()}
                </div>
            }
            .into_any()
        }
        PageError::Unreachable => empty(
            Icon::Offline,
            "The server cannot be reached",
            "Nothing is lost. Check the connection; then try again.",
            again(),
        ),
    }
}
