//! The revisions as a graph: who follows whom, checked as a whole.
//!
//! Takes the revisions in load order (sorted file names) and gives a graph without defects, or every defect at once.
//! Several heads are no defect: only targets that need one head refuse them. Building is linear.

mod defect;
mod group;
mod lineage;
mod set;

use std::borrow::Cow;
use std::collections::HashMap;

pub use defect::GraphDefect;
pub use lineage::Edges;
pub use set::RevisionSet;

use crate::revision::{Revision, Text};

/// A revision of one graph: cheap to copy, meaningless in another graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Node(u32);

impl Node {
    pub(crate) fn new(index: usize) -> Self {
        Self(u32::try_from(index).expect("a graph has fewer than 2^32 revisions"))
    }

    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a name in a list of parents, dependencies or targets stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    /// A revision's id.
    Id(Node),
    /// A branch label, carried by this revision.
    Label(Node),
}

impl Name {
    /// The revision that has the id or carries the label.
    pub const fn node(self) -> Node {
        match self {
            Self::Id(node) | Self::Label(node) => node,
        }
    }
}

/// A graph of revisions without defects.
///
/// # Examples
///
/// ```
/// use migrate_plan::{RevisionGraph, parse_revision};
///
/// let a = parse_revision("a.sql", b"-- revision: a\n-- parents: none\n-- migrate: up\nSELECT 1;\n").unwrap();
/// let b = parse_revision("b.sql", b"-- revision: b\n-- parents: a\n-- migrate: up\nSELECT 1;\n").unwrap();
/// let graph = RevisionGraph::new(vec![a, b]).unwrap();
/// let heads: Vec<&str> = graph.heads().map(|node| graph.id(node)).collect();
/// assert_eq!(heads, ["b"]);
/// ```
#[derive(Clone, Debug)]
pub struct RevisionGraph {
    revisions: Cow<'static, [Revision]>,
    names: HashMap<Text, Name>,
    parents: Vec<Vec<Node>>,
    depends_on: Vec<Vec<Node>>,
    /// Dependencies on revisions of groups that are not here.
    elsewhere: Vec<(Node, Text)>,
    children: Vec<Vec<Node>>,
    dependents: Vec<Vec<Node>>,
    /// Every revision, parents and dependencies first, one line of history after the other.
    order: Vec<Node>,
    /// Where in `order` a revision stands.
    position: Vec<u32>,
}

impl RevisionGraph {
    /// Builds the graph.
    ///
    /// # Errors
    ///
    /// Every [`GraphDefect`]: unusable ids and labels, duplicate ids, ids that differ only in case, unknown parents and
    /// dependencies, self-loops, cycles, and labels that clash. A dependency on a revision of a group of which there is no
    /// revision here is no defect: see [`RevisionGraph::elsewhere`].
    pub fn new(revisions: impl Into<Cow<'static, [Revision]>>) -> Result<Self, Vec<GraphDefect>> {
        let revisions = revisions.into();
        let mut defects = Vec::new();
        let mut names = defect::index_names(&revisions, &mut defects);
        let parents = defect::resolve_parents(&revisions, &names, &mut defects);
        group::name_beginnings(&revisions, &parents, &mut names, &mut defects);
        let (depends_on, elsewhere) = defect::resolve_dependencies(&revisions, &names, &mut defects);
        if !defects.is_empty() {
            return Err(defects);
        }
        let children = reverse(&parents);
        let dependents = reverse(&depends_on);
        let Some(order) = sort(&parents, &depends_on) else {
            return Err(defect::find_cycles(&revisions, &parents, &depends_on));
        };
        let mut position = vec![0; order.len()];
        for (at, node) in order.iter().enumerate() {
            position[node.index()] = at as u32;
        }
        Ok(Self { revisions, names, parents, depends_on, elsewhere, children, dependents, order, position })
    }

    /// How many revisions there are.
    pub fn len(&self) -> usize {
        self.revisions.len()
    }

    /// Whether there is no revision.
    pub fn is_empty(&self) -> bool {
        self.revisions.is_empty()
    }

    /// The revision at a node.
    pub fn revision(&self, node: Node) -> &Revision {
        &self.revisions[node.index()]
    }

    /// The revisions in load order.
    pub fn revisions(&self) -> &[Revision] {
        &self.revisions
    }

    /// The revisions in load order, for whoever needs the graph no longer.
    pub fn into_revisions(self) -> Vec<Revision> {
        self.revisions.into_owned()
    }

    /// The id of a node.
    pub fn id(&self, node: Node) -> &str {
        &self.revision(node).id
    }

    /// What an exact id or label stands for.
    pub fn name(&self, name: &str) -> Option<Name> {
        self.names.get(name).copied()
    }

    /// The revision with exactly this id.
    pub fn node(&self, id: &str) -> Option<Node> {
        match self.name(id) {
            Some(Name::Id(node)) => Some(node),
            _ => None,
        }
    }

    /// Every id and label, in no order.
    pub fn names(&self) -> impl Iterator<Item = (&str, Name)> {
        self.names.iter().map(|(name, node)| (&**name, *node))
    }

    /// Every revision, parents and dependencies before what needs them; the same for the same files.
    pub fn order(&self) -> &[Node] {
        &self.order
    }

    pub(crate) fn position(&self, node: Node) -> u32 {
        self.position[node.index()]
    }

    /// The parents of a revision, as listed.
    pub fn parents(&self, node: Node) -> &[Node] {
        &self.parents[node.index()]
    }

    /// The dependencies of a revision, as listed, labels resolved.
    pub fn depends_on(&self, node: Node) -> &[Node] {
        &self.depends_on[node.index()]
    }

    /// Dependencies that are named with a group of which there is no revision here, such as that of another crate; no plan
    /// can apply these revisions.
    pub fn elsewhere(&self) -> impl Iterator<Item = (Node, &str)> {
        self.elsewhere.iter().map(|(node, name)| (*node, &**name))
    }

    /// Whether this is the name of a folder or crate that revisions come from.
    pub fn is_group(&self, name: &str) -> bool {
        group::is_here(&self.revisions, name)
    }

    /// The labels that stand for a revision: those that it carries, and the groups that begin with it.
    pub fn labels(&self, node: Node) -> impl Iterator<Item = &str> {
        let revision = self.revision(node);
        let begins =
            move |group: &&Text| !revision.labels.contains(group) && self.name(group) == Some(Name::Label(node));
        revision.labels.iter().chain(revision.groups.iter().filter(begins)).map(|label| &**label)
    }

    /// The revisions that name this one as a parent, in load order.
    pub fn children(&self, node: Node) -> &[Node] {
        &self.children[node.index()]
    }

    /// The revisions that depend on this one without being its children, in load order.
    pub fn dependents(&self, node: Node) -> &[Node] {
        &self.dependents[node.index()]
    }

    /// The revisions that are no revision's parent, in load order. Dependencies do not count.
    pub fn heads(&self) -> impl Iterator<Item = Node> {
        self.nodes().filter(|node| self.children(*node).is_empty())
    }

    /// Revisions as ids with their files, for messages.
    pub fn ids_and_files(&self, nodes: impl IntoIterator<Item = Node>) -> Vec<(String, String)> {
        let describe = |node| (self.id(node).to_owned(), self.revision(node).file.to_string());
        nodes.into_iter().map(describe).collect()
    }

    /// The revisions without parents, in load order.
    pub fn bases(&self) -> impl Iterator<Item = Node> {
        self.nodes().filter(|node| self.parents(*node).is_empty())
    }

    /// Every node in load order.
    pub fn nodes(&self) -> impl Iterator<Item = Node> + use<> {
        (0..self.len()).map(Node::new)
    }

    /// The graph with further revisions behind its own; the nodes of this graph keep their meaning.
    pub(crate) fn extended(&self, more: Vec<Revision>) -> Result<Self, Vec<GraphDefect>> {
        let mut revisions = self.revisions.to_vec();
        revisions.extend(more);
        Self::new(revisions)
    }
}

fn reverse(edges: &[Vec<Node>]) -> Vec<Vec<Node>> {
    let mut reversed = vec![Vec::new(); edges.len()];
    for (from, targets) in edges.iter().enumerate() {
        for to in targets {
            reversed[to.index()].push(Node::new(from));
        }
    }
    reversed
}

/// Depth first from each revision in load order: what it needs, then itself. `None` for a cycle.
///
/// Lines stay together, so that a plan reads as one branch after the other. Not recursive: histories are long.
fn sort(parents: &[Vec<Node>], depends_on: &[Vec<Node>]) -> Option<Vec<Node>> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let needs = |node: Node, nth: usize| {
        let (parents, depends_on) = (&parents[node.index()], &depends_on[node.index()]);
        parents.get(nth).or_else(|| depends_on.get(nth - parents.len().min(nth))).copied()
    };
    let mut marks = vec![Mark::New; parents.len()];
    let mut order = Vec::with_capacity(parents.len());
    let mut stack: Vec<(Node, usize)> = Vec::new();
    for start in (0..parents.len()).map(Node::new) {
        if marks[start.index()] != Mark::New {
            continue;
        }
        marks[start.index()] = Mark::Open;
        stack.push((start, 0));
        while let Some((node, nth)) = stack.last_mut() {
            match needs(*node, *nth) {
                Some(need) => {
                    *nth += 1;
                    match marks[need.index()] {
                        Mark::Open => return None,
                        Mark::Done => {}
                        Mark::New => {
                            marks[need.index()] = Mark::Open;
                            stack.push((need, 0));
                        }
                    }
                }
                None => {
                    marks[node.index()] = Mark::Done;
                    order.push(*node);
                    stack.pop();
                }
            }
        }
    }
    Some(order)
}
