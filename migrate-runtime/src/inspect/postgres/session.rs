//! The transaction in which the catalog is read, and the settings on which its printers depend.

use migrate_plan::Dialect;

use crate::driver::{DriverError, LiveConnection};
use crate::sql::identifier;

const SAVEPOINT: &str = "migrate_inspection";

/// What the session was like before.
#[derive(Clone, Debug)]
pub(super) struct Session {
    /// The version as a number: 150018.
    pub(super) version: u32,
    /// The schema in which unqualified names are found.
    pub(super) default_schema: Option<String>,
    /// That, as the server's printers write it.
    pub(super) printed_schema: Option<String>,
    pub(super) is_in_transaction: bool,
}

impl Session {
    pub(super) async fn look(db: &mut dyn LiveConnection) -> Result<Self, DriverError> {
        // A statement alone starts its transaction itself, and both clocks are one. Here a temporary table may be called `text`.
        let query = "SELECT pg_catalog.current_setting('server_version_num'), pg_catalog.current_schema()::pg_catalog.text, \
                     pg_catalog.quote_ident(pg_catalog.current_schema()::pg_catalog.text), \
                     (pg_catalog.now() OPERATOR(pg_catalog.<>) pg_catalog.statement_timestamp())::pg_catalog.text";
        let rows = db.query(query).await?;
        let text = |column| rows.first().and_then(|row| row.text(column));
        Ok(Self {
            version: text(0).and_then(|version| version.parse().ok()).unwrap_or_default(),
            default_schema: text(1).map(str::to_owned),
            printed_schema: text(2).map(str::to_owned),
            is_in_transaction: text(3) == Some("true"),
        })
    }

    /// The statement that begins the transaction.
    pub(super) fn beginning(&self) -> String {
        if self.is_in_transaction {
            format!("SAVEPOINT {SAVEPOINT}")
        } else {
            "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY".to_owned()
        }
    }

    /// The statements that set what the printers look at.
    pub(super) fn settings(&self) -> String {
        // With the system's names first and temporary ones last nobody's objects stand before those of the catalog.
        let schema = self.default_schema.as_ref().map(|schema| identifier(Dialect::Postgres, schema));
        let path = schema.map(|schema| format!("{schema}, ")).unwrap_or_default();
        // The queries have their joins in a good order, and looking for a better one takes longer than running them.
        // Compiling pays for itself on none of these queries.
        let jit = if self.version >= 110_000 { "\nSET LOCAL jit = off;" } else { "" };
        // What is prepared is prepared so as not to be planned again.
        let generic = if self.version >= 120_000 { "\nSET LOCAL plan_cache_mode = force_generic_plan;" } else { "" };
        format!(
            "SET LOCAL search_path = {path}pg_temp;\nSET LOCAL quote_all_identifiers = off;\n\
             SET LOCAL datestyle = ISO;\nSET LOCAL intervalstyle = postgres;\nSET LOCAL timezone = 'UTC';\n\
             SET LOCAL extra_float_digits = 3;\nSET LOCAL bytea_output = hex;\nSET LOCAL xmloption = content;\n\
             SET LOCAL standard_conforming_strings = on;\nSET LOCAL join_collapse_limit = 1;{jit}{generic}"
        )
    }

    /// Leaves the session as it was, and says of a failure only that of the reading, which is what went wrong.
    pub(super) async fn end(&self, db: &mut dyn LiveConnection, succeeded: bool) -> Result<(), DriverError> {
        let end = match (self.is_in_transaction, succeeded) {
            (true, _) => format!("ROLLBACK TO SAVEPOINT {SAVEPOINT};\nRELEASE SAVEPOINT {SAVEPOINT}"),
            (false, true) => "COMMIT".to_owned(),
            (false, false) => "ROLLBACK".to_owned(),
        };
        db.batch_execute(&end).await
    }
}
