//! What stands in tables and definitions and not in the catalog: numbers of sequences, defaults that it cannot print, and
//! MariaDB's systems of coordinates.

use std::collections::HashSet;

use migrate_plan::schema::{QualifiedName, Sequence};

use super::Reader;
use super::server::texts;
use super::table::Kinds;
use crate::driver::{DriverError, Row};
use crate::sql::identifier;

impl Reader<'_> {
    pub(super) async fn sequences(&mut self, kinds: &Kinds) -> Result<(), DriverError> {
        let queries: Vec<String> = kinds.sequences.iter().map(|(name, ..)| self.numbers_of(name)).collect();
        let rows = self.stored(&queries).await?;
        rows.iter().for_each(|row| self.sequence(kinds, row));
        let read: HashSet<String> = rows.iter().filter_map(|row| row.text(1).map(str::to_owned)).collect();
        for (name, ..) in kinds.sequences.iter().filter(|(name, ..)| !read.contains(name)) {
            self.opaque("sequence", name, None);
        }
        Ok(())
    }

    pub(super) async fn stored_values(&mut self, kinds: &Kinds) -> Result<(), DriverError> {
        if !self.server.is_mariadb() {
            return Ok(());
        }
        let mut queries = self.unprintable_defaults();
        if kinds.has_geometry {
            queries.push(self.systems_of_coordinates());
        }
        for row in self.stored(&queries).await? {
            match row.text(0) {
                Some("default") => self.default_value(&row),
                _ => self.srid(&row),
            }
        }
        Ok(())
    }

    /// The answers to all of them; none where one of them cannot be had: its table is gone meanwhile, or may not be read.
    async fn stored(&mut self, queries: &[String]) -> Result<Vec<Row>, DriverError> {
        if queries.is_empty() {
            return Ok(Vec::new());
        }
        match self.query(&queries.join(" UNION ALL ")).await {
            Err(error) if error.code.is_some() => Ok(Vec::new()),
            answer => answer,
        }
    }

    fn numbers_of(&self, name: &str) -> String {
        let name_text = crate::sql::literal(self.server.dialect, name);
        let columns = texts(&[
            &name_text,
            "start_value",
            "increment",
            "minimum_value",
            "maximum_value",
            "cache_size",
            "cycle_option",
        ]);
        format!("SELECT 'sequence', {columns} FROM {}", identifier(self.server.dialect, name))
    }

    fn sequence(&mut self, kinds: &Kinds, row: &Row) {
        let Some(name) = row.text(1) else { return };
        let mut sequence = Sequence { name: QualifiedName::new(name), ..Sequence::default() };
        let mut option = |name: &str, value: Option<&str>| {
            sequence.options.extend(value.map(|value| (name.to_owned(), value.to_owned())));
        };
        for (place, name) in [(2, "start"), (3, "increment"), (4, "min"), (5, "max"), (6, "cache")] {
            option(name, row.text(place));
        }
        option("cycle", row.text(7).filter(|cycle| *cycle != "0").map(|_| "yes"));
        if let Some((_, engine, comment)) = kinds.sequences.iter().find(|(other, ..)| other == name) {
            option("engine", engine.as_deref());
            sequence.comment.clone_from(comment);
        }
        self.schema.sequences.push(sequence);
    }

    /// Literals with a question mark, which is also how the catalog prints what it cannot hold.
    fn unprintable_defaults(&self) -> Vec<String> {
        let dialect = self.server.dialect;
        let text = |text: &str| crate::sql::literal(dialect, text);
        let mut queries = Vec::new();
        for table in self.tables.values() {
            for column in &table.columns {
                let is_doubtful = column
                    .default
                    .as_ref()
                    .is_some_and(|default| default.starts_with('\'') && default.contains(['?', '\u{fffd}']));
                if is_doubtful {
                    let (table, name) = (&table.name.name, &column.name);
                    let columns = texts(&[
                        &text(table),
                        &text(name),
                        &format!("hex(default(t.{}))", identifier(dialect, name)),
                        "NULL",
                        "NULL",
                        "NULL",
                        "NULL",
                    ]);
                    let table = identifier(dialect, table);
                    queries.push(format!("SELECT 'default', {columns} FROM (SELECT 1) o LEFT JOIN {table} t ON FALSE"));
                }
            }
        }
        queries
    }

    fn default_value(&mut self, row: &Row) {
        let (Some(table), Some(name), Some(digits)) = (row.text(1), row.text(2), row.text(3)) else { return };
        let Some(table) = self.tables.get_mut(table) else { return };
        let Some(column) = table.columns.iter_mut().find(|column| column.name == name) else { return };
        let is_binary = ["binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"]
            .iter()
            .any(|binary| column.data_type.starts_with(binary));
        let collation = column.collation.as_ref().or(table.options.get("collation"));
        let is_utf8 = collation.is_some_and(|collation| collation.starts_with("utf8mb4"));
        if is_binary {
            column.default = Some(format!("x'{digits}'"));
        } else if is_utf8 && let Some(text) = from_hex(digits) {
            column.default = Some(format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''")));
        }
    }

    fn systems_of_coordinates(&self) -> String {
        let columns = texts(&["g_table_name", "g_geometry_column", "srid", "NULL", "NULL", "NULL", "NULL"]);
        format!(
            "SELECT 'srid', {columns} FROM information_schema.geometry_columns WHERE g_table_schema = {} AND srid <> 0",
            self.server.database()
        )
    }

    fn srid(&mut self, row: &Row) {
        let (Some(table), Some(name), Some(srid)) = (row.text(1), row.text(2), row.text(3)) else { return };
        let Some(table) = self.tables.get_mut(table) else { return };
        if let Some(column) = table.columns.iter_mut().find(|column| column.name == name) {
            column.options.insert("srid".to_owned(), srid.to_owned());
        }
    }
}

fn from_hex(digits: &str) -> Option<String> {
    let byte = |place: usize| digits.get(place..place + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let bytes: Option<Vec<u8>> = (0..digits.len()).step_by(2).map(byte).collect();
    String::from_utf8(bytes?).ok()
}
