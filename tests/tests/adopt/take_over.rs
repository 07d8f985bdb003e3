//! A project and its database change hands, and nothing is pending or different afterwards.

use insta::assert_snapshot;

use super::place::{Place, SHOP, as_it_is};

/// Times of the rows, and what the log says.
fn history(place: &Place) -> String {
    place.sql("SELECT id, parents, state, applied_by, application, duration_ms FROM migrate_history ORDER BY id")
}

#[test]
fn a_database_is_taken_over_and_nothing_is_pending_or_different() {
    for place in Place::everywhere() {
        let place = place.applied(&SHOP);
        let before = place.refinerys_table();
        let dry = place.adopt(&["--dry-run"]);
        assert_eq!(place.sandbox.list("migrations").len(), 3, "{}", dry.transcript());
        assert!(!place.tables().contains("migrate_history"));
        assert_snapshot!("dry_run", dry.stdout);

        assert_snapshot!("taken_over", place.adopted(&[]));
        assert_eq!(place.refinerys_table(), before, "refinery's table stays as it is");
        assert_snapshot!("history", history(&place));
        assert_eq!(place.migrate(&["upgrade"]).stdout, "nothing to upgrade: at V10\n");
        assert_eq!(place.migrate(&["check"]).code, 0, "{}", place.migrate(&["check"]).transcript());
        let current = place.migrate(&["current"]).stdout;
        assert!(current.starts_with("V10 (head)  first item"), "{current}");
        assert_eq!(place.adopted(&[]).lines().last(), Some("the database is taken over already"));
        place.run_by_refinery(&SHOP, as_it_is).expect("an older program finds its table, and nothing to do");
    }
}

#[test]
fn when_refinery_applied_a_migration_is_when_it_was_applied() {
    for place in Place::everywhere() {
        let place = place.applied(&SHOP);
        place.sql(
            "UPDATE refinery_schema_history SET applied_on = '2024-05-17T11:30:00.987654321+02:00' WHERE version = 1",
        );
        place.sql("UPDATE refinery_schema_history SET applied_on = '2024-05-17T09:30:01Z' WHERE version = 2");
        place.adopted(&[]);
        let times = match place.engine() {
            "postgres" => {
                "SELECT to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS') FROM migrate_history WHERE id <> 'V10' ORDER BY id"
            }
            "mariadb" => "SELECT left(applied_at, 23) FROM migrate_history WHERE id <> 'V10' ORDER BY id",
            _ => {
                "SELECT replace(replace(applied_at, 'T', ' '), 'Z', '') FROM migrate_history WHERE id <> 'V10' ORDER BY id"
            }
        };
        assert_eq!(place.sql(times), "2024-05-17 09:30:00.987\n2024-05-17 09:30:01.000", "{}", place.engine());
    }
}

#[test]
fn the_log_says_who_took_over_and_what_was_found() {
    for place in Place::everywhere() {
        let place = place.applied(&SHOP);
        place.adopted(&[]);
        let log = place.sql("SELECT seq, revision, action, note FROM migrate_log ORDER BY seq");
        assert_snapshot!("log", log);
        assert_eq!(place.sql("SELECT count(DISTINCT run_id) FROM migrate_log"), "1");
    }
}

#[test]
fn what_refinery_had_not_applied_yet_is_pending_and_runs() {
    for place in Place::everywhere() {
        let place = place.with_files(&SHOP);
        place.run_by_refinery(&SHOP[..2], as_it_is).expect("two of three");
        assert!(place.adopted(&[]).ends_with("took over 2 revisions from refinery_schema_history\nnow at V2\n"));
        assert_eq!(place.migrate(&["check"]).code, 3);
        assert!(place.migrate(&["upgrade"]).stdout.ends_with("now at V10\n"));
        assert_eq!(place.sql("SELECT name FROM items"), "it's -- a pen");
    }
}

#[test]
fn a_database_that_refinery_never_saw_is_upgraded_as_any_other() {
    for place in Place::everywhere() {
        let place = place.with_files(&SHOP);
        let said = place.adopted(&[]);
        assert!(said.contains("refinery has applied nothing to this database"), "{said}");
        assert!(place.migrate(&["upgrade"]).stdout.ends_with("now at V10\n"));
    }
}

#[test]
fn a_table_of_another_name_is_found_as_refinery_finds_it() {
    for place in Place::everywhere() {
        let place = place.with_files(&SHOP);
        let told = |runner: &mut refinery::Runner| {
            runner.set_migration_table_name("Shop_Migrations");
        };
        place.run_by_refinery(&SHOP, told).expect("refinery applies");
        assert!(place.adopted(&["--dry-run"]).contains("refinery has applied nothing"));
        assert!(place.adopted(&["--table", "Shop_Migrations"]).ends_with("now at V10\n"));
        assert_eq!(place.migrate(&["check"]).code, 0);
    }
}

#[test]
fn grouped_and_faked_runs_leave_rows_like_any_other() {
    for place in Place::everywhere() {
        let place = place.with_files(&SHOP);
        let told =
            |runner: &mut refinery::Runner| *runner = refinery::Runner::new(runner.get_migrations()).set_grouped(true);
        place.run_by_refinery(&SHOP[..2], told).expect("in one transaction");
        let told = |runner: &mut refinery::Runner| {
            *runner = refinery::Runner::new(runner.get_migrations()).set_target(refinery::Target::Fake);
        };
        place.run_by_refinery(&SHOP, told).expect("without running");
        assert!(place.adopted(&[]).ends_with("now at V10\n"));
        assert_eq!(place.sql("SELECT count(*) FROM items"), "0");
    }
}

#[test]
fn an_unversioned_migration_that_was_passed_over_runs_in_its_place() {
    let files = [SHOP[0], SHOP[1], ("U7__late", "INSERT INTO items (id, name) VALUES (7, 'late');\n"), SHOP[2]];
    for place in Place::everywhere() {
        let place = place.with_files(&files);
        place.run_by_refinery(&SHOP, as_it_is).expect("without the late one");
        place.adopted(&[]);
        let status = place.migrate(&["upgrade", "--dry-run"]).stdout;
        assert!(status.contains("+ U7  late  (inserted behind what is applied)"), "{status}");
        assert!(place.migrate(&["upgrade"]).stdout.contains("+ U7 late"));
        assert_eq!(place.sql("SELECT id FROM items ORDER BY id"), "1\n7");

        place.run_by_refinery(&files, as_it_is).expect_err("refinery does not know that it has run");
    }
}

#[test]
fn the_json_says_files_and_database() {
    let place = Place::on_sqlite().applied(&SHOP[..1]);
    let json = place.adopt(&["--format", "json", "--quiet"]);
    assert_eq!(json.stderr, "");
    assert_snapshot!(json.stdout, @r#"{"format":1,"dry_run":false,"files":[{"revision":"V1","file":"migrations/V1__create_items.sql","from":"migrations/V1__create_items.sql"}],"table":"refinery_schema_history","database":"taken","adopted":["V1"],"heads_after":["V1"]}"#);
}

/// Only a refinery of that width takes them: `--features refinery-int8`.
#[cfg(feature = "refinery-int8")]
#[test]
fn versions_that_need_64_bits_are_taken_over() {
    let files = [
        ("V20240517093000__create", "CREATE TABLE items (id INTEGER PRIMARY KEY);\n"),
        ("V20260101000000__fill", "INSERT INTO items (id) VALUES (1);\n"),
    ];
    for place in Place::everywhere() {
        let place = place.applied(&files);
        assert!(place.adopted(&[]).ends_with("now at V20260101000000\n"));
        assert_eq!(place.migrate(&["check"]).code, 0);
    }
}
