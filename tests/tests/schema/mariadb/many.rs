//! Large catalogs take about a second.

use std::fmt::Write;
use std::time::{Duration, Instant};

use migrate_runtime::Inspection;
use migrate_runtime::schema::{Schema, schema_sql};

use super::{connect, filled};

/// Reads the schema, prints how long that and its SQL took, and expects that it was not long.
fn measured(what: &str, sql: &str) -> Option<Schema> {
    let database = filled(sql)?;
    let mut connection = connect(&database);
    let start = Instant::now();
    let schema = Inspection::new().run(&mut connection).expect("a schema");
    let read = start.elapsed();
    let bytes = schema_sql(&schema).to_script().len();
    println!("{what}: read in {read:?}, {bytes} bytes of SQL in {:?}", start.elapsed() - read);
    assert!(start.elapsed() < Duration::from_secs(20), "{what}: {:?}", start.elapsed());
    assert!(database.discard().is_ok());
    Some(schema)
}

#[test]
fn a_thousand_tables_with_foreign_keys() {
    let mut sql = String::new();
    for table in 0..1000 {
        let columns: String = (0..8).map(|column| format!("c{column} VARCHAR(20) DEFAULT 'x', ")).collect();
        let parent = table / 2;
        write!(
            sql,
            "CREATE TABLE t{table} (id INT PRIMARY KEY, p INT, {columns} KEY a (c1), KEY b (c2, c3), FOREIGN KEY (p) REFERENCES \
             t{parent} (id));"
        )
        .expect("a text");
    }
    let Some(schema) = measured("1,000 tables of 10 columns", &sql) else { return };
    assert_eq!(schema.tables.iter().map(|table| table.foreign_keys.len()).sum::<usize>(), 1000);
}

#[test]
fn a_hundred_thousand_columns() {
    let columns = |count: usize| (0..count).map(|column| format!("c{column} INT")).collect::<Vec<_>>().join(", ");
    let sql: String = (0..100).map(|table| format!("CREATE TABLE t{table} ({});", columns(1000))).collect();
    let Some(schema) = measured("100 tables of 1,000 columns", &sql) else { return };
    assert_eq!(schema.tables.iter().map(|table| table.columns.len()).sum::<usize>(), 100_000);
}

#[test]
fn a_thousand_sequences() {
    let sql: String = (0..1000).map(|number| format!("CREATE SEQUENCE s{number};")).collect();
    let Some(schema) = measured("1,000 sequences", &sql) else { return };
    assert_eq!((schema.sequences.len(), schema.opaque.len()), (1000, 0));
}
