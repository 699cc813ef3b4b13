//! `onhand bench seed`.

use std::io::{self, Write as _};
use std::time::Instant;

use clap::Args;

use crate::bench::{Plan, Shop, Written, write};
use crate::config::Config;
use crate::server::settings;

/// What is seeded.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Wanted {
    /// Levels: the stock of one SKU at one location; a fifth are second locations of the same SKU
    #[arg(long, value_name = "N")]
    levels: usize,
    /// Records of the journal, those included by which SKUs and their stock become known
    #[arg(long, value_name = "M")]
    events: u64,
    /// Another shop for each number
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
}

/// Writes a large ledger into the data folder, which must not hold one.
pub(super) async fn seed(config: &Config, wanted: Wanted) -> anyhow::Result<()> {
    let Wanted { levels, events, seed } = wanted;
    let shop = Shop::new(Plan { levels, events, seed })?;
    let bar = super::progress::events(events);
    bar.set_message("seeding");
    let begun = Instant::now();
    let written = write(&config.data, settings(config), shop, |done| bar.set_position(done)).await;
    bar.finish_and_clear();
    let Written { seq, not_applied } = written?;
    let rate = super::verify::rate(seq, begun.elapsed());
    let taken = begun.elapsed().as_secs_f64();
    writeln!(
        io::stdout(),
        "seq {seq}\nlevels {levels}\nnot applied {not_applied}\n{rate} events/s, {taken:.1} s"
    )?;
    Ok(())
}
