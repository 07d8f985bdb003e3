//! A connection that a proxy cuts before, during and after each message with a COMMIT: whether it was carried out is
//! unknown, and the history tells.

use migrate_runtime::Connection;
use migrate_tests::proxy::{Cut, Proxy};
use migrate_tests::suite::{code, connect, connect_mysql, explain, mariadb_or_skip, postgres_or_skip, runtime};
use migrate_tests::{mariadb, postgres};

use super::{picture, revisions};

const TABLES: [&str; 3] = ["t_a", "t_b", "t_c"];

/// Where a database is: for those who go through a proxy, and for those who do not.
struct Place {
    url: String,
    port: u16,
}

impl Place {
    fn through(&self, proxy: &Proxy) -> String {
        self.url.replacen(&format!(":{}/", self.port), &format!(":{}/", proxy.port()), 1)
    }
}

/// Upgrades and downgrades, cut at the n-th COMMIT of either; gives whether there were that many.
async fn survives<C: Connection>(
    place: &Place,
    connect: impl AsyncFn(&str) -> C,
    cut: Cut,
    at: usize,
    expected: &mut Vec<String>,
) -> bool {
    let mut was_cut = false;
    let mut direct = connect(&place.url).await;
    let revisions = revisions(direct.dialect());
    for (phase, target) in ["head", "a"].into_iter().enumerate() {
        let migrator = || if target == "head" { revisions.migrator() } else { revisions.migrator().downgrade(target) };
        let proxy = Proxy::start(place.port, "COMMIT", at, cut).expect("a proxy");
        let mut pooled = connect(&place.through(&proxy)).await;
        let outcome = migrator().run_async(&mut pooled).await;
        if let Err(error) = outcome {
            was_cut = true;
            let code = code(&error.error);
            assert!(["M0412", "M0501"].contains(&code), "{cut:?} {at}: {}", explain(&error.error));
            assert!(proxy.met() >= at);
        }
        let finished = migrator().run_async(&mut direct).await;
        if let Err(error) = finished {
            panic!("{cut:?} {at} {target}: {}", explain(&error.error));
        }
        let seen = picture(&mut direct, &TABLES).await;
        match expected.get(phase) {
            None => expected.push(seen),
            Some(expected) => assert_eq!(&seen, expected, "{cut:?} at {at}, {target}"),
        }
    }
    was_cut
}

async fn is_cut_everywhere<C: Connection>(fresh: impl Fn() -> Place, connect: impl AsyncFn(&str) -> C) -> usize {
    let mut expected = Vec::new();
    assert!(!survives(&fresh(), &connect, Cut::Before, 10_000, &mut expected).await);
    let mut cuts = 0;
    for cut in [Cut::Before, Cut::During, Cut::After] {
        let mut at = 1;
        while survives(&fresh(), &connect, cut, at, &mut expected).await {
            cuts += 1;
            at += 1;
        }
    }
    cuts
}

#[test]
fn on_postgres_a_run_that_is_cut_around_any_commit_is_finished_by_the_next() {
    if postgres_or_skip().is_none() {
        return;
    }
    let fresh = || {
        let server = postgres::Server::shared();
        Place { url: server.create_database().url(), port: server.port() }
    };
    let cuts = runtime().block_on(is_cut_everywhere(fresh, async |url: &str| connect(url).await));
    assert!(cuts >= 15, "{cuts}");
}

#[test]
fn on_mariadb_a_run_that_is_cut_around_any_commit_is_finished_by_the_next() {
    if mariadb_or_skip().is_none() {
        return;
    }
    let fresh = || {
        let server = mariadb::Server::shared();
        // The driver would leave the proxy for the socket that the server tells it of.
        Place { url: format!("{}?prefer_socket=false", server.create_database().url()), port: server.port() }
    };
    let cuts = runtime().block_on(is_cut_everywhere(fresh, async |url: &str| connect_mysql(url).await));
    assert!(cuts >= 15, "{cuts}");
}
