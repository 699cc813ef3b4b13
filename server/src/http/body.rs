//! Bodies that arrive too slowly end: by then whoever sends them holds a connection for nothing.

use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes, HttpBody};
use futures_util::{StreamExt as _, stream};
use tokio::time::{Instant, timeout_at};

use super::limits::{BODY_IDLE_TIMEOUT_MS, BODY_TIMEOUT_MS};

/// A request's body took too long.
#[derive(Debug, thiserror::Error)]
#[error("the body arrived too slowly")]
struct TooSlow;

/// The same body, which fails when its next bytes, or all of them, take too long.
pub fn in_time(body: Body) -> Body {
    if body.is_end_stream() {
        return body;
    }
    let deadline = Instant::now() + Duration::from_millis(BODY_TIMEOUT_MS);
    Body::from_stream(stream::unfold(Some(body.into_data_stream()), move |body| {
        next(body, deadline)
    }))
}

type Item = Result<Bytes, axum::BoxError>;

async fn next(
    body: Option<BodyDataStream>,
    deadline: Instant,
) -> Option<(Item, Option<BodyDataStream>)> {
    let mut body = body?;
    let idle = Instant::now() + Duration::from_millis(BODY_IDLE_TIMEOUT_MS);
    match timeout_at(idle.min(deadline), body.next()).await {
        Ok(Some(Ok(bytes))) => Some((Ok(bytes), Some(body))),
        Ok(Some(Err(error))) => Some((Err(error.into()), None)),
        Ok(None) => None,
        Err(_) => Some((Err(TooSlow.into()), None)),
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stalls_or_trickles_ends() {
        let stalled = Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
        let begin = Instant::now();
        assert!(axum::body::to_bytes(in_time(stalled), usize::MAX).await.is_err());
        assert_eq!(begin.elapsed().as_millis(), u128::from(BODY_IDLE_TIMEOUT_MS));

        let trickle = Body::from_stream(stream::repeat(()).then(|()| async {
            tokio::time::sleep(Duration::from_millis(BODY_IDLE_TIMEOUT_MS / 2)).await;
            Ok::<_, Infallible>(Bytes::from_static(b"x"))
        }));
        let begin = Instant::now();
        assert!(axum::body::to_bytes(in_time(trickle), usize::MAX).await.is_err());
        assert_eq!(begin.elapsed().as_millis(), u128::from(BODY_TIMEOUT_MS));
    }

    #[tokio::test]
    async fn a_body_that_comes_at_once_is_untouched() {
        let body = in_time(Body::from("all of it"));
        assert_eq!(axum::body::to_bytes(body, 100).await.unwrap(), "all of it");
        assert!(in_time(Body::empty()).is_end_stream());
    }
}
