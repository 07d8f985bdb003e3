//! `migrate.lock`: its text, what a merge of two texts means, and which differences from the files are refused.

mod support;

use insta::assert_snapshot;
use migrate_plan::{Checksum, LockDefect, LockFile, Revision, Stale, parse_revision};
use support::sketches;

const LOCK: &str = "migrations/migrate.lock";

fn revision(id: &str, sql: &str) -> Revision {
    let text = format!("-- revision: {id}\n-- parents: none\n-- migrate: up\n{sql};\n");
    parse_revision(&format!("migrations/{id}.sql"), text.as_bytes()).unwrap()
}

fn line(id: &str, digit: char, parents: &str) -> String {
    format!("revision {id} v1:{} {parents}\n", digit.to_string().repeat(64))
}

fn parse(text: &str) -> LockFile {
    LockFile::parse(text).unwrap_or_else(|defects| panic!("{defects:?}"))
}

fn rendered(defects: &[LockDefect]) -> String {
    defects.iter().map(|defect| defect.diagnostic(LOCK).to_string()).collect::<Vec<_>>().join("\n\n")
}

fn refused(text: &str) -> String {
    rendered(&LockFile::parse(text).expect_err("the text is refused"))
}

/// The lock of these revisions, of which some are sealed.
fn lock(revisions: &[Revision], sealed: &[&str]) -> LockFile {
    let mut lock = LockFile::default().renewed(revisions);
    lock.seal(revisions.iter().filter(|revision| sealed.contains(&&*revision.id)));
    lock
}

#[test]
fn a_lock_says_one_thing_a_line_sorted_under_its_version() {
    let text = format!("sealed b\n{}{}version 1\nsealed a\n", line("b", 'b', "a,c"), line("a", 'a', "none"));
    let sorted = format!("version 1\n{}{}sealed a\nsealed b\n", line("a", 'a', "none"), line("b", 'b', "a,c"));
    assert_eq!(parse(&text).render(), sorted);
}

#[test]
fn a_lock_is_made_of_the_revisions() {
    let revisions: Vec<Revision> = sketches("b -> c; a, b -> m").iter().map(support::Sketch::revision).collect();
    let text = lock(&revisions, &["b"]).render();
    let without_checksums: Vec<String> = text
        .lines()
        .map(|line| line.split(' ').filter(|word| !word.starts_with("v1:")).collect::<Vec<_>>().join(" "))
        .collect();
    assert_snapshot!(without_checksums.join("\n"), @"
    version 1
    revision a none
    revision b none
    revision c b
    revision m a,b
    sealed b
    ");
    for revision in &revisions {
        assert!(text.contains(&revision.checksum().to_string()));
    }
}

#[test]
fn what_is_rendered_reads_back() {
    let lock = lock(&[revision("a", "SELECT 1"), revision("b", "SELECT 2")], &["a"]);
    assert_eq!(LockFile::parse(&lock.render()), Ok(lock));
}

#[test]
fn an_empty_text_is_an_empty_lock() {
    assert_eq!(LockFile::parse(""), Ok(LockFile::default()));
    assert_eq!(LockFile::default().render(), "version 1\n");
}

#[test]
fn line_ends_blank_lines_and_comments_make_no_difference() {
    let text = format!("version 1\n{}sealed a\n", line("a", 'a', "none"));
    let windows = format!("\u{feff}# a comment\r\n\r\n{}", text.replace('\n', "\r\n"));
    assert_eq!(parse(&windows), parse(&text));
}

#[test]
fn lines_that_a_union_merge_doubled_count_once() {
    let text = format!("version 1\n{}sealed a\n", line("a", 'a', "none"));
    assert_eq!(parse(&text.repeat(2)), parse(&text));
}

#[test]
fn old_and_new_lines_of_a_draft_stay_beside_one_another_until_they_are_renewed() {
    let draft = revision("a", "SELECT 1");
    let merged = lock(std::slice::from_ref(&draft), &[]).render() + &line("a", '0', "none");
    let merged = parse(&merged);
    assert_eq!(merged.defects(std::slice::from_ref(&draft)), []);
    assert_eq!(merged.stale(std::slice::from_ref(&draft)), [Stale::Changed("a".to_owned())]);
    let renewed = merged.renewed(std::slice::from_ref(&draft));
    assert_eq!(renewed, lock(std::slice::from_ref(&draft), &[]));
    assert_eq!(renewed.stale(&[draft]), []);
}

#[test]
fn two_different_lines_for_a_sealed_revision() {
    assert_snapshot!(refused(&format!("{}{}sealed a\n", line("a", '0', "none"), line("a", '1', "none"))), @"
    error[M0305]: two lines say different things of the sealed revision `a`
      --> migrations/migrate.lock:1
      why: databases may have run it already, so it must stay what it is
     help: keep the line that stood there when it was sealed: see the file's history
    ");
}

#[test]
fn an_accepted_change_keeps_its_reason_and_reads_back() {
    let revisions = [revision("a", "SELECT 1;"), revision("b", "SELECT 2;")];
    let mut lock = lock(&revisions, &["a", "b"]);
    lock.accept(&revisions[0], "  a reviewed\n\ttypo ");
    let text = lock.render();
    assert!(text.ends_with(&format!("accepted a {} a reviewed typo\n", revisions[0].checksum())), "{text}");
    let read = LockFile::parse(&text).unwrap();
    assert_eq!((read.accepted().count(), &read), (1, &lock));
    assert_eq!(read.renewed(&revisions).accepted().count(), 1, "it stays");
    assert!(
        LockFile::parse(&format!("accepted a {}\n", revisions[0].checksum())).is_err(),
        "without a reason it is no line"
    );
}

#[test]
fn lines_that_are_none() {
    assert_snapshot!(refused("version 1\nrevision a\nsealed\nunsealed a\n"), @r"
    error[M0301]: `revision a` is not a line of a lock file
      --> migrations/migrate.lock:2
      why: lines are `version 1`, `revision <id> <checksum> <parents>`, `sealed <id>` and `accepted <id> <checksum> <reason>`
     help: restore the line from version control

    error[M0301]: `sealed` is not a line of a lock file
      --> migrations/migrate.lock:3
      why: lines are `version 1`, `revision <id> <checksum> <parents>`, `sealed <id>` and `accepted <id> <checksum> <reason>`
     help: restore the line from version control

    error[M0301]: `unsealed a` is not a line of a lock file
      --> migrations/migrate.lock:4
      why: lines are `version 1`, `revision <id> <checksum> <parents>`, `sealed <id>` and `accepted <id> <checksum> <reason>`
     help: restore the line from version control
    ");
}

#[test]
fn each_word_of_a_line_is_checked() {
    let checksum = format!("v1:{}", "a".repeat(64));
    for text in [
        "version".to_owned(),
        "version x".to_owned(),
        "version 1 2".to_owned(),
        "sealed a b".to_owned(),
        "revision a none".to_owned(),
        format!("revision a {checksum}"),
        format!("revision a {checksum} none more"),
        format!("revision a {} none", "a".repeat(64)),
        format!("revision a {} none", checksum.replace("v1", "v2")),
        format!("revision a {}0 none", checksum),
        format!("revision a {} none", &checksum[..66]),
        format!("revision a {} none", checksum.replacen('a', "g", 1)),
        format!("revision a {} none", checksum.replacen('a', "é", 1)),
    ] {
        let defects = LockFile::parse(&text).expect_err(&text);
        assert_eq!(defects, [LockDefect::Malformed { text: text.clone(), line: 1 }]);
    }
}

#[test]
fn conflict_markers() {
    assert_snapshot!(refused("version 1\n<<<<<<< HEAD\nsealed a\n||||||| base\n=======\nsealed b\n>>>>>>> other\n"), @r"
    error[M0301]: the lock file holds a git conflict marker
      --> migrations/migrate.lock:2
      why: a merge was left half done; with the `.gitattributes` that `init` writes git keeps both sides by itself
     help: delete the markers and keep the lines of both sides
    ");
}

#[test]
fn a_newer_version_is_all_that_is_said_since_its_lines_may_mean_anything() {
    assert_snapshot!(refused("version 2\nfrozen a\n"), @"
    error[M0302]: the lock file has version 2, and 1 is the newest that is known here
      --> migrations/migrate.lock:1
      why: lines that are not understood could be about sealed revisions
     help: update cargo-migrate and migrate-runtime
    ");
}

#[test]
fn a_version_far_too_large_is_no_version() {
    assert!(matches!(LockFile::parse("version 99999999999").unwrap_err()[0], LockDefect::Malformed { .. }));
}

#[test]
fn a_sealed_revision_that_is_gone() {
    let lock = lock(&[revision("a", "SELECT 1")], &["a"]);
    assert_snapshot!(rendered(&lock.defects(&[])), @"
    error[M0303]: the sealed revision `a` is gone
      --> migrations/migrate.lock:1
      why: databases may have run it already, so it must stay what it is
     help: restore its file from version control
    ");
}

#[test]
fn a_sealed_revision_that_was_changed() {
    let lock = lock(&[revision("a", "SELECT 1")], &["a"]);
    assert_snapshot!(rendered(&lock.defects(&[revision("a", "SELECT 2")])), @"
    error[M0304]: the sealed revision `a` was changed
      --> migrations/a.sql:1
      why: databases may have run it already, so it must stay what it is
     help: undo the edit, and put the change into a new revision: `cargo migrate new`; `seal --accept` takes a reviewed one
    ");
}

#[test]
fn a_sealed_revision_with_other_parents_was_changed() {
    let [root, child] = [revision("a", "SELECT 1"), revision("b", "SELECT 1")];
    let lock = lock(&[root.clone(), child.clone()], &["b"]);
    let moved = Revision { parents: vec!["a".into()].into(), ..child };
    let file = moved.file.to_string();
    assert_eq!(lock.defects(&[root, moved]), [LockDefect::SealedChanged { id: "b".to_owned(), file }]);
}

#[test]
fn a_sealed_revision_with_another_title_or_description_was_not_changed() {
    let sealed = revision("a", "SELECT 1");
    let lock = lock(std::slice::from_ref(&sealed), &["a"]);
    let told = Revision { title: "another".into(), description: Some("more".into()), ..sealed };
    assert_eq!(lock.defects(&[told]), []);
}

#[test]
fn a_sealed_revision_without_its_line_counts_as_changed_and_is_not_healed_by_renewing() {
    let sealed = revision("a", "SELECT 1");
    let lock = parse("version 1\nsealed a\n");
    let file = sealed.file.to_string();
    assert_eq!(lock.defects(std::slice::from_ref(&sealed)), [LockDefect::SealedChanged { id: "a".to_owned(), file }]);
    assert_eq!(lock.stale(std::slice::from_ref(&sealed)), []);
    assert_eq!(lock.renewed(std::slice::from_ref(&sealed)), lock);
}

#[test]
fn drafts_are_stale_when_they_are_missing_changed_or_gone() {
    let lock = lock(&[revision("a", "SELECT 1"), revision("b", "SELECT 1"), revision("c", "SELECT 1")], &["c"]);
    let now = [revision("a", "SELECT 2"), revision("c", "SELECT 1"), revision("d", "SELECT 1")];
    assert_eq!(lock.defects(&now), []);
    let stale = [Stale::Changed("a".to_owned()), Stale::Missing("d".to_owned()), Stale::Gone("b".to_owned())];
    assert_eq!(lock.stale(&now), stale);
    assert_eq!(lock.renewed(&now).stale(&now), []);
}

#[test]
fn sealed_revisions_are_a_matter_of_defects_and_never_stale() {
    let lock = lock(&[revision("a", "SELECT 1"), revision("b", "SELECT 1")], &["a", "b"]);
    assert_eq!(lock.stale(&[revision("a", "SELECT 2")]), []);
    assert_eq!(lock.defects(&[revision("a", "SELECT 2")]).len(), 2);
}

#[test]
fn renewing_keeps_the_lines_of_sealed_revisions_byte_for_byte() {
    let lock = lock(&[revision("a", "SELECT 1"), revision("b", "SELECT 1"), revision("c", "SELECT 1")], &["a", "c"]);
    let renewed = lock.renewed(&[revision("a", "SELECT 2"), revision("b", "SELECT 2")]);
    let about = |lock: &LockFile, ids: [&str; 2]| -> Vec<String> {
        let text = lock.render();
        text.lines()
            .filter(|line| ids.iter().any(|id| line.split(' ').nth(1) == Some(*id)))
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(about(&renewed, ["a", "c"]), about(&lock, ["a", "c"]));
    assert_ne!(about(&renewed, ["b", "b"]), about(&lock, ["b", "b"]));
}

#[test]
fn sealing_again_accepts_the_revision_as_it_is() {
    let mut lock = lock(&[revision("a", "SELECT 1")], &["a"]);
    let edited = revision("a", "SELECT 2");
    assert_eq!(lock.defects(std::slice::from_ref(&edited)).len(), 1);
    lock.seal([&edited]);
    assert_eq!(lock.defects(&[edited]), []);
    assert!(lock.is_sealed("a"));
    assert_eq!(lock.sealed().collect::<Vec<_>>(), ["a"]);
}

mod properties {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn lines() -> impl Strategy<Value = Vec<String>> {
        let revision = ("[ab]{1,2}", any::<[u8; 32]>(), vec("[a-c]{1,2}", 0..3)).prop_map(|(id, bytes, parents)| {
            let parents = if parents.is_empty() { "none".to_owned() } else { parents.join(",") };
            format!("revision {id} {} {parents}", Checksum::from_bytes(bytes))
        });
        vec(prop_oneof![3 => revision, 1 => "sealed [c-e]{1,2}", 1 => Just("version 1".to_owned())], 0..12)
    }

    proptest! {
        #[test]
        fn every_lock_reads_back(lines in lines()) {
            let lock = parse(&lines.join("\n"));
            prop_assert_eq!(LockFile::parse(&lock.render()), Ok(lock));
        }

        #[test]
        fn the_order_of_lines_means_nothing(lines in lines(), turned in lines().prop_shuffle()) {
            let merged = parse(&[lines.as_slice(), turned.as_slice()].concat().join("\n"));
            let other_way = parse(&[turned.as_slice(), lines.as_slice()].concat().join("\n"));
            prop_assert_eq!(merged.render(), other_way.render());
        }

        #[test]
        fn no_text_panics(text in "(version|revision|sealed|v1:|[0-9a-f]{64}|none|,|#|<<<<<<<|[ \n\ré]|[a-z0-9]){0,20}") {
            let _ = LockFile::parse(&text);
        }
    }
}
