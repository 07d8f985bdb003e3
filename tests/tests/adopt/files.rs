//! Files of refinery's become revisions, or are named with what stands against it.

use insta::assert_snapshot;
use migrate_tests::command::Sandbox;

use super::place::SHOP;

fn project(files: &[(&str, &str)]) -> Sandbox {
    Sandbox::with_revisions(files)
}

fn adopt(sandbox: &Sandbox, more: &[&str]) -> String {
    let ran = sandbox.migrate(&[&["adopt", "refinery"], more].concat());
    assert_eq!(ran.code, 0, "{}", ran.transcript());
    ran.stdout
}

fn refused(sandbox: &Sandbox, more: &[&str]) -> String {
    let before = sandbox.list("migrations");
    let ran = sandbox.migrate(&[&["adopt", "refinery"], more].concat());
    assert_ne!(ran.code, 0, "{}", ran.transcript());
    assert_eq!(sandbox.list("migrations"), before, "nothing is written");
    ran.stderr
}

#[test]
fn files_alone_become_a_chain_in_the_order_of_their_versions() {
    let sandbox = project(&SHOP.map(|(stem, sql)| (format!("{stem}.sql").leak() as &str, sql)));
    assert_snapshot!(adopt(&sandbox, &[]), @"
    migrations/V1__create_items.sql became revision V1
    migrations/V2__add_price.sql became revision V2
    migrations/V10__first_item.sql became revision V10
    no database was given, so that the files alone were looked at
    ");
    assert_snapshot!(sandbox.read("migrations/V10__first_item.sql"), @"
    -- revision: V10
    -- parents: V2
    -- title: first item

    -- refinery: V10__first_item

    -- migrate: up
    INSERT INTO items (id, name, price) VALUES (1, 'it''s -- a pen', 120);
    -- migrate: irreversible refinery has no down
    ");
    let check = sandbox.migrate(&["check"]);
    assert_eq!(check.code, 0, "{}", check.transcript());
    assert_eq!(adopt(&sandbox, &[]).lines().next(), Some("the files of migrations are revisions already"));
}

#[test]
fn two_developers_get_the_same_bytes() {
    let files = SHOP.map(|(stem, sql)| (format!("{stem}.sql").leak() as &str, sql));
    let (one, other) = (project(&files), project(&files));
    adopt(&one, &[]);
    adopt(&other, &[]);
    for name in one.list("migrations") {
        assert_eq!(one.read(&format!("migrations/{name}")), other.read(&format!("migrations/{name}")));
    }
}

#[test]
fn into_another_folder_the_old_files_stay() {
    let sandbox = Sandbox::new();
    sandbox.write("db/sql/V1__a.sql", "SELECT 1;\n");
    sandbox.write("db/sql/more/V2__b.sql", "SELECT 2;\n");
    sandbox.write("db/sql/V3b.sql", "SELECT 3;\n");
    let ran = sandbox.migrate(&["adopt", "refinery", "db/sql"]);
    assert_eq!(ran.stdout.lines().next(), Some("db/sql/V1__a.sql became migrations/V1__a.sql, revision V1"));
    assert!(ran.stderr.contains("left out, as refinery does: db/sql/V3b.sql"), "{}", ran.transcript());
    assert_eq!(sandbox.read("db/sql/V1__a.sql"), "SELECT 1;\n");
    let revisions: Vec<String> = sandbox.list("migrations").into_iter().filter(|name| name.ends_with(".sql")).collect();
    assert_eq!(revisions, ["V1__a.sql", "V2__b.sql"]);
    assert_eq!(sandbox.migrate(&["heads"]).stdout.split_whitespace().next(), Some("V2"));
    sandbox.write("db/sql/V4__late.sql", "SELECT 4;\n");
    assert_eq!(
        adopt(&sandbox, &["db/sql"]).lines().next(),
        Some("db/sql/V4__late.sql became migrations/V4__late.sql, revision V4")
    );
}

#[test]
fn migrations_below_the_folder_move_up() {
    let sandbox = project(&[("2024/01/V1__a.sql", "SELECT 1;\n"), ("2024/V2__b.sql", "SELECT 2;\n")]);
    adopt(&sandbox, &[]);
    assert!(!sandbox.list("migrations").contains(&"2024".to_owned()));
    assert_eq!(sandbox.migrate(&["check"]).code, 0);
}

#[test]
fn what_is_hidden_stays_and_a_revision_below_is_named() {
    let sandbox = project(&[("V1__a.sql", "SELECT 1;\n"), (".idea/workspace.xml", "<x/>\n")]);
    adopt(&sandbox, &[]);
    assert_eq!(sandbox.read("migrations/.idea/workspace.xml"), "<x/>\n");
    assert_eq!(sandbox.migrate(&["check"]).code, 0);
    std::fs::create_dir(sandbox.path().join("migrations/sub")).expect("a folder");
    let moved = sandbox.path().join("migrations/sub/V1__a.sql");
    std::fs::rename(sandbox.path().join("migrations/V1__a.sql"), moved).expect("a file");
    assert!(refused(&sandbox, &[]).contains("the revision stands in a folder below"));
}

#[test]
fn a_call_that_was_interrupted_is_made_again() {
    let sandbox =
        project(&[("V1__a.sql", "SELECT 1;\n"), ("sub/V2__b.sql", "SELECT 2;\n"), ("sub/V3__c.sql", "SELECT 3;\n")]);
    adopt(&sandbox, &["--edited", "V2=7"]);
    let whole: Vec<String> =
        sandbox.list("migrations").iter().map(|name| sandbox.read(&format!("migrations/{name}"))).collect();
    // Written, and not yet taken away; not yet written; no lock yet.
    sandbox.write("migrations/sub/V2__b.sql", "SELECT 2;\n");
    std::fs::rename(sandbox.path().join("migrations/V3__c.sql"), sandbox.path().join("old")).expect("a file");
    sandbox.write("migrations/sub/V3__c.sql", "SELECT 3;\n");
    std::fs::remove_file(sandbox.path().join("migrations/migrate.lock")).expect("a file");
    adopt(&sandbox, &["--edited", "V2=7"]);
    let again: Vec<String> =
        sandbox.list("migrations").iter().map(|name| sandbox.read(&format!("migrations/{name}"))).collect();
    assert_eq!(again, whole);

    std::fs::remove_file(sandbox.path().join("migrations/migrate.lock")).expect("a file");
    adopt(&sandbox, &[]);
    assert!(sandbox.list("migrations").contains(&"migrate.lock".to_owned()), "it alone was missing");

    sandbox.write("migrations/sub/V2__b.sql", "SELECT 22;\n");
    assert!(refused(&sandbox, &[]).contains("the migration is here a second time"));
}

#[test]
fn a_migration_that_comes_from_a_branch_later_follows_the_head() {
    let sandbox = project(&[("V1__a.sql", "SELECT 1;\n")]);
    adopt(&sandbox, &[]);
    assert_eq!(sandbox.migrate(&["new", "b", "--rev-id", "bbb"]).code, 0);
    sandbox.write("migrations/V2__late.sql", "SELECT 2;\n");
    adopt(&sandbox, &[]);
    assert!(sandbox.read("migrations/V2__late.sql").starts_with("-- revision: V2\n-- parents: bbb\n"));

    sandbox.write("migrations/V0__early.sql", "SELECT 0;\n");
    let said = refused(&sandbox, &[]);
    assert!(said.contains("M0805") && said.contains("stands before `V2`"), "{said}");
}

#[test]
fn the_version_is_written_as_in_the_name() {
    let sandbox = project(&[
        ("V007__a.sql", "SELECT 1;\n"),
        ("V20240517093000__b.sql", "SELECT 2;\n"),
        ("U8__c.sql", "SELECT 3;\n"),
    ]);
    adopt(&sandbox, &[]);
    let history = sandbox.migrate(&["history", "--format", "json"]).json();
    let revisions = history["history"].as_array().expect("a list").iter();
    let ids: Vec<&str> = revisions.filter_map(|revision| revision["revision"].as_str()).collect();
    assert_eq!(ids, ["V20240517093000", "U8", "V007"]);
}

#[test]
fn a_migration_without_statements_does_nothing_on_purpose() {
    let sandbox = project(&[("V1__empty.sql", ""), ("V2__comment.sql", "-- was never needed\r\n")]);
    adopt(&sandbox, &[]);
    assert_snapshot!(sandbox.read("migrations/V2__comment.sql"), @"
    -- revision: V2
    -- parents: V1
    -- title: comment

    -- refinery: V2__comment, crlf

    -- migrate: up
    -- migrate: nothing
    -- was never needed
    -- migrate: irreversible refinery has no down
    ");
    assert_eq!(sandbox.migrate(&["check"]).code, 0);
}

#[test]
fn what_a_revision_cannot_hold_is_named_at_its_line_in_the_migration() {
    let sandbox = project(&[
        ("V1__tx.sql", "CREATE TABLE a (x INTEGER);\nBEGIN;\nCOMMIT;\n"),
        ("V2__pragma.sql", "\n\nPRAGMA foreign_keys = OFF;\n"),
        ("V3__marker.sql", "SELECT 1;\n-- migrate: down\nSELECT 2;\n"),
        ("V4__open.sql", "SELECT 'open;\n"),
        ("V5__latin.sql", "SELECT 1;\n"),
    ]);
    sandbox.write("migrations/V5__latin.sql", b"-- caf\xe9\n");
    assert_snapshot!(refused(&sandbox, &[]));
}

#[test]
fn names_and_files_that_refinery_would_not_take_are_named() {
    let sandbox = project(&[
        ("V1__a.sql", "SELECT 1;\n"),
        ("V01__again.sql", "SELECT 1;\n"),
        ("V1.5__half.sql", "SELECT 1;\n"),
        ("V99999999999999999999__big.sql", "SELECT 1;\n"),
        ("|3__bar.sql", "SELECT 1;\n"),
        ("V4__rust.rs", "pub fn migration() -> String { String::new() }\n"),
        ("V5_typo.sql", "SELECT 1;\n"),
        ("notes.txt", "to do\n"),
        ("sub/README.md", "about\n"),
    ]);
    assert_snapshot!(refused(&sandbox, &[]));
}

#[test]
fn folders_that_cannot_be_meant_are_refused() {
    let sandbox = project(&[]);
    assert!(refused_call(&sandbox, &[]).contains("M0020"));
    sandbox.write("migrations/README.md", "empty\n");
    assert!(refused_call(&sandbox, &[]).contains("`migrations` holds no migration of refinery's"));
    sandbox.write("migrations/sub/V1__a.sql", "SELECT 1;\n");
    assert!(refused_call(&sandbox, &["migrations/README.md"]).contains("is a file, and no folder"));
    assert!(refused_call(&sandbox, &["migrations/sub"]).contains("one stands inside the other"));
    let own = project(&[
        ("001_a.sql", "-- revision: 001\n-- parents: none\n-- migrate: up\nSELECT 1;\n"),
        ("V1__a.sql", "SELECT 1;\n"),
    ]);
    assert!(refused_call(&own, &[]).contains("none of them was a migration of refinery's"));
    assert!(refused_call(&own, &["--edited", "V9=1"]).contains("names no migration"));
    assert!(refused_call(&own, &["--edited", "V9"]).contains("write a version and a checksum"));
    assert!(refused_call(&own, &["--locked"]).contains("M0603"));
}

fn refused_call(sandbox: &Sandbox, more: &[&str]) -> String {
    let ran = sandbox.migrate(&[&["adopt", "refinery"], more].concat());
    assert_ne!(ran.code, 0, "{}", ran.transcript());
    ran.stderr
}
