//! The lease: a row that a run takes, renews with everything it does, and gives back.
//!
//! Where a session lock protects nothing, behind a transaction pooler and in a cluster, this does: it lives in the database
//! and not in a session. Its token grows with every taking, so that a run which was stopped for longer than its lease
//! finds that it may not write any more: each transaction renews the lease first, and with that keeps its row locked.

mod table;

use std::time::{Duration, Instant};

pub(super) use self::table::Table;
use super::hold::{Hold, LEASE_LOST};
use super::patience::{Patience, jittered, running};
use super::{Look, Run};
use crate::driver::{DriverErrorKind, LiveConnection};
use crate::error::Error;
use crate::event::Event;

/// How long a lease lasts after its last renewal. Each transaction and each statement that runs alone renews it.
pub(super) const LEASE: Duration = Duration::from_secs(30);

const TAKING: &str = "the lease cannot be taken";

/// How often the table is created anew when another process creates it at the same time.
const CREATIONS: usize = 6;

/// A lease that is held.
#[derive(Clone, Debug)]
pub(super) struct Lease {
    owner: String,
    pub(super) token: u64,
    renew: String,
    proof: String,
    hold: String,
    release: String,
    /// When it was last known to be renewed.
    pub(super) renewed: Instant,
}

impl Lease {
    /// A statement that renews it.
    pub(super) fn renew(&self) -> String {
        self.renew.clone()
    }

    /// A statement that fails when it is not held.
    pub(super) fn proof(&self) -> String {
        self.proof.clone()
    }

    /// A statement that renews it, fails when another run holds it, and calls this once it is renewed. On PostgreSQL only.
    pub(super) fn hold_and_call(&self, call: &str) -> String {
        format!("{} RETURNING {call}", self.hold)
    }

    /// The comment that marks a statement that runs alone.
    pub(super) fn mark(&self) -> String {
        table::mark(&self.owner)
    }
}

impl Run<'_, '_> {
    /// Takes the lease, waiting as long as the lock timeout allows.
    pub(super) async fn take_lease(&mut self, look: &Look) -> Result<(), Error> {
        let dialect = self.db.dialect();
        let table = Table::new(&look.tables, dialect);
        let owner = format!("{}.{}", self.report.run_id, std::process::id());
        let mut patience = Patience::new(Duration::from_millis(20), Duration::from_millis(500));
        loop {
            if let Some(token) = self.try_lease(table, &owner).await? {
                self.hold = Hold::Lease(Lease {
                    token,
                    renew: table.renew(&owner, token),
                    proof: table.proof(&owner, token, LEASE_LOST),
                    hold: table.hold(&owner, token, LEASE_LOST),
                    release: table.release(&owner, token),
                    renewed: Instant::now(),
                    owner,
                });
                self.emit(&Event::Locked);
                return Ok(());
            }
            let asks = patience.speaks(self.request.lock_timeout);
            let who = if asks { holder(self.db, table, Holding::Last).await } else { None };
            self.wait(&mut patience, who).await?;
        }
    }

    /// The token, when the lease was free.
    async fn try_lease(&mut self, table: Table<'_>, owner: &str) -> Result<Option<u64>, Error> {
        let take = table.take(owner, &self.request.author);
        for attempt in 0..CREATIONS {
            let answer = match self.db.query(&take).await {
                Ok(rows) if rows.is_empty() => self.db.query(&table.taken(owner)).await,
                answer => answer,
            };
            let missing = match answer {
                Ok(rows) => match rows.first() {
                    Some(row) => return Ok(row.text(0).and_then(|token| token.parse().ok())),
                    // Nobody's row is there as long as the table is.
                    None => self.db.query(&table.any()).await.is_ok_and(|rows| rows.is_empty()),
                },
                Err(error) if error.is_contention() => false,
                Err(error) if error.kind == DriverErrorKind::UndefinedTable => true,
                Err(error) => return Err(Error::driver(TAKING, error)),
            };
            if !missing {
                return Ok(None);
            }
            // Processes that create it at once disturb one another, and then find it there.
            let created = self.db.batch_execute(&table.create()).await;
            match created {
                Err(error) if attempt + 1 == CREATIONS => {
                    return Err(Error::driver("the table of the lease cannot be created", error));
                }
                Err(_) => self.db.sleep(jittered(Duration::from_millis(20 << attempt))).await,
                Ok(()) => {}
            }
        }
        Ok(None)
    }

    /// Gives the lease back; one that cannot be given back expires.
    pub(super) async fn release_lease(&mut self) {
        if let Hold::Lease(lease) = std::mem::replace(&mut self.hold, Hold::Unproven) {
            let _ = self.db.batch_execute(&lease.release).await;
        }
    }

    /// Renews a lease that has not been renewed for long, before something that cannot prove it.
    pub(super) async fn refresh_lease(&mut self) -> Result<(), Error> {
        if matches!(&self.hold, Hold::Lease(lease) if lease.renewed.elapsed() > LEASE / 3) {
            self.transact_own("SELECT 1", TAKING).await?;
        }
        Ok(())
    }
}

/// Whose lease is told of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Holding {
    /// The last taker's, also when it has expired: that is whom a waiter waits for.
    Last,
    /// One that is in force.
    #[cfg_attr(not(feature = "cli"), allow(dead_code))]
    Now,
}

/// Who holds the lease, in words.
pub(super) async fn holder(db: &mut dyn LiveConnection, table: Table<'_>, holding: Holding) -> Option<String> {
    let rows = db.query(&table.holder(holding)).await.ok()?;
    let row = rows.first()?;
    let text = |column| row.text(column).unwrap_or("?");
    let running = row.text(5).map(|sql| format!(", running: {}", running(sql)));
    Some(format!(
        "{} ({}) in session {}, since {} UTC, with a lease until {} UTC{}",
        text(0),
        text(1),
        text(2),
        text(3),
        text(4),
        running.unwrap_or_default()
    ))
}
