//! Measures the colours of `style/tokens.css` against WCAG 2.2 AA, in both themes.

use crate::layout::{Layout, Mode};
use std::{collections::BTreeMap, fs};

/// WCAG 2.2, 1.4.3: text against what is behind it.
const TEXT_RATIO: f64 = 4.5;
/// WCAG 2.2, 1.4.11: borders of controls, marks that carry meaning, the focus ring.
const MARK_RATIO: f64 = 3.0;

type Theme = BTreeMap<String, [f64; 3]>;

/// The tokens that are plain colours: `--name: light-dark(#light, #dark);` or `--name: #both;`.
fn themes() -> [Theme; 2] {
    let layout = Layout::find(Mode::Dev).unwrap();
    let css = fs::read_to_string(layout.root.join("style/tokens.css")).unwrap();
    let mut themes = [Theme::new(), Theme::new()];
    for line in css.lines() {
        let Some((name, value)) = line.trim().strip_prefix("--").and_then(|l| l.split_once(':'))
        else {
            continue;
        };
        let colours: Vec<[f64; 3]> = value
            .split('#')
            .skip(1)
            .filter_map(|text| text.get(..6))
            .filter_map(|text| u32::from_str_radix(text, 16).ok())
            .map(|rgb| [rgb >> 16, rgb >> 8, rgb].map(|part| f64::from(part & 255) / 255.0))
            .collect();
        if let (Some(light), Some(dark)) = (colours.first(), colours.last()) {
            themes[0].insert(name.to_owned(), *light);
            themes[1].insert(name.to_owned(), *dark);
        }
    }
    themes
}

/// The relative luminance of WCAG.
fn luminance(colour: [f64; 3]) -> f64 {
    let [red, green, blue] = colour.map(|part| {
        if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    });
    0.2126f64.mul_add(red, 0.7152f64.mul_add(green, 0.0722 * blue))
}

fn ratio(one: [f64; 3], other: [f64; 3]) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn colours_reach_the_contrast_of_wcag_aa() {
    let mut pairs: Vec<(String, String, f64)> = Vec::new();
    let mut pair = |front: &str, back: &str, least: f64| {
        pairs.push((front.to_owned(), back.to_owned(), least));
    };
    let tones = ["ok", "warn", "danger", "info", "accent"];
    for surface in ["bg", "sidebar", "surface", "surface-2", "surface-3", "surface-raised"] {
        for text in ["text", "text-2", "text-3"] {
            pair(text, surface, TEXT_RATIO);
        }
        for tone in tones {
            pair(&format!("{tone}-text"), surface, TEXT_RATIO);
        }
    }
    for tone in tones {
        pair(&format!("{tone}-text"), &format!("{tone}-soft"), TEXT_RATIO);
        pair("text", &format!("{tone}-soft"), TEXT_RATIO);
    }
    for fill in ["accent", "accent-hover", "danger-fill", "danger-fill-hover"] {
        pair("on-fill", fill, TEXT_RATIO);
    }
    for mark in ["border-control", "focus"] {
        pair(mark, "surface", MARK_RATIO);
        pair(mark, "bg", MARK_RATIO);
    }
    let mut failures = Vec::new();
    for (name, theme) in ["light", "dark"].iter().zip(themes()) {
        for (front, back, least) in &pairs {
            let found = ratio(theme[front.as_str()], theme[back.as_str()]);
            if found < *least {
                failures.push(format!("{name}: --{front} on --{back} is {found:.2}, not {least}"));
            }
        }
    }
    assert!(failures.is_empty(), "too little contrast:\n  {}", failures.join("\n  "));
}

#[test]
fn black_on_white_is_21() {
    assert!((ratio([0.0; 3], [1.0; 3]) - 21.0).abs() < 1e-9);
}
