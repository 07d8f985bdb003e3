//! This library, through the drivers that a peer has, too.

use migrate_runtime::plan::{Settings, encode_revisions};
use migrate_runtime::{Connection, Migrations, Migrator};

use super::{Peer, Place, Session, Transactions, connections, runtime};
use crate::revisions::Revision;

struct Ours<C> {
    name: &'static str,
    encoded: &'static str,
    transactions: Transactions,
    connect: fn(&Place) -> C,
}

pub(super) fn with_rusqlite(revisions: &[Revision], transactions: Transactions) -> Box<dyn Peer> {
    Box::new(Ours { name: "ours, rusqlite", encoded: encoded(revisions), transactions, connect: connections::rusqlite })
}

pub(super) fn with_sqlx_sqlite(revisions: &[Revision], transactions: Transactions) -> Box<dyn Peer> {
    Box::new(Ours { name: "ours, sqlx", encoded: encoded(revisions), transactions, connect: connections::sqlx_sqlite })
}

pub(super) fn with_tokio_postgres(revisions: &[Revision], transactions: Transactions) -> Box<dyn Peer> {
    Box::new(Ours {
        name: "ours, tokio-postgres",
        encoded: encoded(revisions),
        transactions,
        connect: connections::tokio_postgres,
    })
}

pub(super) fn with_sqlx_postgres(revisions: &[Revision], transactions: Transactions) -> Box<dyn Peer> {
    Box::new(Ours {
        name: "ours, sqlx",
        encoded: encoded(revisions),
        transactions,
        connect: connections::sqlx_postgres,
    })
}

/// The one string that the macro leaves; a run decodes it.
fn encoded(revisions: &[Revision]) -> &'static str {
    let files: Vec<(String, String)> = revisions.iter().map(Revision::file).collect();
    let files = files.iter().map(|(name, text)| (name.as_str(), text.as_str()));
    encode_revisions(Migrations::from_files(files).expect("the files are right").revisions()).leak()
}

impl<C: Connection + 'static> Peer for Ours<C> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn connect<'p>(&'p self, place: &Place) -> Box<dyn Session + 'p> {
        let migrations = Migrations::embedded(self.encoded, Settings::DEFAULT, "race 0.1.0", &[]);
        Box::new(Running { db: (self.connect)(place), migrations, transactions: self.transactions })
    }
}

struct Running<C> {
    db: C,
    migrations: Migrations,
    transactions: Transactions,
}

impl<C: Connection> Running<C> {
    fn run(&mut self, ask: impl FnOnce(Migrator<'_>) -> Migrator<'_>) {
        let migrator = ask(self.migrations.migrator());
        let migrator = match self.transactions {
            Transactions::Each => migrator,
            Transactions::One => migrator.single_transaction(),
        };
        runtime().block_on(migrator.run_async(&mut self.db)).expect("it runs");
    }
}

impl<C: Connection> Session for Running<C> {
    fn upgrade(&mut self) {
        self.run(|migrator| migrator);
    }

    fn revert(&mut self) {
        self.run(|migrator| migrator.downgrade("base"));
    }
}
