//! What needs patience in life: the clock is moved by hand, the socket does what the test says.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::AtomicBool;
use std::task::Context;

use onhand::id::Sku;
use onhand::wire::channel::{ChannelStatus, PublicationRow};
use tokio::sync::broadcast;
use tokio::time::{advance, pause, resume};

use super::*;
use crate::live::ChannelView;
use crate::live::ring::Ring;
use crate::processor::Committed;
use crate::store::StoreError;
use crate::store::sqlite::SqliteStore;

/// The other side of a connection, as the test wants it.
#[derive(Clone, Default)]
struct Peer(Rc<RefCell<Wire>>);

#[derive(Default)]
struct Wire {
    coming: VecDeque<Result<Message, &'static str>>,
    sent: Vec<Message>,
    /// This comes without end.
    flood: Option<Message>,
    /// Nothing more leaves.
    blocked: bool,
    /// How often the server looked for a message.
    looked: usize,
}

impl Stream for Peer {
    type Item = Result<Message, &'static str>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut wire = self.0.borrow_mut();
        wire.looked += 1;
        let next = wire.coming.pop_front().or_else(|| wire.flood.clone().map(Ok));
        next.map_or(Poll::Pending, |message| Poll::Ready(Some(message)))
    }
}

impl Sink<Message> for Peer {
    type Error = &'static str;

    fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        if self.0.borrow().blocked { Poll::Pending } else { Poll::Ready(Ok(())) }
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), Self::Error> {
        self.0.borrow_mut().sent.push(message);
        Ok(())
    }

    fn poll_flush(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Self::Error>> {
        self.poll_ready(context)
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }
}

impl Peer {
    fn says(&self, frame: &str) {
        self.0.borrow_mut().coming.push_back(Ok(Message::Text(frame.into())));
    }

    fn answers_ping(&self) {
        self.0.borrow_mut().coming.push_back(Ok(Message::Pong(Bytes::new())));
    }

    fn block(&self) {
        self.0.borrow_mut().blocked = true;
    }

    fn unblock(&self) {
        self.0.borrow_mut().blocked = false;
    }

    /// Every frame since the last time, as (type, its place or its code).
    fn heard(&self) -> Vec<String> {
        let sent = std::mem::take(&mut self.0.borrow_mut().sent);
        let told = sent.into_iter().map(|message| match message {
            Message::Text(text) => match serde_json::from_str(&text).unwrap() {
                ServerFrame::Welcome { seq, .. } => format!("welcome {seq}"),
                ServerFrame::Snapshot(snapshot) => format!("snapshot {}", snapshot.seq),
                ServerFrame::Delta(delta) => format!("delta {}-{}", delta.from, delta.to),
                ServerFrame::Bye { code, .. } => format!("bye {code}"),
            },
            Message::Close(frame) => format!("close {}", frame.unwrap().code),
            Message::Ping(_) => "ping".to_owned(),
            other => format!("{other:?}"),
        });
        told.collect()
    }

    fn looked(&self) -> usize {
        std::mem::take(&mut self.0.borrow_mut().looked)
    }
}

struct NoChannels;

#[async_trait]
impl ChannelView for NoChannels {
    async fn view(
        &self,
        _: Option<&[Sku]>,
        _: usize,
    ) -> Result<(Vec<ChannelStatus>, Vec<PublicationRow>), StoreError> {
        Ok((Vec::new(), Vec::new()))
    }
}

/// A session that may be taken back.
struct Holds(AtomicBool);

#[async_trait]
impl Gate for Holds {
    async fn holds(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A hub at the journal's beginning, and a connection to it on a clock that stands still.
struct House {
    peer: Peer,
    gate: Arc<Holds>,
    batches: broadcast::Sender<Arc<Committed>>,
    running: Pin<Box<dyn Future<Output = ()>>>,
    ended: bool,
    _folder: tempfile::TempDir,
}

impl House {
    async fn open() -> Self {
        Self::with_ring(Ring::new(0)).await
    }

    async fn with_ring(ring: Ring) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("ledger.db")).await.unwrap();
        pause();
        let hub = Arc::new(Hub::with_ring(ring));
        let (batches, taking) = broadcast::channel(16);
        let taker = Arc::clone(&hub);
        tokio::spawn(async move { taker.run(taking).await });
        let snapshots = Snapshots::new(Arc::new(store), Arc::new(NoChannels));
        let shared = Arc::new(Shared { hub, snapshots, build: String::new() });
        let (peer, gate) = (Peer::default(), Arc::new(Holds(AtomicBool::new(true))));
        let gate_of_session = Arc::clone(&gate) as Arc<dyn Gate>;
        let running = run(peer.clone(), shared, gate_of_session, std::future::pending());
        let running = Box::pin(running);
        Self { peer, gate, batches, running, ended: false, _folder: folder }
    }

    /// Opens a connection that watches one item from the journal's beginning on.
    async fn watching() -> Self {
        let mut house = Self::open().await;
        house.watch().await;
        house
    }

    async fn watch(&mut self) {
        self.peer.says(r#"{"type":"hello","topics":["stock"],"skus":["A"],"resume_from":0}"#);
        assert!(!self.go_on().await);
        assert_eq!(self.peer.heard(), ["welcome 0"]);
    }

    /// Lets the session do what it can do now; says whether it has ended.
    async fn go_on(&mut self) -> bool {
        let Self { running, ended, .. } = self;
        std::future::poll_fn(|context| {
            *ended = *ended || running.as_mut().poll(context).is_ready();
            Poll::Ready(*ended)
        })
        .await
    }

    /// Lets some time pass.
    async fn after(&mut self, millis: u64) -> bool {
        advance(Duration::from_millis(millis)).await;
        self.go_on().await
    }

    /// Something is recorded that concerns no connection of these tests.
    async fn commit(&mut self, from: u64, to: u64) {
        let (entries, levels) = (Vec::new(), Vec::new());
        let (conflicts, availability) = (Vec::new(), Vec::new());
        let batch = Committed { from, to, entries, levels, conflicts, availability };
        self.batches.send(Arc::new(batch)).unwrap();
        // The hub's task takes it.
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn who_is_concerned_by_nothing_hears_where_the_journal_stands() {
    let mut house = House::watching().await;
    house.commit(0, 3).await;
    house.after(0).await;
    assert_eq!(house.peer.heard(), [""; 0]);
    house.after(990).await;
    assert_eq!(house.peer.heard(), [""; 0]);
    house.after(20).await;
    assert_eq!(house.peer.heard(), ["delta 0-3"]);
}

#[tokio::test]
async fn a_reader_who_is_blocked_keeps_nobody_busy() {
    let mut house = House::watching().await;
    house.after(19_500).await;
    house.commit(0, 1).await;
    house.after(0).await;
    assert_eq!(house.peer.heard(), ["delta 0-1"], "it was quiet for long enough");
    house.commit(1, 2).await;
    house.after(100).await;
    house.peer.block();
    house.after(410).await;
    house.peer.looked();
    // A ping is on its way, and the moment has come at which a quiet mailbox is emptied.
    house.after(1_500).await;
    assert!(house.peer.looked() < 10, "it waits for the socket and for nothing else");
}

#[tokio::test]
async fn who_is_so_far_behind_that_changes_are_forgotten_starts_with_a_new_snapshot() {
    let mut house = House::with_ring(Ring::bounded(0, 2, usize::MAX)).await;
    house.watch().await;
    house.peer.block();
    house.after(20_000).await;
    for seq in 0..5 {
        house.commit(seq, seq + 1).await;
        house.after(50).await;
    }
    house.peer.unblock();
    // From here on there is a real store to wait for.
    resume();
    let heard = loop {
        house.go_on().await;
        let heard = house.peer.heard();
        if heard.iter().any(|frame| frame.starts_with("snapshot")) {
            break heard;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    };
    assert_eq!(heard.last().unwrap(), "snapshot 5", "{heard:?}");
    pause();
    house.commit(5, 6).await;
    house.after(0).await;
    house.after(1_010).await;
    assert_eq!(house.peer.heard(), ["delta 5-6"], "and goes on from there");
}

#[tokio::test]
async fn who_answers_no_ping_is_cut_off_and_who_does_is_not_however_slow() {
    let mut house = House::watching().await;
    house.after(20_000).await;
    assert_eq!(house.peer.heard(), ["ping"]);
    house.peer.answers_ping();
    house.peer.block();
    for _ in 0..60 {
        assert!(!house.after(1_000).await, "it takes nothing, but it is there");
        house.peer.answers_ping();
    }
    for _ in 0..60 {
        if house.after(1_000).await {
            return;
        }
    }
    panic!("it answers nothing and is still connected");
}

#[tokio::test]
async fn silence_is_told_before_the_end() {
    let mut house = House::watching().await;
    house.after(20_000).await;
    house.after(29_990).await;
    assert_eq!(house.peer.heard(), ["ping", "ping"]);
    house.after(20).await;
    assert_eq!(house.peer.heard(), ["bye unresponsive", "close 1001"]);
    assert!(house.after(2_010).await);
}

#[tokio::test]
async fn who_says_no_hello_has_to_go() {
    let mut house = House::open().await;
    house.go_on().await;
    house.after(9_990).await;
    assert_eq!(house.peer.heard(), [""; 0]);
    house.after(20).await;
    assert_eq!(house.peer.heard(), ["bye no_hello", "close 1008"]);
}

#[tokio::test]
async fn a_session_that_is_taken_back_ends_within_5_s() {
    let mut house = House::watching().await;
    house.gate.0.store(false, Ordering::Relaxed);
    for _ in 0..5 {
        house.after(1_000).await;
    }
    assert_eq!(house.peer.heard(), ["bye revoked", "close 1008"]);
}

#[tokio::test]
async fn what_cannot_be_read_ends_the_connection_with_its_reason() {
    let mut house = House::watching().await;
    house.peer.0.borrow_mut().coming.push_back(Err("too long"));
    house.peer.says(r#"{"type":"resync"}"#);
    house.go_on().await;
    assert_eq!(house.peer.heard(), ["bye bad_frame", "close 1008"]);
    assert!(!house.after(1_990).await, "the other side has time to read it");
    assert!(house.after(20).await);
}

#[tokio::test]
async fn a_client_may_not_send_frames_without_end() {
    let mut house = House::watching().await;
    for _ in 1..CLIENT_FRAMES_MAX {
        house.peer.says(r#"{"type":"subscribe","topics":["stock"],"skus":["A"]}"#);
    }
    house.go_on().await;
    assert_eq!(house.peer.heard(), [""; 0], "as many as that are taken");
    house.peer.says(r#"{"type":"resync"}"#);
    house.go_on().await;
    assert_eq!(house.peer.heard(), ["bye too_many_frames", "close 1008"]);
}

#[tokio::test]
async fn who_sends_without_a_pause_keeps_nobody_busy() {
    let text = Message::Text("{".into());
    for (flood, bye) in [
        (text, "bye bad_frame"),
        (Message::Binary(Bytes::new()), "bye bad_frame"),
        (Message::Ping(Bytes::new()), "bye too_many_frames"),
        (Message::Pong(Bytes::new()), "bye too_many_frames"),
    ] {
        let mut house = House::watching().await;
        house.peer.0.borrow_mut().flood = Some(flood);
        house.go_on().await;
        assert_eq!(house.peer.heard(), [bye, "close 1008"]);
        assert!(house.after(2_010).await);
        resume();
    }
}
