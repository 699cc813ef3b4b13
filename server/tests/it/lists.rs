//! The journal and the conflicts as lists: what can be asked for.

use onhand::sim::spoil::good;
use reqwest::Method;

use crate::support::shops::House;

#[tokio::test]
async fn what_no_row_can_have_is_refused_and_what_would_be_right_is_said() {
    let house = House::with(&[("TEA", 1)]).await;
    for (path, name, right) in [
        ("events?type=stock.countd", "type", "stock.counted"),
        ("events?type=", "type", "conflict.resolved"),
        ("events?kind=oversold", "kind", "outcome"),
        ("events?outcome=done", "outcome", "applied"),
        ("conflicts?kind=oversell", "kind", "oversold"),
        ("conflicts?kind=", "kind", "poison"),
        ("conflicts?status=closed", "status", "auto_resolved"),
    ] {
        let path = format!("/api/v1/{path}");
        let (status, problem) = house.try_ask(Method::GET, &path, None).await;
        assert_eq!(status, 400, "{path}: {problem}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(name) && detail.contains(right), "{path}: {detail}");
    }
    for event in good() {
        let name = event["type"].as_str().unwrap();
        let rows = house.events(&format!("type={name}")).await;
        assert!(rows.iter().all(|row| row["envelope"]["type"] == name), "{rows:?}");
    }
}
