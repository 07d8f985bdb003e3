//! Databases as a whole: created, and dropped with everything in them. Connects beside the database, not to it.

use migrate_plan::{Code, Diagnostic, Dialect};
use migrate_runtime::cli::{Failure, Output};

use super::Place;
#[cfg(feature = "mysql")]
use super::mysql;
#[cfg(feature = "postgres")]
use super::postgres;
#[cfg(feature = "sqlite")]
use super::sqlite;
use crate::environment::FoundUrl;
use crate::url::DatabaseUrl;

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    /// It was done now.
    Now,
    /// There was nothing to do.
    Before,
}

/// Whether sessions of others are ended for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Others {
    /// They stay, and a database that they use is not dropped.
    Stay,
    /// They are ended.
    Ended,
}

/// A place beside a database, from which it is created and dropped.
pub(crate) struct Admin {
    /// Which database.
    pub(crate) place: Place,
    side: Side,
}

enum Side {
    #[cfg(feature = "sqlite")]
    Sqlite(std::path::PathBuf),
    #[cfg(feature = "postgres")]
    Postgres(postgres::Maintenance),
    #[cfg(feature = "mysql")]
    MySql(mysql::Maintenance),
}

impl Admin {
    /// Says which database it is, and connects beside it.
    pub(crate) async fn open(found: &FoundUrl, output: &Output) -> Result<Self, Failure> {
        let (url, note) = DatabaseUrl::parse(&found.url, &found.base)?;
        if let Some(note) = note {
            output.note(&note);
        }
        let place = Place::of(&found.url, &found.base)?;
        let side = match url {
            #[cfg(feature = "sqlite")]
            DatabaseUrl::SqliteFile(path) => {
                found.announce(&format!("sqlite {}", path.display()), output);
                Side::Sqlite(path)
            }
            #[cfg(feature = "postgres")]
            DatabaseUrl::Postgres(url) => {
                let config = postgres::Config::parse(&url, &found.base)?;
                found.announce(&config.describe(), output);
                Side::Postgres(super::patiently(found, Some(output), || config.beside()).await?)
            }
            #[cfg(feature = "mysql")]
            DatabaseUrl::MySql(url) => {
                let config = mysql::Config::parse(&url, &found.base)?;
                found.announce(&config.describe(), output);
                Side::MySql(super::patiently(found, Some(output), || config.beside()).await?)
            }
            DatabaseUrl::SqliteMemory => return Err(in_memory()),
            #[allow(unreachable_patterns)] // With every driver built nothing is left.
            _ => return Err(super::not_built()),
        };
        Ok(Self { place, side })
    }

    /// The dialect of what is created.
    pub(crate) fn dialect(&self) -> Dialect {
        match &self.side {
            #[cfg(feature = "sqlite")]
            Side::Sqlite(_) => Dialect::Sqlite,
            #[cfg(feature = "postgres")]
            Side::Postgres(_) => Dialect::Postgres,
            #[cfg(feature = "mysql")]
            Side::MySql(maintenance) => maintenance.dialect(),
        }
    }

    /// Creates the database, empty.
    pub(crate) async fn create(&mut self) -> Result<Done, Failure> {
        match &mut self.side {
            #[cfg(feature = "sqlite")]
            Side::Sqlite(path) if !sqlite::is_missing(path) => Ok(Done::Before),
            #[cfg(feature = "sqlite")]
            Side::Sqlite(path) => sqlite::create(path).map(|_| Done::Now),
            #[cfg(feature = "postgres")]
            Side::Postgres(maintenance) => maintenance.create().await,
            #[cfg(feature = "mysql")]
            Side::MySql(maintenance) => maintenance.create().await,
        }
    }

    /// Refuses the databases without which a server does not work as it should.
    pub(crate) fn refuse_the_server_s_own(&self) -> Result<(), Failure> {
        let (name, own): (_, &[&str]) = match &self.side {
            #[cfg(feature = "sqlite")]
            Side::Sqlite(_) => ("", &[]),
            #[cfg(feature = "postgres")]
            Side::Postgres(maintenance) => (maintenance.name(), &["postgres", "template0", "template1"]),
            #[cfg(feature = "mysql")]
            Side::MySql(maintenance) => {
                (maintenance.name(), &["information_schema", "mysql", "performance_schema", "sys"])
            }
        };
        if !own.contains(&name) {
            return Ok(());
        }
        let problem = format!("`{name}` is the server's own database, and is not dropped");
        let refusal = Diagnostic::new(Code::Protected, problem, "name the application's database in the URL");
        Err(refusal.because("every server has it, and programs expect it there").into())
    }

    /// Drops the database with everything in it.
    #[cfg_attr(not(feature = "postgres"), allow(unused_variables))]
    pub(crate) async fn drop(&mut self, others: Others) -> Result<Done, Failure> {
        match &mut self.side {
            #[cfg(feature = "sqlite")]
            Side::Sqlite(path) => sqlite::remove(path),
            #[cfg(feature = "postgres")]
            Side::Postgres(maintenance) => maintenance.drop(others).await,
            #[cfg(feature = "mysql")]
            Side::MySql(maintenance) => maintenance.drop().await,
        }
    }
}

fn in_memory() -> Failure {
    Diagnostic::new(
        Code::InvalidUrl,
        "a database in memory is there for one call and cannot be created or dropped",
        "name a file: `sqlite://app.db`",
    )
    .into()
}
