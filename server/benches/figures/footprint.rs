//! F8: what the program holds in memory, and how large it and its website are.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde::Deserialize;

use super::place::target;
use super::program::{BINARY, Program};
use super::report::{Aim, Unit};
use super::workload::{LEVELS, Skus};
use super::{Bench, large, restart, runtime, seed};

/// How long a server is left alone before its memory is looked at.
const IDLE: Duration = Duration::from_secs(2);

const NAME: &str = "F8";

/// F8.
pub fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let stocked = bench.place.folder("stocked")?;
    let skus = Skus::new(LEVELS)?;
    let runtime = runtime()?;
    runtime.block_on(seed::write(&stocked, "stocking", skus.stock()))?;
    let large = runtime.block_on(large::ledger(bench, NAME, &restart::PLAN))?;
    bench.each_round(|bench, _| {
        let empty = bench.place.folder("empty")?;
        let aim = Aim::AtMost(60e6);
        bench.report.add(NAME, "memory, empty ledger", Unit::Megabytes, aim, idle(&empty)?);
        let aim = Aim::AtMost(120e6);
        bench.report.add(NAME, "memory, 100,000 levels", Unit::Megabytes, aim, idle(&stocked)?);
        let aim = Aim::AtMost(600e6);
        bench.report.add(NAME, "memory, 1,000,000 levels", Unit::Megabytes, aim, idle(&large)?);
        Ok(())
    })?;
    sizes(bench)?;
    website(bench)
}

/// The memory of a server that does nothing, in bytes.
fn idle(folder: &Path) -> anyhow::Result<f64> {
    let program = Program::serve(folder)?;
    std::thread::sleep(IDLE);
    let bytes = program.resident_bytes()?;
    program.stop()?;
    Ok(bytes as f64)
}

fn sizes(bench: &mut Bench) -> anyhow::Result<()> {
    let add = |bench: &mut Bench, what, path: &Path| {
        let bytes = fs::metadata(path)?.len() as f64;
        bench.report.add(NAME, what, Unit::Megabytes, Aim::None, bytes);
        anyhow::Ok(())
    };
    add(bench, "binary", Path::new(BINARY))?;
    let stripped = bench.place.folder("stripped")?.join("onhand");
    let strip = Command::new("strip").arg("-o").arg(&stripped).arg(BINARY).status();
    if strip.is_ok_and(|status| status.success()) {
        add(bench, "binary without debug information", &stripped)?;
    }
    Ok(())
}

/// The website's manifest, as far as it matters here.
#[derive(Deserialize)]
struct Manifest {
    mode: String,
    entries: BTreeMap<String, String>,
    files: BTreeMap<String, File>,
}

#[derive(Deserialize)]
struct File {
    brotli_bytes: Option<u64>,
    bytes: u64,
}

/// What a browser loads for the first page may weigh, compressed: 300 kB, of 1,000 bytes each.
const PAGE_MAX_BYTES: f64 = 300e3;

/// The compressed size of what a page loads. Of the program only the first half: the second one
/// comes when the page is live already, or with the pages that need it.
fn website(bench: &mut Bench) -> anyhow::Result<()> {
    let path = target().join("site/manifest.json");
    let Ok(text) = fs::read_to_string(&path) else {
        bench.report.remark("F8: the website is not built, so its size is not known: `make site`");
        return Ok(());
    };
    let manifest: Manifest = serde_json::from_str(&text)?;
    if manifest.mode != "release" {
        bench.report.remark("F8: the website is a build for development");
    }
    let mut all = 0;
    for entry in ["wasm", "js", "css", "font", "later"] {
        let file = manifest.entries.get(entry).and_then(|path| manifest.files.get(path));
        let Some(File { brotli_bytes, bytes }) = file else { continue };
        let sent = brotli_bytes.unwrap_or(*bytes);
        let what = format!("{entry}, as it is sent (brotli)");
        bench.report.add(NAME, &what, Unit::Kilobytes, Aim::None, sent as f64);
        if entry != "later" {
            all += sent;
        }
    }
    let what = "wasm, js, css and font together";
    bench.report.add(NAME, what, Unit::Kilobytes, Aim::AtMost(PAGE_MAX_BYTES), all as f64);
    Ok(())
}
