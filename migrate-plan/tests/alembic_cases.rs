//! The cases that a reimplementation of Alembic's planner is likely to get wrong, one test each.
//!
//! Where we differ from Alembic on purpose, the test says so. What Alembic does to the rows of its version table is
//! here the set of applied heads. The order of independent branches is ours.

mod support;

use insta::assert_snapshot;
use support::{downgrade, graph, history, show, stamp, upgrade};

const LINE: &str = "a -> b -> c -> d -> e";
const BRANCHES: &str = "a -> b -> c1{c1br} -> d1; b -> c2{c2br} -> d2";
const DEPENDENCY: &str = "a1{A} -> a2; b1{B} -> b2[a2] -> b3";
const MERGE: &str = "a -> b1, b2; b1, b2 -> m -> z";
const TWO_ROOTS: &str = "a1{A} -> a2; b1{B} -> b2";

#[test]
fn case_01_upgrade_to_an_older_revision_does_nothing() {
    assert_snapshot!(upgrade(&graph(LINE), "d", "b"), @"
    nothing to do
    heads: d
    ");
}

#[test]
fn case_02_steps_from_a_named_revision_do_not_count_from_the_database() {
    assert_snapshot!(upgrade(&graph(LINE), "a", "d-2"), @"
    + b
    heads: b
    ");
}

#[test]
fn case_03_downgrade_to_a_revision_above_the_applied_head_is_refused() {
    let graph = graph(LINE);
    assert_snapshot!(downgrade(&graph, "c", "e"), @"M0208: `e` leaves nothing to undo");
    assert_snapshot!(downgrade(&graph, "c", "d"), @"M0208: `d` leaves nothing to undo");
}

#[test]
fn case_03_downgrade_to_the_applied_head_does_nothing() {
    assert_snapshot!(downgrade(&graph(LINE), "c", "c"), @"
    nothing to do
    heads: c
    ");
}

#[test]
fn case_04_downgrade_to_steps_above_a_named_revision() {
    assert_snapshot!(downgrade(&graph(LINE), "e", "a+2"), @"
    - e
    - d
    heads: c
    ");
}

#[test]
fn case_05_upgrade_to_heads_applies_both_branches() {
    assert_snapshot!(upgrade(&graph(BRANCHES), "a", "heads"), @"
    + b
    + c1
    + d1
    + c2
    + d2
    heads: d1 d2
    ");
}

#[test]
fn case_06_a_step_up_at_a_branch_point_is_ambiguous() {
    assert_snapshot!(upgrade(&graph(BRANCHES), "b", "+1"), @"M0205: `+1` is ambiguous: `c1` and `c2` both follow `b`");
}

#[test]
fn case_06_a_step_up_from_two_applied_heads_is_ambiguous() {
    assert_snapshot!(upgrade(&graph(BRANCHES), "c1 c2", "+1"), @"M0103: `+1` is ambiguous: `c1` and `c2` are applied heads");
}

#[test]
fn case_07_a_step_up_on_a_branch_starts_at_its_last_applied_ancestor() {
    assert_snapshot!(upgrade(&graph(BRANCHES), "c1", "c2br@+1"), @"
    + c2
    heads: c1 c2
    ");
}

#[test]
fn case_08_a_step_up_on_a_branch_leaves_the_other_branch() {
    assert_snapshot!(upgrade(&graph(BRANCHES), "c1 c2", "c2br@+1"), @"
    + d2
    heads: c1 d2
    ");
}

#[test]
fn case_09_a_step_up_on_a_branch_of_an_empty_database_is_the_root() {
    assert_snapshot!(upgrade(&graph(BRANCHES), "", "c1br@+1"), @"
    + a
    heads: a
    ");
}

#[test]
fn case_10_steps_up_across_a_branch_point_need_a_branch() {
    let graph = graph(BRANCHES);
    assert_snapshot!(upgrade(&graph, "", "a+2"), @"M0205: `a+2` is ambiguous: `c1` and `c2` both follow `b`");
    assert_snapshot!(upgrade(&graph, "", "c2br@a+2"), @"
    + a
    + b
    + c2
    heads: c2
    ");
}

/// Alembic undoes whichever row its table happens to list first.
#[test]
fn case_11_a_step_down_from_two_applied_heads_is_refused() {
    assert_snapshot!(downgrade(&graph(BRANCHES), "d1 d2", "-1"), @"M0103: `-1` is ambiguous: `d1` and `d2` are applied heads");
}

#[test]
fn case_12_downgrade_to_a_branch_point_on_one_branch_keeps_the_other() {
    assert_snapshot!(downgrade(&graph(BRANCHES), "c1 d2", "c1br@b"), @"
    - c1
    heads: d2
    ");
}

#[test]
fn case_12_downgrade_to_a_branch_point_undoes_both_branches() {
    assert_snapshot!(downgrade(&graph(BRANCHES), "c1 d2", "b"), @"
    - d2
    - c2
    - c1
    heads: b
    ");
}

#[test]
fn case_13_downgrade_to_steps_above_the_base_of_a_branch() {
    assert_snapshot!(downgrade(&graph(BRANCHES), "d1 d2", "c2br@base+2"), @"
    - d2
    - c2
    heads: d1
    ");
}

/// Alembic takes every branch down that shares the root.
#[test]
fn case_14_downgrade_to_the_base_of_a_branch_keeps_what_the_other_branch_stands_on() {
    assert_snapshot!(downgrade(&graph(BRANCHES), "d1 d2", "c1br@base"), @"
    - d1
    - c1
    heads: d2
    ");
}

#[test]
fn case_14_downgrade_to_the_base_of_a_separate_branch_leaves_the_other_root() {
    assert_snapshot!(downgrade(&graph(TWO_ROOTS), "a2 b2", "A@base"), @"
    - a2
    - a1
    heads: b2
    ");
}

#[test]
fn case_15_upgrade_pulls_dependencies_in_and_they_are_no_heads_afterwards() {
    assert_snapshot!(upgrade(&graph(DEPENDENCY), "b1", "b2"), @"
    + a1
    + a2
    + b2
    heads: b2
    ");
}

#[test]
fn case_16_downgrade_of_a_branch_leaves_what_it_depended_on() {
    assert_snapshot!(downgrade(&graph(DEPENDENCY), "b3", "B@base"), @"
    - b3
    - b2
    - b1
    heads: a2
    ");
}

#[test]
fn case_17_downgrade_of_a_dependency_undoes_its_dependents_and_no_more() {
    assert_snapshot!(downgrade(&graph(DEPENDENCY), "b3", "A@base"), @"
    - b3
    - b2
    - a2
    - a1
    heads: b1
    ");
}

#[test]
fn case_18_a_dependency_does_not_make_two_heads_one() {
    let graph = graph("a1; b1[a1]");
    assert_snapshot!(upgrade(&graph, "", "head"), @"M0103: `head` is ambiguous");
    assert_snapshot!(upgrade(&graph, "", "heads"), @"
    + a1
    + b1
    heads: b1
    ");
}

#[test]
fn case_19_downgrade_to_a_revision_with_applied_dependents_but_no_applied_children_is_refused() {
    assert_snapshot!(downgrade(&graph("a1 -> a2; b1[a1] -> b2"), "b2", "a1"), @"M0208: `a1` leaves nothing to undo");
}

#[test]
fn case_20_upgrade_to_a_merge_applies_the_missing_side() {
    assert_snapshot!(upgrade(&graph(MERGE), "b1", "m"), @"
    + b2
    + m
    heads: m
    ");
}

#[test]
fn case_21_downgrade_across_a_merge_restores_both_heads() {
    assert_snapshot!(downgrade(&graph(MERGE), "z", "b1"), @"
    - z
    - m
    heads: b1 b2
    ");
}

/// Alembic calls the step over a merge an ambiguous walk.
#[test]
fn case_21_a_last_step_down_over_a_merge_undoes_the_merge_alone() {
    let graph = graph(MERGE);
    assert_snapshot!(downgrade(&graph, "m", "-1"), @"
    - m
    heads: b1 b2
    ");
    assert_snapshot!(downgrade(&graph, "z", "-2"), @"
    - z
    - m
    heads: b1 b2
    ");
}

#[test]
fn case_21_a_step_down_from_one_side_of_a_merge_is_ambiguous() {
    let graph = graph(MERGE);
    assert_snapshot!(downgrade(&graph, "m", "-2"), @"M0205: `-2` is ambiguous: `b1` and `b2` both are parents of `m`");
    assert_snapshot!(downgrade(&graph, "z", "-3"), @"M0205: `-3` is ambiguous: `b1` and `b2` both are parents of `m`");
}

#[test]
fn case_22_a_second_merge_leaves_and_returns_to_a_half_merge() {
    let graph = graph("a1 -> b1 -> c1; a2 -> b2 -> c2; c1, c2 -> d1; c2 -> d2");
    assert_snapshot!(upgrade(&graph, "d2 b1", "d1"), @"
    + c1
    + d1
    heads: d1 d2
    ");
    assert_snapshot!(downgrade(&graph, "d1 d2", "b1"), @"
    - d1
    - c1
    heads: b1 d2
    ");
}

#[test]
fn case_23_downgrade_between_crossing_dependencies_leaves_an_implied_revision_implied() {
    let graph = graph("a1 -> a2 -> a3[b1]; b1 -> b2[a2] -> b3");
    assert_snapshot!(downgrade(&graph, "a3 b2", "b1"), @"
    - b2
    heads: a3
    ");
}

#[test]
fn case_24_a_repeated_dependency_does_not_come_back_as_a_head() {
    let graph = graph("a1 -> a2 -> a3; b1 -> b2[a3] -> b3 -> b4[a3]");
    assert_snapshot!(downgrade(&graph, "b4", "b3"), @"
    - b4
    heads: b3
    ");
}

#[test]
fn case_24_a_parent_that_another_parent_depends_on_does_not_come_back_as_a_head() {
    let graph = graph("a1; b1[a1]; a1, b1 -> bm");
    assert_snapshot!(downgrade(&graph, "bm", "a1"), @"
    - bm
    heads: b1
    ");
}

#[test]
fn case_25_stamp_below_both_branches_forgets_both() {
    assert_snapshot!(stamp(&graph(BRANCHES), "d1 c2", "b"), @"
    - c2
    - d1
    - c1
    heads: b
    ");
}

#[test]
fn case_25_stamp_the_base_of_a_branch_forgets_that_branch() {
    assert_snapshot!(stamp(&graph(BRANCHES), "d1 c2", "c1br@base"), @"
    - d1
    - c1
    heads: c2
    ");
}

#[test]
fn case_25_stamp_the_head_of_a_branch_keeps_the_other() {
    assert_snapshot!(stamp(&graph(BRANCHES), "d1 c2", "c2br@head"), @"
    + d2
    heads: d1 d2
    ");
}

#[test]
fn case_25_stamp_above_a_merge_joins_both_heads() {
    assert_snapshot!(stamp(&graph(MERGE), "b1 b2", "z"), @"
    + m
    + z
    heads: z
    ");
}

#[test]
fn also_a_second_merge_of_the_same_parents_is_a_head_beside_the_first() {
    let graph = graph("a -> b1, b2; b1, b2 -> c1; b1, b2 -> c2");
    assert_snapshot!(upgrade(&graph, "c1", "c2"), @"
    + c2
    heads: c1 c2
    ");
    assert_snapshot!(upgrade(&graph, "", "heads"), @"
    + a
    + b1
    + b2
    + c1
    + c2
    heads: c1 c2
    ");
}

#[test]
fn also_duplicate_rows_count_once() {
    use migrate_plan::Plan;

    let graph = graph(BRANCHES);
    let twice = support::exactly(&graph, &["a", "b", "c1", "d1", "d1"]);
    assert_snapshot!(show(&Plan::downgrade(&twice, &support::target("c1"))), @"
    - d1
    heads: c1
    ");
}

#[test]
fn also_downgrade_to_base_of_an_empty_database_does_nothing_but_a_step_down_is_refused() {
    let graph = graph(LINE);
    assert_snapshot!(downgrade(&graph, "", "base"), @"
    nothing to do
    heads: none
    ");
    assert_snapshot!(downgrade(&graph, "", "-1"), @"M0208: `-1` leaves nothing to undo");
}

#[test]
fn also_without_revisions_head_is_nothing_and_a_step_up_is_refused() {
    let graph = graph("");
    assert_snapshot!(upgrade(&graph, "", "head"), @"
    nothing to do
    heads: none
    ");
    assert_snapshot!(upgrade(&graph, "", "+1"), @"M0206: `+1` goes past the head: only 0 of 1 steps are there");
}

#[test]
fn also_targets_of_which_one_includes_the_other_are_refused() {
    let graph = graph(BRANCHES);
    assert_snapshot!(upgrade(&graph, "", "c1 d1"), @"M0207: the targets overlap: `d1` includes `c1`");
    assert_snapshot!(upgrade(&graph, "", "d1 c1"), @"M0207: the targets overlap: `d1` includes `c1`");
    assert_snapshot!(upgrade(&graph, "", "c1 c2"), @"
    + a
    + b
    + c1
    + c2
    heads: c1 c2
    ");
}

#[test]
fn also_a_range_from_the_base_of_a_branch_ends_at_the_heads_of_that_branch_with_what_they_depend_on() {
    assert_snapshot!(history(&graph(BRANCHES), "", "c1br@base:"), @"a b c1 d1");
    assert_snapshot!(history(&graph(DEPENDENCY), "", "A@base:"), @"a1 a2");
    assert_snapshot!(history(&graph(DEPENDENCY), "", "B@base:"), @"a1 a2 b1 b2 b3");
}

#[test]
fn also_a_range_to_the_head_of_a_branch_includes_what_it_depends_on() {
    assert_snapshot!(history(&graph(DEPENDENCY), "", ":B@head"), @"a1 a2 b1 b2 b3");
}
