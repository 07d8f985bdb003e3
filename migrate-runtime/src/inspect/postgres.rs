//! The catalog of PostgreSQL, from 10 on, of one moment, in the words of the server's own printers.
//!
//! Owners and rights are no part of it.

mod attached;
mod catalog;
mod cells;
mod columns;
mod constraints;
mod dependencies;
mod found;
mod indexes;
mod memory;
mod others;
mod relations;
mod routines;
mod session;
mod types;

use migrate_plan::schema::Schema;

use self::catalog::Catalog;
use self::found::Found;
pub use self::memory::Memory;
use self::memory::Stamps;
use self::session::Session;
use super::Scope;
use crate::driver::{DriverError, DriverErrorKind, LiveConnection};

/// How often the catalog is read when others change it meanwhile.
const ATTEMPTS: u32 = 3;
/// How the server says that something is gone which it had seen: an internal error.
const MOVED: &str = "XX000";
/// How it says so of a prepared statement.
const NOT_PREPARED: &str = "26000";

/// Reads everything; with a memory of the last time only what has changed since.
pub(super) async fn read(
    db: &mut dyn LiveConnection,
    scope: &Scope,
    mut memory: Option<&mut Memory>,
) -> Result<Schema, DriverError> {
    let session = Session::look(db).await?;
    let mut attempt = 1;
    loop {
        // A view that still cannot be printed at the last attempt is broken, and no reason to print nothing.
        let careful = attempt == ATTEMPTS;
        match read_once(db, scope, &session, careful, memory.as_deref_mut()).await {
            Err(error) if !careful && is_of_another_moment(&error) => attempt += 1,
            outcome => return outcome,
        }
    }
}

async fn read_once(
    db: &mut dyn LiveConnection,
    scope: &Scope,
    session: &Session,
    careful: bool,
    memory: Option<&mut Memory>,
) -> Result<Schema, DriverError> {
    session.begin(db).await?;
    let mut catalog = Catalog::new(db, scope, session, careful);
    let outcome = match memory {
        Some(memory) => read_changes(catalog, memory).await,
        None => read_all(&mut catalog).await,
    };
    let ended = session.end(db, outcome.is_ok()).await;
    let schema = outcome?;
    ended.map(|()| schema)
}

/// Reads what is not remembered, and remembers it; nothing after an error.
async fn read_changes(mut catalog: Catalog<'_>, memory: &mut Memory) -> Result<Schema, DriverError> {
    let last = std::mem::take(memory);
    if catalog.session().is_in_transaction {
        return read_all(&mut catalog).await;
    }
    catalog.remember(last);
    let stamps = Stamps::read(&mut catalog).await?;
    let of = format!("{:?} {}", catalog.session().default_schema, catalog.spaces());
    let relations = catalog.memory().and_then(|memory| memory.changes(&of, &stamps));
    catalog.limit(relations).await?;
    let mut schema = read_all(&mut catalog).await?;
    if catalog.is_renamed {
        catalog.limit(None).await?;
        schema = read_all(&mut catalog).await?;
    }
    *memory = catalog.into_memory().of(of, stamps);
    Ok(schema)
}

async fn read_all(catalog: &mut Catalog<'_>) -> Result<Schema, DriverError> {
    let mut found = Found::default();
    catalog.find_unprintable_views().await?;
    relations::read(catalog, &mut found).await?;
    columns::read(catalog, &mut found).await?;
    indexes::read(catalog, &mut found).await?;
    types::read(catalog, &mut found).await?;
    constraints::read(catalog, &mut found).await?;
    attached::read(catalog, &mut found).await?;
    routines::read(catalog, &mut found).await?;
    others::read(catalog, &mut found).await?;
    dependencies::read(catalog, &mut found).await?;
    if found.is_torn {
        let message = "the catalog changed again and again while it was read";
        return Err(DriverError { code: Some(MOVED.to_owned()), ..DriverError::new(DriverErrorKind::Busy, message) });
    }
    Ok(found.into_schema(catalog))
}

/// Printers look at the newest catalog and not at that of the transaction: what was dropped meanwhile they do not find.
fn is_of_another_moment(error: &DriverError) -> bool {
    matches!(error.code.as_deref(), Some(MOVED | NOT_PREPARED | "42P01" | "42704" | "42883"))
}
