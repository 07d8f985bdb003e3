//! Walking the graph: ancestors, descendants, lineages, and the maximal elements of a set.

use super::{Node, RevisionGraph, RevisionSet};

/// Which edges a walk follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edges {
    /// Parents only: what makes a lineage.
    Parents,
    /// Parents and dependencies: what must be applied together.
    All,
}

impl RevisionGraph {
    /// The given revisions with everything below them.
    pub fn ancestors(&self, start: impl IntoIterator<Item = Node>, edges: Edges) -> RevisionSet {
        self.reach(start, |graph, node| (graph.parents(node), graph.depends_on(node)), edges)
    }

    /// The given revisions with everything above them.
    pub fn descendants(&self, start: impl IntoIterator<Item = Node>, edges: Edges) -> RevisionSet {
        self.reach(start, |graph, node| (graph.children(node), graph.dependents(node)), edges)
    }

    /// The ancestors and descendants of a revision by parents, and itself.
    pub fn lineage(&self, node: Node) -> RevisionSet {
        let mut lineage = self.ancestors([node], Edges::Parents);
        for descendant in self.descendants([node], Edges::Parents).iter() {
            lineage.insert(descendant);
        }
        lineage
    }

    /// The elements of a set that no other element is above, in load order.
    ///
    /// Over parents and dependencies these are the applied heads. An element counts as below another also when what
    /// lies between is not in the set.
    pub fn maximal(&self, set: &RevisionSet, edges: Edges) -> Vec<Node> {
        let mut below = RevisionSet::new(self.len());
        for node in self.order().iter().rev().copied() {
            if set.contains(node) || below.contains(node) {
                for need in self.parents(node) {
                    below.insert(*need);
                }
                for need in self.depends_on(node).iter().filter(|_| edges == Edges::All) {
                    below.insert(*need);
                }
            }
        }
        set.iter().filter(|node| !below.contains(*node)).collect()
    }

    fn reach<'g>(
        &'g self,
        start: impl IntoIterator<Item = Node>,
        next: impl Fn(&'g Self, Node) -> (&'g [Node], &'g [Node]),
        edges: Edges,
    ) -> RevisionSet {
        let mut reached = RevisionSet::new(self.len());
        let mut open: Vec<Node> = start.into_iter().filter(|node| reached.insert(*node)).collect();
        while let Some(node) = open.pop() {
            let (by_parents, by_dependencies) = next(self, node);
            let by_dependencies = if edges == Edges::All { by_dependencies } else { &[] };
            open.extend(by_parents.iter().chain(by_dependencies).filter(|node| reached.insert(**node)));
        }
        reached
    }
}
