//! A real Galera cluster of three nodes.

use migrate_runtime::{LockKind, Migrations};
use migrate_tests::galera::{Cluster, NODES, engine_or_skip};
use migrate_tests::suite::{chain, code, connect_mysql, draft, explain, route, runtime, set};

use super::column;

fn revisions() -> Migrations {
    set([
        draft("a").up("CREATE TABLE t_a (x integer PRIMARY KEY);"),
        draft("b").after("a").up("INSERT INTO t_a VALUES (1);").down("DELETE FROM t_a;"),
    ])
}

/// Forming a cluster takes long, so that one does for all.
#[test]
fn a_cluster_is_migrated_over_any_of_its_nodes() {
    let Some(cluster) = engine_or_skip() else { return };
    runtime().block_on(async {
        the_lock_of_a_session_is_refused(&cluster).await;
        runs_on_all_nodes_at_once_apply_each_revision_once(&cluster).await;
        the_next_node_sees_what_the_last_one_did(&cluster).await;
        a_node_that_is_left_alone_says_so(&cluster).await;
    });
}

async fn the_lock_of_a_session_is_refused(cluster: &Cluster) {
    let mut db = connect_mysql(&cluster.url(0, &cluster.create_database())).await;
    let error =
        chain("a").migrator().lock(LockKind::Advisory).run_async(&mut db).await.expect_err("it is refused").error;
    assert_eq!(code(&error), "M0408", "{}", explain(&error));
    assert_eq!(column(&mut db, "SHOW TABLES").await, [""; 0]);
}

async fn runs_on_all_nodes_at_once_apply_each_revision_once(cluster: &Cluster) {
    let database = cluster.create_database();
    let runs: Vec<_> = (0..3 * NODES)
        .map(|number| {
            let url = cluster.url(number % NODES, &database);
            tokio::spawn(async move {
                let outcome = revisions().upgrade_async(&mut connect_mysql(&url).await).await;
                outcome.map_or_else(|error| explain(&error.error), |report| route(&report))
            })
        })
        .collect();
    let mut routes = Vec::new();
    for run in runs {
        routes.push(run.await.expect("it ends"));
    }
    routes.sort();
    assert_eq!(routes.last().map(String::as_str), Some("base | +a +b | b"), "{routes:?}");
    assert!(routes.iter().rev().skip(1).all(|route| route.ends_with("|  | b")), "{routes:?}");
}

/// Without `wsrep_sync_wait` a node may not yet have what another one has committed.
async fn the_next_node_sees_what_the_last_one_did(cluster: &Cluster) {
    let database = cluster.create_database();
    for number in 0..6 {
        let mut db = connect_mysql(&cluster.url(number % NODES, &database)).await;
        let (migrations, expected) = (revisions(), ["base | +a +b | b", "b | -b -a | base"][number % 2]);
        let migrator = if number % 2 == 0 { migrations.migrator() } else { migrations.migrator().downgrade("base") };
        let report = migrator.run_async(&mut db).await.unwrap_or_else(|error| panic!("{}", explain(&error.error)));
        assert_eq!(route(&report), expected, "{number}");
    }
}

async fn a_node_that_is_left_alone_says_so(cluster: &Cluster) {
    let database = cluster.create_database();
    let mut db = connect_mysql(&cluster.url(0, &database)).await;
    cluster.crash(1).expect("it ends");
    cluster.crash(2).expect("it ends");
    for _ in 0..100 {
        if column(
            &mut db,
            "SELECT variable_value FROM information_schema.global_status WHERE variable_name = 'wsrep_ready'",
        )
        .await
            == ["OFF"]
        {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    }
    let error = chain("a").upgrade_async(&mut db).await.expect_err("it is refused").error;
    assert_eq!(code(&error), "M0501", "{}", explain(&error));
    assert!(explain(&error).contains("synced"), "{}", explain(&error));
}
