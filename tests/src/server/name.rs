//! Names that nothing else of this process, or of another one beside it, has.

use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

static INSTANCES: AtomicU32 = AtomicU32::new(0);
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// A name for the home of a server.
pub(super) fn instance_name() -> String {
    let number = next(&INSTANCES);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    // The clock tells apart processes of different containers that share a folder and a pid.
    format!("i{}-{number}-{:x}", process::id(), now.subsec_nanos())
}

/// A name for a database.
pub(crate) fn database_name() -> String {
    format!("db_{}_{}", process::id(), next(&DATABASES))
}

fn next(counter: &AtomicU32) -> u32 {
    counter.fetch_add(1, Ordering::Relaxed) + 1
}
