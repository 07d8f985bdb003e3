//! Through a real PgBouncer.

use migrate_runtime::{Connection, LockKind, Migrations};
use migrate_tests::pgbouncer::{PoolMode, Pooler, engine_or_skip};
use migrate_tests::suite::{chain, code, connect, draft, explain, runtime, set, with_settings};
use tokio_postgres::Client;

use super::column;

/// A database behind a pooler, as a URL that goes through it and one that does not.
struct Behind {
    _pooler: Pooler,
    pooled: String,
    direct: String,
}

fn behind(mode: PoolMode, pool_size: u32) -> Option<Behind> {
    let server = engine_or_skip()?;
    let pooler = Pooler::start_with(server, mode, pool_size).expect("a pooler");
    let database = server.create_database();
    Some(Behind { pooled: pooler.url(database.name()), direct: database.url(), _pooler: pooler })
}

fn revisions() -> Migrations {
    let outside =
        "-- migrate: no-transaction\nCREATE TABLE t_b (x integer);\nCREATE INDEX CONCURRENTLY t_b_x ON t_b (x);";
    set([draft("a"), draft("b").after("a").up(outside), draft("c").after("b")])
}

#[test]
fn two_clients_get_the_same_advisory_lock_and_see_no_pooler() {
    let Some(behind) = behind(PoolMode::Transaction, 1) else { return };
    runtime().block_on(async {
        let (mut first, mut second) = (connect(&behind.pooled).await, connect(&behind.pooled).await);
        for client in [&mut first, &mut second] {
            assert_eq!(column(client, "SELECT pg_try_advisory_lock(7)").await, ["t"], "the trap is there");
        }
        let backend = "SELECT pg_backend_pid()";
        let mut backends = Vec::new();
        for _ in 0..4 {
            backends.extend(column(&mut first, backend).await);
        }
        backends.dedup();
        assert_eq!(backends.len(), 1, "one session, again and again: it looks as if there were no pooler");
    });
}

#[test]
fn an_advisory_lock_that_another_client_took_in_the_same_session_is_refused() {
    let Some(behind) = behind(PoolMode::Transaction, 1) else { return };
    runtime().block_on(async {
        let spy = "CREATE TABLE spied AS SELECT classid::bigint << 32 | objid::bigint AS key FROM pg_locks WHERE locktype = \
                   'advisory' AND pid = pg_backend_pid();";
        let advisory = |drafts: &Migrations| {
            with_settings(drafts, migrate_runtime::plan::Settings { lock: LockKind::Advisory, ..Default::default() })
        };
        let first = advisory(&set([draft("spy").up(spy)]));
        first.upgrade_async(&mut connect(&behind.direct).await).await.expect("an upgrade");
        let mut holder: Client = connect(&behind.pooled).await;
        column(&mut holder, "SELECT pg_advisory_lock(key) FROM spied").await;

        let revisions = advisory(&set([draft("spy").up(spy), draft("b").after("spy")]));
        let error = revisions.upgrade_async(&mut connect(&behind.pooled).await).await.expect_err("it is pooled").error;

        assert_eq!(code(&error), "M0408", "{}", explain(&error));
    });
}

#[test]
fn a_run_goes_up_and_down_through_transaction_mode() {
    let Some(behind) = behind(PoolMode::Transaction, 4) else { return };
    runtime().block_on(async {
        let mut db = connect(&behind.pooled).await;
        // Somebody else's transactions keep the sessions moving.
        let mut others = Vec::new();
        for _ in 0..3 {
            let mut other = connect(&behind.pooled).await;
            others.push(tokio::spawn(async move {
                for _ in 0..200 {
                    other.batch_execute("BEGIN; SELECT pg_sleep(0.001); COMMIT").await.expect("a transaction");
                }
                Connection::query(&mut other, "SHOW lock_timeout").await.expect("a setting").remove(0)
            }));
        }
        for _ in 0..5 {
            let up = revisions().upgrade_async(&mut db).await;
            up.unwrap_or_else(|error| panic!("{}", explain(&error.error)));
            let down = revisions().migrator().downgrade("base").run_async(&mut db).await;
            down.unwrap_or_else(|error| panic!("{}", explain(&error.error)));
        }
        for other in others {
            assert_eq!(other.await.expect("it ends").text(0), Some("0"), "no setting leaks into the pool");
        }
    });
}

#[test]
fn statement_mode_is_refused_and_nothing_is_written() {
    let Some(behind) = behind(PoolMode::Statement, 4) else { return };
    runtime().block_on(async {
        for lock in [LockKind::Auto, LockKind::Advisory, LockKind::None] {
            let mut db = connect(&behind.pooled).await;
            let error = revisions().migrator().lock(lock).run_async(&mut db).await.expect_err("it is refused").error;
            // The reason that the pooler gives can get lost with the connection.
            assert!(["M0408", "M0501"].contains(&code(&error)), "{}", explain(&error));
            assert!(explain(&error).contains("statement mode"), "{}", explain(&error));
        }
        let mut db = connect(&behind.direct).await;
        assert_eq!(column(&mut db, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").await, ["0"]);
    });
}

#[test]
fn session_mode_is_as_good_as_none() {
    let Some(behind) = behind(PoolMode::Session, 4) else { return };
    runtime().block_on(async {
        for lock in [LockKind::Auto, LockKind::Advisory] {
            let mut db = connect(&behind.pooled).await;
            let up = chain("a b").migrator().lock(lock).run_async(&mut db).await;
            up.unwrap_or_else(|error| panic!("{lock:?}: {}", explain(&error.error)));
            chain("a b").migrator().lock(lock).downgrade("base").run_async(&mut db).await.expect("a downgrade");
        }
    });
}
