//! Taking a database over from refinery: its table is read and compared with the embedded revisions, and what it says is
//! recorded in our history, once.
//!
//! refinery's table is never written. What its rows mean is [`migrate_plan::verify_refinery`]'s to say, how they are recorded
//! the engine's; here is what is asked in which order, and what is refused.

mod source;
mod table;

use migrate_plan::{Applied, Plan};

use crate::driver::{Acquire, BlockingConnection, LiveConnection, identified, ready};
use crate::engine::{self, Adoption, Goal};
use crate::error::{Error, RunError};
use crate::event::Event;
use crate::migrator::{ACQUIRING, CONNECTING, Migrator, without_report};
use crate::report::RunReport;
use source::Source;

/// The table in which refinery keeps what it has applied, unless it is told otherwise.
pub const REFINERY_TABLE: &str = migrate_plan::REFINERY_TABLE;

/// How often a table that changes while it is taken over is read anew.
const ATTEMPTS: usize = 5;

/// What became of taking a database over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TakeOver<T> {
    /// There is no such table, or no row in it: the other tool has done nothing here.
    Nothing,
    /// What the table says is in the history already.
    Already,
    /// It was taken over, or would be.
    Taken(T),
}

/// A run that takes the database over from refinery first; made by [`Migrator::adopt_refinery`].
pub struct AdoptRefinery<'m> {
    migrator: Migrator<'m>,
    table: String,
}

impl std::fmt::Debug for AdoptRefinery<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AdoptRefinery").field("migrator", &self.migrator).field("table", &self.table).finish()
    }
}

impl<'m> Migrator<'m> {
    /// Takes the database over from refinery, if it was refinery's and was not taken over yet, and then goes on.
    ///
    /// `table` is refinery's own table, [`REFINERY_TABLE`] unless `set_migration_table_name` said otherwise; a name that
    /// refinery finds is found here. Each of its rows must fit the revision that its migration became: number, name and
    /// checksum. Then all of them are recorded in our history in one transaction, under our lock, while refinery's table is
    /// kept from changing. That table itself stays as it is. A database without it is upgraded as any other, and one that was
    /// taken over already is left alone, so that the call can stay in a program for good.
    ///
    /// # Examples
    ///
    /// ```
    /// use migrate_runtime::{Migrations, REFINERY_TABLE};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// // As `cargo migrate adopt refinery` writes it.
    /// let first = "-- revision: V1\n-- parents: none\n\n-- refinery: V1__a\n\n-- migrate: up\nSELECT 1;\n";
    /// let migrations = Migrations::from_files([("V1__a.sql", first)]).unwrap();
    /// let mut db = rusqlite::Connection::open_in_memory()?;
    /// db.execute_batch(
    ///     "CREATE TABLE refinery_schema_history (version INT4 PRIMARY KEY, name TEXT, applied_on TEXT, checksum TEXT);
    ///      INSERT INTO refinery_schema_history VALUES (1, 'a', '2024-05-17T09:30:00Z', '15641188318147896532');",
    /// )?;
    /// # #[cfg(feature = "rusqlite")]
    /// # {
    /// let report = migrations.migrator().adopt_refinery(REFINERY_TABLE).run(&mut db)?;
    /// assert_eq!(report.adopted, ["V1"]);
    /// assert!(report.steps.is_empty(), "nothing else is pending");
    /// let again = migrations.migrator().adopt_refinery(REFINERY_TABLE).run(&mut db)?;
    /// assert!(again.adopted.is_empty());
    /// # }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn adopt_refinery(self, table: impl Into<String>) -> AdoptRefinery<'m> {
        AdoptRefinery { migrator: self, table: table.into() }
    }
}

impl AdoptRefinery<'_> {
    /// Takes over and runs through a blocking connection.
    ///
    /// # Errors
    ///
    /// [`RunError`] with the reason. [`Error::Foreign`] says everything that does not fit, and nothing was written then.
    /// When the run after it fails, [`RunReport::adopted`] says what was taken over, which is committed.
    pub fn run<C: BlockingConnection>(self, db: &mut C) -> Result<RunReport, RunError> {
        ready(self.run_live(db)).ok_or_else(|| without_report(Error::NotReady))?
    }

    /// [`AdoptRefinery::run`] for an asynchronous connection or a pool.
    ///
    /// # Errors
    ///
    /// As [`AdoptRefinery::run`].
    pub async fn run_async<A: Acquire>(self, db: A) -> Result<RunReport, RunError> {
        let lent = db.acquire().await;
        let mut db = lent.map_err(|error| without_report(Error::driver(ACQUIRING, error)))?;
        let outcome = self.run_live(&mut *db).await;
        A::release(db);
        outcome
    }

    /// What taking over would record. Reads the database and writes nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Foreign`] when something does not fit.
    pub async fn plan_live(&mut self, db: &mut dyn LiveConnection) -> Result<TakeOver<Plan>, Error> {
        let mut db = identified(db).await.map_err(|error| Error::driver(CONNECTING, error))?;
        let (graph, request) = self.migrator.prepare()?;
        Ok(match self.source().understand(&mut db, request.lock_timeout).await? {
            TakeOver::Nothing => TakeOver::Nothing,
            TakeOver::Already => TakeOver::Already,
            TakeOver::Taken((adoption, notes)) => {
                self.tell(&adoption, &notes);
                let ids = adoption.rows.keys().map(String::as_str);
                TakeOver::Taken(Plan::adopt(&Applied::nothing(&graph), ids))
            }
        })
    }

    /// Takes over and upgrades nothing.
    ///
    /// # Errors
    ///
    /// As [`AdoptRefinery::run`].
    pub async fn take_over_live(&mut self, db: &mut dyn LiveConnection) -> Result<TakeOver<RunReport>, RunError> {
        let mut db = identified(db).await.map_err(|error| without_report(Error::driver(CONNECTING, error)))?;
        let (graph, mut request) = self.migrator.prepare().map_err(without_report)?;
        let mut attempt = 1;
        loop {
            let understood = self.source().understand(&mut db, request.lock_timeout).await;
            let (adoption, notes) = match understood.map_err(without_report)? {
                TakeOver::Nothing => return Ok(TakeOver::Nothing),
                TakeOver::Already => return Ok(TakeOver::Already),
                TakeOver::Taken(understood) => understood,
            };
            self.tell(&adoption, &notes);
            request.goal = Goal::Adopt(adoption);
            match engine::run(&request, &graph, &mut db, &mut self.migrator.listener, None).await {
                Err(RunError { error: Error::HistoryChanged, .. }) if attempt < ATTEMPTS => attempt += 1,
                Err(error) => return Err(error),
                // Another process was faster.
                Ok(report) if report.steps.is_empty() => return Ok(TakeOver::Already),
                Ok(report) => return Ok(TakeOver::Taken(report)),
            }
        }
    }

    async fn run_live(mut self, db: &mut dyn LiveConnection) -> Result<RunReport, RunError> {
        let mut db = identified(db).await.map_err(|error| without_report(Error::driver(CONNECTING, error)))?;
        // What is complete needs no look at another table.
        if let Some(report) = self.migrator.nothing_at_a_glance(&mut db).await {
            return Ok(report);
        }
        let TakeOver::Taken(taken) = self.take_over_live(&mut db).await? else {
            return self.migrator.run_live(&mut db).await;
        };
        let with_it = |report: RunReport| {
            let adopted = taken.ids().map(str::to_owned).collect();
            RunReport { adopted, heads_before: taken.heads_before.clone(), ..report }
        };
        match self.migrator.run_live(&mut db).await {
            Ok(report) => Ok(with_it(report)),
            Err(failed) => Err(RunError { report: Box::new(with_it(*failed.report)), ..failed }),
        }
    }

    fn source(&self) -> Source<'_> {
        let (settings, revisions) = (&self.migrator.settings, self.migrator.migrations.revisions());
        Source { table: &self.table, settings, revisions }
    }

    fn tell(&mut self, adoption: &Adoption, notes: &[String]) {
        self.migrator.tell(&Event::Adopting { table: &self.table, revisions: adoption.rows.len(), notes });
    }
}
