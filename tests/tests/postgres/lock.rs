//! One runs, the others wait, with `lock = "advisory"`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use migrate_runtime::plan::Settings;
use migrate_runtime::{Event, LockKind, Migrations};
use migrate_tests::postgres::Database;
use migrate_tests::suite::{Draft, chain, code, connect, draft, explain, route, set, with_settings};
use tokio_postgres::Client;

use super::{HELD, column, connect_as, on_postgres};

const ADVISORY: Settings = Settings { lock: LockKind::Advisory, ..Settings::DEFAULT };

fn advisory(revisions: &Migrations) -> Migrations {
    with_settings(revisions, ADVISORY)
}

/// A revision that notes down under which lock it runs.
fn spy() -> Draft {
    draft("spy")
        .up("CREATE TABLE spied AS SELECT classid::bigint << 32 | objid::bigint AS key FROM pg_locks WHERE locktype = \
         'advisory' AND pid = pg_backend_pid();")
}

fn pending() -> Migrations {
    advisory(&set([spy(), draft("b").after("spy")]))
}

/// A session that holds the lock; `b` is pending.
async fn holder(database: &Database) -> Client {
    advisory(&set([spy()])).upgrade_async(&mut connect(&database.url()).await).await.expect("an upgrade");
    let holder = connect_as(database, "the holder").await;
    holder.batch_execute("SELECT pg_advisory_lock(key) FROM spied").await.expect("the lock");
    holder
}

async fn release(holder: &Client) {
    holder.batch_execute("SELECT pg_advisory_unlock_all()").await.expect("the lock is given back");
}

async fn until(condition: &AtomicBool) {
    while !condition.load(Ordering::Relaxed) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[test]
fn a_waiter_inside_the_server_would_deadlock_with_a_concurrent_index_build() {
    on_postgres(async |database| {
        let (holder, waiter) = (holder(&database).await, connect(&database.url()).await);
        let build = async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let built = holder.batch_execute("CREATE INDEX CONCURRENTLY i ON spied (key)").await;
            release(&holder).await;
            built
        };

        let (waited, built) = tokio::join!(waiter.batch_execute("SELECT pg_advisory_lock(key) FROM spied"), build);

        let victim = waited.err().or(built.err()).expect("one of the two is the victim");
        assert_eq!(victim.code().map(|code| code.code()), Some("40P01"));
    });
}

#[test]
fn our_waiter_lets_a_concurrent_index_build_through() {
    on_postgres(async |database| {
        let (holder, mut waiter) = (holder(&database).await, connect(&database.url()).await);
        let waiting = AtomicBool::new(false);
        let revisions = pending();
        let listener = |event: &Event<'_>| {
            if matches!(event, Event::Waiting { .. }) {
                waiting.store(true, Ordering::Relaxed);
            }
        };
        let build = async {
            until(&waiting).await;
            let built = holder.batch_execute("CREATE INDEX CONCURRENTLY i ON spied (key)").await;
            release(&holder).await;
            built
        };

        let (upgraded, built) = tokio::join!(revisions.migrator().on_event(listener).run_async(&mut waiter), build);

        built.expect("the index is built");
        assert_eq!(route(&upgraded.expect("an upgrade")), "spy | +b | b");
    });
}

#[test]
fn a_waiter_hears_who_holds_the_lock_and_gives_up_in_time() {
    on_postgres(async |database| {
        let holder = holder(&database).await;
        let pid = column(&holder, "SELECT pg_backend_pid()").await.remove(0);
        let mut heard = Vec::new();
        let revisions = pending();
        let migrator = revisions.migrator().lock_timeout(Duration::from_millis(300)).on_event(|event| {
            if let Event::Waiting { holder, .. } = event {
                heard.extend(holder.map(str::to_owned));
            }
        });

        let error = migrator.run_async(&mut connect(&database.url()).await).await.expect_err("a time-out").error;

        assert_eq!(code(&error), "M0407");
        let said = format!("process {pid} (the holder) from 127.0.0.1 since ");
        assert!(explain(&error).contains(&format!("the lock is held by {said}")), "{}", explain(&error));
        assert!(heard.len() == 1 && heard[0].starts_with(&said), "{heard:?}");
    });
}

#[test]
fn who_has_nothing_to_do_does_not_wait() {
    on_postgres(async |database| {
        let _holder = holder(&database).await;
        let started = advisory(&set([spy()]));
        let migrator = started.migrator().lock_timeout(Duration::ZERO);
        migrator.run_async(&mut connect(&database.url()).await).await.expect("nothing to do");
    });
}

#[test]
fn who_waited_finds_the_work_done() {
    on_postgres(async |database| {
        let (mut first, mut second) = (connect(&database.url()).await, connect(&database.url()).await);
        let slow = advisory(&set([draft("a").up("SELECT pg_sleep(0.3);"), draft("b").after("a")]));

        let (first, second) = tokio::join!(slow.upgrade_async(&mut first), slow.upgrade_async(&mut second));

        let mut routes = [first, second].map(|outcome| route(&outcome.expect("an upgrade")));
        routes.sort();
        assert_eq!(routes, ["base |  | b", "base | +a +b | b"]);
    });
}

#[test]
fn two_databases_do_not_wait_for_one_another() {
    on_postgres(async |database| {
        let _holder = holder(&database).await;
        let Some(neighbour) = migrate_tests::suite::postgres_or_skip() else { return };
        let revisions = pending();
        let migrator = revisions.migrator().lock_timeout(Duration::ZERO);
        migrator.run_async(&mut connect(&neighbour.url()).await).await.expect("an upgrade");
    });
}

#[test]
fn two_histories_do_not_wait_for_one_another() {
    on_postgres(async |database| {
        let _holder = holder(&database).await;
        for (schema, table) in [(None, "other_history"), (Some("tenant"), "migrate_history")] {
            let settings = Settings { history_schema: schema.map(Into::into), history_table: table.into(), ..ADVISORY };
            let revisions = with_settings(&set([draft("n").up("-- migrate: nothing")]), settings);
            let migrator = revisions.migrator().lock_timeout(Duration::ZERO);
            migrator.run_async(&mut connect(&database.url()).await).await.expect("an upgrade");
        }
    });
}

#[test]
fn the_lock_is_free_after_success_and_after_failure() {
    on_postgres(async |database| {
        let mut db = connect(&database.url()).await;
        advisory(&chain("a")).upgrade_async(&mut db).await.expect("an upgrade");
        assert_eq!(column(&db, HELD).await, ["0"]);
        let failing = advisory(&set([draft("a"), draft("b").after("a").up("SELECT nowhere;")]));
        failing.upgrade_async(&mut db).await.expect_err("a failure");
        assert_eq!(column(&db, HELD).await, ["0"]);
    });
}

#[test]
fn the_lock_is_held_while_a_revision_runs() {
    on_postgres(async |database| {
        let holder = holder(&database).await;
        assert_eq!(column(&holder, "SELECT count(key) FROM spied").await, ["1"]);
    });
}

#[test]
fn without_a_lock_two_racers_cannot_both_record() {
    on_postgres(async |database| {
        let (mut first, mut second) = (connect(&database.url()).await, connect(&database.url()).await);
        chain("a").upgrade_async(&mut first).await.expect("an upgrade");
        let slow = set([draft("a"), draft("b").after("a").up("SELECT pg_sleep(0.3);")]);
        let race = async |db: &mut Client| slow.migrator().lock(LockKind::None).run_async(db).await.is_ok();

        let won = tokio::join!(race(&mut first), race(&mut second));

        assert!(won == (true, false) || won == (false, true), "{won:?}");
        assert_eq!(column(&first, "SELECT revision FROM migrate_log ORDER BY seq").await, ["a", "b"]);
    });
}
