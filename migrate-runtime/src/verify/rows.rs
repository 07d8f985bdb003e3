//! The rows that are there, and what became of them.

use std::collections::{BTreeMap, HashMap};

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
        let up = up.to_lowercase();
        if ["delete", "truncate", "replace"].iter().any(|word| up.contains(word)) {
            return Vec::new();
        }
        let fewer = |(name, rows): (&QualifiedName, &TableRows)| {
            let left = after.0.get(name)?.rows.len();
            let is_named = up.contains(&name.name.to_lowercase());
            let is_gone = left < rows.rows.len() && !is_named;
            is_gone.then(|| format!("`{name}`: {} before, {left} after", counted(rows.rows.len())))
        };
        self.0.iter().filter_map(fewer).collect()
    }

    /// What a `down` made of columns that the `up` had left alone.
    pub(super) fn lost(&self, after_up: &Self, after_down: &Self) -> Vec<String> {
        let mut lost = Vec::new();
        for (name, before) in &self.0 {
            let (Some(up), Some(down)) = (after_up.0.get(name), after_down.0.get(name)) else { continue };
            let untouched: Vec<&String> = before
                .columns
                .iter()
                .filter(|column| before.sorted(&[column]).is_some_and(|values| up.sorted(&[column]) == Some(values)))
                .collect();
            if untouched.is_empty() || before.sorted(&untouched) == down.sorted(&untouched) {
                continue;
            }
            if before.rows.len() != down.rows.len() {
                let (had, has) = (counted(before.rows.len()), down.rows.len());
                lost.push(format!("`{name}`: {had} before, {has} after"));
                continue;
            }
            let other = |column: &&&String| before.sorted(&[**column]) != down.sorted(&[**column]);
            let columns: Vec<&str> = untouched.iter().filter(other).map(|column| column.as_str()).collect();
            lost.push(match columns.is_empty() {
                true => format!("`{name}`: values stand in other rows"),
                false => format!("`{name}`: other values in `{}`", columns.join("`, `")),
            });
        }
        lost
    }
}

impl TableRows {
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
