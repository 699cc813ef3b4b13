//! `POST /api/v1/events` over real HTTP: every form in which events may come, the bounds of a
//! request, and that a refused one records nothing.

use std::time::{Duration, Instant};

use onhand::wire::page::Role;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::shops::House;

const EVENTS: &str = "/api/v1/events";

fn adjusted(id: &str) -> Value {
    json!({"specversion": "1.0", "source": "wms-1", "id": id, "type": "stock.adjusted",
        "time": "2026-11-23T10:00:00Z",
        "data": {"sku": "A", "location": "berlin", "delta": -1, "reason": "damaged"}})
}

fn post(house: &House, content_type: &str, body: impl Into<reqwest::Body>) -> RequestBuilder {
    let request = house.server.post(EVENTS).bearer_auth(&house.admin);
    request.header(CONTENT_TYPE, content_type).body(body)
}

async fn results(answer: Response) -> Vec<Value> {
    assert_eq!(answer.status(), 200);
    let answer: Value = answer.json().await.unwrap();
    answer["results"].as_array().unwrap().clone()
}

/// The status and the problem that a request is refused with.
async fn problem(request: RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let content_type = answer.headers()[CONTENT_TYPE].clone();
    let text = answer.text().await.unwrap();
    assert_eq!(content_type, "application/problem+json", "{text}");
    let problem: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(problem["status"], status);
    (status, problem)
}

#[tokio::test]
async fn every_form_of_a_request_is_taken() {
    let house = House::with(&[("A", 100)]).await;
    let two = |first: &str, second: &str| json!([adjusted(first), adjusted(second)]).to_string();
    let lines = format!("{}\r\n\n{}", adjusted("ndjson-1"), adjusted("ndjson-2"));
    let binary = post(&house, "application/json", adjusted("x")["data"].to_string())
        .header("ce-specversion", "1.0")
        .header("ce-type", "stock.adjusted")
        .header("ce-source", "wms%2D1")
        .header("ce-id", "binary %E2%82%AC")
        .header("ce-time", "2026-11-23T10:00:00Z")
        .header("ce-correlationid", "c-1");
    let one = adjusted("ce").to_string();
    let cases = [
        (post(&house, "application/cloudevents+json", one), vec!["ce"]),
        (
            post(&house, "application/cloudevents-batch+json; charset=utf-8", two("b1", "b2")),
            vec!["b1", "b2"],
        ),
        (post(&house, "application/json", adjusted("object").to_string()), vec!["object"]),
        (post(&house, "Application/JSON; charset=UTF-8", two("a1", "a2")), vec!["a1", "a2"]),
        (post(&house, "application/x-ndjson", lines), vec!["ndjson-1", "ndjson-2"]),
        (binary, vec!["binary €"]),
        (post(&house, "application/json", "[]"), vec![]),
        (post(&house, "application/x-ndjson", ""), vec![]),
    ];
    let mut taken = 0;
    for (request, ids) in cases {
        let results = results(request.send().await.unwrap()).await;
        assert_eq!(results.iter().map(|it| it["id"].as_str().unwrap()).collect::<Vec<_>>(), ids);
        for result in &results {
            taken += 1;
            assert_eq!(
                (&result["source"], &result["outcome"]),
                (&json!("wms-1"), &json!("applied"))
            );
            let effect = json!([{"sku": "A", "location": "berlin", "state": "on_hand",
                "delta": -1, "after": 100 - taken, "version": 1 + taken}]);
            assert_eq!(result["effects"], effect);
        }
    }
    assert_eq!(house.available("A").await, 100 - taken);
    let event = house.ask(Method::GET, "/api/v1/events/wms-1/binary%20%E2%82%AC", None).await;
    assert_eq!(event["envelope"]["correlationid"], "c-1");
    assert_eq!(event["envelope"]["data"], adjusted("x")["data"]);
    let event = house.ask(Method::GET, "/api/v1/events/wms-1/ndjson-2", None).await;
    for member in adjusted("ndjson-2").as_object().unwrap() {
        assert_eq!(&event["envelope"][member.0], member.1);
    }
}

#[tokio::test]
async fn one_bad_event_does_not_touch_the_others() {
    let house = House::with(&[("A", 100)]).await;
    let mut bad = adjusted("bad");
    bad["data"]["delta"] = json!(0);
    bad["data"]["colour"] = json!("red");
    let mut nameless = adjusted("");
    nameless["type"] = json!("stock.painted");
    let twice = adjusted("twice").to_string().replace("\"id\"", "\"id\":\"x\",\"id\"");
    let events = [adjusted("1"), bad, json!({}), adjusted("2"), nameless, adjusted("1")];
    let events: Vec<String> = events.iter().map(Value::to_string).chain([twice]).collect();
    let request = post(&house, "application/json", format!("[{}]", events.join(",")));
    let results = results(request.send().await.unwrap()).await;
    let outcomes: Vec<_> = results.iter().map(|it| it["outcome"].as_str().unwrap()).collect();
    let expected = ["applied", "invalid", "invalid", "applied", "invalid", "duplicate", "invalid"];
    assert_eq!(outcomes, expected);
    assert_eq!(results[5]["original"]["seq"], results[0]["seq"]);
    let pointers = |index: usize| {
        let errors = results[index]["errors"].as_array().unwrap().iter();
        errors.map(|error| error["pointer"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(pointers(1), ["/data/delta", "/data/colour"]);
    assert!(pointers(2).contains(&"/source".to_owned()), "{:?}", pointers(2));
    assert!(pointers(4).contains(&"/id".to_owned()), "{:?}", pointers(4));
    assert_eq!(pointers(6), ["/id"]);
    for index in [1, 2, 4, 6] {
        assert_eq!(results[index]["seq"], Value::Null);
    }
    assert_eq!(house.available("A").await, 98);
}

#[tokio::test]
async fn what_is_refused_as_a_whole_says_why_and_records_nothing() {
    let house = House::with(&[("A", 100)]).await;
    let seq = house.server.state().ledger.seq();
    let good = adjusted("good");
    let many = json!((0..1_001).map(|id| adjusted(&id.to_string())).collect::<Vec<_>>());
    let mut large = good.to_string();
    large.insert_str(1, &" ".repeat(8 * 1_024 * 1_024));
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let json_type = "application/json";
    let cases: Vec<(&str, Vec<u8>, u16, &str)> = vec![
        (json_type, b"{".to_vec(), 400, "not JSON"),
        (json_type, Vec::new(), 400, "not JSON"),
        (json_type, format!("[{good},]").into_bytes(), 400, "not JSON"),
        (json_type, format!("{good} {good}").into_bytes(), 400, "not JSON"),
        (json_type, format!("[{good}, 3]").into_bytes(), 400, "must be an object"),
        (json_type, b"null".to_vec(), 400, "must be an object"),
        (json_type, b"\xff\xfe".to_vec(), 400, "not JSON"),
        (json_type, format!("\u{feff}{good}").into_bytes(), 400, "not JSON"),
        (json_type, deep.into_bytes(), 400, "not JSON"),
        (json_type, good.to_string().replace("good", "\\ud800").into_bytes(), 400, "not JSON"),
        ("application/cloudevents+json", format!("[{good}]").into_bytes(), 400, "an object"),
        ("application/cloudevents-batch+json", good.to_string().into_bytes(), 400, "a list"),
        ("application/x-ndjson", format!("{good}\n{{").into_bytes(), 400, "line 2"),
        ("application/x-ndjson", format!("{good}\n7").into_bytes(), 400, "must be an object"),
        ("text/plain", good.to_string().into_bytes(), 415, "application/cloudevents+json"),
        ("application/xml", good.to_string().into_bytes(), 415, "application/cloudevents+json"),
        (json_type, many.to_string().into_bytes(), 413, "at most 1000 events"),
        (json_type, large.into_bytes(), 413, "at most 8388608 bytes"),
    ];
    for (content_type, body, status, detail) in cases {
        let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
        let (found, problem) = problem(post(&house, content_type, body)).await;
        assert_eq!(found, status, "{content_type} {shown}: {problem}");
        let told = problem["detail"].as_str().unwrap();
        assert!(told.contains(detail), "{content_type} {shown}: {told}");
    }
    // A role that may not post one of the events posts none of them.
    let warehouse = house.server.token("warehouse", Role::Warehouse).await;
    let item = json!({"specversion": "1.0", "source": "wms-1", "id": "item",
        "type": "item.upserted", "time": "2026-11-23T10:00:00Z", "data": {"sku": "B"}});
    let request = house.server.post(EVENTS).bearer_auth(&warehouse).json(&json!([good, item]));
    assert_eq!(problem(request).await.0, 403);
    assert_eq!(house.server.state().ledger.seq(), seq);
    assert_eq!(house.available("A").await, 100);
}

#[tokio::test]
async fn a_request_may_be_as_large_as_the_bounds_say() {
    let house = House::with(&[("A", 5_000)]).await;
    let many = json!((0..1_000).map(|id| adjusted(&id.to_string())).collect::<Vec<_>>());
    let mut body = many.to_string();
    body.insert_str(1, &" ".repeat(8 * 1_024 * 1_024 - body.len()));
    let results = results(post(&house, "application/json", body).send().await.unwrap()).await;
    assert_eq!(results.len(), 1_000);
    assert!(results.iter().all(|result| result["outcome"] == "applied"));
    assert_eq!(house.available("A").await, 4_000);
}

#[tokio::test]
async fn a_body_of_unknown_length_ends_at_the_bound() {
    let house = House::with(&[("A", 100)]).await;
    let mut stream = TcpStream::connect(house.server.address()).await.unwrap();
    let head = format!(
        "POST {EVENTS} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n",
        house.admin
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x1_0000));
    // One chunk more than 8 MiB, and no end.
    for _ in 0..=128 {
        stream.write_all(chunk.as_bytes()).await.unwrap();
    }
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(std::str::from_utf8(&answer), Ok("HTTP/1.1 413"));
}

#[tokio::test]
async fn who_sends_too_slowly_is_cut_off_after_10_s_and_keeps_nobody_waiting() {
    let house = House::with(&[("A", 100)]).await;
    let seq = house.server.state().ledger.seq();
    let line = format!("POST {EVENTS} HTTP/1.1\r\nhost: x\r\n");
    let rest = format!(
        "authorization: Bearer {}\r\ncontent-type: application/json\r\n\
         content-length: 400\r\n\r\n{{\"specversion\"",
        house.admin
    );
    let cut_off = async |text: &str| {
        let mut slow = TcpStream::connect(house.server.address()).await.unwrap();
        slow.write_all(text.as_bytes()).await.unwrap();
        let begun = Instant::now();
        let mut answer = Vec::new();
        // Only the server ends this connection.
        let _ = slow.read_to_end(&mut answer).await;
        (begun.elapsed(), String::from_utf8(answer).unwrap())
    };
    let half = format!("{line}{rest}");
    let (head, body, ()) = tokio::join!(cut_off(&line), cut_off(&half), async {
        assert_eq!(house.available("A").await, 100);
    });
    for (took, answer) in [head, body] {
        assert!(took < Duration::from_secs(12), "{took:?}");
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    assert_eq!(house.server.state().ledger.seq(), seq);
}
