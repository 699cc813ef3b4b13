//! The browser's websocket, driven by the machine. One per tab, in the tab's only thread; on the
//! server nothing here is ever called.

use std::cell::RefCell;
use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use onhand::wire::live::{ClientFrame, ServerFrame};
use onhand::wire::page::Viewer;
use wasm_bindgen::prelude::{Closure, JsCast, JsValue};
use web_sys::{MessageEvent, VisibilityState, WebSocket};

use super::frame;
use super::machine::{Action, Input, Machine};
use super::store::Live;
use crate::api::read::{Ask, fetch};

/// Frames that are taken in at once when the browser draws nothing (a hidden tab).
const BUFFERED_FRAMES_MAX: usize = 64;

thread_local! {
    static CONNECTION: RefCell<Option<Connection>> = const { RefCell::new(None) };
}

struct Connection {
    live: Live,
    machine: Machine,
    socket: Option<Socket>,
    frames: Vec<ServerFrame>,
    drawing: bool,
    hidden_since_us: Option<i64>,
}

/// An open socket with its callbacks; dropping it retires both.
struct Socket {
    inner: WebSocket,
    _opened: Closure<dyn FnMut(JsValue)>,
    _message: Closure<dyn FnMut(MessageEvent)>,
    _closed: Closure<dyn FnMut(JsValue)>,
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.inner.set_onopen(None);
        self.inner.set_onmessage(None);
        self.inner.set_onclose(None);
        // A socket that is closing already refuses; that is what is wanted.
        let _ = self.inner.close();
    }
}

#[expect(clippy::cast_possible_truncation, reason = "microseconds since 1970 fit into 63 bits")]
fn now_us() -> i64 {
    (js_sys::Date::now() * 1_000.0) as i64
}

/// Connects the store; a second call does nothing.
pub(super) fn start(live: Live, build: String) {
    let fresh = CONNECTION.with_borrow_mut(|connection| {
        let fresh = connection.is_none();
        connection.get_or_insert_with(|| Connection {
            live,
            machine: Machine::new(build),
            socket: None,
            frames: Vec::new(),
            drawing: false,
            hidden_since_us: None,
        });
        fresh
    });
    if fresh {
        watch_the_tab();
    }
    input(Input::Start);
}

/// Tells the machine what happened and does what it says.
pub(super) fn input(input: Input) {
    let actions = CONNECTION.with_borrow_mut(|connection| {
        let Some(connection) = connection else { return Vec::new() };
        let seq = connection.live.seq();
        connection.machine.step(input, seq, now_us(), js_sys::Math::random())
    });
    for action in actions {
        perform(action);
    }
}

fn with_live(act: impl FnOnce(Live)) {
    let live = CONNECTION.with_borrow(|connection| connection.as_ref().map(|own| own.live));
    if let Some(live) = live {
        act(live);
    }
}

fn perform(action: Action) {
    match action {
        Action::Open(generation) => {
            let socket = open(generation);
            let failed = socket.is_none();
            retire(socket);
            if failed {
                input(Input::Closed(generation));
            }
        }
        Action::Close => retire(None),
        Action::Send(frame) => send(&frame),
        Action::Wait { generation, delay_ms } => set_timeout(
            move || input(Input::Timer(generation)),
            Duration::from_millis(u64::from(delay_ms)),
        ),
        Action::Show(status) => with_live(|live| live.show(status)),
        Action::Outdated => with_live(|live| live.outdated.set(true)),
        Action::CheckSession => spawn_local(async {
            if fetch::<Option<Viewer>>(Ask::Viewer).await.is_ok_and(|viewer| viewer.is_none()) {
                input(Input::SignedOut);
            }
        }),
    }
}

/// Puts another socket in the place of the present one, whose frames no longer count.
fn retire(next: Option<Socket>) {
    let old = CONNECTION.with_borrow_mut(|connection| {
        connection.as_mut().and_then(|own| {
            own.frames.clear();
            std::mem::replace(&mut own.socket, next)
        })
    });
    // Its own callback may be running just now: let that return first.
    set_timeout(move || drop(old), Duration::ZERO);
}

fn open(generation: u32) -> Option<Socket> {
    let location = window().location();
    let scheme = if location.protocol().ok()? == "https:" { "wss" } else { "ws" };
    let socket = WebSocket::new(&format!("{scheme}://{}/live", location.host().ok()?)).ok()?;
    let opened = Closure::<dyn FnMut(JsValue)>::new(move |_| input(Input::Opened(generation)));
    let closed = Closure::<dyn FnMut(JsValue)>::new(move |_| input(Input::Closed(generation)));
    let message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        if let Some(text) = event.data().as_string() {
            receive(generation, &text);
        }
    });
    socket.set_onopen(Some(opened.as_ref().unchecked_ref()));
    socket.set_onclose(Some(closed.as_ref().unchecked_ref()));
    socket.set_onmessage(Some(message.as_ref().unchecked_ref()));
    Some(Socket { inner: socket, _opened: opened, _message: message, _closed: closed })
}

fn send(frame: &ClientFrame) {
    let Ok(text) = serde_json::to_string(frame) else { return };
    CONNECTION.with_borrow(|connection| {
        if let Some(socket) = connection.as_ref().and_then(|own| own.socket.as_ref()) {
            // If it is closing, its close callback follows and says so.
            let _ = socket.inner.send_with_str(&text);
        }
    });
}

fn receive(generation: u32, text: &str) {
    let Ok(frame) = frame::read(text) else {
        // A frame that cannot be read means another protocol: start over with snapshots.
        leptos::logging::warn!("a live frame could not be read");
        return input(Input::Gap);
    };
    if let ServerFrame::Welcome { protocol, build, .. } = frame {
        return input(Input::Welcome { generation, protocol, build });
    }
    let full = CONNECTION.with_borrow_mut(|connection| {
        let Some(own) = connection else { return false };
        if !own.machine.is_current(generation) {
            return false;
        }
        own.frames.push(frame);
        if own.drawing {
            return own.frames.len() >= BUFFERED_FRAMES_MAX;
        }
        own.drawing = true;
        request_animation_frame(flush);
        document().visibility_state() == VisibilityState::Hidden
    });
    if full {
        flush();
    }
}

/// Takes in everything that came since the last picture was drawn.
fn flush() {
    let taken = CONNECTION.with_borrow_mut(|connection| {
        connection.as_mut().map(|own| {
            own.drawing = false;
            (own.live, std::mem::take(&mut own.frames))
        })
    });
    if let Some((live, frames)) = taken
        && !frames.is_empty()
        && live.take(frames, now_us())
    {
        input(Input::Gap);
    }
}

/// Connects at once when the tab is looked at again or the network comes back.
fn watch_the_tab() {
    // For the life of the tab, so the handles are not kept.
    let _ = window_event_listener_untyped("online", |_| input(Input::Wake { hidden_ms: i64::MAX }));
    let document = document();
    let visibility = Closure::<dyn FnMut(JsValue)>::new(move |_| {
        let hidden = leptos::prelude::document().visibility_state() == VisibilityState::Hidden;
        let hidden_us = CONNECTION.with_borrow_mut(|connection| {
            let own = connection.as_mut()?;
            if hidden {
                own.hidden_since_us = Some(now_us());
                return None;
            }
            own.hidden_since_us.take().map(|since| now_us() - since)
        });
        if let Some(hidden_us) = hidden_us {
            input(Input::Wake { hidden_ms: hidden_us / 1_000 });
        }
    });
    // Without it only the quick return is lost.
    let _ = document
        .add_event_listener_with_callback("visibilitychange", visibility.as_ref().unchecked_ref());
    visibility.forget();
}
