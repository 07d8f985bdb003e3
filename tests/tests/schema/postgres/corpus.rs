//! Every feature once, created, read, created from what was read, and read again.

use migrate_runtime::schema::schema_sql;
use migrate_tests::suite::connect;

use super::{assert_round_trip, dumped, execute, inspect, on_postgres};

/// Expects a round trip that the server's own tool sees no difference after, and this script.
fn round_trip(name: &str, sql: &str) {
    on_postgres(async |database| {
        let mut db = connect(&database.url()).await;
        execute(&db, sql).await;
        let schema = inspect(&mut db).await;
        let again = assert_round_trip(&schema).await;
        let (before, after) = (dumped(&database), dumped(&again));
        let missing: Vec<&String> = before.iter().filter(|object| !after.contains(object)).collect();
        let added: Vec<&String> = after.iter().filter(|object| !before.contains(object)).collect();
        assert!(missing.is_empty() && added.is_empty(), "before: {missing:#?}\nafter: {added:#?}");
        insta::assert_snapshot!(name, schema_sql(&schema).to_script());
    });
}

macro_rules! corpus {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() {
            round_trip(stringify!($name), include_str!(concat!("../../../data/schema/postgres/", stringify!($name), ".sql")));
        }
    )*};
}

corpus! {
    circles columns constraints extensions guards indexes names partitions routines types views
}
