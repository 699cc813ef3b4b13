//! The program's commands, run as people run them.

use std::fs;

use onhand::time::SECOND_US;
use onhand_server::clock::{Clock as _, SystemClock};
use onhand_server::control::{Control, Digest};

use crate::support::program::{Serving, onhand, run_with, told};
use crate::support::server::cookie;

#[tokio::test]
async fn serve_prints_its_address_and_ends_with_0_on_sigterm() {
    let folder = tempfile::tempdir().unwrap();
    let server = Serving::start(folder.path());
    let ready = reqwest::get(format!("{}/readyz", server.url)).await.unwrap();
    assert_eq!(ready.status(), 200);
    let report: serde_json::Value = ready.json().await.unwrap();
    assert_eq!(report["ready"], true);
    let alive = reqwest::get(format!("{}/healthz", server.url)).await.unwrap();
    assert_eq!(alive.status(), 200);
    assert_eq!(server.terminate().code(), Some(0));
}

#[tokio::test]
async fn accounts_and_sessions_outlive_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["user", "create", "--email", "mia@example.com", "--role", "manager"];
    assert!(run_with(onhand(folder.path(), &arguments), "correct horse\n").status.success());
    let mut server = Serving::start(folder.path());
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    let client = client.build().unwrap();
    let sign_in = |url: &str| {
        let request = client.post(format!("{url}/sign-in")).header("sec-fetch-site", "same-origin");
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        request.body("email=mia%40example.com&password=correct+horse").send()
    };
    let answer = sign_in(&server.url).await.unwrap();
    let session = cookie(&answer).unwrap();
    server.kill();
    let control = Control::open(folder.path()).await.unwrap();
    let (_, secret) = session.split_once('=').unwrap();
    let now = SystemClock.now();
    let idle_since = now.plus_micros(-60 * SECOND_US);
    let found = control.session(&Digest::of(secret), now, idle_since).await.unwrap();
    assert_eq!(found.unwrap().email, "mia@example.com");
}

#[test]
fn a_wrong_value_stops_the_start_and_names_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let cases = [
        ("ONHAND_QUEUE_CAPACITY", "0", "queue_capacity = 0 (ONHAND_QUEUE_CAPACITY): must be"),
        ("ONHAND_LISTEN", "nowhere", "listen = \"nowhere\" (ONHAND_LISTEN): must be HOST:PORT"),
        ("ONHAND_LISSTEN", "x", "lissten (ONHAND_LISSTEN) is no key; the keys are data, listen"),
    ];
    for (key, value, expected) in cases {
        let output = onhand(folder.path(), &["serve"]).env(key, value).output().unwrap();
        let (code, out, err) = told(&output);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
        assert!(err.contains(expected), "{err}");
        assert_eq!(err.lines().count(), 1, "{err}");
    }
    assert!(!folder.path().join("control.db").exists(), "nothing was begun");
}

#[test]
fn a_file_is_read_and_its_mistakes_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("onhand.toml");
    fs::write(&file, "batch_events_max = 'many'").unwrap();
    let path = file.to_str().unwrap();
    let output = onhand(folder.path(), &["serve", "--config", path]).output().unwrap();
    let (code, _, err) = told(&output);
    assert_eq!(code, Some(2));
    assert!(
        err.contains(&format!("batch_events_max = \"many\" ({path}): must be a whole")),
        "{err}"
    );
    fs::write(&file, "log = 'off'\nlisten = '127.0.0.1:0'").unwrap();
    let server = Serving::from(onhand(folder.path(), &["serve", "--config", path]));
    assert!(!server.url.ends_with(":0"), "{}", server.url);
}

#[test]
fn the_printed_configuration_can_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let (code, out, _) = told(&onhand(folder.path(), &["config"]).output().unwrap());
    assert_eq!(code, Some(0));
    let file = folder.path().join("onhand.toml");
    fs::write(&file, out).unwrap();
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--config", file.to_str().unwrap()];
    let server = Serving::from(onhand(folder.path(), &arguments));
    assert_eq!(server.terminate().code(), Some(0));
}

#[test]
fn usage_is_2_and_failure_is_1() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["nonsense"][..], &["serve", "--nonsense"], &["token", "create"]] {
        let output = onhand(folder.path(), arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
    let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = held.local_addr().unwrap().to_string();
    let output = onhand(folder.path(), &["serve", "--listen", &address]).output().unwrap();
    let (code, out, err) = told(&output);
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(err.contains(&format!("{address} cannot be listened on")), "{err}");
}

#[test]
fn an_import_that_would_empty_the_shelves_is_held_and_a_second_one_repeats_it() {
    let folder = tempfile::tempdir().unwrap();
    let header =
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country";
    let file = |name: &str, row: &dyn Fn(usize) -> String| {
        let path = folder.path().join(name);
        let rows: Vec<String> = (0..25).map(row).collect();
        fs::write(&path, format!("{header}\n{}\n", rows.join("\n"))).unwrap();
        path.to_str().unwrap().to_owned()
    };
    // 5 of each come back, then the warehouse says that none is there.
    let back =
        file("back.csv", &|n| format!("C{n},{},CUP,-5,2011-01-04 10:00:00,1.0,12,UK", 20_000 + n));
    let gone =
        file("gone.csv", &|n| format!("{n},{},gone,-5,2011-01-05 10:00:00,0.0,,UK", 20_000 + n));
    let import = |files: &[&str]| {
        let (code, out, err) =
            told(&onhand(folder.path(), &[&["import"], files].concat()).output().unwrap());
        assert_eq!(code, Some(0), "{err}");
        out
    };
    let out = import(&[&back, &gone]);
    assert!(out.contains("  applied: 51\n") && out.contains("  conflict: 51\n"), "{out}");
    let again = import(&[&gone]);
    assert!(again.contains("  duplicate: 51\n"), "{again}");
}
