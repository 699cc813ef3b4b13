//! A real server in this process: every part, on a free port, with a directory of its own.
//!
//! ```ignore
//! let server = TestServer::start().await;
//! let token = server.token("wms", Role::Warehouse).await;
//! let answer = server.get("/api/v1/stock").bearer_auth(&token).send().await.unwrap();
//!
//! let mia = server.signed_in("mia@example.com", Role::Manager).await;
//! let answer = mia.post("/sign-out").send().await.unwrap();
//! ```
//!
//! Requests follow no redirects and keep no cookies by themselves: a test sees every answer as it
//! is. Those of a [`Session`] carry its cookie and the `Origin` of the server's own pages.

use std::net::SocketAddr;
use std::sync::Arc;

use onhand::wire::page::Role;
use onhand_server::auth::{Secret, hash_password};
use onhand_server::clock::{Clock, SystemClock};
use onhand_server::config::Config;
use onhand_server::control::{AuditRow, Digest};
use onhand_server::server::Server;
use onhand_server::state::AppState;
use reqwest::header::{CONTENT_TYPE, COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::{Client, Method, RequestBuilder, Response, redirect};
use tempfile::TempDir;

/// The password of every test user.
pub const PASSWORD: &str = "correct horse battery";

/// A real server in this process. Dropping it ends it without ceremony; [`TestServer::stop`] ends
/// it as SIGTERM would.
pub struct TestServer {
    server: Server,
    client: Client,
    folder: TempDir,
}

impl TestServer {
    /// A server as it is by default, on a free port and in a new directory.
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// A server set as `change` wants it.
    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self::with_clock(Arc::new(SystemClock), change).await
    }

    /// A server with another clock, such as a `ManualClock`, set as `change` wants it.
    pub async fn with_clock(clock: Arc<dyn Clock>, change: impl FnOnce(&mut Config)) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), clock, change).await
    }

    /// A server on the data that another one left in `folder`.
    pub async fn start_in(
        folder: TempDir,
        clock: Arc<dyn Clock>,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let mut config = Config {
            data: folder.path().join("data"),
            listen: "127.0.0.1:0".to_owned(),
            ..Config::default()
        };
        change(&mut config);
        let server = Server::start(config, clock).await.unwrap();
        let client = Client::builder().redirect(redirect::Policy::none()).build().unwrap();
        Self { server, client, folder }
    }

    /// Stops the server as SIGTERM would, and hands its directory on.
    pub async fn stop(self) -> TempDir {
        self.server.stop().await.unwrap();
        self.folder
    }

    /// The server's address.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// What the handlers share: the databases, the clock, and so on.
    pub fn state(&self) -> &AppState {
        self.server.state()
    }

    /// The origin of the server's own pages.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address())
    }

    /// A request without identity.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.origin()))
    }

    /// A `GET` without identity.
    pub fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    /// A `POST` without identity and body.
    pub fn post(&self, path: &str) -> RequestBuilder {
        self.request(Method::POST, path)
    }

    /// A form as a page of this server would send it.
    pub fn form(&self, path: &str, fields: &[(&str, &str)]) -> RequestBuilder {
        let pairs = fields.iter().map(|(name, value)| format!("{name}={}", encode(value)));
        self.post(path)
            .header(ORIGIN, self.origin())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(pairs.collect::<Vec<_>>().join("&"))
    }

    /// A new API token.
    pub async fn token(&self, name: &str, role: Role) -> String {
        let secret = Secret::for_token();
        let hash = Digest::of(secret.reveal());
        let now = self.state().clock.now();
        let control = &self.state().control;
        control.create_token(name, role, &hash, secret.shown(), now).await.unwrap();
        secret.reveal().to_owned()
    }

    /// A new user whose password is [`PASSWORD`].
    pub async fn user(&self, email: &str, role: Role) {
        let hash = hash_password(PASSWORD).unwrap();
        let now = self.state().clock.now();
        self.state().control.create_user(email, &hash, role, now).await.unwrap();
    }

    /// Sends the sign-in form; the answer is a redirect.
    pub async fn sign_in(&self, email: &str, password: &str) -> Response {
        let fields = [("email", email), ("password", password)];
        self.form("/sign-in", &fields).send().await.unwrap()
    }

    /// A new user who has signed in.
    pub async fn signed_in(&self, email: &str, role: Role) -> Session<'_> {
        self.user(email, role).await;
        let answer = self.sign_in(email, PASSWORD).await;
        assert_eq!(location(&answer), "/", "{email} is signed in");
        Session { server: self, cookie: cookie(&answer).unwrap() }
    }

    /// The audit log, newest first, with everything noted so far.
    pub async fn audit_log(&self) -> Vec<AuditRow> {
        self.state().notes.flush().await;
        self.state().control.audit_log(None, 1_000).await.unwrap()
    }
}

/// Somebody who is signed in with a browser.
pub struct Session<'a> {
    server: &'a TestServer,
    /// `name=value`, as the header `Cookie` has it.
    pub cookie: String,
}

impl Session<'_> {
    /// A request as a page of the server would make it.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.server.request(method, path);
        request.header(COOKIE, &self.cookie).header(ORIGIN, self.server.origin())
    }

    /// A `GET` as a page of the server would make it.
    pub fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    /// A `POST` as a page of the server would make it.
    pub fn post(&self, path: &str) -> RequestBuilder {
        self.request(Method::POST, path)
    }

    /// A form as a page of the server would send it.
    pub fn form(&self, path: &str, fields: &[(&str, &str)]) -> RequestBuilder {
        self.server.form(path, fields).header(COOKIE, &self.cookie)
    }
}

/// Where an answer redirects to.
pub fn location(answer: &Response) -> &str {
    answer.headers().get(LOCATION).map_or("", |value| value.to_str().unwrap())
}

/// The cookie that an answer sets, as `name=value`.
pub fn cookie(answer: &Response) -> Option<String> {
    let header = answer.headers().get(SET_COOKIE)?.to_str().unwrap();
    Some(header.split(';').next().unwrap().to_owned())
}

/// Percent-encodes a form's value.
fn encode(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let encode =
        |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    value.bytes().map(encode).collect()
}
