//! A connection that dies at its n-th writing message, and every n.

use std::pin::Pin;
use std::time::Duration;

use migrate_runtime::{Connection, Dialect, DriverError, DriverErrorKind, Row};
use migrate_tests::suite::{SqliteFile, connect, connect_mysql, explain, mariadb_or_skip, postgres_or_skip, runtime};

use super::{Death, picture, revisions};

/// Passes on so many writing messages, and then is gone.
struct Dying<'c, C> {
    inner: &'c mut C,
    left: usize,
    death: Death,
}

impl<C: Connection> Dying<'_, C> {
    fn gone() -> DriverError {
        DriverError::new(DriverErrorKind::ConnectionLost, "the connection is gone")
    }
}

impl<C: Connection> Connection for Dying<'_, C> {
    fn dialect(&self) -> Dialect {
        self.inner.dialect()
    }

    async fn batch_execute(&mut self, sql: &str) -> Result<(), DriverError> {
        if self.left == 0 {
            return Err(Self::gone());
        }
        self.left -= 1;
        if self.left == 0 {
            if self.death == Death::After {
                let _ = self.inner.batch_execute(sql).await;
            }
            return Err(Self::gone());
        }
        self.inner.batch_execute(sql).await
    }

    async fn query(&mut self, sql: &str) -> Result<Vec<Row>, DriverError> {
        if self.left == 0 {
            return Err(Self::gone());
        }
        self.inner.query(sql).await
    }

    async fn sleep(&mut self, duration: Duration) {
        self.inner.sleep(duration).await;
    }
}

/// Connects to one database, as often as it is asked.
type Connect<C> = dyn FnMut() -> Pin<Box<dyn Future<Output = C>>>;

const TABLES: [&str; 3] = ["t_a", "t_b", "t_c"];

/// Upgrades and downgrades, dying at the n-th message of either; gives whether that many were sent at all.
async fn survives<C: Connection>(fresh: &mut Connect<C>, death: Death, at: usize, expected: &mut Vec<String>) -> bool {
    let dialect = fresh().await.dialect();
    let revisions = revisions(dialect);
    let mut died = false;
    for (phase, target) in ["head", "a"].into_iter().enumerate() {
        let migrator = || if target == "head" { revisions.migrator() } else { revisions.migrator().downgrade(target) };
        {
            let mut connection = fresh().await;
            let mut dying = Dying { inner: &mut connection, left: at, death };
            died |= migrator().run_async(&mut dying).await.is_err();
        }
        let mut connection = fresh().await;
        let finished = migrator().run_async(&mut connection).await;
        // A downgrade that was carried out although its answer was lost has nothing left to do, and says so.
        if let Err(error) = finished {
            panic!("{death:?} {at} {target}: {}", explain(&error.error));
        }
        let seen = picture(&mut connection, &TABLES).await;
        match expected.get(phase) {
            None => expected.push(seen),
            Some(expected) => assert_eq!(&seen, expected, "{death:?} at {at}, {target}"),
        }
    }
    died
}

/// Every message, each on a fresh database; `database` gives a way to connect to a new one.
async fn dies_everywhere<C: Connection>(mut database: impl FnMut() -> Box<Connect<C>>) -> usize {
    let mut expected = Vec::new();
    // Nobody sends that many messages: the picture of runs that nothing happened to.
    assert!(!survives(&mut *database(), Death::Before, 10_000, &mut expected).await);
    let mut deaths = 0;
    for death in [Death::Before, Death::After] {
        let mut at = 1;
        while survives(&mut *database(), death, at, &mut expected).await {
            deaths += 1;
            at += 1;
        }
    }
    deaths
}

#[test]
fn on_sqlite_a_run_that_dies_at_any_message_is_finished_by_the_next() {
    let deaths = runtime().block_on(dies_everywhere(|| {
        let file = SqliteFile::new();
        Box::new(move || {
            let connection = rusqlite::Connection::open(file.path()).expect("it opens");
            Box::pin(std::future::ready(connection))
        })
    }));
    assert!(deaths >= 20, "{deaths}");
}

#[test]
fn on_postgres_a_run_that_dies_at_any_message_is_finished_by_the_next() {
    if postgres_or_skip().is_none() {
        return;
    }
    let deaths = runtime().block_on(dies_everywhere(|| {
        let url = postgres_or_skip().expect("it was there").url();
        Box::new(move || {
            let url = url.clone();
            Box::pin(async move { connect(&url).await })
        })
    }));
    assert!(deaths >= 20, "{deaths}");
}

#[test]
fn on_mariadb_a_run_that_dies_at_any_message_is_finished_by_the_next() {
    if mariadb_or_skip().is_none() {
        return;
    }
    let deaths = runtime().block_on(dies_everywhere(|| {
        let url = mariadb_or_skip().expect("it was there").url();
        Box::new(move || {
            let url = url.clone();
            Box::pin(async move { connect_mysql(&url).await })
        })
    }));
    assert!(deaths >= 40, "{deaths}");
}
