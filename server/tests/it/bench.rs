//! Large ledgers to measure on are ledgers like any other.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use onhand::state::Settings;
use onhand_server::store::sqlite::SqliteStore;
use onhand_server::store::{JournalQuery, Store as _};

use crate::support::program::{Serving, onhand, token, told, verify};

fn seed(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let arguments = [&["bench", "seed"], arguments].concat();
    told(&onhand(folder, &arguments).output().unwrap())
}

/// What each kind of event became, by type and outcome.
async fn outcomes(folder: &Path) -> BTreeMap<(String, String), usize> {
    let store = SqliteStore::open(&folder.join("ledger.db")).await.unwrap();
    let query = JournalQuery { limit: 30_000, ..JournalQuery::default() };
    let mut outcomes = BTreeMap::new();
    for row in store.journal(&query).await.unwrap() {
        let record = onhand::journal::decode(&row.bytes).unwrap();
        let kind = record.envelope.event_type().to_owned();
        *outcomes.entry((kind, record.outcome.as_str().to_owned())).or_default() += 1;
    }
    store.shut().await;
    outcomes
}

#[tokio::test]
async fn a_seeded_ledger_holds_and_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let wanted = ["--levels", "500", "--events", "20000"];
    let (code, out, err) = seed(folder.path(), &wanted);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.starts_with("seq 20000\nlevels 500\n"), "{out}");
    verify(folder.path());

    let found = outcomes(folder.path()).await;
    let applied = |kind: &str| found.get(&(kind.to_owned(), "applied".to_owned())).copied();
    assert_eq!(applied("item.upserted"), Some(400));
    assert_eq!(applied("location.upserted"), Some(2));
    for kind in [
        "stock.received",
        "stock.adjusted",
        "stock.counted",
        "order.placed",
        "order.fulfilled",
        "order.returned",
        "order.cancelled",
    ] {
        assert!(applied(kind).is_some_and(|count| count > 0), "no {kind} in {found:?}");
    }
    assert_eq!(found.values().sum::<usize>(), 20_000);

    let store = SqliteStore::open(&folder.path().join("ledger.db")).await.unwrap();
    let state = store.load(Settings::default()).await.unwrap();
    assert_eq!(state.levels().count(), 500);
    store.shut().await;

    let token = token(folder.path(), "viewer");
    let server = Serving::start(folder.path());
    let page = reqwest::Client::new().get(format!("{}/api/v1/stock?limit=7", server.url));
    let page: serde_json::Value =
        page.bearer_auth(token).send().await.unwrap().json().await.unwrap();
    assert_eq!(page["seq"], 20_000);
    assert_eq!(page["levels"].as_array().unwrap().len(), 7);
}

#[test]
fn a_seed_gives_the_same_journal_again() {
    let digest = |seed_number: &str| {
        let folder = tempfile::tempdir().unwrap();
        let wanted = ["--levels", "50", "--events", "1500", "--seed", seed_number];
        assert_eq!(seed(folder.path(), &wanted).0, Some(0));
        let (code, out, err) = told(&onhand(folder.path(), &["verify"]).output().unwrap());
        assert_eq!(code, Some(0), "{err}");
        out.lines().nth(1).unwrap().to_owned()
    };
    let first = digest("1");
    assert_eq!(first, digest("1"));
    assert_ne!(first, digest("2"));
}

#[test]
fn nothing_is_seeded_where_it_cannot_be() {
    let folder = tempfile::tempdir().unwrap();
    let (code, _, err) = seed(folder.path(), &["--levels", "100", "--events", "10"]);
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains("100 levels take at least 182 events"), "{err}");
    assert!(!folder.path().join("ledger.db").exists());

    assert_eq!(seed(folder.path(), &["--levels", "10", "--events", "50"]).0, Some(0));
    let before = fs::read(folder.path().join("ledger.db")).unwrap();
    let (code, _, err) = seed(folder.path(), &["--levels", "10", "--events", "50"]);
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains("is there already"), "{err}");
    assert!(fs::read(folder.path().join("ledger.db")).unwrap() == before);
}
