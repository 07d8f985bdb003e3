//! Rows made for a schema: the same each time, without NULL where a value can be had, none of them equal to another.
//!
//! A table gets two rows, parents before children. Values that a check refuses are tried again with what the check itself
//! names. A table for which nothing fits stays empty, and that is said.

mod value;

use std::collections::BTreeMap;

use migrate_plan::Dialect;
use migrate_plan::schema::{Column, ForeignKey, KeyPart, QualifiedName, Schema, Table, TypeDefinition};

use crate::driver::LiveConnection;
use crate::error::Error;
use crate::sql::identifier;
use value::{Values, literals};

/// How many rows a table gets.
const ROWS: usize = 2;

/// How often other values are tried.
const ATTEMPTS: usize = 20;

/// Makes rows for the tables that `after` has and `before` has not, and values for new columns of the others. Says for which
/// tables it could not.
pub(super) async fn fill(db: &mut dyn LiveConnection, before: &Schema, after: &Schema) -> Result<Vec<String>, Error> {
    let known: BTreeMap<&QualifiedName, &Table> = before.tables.iter().map(|table| (&table.name, table)).collect();
    let seeder = Seeder { schema: after, dialect: db.dialect() };
    let mut notes = Vec::new();
    for table in parents_first(&after.tables) {
        match known.get(&table.name) {
            None => notes.extend(seeder.fill_table(db, table).await),
            Some(old) => {
                let is_new = |column: &&Column| old.column(&column.name).is_none();
                for column in table.columns.iter().filter(is_new) {
                    seeder.fill_column(db, table, column).await;
                }
            }
        }
    }
    Ok(notes)
}

/// Tables behind those that they refer to; of a circle the first in the list comes first.
fn parents_first(tables: &[Table]) -> Vec<&Table> {
    let mut left: Vec<&Table> = tables.iter().collect();
    let mut order = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let waits = |table: &Table| {
            let refers = |key: &ForeignKey| {
                key.references != table.name && left.iter().any(|other| same_name(&other.name, &key.references))
            };
            table.foreign_keys.iter().any(refers)
        };
        let ready: Vec<bool> = left.iter().map(|table| !waits(table)).collect();
        if ready.contains(&true) {
            let mut ready = ready.into_iter();
            left.retain(|table| {
                let is_ready = ready.next() == Some(true);
                if is_ready {
                    order.push(*table);
                }
                !is_ready
            });
        } else {
            order.push(left.remove(0));
        }
    }
    order
}

pub(super) fn same_name(one: &QualifiedName, other: &QualifiedName) -> bool {
    one.schema == other.schema && one.name.eq_ignore_ascii_case(&other.name)
}

struct Seeder<'s> {
    schema: &'s Schema,
    dialect: Dialect,
}

impl Seeder<'_> {
    async fn fill_table(&self, db: &mut dyn LiveConnection, table: &Table) -> Option<String> {
        if table.options.contains_key("virtual") || self.is_shadowed(table) {
            return None;
        }
        let mut words = None;
        for rows in [ROWS, 1] {
            for attempt in 0..ATTEMPTS {
                let Some(sql) = self.insert(table, rows, attempt) else { break };
                match db.batch_execute(&sql).await {
                    Ok(()) => return None,
                    Err(error) => words = words.or(Some(error.message)),
                }
            }
        }
        let words = words.unwrap_or_else(|| "a value is not known".to_owned());
        Some(format!("no rows could be made for `{}`: {words}", table.name))
    }

    /// Tables that something else fills, such as the storage of a virtual table.
    fn is_shadowed(&self, table: &Table) -> bool {
        table.columns.is_empty()
    }

    fn insert(&self, table: &Table, rows: usize, attempt: usize) -> Option<String> {
        let columns: Vec<&Column> = table.columns.iter().filter(|column| self.is_written(table, column)).collect();
        let into = self.table_name(&table.name);
        if columns.is_empty() {
            return Some(match self.dialect {
                Dialect::MySql | Dialect::MariaDb => format!("INSERT INTO {into} () VALUES ()"),
                Dialect::Sqlite | Dialect::Postgres => format!("INSERT INTO {into} DEFAULT VALUES"),
            });
        }
        let names: Vec<String> = columns.iter().map(|column| self.name(&column.name)).collect();
        let mut values = Vec::new();
        for row in 0..rows {
            let of_row: Option<Vec<String>> =
                columns.iter().map(|column| self.value(table, column, row, attempt)).collect();
            values.push(format!("({})", of_row?.join(", ")));
        }
        Some(format!("INSERT INTO {into} ({}) VALUES {}", names.join(", "), values.join(", ")))
    }

    /// Whether a value is given: not where the server makes one, and not where a default stands that need not differ.
    fn is_written(&self, table: &Table, column: &Column) -> bool {
        let is_made = column.generated.is_some() || column.auto_increment || column.identity.is_some();
        let counts = column.default.as_ref().is_some_and(|default| default.to_lowercase().contains("nextval"));
        let is_default = column.default.as_ref().is_some_and(|default| !default.eq_ignore_ascii_case("null"));
        !is_made && !counts && (!is_default || is_key(table, column) || self.refers(table, column).is_some())
    }

    /// The value of a column in a row, as SQL; `None` when its type is not known and it must have one.
    fn value(&self, table: &Table, column: &Column, row: usize, attempt: usize) -> Option<String> {
        if let Some((key, at)) = self.refers(table, column) {
            return self.referred(table, key, at, row, attempt, column);
        }
        let made = self.made(table, column, row, attempt);
        if made.is_none() && column.nullable { Some("NULL".to_owned()) } else { made }
    }

    fn made(&self, table: &Table, column: &Column, row: usize, attempt: usize) -> Option<String> {
        let (data_type, domain_checks) = self.base_type(&column.data_type);
        let name = column.name.to_lowercase();
        let place = table.columns.iter().position(|other| other.name == column.name).unwrap_or_default();
        let checks = table.checks.iter().map(|check| check.expression.as_str());
        let mentioned = checks.filter(|check| check.to_lowercase().contains(&name)).chain(domain_checks);
        let named: Vec<String> = mentioned.flat_map(literals).collect();
        // First what is far from what a revision would insert itself; then what the checks name.
        match attempt.checked_sub(2) {
            // Each column at its own pace, so that values meet in many ways.
            Some(turn) if !named.is_empty() => Some(named[(turn * (1 + place) + row) % named.len()].clone()),
            _ => {
                let small = attempt % 2 == 1;
                Values { dialect: self.dialect, schema: self.schema, small, column: (&column.name, place) }
                    .of(&data_type, row)
            }
        }
    }

    /// The type that a domain stands on, with the domain's checks.
    fn base_type<'d>(&'d self, data_type: &str) -> (String, Vec<&'d str>) {
        let found = self.schema.types.iter().find(|found| found.name.to_string() == data_type.replace('"', ""));
        match found.map(|found| &found.definition) {
            Some(TypeDefinition::Domain { base, checks, .. }) => {
                let (base, mut all) = self.base_type(base);
                all.extend(checks.iter().map(|check| check.expression.as_str()));
                (base, all)
            }
            _ => (data_type.to_owned(), Vec::new()),
        }
    }

    /// The foreign key that a column is part of, and its place in it.
    fn refers<'t>(&self, table: &'t Table, column: &Column) -> Option<(&'t ForeignKey, usize)> {
        let place = |key: &'t ForeignKey| {
            let at = key.columns.iter().position(|name| name.eq_ignore_ascii_case(&column.name))?;
            Some((key, at))
        };
        table.foreign_keys.iter().find_map(place)
    }

    /// What a row of the table referred to has, or NULL where there is none.
    fn referred(
        &self,
        table: &Table,
        key: &ForeignKey,
        at: usize,
        row: usize,
        attempt: usize,
        column: &Column,
    ) -> Option<String> {
        let parent = self.schema.tables.iter().find(|parent| same_name(&parent.name, &key.references));
        let of_parent = |parent: &Table| match key.referenced_columns.is_empty() {
            false => Some(key.referenced_columns.clone()),
            true => Some(parent.primary_key.as_ref()?.parts.iter().filter_map(part_name).collect()),
        };
        let columns: Vec<String> = parent.and_then(of_parent).unwrap_or_else(|| key.referenced_columns.clone());
        let referred = columns.get(at)?;
        if same_name(&key.references, &table.name) {
            // A row may refer to itself, where it may not refer to nothing.
            let own = parent?.columns.iter().find(|other| other.name.eq_ignore_ascii_case(referred))?;
            return if column.nullable { Some("NULL".to_owned()) } else { self.made(table, own, row, attempt) };
        }
        let order: Vec<String> = columns.iter().map(|column| self.name(column)).collect();
        Some(format!(
            "(SELECT {} FROM {} ORDER BY {} LIMIT 1 OFFSET {row})",
            self.name(referred),
            self.table_name(&key.references),
            order.join(", ")
        ))
    }

    /// A value for a column that rows have got without one. One that does not fit leaves them as they are.
    async fn fill_column(&self, db: &mut dyn LiveConnection, table: &Table, column: &Column) {
        let is_made = column.generated.is_some() || column.auto_increment || column.identity.is_some();
        if is_made || column.default.is_some() || !column.nullable {
            return;
        }
        for attempt in 0..ATTEMPTS {
            let Some(value) = self.value(table, column, 0, attempt).filter(|value| value != "NULL") else { return };
            let (into, name) = (self.table_name(&table.name), self.name(&column.name));
            let sql = format!("UPDATE {into} SET {name} = {value} WHERE {name} IS NULL");
            if db.batch_execute(&sql).await.is_ok() {
                return;
            }
        }
    }

    fn name(&self, name: &str) -> String {
        identifier(self.dialect, name)
    }

    fn table_name(&self, name: &QualifiedName) -> String {
        let schema = name.schema.iter().map(|schema| self.name(schema) + ".").collect::<String>();
        schema + &self.name(&name.name)
    }
}

fn part_name(part: &migrate_plan::schema::IndexKey) -> Option<String> {
    match &part.part {
        KeyPart::Column(name) => Some(name.clone()),
        KeyPart::Expression(_) => None,
    }
}

/// Whether rows must differ in it.
fn is_key(table: &Table, column: &Column) -> bool {
    let is = |part: &migrate_plan::schema::IndexKey| {
        part_name(part).is_some_and(|name| name.eq_ignore_ascii_case(&column.name))
    };
    table.primary_key.iter().chain(&table.uniques).any(|key| key.parts.iter().any(is))
        || table.indexes.iter().any(|index| index.unique && index.keys.iter().any(is))
}
