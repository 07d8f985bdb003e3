//! The catalog of MySQL and MariaDB: `information_schema`, for the database of the connection alone.
//!
//! No transaction covers this catalog, so that what another session changes meanwhile may be seen in part: what hangs on a
//! table that is not there is left out. Definers are said where they are not the current user. Whoever may not see
//! an object's definition gets it as an opaque one; columns and tables without any privilege are not in the catalog at all.
//!
//! What the catalog does not say is not here: the parser of a full-text index, `USING` where the engine decides otherwise,
//! `KEY_BLOCK_SIZE` of an index, `ALGORITHM` of partitioning by key, the character set that a literal names in a view or trigger, and on MariaDB a period without a key that is unique
//! over it, which looks like its check.

mod body;
mod column;
mod default_partition;
mod key;
mod partition;
mod program;
mod server;
mod stored;
mod table;

use std::collections::BTreeMap;

use migrate_plan::schema::{Kind, Opaque, Schema, Table, without_database};

use super::Scope;
use crate::driver::{DriverError, LiveConnection, Row};
use server::{Server, in_plain_mode};

/// Asks at most eleven times, whatever the number of objects.
pub(super) async fn read(db: &mut dyn LiveConnection, scope: &Scope) -> Result<Schema, DriverError> {
    let (server, tables) = table::server_and_tables(db).await?;
    let schema = Schema::new(server.dialect);
    let mut reader = Reader { db, server, schema, tables: BTreeMap::new(), doubtful: Vec::new() };
    reader.schema.case_sensitive_tables = reader.server.case_sensitive_tables;
    let mut kinds = reader.tables(&tables, scope);
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
    reader.bodies().await?;
    reader.sequences(&kinds).await?;
    reader.stored_values(&kinds).await?;
    Ok(reader.finish())
}

/// A catalog half read.
struct Reader<'c> {
    db: &'c mut dyn LiveConnection,
    server: Server,
    schema: Schema,
    tables: BTreeMap<String, Table>,
    /// Routines and events of which the catalog does not say enough.
    doubtful: Vec<(Kind, String)>,
}

impl Reader<'_> {
    async fn query(&mut self, sql: &str) -> Result<Vec<Row>, DriverError> {
        self.db.query(&in_plain_mode(self.server.dialect, sql)).await
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
        schema.sort();
        schema
    }
}
