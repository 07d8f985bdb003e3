//! A database of its own for each test of an application, at the head of its revisions.
//!
//! The revisions run once, into a template; each test gets a copy, through whichever drivers are enabled. [`assert_round_trip`] tries
//! out the revisions themselves.
//!
//! ```
//! use migrate_runtime::testing::fresh_database;
//!
//! migrate_runtime::embed_migrations! { static MIGRATIONS: Migrations = "../examples/quickstart/migrations"; }
//!
//! # #[cfg(feature = "rusqlite")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let fresh = fresh_database(&MIGRATIONS).on("sqlite::memory:").create()?;
//! let db = fresh.rusqlite()?;
//! db.execute("INSERT INTO greetings (name) VALUES ('ann')", [])?;
//! assert_eq!(db.query_row("SELECT count(*) FROM greetings", [], |row| row.get(0)), Ok(1));
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "rusqlite"))]
//! # fn main() {}
//! ```
//!
//! | Engine | Template | A test's database |
//! |---|---|---|
//! | SQLite | in memory, one for each process | in memory, for as many connections as a test likes |
//! | PostgreSQL | a database of the server | `CREATE DATABASE … TEMPLATE` |
//! | MariaDB, MySQL | a database of the server, with a script of its objects | the script, and its rows copied by the server |
//!
//! On PostgreSQL a copy lacks what is said of the database as a whole: `ALTER DATABASE … SET`, `GRANT … ON DATABASE`.
//! The user of the URL needs the right to create databases. Connections that this module makes itself speak TLS only if
//! they are sqlx's.
//!
//! # What becomes of the databases
//!
//! Dropping a [`FreshDatabase`] ends its sessions and drops the database, and waits for that, ten seconds at most,
//! also where the test panics. A process that is killed leaves its databases; the first call in another process drops them when they are
//! older than an hour and no session uses them. Templates stay; those of other revisions go when they are older than a day. Only names of
//! the form `migrate_test_<sum>_<seconds>_<random>` and `migrate_test_<sum>_<seconds>_template` are ever dropped.

mod copy;
mod lend;
mod live;
mod mysql;
mod name;
mod postgres;
mod round_trip;
mod seen;
mod sqlite;
mod url;

use std::fmt;
use std::future::IntoFuture;
use std::sync::Mutex;

use migrate_plan::{Code, Diagnostic};

use crate::driver::{BoxFuture, LiveConnection};
use crate::error::Error;
use crate::migrations::Migrations;
use name::Sum;
pub use round_trip::{assert_round_trip, assert_round_trip_on, assert_round_trip_on_async};
use url::{Engine, Url};

/// A connection by whichever driver is enabled.
type Live = Box<dyn LiveConnection>;

/// Begins to make an isolated database at the head of these revisions.
///
/// The server is that of `DATABASE_URL`, unless [`FreshRequest::on`] names another; without either it is SQLite in memory, where a
/// driver for it is enabled.
pub fn fresh_database(migrations: &Migrations) -> FreshRequest<'_> {
    FreshRequest { migrations, url: None }
}

/// What [`fresh_database`] is asked for. [`FreshRequest::create`] makes it and blocks, `.await` does not block.
#[must_use = "nothing is made before `create()` or `.await`"]
pub struct FreshRequest<'m> {
    migrations: &'m Migrations,
    url: Option<String>,
}

impl FreshRequest<'_> {
    /// Says which server, by the URL of any database of it: `postgres://…`, `mysql://…`, or `sqlite::memory:`. Every URL of SQLite means a
    /// database in memory; no file is touched. What stands in the database of the URL stays as it is.
    pub fn on(mut self, url: impl Into<String>) -> Self {
        self.url = Some(url.into());
        self
    }

    /// Makes the database, and the template first where there is none; blocks. Any thread may call it, one of an asynchronous
    /// runtime too.
    ///
    /// # Errors
    ///
    /// Those of the revisions; [`Error::Driver`] when the server cannot be reached or refuses to create a database;
    /// [`Error::Withheld`] for a URL that cannot be used and for a driver that is not enabled. No error holds a password.
    pub fn create(self) -> Result<FreshDatabase, Error> {
        let (migrations, url) = self.take()?;
        live::on_a_thread(move || async move { make(&migrations, url).await })
    }

    fn take(self) -> Result<(Migrations, Url), Error> {
        let text = self.url.or_else(|| std::env::var("DATABASE_URL").ok().filter(|url| !url.is_empty()));
        let url = match text {
            Some(text) => Url::parse(&text)?,
            None if live::HAS_SQLITE => Url::parse("sqlite::memory:")?,
            None => {
                let help = "set the variable `DATABASE_URL`, or name a server: `fresh_database(&MIGRATIONS).on(url)`";
                return Err(refusal(Code::MissingUrl, "no database URL was given", help));
            }
        };
        Ok((self.migrations.clone(), url))
    }
}

/// [`FreshRequest::create`] without blocking, on any executor: `fresh_database(&MIGRATIONS).await?`.
impl IntoFuture for FreshRequest<'_> {
    type Output = Result<FreshDatabase, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let taken = self.take();
        Box::pin(async move {
            let (migrations, url) = taken?;
            live::beside(move || async move { make(&migrations, url).await }).await
        })
    }
}

async fn make(migrations: &Migrations, url: Url) -> Result<FreshDatabase, Error> {
    let sum = Sum::of(migrations, url.engine);
    let (name, keeper) = match url.engine {
        Engine::Sqlite => sqlite::fresh(migrations, &sum).await.map(|(name, keeper)| (name, Some(keeper)))?,
        Engine::Postgres => (postgres::fresh(migrations, &sum, &url).await?, None),
        Engine::MySql => (mysql::fresh(migrations, &sum, &url).await?, None),
    };
    let own = match url.engine {
        Engine::Sqlite => sqlite::url(&name),
        _ => url.with_database(&name),
    };
    Ok(FreshDatabase { name, url: own, server: url, _keeper: Mutex::new(keeper), is_kept: false })
}

/// An isolated database, which is there as long as this value.
///
/// Keep it until the test ends: `let db = fresh_database(…).create()?.postgres()?` would drop the database at the end of that
/// statement.
#[must_use = "dropping it drops the database"]
pub struct FreshDatabase {
    name: String,
    url: String,
    server: Url,
    /// On SQLite, the connection that keeps the database in memory.
    _keeper: Mutex<Option<Live>>,
    is_kept: bool,
}

impl FreshDatabase {
    /// Its URL, for the application's own way to connect. On SQLite it is one for sqlx, and its part behind `sqlite://` with `file:`
    /// before it is a name for every other driver.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its name on the server.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Keeps the database when this value is dropped, to look at it after a test that failed: the first test run that is an hour
    /// later drops it. On SQLite it lives on as long as some connection.
    pub fn keep(mut self) -> String {
        self.is_kept = true;
        self.url.clone()
    }
}

impl Drop for FreshDatabase {
    fn drop(&mut self) {
        if self.is_kept || self.server.engine == Engine::Sqlite {
            return;
        }
        let (server, name) = (self.server.clone(), self.name.clone());
        // What cannot be dropped now is old enough some day.
        live::quietly(move || async move {
            match server.engine {
                Engine::Sqlite => Ok(()),
                Engine::Postgres => postgres::drop(&server, &name).await,
                Engine::MySql => mysql::drop(&server, &name).await,
            }
        });
    }
}

impl fmt::Debug for FreshDatabase {
    /// The name alone: the URL may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FreshDatabase").field("name", &self.name).finish_non_exhaustive()
    }
}

fn refusal(code: Code, message: impl Into<String>, help: &str) -> Error {
    Error::Withheld(Box::new(Diagnostic::new(code, message, help)))
}
