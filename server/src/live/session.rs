//! One connection's protocol (contract.md section 7), over any pair of message stream and sink.

use std::collections::VecDeque;
use std::fmt::Display;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use axum::extract::ws::{Message, Utf8Bytes};
use bytes::Bytes;
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use onhand::wire::live::{ClientFrame, PROTOCOL, ServerFrame};
use tokio::time::{Instant, sleep_until};

use super::bye::Bye;
use super::frame;
use super::hub::{Hub, LiveStats};
use super::mailbox::{MERGED_CHANGES_MAX, Mailbox};
use super::ring::Place;
use super::snapshot::{Pages, Snapshot, SnapshotError, Snapshots};
use super::subscription::Subscription;

/// How long a connection may take to say hello.
pub const HELLO_TIMEOUT: Duration = Duration::from_secs(10);
/// How often the server asks whether the other side is still there.
pub const PING_INTERVAL: Duration = Duration::from_secs(20);
/// How long the other side may leave everything unanswered (contract.md section 10, Live).
pub const PONG_TIMEOUT: Duration = Duration::from_secs(30);
/// How often is checked whether the session or token still holds. With the second for which an
/// answer may be kept this closes a connection within 5 s of its revocation.
pub const GATE_INTERVAL: Duration = Duration::from_secs(2);
/// How long a connection that nothing concerns may go without hearing where the journal stands.
pub const QUIET_INTERVAL: Duration = Duration::from_secs(1);
/// The shortest time between two snapshots of one connection.
pub const RESYNC_COOLDOWN: Duration = Duration::from_secs(1);
/// How long a bye may take to leave.
pub const BYE_TIMEOUT: Duration = Duration::from_secs(2);
/// Snapshots in a row that may fail before the connection is closed.
pub const SNAPSHOT_ATTEMPTS: u32 = 3;
/// Frames that a client may send within [`CLIENT_FRAMES_WINDOW`].
pub const CLIENT_FRAMES_MAX: u32 = 100;
/// The time over which a client's frames are counted.
pub const CLIENT_FRAMES_WINDOW: Duration = Duration::from_secs(10);

/// Says whether whoever opened a connection may still use it.
#[async_trait]
pub trait Gate: Send + Sync {
    /// Whether the session or token still holds.
    async fn holds(&self) -> bool;
}

/// What all connections share.
#[derive(Debug)]
pub struct Shared {
    /// Where changes come from.
    pub hub: Arc<Hub>,
    /// Where snapshots come from.
    pub snapshots: Snapshots,
    /// The server's build.
    pub build: String,
}

/// What a connection got from the store.
enum Read {
    /// Everything at one place.
    Snapshot(Arc<Snapshot>),
    /// Some more levels of a snapshot, and where it goes on.
    Page(Vec<Utf8Bytes>, Option<Pages>),
    /// What is needed to go on from a place, if that is possible.
    Resumed(Option<(Place, Vec<Utf8Bytes>)>),
}

/// What a connection waits for from the store.
type Reading = Pin<Box<dyn Future<Output = Result<Read, SnapshotError>> + Send>>;

/// What happened at the socket.
enum Event {
    /// A message came.
    Came(Message),
    /// The next message can be sent.
    CanSend,
    /// What was sent has left.
    Flushed,
    /// What came cannot be taken for a message, so that nothing more can be read.
    Garbled(String),
    /// The connection is gone.
    Gone,
}

/// What is to be done at the socket.
#[derive(Clone, Copy)]
struct Busy {
    listening: bool,
    sending: bool,
    flushing: bool,
}

/// What a connection has been told and has yet to be told.
struct Session {
    shared: Arc<Shared>,
    gate: Arc<dyn Gate>,
    subscription: Option<Arc<Subscription>>,
    mailbox: Option<Mailbox>,
    /// A snapshot is wanted as soon as the cooldown is over.
    wants_snapshot: bool,
    snapshot_at: Option<Instant>,
    reading: Option<Reading>,
    pages: Option<Pages>,
    /// Snapshots in a row that could not be read.
    failures: u32,
    /// The snapshot being sent: as long as somebody holds it, others share it.
    snapshot: Option<Arc<Snapshot>>,
    /// Frames on their way: of one update or of one snapshot at a time.
    out: VecDeque<Message>,
    flushing: bool,
    /// Nothing more can be read; what is left to say can still be sent.
    deaf: bool,
    opened_at: Instant,
    /// The first ping since the other side was heard.
    unanswered_since: Option<Instant>,
    ping_at: Instant,
    gate_at: Instant,
    told_at: Instant,
    frames_since: Instant,
    frames: u32,
    /// The connection is closed at this moment, come what may.
    closing: Option<Instant>,
}

/// Speaks the protocol until either side ends it; `stopping` ends once the server is to stop.
pub async fn run<S, E>(
    mut socket: S,
    shared: Arc<Shared>,
    gate: Arc<dyn Gate>,
    stopping: impl Future<Output = ()>,
) where
    S: Stream<Item = Result<Message, E>> + Sink<Message> + Unpin,
    E: Display,
{
    let counted = Counted::new(&shared.hub);
    let hub = Arc::clone(&shared.hub);
    let mut changes = hub.watch();
    let mut stopping = std::pin::pin!(stopping);
    let mut session = Session::new(shared, gate);
    loop {
        session.refill();
        let deadline = session.deadline();
        let waits = session.waits_for_changes();
        let closing = session.closing.is_some();
        tokio::select! {
            biased;
            event = next_event(&mut socket, session.busy()) => {
                if session.at_socket(event, &mut socket).is_break() {
                    break;
                }
            }
            () = &mut stopping, if !closing => session.bye(&Bye::Stopping),
            read = read(&mut session.reading), if !closing => session.was_read(read),
            told = changes.changed(), if waits => {
                if told.is_err() {
                    session.bye(&Bye::Stopping);
                }
            }
            () = sleep_until(deadline) => {
                if session.at_deadline(Instant::now()).await.is_break() {
                    break;
                }
            }
        }
    }
    drop(counted);
}

/// Waits for whatever the socket does next.
async fn next_event<S, E>(socket: &mut S, busy: Busy) -> Event
where
    S: Stream<Item = Result<Message, E>> + Sink<Message> + Unpin,
    E: Display,
{
    std::future::poll_fn(|context| {
        if busy.listening {
            match socket.poll_next_unpin(context) {
                Poll::Ready(Some(Ok(message))) => return Poll::Ready(Event::Came(message)),
                Poll::Ready(Some(Err(error))) => {
                    return Poll::Ready(Event::Garbled(error.to_string()));
                }
                Poll::Ready(None) => return Poll::Ready(Event::Gone),
                Poll::Pending => {}
            }
        }
        // One message at a time: the next one is made only when this one has left.
        let (progress, event) = match (busy.flushing, busy.sending) {
            (true, _) => (socket.poll_flush_unpin(context), Event::Flushed),
            (false, true) => (socket.poll_ready_unpin(context), Event::CanSend),
            (false, false) => return Poll::Pending,
        };
        match progress {
            Poll::Ready(Ok(())) => Poll::Ready(event),
            Poll::Ready(Err(_)) => Poll::Ready(Event::Gone),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

async fn read(reading: &mut Option<Reading>) -> Result<Read, SnapshotError> {
    let Some(pending) = reading else { return std::future::pending().await };
    let read = pending.await;
    *reading = None;
    read
}

type Flow = std::ops::ControlFlow<()>;

impl Session {
    fn new(shared: Arc<Shared>, gate: Arc<dyn Gate>) -> Self {
        let now = Instant::now();
        Self {
            shared,
            gate,
            subscription: None,
            mailbox: None,
            wants_snapshot: false,
            snapshot_at: None,
            reading: None,
            pages: None,
            failures: 0,
            snapshot: None,
            out: VecDeque::new(),
            flushing: false,
            deaf: false,
            opened_at: now,
            unanswered_since: None,
            ping_at: now + PING_INTERVAL,
            gate_at: now + GATE_INTERVAL,
            told_at: now,
            frames_since: now,
            frames: 0,
            closing: None,
        }
    }

    fn busy(&self) -> Busy {
        let sending = !self.out.is_empty();
        Busy { listening: !self.deaf, sending, flushing: self.flushing }
    }

    /// Whether the next thing to tell can only come from the hub.
    fn waits_for_changes(&self) -> bool {
        self.mailbox.is_some() && self.out.is_empty() && !self.flushing && self.closing.is_none()
    }

    /// The next moment at which something is due.
    fn deadline(&self) -> Instant {
        if let Some(closing) = self.closing {
            return closing;
        }
        let mut deadline = self.ping_at.min(self.gate_at);
        if let Some(since) = self.unanswered_since {
            deadline = deadline.min(since + PONG_TIMEOUT);
        }
        if self.subscription.is_none() {
            deadline = deadline.min(self.opened_at + HELLO_TIMEOUT);
        }
        if self.wants_snapshot && self.is_idle() {
            deadline = deadline.min(self.snapshot_due());
        }
        // Only who has nothing on its way is told where the journal stands.
        if self.is_idle() && self.mailbox.as_ref().is_some_and(Mailbox::is_quiet) {
            deadline = deadline.min(self.told_at + QUIET_INTERVAL);
        }
        deadline
    }

    async fn at_deadline(&mut self, now: Instant) -> Flow {
        if self.closing.is_some() {
            return Flow::Break(());
        }
        if self.unanswered_since.is_some_and(|since| now >= since + PONG_TIMEOUT) {
            self.bye(&Bye::Unresponsive);
            return Flow::Continue(());
        }
        if self.subscription.is_none() && now >= self.opened_at + HELLO_TIMEOUT {
            self.bye(&Bye::NoHello);
            return Flow::Continue(());
        }
        if now >= self.ping_at {
            self.ping_at = now + PING_INTERVAL;
            self.unanswered_since.get_or_insert(now);
            // Before what waits: the answer says that the other side is there.
            self.out.push_front(Message::Ping(Bytes::new()));
        }
        if now >= self.gate_at {
            self.gate_at = now + GATE_INTERVAL;
            if !self.gate.holds().await {
                self.bye(&Bye::Revoked);
            }
        }
        Flow::Continue(())
    }

    /// Handles what happened at the socket.
    fn at_socket<S, E>(&mut self, event: Event, socket: &mut S) -> Flow
    where
        S: Stream<Item = Result<Message, E>> + Sink<Message> + Unpin,
    {
        match event {
            Event::Came(message) => {
                self.unanswered_since = None;
                self.came(message);
            }
            Event::CanSend => {
                if let Some(message) = self.out.pop_front() {
                    let stats = self.shared.hub.stats();
                    LiveStats::count(&stats.frames, 1);
                    if let Message::Text(text) = &message {
                        LiveStats::count(&stats.frame_bytes, text.len());
                    }
                    if socket.start_send_unpin(message).is_err() {
                        return Flow::Break(());
                    }
                    self.flushing = true;
                }
            }
            Event::Flushed => self.flushing = false,
            Event::Garbled(reason) => {
                // If it is the connection that failed, the bye fails as well.
                self.deaf = true;
                if self.closing.is_none() {
                    self.bye(&Bye::BadFrame(reason));
                }
            }
            Event::Gone => return Flow::Break(()),
        }
        Flow::Continue(())
    }

    fn came(&mut self, message: Message) {
        let now = Instant::now();
        if let Message::Close(_) = message {
            // The socket answers it; then the stream ends.
            self.closing.get_or_insert(now + BYE_TIMEOUT);
            return;
        }
        let too_many = self.is_one_too_many(now);
        // Who goes on sending without end is not even read any more.
        self.deaf |= too_many;
        if self.closing.is_some() {
            return;
        }
        if too_many {
            return self.bye(&Bye::TooManyFrames);
        }
        let taken = match message {
            Message::Text(text) => match serde_json::from_str::<ClientFrame>(&text) {
                Ok(frame) => self.take(frame),
                Err(error) => Err(format!("not a frame: {error}")),
            },
            Message::Binary(_) => Err("frames must be text".to_owned()),
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) => Ok(()),
        };
        if let Err(reason) = taken {
            self.bye(&Bye::BadFrame(reason));
        }
    }

    /// Counts a frame of the client, pings and pongs too.
    fn is_one_too_many(&mut self, now: Instant) -> bool {
        if now >= self.frames_since + CLIENT_FRAMES_WINDOW {
            (self.frames_since, self.frames) = (now, 0);
        }
        self.frames += 1;
        self.frames > CLIENT_FRAMES_MAX
    }

    fn take(&mut self, frame: ClientFrame) -> Result<(), String> {
        let (topics, skus, resume_from) = match frame {
            ClientFrame::Hello { .. } if self.subscription.is_some() => {
                return Err("hello came before; use subscribe".to_owned());
            }
            ClientFrame::Subscribe { .. } | ClientFrame::Resync if self.subscription.is_none() => {
                return Err("hello must come first".to_owned());
            }
            ClientFrame::Hello { topics, skus, resume_from } => (topics, skus, resume_from),
            ClientFrame::Subscribe { topics, skus } => (topics, skus, None),
            ClientFrame::Resync => {
                self.start_over();
                return Ok(());
            }
        };
        let subscription = Subscription::read(&topics, skus).map_err(|error| error.to_string())?;
        let subscription = Arc::new(subscription);
        if self.subscription.is_none() {
            self.welcome();
        }
        self.subscription = Some(Arc::clone(&subscription));
        match resume_from {
            None => self.start_over(),
            Some(seq) => {
                let shared = Arc::clone(&self.shared);
                self.reading = Some(Box::pin(async move {
                    let resumed = shared.snapshots.resume(&shared.hub, &subscription, seq).await?;
                    Ok(Read::Resumed(resumed))
                }));
            }
        }
        Ok(())
    }

    fn welcome(&mut self) {
        let welcome = ServerFrame::Welcome {
            seq: self.shared.hub.end().seq,
            protocol: PROTOCOL,
            build: self.shared.build.clone(),
        };
        self.out.push_back(Message::Text(frame::plain(&welcome)));
    }

    /// Forgets what was to be told; a snapshot is read as soon as the cooldown is over.
    fn start_over(&mut self) {
        self.mailbox = None;
        self.reading = None;
        self.pages = None;
        self.wants_snapshot = true;
    }

    /// Nothing is on its way to the client or from the store.
    fn is_idle(&self) -> bool {
        self.out.is_empty() && !self.flushing && self.reading.is_none() && self.closing.is_none()
    }

    fn snapshot_due(&self) -> Instant {
        self.snapshot_at.map_or(self.opened_at, |last| last + RESYNC_COOLDOWN)
    }

    /// Finds the next thing to tell once everything before it has left.
    fn refill(&mut self) {
        let Some(subscription) = self.subscription.clone().filter(|_| self.is_idle()) else {
            return;
        };
        if !self.wants_snapshot && self.pages.is_none() {
            self.refill_from_hub(&subscription);
        }
        let shared = Arc::clone(&self.shared);
        if self.wants_snapshot && Instant::now() >= self.snapshot_due() {
            self.wants_snapshot = false;
            self.snapshot_at = Some(Instant::now());
            self.reading = Some(Box::pin(async move {
                shared.snapshots.take(&shared.hub, &subscription).await.map(Read::Snapshot)
            }));
        } else if let Some(pages) = self.pages.take() {
            self.reading = Some(Box::pin(async move {
                let (frames, rest) = shared.snapshots.page(pages).await?;
                Ok(Read::Page(frames, rest))
            }));
        }
    }

    fn refill_from_hub(&mut self, subscription: &Subscription) {
        let Some(mailbox) = &mut self.mailbox else { return };
        let stats = self.shared.hub.stats();
        self.snapshot = None;
        loop {
            let Ok(changes) = self.shared.hub.since(mailbox.next(), MERGED_CHANGES_MAX) else {
                LiveStats::count(&stats.overruns, 1);
                return self.start_over();
            };
            if changes.is_empty() {
                break;
            }
            let taken = mailbox.take(&changes, subscription);
            LiveStats::count(&stats.merges, taken.changes - 1);
            if !taken.frames.is_empty() {
                self.out.extend(taken.frames.iter().cloned().map(Message::Text));
                break;
            }
        }
        let now = Instant::now();
        if self.out.is_empty() && mailbox.is_quiet() && now >= self.told_at + QUIET_INTERVAL {
            self.out.extend(mailbox.catch_up().iter().cloned().map(Message::Text));
        }
        if !self.out.is_empty() {
            self.told_at = now;
        }
    }

    /// Takes in what the store answered.
    fn was_read(&mut self, read: Result<Read, SnapshotError>) {
        let frames = match read {
            Ok(Read::Snapshot(snapshot)) => {
                self.mailbox = Some(Mailbox::new(snapshot.place));
                self.pages.clone_from(&snapshot.pages);
                self.snapshot = Some(Arc::clone(&snapshot));
                snapshot.frames.to_vec()
            }
            Ok(Read::Page(frames, rest)) => {
                self.pages = rest;
                frames
            }
            Ok(Read::Resumed(Some((place, frames)))) => {
                self.mailbox = Some(Mailbox::new(place));
                frames
            }
            Ok(Read::Resumed(None)) => return self.start_over(),
            Err(error) => {
                self.failures += 1;
                tracing::warn!(%error, failures = self.failures, "no snapshot for a live client");
                if self.failures >= SNAPSHOT_ATTEMPTS {
                    return self.bye(&Bye::Unavailable);
                }
                return self.start_over();
            }
        };
        self.failures = 0;
        self.out.extend(frames.into_iter().map(Message::Text));
    }

    /// Says why, and closes.
    fn bye(&mut self, why: &Bye) {
        self.start_over();
        self.out = why.messages().into();
        self.closing = Some(Instant::now() + BYE_TIMEOUT);
    }
}

/// Counts an open connection for as long as it is held.
struct Counted(Arc<Hub>);

impl Counted {
    fn new(hub: &Arc<Hub>) -> Self {
        hub.stats().connections.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(hub))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.stats().connections.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
