//! What keeps other processes away while a run changes a server's database, and how a transaction proves that it still does.

use std::time::{Duration, Instant};

use migrate_plan::Dialect;

use super::Run;
use super::lease::Lease;
use super::patience::jittered;
use super::postgres::Key;
use crate::driver::DriverError;
use crate::error::Error;

/// What a proof says when the advisory lock is not held in this session.
pub(super) const UNLOCKED: &str = "the lock is not held by this session";

/// What a proof says when the lease has passed to another run.
pub(super) const LEASE_LOST: &str = "the lease is not held by this run";

/// The lock of a run.
#[derive(Clone, Debug)]
pub(super) enum Hold {
    /// Nothing, or what needs no proof: a named lock of MariaDB goes with its connection.
    Unproven,
    /// An advisory lock of PostgreSQL.
    Advisory(Key),
    Lease(Lease),
}

impl Hold {
    /// Statements with which each transaction begins: they renew what can expire, and fail when it is not held.
    pub(super) fn proofs(&self) -> Vec<String> {
        match self {
            Self::Unproven => Vec::new(),
            Self::Advisory(key) => vec![key.proof()],
            Self::Lease(lease) => vec![lease.renew(), lease.proof()],
        }
    }

    /// The number of the lease, which goes into the history.
    pub(super) fn token(&self) -> Option<u64> {
        match self {
            Self::Lease(lease) => Some(lease.token),
            _ => None,
        }
    }

    /// What stands before a statement that is sent alone, and how many statements that is.
    ///
    /// MySQL and MariaDB run a message statement by statement, so that a proof can stand before it. PostgreSQL would make
    /// a transaction of the two: there a mark lets those who wait see that the lease is in use.
    pub(super) fn before_alone(&self, dialect: Dialect) -> (String, usize) {
        match (self, dialect) {
            (Self::Lease(lease), Dialect::Postgres) => (format!("{} ", lease.mark()), 0),
            (Self::Lease(lease), _) => (format!("{};\n", lease.proof()), 1),
            _ => (String::new(), 0),
        }
    }

    fn was_renewed(&mut self, sent: Instant) {
        if let Self::Lease(lease) = self {
            lease.renewed = sent;
        }
    }

    /// What the failure of a proof means.
    pub(super) fn lost(error: &DriverError) -> Option<Error> {
        if error.message.contains(UNLOCKED) {
            Some(Error::Pooler)
        } else if error.message.contains(LEASE_LOST) {
            Some(Error::LeaseLost)
        } else {
            None
        }
    }
}

/// How often a change of our own tables is tried when another transaction is in the way.
pub(super) const ATTEMPTS: usize = 8;

impl Run<'_, '_> {
    /// Runs statements that change our own tables in one transaction, under the lock.
    pub(super) async fn transact_own(&mut self, sql: &str, doing: &'static str) -> Result<(), Error> {
        let mut statements = self.hold.proofs();
        statements.push(sql.to_owned());
        let text = format!("BEGIN;\n{};\nCOMMIT", statements.join(";\n"));
        let mut attempt = 1;
        loop {
            let sent = Instant::now();
            let Err(error) = self.db.batch_execute(&text).await else {
                self.hold.was_renewed(sent);
                return Ok(());
            };
            let rolled_back = self.db.batch_execute("ROLLBACK").await;
            if let Some(lost) = Hold::lost(&error) {
                return Err(lost);
            }
            // Nodes of a cluster find out at COMMIT that they wrote the same rows, and one of them is told to try again.
            if !error.is_contention() || rolled_back.is_err() || attempt == ATTEMPTS {
                return Err(Error::driver(doing, error));
            }
            self.db.sleep(jittered(Duration::from_millis(20 << attempt))).await;
            attempt += 1;
        }
    }
}
