//! `token create` and `user create`, before the first start and beside a running server.

use onhand_server::control::Control;
use onhand_server::control::Digest;

use crate::support::program::{Serving, onhand, run_with, told};
use crate::support::server::TestServer;

#[tokio::test]
async fn a_token_is_alone_on_its_line_and_stored_as_a_hash_only() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["token", "create", "--name", "wms", "--role", "warehouse"];
    let (code, out, err) = told(&onhand(folder.path(), &arguments).output().unwrap());
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let token = out.strip_suffix('\n').unwrap();
    assert!(token.starts_with("onh_") && token.len() == 47, "{token}");
    assert!(!token.contains(char::is_whitespace));

    let control = Control::open(folder.path()).await.unwrap();
    assert_eq!(control.token(&Digest::of(token)).await.unwrap().unwrap().name, "wms");
    control.close().await;
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let content = std::fs::read(file.unwrap().path()).unwrap();
        let found = content.windows(token.len()).any(|window| window == token.as_bytes());
        assert!(!found, "the secret is in a file");
    }
}

#[tokio::test]
async fn accounts_can_be_made_beside_a_running_server() {
    let folder = tempfile::tempdir().unwrap();
    let server = Serving::start(folder.path());
    let arguments = ["token", "create", "--name", "ops", "--role", "operator"];
    let token = onhand(folder.path(), &arguments).output().unwrap();
    assert!(token.status.success());
    let arguments = ["user", "create", "--email", " Mia@Example.com ", "--role", "manager"];
    let user = run_with(onhand(folder.path(), &arguments), "correct horse\n");
    assert!(user.status.success(), "{user:?}");

    let answer = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
        .post(format!("{}/sign-in", server.url))
        .header("origin", &server.url)
        .header("content-type", "application/x-www-form-urlencoded")
        .body("email=mia%40example.com&password=correct+horse")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.headers()["location"], "/");
}

#[tokio::test]
async fn a_running_server_knows_a_new_token_at_once() {
    let server = TestServer::start().await;
    let folder = server.state().config.data.clone();
    let arguments = ["token", "create", "--name", "ops", "--role", "operator"];
    let (_, out, _) = told(&onhand(&folder, &arguments).output().unwrap());
    let found = server.state().control.token(&Digest::of(out.trim())).await.unwrap().unwrap();
    assert_eq!(found.name, "ops");
    let acts: Vec<_> = server.audit_log().await.into_iter().map(|row| row.entry.action).collect();
    assert_eq!(acts, ["token.create"]);
}

#[test]
fn what_is_wrong_with_an_account_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let user = |email, role| ["user", "create", "--email", email, "--role", role];
    let cases = [
        (user("mia", "viewer"), "longenough\n", 1, "--email: must be an address such as"),
        (user("mia@example.com", "viewer"), "short\n", 1, "at least 8 characters"),
        (user("mia@example.com", "viewer"), "", 1, "no password came from standard input"),
        (user("mia@example.com", "boss"), "longenough\n", 2, "viewer, warehouse, operator"),
        (user("mia@example.com", "viewer"), "longenough\n", 0, ""),
        (user("MIA@example.com", "admin"), "longenough\n", 1, "mia@example.com exists already"),
    ];
    for (arguments, input, code, expected) in cases {
        let (found, _, err) = told(&run_with(onhand(folder.path(), &arguments), input));
        assert_eq!(found, Some(code), "{arguments:?}: {err}");
        assert!(err.contains(expected), "{err}");
    }
    let long = "x".repeat(1_025);
    let output = run_with(onhand(folder.path(), &user("noah@example.com", "viewer")), &long);
    assert!(told(&output).2.contains("at most 1024 bytes"));
}
