//! `--sql`: scripts that run through the databases' own clients, and end where an online run ends.

use std::io::Write;
use std::process::{Command, Stdio};

use migrate_tests::command::{Ran, Sandbox};
use migrate_tests::suite::{SqliteFile, mariadb_or_skip, postgres_or_skip};
use migrate_tests::{mariadb, postgres};

/// A database that is looked at and fed through its own client.
enum Database {
    Sqlite(SqliteFile),
    Postgres(postgres::Database),
    MariaDb(mariadb::Database),
}

impl Database {
    fn fresh(dialect: &str) -> Option<Self> {
        match dialect {
            "sqlite" if Command::new("sqlite3").arg("--version").output().is_err() => {
                eprintln!("skipped: there is no sqlite3");
                None
            }
            "sqlite" => Some(Self::Sqlite(SqliteFile::new())),
            "postgres" => postgres_or_skip().map(Self::Postgres),
            _ => mariadb_or_skip().map(Self::MariaDb),
        }
    }

    fn url(&self) -> String {
        match self {
            Self::Sqlite(file) => format!("sqlite://{}", file.path().display()),
            Self::Postgres(database) => database.url(),
            Self::MariaDb(database) => database.url(),
        }
    }

    /// Runs a script through the client; what it printed, or what went wrong.
    fn feed(&self, script: &str) -> Result<String, String> {
        match self {
            Self::Sqlite(file) => {
                let mut command = Command::new("sqlite3");
                command.arg(file.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
                let mut child = command.spawn().expect("sqlite3 runs");
                child.stdin.take().expect("a pipe").write_all(script.as_bytes()).expect("it reads");
                let ran = Ran::from(child.wait_with_output().expect("an end"));
                if ran.code == 0 && ran.stderr.is_empty() { Ok(ran.stdout) } else { Err(ran.stderr) }
            }
            Self::Postgres(database) => database.psql(script),
            Self::MariaDb(database) => database.sql(script),
        }
    }

    /// Tables with their columns, rows, the history and the log: all that must not differ.
    fn picture(&self) -> String {
        let columns = match self {
            Self::Sqlite(_) => "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite%' ORDER BY 1, 2;",
            Self::Postgres(_) => {
                "SELECT table_name, column_name, data_type, column_default FROM information_schema.columns WHERE table_schema = \
                 'public' AND table_name <> 'migrate_lease' ORDER BY 1, 2; SELECT indexname FROM pg_indexes WHERE schemaname = \
                 'public' AND tablename <> 'migrate_lease' ORDER BY 1; SELECT proname FROM pg_proc WHERE pronamespace = \
                 'public'::regnamespace;"
            }
            Self::MariaDb(_) => {
                "SELECT table_name, column_name, column_type FROM information_schema.columns WHERE table_schema = database() \
                 ORDER BY 1, 2; SELECT routine_name FROM information_schema.routines WHERE routine_schema = database();"
            }
        };
        let history = "SELECT id, format, parents, depends_on, title, up_checksum, down_checksum, state, journal, application, tool, \
                       down_sql FROM migrate_history ORDER BY id;";
        let log = "SELECT revision, action, note, checksum, application, tool FROM migrate_log ORDER BY seq;";
        [columns, history, log, "SELECT * FROM notes ORDER BY 1, 2;"]
            .map(|query| self.feed(query).unwrap_or_else(|_| "no table".to_owned()))
            .join("\n---\n")
    }
}

/// A diamond with a dependency, and what clients stumble over.
fn project() -> Sandbox {
    let first = "-- revision: aaa\n-- parents: none\n-- title: it's \"first\" \\ 🦀\n\n\
        -- migrate: up\nCREATE TABLE notes (id integer, body varchar(200));\n\
        INSERT INTO notes VALUES (1, 'a;b -- c '' d');\nINSERT INTO notes VALUES (2, 'x'); -- the last one\n\n\
        -- migrate: down\nDROP TABLE notes -- without a terminator\n";
    let routine = "-- revision: bbb\n-- parents: aaa\n-- labels: left\n\n\
        -- migrate: up sqlite\nCREATE TRIGGER notes_t AFTER INSERT ON notes BEGIN UPDATE notes SET body = 'triggered;' WHERE id = new.id; \
        SELECT 1; END;\nINSERT INTO notes VALUES (3, 'y');\n\
        -- migrate: up postgres\nCREATE FUNCTION f() RETURNS integer LANGUAGE plpgsql AS $f$ BEGIN INSERT INTO notes VALUES (3, 'f;'); \
        RETURN 1; END $f$;\nSELECT f();\n\
        -- migrate: up mysql\nDELIMITER //\nCREATE PROCEDURE p() BEGIN INSERT INTO notes VALUES (3, 'p;'); END//\nDELIMITER ;\nCALL p();\n\n\
        -- migrate: down sqlite\nDELETE FROM notes WHERE id = 3;\nDROP TRIGGER notes_t;\n\
        -- migrate: down postgres\nDELETE FROM notes WHERE id = 3;\nDROP FUNCTION f();\n\
        -- migrate: down mysql\nDELETE FROM notes WHERE id = 3;\nDROP PROCEDURE p;\n";
    let index = "-- revision: ccc\n-- parents: aaa\n-- depends-on: bbb\n\n\
        -- migrate: up sqlite\n-- migrate: no-transaction\nCREATE INDEX notes_id ON notes (id);\n\
        -- migrate: up postgres\n-- migrate: no-transaction\nCREATE INDEX CONCURRENTLY notes_id ON notes (id);\n\
        -- migrate: up mysql\nCREATE INDEX notes_id ON notes (id);\n\n\
        -- migrate: down\nDROP INDEX notes_id;\n-- migrate: down mysql\nDROP INDEX notes_id ON notes;\n";
    let merge = "-- revision: ddd\n-- parents: bbb, ccc\n\n-- migrate: up\n-- migrate: nothing\n\n-- migrate: down\n-- migrate: nothing\n";
    let sandbox = Sandbox::with_revisions(&[
        ("1_aaa.sql", first),
        ("2_bbb.sql", routine),
        ("3_ccc.sql", index),
        ("4_ddd.sql", merge),
    ]);
    assert_eq!(sandbox.migrate(&["check", "--fix"]).code, 0);
    sandbox
}

fn script(sandbox: &Sandbox, arguments: &[&str]) -> String {
    let ran = sandbox.migrate(arguments);
    assert_eq!(ran.code, 0, "{}", ran.transcript());
    ran.stdout
}

/// A database that ran everything online, and one that was fed scripts, step by step.
fn ends_where_an_online_run_ends(dialect: &str) {
    let (Some(online), Some(fed)) = (Database::fresh(dialect), Database::fresh(dialect)) else { return };
    let project = project();
    let steps: [(&[&str], &[&str]); 6] = [
        (&["upgrade", "aaa"], &["upgrade", "aaa"]),
        (&["upgrade", "head"], &["upgrade", "aaa:head"]),
        (&["downgrade", "aaa"], &["downgrade", "head:aaa"]),
        (&["stamp", "ddd"], &["upgrade", "aaa:ddd"]),
        (&["downgrade", "ddd"], &["upgrade", "ddd:head"]),
        (&["downgrade", "base"], &["downgrade", "ddd:base"]),
    ];
    for (number, (verb, range)) in steps.into_iter().enumerate() {
        // A stamp runs nothing: the tables would differ, and only history and log are the same.
        if number == 3 {
            let run = project.migrate(&[&["--database-url", &online.url()], &["upgrade"][..]].concat());
            assert_eq!(run.code, 0, "{}", run.transcript());
        } else if number != 4 {
            let run = project.migrate(&[&["--database-url", &online.url()], verb].concat());
            assert_eq!(run.code, 0, "{}", run.transcript());
        }
        let text = script(&project, &[range, &["--sql", "--dialect", dialect][..]].concat());
        let fed_with = fed.feed(&text);
        assert!(fed_with.is_ok(), "{dialect} {range:?}: {fed_with:?}\n{text}");
        assert_eq!(fed.picture(), online.picture(), "{dialect}, after {range:?}\n{text}");
        assert_eq!(text, script(&project, &[range, &["--sql", "--dialect", dialect][..]].concat()), "it is one text");
        // A database that a script brought here goes on online.
        let current = project.migrate(&["--database-url", &fed.url(), "check"]);
        assert!([0, 3].contains(&current.code), "{}", current.transcript());
    }
}

#[test]
fn sqlite_ends_where_an_online_run_ends() {
    ends_where_an_online_run_ends("sqlite");
}

#[test]
fn postgres_ends_where_an_online_run_ends() {
    ends_where_an_online_run_ends("postgres");
}

#[test]
fn mariadb_ends_where_an_online_run_ends() {
    ends_where_an_online_run_ends("mariadb");
}

#[test]
fn a_script_for_another_place_stops_at_its_guard() {
    for dialect in ["sqlite", "postgres", "mariadb"] {
        let Some(database) = Database::fresh(dialect) else { continue };
        let project = project();
        let of = |range: &str| script(&project, &["upgrade", range, "--sql", "--dialect", dialect]);
        for range in ["aaa:head", "bbb:ccc"] {
            let stopped = database.feed(&of(range)).expect_err("the database is empty");
            assert!(stopped.contains("the database is not where this script begins"), "{dialect}: {stopped}");
        }
        database.feed(&of("aaa")).expect("it is at the base");
        let before = database.picture();
        for range in ["aaa", "bbb:head", ":head"] {
            let stopped = database.feed(&of(range)).expect_err("it is at aaa");
            assert!(stopped.contains("the database is not where this script begins"), "{dialect}: {stopped}");
        }
        assert_eq!(database.picture(), before);
    }
}

#[test]
fn a_script_stops_at_its_first_error() {
    let failing = "-- revision: aaa\n-- parents: none\n\n-- migrate: up\nCREATE TABLE notes (id integer);\nINSERT INTO nowhere VALUES (1);\n";
    let next = "-- revision: bbb\n-- parents: aaa\n\n-- migrate: up\nCREATE TABLE never (id integer);\n";
    let project = Sandbox::with_revisions(&[("1_aaa.sql", failing), ("2_bbb.sql", next)]);
    for dialect in ["sqlite", "postgres", "mariadb"] {
        let Some(database) = Database::fresh(dialect) else { continue };
        let stopped = database.feed(&script(&project, &["upgrade", "--sql", "--dialect", dialect]));
        assert!(stopped.expect_err("a table is missing").contains("nowhere"), "{dialect}");
        assert!(database.feed("SELECT * FROM never;").is_err(), "{dialect}: nothing after it ran");
        assert_eq!(database.feed("SELECT count(*) FROM migrate_history;").expect("a number").trim(), "0", "{dialect}");
    }
}

#[test]
fn current_begins_where_the_database_is() {
    for dialect in ["sqlite", "postgres", "mariadb"] {
        let Some(database) = Database::fresh(dialect) else { continue };
        let (project, url) = (project(), database.url());
        let on = |arguments: &[&str]| script(&project, &[&["--database-url", &url], arguments].concat());
        on(&["upgrade", "aaa"]);
        database.feed(&on(&["upgrade", "current:head", "--sql"])).expect("it goes on from there");
        assert!(on(&["current"]).starts_with("ddd"), "{dialect}");
        // What the files do not know any more is undone from what the history holds.
        std::fs::remove_file(project.path().join("migrations/4_ddd.sql")).expect("it was there");
        database.feed(&on(&["downgrade", "current:aaa", "--sql"])).expect("it goes back");
        assert!(on(&["current"]).starts_with("aaa"), "{dialect}");
    }
}

#[test]
fn a_stamp_is_a_script_too() {
    for dialect in ["sqlite", "postgres", "mariadb"] {
        let Some(database) = Database::fresh(dialect) else { continue };
        let (project, url) = (project(), database.url());
        database.feed(&script(&project, &["stamp", "ddd", "--sql", "--dialect", dialect])).expect("it is stamped");
        let current = project.migrate(&["--database-url", &url, "current", "--verbose"]);
        assert!(current.stdout.starts_with("ddd") && current.stdout.contains("stamped"), "{}", current.transcript());
        database
            .feed(&script(&project, &["stamp", "aaa", "--purge", "--sql", "--dialect", dialect]))
            .expect("it is purged");
        assert!(script(&project, &["--database-url", &url, "current"]).starts_with("aaa"));
    }
}

#[test]
fn what_a_script_lacks_is_said() {
    let project = project();
    let refused = |arguments: &[&str], code: u8, words: &str| {
        let ran = project.migrate(arguments);
        assert!(ran.code == i32::from(code) && ran.stderr.contains(words), "{}", ran.transcript());
    };
    refused(&["upgrade", "--sql"], 2, "--dialect postgres");
    refused(&["downgrade", "--sql", "--dialect", "sqlite", "aaa"], 2, "downgrade --sql <from>:<to>");
    refused(&["downgrade", "--sql", "--dialect", "sqlite", "head:"], 2, "downgrade --sql <from>:<to>");
    refused(&["upgrade", "--sql", "--dialect", "oracle"], 2, "`sqlite`, `postgres`, `mysql` or `mariadb`");
    refused(&["upgrade", "--dialect", "sqlite"], 2, "--sql");
    refused(&["upgrade", "--sql", "--dialect", "sqlite", "zzzz"], 1, "M0202");
    refused(&["upgrade", "--sql", "--dialect", "sqlite", "ddd:aaa:bbb"], 2, "a range has one `:`");
    refused(&["downgrade", "--sql", "--dialect", "sqlite", "aaa:head"], 1, "M02");
    // The scheme says the dialect, and nothing is connected to.
    let url = ["--database-url", "postgres://ann:secret@nowhere.invalid/shop"];
    let by_url = script(&project, &[&url[..], &["upgrade", "--sql"]].concat());
    assert!(by_url.starts_with("-- upgrade base -> ddd, for postgres\n") && !by_url.contains("secret"), "{by_url}");
    let json = project.migrate(&["upgrade", "--sql", "--dialect", "sqlite", "--format", "json"]).json();
    assert!(json["sql"].as_str().expect("a text").contains("BEGIN IMMEDIATE;"));
}

#[test]
fn a_script_holds_what_the_files_hold_byte_for_byte() {
    let odd = "-- revision: aaa\n-- parents: none\n\n-- migrate: up\nCREATE TABLE notes (id integer, body text);\nINSERT INTO notes VALUES (1,                'tab\there, bell\u{7}, escape\u{1b}[31m');\n";
    let project = Sandbox::with_revisions(&[("1_aaa.sql", odd)]);
    let text = script(&project, &["upgrade", "--sql", "--dialect", "sqlite"]);
    assert!(text.contains("'tab\there, bell\u{7}, escape\u{1b}[31m'"), "{text:?}");
}

#[test]
fn a_script_for_a_database_at_hand_comes_from_the_library_too() {
    use migrate_tests::suite::chain;
    let mut db = rusqlite::Connection::open_in_memory().expect("a database");
    chain("a").upgrade(&mut db).expect("an upgrade");
    let script = chain("a b").migrator().script_for(&mut db).expect("a script");
    assert!(script.starts_with("-- upgrade a -> b, for sqlite\n"), "{script}");
    let sql: String = script.lines().filter(|line| !line.starts_with('.')).map(|line| format!("{line}\n")).collect();
    db.execute_batch(&sql).expect("it runs");
    assert!(chain("a b").upgrade(&mut db).expect("nothing to do").steps.is_empty());
}

/// With foreign keys off, as the client has them, rows would be left that point nowhere.
#[test]
fn foreign_keys_hold_in_a_script_for_sqlite() {
    let Some(database) = Database::fresh("sqlite") else { return };
    let file = |id: &str, parents: &str, up: &str| {
        (format!("{id}.sql"), format!("-- revision: {id}\n-- parents: {parents}\n\n-- migrate: up\n{up}\n"))
    };
    let files = [
        file(
            "aaa",
            "none",
            "CREATE TABLE p (id INTEGER PRIMARY KEY);\nCREATE TABLE c (p INTEGER REFERENCES p ON DELETE CASCADE);\nINSERT INTO p VALUES (1), (2);\nINSERT INTO c VALUES (1), (2);",
        ),
        file("bbb", "aaa", "DELETE FROM p WHERE id = 1;"),
        file(
            "ccc",
            "bbb",
            "CREATE TABLE q (id INTEGER PRIMARY KEY, more TEXT);\nINSERT INTO q (id) SELECT id FROM p;\nDROP TABLE p;\nALTER TABLE q RENAME TO p;",
        ),
        file("ddd", "ccc", "DROP TABLE p;"),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let project = Sandbox::with_revisions(&files);
    let stopped = database.feed(&script(&project, &["upgrade", "--sql", "--dialect", "sqlite"]));
    assert!(stopped.expect_err("the last one leaves orphans").contains("the revision leaves rows that point nowhere"));
    assert_eq!(
        database.feed("SELECT group_concat(p) FROM c; SELECT group_concat(id) FROM migrate_history;").as_deref(),
        Ok("2\naaa,bbb,ccc\n")
    );
}

#[test]
fn settings_of_a_revision_end_with_it_in_a_script_too() {
    for (dialect, first) in [
        ("postgres", "CREATE SCHEMA other;\nSET search_path = other;\nSET client_encoding = 'LATIN1';"),
        ("mariadb", "SET SESSION sql_mode = 'ANSI_QUOTES', foreign_key_checks = 0;"),
    ] {
        let Some(database) = Database::fresh(dialect) else { continue };
        let second = "-- revision: bbb\n-- parents: aaa\n\n-- migrate: up\nCREATE TABLE notes (body varchar(20));\nINSERT INTO notes VALUES ('ü€');\n";
        let first = format!("-- revision: aaa\n-- parents: none\n\n-- migrate: up\n{first}\n");
        let project = Sandbox::with_revisions(&[("1_aaa.sql", &*first), ("2_bbb.sql", second)]);
        database.feed(&script(&project, &["upgrade", "--sql", "--dialect", dialect])).expect("it runs");
        let characters = if dialect == "postgres" { "public.notes" } else { "notes" };
        let query = format!("SELECT char_length(body) FROM {characters};");
        assert_eq!(database.feed(&query).expect("it is there").trim(), "2", "{dialect}");
    }
}

#[test]
fn what_a_script_cannot_do_is_refused_and_ranges_do_not_run_backwards() {
    let project = project();
    for flags in [
        &["--single-transaction"][..],
        &["--strict"],
        &["--table-lock-timeout", "1s"],
        &["--statement-timeout", "1s"],
        &["--lock-timeout", "1s"],
    ] {
        let ran = project.migrate(&[&["upgrade", "--sql", "--dialect", "sqlite"], flags].concat());
        assert!(ran.code == 2 && ran.stderr.contains("cannot be used with"), "{}", ran.transcript());
    }
    for backwards in [&["upgrade", "ddd:aaa"][..], &["downgrade", "aaa:ddd"], &["upgrade", "head:bbb"]] {
        let ran = project.migrate(&[backwards, &["--sql", "--dialect", "sqlite"]].concat());
        assert!(ran.code != 0 && ran.stdout.is_empty(), "{}", ran.transcript());
    }
    let zero = project.migrate(&["upgrade", "--statement-timeout", "0s"]);
    assert!(zero.code == 2 && zero.stderr.contains("more than zero"), "{}", zero.transcript());
}

#[test]
fn a_stamp_can_begin_where_a_database_is() {
    let Some(database) = Database::fresh("sqlite") else { return };
    let (project, url) = (project(), database.url());
    assert_eq!(project.migrate(&["--database-url", &url, "upgrade", "aaa"]).code, 0);
    database.feed(&script(&project, &["stamp", "aaa:bbb", "--sql", "--dialect", "sqlite"])).expect("it is at aaa");
    database
        .feed(&script(&project, &["--database-url", &url, "stamp", "current:head", "--sql"]))
        .expect("it is at bbb");
    assert!(script(&project, &["--database-url", &url, "current"]).starts_with("ddd"));
}
