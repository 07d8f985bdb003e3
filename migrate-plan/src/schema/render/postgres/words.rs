//! Names, values and options as SQL of PostgreSQL.

use std::collections::BTreeMap;

use crate::Dialect;
use crate::schema::QualifiedName;
use crate::sql::{quoted_name, text_literal};

pub(super) fn quoted(name: &str) -> String {
    quoted_name(Dialect::Postgres, name)
}

pub(super) fn name(of: &QualifiedName) -> String {
    let name = quoted(&of.name);
    of.schema.as_ref().map_or_else(|| name.clone(), |schema| format!("{}.{name}", quoted(schema)))
}

pub(super) fn names<'n>(of: impl IntoIterator<Item = &'n String>) -> String {
    of.into_iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ")
}

/// A string, without the mark of escapes where it has none.
pub(super) fn text(of: &str) -> String {
    let literal = text_literal(Dialect::Postgres, of);
    match literal.strip_prefix('E') {
        Some(plain) if !plain.contains('\\') => plain.to_owned(),
        _ => literal,
    }
}

pub(super) fn comment(what: &str, name: &str, of: &str) -> String {
    format!("COMMENT ON {what} {name} IS {}", text(of))
}

/// `name = value`, parted by commas: options that the server keeps as they were given.
pub(super) fn options<'o>(of: impl IntoIterator<Item = (&'o String, &'o String)>) -> String {
    let option = |(name, value): (&String, &String)| {
        let is_word = !value.is_empty() && value.chars().all(|character| character.is_ascii_alphabetic());
        let is_plain = is_word || value.parse::<f64>().is_ok();
        format!("{name} = {}", if is_plain { value.clone() } else { text(value) })
    };
    of.into_iter().map(option).collect::<Vec<_>>().join(", ")
}

/// Whether an option of a relation is one of those behind `WITH`: its name has no blanks, and it is none of our words.
pub(super) fn is_storage_option(name: &str) -> bool {
    !name.contains(' ') && !matches!(name, "unlogged" | "tablespace" | "of" | "unpopulated")
}

/// ` WITH (…)`, or nothing.
pub(super) fn with(of: &BTreeMap<String, String>) -> String {
    let options = options(of.iter().filter(|(name, _)| is_storage_option(name)));
    if options.is_empty() { options } else { format!(" WITH ({options})") }
}

/// A clause with a name, such as ` TABLESPACE "fast"`, or nothing.
pub(super) fn clause(word: &str, of: Option<&String>) -> String {
    of.map(|name| format!(" {word} {}", quoted(name))).unwrap_or_default()
}

/// Lines in parentheses, one for each, four blanks in.
pub(super) fn block(lines: &[String]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| format!("    {line}")).collect();
    format!("(\n{}\n)", lines.join(",\n"))
}
