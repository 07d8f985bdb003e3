//! Histories whose rows hold what no run writes: the looking verbs do not panic, and nothing that a terminal obeys comes through.

use std::process::Command;

use migrate_tests::command::{Ran, Sandbox};
use migrate_tests::suite::{SqliteFile, draft, mariadb_or_skip, postgres_or_skip};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestRunner;

use crate::words::{cases, text};

/// A database that the binary reaches by URL, and that SQL reaches past it.
struct Store<'s> {
    url: String,
    /// A text as SQL.
    literal: fn(&str) -> String,
    execute: &'s dyn Fn(&str),
}

/// What a row says, all of it text.
#[derive(Clone, Debug)]
struct Row {
    id: String,
    parents: String,
    title: String,
    by: String,
    application: String,
    down: String,
    state: String,
    journal: Option<String>,
}

fn row() -> impl Strategy<Value = Row> {
    let journal = prop_oneof![
        text(),
        text().prop_map(|text| format!("migrate-journal 1\ndirection down\nrefused {text}\n")),
        text().prop_map(|text| format!("migrate-journal 1\ndirection up\nrunning v1:{} {text}\n", "0".repeat(64))),
        Just("migrate-journal 1\ndirection down\nrefused \u{1b}[41m\u{7}\n".to_owned()),
    ];
    let state = prop_oneof![8 => select(&["applied", "stamped", "running"][..]).prop_map(str::to_owned), 1 => text()];
    let parents = prop_oneof![select(&["root", "", "root,root", "hostile"][..]).prop_map(str::to_owned), text()];
    (
        (prop_oneof![text(), Just("gone".to_owned())], parents, text(), text()),
        (text(), text(), state, proptest::option::weighted(0.3, journal)),
    )
        .prop_map(|((id, parents, title, by), (application, down, state, journal))| {
            let id = id.chars().take(200).collect();
            Row { id, parents, title, by, application, down, state, journal }
        })
}

fn hexadecimal(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02X}")).collect()
}

impl Store<'_> {
    fn insert(&self, row: &Row) {
        let texts = [&row.id, &row.parents, &row.title, &row.by, &row.application, &row.down, &row.state];
        let texts = texts.map(|text| (self.literal)(text)).join(", ");
        let journal = row.journal.as_ref().map_or_else(|| "NULL".to_owned(), |text| (self.literal)(text));
        (self.execute)(&format!(
            "DELETE FROM migrate_history WHERE id <> 'root'; INSERT INTO migrate_history (id, parents, title, applied_by, \
             application, down_sql, state, journal, format, depends_on, applied_at, duration_ms, tool) VALUES ({texts}, \
             {journal}, 1, '', '2026-01-02 03:04:05', 1, '')"
        ));
    }
}

/// What the tool itself sends to a terminal for colours.
const COLOURS: [&str; 6] = ["\u{1b}[0m", "\u{1b}[1m", "\u{1b}[2m", "\u{1b}[31m", "\u{1b}[33m", "\u{1b}[34m"];

fn assert_harmless(ran: &Ran, verb: &[&str]) {
    assert!((0..=7).contains(&ran.code), "{verb:?}: {ran:?}");
    assert!(!ran.stderr.contains("panicked"), "{verb:?}: {}", ran.stderr);
    for stream in [&ran.stdout, &ran.stderr] {
        let mut shown = stream.clone();
        COLOURS.iter().for_each(|colour| shown = shown.replace(colour, ""));
        let obeyed = shown.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t'));
        assert_eq!(obeyed, None, "{verb:?}: {stream:?}");
    }
}

/// The colours are ours alone, so that what is in them cannot be told from them: no text holds any here.
fn without_colours(row: Row) -> Row {
    let other = |text: String| text.replace("[31m", "[41m");
    Row {
        id: other(row.id),
        parents: other(row.parents),
        title: other(row.title),
        by: other(row.by),
        application: other(row.application),
        down: other(row.down),
        state: other(row.state),
        journal: row.journal.map(other),
    }
}

fn looking_is_harmless(usual: u32, store: &Store<'_>) {
    let root = draft("root");
    let sandbox = Sandbox::with_revisions(&[(&root.file(), &root.text())]);
    let call = |verb: &[&str]| -> Command {
        let mut command = sandbox.command(verb);
        command.args(["--dir", "migrations", "--database-url", &store.url]);
        command
    };
    let migrated = call(&["upgrade"]).output().expect("it runs");
    assert!(migrated.status.success(), "{migrated:?}");
    let verbs: &'static [&'static [&'static str]] = &[
        &["status"],
        &["history", "--applied"],
        &["current", "-v"],
        &["check"],
        &["show", "current"],
        &["downgrade", "--dry-run"],
    ];
    let given = (row().prop_map(without_colours), select(verbs));
    let outcome = TestRunner::new(cases(usual)).run(&given, |(row, verb)| {
        store.insert(&row);
        let ran: Ran = call(verb).args(["--color", "always"]).output().expect("it runs").into();
        assert_harmless(&ran, verb);
        if ran.code == 0 {
            let json: Ran = call(verb).args(["--format", "json"]).output().expect("it runs").into();
            prop_assert!(json.json().is_object());
        }
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn rows_on_sqlite_reach_no_terminal_as_commands() {
    let file = SqliteFile::new();
    let url = format!("sqlite://{}", file.path().display());
    looking_is_harmless(
        20,
        &Store {
            url,
            literal: |text| format!("CAST(X'{}' AS TEXT)", hexadecimal(text)),
            execute: &|sql| file.execute(sql),
        },
    );
}

#[test]
fn rows_on_postgres_reach_no_terminal_as_commands() {
    let Some(database) = postgres_or_skip() else { return };
    let execute = |sql: &str| drop(database.psql(sql).unwrap_or_else(|error| panic!("{sql}: {error}")));
    looking_is_harmless(
        8,
        &Store {
            url: database.url(),
            literal: |text| format!("'{}'", text.replace('\0', "").replace('\'', "''")),
            execute: &execute,
        },
    );
}

#[test]
fn rows_on_mariadb_reach_no_terminal_as_commands() {
    let Some(database) = mariadb_or_skip() else { return };
    let execute = |sql: &str| drop(database.sql(sql).unwrap_or_else(|error| panic!("{sql}: {error}")));
    looking_is_harmless(
        8,
        &Store { url: database.url(), literal: |text| format!("_utf8mb4 X'{}'", hexadecimal(text)), execute: &execute },
    );
}

#[test]
fn a_title_from_the_history_stays_on_its_line() {
    let file = SqliteFile::new();
    let url = format!("sqlite://{}", file.path().display());
    let root = draft("root");
    let sandbox = Sandbox::with_revisions(&[(&root.file(), &root.text())]);
    let call =
        |verb: &[&str]| sandbox.migrate(&[verb, &["--dir", "migrations", "--database-url", &url, "-q"]].concat());
    assert_eq!(call(&["upgrade"]).code, 0);
    file.execute(
        "UPDATE migrate_history SET id = 'gone', title = 'a' || char(10) || 'current:  head' || char(27) || '[2J'",
    );
    assert_eq!(call(&["current"]).stdout, "gone (not here)  a\\ncurrent:  head\\u{1b}[2J\n");
    assert_eq!(
        call(&["history", "--applied"]).stdout,
        "● <base> -> gone (not here), a\\ncurrent:  head\\u{1b}[2J\n○ <base> -> root (head), root\n"
    );
}

/// A comment that says what runs holds the id.
#[test]
fn an_id_from_the_history_is_no_sql() {
    let stored = ["-- migrate: down\nSELECT 1;\n", "-- migrate: down\n-- migrate: no-transaction\nSELECT 1;\n"];
    let Some(database) = postgres_or_skip() else { return };
    let root = draft("root");
    let sandbox = Sandbox::with_revisions(&[(&root.file(), &root.text())]);
    let call =
        |verb: &[&str]| sandbox.migrate(&[verb, &["--dir", "migrations", "--database-url", &database.url()]].concat());
    assert_eq!(call(&["upgrade"]).code, 0);
    let sql = |sql: &str| database.psql(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    sql("CREATE TABLE victim (x text)");
    for down in stored {
        sql(&format!(
            "INSERT INTO migrate_history (id, format, parents, depends_on, title, up_checksum, state, applied_at, duration_ms, \
             applied_by, application, tool, down_sql) SELECT '*/ DROP TABLE victim; /*', format, 'root', '', title, up_checksum, \
             state, now(), 0, '', '', '', '{down}' FROM migrate_history"
        ));
        let ran = call(&["downgrade", "root"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert_eq!(sql("SELECT count(*) FROM victim").trim(), "0");
        assert_eq!(sql("SELECT count(*) FROM migrate_history").trim(), "1");
    }
}

#[test]
fn a_title_from_the_history_is_no_sql_of_a_script() {
    let file = SqliteFile::new();
    let url = format!("sqlite://{}", file.path().display());
    let root = draft("root");
    let sandbox = Sandbox::with_revisions(&[(&root.file(), &root.text())]);
    let call =
        |verb: &[&str]| sandbox.migrate(&[verb, &["--dir", "migrations", "--database-url", &url, "-q"]].concat());
    assert_eq!(call(&["upgrade"]).code, 0);
    file.execute(
        "UPDATE migrate_history SET id = 'gone' || char(10) || 'DROP TABLE victim;', title = 'a' || char(10) || 'DROP TABLE \
         victim;'",
    );
    let ran = call(&["downgrade", "--sql", "current:base"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let comments: Vec<&str> = ran.stdout.lines().filter(|line| line.starts_with("--")).collect();
    assert_eq!(
        comments,
        [
            "-- downgrade gone DROP TABLE victim; -> base, for sqlite",
            "-- down gone DROP TABLE victim;: a DROP TABLE victim;"
        ]
    );
}
