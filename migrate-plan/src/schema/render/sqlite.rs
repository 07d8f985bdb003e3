//! A schema as SQL of SQLite: tables, indexes, views, triggers. Names that a text of the user's own holds need not be there.

mod table;

use super::{LeftOut, SchemaSql};
use crate::schema::sqlite::{Shape, trimmed};
use crate::schema::{Index, IndexKey, KeyPart, Opaque, Schema, Table, Trigger};
use crate::{Dialect, quoted_name};

pub(super) fn statements(schema: &Schema) -> SchemaSql {
    let (virtual_tables, tables): (Vec<&Table>, Vec<&Table>) =
        schema.tables.iter().partition(|table| is_virtual(table));
    let indexes = schema.tables.iter().flat_map(|table| table.indexes.iter().map(move |index| (table, index)));
    let triggers = schema
        .tables
        .iter()
        .flat_map(|table| &table.triggers)
        .chain(schema.views.iter().flat_map(|view| &view.triggers));
    // What of a table was not understood stands in its text, which then creates it.
    let text_of = |table: &Table| {
        let mut texts = schema.opaque.iter().filter(|opaque| is_text_of(opaque, table));
        texts.find_map(|opaque| opaque.definition.as_deref().map(|text| trimmed(text).to_owned()))
    };
    let is_used = |opaque: &Opaque| schema.tables.iter().any(|table| is_text_of(opaque, table));
    let others: Vec<&Opaque> = schema.opaque.iter().filter(|opaque| !is_used(opaque)).collect();

    let mut statements: Vec<String> =
        tables.into_iter().map(|table| text_of(table).unwrap_or_else(|| table::create_table(table))).collect();
    statements.extend(virtual_tables.into_iter().map(create_virtual_table));
    statements.extend(indexes.map(|(table, index)| create_index(table, index)));
    statements.extend(
        schema.views.iter().map(|view| format!("CREATE VIEW {} {}", name(&view.name.name), trimmed(&view.definition))),
    );
    statements.extend(triggers.map(|Trigger { definition, .. }| trimmed(definition).to_owned()));
    statements
        .extend(others.iter().filter_map(|opaque| opaque.definition.as_deref().map(|text| trimmed(text).to_owned())));
    let left_out = others.iter().filter(|opaque| opaque.definition.is_none()).map(|opaque| LeftOut {
        what: format!("{} {}", opaque.what, opaque.name),
        why: "the catalog keeps no statement that creates it".to_owned(),
    });
    SchemaSql { statements, left_out: left_out.collect(), ..SchemaSql::default() }
}

fn name(name: &str) -> String {
    quoted_name(Dialect::Sqlite, name)
}

fn is_virtual(table: &Table) -> bool {
    table.options.contains_key("using")
}

fn is_text_of(opaque: &Opaque, table: &Table) -> bool {
    opaque.what == "table" && opaque.definition.is_some() && opaque.name == table.name.name
}

fn create_virtual_table(table: &Table) -> String {
    let using = table.options.get("using").map_or("", |using| trimmed(using));
    format!("CREATE VIRTUAL TABLE {} USING {using}", name(&table.name.name))
}

fn create_index(table: &Table, index: &Index) -> String {
    let unique = if index.unique { "UNIQUE " } else { "" };
    let predicate = index.predicate.as_ref().map(|predicate| format!(" WHERE {}", trimmed(predicate)));
    format!(
        "CREATE {unique}INDEX {} ON {} ({}){}",
        name(&index.name),
        name(&table.name.name),
        keys(&index.keys),
        predicate.unwrap_or_default()
    )
}

fn keys(keys: &[IndexKey]) -> String {
    keys.iter().map(key).collect::<Vec<_>>().join(", ")
}

fn key(key: &IndexKey) -> String {
    let mut sql = match &key.part {
        KeyPart::Column(column) => name(column),
        KeyPart::Expression(expression) if Shape::of(expression) == Shape::Call => trimmed(expression).to_owned(),
        KeyPart::Expression(expression) => format!("({})", trimmed(expression)),
    };
    if let Some(collation) = &key.collation {
        sql += &format!(" COLLATE {}", name(collation));
    }
    if key.descending {
        sql += " DESC";
    }
    sql
}

fn names(names: &[String]) -> String {
    names.iter().map(|column| name(column)).collect::<Vec<_>>().join(", ")
}
