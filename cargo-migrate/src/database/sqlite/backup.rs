//! A copy of a SQLite file by SQLite's online backup: whole, also while others read and write.

use std::path::Path;
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use crate::backup::shell_word;
use crate::database::Dumped;

/// How often a file that others are writing to is tried, with a pause between.
const ATTEMPTS: u32 = 100;
const PAUSE: Duration = Duration::from_millis(100);

pub(in super::super) fn write(path: &Path, file: &Path) -> Dumped {
    match copy(path, file) {
        Ok(StepResult::Done) => Dumped::Done,
        Ok(_) => Dumped::Failed("others keep the file locked".to_owned(), "wait until they are done"),
        Err(error) => Dumped::Failed(error.to_string(), "see that the file can be read, and that the disk is not full"),
    }
}

fn copy(path: &Path, file: &Path) -> rusqlite::Result<StepResult> {
    let source = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
        .or_else(|_| Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY))?;
    let mut copy = Connection::open(file)?;
    let backup = Backup::new(&source, &mut copy)?;
    for _ in 0..ATTEMPTS {
        // All pages in one step: a later one would have to begin anew after each write of another process.
        match backup.step(-1)? {
            StepResult::Busy | StepResult::Locked => std::thread::sleep(PAUSE),
            done => return Ok(done),
        }
    }
    Ok(StepResult::Busy)
}

/// What SQLite keeps beside the file belongs to the old one.
pub(in super::super) fn restore(path: &Path, file: &Path) -> String {
    let beside = ["-wal", "-shm", "-journal"].map(|suffix| shell_word(format!("{}{suffix}", path.display())));
    format!("rm -f {} && cp {} {}", beside.join(" "), shell_word(file), shell_word(path))
}
