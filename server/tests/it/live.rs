//! `/live`, asked by real clients: who may watch, what they are told, and that none is told a gap.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use onhand::wire::live::{ServerFrame, Topic};
use onhand::wire::page::Role;
use onhand_server::clock::SystemClock;
use reqwest::Method;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::support::live::{End, Numbers, View, Watcher, levels_at};
use crate::support::server::TestServer;
use crate::support::shops::House;

const ALL: [Topic; 4] = [Topic::Stock, Topic::Events, Topic::Conflicts, Topic::Channels];

async fn watcher(house: &House) -> Watcher {
    Watcher::open(house.server.address(), &house.admin).await
}

/// A client that has said hello and has been told everything up to now.
async fn shown(house: &House, topics: &[Topic]) -> (Watcher, View) {
    let mut watcher = watcher(house).await;
    watcher.hello(topics).await;
    let mut view = View::default();
    while view.snapshots < topics.len() {
        view.take(watcher.next().await);
    }
    (watcher, view)
}

/// The levels as the API tells them, and the place of the journal that they contain.
async fn stock(house: &House) -> (u64, Numbers) {
    let answer = house.ask(Method::GET, "/api/v1/stock?limit=1000", None).await;
    let numbers = answer["levels"].as_array().unwrap().iter().map(|row| {
        let text = |name: &str| row[name].as_str().unwrap().to_owned();
        let numbers = json!({"on_hand": row["on_hand"], "committed": row["committed"],
            "damaged": row["damaged"], "version": row["version"]});
        ((text("sku"), text("location")), numbers)
    });
    (answer["seq"].as_u64().unwrap(), numbers.collect())
}

fn head(house: &House) -> u64 {
    house.server.state().ledger.seq()
}

#[tokio::test]
async fn first_a_welcome_then_a_snapshot_of_each_topic_then_what_changes() {
    let house = House::with(&[("A", 10), ("B", 5)]).await;
    let mut watcher = watcher(&house).await;
    watcher.hello(&ALL).await;
    let ServerFrame::Welcome { seq, protocol, .. } = watcher.next().await else {
        panic!("a welcome comes first");
    };
    assert_eq!((seq, protocol), (head(&house), 1));
    let mut view = View::default();
    for topic in ALL {
        let frame = watcher.next().await;
        let ServerFrame::Snapshot(snapshot) = &frame else { panic!("{frame:?}") };
        assert_eq!((snapshot.topic, snapshot.seq), (topic, seq));
        view.take(frame);
    }
    assert_eq!((seq, view.numbers()), stock(&house).await);
    assert_eq!(view.events.keys().copied().collect::<Vec<_>>(), [1, 2, 3, 4, 5]);

    house.adjust("A", -12).await;
    watcher.follow(&mut view, seq + 1).await;
    assert_eq!(view.levels[&("A".into(), "berlin".into())].available, -2);
    assert_eq!(view.events[&(seq + 1)].envelope.event_type, "stock.adjusted");
    let kinds: Vec<_> = view.conflicts.values().map(|conflict| conflict.kind.as_str()).collect();
    assert_eq!(kinds, ["oversold"]);
    house.adjust("A", 2).await;
    watcher.follow(&mut view, seq + 2).await;
    assert_eq!(view.conflicts.len(), 0, "it has closed by itself");
    assert_eq!(view.snapshots, 4, "nothing was told twice");
}

const SKUS: [&str; 5] = ["A", "B", "C", "D", "E"];

/// Changes this and that, `writer` + 1 events at a time.
async fn write(house: Arc<House>, writer: i64) {
    for round in 0..25 {
        let event = |place: i64| {
            let sku = SKUS[usize::try_from((round * 3 + place * 2 + writer) % 5).unwrap()];
            let delta = if (round + place) % 3 == 0 { -7 } else { 2 };
            let state = if place == 1 { "damaged" } else { "available" };
            let data = json!({"sku": sku, "location": "berlin", "delta": delta,
                "reason": "test", "state": state});
            ("stock.adjusted", data)
        };
        let events: Vec<(&str, Value)> = (0..=writer).map(event).collect();
        house.send(&events).await;
    }
}

/// Watches once the journal has come to a place.
async fn watch(
    house: Arc<House>,
    topics: &'static [Topic],
    after: u64,
    end: u64,
) -> (BTreeMap<u64, Numbers>, View) {
    while head(&house) < after {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    keep(shown(&house, topics).await, end).await
}

/// Watches on; what was shown at each place, and at last.
async fn keep(
    (mut watcher, mut view): (Watcher, View),
    end: u64,
) -> (BTreeMap<u64, Numbers>, View) {
    let mut places = BTreeMap::from([(view.at, view.numbers())]);
    while view.at < end {
        view.take(watcher.next().await);
        places.insert(view.at, view.numbers());
    }
    (places, view)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_client_shows_at_a_place_is_what_the_server_had_there() {
    let house = Arc::new(House::with(&SKUS.map(|sku| (sku, 1_000))).await);
    let end = head(&house) + 25 * (1 + 2 + 3 + 4);
    let first = shown(&house, &[Topic::Stock]).await;
    let writing = join_all((0..4).map(|number| tokio::spawn(write(Arc::clone(&house), number))));
    let first = tokio::spawn(keep(first, end));
    let second = tokio::spawn(watch(Arc::clone(&house), &ALL, 60, end));
    let third = tokio::spawn(watch(Arc::clone(&house), &[Topic::Stock, Topic::Events], 160, end));
    for written in writing.await {
        written.unwrap();
    }
    let journal = house.events("").await;
    let truth = levels_at(&journal);
    for (number, watching) in [first, second, third].into_iter().enumerate() {
        let (places, view) = watching.await.unwrap();
        assert!(number > 0 || view.steps > 1, "who was there before it began saw changes");
        for (seq, shown) in places {
            assert_eq!(shown, truth[&seq], "at #{seq}");
        }
        assert_eq!((view.at, view.numbers()), stock(&house).await);
    }
}

#[tokio::test]
async fn who_comes_back_goes_on_where_they_were() {
    let house = House::with(&[("A", 10)]).await;
    let (watcher, mut view) = shown(&house, &[Topic::Stock, Topic::Events]).await;
    drop(watcher);
    for _ in 0..3 {
        house.adjust("A", 1).await;
    }
    let mut again = self::watcher(&house).await;
    let topics = ["stock", "events"];
    again.say(json!({"type": "hello", "topics": topics, "resume_from": view.at})).await;
    again.follow(&mut view, head(&house)).await;
    assert_eq!(view.snapshots, 2, "only what changed was told");
    assert_eq!(view.levels[&("A".into(), "berlin".into())].on_hand, 13);
    assert_eq!(view.events.len(), 6);

    // A place that this journal has never reached belongs to another one.
    let mut stranger = self::watcher(&house).await;
    let ahead = head(&house) + 1;
    stranger.say(json!({"type": "hello", "topics": ["stock"], "resume_from": ahead})).await;
    let mut other = View::default();
    while other.snapshots == 0 {
        other.take(stranger.next().await);
    }
    assert_eq!((other.at, other.numbers()), stock(&house).await);
}

#[tokio::test]
async fn after_a_restart_who_missed_something_gets_a_snapshot_and_who_did_not_goes_on() {
    let house = House::with(&[("A", 10)]).await;
    let early = head(&house);
    house.adjust("A", 1).await;
    let late = head(&house);
    let House { server, admin, .. } = house;
    let folder = server.stop().await;
    let server = TestServer::start_in(folder, Arc::new(SystemClock), |_| {}).await;
    let mut behind = Watcher::open(server.address(), &admin).await;
    behind.say(json!({"type": "hello", "topics": ["stock"], "resume_from": early})).await;
    let mut view = View::at(early);
    while view.snapshots == 0 {
        view.take(behind.next().await);
    }
    assert_eq!(view.at, late);
    assert_eq!(view.levels[&("A".into(), "berlin".into())].on_hand, 11);

    let mut up_to_date = Watcher::open(server.address(), &admin).await;
    up_to_date.say(json!({"type": "hello", "topics": ["stock"], "resume_from": late})).await;
    let mut view = View::at(late);
    view.take(up_to_date.next().await);
    let house = House::on(server).await;
    house.adjust("A", 1).await;
    up_to_date.follow(&mut view, late + 1).await;
    assert_eq!((view.snapshots, view.steps), (0, 1));
}

#[tokio::test]
async fn only_what_was_asked_for_is_told_but_every_place_is() {
    let house = House::with(&[("A", 10), ("B", 10), ("C", 10)]).await;
    let mut watcher = watcher(&house).await;
    let hello = json!({"type": "hello", "topics": ["stock", "events", "conflicts"],
        "skus": ["A", "B"]});
    watcher.say(hello).await;
    let mut view = View::default();
    while view.snapshots < 3 {
        view.take(watcher.next().await);
    }
    let skus = |view: &View| view.levels.keys().map(|(sku, _)| sku.clone()).collect::<Vec<_>>();
    assert_eq!(skus(&view), ["A", "B"]);
    let before = view.events.len();
    house.adjust("C", -11).await;
    house.adjust("A", -11).await;
    house.adjust("C", -1).await;
    let seq = head(&house);
    watcher.follow(&mut view, seq).await;
    assert_eq!(skus(&view), ["A", "B"]);
    assert_eq!(view.events.len(), before + 1);
    let about: Vec<_> = view.conflicts.values().map(|conflict| conflict.sku.clone()).collect();
    assert_eq!(about, [Some(onhand::id::Sku::new("A").unwrap())]);

    // From now on something else.
    watcher.say(json!({"type": "subscribe", "topics": ["stock"], "skus": ["C"]})).await;
    let snapshots = view.snapshots;
    while view.snapshots == snapshots {
        view.take(watcher.next().await);
    }
    assert_eq!(skus(&view), ["C"]);
    house.adjust("A", 1).await;
    house.adjust("C", 12).await;
    watcher.follow(&mut view, head(&house)).await;
    assert_eq!(view.levels[&("C".into(), "berlin".into())].on_hand, 10);
    assert_eq!(skus(&view), ["C"]);

    // And once more from the beginning.
    view.levels.clear();
    watcher.say(json!({"type": "resync"})).await;
    let snapshots = view.snapshots;
    while view.snapshots == snapshots {
        view.take(watcher.next().await);
    }
    assert_eq!(view.levels[&("C".into(), "berlin".into())].on_hand, 10);
    assert_eq!(view.at, head(&house));
}

#[tokio::test]
async fn what_channels_show_is_told_too() {
    let house = House::with(&[("A", 10), ("B", 4)]).await;
    let shop = house.shop("shop", 1, &["A", "B"]).await;
    house.in_sync(&shop).await;
    let mut watcher = watcher(&house).await;
    watcher.say(json!({"type": "hello", "topics": ["channels"], "skus": ["A"]})).await;
    let mut view = View::default();
    while view.snapshots < 1 {
        view.take(watcher.next().await);
    }
    assert_eq!(view.channels["shop"].listings, 2);
    let row = ("shop".to_owned(), "A".to_owned());
    assert_eq!(view.publications[&row].acknowledged, Some(10));
    house.adjust("B", -1).await;
    house.adjust("A", -3).await;
    while view.publications[&row].acknowledged != Some(7) {
        view.take(watcher.next().await);
    }
    assert_eq!(view.publications.len(), 1, "of the other item nothing is told");
    house.in_sync(&shop).await;
}

#[tokio::test]
async fn a_reader_who_does_not_read_is_told_everything_later_and_costs_the_others_nothing() {
    let house = House::with(&[("A", 0), ("B", 0)]).await;
    let topics = [Topic::Stock, Topic::Events];
    let mut slow = Watcher::open_narrow(house.server.address(), &house.admin).await;
    slow.hello(&topics).await;
    let mut late = View::default();
    while late.snapshots < 2 {
        late.take(slow.next().await);
    }
    let (mut quick, mut view) = shown(&house, &topics).await;
    let note = "x".repeat(2_000);
    for round in 0..30 {
        let sku = if round % 2 == 0 { "A" } else { "B" };
        let data = json!({"sku": sku, "location": "berlin", "delta": 1, "reason": "test",
            "note": note});
        let events = vec![("stock.adjusted", data); 25];
        house.send(&events).await;
        let begun = Instant::now();
        quick.follow(&mut view, head(&house)).await;
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    }
    let stats = house.server.state().live.shared().hub.stats();
    let merged = stats.merges.load(Ordering::Relaxed);
    slow.follow(&mut late, head(&house)).await;
    assert!(stats.merges.load(Ordering::Relaxed) > merged, "what had waited was merged");
    assert!(late.steps < view.steps, "{} and {} steps", late.steps, view.steps);
    assert_eq!((late.at, late.numbers()), stock(&house).await);
    assert_eq!(late.numbers(), view.numbers());
    for (watcher, view) in [(&mut slow, &mut late), (&mut quick, &mut view)] {
        // Events that do not fit into a frame follow in further ones of the same place.
        while !view.events.contains_key(&view.at) {
            view.take(watcher.next().await);
        }
        assert!(view.events.keys().copied().eq(1..=view.at), "every event is there");
    }
}

type Headers<'a> = &'a [(&'a str, &'a str)];

#[tokio::test]
async fn without_identity_there_is_no_connection_and_a_browser_must_come_from_our_pages() {
    let server = TestServer::start().await;
    let token = server.token("wms", Role::Viewer).await;
    let mia = server.signed_in("mia@example.com", Role::Viewer).await;
    let (address, cookie, ours) = (server.address(), mia.cookie.as_str(), server.origin());
    let bearer = format!("Bearer {token}");
    let foreign = "https://elsewhere.example";
    let cases: [(Headers<'_>, Option<u16>); 11] = [
        (&[], Some(401)),
        (&[("origin", &ours)], Some(401)),
        (&[("authorization", "Bearer wrong")], Some(401)),
        (&[("cookie", "onhand_session=wrong"), ("origin", &ours)], Some(401)),
        (&[("cookie", cookie)], Some(403)),
        (&[("cookie", cookie), ("origin", foreign)], Some(403)),
        (&[("cookie", cookie), ("origin", "null")], Some(403)),
        (&[("cookie", cookie), ("origin", &ours), ("sec-fetch-site", "cross-site")], Some(403)),
        (&[("cookie", cookie), ("origin", &ours)], None),
        (&[("authorization", &bearer)], None),
        // Who holds a token is no page that was tricked.
        (&[("authorization", &bearer), ("origin", foreign)], None),
    ];
    for (headers, refused) in cases {
        let opened = Watcher::try_open(address, headers).await;
        assert_eq!(opened.err(), refused, "{headers:?}");
    }
    let plain = server.get("/live").bearer_auth(&token).send().await.unwrap();
    assert!(plain.status().is_client_error(), "{}", plain.status());
}

#[tokio::test]
async fn a_connection_ends_within_5_s_of_its_session_or_token() {
    let house = House::with(&[("A", 10)]).await;
    let server = &house.server;
    let token = server.token("wms", Role::Viewer).await;
    let mia = server.signed_in("mia@example.com", Role::Viewer).await;
    let (origin, address) = (server.origin(), server.address());
    let headers = [("cookie", mia.cookie.as_str()), ("origin", origin.as_str())];
    let mut browser = Watcher::try_open(address, &headers).await.unwrap();
    let mut program = Watcher::open(address, &token).await;
    let mut other = watcher(&house).await;
    for watcher in [&mut browser, &mut program, &mut other] {
        watcher.hello(&[Topic::Stock]).await;
        watcher.next().await;
    }
    let begun = Instant::now();
    mia.post("/sign-out").send().await.unwrap();
    let control = &server.state().control;
    let tokens = control.tokens().await.unwrap();
    let id = tokens.iter().find(|row| row.token.name == "wms").unwrap().token.id;
    control.revoke_token(id, server.state().clock.now()).await.unwrap();
    for watcher in [&mut browser, &mut program] {
        let End { code, close, .. } = watcher.end().await;
        assert_eq!((code.as_str(), close), ("revoked", 1008));
    }
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    house.adjust("A", 1).await;
    let mut view = View::default();
    other.follow(&mut view, head(&house)).await;
}

#[tokio::test]
async fn a_server_that_stops_says_so_to_everybody() {
    let House { server, admin, .. } = House::with(&[("A", 10)]).await;
    let mut watchers = Vec::new();
    for said_hello in [true, false] {
        let mut watcher = Watcher::open(server.address(), &admin).await;
        if said_hello {
            watcher.hello(&ALL).await;
            watcher.next().await;
        }
        watchers.push(watcher);
    }
    let ends = async {
        let mut ends = Vec::new();
        for watcher in &mut watchers {
            ends.push(watcher.end().await);
        }
        ends
    };
    let (_folder, ends) = tokio::join!(server.stop(), ends);
    for end in ends {
        assert_eq!((end.code.as_str(), end.close), ("stopping", 1001));
    }
}

#[tokio::test]
async fn what_is_no_frame_ends_the_connection_with_what_is_wrong_about_it() {
    let house = House::with(&[("A", 10)]).await;
    let hello = r#"{"type":"hello","topics":["stock"]}"#;
    let names: Vec<String> = (0..501).map(|number| number.to_string()).collect();
    let too_many = json!({"type": "hello", "topics": ["stock"], "skus": names}).to_string();
    let too_long = format!("{}{hello}", " ".repeat(300 * 1_024));
    let cases: [(&[&str], &str); 10] = [
        (&["{"], "not a frame"),
        (&["[]"], "not a frame"),
        (&[r#"{"type":"shutdown"}"#], "unknown variant `shutdown`"),
        (&[r#"{"type":"hello","topics":["money"]}"#], "unknown variant `money`"),
        (&[r#"{"type":"hello","topics":[]}"#], "topics must name at least one"),
        (&[r#"{"type":"hello","topics":["stock"],"resume_from":-1}"#], "not a frame"),
        (&[&too_many], "at most 500"),
        (&[&too_long], "too long"),
        (&[r#"{"type":"resync"}"#], "hello must come first"),
        (&[hello, hello], "use subscribe"),
    ];
    for (frames, expected) in cases {
        let mut watcher = watcher(&house).await;
        for frame in frames {
            watcher.send(Message::text(*frame)).await;
        }
        let End { code, reason, close } = watcher.end().await;
        assert_eq!((code.as_str(), close), ("bad_frame", 1008), "{expected}");
        assert!(reason.contains(expected), "{reason}");
    }
    let mut watcher = watcher(&house).await;
    watcher.send(Message::binary(hello.as_bytes().to_vec())).await;
    assert_eq!(watcher.end().await.reason, "frames must be text");
}
