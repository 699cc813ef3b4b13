//! Bodies that arrive too slowly end: by then whoever sends them holds a connection for nothing.

use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody as _};
use futures_util::{StreamExt as _, stream};
use tokio::time::{Instant, timeout_at};

use super::limits::{BODY_IDLE_TIMEOUT_MS, BODY_TIMEOUT_MS};

/// A request's body took too long.
#[derive(Debug, thiserror::Error)]
#[error("the body arrived too slowly")]
struct TooSlow;

/// How long the next bytes, and all of them, may take.
#[derive(Debug, Clone, Copy)]
struct Patience {
    idle: Duration,
    total: Duration,
}

/// The same body, which fails when its next bytes, or all of them, take too long.
pub fn in_time(body: Body) -> Body {
    let idle = Duration::from_millis(BODY_IDLE_TIMEOUT_MS);
    let total = Duration::from_millis(BODY_TIMEOUT_MS);
    with_patience(body, Patience { idle, total })
}

fn with_patience(body: Body, Patience { idle, total }: Patience) -> Body {
    if body.is_end_stream() {
        return body;
    }
    let deadline = Instant::now() + total;
    let begin = Some(body.into_data_stream());
    Body::from_stream(stream::unfold(begin, move |body| async move {
        let mut body = body?;
        let until = deadline.min(Instant::now() + idle);
        let (item, rest): (Result<Bytes, axum::BoxError>, _) =
            match timeout_at(until, body.next()).await {
                Ok(Some(Ok(bytes))) => (Ok(bytes), Some(body)),
                Ok(Some(Err(error))) => (Err(error.into()), None),
                Ok(None) => return None,
                Err(_) => (Err(TooSlow.into()), None),
            };
        Some((item, rest))
    }))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    const LONG: Duration = Duration::from_mins(10);

    #[tokio::test]
    async fn a_body_that_stalls_or_trickles_ends() {
        let stalled = Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
        let patience = Patience { idle: Duration::from_millis(5), total: LONG };
        let read = axum::body::to_bytes(with_patience(stalled, patience), usize::MAX).await;
        assert!(read.is_err());

        let trickle = Body::from_stream(stream::repeat(()).then(|()| async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            Ok::<_, Infallible>(Bytes::from_static(b"x"))
        }));
        let patience = Patience { idle: LONG, total: Duration::from_millis(20) };
        let read = axum::body::to_bytes(with_patience(trickle, patience), usize::MAX).await;
        assert!(read.is_err());
    }

    #[tokio::test]
    async fn a_body_that_comes_at_once_is_untouched() {
        let body = in_time(Body::from("all of it"));
        assert_eq!(axum::body::to_bytes(body, 100).await.unwrap(), "all of it");
        assert!(in_time(Body::empty()).is_end_stream());
    }
}
