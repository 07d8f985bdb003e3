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
mod stamps;
mod types;

use migrate_plan::schema::Schema;

use self::catalog::Catalog;
use self::found::Found;
pub use self::memory::Memory;
use self::session::Session;
use super::Scope;
use crate::driver::{DriverError, DriverErrorKind, LiveConnection};

/// How often the catalog is read when others change it meanwhile.
const ATTEMPTS: u32 = 3;
/// How the server says that something is gone which it had seen: an internal error.
const MOVED: &str = "XX000";
/// How it says so of a prepared statement.
const NOT_PREPARED: &str = "26000";

/// Reads everything; with a memory of the last time only what has changed since, and not what depends on what.
pub(super) async fn read(
    db: &mut dyn LiveConnection,
    scope: &Scope,
    mut memory: Option<&mut Memory>,
) -> Result<Schema, DriverError> {
    let mut attempt = 1;
    loop {
        let session = match memory.as_deref().and_then(Memory::session) {
            Some(known) => known,
            None => Session::look(db).await?,
        };
        // A view that still cannot be printed at the last attempt is broken, and no reason to print nothing.
        let careful = attempt == ATTEMPTS;
        let mut catalog = Catalog::new(db, scope, &session, careful);
        let outcome = match memory.as_deref_mut() {
            Some(memory) if !session.is_in_transaction => read_changes(&mut catalog, memory).await,
            _ => read_once(&mut catalog).await.map(Some),
        };
        let ended = catalog.end(outcome.is_ok()).await;
        if let (Err(error), Some(memory)) = (&outcome, memory.as_deref_mut())
            && catalog.is_remembered()
            && error.code.as_deref() != Some(NOT_PREPARED)
        {
            // What is prepared is still to be released.
            *memory = catalog.take_memory().forgetting();
        }
        match outcome {
            Ok(Some(schema)) => return ended.map(|()| schema),
            Ok(None) => ended?,
            Err(error) if !careful && is_of_another_moment(&error) => attempt += 1,
            Err(error) => return Err(error),
        }
    }
}

async fn read_once(catalog: &mut Catalog<'_>) -> Result<Schema, DriverError> {
    catalog.begin().await?;
    let mut found = Found::default();
    read_all(catalog, &mut found).await?;
    Ok(found.schema(catalog))
}

/// Reads what is not remembered, and remembers it. Without an answer names have changed that stand in what was remembered, or
/// their places, and it is forgotten.
async fn read_changes(catalog: &mut Catalog<'_>, memory: &mut Memory) -> Result<Option<Schema>, DriverError> {
    let Some(stamps) = catalog.begin_again(std::mem::take(memory)).await? else {
        *memory = catalog.take_memory().forgetting();
        return Ok(None);
    };
    let of = format!("{:?} {}", catalog.session().default_schema, catalog.spaces());
    let mut changes = catalog.memory().and_then(|memory| memory.changes(&of, &stamps));
    let mut found = changes.as_mut().map(|changes| std::mem::take(&mut changes.found)).unwrap_or_default();
    match &changes {
        Some(changes) if changes.relations.is_empty() => {}
        Some(changes) => {
            catalog.limit(&changes.relations, &stamps).await?;
            read_all(catalog, &mut found).await?;
        }
        None => read_all(catalog, &mut found).await?,
    }
    let memory_of_it = catalog.take_memory();
    if changes.is_some_and(|changes| changes.is_renamed(&found)) {
        *memory = memory_of_it.forgetting();
        return Ok(None);
    }
    let schema = found.schema(catalog);
    *memory = memory_of_it.of(catalog.session().clone(), of, stamps, found);
    Ok(Some(schema))
}

async fn read_all(catalog: &mut Catalog<'_>, found: &mut Found) -> Result<(), DriverError> {
    catalog.find_unprintable_views().await?;
    relations::read(catalog, found).await?;
    columns::read(catalog, found).await?;
    indexes::read(catalog, found).await?;
    if !catalog.is_limited() {
        types::read(catalog, found).await?;
    }
    constraints::read(catalog, found).await?;
    attached::read(catalog, found).await?;
    if !catalog.is_limited() {
        routines::read(catalog, found).await?;
        others::read(catalog, found).await?;
    }
    if !catalog.is_remembered() {
        dependencies::read(catalog, found).await?;
    }
    if found.is_torn {
        let message = "the catalog changed again and again while it was read";
        return Err(DriverError { code: Some(MOVED.to_owned()), ..DriverError::new(DriverErrorKind::Busy, message) });
    }
    Ok(())
}

/// Printers look at the newest catalog and not at that of the transaction: what was dropped meanwhile they do not find.
fn is_of_another_moment(error: &DriverError) -> bool {
    matches!(error.code.as_deref(), Some(MOVED | NOT_PREPARED | "42P01" | "42704" | "42883"))
}
