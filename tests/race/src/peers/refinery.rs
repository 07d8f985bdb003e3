//! refinery: on SQLite the SQL and its row in two transactions, on PostgreSQL in one. It cannot revert.

use refinery::{Migration, Runner};

use super::{Peer, Place, Session, Transactions, connections, runtime};
use crate::revisions::Revision;

struct Refinery<C> {
    name: &'static str,
    files: Vec<(String, String)>,
    transactions: Transactions,
    connect: fn(&Place) -> C,
    run: fn(&Runner, &mut C),
}

pub(super) fn on_sqlite(revisions: &[Revision], transactions: Transactions) -> Box<dyn Peer> {
    let run = |runner: &Runner, db: &mut rusqlite::Connection| drop(runner.run(db).expect("it upgrades"));
    let connect = connections::rusqlite;
    Box::new(Refinery { name: "refinery, rusqlite", files: files(revisions), transactions, connect, run })
}

pub(super) fn on_postgres(revisions: &[Revision], transactions: Transactions) -> Box<dyn Peer> {
    let run = |runner: &Runner, db: &mut tokio_postgres::Client| {
        drop(runtime().block_on(runner.run_async(db)).expect("it upgrades"));
    };
    let connect = connections::tokio_postgres;
    Box::new(Refinery { name: "refinery, tokio-postgres", files: files(revisions), transactions, connect, run })
}

fn files(revisions: &[Revision]) -> Vec<(String, String)> {
    let file = |revision: &Revision| (format!("V{}__create_t", revision.number), revision.up.clone());
    revisions.iter().map(file).collect()
}

impl<C: 'static> Peer for Refinery<C> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn reverts(&self) -> bool {
        false
    }

    fn connect<'p>(&'p self, place: &Place) -> Box<dyn Session + 'p> {
        Box::new(Running { db: (self.connect)(place), refinery: self })
    }
}

struct Running<'p, C> {
    db: C,
    refinery: &'p Refinery<C>,
}

impl<C> Session for Running<'_, C> {
    /// What the macro leaves is a function that reads names and hashes texts at each call.
    fn upgrade(&mut self) {
        let read = |(name, sql): &(String, String)| Migration::unapplied(name, sql).expect("the name is right");
        let migrations: Vec<Migration> = self.refinery.files.iter().map(read).collect();
        let grouped = self.refinery.transactions == Transactions::One;
        (self.refinery.run)(&Runner::new(&migrations).set_grouped(grouped), &mut self.db);
    }

    fn revert(&mut self) {
        unreachable!("refinery knows no way back");
    }
}
