//! Recording what another tool has applied: its table is kept from changing, looked at again, and the history is written,
//! all in one transaction.
//!
//! What the rows mean was found out before, and is not asked here. The other tool's table is read and never written.

use std::collections::HashMap;
use std::time::Duration;

use migrate_plan::{Action, Adopted, Dialect};

use super::hold::{ATTEMPTS, Hold};
use super::patience::jittered;
use super::step::Job;
use super::{Look, Run};
use crate::driver::DriverError;
use crate::error::Error;
use crate::history::Took;

const READING: &str = "the other tool's table cannot be read";
const WRITING: &str = "what the other tool has applied cannot be recorded";

/// What another tool has applied, as its table said.
#[derive(Clone, Debug)]
pub(crate) struct Adoption {
    /// Its table, quoted.
    pub(crate) table: String,
    /// Its column that grows with each row.
    pub(crate) version: &'static str,
    /// How many rows there were, and the last of them.
    pub(crate) seen: (usize, String),
    /// What they mean, by revision.
    pub(crate) rows: HashMap<String, Adopted>,
}

impl Adoption {
    /// What the table says now, for comparison; on MySQL and MariaDB nobody can write it until the transaction ends.
    fn query(&self, dialect: Dialect) -> String {
        let lock = match dialect {
            Dialect::MySql | Dialect::MariaDb => " LOCK IN SHARE MODE",
            Dialect::Sqlite | Dialect::Postgres => "",
        };
        format!("SELECT count(*), max({}) FROM {}{lock}", self.version, self.table)
    }

    fn is_as_seen(&self, count: Option<&str>, last: Option<&str>) -> bool {
        count == Some(self.seen.0.to_string().as_str()) && last == Some(self.seen.1.as_str())
    }
}

impl Run<'_, '_> {
    /// What is recorded of the steps of an adoption.
    fn adopted_changes(&self, jobs: &[Job<'_>], look: &Look) -> Vec<String> {
        jobs.iter().map(|job| look.tables.record(&self.entry(job, Action::Adopt, Took::Milliseconds(0)))).collect()
    }

    /// Fails when the other tool has written since its table was understood; a transaction is open.
    pub(super) async fn refuse_moved_on(&mut self, adoption: &Adoption) -> Result<(), Error> {
        let rows = self.db.query(&adoption.query(self.db.dialect())).await;
        let rows = rows.map_err(|error| Error::driver(READING, error))?;
        let text = |column| rows.first().and_then(|row| row.text(column));
        if adoption.is_as_seen(text(0), text(1)) { Ok(()) } else { Err(Error::HistoryChanged) }
    }

    /// Records the steps inside SQLite's transaction, which keeps everybody else from writing.
    pub(super) async fn adopt_inside(
        &mut self,
        adoption: &Adoption,
        jobs: &[Job<'_>],
        look: &Look,
    ) -> Result<(), Error> {
        self.refuse_moved_on(adoption).await?;
        let changes = self.adopted_changes(jobs, look).join(";\n");
        self.db.batch_execute(&changes).await.map_err(|error| Error::driver(WRITING, error))
    }

    /// Records the steps in one transaction of a server, under the lock, with the other tool's table held still.
    pub(super) async fn adopt_on_server(
        &mut self,
        adoption: &Adoption,
        jobs: &[Job<'_>],
        look: &Look,
    ) -> Result<(), Error> {
        let changes = self.adopted_changes(jobs, look).join(";\n");
        let mut attempt = 1;
        loop {
            let failed = match self.try_to_adopt(adoption, &changes).await {
                Ok(()) => return Ok(()),
                Err(failed) => failed,
            };
            let rolled_back = self.db.batch_execute("ROLLBACK").await;
            let Error::Driver { doing, driver } = failed else { return Err(failed) };
            if let Some(lost) = Hold::lost(&driver) {
                return Err(lost);
            }
            if !driver.is_contention() || rolled_back.is_err() || attempt == ATTEMPTS {
                return Err(Error::Driver { doing, driver });
            }
            self.db.sleep(jittered(Duration::from_millis(20 << attempt))).await;
            attempt += 1;
        }
    }

    async fn try_to_adopt(&mut self, adoption: &Adoption, changes: &str) -> Result<(), Error> {
        let mut statements = vec!["BEGIN".to_owned()];
        statements.extend(self.hold.proofs());
        if self.db.dialect() == Dialect::Postgres {
            statements.extend(self.request.limits.sets_on_postgres());
            // Readers go on; whoever writes waits, and what was being written is seen.
            statements.push(format!("LOCK TABLE {} IN SHARE MODE", adoption.table));
        }
        let writing = |error: DriverError| Error::driver(WRITING, error);
        self.db.batch_execute(&statements.join(";\n")).await.map_err(writing)?;
        self.refuse_moved_on(adoption).await?;
        self.db.batch_execute(&format!("{changes};\nCOMMIT")).await.map_err(writing)
    }
}
