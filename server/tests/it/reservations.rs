//! Reservations through the API, the processor's timers, the store and a restart.

use std::sync::Arc;

use onhand::state::Settings;
use onhand::time::{SECOND_US, Timestamp};
use onhand::wire::page::Role;
use onhand_server::clock::ManualClock;
use onhand_server::verify::verify;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::server::TestServer;

/// A server with 10 units of `S` at `L`, and how its events are posted.
struct Shop {
    server: TestServer,
    token: String,
}

impl Shop {
    async fn open(server: TestServer) -> Self {
        let token = server.token("shop", Role::Operator).await;
        Self { server, token }
    }

    async fn stocked(self) -> Self {
        self.post("l", "location.upserted", json!({"location": "L"})).await;
        self.post("i", "item.upserted", json!({"sku": "S"})).await;
        let stock = json!({"sku": "S", "location": "L", "quantity": 10});
        self.post("r", "stock.received", stock).await;
        self
    }

    async fn post(&self, id: &str, event_type: &str, data: Value) -> Value {
        let event = json!({"specversion": "1.0", "source": "shop", "id": id, "type": event_type,
            "time": "2026-11-23T10:00:00Z", "data": data});
        let request = self.server.post("/api/v1/events").bearer_auth(&self.token).json(&event);
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        answer["results"][0].clone()
    }

    async fn hold(&self, id: &str, quantity: i64, expires_in_s: i64) -> Value {
        let lines = [json!({"sku": "S", "location": "L", "quantity": quantity})];
        let data = json!({"reservation": id, "lines": lines, "expires_in_s": expires_in_s});
        self.post(&format!("hold-{id}"), "reservation.placed", data).await
    }

    async fn get(&self, path: &str) -> Value {
        let request = self.server.get(path).bearer_auth(&self.token);
        request.send().await.unwrap().json().await.unwrap()
    }

    /// Available, reserved and committed units.
    async fn level(&self) -> [i64; 3] {
        let stock = self.get("/api/v1/stock?sku=S").await;
        ["available", "reserved", "committed"]
            .map(|number| stock["levels"][0][number].as_i64().unwrap())
    }

    /// Lets a clock go on while the processor looks at it.
    async fn serve(&self, clock: &ManualClock, seconds: i64) {
        for _ in 0..seconds {
            clock.advance(SECOND_US);
            self.look().await;
        }
    }

    /// Has the processor look at its clock: it does so for every job, also an empty one. What it
    /// found due is recorded before the second answer.
    async fn look(&self) {
        for _ in 0..2 {
            let ledger = &self.server.state().ledger;
            ledger.submit(Vec::new(), Arc::from("test")).await.unwrap();
        }
    }

    /// Stops the server and checks what it leaves.
    async fn stop(self) -> TempDir {
        let store = Arc::clone(self.server.state().ledger.store());
        verify(store.as_ref(), Settings::default(), |_, _, _| {}).await.unwrap();
        self.server.stop().await
    }
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(Timestamp::parse("2026-11-23T10:00:00Z").unwrap()))
}

#[tokio::test]
async fn a_hold_is_confirmed_and_its_order_takes_it_over() {
    let shop = Shop::open(TestServer::start().await).await.stocked().await;
    let hold = shop.hold("h1", 4, 600).await;
    assert_eq!(
        (&hold["outcome"], &hold["effects"][0]["state"]),
        (&json!("applied"), &json!("reserved"))
    );
    assert_eq!(shop.level().await, [6, 4, 0]);
    let refused = shop.hold("h2", 7, 600).await;
    assert_eq!(refused["outcome"], "rejected");
    assert_eq!(refused["reason"], "7 of S at L are wanted, 6 are available");
    let confirmed = json!({"reservation": "h1", "order": "o1"});
    assert_eq!(shop.post("c", "reservation.confirmed", confirmed).await["outcome"], "applied");
    assert_eq!(shop.level().await, [6, 0, 4]);
    let order = shop.get("/api/v1/orders/o1").await;
    assert_eq!(
        (&order["lines"][0]["line"], &order["lines"][0]["ordered"]),
        (&json!("1"), &json!(4))
    );
    let lines = [json!({"line": "a", "sku": "S", "quantity": 4})];
    shop.post("o", "order.placed", json!({"order": "o1", "lines": lines})).await;
    assert_eq!(shop.level().await, [6, 0, 4]);
    let late = json!({"reservation": "h1"});
    assert_eq!(shop.post("x", "reservation.released", late).await["outcome"], "rejected");
    let events = shop.get("/api/v1/events?order=o1").await;
    let types: Vec<_> = events["events"].as_array().unwrap().iter().collect();
    assert_eq!(types.len(), 2, "the confirmation and the order: {types:?}");
    shop.stop().await;
}

#[tokio::test]
async fn a_hold_expires_by_itself_on_an_idle_server() {
    let shop = Shop::open(TestServer::start().await).await.stocked().await;
    let mut news = shop.server.state().ledger.listen();
    shop.hold("h1", 4, 1).await;
    loop {
        let batch = news.recv().await.unwrap();
        if batch.entries.iter().any(|e| e.record.envelope.event_type() == "reservation.expired") {
            assert_eq!(batch.levels[0].reserved, 0);
            break;
        }
    }
    assert_eq!(shop.level().await, [10, 0, 0]);
    let events = shop.get("/api/v1/events?type=reservation.expired").await;
    let event = &events["events"][0];
    assert_eq!(event["envelope"]["source"], "onhand");
    assert_eq!(event["envelope"]["data"], json!({"reservation": "h1"}));
    assert_eq!((&event["actor"], &event["outcome"]), (&json!("onhand"), &json!("applied")));
    shop.stop().await;
}

#[tokio::test]
async fn only_served_time_counts_also_over_a_restart() {
    const DAY_US: i64 = 86_400 * SECOND_US;
    let first = clock();
    let server = TestServer::with_clock(Arc::<ManualClock>::clone(&first), |_| {}).await;
    let shop = Shop::open(server).await.stocked().await;
    for n in 0..5 {
        shop.hold(&format!("h{n}"), 1, 600).await;
    }
    for leap in [-DAY_US / 24, DAY_US / 24, 400 * DAY_US] {
        first.leap(leap);
        shop.look().await;
        assert_eq!(shop.level().await, [5, 5, 0], "a leap of {leap} us expires nothing");
    }
    shop.serve(&first, 300).await;
    // A record says how far timers have come.
    shop.hold("h5", 1, 600).await;
    let folder = shop.stop().await;

    // The next one finds its wall clock another 400 days on.
    let second = clock();
    second.leap(900 * DAY_US);
    let clock = Arc::<ManualClock>::clone(&second);
    let shop = Shop::open(TestServer::start_in(folder, clock, |_| {}).await).await;
    shop.look().await;
    assert_eq!(shop.level().await, [4, 6, 0]);
    shop.serve(&second, 299).await;
    assert_eq!(shop.level().await, [4, 6, 0]);
    shop.serve(&second, 1).await;
    assert_eq!(shop.level().await, [9, 1, 0], "the first ones had 600 s of service");
    second.advance(400 * DAY_US);
    shop.look().await;
    assert_eq!(shop.level().await, [9, 1, 0], "a pause of the whole machine counts little");
    shop.stop().await;
}

#[tokio::test]
async fn a_restart_keeps_the_served_time_that_no_record_says() {
    let first = clock();
    let server = TestServer::with_clock(Arc::<ManualClock>::clone(&first), |_| {}).await;
    let shop = Shop::open(server).await.stocked().await;
    let store = Arc::clone(shop.server.state().ledger.store());
    let noted = async || store.served().await.unwrap().micros();
    shop.serve(&first, 20).await;
    assert_eq!(noted().await, 0, "nothing is written while no timer runs");
    shop.hold("h", 4, 10).await;
    for (seconds, note) in [(4, 0), (1, 25), (2, 25)] {
        shop.serve(&first, seconds).await;
        assert_eq!(noted().await, note * SECOND_US, "a crash may forget the last seconds");
    }
    drop(store);
    let folder = shop.stop().await;

    let second = clock();
    let start = Arc::<ManualClock>::clone(&second);
    let shop = Shop::open(TestServer::start_in(folder, start, |_| {}).await).await;
    let store = shop.server.state().ledger.store();
    assert_eq!(store.served().await.unwrap().micros(), 27 * SECOND_US, "a stop forgets none");
    shop.serve(&second, 2).await;
    assert_eq!(shop.level().await, [6, 4, 0]);
    shop.serve(&second, 1).await;
    assert_eq!(shop.level().await, [10, 0, 0], "it had 7 s before, and 3 s now");
    shop.stop().await;
}
