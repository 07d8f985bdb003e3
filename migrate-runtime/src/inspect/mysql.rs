//! The catalog of MySQL and MariaDB: `information_schema`, for the database of the connection alone.
//!
//! No transaction covers this catalog, so that what another session changes meanwhile may be seen in part: what hangs on a
//! table that is not there is left out. Definers are said where they are not the current user. Whoever may not see
//! an object's definition gets it as an opaque one; columns and tables without any privilege are not in the catalog at all.
//!
//! What the catalog does not say is not here: the parser of a full-text index, `USING` where the engine decides otherwise,
//! `KEY_BLOCK_SIZE` of an index, `ALGORITHM` of partitioning by key, and on MariaDB a period without a key that is unique
//! over it, which looks like its check.

mod column;
mod key;
mod partition;
mod program;
mod server;
mod stored;
mod table;

use std::collections::BTreeMap;

use migrate_plan::schema::{Opaque, Schema, Table, without_database};

use super::Scope;
use crate::driver::{DriverError, DriverErrorKind, LiveConnection, Row};
use server::{Server, texts};

/// Reads at most eleven times, whatever the number of objects.
pub(super) async fn read(db: &mut dyn LiveConnection, scope: &Scope) -> Result<Schema, DriverError> {
    let server = server(db).await?;
    let mut reader = Reader { schema: Schema::new(server.dialect), db, server, tables: BTreeMap::new() };
    reader.schema.case_sensitive_tables = reader.server.case_sensitive_tables;
    let mut kinds = reader.tables(scope).await?;
    if kinds.has_tables() {
        reader.columns(&mut kinds).await?;
        reader.indexes().await?;
        reader.constraints().await?;
    }
    if kinds.has_partitions {
        reader.partitions().await?;
    }
    if kinds.has_views() {
        reader.views(&kinds).await?;
    }
    reader.programs().await?;
    reader.stored_values(&kinds).await?;
    Ok(reader.finish())
}

/// A catalog half read.
struct Reader<'c> {
    db: &'c mut dyn LiveConnection,
    server: Server,
    schema: Schema,
    tables: BTreeMap<String, Table>,
}

impl Reader<'_> {
    async fn query(&mut self, sql: &str) -> Result<Vec<Row>, DriverError> {
        self.db.query(&self.server.in_plain_mode(sql)).await
    }

    /// SQL of the server's without the name of the database.
    fn local(&self, sql: &str) -> String {
        without_database(sql, self.server.dialect, &self.server.database).0
    }

    /// An expression of the catalog, as it can be written.
    fn expression(&self, printed: &str) -> String {
        self.local(&self.server.unescaped(printed))
    }

    fn opaque(&mut self, what: &str, name: impl Into<String>, definition: Option<String>) {
        self.schema.opaque.push(Opaque { what: what.to_owned(), name: name.into(), definition });
    }

    fn finish(self) -> Schema {
        let mut schema = self.schema;
        schema.tables = self.tables.into_values().collect();
        for table in &mut schema.tables {
            table.indexes.sort_by(|one, other| one.name.cmp(&other.name));
            table.checks.sort_by(|one, other| one.name.cmp(&other.name));
            table.foreign_keys.sort_by(|one, other| one.name.cmp(&other.name));
            table.triggers.sort_by(|one, other| one.name.cmp(&other.name));
        }
        schema.sequences.sort_by(|one, other| one.name.cmp(&other.name));
        schema.views.sort_by(|one, other| one.name.cmp(&other.name));
        schema.routines.sort_by(|one, other| (one.kind, &one.name).cmp(&(other.kind, &other.name)));
        schema.opaque.sort_by(|one, other| (&one.what, &one.name).cmp(&(&other.what, &other.name)));
        schema.dependencies.sort();
        schema.dependencies.dedup();
        schema
    }
}

async fn server(db: &mut dyn LiveConnection) -> Result<Server, DriverError> {
    let columns = texts(&["database()", "@@lower_case_table_names", "current_user()", "@@version"]);
    let rows = db.query(&format!("SELECT {columns}")).await?;
    let row = rows.first().cloned().unwrap_or_default();
    Server::new(db.dialect(), &row)
        .ok_or_else(|| DriverError::new(DriverErrorKind::MissingDatabase, "the connection is in no database"))
}
