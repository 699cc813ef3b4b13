//! Whatever is wrong with an event or a request is said, with a pointer to it, and goes no further:
//! the events beside it are answered as if it were not there, and nothing of it is recorded.

use onhand::sim::spoil::{Spoiled, good, places, spoiled, with};
use onhand::wire::page::Role;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::shops::House;

/// Wrong events of one request; a good one stands before and after each.
const WRONG_EVENTS: usize = 400;
/// Bytes of wrong events of one request, so that it stays within its bound.
const WRONG_BYTES: usize = 6 * 1024 * 1024;

/// Everything that must not change because of something wrong.
#[derive(Debug, PartialEq)]
struct Books {
    seq: u64,
    stock: Value,
    items: Value,
    conflicts: Value,
}

async fn books(house: &House) -> Books {
    let get = async |path| house.ask(Method::GET, path, None).await;
    let stock = get("/api/v1/stock?limit=1000").await;
    Books {
        seq: house.server.state().ledger.seq(),
        stock: stock["levels"].clone(),
        items: get("/api/v1/events?type=item.upserted&limit=1000").await["events"].clone(),
        conflicts: get("/api/v1/conflicts").await["conflicts"].clone(),
    }
}

/// Sends a body; gives back the status and the answer.
async fn post(house: &House, content_type: &str, body: impl Into<reqwest::Body>) -> (u16, Value) {
    let request = house.server.post("/api/v1/events").bearer_auth(&house.admin);
    let answer = request.header(CONTENT_TYPE, content_type).body(body).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

fn neighbour(number: usize) -> String {
    let delta = if number.is_multiple_of(2) { 1 } else { -1 };
    json!({"specversion": "1.0", "source": "neighbour", "id": number.to_string(),
        "type": "stock.adjusted", "time": "2026-11-23T10:00:00Z",
        "data": {"sku": "TEA", "location": "berlin", "delta": delta, "reason": "test"}})
    .to_string()
}

/// Sends wrong events among good ones, and looks at every answer.
async fn among_neighbours(house: &House, wrong: &[Spoiled], sent: &mut usize, lines: bool) {
    let mut events = vec![neighbour(*sent)];
    for (number, spoiled) in wrong.iter().enumerate() {
        events.push(spoiled.text.clone());
        events.push(neighbour(*sent + number + 1));
    }
    let (content_type, body) = if lines {
        ("application/x-ndjson", events.join("\n"))
    } else {
        ("application/json", format!("[{}]", events.join(",")))
    };
    let before = books(house).await;
    let (status, answer) = post(house, content_type, body).await;
    assert_eq!(status, 200, "{answer}");
    let results = answer["results"].as_array().unwrap();
    assert_eq!(results.len(), events.len());
    for (index, result) in results.iter().enumerate() {
        if index % 2 == 0 {
            assert_eq!(result["outcome"], "applied", "{result}");
            let number = index / 2;
            assert_eq!(result["seq"], before.seq + 1 + number as u64, "{result}");
            let after = 100 + i64::from((*sent + number).is_multiple_of(2));
            assert_eq!(result["effects"][0]["after"], after, "{result}");
            continue;
        }
        let Spoiled { text, pointer } = &wrong[index / 2];
        let shown: String = text.chars().take(600).collect();
        assert_eq!(result["outcome"], "invalid", "{pointer} of {shown}: {result}");
        assert!(result["seq"].is_null() && result["effects"].is_null(), "{result}");
        for error in result["errors"].as_array().unwrap() {
            assert_eq!(error["pointer"], *pointer, "{shown}: {result}");
            assert!(!error["detail"].as_str().unwrap().is_empty(), "{shown}");
        }
        assert_ne!(result["errors"], json!([]), "{shown}");
    }
    *sent += wrong.len() + 1;
}

#[tokio::test]
async fn every_member_of_every_event_wrong_in_every_way_is_pointed_at() {
    let house = House::with(&[("TEA", 100)]).await;
    let before = books(&house).await;
    let mut wrong: Vec<Spoiled> = good().flat_map(|event| spoiled(&event)).collect();
    assert!(wrong.len() > 4_000, "{}", wrong.len());
    let mut sent = 0;
    while !wrong.is_empty() {
        let mut bytes = 0;
        let fit = wrong.iter().take_while(|spoiled| {
            bytes += spoiled.text.len();
            bytes <= WRONG_BYTES
        });
        let count = fit.count().clamp(1, WRONG_EVENTS);
        let batch: Vec<Spoiled> = wrong.drain(..count).collect();
        let lines = sent % 3 == 0;
        among_neighbours(&house, &batch, &mut sent, lines).await;
    }
    let after = books(&house).await;
    assert_eq!(after.seq, before.seq + sent as u64, "only the good ones are recorded");
    assert_eq!((after.items, after.conflicts), (before.items, before.conflicts));
    assert_eq!(after.stock.as_array().unwrap().len(), 1, "{}", after.stock);
    let left = 100 + i64::from(sent % 2 == 1);
    assert_eq!(after.stock[0]["on_hand"], left);
}

/// What no parser reads, or what does not fit into a request: refused as a whole, the good events
/// of it too.
#[tokio::test]
async fn what_is_no_json_is_refused_as_a_whole_wherever_it_stands() {
    let house = House::with(&[("TEA", 100)]).await;
    let before = books(&house).await;
    let deep = [
        format!("{}{}", "[".repeat(10_000), "]".repeat(10_000)),
        format!("{}1{}", "{\"a\":".repeat(10_000), "}".repeat(10_000)),
    ];
    let no_json = ["1e400", "-", "01", "\"\\ud800\"", "\"\\x\"", "\"\n\"", "nul", "NaN", "'a'"];
    let mut refused = 0;
    for event in good() {
        for (pointer, _) in places(&event) {
            for text in no_json.into_iter().chain(deep.iter().map(String::as_str)) {
                let body = format!("[{},{}]", neighbour(0), with(&event, &pointer, text));
                let (status, problem) = post(&house, "application/json", body).await;
                assert_eq!(status, 400, "{text:.20} at {pointer}: {problem}");
                assert_eq!(problem["status"], 400);
                refused += 1;
            }
        }
    }
    assert!(refused > 1_000, "{refused}");
    // Torn anywhere.
    let whole = format!("[{},{}]", neighbour(0), good().next().unwrap());
    for end in 0..whole.len() {
        let (status, problem) = post(&house, "application/json", whole[..end].to_owned()).await;
        assert_eq!(status, 400, "{}: {problem}", &whole[..end]);
    }
    assert_eq!(books(&house).await, before, "nothing of it is recorded");
}

#[tokio::test]
async fn ten_megabytes_are_too_much_in_any_form() {
    const TOO_MUCH: usize = 10 * 1024 * 1024;
    // Within a request, and far beyond what any member takes.
    const MUCH: usize = 7 * 1024 * 1024;
    let house = House::with(&[("TEA", 100)]).await;
    let before = books(&house).await;
    let event = good().find(|event| event["type"] == "stock.adjusted").unwrap();
    let filled =
        |pointer: &str, bytes: usize| with(&event, pointer, &format!("\"{}\"", "x".repeat(bytes)));
    for content_type in ["application/json", "application/x-ndjson", "application/cloudevents+json"]
    {
        let (status, problem) = post(&house, content_type, filled("/data/sku", TOO_MUCH)).await;
        assert_eq!((status, &problem["status"]), (413, &json!(413)), "{content_type}: {problem}");
    }
    let (status, _) = post(&house, "application/json", vec![b'['; TOO_MUCH]).await;
    assert_eq!(status, 413);
    for pointer in ["/source", "/id", "/type", "/time", "/data", "/data/sku", "/data/reason"] {
        let (status, answer) = post(&house, "application/json", filled(pointer, MUCH)).await;
        assert_eq!(status, 200, "{pointer}");
        assert_eq!(answer["results"][0]["errors"][0]["pointer"], pointer, "{pointer}");
        assert!(answer.to_string().len() < 10_000, "nothing of it is said back");
    }
    let digits = with(&event, "/data/delta", &"1".repeat(MUCH));
    assert_eq!(post(&house, "application/json", digits).await.0, 400, "no number is as long");
    let (status, _) = post(&house, "application/json", vec![b'['; MUCH]).await;
    assert_eq!(status, 400);
    assert_eq!(books(&house).await, before);
}

/// The binary mode: attributes are headers, so what is wrong can be a header.
#[tokio::test]
async fn wrong_headers_of_the_binary_mode_are_pointed_at() {
    let house = House::with(&[("TEA", 100)]).await;
    let before = books(&house).await;
    let event: Value = serde_json::from_str(&neighbour(0)).unwrap();
    let good = ["specversion", "source", "id", "type", "time"];
    let send = async |headers: &[(String, Vec<u8>)]| {
        let mut request = house.server.post("/api/v1/events").bearer_auth(&house.admin);
        for (name, value) in headers {
            request = request.header(format!("ce-{name}"), value.as_slice());
        }
        let request = request.header(CONTENT_TYPE, "application/json");
        let answer = request.body(event["data"].to_string()).send().await.unwrap();
        (answer.status(), answer.json::<Value>().await.unwrap())
    };
    let headers = || {
        let value = |name: &&str| event[*name].as_str().unwrap().as_bytes().to_vec();
        good.iter().map(|name| ((*name).to_owned(), value(name))).collect::<Vec<_>>()
    };
    for (index, name) in good.into_iter().enumerate() {
        let mut cases: Vec<Vec<(String, Vec<u8>)>> = Vec::new();
        let mut twice = headers();
        twice.push((name.to_owned(), twice[index].1.clone()));
        cases.push(twice);
        // Without `specversion` it is no event in binary mode, but data alone.
        let mut missing = headers();
        missing.remove(index);
        cases.extend((name != "specversion").then_some(missing));
        for value in ["", "%00", "a%0Ab", "%C2%85", &"x".repeat(2_001)] {
            let mut wrong = headers();
            wrong[index].1 = value.as_bytes().to_vec();
            cases.push(wrong);
        }
        for case in cases {
            let (status, answer) = send(&case).await;
            assert_eq!(status, StatusCode::OK, "{name}: {answer}");
            let result = &answer["results"][0];
            assert_eq!(result["outcome"], "invalid", "{name}: {result}");
            assert_eq!(result["errors"][0]["pointer"], format!("/{name}"), "{result}");
        }
        for value in [&b"%"[..], b"%4", b"%zz", b"%ff", b"\xff", b"\xc3\xa9"] {
            let mut wrong = headers();
            wrong[index].1 = value.to_vec();
            let (status, problem) = send(&wrong).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{name}: {problem}");
            assert!(problem["detail"].as_str().unwrap().contains(name), "{problem}");
        }
    }
    assert_eq!(books(&house).await, before);
}

/// Requests whose body is one JSON value: one wrong thing of it is pointed at, whatever the path.
#[tokio::test]
async fn wrong_bodies_of_other_requests_are_pointed_at() {
    let house = House::with(&[("TEA", 100)]).await;
    let before = books(&house).await;
    let viewer = house.server.token("viewer", Role::Viewer).await;
    let send = async |token: &str, (method, path): (Method, &str), media: &str, body: String| {
        let request = house.server.request(method, path).bearer_auth(token);
        let answer = request.header(CONTENT_TYPE, media).body(body).send().await.unwrap();
        let content_type = answer.headers()[CONTENT_TYPE].clone();
        assert_eq!(content_type, "application/problem+json", "{path}");
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let resolve = (Method::POST, "/api/v1/conflicts/c1/resolve");
    let channel = (Method::PUT, "/api/v1/channels/shop");
    let listing = (Method::PUT, "/api/v1/channels/shop/listings/A");
    let json = "application/json";
    for (request, misfits) in [
        (
            resolve,
            vec![
                (json!({"expected_version": 1}), "/option"),
                (json!({"option": "cap"}), "/expected_version"),
                (json!({"option": "cap", "expected_version": "1"}), "/expected_version"),
                (json!({"option": "cap", "expected_version": 1, "lines": [{}]}), "/lines/0/order"),
                (json!({"option": "cap", "expected_version": 1, "mood": 1}), "/mood"),
            ],
        ),
        (
            channel,
            vec![
                (json!({"kind": 1}), "/kind"),
                (json!({"kind": "simulated", "mode": "on"}), "/mode"),
                (json!({"kind": "simulated", "name": "x".repeat(2_001)}), "/name"),
                (json!({"kind": "simulated", "settings": []}), "/settings"),
            ],
        ),
        (
            listing,
            vec![
                (json!({"sku": "", "external": {}}), "/sku"),
                (json!({"sku": "TEA", "external": 3}), "/external"),
            ],
        ),
    ] {
        for (body, pointer) in misfits.into_iter().chain([(json!([]), "")]) {
            let (status, problem) =
                send(&house.admin, request.clone(), json, body.to_string()).await;
            assert_eq!(status, 422, "{body}: {problem}");
            assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}: {problem}");
            let detail = problem["errors"][0]["detail"].as_str().unwrap();
            let ours = ["struct", "u64", "line 1", "column"];
            assert!(ours.iter().all(|word| !detail.contains(word)), "{detail}");
        }
        for body in ["", "{", "{\"option\":cap}"] {
            let (status, _) = send(&house.admin, request.clone(), json, body.to_owned()).await;
            assert_eq!(status, 400, "{body}");
        }
        let (status, _) = send(&house.admin, request.clone(), "text/plain", "{}".to_owned()).await;
        assert_eq!(status, 415);
        let much = format!("[{}", " ".repeat(2 * 1024 * 1024));
        assert_eq!(send(&house.admin, request.clone(), json, much).await.0, 413);
        let (status, problem) = send(&viewer, request, json, "{".to_owned()).await;
        assert_eq!(status, 403, "who has no right to it learns nothing of the body: {problem}");
    }
    assert_eq!(books(&house).await, before);
}
