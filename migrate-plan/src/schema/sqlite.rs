//! Reads the statements that SQLite keeps in its catalog: its pragmas say no more than a part of what stands in them.
//!
//! A text that is not understood gives `None`, never half of an answer. Comments, and what SQLite accepts without effect, are
//! not kept: `ON CONFLICT` of a check, an explicit `NULL`, names of constraints that refuse nothing.

mod column;
mod key;
mod reader;
mod table;

use std::borrow::Cow;

use super::{Index, KeyPart, QualifiedName, Table, View};
use reader::Reader;
pub(super) use reader::Shape;

/// Reads a `CREATE TABLE`.
///
/// Checks of columns become checks of the table. A column that cannot hold NULL is not nullable, whatever says so: `NOT
/// NULL`, being the row id, or being a key of a table that is `STRICT` or `WITHOUT ROWID`.
///
/// # Examples
///
/// ```
/// use migrate_plan::schema::sqlite::read_table;
///
/// let table = read_table("CREATE TABLE users(id INTEGER PRIMARY KEY, age INT CHECK (age > 0)) STRICT").unwrap();
/// assert_eq!(table.checks[0].expression, "age > 0");
/// assert!(!table.columns[0].nullable);
/// ```
pub fn read_table(sql: &str) -> Option<Table> {
    table::read(sql)
}

/// Reads a `CREATE VIRTUAL TABLE`: everything behind `USING` is the option `using`.
pub fn read_virtual_table(sql: &str) -> Option<Table> {
    let mut reader = Reader::new(sql);
    reader.take(&["CREATE", "VIRTUAL", "TABLE"])?;
    let name = reader.object_name()?;
    reader.take(&["USING"])?;
    let options = [("using".to_owned(), reader.rest()?.to_owned())].into();
    Some(Table { name: QualifiedName::new(name), options, ..Table::default() })
}

/// Reads a `CREATE INDEX`.
///
/// A key that is one name is taken for a column, whether the table has it or not.
pub fn read_index(sql: &str) -> Option<Index> {
    let mut reader = Reader::new(sql);
    reader.take(&["CREATE"])?;
    let unique = reader.take(&["UNIQUE"]).is_some();
    reader.take(&["INDEX"])?;
    let name = reader.object_name()?;
    reader.take(&["ON"])?;
    reader.name()?;
    let keys = key::keys(&mut reader)?;
    let predicate = match reader.take(&["WHERE"]) {
        Some(()) => Some(reader.rest()?.to_owned()),
        None => None,
    };
    reader.is_at_end().then(|| Index { name, unique, keys, predicate, ..Index::default() })
}

/// Reads a `CREATE VIEW`: everything behind the name is its definition.
pub fn read_view(sql: &str) -> Option<View> {
    let mut reader = Reader::new(sql);
    reader.take(&["CREATE"])?;
    let _ = reader.take(&["TEMP"]).or_else(|| reader.take(&["TEMPORARY"]));
    reader.take(&["VIEW"])?;
    let name = QualifiedName::new(reader.object_name()?);
    Some(View { name, definition: reader.rest()?.to_owned(), ..View::default() })
}

/// A text from its first to its last token that is code: SQLite keeps comments at the end of a statement, which may not even
/// be closed.
pub fn trimmed(sql: &str) -> &str {
    Reader::new(sql).rest().unwrap_or_default()
}

/// The type that SQLite makes of a declared one: quotes at its beginning are taken off, with everything behind them.
pub fn type_name(declared: &str) -> Cow<'_, str> {
    match declared.starts_with(['"', '`', '[', '\'']) {
        true => Reader::new(declared).name_at(0).map_or(Cow::Borrowed(declared), Cow::Owned),
        false => Cow::Borrowed(declared),
    }
}

/// The column that is the row id: it never holds NULL.
pub(super) fn rowid_alias(table: &Table) -> Option<&str> {
    let [part] = table.primary_key.as_ref()?.parts.as_slice() else { return None };
    let KeyPart::Column(name) = &part.part else { return None };
    let is_integer = type_name(&table.column(name)?.data_type).eq_ignore_ascii_case("INTEGER");
    (is_integer && !part.descending && !table.options.contains_key("without rowid")).then_some(name)
}
