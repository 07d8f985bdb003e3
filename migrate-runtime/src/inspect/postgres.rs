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
mod others;
mod relations;
mod routines;
mod session;
mod types;

use migrate_plan::schema::Schema;

use self::catalog::Catalog;
use self::found::Found;
use self::session::Session;
use super::Scope;
use crate::driver::{DriverError, DriverErrorKind, LiveConnection};

/// How often the catalog is read when others change it meanwhile.
const ATTEMPTS: u32 = 3;
/// How the server says that something is gone which it had seen: an internal error.
const MOVED: &str = "XX000";

pub(super) async fn read(db: &mut dyn LiveConnection, scope: &Scope) -> Result<Schema, DriverError> {
    let session = Session::look(db).await?;
    let mut attempt = 1;
    loop {
        // A view that still cannot be printed at the last attempt is broken, and no reason to print nothing.
        let careful = attempt == ATTEMPTS;
        match read_once(db, scope, &session, careful).await {
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
) -> Result<Schema, DriverError> {
    session.begin(db).await?;
    let outcome = read_all(Catalog::new(db, scope, session, careful)).await;
    let ended = session.end(db, outcome.is_ok()).await;
    let schema = outcome?;
    ended.map(|()| schema)
}

async fn read_all(mut catalog: Catalog<'_>) -> Result<Schema, DriverError> {
    let mut found = Found::default();
    catalog.find_unprintable_views().await?;
    relations::read(&mut catalog, &mut found).await?;
    columns::read(&mut catalog, &mut found).await?;
    indexes::read(&mut catalog, &mut found).await?;
    types::read(&mut catalog, &mut found).await?;
    constraints::read(&mut catalog, &mut found).await?;
    attached::read(&mut catalog, &mut found).await?;
    routines::read(&mut catalog, &mut found).await?;
    others::read(&mut catalog, &mut found).await?;
    dependencies::read(&mut catalog, &mut found).await?;
    if found.is_torn {
        let message = "the catalog changed again and again while it was read";
        return Err(DriverError { code: Some(MOVED.to_owned()), ..DriverError::new(DriverErrorKind::Busy, message) });
    }
    Ok(found.into_schema(&catalog))
}

/// Printers look at the newest catalog and not at that of the transaction: what was dropped meanwhile they do not find.
fn is_of_another_moment(error: &DriverError) -> bool {
    matches!(error.code.as_deref(), Some(MOVED | "42P01" | "42704" | "42883"))
}
