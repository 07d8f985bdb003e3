//! cargo builds a crate anew when its revisions change, and two branches meet in git as they should.

use migrate_tests::command::{Ran, Sandbox};
use migrate_tests::embed::{Crate, revision};

fn two_revisions() -> Crate {
    Crate::with_revisions(&[("001_a.sql", &revision("001", "none")), ("002_b.sql", &revision("002", "001"))])
}

#[test]
fn an_edited_revision_is_embedded_anew() {
    let embeds = two_revisions();
    assert_eq!(embeds.embedded(), ["001 a", "002 b"]);
    let text = revision("002", "001").replace("-- parents: 001\n", "-- parents: 001\n-- title: another title\n");
    embeds.sandbox.write("migrations/002_b.sql", text);
    assert_eq!(embeds.embedded(), ["001 a", "002 another title"]);
}

#[test]
fn a_removed_revision_is_no_longer_embedded() {
    let embeds = two_revisions();
    assert_eq!(embeds.embedded(), ["001 a", "002 b"]);
    std::fs::remove_file(embeds.sandbox.path().join("migrations/002_b.sql")).expect("the file is there");
    assert_eq!(embeds.embedded(), ["001 a"]);
}

#[test]
fn a_revision_that_the_command_line_adds_is_embedded_through_the_lock_file() {
    let embeds = two_revisions();
    assert_eq!(embeds.sandbox.migrate(&["init"]).code, 0);
    assert_eq!(embeds.embedded(), ["001 a", "002 b"]);
    assert_eq!(embeds.sandbox.migrate(&["new", "third"]).code, 0);
    let embedded = embeds.embedded();
    assert_eq!(embedded.len(), 3, "{embedded:?}");
    assert!(embedded[2].ends_with(" third"), "{embedded:?}");
}

#[test]
fn the_first_lock_file_is_seen_although_cargo_did_not_watch_it() {
    let embeds = two_revisions();
    assert_eq!(embeds.embedded().len(), 2);
    assert_eq!(embeds.sandbox.migrate(&["new", "third"]).code, 0);
    assert_eq!(embeds.embedded().len(), 3);
}

#[test]
fn a_revision_that_is_added_by_hand_is_embedded_with_the_build_script() {
    let embeds = two_revisions();
    assert_eq!(embeds.sandbox.migrate(&["init", "--build-script"]).code, 0);
    assert_eq!(embeds.embedded().len(), 2);
    // Cargo compares times by the second on some file systems.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    embeds.sandbox.write("migrations/003_c.sql", revision("003", "002"));
    assert_eq!(embeds.embedded(), ["001 a", "002 b", "003 c"]);
}

#[test]
fn a_change_of_the_configuration_is_seen() {
    let embeds = two_revisions();
    embeds.sandbox.write("others/x1.sql", revision("x1", "none"));
    assert_eq!(embeds.embedded(), ["001 a", "002 b"]);
    let manifest = embeds.sandbox.read("Cargo.toml") + "\n[package.metadata.migrate]\nmigrations = \"others\"\n";
    embeds.sandbox.write("Cargo.toml", manifest);
    assert_eq!(embeds.embedded(), ["x1 x1"]);
}

/// Two clones each wrote a revision; `git merge` joins them without a conflict, the build refuses the two heads, and
/// one command mends it.
#[test]
fn two_branches_merge_in_git_without_a_conflict_and_one_command_mends_the_heads() {
    let embeds = two_revisions();
    assert_eq!(embeds.sandbox.migrate(&["init"]).code, 0);
    let main = &embeds.sandbox;
    git(main, &["init", "--quiet", "--initial-branch=main"]);
    commit(main, "base");

    git(main, &["checkout", "--quiet", "-b", "theirs"]);
    assert_eq!(main.migrate(&["new", "their change"]).code, 0);
    commit(main, "theirs");
    git(main, &["checkout", "--quiet", "main"]);
    assert_eq!(main.migrate(&["new", "our change"]).code, 0);
    commit(main, "ours");
    git(main, &["merge", "--quiet", "--no-edit", "theirs"]);

    let refusal = embeds.compile_errors();
    assert!(refusal.contains("[M0103]") && refusal.contains("the history has 2 heads"), "{refusal}");
    let checked = main.migrate(&["check"]);
    assert_eq!(checked.code, 1, "unwritten sections come before the heads: {checked:?}");

    let heads = main.migrate(&["heads", "--format", "json"]).json();
    let ours = heads["heads"].as_array().expect("a list").iter().find(|head| head["title"] == "our change");
    let ours = ours.expect("our head")["revision"].as_str().expect("an id").to_owned();
    let rebased = main.migrate(&["rebase", &ours]);
    assert_eq!(rebased.code, 0, "{rebased:?}");
    let embedded = embeds.embedded();
    assert_eq!(embedded.len(), 4, "{embedded:?}");
    let history = main.migrate(&["history"]).stdout;
    assert!(history.lines().next().expect("a line").ends_with("our change"), "{history}");
}

#[test]
fn a_merge_revision_mends_the_heads_too() {
    let files =
        [("a1.sql", &*revision("a1", "none")), ("b1.sql", &*revision("b1", "a1")), ("c1.sql", &*revision("c1", "a1"))];
    let embeds = Crate::with_revisions(&files);
    assert!(embeds.compile_errors().contains("[M0103]"));
    let merged = embeds.sandbox.migrate(&["merge"]);
    assert_eq!(merged.code, 0, "{merged:?}");
    assert_eq!(embeds.embedded().len(), 4);
}

#[test]
fn a_duplicate_id_gets_a_fresh_one_behind_the_other() {
    let files =
        [("20260101_aaa_init.sql", &*revision("aaa", "none")), ("20260103_aaa_dup.sql", &*revision("aaa", "none"))];
    let embeds = Crate::with_revisions(&files);
    let refusal = embeds.compile_errors();
    assert!(refusal.contains("`cargo migrate rebase migrations/20260103_aaa_dup.sql`"), "{refusal}");
    let rebased = embeds.sandbox.migrate(&["rebase", "migrations/20260103_aaa_dup.sql"]);
    assert_eq!(rebased.code, 0, "{rebased:?}");
    let embedded = embeds.embedded();
    assert_eq!((embedded.len(), embedded[0].as_str()), (2, "aaa init"));
    let files = embeds.sandbox.list("migrations");
    assert!(
        files[1].starts_with("20260103_") && files[1].ends_with("_dup.sql") && !files[1].contains("aaa"),
        "{files:?}"
    );
}

fn git(folder: &Sandbox, arguments: &[&str]) -> Ran {
    let identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"];
    let ran = folder.run("git", &[&identity[..], arguments].concat());
    assert_eq!(ran.code, 0, "git {arguments:?}: {ran:?}");
    ran
}

fn commit(folder: &Sandbox, message: &str) {
    git(folder, &["add", "."]);
    git(folder, &["commit", "--quiet", "-m", message]);
}

#[test]
fn every_text_is_embedded_as_it_stands() {
    let body = "SELECT '\"#\"##\"', '\\n', '\u{202e}turned\u{2069}', '\u{7}', '🦀', $$a\tb$$;\n";
    let text = revision("001", "none").replace("SELECT '001';\n", body);
    let embeds = Crate::with_revisions(&[("001_a.sql", &text.replace('\n', "\r\n"))]);
    let main = embeds
        .sandbox
        .read("src/main.rs")
        .replace("println!(\"{} {}\", revision.id, revision.title);", "println!(\"{:?}\", revision.sections[0].body);");
    embeds.sandbox.write("src/main.rs", main);
    assert_eq!(embeds.embedded(), [format!("{:?}", format!("{body}\n"))]);
}
