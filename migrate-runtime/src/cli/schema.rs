//! A schema, and the difference of two, for people and as JSON.

use clap::ValueEnum;
use migrate_plan::schema::{
    Attribute, AttributeChange, Attributes, Kind, Node, Schema, SchemaChange, SchemaDiff, Value, What, schema_sql,
};
use serde_json::{Map, json};

use super::output::{DIM, object};
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
            let mut text = String::new();
            schema.nodes().iter().for_each(|node| tree(&mut text, node, 0, None));
            output.picture(&text, &serde_json::Value::Null);
        }
    }
}

/// Prints what changes from one schema to the other; `names` are what people call them.
pub fn print_diff(diff: &SchemaDiff, names: [&str; 2], output: &Output) {
    let text = diff_text(diff);
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

/// The difference as text, coloured and escaped.
pub fn diff_text(diff: &SchemaDiff) -> String {
    let mut text = String::new();
    let mut heading = None;
    for change in &diff.changes {
        let under = change.table.as_ref().map(|table| (change.table_kind, &change.schema, table));
        if under != heading
            && let Some((kind, schema, table)) = under
        {
            text.push_str(&format!("{CHANGED}~{CHANGED:#} {}\n", titled(kind, schema.as_deref(), table)));
        }
        // What hangs on an object that is changed itself follows it without a heading of its own.
        let own = (Some(change.kind), &change.schema, &change.name);
        heading = if under.is_some() { under } else { Some(own) };
        one_change(&mut text, change);
    }
    text
}

fn titled(kind: Option<Kind>, schema: Option<&str>, name: &str) -> String {
    let full = schema.map_or_else(|| name.to_owned(), |schema| format!("{schema}.{name}"));
    let kind = kind.map_or("", Kind::as_str);
    format!("{DIM}{kind}{DIM:#} {NAME}{}{NAME:#}", escape::line(&full))
}

fn one_change(text: &mut String, change: &SchemaChange) {
    let depth = usize::from(change.table.is_some());
    let indent = "  ".repeat(depth);
    let schema = if depth == 0 { change.schema.as_deref() } else { None };
    let title = titled(Some(change.kind), schema, &change.name);
    match &change.what {
        What::Added(node) => tree(text, node, depth, Some(('+', ADDED))),
        What::Removed(node) => tree(text, node, depth, Some(('-', REMOVED))),
        What::Renamed { from } => {
            text.push_str(&format!("{indent}{CHANGED}~{CHANGED:#} {title} was {}\n", escape::line(from)));
        }
        What::Changed(attributes) => {
            text.push_str(&format!("{indent}{CHANGED}~{CHANGED:#} {title}\n"));
            attributes.iter().for_each(|attribute| changed(text, attribute, depth + 1));
        }
    }
}

/// Before and after, each line of them on its own where there are several.
fn changed(text: &mut String, change: &AttributeChange, depth: usize) {
    let indent = "  ".repeat(depth);
    let words = |value: &Option<Value>| value.as_ref().map_or_else(|| "-".to_owned(), plain);
    let (before, after) = (words(&change.before), words(&change.after));
    text.push_str(&format!("{indent}  {DIM}{}:{DIM:#}", escape::line(&change.name)));
    if !before.contains('\n') && !after.contains('\n') {
        let (before, after) = (escape::line(&before), escape::line(&after));
        text.push_str(&format!(" {REMOVED}{before}{REMOVED:#} -> {ADDED}{after}{ADDED:#}\n"));
        return;
    }
    text.push('\n');
    for (mark, style, words) in [('-', REMOVED, before), ('+', ADDED, after)] {
        for line in words.lines() {
            text.push_str(&format!("{indent}    {style}{mark} {}{style:#}\n", escape::line(line)));
        }
    }
}

/// An object in a line, and what hangs on it below.
fn tree(text: &mut String, node: &Node, depth: usize, mark: Option<(char, Style)>) {
    let indent = "  ".repeat(depth);
    let mark = mark.map(|(mark, style)| format!("{style}{mark}{style:#} ")).unwrap_or_default();
    let said = said(&node.attributes);
    let title = titled(Some(node.kind), node.schema.as_deref(), &node.name);
    text.push_str(format!("{mark}{indent}{title}{}", escape::line(&said)).trim_end());
    text.push('\n');
    node.children.iter().for_each(|child| tree(text, child, depth + 1, None));
}

/// What is said of an object, as the rest of its line.
fn said(attributes: &Attributes) -> String {
    let words = attributes.0.iter().filter_map(|Attribute { name, value }| {
        Some(match (name.as_str(), value) {
            ("definition", _) => return None,
            ("nullable", Value::Flag(true)) => return None,
            ("nullable", Value::Flag(false)) => "not null".to_owned(),
            ("type", value) => plain(value),
            ("columns", Value::List(items)) => format!("({})", items.join(", ")),
            ("expression", value) => format!("({})", plain(value)),
            ("kept", value) => plain(value),
            (name, Value::Flag(true)) => name.to_owned(),
            (name, Value::Flag(false)) => format!("not {name}"),
            (name, Value::List(items)) => format!("{name} ({})", items.join(", ")),
            (name, value) => format!("{name} {}", plain(value)),
        })
    });
    words.map(|word| format!(" {word}")).collect()
}

fn plain(value: &Value) -> String {
    match value {
        Value::Flag(true) => "yes".to_owned(),
        Value::Flag(false) => "no".to_owned(),
        Value::Text(text) | Value::Sql(text) => text.clone(),
        Value::List(items) => items.join(", "),
    }
}

/// A schema as JSON.
pub fn schema_json(schema: &Schema) -> serde_json::Value {
    let mut all = Map::new();
    all.insert("dialect".to_owned(), json!(schema.dialect.name()));
    all.insert(Kind::Table.plural().to_owned(), json!([]));
    add_children(&mut all, &schema.nodes());
    all.into()
}

fn add_children(parent: &mut Map<String, serde_json::Value>, children: &[Node]) {
    for child in children {
        let object = node_json(child);
        if child.kind == Kind::PrimaryKey {
            parent.insert("primary_key".to_owned(), object);
            continue;
        }
        let list = parent.entry(child.kind.plural()).or_insert_with(|| json!([]));
        if let Some(list) = list.as_array_mut() {
            list.push(object);
        }
    }
}

fn node_json(node: &Node) -> serde_json::Value {
    let mut all = Map::new();
    if let Some(schema) = &node.schema {
        all.insert("schema".to_owned(), json!(schema));
    }
    all.insert("name".to_owned(), if node.name.is_empty() { json!(null) } else { json!(node.name) });
    for Attribute { name, value } in &node.attributes.0 {
        all.insert(key(name), value_json(value));
    }
    add_children(&mut all, &node.children);
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
