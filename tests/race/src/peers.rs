//! The contestants: each connects, upgrades and reverts, with its revisions in the form that its macro would have left.

mod diesel;
mod ours;
mod raw;
mod refinery;
mod sqlx;

use std::sync::OnceLock;

use tokio::runtime::{Builder, Runtime};

use crate::arena::{Arena, Place};
use crate::revisions::Revision;

/// One tool with one driver.
pub(crate) trait Peer {
    fn name(&self) -> &'static str;

    /// Whether it can undo at all.
    fn reverts(&self) -> bool {
        true
    }

    /// Opens a connection that has answered once.
    fn connect<'p>(&'p self, place: &Place) -> Box<dyn Session + 'p>;
}

/// A tool on an open connection.
pub(crate) trait Session {
    fn upgrade(&mut self);

    /// Undoes everything.
    fn revert(&mut self);
}

/// How many transactions an upgrade takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transactions {
    /// One for each revision.
    Each,
    /// One for all of them.
    One,
}

impl Transactions {
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Each => "each in a transaction",
            Self::One => "all in one transaction",
        }
    }
}

/// The bare drivers; the first one is the measure.
pub(crate) fn bare(arena: &Arena, revisions: &[Revision], transactions: Transactions) -> Vec<Box<dyn Peer>> {
    match arena {
        Arena::Sqlite(_) => raw::on_sqlite(revisions, transactions),
        Arena::Postgres(..) => raw::on_postgres(revisions, transactions),
    }
}

/// The tools; the first one is this library. sqlx and diesel take a transaction for each revision and know nothing else.
pub(crate) fn tools(arena: &Arena, revisions: &[Revision], transactions: Transactions) -> Vec<Box<dyn Peer>> {
    let mut tools = match arena {
        Arena::Sqlite(_) => vec![
            ours::with_rusqlite(revisions, transactions),
            ours::with_sqlx_sqlite(revisions, transactions),
            refinery::on_sqlite(revisions, transactions),
        ],
        Arena::Postgres(..) => vec![
            ours::with_tokio_postgres(revisions, transactions),
            ours::with_sqlx_postgres(revisions, transactions),
            refinery::on_postgres(revisions, transactions),
        ],
    };
    tools.extend(match (transactions, arena) {
        (Transactions::One, _) => vec![],
        (Transactions::Each, Arena::Sqlite(_)) => vec![sqlx::on_sqlite(revisions), diesel::on_sqlite(revisions)],
        (Transactions::Each, Arena::Postgres(..)) => vec![
            sqlx::on_postgres(revisions),
            #[cfg(feature = "libpq")]
            diesel::on_postgres(revisions),
        ],
    });
    tools
}

/// The runtime of all asynchronous drivers: one thread, as the blocking ones have.
fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Builder::new_current_thread().enable_all().build().expect("a runtime"))
}

/// Connections that several tools share.
mod connections {
    use ::sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
    use ::sqlx::{ConnectOptions, Connection, PgConnection};

    use super::{Place, runtime};

    pub(super) fn rusqlite(place: &Place) -> rusqlite::Connection {
        let db = rusqlite::Connection::open(place.address()).expect("the file opens");
        db.execute_batch(place.greeting()).expect("SQLite answers");
        db
    }

    pub(super) fn tokio_postgres(place: &Place) -> tokio_postgres::Client {
        runtime().block_on(async {
            let (client, connection) =
                tokio_postgres::connect(&place.address(), tokio_postgres::NoTls).await.expect("the server answers");
            tokio::spawn(connection);
            client.batch_execute(place.greeting()).await.expect("the server answers");
            client
        })
    }

    pub(super) fn sqlx_sqlite(place: &Place) -> SqliteConnection {
        let options = SqliteConnectOptions::new().filename(place.address()).create_if_missing(true);
        runtime().block_on(async {
            let mut db = options.connect().await.expect("the file opens");
            ::sqlx::raw_sql(place.greeting()).execute(&mut db).await.expect("SQLite answers");
            db
        })
    }

    pub(super) fn sqlx_postgres(place: &Place) -> PgConnection {
        runtime().block_on(async {
            let mut db = PgConnection::connect(&place.address()).await.expect("the server answers");
            ::sqlx::raw_sql(place.greeting()).execute(&mut db).await.expect("the server answers");
            db
        })
    }
}
