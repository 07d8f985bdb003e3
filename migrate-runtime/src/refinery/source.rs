//! What refinery's table and our history say together: nothing to take over, taken over already, or what is to be recorded.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use migrate_plan::{Code, Diagnostic, RefineryRecord, Revision, Settings, verify_refinery};

use super::TakeOver;
use super::table::{Table, VERSION};
use crate::driver::{DriverErrorKind, LiveConnection};
use crate::engine::{self, Adoption, Look};
use crate::error::Error;

/// The pause before SQLite is asked again while somebody commits.
const BUSY_PAUSE: Duration = Duration::from_millis(20);

/// What is to be recorded, and what is worth saying of it.
type Understood = TakeOver<(Adoption, Vec<String>)>;

/// Where a database is taken over from.
#[derive(Clone, Copy)]
pub(super) struct Source<'s> {
    pub(super) table: &'s str,
    pub(super) settings: &'s Settings,
    pub(super) revisions: &'s [Revision],
}

impl Source<'_> {
    /// Looks at both. While another process commits, nobody can read SQLite: then it is waited for, up to the limit.
    pub(super) async fn understand(
        self,
        db: &mut dyn LiveConnection,
        limit: Option<Duration>,
    ) -> Result<Understood, Error> {
        let started = Instant::now();
        loop {
            let outcome = match engine::look(db, self.settings).await {
                Ok(look) => self.compare(&look, db).await,
                Err(error) => Err(error),
            };
            match outcome {
                Err(Error::Driver { driver, .. }) if driver.kind == DriverErrorKind::Busy => {
                    let waited = started.elapsed();
                    if limit.is_some_and(|limit| waited >= limit) {
                        return Err(Error::LockTimeout { waited, holder: None });
                    }
                    db.sleep(BUSY_PAUSE).await;
                }
                outcome => return outcome,
            }
        }
    }

    async fn compare(self, look: &Look, db: &mut dyn LiveConnection) -> Result<Understood, Error> {
        let table = Table::named(self.table, db.dialect())?;
        let rows = table.read(db).await?.unwrap_or_default();
        if rows.is_empty() {
            return Ok(TakeOver::Nothing);
        }
        if !look.rows.is_empty() {
            let versions: Vec<&str> = rows.iter().filter_map(|row| row.version.as_deref()).collect();
            self.refuse_what_is_not_ours(&versions, look, db).await?;
            return Ok(TakeOver::Already);
        }
        let last = rows.last().and_then(|row| row.version.clone()).unwrap_or_default();
        let verified = verify_refinery(self.table, &rows, self.revisions, db.dialect()).map_err(Error::Foreign)?;
        table.refuse_unlockable(db).await?;
        let by_id = verified.adopted.into_iter().map(|row| (row.id.clone(), row)).collect();
        let adoption = Adoption { table: table.quoted, version: VERSION, seen: (rows.len(), last), rows: by_id };
        Ok(TakeOver::Taken((adoption, verified.notes)))
    }

    /// With a history of ours, every row of refinery's must be in it, or must have been.
    async fn refuse_what_is_not_ours(
        self,
        versions: &[&str],
        look: &Look,
        db: &mut dyn LiveConnection,
    ) -> Result<(), Error> {
        let mut ours: HashSet<String> = look.rows.iter().map(|row| row.id.clone()).collect();
        if self.first_missing(versions, &ours).is_none() {
            return Ok(());
        }
        let taken = db.query(&look.tables.select_adopted()).await;
        let taken = taken.map_err(|error| Error::driver("the log cannot be read", error))?;
        // What was taken over and undone since is not missing.
        ours.extend(taken.iter().filter_map(|row| row.text(0)).map(str::to_owned));
        match self.first_missing(versions, &ours) {
            None => Ok(()),
            Some(version) if taken.is_empty() => Err(Error::Foreign(vec![managed(self.table, version)])),
            Some(version) => Err(Error::Foreign(vec![went_on(self.table, version)])),
        }
    }

    /// The first version whose revision is not among these.
    fn first_missing<'v>(self, versions: &[&'v str], ours: &HashSet<String>) -> Option<&'v str> {
        let records =
            self.revisions.iter().filter_map(|revision| Some((RefineryRecord::of(revision)?.ok()?, revision)));
        let known: HashSet<i64> =
            records.filter(|(_, revision)| ours.contains(&*revision.id)).map(|(record, _)| record.version).collect();
        let is_there = |version: &str| version.parse().is_ok_and(|version| known.contains(&version));
        versions.iter().copied().find(|version| !is_there(version))
    }
}

fn managed(table: &str, version: &str) -> Diagnostic {
    Diagnostic::new(
        Code::AlreadyManaged,
        format!("the database has a history already, and version {version} of {table} is not in it"),
        "if its SQL has run here, record it: `cargo migrate stamp <revision>`; `status` shows what is recorded",
    )
    .because("a database is taken over when nothing is recorded yet: two tools have written to this one side by side")
}

fn went_on(table: &str, version: &str) -> Diagnostic {
    Diagnostic::new(
        Code::ForeignWentOn,
        format!("refinery has applied version {version} since the database was taken over, says {table}"),
        "stop the program that still runs refinery; make a revision of its migration, `cargo migrate adopt refinery \
         --files-only`, and record it: `cargo migrate stamp <revision>`",
    )
    .because("what it changed is in the database, and every revision after it would not know")
}
