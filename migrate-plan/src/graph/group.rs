//! Groups of revisions: the folders and crates that one graph is put together from.
//!
//! A group's name stands for its first revision: the only one of which no parent is of the group. Where there are several,
//! it stands for nothing.

use std::collections::HashMap;

use super::defect::{GraphDefect, clash};
use super::{Name, Node};
use crate::revision::{Revision, Text, validate_label};

/// Whether a revision belongs to the group; each does to none.
pub(super) fn is_of(revision: &Revision, group: Option<&str>) -> bool {
    group.is_none_or(|group| revision.groups.iter().any(|own| own == group))
}

/// Whether there is a revision of the group.
pub(super) fn is_here(revisions: &[Revision], group: &str) -> bool {
    revisions.iter().any(|revision| is_of(revision, Some(group)))
}

/// Lets the name of each group stand for its first revision.
pub(super) fn name_beginnings(
    revisions: &[Revision],
    parents: &[Vec<Node>],
    names: &mut HashMap<Text, Name>,
    defects: &mut Vec<GraphDefect>,
) {
    for (group, node) in beginnings(revisions, parents) {
        match names.get(&group) {
            Some(Name::Label(carrier)) if *carrier == node => {}
            Some(other) => {
                let (revision, other) = (&revisions[node.index()], *other);
                defects.push(GraphDefect::GroupConflict {
                    group: group.to_string(),
                    id: revision.id.to_string(),
                    file: revision.file.to_string(),
                    clash: clash(other, revisions),
                    other: revisions[other.node().index()].file.to_string(),
                });
            }
            None => {
                names.insert(group, Name::Label(node));
            }
        }
    }
}

/// The groups of which exactly one revision has no parent in the group, with that one, in load order.
fn beginnings(revisions: &[Revision], parents: &[Vec<Node>]) -> Vec<(Text, Node)> {
    let mut order: Vec<&Text> = Vec::new();
    let mut found: HashMap<&Text, Vec<Node>> = HashMap::new();
    for (index, revision) in revisions.iter().enumerate() {
        for group in revision.groups.iter().filter(|group| validate_label(group).is_ok()) {
            let mut within = parents[index].iter().map(|parent| &revisions[parent.index()]);
            if !within.any(|parent| is_of(parent, Some(group))) {
                let list = found.entry(group).or_default();
                if list.is_empty() {
                    order.push(group);
                }
                list.push(Node::new(index));
            }
        }
    }
    let single = |group: &Text| match found[group].as_slice() {
        [one] => Some((group.clone(), *one)),
        _ => None,
    };
    order.into_iter().filter_map(single).collect()
}
