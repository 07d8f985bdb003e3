//! Names and values as SQL text, by the words of the plan crate: nothing reaches a statement unquoted.

use migrate_plan::Dialect;
pub(crate) use migrate_plan::{quoted_name as identifier, text_literal as literal};

/// A literal, or `NULL`.
pub(crate) fn nullable(dialect: Dialect, text: Option<&str>) -> String {
    text.map_or_else(|| "NULL".to_owned(), |text| literal(dialect, text))
}
