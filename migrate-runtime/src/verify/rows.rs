//! The rows that are there, and what became of them.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap, HashSet};

use migrate_plan::Dialect;
use migrate_plan::schema::{QualifiedName, Schema, Table};

use super::reach::Reach;
use crate::driver::LiveConnection;
use crate::error::Error;
use crate::sql::identifier;

/// How many rows of a table are looked at; one with more is not judged by its rows.
const MOST: usize = 1000;

/// How many tables one query asks for: SQLite takes no more than 500, and a planner grows slow.
const TABLES_IN_A_QUERY: usize = 100;

/// The rows of tables, as text.
#[derive(Debug, Default)]
pub(super) struct Rows(BTreeMap<QualifiedName, TableRows>);

#[derive(Debug, Default)]
struct TableRows {
    columns: Vec<String>,
    /// Each as its columns are in order.
    rows: Vec<Vec<Option<String>>>,
}

impl Rows {
    /// Reads the tables of a schema that can be reached, without those that are too large.
    pub(super) async fn read(db: &mut dyn LiveConnection, schema: &Schema, reach: &Reach) -> Result<Self, Error> {
        let dialect = db.dialect();
        let mut all = BTreeMap::new();
        let reached: Vec<&Table> = schema.tables.iter().filter(|table| reach.holds(&table.name)).collect();
        for tables in reached.chunks(TABLES_IN_A_QUERY) {
            let columns: Vec<Vec<String>> = tables.iter().copied().map(plain_columns).collect();
            let width = columns.iter().map(Vec::len).max().unwrap_or_default();
            let arms: Vec<String> = tables
                .iter()
                .zip(&columns)
                .enumerate()
                .map(|(at, (table, of))| arm(dialect, at, table, of, width))
                .collect();
            if arms.is_empty() {
                continue;
            }
            let rows = db.query(&arms.join("\nUNION ALL\n")).await;
            let rows = rows.map_err(|error| Error::driver("rows cannot be read", error))?;
            let mut of_tables: Vec<TableRows> =
                columns.into_iter().map(|columns| TableRows { columns, rows: Vec::new() }).collect();
            for mut row in rows {
                let Some(table) =
                    row.text(0).and_then(|at| at.parse().ok()).and_then(|at: usize| of_tables.get_mut(at))
                else {
                    continue;
                };
                table.rows.push(row.0.drain(1..=table.columns.len()).collect());
            }
            for (table, mut rows) in tables.iter().zip(of_tables) {
                if rows.rows.len() <= MOST {
                    rows.rows.sort();
                    all.insert(table.name.clone(), rows);
                }
            }
        }
        Ok(Self(all))
    }

    /// Tables whose rows are gone after an `up` that does not name them. One that deletes rows takes along what it means to.
    pub(super) fn taken_along(&self, after: &Self, up: &str) -> Vec<String> {
        let named = words(up);
        if ["delete", "truncate", "replace"].iter().any(|word| named.contains(*word)) {
            return Vec::new();
        }
        let fewer = |(name, rows): (&QualifiedName, &TableRows)| {
            let left = after.0.get(name)?.rows.len();
            let is_named = words(&name.name).is_subset(&named);
            let is_gone = left < rows.rows.len() && !is_named;
            is_gone.then(|| format!("`{name}`: {} before, {left} after", counted(rows.rows.len())))
        };
        self.0.iter().filter_map(fewer).collect()
    }

    /// What a `down` made of rows and columns that the `up` had left alone, and what of the others is not as it was.
    pub(super) fn lost(&self, after_up: &Self, after_down: &Self) -> Lost {
        let mut lost = Lost::default();
        for (name, before) in &self.0 {
            let (Some(up), Some(down)) = (after_up.0.get(name), after_down.0.get(name)) else { continue };
            match before.lost(up, down) {
                Some(what) => lost.wrong.push(format!("`{name}`: {what}")),
                None => lost.unjudged.extend(before.left_otherwise(down).map(|what| format!("{what} in `{name}`"))),
            }
        }
        lost
    }
}

/// What became of rows in the end.
#[derive(Debug, Default)]
pub(super) struct Lost {
    /// What the `up` had left alone, and the `down` has not.
    pub(super) wrong: Vec<String>,
    /// What the `up` had changed itself, and the `down` has not brought back.
    pub(super) unjudged: Vec<String>,
}

/// The words of a text outside comments, in lower case.
fn words(sql: &str) -> HashSet<String> {
    let mut words = HashSet::new();
    let mut rest = sql;
    while !rest.is_empty() {
        let (text, comment) = match (rest.find("--"), rest.find("/*")) {
            (Some(line), block) if block.is_none_or(|block| line < block) => (&rest[..line], rest[line..].find('\n')),
            (_, Some(block)) => (&rest[..block], rest[block..].find("*/").map(|end| end + 2)),
            _ => (rest, None),
        };
        let of_name = |c: char| c.is_alphanumeric() || c == '_';
        words.extend(text.split(|c| !of_name(c)).filter(|word| !word.is_empty()).map(str::to_lowercase));
        rest = comment.map_or("", |length| &rest[text.len() + length..]);
    }
    words
}

impl TableRows {
    /// What is not there any more of what an `up` had left alone.
    fn lost(&self, up: &Self, down: &Self) -> Option<String> {
        let is_untouched =
            |column: &&String| self.sorted(&[*column]).is_some_and(|values| up.sorted(&[*column]) == Some(values));
        let untouched: Vec<&String> = self.columns.iter().filter(is_untouched).collect();
        if !untouched.is_empty() && self.sorted(&untouched) != down.sorted(&untouched) {
            if self.rows.len() != down.rows.len() {
                return Some(format!("{} before, {} after", counted(self.rows.len()), down.rows.len()));
            }
            let other = |column: &&&String| self.sorted(&[**column]) != down.sorted(&[**column]);
            let columns: Vec<&str> = untouched.iter().filter(other).map(|column| column.as_str()).collect();
            return Some(match columns.is_empty() {
                true => "values stand in other rows".to_owned(),
                false => format!("other values in `{}`", columns.join("`, `")),
            });
        }
        // Whole rows that went through the `up` as they were.
        let is_common = |column: &&String| up.sorted(&[*column]).is_some() && down.sorted(&[*column]).is_some();
        let common: Vec<&String> = self.columns.iter().filter(is_common).collect();
        let (before, mut after_up) = (self.sorted(&common)?, up.sorted(&common)?);
        let mut after_down = down.sorted(&common)?;
        let take = |row: &Vec<&Option<String>>, from: &mut Vec<Vec<&Option<String>>>| {
            let found = from.iter().position(|other| other == row);
            found.map(|place| from.swap_remove(place)).is_some()
        };
        let (mut kept, mut gone) = (0usize, 0usize);
        for row in before.iter().filter(|_| !common.is_empty()) {
            if take(row, &mut after_up) {
                kept += 1;
                gone += usize::from(!take(row, &mut after_down));
            }
        }
        (gone > 0).then(|| format!("{gone} of {} that the `up` had left alone are gone or changed", counted(kept)))
    }

    /// What is not as it was although an `up` meant to change it.
    fn left_otherwise(&self, down: &Self) -> Option<&'static str> {
        let columns: Vec<&String> = self.columns.iter().collect();
        match self.rows.len().cmp(&down.rows.len()) {
            Ordering::Less => Some("rows that its `up` adds stay behind its `down`"),
            Ordering::Greater => Some("rows that its `up` takes away are not brought back"),
            Ordering::Equal if self.sorted(&columns) != down.sorted(&columns) => {
                Some("values that its `up` changes are not brought back")
            }
            Ordering::Equal => None,
        }
    }

    /// The rows, these columns of them alone, sorted; `None` when one is not there.
    fn sorted(&self, columns: &[&String]) -> Option<Vec<Vec<&Option<String>>>> {
        let places: HashMap<String, usize> =
            self.columns.iter().enumerate().map(|(place, column)| (column.to_lowercase(), place)).collect();
        let places: Vec<usize> =
            columns.iter().map(|column| places.get(&column.to_lowercase()).copied()).collect::<Option<_>>()?;
        let mut rows: Vec<Vec<&Option<String>>> =
            self.rows.iter().map(|row| places.iter().map(|place| &row[*place]).collect()).collect();
        rows.sort();
        Some(rows)
    }
}

fn counted(rows: usize) -> String {
    if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") }
}

/// What is kept, and not computed.
fn plain_columns(table: &Table) -> Vec<String> {
    table.columns.iter().filter(|column| column.generated.is_none()).map(|column| column.name.clone()).collect()
}

/// A table as one arm of a query that has as many columns for each.
fn arm(dialect: Dialect, at: usize, table: &Table, columns: &[String], width: usize) -> String {
    let text = |column: &String| {
        let column = identifier(dialect, column);
        match dialect {
            Dialect::Postgres => format!("{column}::text"),
            Dialect::Sqlite => format!("quote({column})"),
            Dialect::MySql | Dialect::MariaDb => format!("hex(cast({column} AS binary))"),
        }
    };
    let mut all = vec![format!("'{at}'")];
    all.extend(columns.iter().map(text));
    all.resize(width + 1, "NULL".to_owned());
    let schema = table.name.schema.iter().map(|schema| identifier(dialect, schema) + ".").collect::<String>();
    let from = format!("{schema}{}", identifier(dialect, &table.name.name));
    let select = format!("SELECT {} FROM {from} LIMIT {}", all.join(", "), MOST + 1);
    // SQLite has no parentheses around an arm, and takes a limit inside one alone.
    if dialect == Dialect::Sqlite { format!("SELECT * FROM ({select})") } else { format!("({select})") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_whole_and_stand_outside_comments() {
        let found = words("UPDATE Orders SET line_items_count = 1; -- items are safe\n/* c */ SELECT \"x y\" -- end");
        for word in ["orders", "line_items_count", "x", "y"] {
            assert!(found.contains(word), "{word}");
        }
        for word in ["items", "c", "safe", "end"] {
            assert!(!found.contains(word), "{word}");
        }
    }
}
