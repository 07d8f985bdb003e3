//! What there is in a database at one moment, and what certainly differs between two of them.
//!
//! Names count, and of columns the affinity, the place in the primary key and whether they are generated. What can be written
//! in several ways is left alone: the order of columns, defaults, constraints, the text of views.

use std::collections::BTreeMap;

use rusqlite::{Connection, Error};

/// What separates fields and rows.
const FIELD: char = '\u{1f}';
const ROW: char = '\u{1e}';

/// The rows of `sqlite_schema` as one text: mostly two are the same, and then nothing else of them is needed.
#[derive(PartialEq, Eq)]
pub(super) struct Catalog(String);

/// An object: its kind and its name, as SQLite compares them.
type Key<'c> = (&'c str, String);

/// What is known of it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Object<'c> {
    name: &'c str,
    table: &'c str,
    sql: &'c str,
}

impl Catalog {
    pub(super) fn read(connection: &Connection) -> Result<Self, Error> {
        let mut statement = connection.prepare_cached(
            "SELECT coalesce(group_concat(type || char(31) || name || char(31) || tbl_name || char(31) || sql, char(30)), '') \
             FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
        )?;
        statement.query_row([], |row| row.get(0)).map(Self)
    }

    fn objects(&self) -> BTreeMap<Key<'_>, Object<'_>> {
        let object = |row| {
            let mut fields = str::splitn(row, 4, FIELD);
            let (kind, name) = (fields.next()?, fields.next()?);
            let object = Object { name, table: fields.next()?, sql: fields.next()? };
            Some(((kind, name.to_ascii_lowercase()), object))
        };
        self.0.split(ROW).filter_map(object).collect()
    }

    /// What is left in `after` and what is missing there, in words.
    pub(super) fn differences(&self, after: &Self) -> Vec<String> {
        if self == after {
            return Vec::new();
        }
        let (before, after) = (self.objects(), after.objects());
        let mut found = Vec::new();
        let words = |(kind, _): &Key<'_>, object: &Object<'_>| match *kind {
            "index" | "trigger" => format!("{kind} `{}` on `{}`", object.name, object.table),
            _ => format!("{kind} `{}`", object.name),
        };
        let gone_with = |objects: &BTreeMap<Key<'_>, Object<'_>>, object: &Object<'_>| {
            let table = object.table.to_ascii_lowercase();
            object.name != object.table
                && !objects.contains_key(&("table", table.clone()))
                && !objects.contains_key(&("view", table))
        };
        for (key, object) in &after {
            if !before.contains_key(key) && !gone_with(&before, object) {
                found.push(format!("left: {}", words(key, object)));
            }
        }
        for (key, object) in &before {
            match after.get(key) {
                None if !gone_with(&after, object) => found.push(format!("missing: {}", words(key, object))),
                Some(now) if !now.table.eq_ignore_ascii_case(object.table) => {
                    found.push(format!("{} is now on `{}`", words(key, object), now.table));
                }
                Some(now) if key.0 == "table" && now.sql != object.sql => found.extend(columns_differ(object, now)),
                _ => {}
            }
        }
        found
    }
}

/// A column: its affinity, its place in the primary key, whether it is hidden or generated.
type Column = (&'static str, u32, u32);

fn columns_differ(before: &Object<'_>, after: &Object<'_>) -> Vec<String> {
    let (Ok(old), Ok(new)) = (columns(before), columns(after)) else { return Vec::new() };
    let name = |column: &str| format!("column `{column}` of `{}`", before.name);
    let mut found = Vec::new();
    for (_, (column, _)) in new.iter().filter(|(key, _)| !old.contains_key(*key)) {
        found.push(format!("left: {}", name(column)));
    }
    for (key, (column, (affinity, place, kind))) in &old {
        match new.get(key) {
            None => found.push(format!("missing: {}", name(column))),
            Some((_, now)) if now.0 != *affinity => {
                found.push(format!("{} had the affinity {affinity} and has {}", name(column), now.0));
            }
            Some((_, now)) if now.1 != *place => {
                found.push(format!("{} is not where it was in the primary key", name(column)));
            }
            Some((_, now)) if now.2 != *kind => {
                found.push(format!("{} is generated only before, or only after", name(column)));
            }
            Some(_) => {}
        }
    }
    found
}

/// The columns of a table, which its SQL alone decides.
fn columns(table: &Object<'_>) -> Result<BTreeMap<String, (String, Column)>, Error> {
    let scratch = Connection::open_in_memory()?;
    scratch.execute_batch(table.sql)?;
    let mut statement = scratch.prepare("SELECT name, type, pk, hidden FROM pragma_table_xinfo(?1)")?;
    let rows = statement.query_map([table.name], |row| {
        let (name, kind): (String, String) = (row.get(0)?, row.get(1)?);
        Ok((name.to_ascii_lowercase(), (name, (affinity(&kind), row.get(2)?, row.get(3)?))))
    })?;
    rows.collect()
}

/// By the rules of <https://www.sqlite.org/datatype3.html>.
fn affinity(kind: &str) -> &'static str {
    let kind = kind.to_ascii_uppercase();
    let has = |words: &[&str]| words.iter().any(|word| kind.contains(word));
    match () {
        () if has(&["INT"]) => "INTEGER",
        () if has(&["CHAR", "CLOB", "TEXT"]) => "TEXT",
        () if has(&["BLOB"]) || kind.is_empty() => "BLOB",
        () if has(&["REAL", "FLOA", "DOUB"]) => "REAL",
        () => "NUMERIC",
    }
}
