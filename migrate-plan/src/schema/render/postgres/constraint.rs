//! Keys, foreign keys and indexes.

use super::Writer;
use super::words::{clause, name, names, options, quoted, with};
use crate::schema::{ForeignKey, Index, IndexKey, Key, KeyPart, NullsOrder, QualifiedName, ReferentialAction};

/// A primary key or unique constraint, as a line of its table.
pub(super) fn key(key: &Key, word: &str) -> String {
    let nulls = if key.nulls_not_distinct { " NULLS NOT DISTINCT" } else { "" };
    let constraint = clause("CONSTRAINT", key.name.as_ref());
    let line = format!(
        "{constraint} {word}{nulls} ({}){}{}{}{}",
        parts(&key.parts),
        include(&key.include),
        with(&key.options),
        clause("USING INDEX TABLESPACE", key.options.get("tablespace")),
        attributes(key.deferrable.as_sql()),
    );
    line.trim_start().to_owned()
}

pub(super) fn foreign_key(key: &ForeignKey) -> String {
    let constraint = clause("CONSTRAINT", key.name.as_ref());
    let list = |names: String| if names.is_empty() { names } else { format!(" ({names})") };
    let action = |event: &str, action: ReferentialAction| match action {
        ReferentialAction::NoAction => String::new(),
        action => format!(" ON {event} {}", action.as_sql()),
    };
    let line = format!(
        "{constraint} FOREIGN KEY ({}) REFERENCES {}{}{}{}{}{}{}{}",
        names(&key.columns),
        name(&key.references),
        list(names(&key.referenced_columns)),
        key.matching.as_ref().map(|matching| format!(" MATCH {matching}")).unwrap_or_default(),
        action("UPDATE", key.on_update),
        action("DELETE", key.on_delete),
        list(names(&key.on_delete_columns)),
        attributes(key.deferrable.as_sql()),
        if key.not_valid { " NOT VALID" } else { "" },
    );
    line.trim_start().to_owned()
}

pub(super) fn index(index: &Index, on: &QualifiedName, writer: &mut Writer) {
    let (called, table) = (quoted(&index.name), name(on));
    if index.invalid {
        writer.leave_out(format!("index {called} on {table}"), "it is invalid: its build did not finish");
        return;
    }
    let kept = |(option, _): &(&String, &String)| !option.starts_with(STATISTICS);
    let kept = index.options.iter().filter(kept).map(|(option, value)| (option.clone(), value.clone())).collect();
    writer.push(format!(
        "CREATE {}INDEX {called} ON {table}{} ({}){}{}{}{}{}",
        if index.unique { "UNIQUE " } else { "" },
        index.method.as_ref().map(|method| format!(" USING {}", method_name(method))).unwrap_or_default(),
        parts(&index.keys),
        include(&index.include),
        if index.nulls_not_distinct { " NULLS NOT DISTINCT" } else { "" },
        with(&kept),
        clause("TABLESPACE", index.options.get("tablespace")),
        index.predicate.as_ref().map(|predicate| format!("\n    WHERE {predicate}")).unwrap_or_default(),
    ));
    // An index stands in the schema of its table.
    let called = name(&QualifiedName { schema: on.schema.clone(), name: index.name.clone() });
    for (option, target) in &index.options {
        if let Some(place) = option.strip_prefix(STATISTICS) {
            writer.push(format!("ALTER INDEX {called} ALTER COLUMN {place} SET STATISTICS {target}"));
        }
    }
    writer.comment("INDEX", &called, index.comment.as_ref());
}

const STATISTICS: &str = "statistics of ";

/// Methods of the server have plain names; others are quoted.
fn method_name(method: &str) -> String {
    if method.chars().all(|character| character.is_ascii_lowercase()) { method.to_owned() } else { quoted(method) }
}

fn parts(keys: &[IndexKey]) -> String {
    keys.iter().map(part).collect::<Vec<_>>().join(", ")
}

fn part(key: &IndexKey) -> String {
    let mut sql = match &key.part {
        KeyPart::Column(column) => quoted(column),
        KeyPart::Expression(expression) => format!("({expression})"),
    };
    sql.push_str(&key.collation.as_ref().map(|collation| format!(" COLLATE {collation}")).unwrap_or_default());
    sql.push_str(&key.operator_class.as_ref().map(|class| format!(" {class}")).unwrap_or_default());
    sql.push_str(if key.descending { " DESC" } else { "" });
    sql.push_str(match key.nulls {
        Some(NullsOrder::First) => " NULLS FIRST",
        Some(NullsOrder::Last) => " NULLS LAST",
        None => "",
    });
    sql
}

fn include(columns: &[String]) -> String {
    if columns.is_empty() { String::new() } else { format!(" INCLUDE ({})", names(columns)) }
}

fn attributes(sql: &str) -> String {
    if sql.is_empty() { String::new() } else { format!(" {sql}") }
}

/// Options of a column that are kept beside its type, as `SET` and `ALTER COLUMN` take them.
pub(super) fn column_option(option: &str, value: &str) -> String {
    match option {
        "storage" => format!("SET STORAGE {}", value.to_uppercase()),
        "compression" => format!("SET COMPRESSION {value}"),
        "statistics" => format!("SET STATISTICS {value}"),
        _ => format!("SET ({})", options([(&option.to_owned(), &value.to_owned())])),
    }
}
