//! Whether a revision only adds, and takes away just what it has added.
//!
//! Where such a revision has been applied and undone, what stood there before stands there still, whatever it was: its `up`
//! fails on what is there already by the same name, and so its `down` takes away nothing else.

use migrate_plan::schema::Schema;
use migrate_plan::{Content, Dialect, Direction, Revision};

use super::reach::runs_code;

/// What a statement creates or drops, by its names as they are written.
#[derive(Debug, PartialEq, Eq)]
enum Named<'s> {
    Table(&'s str),
    /// Where it is dropped its table may be left out.
    Index {
        table: Option<&'s str>,
        index: &'s str,
    },
    Column {
        table: &'s str,
        column: &'s str,
    },
}

impl Named<'_> {
    fn is(&self, dropped: &Self) -> bool {
        match (self, dropped) {
            (Self::Index { index, .. }, Self::Index { table: None, index: other }) => index == other,
            _ => self == dropped,
        }
    }
}

/// Whether a revision is sure to be one of these, in a database that holds this.
pub(super) fn only_adds(revision: &Revision, dialect: Dialect, schema: &Schema) -> bool {
    let statements = |direction| {
        let section = revision.section(direction, dialect)?;
        section.statements(dialect).ok().filter(|_| section.content == Content::Statements)
    };
    let (Some(up), Some(down)) = (statements(Direction::Up), statements(Direction::Down)) else { return false };
    let Some(created) = up.iter().map(|statement| created(statement.sql())).collect::<Option<Vec<Named<'_>>>>() else {
        return false;
    };
    let is_created = |sql| dropped(sql).is_some_and(|dropped| created.iter().any(|created| created.is(&dropped)));
    !runs_code(schema) && down.iter().all(|statement| is_created(statement.sql()))
}

/// What a statement creates that fails where that is there.
fn created(sql: &str) -> Option<Named<'_>> {
    let words: Vec<&str> = sql.split_whitespace().collect();
    let is = |at: usize, word: &str| words.get(at).is_some_and(|found| found.eq_ignore_ascii_case(word));
    let name_at = |at: usize| words.get(at).and_then(|word| name(word.split('(').next().unwrap_or_default()));
    // Something else may stand in a comment.
    if sql.contains("/*") {
        return None;
    }
    if is(0, "create") && is(1, "table") {
        return name_at(2).map(Named::Table);
    }
    let at = if is(1, "unique") { 2 } else { 1 };
    if is(0, "create") && is(at, "index") && is(at + 2, "on") {
        return Some(Named::Index { table: Some(name_at(at + 3)?), index: name_at(at + 1)? });
    }
    if is(0, "alter") && is(1, "table") && is(3, "add") && is(4, "column") && is_one_action(sql) {
        return Some(Named::Column { table: name_at(2)?, column: name(words.get(5)?)? });
    }
    None
}

/// What a statement drops that does nothing else.
fn dropped(sql: &str) -> Option<Named<'_>> {
    let words: Vec<&str> = sql.split_whitespace().collect();
    let lower: Vec<String> = words.iter().map(|word| word.to_ascii_lowercase()).collect();
    match lower.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["drop", "table", _] => Some(Named::Table(name(words[2])?)),
        ["drop", "index", _] => Some(Named::Index { table: None, index: name(words[2])? }),
        ["drop", "index", _, "on", _] => Some(Named::Index { table: Some(name(words[4])?), index: name(words[2])? }),
        ["alter", "table", _, "drop", "column", _] => {
            Some(Named::Column { table: name(words[2])?, column: name(words[5])? })
        }
        _ => None,
    }
}

/// A name in one word, if it is one and no keyword that stands in its place.
fn name(word: &str) -> Option<&str> {
    let is_of_names = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '"' | '`');
    let is_whole = ['"', '`'].iter().all(|quote| word.matches(*quote).count() % 2 == 0);
    let is_keyword = ["concurrently", "if", "on", "only"].iter().any(|keyword| word.eq_ignore_ascii_case(keyword));
    (!word.is_empty() && word.chars().all(is_of_names) && is_whole && !is_keyword).then_some(word)
}

/// Whether an `ALTER TABLE` does no more than one thing: commas stand in parentheses alone, and nothing hides one of either.
fn is_one_action(sql: &str) -> bool {
    let mut depth = 0_i32;
    let is_inside = |c: char| {
        depth += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        c != ',' || depth > 0
    };
    !sql.contains(',') || !sql.contains(['\'', '"', '`', '$', '-', '#']) && sql.chars().all(is_inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_additive(up: &str, down: &str) -> bool {
        let text = format!("-- revision: a\n-- parents: none\n-- migrate: up\n{up}\n-- migrate: down\n{down}\n");
        let revision = migrate_plan::parse_revision("1_a.sql", text.as_bytes()).expect("a revision");
        only_adds(&revision, Dialect::Postgres, &Schema::new(Dialect::Postgres))
    }

    #[test]
    fn what_is_taken_away_was_added() {
        for (up, down) in [
            ("CREATE TABLE t (x INTEGER);", "DROP TABLE t;"),
            ("create table t(x integer); CREATE UNIQUE INDEX i ON t (x);", "drop table t;"),
            ("CREATE INDEX i ON t(x);", "DROP INDEX i;"),
            ("CREATE INDEX i ON t (x, y);", "DROP INDEX i ON t;"),
            ("ALTER TABLE t ADD COLUMN x NUMERIC(3, 1) NOT NULL;", "ALTER TABLE t DROP COLUMN x;"),
            ("ALTER TABLE s.\"T\" ADD COLUMN x INTEGER;", "ALTER TABLE s.\"T\" DROP COLUMN x;"),
            (
                "ALTER TABLE t ADD COLUMN x TEXT DEFAULT 'a' REFERENCES u ON DELETE CASCADE;",
                "ALTER TABLE t DROP COLUMN x;",
            ),
        ] {
            assert!(is_additive(up, down), "{up} {down}");
        }
    }

    #[test]
    fn what_may_have_been_there_before_is_left() {
        for (up, down) in [
            ("CREATE TABLE IF NOT EXISTS t (x INTEGER);", "DROP TABLE t;"),
            ("CREATE TABLE t (x INTEGER);", "DROP TABLE IF EXISTS t;"),
            ("CREATE TABLE t (x INTEGER);", "DROP TABLE t CASCADE;"),
            ("CREATE TABLE t (x INTEGER);", "DROP TABLE t, u;"),
            ("CREATE TABLE t (x INTEGER);", "DROP TABLE u;"),
            ("CREATE TABLE T (x INTEGER);", "DROP TABLE t;"),
            ("CREATE TABLE t (x INTEGER);", "DROP TABLE t; DROP TABLE u;"),
            ("CREATE OR REPLACE TABLE t (x INTEGER);", "DROP TABLE t;"),
            ("CREATE TABLE \"my table\" (x INTEGER);", "DROP TABLE \"my table\";"),
            ("CREATE INDEX ON t (x);", "DROP INDEX t_x_idx;"),
            ("CREATE INDEX IF NOT EXISTS i ON t (x);", "DROP INDEX i;"),
            ("CREATE INDEX i ON t (x);", "DROP INDEX i ON u;"),
            ("ALTER TABLE t ADD COLUMN IF NOT EXISTS x TEXT;", "ALTER TABLE t DROP COLUMN x;"),
            ("ALTER TABLE t ADD COLUMN x TEXT, DROP COLUMN y;", "ALTER TABLE t DROP COLUMN x;"),
            ("ALTER TABLE t ADD COLUMN x TEXT DEFAULT '(', DROP COLUMN y;", "ALTER TABLE t DROP COLUMN x;"),
            ("ALTER TABLE t ADD COLUMN x TEXT;", "ALTER TABLE t DROP COLUMN y;"),
            ("ALTER TABLE t ADD COLUMN x TEXT;", "ALTER TABLE u DROP COLUMN x;"),
            ("CREATE TABLE t (x INTEGER); UPDATE u SET x = 1;", "DROP TABLE t;"),
            ("CREATE TABLE t (x INTEGER /*! , y INTEGER */);", "DROP TABLE t;"),
        ] {
            assert!(!is_additive(up, down), "{up} {down}");
        }
    }
}
