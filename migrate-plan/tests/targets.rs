//! The target language: what is a target, what a name stands for, where walks end, ranges, and every refusal as a
//! person reads it.

mod support;

use insta::assert_snapshot;
use migrate_plan::{Diagnostic, PlanError, Range, Symbol, Target, TargetError};
use support::{downgrade, find, graph, history, stamp, upgrade};

const LINE: &str = "a -> b -> c -> d -> e";
const BRANCHES: &str = "a -> b -> c1{c1br} -> d1; b -> c2{c2br} -> d2";
const MERGE: &str = "a -> b1, b2; b1, b2 -> m -> z";

fn name(name: &str) -> Option<Symbol> {
    Some(Symbol::Name(name.to_owned()))
}

#[test]
fn every_form_of_a_target_is_read() {
    use Symbol::{Base, Current, Head, Heads};

    let good = [
        ("head", None, Some(Head), None),
        ("heads", None, Some(Heads), None),
        ("base", None, Some(Base), None),
        ("current", None, Some(Current), None),
        ("3f2a9c81d0e3", None, name("3f2a9c81d0e3"), None),
        ("001", None, name("001"), None),
        ("v1.2_rc", None, name("v1.2_rc"), None),
        ("HEAD", None, name("HEAD"), None),
        ("+1", None, None, Some(1)),
        ("-1", None, None, Some(-1)),
        ("+0012", None, None, Some(12)),
        ("-2147483648", None, None, Some(i32::MIN)),
        ("a+2", None, name("a"), Some(2)),
        ("a-2", None, name("a"), Some(-2)),
        ("a+0", None, name("a"), Some(0)),
        ("001-1", None, name("001"), Some(-1)),
        ("head-1", None, Some(Head), Some(-1)),
        ("heads-1", None, Some(Heads), Some(-1)),
        ("base+2", None, Some(Base), Some(2)),
        ("current+1", None, Some(Current), Some(1)),
        ("x@head", Some("x"), Some(Head), None),
        ("x@heads", Some("x"), Some(Heads), None),
        ("x@base", Some("x"), Some(Base), None),
        ("x@a", Some("x"), name("a"), None),
        ("x@a+2", Some("x"), name("a"), Some(2)),
        ("x@+1", Some("x"), None, Some(1)),
        ("x@-1", Some("x"), None, Some(-1)),
        ("x@base+1", Some("x"), Some(Base), Some(1)),
        ("billing-eu@head", Some("billing-eu"), Some(Head), None),
        ("billing-eu", None, name("billing-eu"), None),
        ("billing-eu-2", None, name("billing-eu"), Some(-2)),
    ];
    for (text, branch, symbol, steps) in good {
        let expected = Target { branch: branch.map(str::to_owned), symbol, steps };
        assert_eq!(text.parse(), Ok(expected), "{text}");
    }
}

#[test]
fn a_target_prints_as_it_is_read() {
    for text in ["head", "heads", "base", "current", "a", "a+2", "a-2", "a+0", "+1", "-1", "x@head", "x@a-1", "x@+1"] {
        assert_eq!(text.parse::<Target>().unwrap().to_string(), text);
    }
}

#[test]
fn what_is_no_target_is_refused_with_the_reason() {
    let bad = [
        "",
        "@",
        "@head",
        "x@",
        "x@@head",
        "x@y@head",
        "+0",
        "-0",
        "x@+0",
        "+",
        "-",
        "+1xyz",
        "-1xyz",
        "a+",
        "a+x",
        "a+1b",
        "+1+1",
        "-1-1",
        "a+1+1",
        "a b",
        "a/b",
        "ä",
        "a:b",
        ":",
        "+99999999999",
        "x+1@head",
        "-x@head",
        "a\n",
    ];
    let refusals: Vec<String> = bad
        .iter()
        .map(|text| match text.parse::<Target>() {
            Err(TargetError::Malformed { problem, .. }) => format!("{text:?}: {problem}"),
            other => panic!("{text:?} is {other:?}"),
        })
        .collect();
    assert_snapshot!(refusals.join("\n"), @r#"
    "": it is empty
    "@": nothing stands before the `@`
    "@head": nothing stands before the `@`
    "x@": it is empty
    "x@@head": it has more than one `@`
    "x@y@head": it has more than one `@`
    "+0": it goes nowhere
    "-0": it goes nowhere
    "x@+0": it goes nowhere
    "+": ids and labels hold letters, digits, `_`, `.` and `-` only
    "-": a `-` is followed by a number, and by nothing else
    "+1xyz": ids and labels hold letters, digits, `_`, `.` and `-` only
    "-1xyz": a `-` is followed by a number, and by nothing else
    "a+": ids and labels hold letters, digits, `_`, `.` and `-` only
    "a+x": ids and labels hold letters, digits, `_`, `.` and `-` only
    "a+1b": ids and labels hold letters, digits, `_`, `.` and `-` only
    "+1+1": ids and labels hold letters, digits, `_`, `.` and `-` only
    "-1-1": a `-` is followed by a number, and by nothing else
    "a+1+1": ids and labels hold letters, digits, `_`, `.` and `-` only
    "a b": ids and labels hold letters, digits, `_`, `.` and `-` only
    "a/b": ids and labels hold letters, digits, `_`, `.` and `-` only
    "ä": ids and labels hold letters, digits, `_`, `.` and `-` only
    "a:b": a range is for `history -r` and `--sql`
    ":": a range is for `history -r` and `--sql`
    "+99999999999": its number is too large
    "x+1@head": ids and labels hold letters, digits, `_`, `.` and `-` only
    "-x@head": a `-` is followed by a number, and by nothing else
    "a\n": ids and labels hold letters, digits, `_`, `.` and `-` only
    "#);
}

#[test]
fn names_are_ids_labels_or_prefixes_of_at_least_three_characters() {
    let graph = graph("3f2a9c81 -> 3f2b00d7 -> abc -> abcd{billing}; abcd -> abce");
    let found = |text| find(&graph, "", text);
    assert_eq!(found("3f2a9c81"), "3f2a9c81");
    assert_eq!(found("3f2a"), "3f2a9c81");
    assert_eq!(found("abc"), "abc", "an exact id beats what it is a prefix of");
    assert_eq!(found("billing"), "abcd");
    assert_eq!(found("bil"), "abcd", "labels have prefixes too");
    assert_snapshot!(found("3f2"), @"M0203: `3f2` fits 2 revisions: `3f2a9c81` and `3f2b00d7`");
    assert_snapshot!(found("3f"), @"M0202: no revision or label `3f`");
    assert_snapshot!(found("bi"), @"M0202: no revision or label `bi`");
    assert_snapshot!(found("ABC"), @"M0202: no revision or label `ABC`");
    assert_snapshot!(found("zzz"), @"M0202: no revision or label `zzz`");
}

#[test]
fn a_prefix_of_an_id_and_of_its_own_label_is_no_ambiguity() {
    let graph = graph("billing_1{billing_eu} -> b");
    assert_eq!(find(&graph, "", "bill"), "billing_1");
}

#[test]
fn an_exact_label_beats_the_ids_that_it_is_a_prefix_of() {
    let graph = graph("abc1 -> abc2{abc}");
    assert_eq!(find(&graph, "", "abc"), "abc2");
}

#[test]
fn a_label_stands_for_the_revision_that_carries_it_and_not_for_its_head() {
    assert_snapshot!(upgrade(&graph(BRANCHES), "", "c1br"), @"
    + a
    + b
    + c1
    heads: c1
    ");
}

#[test]
fn head_is_the_single_head_of_the_graph_or_of_a_branch() {
    let graph = graph(BRANCHES);
    assert_eq!(find(&graph, "", "c1br@head"), "d1");
    assert_eq!(find(&graph, "", "c2@head"), "d2", "an id names a branch too");
    assert_eq!(find(&graph, "", "c2br@heads"), "d2");
    assert_eq!(find(&graph, "", "heads"), "d1 d2");
    assert_eq!(find(&graph, "", "a@heads"), "d1 d2");
    assert_snapshot!(find(&graph, "", "head"), @"M0103: `head` is ambiguous");
    assert_snapshot!(find(&graph, "", "b@head"), @"M0103: `b@head` is ambiguous");
}

#[test]
fn a_branch_narrows_an_id_to_its_lineage() {
    let graph = graph(BRANCHES);
    assert_eq!(find(&graph, "", "c1br@d1"), "d1");
    assert_eq!(find(&graph, "", "c1br@a"), "a");
    assert_snapshot!(find(&graph, "", "c1br@d2"), @"M0204: `d2` is not on the branch of `c1br`");
    assert_snapshot!(find(&graph, "", "nowhere@d2"), @"M0202: no revision or label `nowhere`");
}

#[test]
fn steps_count_from_what_stands_before_them() {
    let graph = graph(LINE);
    let found = |text| find(&graph, "c", text);
    assert_eq!(found("a+0"), "a");
    assert_eq!(found("a+2"), "c");
    assert_eq!(found("e-2"), "c");
    assert_eq!(found("head-1"), "d");
    assert_eq!(found("head+0"), "e");
    assert_eq!(found("heads-4"), "a");
    assert_eq!(found("base+1"), "a");
    assert_eq!(found("base+5"), "e");
    assert_eq!(found("+1"), "d");
    assert_eq!(found("-1"), "b");
    assert_eq!(found("current"), "c");
    assert_eq!(found("current-1"), "b");
    assert_eq!(found("a-1"), "", "one step below a root is the base");
}

#[test]
fn without_a_database_steps_count_from_the_head() {
    let found = |drawing: &str, target: &str| {
        let graph = graph(drawing);
        let nodes = target.parse::<Target>().unwrap().resolve_in(&graph);
        nodes.map(|nodes| nodes.iter().map(|node| graph.id(*node).to_owned()).collect::<Vec<_>>())
    };
    assert_eq!(found(LINE, "-1").unwrap(), ["d"]);
    assert_eq!(found(LINE, "c-1").unwrap(), ["b"]);
    assert_eq!(found(BRANCHES, "c1br@-1").unwrap(), ["c1"]);
    assert!(found(LINE, "+1").is_err() && found(BRANCHES, "-1").is_err());
}

#[test]
fn a_branch_narrows_steps_up() {
    let graph = graph(BRANCHES);
    assert_eq!(find(&graph, "", "c2br@a+2"), "c2");
    assert_eq!(find(&graph, "", "c2br@base+4"), "d2");
    assert_eq!(find(&graph, "b", "c2br@+2"), "d2");
    assert_eq!(find(&graph, "", "c1br@head-1"), "c1");
}

#[test]
fn walks_past_the_ends_are_refused() {
    let graph = graph(LINE);
    assert_snapshot!(upgrade(&graph, "c", "+3"), @"M0206: `+3` goes past the head: only 2 of 3 steps are there");
    assert_snapshot!(upgrade(&graph, "", "head+1"), @"M0206: `head+1` goes past the head: only 0 of 1 steps are there");
    assert_snapshot!(upgrade(&graph, "", "base+6"), @"M0206: `base+6` goes past the head: only 5 of 6 steps are there");
    assert_snapshot!(upgrade(&graph, "", "base-1"), @"M0206: `base-1` goes past the base: only 0 of 1 steps are there");
    assert_snapshot!(downgrade(&graph, "c", "-4"), @"M0206: `-4` goes past the base: only 3 of 4 steps are there");
    assert_snapshot!(downgrade(&graph, "c", "b-3"), @"M0206: `b-3` goes past the base: only 2 of 3 steps are there");
    assert_snapshot!(downgrade(&graph, "c", "-3"), @"
    - c
    - b
    - a
    heads: none
    ");
}

#[test]
fn two_roots_make_a_walk_up_from_the_base_ambiguous() {
    let graph = graph("a1{A} -> a2; b1{B} -> b2");
    assert_snapshot!(upgrade(&graph, "", "+1"), @"M0205: `+1` is ambiguous: `a1` and `b1` both are roots");
    assert_snapshot!(upgrade(&graph, "", "base+1"), @"M0205: `base+1` is ambiguous: `a1` and `b1` both are roots");
    assert_snapshot!(upgrade(&graph, "", "B@base+1"), @"
    + b1
    heads: b1
    ");
}

#[test]
fn a_range_includes_both_ends() {
    let graph = graph(LINE);
    let shown = |text| history(&graph, "c", text);
    assert_eq!(shown("b:d"), "b c d");
    assert_eq!(shown(":b"), "a b");
    assert_eq!(shown("d:"), "d e");
    assert_eq!(shown(":"), "a b c d e");
    assert_eq!(shown("base:b"), "a b");
    assert_eq!(shown("d:head"), "d e");
    assert_eq!(shown("d:heads"), "d e");
    assert_eq!(shown("c:c"), "c");
    assert_eq!(shown("b+1:e-1"), "c d");
}

#[test]
fn a_range_may_begin_or_end_at_what_is_applied() {
    let graph = graph(LINE);
    assert_eq!(history(&graph, "c", "current:"), "c d e");
    assert_eq!(history(&graph, "c", ":current"), "a b c");
    assert_eq!(history(&graph, "c", "current:+1"), "c d");
    assert_eq!(history(&graph, "c", "current-1:"), "b c d e");
    assert_eq!(history(&graph, "", "current:"), "a b c d e", "below the first revision there is nothing to leave out");
    assert_eq!(history(&graph, "", ":current"), "");
}

#[test]
fn a_range_that_begins_relative_counts_down_from_its_end() {
    let graph = graph(LINE);
    assert_eq!(history(&graph, "", "-2:"), "c d e");
    assert_eq!(history(&graph, "a", "-2:d"), "b c d");
    assert_eq!(history(&graph, "d", "-1:current"), "c d");
    assert_eq!(history(&graph, "", "-9:"), "a b c d e", "a shorter history is shown whole");
    assert_eq!(history(&graph, "", "a-1:"), "a b c d e");
    assert_snapshot!(history(&support::graph(BRANCHES), "", "-1:"), @"M0103: `head` is ambiguous");
    assert_eq!(history(&support::graph(BRANCHES), "", "-1:c1br@head"), "c1 d1");
}

#[test]
fn a_range_of_a_branch() {
    let graph = graph(BRANCHES);
    assert_eq!(history(&graph, "", "c1br@base:"), "a b c1 d1");
    assert_eq!(history(&graph, "", ":c2br@head"), "a b c2 d2");
    assert_eq!(history(&graph, "", "c1br@b:"), "b c1 d1");
    assert_eq!(history(&graph, "", "c1br@base:heads"), "a b c1 d1");
    assert_eq!(history(&graph, "", "b:d1"), "b c1 d1");
    assert_eq!(history(&graph, "", "c1br@-1:"), "c1 d1");
    for backwards in ["c2:d1", "d1:b"] {
        assert!(history(&graph, "", backwards).starts_with("M0201"), "the second end is not above the first");
    }
}

#[test]
fn what_is_no_range_is_refused() {
    let refusals: Vec<String> = ["", "a", "a:b:c", "a b:c", "@:b", "+0:"]
        .iter()
        .map(|text| format!("{text:?}: {}", text.parse::<Range>().unwrap_err()))
        .collect();
    assert_snapshot!(refusals.join("\n"), @r#"
    "": `` is not a target: a range is `from:to`, either end may be left out
    "a": `a` is not a target: a range is `from:to`, either end may be left out
    "a:b:c": `a:b:c` is not a target: a range has one `:`
    "a b:c": `a b` is not a target: ids and labels hold letters, digits, `_`, `.` and `-` only
    "@:b": `@` is not a target: nothing stands before the `@`
    "+0:": `+0` is not a target: it goes nowhere
    "#);
}

/// The refusal as a person reads it.
fn refusal(result: Result<impl std::fmt::Debug, PlanError>) -> String {
    Diagnostic::from(&result.unwrap_err()).to_string()
}

mod rendered {
    use insta::assert_snapshot;
    use migrate_plan::{
        Applied, Content, Dialect, Direction, Plan, PlanError, Revision, RevisionGraph, Section, Target,
        TransactionMode, parse_revision,
    };

    use super::{BRANCHES, LINE, MERGE, refusal};
    use crate::support::{applied, exactly, graph, row};

    fn up(drawing: &str, heads: &str, to: &str) -> String {
        let graph = graph(drawing);
        let targets = to.split(' ').map(|text| text.parse().map_err(PlanError::Target));
        let targets: Result<Vec<Target>, PlanError> = targets.collect();
        refusal(targets.and_then(|targets| Plan::upgrade(&applied(&graph, heads), &targets)))
    }

    fn down(drawing: &str, heads: &str, to: &str) -> String {
        let graph = graph(drawing);
        refusal(Plan::downgrade(&applied(&graph, heads), &to.parse().unwrap()))
    }

    #[test]
    fn malformed() {
        assert_snapshot!(up(LINE, "", "+1xyz"), @"
        error[M0201]: `+1xyz` is not a target: ids and labels hold letters, digits, `_`, `.` and `-` only
         help: targets are `head`, `heads`, `base`, an id or its prefix, a label, `+2`, `-1`, `<id>+2`, `label@head`, `label@-1`
        ");
    }

    #[test]
    fn unknown_with_a_similar_name() {
        assert_snapshot!(up("users_1 -> users_2", "", "user_1"), @"
        error[M0202]: no revision or label `user_1`
         help: did you mean `users_1`?
        ");
    }

    #[test]
    fn unknown_too_short_for_a_prefix() {
        assert_snapshot!(up("3f2a9c81d0e3", "", "3f"), @"
        error[M0202]: no revision or label `3f`
         help: a prefix has at least 3 characters
        ");
    }

    #[test]
    fn unknown_like_nothing() {
        assert_snapshot!(up("3f2a9c81d0e3", "", "billing_department"), @"
        error[M0202]: no revision or label `billing_department`
         help: `cargo migrate history` lists the revisions
        ");
    }

    #[test]
    fn ambiguous_prefix() {
        assert_snapshot!(up("3f2a9c81 -> 3f2b00d7", "", "3f2"), @"
        error[M0203]: `3f2` fits 2 revisions: `3f2a9c81` and `3f2b00d7`
         help: write more of the id
        ");
    }

    #[test]
    fn not_on_branch() {
        assert_snapshot!(up(BRANCHES, "", "c1br@d2"), @"
        error[M0204]: `d2` is not on the branch of `c1br`
          why: it is neither above nor below the branch's revision
         help: leave `c1br@` out, or name a revision of that branch
        ");
    }

    #[test]
    fn several_heads() {
        assert_snapshot!(up(BRANCHES, "", "head"), @"
        error[M0103]: `head` is ambiguous
          --> d2.sql:1
         also: d1.sql:1
          why: nothing revises `d1` or `d2`, so there are 2 heads
         help: put your own behind the other, such as `cargo migrate rebase d2`, or join them: `cargo migrate merge d1 d2`
        ");
        assert_snapshot!(up("a -> b, c, d", "", "head"), @"
        error[M0103]: `head` is ambiguous
          --> d.sql:1
         also: b.sql:1
         also: c.sql:1
          why: nothing revises `b`, `c` or `d`, so there are 3 heads
         help: put your own behind the other, such as `cargo migrate rebase d`, or join them: `cargo migrate merge b c d`
        ");
    }

    #[test]
    fn several_applied() {
        assert_snapshot!(down(BRANCHES, "d1 d2", "-1"), @"
        error[M0103]: `-1` is ambiguous: `d1` and `d2` are applied heads
          why: a relative target counts from the one applied head
         help: name an id, or a branch to count on, such as `d1@-1`
        ");
        assert_snapshot!(up(BRANCHES, "c1 c2", "a@+1"), @"
        error[M0103]: `a@+1` is ambiguous: `c1` and `c2` are applied heads
          why: a relative target counts from the one applied head
         help: name an id, or a branch to count on, such as `c1@+1`
        ");
    }

    #[test]
    fn ambiguous_walk_up() {
        assert_snapshot!(up(BRANCHES, "b", "+1"), @"
        error[M0205]: `+1` is ambiguous: `c1` and `c2` both follow `b`
         help: name the branch, such as `c1@+1`, or an id
        ");
        assert_snapshot!(up(BRANCHES, "", "a+2"), @"
        error[M0205]: `a+2` is ambiguous: `c1` and `c2` both follow `b`
         help: name the branch, such as `c1@a+2`, or an id
        ");
        assert_snapshot!(up("a; b; c", "", "+1"), @"
        error[M0205]: `+1` is ambiguous: `a`, `b` and `c` all are roots
         help: name the branch, such as `a@+1`, or an id
        ");
    }

    #[test]
    fn ambiguous_walk_down() {
        assert_snapshot!(down(MERGE, "m", "-2"), @"
        error[M0205]: `-2` is ambiguous: `b1` and `b2` both are parents of `m`
         help: name one of the parents, such as `b1`
        ");
    }

    #[test]
    fn walk_too_long() {
        assert_snapshot!(up(LINE, "c", "+3"), @"
        error[M0206]: `+3` goes past the head: only 2 of 3 steps are there
         help: write `head` to go all the way
        ");
        assert_snapshot!(down(LINE, "c", "-4"), @"
        error[M0206]: `-4` goes past the base: only 3 of 4 steps are there
         help: write `base` to go all the way
        ");
    }

    #[test]
    fn overlap() {
        assert_snapshot!(up(BRANCHES, "", "c1 d1"), @"
        error[M0207]: the targets overlap: `d1` includes `c1`
         help: `d1` alone is enough
        ");
    }

    #[test]
    fn not_applied() {
        assert_snapshot!(down(LINE, "c", "e"), @r"
        error[M0208]: `e` leaves nothing to undo
          why: the applied heads are `c`
         help: name a revision that is applied: `cargo migrate history --applied` marks them
        ");
        assert_snapshot!(down(LINE, "", "-1"), @r"
        error[M0208]: `-1` leaves nothing to undo
          why: nothing is applied
         help: name a revision that is applied: `cargo migrate history --applied` marks them
        ");
    }

    #[test]
    fn not_allowed() {
        assert_snapshot!(up(LINE, "", "current"), @"
        error[M0209]: `current` is no target of `upgrade`
         help: `upgrade` without a target goes to `head`
        ");
        assert_snapshot!(down(LINE, "c", "current"), @"
        error[M0209]: `current` is no target of `downgrade`
         help: `downgrade` without a target undoes one revision: `-1`
        ");
        let graph = graph(LINE);
        let stamp =
            |text: &str| refusal(Plan::stamp(&applied(&graph, "c"), &[text.parse().unwrap()], migrate_plan::Purge::No));
        assert_snapshot!(stamp("+1"), @"
        error[M0209]: `+1` is no target of `stamp`
         help: name a revision: a stamp does not count from what it is about to replace
        ");
        assert_snapshot!(stamp("current"), @"
        error[M0209]: `current` is no target of `stamp`
         help: name a revision
        ");
    }

    /// One revision from the text below its header.
    fn one(sections: &str) -> RevisionGraph {
        let text = format!("-- revision: a\n-- parents: none\n\n{sections}");
        RevisionGraph::new(vec![parse_revision("migrations/1_a.sql", text.as_bytes()).unwrap()]).unwrap()
    }

    fn unrunnable(graph: &RevisionGraph, direction: Direction) -> String {
        let plan = match direction {
            Direction::Up => Plan::upgrade(&Applied::nothing(graph), &[Target::head()]),
            Direction::Down => Plan::downgrade(&applied(graph, "a"), &"base".parse().unwrap()),
        };
        let database = Applied::nothing(graph);
        refusal(plan.and_then(|plan| plan.refuse_unrunnable(&database, Dialect::Sqlite)))
    }

    #[test]
    fn unwritten() {
        assert_snapshot!(unrunnable(&one("-- migrate: up\n"), Direction::Up), @"
        error[M0210]: the `up` section of revision `a` is not written
          --> migrations/1_a.sql:4
          why: running it would record a change that was never made
         help: write its SQL below the marker; a deliberate no-op is the line `-- migrate: nothing`
        ");
        let no_down = one("-- migrate: up\nSELECT 1;\n-- migrate: down\n-- to do\n");
        assert_snapshot!(unrunnable(&no_down, Direction::Down), @"
        error[M0210]: the `down` section of revision `a` is not written
          --> migrations/1_a.sql:6
          why: running it would record a change that was never made
         help: write its SQL below the marker; a deliberate no-op is the line `-- migrate: nothing`
        ");
    }

    #[test]
    fn no_section() {
        assert_snapshot!(unrunnable(&one("-- migrate: up postgres\nSELECT 1;\n"), Direction::Up), @"
        error[M0211]: revision `a` has no `up` section for sqlite
          --> migrations/1_a.sql:1
          why: what the other dialects run may be wrong here
         help: add `-- migrate: up sqlite`, or a section without a dialect, which serves the rest
        ");
    }

    #[test]
    fn irreversible() {
        assert_snapshot!(unrunnable(&one("-- migrate: up\nSELECT 1;\n"), Direction::Down), @"
        error[M0212]: revision `a` is irreversible
          --> migrations/1_a.sql:1
          why: the file has no `down` section
         help: restore a backup, or write a `-- migrate: down` section that undoes it
        ");
        let with_reason = one("-- migrate: up\nSELECT 1;\n-- migrate: irreversible the names are gone\n");
        assert_snapshot!(unrunnable(&with_reason, Direction::Down), @"
        error[M0212]: revision `a` is irreversible: the names are gone
          --> migrations/1_a.sql:1
          why: the file has no `down` section
         help: restore a backup, or write a `-- migrate: down` section that undoes it
        ");
    }

    /// Made by hand, since a file with such a statement is refused when it is read.
    #[test]
    fn unfit() {
        let written = one("-- migrate: up\nSELECT 1;\n");
        let revision = written.revision(written.node("a").unwrap());
        let section = Section { body: "SELECT 1;\n  COMMIT;\n".into(), ..revision.sections[0].clone() };
        assert_eq!((section.content, section.transaction), (Content::Statements, TransactionMode::Transactional));
        let unfit = Revision { sections: vec![section].into(), ..revision.clone() };
        let graph = RevisionGraph::new(vec![unfit]).unwrap();
        assert_snapshot!(unrunnable(&graph, Direction::Up), @"
        error[M0013]: `COMMIT` in a section that runs inside a transaction
          --> migrations/1_a.sql:6:3
          why: the revision and its history row are one transaction; ending it inside would commit half of them
         help: remove the statement: BEGIN and COMMIT are sent around the section anyway
        ");
    }

    #[test]
    fn inserted_behind() {
        let graph = graph("a -> x -> b");
        let database = exactly(&graph, &["a", "b"]);
        let plan = Plan::upgrade(&database, &[Target::head()]).unwrap();
        assert_snapshot!(refusal(plan.refuse_by_policy(&database, Default::default(), migrate_plan::Inserted::Refuse)), @"
        error[M0214]: revision `x` is pending although revisions above it are applied
          --> x.sql:1
          why: it was inserted behind what this database has already applied, and `--strict` refuses that
         help: run `upgrade` without `--strict` to apply it now, after its parents
        ");
    }

    #[test]
    fn drift() {
        let graph = one("-- migrate: up\nSELECT 1;\n");
        let mut edited = row("a", &[]);
        edited.up_checksum = Some(migrate_plan::Checksum::from_bytes([7; 32]));
        let drift = Applied::new(&graph, vec![edited]).unwrap().drift(Dialect::Sqlite);
        assert_eq!(drift.len(), 1);
        assert_snapshot!(refusal(Err::<(), _>(PlanError::Drift { drift })), @"
        error[M0215]: the `up` of `a` was edited after it was applied
          --> migrations/1_a.sql:4
          why: this database ran another text, so new and old databases would differ
         help: undo the edit and put the change into a new revision: `cargo migrate new`
        ");
    }

    #[test]
    fn database_ahead() {
        let error = |unknown: &[&str], pending| PlanError::DatabaseAhead {
            unknown: unknown.iter().map(|id| (*id).to_owned()).collect(),
            pending,
            undone_by: vec!["downgrade".to_owned()],
        };
        assert_snapshot!(refusal(Err::<(), _>(error(&["zzz"], 0))), @r#"
        error[M0216]: the database has 1 revision that is not here: zzz
          why: `ahead = "refuse"` refuses a database that is newer than these revisions
         help: run the newer version, or undo them with `downgrade`; `ahead = "allow"` applies what is pending
        "#);
        assert_snapshot!(refusal(Err::<(), _>(error(&["yyy", "zzz"], 1))), @r#"
        error[M0216]: the database has 2 revisions that are not here: yyy, zzz
          why: 1 revision pending here, and what the unknown ones changed cannot be judged
         help: run the newer version, or undo them with `downgrade`; `ahead = "allow"` applies what is pending
        "#);
    }

    #[test]
    fn history_unusable() {
        let graph = graph("a");
        let rows = vec![row("y", &["z"]), row("z", &["y"])];
        assert_snapshot!(refusal(Applied::new(&graph, rows)), @"
        error[M0405]: the history cannot be read as a graph: revisions need one another: `y` -> `z` -> `y`
         help: look at the table `migrate_history`; `stamp --purge <revision>` writes it anew
        ");
    }

    #[test]
    fn no_stored_down() {
        assert_snapshot!(refusal(Err::<(), _>(PlanError::NoStoredDown { id: "zzz".to_owned() })), @"
        error[M0212]: revision `zzz` is not here, and the history holds no `down` for it
          why: it was irreversible, or was recorded without its SQL
         help: undo it with the version that applied it, or restore a backup
        ");
    }
}

#[test]
fn stamp_takes_steps_from_a_name_but_not_from_what_it_replaces() {
    let graph = graph(LINE);
    assert_snapshot!(stamp(&graph, "b", "head-1"), @"
    + c
    + d
    heads: d
    ");
    assert_snapshot!(stamp(&graph, "b", "-1"), @"M0209: `-1` is no target of `stamp`");
}

#[test]
fn stamp_below_a_merge_records_both_sides() {
    assert_snapshot!(stamp(&graph(MERGE), "", "m-1"), @"
    + a
    + b1
    + b2
    heads: b1 b2
    ");
}

#[test]
fn upgrade_below_a_merge_applies_both_sides() {
    assert_snapshot!(upgrade(&graph(MERGE), "", "z-2"), @"
    + a
    + b1
    + b2
    heads: b1 b2
    ");
}
