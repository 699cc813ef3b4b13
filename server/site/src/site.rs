//! Brings the website's folder up to date: only what changed is made again.

use crate::{
    layout::{Layout, Mode},
    manifest::{Manifest, VERSION},
    output, public, split, stylesheet, wasm,
};
use anyhow::{Context, Result};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

const MANIFEST: &str = "manifest.json";
/// The font that every page needs; the page may ask for it before the stylesheet does.
const FIRST_FONT: &str = "inter-basic";

/// Builds the website of `layout`.
pub(crate) fn build(layout: &Layout) -> Result<()> {
    let started = Instant::now();
    let module = wasm::compile(layout)?;
    let mut builder = Builder::new(layout)?;
    builder.bundle(&module)?;
    builder.public()?;
    builder.stylesheet()?;
    let changed = builder.finish()?;
    let state = if changed { "built" } else { "up to date" };
    let seconds = started.elapsed().as_secs_f64();
    eprintln!("site: {} {state} in {seconds:.1} s", layout.site().display());
    Ok(())
}

struct Builder<'a> {
    layout: &'a Layout,
    site: PathBuf,
    old: Manifest,
    new: Manifest,
    changed: bool,
}

impl<'a> Builder<'a> {
    fn new(layout: &'a Layout) -> Result<Self> {
        let site = layout.site();
        // An unreadable manifest means that everything is made again.
        let old = fs::read(site.join(MANIFEST))
            .ok()
            .and_then(|text| serde_json::from_slice::<Manifest>(&text).ok())
            .unwrap_or_default();
        let mode = layout.mode.name().to_owned();
        let new = Manifest { version: VERSION, mode, ..Manifest::default() };
        // Another version of this program may make other files from the same sources.
        let program = fs::read(std::env::current_exe()?)?;
        let mut builder = Self { layout, site, old, new, changed: false };
        builder.new.inputs.insert("program".to_owned(), output::digest(&program));
        if builder.new.inputs["program"]
            != *builder.old.inputs.get("program").unwrap_or(&String::new())
        {
            builder.old = Manifest::default();
        }
        Ok(builder)
    }

    /// Keeps the files of `input` if they were made from the same and are still there.
    fn kept(&mut self, input: &str, digest: &str, entries: &[&str]) -> bool {
        let same = self.old.inputs.get(input).is_some_and(|old| old == digest);
        self.new.inputs.insert(input.to_owned(), digest.to_owned());
        let files = self.old.files.iter().filter(|(_, file)| file.input == input);
        let files: Vec<_> = files.map(|(path, file)| (path.clone(), file.clone())).collect();
        let there = |(path, file): &(String, _)| {
            output::paths(&self.site, path, file).iter().all(|path| path.is_file())
        };
        if !same || !files.iter().all(there) {
            self.changed = true;
            return false;
        }
        self.new.files.extend(files);
        for entry in entries {
            if let Some(path) = self.old.entries.get(*entry) {
                self.new.entries.insert((*entry).to_owned(), path.clone());
            }
        }
        true
    }

    /// Writes one file; with an entry name, under a path that holds its digest.
    fn add(&mut self, path: &str, content: &[u8], input: &str) -> Result<()> {
        let file = output::write(&self.site, path, content, self.layout.mode, input)?;
        self.new.files.insert(path.to_owned(), file);
        Ok(())
    }

    fn add_entry(
        &mut self,
        entry: &str,
        ending: &str,
        content: &[u8],
        input: &str,
    ) -> Result<String> {
        let name = format!("onhand-{}.{ending}", output::digest(content));
        let path = format!("/pkg/{name}");
        self.add(&path, content, input)?;
        self.new.entries.insert(entry.to_owned(), path);
        Ok(name)
    }

    fn bundle(&mut self, module: &Path) -> Result<()> {
        let bytes =
            fs::read(module).with_context(|| format!("{} cannot be read", module.display()))?;
        if self.kept("wasm", &output::digest(&bytes), &["js", "wasm", "later"]) {
            return Ok(());
        }
        let bundle = wasm::bind(&bytes, self.layout)?;
        let mut script = bundle.script;
        for (import, snippet) in &bundle.snippets {
            let name = format!("snippet-{}.js", output::digest(snippet.as_bytes()));
            self.add(&format!("/pkg/{name}"), snippet.as_bytes(), "wasm")?;
            script = script.replace(import, &format!("./{name}"));
        }
        let wasm_name = self.add_entry("wasm", "wasm", &bundle.wasm, "wasm")?;
        let later_name = self.add_entry("later", "wasm", &bundle.later, "wasm")?;
        script = script.replace(split::LATER, &format!("./{later_name}"));
        script.push_str(&wasm::starter(&wasm_name));
        self.add_entry("js", "js", script.as_bytes(), "wasm")?;
        Ok(())
    }

    fn stylesheet(&mut self) -> Result<()> {
        let mut inputs = stylesheet::inputs(self.layout)?;
        let fonts = public::fonts(self.layout)?;
        inputs.extend(fonts.iter().map(|font| font.file.clone()));
        if !self.kept("css", &digest_of(&inputs)?, &["css", "font"]) {
            let mut css = stylesheet::compile(self.layout)?;
            for font in &fonts {
                let content = fs::read(&font.file)?;
                let path = format!("/pkg/{}-{}.woff2", font.stem, output::digest(&content));
                self.add(&path, &content, "css")?;
                css = css.replace(&font.path, &path);
                if font.stem == FIRST_FONT {
                    self.new.entries.insert("font".to_owned(), path);
                }
            }
            self.add_entry("css", "css", css.as_bytes(), "css")?;
        }
        Ok(())
    }

    fn public(&mut self) -> Result<()> {
        let files = public::files(self.layout)?;
        let paths: Vec<PathBuf> = files.iter().map(|(_, file)| file.clone()).collect();
        if self.kept("public", &digest_of(&paths)?, &[]) {
            return Ok(());
        }
        for (path, file) in &files {
            self.add(path, &fs::read(file)?, "public")?;
        }
        Ok(())
    }

    /// Writes the manifest, then removes what it no longer names.
    fn finish(mut self) -> Result<bool> {
        if self.changed {
            let all: Vec<String> = self.new.files.values().map(|file| file.hash.clone()).collect();
            self.new.build_id = output::digest(all.concat().as_bytes());
            let text = serde_json::to_vec_pretty(&self.new)?;
            output::replace(&self.site.join(MANIFEST), &text)?;
        }
        self.remove_stale()?;
        self.report();
        Ok(self.changed)
    }

    fn remove_stale(&self) -> Result<()> {
        let files = self.new.files.iter();
        let mut wanted: BTreeSet<PathBuf> =
            files.flat_map(|(path, file)| output::paths(&self.site, path, file)).collect();
        wanted.insert(self.site.join(MANIFEST));
        // The site folder may lie outside the root when CARGO_TARGET_DIR does.
        let site = Layout { root: self.site.clone(), ..self.layout.clone() };
        for path in site.files_below("")? {
            if !wanted.contains(&path) {
                fs::remove_file(&path)
                    .with_context(|| format!("the stale {} cannot go", path.display()))?;
            }
        }
        Ok(())
    }

    fn report(&self) {
        eprintln!("  {:>9}  {:>9}  {:>9}", "bytes", "gzip", "brotli");
        for (path, file) in &self.new.files {
            let size = |bytes: Option<usize>| bytes.map_or("-".to_owned(), |n| n.to_string());
            let (gzip, brotli) = (size(file.gzip_bytes), size(file.brotli_bytes));
            eprintln!("  {:>9}  {gzip:>9}  {brotli:>9}  {path}", file.bytes);
        }
        if self.layout.mode == Mode::Dev {
            eprintln!("  (sizes of the dev build, which is not made small)");
        }
    }
}

/// One digest over the names and contents of many files.
fn digest_of(files: &[PathBuf]) -> Result<String> {
    let mut digests = String::new();
    for file in files {
        let content =
            fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
        digests.push_str(&file.to_string_lossy());
        digests.push_str(&output::digest(&content));
    }
    Ok(output::digest(digests.as_bytes()))
}
