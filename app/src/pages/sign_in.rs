//! Signing in: a plain form that the server handles itself.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::format::title;
use crate::ui::icon::{Icon, brand_mark, icon};
use crate::ui::session::use_session;

/// The sign-in page.
#[component]
pub fn SignIn() -> impl IntoView {
    let query = use_query_map().get_untracked();
    let next = query.get("next").unwrap_or_default();
    let error = query.get("error").filter(|words| !words.is_empty());
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
                        <span class="muted mono">{email} " / " {password}</span>
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
