//! What every driver has to do alike: one suite, run on a fresh database of each.

/// Runs each case on a fresh database of each driver.
macro_rules! on_every_driver {
    ($($case:ident,)*) => {
        mod rusqlite { on_every_driver!(@on BlockingSqlite: $($case)*); }
        mod rusqlite_async { on_every_driver!(@on AsyncSqlite: $($case)*); }
        mod mysql { on_every_driver!(@on BlockingMariaDb: $($case)*); }
        mod postgres { on_every_driver!(@on BlockingPostgres: $($case)*); }
        mod mysql_async { on_every_driver!(@on MariaDb: $($case)*); }
        mod sqlx_sqlite { on_every_driver!(@on SqlxSqlite: $($case)*); }
        mod sqlx_postgres { on_every_driver!(@on SqlxPostgres: $($case)*); }
        mod sqlx_mysql { on_every_driver!(@on SqlxMariaDb: $($case)*); }
        mod mysql_async_pool { on_every_driver!(@on MariaDbPool: $($case)*); }
        mod sqlx_sqlite_pool { on_every_driver!(@on SqlxSqlitePool: $($case)*); }
        mod sqlx_postgres_pool { on_every_driver!(@on SqlxPostgresPool: $($case)*); }
        mod sqlx_mysql_pool { on_every_driver!(@on SqlxMariaDbPool: $($case)*); }
        mod tokio_postgres { on_every_driver!(@on Postgres: $($case)*); }
    };
    (@on $driver:ident: $($case:ident)*) => {
        $(
            #[test]
            fn $case() {
                if let Some(mut database) = migrate_tests::suite::$driver::fresh() {
                    super::$case(&mut database);
                }
            }
        )*
    };
}

mod ahead;
mod downgrade;
mod drift;
mod events;
mod failure;
mod glance;
mod history;
mod journal;
mod refusal;
mod single_transaction;
mod stamp;
mod upgrade;
