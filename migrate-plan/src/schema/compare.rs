//! Whether two texts of the catalog are the same to their dialect.
//!
//! Servers write back what they have understood, so texts of theirs are compared nearly as they stand: PostgreSQL reads back a cast of
//! constants in another form than it was written, and whose a program is stands in its text on MariaDB. SQLite keeps what was typed:
//! there white space, comments, the case and the quotes of names, and parentheses around the whole mean nothing.

mod postgres;

use std::borrow::Cow;

use super::{Attribute, Value};
use crate::Dialect;
use crate::lexer::{Lexer, TokenKind};

/// How names and texts of one schema are compared.
#[derive(Clone, Copy, Debug)]
pub(super) struct Comparison {
    pub(super) dialect: Dialect,
    pub(super) case_sensitive_tables: bool,
}

impl Comparison {
    /// The name of a table or view as it is compared.
    pub(super) fn table_name(self, name: &str) -> String {
        if self.case_sensitive_tables { name.to_owned() } else { self.name(name) }
    }

    /// Any other name as it is compared.
    pub(super) fn name(self, name: &str) -> String {
        match self.dialect {
            Dialect::Postgres => name.to_owned(),
            // Beyond ASCII every letter is itself to it.
            Dialect::Sqlite => name.to_ascii_lowercase(),
            Dialect::MySql | Dialect::MariaDb => name.to_lowercase(),
        }
    }

    pub(super) fn same(self, one: &Attribute, other: &Attribute) -> bool {
        one == other || one.name == other.name && self.same_value(&one.value, &other.value)
    }

    fn same_value(self, one: &Value, other: &Value) -> bool {
        let texts = |one: &str, other: &str| match self.dialect {
            Dialect::Sqlite => canonical(one) == canonical(other),
            Dialect::Postgres => postgres::canonical(one) == postgres::canonical(other),
            Dialect::MySql | Dialect::MariaDb => without_definer(one) == without_definer(other),
        };
        match (one, other) {
            (Value::Text(one) | Value::Sql(one), Value::Text(other) | Value::Sql(other)) => texts(one, other),
            (Value::List(one), Value::List(other)) => {
                let same = |(one, other): (&String, &String)| {
                    texts(one, other) || self.dialect != Dialect::Postgres && self.name(one) == self.name(other)
                };
                one.len() == other.len() && one.iter().zip(other).all(same)
            }
            _ => false,
        }
    }
}

/// A program of MySQL's or MariaDB's without whose it is, which is no part of a schema.
fn without_definer(sql: &str) -> Cow<'_, str> {
    const DEFINER: &str = "CREATE DEFINER=`";
    let parts = sql.split_once(DEFINER).and_then(|(before, rest)| {
        let (_, host) = rest.split_once("`@`")?;
        let (_, after) = host.split_once("` ")?;
        Some(format!("{before}CREATE {after}"))
    });
    parts.map_or(Cow::Borrowed(sql), Cow::Owned)
}

/// SQL of SQLite's without what means nothing.
fn canonical(sql: &str) -> String {
    let mut lexer = Lexer::new(sql, Dialect::Sqlite);
    let mut tokens: Vec<String> = Vec::new();
    while let Some(token) = lexer.next_text() {
        match token.kind {
            TokenKind::LineComment | TokenKind::BlockComment | TokenKind::Hint | TokenKind::Conditional => {}
            TokenKind::Word => tokens.push(token.text.to_lowercase()),
            TokenKind::Quoted => tokens.push(unquoted(token.text).unwrap_or_else(|| token.text.to_owned())),
            _ => tokens.push(token.text.to_owned()),
        }
    }
    while is_wrapped(&tokens) {
        tokens.pop();
        tokens.remove(0);
    }
    tokens.join(" ")
}

/// A quoted name that would mean the same without quotes.
fn unquoted(text: &str) -> Option<String> {
    let inner = text.get(1..text.len() - 1)?;
    let is_name = text.starts_with(['"', '`', '[']);
    let is_plain = inner.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && inner.chars().all(|character| character.is_ascii_alphanumeric() || character == '_');
    (is_name && is_plain).then(|| inner.to_lowercase())
}

/// Whether the first parenthesis closes with the last token.
fn is_wrapped(tokens: &[String]) -> bool {
    if tokens.first().is_none_or(|first| first != "(") {
        return false;
    }
    let mut depth = 0usize;
    let closes = tokens.iter().position(|token| {
        match token.as_str() {
            "(" => depth += 1,
            ")" => depth -= 1,
            _ => {}
        }
        depth == 0
    });
    closes == Some(tokens.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlite_sees_through_white_space_case_quotes_and_parentheses() {
        for (one, other) in [
            ("CURRENT_TIMESTAMP", "(current_timestamp)"),
            ("length(\"Name\") > 3", "LENGTH ( name )>3 -- long enough"),
            ("((a)) + (b)", "( (a)) + (b) "),
            ("[order] = `order`", "\"ORDER\" = order"),
        ] {
            assert_eq!(canonical(one), canonical(other));
        }
        for (one, other) in [("'A'", "'a'"), ("(a) + (b)", "a) + (b"), ("\"a b\"", "a b"), ("x'00'", "'00'")] {
            assert_ne!(canonical(one), canonical(other));
        }
    }
}
