//! Much of everything: no step takes the square of it.

use std::time::{Duration, Instant};

use migrate_runtime::schema::schema_sql;

use super::{database, inspect};

/// An optimised build takes a twentieth.
const LIMIT: Duration = Duration::from_secs(30);

#[test]
fn a_hundred_thousand_columns_are_read_and_written_in_seconds() {
    let columns: String =
        (0..1_900).map(|n| format!("column_{n} INTEGER NOT NULL DEFAULT {n} CHECK (column_{n} > 0), ")).collect();
    let script: String = (0..60)
        .map(|n| format!("CREATE TABLE t{n} ({columns} PRIMARY KEY (column_7, column_9)) WITHOUT ROWID; CREATE INDEX i{n} ON t{n} (column_5);"))
        .collect();
    let mut db = database(&script);
    let start = Instant::now();
    let schema = inspect(&mut db);
    let written = schema_sql(&schema);
    assert!(start.elapsed() < LIMIT, "{:?}", start.elapsed());
    assert_eq!(schema.tables.iter().map(|table| table.columns.len()).sum::<usize>(), 114_000);
    assert_eq!((written.statements.len(), schema.opaque.len()), (120, 0));
}
