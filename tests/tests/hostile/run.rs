//! Upgrades and downgrades with hostile names, titles and values, on each engine and under the modes that change what quotes
//! and backslashes mean.

use std::cell::{Cell, RefCell};

use migrate_runtime::plan::{Revision, Settings};
use migrate_runtime::{Connection, Dialect, Migrations};
use migrate_tests::suite::{
    BlockingMariaDb, BlockingPostgres, BlockingSqlite, Database, SqliteFile, chain, code, connect, connect_mysql,
    draft, explain, mariadb_or_skip, postgres_or_skip, runtime, with_settings,
};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestRunner;

use crate::words::{cases, name, text};

/// What one run is given.
#[derive(Clone, Debug)]
struct Case {
    /// Statements that set the session up.
    mode: &'static str,
    /// `None` for an id that is in order.
    id: Option<String>,
    title: String,
    application: String,
    table: String,
    value: String,
    history_table: Option<String>,
    history_schema: Option<String>,
    /// Whether the downgrade finds the revision in the history alone.
    file_is_gone: bool,
}

fn case(modes: &'static [&'static str]) -> impl Strategy<Value = Case> {
    let settings = (proptest::option::weighted(0.4, name()), proptest::option::weighted(0.2, name()));
    (
        (select(modes), proptest::option::weighted(0.1, text()), text(), text()),
        (name(), text(), settings, any::<bool>()),
    )
        .prop_map(
            |((mode, id, title, application), (table, value, (history_table, history_schema), file_is_gone))| Case {
                mode,
                id,
                title,
                application,
                table,
                value,
                history_table,
                history_schema,
                file_is_gone,
            },
        )
}

fn identifier(dialect: Dialect, name: &str) -> String {
    match dialect {
        Dialect::MariaDb | Dialect::MySql => format!("`{}`", name.replace('`', "``")),
        _ => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}

/// A value as the dialect's files hold it: backslashes escape on MariaDB alone.
fn literal(dialect: Dialect, value: &str) -> String {
    let value = value.replace('\'', "''");
    match dialect {
        Dialect::MariaDb | Dialect::MySql => format!("'{}'", value.replace('\\', "\\\\")),
        _ => format!("'{value}'"),
    }
}

impl Case {
    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or("hostile")
    }

    fn settings(&self) -> Settings {
        let mut settings = Settings::default();
        if let Some(name) = &self.history_table {
            settings.history_table = name.clone().into();
        }
        settings.history_schema = self.history_schema.clone().map(Into::into);
        settings
    }

    /// The revisions, unless their files are refused. Titles and ids are put in by hand: files cannot hold all of them.
    fn revisions(&self, dialect: Dialect) -> Option<Vec<Revision>> {
        let table = identifier(dialect, &self.table);
        let up =
            format!("CREATE TABLE {table} (x text);\nINSERT INTO {table} VALUES ({});", literal(dialect, &self.value));
        let drafts = [draft("root"), draft("hostile").after("root").up(&up).down(&format!("DROP TABLE {table};"))];
        let files = drafts.map(|draft| (draft.file(), draft.text()));
        match Migrations::from_files(files.iter().map(|(name, text)| (name.as_str(), text.as_str()))) {
            Err(refusals) => {
                assert!(!refusals.is_empty());
                None
            }
            Ok(migrations) => {
                let mut revisions = migrations.revisions().to_vec();
                let hostile = revisions.iter_mut().find(|revision| revision.id == "hostile")?;
                hostile.title = self.title.clone().into();
                hostile.id = self.id().to_owned().into();
                Some(revisions)
            }
        }
    }

    fn migrations(&self, revisions: &[Revision]) -> Migrations {
        Migrations::new(revisions.to_vec(), self.settings()).with_application(self.application.clone())
    }

    /// A table beside the history, quoted.
    fn beside(&self, dialect: Dialect, table: &str) -> String {
        let schema = self.history_schema.iter().map(|schema| identifier(dialect, schema) + ".").collect::<String>();
        schema + &identifier(dialect, table)
    }
}

/// What a value reads back as: no database takes NUL in text.
fn kept(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// What a file makes of it: its line ends are LF.
fn in_file(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

async fn execute(db: &mut impl Connection, sql: &str) {
    db.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql:?}: {error:?}"));
}

async fn rows(db: &mut impl Connection, sql: &str) -> Vec<Vec<String>> {
    let rows = db.query(sql).await.unwrap_or_else(|error| panic!("{sql:?}: {error:?}"));
    rows.into_iter()
        .map(|row| row.0.into_iter().map(|text| text.unwrap_or_else(|| "NULL".to_owned())).collect())
        .collect()
}

async fn make_victim(db: &mut impl Connection) {
    execute(db, "CREATE TABLE victim (x text); INSERT INTO victim VALUES ('one'), ('two')").await;
}

async fn assert_victim_lives(db: &mut impl Connection) {
    assert_eq!(rows(db, "SELECT x FROM victim ORDER BY x").await, [["one"], ["two"]], "the victim");
}

/// Runs one case on an empty database with a victim; gives whether it was carried out or refused.
async fn run(case: &Case, db: &mut impl Connection) -> bool {
    let dialect = db.dialect();
    let Some(revisions) = case.revisions(dialect) else { return false };
    let migrations = case.migrations(&revisions);
    execute(db, case.mode).await;
    let modes = modes(db).await;
    let table = identifier(dialect, &in_file(&case.table));
    let upgraded = migrations.upgrade_async(&mut *db).await;
    assert_eq!(modes, self::modes(db).await, "the session is given back as it was");
    execute(db, "SELECT 1").await;
    assert_victim_lives(db).await;
    if let Err(error) = upgraded {
        assert!(explain(&error.error).contains("error[M0"), "{error:?}");
        let left = db.query(&format!("SELECT x FROM {table}")).await;
        let ours =
            [case.settings().history_table.to_string(), case.settings().log_table(), case.settings().lease_table()];
        // A table of that name may be the victim, or one of ours.
        assert!(left.is_err() || case.table == "victim" || ours.contains(&case.table), "{error:?}: {left:?}");
        return false;
    }
    assert_eq!(rows(db, &format!("SELECT x FROM {table}")).await, [[in_file(&case.value)]]);
    let settings = case.settings();
    let (history, log) = (case.beside(dialect, &settings.history_table), case.beside(dialect, &settings.log_table()));
    let revision = &revisions[revisions.iter().position(|revision| revision.id == case.id()).expect("it is there")];
    let down = revision.section(migrate_runtime::Direction::Down, dialect).expect("a down").to_stored();
    assert_eq!(
        rows(db, &format!("SELECT id, title, application, down_sql FROM {history} WHERE id <> 'root'")).await,
        [[kept(case.id()), kept(&case.title), kept(&case.application), down]]
    );
    assert_eq!(
        rows(db, &format!("SELECT revision, action, application FROM {log} ORDER BY seq")).await,
        ["root", case.id()].map(|id| [kept(id), "upgrade".to_owned(), kept(&case.application)])
    );

    let known = |revision: &&Revision| !case.file_is_gone || revision.id == "root";
    let known: Vec<Revision> = revisions.iter().filter(known).cloned().collect();
    let undone = case.migrations(&known).downgrade_async(&mut *db, "root").await;
    undone.unwrap_or_else(|error| panic!("{}", explain(&error.error)));
    assert_victim_lives(db).await;
    assert!(db.query(&format!("SELECT x FROM {table}")).await.is_err(), "the table is gone");
    assert_eq!(rows(db, &format!("SELECT id FROM {history}")).await, [["root"]]);
    true
}

/// The settings that decide what quotes mean.
async fn modes(db: &mut impl Connection) -> Vec<Vec<String>> {
    let query = match db.dialect() {
        Dialect::Postgres => {
            "SELECT current_setting('standard_conforming_strings'), current_setting('backslash_quote'), \
             current_setting('client_encoding')"
        }
        Dialect::Sqlite => "SELECT 1",
        _ => "SELECT @@sql_mode",
    };
    rows(db, query).await
}

/// Runs as many cases as are asked for; at least a third must be carried out, or the test tests refusals alone.
fn property(usual: u32, modes: &'static [&'static str], run: impl FnMut(&Case) -> bool) {
    let config = cases(usual);
    let (all, done, run) = (config.cases, Cell::new(0), RefCell::new(run));
    let outcome = TestRunner::new(config).run(&case(modes), |case| {
        done.set(done.get() + u32::from(run.borrow_mut()(&case)));
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
    assert!(done.get() * 3 >= all, "{} of {all} cases were carried out", done.get());
}

#[test]
fn hostile_text_does_no_harm_on_sqlite() {
    let runtime = runtime();
    property(100, &[""], |case| {
        runtime.block_on(async {
            let file = SqliteFile::new();
            let mut db = file.open();
            make_victim(&mut db).await;
            if let Some(schema) = &case.history_schema {
                // A name that cannot be attached is unknown, which is a refusal.
                let _ =
                    db.batch_execute(&format!("ATTACH ':memory:' AS {}", identifier(Dialect::Sqlite, schema))).await;
            }
            run(case, &mut db).await
        })
    });
}

#[test]
fn hostile_text_does_no_harm_on_postgres() {
    const MODES: &[&str] = &[
        "",
        "SET standard_conforming_strings = off",
        "SET standard_conforming_strings = off; SET backslash_quote = on",
        "SET standard_conforming_strings = off; SET backslash_quote = off",
        "SET backslash_quote = off; SET escape_string_warning = on",
    ];
    let Some(database) = postgres_or_skip() else { return };
    let runtime = runtime();
    let mut db = runtime.block_on(connect(&database.url()));
    property(30, MODES, |case| {
        runtime.block_on(async {
            execute(&mut db, "ROLLBACK; RESET ALL").await;
            let schemas = "SELECT quote_ident(nspname) FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> \
                           'information_schema'";
            for schema in rows(&mut db, schemas).await {
                execute(&mut db, &format!("DROP SCHEMA {} CASCADE", schema[0])).await;
            }
            execute(&mut db, "CREATE SCHEMA public").await;
            make_victim(&mut db).await;
            run(case, &mut db).await
        })
    });
}

#[test]
fn hostile_text_does_no_harm_on_mariadb() {
    const MODES: &[&str] = &[
        "SET sql_mode = ''",
        "SET sql_mode = 'STRICT_ALL_TABLES'",
        "SET sql_mode = 'NO_BACKSLASH_ESCAPES'",
        "SET sql_mode = 'ANSI_QUOTES,STRICT_TRANS_TABLES'",
        "SET sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES'",
        "SET sql_mode = 'ANSI,TRADITIONAL'",
        "SET sql_mode = 'EMPTY_STRING_IS_NULL,PAD_CHAR_TO_FULL_LENGTH,NO_AUTO_VALUE_ON_ZERO'",
    ];
    let Some(database) = mariadb_or_skip() else { return };
    let runtime = runtime();
    let mut db = runtime.block_on(connect_mysql(&database.url()));
    property(30, MODES, |case| {
        runtime.block_on(async {
            let ours = identifier(Dialect::MariaDb, database.name());
            execute(&mut db, "ROLLBACK; SET sql_mode = DEFAULT").await;
            execute(&mut db, &format!("DROP DATABASE {ours}; CREATE DATABASE {ours}; USE {ours}")).await;
            make_victim(&mut db).await;
            let outcome = run(case, &mut db).await;
            if let Some(schema) = &case.history_schema {
                let schema = identifier(Dialect::MariaDb, schema);
                let _ = db.batch_execute(&format!("DROP DATABASE IF EXISTS {schema}")).await;
            }
            outcome
        })
    });
}

/// PostgreSQL would cut `h…_log` and `h…_lease` to one name.
#[test]
fn a_name_that_a_server_would_cut_is_refused() {
    for name in ["h".repeat(58), String::new(), "h\0".to_owned()] {
        let databases: [Option<Box<dyn Database>>; 3] = [
            BlockingSqlite::fresh().map(|database| Box::new(database) as Box<dyn Database>),
            BlockingPostgres::fresh().map(|database| Box::new(database) as Box<dyn Database>),
            BlockingMariaDb::fresh().map(|database| Box::new(database) as Box<dyn Database>),
        ];
        for mut database in databases.into_iter().flatten() {
            for settings in [
                Settings { history_table: name.clone().into(), ..Settings::default() },
                Settings { history_schema: Some(name.clone().into()), ..Settings::default() },
            ] {
                let error = database.fail(with_settings(&chain("a"), settings).migrator());
                assert_eq!(code(&error.error), "M0405");
                assert!(database.tables().is_empty());
            }
        }
    }
}
