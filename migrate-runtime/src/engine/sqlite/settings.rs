//! What a run sets on its connection to SQLite, and sets back at its end.

use std::time::Duration;

use migrate_plan::{Place, Statement};

use super::{DIALECT, Job, Orphans, Run};
use crate::error::Error;

/// How much of the journal's file stays between two transactions, in bytes: what is kept is the file, not its room.
const JOURNAL_SIZE: u32 = 64 * 1024;

/// How often, and with which pauses, the mode of the journal is asked for at the end of a run: half a second in all.
const ATTEMPTS: usize = 50;
const PAUSE: Duration = Duration::from_millis(10);

/// What is known of the foreign keys of the connection, which a run asks for once: nothing that it runs may change them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ForeignKeys {
    Unknown,
    /// They are off, and stay so.
    Never,
    On,
    /// They are off for revisions that drop a table, and on otherwise.
    Suspended,
}

/// A rollback journal whose file stays for the time of a run.
pub(super) struct KeptJournal {
    /// The limit of its size that the connection had.
    size_limit: String,
}

impl Run<'_, '_> {
    /// Takes the connection's own time limit away for the run: SQLite would wait in silence, and longer than the lock
    /// timeout. A handler that the application wrote itself stays.
    pub(in super::super) async fn suspend_busy_timeout(&mut self) -> Option<String> {
        if self.db.dialect() != DIALECT {
            return None;
        }
        let limit = self.text_of("PRAGMA busy_timeout").await.ok().filter(|limit| limit != "0")?;
        self.execute("PRAGMA busy_timeout = 0").await.ok().map(|()| limit)
    }

    pub(in super::super) async fn restore_busy_timeout(&mut self, limit: Option<String>) {
        if let Some(limit) = limit {
            // The pragma touches no file, so there is nothing that could fail.
            let _ = self.execute(&format!("PRAGMA busy_timeout = {limit}")).await;
        }
    }

    /// Keeps the file of the rollback journal between the transactions of so many revisions, if it is deleted after each:
    /// to make it anew takes a third of the time of a small revision. The journal is the same, and ends with a header of
    /// zeros. Others who use the database must be able to read it and to delete it.
    pub(super) async fn keep_journal(&mut self, revisions: usize) -> Option<KeptJournal> {
        if revisions < 2 || self.journal_mode().await? != "delete" {
            return None;
        }
        let path = self.text_of("SELECT file FROM pragma_database_list WHERE name = 'main'").await.ok()?;
        if !is_of_one_user(&path) {
            return None;
        }
        let size_limit = self.text_of("PRAGMA main.journal_size_limit").await.ok()?;
        let kept = format!("PRAGMA main.journal_size_limit = {JOURNAL_SIZE};\nPRAGMA main.journal_mode = PERSIST");
        self.execute(&kept).await.ok().map(|()| KeptJournal { size_limit })
    }

    /// Lets the file of the journal go. A revision may have chosen another mode, also for all other connections.
    pub(super) async fn release_journal(&mut self, kept: Option<KeptJournal>) {
        let Some(KeptJournal { size_limit }) = kept else { return };
        let mut mode = self.journal_mode().await;
        for _ in 0..ATTEMPTS {
            if mode.is_some() {
                break;
            }
            // After a rollback SQLite reads the schema again, which it cannot while another process commits.
            self.db.sleep(PAUSE).await;
            mode = self.journal_mode().await;
        }
        let deleted = match mode.as_deref() {
            Some("persist") => ";\nPRAGMA main.journal_mode = DELETE",
            _ => "",
        };
        // Where it cannot be deleted now, the next transaction of any connection deletes it.
        let _ = self.execute(&format!("PRAGMA main.journal_size_limit = {size_limit}{deleted}")).await;
    }

    async fn journal_mode(&mut self) -> Option<String> {
        self.text_of("PRAGMA main.journal_mode").await.ok()
    }

    /// Foreign keys off, where they are on: dropping a table would delete the rows that point to it, and the pragma does
    /// nothing inside a transaction. Says what is to be checked instead.
    pub(super) async fn suspend_foreign_keys(&mut self, keys: &mut ForeignKeys) -> Result<Orphans, Error> {
        if *keys == ForeignKeys::Unknown {
            *keys = if self.foreign_keys().await? { ForeignKeys::On } else { ForeignKeys::Never };
        }
        if *keys == ForeignKeys::On {
            self.set_foreign_keys("OFF").await?;
            *keys = ForeignKeys::Suspended;
        }
        Ok(if *keys == ForeignKeys::Suspended { Orphans::Refused } else { Orphans::Unchecked })
    }

    pub(super) async fn restore_foreign_keys(&mut self, keys: &mut ForeignKeys) -> Result<(), Error> {
        if *keys == ForeignKeys::Suspended {
            self.set_foreign_keys("ON").await?;
            *keys = ForeignKeys::On;
        }
        Ok(())
    }

    /// Refuses one transaction for revisions that drop tables, with foreign keys off, and revisions that change or delete
    /// rows, with foreign keys on: what cascades for these would not.
    pub(in super::super) async fn refuse_mixed_keys(&mut self, jobs: &[Job<'_>]) -> Result<(), Error> {
        if self.db.dialect() != DIALECT {
            return Ok(());
        }
        let (dropping, others): (Vec<_>, Vec<_>) = jobs.iter().partition(|job| job.drops_table(DIALECT));
        if dropping.is_empty() || !self.foreign_keys().await? {
            return Ok(());
        }
        // A row that is inserted takes others away by a trigger, or by a conflict that a table resolves so.
        let says = |word: &str| jobs.iter().any(|job| job.body().is_some_and(|body| mentions(body, word)));
        let tables = "SELECT count(*) FROM sqlite_schema WHERE type = 'trigger' OR sql LIKE '%replace%'";
        let inserts_change = says("trigger") || says("replace") || self.text_of(tables).await? != "0";
        let changing = |job: &Job<'_>| {
            let statements = job.statements(DIALECT);
            let found = statements.iter().find(|statement| changes_rows(statement, inserts_change))?;
            Some(found.sql_offset())
        };
        let Some((job, at)) = others.into_iter().find_map(|job| Some((job, changing(job)?))) else { return Ok(()) };
        let why = "this statement changes rows with foreign keys on, and another revision drops a table, with foreign keys off; \
                   SQLite switches them between transactions alone";
        let place = job.section.as_ref().map(|section| {
            let (line, column) = section.line_and_column(at);
            Place { column: Some(column), ..Place::new(job.revision.file.to_string(), line) }
        });
        Err(Error::NotOneTransaction { why, place })
    }

    pub(in super::super) async fn foreign_keys(&mut self) -> Result<bool, Error> {
        Ok(self.text_of("PRAGMA foreign_keys").await? == "1")
    }

    pub(in super::super) async fn set_foreign_keys(&mut self, value: &str) -> Result<(), Error> {
        self.execute(&format!("PRAGMA foreign_keys = {value}")).await
    }
}

/// Whether a statement can change or delete rows, and with them those that point to them.
fn changes_rows(statement: &Statement<'_>, inserts_change: bool) -> bool {
    match statement.keywords().first().map(String::as_str) {
        Some("UPDATE" | "DELETE" | "REPLACE") => true,
        // With a conflict that updates, or a common table expression before what changes.
        Some("INSERT" | "WITH") => {
            inserts_change || ["update", "delete", "replace"].iter().any(|word| mentions(statement.sql(), word))
        }
        _ => false,
    }
}

/// Whether a word, given in lower case, stands anywhere in a text.
fn mentions(text: &str, word: &str) -> bool {
    text.to_ascii_lowercase().contains(word)
}

/// Whether nobody but its owner can write a database, and everybody or nobody else can read it. Its journal gets the same mode,
/// but the group of the process that makes it: with any other mode somebody could use the one and not the other.
#[cfg(unix)]
fn is_of_one_user(path: &str) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).map(|file| file.permissions().mode() & 0o077);
    matches!(mode, Ok(0 | 0o044))
}

/// Elsewhere a file that is open cannot be deleted by others.
#[cfg(not(unix))]
fn is_of_one_user(_: &str) -> bool {
    false
}
