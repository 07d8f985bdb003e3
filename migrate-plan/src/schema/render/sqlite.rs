//! A schema as SQL of SQLite.

use super::SchemaSql;
use crate::schema::Schema;

pub(super) fn statements(_schema: &Schema) -> SchemaSql {
    SchemaSql::default()
}
