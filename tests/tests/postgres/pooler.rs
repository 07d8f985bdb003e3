//! A pooler that hands each transaction to another session of the server.

use std::time::Duration;

use migrate_runtime::{Connection, Dialect, DriverError, LockKind, Migrations, Row};
use migrate_tests::postgres::Database;
use migrate_tests::suite::{chain, code, connect, draft, explain, set};
use tokio_postgres::Client;

use super::{HELD, column, on_postgres};

/// Two sessions that take turns between transactions, once so many messages have gone to the first.
struct Pooled {
    sessions: [Client; 2],
    steady: usize,
    sent: usize,
}

impl Pooled {
    async fn new(database: &Database, steady: usize) -> Self {
        let sessions = [connect(&database.url()).await, connect(&database.url()).await];
        Self { sessions, steady, sent: 0 }
    }

    fn next(&mut self, sql: &str) -> &mut Client {
        let turn = self.sent.saturating_sub(self.steady) % 2;
        self.sent += usize::from(sql != "BEGIN");
        &mut self.sessions[turn]
    }
}

impl Connection for Pooled {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    async fn batch_execute(&mut self, sql: &str) -> Result<(), DriverError> {
        Connection::batch_execute(self.next(sql), sql).await
    }

    async fn query(&mut self, sql: &str) -> Result<Vec<Row>, DriverError> {
        Connection::query(self.next(sql), sql).await
    }

    async fn sleep(&mut self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// Upgrades from `a` to `b` through a pooler that is steady for so many messages, and says what became of it.
async fn upgraded_through(database: &Database, steady: usize) -> String {
    let mut pooled = Pooled::new(database, steady).await;
    let outcome = match chain("a b").migrator().lock(LockKind::Advisory).run_async(&mut pooled).await {
        Ok(_) => "done".to_owned(),
        Err(error) => code(&error.error).to_owned(),
    };
    assert_eq!(column(&pooled.sessions[0], HELD).await, ["0"], "steady for {steady}: the lock has leaked");
    outcome
}

#[test]
fn a_pooler_that_switches_at_once_is_refused_and_nothing_is_written() {
    on_postgres(async |database| {
        assert_eq!(upgraded_through(&database, 0).await, "M0408");
        assert_eq!(database.psql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), Ok("0".to_owned()));
    });
}

#[test]
fn a_pooler_that_switches_later_never_gets_a_revision_recorded() {
    on_postgres(async |database| {
        chain("a")
            .migrator()
            .lock(LockKind::None)
            .run_async(&mut connect(&database.url()).await)
            .await
            .expect("an upgrade");
        // Look, an empty transaction, lock, look, proof, revision: in each of these rounds one of them goes astray, in the
        // last round the revision alone.
        for steady in [0, 1, 2, 3, 4] {
            assert_eq!(upgraded_through(&database, steady).await, "M0408", "steady for {steady}");
            assert_eq!(database.psql("SELECT id FROM migrate_history"), Ok("a".to_owned()), "steady for {steady}");
            assert_eq!(database.psql("SELECT to_regclass('t_b') IS NULL"), Ok("t".to_owned()), "steady for {steady}");
        }
    });
}

#[test]
fn with_a_lease_or_without_a_lock_a_pooler_serves() {
    for lock in [LockKind::Auto, LockKind::None] {
        on_postgres(async |database| {
            for steady in [0, 3, 4, 5, 6] {
                let mut pooled = Pooled::new(&database, steady).await;
                let outcome = revisions().migrator().lock(lock).run_async(&mut pooled).await;
                outcome.unwrap_or_else(|error| panic!("{lock:?} {steady}: {}", explain(&error.error)));
                assert_eq!(database.psql("SELECT id FROM migrate_history ORDER BY id"), Ok("a\nb\nc".to_owned()));
                let outcome = revisions().migrator().lock(lock).downgrade("base").run_async(&mut pooled).await;
                outcome.unwrap_or_else(|error| panic!("{lock:?} {steady}: {}", explain(&error.error)));
            }
        });
    }
}

/// One of them is sent statement by statement.
fn revisions() -> Migrations {
    let concurrently = "-- migrate: no-transaction\nCREATE TABLE t_b (x integer);\nCREATE INDEX CONCURRENTLY t_b_x ON t_b (x);\n\
                        INSERT INTO t_b VALUES (1);";
    set([draft("a"), draft("b").after("a").up(concurrently), draft("c").after("b")])
}
