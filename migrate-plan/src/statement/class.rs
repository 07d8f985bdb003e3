//! Takes a statement, says how it goes together with a transaction. Looks at its keywords, not at a database.

use crate::Dialect;
use crate::lexer::TokenKind;

use super::Statement;

/// How a statement goes together with a transaction around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StatementClass {
    /// It begins or ends a transaction, or sets how the next one behaves. Savepoints are [`Ordinary`](Self::Ordinary).
    TransactionControl,
    /// The engine refuses it in a transaction, or does nothing, or does it for good.
    OutsideTransaction,
    /// It keeps the session from every table but those that it names, and so from the history.
    LocksTables,
    /// It runs inside a transaction and outside.
    Ordinary,
}

/// Words of a statement that are looked at: more than the longest head, so that a huge `INSERT` costs nothing.
const LOOKED_AT: usize = 64;

pub(super) fn drops_table(statement: &Statement<'_>) -> bool {
    let mut code = statement.code();
    let mut next = |words: &[&str]| {
        code.next().is_some_and(|token| words.iter().any(|word| token.text.eq_ignore_ascii_case(word)))
    };
    let tables: &[&str] = if statement.dialect == Dialect::Postgres { &["TABLE"] } else { &["TABLE", "TABLES"] };
    next(&["DROP"]) && next(tables)
}

/// Heads of statements that run inside a transaction whatever follows: most of a history begins so.
const ORDINARY: [&str; 8] =
    ["CREATE TABLE ", "DROP TABLE ", "INSERT ", "UPDATE ", "DELETE ", "SELECT ", "CREATE VIEW ", "COMMENT "];

/// Heads of statements that only CONCURRENTLY takes out of a transaction.
const ORDINARY_UNLESS_CONCURRENT: [&str; 3] = ["CREATE INDEX ", "CREATE UNIQUE INDEX ", "ALTER TABLE "];

fn is_ordinary_at_a_glance(sql: &str) -> bool {
    let starts = |head: &&str| sql.get(..head.len()).is_some_and(|start| start.eq_ignore_ascii_case(head));
    ORDINARY.iter().any(starts) || (ORDINARY_UNLESS_CONCURRENT.iter().any(starts) && !mentions(sql, "CONCURRENTLY"))
}

/// Whether the word stands anywhere in the text, in any case.
fn mentions(sql: &str, word: &str) -> bool {
    memchr::memchr2_iter(b'c', b'C', sql.as_bytes())
        .any(|at| sql.get(at..at + word.len()).is_some_and(|found| found.eq_ignore_ascii_case(word)))
}

pub(super) fn class_of(statement: &Statement<'_>) -> StatementClass {
    if is_ordinary_at_a_glance(statement.sql) {
        return StatementClass::Ordinary;
    }
    let words = words(statement);
    let is_mysql = matches!(statement.dialect, Dialect::MySql | Dialect::MariaDb);
    if is_mysql && words.is(0, &["LOCK"]) && words.is(1, &["TABLE", "TABLES"]) {
        return StatementClass::LocksTables;
    }
    let (controls, outside) = match statement.dialect {
        Dialect::Sqlite => (sqlite_controls(&words), sqlite_outside(&words)),
        Dialect::Postgres => (postgres_controls(&words), postgres_outside(&words)),
        Dialect::MySql | Dialect::MariaDb => (mysql_controls(&words), false),
    };
    match (controls, outside) {
        (true, _) => StatementClass::TransactionControl,
        (false, true) => StatementClass::OutsideTransaction,
        (false, false) => StatementClass::Ordinary,
    }
}

/// The first tokens of a statement: words in upper case, quoted text as `'`.
struct Words(Vec<String>);

fn words(statement: &Statement<'_>) -> Words {
    let text = |token: crate::lexer::Token<'_>| match token.kind {
        TokenKind::Quoted | TokenKind::DollarBody => "'".to_owned(),
        _ => token.text.to_ascii_uppercase(),
    };
    Words(statement.code().take(LOOKED_AT).map(text).collect())
}

impl Words {
    fn get(&self, at: usize) -> &str {
        self.0.get(at).map_or("", String::as_str)
    }

    fn is(&self, at: usize, words: &[&str]) -> bool {
        words.contains(&self.get(at))
    }

    fn starts(&self, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(at, word)| self.get(at) == *word)
    }

    fn ends(&self, word: &str) -> bool {
        self.0.last().is_some_and(|last| last == word)
    }

    fn find(&self, words: &[&str]) -> Option<usize> {
        (0..self.0.len()).find(|&start| words.iter().enumerate().all(|(at, word)| self.get(start + at) == *word))
    }

    /// Whether this is a `ROLLBACK` that does not go back to a savepoint.
    fn rolls_back_all(&self) -> bool {
        let target = if self.is(1, &["WORK", "TRANSACTION"]) { 2 } else { 1 };
        self.starts(&["ROLLBACK"]) && self.get(target) != "TO"
    }

    /// Whether the option is there, and not switched off, in the parentheses that start at `at`.
    fn has_option(&self, at: usize, option: &str) -> bool {
        self.get(at) == "("
            && self
                .0
                .iter()
                .take_while(|word| *word != ")")
                .enumerate()
                .any(|(place, word)| word == option && !self.is(place + 1, &["FALSE", "OFF", "0"]))
    }
}

fn sqlite_controls(words: &Words) -> bool {
    words.is(0, &["BEGIN", "COMMIT", "END"]) || words.rolls_back_all()
}

fn sqlite_outside(words: &Words) -> bool {
    match words.get(0) {
        // ATTACH and DETACH are not undone by a rollback, and a database that the transaction used cannot be detached.
        "VACUUM" | "ATTACH" | "DETACH" => true,
        "PRAGMA" => {
            let name = if words.get(2) == "." { 3 } else { 1 };
            words.is(name, &["JOURNAL_MODE", "FOREIGN_KEYS", "SYNCHRONOUS"]) && words.is(name + 1, &["=", "("])
        }
        _ => false,
    }
}

fn postgres_controls(words: &Words) -> bool {
    match words.get(0) {
        "BEGIN" | "COMMIT" | "END" | "ABORT" => true,
        "START" | "SET" => words.get(1) == "TRANSACTION",
        // A prepared statement may be called `transaction`.
        "PREPARE" => words.get(1) == "TRANSACTION" && !words.is(2, &["AS", "("]),
        _ => words.rolls_back_all(),
    }
}

fn postgres_outside(words: &Words) -> bool {
    match (words.get(0), words.get(1)) {
        ("VACUUM", _) => true,
        ("CREATE" | "DROP", "DATABASE" | "TABLESPACE") | ("ALTER", "SYSTEM") | ("DISCARD", "ALL") => true,
        ("CREATE", "UNIQUE") => words.starts(&["CREATE", "UNIQUE", "INDEX", "CONCURRENTLY"]),
        ("CREATE" | "DROP", "INDEX") => words.get(2) == "CONCURRENTLY",
        ("REINDEX", _) => reindexes_outside(words),
        ("CLUSTER", second) => match second {
            "VERBOSE" => words.get(2).is_empty(),
            "(" => words.0.last().is_some_and(|last| last == ")"),
            _ => second.is_empty(),
        },
        ("ALTER", "TABLE") => words.find(&["DETACH", "PARTITION"]).is_some() && words.ends("CONCURRENTLY"),
        ("ALTER", "DATABASE") => words.find(&["SET", "TABLESPACE"]).is_some(),
        ("ALTER", "SUBSCRIPTION") => words.find(&["REFRESH", "PUBLICATION"]) == Some(3),
        // Only a subscription that creates its slot needs to stand alone; either option may say that it does not.
        ("CREATE", "SUBSCRIPTION") => words.find(&["CREATE_SLOT"]).is_none() && words.find(&["CONNECT"]).is_none(),
        _ => false,
    }
}

fn reindexes_outside(words: &Words) -> bool {
    let target = match words.get(1) {
        "(" => words.find(&[")"]).map_or(1, |close| close + 1),
        "VERBOSE" => 2,
        _ => 1,
    };
    words.is(target, &["SCHEMA", "DATABASE", "SYSTEM"])
        || words.get(target + 1) == "CONCURRENTLY"
        || words.has_option(1, "CONCURRENTLY")
}

fn mysql_controls(words: &Words) -> bool {
    match words.get(0) {
        "BEGIN" => words.get(1) != "NOT",
        "COMMIT" | "XA" => true,
        "START" => words.get(1) == "TRANSACTION",
        "SET" => words.get(1) == "TRANSACTION" || sets_autocommit(words),
        _ => words.rolls_back_all(),
    }
}

/// Whether one of the assignments is to the variable; `@autocommit` is the user's own.
fn sets_autocommit(words: &Words) -> bool {
    (1..words.0.len())
        .any(|at| words.get(at) == "AUTOCOMMIT" && words.get(at - 1) != "@" && words.is(at + 1, &["=", ":="]))
}
