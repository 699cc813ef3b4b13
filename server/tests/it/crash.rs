//! A server that is killed or stopped under load: what was answered is there afterwards, once and
//! with that outcome, and what was not is taken when it is sent again.

use std::path::Path;
use std::time::{Duration, Instant};

use onhand::wire::live::Topic;
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::support::live::Watcher;
use crate::support::load::{At, Load};
use crate::support::program::{Serving, onhand, token, verify};

/// Programs that post at the same time.
const PROGRAMS: u64 = 64;

/// How a server is killed again and again.
struct Plan {
    cycles: u32,
    /// Of every so many kills the ledger left behind is verified after one.
    verified_every: u32,
    /// After this many milliseconds under load, at random.
    after_ms: std::ops::RangeInclusive<u64>,
    seed: u64,
}

#[tokio::test]
async fn nothing_answered_is_lost_by_kill_9_under_load() {
    crash(&Plan { cycles: 4, verified_every: 1, after_ms: 50..=1_000, seed: 1 }).await;
}

/// The same for as long as asked: `make crash`.
#[tokio::test]
#[ignore = "takes minutes; `make crash` runs it"]
async fn nothing_answered_is_lost_by_many_kills() {
    let number = |name: &str, default: u64| {
        std::env::var(name).map_or(default, |value| value.parse().expect("a number"))
    };
    let cycles = number("ONHAND_CRASH_CYCLES", 100).try_into().unwrap();
    let seed = number("ONHAND_CRASH_SEED", 1);
    crash(&Plan { cycles, verified_every: 10, after_ms: 50..=3_000, seed }).await;
}

async fn crash(plan: &Plan) {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let token = token(folder, "operator");
    let mut random = SmallRng::seed_from_u64(plan.seed);
    let mut load = Load::new(PROGRAMS, plan.seed);
    let mut starts = Vec::new();
    for cycle in 0..plan.cycles {
        if random.random_ratio(1, 4) {
            die_while_starting(folder, Duration::from_millis(random.random_range(0..=300))).await;
        }
        let begun = Instant::now();
        let mut server = Serving::start(folder);
        starts.push(begun.elapsed());
        let url = server.url.clone();
        let at = At { url: &url, token: &token };
        if cycle == 0 {
            load.prepare(at).await;
        }
        load.check(at).await;
        let until = Duration::from_millis(random.random_range(plan.after_ms.clone()));
        tokio::join!(load.run(at), async {
            tokio::time::sleep(until).await;
            server.kill();
        });
        if cycle % plan.verified_every == 0 {
            verify(folder);
        }
    }
    let unanswered = load.figures().sent - load.figures().acknowledged;
    let server = Serving::start(folder);
    let at = At { url: &server.url, token: &token };
    load.check(at).await;
    load.settle(at).await;
    load.check(at).await;
    load.check_stock(at).await;
    assert_eq!(server.terminate().code(), Some(0));
    verify(folder);
    starts.sort_unstable();
    let figures = load.figures();
    assert_eq!(figures.sent, figures.acknowledged);
    eprintln!(
        "{} kills (seed {}): {} events answered, {unanswered} of them only after the last kill; \
         0 lost, 0 double; ready after {:?} (median), {:?} (longest)",
        plan.cycles,
        plan.seed,
        figures.acknowledged,
        starts[starts.len() / 2],
        starts[starts.len() - 1],
    );
}

/// Starts the server and kills it, wherever it has come to.
async fn die_while_starting(folder: &Path, after: Duration) {
    let mut child = onhand(folder, &["serve", "--listen", "127.0.0.1:0"]).spawn().unwrap();
    tokio::time::sleep(after).await;
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test]
async fn sigterm_under_load_loses_nothing_and_ends_with_0_within_10_s() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let token = token(folder, "operator");
    let mut load = Load::new(PROGRAMS, 2);
    let server = Serving::start(folder);
    let url = server.url.clone();
    let at = At { url: &url, token: &token };
    load.prepare(at).await;
    let address = url.strip_prefix("http://").unwrap().parse().unwrap();
    let mut watcher = Watcher::open(address, &token).await;
    watcher.hello(&[Topic::Stock]).await;
    watcher.next().await;
    // Somebody who is in the middle of a request, and stays there.
    let mut slow = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /api/v1/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: 1000\r\n\r\n["
    );
    slow.write_all(head.as_bytes()).await.unwrap();
    let stopping = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let begun = Instant::now();
        let status = tokio::task::spawn_blocking(|| server.terminate()).await.unwrap();
        (status, begun.elapsed())
    };
    let ((), end, (status, took)) = tokio::join!(load.run(at), watcher.end(), stopping);
    assert_eq!(status.code(), Some(0));
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert_eq!((end.code.as_str(), end.close), ("stopping", 1001));
    verify(folder);

    let server = Serving::start(folder);
    let at = At { url: &server.url, token: &token };
    load.check(at).await;
    load.settle(at).await;
    load.check(at).await;
    load.check_stock(at).await;
    assert!(load.figures().acknowledged > 0);
}
