//! Whether every `down` undoes its `up`: tried out, revision by revision, in a database that is there for nothing else.

mod additive;
mod judge;
mod reach;
mod report;
mod reset;
mod rows;
mod seed;
mod trial;

use std::collections::HashSet;

use migrate_plan::schema::Schema;
use migrate_plan::{Code, Diagnostic};

use crate::driver::{Acquire, BlockingConnection, LiveConnection, identified, ready};
use crate::error::Error;
use crate::inspect::{Inspection, Memory};
use crate::migrations::Migrations;
use crate::migrator::{ACQUIRING, CONNECTING};
use crate::stop::Stop;
pub use report::{Finding, Verdict, Verified, VerifyReport};
use trial::Trial;

/// Applies each revision, undoes it and applies it again, and compares what there is before and after: the catalog, and rows
/// that are made for it.
///
/// The database must be empty, and is left with all revisions applied. It is written as if it were nothing worth: give one
/// that is there for this alone, such as SQLite's in memory.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "rusqlite")]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use migrate_runtime::{Migrations, Verification};
///
/// let migrations = Migrations::from_files([
///     ("1_a.sql", "-- revision: a\n-- parents: none\n-- migrate: up\nCREATE TABLE t (x);\n-- migrate: down\nDROP TABLE t;\n"),
///     ("2_b.sql", "-- revision: b\n-- parents: a\n-- migrate: up\nCREATE INDEX i ON t (x);\n-- migrate: down\nSELECT 1;\n"),
/// ])
/// .expect("two revisions");
/// let mut db = rusqlite::Connection::open_in_memory()?;
/// let report = Verification::new(&migrations).run(&mut db)?;
/// assert!(report.revisions[0].is_sound());
/// assert_eq!(report.revisions[1].diagnostics()[0].message, "the `down` of `b` changes nothing");
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "rusqlite"))]
/// # fn main() {}
/// ```
pub struct Verification<'m> {
    migrations: &'m Migrations,
    only: Option<HashSet<String>>,
    rows: bool,
    schemas: Option<Vec<String>>,
    stop: Stop,
    progress: Option<Progress<'m>>,
}

type Progress<'m> = Box<dyn FnMut(usize, usize, &str) + Send + 'm>;

impl std::fmt::Debug for Verification<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verification").field("only", &self.only).field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl<'m> Verification<'m> {
    /// Of every revision.
    pub fn new(migrations: &'m Migrations) -> Self {
        Self { migrations, only: None, rows: true, schemas: None, stop: Stop::default(), progress: None }
    }

    /// Of these revisions alone, by their ids. The others are applied where these need them.
    #[must_use]
    pub fn revisions<S: Into<String>>(mut self, ids: impl IntoIterator<Item = S>) -> Self {
        self.only = Some(ids.into_iter().map(Into::into).collect());
        self
    }

    /// Makes no rows: the catalog alone is compared.
    #[must_use]
    pub fn without_rows(mut self) -> Self {
        self.rows = false;
        self
    }

    /// Of the schemas of a PostgreSQL database looks at the default one and these alone.
    #[must_use]
    pub fn schemas<S: Into<String>>(mut self, schemas: impl IntoIterator<Item = S>) -> Self {
        self.schemas = Some(schemas.into_iter().map(Into::into).collect());
        self
    }

    /// Ends early when this is requested.
    #[must_use]
    pub fn stop_on(mut self, stop: &Stop) -> Self {
        self.stop = stop.clone();
        self
    }

    /// Is told, before each revision, how many are done, how many there are, and its id.
    #[must_use]
    pub fn on_progress(mut self, progress: impl FnMut(usize, usize, &str) + Send + 'm) -> Self {
        self.progress = Some(Box::new(progress));
        self
    }

    /// Runs through a blocking connection.
    ///
    /// # Errors
    ///
    /// [`Error::Withheld`] when the database is not empty, [`Error::Stopped`], [`Error::Graph`], and [`Error::Driver`] when the
    /// database refuses what is asked beside the revisions. What the revisions do wrong is no error but stands in the report.
    pub fn run<C: BlockingConnection>(self, db: &mut C) -> Result<VerifyReport, Error> {
        ready(self.run_live(db)).ok_or(Error::NotReady)?
    }

    /// Runs through an asynchronous connection, or one that it takes from a pool.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub async fn run_async<A: Acquire>(self, db: A) -> Result<VerifyReport, Error> {
        let mut db = db.acquire().await.map_err(|error| Error::driver(ACQUIRING, error))?;
        let outcome = self.run_live(&mut *db).await;
        A::release(db);
        outcome
    }

    /// Runs through any connection.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub async fn run_live(mut self, db: &mut dyn LiveConnection) -> Result<VerifyReport, Error> {
        let mut db = identified(db).await.map_err(|error| Error::driver(CONNECTING, error))?;
        let settings = self.migrations.settings().for_scratch();
        let migrations = Migrations::new(self.migrations.revisions().to_vec(), settings);
        let (graph, request) = migrations.migrator().stop_on(&self.stop).prepare()?;
        let mut inspection = Inspection::new().settings(migrations.settings());
        if let Some(schemas) = self.schemas.take() {
            inspection = inspection.schemas(schemas);
        }
        let mut memory = Memory::default();
        let schema = inspection.run_again(&mut db, &mut memory).await?;
        refuse_content(&schema)?;
        let progress = self.progress.take();
        let db: &mut dyn LiveConnection = &mut db;
        let patience = reset::spare(db).await?;
        let mut trial = Trial::new(&graph, request, inspection, memory, self.rows, db, schema);
        let outcome = trial.all(self.only.as_ref(), progress).await;
        let (memory, db) = trial.end();
        let left = memory.release(db).await.and(patience.restore(db).await);
        let report = outcome?;
        left.map_err(|error| Error::driver("the session cannot be left as it was", error))?;
        Ok(report)
    }
}

fn refuse_content(schema: &Schema) -> Result<(), Error> {
    // Extensions and the like may come with the server's own template.
    let Some(table) = schema.tables.first().map(|table| &table.name).or(schema.views.first().map(|view| &view.name))
    else {
        return Ok(());
    };
    let problem = "the database is not empty, and is not touched";
    let diagnostic = Diagnostic::new(Code::NoScratch, problem, "give a database that is there for this alone")
        .because("revisions are applied and undone in it again and again")
        .note(format!("it holds `{table}`"));
    Err(Error::Withheld(Box::new(diagnostic)))
}
