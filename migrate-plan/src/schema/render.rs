//! Takes a schema, gives SQL that creates it in an empty database, in an order that runs.

mod mysql;
mod order;
mod postgres;
mod sqlite;

use super::Schema;
use crate::Dialect;

pub use mysql::with_sql_mode;

/// A schema as SQL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SchemaSql {
    /// The statements, in order, without semicolons at their ends.
    pub statements: Vec<String>,
    /// What the statements do not create.
    pub left_out: Vec<LeftOut>,
    /// Whether the database's client has to be told where a statement with semicolons inside ends.
    delimited: bool,
}

/// Something that was not written as SQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// What it is, with its name.
    pub what: String,
    /// Why.
    pub why: String,
}

/// Writes a schema as SQL of its own dialect.
///
/// # Examples
///
/// ```
/// use migrate_plan::Dialect;
/// use migrate_plan::schema::{Column, QualifiedName, Schema, Table, schema_sql};
///
/// let users =
///     Table { name: QualifiedName::new("users"), columns: vec![Column::new("name", "TEXT")], ..Table::default() };
/// let schema = Schema { tables: vec![users], ..Schema::new(Dialect::Sqlite) };
/// assert_eq!(schema_sql(&schema).to_script(), "CREATE TABLE \"users\" (\n    \"name\" TEXT\n);\n");
/// ```
pub fn schema_sql(schema: &Schema) -> SchemaSql {
    match schema.dialect {
        Dialect::Sqlite => sqlite::statements(schema),
        Dialect::Postgres => postgres::statements(schema),
        Dialect::MySql | Dialect::MariaDb => SchemaSql { delimited: true, ..mysql::statements(schema) },
    }
}

impl SchemaSql {
    /// The statements as a script for the database's own client, with what it leaves out as comments at its head.
    pub fn to_script(&self) -> String {
        let mut script = String::new();
        for LeftOut { what, why } in &self.left_out {
            // A line break would end the comment.
            let line = format!("left out: {what}: {why}").replace(['\n', '\r'], " ");
            script.push_str(&format!("-- {line}\n"));
        }
        for statement in &self.statements {
            let separator = if script.is_empty() { "" } else { "\n" };
            if self.delimited && mysql::hides_its_end(statement) {
                script.push_str(&format!("{separator}{}", mysql::delimited(statement)));
            } else {
                script.push_str(&format!("{separator}{statement};\n"));
            }
        }
        script
    }
}
