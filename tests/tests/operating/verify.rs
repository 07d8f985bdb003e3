//! `verify`: whether every `down` undoes its `up`, tried out on every engine.

use super::site::{REVISIONS, Site, on_every_engine};

fn revision(id: &str, parents: &str, up: &str, down: &str) -> (String, String) {
    let text =
        format!("-- revision: {id}\n-- parents: {parents}\n\n-- migrate: up\n{up}\n\n-- migrate: down\n{down}\n");
    (format!("{id}.sql"), text)
}

/// Verifies this revision on top of two tables, one referring to the other.
fn verify(up: &str, down: &str, case: impl Fn(&Site, i32, &str)) {
    let base = revision(
        "001",
        "none",
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(80) NOT NULL);\nCREATE TABLE posts (id INTEGER PRIMARY KEY, \
         user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE, title VARCHAR(80) DEFAULT 'none');\nCREATE INDEX \
         posts_title ON posts (title);",
        "DROP TABLE posts;\nDROP TABLE users;",
    );
    let this = revision("002", "001", up, down);
    let files = [(base.0.as_str(), base.1.as_str()), (this.0.as_str(), this.1.as_str())];
    on_every_engine(&files, |site| {
        let ran = site.call(&["verify"]);
        case(site, ran.code, &format!("{}\n{}", ran.stdout, ran.stderr));
    });
}

#[test]
fn sound_revisions_pass_and_the_database_is_not_touched() {
    on_every_engine(&REVISIONS, |site| {
        let ran = site.must(&["verify"]);
        assert_eq!(ran.stdout.matches("ok     ").count(), 3, "{ran:?}");
        assert!(ran.stderr.contains("3 can be undone, 0 wrong, 0 not judged"), "{ran:?}");
        assert_eq!(site.current(), "");
        let json = site.must(&["verify", "002", "--format", "json"]).json();
        assert_eq!(json["revisions"].as_array().map(Vec::len), Some(1));
        assert_eq!(json["revisions"][0]["result"], "restored");
        let range = site.must(&["verify", "002:", "--no-rows", "--format", "json"]).json();
        assert_eq!(range["revisions"].as_array().map(Vec::len), Some(2), "{range}");
    });
}

#[test]
fn a_down_that_changes_nothing_is_found() {
    verify("ALTER TABLE users ADD COLUMN bio VARCHAR(20);", "SELECT 1;", |site, code, shown| {
        assert_eq!(code, 1, "{}: {shown}", site.dialect());
        assert!(shown.contains("error[M0904]: the `down` of `002` changes nothing"), "{shown}");
        assert!(shown.contains("002.sql:7"), "{shown}");
    });
}

#[test]
fn a_down_that_drops_the_wrong_index_is_found() {
    let down = |on: &str| format!("DROP INDEX posts_title{on};");
    for (engine, down) in [("mariadb", down(" ON posts")), ("others", down(""))] {
        verify("CREATE INDEX users_name ON users (name);", &down, |site, code, shown| {
            if (site.dialect() == "mariadb") != (engine == "mariadb") {
                return;
            }
            assert_eq!(code, 1, "{}: {shown}", site.dialect());
            assert!(shown.contains("-   index posts_title (title)"), "{shown}");
            assert!(shown.contains("+   index users_name (name)"), "{shown}");
        });
    }
}

#[test]
fn a_down_that_loses_a_default_is_found() {
    let up = "ALTER TABLE posts DROP COLUMN title;";
    let (drops, index) = ("DROP INDEX posts_title;", "CREATE INDEX posts_title ON posts (title);");
    let down = format!("ALTER TABLE posts ADD COLUMN title VARCHAR(80);\n{index}");
    verify(&format!("{drops}\n{up}"), &down, |site, code, shown| {
        if site.dialect() == "mariadb" {
            return;
        }
        assert_eq!(code, 1, "{}: {shown}", site.dialect());
        assert!(shown.contains("default: 'none'"), "{shown}");
    });
}

#[test]
fn a_down_that_fails_is_shown_with_its_line_and_the_next_revision_is_judged_all_the_same() {
    verify("CREATE TABLE extra (id INTEGER PRIMARY KEY);", "DROP TABLE extar;", |site, code, shown| {
        assert_eq!(code, 1, "{}: {shown}", site.dialect());
        assert!(shown.contains("M0401") && shown.contains("002.sql:8"), "{shown}");
        let third = revision("003", "002", "CREATE TABLE last (id INTEGER);", "DROP TABLE last;");
        site.sandbox.write(&format!("migrations/{}", third.0), &third.1);
        let ran = site.call(&["verify"]);
        assert!(ran.stdout.contains("ok     003"), "{ran:?}");
    });
}

#[test]
fn a_down_that_loses_rows_is_found() {
    // What the `up` leaves alone, the `down` throws away.
    verify(
        "ALTER TABLE users ADD COLUMN bio VARCHAR(20);",
        "DELETE FROM posts;\nALTER TABLE users DROP COLUMN bio;",
        |site, code, shown| {
            assert_eq!(code, 1, "{}: {shown}", site.dialect());
            assert!(shown.contains("`posts`: 2 rows before, 0 after"), "{shown}");
        },
    );
}

#[test]
fn a_revision_that_runs_on_empty_tables_alone_is_found() {
    verify(
        "ALTER TABLE users ADD COLUMN age INTEGER NOT NULL;",
        "ALTER TABLE users DROP COLUMN age;",
        |site, code, shown| {
            // MariaDB fills such a column by itself.
            if site.dialect() == "mariadb" {
                return assert_eq!(code, 0, "{shown}");
            }
            assert_eq!(code, 1, "{}: {shown}", site.dialect());
            assert!(shown.contains("the same revision runs when the tables are empty"), "{shown}");
        },
    );
}

#[test]
fn a_down_that_leaves_something_for_the_next_up_is_found() {
    verify(
        "CREATE TABLE IF NOT EXISTS extra (id INTEGER PRIMARY KEY);\nINSERT INTO extra VALUES (1);",
        "SELECT 1;",
        |site, code, shown| {
            assert_eq!(code, 1, "{}: {shown}", site.dialect());
            assert!(shown.contains("changes nothing"), "{shown}");
        },
    );
}

#[test]
fn what_cannot_be_judged_is_said() {
    on_every_engine(&REVISIONS, |site| {
        site.sandbox.write(
            "migrations/004_x.sql",
            "-- revision: 004\n-- parents: 003\n\n-- migrate: up\nDROP VIEW seen;\n\n-- migrate: irreversible it was not used\n",
        );
        site.sandbox.write(
            "migrations/005_y.sql",
            "-- revision: 005\n-- parents: 004\n\n-- migrate: up\nDROP VIEW missing;\n\n-- migrate: down\nSELECT 1;\n",
        );
        site.sandbox.write(
            "migrations/006_z.sql",
            "-- revision: 006\n-- parents: 005\n\n-- migrate: up\nSELECT 1;\n\n-- migrate: down\nSELECT 1;\n",
        );
        let ran = site.call(&["verify"]);
        assert_eq!(ran.code, 1, "{ran:?}");
        assert!(ran.stdout.contains("004  x; not judged: it is irreversible"), "{ran:?}");
        assert!(ran.stdout.contains("FAILED 005"), "{ran:?}");
        assert!(ran.stdout.contains("not judged: it stands on `005`, which cannot be applied"), "{ran:?}");
        assert!(ran.stderr.contains("005_y.sql:5"), "{ran:?}");
    });
}

#[test]
fn revisions_that_reach_into_other_databases_are_not_tried_out() {
    on_every_engine(&REVISIONS, |site| {
        if site.dialect() != "mariadb" {
            return;
        }
        site.must(&["upgrade"]);
        let name = site.query("SELECT database()");
        let text = format!(
            "-- revision: 004\n-- parents: 003\n\n-- migrate: up\nDROP TABLE `{name}`.users;\n\n-- migrate: down\nSELECT 1;\n"
        );
        site.sandbox.write("migrations/004_x.sql", &text);
        for verb in [&["verify"] as &[&str], &["diff", "database", "migrations"], &["inspect", "migrations"]] {
            let ran = site.call(verb);
            assert!(ran.code == 1 && ran.stderr.contains("M0901") && ran.stderr.contains("004_x.sql:5"), "{ran:?}");
        }
        assert_eq!(site.query("SELECT count(*) FROM users"), "0");
    });
}
