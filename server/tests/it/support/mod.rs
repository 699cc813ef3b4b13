//! What the tests share: a real server in this process ([`TestServer`]), the compiled program as a
//! process of its own ([`program`]), and waiting for a condition ([`eventually`]).

pub mod faults;
pub mod live;
pub mod load;
pub mod program;
pub mod server;
pub mod shops;
pub mod small_disk;

use std::time::{Duration, Instant};

/// How long a condition may take before a test gives up on it. No test waits that long unless it
/// fails.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// The time between two looks at a condition.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Looks again and again until `look` finds something, and panics with `what` if it never does.
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "never came: {what}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
