//! Puts the website into the binary when `ONHAND_EMBED_SITE` names its folder.
//!
//! `make demo` sets it, so that the release binary holds everything. Without it (a plain
//! `cargo build` or `cargo test`) the table is empty, and the server reads the folder at start.

use std::{
    env,
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    // `sqlx::migrate!` reads the folder while compiling.
    println!("cargo::rerun-if-changed=../migrations");
    println!("cargo::rerun-if-env-changed=ONHAND_EMBED_SITE");
    let mut table = String::from("&[\n");
    if let Some(folder) = env::var_os("ONHAND_EMBED_SITE") {
        let site = fs::canonicalize(&folder).map_err(|error| {
            io::Error::other(format!("ONHAND_EMBED_SITE={}: {error}", folder.display()))
        })?;
        // Every build of the site ends with a new manifest.
        println!("cargo::rerun-if-changed={}", site.join("manifest.json").display());
        add(&site, &site, &mut table)?;
    }
    table.push(']');
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    fs::write(PathBuf::from(out).join("embedded_site.rs"), table)
}

fn add(site: &Path, folder: &Path, table: &mut String) -> io::Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::path);
    for entry in entries {
        let path = entry.path();
        if path.is_dir() {
            add(site, &path, table)?;
        } else {
            let name = path.strip_prefix(site).map_err(io::Error::other)?;
            let name = name.to_string_lossy();
            writeln!(table, "    ({name:?}, include_bytes!({:?})),", path.to_string_lossy())
                .map_err(io::Error::other)?;
        }
    }
    Ok(())
}
