//! Programs that post events without pause and remember what they were told. What was answered is
//! the oracle: it has to be in the journal once, with that outcome at that place, whatever happens
//! to the server; and what was not answered is sent again until it is.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use futures_util::future::join_all;
use onhand::time::Timestamp;
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

/// Items that the programs sell and move.
const SKUS: u64 = 20;
/// Events of one request at most.
const BATCH_MAX: u64 = 25;
/// How long a program waits when the server has too much to do.
const PAUSE: Duration = Duration::from_millis(5);
/// Events of one page of the journal.
const PAGE: usize = 1_000;

/// What became of an event, as an answer or the journal says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    outcome: String,
    seq: u64,
}

/// An event, and what was answered.
struct Sent {
    event: Value,
    told: Option<Told>,
}

/// One program.
struct Program {
    source: String,
    random: SmallRng,
    sent: Vec<Sent>,
    /// Where the events of the request begin that was sent last, while it is unanswered.
    open: Option<usize>,
    /// An older event that the request repeats.
    repeated: Option<usize>,
    /// The request was sent before.
    again: bool,
}

/// How a server is reached.
#[derive(Clone, Copy)]
pub struct At<'a> {
    pub url: &'a str,
    pub token: &'a str,
}

/// All programs, and what of the journal has been read.
pub struct Load {
    client: Client,
    programs: Vec<Program>,
    journal: HashMap<String, Vec<Told>>,
    seq: u64,
    recorded_at: Timestamp,
}

/// What programs have sent.
#[derive(Debug, Default, Clone, Copy)]
pub struct Figures {
    /// Events.
    pub sent: usize,
    /// Events that were answered.
    pub acknowledged: usize,
}

impl Load {
    /// So many programs; what they send follows from the seed.
    pub fn new(programs: u64, seed: u64) -> Self {
        let program = |number: u64| Program {
            source: format!("program-{number}"),
            random: SmallRng::seed_from_u64(seed * 1_000 + number),
            sent: Vec::new(),
            open: None,
            repeated: None,
            again: false,
        };
        Self {
            client: Client::new(),
            programs: (0..programs).map(program).collect(),
            journal: HashMap::new(),
            seq: 0,
            recorded_at: Timestamp::from_micros(0),
        }
    }

    /// Makes known what the events name.
    pub async fn prepare(&self, at: At<'_>) {
        let mut events = vec![event("setup", "berlin", "location.upserted", &{
            json!({"location": "berlin", "rank": 1})
        })];
        for number in 0..SKUS {
            let sku = sku(number);
            events.push(event("setup", &sku, "item.upserted", &json!({"sku": sku})));
        }
        let results = post(&self.client, at, &json!(events)).await.unwrap().unwrap();
        assert!(results.iter().all(|result| result["outcome"] == "applied"), "{results:?}");
    }

    /// Has every program post without pause, until the server no longer answers.
    pub async fn run(&mut self, at: At<'_>) {
        let client = &self.client;
        join_all(
            self.programs
                .iter_mut()
                .map(|program| async move { while program.post(client, at).await {} }),
        )
        .await;
    }

    /// Has every program send again what was not answered.
    pub async fn settle(&mut self, at: At<'_>) {
        let client = &self.client;
        join_all(self.programs.iter_mut().map(|program| async move {
            while program.open.is_some() {
                assert!(program.post(client, at).await, "the server answers");
            }
        }))
        .await;
    }

    /// Reads what has been added to the journal and compares with what was told: everything
    /// answered is there once, as it was answered; everything else at most once.
    pub async fn check(&mut self, at: At<'_>) {
        while self.read_page(at).await {}
        for program in &self.programs {
            for Sent { event, told } in &program.sent {
                let found = self.journal.get(&name(event)).map_or(&[][..], Vec::as_slice);
                match told {
                    Some(told) => assert_eq!(found, std::slice::from_ref(told), "{event}"),
                    None => assert!(found.len() <= 1, "{event}: {found:?}"),
                }
            }
        }
    }

    /// What has been sent and answered so far.
    pub fn figures(&self) -> Figures {
        let sent = || self.programs.iter().flat_map(|program| &program.sent);
        let acknowledged = sent().filter(|one| one.told.is_some()).count();
        Figures { sent: sent().count(), acknowledged }
    }

    /// Once everything is answered: the stock is what the applied events make it, each once.
    pub async fn check_stock(&self, at: At<'_>) {
        let mut expected: BTreeMap<String, (i64, i64)> = BTreeMap::new();
        for Sent { event, told } in self.programs.iter().flat_map(|program| &program.sent) {
            if told.as_ref().expect("everything is answered").outcome != "applied" {
                continue;
            }
            let data = &event["data"];
            let (data, promised) =
                if data["order"].is_null() { (data, false) } else { (&data["lines"][0], true) };
            let level = expected.entry(data["sku"].as_str().unwrap().to_owned()).or_default();
            let quantity = data["delta"].as_i64().or_else(|| data["quantity"].as_i64()).unwrap();
            if promised {
                level.1 += quantity;
            } else {
                level.0 += quantity;
            }
        }
        let answer = get(&self.client, at, "/api/v1/stock?limit=1000").await;
        let levels = answer["levels"].as_array().unwrap().iter().map(|level| {
            let number = |name: &str| level[name].as_i64().unwrap();
            let sku = level["sku"].as_str().unwrap().to_owned();
            (sku, (number("on_hand"), number("committed")))
        });
        assert_eq!(levels.collect::<BTreeMap<_, _>>(), expected);
    }

    /// Reads the journal's next page; says whether there may be another one.
    async fn read_page(&mut self, at: At<'_>) -> bool {
        let path = format!("/api/v1/events?after={}&limit={PAGE}", self.seq);
        let answer = get(&self.client, at, &path).await;
        let events = answer["events"].as_array().unwrap();
        for event in events {
            let seq = event["seq"].as_u64().unwrap();
            assert_eq!(seq, self.seq + 1, "no place of the journal is left out");
            self.seq = seq;
            let recorded_at = Timestamp::parse(event["recorded_at"].as_str().unwrap()).unwrap();
            assert!(recorded_at > self.recorded_at, "#{seq}: {recorded_at}");
            self.recorded_at = recorded_at;
            let outcome = event["outcome"].as_str().unwrap().to_owned();
            let told = Told { outcome, seq };
            self.journal.entry(name(&event["envelope"])).or_default().push(told);
        }
        events.len() == PAGE
    }
}

impl Program {
    /// Sends a request, the last one again if it was not answered; says whether the server is
    /// still there.
    async fn post(&mut self, client: &Client, at: At<'_>) -> bool {
        let begin = *self.open.get_or_insert_with(|| {
            let begin = self.sent.len();
            self.again = false;
            let singles = self.random.random_bool(0.6);
            let count = if singles { 1 } else { self.random.random_range(2..=BATCH_MAX) };
            for _ in 0..count {
                let event = event_of(&self.source, self.sent.len(), &mut self.random);
                self.sent.push(Sent { event, told: None });
            }
            let repeats = begin > 0 && self.random.random_bool(0.1);
            self.repeated = repeats.then(|| self.random.random_range(0..begin));
            begin
        });
        let events = self.sent[begin..].iter().chain(self.repeated.map(|it| &self.sent[it]));
        let events: Vec<&Value> = events.map(|sent| &sent.event).collect();
        // A single event goes as an object, as most programs send it.
        let body = if let [event] = events[..] { event.clone() } else { json!(events) };
        let again = std::mem::replace(&mut self.again, true);
        let results = match post(client, at, &body).await {
            Ok(Ok(results)) => results,
            Ok(Err(_)) => {
                tokio::time::sleep(PAUSE).await;
                return true;
            }
            Err(_) => return false,
        };
        self.take(begin, &results, again);
        self.open = None;
        true
    }

    /// Takes in what was answered.
    fn take(&mut self, begin: usize, results: &[Value], again: bool) {
        let new = self.sent.len() - begin;
        assert_eq!(results.len(), new + usize::from(self.repeated.is_some()));
        for (sent, result) in self.sent[begin..].iter_mut().zip(results) {
            assert_eq!(result["id"], sent.event["id"], "{result}");
            let duplicate = result["outcome"] == "duplicate";
            assert!(again || !duplicate, "it came for the first time: {result}");
            sent.told = Some(told(if duplicate { &result["original"] } else { result }));
        }
        if let (Some(repeated), Some(result)) = (self.repeated, results.get(new)) {
            assert_eq!(result["outcome"], "duplicate", "{result}");
            assert_eq!(Some(told(&result["original"])), self.sent[repeated].told, "{result}");
        }
    }
}

fn told(result: &Value) -> Told {
    let outcome = result["outcome"].as_str().unwrap().to_owned();
    Told { outcome, seq: result["seq"].as_u64().unwrap() }
}

fn name(envelope: &Value) -> String {
    format!("{} {}", envelope["source"], envelope["id"])
}

fn sku(number: u64) -> String {
    format!("SKU-{number:02}")
}

fn event(source: &str, id: &str, kind: &str, data: &Value) -> Value {
    json!({"specversion": "1.0", "source": source, "id": id, "type": kind,
        "time": "2026-11-23T10:00:00Z", "data": data})
}

/// Some event: mostly movements, orders, and now and then one that nobody can decide.
fn event_of(source: &str, number: usize, random: &mut SmallRng) -> Value {
    let id = number.to_string();
    let sku = sku(random.random_range(0..SKUS));
    let quantity = random.random_range(1..=5);
    let location = "berlin";
    match random.random_range(0..20) {
        0 => {
            let unknown = json!({"sku": "UNKNOWN", "location": location, "delta": quantity,
                "reason": "test"});
            event(source, &id, "stock.adjusted", &unknown)
        }
        1..=3 => {
            let lines = json!([{"line": "1", "sku": sku, "quantity": quantity}]);
            let order = json!({"order": format!("{source}-{id}"), "lines": lines});
            event(source, &id, "order.placed", &order)
        }
        4..=8 => {
            let received = json!({"sku": sku, "location": location, "quantity": quantity});
            event(source, &id, "stock.received", &received)
        }
        _ => {
            let adjusted = json!({"sku": sku, "location": location, "delta": -quantity,
                "reason": "test"});
            event(source, &id, "stock.adjusted", &adjusted)
        }
    }
}

/// Posts events. An answer counts once all of it was read; the status if it refuses for now.
async fn post(
    client: &Client,
    at: At<'_>,
    body: &Value,
) -> reqwest::Result<Result<Vec<Value>, StatusCode>> {
    let request = client.post(format!("{}/api/v1/events", at.url)).bearer_auth(at.token);
    let answer = request.json(body).send().await?;
    let status = answer.status();
    if status == StatusCode::SERVICE_UNAVAILABLE {
        assert!(answer.headers().contains_key("retry-after"), "{answer:?}");
        return Ok(Err(status));
    }
    let text = answer.text().await?;
    assert_eq!(status, StatusCode::OK, "{text}");
    let answer: Value = serde_json::from_str(&text).unwrap();
    Ok(Ok(answer["results"].as_array().unwrap().clone()))
}

async fn get(client: &Client, at: At<'_>, path: &str) -> Value {
    let request = client.get(format!("{}{path}", at.url)).bearer_auth(at.token);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK, "{path}");
    answer.json().await.unwrap()
}
