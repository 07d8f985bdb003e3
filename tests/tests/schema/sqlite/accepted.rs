//! Statements of random pieces: whatever SQLite accepts is understood, and creates the same again.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use rusqlite::Connection;

use super::{assert_recreates, cases};

/// Words that are names where SQLite expects one.
const NAMES: &[&str] = &[
    "a",
    "b",
    "\"c d\"",
    "key",
    "abort",
    "generated",
    "always",
    "if",
    "desc",
    "'str'",
    "[x y]",
    "current_date",
    "match",
    "temp",
    "without",
    "\"from\"",
    "`like`",
    "cast",
    "ROWID",
    "first",
    "virtual",
    "A1$",
];

/// Without a lone `always`: at the end of a long type SQLite takes it for a part of `GENERATED ALWAYS`.
const OF_COLUMN: &[&str] = &[
    "INT",
    "INTEGER",
    "\"INTEGER\"",
    "'int'",
    "generated",
    "(1)",
    "(1,2)",
    "( -1 , +2 )",
    "varchar",
    "key",
    "PRIMARY KEY",
    "PRIMARY KEY ASC",
    "PRIMARY KEY DESC",
    "AUTOINCREMENT",
    "UNIQUE",
    "ON CONFLICT REPLACE",
    "ON CONFLICT abort",
    "NOT NULL",
    "NULL",
    "DEFAULT 1",
    "DEFAULT (1)",
    "DEFAULT ((1) + (2))",
    "DEFAULT -1",
    "DEFAULT + .5",
    "DEFAULT abort",
    "DEFAULT current_time",
    "DEFAULT \"x y\"",
    "DEFAULT 0x1f",
    "DEFAULT 1e3",
    "DEFAULT 1.",
    "CHECK (a)",
    "CHECK(1)",
    "CHECK (\"a\" IN (1, ')'))",
    "COLLATE nocase",
    "COLLATE 'rtrim'",
    "COLLATE binary",
    "REFERENCES b",
    "REFERENCES 'b' (x)",
    "REFERENCES b(c, d)",
    "ON DELETE CASCADE",
    "ON UPDATE NO ACTION",
    "ON INSERT SET NULL",
    "ON DELETE SET DEFAULT",
    "MATCH full",
    "MATCH 'x'",
    "DEFERRABLE",
    "NOT DEFERRABLE INITIALLY DEFERRED",
    "DEFERRABLE INITIALLY IMMEDIATE",
    "INITIALLY DEFERRED",
    "GENERATED ALWAYS AS (1)",
    "AS (a)",
    "AS (1) STORED",
    "VIRTUAL",
    "stored",
    "CONSTRAINT n",
    "CONSTRAINT 'm'",
    "-- c\n",
    "/* ) */",
    "with",
    "ANY",
    "BLOB",
    "conflict",
    "action",
];

const OF_TABLE: &[&str] = &[
    "PRIMARY KEY (a)",
    "PRIMARY KEY (a, b)",
    "PRIMARY KEY (A AUTOINCREMENT)",
    "PRIMARY KEY ((a) DESC)",
    "PRIMARY KEY ('a' COLLATE nocase ASC)",
    "UNIQUE (a)",
    "UNIQUE (b, a DESC)",
    "UNIQUE (((a)) COLLATE rtrim)",
    "UNIQUE ([a] COLLATE nocase COLLATE rtrim)",
    "CHECK (a > 1)",
    "CHECK ((a))",
    "ON CONFLICT IGNORE",
    "FOREIGN KEY (a) REFERENCES x",
    "FOREIGN KEY (a, b) REFERENCES x (\"y\", 'z')",
    "FOREIGN KEY ('A') REFERENCES t",
    "ON DELETE RESTRICT",
    "MATCH partial",
    "DEFERRABLE INITIALLY DEFERRED",
    "NOT DEFERRABLE",
    "CONSTRAINT n",
    "CONSTRAINT \"o p\"",
    "-- )\n",
    ",",
];

const OPTIONS: &[&str] =
    &["", "", "WITHOUT ROWID", "STRICT", "strict, without rowid", "/* c */ WITHOUT /* d */ \"rowid\"", "-- end"];

const KEYS: &[&str] = &[
    "a",
    "\"a\"",
    "'a'",
    "[A]",
    "(a)",
    "((b))",
    "a COLLATE nocase",
    "(a) COLLATE 'rtrim'",
    "a || b",
    "a COLLATE nocase || b",
    "a || b COLLATE nocase",
    "lower(a)",
    "lower(a) COLLATE nocase",
    "NOT (a)",
    "NOT (a) COLLATE nocase",
    "NOT a COLLATE nocase",
    "-a",
    "- (a) COLLATE nocase",
    "\"no column\"",
    "a IN (1, 2)",
    "CASE a WHEN 1 THEN ',' END",
    "CAST (a AS TEXT)",
    "CAST (a AS TEXT) COLLATE rtrim",
    "a IS NULL",
    "(a, b) = (1, 2)",
    "a COLLATE nocase COLLATE rtrim",
    "(a COLLATE nocase)",
    "(a COLLATE nocase) COLLATE binary",
    "coalesce(a, (b)) || (c)",
    "json(a) ->> '$'",
    "t.a",
    "desc",
    "'lit' || a",
    "a BETWEEN (1) AND (2)",
    "(a) + (b)",
    "x'00' || a",
    "1 + a",
    "a /* c */",
    "+a",
    "a NOTNULL",
    "(a) NOTNULL",
    "abs(a) + abs(b)",
    "abs(a) -- c\n COLLATE /* d */ nocase",
    "iif(a, 1, 2)",
    "a GLOB (b)",
];

const PREDICATES: &[&str] = &[
    "",
    "WHERE a",
    "WHERE (a) > (b)",
    "WHERE a COLLATE nocase = 'x' -- end",
    "WHERE(a)",
    "where a is not null /* open",
];

fn table() -> impl Strategy<Value = String> {
    let column =
        (select(NAMES), vec(select(OF_COLUMN), 0..5)).prop_map(|(name, pieces)| format!("{name} {}", pieces.join(" ")));
    let columns = vec(column, 0..4);
    (columns, vec(select(OF_TABLE), 0..4), select(OPTIONS)).prop_map(|(columns, constraints, options)| {
        let columns: String = columns.into_iter().map(|column| format!(", {column}")).collect();
        let comma = if constraints.is_empty() { "" } else { "," };
        format!("CREATE TABLE t (a TEXT, b{columns}{comma} {}) {options}", constraints.join(" "))
    })
}

fn index() -> impl Strategy<Value = String> {
    let key = (select(KEYS), select(&["", " ASC", " DESC"][..])).prop_map(|(key, order)| format!("{key}{order}"));
    (vec(key, 1..4), select(PREDICATES)).prop_map(|(keys, predicate)| {
        format!(
            "CREATE TABLE t (a TEXT, b TEXT COLLATE nocase, c, desc);\nCREATE INDEX i ON t ({}) {predicate}",
            keys.join(", ")
        )
    })
}

/// Whether SQLite accepted it.
fn understood(script: &str) -> bool {
    // Of these the catalog says another type or key than the text: what is read of such a table is what the catalog says, and its text is
    // kept beside it.
    if ["-- c\n GENERATED", "\"INTEGER\" (1)"].iter().any(|odd| script.contains(odd)) {
        return false;
    }
    let mut db = Connection::open_in_memory().expect("a database in memory opens");
    if db.execute_batch(script).is_err() {
        return false;
    }
    let schema = assert_recreates(&mut db);
    assert!(schema.opaque.is_empty(), "not understood:\n{script}");
    true
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn whatever_table_sqlite_accepts_is_understood(script in table()) {
        prop_assume!(understood(&script));
    }

    #[test]
    fn whatever_index_sqlite_accepts_is_understood(script in index()) {
        prop_assume!(understood(&script));
    }
}
