//! A schema as SQL of MySQL and MariaDB.
//!
//! Whoever runs it becomes the definer, unless the schema names another one. What reads otherwise in another `sql_mode` is
//! written between a `SET` of that mode and one that gives the session its own back; most tables need none.

mod mode;
mod table;

use std::collections::BTreeSet;

use super::order::by_dependencies;
use super::{LeftOut, SchemaSql};
use crate::schema::{Dependency, Kind, ObjectRef, Opaque, Routine, Schema, Sequence, Table, Trigger, View};
use crate::{Dialect, quoted_name};
use mode::Script;

pub use mode::with_sql_mode;
pub(super) use mode::{delimited, hides_its_end};

pub(super) fn statements(schema: &Schema) -> SchemaSql {
    let mut script = Script::new(schema.dialect);
    let mut left_out: Vec<LeftOut> = schema.opaque.iter().map(opaque).collect();
    schema.sequences.iter().for_each(|sequence| script.push(create_sequence(sequence)));
    tables(schema, &mut script, &mut left_out);
    let (events, routines): (Vec<&Routine>, Vec<&Routine>) =
        schema.routines.iter().partition(|routine| routine.kind == Kind::Event);
    routines.iter().for_each(|routine| script.push_program(&routine.definition));
    views(schema, &mut script);
    for table in &schema.tables {
        in_firing_order(&table.triggers).iter().for_each(|trigger| script.push_program(&trigger.definition));
    }
    events.iter().for_each(|event| script.push_program(&event.definition));
    SchemaSql { statements: script.finish(), left_out, ..SchemaSql::default() }
}

/// Tables, each behind those that it refers to; foreign keys of a circle follow by themselves.
fn tables(schema: &Schema, script: &mut Script, left_out: &mut Vec<LeftOut>) {
    let objects: Vec<ObjectRef> = schema.tables.iter().map(|table| object(Kind::Table, &table.name)).collect();
    let needs = |table: &Table| {
        let name = table.name.clone();
        let dependency = move |needs| Dependency { object: object(Kind::Table, &name), needs };
        let referred = table.foreign_keys.iter().map(|key| object(Kind::Table, &key.references));
        referred.map(dependency).collect::<Vec<_>>()
    };
    let dependencies: Vec<Dependency> = schema.tables.iter().flat_map(needs).collect();
    let known: BTreeSet<&ObjectRef> = objects.iter().collect();
    let mut created: BTreeSet<&ObjectRef> = BTreeSet::new();
    let mut later = Vec::new();
    for place in by_dependencies(&objects, &dependencies) {
        let table = &schema.tables[place];
        created.insert(&objects[place]);
        let mut inline = Vec::new();
        for key in &table.foreign_keys {
            let referred = object(Kind::Table, &key.references);
            if key.references.schema.is_some() || created.contains(&referred) {
                inline.push(key);
            } else if known.contains(&referred) {
                later.push((table, key));
            } else {
                let name = key.name.as_deref().unwrap_or_default();
                left_out.push(LeftOut {
                    what: format!("foreign key {name} of {}", table.name),
                    why: format!("there is no table {}", key.references),
                });
            }
        }
        script.push(table::create_table(schema.dialect, table, &inline));
    }
    for (table, key) in later {
        let name = quoted_name(schema.dialect, &table.name.name);
        script.push(format!("ALTER TABLE {name}\n    ADD {}", table::foreign_key(schema.dialect, key)));
    }
}

fn views(schema: &Schema, script: &mut Script) {
    let objects: Vec<ObjectRef> = schema.views.iter().map(|view| object(Kind::View, &view.name)).collect();
    for place in by_dependencies(&objects, &schema.dependencies) {
        script.push(create_view(schema.dialect, &schema.views[place]));
    }
}

fn object(kind: Kind, name: &crate::schema::QualifiedName) -> ObjectRef {
    ObjectRef { kind, name: name.clone(), arguments: None }
}

fn opaque(opaque: &Opaque) -> LeftOut {
    let why = match opaque.definition {
        Some(_) => "it does not work where it is, or not as the catalog says it",
        None => "the catalog does not say how it was made",
    };
    LeftOut { what: format!("{} {}", opaque.what, opaque.name), why: why.to_owned() }
}

fn create_sequence(sequence: &Sequence) -> String {
    let option = |name: &str| sequence.options.get(name).map(String::as_str);
    let mut sql = format!("CREATE SEQUENCE {}", quoted_name(Dialect::MariaDb, &sequence.name.name));
    for (name, words) in
        [("start", "START WITH"), ("increment", "INCREMENT BY"), ("min", "MINVALUE"), ("max", "MAXVALUE")]
    {
        sql.extend(option(name).map(|value| format!(" {words} {value}")));
    }
    match option("cache") {
        Some("0") => sql.push_str(" NOCACHE"),
        Some(cache) => sql.push_str(&format!(" CACHE {cache}")),
        None => {}
    }
    sql.push_str(if option("cycle") == Some("yes") { " CYCLE" } else { "" });
    sql.extend(option("engine").map(|engine| format!(" ENGINE={engine}")));
    sql.extend(sequence.comment.as_ref().map(|comment| format!(" COMMENT={}", table::literal(comment))));
    sql
}

fn create_view(dialect: Dialect, view: &View) -> String {
    let option = |name: &str| view.options.get(name);
    let mut sql = "CREATE".to_owned();
    sql.extend(option("algorithm").map(|algorithm| format!(" ALGORITHM={algorithm}")));
    sql.extend(option("definer").map(|definer| format!(" DEFINER={definer}")));
    sql.extend(option("security").map(|security| format!(" SQL SECURITY {security}")));
    sql.push_str(&format!(" VIEW {} AS\n{}", quoted_name(dialect, &view.name.name), view.definition));
    sql.extend(option("check option").map(|check| format!("\nWITH {check} CHECK OPTION")));
    sql
}

/// Triggers, each behind the one that it says to follow.
fn in_firing_order(triggers: &[Trigger]) -> Vec<&Trigger> {
    let name = |trigger: &Trigger| crate::schema::QualifiedName::new(&trigger.name);
    let objects: Vec<ObjectRef> = triggers.iter().map(|trigger| object(Kind::Trigger, &name(trigger))).collect();
    let mut dependencies = Vec::new();
    for trigger in triggers {
        let mut words = mode::head(&trigger.definition).split(" FOLLOWS ");
        if let Some(followed) = words.nth(1) {
            let followed = triggers.iter().find(|other| quoted_name(Dialect::MariaDb, &other.name) == followed);
            dependencies.extend(followed.map(|followed| Dependency {
                object: object(Kind::Trigger, &name(trigger)),
                needs: object(Kind::Trigger, &name(followed)),
            }));
        }
    }
    by_dependencies(&objects, &dependencies).into_iter().map(|place| &triggers[place]).collect()
}
