//! The blocking driver where it may not block.

use migrate_tests::suite::{chain, code, explain, postgres_or_skip, runtime};

#[test]
fn a_blocking_client_inside_an_async_runtime_is_refused_and_does_not_panic() {
    let Some(database) = postgres_or_skip() else { return };
    let mut client = postgres::Client::connect(&database.url(), postgres::NoTls).expect("a client");
    let error = runtime().block_on(async { chain("a").upgrade(&mut client).expect_err("it may not block").error });
    assert_eq!(code(&error), "M0411", "{}", explain(&error));
    chain("a").upgrade(&mut client).expect("outside of it all is well");
}
