//! The rows of the catalog as a schema.

use std::collections::{HashMap, HashSet};

use migrate_plan::Dialect;
use migrate_plan::schema::sqlite::{read_table, read_view, read_virtual_table, trimmed};
use migrate_plan::schema::{Opaque, QualifiedName, Schema, Table, Trigger, View};

use super::facts::{self, Facts};
use super::{Catalog, Scope, index, text};

/// An entry of `sqlite_master`.
struct Object {
    what: String,
    name: String,
    table: String,
    sql: String,
}

impl Object {
    fn opaque(self, what: &str) -> Opaque {
        Opaque { what: what.to_owned(), name: self.name, definition: Some(self.sql) }
    }
}

pub(super) fn schema(catalog: Catalog, scope: &Scope) -> Schema {
    let facts = facts::facts(&catalog);
    let shadows: HashSet<String> = catalog.shadow_tables.iter().map(|row| text(row, 0)).collect();
    let is_own = |table: &str| scope.is_own(None, table) || scope.is_own(Some("main"), table);
    let objects = catalog.objects.iter().map(|row| Object {
        what: text(row, 0),
        name: text(row, 1),
        table: text(row, 2),
        sql: text(row, 3),
    });
    let objects = objects.filter(|object| !is_own(&object.table));
    let (bases, hanging): (Vec<Object>, Vec<Object>) =
        objects.partition(|object| matches!(object.what.as_str(), "table" | "view"));

    let mut schema = Schema::new(Dialect::Sqlite);
    for object in bases.into_iter().filter(|object| !shadows.contains(&object.name)) {
        match object.what.as_str() {
            "view" => match read_view(&object.sql) {
                Some(view) => schema.views.push(View { name: QualifiedName::new(object.name), ..view }),
                None => schema.opaque.push(object.opaque("view")),
            },
            _ => add_table(&mut schema, object, &facts),
        }
    }
    hang(&mut schema, hanging, &facts);
    schema.sort();
    schema
}

fn add_table(schema: &mut Schema, object: Object, facts: &HashMap<String, Facts>) {
    let name = QualifiedName::new(&object.name);
    let Some(facts) = facts.get(&object.name) else {
        return match read_virtual_table(&object.sql) {
            Some(table) => schema.tables.push(Table { name, ..table }),
            None => schema.opaque.push(object.opaque("virtual table")),
        };
    };
    match read_table(&object.sql).filter(|table| facts.agree(table)) {
        Some(table) => schema.tables.push(Table { name, ..table }),
        None => {
            schema.tables.push(Table { name, ..facts.table() });
            schema.opaque.push(object.opaque("table"));
        }
    }
}

/// Hangs indexes and triggers on their tables and views.
fn hang(schema: &mut Schema, hanging: Vec<Object>, facts: &HashMap<String, Facts>) {
    let key = |name: &str| name.to_ascii_lowercase();
    let tables: HashMap<String, usize> =
        schema.tables.iter().enumerate().map(|(place, table)| (key(&table.name.name), place)).collect();
    let views: HashMap<String, usize> =
        schema.views.iter().enumerate().map(|(place, view)| (key(&view.name.name), place)).collect();
    for object in hanging {
        let table = tables.get(&key(&object.table)).map(|place| &mut schema.tables[*place]);
        if object.what == "trigger" {
            let trigger = || Trigger {
                name: object.name.clone(),
                definition: trimmed(&object.sql).to_owned(),
                ..Trigger::default()
            };
            let view = views.get(&key(&object.table)).map(|place| &mut schema.views[*place]);
            match (table, view) {
                (Some(table), _) => table.triggers.push(trigger()),
                (None, Some(view)) => view.triggers.push(trigger()),
                (None, None) => schema.opaque.push(object.opaque("trigger")),
            }
            continue;
        }
        let index = table.as_ref().and_then(|table| {
            let facts = facts.get(&table.name.name)?.indexes.get(&object.name)?;
            index::index(&object.name, &object.sql, facts, table)
        });
        match (table, index) {
            (Some(table), Some(index)) => table.indexes.push(index),
            _ => {
                let what = object.what.clone();
                schema.opaque.push(object.opaque(&what));
            }
        }
    }
}
