//! The reader of SQLite's statements: any text, and hostile ones.

use std::time::{Duration, Instant};

use migrate_plan::schema::sqlite::{read_index, read_table, read_view, read_virtual_table, trimmed, type_name};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

const FRAGMENTS: &[&str] = &[
    "CREATE ",
    "TABLE ",
    "INDEX ",
    "UNIQUE ",
    "VIEW ",
    "VIRTUAL ",
    "TEMP ",
    "IF NOT EXISTS ",
    "t ",
    "\"a b\" ",
    "[c] ",
    "`d` ",
    "'e' ",
    "a ",
    "main.",
    "(",
    ")",
    ",",
    ";",
    "INTEGER ",
    "TEXT ",
    "(10, 2) ",
    "PRIMARY KEY ",
    "AUTOINCREMENT ",
    "NOT NULL ",
    "NULL ",
    "DEFAULT ",
    "-1 ",
    "+.5 ",
    "x'00' ",
    "CHECK ",
    "(a > 1) ",
    "REFERENCES ",
    "ON DELETE ",
    "SET NULL ",
    "CASCADE ",
    "ON CONFLICT ",
    "ABORT ",
    "MATCH ",
    "DEFERRABLE ",
    "INITIALLY DEFERRED ",
    "COLLATE ",
    "nocase ",
    "GENERATED ALWAYS ",
    "AS ",
    "STORED ",
    "CONSTRAINT ",
    "FOREIGN KEY ",
    "WITHOUT ",
    "ROWID",
    "STRICT",
    "ON ",
    "WHERE ",
    "DESC ",
    "ASC ",
    "USING ",
    "fts5(x)",
    "-- c\n",
    "/* c */",
    "/*",
    "--",
    "\"",
    "'",
    "[",
    "`",
    "é",
    "🦀",
    "\u{feff}",
    "\0",
    "\n",
    "{",
];

fn soup() -> impl Strategy<Value = String> {
    let head = select(
        &["", "CREATE TABLE t (a ", "CREATE INDEX i ON t (", "CREATE VIEW v ", "CREATE VIRTUAL TABLE v USING "][..],
    );
    (head, vec(select(FRAGMENTS), 0..30)).prop_map(|(head, fragments)| format!("{head}{}", fragments.concat()))
}

fn read_all(text: &str) -> usize {
    let read = [
        read_table(text).is_some(),
        read_index(text).is_some(),
        read_view(text).is_some(),
        read_virtual_table(text).is_some(),
    ];
    assert!(text.contains(trimmed(text)));
    type_name(text);
    read.into_iter().filter(|read| *read).count()
}

proptest! {
    #[test]
    fn any_text_is_read_or_not(text in prop_oneof![4 => soup(), 1 => any::<String>()]) {
        prop_assert!(read_all(&text) <= 1);
    }

    #[test]
    fn a_trimmed_text_is_trimmed(text in soup()) {
        // A byte order mark is one at the beginning alone, where trimming may have brought it.
        prop_assume!(!trimmed(&text).starts_with('\u{feff}'));
        prop_assert_eq!(trimmed(trimmed(&text)), trimmed(&text));
    }
}

#[test]
fn long_and_deep_texts_take_no_longer_than_they_are_long() {
    let deep = |what: &str| format!("{what}{}{}", "(".repeat(200_000), ")".repeat(200_000));
    let columns: Vec<String> = (0..50_000).map(|n| format!("c{n} INT CHECK (c{n} > 0) UNIQUE REFERENCES t")).collect();
    let texts = [
        (deep("CREATE TABLE t (a CHECK "), 0),
        (format!("CREATE TABLE t (a CHECK {})", deep("")), 1),
        (format!("CREATE INDEX i ON t ({})", deep("")), 1),
        (format!("CREATE INDEX i ON t (a{})", " COLLATE b".repeat(100_000)), 1),
        ("CREATE TABLE t (".repeat(50_000), 0),
        (format!("CREATE TABLE t ({})", columns.join(",")), 1),
        (format!("CREATE TABLE t (a, CONSTRAINT c{})", " CHECK (a)".repeat(100_000)), 1),
        (format!("CREATE TABLE t ({}, PRIMARY KEY (c7, c8)) WITHOUT ROWID", columns.join(",")), 1),
        ("/*".repeat(100_000), 0),
    ];
    for (text, read) in texts {
        let start = Instant::now();
        assert_eq!(read_all(&text), read, "{}", &text[..30]);
        // A square would take minutes.
        assert!(start.elapsed() < Duration::from_secs(10), "{}: {:?}", &text[..30], start.elapsed());
    }
}

#[test]
fn what_is_not_valid_is_not_read() {
    for text in [
        "",
        "CREATE TABLE t",
        "CREATE TABLE t (a",
        "CREATE TABLE t ()",
        "CREATE TABLE t (a,)",
        "CREATE TABLE t (a) WITHOUT",
        "CREATE TABLE t (a) STRICT,",
        "CREATE TABLE t (a) STRICT b",
        "CREATE TABLE t (a DEFAULT)",
        "CREATE TABLE t (a DEFAULT (1)",
        "CREATE TABLE t (a CHECK a > 0)",
        "CREATE TABLE t (a REFERENCES t ON DELETE)",
        "CREATE TABLE t (a ON CONFLICT FAIL)",
        "CREATE TABLE t (a NOT NULL ON CONFLICT MAYBE)",
        "CREATE TABLE t (a, PRIMARY KEY (b))",
        "CREATE TABLE t (a, UNIQUE (a + 1))",
        "CREATE TABLE t (a, FOREIGN KEY (b) REFERENCES t)",
        "CREATE TABLE t AS SELECT 1",
        "CREATE TABLE t (e'text')",
        "CREATE TABLE 'unclosed (a)",
        "CREATE INDEX i ON t",
        "CREATE INDEX i ON t (a) WHERE",
        "CREATE INDEX i ON t (a) b",
        "CREATE VIEW v",
        "CREATE VIEW v -- AS SELECT 1",
        "CREATE VIRTUAL TABLE v USING",
        "DROP TABLE t",
    ] {
        assert_eq!(read_all(text), 0, "{text}");
    }
}
