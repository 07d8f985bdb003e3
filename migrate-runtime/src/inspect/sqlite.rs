//! The catalog of SQLite.

use migrate_plan::Dialect;
use migrate_plan::schema::Schema;

use super::Scope;
use crate::driver::{DriverError, LiveConnection};

pub(super) async fn read(_db: &mut dyn LiveConnection, _scope: &Scope) -> Result<Schema, DriverError> {
    Ok(Schema::new(Dialect::Sqlite))
}
