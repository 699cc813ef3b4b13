//! Just enough of Rust's lexical rules to tell string literals from comments and code.

/// One token of a Rust source, as far as class names are concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// A word: keyword, identifier or number.
    Word(String),
    /// The content of a string literal; escapes stay as written.
    Text(String),
    /// Any other character that is not white space.
    Mark(char),
}

impl Token {
    /// Whether this is the mark `mark`.
    pub(crate) fn is(&self, mark: char) -> bool {
        *self == Self::Mark(mark)
    }

    /// Whether this is the word `word`.
    pub(crate) fn is_word(&self, word: &str) -> bool {
        matches!(self, Self::Word(own) if own == word)
    }
}

/// Splits a Rust source into tokens; comments and character literals are dropped.
pub(crate) fn tokens(source: &str) -> Vec<Token> {
    let mut lexer = Lexer { rest: source, tokens: Vec::new() };
    while lexer.step() {}
    lexer.tokens
}

struct Lexer<'a> {
    rest: &'a str,
    tokens: Vec<Token>,
}

impl Lexer<'_> {
    fn step(&mut self) -> bool {
        self.rest = self.rest.trim_start();
        let Some(first) = self.rest.chars().next() else { return false };
        if self.rest.starts_with("//") {
            self.skip_past("\n");
        } else if self.rest.starts_with("/*") {
            self.skip_past("*/");
        } else if let Some(hashes) = raw_string_hashes(self.rest) {
            self.raw_string(hashes);
        } else if first == '"' || self.rest.starts_with("b\"") {
            self.string();
        } else if first == '\'' {
            self.quote();
        } else if first.is_alphanumeric() || first == '_' {
            let end = self
                .rest
                .find(|character: char| !(character.is_alphanumeric() || character == '_'))
                .unwrap_or(self.rest.len());
            self.tokens.push(Token::Word(self.rest[..end].to_owned()));
            self.rest = &self.rest[end..];
        } else {
            self.tokens.push(Token::Mark(first));
            self.rest = &self.rest[first.len_utf8()..];
        }
        true
    }

    fn skip_past(&mut self, end: &str) {
        self.rest = self.rest.find(end).map_or("", |at| &self.rest[at + end.len()..]);
    }

    fn raw_string(&mut self, hashes: usize) {
        let body = &self.rest[self.rest.find('"').map_or(0, |at| at + 1)..];
        let close = format!("\"{}", "#".repeat(hashes));
        let end = body.find(&close).unwrap_or(body.len());
        self.tokens.push(Token::Text(body[..end].to_owned()));
        self.rest = body.get(end + close.len()..).unwrap_or("");
    }

    fn string(&mut self) {
        let body = &self.rest[self.rest.find('"').map_or(0, |at| at + 1)..];
        let mut escaped = false;
        let end = body
            .find(|character: char| {
                let closes = character == '"' && !escaped;
                escaped = character == '\\' && !escaped;
                closes
            })
            .unwrap_or(body.len());
        self.tokens.push(Token::Text(body[..end].to_owned()));
        self.rest = body.get(end + 1..).unwrap_or("");
    }

    /// A character literal ('x', '\n', '"') or a lifetime ('a).
    fn quote(&mut self) {
        let body = &self.rest[1..];
        let mut characters = body.char_indices();
        match (characters.next(), characters.next()) {
            (Some((_, '\\')), Some((at, escaped))) => {
                let tail = &body[at + escaped.len_utf8()..];
                self.rest = tail.find('\'').map_or("", |end| &tail[end + 1..]);
            }
            (Some(_), Some((at, '\''))) => self.rest = &body[at + 1..],
            _ => self.rest = body,
        }
    }
}

/// The number of `#` of a raw string that starts here, if one does.
fn raw_string_hashes(rest: &str) -> Option<usize> {
    let after = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r'))?;
    let hashes = after.chars().take_while(|character| *character == '#').count();
    after[hashes..].starts_with('"').then_some(hashes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<String> {
        tokens(source)
            .into_iter()
            .filter_map(|token| match token {
                Token::Text(text) => Some(text),
                Token::Word(_) | Token::Mark(_) => None,
            })
            .collect()
    }

    #[test]
    fn strings_are_found_and_comments_are_not() {
        let source = r##"let a = "one"; // "two"
            /* "three" */ let b = r#"fo"ur"#; let c = '"'; let d = "fi\"ve"; fn e<'a>() { "six" }"##;
        assert_eq!(texts(source), ["one", "fo\"ur", "fi\\\"ve", "six"]);
    }

    #[test]
    fn an_unfinished_literal_ends_with_the_source() {
        assert_eq!(texts("\"open"), ["open"]);
        assert_eq!(texts("r#\"open"), ["open"]);
    }
}
