//! Stopping a run from outside, at a place where nothing is half done.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Stops a run: an application that shuts down, or a user who interrupts it, says so through a clone of this.
///
/// The run ends before its next revision, or before the next statement of a revision that runs statement by statement, with
/// [`Error::Stopped`](crate::Error::Stopped); what it has done is committed, the lock is released, and the next run goes on. A
/// statement that is running is not cut off: a server's own means do that.
///
/// # Examples
///
/// ```
/// use migrate_runtime::{Error, Migrations, Stop};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let file = "-- revision: 001\n-- parents: none\n-- migrate: up\nSELECT 1;\n";
/// # let migrations = Migrations::from_files([("001.sql", file)]).unwrap();
/// let mut db = rusqlite::Connection::open_in_memory()?;
/// let stop = Stop::new();
/// stop.request();
/// # #[cfg(feature = "rusqlite")]
/// # {
/// let stopped = migrations.migrator().stop_on(&stop).run(&mut db).unwrap_err();
/// assert!(matches!(stopped.error, Error::Stopped));
/// # }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Nothing is to be stopped yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Stops the runs that have a clone of this, now and later.
    pub fn request(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether somebody has asked for it.
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
