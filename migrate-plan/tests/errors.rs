//! Every code that this crate can produce has a fixture here, and every fixture says how to mend it.

mod support;

use std::collections::BTreeSet;

use migrate_plan::{
    Applied, Code, Diagnostic, Dialect, Direction, Drift, Inserted, LockDefect, LockFile, Plan, PlanError, Purge,
    Revision, RevisionGraph, Target, parse_revision,
};
use support::{Sketch, applied, exactly, graph, row, sketches};

/// Codes of other stages: the folder, the engine, the connection, the command line, other tools (`refinery.rs`), and
/// what is verified.
const ELSEWHERE: &[&str] = &["M0017", "M0018", "M0019", "M0020", "M0217", "M0218", "M0306"];

fn is_elsewhere(code: &str) -> bool {
    let engine_or_tool = ["M04", "M05", "M06", "M07", "M08", "M09"].iter().any(|stage| code.starts_with(stage))
        && !["M0405", "M0416"].contains(&code);
    ELSEWHERE.contains(&code) || engine_or_tool
}

fn file(text: &str) -> Vec<Diagnostic> {
    let problems = parse_revision("a.sql", text.as_bytes()).expect_err(text);
    problems.iter().map(Diagnostic::from).collect()
}

fn section(text: &str) -> Vec<Diagnostic> {
    file(&format!("-- revision: a\n-- parents: none\n\n{text}"))
}

fn files() -> Vec<Diagnostic> {
    let mut found = vec![
        file(""),
        file(
            "-- revision: head\n-- parents: none\n-- lables: x\n-- prose\n-- title:\n-- parents: a\n-- migrate: up\nSELECT 1;\n",
        ),
        file("-- revision: b\n-- parents: a, a\n-- migrate: up\nSELECT 1;\n"),
        section("SELECT 1;\n-- migrate: sideways\n-- migrate: up\nSELECT 1;\n-- migrate: up\nSELECT 1;\n"),
        section("-- migrate: nothing\n-- migrate: up\nCOMMIT;\n"),
        section("-- migrate: up postgres\nVACUUM;\n"),
        section("-- migrate: up\nSELECT 'open;\n"),
        section("-- migrate: up\n<<<<<<< HEAD\n"),
        section("-- migrate: up\n\0\n"),
        section("-- migrate: up\nSELECT 1;\n-- migrate: irreversible\n"),
    ];
    found.push(parse_revision("a.sql", b"\xff").unwrap_err().iter().map(Diagnostic::from).collect());
    found.concat()
}

fn graphs() -> Vec<Diagnostic> {
    let revision = |id: &str, parents: &[&str], labels: &[&str]| {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Sketch { id: id.to_owned(), parents: owned(parents), labels: owned(labels), depends_on: Vec::new() }.revision()
    };
    let cycle: Vec<Revision> = sketches("a -> b -> a").iter().map(Sketch::revision).collect();
    let rest = vec![
        revision("a", &[], &["x"]),
        revision("a", &[], &[]),
        revision("A", &["lost"], &["x"]),
        revision("c", &["c"], &[]),
    ];
    let defects = |revisions: Vec<Revision>| RevisionGraph::new(revisions).expect_err("a defect");
    [defects(cycle), defects(rest)].concat().iter().map(Diagnostic::from).collect()
}

fn targets() -> Vec<Diagnostic> {
    let graph = graph("abc1 -> abc2{x}; abc1 -> abc3");
    let database = applied(&graph, "abc2 abc3");
    let upgrade = |texts: &[&str]| -> Result<Plan, PlanError> {
        let targets: Result<Vec<Target>, _> = texts.iter().map(|text| text.parse()).collect();
        Plan::upgrade(&database, &targets?)
    };
    let nothing = Applied::nothing(&graph);
    let errors = [
        upgrade(&["+0"]),
        upgrade(&["zzz"]),
        upgrade(&["abc"]),
        upgrade(&["x@abc3"]),
        upgrade(&["abc1+1"]),
        upgrade(&["abc2+1"]),
        upgrade(&["abc1", "abc2"]),
        upgrade(&["head"]),
        upgrade(&["+1"]),
        upgrade(&["current"]),
        Plan::downgrade(&nothing, &Target::relative(-1)),
        Plan::stamp(&nothing, &[Target::relative(1)], Purge::No),
    ];
    errors.into_iter().map(|result| Diagnostic::from(&result.expect_err("a refusal"))).collect()
}

fn plans() -> Vec<Diagnostic> {
    let one = |sections: &str| {
        let text = format!("-- revision: a\n-- parents: none\n\n{sections}");
        RevisionGraph::new(vec![parse_revision("a.sql", text.as_bytes()).unwrap()]).unwrap()
    };
    let up = |sections: &str| {
        let graph = one(sections);
        let database = Applied::nothing(&graph);
        Plan::upgrade(&database, &[Target::head()]).unwrap().refuse_unrunnable(&database, Dialect::Sqlite)
    };
    let down = |sections: &str| {
        let graph = one(sections);
        let database = applied(&graph, "a");
        Plan::downgrade(&database, &Target::relative(-1)).unwrap().refuse_unrunnable(&database, Dialect::Sqlite)
    };
    let spliced = graph("a -> x -> b");
    let behind = exactly(&spliced, &["a", "b"]);
    let ahead = Applied::new(&spliced, vec![row("zzz", &[])]).unwrap();
    let policy = |database: &Applied<'_>| {
        let plan = Plan::upgrade(database, &[Target::head()]).unwrap();
        plan.refuse_by_policy(database, Default::default(), Inserted::Refuse)
    };
    let elsewhere = graph("a[accounts@7f]");
    let drift = Drift { id: "a".into(), file: "a.sql".into(), direction: Direction::Up, line: 4 };
    let errors = [
        up("-- migrate: up\n"),
        up("-- migrate: up mysql\nSELECT 1;\n"),
        down("-- migrate: up\nSELECT 1;\n"),
        policy(&behind),
        policy(&ahead),
        Err(PlanError::Drift { drift: vec![drift] }),
        Err(PlanError::NoStoredDown { id: "zzz".into() }),
        Err(PlanError::CannotFinish { id: "zzz".into() }),
        Plan::upgrade(&Applied::nothing(&elsewhere), &[Target::head()]).map(|_| ()),
        Applied::new(&spliced, vec![row("y", &["z"]), row("z", &["y"])]).map(|_| ()),
    ];
    errors.into_iter().map(|result| Diagnostic::from(&result.expect_err("a refusal"))).collect()
}

fn locks() -> Vec<Diagnostic> {
    let sum = |digit: &str| format!("v1:{}", digit.repeat(64));
    let twice = format!("revision a {} none\nrevision a {} none\nsealed a\n", sum("0"), sum("1"));
    let sealed = LockFile::parse(&format!("revision a {} none\nsealed a\n", sum("0"))).unwrap();
    let mut defects: Vec<LockDefect> = Vec::new();
    for text in ["what\n", "<<<<<<< HEAD\n", "version 2\n", &twice] {
        defects.extend(LockFile::parse(text).unwrap_err());
    }
    defects.extend(sealed.defects(&[]));
    defects.extend(sealed.defects(graph("a").revisions()));
    defects.iter().map(|defect| defect.diagnostic("migrate.lock")).collect()
}

fn all() -> Vec<Diagnostic> {
    [files(), graphs(), targets(), plans(), locks()].concat()
}

#[test]
fn every_code_of_this_crate_has_a_fixture() {
    let found: BTreeSet<&str> = all().iter().map(|diagnostic| diagnostic.code.as_str()).collect();
    let wanted: BTreeSet<&str> =
        Code::ALL.iter().map(|code| code.as_str()).filter(|code| !is_elsewhere(code)).collect();
    let missing: Vec<&&str> = wanted.difference(&found).collect();
    assert!(missing.is_empty(), "no fixture for {missing:?}");
    let strangers: Vec<&&str> = found.difference(&wanted).collect();
    assert!(strangers.is_empty(), "{strangers:?} are produced here after all");
}

#[test]
fn every_refusal_says_how_to_mend_it() {
    for diagnostic in all() {
        assert!(diagnostic.help.len() > 8, "{diagnostic}");
        assert!(!diagnostic.message.is_empty(), "{diagnostic}");
    }
}

#[test]
fn every_message_is_one_line_without_a_full_stop() {
    for diagnostic in all() {
        for text in [&diagnostic.message, &diagnostic.help] {
            assert!(!text.contains('\n') && !text.ends_with('.'), "{diagnostic}");
        }
    }
}

#[test]
fn every_refusal_of_a_file_says_where() {
    for diagnostic in [files(), graphs(), locks()].concat() {
        assert!(diagnostic.place.as_ref().is_some_and(|place| place.line > 0), "{diagnostic}");
        assert!(diagnostic.why.is_some(), "{diagnostic}");
    }
}

#[test]
fn every_code_has_a_summary() {
    for code in Code::ALL {
        assert!(code.summary().len() > 8, "{code}");
        assert!(code.as_str().len() == 5 && code.as_str().starts_with('M'), "{code}");
    }
}
