//! A schema, and the difference of two, as lines for people.

use std::fmt;

use super::{Attribute, AttributeChange, Attributes, Kind, Node, Schema, SchemaChange, SchemaDiff, Value, What};

/// A line of an outline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// How deep it stands; 0 is an object of its own.
    pub depth: usize,
    /// What becomes of what it says.
    pub mark: Mark,
    /// What it says, in one line.
    pub text: String,
}

/// What becomes of what a line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Nothing.
    Same,
    /// It is in the second schema alone.
    Added,
    /// It is in the first schema alone.
    Removed,
    /// It is in both, and not the same.
    Changed,
}

impl Mark {
    /// The sign in front of the line.
    pub const fn sign(self) -> char {
        match self {
            Self::Same => ' ',
            Self::Added => '+',
            Self::Removed => '-',
            Self::Changed => '~',
        }
    }
}

/// The sign, and the text as deep as it stands.
impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let indent = "  ".repeat(self.depth);
        match self.mark {
            Mark::Same => write!(f, "{indent}{}", self.text),
            mark => write!(f, "{} {indent}{}", mark.sign(), self.text),
        }
    }
}

impl Schema {
    /// A line for each object, what hangs on one below it. Bodies of views, triggers and routines are left out.
    pub fn lines(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        self.nodes().iter().for_each(|node| tree(&mut lines, node, 0, Mark::Same));
        lines
    }
}

impl SchemaDiff {
    /// What changes, grouped by table; a changed text of several lines before and after.
    pub fn lines(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        let mut heading = None;
        for change in &self.changes {
            let under = change.table.as_ref().map(|table| (change.table_kind, &change.schema, table));
            if let Some((kind, schema, table)) = under.filter(|under| Some(*under) != heading) {
                lines.push(Line { depth: 0, mark: Mark::Changed, text: titled(kind, schema.as_deref(), table) });
            }
            // What hangs on an object that is changed itself follows it without a heading of its own.
            heading = under.or(Some((Some(change.kind), &change.schema, &change.name)));
            one_change(&mut lines, change);
        }
        lines
    }

    /// The first of its lines as text, and how many more there are.
    pub fn first_lines(&self, most: usize) -> Vec<String> {
        let lines = self.lines();
        let more = lines.len().saturating_sub(most);
        let mut first: Vec<String> = lines.iter().take(most).map(ToString::to_string).collect();
        first.extend((more > 0).then(|| format!("and {more} lines more")));
        first
    }
}

impl fmt::Display for SchemaDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.lines().iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

fn titled(kind: Option<Kind>, schema: Option<&str>, name: &str) -> String {
    let schema = schema.map(|schema| format!("{schema}.")).unwrap_or_default();
    let kind = kind.filter(|kind| *kind != Kind::Opaque).map(|kind| format!("{kind} ")).unwrap_or_default();
    format!("{kind}{schema}{name}").trim_end().to_owned()
}

fn one_change(lines: &mut Vec<Line>, change: &SchemaChange) {
    let depth = usize::from(change.table.is_some());
    let schema = if depth == 0 { change.schema.as_deref() } else { None };
    let title = titled(Some(change.kind), schema, &change.name);
    match &change.what {
        What::Added(node) => tree(lines, node, depth, Mark::Added),
        What::Removed(node) => tree(lines, node, depth, Mark::Removed),
        What::Renamed { from } => {
            let from = if from.is_empty() { "without a name" } else { from };
            lines.push(Line { depth, mark: Mark::Changed, text: format!("{title}, was {from}") });
        }
        What::Changed(attributes) => {
            // The attributes stand below; a constraint without a name has nothing else to say.
            lines.push(Line { depth, mark: Mark::Changed, text: title });
            attributes.iter().for_each(|attribute| changed(lines, attribute, depth + 1));
        }
    }
}

fn changed(lines: &mut Vec<Line>, change: &AttributeChange, depth: usize) {
    let words = |value: &Option<Value>| value.as_ref().map_or_else(|| "-".to_owned(), Value::to_string);
    let (before, after) = (words(&change.before), words(&change.after));
    let name = &change.name;
    if !before.contains('\n') && !after.contains('\n') {
        lines.push(Line { depth, mark: Mark::Changed, text: format!("{name}: {before} -> {after}") });
        return;
    }
    lines.push(Line { depth, mark: Mark::Changed, text: format!("{name}:") });
    for (mark, words) in [(Mark::Removed, before), (Mark::Added, after)] {
        lines.extend(words.lines().map(|line| Line { depth: depth + 1, mark, text: line.to_owned() }));
    }
}

/// An object in a line, and what hangs on it below.
fn tree(lines: &mut Vec<Line>, node: &Node, depth: usize, mark: Mark) {
    let title = titled(Some(node.kind), node.schema.as_deref(), &node.name);
    let text = format!("{title}{}", said(&node.attributes)).replace('\n', " ");
    lines.push(Line { depth, mark, text });
    node.children.iter().for_each(|child| tree(lines, child, depth + 1, mark));
}

/// What is said of an object, as the rest of its line.
fn said(attributes: &Attributes) -> String {
    let words = attributes.0.iter().filter_map(|Attribute { name, value }| {
        Some(match (name.as_str(), value) {
            ("definition" | "what" | "referenced columns", _) | ("nullable", Value::Flag(true)) => return None,
            ("nullable", Value::Flag(false)) => "not null".to_owned(),
            ("type" | "kept", value) => value.to_string(),
            ("columns", Value::List(items)) => format!("({})", items.join(", ")),
            ("expression", value) => format!("({value})"),
            ("references", value) => match attributes.get("referenced columns") {
                Some(columns) => format!("references {value} ({columns})"),
                None => format!("references {value}"),
            },
            (name, Value::Flag(true)) => name.to_owned(),
            (name, Value::Flag(false)) => format!("not {name}"),
            (name, Value::List(items)) => format!("{name} ({})", items.join(", ")),
            (name, value) => format!("{name} {value}"),
        })
    });
    words.map(|word| format!(" {word}")).collect()
}

/// For people.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(true) => f.write_str("yes"),
            Self::Flag(false) => f.write_str("no"),
            Self::Text(text) | Self::Sql(text) => f.write_str(text),
            Self::List(items) => f.write_str(&items.join(", ")),
        }
    }
}
