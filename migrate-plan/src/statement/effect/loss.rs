//! Whether a statement destroys data: what somebody wants to be asked about before it runs.
//!
//! Told by its words alone. Where they do not tell, as in a call of a procedure, the answer is no; a block of PostgreSQL
//! is read as far as its own words go.

use super::super::Statement;
use super::words::Words;
use crate::Dialect;

pub(in super::super) fn destroys_data(statement: &Statement<'_>) -> bool {
    let mut words = Words::new(statement);
    let dialect = statement.dialect;
    let is_mysql = matches!(dialect, Dialect::MySql | Dialect::MariaDb);
    if words.take_any(&["TRUNCATE", "DELETE"]) {
        return true;
    }
    if words.take(&["DROP"]) {
        return drops_data(&mut words);
    }
    if words.take(&["ALTER"]) {
        let _ = is_mysql && (words.take_any(&["ONLINE", "OFFLINE"]) || words.take(&["IGNORE"]));
        words.take(&["FOREIGN"]);
        return words.take(&["TABLE"]) && alters_data_away(&mut words, dialect);
    }
    if words.take(&["WITH"]) || words.is("EXPLAIN") {
        return words.mentions("DELETE");
    }
    // The body of a block is quoted, and its words are those of the statements in it.
    if words.take(&["DO"]) && dialect == Dialect::Postgres {
        let body = statement.sql().to_ascii_uppercase();
        return ["DELETE ", "TRUNCATE ", "DROP "].iter().any(|word| body.contains(word));
    }
    false
}

/// What follows `DROP`: an index or a view can be made again, rows cannot.
fn drops_data(words: &mut Words<'_>) -> bool {
    let holds_rows = ["TABLE", "TABLES", "DATABASE", "SCHEMA", "OWNED", "SEQUENCE"];
    // What is dropped with all that depends on it may be the type of a column.
    words.take_any(&holds_rows) || words.mentions("CASCADE")
}

/// The clauses of `ALTER TABLE` that let go of columns or rows.
fn alters_data_away(words: &mut Words<'_>, dialect: Dialect) -> bool {
    words.take(&["IF", "EXISTS"]);
    words.take(&["ONLY"]);
    if words.name().is_none() {
        return false;
    }
    if words.take(&["WAIT"]) {
        words.skip();
    }
    words.take_any(&["NOWAIT", "*"]);
    loop {
        if words.take(&["TRUNCATE"]) || (words.take(&["DROP"]) && drops_a_column(words, dialect)) {
            return true;
        }
        if words.is_at_end() {
            return false;
        }
        words.skip_clause();
        // What cannot be read as clauses is gone through word by word.
        if !words.take(&[","]) && !words.is_at_end() {
            words.skip();
        }
    }
}

/// What stands behind `DROP` in a clause: a column may come without its word.
fn drops_a_column(words: &Words<'_>, dialect: Dialect) -> bool {
    let others: &[&str] = match dialect {
        Dialect::Sqlite | Dialect::Postgres => &["CONSTRAINT"],
        Dialect::MySql | Dialect::MariaDb => {
            &["CONSTRAINT", "CHECK", "FOREIGN", "INDEX", "KEY", "PRIMARY", "PERIOD", "SYSTEM"]
        }
    };
    !others.iter().any(|word| words.is(word))
}
