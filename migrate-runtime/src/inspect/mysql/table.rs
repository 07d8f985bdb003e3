//! Tables with their options, and of what kind everything is that the catalog calls a table.

use std::collections::{BTreeMap, BTreeSet};

use migrate_plan::schema::{QualifiedName, Table};

use super::server::{Server, in_plain_mode, texts};
use super::{Reader, Scope};
use crate::driver::{DriverError, DriverErrorKind, LiveConnection, Row};

/// What is there besides tables, by name.
#[derive(Default)]
pub(super) struct Kinds {
    pub(super) views: BTreeSet<String>,
    /// Views of which columns are known.
    pub(super) working_views: BTreeSet<String>,
    /// Sequences, with engine and comment.
    pub(super) sequences: Vec<(String, Option<String>, Option<String>)>,
    pub(super) has_partitions: bool,
    has_tables: bool,
    pub(super) has_geometry: bool,
}

impl Kinds {
    pub(super) fn has_tables(&self) -> bool {
        self.has_tables || self.has_views()
    }

    pub(super) fn has_views(&self) -> bool {
        !self.views.is_empty()
    }
}

/// Asks what the server is, and for all tables.
pub(super) async fn server_and_tables(db: &mut dyn LiveConnection) -> Result<(Server, Vec<Row>), DriverError> {
    let asked = texts(&Server::ASKED);
    let columns = texts(&["table_name", "table_type", "engine", "table_collation", "create_options", "table_comment"]);
    let query = format!(
        "SELECT 'server', {asked}, NULL, NULL UNION ALL SELECT 'table', {columns} FROM information_schema.tables WHERE \
         table_schema = database()"
    );
    let rows = db.query(&in_plain_mode(db.dialect(), &query)).await?;
    let server = rows.iter().find(|row| row.text(0) == Some("server"));
    let server = server
        .and_then(|row| Server::new(db.dialect(), row))
        .ok_or_else(|| DriverError::new(DriverErrorKind::MissingDatabase, "the connection is in no database"))?;
    Ok((server, rows.into_iter().filter(|row| row.text(0) == Some("table")).collect()))
}

impl Reader<'_> {
    pub(super) fn tables(&mut self, rows: &[Row], scope: &Scope) -> Kinds {
        let mut kinds = Kinds::default();
        for row in rows {
            let Some(name) = row.text(1) else { continue };
            if scope.is_own(None, name) || scope.is_own(Some(&self.server.database), name) {
                continue;
            }
            let comment = row.text(6).filter(|comment| !comment.is_empty()).map(str::to_owned);
            let engine = row.text(3).map(str::to_owned);
            match row.text(2).unwrap_or_default() {
                // The catalog says nothing of the engine of a table that it cannot open.
                "BASE TABLE" | "SYSTEM VERSIONED" if engine.is_none() => {
                    self.opaque("table", name, None);
                }
                kind @ ("BASE TABLE" | "SYSTEM VERSIONED") => {
                    if let Some(source @ ("MRG_MyISAM" | "FEDERATED")) = engine.as_deref() {
                        self.opaque(&format!("source of the {source} table"), name, None);
                    }
                    let mut options = create_options(row.text(5).unwrap_or_default());
                    kinds.has_partitions |= options.remove("partitioned").is_some();
                    // Aria says so of itself, of some tables.
                    if options.get("transactional").is_some_and(|value| value == "1") {
                        options.remove("transactional");
                    }
                    options.extend(engine.map(|engine| ("engine".to_owned(), engine)));
                    // Always said: what a database is set to by itself must not make two schemas different.
                    options.extend(row.text(4).map(|collation| ("collation".to_owned(), collation.to_owned())));
                    if kind == "SYSTEM VERSIONED" {
                        options.insert("system versioning".to_owned(), "yes".to_owned());
                    }
                    let table = Table { name: QualifiedName::new(name), options, comment, ..Table::default() };
                    self.tables.insert(name.to_owned(), table);
                    kinds.has_tables = true;
                }
                "VIEW" => _ = kinds.views.insert(name.to_owned()),
                "SEQUENCE" => kinds.sequences.push((name.to_owned(), engine, comment)),
                // Gone with the session.
                "TEMPORARY" | "TEMPORARY SEQUENCE" => {}
                other => self.opaque(&other.to_lowercase(), name, None),
            }
        }
        kinds
    }
}

/// Options as the catalog prints them: words, most with a value, which may be quoted.
fn create_options(printed: &str) -> BTreeMap<String, String> {
    let mut options = BTreeMap::new();
    let mut name = String::new();
    for word in words(printed) {
        match word.split_once('=') {
            Some((last, value)) => {
                name.push_str(last);
                let name = std::mem::take(&mut name);
                let key = if name.starts_with('`') { name } else { name.to_lowercase() };
                options.insert(key, value.to_owned());
            }
            None if word == "partitioned" => _ = options.insert(word.to_owned(), "yes".to_owned()),
            // `DATA DIRECTORY=…` is one option.
            None => {
                name.push_str(word);
                name.push(' ');
            }
        }
    }
    options
}

/// Parts between blanks that stand in no quotes or parentheses.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut quote = None;
    let mut depth = 0usize;
    text.split(move |character: char| {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"' | '`') => quote = Some(character),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.saturating_sub(1),
            (None, ' ') => return depth == 0,
            _ => {}
        }
        false
    })
    .filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_words_with_values() {
        let options = create_options(
            "partitioned row_format=DYNAMIC DATA DIRECTORY='/a b/it''s/' `page_compressed`='1' UNION=(`a b`,`c`)",
        );
        let options: Vec<String> = options.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(
            options,
            [
                "`page_compressed`='1'",
                "data directory='/a b/it''s/'",
                "partitioned=yes",
                "row_format=DYNAMIC",
                "union=(`a b`,`c`)"
            ]
        );
    }
}
