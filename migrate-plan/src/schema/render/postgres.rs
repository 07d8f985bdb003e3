//! A schema as SQL of PostgreSQL.
//!
//! What others need comes first; indexes, foreign keys and whatever else only watches over rows come when all tables are
//! there.

mod circle;
mod constraint;
mod table;
mod types;
mod view;
mod words;

use std::collections::BTreeSet;

use self::circle::creation_order;
use self::table::FlatTable;
use self::words::{comment, name, quoted};
use super::{LeftOut, SchemaSql};
use crate::schema::{Kind, ObjectRef, Opaque, QualifiedName, Routine, Schema, Sequence, Type, View};

pub(super) fn statements(schema: &Schema) -> SchemaSql {
    let tables = table::flatten(&schema.tables);
    let mut writer = Writer::default();
    if !schema.routines.is_empty() {
        // Bodies name what is created after them.
        writer.push("SET check_function_bodies = false");
    }
    for namespace in &schema.namespaces {
        // Every new database has this one.
        let unless = if namespace.name == "public" { "IF NOT EXISTS " } else { "" };
        writer.push(format!("CREATE SCHEMA {unless}{}", quoted(&namespace.name)));
        writer.comment("SCHEMA", &quoted(&namespace.name), namespace.comment.as_ref());
    }
    let objects = objects(schema, &tables);
    let references: Vec<ObjectRef> = objects.iter().map(Object::reference).collect();
    let (order, deferred) = creation_order(&references, &schema.dependencies);
    let mut waiting = BTreeSet::new();
    for place in order {
        let is_deferred = deferred.contains(&place) || objects[place].inherits_from(&waiting);
        objects[place].create(&mut writer, is_deferred);
        if is_deferred {
            waiting.insert(&references[place].name);
        }
    }
    finish(schema, &tables, writer)
}

/// What may come when everything that holds or computes rows is there.
fn finish(schema: &Schema, tables: &[FlatTable<'_>], mut writer: Writer) -> SchemaSql {
    let deferred = std::mem::take(&mut writer.deferred);
    writer.statements.extend(deferred);
    schema.sequences.iter().for_each(|sequence| types::own_sequence(sequence, &mut writer));
    tables.iter().for_each(|table| table.indexes(&mut writer));
    schema.views.iter().for_each(|view| view::indexes(view, &mut writer));
    tables.iter().for_each(|table| table.foreign_keys(&mut writer));
    schema.opaque.iter().for_each(|opaque| writer.opaque(opaque));
    tables.iter().for_each(|table| table.guards(&mut writer));
    schema.views.iter().for_each(|view| view::triggers(view, &mut writer));
    SchemaSql { statements: writer.statements, left_out: writer.left_out, ..SchemaSql::default() }
}

#[derive(Default)]
struct Writer {
    statements: Vec<String>,
    /// Of objects that need each other: what is said of the first when the others are there.
    deferred: Vec<String>,
    left_out: Vec<LeftOut>,
}

impl Writer {
    fn push(&mut self, statement: impl Into<String>) {
        self.statements.push(statement.into());
    }

    fn comment(&mut self, what: &str, name: &str, text: Option<&String>) {
        self.statements.extend(text.map(|text| comment(what, name, text)));
    }

    fn leave_out(&mut self, what: impl Into<String>, why: &str) {
        self.left_out.push(LeftOut { what: what.into(), why: why.to_owned() });
    }

    fn opaque(&mut self, opaque: &Opaque) {
        match &opaque.definition {
            Some(definition) => self.push(definition),
            None => {
                self.leave_out(format!("{} {}", opaque.what, opaque.name), "the server does not say how to create it")
            }
        }
    }
}

/// What is created in an order that depends on what it needs.
enum Object<'s> {
    Extension(&'s crate::schema::Extension),
    Type(&'s Type),
    Sequence(&'s Sequence),
    Routine(&'s Routine),
    Table(&'s FlatTable<'s>),
    View(&'s View),
}

fn objects<'s>(schema: &'s Schema, tables: &'s [FlatTable<'s>]) -> Vec<Object<'s>> {
    let extensions = schema.extensions.iter().map(Object::Extension);
    let types = schema.types.iter().map(Object::Type);
    let sequences = schema.sequences.iter().map(Object::Sequence);
    let routines = schema.routines.iter().map(Object::Routine);
    let (tables, views) = (tables.iter().map(Object::Table), schema.views.iter().map(Object::View));
    extensions.chain(types).chain(sequences).chain(routines).chain(tables).chain(views).collect()
}

impl Object<'_> {
    fn reference(&self) -> ObjectRef {
        let object = |kind, name: &QualifiedName| ObjectRef { kind, name: name.clone(), arguments: None };
        match self {
            Self::Extension(extension) => object(Kind::Extension, &QualifiedName::new(&extension.name)),
            Self::Type(of) => object(Kind::Composite, &of.name),
            Self::Sequence(sequence) => object(Kind::Sequence, &sequence.name),
            Self::Table(table) => object(Kind::Table, &table.table.name),
            Self::View(view) => object(Kind::View, &view.name),
            Self::Routine(routine) => {
                ObjectRef { arguments: routine.arguments.clone(), ..object(Kind::Function, &routine.name) }
            }
        }
    }

    /// What is said of a parent reaches its children, and they may say otherwise behind it alone.
    fn inherits_from(&self, names: &BTreeSet<&QualifiedName>) -> bool {
        matches!(self, Self::Table(table) if table.parents.iter().any(|parent| names.contains(parent)))
    }

    fn create(&self, writer: &mut Writer, is_deferred: bool) {
        match self {
            Self::Extension(extension) => types::extension(extension, writer),
            Self::Type(of) => types::create(of, is_deferred, writer),
            Self::Sequence(sequence) => types::sequence(sequence, writer),
            Self::Table(table) => table.create(is_deferred, writer),
            Self::View(of) => view::create(of, writer),
            Self::Routine(routine) => {
                writer.push(&routine.definition);
                let called = format!("{}({})", name(&routine.name), routine.arguments.as_deref().unwrap_or_default());
                writer.comment(&routine.kind.as_str().to_uppercase(), &called, routine.comment.as_ref());
            }
        }
    }
}

/// The places of objects in a list.
type Places = BTreeSet<usize>;
