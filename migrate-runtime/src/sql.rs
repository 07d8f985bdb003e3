//! Names and values as SQL text: nothing reaches a statement unquoted.

use migrate_plan::Dialect;

/// A name, quoted.
pub(crate) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A string literal. On PostgreSQL always `E'…'`, which means the same whatever `standard_conforming_strings` is.
pub(crate) fn literal(dialect: Dialect, text: &str) -> String {
    // No database takes NUL in text; what is written here is for people to read.
    let text = text.replace('\0', "\u{fffd}");
    match dialect {
        Dialect::Postgres => format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''")),
        _ => format!("'{}'", text.replace('\'', "''")),
    }
}

/// A literal, or `NULL`.
pub(crate) fn nullable(dialect: Dialect, text: Option<&str>) -> String {
    text.map_or_else(|| "NULL".to_owned(), |text| literal(dialect, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_survive_quotes_backslashes_and_emoji() {
        assert_eq!(literal(Dialect::Postgres, r"it's \ 🦀"), r"E'it''s \\ 🦀'");
        assert_eq!(literal(Dialect::Sqlite, r"it's \ 🦀"), r"'it''s \ 🦀'");
        assert_eq!(identifier("a\"b"), "\"a\"\"b\"");
    }
}
