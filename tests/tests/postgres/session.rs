//! What a revision does to its session.

use migrate_tests::suite::{chain, code, connect, draft, route, set};

use super::{column, on_postgres};

#[test]
fn an_emptied_search_path_neither_hides_the_history_nor_leaks() {
    for setting in ["SET search_path = '';", "SELECT pg_catalog.set_config('search_path', '', false);"] {
        on_postgres(async |database| {
            let mut db = connect(&database.url()).await;
            let before = column(&db, "SHOW search_path").await;
            let up = format!("{setting}\nCREATE TABLE public.t_a (x integer);");
            let revisions = set([draft("a").up(&up), draft("b").after("a")]);

            revisions.upgrade_async(&mut db).await.expect(setting);

            assert_eq!(column(&db, "SHOW search_path").await, before);
            assert_eq!(column(&db, "SELECT id FROM public.migrate_history ORDER BY id").await, ["a", "b"]);
        });
    }
}

#[test]
fn a_failing_revision_leaks_no_setting() {
    on_postgres(async |database| {
        let mut db = connect(&database.url()).await;
        let before = column(&db, "SHOW search_path").await;
        let revisions = set([draft("a").up("SET search_path = 'x'; SET statement_timeout = '1s'; SELECT nowhere;")]);
        revisions.upgrade_async(&mut db).await.expect_err("a failure");
        assert_eq!(column(&db, "SHOW search_path").await, before);
        assert_eq!(column(&db, "SHOW statement_timeout").await, ["0"]);
    });
}

#[test]
fn a_history_that_the_search_path_finds_stays_where_it_is() {
    on_postgres(async |database| {
        let mut db = connect(&database.url()).await;
        db.batch_execute("CREATE SCHEMA old; SET search_path = old").await.expect("a schema");
        chain("a").upgrade_async(&mut db).await.expect("an upgrade");

        db.batch_execute("SET search_path = public, old").await.expect("a setting");
        chain("a b").upgrade_async(&mut db).await.expect("an upgrade");

        let tables = "SELECT schemaname || '.' || tablename FROM pg_tables WHERE tablename LIKE '%_history' OR \
                      tablename LIKE 't_%' ORDER BY 1";
        assert_eq!(column(&db, tables).await, ["old.migrate_history", "old.t_a", "public.t_b"]);
    });
}

#[test]
fn a_schema_that_the_settings_name_is_made() {
    on_postgres(async |database| {
        let mut db = connect(&database.url()).await;
        let settings = migrate_runtime::plan::Settings {
            history_schema: Some("ops".into()),
            ..migrate_runtime::plan::Settings::DEFAULT
        };
        let revisions = migrate_tests::suite::with_settings(&chain("a"), settings);
        revisions.upgrade_async(&mut db).await.expect("an upgrade");
        assert_eq!(column(&db, "SELECT id FROM ops.migrate_history").await, ["a"]);
        assert_eq!(column(&db, "SELECT to_regclass('public.t_a')").await, ["t_a"]);
    });
}

#[test]
fn a_search_path_without_a_schema_is_refused() {
    on_postgres(async |database| {
        let mut db = connect(&database.url()).await;
        db.batch_execute("SET search_path = nowhere").await.expect("a setting");
        assert_eq!(code(&chain("a").upgrade_async(&mut db).await.expect_err("a refusal").error), "M0405");
    });
}

#[test]
fn a_run_can_be_spawned() {
    on_postgres(async |database| {
        let mut db = connect(&database.url()).await;
        let run = tokio::spawn(async move { chain("a").upgrade_async(&mut db).await.map(|report| route(&report)) });
        assert_eq!(run.await.expect("no panic").expect("an upgrade"), "base | +a | a");
    });
}

#[test]
fn no_setting_of_a_revision_leaks_and_those_of_the_application_stay() {
    for setting in [
        "SET SCHEMA 'other'",
        "SET standard_conforming_strings = off",
        "SET statement_timeout = '2s'",
        "SET ROLE lowly",
        "RESET work_mem",
        "DO $$ BEGIN PERFORM set_config('search_path', 'other', false); END $$",
    ] {
        on_postgres(async |database| {
            let mut db = connect(&database.url()).await;
            // Roles belong to the whole server, which the tests of this file share.
            db.batch_execute("CREATE SCHEMA other; SET work_mem = '7MB'").await.expect("a schema");
            let role =
                "DO $$ BEGIN CREATE ROLE lowly; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$";
            db.batch_execute(role).await.expect("a role");
            let shown = "SELECT concat_ws(' ', current_schema(), current_user, current_setting('work_mem'), \
                         current_setting('statement_timeout'), current_setting('standard_conforming_strings'))";
            let before = column(&db, shown).await;
            let revisions =
                set([draft("a").up(&format!("{setting};")), draft("b").after("a").up("CREATE TABLE b (x text);")]);

            revisions.upgrade_async(&mut db).await.unwrap_or_else(|error| panic!("{setting}: {error}"));

            assert_eq!(column(&db, shown).await, before, "{setting}");
            assert_eq!(
                column(&db, "SELECT tableowner FROM pg_tables WHERE schemaname = 'public' AND tablename = 'b'").await,
                ["postgres"],
                "{setting}"
            );
        });
    }
}
