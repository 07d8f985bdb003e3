//! Takes a table, gives the statement that creates it with its columns, keys, constraints and partitions.

use crate::schema::{Check, Column, ForeignKey, Generated, Index, IndexKey, Key, KeyPart, ReferentialAction, Table};
use crate::{Dialect, quoted_name};

/// A table with these foreign keys of its own.
pub(super) fn create_table(dialect: Dialect, table: &Table, foreign_keys: &[&ForeignKey]) -> String {
    let name = |name: &str| quoted_name(dialect, name);
    let mut lines: Vec<String> = table.columns.iter().map(|column| column_line(dialect, table, column)).collect();
    for (option, columns) in &table.options {
        if let Some(period) = option.strip_prefix(PERIOD) {
            lines.push(format!("PERIOD FOR {period} ({columns})"));
        }
    }
    lines.extend(table.primary_key.iter().map(|key| primary_key(dialect, key)));
    lines.extend(table.indexes.iter().map(|index| index_line(dialect, index)));
    for check in table.checks.iter().filter(|check| !check.options.contains_key("column")) {
        let named = check.name.iter().map(|check| format!("CONSTRAINT {} ", name(check))).collect::<String>();
        lines.push(format!("{named}{}", check_clause(check)));
    }
    lines.extend(foreign_keys.iter().map(|key| foreign_key(dialect, key)));
    let lines: Vec<String> = lines.iter().map(|line| format!("    {line}")).collect();
    let mut sql = format!("CREATE TABLE {} (\n{}\n)", name(&table.name.name), lines.join(",\n"));
    sql.push_str(&table_options(table));
    if let Some(partition_by) = &table.partition_by {
        sql.push_str(&format!("\nPARTITION BY {partition_by}"));
    }
    if !table.children.is_empty() {
        let partitions: Vec<String> = table.children.iter().map(|child| partition(dialect, child)).collect();
        sql.push_str(&format!(" (\n{}\n)", partitions.join(",\n")));
    }
    sql
}

/// Begins the options of a table that are its periods.
const PERIOD: &str = "period ";

fn table_options(table: &Table) -> String {
    let mut sql = String::new();
    let first = ["engine", "collation"];
    for option in first {
        let word = if option == "engine" { "ENGINE" } else { "COLLATE" };
        sql.extend(table.options.get(option).map(|value| format!(" {word}={value}")));
    }
    for (option, value) in &table.options {
        let is_other = first.contains(&option.as_str()) || option.starts_with(PERIOD) || option == "system versioning";
        if !is_other {
            let option = if option.starts_with('`') { option.clone() } else { option.to_uppercase() };
            sql.push_str(&format!(" {option}={value}"));
        }
    }
    sql.extend(table.comment.as_ref().map(|comment| format!(" COMMENT={}", literal(comment))));
    sql.push_str(if table.options.contains_key("system versioning") { " WITH SYSTEM VERSIONING" } else { "" });
    sql
}

fn partition(dialect: Dialect, partition: &Table) -> String {
    let one = |word: &str, partition: &Table| {
        let mut sql = format!("{word} {}", quoted_name(dialect, &partition.name.name));
        let bound = partition.bound.iter().filter(|bound| !bound.is_empty());
        bound.for_each(|bound| sql.push_str(&format!(" {bound}")));
        sql.extend(partition.comment.as_ref().map(|comment| format!(" COMMENT = {}", literal(comment))));
        sql
    };
    let mut sql = format!("    {}", one("PARTITION", partition));
    if !partition.children.is_empty() {
        let parts: Vec<String> =
            partition.children.iter().map(|part| format!("        {}", one("SUBPARTITION", part))).collect();
        sql.push_str(&format!(" (\n{}\n    )", parts.join(",\n")));
    }
    sql
}

fn column_line(dialect: Dialect, table: &Table, column: &Column) -> String {
    let option = |name: &str| column.options.get(name);
    let flag = |name: &str| option(name).map(|_| name.to_uppercase());
    let mut words = vec![quoted_name(dialect, &column.name), column.data_type.clone()];
    words.extend(flag("compressed"));
    words.extend(option("srid").filter(|_| dialect == Dialect::MariaDb).map(|id| format!("REF_SYSTEM_ID={id}")));
    words.extend(column.collation.as_ref().map(|collation| format!("COLLATE {collation}")));
    words.extend(column.generated.as_ref().map(|Generated { expression, stored }| {
        let is_period = expression.starts_with("ROW ");
        let kept = if *stored { "STORED" } else { "VIRTUAL" };
        if is_period {
            format!("GENERATED ALWAYS AS {expression}")
        } else {
            format!("GENERATED ALWAYS AS ({expression}) {kept}")
        }
    }));
    // MariaDB takes no NOT NULL for a column that is generated.
    if !column.nullable && (column.generated.is_none() || dialect == Dialect::MySql) {
        words.push("NOT NULL".to_owned());
    } else if column.data_type.starts_with("timestamp") && column.generated.is_none() {
        // Without the word it would be NOT NULL on a server that is set so.
        words.push("NULL".to_owned());
    }
    words.extend(flag("invisible"));
    words.extend(flag("without system versioning"));
    words.extend(option("srid").filter(|_| dialect == Dialect::MySql).map(|id| format!("SRID {id}")));
    words.extend(column.default.as_ref().map(|default| format!("DEFAULT {default}")));
    words.extend(option("on update").map(|value| format!("ON UPDATE {value}")));
    words.extend(column.auto_increment.then(|| "AUTO_INCREMENT".to_owned()));
    words.extend(column.comment.as_ref().map(|comment| format!("COMMENT {}", literal(comment))));
    let own = |check: &&Check| check.options.get("column") == Some(&column.name);
    words.extend(table.checks.iter().filter(own).map(check_clause));
    words.join(" ")
}

fn primary_key(dialect: Dialect, key: &Key) -> String {
    let mut sql = format!("PRIMARY KEY ({})", parts(dialect, &key.parts));
    sql.extend(key.options.get("method").map(|method| format!(" USING {method}")));
    sql.extend(key.comment.as_ref().map(|comment| format!(" COMMENT {}", literal(comment))));
    sql
}

fn index_line(dialect: Dialect, index: &Index) -> String {
    let (kind, method) = match index.method.as_deref() {
        Some(kind @ ("FULLTEXT" | "SPATIAL")) => (format!("{kind} KEY"), None),
        method => (if index.unique { "UNIQUE KEY" } else { "KEY" }.to_owned(), method),
    };
    let mut sql = format!("{kind} {} ({})", quoted_name(dialect, &index.name), parts(dialect, &index.keys));
    sql.extend(method.map(|method| format!(" USING {method}")));
    sql.push_str(match (index.options.contains_key("ignored"), dialect) {
        (false, _) => "",
        (true, Dialect::MySql) => " INVISIBLE",
        (true, _) => " IGNORED",
    });
    sql.extend(index.comment.as_ref().map(|comment| format!(" COMMENT {}", literal(comment))));
    sql
}

fn parts(dialect: Dialect, keys: &[IndexKey]) -> String {
    let part = |key: &IndexKey| {
        let what = match &key.part {
            KeyPart::Column(name) => quoted_name(dialect, name),
            KeyPart::Expression(expression) => format!("({expression})"),
        };
        let prefix = key.prefix.map(|prefix| format!("({prefix})")).unwrap_or_default();
        let period = key.operator_class.iter().map(|words| format!(" {words}")).collect::<String>();
        format!("{what}{prefix}{period}{}", if key.descending { " DESC" } else { "" })
    };
    keys.iter().map(part).collect::<Vec<_>>().join(", ")
}

fn check_clause(check: &Check) -> String {
    let enforced = if check.options.contains_key("not enforced") { " NOT ENFORCED" } else { "" };
    format!("CHECK ({}){enforced}", check.expression)
}

/// A foreign key as it stands in a table.
pub(super) fn foreign_key(dialect: Dialect, key: &ForeignKey) -> String {
    let names = |names: &[String]| names.iter().map(|name| quoted_name(dialect, name)).collect::<Vec<_>>().join(", ");
    let named = key.name.iter().map(|name| format!("CONSTRAINT {} ", quoted_name(dialect, name))).collect::<String>();
    let schema = key.references.schema.iter().map(|schema| quoted_name(dialect, schema) + ".").collect::<String>();
    let action = |event: &str, action: ReferentialAction| match action {
        ReferentialAction::NoAction => String::new(),
        action => format!(" ON {event} {}", action.as_sql()),
    };
    format!(
        "{named}FOREIGN KEY ({}) REFERENCES {schema}{} ({}){}{}",
        names(&key.columns),
        quoted_name(dialect, &key.references.name),
        names(&key.referenced_columns),
        action("DELETE", key.on_delete),
        action("UPDATE", key.on_update)
    )
}

/// A string literal: a backslash, which not every mode reads the same, is written as two.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}
