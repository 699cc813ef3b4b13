//! Splits the compiled program in two: what the first pages need, and the rest.

use anyhow::{Context, Result, anyhow, ensure};
use std::{fs, path::Path};
use walrus::ModuleConfig;
use wasm_split_cli_support::{Options, transform};

/// The path under which the script loads the second half.
pub(crate) const LATER: &str = "./split_later.wasm";
/// The function that loads it: the frontend calls what comes later `later`.
const LOAD: &str = "__wasm_split_load_later";
/// The script that the splitter makes, which has that function.
const LOADER: &str = "./__wasm_split.js";

/// A program in two modules.
pub(crate) struct Halves {
    /// What wasm-bindgen works on, and the browser gets first.
    pub(crate) first: Vec<u8>,
    /// What the first half loads when it needs it.
    pub(crate) later: Vec<u8>,
    loader: String,
}

/// Splits a program; the splitter writes into `folder`, which is emptied before.
pub(crate) fn split(program: &[u8], folder: &Path, names: bool) -> Result<Halves> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    let first = folder.join("first.wasm");
    let mut options = Options::new(program);
    options.output_dir = folder;
    options.main_out_path = &first;
    options.link_name = LOADER;
    let parts = transform(options).map_err(|error| anyhow!("it cannot be split: {error:#}"))?;
    let later = folder.join(LATER);
    ensure!(parts.split_modules.len() == 1, "split into {:?}", parts.split_modules);
    let read =
        |path: &Path| fs::read(path).with_context(|| format!("{} is missing", path.display()));
    Ok(Halves {
        first: read(&first)?,
        later: tidy(&read(&later)?, names)?,
        loader: String::from_utf8(read(&folder.join(LOADER))?)?,
    })
}

/// Writes a module in the shortest form, as wasm-bindgen does with the first half.
fn tidy(module: &[u8], names: bool) -> Result<Vec<u8>> {
    let mut config = ModuleConfig::new();
    config.generate_name_section(names).generate_producers_section(names);
    Ok(config.parse(module)?.emit_wasm())
}

impl Halves {
    /// Puts the loader into the glue, which imports it: of two scripts that import each other, none
    /// could be named by its content.
    pub(crate) fn with_loader(&self, glue: &str) -> Result<String> {
        let ending = format!(" from \"{LOADER}\"");
        let (import, name) = glue
            .lines()
            .find_map(|line| {
                let name = line.strip_suffix(&ending)?.strip_prefix("import * as ")?;
                Some((line, name))
            })
            .context("the glue does not import the loader")?;
        let lines = self.loader.lines().filter(|line| !line.starts_with("import "));
        let body: Vec<&str> =
            lines.map(|line| line.strip_prefix("export ").unwrap_or(line)).collect();
        let body = body.join("\n");
        let inside = format!("const {name} = (() => {{\n{body}\nreturn {{ {LOAD} }};\n}})();");
        Ok(glue.replacen(import, &inside, 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn halves(loader: &str) -> Halves {
        Halves { first: Vec::new(), later: Vec::new(), loader: loader.to_owned() }
    }

    #[test]
    fn the_loader_stands_where_it_was_imported() {
        let loader =
            "import { initSync } from \"./main.js\";\nexport const __wasm_split_load_later = 1;";
        let glue = "import * as import1 from \"./__wasm_split.js\"\nlet wasm;";
        let script = halves(loader).with_loader(glue).unwrap();
        assert_eq!(
            script,
            "const import1 = (() => {\nconst __wasm_split_load_later = 1;\n\
             return { __wasm_split_load_later };\n})();\nlet wasm;"
        );
        assert!(halves(loader).with_loader("let wasm;").is_err());
    }
}
