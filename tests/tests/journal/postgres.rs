//! Concurrent index builds: what a failed one leaves is dropped and built anew.

use migrate_tests::suite::{Database, Postgres, chain, draft, explain, set};

const BUILD: &str = "-- migrate: no-transaction\nINSERT INTO t_a VALUES (9);\nCREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS \
                     t_a_x ON t_a (x);";

#[test]
fn an_index_that_a_failed_build_left_invalid_is_dropped_and_built_again() {
    let Some(mut database) = Postgres::fresh() else { return };
    let db: &mut dyn Database = &mut database;
    db.upgrade(&chain("a"));
    db.execute("INSERT INTO t_a VALUES (1), (1)");
    let revisions = set([draft("a"), draft("b").after("a").up(BUILD).down("DROP INDEX t_a_x;")]);
    let valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('t_a_x')";

    let error = db.fail(revisions.migrator());
    assert!(explain(&error.error).contains("could not create unique index"), "{}", explain(&error.error));
    assert_eq!(db.rows(valid), ["f"], "the trap: the server leaves it there, and IF NOT EXISTS is content with it");

    db.execute("DELETE FROM t_a WHERE ctid = (SELECT min(ctid) FROM t_a)");
    db.upgrade(&revisions);
    assert_eq!(db.rows(valid), ["t"]);
    assert_eq!(db.rows("SELECT count(*) FROM t_a WHERE x = 9"), ["1"]);
}

#[test]
fn a_procedure_that_commits_runs_outside_a_transaction() {
    let Some(mut database) = Postgres::fresh() else { return };
    let db: &mut dyn Database = &mut database;
    let up = "-- migrate: no-transaction\nDO $$ BEGIN INSERT INTO t_a VALUES (1); COMMIT; INSERT INTO t_a VALUES (2); END $$;";
    db.upgrade(&set([draft("a"), draft("b").after("a").up(up)]));
    assert_eq!(db.rows("SELECT x FROM t_a ORDER BY x"), ["1", "2"]);
}

#[test]
fn a_setting_holds_for_the_revision_and_not_beyond() {
    let Some(mut database) = Postgres::fresh() else { return };
    let db: &mut dyn Database = &mut database;
    let up = "-- migrate: no-transaction\nCREATE SCHEMA other;\nSELECT set_config('search_path', 'other', false);\nCREATE TABLE inside (x integer);";
    db.upgrade(&set([draft("a").up(up), draft("b").after("a").up("CREATE TABLE outside (x integer);")]));
    let query =
        "SELECT table_schema FROM information_schema.tables WHERE table_name IN ('inside', 'outside') ORDER BY 1";
    assert_eq!(db.rows(query), ["other", "public"]);
}
