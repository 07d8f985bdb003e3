//! How long it takes to read a large catalog and to write it as SQL, each beside a limit.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use migrate_runtime::Inspection;
use migrate_runtime::schema::{diff_schemas, schema_sql};
use migrate_tests::suite::SqliteFile;

const TABLES: usize = 1_000;

/// Ten columns, two indexes, a foreign key.
fn table(number: usize) -> String {
    let columns: String = (0..8).map(|column| format!("    c{column} TEXT NOT NULL DEFAULT 'x',\n")).collect();
    let parent = (number + 7) % TABLES;
    format!(
        "CREATE TABLE t{number} (\n    id INTEGER PRIMARY KEY,\n{columns}    parent INTEGER REFERENCES t{parent} (id) ON DELETE CASCADE\n);\n\
         CREATE INDEX t{number}_a ON t{number} (c1 DESC, c2);\n\
         CREATE UNIQUE INDEX t{number}_b ON t{number} (lower(c3)) WHERE c4 <> '';\n"
    )
}

fn sqlite(criterion: &mut Criterion) {
    let file = SqliteFile::new();
    let script: String = (0..TABLES).map(table).collect();
    file.execute(&format!("BEGIN; {script} COMMIT"));
    let mut db = file.open();
    let schema = Inspection::new().run(&mut db).expect("the catalog is read");
    assert_eq!(schema.tables.len(), TABLES);
    assert_eq!(schema.opaque, []);

    let mut group = criterion.benchmark_group(format!("SQLite, {TABLES} tables"));
    group.sample_size(20).measurement_time(Duration::from_secs(5));
    group.bench_function("inspect", |bencher| {
        bencher.iter(|| Inspection::new().run(&mut db).expect("the catalog is read").tables.len());
    });
    group.bench_function("inspect, connecting first", |bencher| {
        bencher.iter(|| Inspection::new().run(&mut file.open()).expect("the catalog is read").tables.len());
    });
    group.bench_function("write as SQL", |bencher| bencher.iter(|| schema_sql(black_box(&schema)).statements.len()));
    group.bench_function("compare with itself", |bencher| {
        bencher.iter(|| diff_schemas(black_box(&schema), black_box(&schema)).is_empty());
    });
    group.bench_function("limit: count columns and keys of indexes by the pragmas", |bencher| {
        let sql = "SELECT (SELECT count(x.name) FROM sqlite_master m JOIN pragma_table_xinfo(m.name) x WHERE m.type = 'table')
             + (SELECT count(x.cid) FROM sqlite_master m JOIN pragma_index_list(m.name) l JOIN pragma_index_xinfo(l.name) x)";
        let db = file.open();
        bencher.iter(|| db.query_row(sql, [], |row| row.get::<_, u32>(0)).expect("SQLite counts"));
    });
    group.finish();
}

criterion_group!(benches, sqlite);
criterion_main!(benches);
