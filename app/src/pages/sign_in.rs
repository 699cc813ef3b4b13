//! Signing in: a plain form that the server handles itself.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::format::title;
use crate::ui::icon::{Icon, brand_mark, icon};
use crate::ui::session::use_session;

/// The sign-in page.
pub fn sign_in() -> AnyView {
    let query = use_query_map().get_untracked();
    let next = query.get("next").unwrap_or_default();
    let error = query
        .get("error")
        .filter(|code| !code.is_empty())
        .map(|code| failure(&code, query.get("seconds").as_deref()));
    let failed = error.is_some();
    let error = error.map(|words| {
        view! {
            <div class="notice notice-danger" role="alert" id="sign-in-error">
                {icon(Icon::Warning)} <p>{words}</p>
            </div>
        }
    });
    let described = failed.then_some("sign-in-error");
    view! {
        <Title text="Sign in"/>
        <div class="brand">
            {brand_mark()} <span>"Onhand"</span>
        </div>
        <div class="card">
            <form method="post" action="/sign-in" class="card-body stack">
                <h1 class="page-title">"Sign in"</h1>
                {error}
                <input type="hidden" name="next" value=next.clone()/>
                <div class="field">
                    <label class="field-label" for="email">"Email"</label>
                    <input
                        class="input"
                        id="email"
                        name="email"
                        type="email"
                        autocomplete="username"
                        required
                        aria-describedby=described
                    />
                </div>
                <div class="field">
                    <label class="field-label" for="password">"Password"</label>
                    <input
                        class="input"
                        id="password"
                        name="password"
                        type="password"
                        autocomplete="current-password"
                        required
                        aria-describedby=described
                    />
                </div>
                <button type="submit" class="btn btn-primary btn-block">"Sign in"</button>
            </form>
        </div>
        {demo_users(&next)}
    }
    .into_any()
}

/// Why somebody is not signed in, in words. The address holds only a code, so that a link cannot
/// put words of somebody else's on this page.
fn failure(code: &str, seconds: Option<&str>) -> String {
    match code {
        "credentials" => "The email or the password is wrong.".to_owned(),
        "form" => "Enter both the email and the password.".to_owned(),
        "wait" => match seconds.and_then(|it| it.parse::<u32>().ok()) {
            Some(seconds) if seconds > 1 => {
                format!("Too many attempts have failed. Try again in {seconds} seconds.")
            }
            _ => "Too many attempts have failed. Try again in a second.".to_owned(),
        },
        _ => "Signing in does not work right now. Try again in a moment.".to_owned(),
    }
}

/// One button per demo user, in a demo.
fn demo_users(next: &str) -> Option<AnyView> {
    let users = use_session().demo_users;
    if users.is_empty() {
        return None;
    }
    let buttons = users
        .into_iter()
        .map(|(email, password, role)| {
            let label = title(&role);
            view! {
                <form method="post" action="/sign-in">
                    <input type="hidden" name="next" value=next.to_owned()/>
                    <input type="hidden" name="email" value=email.clone()/>
                    <input type="hidden" name="password" value=password.clone()/>
                    <button type="submit" class="btn btn-block demo-user">
                        <span>{label}</span>
                        <span class="muted mono demo-secret">{email} <br/> {password}</span>
                    </button>
                </form>
            }
        })
        .collect_view();
    let view = view! {
        <section class="card" aria-labelledby="demo-users">
            <div class="card-head">
                <h2 class="card-title" id="demo-users">"Demo users"</h2>
                <span class="card-sub">"one for each role"</span>
            </div>
            <div class="card-body stack demo-users">{buttons}</div>
        </section>
    };
    Some(view.into_any())
}

#[cfg(test)]
mod tests {
    use super::failure;

    #[test]
    fn a_failure_is_told_in_our_own_words() {
        assert_eq!(failure("credentials", None), "The email or the password is wrong.");
        assert!(failure("wait", Some("8")).ends_with("Try again in 8 seconds."));
        assert!(failure("wait", Some("<b>")).ends_with("Try again in a second."));
        assert!(!failure("Call 555-1234", None).contains("555"));
    }
}
