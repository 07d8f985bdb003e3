//! What the engines' tests of the catalog share.

use migrate_runtime::schema::{Schema, SchemaDiff, diff_schemas, schema_sql};

/// Expects that nothing differs between two schemas, and that both are written as the same SQL.
#[track_caller]
pub(crate) fn assert_same(before: &Schema, after: &Schema) {
    let SchemaDiff { changes } = diff_schemas(before, after);
    assert!(changes.is_empty(), "{changes:#?}");
    assert_eq!(schema_sql(before).to_script(), schema_sql(after).to_script());
}
