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
    let places = Arc::new(Semaphore::new(connections_max));
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
                let connection = connection(stream, peer, app.clone(), shutdown.clone());
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
    if tokio::time::timeout(Duration::from_millis(DRAIN_TIMEOUT_MS), drained).await.is_err() {
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

async fn connection(stream: TcpStream, peer: SocketAddr, app: Router, shutdown: Shutdown) {
    // Small answers must not wait for an acknowledgement of the one before.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY cannot be set");
    }
    let service = hyper::service::service_fn(move |request| respond(app.clone(), peer, request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(HEAD_TIMEOUT_MS))
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
