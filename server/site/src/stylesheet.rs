//! Compiles the stylesheet: the tokens, the base layer, and the utilities that the pages use.

use crate::{classes, layout::Layout};
use anyhow::{Context, Result};
use std::{collections::BTreeSet, fs, path::Path};

/// The sources of the stylesheet, in the order in which they end up in it.
const STYLE_FILES: [&str; 6] = [
    "style/tokens.css",
    "style/base.css",
    "style/components.css",
    "style/table.css",
    "style/shell.css",
    "style/pages.css",
];
const CONFIGURATION: &str = "style/encre-css.toml";
const PAGES: &str = "app/src";

/// Every file that the stylesheet is made from.
pub(crate) fn inputs(layout: &Layout) -> Result<Vec<std::path::PathBuf>> {
    let mut files = page_sources(layout)?;
    files.extend(STYLE_FILES.iter().chain([&CONFIGURATION]).map(|name| layout.root.join(name)));
    Ok(files)
}

/// The whole stylesheet, without comments and needless white space.
pub(crate) fn compile(layout: &Layout) -> Result<String> {
    let mut css = String::new();
    for name in STYLE_FILES {
        css.push_str(&read(&layout.root.join(name))?);
        css.push('\n');
    }
    let mut candidates = BTreeSet::new();
    for file in page_sources(layout)? {
        candidates.extend(classes::candidates(&read(&file)?));
    }
    // A class that base.css defines is ours: no utility of the same name may change it.
    let own = defined(&css);
    let config = configuration(layout)?;
    let utilities = candidates.iter().map(String::as_str).filter(|name| !own.contains(*name));
    css.push_str(&encre_css::generate(utilities, &config));
    Ok(minify(&css))
}

/// The classes that the pages use and that no rule exists for, sorted.
pub(crate) fn unknown_classes(layout: &Layout) -> Result<Vec<String>> {
    let mut own = BTreeSet::new();
    for name in STYLE_FILES {
        own.extend(defined(&read(&layout.root.join(name))?));
    }
    let config = configuration(layout)?;
    let mut used = BTreeSet::new();
    for file in page_sources(layout)? {
        used.extend(classes::used(&read(&file)?));
    }
    Ok(used.into_iter().filter(|class| !has_rule(class, &own, &config)).collect())
}

fn has_rule(class: &str, own: &BTreeSet<String>, config: &encre_css::Config) -> bool {
    if let Some((prefix, _)) = class.split_once('{') {
        // `format!("badge-{tone}")`: only safe where base.css has the whole family. A word that is
        // all placeholder stands for names that are checked where they are written.
        return prefix.is_empty() || own.iter().any(|name| name.starts_with(prefix));
    }
    own.contains(class) || !encre_css::generate([class], config).is_empty()
}

fn configuration(layout: &Layout) -> Result<encre_css::Config> {
    let path = layout.root.join(CONFIGURATION);
    encre_css::Config::from_file(&path)
        .map_err(|error| anyhow::anyhow!("{} is not usable: {error}", path.display()))
}

fn page_sources(layout: &Layout) -> Result<Vec<std::path::PathBuf>> {
    let mut files = layout.files_below(PAGES)?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    Ok(files)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
}

/// The class names that a hand-written stylesheet has rules for.
fn defined(css: &str) -> BTreeSet<String> {
    let css = minify(css);
    css.split('.')
        .skip(1)
        .filter(|rest| rest.starts_with(|first: char| first.is_ascii_alphabetic()))
        .map(|rest| {
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'));
            rest[..end.unwrap_or(rest.len())].to_owned()
        })
        .collect()
}

/// Drops comments and needless white space; quoted strings stay as they are.
fn minify(css: &str) -> String {
    let mut small = String::with_capacity(css.len());
    let mut rest = css;
    while let Some(first) = rest.chars().next() {
        if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.find("*/").map_or("", |end| &comment[end + 2..]);
        } else if first == '"' || first == '\'' {
            let end = rest[1..].find(first).map_or(rest.len(), |end| end + 2);
            small.push_str(&rest[..end]);
            rest = &rest[end..];
        } else if first.is_whitespace() {
            rest = rest.trim_start();
            let joins = |c: char| matches!(c, '{' | '}' | ';' | ',');
            if !(small.is_empty() || small.ends_with(joins) || rest.starts_with(joins)) {
                small.push(' ');
            }
        } else {
            // A space that a comment left behind, and the last semicolon of a rule.
            if matches!(first, '{' | '}' | ';' | ',') && small.ends_with(' ') {
                small.pop();
            }
            if first == '}' && small.ends_with(';') {
                small.pop();
            }
            small.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    small.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::Mode;

    #[test]
    fn every_class_of_the_pages_has_a_rule() {
        let layout = Layout::find(Mode::Dev).unwrap();
        let unknown = unknown_classes(&layout).unwrap();
        assert!(
            unknown.is_empty(),
            "these classes of app/ have no rule in style/base.css and encre-css knows none:\n  {}",
            unknown.join("\n  ")
        );
    }

    #[test]
    fn a_class_without_a_rule_is_found_out() {
        let layout = Layout::find(Mode::Dev).unwrap();
        let config = configuration(&layout).unwrap();
        let own = defined(".badge-ok { top: .5rem } .card > .no-1:hover, a.b{}");
        assert_eq!(own.iter().collect::<Vec<_>>(), ["b", "badge-ok", "card", "no-1"]);
        assert!(has_rule("badge-{tone}", &own, &config));
        assert!(has_rule("md:grid-cols-2", &own, &config));
        assert!(!has_rule("no-such-class", &own, &config));
        assert!(!has_rule("text-{tone}", &own, &config));
    }

    #[test]
    fn minifying_keeps_meaning() {
        let css = "/* why */ a  >  b /* x */ ,\n c { color : red ;\n  content: \"a  ; }\" ; }\n";
        assert_eq!(minify(css), "a > b,c{color : red;content: \"a  ; }\"}");
        assert_eq!(minify("a{b:calc(1px + 2px)}\n\n.c .d{}"), "a{b:calc(1px + 2px)}.c .d{}");
    }

    #[test]
    fn the_real_stylesheet_compiles() {
        let css = compile(&Layout::find(Mode::Dev).unwrap()).unwrap();
        assert!(css.contains("--surface") && css.contains(".btn-primary"));
        assert_eq!(css.matches('{').count(), css.matches('}').count());
    }
}
