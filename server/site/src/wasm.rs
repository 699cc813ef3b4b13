//! Compiles the browser's copy of the pages and makes the script that loads it.

use crate::{
    layout::{Layout, Mode},
    split::{self},
};
use anyhow::{Context, Result, bail};
use std::{
    path::PathBuf,
    process::{Command, Stdio},
};
use wasm_bindgen_cli_support::Bindgen;

const PACKAGE: &str = "onhand-frontend";
const TARGET: &str = "wasm32-unknown-unknown";

/// What the browser loads.
pub(crate) struct Bundle {
    /// The wasm module, ready to ship.
    pub(crate) wasm: Vec<u8>,
    /// The second module, which the script loads when it is needed.
    pub(crate) later: Vec<u8>,
    /// The glue that wasm-bindgen made, which does not start anything by itself.
    pub(crate) script: String,
    /// Scripts that the glue imports, by the path it imports them under.
    pub(crate) snippets: Vec<(String, String)>,
}

/// Lets cargo compile the frontend crate; gives the path of the module it made.
pub(crate) fn compile(layout: &Layout) -> Result<PathBuf> {
    // Set by server/site/toolchain.sh where rustup's target cannot be had.
    let cargo = std::env::var("ONHAND_WASM_CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = Command::new(&cargo);
    command.current_dir(&layout.root).args(["build", "--lib", "-p", PACKAGE, "--target", TARGET]);
    command.arg("--message-format=json-render-diagnostics");
    if layout.mode == Mode::Release {
        command.args(["--profile", "wasm-release"]);
    }
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("{cargo} cannot be started"))?;
    if !output.status.success() {
        bail!("cargo could not compile {PACKAGE} for {TARGET} (see above)");
    }
    artifact(&String::from_utf8_lossy(&output.stdout))
        .context("cargo compiled the frontend but named no .wasm file")
}

/// The module's path among cargo's messages, one JSON object a line.
fn artifact(messages: &str) -> Option<PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["reason"] == "compiler-artifact")
        .filter_map(|message| message["filenames"].as_array().cloned())
        .flatten()
        .filter_map(|name| name.as_str().map(PathBuf::from))
        .rfind(|path| path.extension().is_some_and(|extension| extension == "wasm"))
}

/// Splits a compiled program and runs wasm-bindgen on its first half.
pub(crate) fn bind(program: &[u8], layout: &Layout) -> Result<Bundle> {
    let release = layout.mode == Mode::Release;
    let halves = split::split(program, &layout.target.join("split"), !release)?;
    let mut output = Bindgen::new()
        .input_bytes("onhand", halves.first.clone())
        .web(true)?
        .typescript(false)
        .omit_default_module_path(true)
        // The second half needs what the linker lets the first one export, under its own name.
        .keep_lld_exports(true)
        .demangle(false)
        .remove_name_section(release)
        .remove_producers_section(release)
        .generate_output()?;
    let inline = output.snippets().iter().flat_map(|(folder, scripts)| {
        let name = move |(index, script): (usize, &String)| {
            (format!("./snippets/{folder}/inline{index}.js"), script.clone())
        };
        scripts.iter().enumerate().map(name)
    });
    let local = output.local_modules().iter();
    let local = local.map(|(path, script)| (format!("./snippets/{path}"), script.clone()));
    let mut snippets: Vec<(String, String)> = inline.chain(local).collect();
    snippets.sort();
    let script = halves.with_loader(output.js())?;
    let wasm = output.wasm_mut().emit_wasm();
    Ok(Bundle { script, wasm, later: halves.later, snippets })
}

/// What makes the glue a complete script: it fetches the module that lies beside it and hydrates.
///
/// The page then needs no inline script for it, and `data-hydrated` on `<html>` tells when the
/// page is live (the browser tests wait for it).
pub(crate) fn starter(wasm_name: &str) -> String {
    format!(
        "\n__wbg_init({{ module_or_path: new URL(\"./{wasm_name}\", import.meta.url) }})\
         .then(() => hydrate())\
         .then(() => {{ document.documentElement.dataset.hydrated = \"true\"; }})\
         .catch((error) => console.error(\"The page works, but cannot become live:\", error));\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_artifact_is_found_among_the_messages() {
        let messages = concat!(
            "not json\n",
            r#"{"reason":"compiler-artifact","filenames":["/t/libleptos.rlib"]}"#,
            "\n",
            r#"{"reason":"compiler-artifact","filenames":["/t/onhand_frontend.wasm"]}"#,
            "\n",
            r#"{"reason":"build-finished","success":true}"#,
        );
        assert_eq!(artifact(messages), Some(PathBuf::from("/t/onhand_frontend.wasm")));
        assert_eq!(artifact(""), None);
    }
}
