//! Texts of PostgreSQL's that mean the same although it prints them in two ways.
//!
//! `x IN ('a')` over a `varchar` is printed with casts that, read once more, are printed with others. Casts of constants between
//! kinds of text mean nothing, nor do parentheses inside parentheses.

use crate::Dialect;
use crate::lexer::{Lexer, TokenKind};

/// The kinds of text that a cast of a constant may go to.
const TEXT: [&str; 4] = ["text", "character varying", "varchar", "bpchar"];

/// The tokens without casts between kinds of text that follow a constant or an array of them, and without double parentheses.
pub(super) fn canonical(sql: &str) -> Vec<&str> {
    let mut lexer = Lexer::new(sql, Dialect::Postgres);
    let mut tokens: Vec<(TokenKind, &str)> = Vec::new();
    while let Some(token) = lexer.next_text() {
        tokens.push((token.kind, token.text));
    }
    let mut kept: Vec<(TokenKind, &str)> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let is_constant = kept.last().is_some_and(|(kind, text)| {
            (*kind == TokenKind::Quoted && text.ends_with('\'')) || matches!(*text, "]" | ")")
        });
        match cast(&tokens[at..]).filter(|_| is_constant) {
            Some(length) => at += length,
            None => {
                kept.push(tokens[at]);
                at += 1;
            }
        }
    }
    without_double_parentheses(kept.into_iter().map(|(_, text)| text).collect())
}

/// How many tokens a cast to a kind of text, or an array of it, takes.
fn cast(tokens: &[(TokenKind, &str)]) -> Option<usize> {
    let text = |at: usize| tokens.get(at).map(|(_, text)| *text);
    if text(0) != Some("::") {
        return None;
    }
    let two = format!("{} {}", text(1)?, text(2).unwrap_or_default());
    let mut length = if TEXT.contains(&two.as_str()) { 3 } else { 2 };
    if length == 2 && !TEXT.contains(&text(1)?) {
        return None;
    }
    if (text(length), text(length + 1)) == (Some("["), Some("]")) {
        length += 2;
    }
    Some(length)
}

/// `((x))` as `(x)`, and no parentheses around an array.
fn without_double_parentheses(mut tokens: Vec<&str>) -> Vec<&str> {
    loop {
        let mut open = Vec::new();
        let mut pairs = Vec::new();
        for (at, token) in tokens.iter().enumerate() {
            match *token {
                "(" => open.push(at),
                ")" => pairs.extend(open.pop().map(|start| (start, at))),
                _ => {}
            }
        }
        let is_double = |(start, end): &&(usize, usize)| *start > 0 && pairs.contains(&(start - 1, end + 1));
        let Some(&(start, end)) = pairs.iter().find(is_double) else { return tokens };
        tokens.remove(end);
        tokens.remove(start);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_back_once_more_is_the_same() {
        let written = "s::text = ANY (ARRAY['a'::character varying, 'b'::character varying]::text[])";
        let read = "s::text = ANY (ARRAY['a'::character varying::text, 'b'::character varying::text])";
        assert_eq!(canonical(written), canonical(read));
        let dumped = "(((s)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[])))";
        assert_eq!(canonical(dumped), canonical("((s)::text = ANY (ARRAY['a', 'b']))"));
    }

    #[test]
    fn other_casts_and_other_constants_are_not() {
        for (one, other) in [
            ("a::text", "a::character varying"),
            ("'1'::integer", "'1'::bigint"),
            ("'a'::text", "'b'::text"),
            ("(a + b) * c", "a + b * c"),
            ("f((a), (b))", "f(a, b)"),
        ] {
            assert_ne!(canonical(one), canonical(other), "{one}");
        }
    }
}
