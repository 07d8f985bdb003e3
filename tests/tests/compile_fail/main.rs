//! What `embed_migrations!` refuses to compile, and what it says: file, line, reason and mend.

mod verify;

use insta::assert_snapshot;
use migrate_tests::embed::{Crate, revision};

fn refused(files: &[(&str, &str)]) -> String {
    Crate::with_revisions(files).compile_errors()
}

#[test]
fn a_missing_folder() {
    assert_snapshot!(Crate::new().compile_errors(), @r"
    error: the migrations folder `migrations` cannot be read: No such file or directory (os error 2) [M0020]
             help: `cargo migrate init` creates it
    ");
}

#[test]
fn an_empty_folder_compiles() {
    let embeds = Crate::new();
    std::fs::create_dir(embeds.sandbox.path().join("migrations")).expect("a folder can be made");
    assert!(embeds.embedded().is_empty());
}

#[test]
fn two_revisions_with_one_id() {
    let files =
        [("20260101_aaa_init.sql", &*revision("aaa", "none")), ("20260103_aaa_dup.sql", &*revision("aaa", "none"))];
    assert_snapshot!(refused(&files), @r"
    error: migrations/20260103_aaa_dup.sql:1: two revisions have the id `aaa` [M0101]
             also: migrations/20260101_aaa_init.sql:1
             why: a database records a revision by its id, so only one of the two could ever run
             help: `cargo migrate rebase migrations/20260103_aaa_dup.sql` gives it a fresh id and puts it behind the other
    ");
}

#[test]
fn an_unknown_parent() {
    assert_snapshot!(refused(&[("001_a.sql", &revision("001", "none")), ("002_b.sql", &revision("002", "01"))]), @r"
    error: migrations/002_b.sql:1: revision `002` names the unknown parent `01` [M0102]
             why: a revision can only run after the ones that it names
             help: did you mean `001`? If there was a `01`, restore its file
    ");
}

#[test]
fn a_cycle() {
    assert_snapshot!(refused(&[("a1.sql", &revision("a1", "b1")), ("b1.sql", &revision("b1", "a1"))]), @r"
    error: migrations/a1.sql:1: revisions need one another: `a1` -> `b1` -> `a1` [M0104]
             also: migrations/b1.sql:1
             why: each of them would have to run before the others
             help: change one of the parents, so that one of them comes first
    ");
}

#[test]
fn a_revision_that_is_its_own_parent() {
    assert_snapshot!(refused(&[("a1.sql", &revision("a1", "a1"))]), @r"
    error: migrations/a1.sql:1: revision `a1` names itself as a parent [M0105]
             why: it could never run, since it would have to run before itself
             help: name the revision before it, or no parent
    ");
}

#[test]
fn several_heads() {
    let files =
        [("a1.sql", &*revision("a1", "none")), ("b1.sql", &*revision("b1", "a1")), ("c1.sql", &*revision("c1", "a1"))];
    assert_snapshot!(refused(&files), @r"
    error: migrations/c1.sql:1: the history has 2 heads [M0103]
             also: migrations/b1.sql:1
             why: nothing revises `b1` or `c1`, so there are 2 heads
             help: put your own behind the other, such as `cargo migrate rebase c1`, or join them: `cargo migrate merge b1 c1`
    ");
}

#[test]
fn several_heads_compile_when_they_are_allowed() {
    let embeds = Crate::with_revisions(&[("a1.sql", &revision("a1", "none")), ("b1.sql", &revision("b1", "none"))]);
    let main =
        embeds.sandbox.read("src/main.rs").replace("Migrations;", "Migrations = \"migrations\", heads = \"many\";");
    embeds.sandbox.write("src/main.rs", main);
    assert_eq!(embeds.embedded(), ["a1 a1", "b1 b1"]);
}

#[test]
fn a_label_that_is_an_id() {
    let labelled = revision("a1", "none").replace("-- parents: none\n", "-- parents: none\n-- labels: b1\n");
    assert_snapshot!(refused(&[("a1.sql", &labelled), ("b1.sql", &revision("b1", "a1"))]), @r"
    error: migrations/a1.sql:1: the label `b1` of revision `a1` is also an id [M0106]
             also: migrations/b1.sql:1
             why: a label must stand for one revision
             help: give it another label
    ");
}

#[test]
fn a_malformed_file_with_all_its_problems() {
    let text = "-- revision: head\n-- parent: none\n\nCREATE TABLE t (x int);\n-- migrate: upp\nCOMMIT;\n";
    assert_snapshot!(refused(&[("a1.sql", text)]), @r"
    error: migrations/a1.sql:1: `head` cannot be a revision id: `head` has a meaning of its own as a target [M0007]
             why: ids and labels are typed as targets and stored in the database
             help: choose another name; `none` stands alone, for a root
    error: migrations/a1.sql:1: the header has no `parents` [M0003]
             why: a root must say that it is one, so that a forgotten parent is not taken for a new root
             help: add `-- parents: <id of the revision before it>`, or `-- parents: none` for a root
    error: migrations/a1.sql:2: unknown key `parent` in the header [M0004]
             why: an unknown key would be ignored silently
             help: did you mean `parents`?
    error: migrations/a1.sql:4: text stands before the first section [M0010]
             why: it would belong to no direction and never run
             help: write `-- migrate: up` on the line above it
    error: migrations/a1.sql:5: unknown marker `-- migrate: upp` [M0009]
             why: lines that begin with `-- migrate:` decide what runs
             help: did you mean `-- migrate: up`?
    ");
}

#[test]
fn transaction_control_and_what_cannot_run_inside_a_transaction() {
    let up = "BEGIN;\nCREATE TABLE t (x int);\nCOMMIT;\nCREATE INDEX CONCURRENTLY i ON t (x);\n";
    assert_snapshot!(refused(&[("a1.sql", &revision("a1", "none").replace("SELECT 'a1';\n", up))]), @r"
    error: migrations/a1.sql:5:1: `BEGIN` in a section that runs inside a transaction [M0013]
             why: the revision and its history row are one transaction; ending it inside would commit half of them
             help: remove the statement: BEGIN and COMMIT are sent around the section anyway
    error: migrations/a1.sql:7:1: `COMMIT` in a section that runs inside a transaction [M0013]
             why: the revision and its history row are one transaction; ending it inside would commit half of them
             help: remove the statement: BEGIN and COMMIT are sent around the section anyway
    error: migrations/a1.sql:8:1: `CREATE INDEX CONCURRENTLY i` cannot run inside a transaction [M0014]
             why: each section runs inside one transaction
             help: write `-- migrate: no-transaction` below the section's marker; best in a revision of its own, since its statements then run one by one
    ");
}

#[test]
fn a_stray_file_and_a_rust_revision() {
    let files = [("a1.sql", &*revision("a1", "none")), ("notes.txt", "to do"), ("b1_x.rs", "//! revision: b1\n")];
    assert_snapshot!(refused(&files), @r"
    error: migrations/b1_x.rs:1: revisions in Rust cannot be run yet [M0019]
             why: this version knows SQL revisions only
             help: write it as a `.sql` revision
    error: migrations/notes.txt:1: `notes.txt` is not a revision [M0017]
             why: a file that is skipped silently may be one that was meant to run
             help: move it out of the folder; a revision's name ends in `.sql`
    ");
}

#[test]
fn a_file_that_is_not_text() {
    let embeds = Crate::with_revisions(&[("a1.sql", &revision("a1", "none"))]);
    embeds.sandbox.write("migrations/b1.sql", b"-- revision: b1\n-- parents: a1\n\xff\n");
    assert_snapshot!(embeds.compile_errors(), @r"
    error: migrations/b1.sql:3: the file is not UTF-8 text [M0001]
             why: revisions are text, hashed and sent as UTF-8
             help: save the file as UTF-8
    ");
}

#[test]
fn a_sealed_revision_that_was_edited_or_is_gone() {
    let embeds = Crate::with_revisions(&[("a1.sql", &revision("a1", "none")), ("b1.sql", &revision("b1", "a1"))]);
    assert_eq!(embeds.sandbox.migrate(&["seal"]).code, 0);
    assert_eq!(embeds.embedded(), ["a1 a1", "b1 b1"]);

    embeds.sandbox.write("migrations/a1.sql", format!("{}\n-- a comment is no change\n", revision("a1", "none")));
    assert_eq!(embeds.embedded(), ["a1 a1", "b1 b1"]);

    embeds.sandbox.write("migrations/a1.sql", revision("a1", "none").replace("'a1'", "'edited'"));
    std::fs::remove_file(embeds.sandbox.path().join("migrations/b1.sql")).expect("the file is there");
    assert_snapshot!(embeds.compile_errors(), @r"
    error: migrations/a1.sql:1: the sealed revision `a1` was changed [M0304]
             why: databases may have run it already, so it must stay what it is
             help: undo the edit, and put the change into a new revision: `cargo migrate new`; `seal --accept` takes a reviewed one
    error: migrations/migrate.lock:1: the sealed revision `b1` is gone [M0303]
             why: databases may have run it already, so it must stay what it is
             help: restore its file from version control
    ");
}

#[test]
fn a_lock_file_that_is_broken_or_newer() {
    let embeds = Crate::with_revisions(&[("a1.sql", &revision("a1", "none"))]);
    embeds.sandbox.write("migrations/migrate.lock", "version 1\nrevision a1 nonsense none\n<<<<<<< HEAD\n");
    assert_snapshot!(embeds.compile_errors(), @r"
    error: migrations/migrate.lock:2: `revision a1 nonsense none` is not a line of a lock file [M0301]
             why: lines are `version 1`, `revision <id> <checksum> <parents>`, `sealed <id>` and `accepted <id> <checksum> <reason>`
             help: restore the line from version control
    error: migrations/migrate.lock:3: the lock file holds a git conflict marker [M0301]
             why: a merge was left half done; with the `.gitattributes` that `init` writes git keeps both sides by itself
             help: delete the markers and keep the lines of both sides
    ");
    embeds.sandbox.write("migrations/migrate.lock", "version 7\nsigned a1\n");
    assert_snapshot!(embeds.compile_errors(), @r"
    error: migrations/migrate.lock:1: the lock file has version 7, and 1 is the newest that is known here [M0302]
             why: lines that are not understood could be about sealed revisions
             help: update cargo-migrate and migrate-runtime
    ");
}

#[test]
fn drafts_that_the_lock_does_not_know_as_they_are_compile() {
    let embeds = Crate::with_revisions(&[("a1.sql", &revision("a1", "none"))]);
    embeds.sandbox.write(
        "migrations/migrate.lock",
        "version 1\nrevision gone v1:0000000000000000000000000000000000000000000000000000000000000000 none\n",
    );
    assert_eq!(embeds.embedded(), ["a1 a1"]);
}

#[test]
fn an_unknown_key_of_the_configuration() {
    let embeds = Crate::with_revisions(&[("a1.sql", &revision("a1", "none"))]);
    let manifest = embeds.sandbox.read("Cargo.toml") + "\n[package.metadata.migrate]\nhistory_table = \"h\"\n";
    embeds.sandbox.write("Cargo.toml", manifest);
    assert_snapshot!(embeds.compile_errors(), @r"
    error: Cargo.toml:15: unknown key `history_table` [M0602]
             why: a setting that is ignored silently may be the one that protects a database
             help: did you mean `history-table`?
    ");
}

#[test]
fn what_the_macro_itself_cannot_read() {
    let embeds = Crate::with_revisions(&[("a1.sql", &revision("a1", "none"))]);
    let with = |text: &str| {
        embeds
            .sandbox
            .write("src/main.rs", format!("migrate_runtime::embed_migrations! {{ {text} }}\nfn main() {{}}\n"));
        embeds.compile_errors()
    };
    assert_snapshot!(with("static M: Vec<u8>;"), @"error: the type is `Migrations`: `pub static MIGRATIONS: Migrations;`");
    assert_snapshot!(with("static M: Migrations = \"migrations\", tables = \"many\";"), @r#"error: unknown option `tables`; the options are `heads = "many"`, `database = "<name>"` and `verify = "sqlite"`"#);
    assert_snapshot!(with("static M: Migrations; verfy = \"sqlite\""), @"error: unknown option `verfy`; did you mean `verify`?");
    assert_snapshot!(with("static M: Migrations; verify = \"postgres\""), @r#"error: `postgres` cannot run while a crate compiles; write `verify = "sqlite"`"#);
    assert_snapshot!(with("static M: Migrations, verify = \"sqlite3\";"), @r#"error: `sqlite3` cannot run while a crate compiles; write `verify = "sqlite"`"#);
    assert_snapshot!(with("static M: Migrations = \"migrations\", heads = \"two\";"), @r#"error: write `heads = "one"` or `heads = "many"`"#);
}

#[test]
fn the_migrations_of_an_asynchronous_connection_need_the_asynchronous_face() {
    let embeds = Crate::with_revisions(&[("a1.sql", &revision("a1", "none"))]);
    embeds.sandbox.write(
        "src/main.rs",
        "migrate_runtime::embed_migrations! { static MIGRATIONS: Migrations; }\n\
         struct Client;\nfn main() { MIGRATIONS.upgrade(&mut Client).unwrap(); }\n",
    );
    let errors = embeds.compile_errors();
    assert!(errors.contains("`Client` is not a blocking database connection"), "{errors}");
    assert!(errors.contains("upgrade_async"), "{errors}");
}
