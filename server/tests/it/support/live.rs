//! A client of `/live` as a browser or a program is one, and what it makes of the frames.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use futures_util::{SinkExt as _, StreamExt as _};
use onhand::conflict::{Conflict, ConflictStatus};
use onhand::id::ConflictId;
use onhand::wire::channel::{ChannelStatus, PublicationRow};
use onhand::wire::live::{Delta, EventRow, ServerFrame, Snapshot, Topic};
use onhand::wire::stock::LevelRow;
use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::PATIENCE;

/// A connection to `/live`.
pub struct Watcher {
    socket: WebSocketStream<TcpStream>,
}

/// How a connection ended.
#[derive(Debug, PartialEq, Eq)]
pub struct End {
    /// The code of the bye.
    pub code: String,
    /// Its reason.
    pub reason: String,
    /// The code of the close frame that followed.
    pub close: u16,
}

impl Watcher {
    /// Connects with these headers; the status if the handshake is refused.
    pub async fn try_open(address: SocketAddr, headers: &[(&str, &str)]) -> Result<Self, u16> {
        Self::with(TcpStream::connect(address).await.unwrap(), address, headers).await
    }

    /// Connects with a token.
    pub async fn open(address: SocketAddr, token: &str) -> Self {
        let bearer = format!("Bearer {token}");
        Self::try_open(address, &[("authorization", &bearer)]).await.unwrap()
    }

    /// Connects with a token over a connection that holds back the server as soon as it can: the
    /// system keeps almost nothing of what is not read.
    pub async fn open_narrow(address: SocketAddr, token: &str) -> Self {
        let bearer = format!("Bearer {token}");
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.set_recv_buffer_size(4_096).unwrap();
        // Short segments keep the server's side of the connection small as well.
        socket.set_tcp_mss(536).unwrap();
        socket.connect(&address.into()).unwrap();
        socket.set_nonblocking(true).unwrap();
        let stream = TcpStream::from_std(socket.into()).unwrap();
        Self::with(stream, address, &[("authorization", &bearer)]).await.unwrap()
    }

    async fn with(
        stream: TcpStream,
        address: SocketAddr,
        headers: &[(&str, &str)],
    ) -> Result<Self, u16> {
        let mut request = format!("ws://{address}/live").into_client_request().unwrap();
        for (name, value) in headers {
            let name: axum::http::HeaderName = name.parse().unwrap();
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        match client_async(request, stream).await {
            Ok((socket, _)) => Ok(Self { socket }),
            Err(Error::Http(answer)) => Err(answer.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// Says hello for these topics.
    pub async fn hello(&mut self, topics: &[Topic]) {
        self.say(json!({"type": "hello", "topics": topics})).await;
    }

    /// Sends a frame.
    pub async fn say(&mut self, frame: Value) {
        self.send(Message::text(frame.to_string())).await;
    }

    /// Sends a message.
    pub async fn send(&mut self, message: Message) {
        // A server that has had enough may close before all of it has left.
        let _ = self.socket.send(message).await;
    }

    /// The next frame.
    pub async fn next(&mut self) -> ServerFrame {
        match self.message().await {
            Some(Message::Text(text)) => serde_json::from_str(&text).unwrap(),
            other => panic!("no frame but {other:?}"),
        }
    }

    /// Takes frames until the view shows the journal up to a place.
    pub async fn follow(&mut self, view: &mut View, seq: u64) {
        while view.at < seq {
            view.take(self.next().await);
        }
    }

    async fn message(&mut self) -> Option<Message> {
        loop {
            let next = timeout(PATIENCE, self.socket.next()).await.expect("no frame ever came");
            match next? {
                // Answered by the socket itself.
                Ok(Message::Ping(_) | Message::Pong(_)) => {}
                Ok(message) => return Some(message),
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Reads to the end of the connection, which must be a bye and a close.
    pub async fn end(&mut self) -> End {
        loop {
            if let ServerFrame::Bye { code, reason } = self.next().await {
                let Some(Message::Close(Some(frame))) = self.message().await else {
                    panic!("a bye and no close");
                };
                return End { code, reason, close: frame.code.into() };
            }
        }
    }
}

/// A level's numbers: of each name its value, and its version.
pub type Numbers = BTreeMap<(String, String), Value>;

/// What a client shows.
#[derive(Debug, Default)]
pub struct View {
    /// The place in the journal that it shows.
    pub at: u64,
    /// Levels by SKU and location.
    pub levels: BTreeMap<(String, String), LevelRow>,
    /// Rows of the journal.
    pub events: BTreeMap<u64, EventRow>,
    /// Open conflicts.
    pub conflicts: BTreeMap<ConflictId, Conflict>,
    /// Channels.
    pub channels: BTreeMap<String, ChannelStatus>,
    /// What listings show, by channel and listing.
    pub publications: BTreeMap<(String, String), PublicationRow>,
    /// Deltas taken that went on in the journal.
    pub steps: usize,
    /// Snapshots begun, and the topic and place of the last one.
    pub snapshots: usize,
    last: Option<(Topic, u64)>,
}

impl View {
    /// The view of somebody who shows everything up to a place.
    pub fn at(seq: u64) -> Self {
        Self { at: seq, ..Self::default() }
    }

    /// Takes a frame, which must follow those before it.
    pub fn take(&mut self, frame: ServerFrame) {
        match frame {
            ServerFrame::Welcome { .. } => {}
            ServerFrame::Snapshot(snapshot) => self.take_snapshot(snapshot),
            ServerFrame::Delta(delta) => self.take_delta(delta),
            bye @ ServerFrame::Bye { .. } => panic!("{bye:?}"),
        }
    }

    fn take_snapshot(&mut self, snapshot: Snapshot) {
        let this = Some((snapshot.topic, snapshot.seq));
        if std::mem::replace(&mut self.last, this) != this {
            self.snapshots += 1;
            match snapshot.topic {
                Topic::Stock => self.levels.clear(),
                Topic::Events => self.events.clear(),
                Topic::Conflicts => self.conflicts.clear(),
                Topic::Channels => {
                    self.channels.clear();
                    self.publications.clear();
                }
            }
        }
        self.at = snapshot.seq;
        self.show_channels(snapshot.channels, snapshot.publications);
        self.show(snapshot.levels, snapshot.events, snapshot.conflicts);
    }

    fn take_delta(&mut self, delta: Delta) {
        assert_eq!(delta.from, self.at, "a delta begins where the one before it ended");
        assert!(delta.to >= delta.from, "{} to {}", delta.from, delta.to);
        self.last = None;
        self.steps += usize::from(delta.to > delta.from);
        self.at = delta.to;
        self.show_channels(delta.channels, delta.publications);
        self.show(delta.levels, delta.events, delta.conflicts);
    }

    fn show_channels(&mut self, channels: Vec<ChannelStatus>, rows: Vec<PublicationRow>) {
        for channel in channels {
            self.channels.insert(channel.channel.to_string(), channel);
        }
        for row in rows {
            self.publications.insert((row.channel.to_string(), row.listing.to_string()), row);
        }
    }

    fn show(&mut self, levels: Vec<LevelRow>, events: Vec<EventRow>, conflicts: Vec<Conflict>) {
        for level in levels {
            self.levels.insert((level.sku.to_string(), level.location.to_string()), level);
        }
        self.events.extend(events.into_iter().map(|event| (event.seq, event)));
        for conflict in conflicts {
            if conflict.status == ConflictStatus::Open {
                self.conflicts.insert(conflict.id, conflict);
            } else {
                self.conflicts.remove(&conflict.id);
            }
        }
    }

    /// The numbers of every level, as [`levels_at`] gives them.
    pub fn numbers(&self) -> Numbers {
        let numbers = |row: &LevelRow| {
            json!({"on_hand": row.on_hand, "committed": row.committed, "damaged": row.damaged,
                "version": row.version})
        };
        self.levels.iter().map(|(key, row)| (key.clone(), numbers(row))).collect()
    }
}

/// The numbers of every level after each place of a journal, from the effects that it tells.
pub fn levels_at(journal: &[Value]) -> BTreeMap<u64, Numbers> {
    let mut numbers = Numbers::default();
    let mut places = BTreeMap::new();
    for event in journal {
        for effect in event["effects"].as_array().into_iter().flatten() {
            let text = |name: &str| effect[name].as_str().unwrap().to_owned();
            let level = numbers.entry((text("sku"), text("location"))).or_insert_with(
                || json!({"on_hand": 0, "committed": 0, "damaged": 0, "version": 0}),
            );
            level[text("state")] = effect["after"].clone();
            level["version"] = effect["version"].clone();
        }
        places.insert(event["seq"].as_u64().unwrap(), numbers.clone());
    }
    places
}
