//! How long it takes to read a thousand tables from PostgreSQL's catalog, beside what the server's own tool takes, and a hundred
//! thousand columns.

use std::hint::black_box;
use std::process::{Command, Stdio};
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use migrate_runtime::Inspection;
use migrate_runtime::schema::{Schema, schema_sql};
use migrate_tests::postgres::{Binaries, Database};
use migrate_tests::suite::{connect, postgres_or_skip, runtime};

/// Tables of some columns, each with two indexes and a foreign key to the one before.
fn tables(number: usize, columns: usize) -> String {
    let columns: String = (1..columns).map(|column| format!(", c{column} text DEFAULT 'x'")).collect();
    let table = |table: usize| {
        let previous = table.saturating_sub(1);
        format!(
            "CREATE TABLE t{table} (id integer PRIMARY KEY REFERENCES t{previous}{columns});\n\
             CREATE INDEX ON t{table} (c1);\nCREATE INDEX ON t{table} (c2, c3);\n"
        )
    };
    (0..number).map(table).collect()
}

fn dump(database: &Database) {
    let program = Binaries::find().expect("binaries").folder().join("pg_dump");
    let url = database.url();
    let status =
        Command::new(program).args(["--schema-only", &url]).stdout(Stdio::null()).status().expect("pg_dump runs");
    assert!(status.success());
}

fn inspections(criterion: &mut Criterion) {
    for (number, columns) in [(1_000, 10), (100, 1_000)] {
        let Some(database) = postgres_or_skip() else { return };
        let runtime = runtime();
        let mut db = runtime.block_on(connect(&database.url()));
        runtime.block_on(db.batch_execute(&tables(number, columns))).expect("the tables");
        let mut inspect =
            || -> Schema { runtime.block_on(Inspection::new().run_async(&mut db)).expect("an inspection") };
        let schema = inspect();
        assert_eq!(schema.tables.len(), number);
        let mut group = criterion.benchmark_group(format!("{number} tables of {columns} columns"));
        group.sample_size(10).measurement_time(Duration::from_secs(5));
        group.bench_function("inspect", |bencher| bencher.iter(&mut inspect));
        group.bench_function("write as SQL", |bencher| bencher.iter(|| schema_sql(black_box(&schema))));
        // It takes its time in the square of the columns.
        if columns < 100 {
            group.bench_function("limit: pg_dump --schema-only", |bencher| bencher.iter(|| dump(&database)));
        }
        group.finish();
    }
}

criterion_group!(benches, inspections);
criterion_main!(benches);
