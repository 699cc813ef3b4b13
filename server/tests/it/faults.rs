//! What the program does when disk, clock or patience run out: it refuses, holds or stops, and
//! what it has answered stays true.

use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use onhand::time::Timestamp;
use onhand::wire::live::Topic;
use reqwest::header::{CONTENT_TYPE, COOKIE, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, redirect};
use serde_json::{Value, json};

use crate::support::eventually;
use crate::support::faults::Faults;
use crate::support::live::{View, Watcher};
use crate::support::load::{At, Load};
use crate::support::program::{Serving, onhand, run_with, token, told, verify};
use crate::support::server::cookie;
use crate::support::small_disk::SmallDisk;

const SERVE: [&str; 3] = ["serve", "--listen", "127.0.0.1:0"];
/// SIGABRT.
const ABORTED: i32 = 6;
const DAY_S: i64 = 86_400;

/// A program's client.
struct Api {
    client: Client,
    url: String,
    token: String,
}

impl Api {
    fn new(server: &Serving, token: &str) -> Self {
        let client = Client::builder().redirect(redirect::Policy::none()).build().unwrap();
        Self { client, url: server.url.clone(), token: token.to_owned() }
    }

    async fn post(&self, events: &Value) -> Response {
        let request = self.client.post(format!("{}/api/v1/events", self.url));
        request.bearer_auth(&self.token).json(events).send().await.unwrap()
    }

    /// Posts one event that must be taken, and gives its result.
    async fn result(&self, event: &Value) -> Value {
        let answer = self.post(event).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let answer: Value = answer.json().await.unwrap();
        answer["results"][0].clone()
    }

    async fn get(&self, path: &str) -> Response {
        let request = self.client.get(format!("{}{path}", self.url));
        request.bearer_auth(&self.token).send().await.unwrap()
    }

    async fn read(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.json().await.unwrap()
    }

    async fn knows(&self, id: &str) -> bool {
        self.get(&format!("/api/v1/events/wms/{id}")).await.status() == StatusCode::OK
    }

    /// Makes an item and a location known.
    async fn prepare(&self) {
        let events = json!([
            event("location", "location.upserted", &json!({"location": "berlin", "rank": 1})),
            event("item", "item.upserted", &json!({"sku": "A"})),
        ]);
        assert_eq!(self.post(&events).await.status(), StatusCode::OK);
    }
}

fn event(id: &str, kind: &str, data: &Value) -> Value {
    json!({"specversion": "1.0", "source": "wms", "id": id, "type": kind,
        "time": "2026-11-23T10:00:00Z", "data": data})
}

fn received(id: &str) -> Value {
    let note = "x".repeat(1_000);
    let data = json!({"sku": "A", "location": "berlin", "delta": 1, "reason": "test",
        "note": note});
    event(id, "stock.adjusted", &data)
}

/// An answer that says to come back: 503 or 507, with a time.
fn refused(answer: &Response) -> bool {
    if answer.status() == StatusCode::OK {
        return false;
    }
    assert!(matches!(answer.status().as_u16(), 503 | 507), "{answer:?}");
    let seconds: u32 = answer.headers()[RETRY_AFTER].to_str().unwrap().parse().unwrap();
    assert!(seconds > 0);
    assert_eq!(answer.headers()[CONTENT_TYPE], "application/problem+json");
    true
}

#[tokio::test]
async fn a_full_queue_refuses_at_the_door_and_records_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let token = token(folder, "operator");
    let faults = Faults::none(folder);
    let mut command = faults.onhand(folder, &SERVE);
    command.env("ONHAND_QUEUE_CAPACITY", "1000");
    let server = Serving::from(command);
    let api = Api::new(&server, &token);
    api.prepare().await;

    // One batch is on its way to the disk and does not arrive; then a thousand events wait.
    faults.hold_syncs(true);
    let syncs = faults.syncs();
    let first = received("first");
    let first = api.post(&first);
    let many: Vec<Value> = (0..1_000).map(|number| received(&format!("many-{number}"))).collect();
    let many = json!(many);
    let one = received("one");
    let held = async {
        eventually("the first is being written", async || (faults.syncs() > syncs).then_some(()))
            .await;
        let (mut many, mut one) = (std::pin::pin!(api.post(&many)), std::pin::pin!(api.post(&one)));
        // They do not fit both: whoever comes second is refused while the other one waits.
        let (refusal, many_was_refused) = tokio::select! {
            refusal = &mut many => (refusal, true),
            refusal = &mut one => (refusal, false),
        };
        assert!(refused(&refusal));
        assert_eq!(api.read("/api/v1/stock").await["levels"], json!([]), "reading goes on");
        assert_eq!(api.get("/healthz").await.status(), StatusCode::OK);
        let id = if many_was_refused { "many-0" } else { "one" };
        faults.hold_syncs(false);
        let other = if many_was_refused { one.await } else { many.await };
        assert_eq!(other.status(), StatusCode::OK);
        assert!(!api.knows(id).await, "what was refused is not recorded");
    };
    let (first, ()) = tokio::join!(first, held);
    assert_eq!(first.status(), StatusCode::OK);
    for again in [&many, &one] {
        assert_eq!(api.post(again).await.status(), StatusCode::OK);
    }
    let levels = api.read("/api/v1/stock").await;
    assert_eq!(levels["levels"][0]["on_hand"], 1_002);
    assert_eq!(server.terminate().code(), Some(0));
    verify(folder);
}

#[tokio::test]
async fn a_failed_sync_ends_the_process_and_nothing_answered_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let token = token(folder, "operator");
    let faults = Faults::none(folder);
    let mut load = Load::new(8, 3);
    let quiet = |mut command: Command| {
        command.env("ONHAND_LOG", "off");
        command
    };
    let mut server = Serving::from(quiet(faults.onhand(folder, &SERVE)));
    let url = server.url.clone();
    let at = At { url: &url, token: &token };
    load.prepare(at).await;
    let ((), status) = tokio::join!(load.run(at), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        faults.fail_syncs(true);
        server.ended().await
    });
    assert_eq!(status.signal(), Some(ABORTED), "{status:?}");
    assert!(load.figures().acknowledged > 0);

    // As long as the disk cannot sync, what is in the log is not safe: nobody is told of it.
    let output = quiet(faults.onhand(folder, &SERVE)).output().unwrap();
    let (code, out, err) = told(&output);
    assert_eq!((code, out.as_str()), (Some(1), ""), "{err}");
    assert!(err.contains("disk"), "{err}");

    faults.fail_syncs(false);
    let server = Serving::start(folder);
    let at = At { url: &server.url, token: &token };
    load.check(at).await;
    load.settle(at).await;
    load.check(at).await;
    load.check_stock(at).await;
    assert_eq!(server.terminate().code(), Some(0));
    verify(folder);
}

#[tokio::test]
async fn a_clock_that_jumps_a_year_breaks_no_order_and_ends_no_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let token = token(folder, "operator");
    let faults = Faults::none(folder);
    let server = Serving::from(faults.onhand(folder, &SERVE));
    let api = Api::new(&server, &token);
    api.prepare().await;
    let lines = json!([{"line": "1", "quantity": 1, "sku": "A"}]);
    let early = json!({"order": "o", "fulfillment": "f", "lines": lines});
    let early = event("early", "order.fulfilled", &early);
    assert_eq!(api.result(&early).await["outcome"], "parked");

    assert_eq!(api.result(&received("stock")).await["outcome"], "applied");
    let lines = json!([{"sku": "A", "location": "berlin", "quantity": 1}]);
    let hold = json!({"reservation": "r", "lines": lines, "expires_in_s": 3_600});
    let hold = event("hold", "reservation.placed", &hold);
    assert_eq!(api.result(&hold).await["outcome"], "applied");

    let now = || Timestamp::from_micros(chrono::Utc::now().timestamp_micros());
    let dated = |id: &str, seconds: i64| {
        let mut event = received(id);
        event["time"] = json!(now().plus_micros(seconds * 1_000_000));
        event
    };
    for (round, shift) in [0, 400 * DAY_S, -400 * DAY_S, 0].into_iter().enumerate() {
        faults.shift_clock(shift);
        let past = dated(&format!("past-{round}"), shift - 60);
        assert_eq!(api.result(&past).await["outcome"], "applied", "{shift}");
        let minute = dated(&format!("minute-{round}"), shift + 60);
        assert_eq!(api.result(&minute).await["outcome"], "applied", "{shift}");
        let future = dated(&format!("future-{round}"), shift + DAY_S);
        let ahead = api.result(&future).await;
        assert_eq!(ahead["outcome"], "conflict", "a day ahead of {shift}: {ahead}");
        let path = format!("/api/v1/conflicts/{}", ahead["conflict"].as_str().unwrap());
        assert_eq!(api.read(&path).await["kind"], "future_time");
    }
    let journal = api.read("/api/v1/events?limit=1000").await;
    let journal = journal["events"].as_array().unwrap();
    let time = |event: &Value| Timestamp::parse(event["recorded_at"].as_str().unwrap()).unwrap();
    for (index, event) in journal.iter().enumerate() {
        assert_eq!(event["seq"], index + 1);
        assert!(index == 0 || time(event) > time(&journal[index - 1]), "{event}");
    }
    let waiting = api.read("/api/v1/events/wms/early").await;
    assert_eq!(waiting["outcome"], "parked");
    assert_eq!(waiting["final_outcome"], Value::Null, "it waits on");
    assert_eq!(api.read("/api/v1/stock").await["levels"][0]["reserved"], 1, "it is held on");
    // The order comes, and what waited for it goes on.
    let order = json!({"order": "o", "lines": [{"line": "1", "sku": "A", "quantity": 1}]});
    assert_eq!(api.result(&event("order", "order.placed", &order)).await["outcome"], "applied");
    eventually("what waited is applied", async || {
        let event = api.read("/api/v1/events/wms/early").await;
        (event["final_outcome"] == "applied").then_some(())
    })
    .await;
    assert_eq!(server.terminate().code(), Some(0));
    verify(folder);
}

/// A disk that can be full.
enum Disk {
    /// A small one that is filled.
    Small(SmallDisk),
    /// One that only says so.
    Said(Faults),
}

impl Disk {
    fn onhand(&self, folder: &Path, arguments: &[&str]) -> Command {
        match self {
            Self::Small(disk) => disk.inside(&onhand(folder, arguments)),
            Self::Said(faults) => faults.onhand(folder, arguments),
        }
    }

    fn run(&self, folder: &Path, arguments: &[&str], input: &str) -> Output {
        run_with(self.onhand(folder, arguments), input)
    }

    fn fill(&self, left: u64) {
        match self {
            Self::Small(disk) => disk.fill(left),
            Self::Said(faults) => faults.fill_disk(true),
        }
    }

    fn free(&self) {
        match self {
            Self::Small(disk) => disk.free(),
            Self::Said(faults) => faults.fill_disk(false),
        }
    }
}

#[tokio::test]
async fn a_small_disk_that_is_full_refuses_and_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(folder.path(), 24 * 1_024 * 1_024) else {
        eprintln!("not run: mounting is not permitted here");
        return;
    };
    let left = [0, 12, 100, 2_000].map(|kib| kib * 1_024);
    full_disk(folder.path(), &Disk::Small(disk), &left).await;
}

#[tokio::test]
async fn a_disk_that_says_it_is_full_refuses_and_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let faults = Faults::none(folder.path());
    full_disk(folder.path(), &Disk::Said(faults), &[0]).await;
}

/// Fills a disk until so many bytes are left, and so on for each of `left`.
async fn full_disk(folder: &Path, disk: &Disk, left: &[u64]) {
    let mut house = OnDisk::start(folder, disk).await;
    for (round, left) in left.iter().enumerate() {
        disk.fill(*left);
        let refused = house.fill_up(round).await;
        house.still_reads().await;
        disk.free();
        let begun = Instant::now();
        eventually("there is room", async || house.takes(&refused).await.then_some(())).await;
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
        house.units += 1;
    }
    let page = house.api.read("/api/v1/stock?sku=A").await;
    assert_eq!(page["levels"][0]["on_hand"], house.units);
    house.watcher.follow(&mut house.view, page["seq"].as_u64().unwrap()).await;
    // It stops as it should also while the disk is full.
    disk.fill(0);
    assert_eq!(house.server.terminate().code(), Some(0));
    disk.free();
    let (code, out, err) = told(&disk.run(folder, &["verify"], ""));
    assert_eq!(code, Some(0), "{out}{err}");
}

/// A server whose disk can be full, and those who use it.
struct OnDisk {
    server: Serving,
    api: Api,
    /// Somebody who is signed in.
    cookie: String,
    watcher: Watcher,
    view: View,
    /// What was received, one with each event.
    units: u64,
}

impl OnDisk {
    async fn start(folder: &Path, disk: &Disk) -> Self {
        let arguments = ["token", "create", "--name", "wms", "--role", "operator"];
        let (code, bearer, err) = told(&disk.run(folder, &arguments, ""));
        assert_eq!(code, Some(0), "{err}");
        let arguments = ["user", "create", "--email", "mia@example.com", "--role", "manager"];
        assert!(disk.run(folder, &arguments, "correct horse\n").status.success());
        let mut command = disk.onhand(folder, &SERVE);
        command.env("ONHAND_LOG", "off");
        let server = Serving::from(command);
        let api = Api::new(&server, bearer.trim_end());
        api.prepare().await;
        let cookie = cookie(&sign_in(&api).await).unwrap();
        let address = api.url.strip_prefix("http://").unwrap().parse().unwrap();
        let mut watcher = Watcher::open(address, &api.token).await;
        watcher.hello(&[Topic::Stock]).await;
        Self { server, api, cookie, watcher, view: View::default(), units: 0 }
    }

    async fn takes(&self, event: &Value) -> bool {
        !refused(&self.api.post(event).await)
    }

    /// Posts until nothing is taken any more, by hundreds and then one by one; the last event that
    /// was refused.
    async fn fill_up(&mut self, round: usize) -> Value {
        let mut last = Value::Null;
        for size in [100, 1] {
            for number in 0.. {
                assert!(number < 1_000, "it is never full");
                let id = |place| format!("{round}-{size}-{number}-{place}");
                let events: Vec<Value> = (0..size).map(|place| received(&id(place))).collect();
                if !self.takes(&json!(events)).await {
                    assert!(!self.api.knows(&id(0)).await, "nothing of it is recorded");
                    last = events[0].clone();
                    break;
                }
                self.units += size;
            }
        }
        last
    }

    /// Whatever only reads works as ever.
    async fn still_reads(&mut self) {
        let answer = self.api.read("/api/v1/stock?sku=A").await;
        let on_hand = answer["levels"].get(0).map_or(0, |it| it["on_hand"].as_u64().unwrap());
        assert_eq!(on_hand, self.units);
        let get = |path: &str| self.api.client.get(format!("{}{path}", self.api.url));
        for path in ["/", "/stock", "/conflicts", "/sign-in"] {
            let page = get(path).header(COOKIE, &self.cookie).send().await.unwrap();
            // Who is signed in is not asked to sign in.
            assert!(matches!(page.status().as_u16(), 200 | 303), "{path}: {}", page.status());
        }
        // Signing in has to be written down.
        let answer = sign_in(&self.api).await.status().as_u16();
        assert!(matches!(answer, 303 | 503), "{answer}");
        self.watcher.say(json!({"type": "resync"})).await;
        let snapshots = self.view.snapshots;
        while self.view.snapshots == snapshots {
            self.view.take(self.watcher.next().await);
        }
    }
}

async fn sign_in(api: &Api) -> Response {
    let request = api.client.post(format!("{}/sign-in", api.url));
    let request = request.header("sec-fetch-site", "same-origin");
    let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    request.body("email=mia%40example.com&password=correct+horse").send().await.unwrap()
}
