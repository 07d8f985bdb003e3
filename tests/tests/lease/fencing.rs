//! A run whose lease was taken while it stood still: it may not write any more, at whichever message it wakes up.

use std::time::Duration;

use migrate_runtime::{Connection, Dialect, DriverError, LockKind, Migrations, Row};
use migrate_tests::suite::{code, connect, connect_mysql, draft, mariadb_or_skip, postgres_or_skip, runtime, set};

use super::column;

/// Loses its lease before its n-th writing message.
struct Robbed<C> {
    inner: C,
    theft: Theft,
    left: usize,
    /// What had happened by then.
    seen: Option<String>,
}

/// How a lease gets lost.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Theft {
    /// Another run takes it.
    Taken,
    /// Somebody deletes the row.
    Deleted,
}

impl Theft {
    fn sql(self) -> &'static str {
        match self {
            Self::Taken => "UPDATE migrate_lease SET owner = 'thief', token = token + 1",
            Self::Deleted => "DELETE FROM migrate_lease",
        }
    }

    fn leaves(self) -> &'static [&'static str] {
        if self == Self::Taken { &["thief"] } else { &[] }
    }
}

/// What the history and the tables hold; the statements that PostgreSQL takes only alone are the exception.
async fn picture<C: Connection>(db: &mut C) -> String {
    let schema = if db.dialect() == Dialect::Postgres { "current_schema()" } else { "database()" };
    let columns = format!(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = {schema} AND table_name IN \
         ('t_b', 't_c') ORDER BY 1, 2"
    );
    let mut picture = vec![format!("{:?}", db.query(&columns).await.expect("the columns"))];
    for query in [
        "SELECT id FROM migrate_history ORDER BY id",
        "SELECT coalesce(journal, 'none') FROM migrate_history ORDER BY id",
        "SELECT seq FROM migrate_log",
        "SELECT x FROM t_b ORDER BY x",
    ] {
        // The tables of the history may be created once more, which changes nothing.
        picture.push(format!("{:?}", db.query(query).await.unwrap_or_default()));
    }
    picture.join("\n")
}

impl<C: Connection> Connection for Robbed<C> {
    fn dialect(&self) -> Dialect {
        self.inner.dialect()
    }

    async fn batch_execute(&mut self, sql: &str) -> Result<(), DriverError> {
        let is_alone = self.dialect() == Dialect::Postgres && !sql.contains("BEGIN");
        let held = self.inner.query("SELECT 1 FROM migrate_lease WHERE owner <> ''").await;
        let is_held = held.is_ok_and(|rows| !rows.is_empty());
        if self.left == 0 && self.seen.is_none() && is_held && !is_alone && sql != "ROLLBACK" {
            self.inner.batch_execute(self.theft.sql()).await.expect("the lease is there");
            self.seen = Some(picture(&mut self.inner).await);
        }
        self.left = self.left.saturating_sub(usize::from(is_held));
        self.inner.batch_execute(sql).await
    }

    async fn query(&mut self, sql: &str) -> Result<Vec<Row>, DriverError> {
        self.inner.query(sql).await
    }

    async fn sleep(&mut self, duration: Duration) {
        self.inner.sleep(duration).await;
    }
}

fn revisions(dialect: Dialect) -> Migrations {
    let outside = match dialect {
        Dialect::Postgres => "CREATE INDEX CONCURRENTLY t_b_x ON t_b (x);",
        _ => "ALTER TABLE t_b ADD COLUMN y integer;",
    };
    let up = format!(
        "-- migrate: no-transaction\nCREATE TABLE t_b (x integer);\n{outside}\nINSERT INTO t_b (x) VALUES (1);"
    );
    set([draft("a"), draft("b").after("a").up(&up), draft("c").after("b").up("CREATE TABLE t_c (x integer);")])
}

/// Robs a run at each of its messages, each time on a fresh database; gives how many there were.
async fn is_fenced_everywhere<C: Connection>(theft: Theft, mut fresh: impl AsyncFnMut() -> C) -> usize {
    for at in 0.. {
        let mut robbed = Robbed { inner: fresh().await, theft, left: at, seen: None };
        let outcome = revisions(robbed.dialect()).migrator().lock(LockKind::Lease).run_async(&mut robbed).await;
        let Some(seen) = robbed.seen.take() else {
            outcome.expect("nobody robbed it");
            return at;
        };
        // The very last message gives the lease back.
        if outcome.is_ok() {
            assert_eq!(column(&mut robbed.inner, "SELECT count(*) FROM migrate_history").await, ["3"]);
            continue;
        }
        assert_eq!(code(&outcome.expect_err("it was robbed").error), "M0418", "at {at}");
        assert_eq!(picture(&mut robbed.inner).await, seen, "at {at}");
        assert_eq!(column(&mut robbed.inner, "SELECT owner FROM migrate_lease").await, theft.leaves(), "at {at}");
    }
    0
}

fn is_fenced_on_postgres(theft: Theft) {
    if postgres_or_skip().is_none() {
        return;
    }
    let fresh = async || connect(&postgres_or_skip().expect("it was there").url()).await;
    let messages = runtime().block_on(is_fenced_everywhere(theft, fresh));
    assert!(messages >= 8, "{messages}");
}

#[test]
fn a_robbed_run_on_postgres_writes_nothing_more() {
    is_fenced_on_postgres(Theft::Taken);
}

#[test]
fn a_run_on_postgres_whose_lease_was_deleted_writes_nothing_more() {
    is_fenced_on_postgres(Theft::Deleted);
}

#[test]
fn a_robbed_run_on_mariadb_writes_nothing_more() {
    if mariadb_or_skip().is_none() {
        return;
    }
    let fresh = async || connect_mysql(&mariadb_or_skip().expect("it was there").url()).await;
    let messages = runtime().block_on(is_fenced_everywhere(Theft::Taken, fresh));
    assert!(messages >= 12, "{messages}");
}
