//! The lease: where a session lock protects nothing, one runs and the others wait all the same.

mod fencing;
mod galera;
mod mariadb;
mod pgbouncer;
mod postgres;
mod stopped;

use std::time::Duration;

use migrate_runtime::{Connection, LockKind, Migrations};
use migrate_tests::suite::with_settings;

const PATIENCE: Duration = Duration::from_secs(60);

/// Puts the lease into the hands of a session, for so long from now; as SQL of one dialect.
struct Held<'h> {
    backend: &'h str,
    backend_start: &'h str,
    expires_at: &'h str,
}

impl Held<'_> {
    async fn write<C: Connection>(&self, db: &mut C) {
        let sql = format!(
            "UPDATE migrate_lease SET owner = 'holder', token = token + 1, held_by = 'ann@host', application = 'shop 1.0', \
             backend = {}, backend_start = {}, expires_at = {}",
            self.backend, self.backend_start, self.expires_at
        );
        db.batch_execute(&sql).await.expect("the lease is taken");
    }
}

/// These revisions with `lock = "lease"`.
fn leased(revisions: &Migrations) -> Migrations {
    with_settings(revisions, migrate_runtime::plan::Settings { lock: LockKind::Lease, ..Default::default() })
}

/// The first column of every row.
async fn column<C: Connection>(db: &mut C, sql: &str) -> Vec<String> {
    let rows = db.query(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    rows.into_iter().map(|row| row.text(0).unwrap_or("NULL").to_owned()).collect()
}
