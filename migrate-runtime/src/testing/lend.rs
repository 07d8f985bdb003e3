//! Connections to a fresh database by each driver that is enabled, for tests that need nothing special.

#[cfg(any(
    feature = "rusqlite",
    feature = "tokio-postgres",
    feature = "mysql",
    feature = "mysql_async",
    feature = "sqlx-sqlite",
    feature = "sqlx-postgres",
    feature = "sqlx-mysql"
))]
mod helpers {
    use migrate_plan::Code;

    use crate::driver::DriverError;
    use crate::error::Error;
    use crate::testing::url::Engine;
    use crate::testing::{FreshDatabase, refusal};

    fn reached<T>(outcome: Result<T, impl Into<DriverError>>) -> Result<T, Error> {
        outcome.map_err(|error| Error::driver("the database cannot be reached", error.into()))
    }

    impl FreshDatabase {
        fn refuse_other(&self, engine: Engine) -> Result<(), Error> {
            if self.server.engine == engine {
                return Ok(());
            }
            let message =
                format!("the database is of {}, and the driver for {}", self.server.engine.name(), engine.name());
            Err(refusal(
                Code::InvalidUrl,
                message,
                "set `DATABASE_URL` to a server for this driver, or name one with `on`",
            ))
        }

        /// A connection of `rusqlite`; every one is to the same database.
        ///
        /// # Errors
        ///
        /// [`Error::Withheld`] when the database is of another engine, [`Error::Driver`] when it cannot be reached.
        #[cfg(feature = "rusqlite")]
        pub fn rusqlite(&self) -> Result<rusqlite::Connection, Error> {
            self.refuse_other(Engine::Sqlite)?;
            reached(rusqlite::Connection::open(crate::testing::sqlite::file(self.url())))
        }

        /// A client of `postgres`, without TLS.
        ///
        /// # Errors
        ///
        /// [`Error::Withheld`] when the database is of another engine, [`Error::Driver`] when it cannot be reached.
        #[cfg(feature = "postgres")]
        pub fn postgres(&self) -> Result<postgres::Client, Error> {
            self.refuse_other(Engine::Postgres)?;
            reached(postgres::Client::connect(self.url(), postgres::NoTls))
        }

        /// A client of `tokio-postgres`, without TLS, whose connection the current runtime serves.
        ///
        /// # Errors
        ///
        /// [`Error::Withheld`] when the database is of another engine, [`Error::Driver`] when it cannot be reached.
        #[cfg(feature = "tokio-postgres")]
        pub async fn tokio_postgres(&self) -> Result<tokio_postgres::Client, Error> {
            self.refuse_other(Engine::Postgres)?;
            let (client, connection) = reached(tokio_postgres::connect(self.url(), tokio_postgres::NoTls).await)?;
            // Its errors reach the client, which reports them.
            tokio::spawn(async move { drop(connection.await) });
            Ok(client)
        }

        /// A connection of `mysql`.
        ///
        /// # Errors
        ///
        /// [`Error::Withheld`] when the database is of another engine, [`Error::Driver`] when it cannot be reached.
        #[cfg(feature = "mysql")]
        pub fn mysql(&self) -> Result<mysql::Conn, Error> {
            self.refuse_other(Engine::MySql)?;
            reached(super::mysql_opts(self.url()).and_then(mysql::Conn::new))
        }

        /// A connection of `mysql_async`.
        ///
        /// # Errors
        ///
        /// [`Error::Withheld`] when the database is of another engine, [`Error::Driver`] when it cannot be reached.
        #[cfg(feature = "mysql_async")]
        pub async fn mysql_async(&self) -> Result<mysql_async::Conn, Error> {
            self.refuse_other(Engine::MySql)?;
            let opts = reached(mysql_async::Opts::from_url(self.url()).map_err(mysql_async::Error::from))?;
            let opts = mysql_async::OptsBuilder::from_opts(opts).prefer_socket(false);
            reached(mysql_async::Conn::new(opts).await)
        }

        /// A pool of sqlx's of up to five connections.
        ///
        /// # Errors
        ///
        /// [`Error::Withheld`] when the database is of another engine, [`Error::Driver`] when it cannot be reached.
        #[cfg(feature = "sqlx-sqlite")]
        pub async fn sqlite_pool(&self) -> Result<sqlx::SqlitePool, Error> {
            self.refuse_other(Engine::Sqlite)?;
            reached(pool().connect(self.url()).await)
        }

        /// A pool of sqlx's of up to five connections.
        ///
        /// # Errors
        ///
        /// [`Error::Withheld`] when the database is of another engine, [`Error::Driver`] when it cannot be reached.
        #[cfg(feature = "sqlx-postgres")]
        pub async fn postgres_pool(&self) -> Result<sqlx::PgPool, Error> {
            self.refuse_other(Engine::Postgres)?;
            reached(pool().connect(self.url()).await)
        }

        /// A pool of sqlx's of up to five connections.
        ///
        /// # Errors
        ///
        /// [`Error::Withheld`] when the database is of another engine, [`Error::Driver`] when it cannot be reached.
        #[cfg(feature = "sqlx-mysql")]
        pub async fn mysql_pool(&self) -> Result<sqlx::MySqlPool, Error> {
            self.refuse_other(Engine::MySql)?;
            reached(pool().connect(self.url()).await)
        }
    }

    /// Many tests at once share the connections that a server has.
    #[cfg(any(feature = "sqlx-sqlite", feature = "sqlx-postgres", feature = "sqlx-mysql"))]
    fn pool<D: sqlx::Database>() -> sqlx::pool::PoolOptions<D> {
        sqlx::pool::PoolOptions::new().max_connections(5)
    }
}

/// How `mysql` connects: by the address that the URL names, and not by a socket that the server tells of.
#[cfg(feature = "mysql")]
pub(super) fn mysql_opts(url: &str) -> Result<mysql::OptsBuilder, mysql::Error> {
    let opts = mysql::Opts::from_url(url)?;
    Ok(mysql::OptsBuilder::from_opts(opts).prefer_socket(false))
}
