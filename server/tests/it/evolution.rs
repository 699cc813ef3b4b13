//! A ledger that another version of the program has written.

use onhand::journal::RECORD_VERSION;
use onhand_server::server::LEDGER_FILE;
use serde_json::json;
use sqlx::{Connection as _, SqliteConnection};

use crate::support::program::{Serving, onhand, token, told};

/// Changes the stored form of the newest record, as a newer program would have written it.
async fn write_as_newer(folder: &std::path::Path) {
    let file = folder.join(LEDGER_FILE);
    let mut ledger = SqliteConnection::connect(file.to_str().unwrap()).await.unwrap();
    let (ours, newer) = (RECORD_VERSION, RECORD_VERSION + 1);
    let changed = sqlx::query(
        "UPDATE journal SET record = CAST(replace(CAST(record AS TEXT), ?1, ?2) AS BLOB)
         WHERE seq = (SELECT max(seq) FROM journal)",
    )
    .bind(format!("{{\"v\":{ours},"))
    .bind(format!("{{\"v\":{newer},"))
    .execute(&mut ledger)
    .await
    .unwrap();
    assert_eq!(changed.rows_affected(), 1);
    ledger.close().await.unwrap();
}

#[tokio::test]
async fn a_record_of_a_newer_version_stops_the_start_and_the_verification() {
    let folder = tempfile::tempdir().unwrap();
    let token = token(folder.path(), "operator");
    let server = Serving::start(folder.path());
    let event = json!({
        "specversion": "1.0", "source": "wms", "id": "1", "type": "item.upserted",
        "time": "2026-11-23T10:00:00Z", "data": { "sku": "TEA" },
    });
    let post = reqwest::Client::new().post(format!("{}/api/v1/events", server.url));
    let answer = post.bearer_auth(token).json(&event).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(server.terminate().code(), Some(0));
    write_as_newer(folder.path()).await;
    let newer = format!("version {} is newer than this program", RECORD_VERSION + 1);
    for arguments in [&["serve", "--listen", "127.0.0.1:0"][..], &["verify"]] {
        let output = onhand(folder.path(), arguments).output().unwrap();
        let (code, out, err) = told(&output);
        assert_eq!(code, Some(1), "{out}{err}");
        assert!(err.contains(&newer), "{err}");
    }
    let (_, _, err) = told(&onhand(folder.path(), &["verify"]).output().unwrap());
    assert!(err.contains("record #1"), "the record is named: {err}");
}
