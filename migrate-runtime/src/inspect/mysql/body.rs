//! Bodies of routines and events as they were written.
//!
//! The catalog prints a question mark for a character of four bytes, and a backslash for two. The tables of MariaDB behind it
//! have the bodies themselves, for who may read them. What remains in doubt is opaque.

use migrate_plan::schema::Kind;

use super::Reader;
use super::server::texts;
use crate::driver::DriverError;

/// Whether the catalog may have printed another body than the one that was written.
pub(super) fn is_doubtful(body: &str) -> bool {
    body.contains(['?', '\\'])
}

impl Reader<'_> {
    pub(super) async fn bodies(&mut self) -> Result<(), DriverError> {
        if self.schema.routines.is_empty() {
            return Ok(());
        }
        for (kind, name, printed, whole) in self.written_bodies().await? {
            let is_it = |one: Kind, other: &str| {
                let is_kind = match one {
                    Kind::Event => kind == "EVENT",
                    Kind::Procedure => kind == "PROCEDURE",
                    _ => kind == "FUNCTION",
                };
                is_kind && other == name
            };
            let routine = self.schema.routines.iter_mut().find(|one| is_it(one.kind, &one.name.name));
            if let Some(routine) = routine
                && let Some(head) = routine.definition.strip_suffix(&printed)
            {
                routine.definition = format!("{head}{whole}");
                self.doubtful.retain(|(kind, name)| !is_it(*kind, name));
            }
        }
        for (kind, name) in std::mem::take(&mut self.doubtful) {
            self.schema.routines.retain(|routine| (routine.kind, &routine.name.name) != (kind, &name));
            self.opaque(kind.as_str(), name, None);
        }
        Ok(())
    }

    /// Kind, name, and the body as it is printed and as it was written; none where they may not be read.
    async fn written_bodies(&mut self) -> Result<Vec<(String, String, String, String)>, DriverError> {
        if !self.server.is_mariadb() {
            return Ok(Vec::new());
        }
        let whole = "CASE WHEN character_set_client IN ('utf8mb4', 'utf8mb3', 'utf8') THEN CONVERT(body USING utf8mb4) \
                     WHEN character_set_client = 'latin1' THEN CONVERT(CONVERT(body USING latin1) USING utf8mb4) END";
        let database = self.server.database();
        let select = |kind: &str, table: &str| {
            format!("SELECT {} FROM mysql.{table} WHERE db = {database}", texts(&[kind, "name", "body_utf8", whole]))
        };
        let query = format!("{} UNION ALL {}", select("type", "proc"), select("'EVENT'", "event"));
        let rows = match self.query(&query).await {
            Ok(rows) => rows,
            // Few users may read these tables.
            Err(error) if error.code.is_some() => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let text = |place: usize, row: &crate::driver::Row| row.text(place).map(str::to_owned);
        Ok(rows.iter().filter_map(|row| Some((text(0, row)?, text(1, row)?, text(2, row)?, text(3, row)?))).collect())
    }
}
