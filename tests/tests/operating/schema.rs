//! `inspect`, `diff`, `check --drift`, `stamp --verify` and `scratch`: what a database holds, and what it should.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use migrate_tests::command::Ran;

use super::site::{REVISIONS, Site, on_every_engine};

/// Whether a database that a call has made for a moment, or a schema, is gone: others make their own at the same time.
fn is_gone(site: &Site, ran: &Ran) -> bool {
    let named = |word: &str| word.starts_with("migrate_scratch_").then(|| word.trim_end_matches(';').to_owned());
    ran.stderr.split_whitespace().filter_map(named).all(|name| !is_there(site, &name))
}

pub(crate) fn is_there(site: &Site, name: &str) -> bool {
    let query = match site.dialect() {
        "postgres" => format!(
            "SELECT (SELECT count(*) FROM pg_database WHERE datname = '{name}') + (SELECT count(*) FROM pg_namespace WHERE \
             nspname = '{name}')"
        ),
        "mariadb" => format!("SELECT count(*) FROM information_schema.schemata WHERE schema_name = '{name}'"),
        _ => return false,
    };
    site.query(&query) != "0"
}

#[test]
fn a_database_and_what_the_revisions_make_are_shown_as_tree_sql_and_json() {
    on_every_engine(&REVISIONS, |site| {
        assert!(site.must(&["inspect"]).stderr.contains("there is nothing in it"));
        site.must(&["upgrade"]);
        let tree = site.must(&["inspect"]).stdout;
        assert!(
            tree.starts_with("table users") && tree.contains("\n  column bio ") && tree.contains("\nview seen"),
            "{tree}"
        );
        let json = site.must(&["inspect", "--format", "json"]).json();
        let schema = &json["schema"];
        assert_eq!((&json["format"], schema["dialect"].as_str()), (&1.into(), Some(site.dialect())));
        let columns = schema["tables"][0]["columns"].as_array().expect("columns");
        let names: Vec<&str> = columns.iter().filter_map(|column| column["name"].as_str()).collect();
        assert_eq!(names, ["id", "bio"]);
        assert_eq!(columns[1]["nullable"], true);
        let sql = site.must(&["inspect", "--as", "sql"]).stdout;
        assert!(sql.contains("CREATE TABLE") && sql.contains("VIEW"), "{sql}");

        // The same from the revisions, and half of it.
        assert_eq!(site.must(&["inspect", "migrations"]).stdout, tree);
        assert_eq!(site.must(&["inspect", "migrations", "--as", "sql"]).stdout, sql);
        let half = site.must(&["inspect", "migrations@001"]).stdout;
        assert!(!half.contains("bio") && half.contains("users"), "{half}");

        // The SQL makes what it was read from.
        site.sandbox.write("all.sql", &sql);
        let diff = site.must(&["diff", "database", "all.sql", "--exit-code"]);
        assert_eq!(diff.stdout, "", "{diff:?}");
        assert!(diff.stderr.contains("no difference between database and all.sql"), "{diff:?}");
    });
}

#[test]
fn a_difference_is_told_both_ways_and_nothing_is_written() {
    on_every_engine(&REVISIONS, |site| {
        site.must(&["upgrade", "002"]);
        let before = site.dump();
        let ran = site.must(&["diff", "database", "migrations"]);
        assert!(is_gone(site, &ran), "{ran:?}");
        assert!(ran.stdout.contains("+ view seen"), "{ran:?}");
        let ran = site.must(&["diff", "migrations@-1", "migrations@001", "--format", "json"]).json();
        assert_eq!(ran["equal"], false);
        let change = &ran["changes"][0];
        assert_eq!((change["change"].as_str(), change["kind"].as_str()), (Some("removed"), Some("column")), "{ran}");
        assert_eq!((change["table"].as_str(), change["name"].as_str()), (Some("users"), Some("bio")));
        assert_eq!(site.call(&["diff", "database", "migrations", "--exit-code"]).code, 5);
        assert_eq!(site.dump(), before);
    });
}

#[test]
fn subjects_that_cannot_be_are_refused_with_what_could() {
    on_every_engine(&REVISIONS, |site| {
        let ran = site.call(&["diff", "database", "migration"]);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.stderr.contains("`migrations@<revision>`"), "{ran:?}");
        assert_eq!(site.call(&["inspect", "migrations@nothing"]).code, 1);
        site.sandbox.write("broken.sql", "CREATE TABLE a (b int);\n\nCREATE TABLE a (b int);\n");
        let ran = site.call(&["inspect", "broken.sql"]);
        assert!(ran.code == 1 && ran.stderr.contains("broken.sql:3") && is_gone(site, &ran), "{ran:?}");
        // A path with a typo is no empty database, and what a project's own is not yet is one.
        let ran = site.call(&["diff", "sqlite://nowhere.db", "sqlite://neither.db"]);
        assert!(ran.code == 1 && ran.stderr.contains("M0503") && ran.stderr.contains("nowhere.db"), "{ran:?}");
        let ran = site.sandbox.migrate(&["diff", "database", "migrations", "--database-url", "sqlite://new.db"]);
        assert!(ran.code == 0 && ran.stderr.contains("it counts as an empty database"), "{ran:?}");
        site.sandbox.write("refused.sql", "SELECT 1;\nDROP DATABASE other;\n");
        let ran = site.call(&["inspect", "refused.sql"]);
        assert!(ran.code == 1 && ran.stderr.contains("refused.sql:2"), "{ran:?}");
        site.sandbox.write("open.sql", "SELECT 1;\nSELECT 'open;\n");
        let ran = site.call(&["inspect", "open.sql"]);
        assert!(ran.code == 1 && ran.stderr.contains("open.sql:2"), "{ran:?}");
        let without = site.sandbox.migrate(&["inspect", "migrations"]);
        assert!(without.code == 2 && without.stderr.contains("--scratch-url"), "{without:?}");
        if site.dialect() != "sqlite" {
            let ran = site.call(&["diff", "database", "sqlite::memory:"]);
            assert!(ran.code == 1 && ran.stderr.contains("M0905"), "{ran:?}");
        }
    });
}

#[test]
fn what_somebody_changed_by_hand_is_drift() {
    on_every_engine(&REVISIONS, |site| {
        site.must(&["upgrade"]);
        let ran = site.must(&["check", "--drift"]);
        assert!(ran.stdout.contains("ok      schema       it is what the applied revisions make"), "{ran:?}");
        site.execute("CREATE INDEX by_hand ON users (id)");
        site.execute("CREATE TABLE refinery_schema_history (version int)");
        let ran = site.call(&["check", "--drift"]);
        assert_eq!(ran.code, 5, "{ran:?}");
        assert!(ran.stderr.contains("M0903") && ran.stderr.contains("+   index by_hand (id)"), "{ran:?}");
        assert!(!ran.stderr.contains("refinery"), "{ran:?}");
        assert_eq!(site.must(&["check"]).code, 0);
        // A database behind the files is what its own revisions make.
        site.execute(if site.dialect() == "mariadb" { "DROP INDEX by_hand ON users" } else { "DROP INDEX by_hand" });
        site.must(&["downgrade", "001", "-y"]);
        let ran = site.call(&["check", "--drift"]);
        assert_eq!(ran.code, 3, "{ran:?}");
    });
}

#[test]
fn a_stamp_is_refused_where_the_database_is_not_what_the_target_makes() {
    on_every_engine(&REVISIONS, |site| {
        site.execute("CREATE TABLE users (id INTEGER PRIMARY KEY)");
        let ran = site.call(&["stamp", "002", "--verify"]);
        assert_eq!(ran.code, 5, "{ran:?}");
        assert!(ran.stderr.contains("-   column bio"), "{ran:?}");
        assert_eq!(site.current(), "");
        let ran = site.must(&["stamp", "001", "--verify"]);
        assert!(ran.stderr.contains("the database is what the target makes"), "{ran:?}");
        assert_eq!(site.current(), "001");
        let ran = site.must(&["stamp", "002", "--verify", "--yes"]);
        assert!(ran.stderr.contains("column bio"), "{ran:?}");
        assert_eq!(site.current(), "002");
    });
}

#[test]
fn a_command_gets_a_database_of_its_own_which_is_gone_afterwards() {
    on_every_engine(&REVISIONS, |site| {
        let command = "printf %s \"$DATABASE_URL\" > url; exit 7";
        let scratch = |arguments: &[&str]| {
            site.sandbox.migrate(&[&["scratch", "--database-url", &site.url()], arguments].concat())
        };
        let ran = scratch(&["--", "sh", "-c", command]);
        assert_eq!(ran.code, 7, "{ran:?}");
        let url = site.sandbox.read("url");
        assert!(!url.is_empty() && url != site.url() && is_gone(site, &ran), "{url}");
        let binary = migrate_tests::command::binaries().join("cargo-migrate");
        let looks = format!("{} current --database-url \"$DATABASE_URL\"", binary.display());
        let ran = scratch(&["--target", "002", "--", "sh", "-c", &looks]);
        assert!(ran.stdout.contains("002"), "{ran:?}");
        let ran = scratch(&["--", "no-such-command"]);
        assert!(ran.code == 1 && ran.stderr.contains("M0608") && is_gone(site, &ran), "{ran:?}");
    });
}

#[test]
fn a_role_that_may_make_no_database_gets_a_schema_or_is_told_which_right_is_missing() {
    on_every_engine(&REVISIONS, |site| {
        let Some((url, password)) = site.url_with_password() else { return };
        site.must(&["upgrade", "002"]);
        if site.dialect() == "postgres" {
            site.query("GRANT SELECT ON ALL TABLES IN SCHEMA public TO app_login");
        }
        let before = site.dump();
        let call = |arguments: &[&str]| {
            let ran = site.sandbox.migrate(&[arguments, &["--database-url", &url]].concat());
            assert!(!format!("{ran:?}").contains(password) && is_gone(site, &ran), "{ran:?}");
            ran
        };
        if site.dialect() == "mariadb" {
            let ran = call(&["verify"]);
            assert!(ran.code == 1 && ran.stderr.contains("M0901") && ran.stderr.contains("GRANT ALL ON"), "{ran:?}");
            assert_eq!(call(&["inspect"]).code, 0);
        } else {
            let ran = call(&["verify"]);
            assert_eq!(ran.code, 0, "{ran:?}");
            assert!(ran.stderr.contains("scratch schema: migrate_scratch_"), "{ran:?}");
            let ran = call(&["diff", "database", "migrations"]);
            assert_eq!((ran.code, ran.stdout.trim_end()), (0, "+ view seen"), "{ran:?}");
            let ran = site.sandbox.migrate(&["scratch", "--database-url", &url, "--", "true"]);
            assert!(ran.code == 1 && ran.stderr.contains("CREATEDB"), "{ran:?}");
            site.sandbox.write(
                "migrations/004_x.sql",
                "-- revision: 004\n-- parents: 003\n\n-- migrate: up\nCREATE EXTENSION citext;\n\n-- migrate: down\nDROP EXTENSION citext;\n",
            );
            site.sandbox.write(
                "migrations/005_y.sql",
                "-- revision: 005\n-- parents: 004\n\n-- migrate: up\nDROP TABLE public.users;\n\n-- migrate: down\nSELECT 1;\n",
            );
            let ran = call(&["verify"]);
            assert!(ran.code == 1 && ran.stderr.matches("M0901").count() == 3, "{ran:?}");
            assert!(ran.stderr.contains("004_x.sql:5") && ran.stderr.contains("reaches into `public`"), "{ran:?}");
        }
        assert_eq!(site.dump(), before);
    });
}

#[test]
fn what_a_crash_has_left_is_removed_when_it_is_old_and_nobody_uses_it() {
    on_every_engine(&REVISIONS, |site| {
        if site.dialect() == "sqlite" {
            return;
        }
        let old = format!("migrate_scratch_1700000000_{:012x}", std::process::id());
        let young = format!("migrate_scratch_{}_{:012x}", u64::MAX >> 32, std::process::id());
        site.execute(&format!("CREATE DATABASE {old}"));
        site.execute(&format!("CREATE DATABASE {young}"));
        site.must(&["inspect", "migrations"]);
        assert!(!is_there(site, &old) && is_there(site, &young));
        site.execute(&format!("DROP DATABASE {young}"));
    });
}

#[test]
fn a_killed_call_leaves_a_database_that_says_when_it_was_made() {
    on_every_engine(&REVISIONS, |site| {
        if site.dialect() == "sqlite" {
            return;
        }
        let mut child = site
            .sandbox
            .command(&["scratch", "--database-url", &site.url(), "--", "sleep", "60"])
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let said = BufReader::new(child.stderr.take().expect("its words")).lines().map_while(Result::ok);
        let name = said.filter_map(|line| line.strip_prefix("scratch database: ").map(str::to_owned)).next();
        child.kill().expect("it is killed");
        child.wait().expect("it ends");
        let name = name.expect("a scratch database");
        assert!(is_there(site, &name));
        // Not an hour old: another call leaves it alone.
        site.must(&["inspect", "migrations"]);
        assert!(is_there(site, &name));
        site.execute(&format!("DROP DATABASE {name}"));
    });
}

#[test]
fn a_difference_is_coloured_where_that_is_wanted() {
    on_every_engine(&REVISIONS, |site| {
        let ran = site.must(&["diff", "migrations@001", "migrations@002", "--color", "always"]);
        assert!(ran.stdout.contains("\u{1b}[32m+   column bio"), "{ran:?}");
        let ran = site.must(&["diff", "migrations@002", "migrations@001", "--color", "always"]);
        assert!(ran.stdout.contains("\u{1b}[31m-   column bio"), "{ran:?}");
    });
}

#[test]
fn drift_of_a_database_that_is_ahead_is_not_judged() {
    on_every_engine(&REVISIONS, |site| {
        site.must(&["upgrade"]);
        std::fs::remove_file(site.sandbox.path().join("migrations/003_seen.sql")).expect("it goes");
        let ran = site.call(&["check", "--drift"]);
        assert!(ran.stdout.contains("-       schema"), "{ran:?}");
    });
}
