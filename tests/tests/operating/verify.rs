//! `verify`: whether every `down` undoes its `up`, tried out on every engine.

use migrate_tests::command::Ran;

use super::schema::is_there;
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
            assert!(shown.contains("the same statement runs when the tables are empty"), "{shown}");
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

/// Nobody looks at what the second `up` of a revision has made before a revision that only adds; who is to blame is told all
/// the same.
#[test]
fn an_up_that_makes_something_else_once_more_is_found_whatever_follows() {
    let counts = |id: &str, parents: &str| {
        revision(
            id,
            parents,
            "DO $$ BEGIN IF nextval('turns') % 2 = 1 THEN ALTER TABLE users ADD COLUMN email TEXT; END IF; END $$;",
            "ALTER TABLE users DROP COLUMN IF EXISTS email;",
        )
    };
    let base = revision(
        "1",
        "none",
        "CREATE TABLE users (id INTEGER PRIMARY KEY);\nCREATE SEQUENCE turns;",
        "DROP TABLE users;\nDROP SEQUENCE turns;",
    );
    let sound = ("CREATE TABLE notes (id INTEGER PRIMARY KEY);", "DROP TABLE notes;");
    let left_over =
        ("CREATE TABLE notes (id INTEGER PRIMARY KEY);\nCREATE INDEX i ON users (id);", "DROP TABLE notes;");
    let needs_it = ("CREATE INDEX i ON users (email);", "DROP INDEX i;");
    let drops_it = ("ALTER TABLE users DROP COLUMN IF EXISTS email;", "ALTER TABLE users ADD COLUMN email TEXT;");
    // What follows, and which of that is wrong.
    type Case<'c> = (&'c str, &'c [(&'c str, &'c str)], &'c [&'c str]);
    let cases: [Case<'_>; 6] = [
        ("nothing", &[], &[]),
        ("one that is sound", &[sound], &[]),
        ("one that leaves something", &[left_over], &["3"]),
        ("one that needs it", &[needs_it, sound], &[]),
        ("one that takes it away", &[drops_it], &[]),
        ("two that are sound", &[("CREATE INDEX i ON users (id);", "DROP INDEX i;"), sound], &[]),
    ];
    for (what, following, wrong) in cases {
        let mut files = vec![base.clone(), counts("2", "1")];
        for (at, (up, down)) in following.iter().enumerate() {
            files.push(revision(&(at + 3).to_string(), &(at + 2).to_string(), up, down));
        }
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        on_every_engine(&files, |site| {
            if site.dialect() != "postgres" {
                return;
            }
            for arguments in [["--jobs", "1"], ["--jobs", "2"], ["--no-rows", "--jobs=1"]] {
                let ran = site.call(&[&["verify"] as &[&str], &arguments].concat());
                let failed: Vec<&str> =
                    ran.stdout.lines().filter_map(|line| line.strip_prefix("FAILED ")?.split(' ').next()).collect();
                assert_eq!(failed, [&["2"], wrong].concat(), "{what}, {arguments:?}: {ran:?}");
                let problem = "error[M0904]: the `up` of `2` makes something else when it runs once more";
                assert!(ran.stderr.contains(problem), "{what}: {ran:?}");
            }
        });
    }
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

#[test]
fn drafts_alone_are_tried_out_when_that_is_asked_for() {
    on_every_engine(&REVISIONS, |site| {
        site.must(&["seal", "002"]);
        let json = site.must(&["verify", "--drafts", "--format", "json"]).json();
        let revisions = json["revisions"].as_array().expect("a list");
        assert_eq!(revisions.len(), 1, "{json}");
        assert_eq!(revisions[0]["revision"], "003");
        let ran = site.call(&["verify", "--drafts", "002"]);
        assert_eq!(ran.code, 2, "{ran:?}");
    });
}

#[test]
fn rows_that_a_rebuild_takes_along_are_found() {
    let base = revision(
        "001",
        "none",
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);\nCREATE TABLE posts (id INTEGER PRIMARY KEY, user_id INTEGER NOT \
         NULL REFERENCES users (id) ON DELETE CASCADE);",
        "DROP TABLE posts;\nDROP TABLE users;",
    );
    let rebuild = "CREATE TABLE fresh (id INTEGER PRIMARY KEY, name TEXT NOT NULL DEFAULT '');\nINSERT INTO fresh SELECT id, \
                   coalesce(name, '') FROM users;\nDROP TABLE users;\nALTER TABLE fresh RENAME TO users;";
    let back = "CREATE TABLE fresh (id INTEGER PRIMARY KEY, name TEXT);\nINSERT INTO fresh SELECT * FROM users;\nDROP TABLE \
                users;\nALTER TABLE fresh RENAME TO users;";
    let inside = revision("002", "001", rebuild, back);
    // With foreign keys on, each row of a table that is dropped takes others along.
    let keys_on = "-- migrate: no-transaction\nPRAGMA foreign_keys = ON;";
    let outside = revision("002", "001", &format!("{keys_on}\n{rebuild}"), back);
    for (files, code) in [([&base, &inside], 0), ([&base, &outside], 1)] {
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        on_every_engine(&files, |site| {
            if site.dialect() != "sqlite" {
                return;
            }
            let ran = site.call(&["verify"]);
            assert_eq!(ran.code, code, "{ran:?}");
            if code == 1 {
                assert!(ran.stderr.contains("rows are gone after the `up` of `002`"), "{ran:?}");
                assert!(ran.stderr.contains("`posts`: 2 rows before, 0 after"), "{ran:?}");
            }
        });
    }
}

#[test]
fn rows_fit_into_what_a_schema_demands() {
    let demanding = [
        "CREATE TABLE parents (id INTEGER NOT NULL PRIMARY KEY, code CHAR(2) NOT NULL UNIQUE);",
        "CREATE TABLE children (parent_code CHAR(2) NOT NULL UNIQUE REFERENCES parents (code), age INTEGER NOT NULL CHECK (age BETWEEN \
         18 AND 19), status VARCHAR(10) NOT NULL CHECK (status IN ('new', 'it''s')), email VARCHAR(40) NOT NULL CHECK (email LIKE \
         '%@example.org'), boss INTEGER, born DATE NOT NULL, price DECIMAL(4, 2) NOT NULL CHECK (price > 0), PRIMARY KEY (age, status));",
    ]
    .join("\n");
    let base = revision("001", "none", &demanding, "DROP TABLE children;\nDROP TABLE parents;");
    // It would lose rows, if there were any.
    let next = revision(
        "002",
        "001",
        "CREATE TABLE other (id INTEGER PRIMARY KEY);",
        "DROP TABLE other;\nDELETE FROM children;",
    );
    on_every_engine(&[(&base.0, &base.1), (&next.0, &next.1)], |site| {
        let ran = site.call(&["verify"]);
        assert_eq!(ran.code, 1, "{}: {ran:?}", site.dialect());
        let is_found = ran.stderr.contains("`children`: 2 rows before, 0 after")
            || ran.stderr.contains("`children`: 1 row before, 0 after");
        assert!(is_found, "{}: {ran:?}", site.dialect());
    });
}

#[test]
fn a_down_that_runs_on_empty_tables_alone_is_found() {
    let up = "DROP INDEX posts_title;\nALTER TABLE posts DROP COLUMN title;\nALTER TABLE users DROP COLUMN name;";
    let down = "ALTER TABLE users ADD COLUMN name VARCHAR(80) NOT NULL;\nALTER TABLE posts ADD COLUMN title VARCHAR(80) DEFAULT \
                'none';\nCREATE INDEX posts_title ON posts (title);";
    verify(up, down, |site, code, shown| {
        if site.dialect() == "mariadb" {
            return;
        }
        assert_eq!(code, 1, "{}: {shown}", site.dialect());
        assert!(shown.contains("down of `002` failed"), "{shown}");
        assert!(shown.contains("the same statement runs when the tables are empty"), "{shown}");
    });
}

#[test]
fn a_down_that_takes_away_rows_which_were_there_before_is_found() {
    for (up, down, words) in [
        (
            "INSERT INTO users VALUES (900, 'admin');",
            "DELETE FROM users;",
            "rows that the `up` had left alone are gone or changed",
        ),
        (
            "ALTER TABLE users ADD COLUMN city VARCHAR(80);",
            "UPDATE users SET name = 'all';\nALTER TABLE users DROP COLUMN city;",
            "other values in `name`",
        ),
    ] {
        verify(up, down, |site, code, shown| {
            assert_eq!(code, 1, "{}: {shown}", site.dialect());
            assert!(shown.contains(words), "{}: {shown}", site.dialect());
        });
    }
}

#[test]
fn rows_that_stay_behind_are_noted() {
    verify(
        "INSERT INTO posts (id, user_id) SELECT 900, min(id) FROM users;",
        "-- migrate: nothing",
        |site, code, shown| {
            // The second time its key is there already.
            assert_eq!(code, 1, "{}: {shown}", site.dialect());
            assert!(
                shown.contains("rows that its `up` adds stay behind its `down` in `posts`"),
                "{}: {shown}",
                site.dialect()
            );
        },
    );
}

#[test]
fn a_guard_that_refuses_the_values_that_were_made_is_no_defect() {
    let up = "CREATE UNIQUE INDEX same ON posts (title);";
    let base = "CREATE TABLE posts (id INTEGER PRIMARY KEY, title VARCHAR(4) NOT NULL CHECK (title = 'one'));";
    let files = [revision("001", "none", base, "DROP TABLE posts;"), revision("002", "001", up, "DROP INDEX same;")];
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    on_every_engine(&files, |site| {
        if site.dialect() == "mariadb" {
            return;
        }
        let ran = site.call(&["verify"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(ran.stdout.contains("note: rows that were made for it do not fit"), "{ran:?}");
    });
}

#[test]
fn what_a_server_shares_is_not_touched() {
    let role = revision("001", "none", "CREATE ROLE verify_leaves_no_role;", "DROP ROLE verify_leaves_no_role;");
    on_every_engine(&[(&role.0, &role.1)], |site| {
        if site.dialect() == "sqlite" {
            return;
        }
        let ran = site.call(&["verify"]);
        assert!(ran.code == 1 && ran.stderr.contains("M0901") && ran.stderr.contains("about a role"), "{ran:?}");
    });
}

#[test]
fn what_a_database_has_installed_is_there_for_its_revisions() {
    let users = revision("001", "none", "CREATE TABLE users (email citext);", "DROP TABLE users;");
    let wrong = revision("002", "001", "ALTER TABLE users ADD COLUMN x integer;", "SELECT 1;");
    on_every_engine(&[(&users.0, &users.1), (&wrong.0, &wrong.1)], |site| {
        if site.dialect() != "postgres" {
            return;
        }
        site.query("CREATE EXTENSION citext");
        let ran = site.call(&["verify"]);
        assert!(ran.stdout.contains("ok     001") && ran.stdout.contains("FAILED 002"), "{ran:?}");
        site.must(&["upgrade", "001"]);
        assert_eq!(site.call(&["check", "--drift"]).code, 3);
    });
}

/// The scratch databases that a call has made, by what it said.
fn made(ran: &Ran) -> Vec<&str> {
    ran.stderr.lines().filter_map(|line| line.strip_prefix("scratch database: ")).collect()
}

/// Six revisions, of which the first and the fifth are wrong.
fn two_wrong_of_six() -> Vec<(String, String)> {
    let table =
        |at: u32| format!("CREATE TABLE t{at} (id INTEGER PRIMARY KEY, other INTEGER REFERENCES t{} (id));", at - 1);
    let mut files = vec![revision("1", "none", "CREATE TABLE t1 (id INTEGER PRIMARY KEY);", "DROP TABLE t1;")];
    files.extend((2..=6).map(|at| {
        let down = if at == 5 { "SELECT 1;".to_owned() } else { format!("DROP TABLE t{at};") };
        revision(&at.to_string(), &(at - 1).to_string(), &table(at), &down)
    }));
    files.push(revision("7", "6", "INSERT INTO t1 (id) VALUES (7);", "DELETE FROM t1 WHERE id > 0;"));
    files
}

#[test]
fn several_parts_at_once_find_what_one_finds() {
    let files = two_wrong_of_six();
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    on_every_engine(&files, |site| {
        let databases = |jobs: &str, arguments: &[&str]| {
            let ran = site.call(&[&["verify", "--jobs", jobs], arguments].concat());
            assert_eq!(ran.code, 1, "{ran:?}");
            ran
        };
        let one = databases("1", &[]);
        for (jobs, parts) in [("2", 2), ("3", 3), ("100", 5)] {
            let several = databases(jobs, &[]);
            assert_eq!(several.stdout, one.stdout, "{several:?}");
            assert_eq!(
                several.stderr.matches("a scratch database is made beside").count(),
                usize::from(site.dialect() != "sqlite")
            );
            let expected = if site.dialect() == "sqlite" { 0 } else { parts };
            assert_eq!(made(&several).len(), expected, "{several:?}");
            for database in made(&several) {
                assert!(!is_there(site, database), "{database} is left");
            }
        }
        let json = |jobs: &str| {
            let ran = databases(jobs, &["5:", "--format", "json"]);
            // A server may name its database in an error.
            made(&ran).iter().fold(ran.json().to_string(), |json, database| json.replace(database, "scratch"))
        };
        assert_eq!(json("2"), json("1"));
        let none = site.call(&["verify", "--jobs", "0"]);
        assert_eq!(none.code, 2, "{none:?}");
    });
}

/// Of revisions that are only applied, those that need rows have some, and so have those that are tried out.
#[test]
fn what_stands_before_a_range_is_there_with_rows() {
    let files = [
        revision("1", "none", "CREATE TABLE a (id INTEGER PRIMARY KEY);", "DROP TABLE a;"),
        revision(
            "2",
            "1",
            "CREATE TABLE b (a INTEGER NOT NULL);\nINSERT INTO b SELECT min(id) FROM a;",
            "DROP TABLE b;",
        ),
        revision("3", "2", "CREATE TABLE c (id INTEGER PRIMARY KEY);", "DROP TABLE c;"),
        revision("4", "3", "ALTER TABLE c ADD COLUMN x INTEGER;", "DELETE FROM a;\nALTER TABLE c DROP COLUMN x;"),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    on_every_engine(&files, |site| {
        let ran = site.call(&["verify", "3"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (0, "ok     3  3\n"), "{ran:?}");
        let ran = site.call(&["verify", "4"]);
        assert_eq!(ran.code, 1, "{ran:?}");
        assert!(ran.stderr.contains("`a`: 2 rows before, 0 after"), "{ran:?}");
    });
}

#[test]
fn what_fails_before_a_range_leaves_nothing() {
    let files = [
        revision("1", "none", "CREATE TABLE a (id INTEGER PRIMARY KEY);", "DROP TABLE a;"),
        revision("2", "1", "CREATE TABLE half (id INTEGER);\nINSERT INTO missing VALUES (1);", "DROP TABLE half;"),
        revision("3", "1", "CREATE TABLE c (id INTEGER);", "DROP TABLE c;"),
        revision("4", "3", "DROP TABLE c;", "CREATE TABLE c (id INTEGER);"),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    on_every_engine(&files, |site| {
        let ran = site.call(&["verify", "3", "4"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (1, "FAILED 2  2\nok     3  3\nok     4  4\n"), "{ran:?}");
    });
}

#[test]
fn revisions_that_could_meet_on_the_server_are_tried_out_one_by_one() {
    let role = "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'verify_meets') THEN CREATE\n ROLE verify_meets; \
                END IF; END $$;";
    let files =
        [revision("1", "none", role, "SELECT 1;"), revision("2", "1", "CREATE TABLE t (id INTEGER);", "DROP TABLE t;")];
    on_every_engine(&[(&files[0].0, &files[0].1), (&files[1].0, &files[1].1)], |site| {
        if site.dialect() != "postgres" {
            return;
        }
        let ran = site.call(&["verify", "2", "--jobs", "2"]);
        assert_eq!((ran.code, made(&ran).len()), (0, 1), "{ran:?}");
        site.query("DROP ROLE verify_meets");
    });
}

#[test]
fn calls_that_are_given_the_server_s_own_database_do_not_wait_for_one_another() {
    on_every_engine(&REVISIONS, |site| {
        if site.dialect() != "postgres" {
            return;
        }
        let url = site.url();
        let url = format!("{}/postgres", url.rsplit_once('/').expect("a name of a database").0);
        let ran = site.sandbox.migrate(&["verify", "--jobs", "2", "--scratch-url", &url]);
        assert_eq!((ran.code, made(&ran).len()), (0, 2), "{ran:?}");
    });
}
