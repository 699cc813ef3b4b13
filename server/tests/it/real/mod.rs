//! The log of a real shop, sent in any order, 5 % of it twice, by several programs at once, with
//! 200 counts in between: every level ends where an independent [`fold`] of the same rows does, or a
//! conflict names it. What is sold before its item is known waits for it.

mod fold;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

use onhand::sim::rng::Rng;
use onhand::state::Settings;
use onhand::time::{SECOND_US, Timestamp};
use onhand::wire::page::Role;
use onhand_server::import::shop_log::{Options, ShopLog};
use onhand_server::server::LEDGER_FILE;
use onhand_server::store::Store as _;
use onhand_server::store::sqlite::SqliteStore;
use onhand_server::verify::verify;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::support::server::TestServer;
use fold::{Count, Movement};

/// Programs that send at the same time.
const PROGRAMS: usize = 8;
/// Events of one request, at most.
const REQUEST_EVENTS: usize = 400;
/// Of a hundred events so many are sent twice.
const TWICE_PERCENT: u64 = 5;
const COUNTS: usize = 200;
/// Every so many counts one is within seconds of a movement, so that only a person can decide.
const NEAR_EVERY: usize = 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_month_of_a_real_shop_in_any_order_adds_up() {
    let month = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/online-retail-2010-12.csv.gz");
    // Each item that comes late has orders wait for it and be decided again, some many times.
    sell_again(&[month], Plan { seed: 1, late_percent: 2 }).await;
}

/// The same with every month in a folder, from a seed of its own (`ONHAND_SHOP_SEED`):
///
/// `ONHAND_SHOP_LOG=folder make soak`, or by itself
/// `ONHAND_SHOP_LOG=folder cargo test -p onhand-server --test it -- --ignored --nocapture real::`
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the folder of the whole log in ONHAND_SHOP_LOG"]
async fn the_whole_log_of_a_real_shop_in_any_order_adds_up() {
    let folder = std::env::var("ONHAND_SHOP_LOG").expect("ONHAND_SHOP_LOG names a folder");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut months: Vec<PathBuf> = files.collect();
    months.sort();
    let seed = std::env::var("ONHAND_SHOP_SEED").map_or(1, |seed| seed.parse().expect("a number"));
    sell_again(&months, Plan { seed, late_percent: 100 }).await;
}

/// How a log is sent.
struct Plan {
    seed: u64,
    /// Of a hundred names so many are made known at any time, not first.
    late_percent: u64,
}

async fn sell_again(months: &[PathBuf], Plan { seed, late_percent }: Plan) {
    let mut rng = Rng::new(seed);
    let movements: Vec<Movement> = months.iter().flat_map(|path| fold::movements(path)).collect();
    let counts = counts(&movements, &mut rng);
    let near: BTreeSet<&str> =
        counts.iter().step_by(NEAR_EVERY).map(|count| count.sku.as_str()).collect();
    let mut events = log(months);
    events.extend(counts.iter().enumerate().map(|(number, count)| count_event(number, count)));
    let known = events.len();
    let (first, mut events): (Vec<Value>, Vec<Value>) =
        events.into_iter().partition(|it| is_name(it) && !rng.percent(late_percent));
    let sent = first.iter().chain(&events);
    let twice: Vec<Value> = sent.filter(|_| rng.percent(TWICE_PERCENT)).cloned().collect();
    events.extend(twice.iter().cloned());
    rng.shuffle(&mut events);

    let server = TestServer::start().await;
    let token = server.token("shop", Role::Operator).await;
    let url = format!("{}/api/v1/events", server.origin());
    let requests = requests(events, &mut rng);
    let begun = Instant::now();
    let catalogue = first.chunks(REQUEST_EVENTS).map(<[Value]>::to_vec).collect();
    let mut told = send(&url, &token, catalogue).await;
    let programs = requests.into_iter().map(|requests| {
        let (url, token) = (url.clone(), token.clone());
        tokio::spawn(async move { send(&url, &token, requests).await })
    });
    for program in programs.collect::<Vec<_>>() {
        told.extend(program.await.unwrap());
    }
    let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
    for outcome in told {
        *outcomes.entry(outcome).or_default() += 1;
    }
    let took = begun.elapsed();
    assert_eq!(outcomes.get("duplicate"), Some(&twice.len()), "each repeat is one: {outcomes:?}");
    assert_eq!(outcomes.values().sum::<usize>(), known + twice.len());
    for never in ["invalid", "rejected"] {
        assert_eq!(outcomes.get(never), None, "{outcomes:?}");
    }

    let found = levels(&server, &token).await;
    let conflicts = conflicts(&server, &token).await;
    let in_doubt: BTreeSet<&str> = conflicts
        .iter()
        .filter(|(kind, _)| kind == "count_overlap")
        .map(|(_, sku)| sku.as_str())
        .collect();
    assert!(in_doubt.is_subset(&near), "{in_doubt:?} are more than {near:?}");
    assert!(!in_doubt.is_empty(), "of {} counts within seconds of a sale none is", near.len());
    // Nobody knows what was in stock at first, so the log sells more than there is.
    let kinds: BTreeSet<&str> = conflicts.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, BTreeSet::from(["count_overlap", "oversold"]));

    let expected = fold::on_hand(&movements, &counts);
    assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    let mut named = 0;
    for (sku, expected) in &expected {
        let (on_hand, committed) = found[sku];
        if on_hand != *expected {
            assert!(in_doubt.contains(sku.as_str()), "{sku}: {on_hand} instead of {expected}");
            named += 1;
        }
        assert_eq!(committed, 0, "every order of the log is shipped: {sku}");
    }
    ledger_is_sound(server).await;
    eprintln!(
        "{} rows of goods, {} events in any order (seed {seed}) by {PROGRAMS} programs in \
         {took:.1?}: {outcomes:?}; {} levels as the fold has them, {named} named by a conflict",
        movements.len(),
        known + twice.len(),
        expected.len() - named,
    );
}

/// Counts of any number, each at a moment of its own.
fn counts(movements: &[Movement], rng: &mut Rng) -> Vec<Count> {
    let first = movements.iter().map(|movement| movement.time_s).min().unwrap();
    let last = movements.iter().map(|movement| movement.time_s).max().unwrap();
    let mut taken = BTreeSet::new();
    let mut counts = Vec::with_capacity(COUNTS);
    while counts.len() < COUNTS {
        let Movement { sku, time_s, .. } = &movements[rng.index(movements.len())];
        let time_s = if counts.len() % NEAR_EVERY == 0 {
            time_s + rng.within(-10, 10)
        } else {
            // The log knows whole minutes; in the middle of one nothing else happens.
            let any = rng.within(first, last);
            any - any.rem_euclid(60) + 30
        };
        if taken.insert((sku.clone(), time_s)) {
            counts.push(Count { sku: sku.clone(), time_s, counted: rng.within(0, 500) });
        }
    }
    counts
}

fn count_event(number: usize, count: &Count) -> Value {
    let time = Timestamp::from_micros(count.time_s * SECOND_US).to_string();
    json!({"specversion": "1.0", "source": "stocktaking", "id": format!("count-{number}"),
        "type": "stock.counted", "time": time,
        "data": {"sku": count.sku, "location": "main", "counted": count.counted}})
}

/// The log as the import reads it. Months that follow one another tell of the same items.
fn log(months: &[PathBuf]) -> Vec<Value> {
    let events = months.iter().flat_map(|path| ShopLog::open(path, Options::default()).unwrap());
    events.map(|event| serde_json::to_value(event.unwrap()).unwrap()).collect()
}

/// Whether an event makes a name known.
fn is_name(event: &Value) -> bool {
    event["type"] == "item.upserted" || event["type"] == "location.upserted"
}

/// What each program sends, request by request.
fn requests(events: Vec<Value>, rng: &mut Rng) -> Vec<Vec<Vec<Value>>> {
    let mut programs = vec![Vec::new(); PROGRAMS];
    let mut rest = events.into_iter().peekable();
    while rest.peek().is_some() {
        let size = 1 + rng.index(REQUEST_EVENTS);
        programs[rng.index(PROGRAMS)].push(rest.by_ref().take(size).collect());
    }
    programs
}

/// Sends one request after another, each until it is taken; gives back every outcome.
async fn send(url: &str, token: &str, requests: Vec<Vec<Value>>) -> Vec<String> {
    let client = Client::new();
    let mut outcomes = Vec::new();
    for events in requests {
        let answer = loop {
            let request = client.post(url).bearer_auth(token).json(&events);
            let answer = request.send().await.unwrap();
            if answer.status() != StatusCode::SERVICE_UNAVAILABLE {
                break answer;
            }
            tokio::task::yield_now().await;
        };
        assert_eq!(answer.status(), 200);
        let answer: Value = answer.json().await.unwrap();
        let results = answer["results"].as_array().unwrap();
        assert_eq!(results.len(), events.len());
        outcomes.extend(results.iter().map(|it| it["outcome"].as_str().unwrap().to_owned()));
    }
    outcomes
}

/// Every page of a list.
async fn all(server: &TestServer, token: &str, path: &str, list: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("{path}limit=1000{cursor}");
        let answer = server.get(&path).bearer_auth(token).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        let page: Value = answer.json().await.unwrap();
        rows.extend(page[list].as_array().unwrap().iter().cloned());
        let Some(next) = page["next_cursor"].as_str() else { return rows };
        cursor = format!("&cursor={next}");
    }
}

/// What is on hand and what is committed, by SKU.
async fn levels(server: &TestServer, token: &str) -> BTreeMap<String, (i64, i64)> {
    let levels = all(server, token, "/api/v1/stock?location=main&", "levels").await;
    let numbers = |row: &Value| {
        let number = |name: &str| row[name].as_i64().unwrap();
        (row["sku"].as_str().unwrap().to_owned(), (number("on_hand"), number("committed")))
    };
    levels.iter().map(numbers).collect()
}

/// The open conflicts: of which kind, and about which SKU.
async fn conflicts(server: &TestServer, token: &str) -> Vec<(String, String)> {
    let open = all(server, token, "/api/v1/conflicts?status=open&", "conflicts").await;
    let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    open.iter().map(|row| (text(row, "kind"), text(row, "sku"))).collect()
}

/// Nothing waits, and a replay of the journal leads to what is stored.
async fn ledger_is_sound(server: TestServer) {
    let folder = server.stop().await;
    let file = folder.path().join("data").join(LEDGER_FILE);
    let store = SqliteStore::open(&file).await.unwrap();
    let state = store.load(Settings::default()).await.unwrap();
    assert_eq!(state.waiting().all().count(), 0, "everything that was waited for has come");
    verify(&store, Settings::default(), |_, _, _| {}).await.unwrap();
    store.shut().await;
}
