//! What `verify = "sqlite"` refuses to compile, and what it lets through.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use insta::assert_snapshot;
use migrate_tests::embed::Crate;

const USERS: &str = "-- revision: 001\n-- parents: none\n\n\
                     -- migrate: up\nCREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL);\n\n\
                     -- migrate: down\nDROP TABLE users;\n";

fn second(up: &str, down: &str) -> String {
    format!("-- revision: 002\n-- parents: 001\n\n-- migrate: up\n{up}\n\n-- migrate: down\n{down}\n")
}

fn two(up: &str, down: &str) -> Crate {
    Crate::with_revisions(&[("001_users.sql", USERS), ("002_more.sql", &second(up, down))]).verified()
}

fn refused(up: &str, down: &str) -> String {
    two(up, down).compile_errors()
}

fn compiles(embeds: &Crate) {
    let checked = embeds.cargo(&["check"]);
    assert_eq!(checked.code, 0, "{}", checked.stderr);
    assert_eq!(checked.stdout, "");
}

#[test]
fn a_misspelt_column() {
    assert_snapshot!(refused("-- Logins are by name.\nCREATE INDEX users_name\n    ON users (nmae);", "DROP INDEX users_name;"), @r#"
    error: migrations/002_more.sql:7:15: up of `002` failed: no such column: nmae [M0902]
             why: `verify = "sqlite"` runs every revision up, down and up again while the crate compiles
             note: in: CREATE INDEX users_name
             help: mend the statement
    "#);
}

#[test]
fn a_down_that_fails() {
    assert_snapshot!(refused("CREATE INDEX i ON users (name);", "DROP INDEX i;\nDROP INDEX i;"), @r#"
    error: migrations/002_more.sql:9:1: down of `002` failed: no such index: i [M0902]
             why: `verify = "sqlite"` runs every revision up, down and up again while the crate compiles
             note: in: DROP INDEX i
             help: mend the statement
    "#);
}

#[test]
fn a_down_that_leaves_a_table() {
    let up = "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT);\nCREATE INDEX notes_text ON notes (text);";
    assert_snapshot!(refused(up, "DROP TABLE IF EXISTS note;"), @r#"
    error: migrations/002_more.sql:8: down of `002` does not undo its up [M0902]
             why: `verify = "sqlite"` runs every revision up, down and up again while the crate compiles
             note: left: table `notes`
             help: undo all of it, or say so: `-- migrate: irreversible <reason>` in place of the section
    "#);
}

#[test]
fn a_down_that_gives_back_less_or_something_else() {
    let rebuilt =
        "CREATE TABLE other (id INTEGER, name BLOB, age INT);\nDROP TABLE users;\nALTER TABLE other RENAME TO users;";
    assert_snapshot!(refused("CREATE VIEW names AS SELECT name FROM users;", &format!("DROP VIEW names;\n{rebuilt}")), @r#"
    error: migrations/002_more.sql:7: down of `002` does not undo its up [M0902]
             why: `verify = "sqlite"` runs every revision up, down and up again while the crate compiles
             note: left: column `age` of `users`
             note: column `id` of `users` is not where it was in the primary key
             note: column `name` of `users` had the affinity TEXT and has BLOB
             help: undo all of it, or say so: `-- migrate: irreversible <reason>` in place of the section
    "#);
    let two_columns = "ALTER TABLE users ADD COLUMN a INT; ALTER TABLE users ADD COLUMN b INT;";
    assert_snapshot!(refused(two_columns, "ALTER TABLE users DROP COLUMN a;"), @r#"
    error: migrations/002_more.sql:7: down of `002` does not undo its up [M0902]
             why: `verify = "sqlite"` runs every revision up, down and up again while the crate compiles
             note: left: column `b` of `users`
             help: undo all of it, or say so: `-- migrate: irreversible <reason>` in place of the section
    "#);
    assert_snapshot!(refused("DROP TABLE users;", "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT NOT NULL);"), @r#"
    error: migrations/002_more.sql:7: down of `002` does not undo its up [M0902]
             why: `verify = "sqlite"` runs every revision up, down and up again while the crate compiles
             note: left: table `people`
             note: missing: table `users`
             help: undo all of it, or say so: `-- migrate: irreversible <reason>` in place of the section
    "#);
}

#[test]
fn rows_that_stay_and_meet_the_second_up() {
    let stays = USERS.replace("down\nDROP TABLE users;", "irreversible people are in it");
    let rows = second("INSERT INTO users VALUES (1, 'admin');", "DELETE FROM users WHERE name = 'adm';");
    let embeds = Crate::with_revisions(&[("001_users.sql", &stays), ("002_more.sql", &rows)]).verified();
    assert_snapshot!(embeds.compile_errors(), @r#"
    error: migrations/002_more.sql:5:1: up of `002` failed: it ran, was undone, and cannot run again: UNIQUE constraint failed: users.id [M0902]
             why: `verify = "sqlite"` runs every revision up, down and up again while the crate compiles
             note: in: INSERT INTO users VALUES (1, 'admin')
             help: let the `down` take away what this statement meets
    "#);
}

#[test]
fn a_drop_that_leaves_rows_pointing_nowhere() {
    let up = "INSERT INTO users VALUES (1, 'a');\nCREATE TABLE notes (id INTEGER PRIMARY KEY, author INTEGER REFERENCES users);\n\
              INSERT INTO notes VALUES (7, 1);\nDROP TABLE users;\nCREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL);";
    assert_snapshot!(refused(up, "DROP TABLE notes;"), @r#"
    error: migrations/002_more.sql:4: up of `002` failed: it leaves rows that point nowhere [M0902]
             why: `verify = "sqlite"` runs every revision up, down and up again while the crate compiles
             note: `notes` row 7 points into `users`
             help: mend the statement
    "#);
}

#[test]
fn what_sqlite_cannot_run_as_it_stands() {
    let no_section = second("SELECT 1;", "SELECT 1;").replace("up\n", "up postgres\n");
    let embeds = Crate::with_revisions(&[("001_users.sql", USERS), ("002_more.sql", &no_section)]).verified();
    assert_snapshot!(embeds.compile_errors(), @r"
    error: migrations/002_more.sql:1: revision `002` has no `up` section for sqlite [M0211]
             why: what the other dialects run may be wrong here
             help: add `-- migrate: up sqlite`, or a section without a dialect, which serves the rest
    ");
    let no_down = second("SELECT 1;", "SELECT 1;").replace("down\n", "down postgres\n");
    let embeds = Crate::with_revisions(&[("001_users.sql", USERS), ("002_more.sql", &no_down)]).verified();
    assert_snapshot!(embeds.compile_errors(), @r"
    error: migrations/002_more.sql:1: revision `002` has no `down` section for sqlite [M0211]
             why: what the other dialects run may be wrong here
             help: add `-- migrate: down sqlite`, or a section without a dialect, which serves the rest
    ");
    let attach = second("-- migrate: no-transaction\nATTACH 'other.db' AS other;", "SELECT 1;");
    let embeds = Crate::with_revisions(&[("001_users.sql", USERS), ("002_more.sql", &attach)]).verified();
    assert_snapshot!(embeds.compile_errors(), @r#"
    error: migrations/002_more.sql:6:1: up of `002` failed: it opens another database, which is not done while a crate compiles [M0902]
             why: `verify = "sqlite"` runs every revision up, down and up again while the crate compiles
             note: in: ATTACH 'other.db' AS other
             help: mend the statement
    "#);
    assert!(!embeds.sandbox.path().join("other.db").exists());
}

#[test]
fn without_the_feature() {
    let embeds = two("SELECT 1;", "SELECT 1;");
    let manifest = embeds.sandbox.read("Cargo.toml").replace(", features = [\"verify-sqlite\"]", "");
    embeds.sandbox.write("Cargo.toml", manifest);
    assert_snapshot!(embeds.compile_errors(), @r#"
    error: `verify = "sqlite"` needs SQLite in the macro, and it is not part of this build [M0506]
             why: whoever does not verify need not compile SQLite for it
             help: enable it: `cargo add migrate-runtime --features verify-sqlite`
    "#);
}

#[test]
fn what_a_careful_team_writes_compiles() {
    // Rebuilt with foreign keys, a table that is temporary, statements outside a transaction, a column that moves to the end.
    let careful = "CREATE TABLE notes (id INTEGER PRIMARY KEY AUTOINCREMENT, author INTEGER REFERENCES users);\n\
                   INSERT INTO users VALUES (1, 'a');\nINSERT INTO notes VALUES (7, 1);\n\
                   CREATE TEMP TABLE kept AS SELECT * FROM users;\n\
                   CREATE TABLE new (id INTEGER PRIMARY KEY, name TEXT NOT NULL);\nINSERT INTO new SELECT * FROM users;\n\
                   DROP TABLE users;\nALTER TABLE new RENAME TO users;\nCREATE VIRTUAL TABLE found USING fts5 (text);";
    let undone = "DROP TABLE found;\nDROP TABLE notes;\nDELETE FROM users;";
    let moves = "-- revision: 003\n-- parents: 002\n\n-- migrate: up\n-- migrate: no-transaction\n\
                 ALTER TABLE users DROP COLUMN name;\nVACUUM;\n\n\
                 -- migrate: down\nALTER TABLE Users ADD COLUMN name text NOT NULL DEFAULT '';\n";
    let dialects = "-- revision: 004\n-- parents: 003\n\n-- migrate: up postgres\nCREATE EXTENSION x;\n\n-- migrate: up\nANALYZE;\n\n\
                    -- migrate: down\n-- migrate: nothing\n";
    let files = [
        ("001_users.sql", USERS),
        ("002_more.sql", &*second(careful, undone)),
        ("003_moves.sql", moves),
        ("004_dialects.sql", dialects),
    ];
    compiles(&Crate::with_revisions(&files).verified());
}

#[test]
fn what_is_unwritten_or_irreversible_is_passed_over() {
    let branch = |id: &str, parents: &str, up: &str, down: &str| {
        format!("-- revision: {id}\n-- parents: {parents}\n\n-- migrate: up\n{up}\n\n-- migrate: {down}\n")
    };
    let a = branch("a", "001", "CREATE TABLE a (x);", "irreversible it is gone");
    let b = branch("b", "001", "CREATE TABLE b (x);", "down\nDROP TABLE b;");
    let merge = branch("m", "a, b", "-- migrate: nothing", "down\n-- migrate: nothing");
    let unwritten = branch("u", "m", "", "down");
    let behind = branch("v", "u", "this would fail", "down\nso would this");
    let files = [
        ("001_users.sql", USERS),
        ("a.sql", &*a),
        ("b.sql", &*b),
        ("m.sql", &*merge),
        ("u.sql", &*unwritten),
        ("v.sql", &*behind),
    ];
    compiles(&Crate::with_revisions(&files).verified());
}

#[test]
fn several_heads_and_the_option_in_the_list() {
    let other = USERS.replace("001", "x1").replace("users", "others");
    let embeds = Crate::with_revisions(&[("001_users.sql", USERS), ("x1.sql", &*other)]).verified();
    let main = embeds.sandbox.read("src/main.rs");
    let listed =
        main.replace("Migrations; verify = \"sqlite\" }", "Migrations, heads = \"many\", verify = \"sqlite\"; }");
    assert_ne!(main, listed);
    embeds.sandbox.write("src/main.rs", listed);
    compiles(&embeds);
}

/// A revision that the clock refuses from some moment on shows whether it ran.
#[test]
fn what_was_verified_is_not_run_again_until_it_changes() {
    let embeds = two("SELECT 1;", "SELECT 1;");
    compiles(&embeds);
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970").as_secs();
    let mut patience = 2;
    let end = loop {
        let end = now() + patience;
        let up = format!("INSERT INTO users VALUES (iif(unixepoch() < {end}, 1, 'too late'), 'a');");
        embeds.sandbox.write("migrations/002_more.sql", second(&up, "DELETE FROM users;"));
        if embeds.cargo(&["check"]).code == 0 {
            break end;
        }
        assert!(patience < 100, "{}", embeds.compile_errors());
        patience *= 2;
    };
    std::thread::sleep(Duration::from_secs((end + 1).saturating_sub(now())));

    let main = embeds.sandbox.read("src/main.rs");
    embeds.sandbox.write("src/main.rs", format!("{main}// Expanded again.\n"));
    let text = embeds.sandbox.read("migrations/002_more.sql");
    embeds.sandbox.write("migrations/002_more.sql", format!("{text}-- a comment is no change\n"));
    compiles(&embeds);

    embeds.sandbox.write("migrations/002_more.sql", text.replace("DELETE FROM users;", "DELETE FROM users WHERE 1;"));
    let errors = embeds.compile_errors();
    assert!(errors.contains("up of `002` failed: datatype mismatch [M0902]"), "{errors}");
}

/// Three hundred revisions, each with a table, an index and a column; prints what they cost.
#[test]
#[ignore = "a measurement"]
fn three_hundred_revisions() {
    let file = |index: usize| {
        let parents = if index == 0 { "none".to_owned() } else { format!("r{:03}", index - 1) };
        let up = format!(
            "CREATE TABLE t{index} (id INTEGER PRIMARY KEY, name TEXT NOT NULL, made TEXT);\nCREATE INDEX i{index} ON t{index} (name);\n\
             ALTER TABLE t{index} ADD COLUMN age INTEGER;"
        );
        let text = format!(
            "-- revision: r{index:03}\n-- parents: {parents}\n\n-- migrate: up\n{up}\n\n-- migrate: down\nDROP TABLE t{index};\n"
        );
        (format!("r{index:03}.sql"), text)
    };
    let files: Vec<(String, String)> = (0..300).map(file).collect();
    let borrowed: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let embeds = Crate::with_revisions(&borrowed).verified();
    let main = embeds.sandbox.read("src/main.rs");
    let expansion = |round: usize, main: &str| {
        embeds.sandbox.write("src/main.rs", format!("{main}// round {round}\n"));
        let started = std::time::Instant::now();
        compiles(&embeds);
        started.elapsed()
    };
    let plain = main.replace(" verify = \"sqlite\"", "");
    compiles(&two("SELECT 1;", "SELECT 1;"));
    expansion(0, &plain);
    for round in 1..4 {
        let without = expansion(round, &plain);
        let sql = embeds.sandbox.read("migrations/r299.sql");
        embeds.sandbox.write("migrations/r299.sql", sql.replace("made", &format!("made_{}", std::process::id())));
        let first = expansion(round, &main);
        let again = expansion(round + 10, &main);
        println!("without {without:?}, verified {first:?}, marked {again:?}");
    }
}
