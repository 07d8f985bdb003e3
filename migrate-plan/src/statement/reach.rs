//! Takes a statement, says into which other schemas or databases it reaches by name.

use super::Statement;
use crate::Dialect;
use crate::lexer::TokenKind;

/// What stands right before the name of an object that is changed or read.
const BEFORE_OBJECTS: [&str; 20] = [
    "TABLE",
    "TABLES",
    "EXISTS",
    "INTO",
    "UPDATE",
    "FROM",
    "JOIN",
    "REFERENCES",
    "VIEW",
    "TRIGGER",
    "PROCEDURE",
    "FUNCTION",
    "EVENT",
    "SEQUENCE",
    "TYPE",
    "DOMAIN",
    "ONLY",
    "TRUNCATE",
    "IGNORE",
    "CALL",
];

/// Statements whose objects stand behind commas, too.
const WITH_LISTS: [&str; 4] = ["DROP", "TRUNCATE", "LOCK", "RENAME"];

/// What is made on a table, behind the word `ON`.
const ON_TABLES: [&str; 9] =
    ["INDEX", "UNIQUE", "FULLTEXT", "SPATIAL", "TRIGGER", "CONSTRAINT", "POLICY", "RULE", "OR"];

/// The names before a point where objects are named, without quotes; a column's table is none.
pub(super) fn reaches(statement: &Statement<'_>) -> Vec<String> {
    let tokens: Vec<(TokenKind, &str)> = statement.code().map(|token| (token.kind, token.text)).collect();
    let is = |at: usize, words: &[&str]| {
        tokens.get(at).is_some_and(|(kind, text)| {
            *kind != TokenKind::Quoted && words.iter().any(|word| word.eq_ignore_ascii_case(text))
        })
    };
    let mut found = Vec::new();
    if statement.dialect != Dialect::Postgres && is(0, &["USE"]) {
        found.extend(tokens.get(1).and_then(|(kind, text)| name(*kind, text, statement.dialect)));
    }
    let has_list = is(0, &WITH_LISTS);
    let is_on_table = is(0, &["CREATE", "DROP", "ALTER"]) && is(1, &ON_TABLES) || is(0, &["GRANT", "REVOKE"]);
    for (at, (kind, text)) in tokens.iter().enumerate().skip(1) {
        let is_object = is(at - 1, &BEFORE_OBJECTS)
            || (has_list && is(at - 1, &[",", "TO"]))
            || (is_on_table && is(at - 1, &["ON"]));
        if is_object && is(at + 1, &["."]) {
            found.extend(name(*kind, text, statement.dialect).filter(|name| !found.contains(name)));
        }
    }
    found
}

fn name(kind: TokenKind, text: &str, dialect: Dialect) -> Option<String> {
    match kind {
        TokenKind::Word if dialect == Dialect::Postgres => Some(text.to_lowercase()),
        TokenKind::Word => Some(text.to_owned()),
        TokenKind::Quoted => {
            let quote = text.chars().next()?;
            let inner = text.get(1..text.len().checked_sub(1)?)?;
            Some(inner.replace(&format!("{quote}{quote}"), &quote.to_string()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::split_statements;

    #[test]
    fn objects_of_other_schemas_are_seen_and_columns_of_tables_are_not() {
        let reached = |sql: &str, dialect| reaches(&split_statements(sql, dialect).unwrap()[0]).join(" ");
        for (sql, names) in [
            ("ALTER TABLE app.users ADD x int", "app"),
            ("INSERT INTO `app``s`.t SELECT u.id FROM users u JOIN b.c ON u.id = a.id", "app`s b"),
            ("DROP TABLE a, app.b", "app"),
            ("RENAME TABLE t TO other.t", "other"),
            ("CREATE UNIQUE INDEX i ON app.t (a)", "app"),
            ("USE app", "app"),
            ("UPDATE users SET x = users.y WHERE users.z = 1", ""),
            ("CREATE VIEW v AS SELECT users.id FROM users JOIN b ON users.id = b.id", ""),
        ] {
            assert_eq!(reached(sql, Dialect::MariaDb), names, "{sql}");
        }
        assert_eq!(reached("DELETE FROM Public.\"T\"", Dialect::Postgres), "public");
    }
}
