//! Ledgers to measure on: written by a server in this process, through its own processor.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{bail, ensure};
use futures_util::{StreamExt as _, stream};
use onhand::event::Event;
use onhand::ledger::Input;
use onhand::record::Outcome;
use onhand_server::clock::SystemClock;
use onhand_server::config::Config;
use onhand_server::processor::Answer;
use onhand_server::server::Server;

/// Events handed in at once.
const CHUNK_EVENTS: usize = 1_000;

/// Chunks that wait at the same time.
const CHUNKS_WAITING: usize = 4;

/// Writes events into the ledger in `folder`; each has to be applied. Gives the journal's length.
pub async fn write(
    folder: &Path,
    what: &str,
    events: impl Iterator<Item = Event>,
) -> anyhow::Result<u64> {
    let begun = Instant::now();
    let config =
        Config { data: folder.to_owned(), listen: "127.0.0.1:0".to_owned(), ..Config::default() };
    let server = Server::start(config, Arc::new(SystemClock)).await?;
    let ledger = &server.state().ledger;
    let mut events = events.map(Input::Event);
    let chunks = std::iter::from_fn(|| {
        let chunk: Vec<Input> = events.by_ref().take(CHUNK_EVENTS).collect();
        (!chunk.is_empty()).then_some(chunk)
    });
    let actor: Arc<str> = Arc::from("bench");
    let submitted = chunks.map(|chunk| ledger.submit(chunk, Arc::clone(&actor)));
    let mut answers = stream::iter(submitted).buffered(CHUNKS_WAITING);
    let mut count: u64 = 0;
    while let Some(answered) = answers.next().await {
        for answer in answered? {
            let Answer::Event(result) = answer else { bail!("{answer:?} answers no event") };
            ensure!(result.outcome == Outcome::Applied, "not applied: {result:?}");
            count += 1;
        }
    }
    drop(answers);
    let seq = ledger.seq();
    server.stop().await?;
    let taken_s = begun.elapsed().as_secs_f64();
    eprintln!("   {what}: {count} events in {taken_s:.1} s");
    Ok(seq)
}
