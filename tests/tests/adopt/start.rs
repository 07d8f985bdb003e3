//! A shipped program takes its customers' databases over when it starts: once, and under the lock.

use std::sync::Barrier;

use migrate_runtime::{Event, Migrations, REFINERY_TABLE};
use migrate_tests::pgbouncer::{self, PoolMode, Pooler};
use migrate_tests::suite::code;
use sqlx::Connection;

use super::place::{Place, SHOP, as_it_is};

/// The folder of the program holds revisions; the customer's database is refinery's.
fn shipped(place: Place) -> Place {
    let place = place.applied(&SHOP);
    let ran = place.sandbox.migrate(&["adopt", "refinery"]);
    assert_eq!(ran.code, 0, "{}", ran.transcript());
    assert!(!place.tables().contains("migrate_history"), "the files alone were taken over");
    place
}

#[test]
fn the_first_start_takes_over_and_the_second_has_nothing_to_do() {
    for place in Place::everywhere() {
        let place = shipped(place);
        let migrations = place.embedded();
        let first = place.start(&migrations).expect("it takes over");
        assert_eq!((first.adopted.as_slice(), first.steps.len()), (&["V1", "V2", "V10"].map(String::from)[..], 0));
        assert_eq!((first.heads_before.len(), first.heads_after.as_slice()), (0, &["V10".to_owned()][..]));
        let second = place.start(&migrations).expect("nothing to do");
        assert_eq!((second.adopted.len(), second.steps.len()), (0, 0));
        assert_eq!(place.sql("SELECT application FROM migrate_history WHERE id = 'V1'"), "shop 2.0.0");
        assert_eq!(place.sql("SELECT count(*) FROM migrate_log"), "3");
    }
}

#[test]
fn what_came_after_refinery_runs_in_the_same_start() {
    for place in Place::everywhere() {
        let place = shipped(place);
        place.sandbox.write(
            "migrations/next.sql",
            "-- revision: next\n-- parents: V10\n-- migrate: up\nCREATE TABLE orders (id INTEGER);\n-- migrate: down\nDROP TABLE orders;\n",
        );
        let report = place.start(&place.embedded()).expect("it takes over and goes on");
        assert_eq!((report.adopted.len(), report.ids().collect::<Vec<_>>()), (3, vec!["next"]));
        let back = place.migrate(&["downgrade", "-1"]);
        assert_eq!(back.stdout.lines().last(), Some("now at V10"), "{}", back.transcript());
        assert_eq!(place.start(&place.embedded()).expect("again").ids().collect::<Vec<_>>(), ["next"]);
    }
}

#[test]
fn a_database_that_refinery_never_saw_is_upgraded() {
    for place in Place::everywhere() {
        let place = place.with_files(&SHOP);
        assert_eq!(place.sandbox.migrate(&["adopt", "refinery"]).code, 0);
        let report = place.start(&place.embedded()).expect("it upgrades");
        assert_eq!((report.adopted.len(), report.steps.len()), (0, 3));
        assert_eq!(place.start(&place.embedded()).expect("again").steps.len(), 0);
    }
}

#[test]
fn a_customer_whose_program_had_other_line_ends_is_taken_over() {
    for place in Place::everywhere() {
        let crlf = SHOP.map(|(stem, sql)| (stem, sql.replace('\n', "\r\n")));
        let crlf: Vec<(&str, &str)> = crlf.iter().map(|(stem, sql)| (*stem, sql.as_str())).collect();
        place.run_by_refinery(&crlf, as_it_is).expect("built elsewhere");
        let place = place.with_files(&SHOP);
        assert_eq!(place.sandbox.migrate(&["adopt", "refinery"]).code, 0);
        assert_eq!(place.start(&place.embedded()).expect("it takes over").adopted.len(), 3);
    }
}

#[test]
fn sixteen_programs_that_start_at_once_take_over_once() {
    for place in Place::everywhere() {
        let place = shipped(place);
        let migrations = place.embedded();
        let barrier = Barrier::new(16);
        let taken: usize = std::thread::scope(|scope| {
            let start = || {
                scope.spawn(|| {
                    barrier.wait();
                    place.start(&migrations).map(|report| report.adopted.len())
                })
            };
            let started: Vec<_> = (0..16).map(|_| start()).collect();
            started.into_iter().map(|thread| thread.join().expect("no panic").expect("each succeeds")).sum()
        });
        assert_eq!(taken, 3, "{}", place.engine());
        assert_eq!(place.sql("SELECT count(*) FROM migrate_log"), "3");
        assert_eq!(place.sql("SELECT count(*) FROM migrate_history"), "3");
    }
}

#[test]
fn a_row_that_does_not_fit_stops_the_start_and_nothing_is_written() {
    for place in Place::everywhere() {
        let place = shipped(place);
        place.sql("UPDATE refinery_schema_history SET checksum = '12' WHERE version = 10");
        let before = place.picture();
        let failed = place.start(&place.embedded()).expect_err("a checksum differs");
        assert_eq!(code(&failed.error), "M0803");
        assert_eq!(place.picture(), before);
    }
}

#[test]
fn a_program_that_forgets_to_take_over_is_stopped_before_it_runs_everything_again() {
    for place in Place::everywhere() {
        let place = shipped(place);
        let before = place.picture();
        for verb in [&["upgrade"][..], &["upgrade", "--dry-run"]] {
            let ran = place.migrate(verb);
            assert!(
                ran.stderr.contains("error[M0809]: refinery has applied 3 migrations here"),
                "{}",
                ran.transcript()
            );
        }
        let check = place.migrate(&["check"]);
        assert_eq!(check.code, 1, "{}", check.transcript());
        assert!(check.stderr.contains("M0809"), "{}", check.transcript());
        assert!(place.migrate(&["upgrade", "--sql", "current:head"]).stderr.contains("M0809"));
        assert_eq!(place.picture(), before);
        place.adopted(&[]);
        assert_eq!(place.migrate(&["upgrade"]).code, 0);
    }
}

#[test]
fn listeners_hear_what_is_taken_over() {
    let place = shipped(Place::on_sqlite());
    let mut heard = Vec::new();
    let migrations = place.embedded();
    let listen = |event: &Event<'_>| {
        if let Event::Adopting { table, revisions, notes } = event {
            heard.push(format!("{table} {revisions} {}", notes.len()));
        }
    };
    let mut db = rusqlite::Connection::open(place.sandbox.path().join("app.db")).expect("a file");
    migrations.migrator().on_event(listen).adopt_refinery(REFINERY_TABLE).run(&mut db).expect("it takes over");
    assert_eq!(heard, ["refinery_schema_history 3 0"]);
}

/// In a task of its own, as a service does it: the future can be sent to another thread.
async fn starts<C: migrate_runtime::Connection + 'static>(mut db: C, migrations: Migrations) -> usize {
    let run = async move { migrations.migrator().adopt_refinery(REFINERY_TABLE).run_async(&mut db).await };
    tokio::spawn(run).await.expect("no panic").expect("it takes over").adopted.len()
}

#[test]
fn every_asynchronous_driver_takes_over() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let places = [
        Some(Place::on_sqlite()),
        Place::on_postgres(),
        Place::on_postgres(),
        Place::on_mariadb(),
        Place::on_mariadb(),
    ];
    for (index, place) in places.into_iter().enumerate() {
        let Some(place) = place.map(shipped) else { continue };
        let (url, migrations) = (place.url(), place.embedded());
        let taken = runtime.block_on(async {
            match index {
                0 => starts(sqlx::SqliteConnection::connect(&url).await.expect("a connection"), migrations).await,
                1 => {
                    let connected = tokio_postgres::connect(&url, tokio_postgres::NoTls).await;
                    let (db, connection) = connected.expect("a connection");
                    tokio::spawn(connection);
                    starts(db, migrations).await
                }
                2 => starts(sqlx::PgConnection::connect(&url).await.expect("a connection"), migrations).await,
                3 => starts(mysql_async::Conn::from_url(&url).await.expect("a connection"), migrations).await,
                _ => starts(sqlx::MySqlConnection::connect(&url).await.expect("a connection"), migrations).await,
            }
        });
        assert_eq!(taken, 3, "{}, {index}", place.engine());
    }
}

#[test]
fn behind_a_transaction_pooler_one_of_many_takes_over() {
    let (Some(server), Some(place)) = (pgbouncer::engine_or_skip(), Place::on_postgres()) else { return };
    let pooler = Pooler::start_with(server, PoolMode::Transaction, 3).expect("a pooler");
    let place = shipped(place);
    let url = place.url();
    let pooled = pooler.url(url.rsplit('/').next().expect("a database"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let taken = runtime.block_on(async {
        let mut started = Vec::new();
        for _ in 0..8 {
            let (db, connection) = tokio_postgres::connect(&pooled, tokio_postgres::NoTls).await.expect("a connection");
            tokio::spawn(connection);
            started.push(tokio::spawn(starts(db, place.embedded())));
        }
        let mut taken = 0;
        for start in started {
            taken += start.await.expect("no panic");
        }
        taken
    });
    assert_eq!(taken, 3);
    assert_eq!(place.sql("SELECT count(*) FROM migrate_log"), "3");
}
