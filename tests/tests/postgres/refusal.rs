//! Roles, sessions and servers that refuse.

use migrate_runtime::{DriverError, DriverErrorKind};
use migrate_tests::postgres::{APP_LOGIN, APP_PASSWORD};
use migrate_tests::suite::{chain, code, connect, explain};
use tokio_postgres::NoTls;

use super::{HELD, column, on_postgres};

#[test]
fn a_role_that_may_not_create_is_refused_and_leaves_nothing() {
    on_postgres(async |database| {
        database.psql("REVOKE CREATE ON SCHEMA public FROM PUBLIC").expect("a grant");
        let mut db = connect(&database.login_url(APP_LOGIN, APP_PASSWORD)).await;
        let error = chain("a").upgrade_async(&mut db).await.expect_err("a refusal");
        assert_eq!(code(&error.error), "M0409", "{}", explain(&error.error));
        assert_eq!(column(&db, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").await, ["0"]);
        assert_eq!(column(&db, HELD).await, ["0"]);
    });
}

#[test]
fn a_role_that_may_only_read_can_look_and_start() {
    on_postgres(async |database| {
        let mut owner = connect(&database.url()).await;
        chain("a").upgrade_async(&mut owner).await.expect("an upgrade");
        owner.batch_execute(&format!("GRANT SELECT ON migrate_history TO {APP_LOGIN}")).await.expect("a grant");
        let mut db = connect(&database.login_url(APP_LOGIN, APP_PASSWORD)).await;

        chain("a").upgrade_async(&mut db).await.expect("nothing to do");
        let plan = chain("a b").migrator().plan_async(&mut db).await.expect("a plan");

        assert_eq!(plan.to_string(), "+ b");
    });
}

#[test]
fn a_role_that_may_not_even_read_is_refused() {
    on_postgres(async |database| {
        chain("a").upgrade_async(&mut connect(&database.url()).await).await.expect("an upgrade");
        let mut db = connect(&database.login_url(APP_LOGIN, APP_PASSWORD)).await;
        assert_eq!(code(&chain("a").upgrade_async(&mut db).await.expect_err("a refusal").error), "M0409");
    });
}

#[test]
fn a_read_only_session_is_refused() {
    on_postgres(async |database| {
        let mut db = connect(&database.url()).await;
        db.batch_execute("SET default_transaction_read_only = on").await.expect("a setting");
        for revisions in [chain("a"), chain("a b")] {
            let error = revisions.upgrade_async(&mut db).await.expect_err("a refusal");
            assert_eq!(code(&error.error), "M0409", "{}", explain(&error.error));
            chain("a").upgrade_async(&mut connect(&database.url()).await).await.expect("an upgrade");
        }
        assert_eq!(column(&db, "SELECT id FROM migrate_history").await, ["a"]);
    });
}

#[test]
fn failures_to_connect_say_of_what_kind_they_are() {
    on_postgres(async |database| {
        let right = database.login_url(APP_LOGIN, APP_PASSWORD);
        let elsewhere = right.replace(database.name(), "nowhere");
        let nobody = {
            let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|port| port.local_addr()).expect("a port");
            format!("postgres://app@127.0.0.1:{}/app", free.port())
        };
        for (url, kind) in [
            (database.login_url(APP_LOGIN, "wrong"), DriverErrorKind::WrongCredentials),
            (elsewhere, DriverErrorKind::MissingDatabase),
            (nobody, DriverErrorKind::Unreachable),
        ] {
            let error = tokio_postgres::connect(&url, NoTls).await.err().expect("a refusal");
            assert_eq!(DriverError::from(error).kind, kind, "{url}");
        }
    });
}
