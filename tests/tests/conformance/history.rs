//! The two tables that remember.

use migrate_runtime::plan::Settings;
use migrate_runtime::{Dialect, Migrations};
use migrate_tests::suite::{Database, chain, code, done, draft, set, with_settings};

on_every_driver! {
    a_row_says_what_ran_and_who_ran_it,
    the_log_only_grows_and_numbers_its_runs,
    the_time_that_a_revision_took_is_kept,
    any_text_survives_the_way_into_the_history,
    the_table_can_have_another_name_and_schema,
    a_newer_format_is_refused,
    a_table_of_somebody_else_is_refused,
    a_row_that_cannot_be_read_is_refused,
}

fn a_row_says_what_ran_and_who_ran_it(db: &mut dyn Database) {
    let revisions = set([draft("a"), draft("b").after("a").header("title: add b")]);
    db.upgrade(&revisions.clone().with_application("shop 1.2.3"));

    let row = "format, id, parents, depends_on, title, state, application, journal";
    assert_eq!(
        db.rows(&format!("SELECT {row} FROM migrate_history ORDER BY id")),
        ["1|a|||a|applied|shop 1.2.3|NULL", "1|b|a||add b|applied|shop 1.2.3|NULL"]
    );
    let by = &db.rows("SELECT DISTINCT applied_by || ' ' || tool FROM migrate_history")[0];
    assert!(by.contains('@') && by.ends_with(concat!(" migrate-runtime ", env!("CARGO_PKG_VERSION"))), "{by}");
    let section = revisions.revisions()[1].sections[0].checksum.to_string();
    assert_eq!(db.rows("SELECT up_checksum FROM migrate_history WHERE id = 'b'"), [section.as_str()]);
    assert_eq!(db.rows("SELECT checksum FROM migrate_log WHERE revision = 'b'"), [section.as_str()]);
}

fn the_log_only_grows_and_numbers_its_runs(db: &mut dyn Database) {
    let revisions = chain("a b");
    let first = db.upgrade(&revisions).run_id;
    let second = db.succeed(revisions.migrator().downgrade("-1")).run_id;
    assert_ne!(first, second);
    let expected = [(&first, "a"), (&first, "b"), (&second, "b")].map(|(run, id)| format!("{run}|{id}"));
    assert_eq!(db.rows("SELECT run_id, revision FROM migrate_log ORDER BY seq"), expected);
}

fn the_time_that_a_revision_took_is_kept(db: &mut dyn Database) {
    let slow = match db.dialect() {
        Dialect::Postgres => "SELECT pg_sleep(0.1);",
        Dialect::MySql | Dialect::MariaDb => "SELECT sleep(0.1);",
        _ => "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500000) SELECT count(*) FROM n;",
    };
    let report = db.upgrade(&set([draft("a").up(slow)]));
    let kept: u128 = db.rows("SELECT duration_ms FROM migrate_history")[0].parse().expect("a number");
    assert!(kept >= 20, "{kept} ms");
    assert!(report.steps[0].duration.as_millis() >= kept, "{report:?}");
}

fn any_text_survives_the_way_into_the_history(db: &mut dyn Database) {
    let odd = r#"it's a "test" \ of \n 🦀 -- ; $$ % {}"#;
    let down = r"INSERT INTO t_a VALUES (1); -- it's \ 'odd' 🦀 $do$";
    let revisions = set([draft("a"), draft("b").after("a").header(&format!("title: {odd}")).down(down)]);

    let report = db.upgrade(&revisions.with_application(odd));

    assert_eq!(report.steps[1].title, odd);
    assert_eq!(db.rows("SELECT title || application FROM migrate_history WHERE id = 'b'"), [format!("{odd}{odd}")]);
    assert!(db.rows("SELECT down_sql FROM migrate_history WHERE id = 'b'")[0].contains(down));
    assert_eq!(done(&db.succeed(chain("a").migrator().downgrade("-1"))), ["b"]);
}

fn the_table_can_have_another_name_and_schema(db: &mut dyn Database) {
    // A database of MariaDB outlives the one that the test is given, so that its name must be the test's own.
    let own = match db.dialect() {
        Dialect::MySql | Dialect::MariaDb => format!("op's `{}`", db.rows("SELECT database()")[0]),
        Dialect::Sqlite | Dialect::Postgres => String::new(),
    };
    let schema = match db.dialect() {
        Dialect::Sqlite => "main",
        Dialect::Postgres => "op's \"schema\"",
        Dialect::MySql | Dialect::MariaDb => &own,
    };
    let settings = Settings {
        history_table: "what's \"done\"".into(),
        history_schema: Some(schema.to_owned().into()),
        ..Settings::DEFAULT
    };
    let revisions = with_settings(&chain("a b"), settings);

    db.upgrade(&revisions);
    assert_eq!(done(&db.upgrade(&revisions)), [""; 0]);
    assert_eq!(done(&db.succeed(revisions.migrator().downgrade("-1"))), ["b"]);

    let tables = match db.dialect() {
        Dialect::MySql | Dialect::MariaDb => vec!["t_a"],
        Dialect::Sqlite | Dialect::Postgres => vec!["t_a", "what's \"done\"", "what's \"done\"_log"],
    };
    assert_eq!(db.tables(), tables);
    let quote = if db.dialect() == Dialect::MariaDb { '`' } else { '"' };
    let quoted = |name: &str| format!("{quote}{}{quote}", name.replace(quote, &format!("{quote}{quote}")));
    let table = format!("{}.{}", quoted(schema), quoted("what's \"done\""));
    assert_eq!(db.rows(&format!("SELECT id FROM {table}")), ["a"]);
}

fn a_newer_format_is_refused(db: &mut dyn Database) {
    let revisions = chain("a b");
    db.succeed(revisions.migrator().target("a"));
    db.execute("UPDATE migrate_history SET format = 2");
    assert_eq!(code(&db.fail(revisions.migrator()).error), "M0404");

    db.execute("ALTER TABLE migrate_history RENAME COLUMN state TO status");
    assert_eq!(code(&db.fail(revisions.migrator()).error), "M0404");
    assert_eq!(db.applied(), ["a"]);
}

fn a_table_of_somebody_else_is_refused(db: &mut dyn Database) {
    db.execute(
        "CREATE TABLE migrate_history (id integer, bird varchar(20)); INSERT INTO migrate_history VALUES (1, 'wren')",
    );
    for migrations in [chain("a"), Migrations::from_files([]).expect("no revisions")] {
        assert_eq!(code(&db.fail(migrations.migrator()).error), "M0405");
    }
    assert_eq!(db.rows("SELECT * FROM migrate_history"), ["1|wren"]);
    assert_eq!(db.tables(), ["migrate_history"]);
}

fn a_row_that_cannot_be_read_is_refused(db: &mut dyn Database) {
    let revisions = chain("a b");
    db.succeed(revisions.migrator().target("a"));
    for damage in ["state = 'odd'", "state = 'applied', up_checksum = 'v1:1'"] {
        db.execute(&format!("UPDATE migrate_history SET {damage}"));
        assert_eq!(code(&db.fail(revisions.migrator()).error), "M0405", "{damage}");
    }
    assert_eq!(db.applied(), ["a"]);
}
