//! What the pragmas say of one table: less than the statement that created it, but never misread.

use std::collections::{HashMap, HashSet};

use migrate_plan::schema::sqlite::{trimmed, type_name};
use migrate_plan::schema::{
    Column, ForeignKey, Generated, IndexKey, Key, KeyPart, QualifiedName, ReferentialAction, Table,
};

use super::{Catalog, text};
use crate::driver::Row;

/// What the pragmas say of one table.
#[derive(Default)]
pub(super) struct Facts {
    columns: Vec<ColumnFacts>,
    /// By name.
    pub(super) indexes: HashMap<String, IndexFacts>,
    foreign_keys: Vec<ForeignKey>,
}

struct ColumnFacts {
    column: Column,
    /// The place in the primary key, from 1.
    key: Option<usize>,
}

/// An index with its keys.
#[derive(Default)]
pub(super) struct IndexFacts {
    /// `pk` of a primary key, `u` of a unique constraint, `c` of a statement of its own.
    origin: String,
    pub(super) keys: Vec<KeyFacts>,
}

/// A key of an index.
pub(super) struct KeyFacts {
    /// Its column; an expression has none.
    pub(super) column: Option<String>,
    descending: bool,
    pub(super) collation: String,
}

/// The facts of each table, by its name.
pub(super) fn facts(catalog: &Catalog) -> HashMap<String, Facts> {
    let mut tables: HashMap<String, Facts> = HashMap::new();
    for row in &catalog.columns {
        of_table(&mut tables, row).columns.push(column(row));
    }
    for row in &catalog.keys {
        let index = of_table(&mut tables, row).indexes.entry(text(row, 1)).or_default();
        index.origin = text(row, 2);
        index.keys.push(KeyFacts {
            column: row.text(4).map(str::to_owned),
            descending: row.text(5) == Some("1"),
            collation: text(row, 6),
        });
    }
    let mut last = None;
    for row in &catalog.foreign_keys {
        let keys = &mut of_table(&mut tables, row).foreign_keys;
        let this = Some((row.text(0), row.text(1)));
        if last != this {
            keys.push(ForeignKey {
                references: QualifiedName::new(text(row, 2)),
                on_update: action(row.text(5)),
                on_delete: action(row.text(6)),
                ..ForeignKey::default()
            });
            last = this;
        }
        if let Some(key) = keys.last_mut() {
            key.columns.push(text(row, 3));
            key.referenced_columns.extend(row.text(4).map(str::to_owned));
        }
    }
    tables
}

/// The facts of the table that a row begins with.
fn of_table<'t>(tables: &'t mut HashMap<String, Facts>, row: &Row) -> &'t mut Facts {
    let name = row.text(0).unwrap_or_default();
    if !tables.contains_key(name) {
        tables.insert(name.to_owned(), Facts::default());
    }
    tables.entry(name.to_owned()).or_default()
}

fn column(row: &Row) -> ColumnFacts {
    let generated = match row.text(6) {
        Some("2") => Some(Generated::default()),
        Some("3") => Some(Generated { stored: true, ..Generated::default() }),
        _ => None,
    };
    let column = Column {
        nullable: row.text(3) == Some("0"),
        default: row.text(4).map(|default| trimmed(default).to_owned()),
        generated,
        ..Column::new(text(row, 1), text(row, 2))
    };
    ColumnFacts { column, key: row.text(5).and_then(|place| place.parse().ok()).filter(|place| *place > 0) }
}

fn action(word: Option<&str>) -> ReferentialAction {
    match word {
        Some("RESTRICT") => ReferentialAction::Restrict,
        Some("CASCADE") => ReferentialAction::Cascade,
        Some("SET NULL") => ReferentialAction::SetNull,
        Some("SET DEFAULT") => ReferentialAction::SetDefault,
        _ => ReferentialAction::NoAction,
    }
}

impl Facts {
    /// The table as far as the pragmas know it. Expressions are empty.
    pub(super) fn table(&self) -> Table {
        let mut parts: Vec<(usize, IndexKey)> = self
            .columns
            .iter()
            .filter_map(|fact| Some((fact.key?, IndexKey::column(fact.column.name.clone()))))
            .collect();
        parts.sort_by_key(|(place, _)| *place);
        let parts: Vec<IndexKey> = parts.into_iter().map(|(_, part)| part).collect();
        let mut columns: Vec<Column> = self.columns.iter().map(|fact| fact.column.clone()).collect();
        if let [IndexKey { part: KeyPart::Column(rowid), .. }] = parts.as_slice()
            && !self.has_primary_index()
        {
            columns.iter_mut().filter(|column| column.name == *rowid).for_each(|column| column.nullable = false);
        }
        let mut uniques: Vec<Key> =
            self.indexes.values().filter(|index| index.origin == "u").map(IndexFacts::key).collect();
        uniques.sort_by_key(|key| key.parts.iter().map(ToString::to_string).collect::<Vec<_>>());
        Table {
            columns,
            primary_key: (!parts.is_empty()).then(|| Key { parts, ..Key::default() }),
            uniques,
            foreign_keys: self.foreign_keys.clone(),
            ..Table::default()
        }
    }

    /// Whether a table that was read from a statement is the one that the pragmas describe.
    pub(super) fn agree(&self, table: &Table) -> bool {
        let said = self.table();
        let columns = said.columns.len() == table.columns.len()
            && said.columns.iter().zip(&table.columns).all(|(said, read)| is_same_column(said, read));
        columns
            && primary_key(&said) == primary_key(table)
            && self.kept_keys() == self.keys_of(table)
            && foreign_keys(&said) == foreign_keys(table)
    }

    /// What keeps rows apart: of constraints that say the same SQLite keeps one index.
    fn kept_keys(&self) -> HashSet<Vec<(String, String)>> {
        let of_constraints = self.indexes.values().filter(|index| index.origin != "c");
        let key = |key: &KeyFacts| (lower(key.column.as_deref().unwrap_or_default()), lower(&key.collation));
        of_constraints.map(|index| index.keys.iter().map(key).collect()).collect()
    }

    /// The same of a table that was read. Nothing is kept for the row id.
    fn keys_of(&self, table: &Table) -> HashSet<Vec<(String, String)>> {
        let columns: HashMap<&str, &Column> =
            table.columns.iter().map(|column| (column.name.as_str(), column)).collect();
        let part = |part: &IndexKey| {
            let name = column_name(part);
            let usual = columns.get(name).and_then(|column| column.collation.as_deref());
            (lower(name), lower(part.collation.as_deref().or(usual).unwrap_or("BINARY")))
        };
        let primary_key = table.primary_key.iter().filter(|_| self.has_primary_index());
        primary_key.chain(&table.uniques).map(|key| key.parts.iter().map(part).collect()).collect()
    }

    fn has_primary_index(&self) -> bool {
        self.indexes.values().any(|index| index.origin == "pk")
    }
}

impl IndexFacts {
    fn key(&self) -> Key {
        let part = |key: &KeyFacts| IndexKey {
            descending: key.descending,
            ..IndexKey::column(key.column.clone().unwrap_or_default())
        };
        Key { parts: self.keys.iter().map(part).collect(), ..Key::default() }
    }
}

fn column_name(part: &IndexKey) -> &str {
    match &part.part {
        KeyPart::Column(name) | KeyPart::Expression(name) => name,
    }
}

fn primary_key(table: &Table) -> Option<Vec<String>> {
    table.primary_key.as_ref().map(|key| key.parts.iter().map(|part| lower(column_name(part))).collect())
}

fn is_same_column(said: &Column, read: &Column) -> bool {
    let kept = |column: &Column| column.generated.as_ref().map(|generated| generated.stored);
    said.name == read.name
        && said.data_type.eq_ignore_ascii_case(&type_name(&read.data_type))
        && said.nullable == read.nullable
        && said.default == read.default
        && kept(said) == kept(read)
}

fn foreign_keys(table: &Table) -> Vec<[String; 5]> {
    let list = |names: &[String]| lower(&names.join("\0"));
    let mut keys: Vec<[String; 5]> = table
        .foreign_keys
        .iter()
        .map(|key| {
            let references = lower(&key.references.name);
            let (update, delete) = (key.on_update.as_sql().to_owned(), key.on_delete.as_sql().to_owned());
            [list(&key.columns), references, list(&key.referenced_columns), update, delete]
        })
        .collect();
    keys.sort_unstable();
    keys
}

fn lower(name: &str) -> String {
    name.to_ascii_lowercase()
}
