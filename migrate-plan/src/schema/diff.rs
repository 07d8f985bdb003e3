//! Takes two schemas, gives what has to change to get from one to the other.

use std::collections::HashMap;

use super::compare::Comparison;
use super::{Attribute, Kind, Node, Schema, Value};

/// The difference of two schemas.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SchemaDiff {
    /// What changes, in the order of [`Schema::nodes`]; what hangs on a table follows it.
    pub changes: Vec<SchemaChange>,
}

/// One object that is not the same in both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaChange {
    /// Its kind.
    pub kind: Kind,
    /// Its schema, or that of its table, unless it is the default one.
    pub schema: Option<String>,
    /// The table, view or domain that it hangs on.
    pub table: Option<String>,
    /// The kind of [`table`](Self::table).
    pub table_kind: Option<Kind>,
    /// Its name, by which the second schema calls it if it is there; empty for a constraint without one.
    pub name: String,
    /// What becomes of it.
    pub what: What,
}

/// What becomes of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The second schema alone has it, with all that hangs on it.
    Added(Node),
    /// The first schema alone has it, with all that hangs on it.
    Removed(Node),
    /// Both have it under different names: an index or a constraint of one definition.
    Renamed {
        /// Its name in the first schema.
        from: String,
    },
    /// Both have it, and say different things of it.
    Changed(Vec<AttributeChange>),
}

/// Something that is said otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributeChange {
    /// What it is about.
    pub name: String,
    /// What the first schema says; `None` is what is usual.
    pub before: Option<Value>,
    /// What the second schema says; `None` is what is usual.
    pub after: Option<Value>,
}

impl SchemaDiff {
    /// Whether both are the same.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

/// Compares what two databases of one dialect hold.
///
/// Names are compared as the engine compares them, definitions as the catalog writes them. The order of columns is no
/// difference. An index or a constraint of another name and the same definition is a rename; whatever else has another name
/// was removed, and something else added.
pub fn diff_schemas(before: &Schema, after: &Schema) -> SchemaDiff {
    if before == after {
        return SchemaDiff { changes: Vec::new() };
    }
    let comparison = Comparison {
        dialect: after.dialect,
        case_sensitive_tables: before.case_sensitive_tables && after.case_sensitive_tables,
    };
    let mut differ = Differ { comparison, changes: Vec::new() };
    differ.siblings(&before.nodes(), &after.nodes(), None);
    SchemaDiff { changes: differ.changes }
}

struct Differ {
    comparison: Comparison,
    changes: Vec<SchemaChange>,
}

impl Differ {
    fn siblings(&mut self, before: &[Node], after: &[Node], parent: Option<&Node>) {
        let mut left: HashMap<_, Vec<&Node>> = HashMap::new();
        before.iter().for_each(|node| left.entry(self.identity(node)).or_default().push(node));
        let mut pairs: Vec<(Option<&Node>, &Node)> = Vec::new();
        let mut unmatched = Vec::new();
        for node in after {
            let same_name = left.get_mut(&self.identity(node)).filter(|nodes| !nodes.is_empty());
            let partner = match same_name {
                // Constraints without a name are told apart by what they say.
                Some(nodes) if node.name.is_empty() && !node.kind.is_single() => {
                    nodes.iter().position(|other| self.is_same(other, node)).map(|place| nodes.remove(place))
                }
                Some(nodes) => Some(nodes.remove(0)),
                None => None,
            };
            if partner.is_none() {
                unmatched.push(pairs.len());
            }
            pairs.push((partner, node));
        }
        let mut gone: Vec<&Node> = before
            .iter()
            .filter(|node| {
                left.get(&self.identity(node)).is_some_and(|nodes| nodes.iter().any(|n| std::ptr::eq(*n, *node)))
            })
            .collect();
        for place in unmatched {
            let node = pairs[place].1;
            if node.kind.is_renamed_freely()
                && let Some(found) = gone.iter().position(|other| other.kind == node.kind && self.is_same(other, node))
            {
                pairs[place].0 = Some(gone.remove(found));
            }
        }
        // In the order of kinds, removals first: a name may pass from one object to another.
        let mut kinds: Vec<Kind> = Vec::new();
        for node in before.iter().chain(after) {
            if !kinds.contains(&node.kind) {
                kinds.push(node.kind);
            }
        }
        kinds.sort_unstable();
        for kind in kinds {
            for node in gone.iter().filter(|node| node.kind == kind) {
                self.push(node, parent, What::Removed((*node).clone()));
            }
            for (partner, node) in pairs.iter().filter(|(_, node)| node.kind == kind) {
                match partner {
                    Some(partner) => self.pair(partner, node, parent),
                    None => self.push(node, parent, What::Added((*node).clone())),
                }
            }
        }
    }

    fn pair(&mut self, before: &Node, after: &Node, parent: Option<&Node>) {
        let attributes = self.attributes(before, after);
        if self.comparison.name(&before.name) != self.comparison.name(&after.name) && !is_table(after.kind) {
            self.push(after, parent, What::Renamed { from: before.name.clone() });
        }
        if !attributes.is_empty() {
            self.push(after, parent, What::Changed(attributes));
        }
        self.siblings(&before.children, &after.children, Some(after));
    }

    fn attributes(&self, before: &Node, after: &Node) -> Vec<AttributeChange> {
        let find = |node: &Node, name: &str| node.attributes.0.iter().find(|other| other.name == name).cloned();
        let changed = before.attributes.0.iter().filter_map(|one| {
            let other = find(after, &one.name);
            let same = other.as_ref().is_some_and(|other| self.comparison.same(one, other));
            (!same).then(|| change(&one.name, Some(one.clone()), other))
        });
        let new = after.attributes.0.iter().filter(|other| before.attributes.get(&other.name).is_none());
        changed.chain(new.map(|other| change(&other.name, None, Some(other.clone())))).collect()
    }

    fn is_same(&self, one: &Node, other: &Node) -> bool {
        self.attributes(one, other).is_empty()
    }

    /// What two nodes must share to be one object.
    fn identity(&self, node: &Node) -> (Kind, Option<String>, String) {
        let name = match node.kind {
            kind if kind.is_single() => String::new(),
            kind if is_table(kind) => self.comparison.table_name(&node.name),
            _ => self.comparison.name(&node.name),
        };
        (node.kind, node.schema.clone(), name)
    }

    fn push(&mut self, node: &Node, parent: Option<&Node>, what: What) {
        self.changes.push(SchemaChange {
            kind: node.kind,
            schema: node.schema.clone().or_else(|| parent.and_then(|parent| parent.schema.clone())),
            table: parent.map(|parent| parent.name.clone()),
            table_kind: parent.map(|parent| parent.kind),
            name: node.name.clone(),
            what,
        });
    }
}

fn is_table(kind: Kind) -> bool {
    matches!(kind, Kind::Table | Kind::View | Kind::MaterializedView | Kind::Partition | Kind::Child)
}

fn change(name: &str, before: Option<Attribute>, after: Option<Attribute>) -> AttributeChange {
    AttributeChange {
        name: name.to_owned(),
        before: before.map(|attribute| attribute.value),
        after: after.map(|attribute| attribute.value),
    }
}
