//! `database create`, `drop` and `reset`.

use migrate_tests::command::Sandbox;

use super::site::{REVISIONS, Site, on_every_engine};

/// Everything about the database as a whole, with a name that has to be quoted, on a server.
fn odd_url(site: &Site) -> String {
    match site.dialect() {
        "sqlite" => site.url(),
        _ => format!("{}-%22odd%60", site.url()),
    }
}

#[test]
fn a_database_is_created_upgraded_dropped_and_created_again() {
    on_every_engine(&REVISIONS, |site| {
        let url = odd_url(site);
        let call = |arguments: &[&str]| site.sandbox.migrate(&[arguments, &["--database-url", &url]].concat());
        if site.dialect() != "sqlite" {
            let missing = call(&["upgrade"]);
            assert!(
                missing.code == 1 && missing.stderr.contains("`cargo migrate database create` creates it"),
                "{missing:?}"
            );
        }
        let nothing = call(&["database", "drop", "--yes"]);
        assert!(nothing.code == 0 && nothing.stdout.starts_with("nothing to drop"), "{nothing:?}");
        let created = call(&["database", "create", "--format", "json"]);
        assert_eq!((created.code, &created.json()["created"]), (0, &true.into()), "{created:?}");
        let again = call(&["database", "create", "--format", "json"]);
        assert_eq!((again.code, &again.json()["created"]), (0, &false.into()), "{again:?}");
        assert_eq!(call(&["upgrade"]).code, 0);
        let dropped = call(&["database", "drop", "-y", "--format", "json"]);
        assert_eq!((dropped.code, &dropped.json()["dropped"]), (0, &true.into()), "{dropped:?}");
        assert_eq!(call(&["database", "create"]).code, 0);
        assert_eq!(call(&["current"]).stdout, "");
        assert_eq!(call(&["database", "drop", "--yes"]).code, 0);
    });
}

#[test]
fn a_reset_leaves_the_head_on_an_empty_database() {
    on_every_engine(&REVISIONS, |site| {
        site.must(&["upgrade"]);
        site.execute("INSERT INTO users (id) VALUES (7)");
        let ran = site.must(&["database", "reset", "--yes"]);
        assert!(ran.stderr.contains("dropped ") && ran.stderr.contains("created "), "{ran:?}");
        assert_eq!(ran.stdout.lines().last(), Some("now at 003"));
        assert_eq!(site.query("SELECT count(*) FROM users"), "0");
        assert_eq!(site.query("SELECT count(*) FROM migrate_log"), "3");
    });
}

#[test]
fn a_reset_that_could_not_be_followed_by_an_upgrade_drops_nothing() {
    on_every_engine(&REVISIONS, |site| {
        site.must(&["upgrade"]);
        site.sandbox.write("migrations/004_x.sql", "-- revision: 004\n-- parents: 003\n\n-- migrate: up\n");
        let ran = site.call(&["database", "reset", "--yes"]);
        assert!(ran.code == 1 && ran.stderr.contains("error[M0210]"), "{ran:?}");
        site.sandbox.write("migrations/004_x.sql", "-- revision: 004\n-- parents: 002\n\n-- migrate: up\nSELECT 1;\n");
        assert_eq!(site.call(&["database", "reset", "--yes"]).code, 4);
        assert_eq!(site.query("SELECT count(*) FROM migrate_log"), "3");
    });
}

#[test]
fn what_cannot_be_undone_needs_a_yes() {
    on_every_engine(&REVISIONS, |site| {
        site.must(&["upgrade"]);
        let url = site.url();
        for verb in ["drop", "reset"] {
            let ran = site.call(&["database", verb]);
            assert!(ran.code == 1 && ran.stderr.contains("error[M0703]"), "{verb}: {ran:?}");
            let no = site.sandbox.migrate_on_a_terminal(&["database", verb, "--database-url", &url], "no\n");
            assert!(no.code == 1 && no.stdout.contains("with everything in it"), "{no:?}");
        }
        assert_eq!(site.current(), "003");
        let yes = site.sandbox.migrate_on_a_terminal(&["database", "reset", "--database-url", &url], "y\n");
        assert_eq!(yes.code, 0, "{yes:?}");
    });
}

#[test]
fn a_protected_database_is_not_dropped_even_with_a_yes() {
    on_every_engine(&REVISIONS, |site| {
        site.must(&["upgrade"]);
        site.sandbox.write("migrate.toml", format!("[env.production]\nurl = \"{}\"\nprotected = true\n", site.url()));
        for url in [["--env", "production"], ["--database-url", &site.same_url()]] {
            for verb in ["drop", "reset"] {
                let ran = site.sandbox.migrate(&[&["database", verb, "--yes", "--force"], &url[..]].concat());
                assert!(ran.code == 1 && ran.stderr.contains("error[M0705]"), "{verb}: {ran:?}");
            }
        }
        assert_eq!(site.current(), "003");
    });
}

#[test]
fn a_database_of_the_server_s_own_is_not_dropped() {
    on_every_engine(&REVISIONS, |site| {
        let own: &[&str] = match site.dialect() {
            "postgres" => &["postgres", "template1"],
            "mariadb" => &["mysql", "sys"],
            _ => return,
        };
        let url = site.url();
        let server = url.rsplit_once('/').expect("a name of a database").0;
        for (name, verb) in own.iter().flat_map(|name| [(name, "drop"), (name, "reset")]) {
            let url = format!("{server}/{name}");
            let ran = site.sandbox.migrate(&["database", verb, "--yes", "--force", "--database-url", &url]);
            assert!(ran.code == 1 && ran.stderr.contains("error[M0705]: `"), "{name}: {ran:?}");
        }
    });
}

#[test]
fn a_database_that_others_use_stays() {
    on_every_engine(&REVISIONS, |site| {
        site.must(&["upgrade"]);
        let _user = site.session();
        let ran = site.call(&["database", "drop", "--yes"]);
        assert!(ran.code == 1 && ran.stderr.contains("error[M0706]"), "{ran:?}");
        assert_eq!(site.current(), "003");
        if site.dialect() == "postgres" {
            site.must(&["database", "drop", "--yes", "--force"]);
            assert!(site.call(&["current"]).stderr.contains("error[M0503]"));
        }
    });
}

#[test]
fn of_a_sqlite_file_nothing_stays() {
    let sandbox = Sandbox::with_revisions(&REVISIONS);
    let call = |arguments: &[&str]| sandbox.migrate(&[arguments, &["--database-url", "sqlite://app.db"]].concat());
    assert_eq!(call(&["upgrade"]).code, 0);
    {
        let db = rusqlite::Connection::open(sandbox.path().join("app.db")).expect("it opens");
        let mode: String = db.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).expect("it answers");
        assert_eq!(mode, "wal");
        db.execute_batch("INSERT INTO users (id) VALUES (1)").expect("it writes");
        // As after a crash: the log and its index stay.
        for suffix in ["-wal", "-shm"] {
            let from = sandbox.path().join(format!("app.db{suffix}"));
            std::fs::copy(&from, sandbox.path().join(format!("kept{suffix}"))).expect("they are there");
        }
    }
    for suffix in ["-wal", "-shm"] {
        let kept = sandbox.path().join(format!("kept{suffix}"));
        std::fs::rename(kept, sandbox.path().join(format!("app.db{suffix}"))).expect("it is there");
    }
    assert_eq!(call(&["database", "drop", "--yes"]).code, 0);
    assert_eq!(sandbox.list("."), ["migrations"]);
    sandbox.write("app.db", "this is no database and somebody else's");
    let ran = call(&["database", "drop", "--yes"]);
    assert!(ran.code == 7 && ran.stderr.contains("error[M0501]"), "{ran:?}");
    assert_eq!(sandbox.read("app.db"), "this is no database and somebody else's");
}

#[test]
fn on_mariadb_a_history_in_another_database_refuses_the_reset() {
    on_every_engine(&REVISIONS, |site| {
        if site.dialect() != "mariadb" {
            return;
        }
        site.must(&["upgrade"]);
        site.sandbox.write("migrate.toml", "history-schema = \"elsewhere\"\n");
        let ran = site.call(&["database", "reset", "--yes"]);
        assert!(ran.code == 1 && ran.stderr.contains("another database, `elsewhere`"), "{ran:?}");
        assert_eq!(site.query("SELECT count(*) FROM users"), "0");
    });
}
