//! What only sqlx has: pools, which lend connections and take them back.

use migrate_tests::suite::{chain, code, draft, mariadb_or_skip, postgres_or_skip, route, runtime, set};
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
