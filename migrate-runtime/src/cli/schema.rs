//! A schema, and the difference of two, for people and as JSON.

use clap::ValueEnum;
use migrate_plan::schema::{
    Attribute, AttributeChange, Kind, Line, Mark, Node, Schema, SchemaChange, SchemaDiff, Value, What, schema_sql,
};
use serde_json::{Map, json};

use super::output::object;
use super::{Output, counted, escape};
use anstyle::{AnsiColor, Style};

/// How a schema is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Shown {
    /// As a tree, a line for each object
    #[default]
    Tree,
    /// As SQL that creates it in an empty database
    Sql,
}

const NAME: Style = Style::new().bold();
const ADDED: Style = AnsiColor::Green.on_default();
const REMOVED: Style = AnsiColor::Red.on_default();
const CHANGED: Style = AnsiColor::Yellow.on_default();

/// Prints a schema.
pub fn print_schema(schema: &Schema, shown: Shown, output: &Output) {
    match shown {
        _ if output.is_json() => output.picture("", &object(json!({"schema": schema_json(schema)}))),
        Shown::Sql => {
            let sql = schema_sql(schema);
            for left_out in &sql.left_out {
                output.warn(&format!("the SQL leaves out {}: {}", left_out.what, left_out.why));
            }
            output.exact_result(&sql.to_script(), &serde_json::Value::Null);
        }
        Shown::Tree if schema.is_empty() => output.note("there is nothing in it"),
        Shown::Tree => {
            output.picture(&coloured(&schema.lines()), &serde_json::Value::Null);
        }
    }
}

/// Prints what changes from one schema to the other; `names` are what people call them.
pub fn print_diff(diff: &SchemaDiff, names: [&str; 2], output: &Output) {
    let text = coloured(&diff.lines());
    let [before, after] = names;
    let fields = json!({"before": before, "after": after, "equal": diff.is_empty(), "changes": changes_json(diff)});
    if diff.is_empty() {
        output.note(&format!("no difference between {before} and {after}"));
    } else {
        let found = counted(diff.changes.len(), "difference");
        output.note(&format!("{found}: - is in {before} alone, + in {after} alone"));
    }
    output.picture(&text, &object(fields));
}

/// Lines in the colours of their marks, escaped.
fn coloured(lines: &[Line]) -> String {
    let mut text = String::new();
    for line in lines {
        let shown = line.to_string();
        let shown = escape::line(&shown);
        match line.mark {
            Mark::Same if line.depth == 0 => text.push_str(&format!("{NAME}{shown}{NAME:#}\n")),
            Mark::Same => text.push_str(&format!("{shown}\n")),
            Mark::Added => text.push_str(&format!("{ADDED}{shown}{ADDED:#}\n")),
            Mark::Removed => text.push_str(&format!("{REMOVED}{shown}{REMOVED:#}\n")),
            Mark::Changed => text.push_str(&format!("{CHANGED}{shown}{CHANGED:#}\n")),
        }
    }
    text
}

/// The lists that every schema has, be they empty.
const OF_A_SCHEMA: [Kind; 15] = [
    Kind::Namespace,
    Kind::Extension,
    Kind::Enum,
    Kind::Domain,
    Kind::Composite,
    Kind::RangeType,
    Kind::Sequence,
    Kind::Table,
    Kind::View,
    Kind::MaterializedView,
    Kind::Function,
    Kind::Procedure,
    Kind::Aggregate,
    Kind::Event,
    Kind::Opaque,
];

/// The lists that every table has, be they empty.
const OF_A_TABLE: [Kind; 10] = [
    Kind::Column,
    Kind::Unique,
    Kind::Check,
    Kind::ForeignKey,
    Kind::Exclusion,
    Kind::Index,
    Kind::Trigger,
    Kind::Policy,
    Kind::Partition,
    Kind::Child,
];

/// A schema as JSON.
pub fn schema_json(schema: &Schema) -> serde_json::Value {
    let mut all = Map::new();
    all.insert("dialect".to_owned(), json!(schema.dialect.name()));
    add_children(&mut all, &schema.nodes(), &OF_A_SCHEMA);
    all.into()
}

fn add_children(parent: &mut Map<String, serde_json::Value>, children: &[Node], always: &[Kind]) {
    let mut lists: Vec<(Kind, Vec<serde_json::Value>)> = always.iter().map(|kind| (*kind, Vec::new())).collect();
    for child in children.iter().filter(|child| child.kind != Kind::PrimaryKey) {
        match lists.iter_mut().find(|(kind, _)| *kind == child.kind) {
            Some((_, list)) => list.push(node_json(child)),
            None => lists.push((child.kind, vec![node_json(child)])),
        }
    }
    parent.extend(lists.into_iter().map(|(kind, list)| (kind.plural().to_owned(), list.into())));
}

fn node_json(node: &Node) -> serde_json::Value {
    let mut all = Map::new();
    if !node.kind.hangs_on_another() {
        all.insert("schema".to_owned(), json!(node.schema));
    }
    all.insert("name".to_owned(), if node.name.is_empty() { json!(null) } else { json!(node.name) });
    for Attribute { name, value } in &node.attributes.0 {
        all.insert(key(name), value_json(value));
    }
    if matches!(node.kind, Kind::Table | Kind::Partition | Kind::Child) {
        let key = node.children.iter().find(|child| child.kind == Kind::PrimaryKey).map(node_json);
        all.insert("primary_key".to_owned(), key.into());
        add_children(&mut all, &node.children, &OF_A_TABLE);
    } else {
        add_children(&mut all, &node.children, &[]);
    }
    all.into()
}

/// `on delete` as a key.
fn key(name: &str) -> String {
    name.replace(' ', "_")
}

fn value_json(value: &Value) -> serde_json::Value {
    match value {
        Value::Flag(flag) => json!(flag),
        Value::Text(text) | Value::Sql(text) => json!(text),
        Value::List(items) => json!(items),
    }
}

/// The difference as JSON: a list of changes.
pub fn changes_json(diff: &SchemaDiff) -> serde_json::Value {
    diff.changes.iter().map(change_json).collect::<Vec<_>>().into()
}

fn change_json(change: &SchemaChange) -> serde_json::Value {
    let mut all = json!({
        "change": match change.what {
            What::Added(_) => "added",
            What::Removed(_) => "removed",
            What::Renamed { .. } => "renamed",
            What::Changed(_) => "changed",
        },
        "kind": change.kind.as_str(),
        "schema": change.schema,
        "table": change.table,
        "name": if change.name.is_empty() { None } else { Some(&change.name) },
    });
    let attribute = |change: &AttributeChange| {
        let value = |value: &Option<Value>| value.as_ref().map(value_json);
        json!({"name": key(&change.name), "before": value(&change.before), "after": value(&change.after)})
    };
    match &change.what {
        What::Added(node) | What::Removed(node) => all["object"] = node_json(node),
        What::Renamed { from } => all["from"] = json!(from),
        What::Changed(attributes) => all["attributes"] = attributes.iter().map(attribute).collect::<Vec<_>>().into(),
    }
    all
}
