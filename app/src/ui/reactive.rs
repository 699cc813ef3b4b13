//! The reactive building blocks that pages use. What they do is Leptos' own; but a generic function
//! is compiled once for every closure it gets, so they take the closures' addresses instead: the
//! browser's copy then holds each of them once.

use std::sync::Arc;

use leptos::prelude::*;

/// Runs in the browser now, and again whenever something that it reads changes.
pub fn effect(run: impl FnMut() + 'static) {
    fn boxed(mut run: Box<dyn FnMut()>) {
        Effect::new(move |_| run());
    }
    boxed(Box::new(run));
}

/// A value that is computed when something changes that it reads, and passed on only if it is
/// another one then.
pub fn memo<T: PartialEq + Send + Sync + 'static>(
    compute: impl Fn() -> T + Send + Sync + 'static,
) -> Memo<T> {
    fn boxed<T: PartialEq + Send + Sync + 'static>(
        compute: Box<dyn Fn() -> T + Send + Sync>,
    ) -> Memo<T> {
        Memo::new(move |_| compute())
    }
    boxed(Box::new(compute))
}

/// The title of a page that depends on its address. The server writes a title after it has begun to
/// send the page, when what belongs to the page may be gone: this holds what it reads itself.
pub fn page_title<T: Clone + Send + Sync + 'static>(
    of: Memo<T>,
    text: impl Fn(T) -> String + Send + Sync + 'static,
) -> impl Fn() -> String + Send + Sync + 'static {
    let of = ArcMemo::from(of);
    move || text(of.get())
}

/// Shows a view while something holds.
pub fn when(
    holds: impl Fn() -> bool + Send + Sync + 'static,
    view: impl Fn() -> AnyView + Send + Sync + 'static,
) -> AnyView {
    fn boxed(holds: Memo<bool>, view: Arc<dyn Fn() -> AnyView + Send + Sync>) -> AnyView {
        view! { {move || holds.get().then(|| view())} }.into_any()
    }
    boxed(memo(holds), Arc::new(view))
}

/// A row that is built only if it is not on the screen yet.
struct Row {
    key: String,
    build: Box<dyn FnOnce() -> AnyView + Send>,
}

/// A list in which a row stays what it is as long as its key is there.
pub fn keyed<T: Send + 'static>(
    rows: impl Fn() -> Vec<T> + Send + Sync + 'static,
    key: impl Fn(&T) -> String + Send + Sync + 'static,
    view: impl Fn(T) -> AnyView + Send + Sync + 'static,
) -> AnyView {
    fn boxed(rows: Arc<dyn Fn() -> Vec<Row> + Send + Sync>) -> AnyView {
        view! { <For each=move || rows() key=|row| row.key.clone() children=|row| (row.build)()/> }
            .into_any()
    }
    let view = Arc::new(view);
    boxed(Arc::new(move || {
        let rows = rows().into_iter().map(|row| {
            let (key, view) = (key(&row), Arc::clone(&view));
            Row { key, build: Box::new(move || view(row)) }
        });
        rows.collect()
    }))
}
