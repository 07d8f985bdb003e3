//! Taking over is killed at some moment: files and database are old or new, and the next call finishes what is left.

use std::process::Stdio;
use std::time::Instant;

use super::place::{Place, SHOP};

/// How many moments between start and end are tried on each engine.
const MOMENTS: u32 = 12;

fn is_finished_by_the_next_call(fresh: impl Fn() -> Option<Place>) {
    let Some(place) = fresh() else { return };
    let place = place.applied(&SHOP);
    let started = Instant::now();
    place.adopted(&[]);
    let (takes, wanted) = (started.elapsed(), end(&place));
    for moment in 0..MOMENTS {
        let place = fresh().expect("it was there").applied(&SHOP);
        let mut command = place.sandbox.command(&["adopt", "refinery", "--database-url", &place.url()]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        std::thread::sleep(takes * moment / MOMENTS);
        // It may have ended by itself.
        let _ = child.kill();
        child.wait().expect("it ends");
        let between = place.tables();
        if between.contains("migrate_log") {
            let rows = place.sql("SELECT count(*) FROM migrate_log");
            assert!(rows == "0" || rows == "3", "{}: {rows} rows at moment {moment}", place.engine());
        }
        place.adopted(&[]);
        assert_eq!(end(&place), wanted, "{}, moment {moment}", place.engine());
        assert_eq!(place.migrate(&["check"]).code, 0);
    }
}

/// Files and rows, without what differs from run to run.
fn end(place: &Place) -> String {
    let files = place.sandbox.list("migrations").into_iter().filter(|name| !name.starts_with(".migrate-"));
    let texts = files.map(|name| format!("{name}\n{}", place.sandbox.read(&format!("migrations/{name}"))));
    let rows = place.sql("SELECT id, state, parents, up_checksum FROM migrate_history ORDER BY id");
    let log = place.sql("SELECT revision, action FROM migrate_log ORDER BY seq");
    texts.chain([rows, log]).collect::<Vec<_>>().join("\n")
}

#[test]
fn on_sqlite() {
    is_finished_by_the_next_call(|| Some(Place::on_sqlite()));
}

#[test]
fn on_postgres() {
    is_finished_by_the_next_call(Place::on_postgres);
}

#[test]
fn on_mariadb() {
    is_finished_by_the_next_call(Place::on_mariadb);
}
