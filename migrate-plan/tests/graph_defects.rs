//! What can be wrong with a set of revisions: each defect alone, all at once, and in histories of any length.

mod support;

use insta::assert_snapshot;
use migrate_plan::{Diagnostic, Edges, GraphDefect, Plan, Revision, RevisionGraph, Target};
use support::{Sketch, sketches};

fn revisions(drawing: &str) -> Vec<Revision> {
    sketches(drawing).iter().map(Sketch::revision).collect()
}

fn defects(revisions: Vec<Revision>) -> String {
    let defects: Vec<GraphDefect> = RevisionGraph::new(revisions).expect_err("the graph has a defect");
    defects.iter().map(|defect| Diagnostic::from(defect).to_string()).collect::<Vec<_>>().join("\n\n")
}

/// One revision whose lists may name what is not drawn.
fn alone(id: &str, parents: &[&str], depends_on: &[&str], labels: &[&str]) -> Revision {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Sketch { id: id.to_owned(), parents: owned(parents), depends_on: owned(depends_on), labels: owned(labels) }
        .revision()
}

#[test]
fn no_revisions_are_a_graph() {
    let graph = RevisionGraph::new(Vec::new()).unwrap();
    assert!(graph.is_empty());
    assert_eq!(graph.heads().count(), 0);
}

#[test]
fn several_heads_and_roots_are_no_defect() {
    let graph = support::graph("a -> b, c; x -> y");
    assert_eq!(graph.heads().map(|node| graph.id(node)).collect::<Vec<_>>(), ["b", "c", "y"]);
    assert_eq!(graph.bases().map(|node| graph.id(node)).collect::<Vec<_>>(), ["a", "x"]);
}

#[test]
fn a_parent_that_is_an_ancestor_of_another_parent_is_no_defect() {
    support::graph("a -> b; a, b -> m");
}

#[test]
fn a_dependency_that_is_an_ancestor_is_no_defect() {
    support::graph("a -> b -> c[a]");
}

#[test]
fn a_dependency_may_be_a_label() {
    let graph = support::graph("a{users}; b[users]");
    let b = graph.node("b").unwrap();
    assert_eq!(graph.depends_on(b), [graph.node("a").unwrap()]);
}

#[test]
fn two_revisions_with_one_id() {
    let sketch = Sketch { id: "aaa".to_owned(), ..Sketch::default() };
    let files = vec![sketch.revision_in("migrations/1_aaa.sql"), sketch.revision_in("migrations/2_aaa.sql")];
    assert_snapshot!(defects(files), @"
    error[M0101]: two revisions have the id `aaa`
      --> migrations/2_aaa.sql:1
     also: migrations/1_aaa.sql:1
      why: a database records a revision by its id, so only one of the two could ever run
     help: `cargo migrate rebase migrations/2_aaa.sql` gives it a fresh id and puts it behind the other
    ");
}

#[test]
fn ids_that_differ_only_in_case() {
    assert_snapshot!(defects(revisions("abc -> ABC")), @"
    error[M0107]: the ids `ABC` and `abc` differ only in case
      --> ABC.sql:1
     also: abc.sql:1
      why: some databases and file systems cannot tell them apart
     help: give one of them another id
    ");
}

#[test]
fn an_unknown_parent_with_a_similar_id() {
    assert_snapshot!(defects(vec![alone("users", &[], &[], &[]), alone("bio", &["user"], &[], &[])]), @"
    error[M0102]: revision `bio` names the unknown parent `user`
      --> bio.sql:1
      why: a revision can only run after the ones that it names
     help: did you mean `users`? If there was a `user`, restore its file
    ");
}

#[test]
fn an_unknown_parent_like_nothing() {
    assert_snapshot!(defects(vec![alone("users", &[], &[], &[]), alone("bio", &["0123456789"], &[], &[])]), @"
    error[M0102]: revision `bio` names the unknown parent `0123456789`
      --> bio.sql:1
      why: a revision can only run after the ones that it names
     help: restore its file, or name another parent
    ");
}

#[test]
fn an_unknown_dependency() {
    assert_snapshot!(defects(vec![alone("users", &[], &[], &["accounts"]), alone("bio", &["users"], &["account"], &[])]), @"
    error[M0102]: revision `bio` names the unknown dependency `account`
      --> bio.sql:1
      why: a revision can only run after the ones that it names
     help: did you mean `accounts`? If there was a `account`, restore its file
    ");
}

#[test]
fn a_parent_that_is_a_label_is_answered_with_the_id_of_its_revision() {
    assert_snapshot!(defects(vec![alone("3f2a", &[], &[], &["billing"]), alone("9c1b", &["billing"], &[], &[])]), @"
    error[M0102]: revision `9c1b` names the unknown parent `billing`
      --> 9c1b.sql:1
      why: a revision can only run after the ones that it names
     help: did you mean `3f2a`? If there was a `billing`, restore its file
    ");
}

#[test]
fn a_prefix_is_no_parent() {
    assert_snapshot!(defects(vec![alone("3f2a9c81d0e3", &[], &[], &[]), alone("9c1b", &["3f2a9c81"], &[], &[])]), @"
    error[M0102]: revision `9c1b` names the unknown parent `3f2a9c81`
      --> 9c1b.sql:1
      why: a revision can only run after the ones that it names
     help: restore its file, or name another parent
    ");
}

#[test]
fn a_revision_that_is_its_own_parent() {
    assert_snapshot!(defects(vec![alone("a", &["a"], &[], &[])]), @"
    error[M0105]: revision `a` names itself as a parent
      --> a.sql:1
      why: it could never run, since it would have to run before itself
     help: name the revision before it, or no parent
    ");
}

#[test]
fn a_revision_that_is_its_own_dependency() {
    assert_snapshot!(defects(vec![alone("a", &[], &["a"], &[])]), @"
    error[M0105]: revision `a` names itself as a dependency
      --> a.sql:1
      why: it could never run, since it would have to run before itself
     help: name the revision before it, or no dependency
    ");
}

#[test]
fn a_revision_that_names_itself_by_its_label() {
    assert_snapshot!(defects(vec![alone("a", &[], &["x"], &["x"])]), @"
    error[M0105]: revision `a` names itself as a dependency
      --> a.sql:1
      why: it could never run, since it would have to run before itself
     help: name the revision before it, or no dependency
    ");
    assert_snapshot!(defects(vec![alone("a", &["x"], &[], &["x"])]), @"
    error[M0105]: revision `a` names itself as a parent
      --> a.sql:1
      why: it could never run, since it would have to run before itself
     help: name the revision before it, or no parent
    ");
}

#[test]
fn a_label_that_two_revisions_carry() {
    assert_snapshot!(defects(revisions("a{x} -> b{x}")), @"
    error[M0106]: the label `x` of revision `b` is also carried by `a`
      --> b.sql:1
     also: a.sql:1
      why: a label must stand for one revision
     help: give it another label
    ");
}

#[test]
fn a_label_that_is_an_id() {
    assert_snapshot!(defects(revisions("a{b} -> b")), @"
    error[M0106]: the label `b` of revision `a` is also an id
      --> a.sql:1
     also: b.sql:1
      why: a label must stand for one revision
     help: give it another label
    ");
}

#[test]
fn a_cycle_is_reported_as_the_cycle_itself_without_what_stands_below_or_above() {
    let drawn = vec![
        alone("root", &[], &[], &[]),
        alone("a", &["root", "c"], &[], &[]),
        alone("b", &["a"], &[], &[]),
        alone("c", &["b"], &[], &[]),
        alone("above", &["c"], &[], &[]),
        alone("tip", &["above"], &[], &[]),
    ];
    assert_snapshot!(defects(drawn), @"
    error[M0104]: revisions need one another: `a` -> `c` -> `b` -> `a`
      --> a.sql:1
     also: c.sql:1
     also: b.sql:1
      why: each of them would have to run before the others
     help: change one of the parents, so that one of them comes first
    ");
}

#[test]
fn a_cycle_through_a_dependency() {
    assert_snapshot!(defects(vec![alone("a", &[], &["b"], &[]), alone("b", &["a"], &[], &[])]), @"
    error[M0104]: revisions need one another: `a` -> `b` -> `a`
      --> a.sql:1
     also: b.sql:1
      why: each of them would have to run before the others
     help: change one of the parents, so that one of them comes first
    ");
}

#[test]
fn each_of_several_cycles_is_reported_once() {
    let drawn = revisions("a -> b -> a; x -> y -> z -> x; b, z -> m");
    let graph = RevisionGraph::new(drawn).unwrap_err();
    let cycles: Vec<String> = graph.iter().map(ToString::to_string).collect();
    assert_eq!(
        cycles,
        ["revisions need one another: `a` -> `b` -> `a`", "revisions need one another: `x` -> `z` -> `y` -> `x`"]
    );
}

#[test]
fn every_defect_is_reported_at_once() {
    let sketch = Sketch { id: "dup".to_owned(), ..Sketch::default() };
    let drawn = vec![
        sketch.revision_in("1_dup.sql"),
        sketch.revision_in("2_dup.sql"),
        alone("abc", &["dup"], &[], &["x"]),
        alone("ABC", &["dup"], &[], &["x"]),
        alone("self", &["self"], &[], &[]),
        alone("lost", &["nowhere_at_all"], &["nothing_like_it"], &["dup"]),
    ];
    let defects = RevisionGraph::new(drawn).unwrap_err();
    let lines: Vec<String> =
        defects.iter().map(|defect| format!("{}: {defect}", Diagnostic::from(defect).code)).collect();
    assert_snapshot!(lines.join("\n"), @"
    M0101: two revisions have the id `dup`
    M0107: the ids `ABC` and `abc` differ only in case
    M0106: the label `x` of revision `ABC` is also carried by `abc`
    M0106: the label `dup` of revision `lost` is also an id
    M0105: revision `self` names itself as a parent
    M0102: revision `lost` names the unknown parent `nowhere_at_all`
    M0102: revision `lost` names the unknown dependency `nothing_like_it`
    ");
}

#[test]
fn an_id_or_label_that_no_file_could_have_is_a_defect() {
    let long = "a".repeat(256);
    let made = |id: &str, labels: &[&str]| Revision {
        id: id.to_owned().into(),
        labels: labels.iter().map(|label| label.to_string().into()).collect::<Vec<_>>().into(),
        ..alone("a", &[], &[], &[])
    };
    let drawn = vec![made("*/ DROP TABLE t; /*", &["fine", "b@head"]), made(&long, &[])];
    let codes: Vec<String> = RevisionGraph::new(drawn)
        .unwrap_err()
        .iter()
        .map(|defect| format!("{}: {}", Diagnostic::from(defect).code, defect.to_string().replace(&long, "aaa…")))
        .collect();
    assert_snapshot!(codes.join("\n"), @"
    M0007: `*/ DROP TABLE t; /*` cannot be a revision id: it holds '*', and only letters, digits, `_` and `.` can be told from the rest of a target
    M0007: `b@head` cannot be a label: it holds '@', and only letters, digits, `_` and `.` can be told from the rest of a target
    M0007: `aaa…` cannot be a revision id: it has 256 characters, and 255 is the most
    ");
}

#[test]
fn the_order_of_defects_does_not_change() {
    let drawn: Vec<Revision> =
        (0..40).map(|n| alone(&format!("r{n}"), &[&format!("lost{n}")], &[], &["same"])).collect();
    let first = RevisionGraph::new(drawn.clone()).unwrap_err();
    assert_eq!(RevisionGraph::new(drawn).unwrap_err(), first);
}

fn chain(length: usize) -> Vec<Revision> {
    let root = alone("r0", &[], &[], &[]);
    let next = |n: usize| Revision {
        id: format!("r{n}").into(),
        parents: vec![format!("r{}", n - 1).into()].into(),
        file: format!("r{n}.sql").into(),
        ..root.clone()
    };
    (1..length).map(next).rev().chain([root.clone()]).collect()
}

/// The files are loaded newest first, so that a recursive walk would go down the whole chain at once.
#[test]
fn a_chain_of_a_hundred_thousand_revisions_does_not_overflow_the_stack() {
    let graph = RevisionGraph::new(chain(100_000)).unwrap();
    let nothing = migrate_plan::Applied::nothing(&graph);
    let plan = Plan::upgrade(&nothing, &[Target::head()]).unwrap();
    assert_eq!(plan.steps.len(), 100_000);
    assert_eq!(plan.steps[0].id, "r0");
    assert_eq!(plan.heads_after, ["r99999"]);
    assert_eq!(graph.ancestors(graph.heads(), Edges::All).iter().count(), 100_000);
    let back = Plan::upgrade(&nothing, &["head-99998".parse().unwrap()]).unwrap();
    assert_eq!(back.to_string(), "+ r0\n+ r1");
}

#[test]
fn a_cycle_of_a_hundred_thousand_revisions_does_not_overflow_the_stack() {
    let mut revisions = chain(100_000);
    revisions.last_mut().unwrap().parents = vec!["r99999".into()].into();
    let defects = RevisionGraph::new(revisions).unwrap_err();
    let [GraphDefect::Cycle { ids, files }] = defects.as_slice() else { panic!("{}", defects.len()) };
    assert_eq!((ids.len(), files.len()), (100_000, 100_000));
}
