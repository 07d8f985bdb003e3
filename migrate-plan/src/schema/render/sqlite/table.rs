//! A `CREATE TABLE` of SQLite.

use super::{keys, name, names};
use crate::schema::sqlite::{Shape, rowid_alias, trimmed};
use crate::schema::{Check, Column, ForeignKey, Key, KeyPart, ReferentialAction, Table};

pub(super) fn create_table(table: &Table) -> String {
    let rowid = rowid_alias(table);
    let key_at_column = table.primary_key.as_ref().and_then(|key| match key.parts.as_slice() {
        [part] if part.collation.is_none() => Some((key, part)),
        _ => None,
    });
    let primary_key_of = |column: &Column| {
        let key = key_at_column.filter(|(_, part)| part.part == KeyPart::Column(column.name.clone()));
        key.map(|(key, part)| {
            let order = if part.descending { " DESC" } else { "" };
            let counts = if column.auto_increment { " AUTOINCREMENT" } else { "" };
            format!(" {}PRIMARY KEY{order}{}{counts}", constraint(key.name.as_ref()), conflict(key))
        })
    };
    let key_of_table = table.primary_key.as_ref().filter(|_| key_at_column.is_none());
    let primary_key = key_of_table.map(|key| create_key(key, "PRIMARY KEY"));
    // A name at the last column would be that of a check right behind it, too.
    let is_named = |column: &Column| {
        let key_is_here = key_at_column
            .is_some_and(|(key, part)| key.name.is_some() && part.part == KeyPart::Column(column.name.clone()));
        column.options.contains_key("not null constraint") || key_is_here
    };
    let would_name = key_of_table.is_none() && table.uniques.is_empty() && table.columns.last().is_some_and(is_named);
    let (at_column, of_table): (Vec<&Check>, Vec<&Check>) =
        table.checks.iter().partition(|check| would_name && check.name.is_none());
    let columns = table.columns.iter().enumerate().map(|(place, column)| {
        let checks: &[&Check] = if place == 0 { &at_column } else { &[] };
        let checks: String = checks.iter().map(|check| format!(" {}", create_check(check))).collect();
        let is_rowid = rowid == Some(column.name.as_str());
        create_column(column, &checks, &primary_key_of(column).unwrap_or_default(), is_rowid)
    });
    let lines: Vec<String> = columns
        .chain(primary_key)
        .chain(table.uniques.iter().map(|key| create_key(key, "UNIQUE")))
        .chain(of_table.into_iter().map(create_check))
        .chain(table.foreign_keys.iter().map(create_foreign_key))
        .map(|line| format!("    {line}"))
        .collect();
    let options: Vec<String> = table.options.keys().map(|option| option.to_uppercase()).collect();
    let options = if options.is_empty() { String::new() } else { format!(" {}", options.join(", ")) };
    format!("CREATE TABLE {} (\n{}\n){options}", name(&table.name.name), lines.join(",\n"))
}

fn create_check(check: &Check) -> String {
    format!("{}CHECK ({})", constraint(check.name.as_ref()), trimmed(&check.expression))
}

fn create_column(column: &Column, checks: &str, primary_key: &str, is_rowid: bool) -> String {
    let mut sql = name(&column.name);
    if !column.data_type.is_empty() {
        sql += &format!(" {}", trimmed(&column.data_type));
    }
    sql += checks;
    sql += primary_key;
    if !column.nullable && !is_rowid {
        let conflict = column.options.get("not null on conflict").map(|action| format!(" ON CONFLICT {action}"));
        let constraint = constraint(column.options.get("not null constraint"));
        sql += &format!(" {constraint}NOT NULL{}", conflict.unwrap_or_default());
    }
    if let Some(default) = column.default.as_deref().map(trimmed) {
        sql += &if stands_alone(default) { format!(" DEFAULT {default}") } else { format!(" DEFAULT ({default})") };
    }
    if let Some(collation) = &column.collation {
        sql += &format!(" COLLATE {}", name(collation));
    }
    if let Some(generated) = &column.generated {
        let kept = if generated.stored { "STORED" } else { "VIRTUAL" };
        sql += &format!(" GENERATED ALWAYS AS ({}) {kept}", trimmed(&generated.expression));
    }
    sql
}

/// Whether a default needs no parentheses: a literal, or a name that stands for a string and in parentheses would stand for a
/// column.
fn stands_alone(default: &str) -> bool {
    let unsigned = default.strip_prefix(['+', '-']).unwrap_or(default).trim_start();
    let is_number = unsigned.starts_with(|first: char| first.is_ascii_digit());
    Shape::of(default) == Shape::Atom || (is_number && Shape::of(unsigned) == Shape::Atom)
}

fn create_key(key: &Key, what: &str) -> String {
    format!("{}{what} ({}){}", constraint(key.name.as_ref()), keys(&key.parts), conflict(key))
}

fn create_foreign_key(key: &ForeignKey) -> String {
    let mut sql = format!(
        "{}FOREIGN KEY ({}) REFERENCES {}",
        constraint(key.name.as_ref()),
        names(&key.columns),
        name(&key.references.name)
    );
    if !key.referenced_columns.is_empty() {
        sql += &format!(" ({})", names(&key.referenced_columns));
    }
    for (when, action) in [("UPDATE", key.on_update), ("DELETE", key.on_delete)] {
        if action != ReferentialAction::NoAction {
            sql += &format!(" ON {when} {}", action.as_sql());
        }
    }
    if let Some(matching) = &key.matching {
        let is_usual = ["FULL", "PARTIAL"].iter().any(|usual| usual.eq_ignore_ascii_case(matching));
        sql += &format!(" MATCH {}", if is_usual { matching.clone() } else { name(matching) });
    }
    let deferrable = key.deferrable.as_sql();
    if deferrable.is_empty() { sql } else { format!("{sql} {deferrable}") }
}

fn constraint(constraint: Option<&String>) -> String {
    constraint.map(|constraint| format!("CONSTRAINT {} ", name(constraint))).unwrap_or_default()
}

fn conflict(key: &Key) -> String {
    key.options.get("on conflict").map(|action| format!(" ON CONFLICT {action}")).unwrap_or_default()
}
