//! A set of revisions of one graph.

use super::Node;

/// A set of revisions, as one mark a revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevisionSet {
    marks: Vec<bool>,
}

impl RevisionSet {
    /// The empty set for a graph of `len` revisions.
    pub fn new(len: usize) -> Self {
        Self { marks: vec![false; len] }
    }

    /// Adds a revision; tells whether it was new.
    pub fn insert(&mut self, node: Node) -> bool {
        !std::mem::replace(&mut self.marks[node.index()], true)
    }

    /// Takes a revision out.
    pub fn remove(&mut self, node: Node) {
        self.marks[node.index()] = false;
    }

    /// Whether the revision is in the set.
    pub fn contains(&self, node: Node) -> bool {
        self.marks.get(node.index()).copied().unwrap_or(false)
    }

    /// Whether the set is empty.
    pub fn is_empty(&self) -> bool {
        !self.marks.contains(&true)
    }

    /// The revisions in load order.
    pub fn iter(&self) -> impl Iterator<Item = Node> {
        self.marks.iter().enumerate().filter(|(_, mark)| **mark).map(|(index, _)| Node::new(index))
    }
}
