//! Names and values as SQL text: nothing reaches a statement unquoted.

use std::borrow::Cow;

use crate::Dialect;

/// A name as it stands in SQL: quoted, whatever it holds.
///
/// # Examples
///
/// ```
/// use migrate_plan::{Dialect, quoted_name};
///
/// assert_eq!(quoted_name(Dialect::Postgres, "a \"b\""), "\"a \"\"b\"\"\"");
/// assert_eq!(quoted_name(Dialect::MariaDb, "a`b"), "`a``b`");
/// ```
pub fn quoted_name(dialect: Dialect, name: &str) -> String {
    match dialect {
        Dialect::MySql | Dialect::MariaDb => format!("`{}`", name.replace('`', "``")),
        Dialect::Sqlite | Dialect::Postgres => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}

/// A string literal that means the same whatever the session is set to: on PostgreSQL `E'…'`, on MySQL and MariaDB
/// hexadecimal digits. A NUL, which no database takes in text, becomes U+FFFD.
///
/// # Examples
///
/// ```
/// use migrate_plan::{Dialect, text_literal};
///
/// assert_eq!(text_literal(Dialect::Sqlite, "it's"), "'it''s'");
/// assert_eq!(text_literal(Dialect::Postgres, "it's"), "E'it''s'");
/// ```
pub fn text_literal(dialect: Dialect, text: &str) -> String {
    // No database takes NUL in text; what is written here is for people to read.
    let text = replaced(text.into(), '\0', "\u{fffd}");
    match dialect {
        Dialect::Postgres => format!("E'{}'", replaced(replaced(text, '\\', "\\\\"), '\'', "''")),
        Dialect::MySql | Dialect::MariaDb => {
            let digits: String = text.bytes().map(|byte| format!("{byte:02X}")).collect();
            format!("_utf8mb4 X'{digits}'")
        }
        Dialect::Sqlite => format!("'{}'", replaced(text, '\'', "''")),
    }
}

/// A run writes dozens of texts for each revision, and hardly one has anything to replace.
fn replaced<'t>(text: Cow<'t, str>, from: char, to: &str) -> Cow<'t, str> {
    if text.contains(from) { text.replace(from, to).into() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_survive_quotes_backslashes_and_emoji() {
        assert_eq!(text_literal(Dialect::Postgres, r"it's \ 🦀"), r"E'it''s \\ 🦀'");
        assert_eq!(text_literal(Dialect::Sqlite, r"it's \ 🦀"), r"'it''s \ 🦀'");
        assert_eq!(text_literal(Dialect::MariaDb, "it's"), "_utf8mb4 X'69742773'");
        assert_eq!(quoted_name(Dialect::Postgres, "a\"b"), "\"a\"\"b\"");
        assert_eq!(quoted_name(Dialect::MariaDb, "a`b"), "`a``b`");
    }
}
