//! A `CREATE TABLE`: columns, then constraints of the table, then its options.

use std::collections::{HashMap, HashSet};

use super::key;
use super::reader::Reader;
use crate::schema::{
    Check, Column, Deferrable, ForeignKey, IndexKey, Key, KeyPart, QualifiedName, ReferentialAction, Table,
};

/// A table that is being read.
pub(super) struct TableReader<'a> {
    pub(super) reader: Reader<'a>,
    pub(super) table: Table,
    /// The name behind the last `CONSTRAINT`, and whether nothing has taken it yet.
    pub(super) constraint: Option<(String, bool)>,
    /// Whether the primary key stands at its column.
    pub(super) key_at_column: bool,
}

/// The words that begin a constraint of a table; as names they would be quoted.
const CONSTRAINTS: [&str; 5] = ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"];

pub(super) fn read(sql: &str) -> Option<Table> {
    let mut reader = Reader::new(sql);
    reader.take(&["CREATE"])?;
    let _ = reader.take(&["TEMP"]).or_else(|| reader.take(&["TEMPORARY"]));
    reader.take(&["TABLE"])?;
    let table = Table { name: QualifiedName::new(reader.object_name()?), ..Table::default() };
    let mut reading = TableReader { reader, table, constraint: None, key_at_column: false };
    reading.body()?;
    reading.options()?;
    reading.finished()
}

impl TableReader<'_> {
    fn body(&mut self) -> Option<()> {
        self.reader.take(&["("])?;
        loop {
            self.constraint = None;
            self.column()?;
            if self.reader.take(&[")"]).is_some() {
                return Some(());
            }
            self.reader.take(&[","])?;
            if self.is_constraint() {
                break;
            }
        }
        loop {
            self.table_constraint()?;
            if self.reader.take(&[")"]).is_some() {
                return Some(());
            }
            // No comma need stand between constraints.
            if self.reader.take(&[","]).is_some() {
                self.constraint = None;
            }
        }
    }

    fn is_constraint(&self) -> bool {
        CONSTRAINTS.iter().any(|word| self.reader.is(&[word]))
    }

    fn table_constraint(&mut self) -> Option<()> {
        if self.takes_constraint_name()? {
            return Some(());
        }
        if self.reader.take(&["PRIMARY", "KEY"]).is_some() {
            let range = self.reader.parentheses()?;
            let mut items = self.reader.items(range);
            let last = items.last_mut()?;
            let counts = self.reader.ends_with(last, "AUTOINCREMENT", 0);
            last.end -= usize::from(counts);
            let parts = items.into_iter().map(|item| key::key(&self.reader, item)).collect::<Option<Vec<_>>>()?;
            if counts {
                let name = parts.first().cloned().and_then(key::column)?;
                let column = self.table.columns.iter_mut().find(|column| column.name.eq_ignore_ascii_case(&name))?;
                column.auto_increment = true;
            }
            self.table.primary_key = Some(self.key(parts)?);
        } else if self.reader.take(&["UNIQUE"]).is_some() {
            let parts = key::keys(&mut self.reader)?;
            let key = self.key(parts)?;
            self.table.uniques.push(key);
        } else if self.reader.take(&["CHECK"]).is_some() {
            self.check()?;
            self.conflict()?;
        } else {
            self.reader.take(&["FOREIGN", "KEY"])?;
            let columns = key::columns(&mut self.reader)?;
            self.reader.take(&["REFERENCES"])?;
            self.references(columns)?;
            self.deferrable()?;
        }
        Some(())
    }

    /// Takes `CONSTRAINT name`.
    pub(super) fn takes_constraint_name(&mut self) -> Option<bool> {
        let names = self.reader.take(&["CONSTRAINT"]).is_some();
        if names {
            self.constraint = Some((self.reader.name()?, true));
        }
        Some(names)
    }

    /// The name that stands right before a constraint.
    pub(super) fn constraint_name(&mut self) -> Option<String> {
        let (name, is_new) = self.constraint.as_mut()?;
        std::mem::take(is_new).then(|| name.clone())
    }

    /// A key with what follows its columns.
    pub(super) fn key(&mut self, parts: Vec<IndexKey>) -> Option<Key> {
        let name = self.constraint_name();
        let options = self.conflict()?.map(|action| ("on conflict".to_owned(), action));
        Some(Key { name, parts, options: options.into_iter().collect(), ..Key::default() })
    }

    /// Takes the expression of a check. A name counts for every check up to the next column, or the next comma between
    /// constraints: so SQLite's messages have it.
    pub(super) fn check(&mut self) -> Option<()> {
        let name = self.constraint.as_mut().map(|(name, is_new)| {
            *is_new = false;
            name.clone()
        });
        let expression = self.reader.expression()?;
        self.table.checks.push(Check { name, expression, ..Check::default() });
        Some(())
    }

    /// Takes an `ON CONFLICT`: what it says, unless that is the usual `ABORT`.
    pub(super) fn conflict(&mut self) -> Option<Option<String>> {
        if self.reader.take(&["ON", "CONFLICT"]).is_none() {
            return Some(None);
        }
        let action = self.reader.name()?.to_ascii_uppercase();
        match action.as_str() {
            "ABORT" => Some(None),
            "ROLLBACK" | "FAIL" | "IGNORE" | "REPLACE" => Some(Some(action)),
            _ => None,
        }
    }

    /// Takes what follows `REFERENCES`.
    pub(super) fn references(&mut self, columns: Vec<String>) -> Option<()> {
        let name = self.constraint_name();
        let references = QualifiedName::new(self.reader.name()?);
        let referenced_columns = if self.reader.is(&["("]) { key::columns(&mut self.reader)? } else { Vec::new() };
        let mut key = ForeignKey { name, columns, references, referenced_columns, ..ForeignKey::default() };
        loop {
            if self.reader.take(&["ON", "DELETE"]).is_some() {
                key.on_delete = self.action()?;
            } else if self.reader.take(&["ON", "UPDATE"]).is_some() {
                key.on_update = self.action()?;
            } else if self.reader.take(&["ON", "INSERT"]).is_some() {
                self.action()?;
            } else if self.reader.take(&["MATCH"]).is_some() {
                let matching = self.reader.name()?;
                key.matching = Some(matching).filter(|matching| !matching.eq_ignore_ascii_case("SIMPLE"));
            } else {
                self.table.foreign_keys.push(key);
                return Some(());
            }
        }
    }

    fn action(&mut self) -> Option<ReferentialAction> {
        const ACTIONS: [ReferentialAction; 5] = [
            ReferentialAction::NoAction,
            ReferentialAction::Restrict,
            ReferentialAction::Cascade,
            ReferentialAction::SetNull,
            ReferentialAction::SetDefault,
        ];
        ACTIONS.into_iter().find(|action| {
            let words: Vec<&str> = action.as_sql().split(' ').collect();
            self.reader.take(&words).is_some()
        })
    }

    /// Takes when a foreign key is asked, if that stands here. It is about the last one of the table.
    pub(super) fn deferrable(&mut self) -> Option<()> {
        let never = self.reader.take(&["NOT", "DEFERRABLE"]).is_some();
        if !never && self.reader.take(&["DEFERRABLE"]).is_none() {
            return Some(());
        }
        let deferred = self.reader.take(&["INITIALLY", "DEFERRED"]).is_some();
        if !deferred {
            let _ = self.reader.take(&["INITIALLY", "IMMEDIATE"]);
        }
        if let Some(key) = self.table.foreign_keys.last_mut() {
            key.deferrable = match (never, deferred) {
                (true, _) => Deferrable::No,
                (false, false) => Deferrable::InitiallyImmediate,
                (false, true) => Deferrable::InitiallyDeferred,
            };
        }
        Some(())
    }

    fn options(&mut self) -> Option<()> {
        while !self.reader.is_at_end() {
            if !self.table.options.is_empty() {
                self.reader.take(&[","])?;
            }
            let without = if self.reader.take(&["WITHOUT"]).is_some() { "without " } else { "" };
            let option = format!("{without}{}", self.reader.name()?.to_ascii_lowercase());
            self.table.options.insert(option, "yes".to_owned());
        }
        Some(())
    }

    /// Says names as the columns have them, and what follows from everything together.
    fn finished(mut self) -> Option<Table> {
        let table = &mut self.table;
        let columns: HashMap<String, &Column> =
            table.columns.iter().map(|column| (column.name.to_ascii_lowercase(), column)).collect();
        let column = |name: &str| columns.get(&name.to_ascii_lowercase()).copied();
        for part in table.primary_key.iter_mut().chain(&mut table.uniques).flat_map(|key| &mut key.parts) {
            let KeyPart::Column(name) = &mut part.part else { return None };
            let column = column(name)?;
            name.clone_from(&column.name);
            let usual = column.collation.as_deref().unwrap_or("BINARY");
            part.collation = part.collation.take().filter(|collation| !collation.eq_ignore_ascii_case(usual));
        }
        for name in table.foreign_keys.iter_mut().flat_map(|key| &mut key.columns) {
            *name = column(name)?.name.clone();
        }
        self.settle_primary_key();
        self.table.uniques.sort_by(|one, other| one.name.cmp(&other.name));
        self.table.checks.sort_by(|one, other| one.name.cmp(&other.name));
        self.table.foreign_keys.sort_by(|one, other| one.name.cmp(&other.name));
        Some(self.table)
    }

    fn settle_primary_key(&mut self) {
        let table = &mut self.table;
        let is_strict = table.options.contains_key("strict") || table.options.contains_key("without rowid");
        let is_integer = |name: &str| {
            let column = table.columns.iter().find(|column| column.name == name);
            column.is_some_and(|column| super::type_name(&column.data_type).eq_ignore_ascii_case("INTEGER"))
        };
        // What would be the row id has neither collation nor direction, and at its column `DESC` keeps a key from being it. In a
        // table without row ids its direction comes back.
        if let Some([part]) = table.primary_key.as_mut().map(|key| key.parts.as_mut_slice())
            && let KeyPart::Column(name) = &part.part
            && is_integer(name)
            && !(self.key_at_column && part.descending)
        {
            part.collation = None;
            part.descending &= table.options.contains_key("without rowid");
        }
        let alias = super::rowid_alias(table).map(str::to_owned);
        let parts = table.primary_key.iter().flat_map(|key| &key.parts).cloned().filter_map(key::column);
        let filled: HashSet<String> = if is_strict { parts.collect() } else { alias.iter().cloned().collect() };
        for column in table.columns.iter_mut().filter(|column| filled.contains(&column.name)) {
            column.nullable = false;
            if alias.as_ref() == Some(&column.name) {
                column.options.retain(|option, _| !option.starts_with("not null"));
            }
        }
    }
}
