//! A small language for graphs, so that a test reads as a picture: `a -> b, c; b, c -> m[x]{label}`.
//!
//! Chains are separated by `;`, revisions side by side by `,`. In brackets stand what a revision depends on, in braces
//! its labels. Revisions load in the order in which they are first named.

#![allow(dead_code, reason = "every test file uses its own part")]

use migrate_plan::{
    Applied, AppliedRow, Diagnostic, Edges, Node, Plan, PlanError, Purge, Range, Revision, RevisionGraph, RevisionSet,
    RowState, Target, parse_revision,
};

/// A revision as a test writes it down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sketch {
    pub(crate) id: String,
    pub(crate) parents: Vec<String>,
    pub(crate) depends_on: Vec<String>,
    pub(crate) labels: Vec<String>,
}

impl Sketch {
    /// Sends the sketch through the parser, as a file named after its id.
    pub(crate) fn revision(&self) -> Revision {
        self.revision_in(&format!("{}.sql", self.id))
    }

    pub(crate) fn revision_in(&self, file: &str) -> Revision {
        let parents = if self.parents.is_empty() { "none".to_owned() } else { self.parents.join(", ") };
        let mut text = format!("-- revision: {}\n-- parents: {parents}\n", self.id);
        for (key, names) in [("depends-on", &self.depends_on), ("labels", &self.labels)] {
            if !names.is_empty() {
                text.push_str(&format!("-- {key}: {}\n", names.join(", ")));
            }
        }
        text.push_str("\n-- migrate: up\nSELECT 1;\n-- migrate: down\nSELECT 2;\n");
        parse_revision(file, text.as_bytes()).unwrap_or_else(|problems| panic!("{text}\n{problems:?}"))
    }
}

/// Reads the language of this module.
pub(crate) fn sketches(drawing: &str) -> Vec<Sketch> {
    let mut sketches: Vec<Sketch> = Vec::new();
    for chain in drawing.split(';').filter(|chain| !chain.trim().is_empty()) {
        let mut below: Vec<String> = Vec::new();
        for group in chain.split("->") {
            let group: Vec<Sketch> = side_by_side(group).into_iter().map(read_sketch).collect();
            let ids: Vec<String> = group.iter().map(|sketch| sketch.id.clone()).collect();
            for read in group {
                let known = sketches.iter_mut().find(|known| known.id == read.id);
                match known {
                    Some(known) => {
                        known.depends_on.extend(read.depends_on);
                        known.labels.extend(read.labels);
                        known.parents.extend(below.iter().cloned());
                    }
                    None => sketches.push(Sketch { parents: below.clone(), ..read }),
                }
            }
            below = ids;
        }
    }
    sketches
}

fn side_by_side(group: &str) -> Vec<&str> {
    let mut depth = 0;
    let outside = |c: char| {
        depth += i32::from("[{".contains(c)) - i32::from("]}".contains(c));
        c == ',' && depth == 0
    };
    group.split(outside).map(str::trim).collect()
}

fn read_sketch(text: &str) -> Sketch {
    let list = |open: char, close: char| match text.split_once(open) {
        Some((_, rest)) => {
            let (inside, _) = rest.split_once(close).unwrap_or_else(|| panic!("`{text}` lacks `{close}`"));
            inside.split(',').map(|name| name.trim().to_owned()).collect()
        }
        None => Vec::new(),
    };
    let id = text.split(['[', '{']).next().unwrap_or_default().trim().to_owned();
    assert!(!id.is_empty() && !id.contains(' '), "`{text}` is not a revision");
    Sketch { id, parents: Vec::new(), depends_on: list('[', ']'), labels: list('{', '}') }
}

/// The graph of a drawing without defects.
pub(crate) fn graph(drawing: &str) -> RevisionGraph {
    let revisions: Vec<Revision> = sketches(drawing).iter().map(Sketch::revision).collect();
    RevisionGraph::new(revisions).unwrap_or_else(|defects| panic!("{defects:?}"))
}

/// A history row as an upgrade writes it.
pub(crate) fn row(id: &str, parents: &[&str]) -> AppliedRow {
    AppliedRow {
        id: id.to_owned(),
        parents: parents.iter().map(|parent| (*parent).to_owned()).collect(),
        depends_on: Vec::new(),
        title: id.to_owned(),
        up_checksum: None,
        down_checksum: None,
        state: RowState::Applied,
        journal: None,
        applied_at: "2026-01-02T03:04:05Z".to_owned(),
        duration_ms: 1,
        applied_by: "ada@example".to_owned(),
        application: "shop 1.0.0".to_owned(),
    }
}

/// A database that has exactly these revisions.
pub(crate) fn exactly<'g>(graph: &'g RevisionGraph, ids: &[&str]) -> Applied<'g> {
    let known = |id: &&str| graph.node(id).is_some();
    assert!(ids.iter().all(known), "{ids:?} are not all in the graph");
    Applied::new(graph, ids.iter().map(|id| row(id, &[])).collect()).expect("known ids make no defect")
}

/// A database with these applied heads (ids separated by blanks) and everything that they need.
pub(crate) fn applied<'g>(graph: &'g RevisionGraph, heads: &str) -> Applied<'g> {
    let heads: Vec<Node> = heads
        .split_whitespace()
        .map(|id| graph.node(id).unwrap_or_else(|| panic!("`{id}` is not in the graph")))
        .collect();
    let below = graph.ancestors(heads, Edges::All);
    exactly(graph, &ids(graph, &below))
}

/// The ids of a set in load order.
pub(crate) fn ids<'g>(graph: &'g RevisionGraph, set: &RevisionSet) -> Vec<&'g str> {
    set.iter().map(|node| graph.id(node)).collect()
}

pub(crate) fn target(text: &str) -> Target {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

/// Targets separated by blanks.
fn targets(texts: &str) -> Result<Vec<Target>, PlanError> {
    texts.split_whitespace().map(|text| text.parse().map_err(PlanError::Target)).collect()
}

/// What an upgrade does to a database with these applied heads: its steps and the heads afterwards, or the refusal.
pub(crate) fn upgrade(graph: &RevisionGraph, heads: &str, to: &str) -> String {
    let applied = applied(graph, heads);
    show(&targets(to).and_then(|targets| Plan::upgrade(&applied, &targets)))
}

/// What a downgrade does.
pub(crate) fn downgrade(graph: &RevisionGraph, heads: &str, to: &str) -> String {
    let applied = applied(graph, heads);
    show(&to.parse().map_err(PlanError::Target).and_then(|target| Plan::downgrade(&applied, &target)))
}

/// What a stamp does.
pub(crate) fn stamp(graph: &RevisionGraph, heads: &str, to: &str) -> String {
    let applied = applied(graph, heads);
    show(&targets(to).and_then(|targets| Plan::stamp(&applied, &targets, Purge::No)))
}

/// The revisions that `history -r` lists, parents first.
pub(crate) fn history(graph: &RevisionGraph, heads: &str, range: &str) -> String {
    let applied = applied(graph, heads);
    let found = range.parse::<Range>().and_then(|range| range.resolve(&applied));
    match found {
        Ok(nodes) => nodes.into_iter().map(|node| graph.id(node)).collect::<Vec<_>>().join(" "),
        Err(error) => refusal(&PlanError::Target(error)),
    }
}

/// The revisions that `show` finds.
pub(crate) fn find(graph: &RevisionGraph, heads: &str, text: &str) -> String {
    let applied = applied(graph, heads);
    match text.parse::<Target>().and_then(|target| target.resolve(&applied)) {
        Ok(nodes) => nodes.into_iter().map(|node| graph.id(node)).collect::<Vec<_>>().join(" "),
        Err(error) => refusal(&PlanError::Target(error)),
    }
}

/// A plan as `+ b` and `- c` lines with the heads that remain, or the code and message of the refusal.
pub(crate) fn show(plan: &Result<Plan, PlanError>) -> String {
    match plan {
        Ok(plan) => {
            let steps = if plan.is_empty() { "nothing to do".to_owned() } else { plan.to_string() };
            let heads = if plan.heads_after.is_empty() { "none".to_owned() } else { plan.heads_after.join(" ") };
            format!("{steps}\nheads: {heads}")
        }
        Err(error) => refusal(error),
    }
}

fn refusal(error: &PlanError) -> String {
    format!("{}: {error}", Diagnostic::from(error).code)
}

pub(crate) const GLANCE: &str = include_str!("../../../tests/graphs/glance.json");
pub(crate) const GALAXY: &str = include_str!("../../../tests/graphs/galaxy.json");
pub(crate) const AIRFLOW: &str = include_str!("../../../tests/graphs/airflow-2.10.json");
pub(crate) const SUPERSET: &str = include_str!("../../../tests/graphs/superset.json");

/// A graph from its file.
pub(crate) fn load(json: &str) -> RevisionGraph {
    let revisions: serde_json::Value = serde_json::from_str(json).expect("the graph is JSON");
    let names = |revision: &serde_json::Value, key: &str| -> Vec<String> {
        let list = revision[key].as_array().map_or(&[][..], Vec::as_slice);
        list.iter().map(|name| name.as_str().expect("names are text").to_owned()).collect()
    };
    let sketch = |revision: &serde_json::Value| Sketch {
        id: revision["id"].as_str().expect("an id is text").to_owned(),
        parents: names(revision, "down"),
        depends_on: names(revision, "depends_on"),
        labels: names(revision, "labels"),
    };
    let revisions = revisions.as_array().expect("the graph is a list");
    RevisionGraph::new(revisions.iter().map(|revision| sketch(revision).revision()).collect::<Vec<_>>()).unwrap()
}
