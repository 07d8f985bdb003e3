//! How long ten and a hundred thousand revisions take from text to plan, and how fast SQL is split, each beside a limit.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use migrate_plan::{
    Applied, Dialect, FolderFile, Plan, Revision, RevisionGraph, Target, decode_revisions, encode_revisions,
    read_files, section_checksum, split_statements,
};

/// Half a kilobyte each; every tenth begins a branch that the tenth after it merges.
fn files(revisions: usize) -> Vec<(String, String)> {
    let id = |index: usize| format!("r{index:06}");
    (0..revisions)
        .map(|index| {
            let parents = match (index, index % 20) {
                (0, _) => "none".to_owned(),
                (_, 11) => id(index - 2),
                (_, 19) if index > 20 => format!("{}, {}", id(index - 1), id(index - 9)),
                _ => id(index - 1),
            };
            let text = format!(
                "-- revision: {id}\n-- parents: {parents}\n-- title: change number {index}\n\n-- migrate: up\n\
                 CREATE TABLE t{index} (\n    id bigint PRIMARY KEY,\n    name text NOT NULL DEFAULT 'a name',\n    \
                 created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,\n    parent_id bigint REFERENCES other (id)\n);\n\
                 CREATE INDEX t{index}_name ON t{index} (name);\n-- A comment that says why the index is there.\n\n\
                 -- migrate: down\nDROP INDEX t{index}_name;\nDROP TABLE t{index};\n",
                id = id(index),
            );
            (format!("migrations/{index:05}_{}_change.sql", id(index)), text)
        })
        .collect()
}

fn parse(files: &[(String, String)]) -> Vec<Revision> {
    let file =
        |(path, text): &(String, String)| FolderFile { path: path.clone(), bytes: Ok(text.clone().into_bytes()) };
    read_files(files.iter().map(file).collect()).expect("the files are right")
}

fn plan_all(revisions: Vec<Revision>) -> usize {
    let graph = RevisionGraph::new(revisions).expect("the graph is sound");
    let plan = Plan::upgrade(&Applied::nothing(&graph), &[Target::heads()]).expect("there is a plan");
    plan.steps.len()
}

fn plans(criterion: &mut Criterion) {
    plans_of(criterion, 10_000);
    plans_of(criterion, 100_000);
}

fn plans_of(criterion: &mut Criterion, number: usize) {
    let files = files(number);
    let revisions = parse(&files);
    let encoded: &'static str = encode_revisions(&revisions).leak();
    assert_eq!(plan_all(revisions), number);
    let mut group = criterion.benchmark_group(format!("{number} revisions"));
    group.sample_size(20).measurement_time(Duration::from_secs(5));
    group.bench_function("embedded: load, build, plan", |bencher| {
        bencher.iter(|| plan_all(decode_revisions(black_box(encoded)).expect("it is encoded")));
    });
    group.bench_function("files: parse, build, plan", |bencher| bencher.iter(|| plan_all(parse(black_box(&files)))));
    group.bench_function("limit: copy the files' bytes", |bencher| bencher.iter(|| black_box(files.clone())));
    group.finish();
}

fn splits(criterion: &mut Criterion) {
    let text: String = files(4_000).into_iter().map(|(_, text)| text).collect();
    let mut group = criterion.benchmark_group("splitting");
    group.throughput(Throughput::Bytes(text.len() as u64)).sample_size(20);
    for dialect in [Dialect::Sqlite, Dialect::Postgres, Dialect::MySql] {
        group.bench_function(dialect.name(), |bencher| {
            bencher.iter(|| split_statements(black_box(&text), dialect).expect("it splits").len());
        });
    }
    group.bench_function("section checksum", |bencher| bencher.iter(|| section_checksum(black_box(&text), &[])));
    group.bench_function("limit: find every semicolon", |bencher| {
        bencher.iter(|| black_box(&text).bytes().filter(|byte| *byte == b';').count());
    });
    group.finish();
}

criterion_group!(benches, plans, splits);
criterion_main!(benches);
