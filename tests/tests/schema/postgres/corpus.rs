//! Every feature once, created, read, created from what was read, and read again.

use migrate_runtime::schema::schema_sql;
use migrate_tests::suite::connect;

use super::{assert_round_trip, execute, inspect, on_postgres};

/// Expects a round trip, and that what is left out is this.
fn round_trip(sql: &str, left_out: &[&str]) {
    on_postgres(async |database| {
        let mut db = connect(&database.url()).await;
        execute(&db, sql).await;
        let schema = inspect(&mut db).await;
        if std::env::var_os("SHOW").is_some() {
            println!("{}", schema_sql(&schema).to_script());
        }
        let said = schema_sql(&schema).left_out;
        assert_eq!(said.iter().map(|left| left.what.as_str()).collect::<Vec<_>>(), left_out);
        if left_out.is_empty() {
            assert_round_trip(&schema).await;
        }
    });
}

macro_rules! corpus {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() {
            round_trip(include_str!(concat!("../../../data/schema/postgres/", stringify!($name), ".sql")), &[]);
        }
    )*};
}

corpus! {
    circles columns constraints extensions guards indexes names partitions routines types views
}
