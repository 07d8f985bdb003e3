//! sqlx: each migration in a transaction with its row, then its duration in another one.

use std::borrow::Cow;

use sqlx::migrate::{Migrate, Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, SqlSafeStr};

use super::{Peer, Place, Session, connections, runtime};
use crate::revisions::Revision;

struct Sqlx<C> {
    migrator: Migrator,
    connect: fn(&Place) -> C,
}

pub(super) fn on_sqlite(revisions: &[Revision]) -> Box<dyn Peer> {
    Box::new(Sqlx { migrator: migrator(revisions), connect: connections::sqlx_sqlite })
}

pub(super) fn on_postgres(revisions: &[Revision]) -> Box<dyn Peer> {
    Box::new(Sqlx { migrator: migrator(revisions), connect: connections::sqlx_postgres })
}

/// What the macro leaves: everything hashed already.
fn migrator(revisions: &[Revision]) -> Migrator {
    let migration = |revision: &Revision, kind, sql: &str| {
        let sql = AssertSqlSafe(sql.to_owned()).into_sql_str();
        Migration::new(revision.number as i64, Cow::Borrowed("create t"), kind, sql, false)
    };
    let both = |revision: &Revision| {
        [
            migration(revision, MigrationType::ReversibleUp, &revision.up),
            migration(revision, MigrationType::ReversibleDown, &revision.down),
        ]
    };
    Migrator::with_migrations(revisions.iter().flat_map(both).collect())
}

impl<C: Migrate + 'static> Peer for Sqlx<C>
where
    for<'c> &'c mut C: sqlx::Acquire<'c, Connection = &'c mut C>,
{
    fn name(&self) -> &'static str {
        "sqlx"
    }

    fn connect<'p>(&'p self, place: &Place) -> Box<dyn Session + 'p> {
        Box::new(Running { db: (self.connect)(place), migrator: &self.migrator })
    }
}

struct Running<'m, C> {
    db: C,
    migrator: &'m Migrator,
}

impl<C: Migrate> Session for Running<'_, C>
where
    for<'c> &'c mut C: sqlx::Acquire<'c, Connection = &'c mut C>,
{
    fn upgrade(&mut self) {
        runtime().block_on(self.migrator.run(&mut self.db)).expect("it upgrades");
    }

    fn revert(&mut self) {
        runtime().block_on(self.migrator.undo(&mut self.db, 0)).expect("it reverts");
    }
}
