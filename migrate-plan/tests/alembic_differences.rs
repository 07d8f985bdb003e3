//! Where we differ from Alembic on purpose, and its defects that must not come back. Its numbered cases stand in
//! `alembic_cases.rs`.

mod support;

use insta::assert_snapshot;
use migrate_plan::{
    Ahead, Applied, Diagnostic, GraphDefect, Inserted, ParseError, Plan, PlanError, Purge, RevisionGraph, Target,
    parse_revision,
};
use support::{Sketch, applied, downgrade, exactly, graph, row, show, sketches, stamp, target, upgrade};

const BRANCHES: &str = "a -> b -> c1{c1br} -> d1; b -> c2{c2br} -> d2";
const MERGE: &str = "a -> b1, b2; b1, b2 -> m -> z";

fn rendered<E>(errors: &[E]) -> String
where
    for<'e> Diagnostic: From<&'e E>,
{
    errors.iter().map(|error| Diagnostic::from(error).to_string()).collect::<Vec<_>>().join("\n\n")
}

/// Alembic stores heads only, so that a revision spliced in behind one is never run, and nobody is told.
#[test]
fn a_revision_spliced_in_behind_an_applied_head_runs() {
    let graph = graph("a -> x -> b");
    let database = exactly(&graph, &["a", "b"]);
    let plan = Plan::upgrade(&database, &[Target::head()]);
    assert_snapshot!(show(&plan), @"
    + x
    heads: b
    ");
    let plan = plan.unwrap();
    assert!(plan.steps[0].behind);
    plan.refuse_by_policy(&database, Ahead::default(), Inserted::default()).unwrap();
}

#[test]
fn spliced_in_revisions_run_parents_first_and_their_dependencies_with_them() {
    let graph = graph("a -> x1 -> x2[d2] -> b; d1 -> d2");
    let plan = Plan::upgrade(&exactly(&graph, &["a", "b"]), &[target("b")]);
    assert_snapshot!(show(&plan), @"
    + x1
    + d1
    + d2
    + x2
    heads: b
    ");
    assert!(plan.unwrap().steps.iter().all(|step| step.behind));
}

#[test]
fn a_revision_above_the_applied_head_is_not_behind_it() {
    let graph = graph("a -> x -> b -> c");
    let plan = Plan::upgrade(&exactly(&graph, &["a", "b"]), &[Target::head()]).unwrap();
    let behind: Vec<(&str, bool)> = plan.steps.iter().map(|step| (&*step.id, step.behind)).collect();
    assert_eq!(behind, [("x", true), ("c", false)]);
}

#[test]
fn a_strict_upgrade_refuses_a_spliced_in_revision() {
    let graph = graph("a -> x -> b");
    let database = exactly(&graph, &["a", "b"]);
    let plan = Plan::upgrade(&database, &[Target::head()]).unwrap();
    let error = plan.refuse_by_policy(&database, Ahead::default(), Inserted::Refuse).unwrap_err();
    assert_snapshot!(Diagnostic::from(&error), @"
    error[M0214]: revision `x` is pending although revisions above it are applied
      --> x.sql:1
      why: it was inserted behind what this database has already applied, and `--strict` refuses that
     help: run `upgrade` without `--strict` to apply it now, after its parents
    ");
}

/// Alembic warns, and the last file wins.
#[test]
fn a_duplicate_id_is_an_error_that_names_both_files() {
    let revision = |file| Sketch { id: "aaa".into(), ..Sketch::default() }.revision_in(file);
    let revisions = vec![revision("20260101_aaa_init.sql"), revision("20260103_aaa_dup.sql")];
    assert_snapshot!(rendered(&RevisionGraph::new(revisions).unwrap_err()), @"
    error[M0101]: two revisions have the id `aaa`
      --> 20260103_aaa_dup.sql:1
     also: 20260101_aaa_init.sql:1
      why: a database records a revision by its id, so only one of the two could ever run
     help: `cargo migrate rebase 20260103_aaa_dup.sql` gives it a fresh id and puts it behind the other
    ");
}

/// Alembic warns and then fails with a traceback.
#[test]
fn an_unknown_parent_is_an_error_with_the_nearest_id() {
    let strangers: Vec<_> = sketches("userz -> bio").iter().skip(1).map(Sketch::revision).collect();
    let users = sketches("users").iter().map(Sketch::revision).collect::<Vec<_>>();
    let defects = RevisionGraph::new([users, strangers].concat()).unwrap_err();
    assert_snapshot!(rendered(&defects), @"
    error[M0102]: revision `bio` names the unknown parent `userz`
      --> bio.sql:1
      why: a revision can only run after the ones that it names
     help: did you mean `users`? If there was a `userz`, restore its file
    ");
}

/// Alembic calls the walk ambiguous, so that one must name a parent.
#[test]
fn a_step_down_from_a_merge_undoes_the_merge_alone_however_it_is_written() {
    let graph = graph("a -> b1{left}, b2; b1, b2 -> m");
    let undone = "- m\nheads: b1 b2";
    for to in ["-1", "m-1", "head-1", "left@-1", "left@head-1", "heads-1"] {
        assert_eq!(downgrade(&graph, "m", to), undone, "{to}");
    }
}

#[test]
fn steps_down_past_a_root_undo_that_lineage_only() {
    let graph = graph("a1{A} -> a2; b1{B} -> b2");
    assert_snapshot!(downgrade(&graph, "a2 b2", "A@-2"), @"
    - a2
    - a1
    heads: b2
    ");
}

/// Alembic takes the first row and warns.
#[test]
fn relative_targets_from_several_applied_heads_are_refused() {
    let graph = graph(BRANCHES);
    assert_snapshot!(downgrade(&graph, "d1 d2", "-1"), @"M0103: `-1` is ambiguous: `d1` and `d2` are applied heads");
    assert_snapshot!(upgrade(&graph, "c1 c2", "+1"), @"M0103: `+1` is ambiguous: `c1` and `c2` are applied heads");
    assert_snapshot!(downgrade(&graph, "d1 d2", "c2br@-1"), @"
    - d2
    heads: d1 c2
    ");
}

/// Alembic takes `+1xyz` for `+1`.
#[test]
fn relative_targets_are_matched_wholly() {
    let graph = graph(BRANCHES);
    assert_snapshot!(upgrade(&graph, "", "+1xyz"), @"M0201: `+1xyz` is not a target: ids and labels hold letters, digits, `_`, `.` and `-` only");
    assert_snapshot!(downgrade(&graph, "d1", "-1xyz"), @"M0201: `-1xyz` is not a target: a `-` is followed by a number, and by nothing else");
    assert_snapshot!(upgrade(&graph, "", "a+1x"), @"M0201: `a+1x` is not a target: ids and labels hold letters, digits, `_`, `.` and `-` only");
}

/// Any unknown row makes every command of Alembic fail.
#[test]
fn an_unknown_applied_revision_stops_only_an_upgrade_that_has_work() {
    let graph = graph("a -> b");
    let ahead = |ids: &[&str]| {
        let rows = ids.iter().map(|id| row(id, if *id == "zzz" { &["b"] } else { &[] })).collect();
        Applied::new(&graph, rows).unwrap()
    };
    let check = |database: &Applied<'_>, ahead| {
        let plan = Plan::upgrade(database, &[Target::head()]).unwrap();
        plan.refuse_by_policy(database, ahead, Inserted::default())
            .map_err(|error| Diagnostic::from(&error).to_string())
    };
    let idle = ahead(&["a", "b", "zzz"]);
    assert_eq!(idle.head_ids(), ["zzz"]);
    assert_eq!(check(&idle, Ahead::AllowWhenIdle), Ok(()));
    assert_snapshot!(check(&idle, Ahead::Refuse).unwrap_err(), @r#"
    error[M0216]: the database has 1 revision that is not here: zzz
      why: `ahead = "refuse"` refuses a database that is newer than these revisions
     help: run the newer version, or undo them with `downgrade`; `ahead = "allow"` applies what is pending
    "#);
    let busy = ahead(&["a", "zzz"]);
    assert_snapshot!(check(&busy, Ahead::AllowWhenIdle).unwrap_err(), @r#"
    error[M0216]: the database has 1 revision that is not here: zzz
      why: 1 revision pending here, and what the unknown ones changed cannot be judged
     help: run the newer version, or undo them with `downgrade`; `ahead = "allow"` applies what is pending
    "#);
    assert_eq!(check(&busy, Ahead::Allow), Ok(()));
}

#[test]
fn downgrade_undoes_unknown_applied_revisions_above_the_target() {
    let graph = graph("a -> b");
    let rows = vec![row("a", &[]), row("b", &["a"]), row("y", &["b"]), row("z", &["y"])];
    let database = Applied::new(&graph, rows).unwrap();
    assert_snapshot!(show(&Plan::downgrade(&database, &target("a"))), @"
    - z
    - y
    - b
    heads: a
    ");
    assert_snapshot!(show(&Plan::downgrade(&database, &target("-1"))), @"
    - z
    heads: y
    ");
    assert_snapshot!(show(&Plan::downgrade(&database, &target("y"))), @"
    - z
    heads: y
    ");
}

#[test]
fn an_unknown_revision_whose_parents_are_unknown_too_is_a_root_of_its_own() {
    let graph = graph("a -> b");
    let database = Applied::new(&graph, vec![row("a", &[]), row("z", &["lost"])]).unwrap();
    assert_eq!(database.head_ids(), ["a", "z"]);
    assert_snapshot!(show(&Plan::downgrade(&database, &target("z-1"))), @"
    - z
    heads: a
    ");
    assert_snapshot!(show(&Plan::downgrade(&database, &target("base"))), @"
    - z
    - a
    heads: none
    ");
}

#[test]
fn stamp_leaves_unknown_revisions_that_are_not_above_the_target_and_purge_does_not() {
    let graph = graph("a -> b");
    let database = Applied::new(&graph, vec![row("a", &[]), row("z", &["lost"])]).unwrap();
    assert_snapshot!(show(&Plan::stamp(&database, &[target("b")], Purge::No)), @"
    + b
    heads: b z
    ");
    assert_snapshot!(show(&Plan::stamp(&database, &[target("b")], Purge::Yes)), @r"
    - z
    - a
    + a
    + b
    heads: b
    ");
}

#[test]
fn the_base_of_a_branch_keeps_what_an_unknown_revision_stands_on() {
    let graph = graph("a -> b");
    let rows = vec![row("a", &[]), row("b", &["a"]), row("z", &["a"])];
    let database = Applied::new(&graph, rows).unwrap();
    let kept = "- b\nheads: z";
    assert_eq!(show(&Plan::downgrade(&database, &target("b@base"))), kept);
    assert_eq!(show(&Plan::stamp(&database, &[target("b@base")], Purge::No)), kept);
}

#[test]
fn history_rows_that_contradict_the_files_are_refused() {
    let graph = graph("a -> b");
    let rows = vec![row("y", &["z"]), row("z", &["y"])];
    let error = Applied::new(&graph, rows).unwrap_err();
    assert_snapshot!(Diagnostic::from(&error), @"
    error[M0405]: the history cannot be read as a graph: revisions need one another: `y` -> `z` -> `y`
     help: look at the table `migrate_history`; `stamp --purge <revision>` writes it anew
    ");
}

#[test]
fn ids_of_255_characters_are_planned() {
    let long = "x".repeat(255);
    let graph = graph(&format!("{long} -> b"));
    assert_eq!(upgrade(&graph, "", "b-1"), format!("+ {long}\nheads: {long}"));
}

/// Alembic says that it cannot locate the revision.
#[test]
fn an_ambiguous_prefix_lists_what_it_fits() {
    let graph = graph("3f2a9c81 -> 3f2b00d7");
    assert_snapshot!(upgrade(&graph, "", "3f2"), @"M0203: `3f2` fits 2 revisions: `3f2a9c81` and `3f2b00d7`");
    assert_snapshot!(upgrade(&graph, "", "3f"), @"M0202: no revision or label `3f`");
    assert_snapshot!(upgrade(&graph, "", "3f2b"), @"
    + 3f2a9c81
    + 3f2b00d7
    heads: 3f2b00d7
    ");
}

/// In Alembic the two rows make every later upgrade fail.
#[test]
fn stamping_a_revision_together_with_its_descendant_leaves_one_head() {
    let graph = graph("a -> b -> c -> d");
    assert_snapshot!(stamp(&graph, "", "c d"), @"
    + a
    + b
    + c
    + d
    heads: d
    ");
    assert_snapshot!(stamp(&graph, "", "d c"), @"
    + a
    + b
    + c
    + d
    heads: d
    ");
}

/// Alembic drops it.
#[test]
fn stamping_down_a_branch_keeps_what_it_depended_on() {
    assert_snapshot!(stamp(&graph("a1{A} -> a2; b1{B} -> b2[a2] -> b3"), "b3", "b1"), @"
    - b3
    - b2
    heads: a2 b1
    ");
}

#[test]
fn stamping_below_a_dependency_forgets_its_dependents_too() {
    assert_snapshot!(stamp(&graph("a1{A} -> a2; b1{B} -> b2[a2] -> b3"), "b3", "a1"), @"
    - b3
    - b2
    - a2
    heads: a1 b1
    ");
}

#[test]
fn stamping_with_purge_starts_from_nothing() {
    let graph = graph(BRANCHES);
    let plan = Plan::stamp(&applied(&graph, "d1 d2"), &[target("c1")], Purge::Yes);
    assert_snapshot!(show(&plan), @r"
    - d2
    - c2
    - d1
    - c1
    - b
    - a
    + a
    + b
    + c1
    heads: c1
    ");
}

#[test]
fn applied_heads_are_the_maximal_applied_revisions_under_parents_and_dependencies() {
    let graph = graph("a1; b1[a1]");
    assert_eq!(applied(&graph, "b1").head_ids(), ["b1"]);
    assert_eq!(applied(&graph, "a1").head_ids(), ["a1"]);
}

/// Alembic: `KeyError` after the DDL of n3 ran.
#[test]
fn defect_a_a_dependency_that_is_an_ancestor_of_another_one_is_no_trouble() {
    let graph = graph("n0 -> n1 -> n2; n0 -> n3[n1, n2] -> n4");
    assert_snapshot!(upgrade(&graph, "", "heads"), @"
    + n0
    + n1
    + n2
    + n3
    + n4
    heads: n4
    ");
    assert_snapshot!(downgrade(&graph, "n4", "n0"), @"
    - n4
    - n3
    - n2
    - n1
    heads: n0
    ");
}

#[test]
fn defect_a_a_merge_that_lists_an_ancestor_among_three_parents_is_no_trouble() {
    let graph = graph("n0 -> n1, n2; n0, n1, n2 -> m");
    assert_snapshot!(upgrade(&graph, "", "head"), @"
    + n0
    + n1
    + n2
    + m
    heads: m
    ");
    assert_snapshot!(downgrade(&graph, "m", "-1"), @"
    - m
    heads: n1 n2
    ");
}

/// Alembic leaves rows that make the next upgrade fail for ever.
#[test]
fn defect_b_downgrade_below_a_merge_with_an_ancestor_beside_an_unrelated_head_can_go_up_again() {
    let graph = graph("n0 -> n1; n0, n1 -> n2; n3");
    assert_snapshot!(downgrade(&graph, "n2 n3", "n1"), @"
    - n2
    heads: n1 n3
    ");
    assert_snapshot!(upgrade(&graph, "n1 n3", "n2"), @"
    + n2
    heads: n2 n3
    ");
}

#[test]
fn defect_c_downgrade_by_one_from_a_merge_is_possible() {
    assert_snapshot!(downgrade(&graph(MERGE), "m", "-1"), @"
    - m
    heads: b1 b2
    ");
}

/// Alembic's `current --check-heads` fails although everything is applied.
#[test]
fn defect_d_a_database_with_everything_applied_has_no_pending_revision_whatever_depends_on_what() {
    let graph = graph("a1{A} -> a2; b1{B} -> b2[a2] -> b3");
    let plan = Plan::upgrade(&applied(&graph, "a2 b3"), &[Target::heads()]).unwrap();
    assert!(plan.is_empty());
    assert_eq!(plan.heads_after, ["b3"]);
}

/// Each of these is a traceback in Alembic.
#[test]
fn defect_e_mistakes_of_the_user_are_designed_errors() {
    let graph = graph("a1{A} -> a2; b1{B} -> b2");
    assert_snapshot!(upgrade(&graph, "", "heads-1"), @"M0103: `heads-1` is ambiguous");
    assert_snapshot!(upgrade(&graph, "", "A@head+1"), @"M0206: `A@head+1` goes past the head: only 0 of 1 steps are there");
    assert_snapshot!(downgrade(&graph, "a2", "a2-3"), @"M0206: `a2-3` goes past the base: only 2 of 3 steps are there");
    assert_snapshot!(downgrade(&graph, "b2", "A@-1"), @"M0208: `A@-1` leaves nothing to undo");
    assert_snapshot!(downgrade(&graph, "a2", ""), @"M0201: `` is not a target: it is empty");
}

#[test]
fn defect_e_labels_that_clash_are_designed_errors() {
    let clashing = |drawing| {
        let revisions: Vec<_> = sketches(drawing).iter().map(Sketch::revision).collect();
        rendered::<GraphDefect>(&RevisionGraph::new(revisions).unwrap_err())
    };
    assert_snapshot!(clashing("a{x} -> b{x}"), @"
    error[M0106]: the label `x` of revision `b` is also carried by `a`
      --> b.sql:1
     also: a.sql:1
      why: a label must stand for one revision
     help: give it another label
    ");
    assert_snapshot!(clashing("a{b} -> b"), @"
    error[M0106]: the label `b` of revision `a` is also an id
      --> a.sql:1
     also: b.sql:1
      why: a label must stand for one revision
     help: give it another label
    ");
}

/// Alembic plans nothing at all here, for ever.
#[test]
fn defect_f_a_spliced_in_revision_is_pending_until_it_ran() {
    let graph = graph("a -> x -> b");
    let plan = |ids: &[&str]| Plan::upgrade(&exactly(&graph, ids), &[Target::head()]).unwrap().to_string();
    assert_eq!(plan(&["a", "b"]), "+ x");
    assert_eq!(plan(&["a", "b", "x"]), "");
}

/// Alembic accepts them, and then no target reaches the revision.
#[test]
fn defect_g_an_id_that_is_a_word_of_the_target_language_is_refused_when_the_file_is_read() {
    for word in ["head", "heads", "base", "current", "none", "HEAD", "Base"] {
        let text = format!("-- revision: {word}\n-- parents: none\n-- migrate: up\nSELECT 1;\n");
        let problems: Vec<ParseError> = parse_revision(&format!("{word}.sql"), text.as_bytes()).unwrap_err();
        let codes: Vec<&str> = problems.iter().map(|problem| Diagnostic::from(problem).code.as_str()).collect();
        assert_eq!(codes, ["M0007"], "{word}");
    }
}

/// Alembic undoes every branch.
#[test]
fn defect_h_the_base_of_a_branch_does_not_take_branches_with_the_same_root_down() {
    let graph = graph(BRANCHES);
    assert_snapshot!(downgrade(&graph, "d1 d2", "c2br@base"), @"
    - d2
    - c2
    heads: d1
    ");
    assert_snapshot!(stamp(&graph, "d1 d2", "c2br@base"), @"
    - d2
    - c2
    heads: d1
    ");
    assert_snapshot!(downgrade(&graph, "d1", "c1br@base"), @"
    - d1
    - c1
    heads: b
    ");
    assert_snapshot!(downgrade(&graph, "d1", "c2br@base"), @"
    nothing to do
    heads: d1
    ");
}

#[test]
fn planning_never_changes_its_mind() {
    let graph = graph("a -> b1, b2, b3; b1, b2, b3 -> m; x[a]; y[x, b2]");
    let database = Applied::nothing(&graph);
    let first: Result<Plan, PlanError> = Plan::upgrade(&database, &[Target::heads()]);
    for _ in 0..10 {
        assert_eq!(Plan::upgrade(&database, &[Target::heads()]), first);
    }
}
