//! Both tools meet in one database: refinery goes on, or we were there before.

use std::time::{Duration, Instant};

use mysql::prelude::Queryable;

use super::place::{Place, SHOP, as_it_is};

const LATER: (&str, &str) = ("V11__later", "CREATE TABLE later (x INTEGER);\n");

#[test]
fn refinery_that_goes_on_after_it_was_taken_over_is_noticed() {
    for place in Place::everywhere() {
        let place = place.applied(&SHOP);
        place.adopted(&[]);
        place.run_by_refinery(&[SHOP[0], SHOP[1], SHOP[2], LATER], as_it_is).expect("an older program goes on");
        let ran = place.adopt(&[]);
        assert!(ran.stderr.contains("error[M0808]: refinery has applied version 11"), "{}", ran.transcript());

        let place = place.with_files(&[LATER]);
        let ran = place.adopt(&[]);
        assert!(ran.stderr.contains("error[M0808]"), "{}", ran.transcript());
        assert_eq!(place.sandbox.read("migrations/V11__later.sql"), LATER.1, "nothing is written");

        let files = place.adopted(&["--files-only"]);
        assert!(files.contains("V11__later.sql became revision V11"), "{files}");
        assert_eq!(place.migrate(&["stamp", "V11"]).code, 0);
        assert_eq!(place.adopted(&[]).lines().last(), Some("the database is taken over already"));
        assert_eq!(place.migrate(&["check"]).code, 0);
    }
}

#[test]
fn a_revision_that_was_undone_since_does_not_come_back() {
    for place in Place::everywhere() {
        let place = place.applied(&SHOP);
        place.adopted(&[]);
        let stamped = place.migrate(&["stamp", "V2"]);
        assert_eq!(stamped.code, 0, "{}", stamped.transcript());
        assert_eq!(place.adopted(&[]).lines().last(), Some("the database is taken over already"));
        assert!(place.migrate(&["current"]).stdout.starts_with("V2"));
    }
}

#[test]
fn a_history_of_our_own_is_not_written_over() {
    for place in Place::everywhere() {
        let place = place.applied(&SHOP);
        assert_eq!(place.sandbox.migrate(&["adopt", "refinery"]).code, 0);
        assert_eq!(place.migrate(&["stamp", "V2"]).code, 0);
        let ran = place.adopt(&[]);
        assert!(ran.stderr.contains("error[M0807]"), "{}", ran.transcript());
        assert_eq!(place.migrate(&["stamp", "V10"]).code, 0);
        assert_eq!(place.adopted(&[]).lines().last(), Some("the database is taken over already"));
    }
}

/// What commits a migration of refinery's that is under way.
type Commit = Box<dyn FnOnce()>;

/// A migration of refinery's is under way while its table is taken over: what it adds is waited for, and taken over too.
fn is_taken_over_with_what_is_under_way(
    place: Place,
    begin: impl FnOnce(&Place, [&str; 2]) -> Commit,
    waits: impl Fn(&Place) -> bool,
) {
    let place = place.applied(&SHOP);
    place.sandbox.write(&format!("migrations/{}.sql", LATER.0), LATER.1);
    assert_eq!(place.sandbox.migrate(&["adopt", "refinery"]).code, 0);
    let sum = refinery::Migration::unapplied(LATER.0, LATER.1).expect("a name").checksum();
    let insert = format!("INSERT INTO refinery_schema_history VALUES (11, 'later', '2024-05-17T09:30:00Z', '{sum}')");
    let commit = begin(&place, [LATER.1, &insert]);
    std::thread::scope(|scope| {
        let started = scope.spawn(|| place.start(&place.embedded()));
        let deadline = Instant::now() + Duration::from_secs(60);
        // One that has ended did not wait, and says below what became of it.
        while !waits(&place) && !started.is_finished() {
            assert!(Instant::now() < deadline, "{}: it does not wait for refinery", place.engine());
            // InnoDB renews what it tells of transactions when nobody has asked for a tenth of a second.
            std::thread::sleep(Duration::from_millis(150));
        }
        commit();
        let report = started.join().expect("no panic").expect("it takes over");
        assert_eq!((report.adopted.len(), report.steps.len()), (4, 0), "{}", place.engine());
    });
    assert_eq!(place.migrate(&["check"]).code, 0);
}

#[test]
fn what_refinery_is_just_committing_on_postgres_is_taken_over_too() {
    let Some(place) = Place::on_postgres() else { return };
    let begin = |place: &Place, statements: [&str; 2]| -> Commit {
        let mut refinery = postgres::Client::connect(&place.url(), postgres::NoTls).expect("a connection");
        refinery.batch_execute(&format!("BEGIN; {}", statements.join(";"))).expect("refinery's statements");
        Box::new(move || refinery.batch_execute("COMMIT").expect("refinery's end"))
    };
    is_taken_over_with_what_is_under_way(place, begin, |place| {
        // Other tests wait in other databases of the server.
        let here = "database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        place.sql(&format!("SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'ShareLock' AND {here}")) != "0"
    });
}

#[test]
fn what_refinery_is_just_committing_on_mariadb_is_taken_over_too() {
    let Some(place) = Place::on_mariadb() else { return };
    let begin = |place: &Place, [create, insert]: [&str; 2]| -> Commit {
        let mut refinery = mysql::Conn::new(place.url().as_str()).expect("a connection");
        for statement in ["START TRANSACTION", create, "START TRANSACTION", insert] {
            refinery.query_drop(statement).expect("refinery's statements");
        }
        Box::new(move || refinery.query_drop("COMMIT").expect("refinery's end"))
    };
    is_taken_over_with_what_is_under_way(place, begin, |place| {
        place.sql(
            "SELECT count(*) FROM information_schema.innodb_trx t JOIN information_schema.processlist p \
             ON p.id = t.trx_mysql_thread_id WHERE t.trx_state = 'LOCK WAIT' AND p.db = DATABASE()",
        ) != "0"
    });
}

#[test]
fn what_refinery_is_just_committing_on_sqlite_is_taken_over_too() {
    let begin = |place: &Place, statements: [&str; 2]| -> Commit {
        let refinery = rusqlite::Connection::open(place.sandbox.path().join("app.db")).expect("a file");
        refinery.execute_batch(&format!("BEGIN IMMEDIATE; {}", statements.join(";"))).expect("refinery's statements");
        Box::new(move || refinery.execute_batch("COMMIT").expect("refinery's end"))
    };
    // SQLite does not say who waits.
    let since = Instant::now();
    is_taken_over_with_what_is_under_way(Place::on_sqlite(), begin, |_| since.elapsed() > Duration::from_secs(1));
}
