//! Finds the class names that Rust sources use.
//!
//! A class name counts where it is written whole in one of these places:
//!
//! - `class="a b"` and any string inside `class={…}`, `class=move || …`, `class=format!(…)`;
//! - `class=("a", condition)`, `class=(["a", "b"], condition)` and `class:a=condition`;
//! - the body of a function, or the value of a constant, whose name ends in `class` or `classes`.
//!
//! Strings that are only compared with (`== "x"`, `"x" =>`) are not class names.

use crate::lexer::{Token, tokens};
use std::collections::BTreeSet;

/// The class names used in `source`.
pub(crate) fn used(source: &str) -> BTreeSet<String> {
    let tokens = tokens(source);
    let mut found = BTreeSet::new();
    for at in 0..tokens.len() {
        if let Some(texts) = class_texts(&tokens, at) {
            found.extend(texts.iter().flat_map(|text| words(text)));
        } else if let Some(name) = directive(&tokens, at) {
            found.insert(name);
        }
    }
    found
}

/// Every word of every string in `source`, and every `class:name`: what the generator is offered.
pub(crate) fn candidates(source: &str) -> BTreeSet<String> {
    let tokens = tokens(source);
    let texts = tokens.iter().filter_map(|token| match token {
        Token::Text(text) => Some(text),
        Token::Word(_) | Token::Mark(_) => None,
    });
    let mut found: BTreeSet<String> = texts.flat_map(|text| words(text)).collect();
    found.extend((0..tokens.len()).filter_map(|at| directive(&tokens, at)));
    found
}

fn words(text: &str) -> Vec<String> {
    // A backslash at the end of a line continues the literal.
    text.split(|character: char| character.is_whitespace() || character == '\\')
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The strings of the class attribute, function or constant that starts at `at`.
fn class_texts(tokens: &[Token], at: usize) -> Option<Vec<&str>> {
    let Token::Word(word) = &tokens[at] else { return None };
    let next = tokens.get(at + 1)?;
    if word == "class" && next.is('=') && !tokens.get(at + 2)?.is('=') {
        return Some(attribute_texts(tokens, at + 2));
    }
    let Token::Word(name) = next else { return None };
    let lower = name.to_lowercase();
    if !(lower.ends_with("class") || lower.ends_with("classes")) {
        return None;
    }
    let open = match word.as_str() {
        "fn" => '{',
        "const" | "static" => '=',
        _ => return None,
    };
    let start = at + tokens[at..].iter().position(|token| token.is(open))?;
    let end = if open == '{' {
        closing(tokens, start)
    } else {
        start + tokens[start..].iter().position(|token| token.is(';'))?
    };
    Some(texts_between(tokens, start, end))
}

fn attribute_texts(tokens: &[Token], start: usize) -> Vec<&str> {
    match tokens.get(start) {
        Some(Token::Text(text)) => vec![text],
        // `("name", condition)`: only what stands before the comma is a name.
        Some(Token::Mark('(')) => {
            let end = closing(tokens, start);
            let first = if tokens.get(start + 1).is_some_and(|token| token.is('[')) {
                closing(tokens, start + 1)
            } else {
                let comma = tokens[start..end].iter().position(|token| token.is(','));
                comma.map_or(end, |offset| start + offset)
            };
            texts_between(tokens, start, first)
        }
        Some(Token::Mark('{' | '[')) => texts_between(tokens, start, closing(tokens, start)),
        Some(_) => texts_between(tokens, start, expression_end(tokens, start)),
        None => Vec::new(),
    }
}

/// The end of an expression that stands without braces as an attribute's value.
fn expression_end(tokens: &[Token], start: usize) -> usize {
    let mut depth = 0_usize;
    for at in start..tokens.len() {
        let next = tokens.get(at + 1);
        match &tokens[at] {
            Token::Mark('(' | '[' | '{') => depth += 1,
            Token::Mark(')' | ']' | '}' | ';') if depth == 0 => return at,
            Token::Mark(')' | ']' | '}') => depth -= 1,
            // The tag's end, unless it is an arrow's.
            Token::Mark('>')
                if depth == 0 && !(tokens[at - 1].is('-') || tokens[at - 1].is('=')) =>
            {
                return at;
            }
            // The next attribute: `name=` or `name:…`, but not `==` nor a path.
            Token::Word(_)
                if depth == 0 && at > start && next.is_some_and(|n| n.is('=') || n.is(':')) =>
            {
                let after = tokens.get(at + 2);
                let twice = after.is_some_and(|token| token.is('=') || token.is(':'));
                let binding = tokens[at - 1].is_word("let");
                if !twice && !binding {
                    return at;
                }
            }
            Token::Mark(_) | Token::Word(_) | Token::Text(_) => {}
        }
    }
    tokens.len()
}

/// The index of the bracket that closes the one at `open`.
fn closing(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token {
            Token::Mark('(' | '[' | '{') => depth += 1,
            Token::Mark(')' | ']' | '}') => {
                depth -= 1;
                if depth == 0 {
                    return at;
                }
            }
            Token::Mark(_) | Token::Word(_) | Token::Text(_) => {}
        }
    }
    tokens.len()
}

fn texts_between(tokens: &[Token], start: usize, end: usize) -> Vec<&str> {
    (start..end)
        .filter_map(|at| match &tokens[at] {
            Token::Text(text) if !compared(tokens, at) => Some(text.as_str()),
            Token::Text(_) | Token::Word(_) | Token::Mark(_) => None,
        })
        .collect()
}

/// Whether the string at `at` is only compared with: `== "x"`, `!= "x"`, `"x" =>`, `"x" | "y"`.
fn compared(tokens: &[Token], at: usize) -> bool {
    let mark = |index: Option<usize>, wanted: char| {
        index.and_then(|index| tokens.get(index)).is_some_and(|token| token.is(wanted))
    };
    let before = |back: usize| at.checked_sub(back);
    let equals = mark(before(1), '=') && (mark(before(2), '=') || mark(before(2), '!'));
    let arm = mark(Some(at + 1), '=') && mark(Some(at + 2), '>');
    let choice = mark(Some(at + 1), '|') || mark(before(1), '|') && mark(before(2), '"');
    equals || arm || choice || mark(Some(at + 1), '=') && mark(Some(at + 2), '=')
}

/// The name in `class:name=`, which may hold dashes.
fn directive(tokens: &[Token], at: usize) -> Option<String> {
    if !(tokens[at].is_word("class") && tokens.get(at + 1)?.is(':')) {
        return None;
    }
    let mut name = String::new();
    for token in &tokens[at + 2..] {
        match token {
            Token::Word(word) => name.push_str(word),
            Token::Mark('-') => name.push('-'),
            Token::Mark('=') if !name.is_empty() => return Some(name),
            Token::Mark(_) | Token::Text(_) => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(source: &str) -> Vec<String> {
        used(source).into_iter().collect()
    }

    #[test]
    fn an_attribute_with_a_literal() {
        assert_eq!(found(r#"<p class="b a" id="no">"Text"</p>"#), ["a", "b"]);
    }

    #[test]
    fn an_attribute_with_an_expression() {
        let source = r#"<p class=move || if kind.get() == "no" { "a" } else { "b" } id="no">"no""#;
        assert_eq!(found(source), ["a", "b"]);
        assert_eq!(found(r#"<p class={format!("a {}", b)}>"no""#), ["a", "{}"]);
    }

    #[test]
    fn a_tuple_and_a_directive() {
        let source =
            r#"<p class=("a", move || x == "no") class=(["b", "c"], y("no")) class:d-e=z>"#;
        assert_eq!(found(source), ["a", "b", "c", "d-e"]);
    }

    #[test]
    fn a_function_and_a_constant_named_for_it() {
        let source = r#"fn tone_class(o: &str) -> &str { match o { "no" => "a", _ => "b" } }
            const ROW_CLASS: &str = "c"; fn other() { "no" }"#;
        assert_eq!(found(source), ["a", "b", "c"]);
    }

    #[test]
    fn candidates_are_all_strings() {
        let all = candidates(r#"let x = "a b"; <p class:c=y> // "no""#);
        assert_eq!(all.into_iter().collect::<Vec<_>>(), ["a", "b", "c"]);
    }
}
