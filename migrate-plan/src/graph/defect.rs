//! What can be wrong with a set of revisions, found all at once.

use std::collections::HashMap;

use super::{Name, Node, group};
use crate::diagnostic::{Code, Diagnostic, Place, nearest};
use crate::revision::{InvalidName, Origin, Revision, Text, validate_id, validate_label};

/// A defect of a history: no graph can be made of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GraphDefect {
    /// An id or label that cannot be used; files with one are refused when they are read.
    #[error("`{name}` cannot be {what}: {problem}")]
    InvalidName {
        /// The id or label.
        name: String,
        /// What it was to be, with its article.
        what: &'static str,
        /// What is wrong with it.
        problem: InvalidName,
        /// The revision's file.
        file: String,
    },
    /// Two files have one id.
    #[error("two revisions have the id `{id}`")]
    DuplicateId {
        /// The id.
        id: String,
        /// The file that was found later.
        file: String,
        /// The file that was found first.
        other: String,
    },
    /// Two ids are equal but for case.
    #[error("the ids `{id}` and `{other_id}` differ only in case")]
    CaseConflict {
        /// The later id.
        id: String,
        /// The earlier one.
        other_id: String,
        /// The later file.
        file: String,
        /// The earlier file.
        other: String,
    },
    /// A parent or dependency that is not there.
    #[error("revision `{id}` names the unknown {role} `{name}`")]
    UnknownName {
        /// The revision that names it.
        id: String,
        /// `parent` or `dependency`.
        role: &'static str,
        /// The unknown name.
        name: String,
        /// Its file.
        file: String,
        /// The known name that is most like it.
        nearest: Option<String>,
    },
    /// A revision is its own parent or dependency.
    #[error("revision `{id}` names itself as a {role}")]
    SelfLoop {
        /// The revision.
        id: String,
        /// `parent` or `dependency`.
        role: &'static str,
        /// Its file.
        file: String,
    },
    /// Revisions that need one another.
    #[error("revisions need one another: {}", path(.ids))]
    Cycle {
        /// The ids of the cycle, each needing the next, the last one the first.
        ids: Vec<String>,
        /// The files in the same order.
        files: Vec<String>,
    },
    /// A label that two revisions carry, or that is an id.
    #[error("the label `{label}` of revision `{id}` is {clash}")]
    LabelConflict {
        /// The label.
        label: String,
        /// The revision that carries it.
        id: String,
        /// Its file.
        file: String,
        /// What it clashes with.
        clash: String,
        /// The file of what it clashes with.
        other: String,
    },
    /// A folder's or crate's name that is also an id, or a label of another revision.
    #[error("the group `{group}`, which begins with revision `{id}`, has a name that is {clash}")]
    GroupConflict {
        /// The group.
        group: String,
        /// Its first revision.
        id: String,
        /// That one's file.
        file: String,
        /// What it clashes with.
        clash: String,
        /// The file of what it clashes with.
        other: String,
    },
}

fn path(ids: &[String]) -> String {
    let mut ids: Vec<String> = ids.iter().map(|id| format!("`{id}`")).collect();
    ids.extend(ids.first().cloned());
    ids.join(" -> ")
}

impl From<&GraphDefect> for Diagnostic {
    fn from(defect: &GraphDefect) -> Self {
        let message = defect.to_string();
        let place = |file: &String| Place::new(file.clone(), 1);
        match defect {
            GraphDefect::InvalidName { problem, file, .. } => Diagnostic::new(Code::InvalidId, message, problem.help())
                .at(place(file))
                .because("ids and labels are typed as targets and stored in the database"),
            GraphDefect::DuplicateId { file, other, .. } => Diagnostic::new(
                Code::DuplicateId,
                message,
                format!("`cargo migrate rebase {file}` gives it a fresh id and puts it behind the other"),
            )
            .at(place(file))
            .also(place(other))
            .because("a database records a revision by its id, so only one of the two could ever run"),
            GraphDefect::CaseConflict { file, other, .. } => {
                Diagnostic::new(Code::CaseConflict, message, "give one of them another id")
                    .at(place(file))
                    .also(place(other))
                    .because("some databases and file systems cannot tell them apart")
            }
            GraphDefect::UnknownName { role, name, file, nearest, .. } => Diagnostic::new(
                Code::UnknownParent,
                message,
                nearest.as_ref().map_or_else(
                    || format!("restore its file, or name another {role}"),
                    |nearest| format!("did you mean `{nearest}`? If there was a `{name}`, restore its file"),
                ),
            )
            .at(place(file))
            .because("a revision can only run after the ones that it names"),
            GraphDefect::SelfLoop { role, file, .. } => {
                Diagnostic::new(Code::SelfLoop, message, format!("name the revision before it, or no {role}"))
                    .at(place(file))
                    .because("it could never run, since it would have to run before itself")
            }
            GraphDefect::Cycle { files, .. } => {
                let mut diagnostic =
                    Diagnostic::new(Code::Cycle, message, "change one of the parents, so that one of them comes first")
                        .because("each of them would have to run before the others");
                let mut files = files.iter();
                diagnostic.place = files.next().map(place);
                diagnostic.also = files.map(place).collect();
                diagnostic
            }
            GraphDefect::GroupConflict { file, other, .. } => {
                Diagnostic::new(Code::LabelConflict, message, "rename the folder, or give the other one another name")
                    .at(place(file))
                    .also(place(other))
                    .because("the name of a folder or crate stands for its first revision, as a label does")
            }
            GraphDefect::LabelConflict { file, other, .. } => {
                Diagnostic::new(Code::LabelConflict, message, "give it another label")
                    .at(place(file))
                    .also(place(other))
                    .because("a label must stand for one revision")
            }
        }
    }
}

pub(super) fn index_names(revisions: &[Revision], defects: &mut Vec<GraphDefect>) -> HashMap<Text, Name> {
    // What a history holds is there already, and is only looked at and undone.
    revisions
        .iter()
        .filter(|revision| revision.origin == Origin::File)
        .for_each(|revision| refuse_names(revision, defects));
    let mut names: HashMap<Text, Name> = HashMap::with_capacity(revisions.len());
    for (index, revision) in revisions.iter().enumerate() {
        match names.get(&revision.id) {
            Some(other) => defects.push(GraphDefect::DuplicateId {
                id: revision.id.to_string(),
                file: revision.file.to_string(),
                other: revisions[other.node().index()].file.to_string(),
            }),
            None => {
                names.insert(revision.id.clone(), Name::Id(Node::new(index)));
            }
        }
    }
    find_case_conflicts(revisions, defects);
    for (index, revision) in revisions.iter().enumerate() {
        for label in revision.labels.iter() {
            match names.get(label) {
                Some(other) => defects.push(label_conflict(revision, label, *other, revisions)),
                None => {
                    names.insert(label.clone(), Name::Label(Node::new(index)));
                }
            }
        }
    }
    names
}

/// Revisions that are made by hand have passed no parser, and a database may cut an id that is too long for it.
fn refuse_names(revision: &Revision, defects: &mut Vec<GraphDefect>) {
    let mut refuse = |name: &Text, what, problem| {
        let (name, file) = (name.to_string(), revision.file.to_string());
        defects.push(GraphDefect::InvalidName { name, what, problem, file });
    };
    if let Err(problem) = validate_id(&revision.id) {
        refuse(&revision.id, "a revision id", problem);
    }
    for label in revision.labels.iter() {
        if let Err(problem) = validate_label(label) {
            refuse(label, "a label", problem);
        }
    }
}

fn find_case_conflicts(revisions: &[Revision], defects: &mut Vec<GraphDefect>) {
    if !revisions.iter().any(|revision| revision.id.bytes().any(|b| b.is_ascii_uppercase())) {
        return;
    }
    let mut folded: HashMap<String, &Revision> = HashMap::with_capacity(revisions.len());
    for revision in revisions {
        match folded.get(&revision.id.to_ascii_lowercase()) {
            Some(other) if other.id != revision.id => defects.push(GraphDefect::CaseConflict {
                id: revision.id.to_string(),
                other_id: other.id.to_string(),
                file: revision.file.to_string(),
                other: other.file.to_string(),
            }),
            Some(_) => {}
            None => {
                folded.insert(revision.id.to_ascii_lowercase(), revision);
            }
        }
    }
}

fn label_conflict(revision: &Revision, label: &Text, other: Name, revisions: &[Revision]) -> GraphDefect {
    GraphDefect::LabelConflict {
        label: label.to_string(),
        id: revision.id.to_string(),
        file: revision.file.to_string(),
        clash: clash(other, revisions),
        other: revisions[other.node().index()].file.to_string(),
    }
}

/// What a name is already.
pub(super) fn clash(name: Name, revisions: &[Revision]) -> String {
    match name {
        Name::Id(_) => "also an id".to_owned(),
        Name::Label(node) => format!("also carried by `{}`", revisions[node.index()].id),
    }
}

pub(super) fn resolve_parents(
    revisions: &[Revision],
    names: &HashMap<Text, Name>,
    defects: &mut Vec<GraphDefect>,
) -> Vec<Vec<Node>> {
    let lists = revisions.iter().map(|revision| &*revision.parents).enumerate();
    lists.map(|(index, wanted)| resolve(revisions, index, wanted, Role::Parent, names, defects)).collect()
}

/// The dependencies of each revision, and those that are of groups of which there is no revision here.
pub(super) fn resolve_dependencies(
    revisions: &[Revision],
    names: &HashMap<Text, Name>,
    defects: &mut Vec<GraphDefect>,
) -> (Vec<Vec<Node>>, Vec<(Node, Text)>) {
    let mut elsewhere = Vec::new();
    let mut resolved = Vec::with_capacity(revisions.len());
    for (index, revision) in revisions.iter().enumerate() {
        if !revision.depends_on.iter().any(|name| name.contains('@')) {
            resolved.push(resolve(revisions, index, &revision.depends_on, Role::Dependency, names, defects));
            continue;
        }
        let is_here = |name: &&Text| name.split_once('@').is_none_or(|(group, _)| group::is_here(revisions, group));
        let (here, there): (Vec<_>, Vec<_>) = revision.depends_on.iter().partition(is_here);
        elsewhere.extend(there.into_iter().map(|name| (Node::new(index), name.clone())));
        let here: Vec<Text> = here.into_iter().cloned().collect();
        resolved.push(resolve(revisions, index, &here, Role::Dependency, names, defects));
    }
    (resolved, elsewhere)
}

/// What one revision is to another that names it.
#[derive(Clone, Copy, PartialEq)]
enum Role {
    /// Named by its id.
    Parent,
    /// Named by its id or its label.
    Dependency,
}

impl Role {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Parent => "parent",
            Self::Dependency => "dependency",
        }
    }

    fn allows(self, name: Name) -> bool {
        self == Self::Dependency || matches!(name, Name::Id(_))
    }
}

fn resolve(
    revisions: &[Revision],
    index: usize,
    wanted: &[Text],
    role: Role,
    names: &HashMap<Text, Name>,
    defects: &mut Vec<GraphDefect>,
) -> Vec<Node> {
    let revision = &revisions[index];
    let (id, file) = (revision.id.to_string(), revision.file.to_string());
    let mut nodes = Vec::with_capacity(wanted.len());
    for name in wanted {
        let (group, bare) = name.split_once('@').map_or((None, &**name), |(group, bare)| (Some(group), bare));
        let found = names.get(bare).copied().filter(|found| group::is_of(&revisions[found.node().index()], group));
        let names_itself = (*bare == revision.id && group::is_of(revision, group))
            || found.is_some_and(|found| found.node().index() == index);
        if names_itself {
            defects.push(GraphDefect::SelfLoop { id: id.clone(), role: role.as_str(), file: file.clone() });
            continue;
        }
        if let Some(found) = found.filter(|found| role.allows(*found)) {
            nodes.push(found.node());
            continue;
        }
        let nearest = match found {
            Some(label) => Some(revisions[label.node().index()].id.to_string()),
            None if defects.len() < MOST_HINTS => nearest_name(bare, role, revision, names),
            None => None,
        };
        let (role, name) = (role.as_str(), name.to_string());
        defects.push(GraphDefect::UnknownName { id: id.clone(), role, name, file: file.clone(), nearest });
    }
    nodes
}

/// Looking for a similar name reads all of them, so only the first defects get a hint.
const MOST_HINTS: usize = 20;

fn nearest_name(name: &str, role: Role, revision: &Revision, names: &HashMap<Text, Name>) -> Option<String> {
    let fits = |(known, found): &(&Text, &Name)| role.allows(**found) && **known != revision.id;
    let mut known: Vec<&str> = names.iter().filter(fits).map(|(known, _)| &**known).collect();
    known.sort_unstable();
    nearest(name, known).map(str::to_owned)
}

/// One defect for each cycle that is found by following, from every revision that no order can hold, the first such
/// revision that it needs.
pub(super) fn find_cycles(revisions: &[Revision], parents: &[Vec<Node>], depends_on: &[Vec<Node>]) -> Vec<GraphDefect> {
    let stuck = unsortable(parents, depends_on);
    let next = |node: Node| {
        let mut needs = parents[node.index()].iter().chain(&depends_on[node.index()]);
        needs.find(|need| stuck[need.index()]).copied()
    };
    let mut seen_in: Vec<Option<usize>> = vec![None; revisions.len()];
    let mut defects = Vec::new();
    for start in (0..revisions.len()).filter(|index| stuck[*index]).map(Node::new) {
        let mut path = Vec::new();
        let mut at = Some(start);
        while let Some(node) = at.filter(|node| seen_in[node.index()].is_none()) {
            seen_in[node.index()] = Some(start.index());
            path.push(node);
            at = next(node);
        }
        let Some(closing) = at.filter(|node| seen_in[node.index()] == Some(start.index())) else { continue };
        let cycle: Vec<Node> = path.into_iter().skip_while(|node| *node != closing).collect();
        defects.push(GraphDefect::Cycle {
            ids: cycle.iter().map(|node| revisions[node.index()].id.to_string()).collect(),
            files: cycle.iter().map(|node| revisions[node.index()].file.to_string()).collect(),
        });
    }
    defects
}

/// The revisions that are on a cycle or above one.
fn unsortable(parents: &[Vec<Node>], depends_on: &[Vec<Node>]) -> Vec<bool> {
    let mut needed_by = vec![Vec::new(); parents.len()];
    let mut missing = vec![0usize; parents.len()];
    for (from, needs) in parents.iter().zip(depends_on).enumerate() {
        for need in needs.0.iter().chain(needs.1) {
            needed_by[need.index()].push(from);
            missing[from] += 1;
        }
    }
    let mut open: Vec<usize> = (0..parents.len()).filter(|index| missing[*index] == 0).collect();
    while let Some(done) = open.pop() {
        for above in &needed_by[done] {
            missing[*above] -= 1;
            if missing[*above] == 0 {
                open.push(*above);
            }
        }
    }
    missing.iter().map(|missing| *missing > 0).collect()
}
