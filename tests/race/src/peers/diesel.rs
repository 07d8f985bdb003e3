//! diesel: each migration in a transaction with its row.

use diesel::Connection;
use diesel::backend::Backend;
use diesel_migrations::{EmbeddedMigration, EmbeddedMigrations, EmbeddedName, MigrationHarness, TomlMetadataWrapper};

use super::{Peer, Place, Session};
use crate::revisions::Revision;

struct Diesel<C> {
    migrations: &'static [EmbeddedMigration],
    connection: std::marker::PhantomData<C>,
}

pub(super) fn on_sqlite(revisions: &[Revision]) -> Box<dyn Peer> {
    Box::new(Diesel::<diesel::SqliteConnection> { migrations: embedded(revisions), connection: Default::default() })
}

#[cfg(feature = "libpq")]
pub(super) fn on_postgres(revisions: &[Revision]) -> Box<dyn Peer> {
    Box::new(Diesel::<diesel::PgConnection> { migrations: embedded(revisions), connection: Default::default() })
}

/// What the macro leaves.
fn embedded(revisions: &[Revision]) -> &'static [EmbeddedMigration] {
    let migration = |revision: &Revision| {
        let name = EmbeddedName::new(format!("{:05}_create_t", revision.number).leak());
        let (up, down) = (revision.up.clone().leak(), revision.down.clone().leak());
        EmbeddedMigration::new(up, Some(down), name, TomlMetadataWrapper::new(true))
    };
    revisions.iter().map(migration).collect::<Vec<_>>().leak()
}

impl<C> Peer for Diesel<C>
where
    C: Connection + MigrationHarness<<C as Connection>::Backend> + 'static,
    <C as Connection>::Backend: Backend,
{
    fn name(&self) -> &'static str {
        "diesel"
    }

    fn connect<'p>(&'p self, place: &Place) -> Box<dyn Session + 'p> {
        let mut db = C::establish(&place.address()).expect("the database answers");
        db.batch_execute(place.greeting()).expect("the database answers");
        Box::new(Running { db, migrations: self.migrations })
    }
}

struct Running<C> {
    db: C,
    migrations: &'static [EmbeddedMigration],
}

impl<C> Session for Running<C>
where
    C: Connection + MigrationHarness<<C as Connection>::Backend>,
{
    fn upgrade(&mut self) {
        self.db.run_pending_migrations(EmbeddedMigrations::new(self.migrations)).expect("it upgrades");
    }

    fn revert(&mut self) {
        self.db.revert_all_migrations(EmbeddedMigrations::new(self.migrations)).expect("it reverts");
    }
}
