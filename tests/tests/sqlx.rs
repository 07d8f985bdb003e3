//! What only sqlx has: pools, which lend connections and take them back.

use std::time::Duration;

use migrate_tests::suite::{chain, code, draft, explain, mariadb_or_skip, postgres_or_skip, route, runtime, set};
use sqlx::mysql::MySqlPoolOptions;
use sqlx::postgres::PgPoolOptions;

#[test]
fn a_pool_of_one_connection_is_enough_and_gets_it_back_without_a_lock() {
    let Some(database) = postgres_or_skip() else { return };
    runtime().block_on(async {
        let pool = PgPoolOptions::new().max_connections(1).connect(&database.url()).await.expect("a pool");
        let failing = set([draft("a"), draft("b").after("a").up("SELECT nowhere;")]);
        let error =
            failing.upgrade_async(&mut pool.acquire().await.expect("a connection")).await.expect_err("a failure");
        assert_eq!(code(&error.error), "M0401");

        let locks: i64 = sqlx::query_scalar("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
            .fetch_one(&pool)
            .await
            .expect("an answer");
        assert_eq!(locks, 0, "a failed run leaks no lock into the pool");
        let report = chain("a b").upgrade_async(&mut pool.acquire().await.expect("a connection")).await;
        assert_eq!(route(&report.expect("an upgrade")), "a | +b | b");
    });
}

#[test]
fn a_pool_of_mariadb_connections_gets_them_back_without_a_lock() {
    let Some(database) = mariadb_or_skip() else { return };
    runtime().block_on(async {
        let pool = MySqlPoolOptions::new().max_connections(2).connect(&database.url()).await.expect("a pool");
        let failing = set([draft("a"), draft("b").after("a").up("SELECT nowhere;")]);
        failing.upgrade_async(&mut pool.acquire().await.expect("a connection")).await.expect_err("a failure");
        let mut first = pool.acquire().await.expect("a connection");
        let mut second = pool.acquire().await.expect("a connection");
        let report = chain("a b").upgrade_async(&mut first).await.expect("an upgrade");
        assert_eq!(route(&report), "a | +b | b");
        assert!(chain("a b").upgrade_async(&mut second).await.expect("nothing to do").steps.is_empty());
    });
}

#[test]
fn a_pool_itself_is_as_good_as_a_connection_and_gets_it_back() {
    let (Some(on_postgres), Some(on_mariadb)) = (postgres_or_skip(), mariadb_or_skip()) else { return };
    runtime().block_on(async {
        let pool = PgPoolOptions::new().max_connections(1).connect(&on_postgres.url()).await.expect("a pool");
        assert_eq!(route(&chain("a b").upgrade_async(&pool).await.expect("an upgrade")), "base | +a +b | b");
        assert_eq!(chain("a b c").migrator().plan_async(&pool).await.expect("a plan").steps.len(), 1);
        assert_eq!(route(&chain("a b").downgrade_async(&pool, "-1").await.expect("a downgrade")), "b | -b | a");

        let pool = MySqlPoolOptions::new().max_connections(1).connect(&on_mariadb.url()).await.expect("a pool");
        assert_eq!(route(&chain("a b").upgrade_async(&pool).await.expect("an upgrade")), "base | +a +b | b");
        let pool = mysql_async::Pool::from_url(on_mariadb.url()).expect("a pool");
        assert_eq!(route(&chain("a b").downgrade_async(&pool, "base").await.expect("a downgrade")), "b | -b -a | base");
        pool.disconnect().await.expect("it ends");

        let pool = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await;
        assert_eq!(
            route(&chain("a").upgrade_async(&pool.expect("a pool")).await.expect("an upgrade")),
            "base | +a | a"
        );
    });
}

#[test]
fn a_run_that_is_dropped_half_way_leaves_the_pool_in_order() {
    let Some(database) = postgres_or_skip() else { return };
    runtime().block_on(async {
        let pool = PgPoolOptions::new().max_connections(1).connect(&database.url()).await.expect("a pool");
        let slow = set([draft("a").up("CREATE TABLE t_a (x integer);\nSELECT pg_sleep(1);")]);
        let late = tokio::time::timeout(Duration::from_millis(400), slow.upgrade_async(&pool)).await;
        assert!(late.is_err(), "it is dropped");
        // The server carries out what it was sent, and the next run waits for that.
        let report = slow.upgrade_async(&pool).await.unwrap_or_else(|error| panic!("{}", explain(&error.error)));
        assert_eq!(report.heads_after, ["a"]);
    });
}

#[test]
fn a_pool_that_has_no_connection_says_so() {
    let Some(database) = postgres_or_skip() else { return };
    runtime().block_on(async {
        let options = PgPoolOptions::new().max_connections(1).acquire_timeout(Duration::from_millis(100));
        let pool = options.connect(&database.url()).await.expect("a pool");
        let _taken = pool.acquire().await.expect("the only one");
        let error = chain("a").upgrade_async(&pool).await.expect_err("there is none").error;
        assert_eq!(code(&error), "M0501");
        assert!(explain(&error).contains("no connection can be had"), "{}", explain(&error));
    });
}
