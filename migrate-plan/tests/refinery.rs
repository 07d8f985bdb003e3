//! Rows of refinery's table against revisions: what fits, and how what does not is named.
#![cfg(feature = "refinery")]

use migrate_plan::{
    Applied, Dialect, Plan, RefineryRow, Revision, RevisionGraph, VersionWidth, parse_revision, refinery_checksum,
    verify_refinery,
};

fn revision(stem: &str, parents: &str, record: &str, sql: &str) -> Revision {
    let id = stem.split("__").next().unwrap();
    let text = format!("-- revision: {id}\n-- parents: {parents}\n\n{record}\n\n-- migrate: up\n{sql}");
    parse_revision(&format!("{stem}.sql"), text.as_bytes()).unwrap()
}

fn chain() -> Vec<Revision> {
    vec![
        revision("V1__a", "none", "-- refinery: V1__a", "SELECT 1;\n"),
        revision("U2__b", "V1", "-- refinery: U2__b, crlf", "SELECT 2;\n"),
        revision("V3__c", "U2", "-- Prose stands beside it.\n-- refinery: V3__c, edited from 77", "SELECT 3;\n"),
        revision("V4__d", "V3", "-- refinery: V4__d, unterminated", "-- migrate: nothing\n-- no\n"),
        revision("own", "V4", "", "SELECT 5;\n"),
    ]
}

fn row(version: i64, name: &str, checksum: u64) -> RefineryRow {
    RefineryRow {
        version: Some(version.to_string()),
        name: Some(name.to_owned()),
        applied_on: Some("2024-05-17T11:30:00.5+02:00".to_owned()),
        checksum: Some(checksum.to_string()),
    }
}

fn sum(width: VersionWidth, version: i64, name: &str, sql: &str) -> u64 {
    refinery_checksum(width, version, name, sql).unwrap()
}

fn right(width: VersionWidth) -> Vec<RefineryRow> {
    vec![
        row(1, "a", sum(width, 1, "a", "SELECT 1;\n")),
        row(2, "b", sum(width, 2, "b", "SELECT 2;\r\n")),
        row(3, "c", 77),
        row(4, "d", sum(width, 4, "d", "-- no")),
    ]
}

fn codes(rows: &[RefineryRow], revisions: &[Revision]) -> String {
    let problems = verify_refinery("t", rows, revisions, Dialect::Postgres).expect_err("a refusal");
    assert!(problems.iter().all(|problem| !problem.help.is_empty() && problem.why.is_some()), "{problems:?}");
    problems.iter().map(|problem| problem.code.as_str()).collect::<Vec<_>>().join(" ")
}

#[test]
fn rows_of_either_width_fit_their_revisions() {
    for width in VersionWidth::ALL {
        let verified = verify_refinery("t", &right(width), &chain(), Dialect::Postgres).unwrap();
        let ids: Vec<&str> = verified.adopted.iter().map(|adopted| adopted.id.as_str()).collect();
        assert_eq!(ids, ["V1", "U2", "V3", "V4"]);
        assert!(verified.adopted.iter().all(|adopted| adopted.applied_at == "2024-05-17T09:30:00.500Z"));
        assert_eq!(verified.notes, ["`V3`: its text was edited after refinery had applied it"]);
    }
}

#[test]
fn a_width_that_fits_no_other_row_fits_none() {
    let wrong = refinery_checksum(VersionWidth::Bits64, 2, "a", "SELECT 1;\n").unwrap();
    assert_eq!(codes(&[row(1, "a", wrong)], &chain()), "M0803");
}

#[test]
fn nothing_applied_is_nothing_to_adopt() {
    assert!(verify_refinery("t", &[], &chain(), Dialect::Postgres).unwrap().adopted.is_empty());
}

#[test]
fn every_kind_of_damage_has_its_code() {
    let good = right(VersionWidth::Bits32);
    let with = |index: usize, change: &dyn Fn(&mut RefineryRow)| {
        let mut rows = good.clone();
        change(&mut rows[index]);
        codes(&rows, &chain())
    };
    assert_eq!(with(0, &|row| row.version = Some("one".into())), "M0801 M0804");
    assert_eq!(with(0, &|row| row.version = None), "M0801 M0804");
    assert_eq!(with(0, &|row| row.name = None), "M0801");
    for time in ["2024-05-17", "2024-05-17T09:30:00", "soon", ""] {
        assert_eq!(with(0, &|row| row.applied_on = Some(time.into())), "M0801", "{time}");
    }
    for checksum in ["-1", "18446744073709551616", "0x1f", ""] {
        assert_eq!(with(0, &|row| row.checksum = Some(checksum.into())), "M0801", "{checksum}");
    }
    assert_eq!(with(3, &|row| row.version = Some("9".into())), "M0802 M0804");
    assert_eq!(with(0, &|row| row.checksum = Some("1".into())), "M0803");
    assert_eq!(with(0, &|row| row.name = Some("z".into())), "M0803");
    assert_eq!(codes(&good[1..], &chain()), "M0804");
    let without_the_unversioned: Vec<RefineryRow> = [&good[..1], &good[2..]].concat();
    assert!(verify_refinery("t", &without_the_unversioned, &chain(), Dialect::Postgres).is_ok());
}

#[test]
fn records_that_cannot_be_meant_have_their_code() {
    let mut revisions = chain();
    revisions.push(revision("x1__y", "own", "-- refinery: V3__again", "SELECT 1;\n"));
    assert_eq!(codes(&right(VersionWidth::Bits32), &revisions), "M0806");
    let broken = revision("V1__a", "none", "-- refinery: V1", "SELECT 1;\n");
    assert_eq!(codes(&[], &[broken]), "M0806");
}

#[test]
fn an_edit_of_the_text_is_seen_whatever_it_changes() {
    let edited = revision("V1__a", "none", "-- refinery: V1__a", "SELECT 1; -- one\n");
    let rows = &right(VersionWidth::Bits64)[..1];
    assert_eq!(codes(rows, &[edited]), "M0803");
    let inside = revision("V1__a", "none", "-- refinery: V1__a", "\nSELECT 1;\n");
    assert_eq!(codes(rows, &[inside]), "M0803");
}

#[test]
fn a_way_back_that_is_written_later_does_not_change_the_text() {
    for between in ["", "\n", "\n\n"] {
        let sql = format!("SELECT 1;\n{between}-- migrate: down\nSELECT 0;\n");
        let revisions = [revision("V1__a", "none", "-- refinery: V1__a", &sql)];
        let verified = verify_refinery("t", &right(VersionWidth::Bits64)[..1], &revisions, Dialect::Postgres).unwrap();
        assert!(verified.notes.is_empty(), "{:?}", verified.notes);
    }
}

#[test]
fn an_adoption_records_in_the_order_of_the_graph_what_is_not_applied_yet() {
    let graph = RevisionGraph::new(chain()).unwrap();
    let plan = Plan::adopt(&Applied::nothing(&graph), ["V3", "V1", "unheard of"]);
    assert_eq!(plan.to_string(), "+ V1\n+ V3");
    assert_eq!((plan.action.as_str(), plan.heads_after.as_slice()), ("adopt", &["V3".to_owned()][..]));
    assert!(plan.action.is_about_history());
    assert!(plan.refuse_unrunnable(&Applied::nothing(&graph), Dialect::Sqlite).is_ok());
}
