//! Every route of the API, asked by everybody: 401 without identity, 403 without the right
//! (contract.md section 2).

use onhand::wire::page::Role;
use onhand_server::control::AuditOutcome;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::server::TestServer;

/// A route, a body for it, and who may: viewer, warehouse, operator, manager, admin. Whoever may is
/// answered with anything but 401 and 403.
fn table() -> Vec<(Method, &'static str, Option<Value>, &'static str)> {
    let event = |kind: &str, data: Value| {
        Some(json!({"specversion": "1.0", "source": "test", "id": kind, "type": kind,
            "time": "2026-11-23T10:00:00Z", "data": data}))
    };
    let stock = json!({"sku": "A", "location": "berlin", "quantity": 1});
    let adjusted = json!({"sku": "A", "location": "berlin", "delta": 1, "reason": "found"});
    let counted = json!({"sku": "A", "location": "berlin", "counted": 1});
    let moved = json!({"sku": "A", "location": "berlin", "quantity": 1,
        "from_state": "available", "to_state": "damaged"});
    let goods = json!([{"sku": "A", "quantity": 1}]);
    let shipped = json!({"transfer": "t1", "from": "berlin", "to": "bonn", "lines": goods});
    let received = json!({"transfer": "t1", "receipt": "r1", "lines": goods});
    let order = json!({"order": "o1", "lines": [{"line": "1", "sku": "A", "quantity": 1}]});
    let reversed = json!({"source": "test", "id": "none", "reason": "test"});
    let hold = json!({"reservation": "h1"});
    let events = "/api/v1/events";
    let channel = json!({"kind": "shopify", "name": "Shop", "mode": "paused",
        "secrets": {"webhook": "secret"}});
    let listing = json!({"sku": "A", "external": {"inventory_item_id": "1"}});
    let resolution = json!({"option": "discard", "expected_version": 1});
    vec![
        (Method::GET, "/api/v1/stock", None, "xxxxx"),
        (Method::GET, "/api/v1/stock/A/explain", None, "xxxxx"),
        (Method::GET, "/api/v1/events", None, "xxxxx"),
        (Method::GET, "/api/v1/events/test/none", None, "xxxxx"),
        (Method::GET, "/api/v1/items", None, "xxxxx"),
        (Method::GET, "/api/v1/locations", None, "xxxxx"),
        (Method::GET, "/api/v1/orders/none", None, "xxxxx"),
        (Method::GET, "/api/v1/transfers/none", None, "xxxxx"),
        (Method::GET, "/api/v1/conflicts", None, "xxxxx"),
        (Method::GET, "/api/v1/conflicts/c1", None, "xxxxx"),
        (Method::POST, events, event("stock.adjusted", adjusted), ".xxxx"),
        (Method::POST, events, event("stock.received", stock), ".xxxx"),
        (Method::POST, events, event("stock.counted", counted), ".xxxx"),
        (Method::POST, events, event("stock.moved", moved), ".xxxx"),
        (Method::POST, events, event("transfer.shipped", shipped), ".xxxx"),
        (Method::POST, events, event("transfer.received", received), ".xxxx"),
        (Method::POST, events, event("item.upserted", json!({"sku": "A"})), "..xxx"),
        (Method::POST, events, event("location.upserted", json!({"location": "b"})), "..xxx"),
        (Method::POST, events, event("order.placed", order), "..xxx"),
        (Method::POST, events, event("event.reversed", reversed), "...xx"),
        (Method::POST, events, event("reservation.released", hold), "..xxx"),
        (Method::POST, "/api/v1/conflicts/c1/resolve", Some(resolution), "...xx"),
        (Method::GET, "/api/v1/channels", None, "xxxxx"),
        (Method::GET, "/api/v1/channels/shop", None, "xxxxx"),
        (Method::PUT, "/api/v1/channels/shop", Some(channel), "....x"),
        (Method::PUT, "/api/v1/channels/shop/listings/a", Some(listing), "....x"),
        (Method::POST, "/api/v1/channels/shop/pause", None, "..xxx"),
        (Method::POST, "/api/v1/channels/shop/resume", None, "..xxx"),
        (Method::POST, "/api/v1/channels/shop/reconcile", None, "..xxx"),
        (Method::GET, "/api/v1/channels/shop/publications", None, "xxxxx"),
    ]
}

fn request(
    server: &TestServer,
    method: &Method,
    path: &str,
    body: Option<&Value>,
) -> RequestBuilder {
    let request = server.request(method.clone(), path);
    match body {
        Some(body) => request.json(body),
        None => request,
    }
}

#[tokio::test]
async fn every_role_is_answered_as_the_contract_says() {
    let server = TestServer::start().await;
    let mut tokens = Vec::new();
    for role in Role::ALL {
        tokens.push(server.token(role.as_str(), role).await);
    }
    for (method, path, body, rights) in table() {
        let mut found = String::new();
        for token in &tokens {
            let answer = request(&server, &method, path, body.as_ref()).bearer_auth(token);
            let status = answer.send().await.unwrap().status().as_u16();
            assert_ne!(status, 401, "{method} {path}");
            found.push(if status == 403 { '.' } else { 'x' });
        }
        assert_eq!(found, rights, "{method} {path} {body:?}");
    }
    let log = server.audit_log().await;
    let refused = log.iter().filter(|row| row.entry.outcome == AuditOutcome::Refused);
    let expected: usize = table().iter().map(|(.., rights)| rights.matches('.').count()).sum();
    let expected = i64::try_from(expected).unwrap();
    assert_eq!(refused.map(|row| row.count).sum::<i64>(), expected, "every refusal is audited");
}

#[tokio::test]
async fn without_identity_every_route_is_401_and_records_nothing() {
    let server = TestServer::start().await;
    for (method, path, body, _) in table() {
        let plain = request(&server, &method, path, body.as_ref());
        let wrong = request(&server, &method, path, body.as_ref()).bearer_auth("onh_wrong");
        // As `curl -d` sends it.
        let form = request(&server, &method, path, body.as_ref())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        for asked in [plain, wrong, form] {
            let answer = asked.send().await.unwrap();
            assert_eq!(answer.status().as_u16(), 401, "{method} {path}");
            assert_eq!(answer.headers()[CONTENT_TYPE], "application/problem+json");
        }
    }
    let token = server.token("reader", Role::Viewer).await;
    let journal = server.get("/api/v1/events").bearer_auth(token).send().await.unwrap();
    let journal: Value = journal.json().await.unwrap();
    assert_eq!(journal["events"], json!([]));
}

#[tokio::test]
async fn a_session_has_its_users_rights() {
    let server = TestServer::start().await;
    let mia = server.signed_in("mia@example.com", Role::Viewer).await;
    let read = mia.get("/api/v1/stock").send().await.unwrap();
    assert_eq!(read.status().as_u16(), 200);
    let posts = table().into_iter().find(|(method, ..)| *method == Method::POST);
    let (method, path, body, _) = posts.unwrap();
    let write = mia.request(method, path).json(&body).send().await.unwrap();
    assert_eq!(write.status().as_u16(), 403);
}

#[tokio::test]
async fn one_forbidden_event_refuses_the_request_even_if_it_does_not_fit() {
    let server = TestServer::start().await;
    let token = server.token("scanner", Role::Warehouse).await;
    let event = |id: &str, kind: &str, data: Value| {
        json!({"specversion": "1.0", "source": "wms", "id": id, "type": kind,
            "time": "2026-11-23T10:00:00Z", "data": data})
    };
    let count = event("1", "stock.counted", json!({"sku": "A", "location": "L", "counted": 1}));
    for forbidden in
        [event("2", "order.placed", json!({"order": "x"})), json!({"type": "event.reversed"})]
    {
        let events = json!([count, forbidden]);
        let answer = server.post("/api/v1/events").bearer_auth(&token).json(&events);
        assert_eq!(answer.send().await.unwrap().status().as_u16(), 403, "{events}");
    }
    // What is of no type at all is no event.
    let events = json!([count, {"type": "order.lost"}]);
    let answer = server.post("/api/v1/events").bearer_auth(&token).json(&events);
    let answer: Value = answer.send().await.unwrap().json().await.unwrap();
    assert_eq!(
        (&answer["results"][0]["seq"], &answer["results"][1]["outcome"]),
        (&json!(1), &json!("invalid")),
        "nothing was recorded before: {answer}"
    );
}
