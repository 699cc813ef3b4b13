//! Accepts connections. `axum::serve` sets no timer, so that a head which never ends would hold
//! its connection for ever (tokio-rs/axum#2741); this loop does, bounds how many connections there
//! are, and lets those that are busy finish when the server stops.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tower::ServiceExt as _;

use super::body;
use super::limits::{DRAIN_TIMEOUT_MS, HEAD_TIMEOUT_MS};
use crate::shutdown::Shutdown;

/// How long to wait after the system refused a connection for lack of something, in milliseconds:
/// trying again at once would only burn a core.
const ACCEPT_PAUSE_MS: u64 = 50;

/// Serves `app` until `shutdown` is requested, then lets requests that have begun finish.
/// Connections beyond `connections_max` wait in the system's queue.
pub async fn serve(listener: TcpListener, app: Router, connections_max: usize, shutdown: Shutdown) {
    let bounds = Bounds {
        connections_max,
        head_timeout: Duration::from_millis(HEAD_TIMEOUT_MS),
        drain_timeout: Duration::from_millis(DRAIN_TIMEOUT_MS),
    };
    serve_within(bounds, listener, app, shutdown).await;
}

/// The bounds of connections.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    connections_max: usize,
    /// How long the head of a request may take, also that of the next one on the same connection.
    head_timeout: Duration,
    /// How long requests that have begun may take after the stop was requested.
    drain_timeout: Duration,
}

async fn serve_within(bounds: Bounds, listener: TcpListener, app: Router, shutdown: Shutdown) {
    let places = Arc::new(Semaphore::new(bounds.connections_max));
    let mut connections = JoinSet::new();
    let mut requested = pin!(shutdown.requested());
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut requested => break,
            // Reap what has ended; pending while there is nothing.
            Some(_) = connections.join_next() => continue,
            place = Arc::clone(&places).acquire_owned() => match place {
                Ok(place) => tokio::select! {
                    biased;
                    () = &mut requested => break,
                    accepted = listener.accept() => accepted.map(|it| (it, place)),
                },
                Err(_) => break,
            },
        };
        match accepted {
            Ok(((stream, peer), place)) => {
                let connection =
                    connection(stream, peer, app.clone(), bounds.head_timeout, shutdown.clone());
                connections.spawn(async move {
                    connection.await;
                    drop(place);
                });
            }
            Err(error) => pause_after(&error).await,
        }
    }
    drop(listener);
    let drained = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(bounds.drain_timeout, drained).await.is_err() {
        tracing::warn!(connections = connections.len(), "connections were cut off at the stop");
        connections.shutdown().await;
    }
}

/// Waits a moment, unless it was only this one connection that failed.
async fn pause_after(error: &io::Error) {
    let of_the_peer = matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    );
    if !of_the_peer {
        tracing::error!(%error, "connections cannot be accepted");
        tokio::time::sleep(Duration::from_millis(ACCEPT_PAUSE_MS)).await;
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    app: Router,
    head_timeout: Duration,
    shutdown: Shutdown,
) {
    // Small answers must not wait for an acknowledgement of the one before.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY cannot be set");
    }
    let service = hyper::service::service_fn(move |request| respond(app.clone(), peer, request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head_timeout)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shutdown.requested() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    // A peer that goes away or speaks no HTTP is no fault of ours.
    if let Err(error) = ended {
        tracing::debug!(%error, %peer, "a connection ended early");
    }
}

async fn respond(
    app: Router,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Result<Response, Infallible> {
    let mut request = request.map(|incoming| body::in_time(Body::new(incoming)));
    request.extensions_mut().insert(ConnectInfo(peer));
    app.oneshot(request).await
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::sync::Notify;
    use tokio::task::JoinHandle;

    use super::*;

    const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    const LONG: Duration = Duration::from_mins(10);
    const PATIENT: Bounds =
        Bounds { connections_max: 100, head_timeout: LONG, drain_timeout: LONG };

    async fn start(app: Router, bounds: Bounds) -> (SocketAddr, Shutdown, JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = Shutdown::default();
        let serving = tokio::spawn(serve_within(bounds, listener, app, shutdown.clone()));
        (address, shutdown, serving)
    }

    fn hello() -> Router {
        Router::new().route("/", get(async || "hello"))
    }

    async fn ask(address: SocketAddr) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(GET).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn a_head_that_never_ends_closes_its_connection() {
        let bounds = Bounds { head_timeout: Duration::from_millis(20), ..PATIENT };
        let (address, ..) = start(hello(), bounds).await;
        let mut slow = TcpStream::connect(address).await.unwrap();
        slow.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n").await.unwrap();
        let mut rest = Vec::new();
        // Ends only because the server closes.
        let _ = slow.read_to_end(&mut rest).await;
        assert!(!String::from_utf8_lossy(&rest).contains("200 OK"));
        assert!(ask(address).await.ends_with("hello"));
    }

    #[tokio::test]
    async fn connections_beyond_the_bound_wait_for_a_place() {
        let (address, ..) = start(hello(), Bounds { connections_max: 1, ..PATIENT }).await;
        let mut first = TcpStream::connect(address).await.unwrap();
        first.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        first.read_u8().await.unwrap();
        let answered = Arc::new(AtomicBool::new(false));
        let second = tokio::spawn({
            let answered = Arc::clone(&answered);
            async move {
                let answer = ask(address).await;
                answered.store(true, Ordering::SeqCst);
                answer
            }
        });
        // A round trip on the first connection: time enough for the second, were it let in.
        first.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        first.read_u8().await.unwrap();
        assert!(!answered.load(Ordering::SeqCst));
        drop(first);
        assert!(second.await.unwrap().ends_with("hello"));
    }

    #[tokio::test]
    async fn a_stop_lets_requests_finish_that_have_begun() {
        let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let app = Router::new().route(
            "/",
            get({
                let (begun, go_on) = (Arc::clone(&begun), Arc::clone(&go_on));
                async move || {
                    begun.notify_one();
                    go_on.notified().await;
                    "finished"
                }
            }),
        );
        let (address, shutdown, serving) = start(app, PATIENT).await;
        let asked = tokio::spawn(ask(address));
        begun.notified().await;
        shutdown.request();
        assert!(!serving.is_finished());
        go_on.notify_one();
        assert!(asked.await.unwrap().ends_with("finished"));
        serving.await.unwrap();
        assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
    }

    #[tokio::test]
    async fn a_stop_does_not_wait_for_ever_nor_for_idle_connections() {
        let (address, shutdown, serving) = start(hello(), PATIENT).await;
        let mut idle = TcpStream::connect(address).await.unwrap();
        idle.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        idle.read_u8().await.unwrap();
        shutdown.request();
        serving.await.unwrap();

        let begun = Arc::new(Notify::new());
        let stuck = {
            let begun = Arc::clone(&begun);
            get(async move || {
                begun.notify_one();
                std::future::pending::<()>().await;
            })
        };
        let bounds = Bounds { drain_timeout: Duration::from_millis(20), ..PATIENT };
        let (address, shutdown, serving) = start(Router::new().route("/", stuck), bounds).await;
        let mut asking = TcpStream::connect(address).await.unwrap();
        asking.write_all(GET).await.unwrap();
        begun.notified().await;
        shutdown.request();
        serving.await.unwrap();
    }
}
