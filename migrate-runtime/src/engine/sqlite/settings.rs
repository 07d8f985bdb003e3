//! What a run sets on its connection to SQLite, and sets back at its end.

use super::Orphans;
use super::{DIALECT, Run};
use crate::error::Error;

/// How much of the journal's file stays between two transactions, in bytes: what is kept is the file, not its room.
const JOURNAL_SIZE: u32 = 64 * 1024;

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
    /// zeros; other connections go on as they did.
    ///
    /// Not on Windows, where another connection cannot delete a file that is open here.
    pub(super) async fn keep_journal(&mut self, revisions: usize) -> Option<KeptJournal> {
        if revisions < 2 || cfg!(windows) || self.journal_mode().await? != "delete" {
            return None;
        }
        let size_limit = self.text_of("PRAGMA main.journal_size_limit").await.ok()?;
        let kept = format!("PRAGMA main.journal_size_limit = {JOURNAL_SIZE};\nPRAGMA main.journal_mode = PERSIST");
        self.execute(&kept).await.ok().map(|()| KeptJournal { size_limit })
    }

    /// Lets the file of the journal go. A revision may have chosen another mode, also for all other connections.
    pub(super) async fn release_journal(&mut self, kept: Option<KeptJournal>) {
        let Some(KeptJournal { size_limit }) = kept else { return };
        let deleted = match self.journal_mode().await.as_deref() {
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

    pub(in super::super) async fn foreign_keys(&mut self) -> Result<bool, Error> {
        Ok(self.text_of("PRAGMA foreign_keys").await? == "1")
    }

    pub(in super::super) async fn set_foreign_keys(&mut self, value: &str) -> Result<(), Error> {
        self.execute(&format!("PRAGMA foreign_keys = {value}")).await
    }
}
