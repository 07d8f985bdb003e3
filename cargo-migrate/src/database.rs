//! The database that a verb works on: where its URL comes from, and a connection to it.

mod admin;
mod dump;
#[cfg(feature = "mysql")]
mod mysql;
mod place;
#[cfg(feature = "postgres")]
mod postgres;
mod scratch;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod tls;

#[cfg(feature = "sqlite")]
use std::path::PathBuf;

use migrate_plan::{Code, Diagnostic};
use migrate_runtime::LiveConnection;
use migrate_runtime::cli::{Failure, Need, Output};

use crate::environment::FoundUrl;
use crate::interrupt::Cancel;
use crate::url::DatabaseUrl;
pub(crate) use admin::{Admin, Done, Others};
pub(crate) use dump::{Client, Dump, Dumped};
pub(crate) use place::Place;
pub(crate) use scratch::{Scratch, may_meet};

/// How long a server may take to answer.
#[cfg(any(feature = "mysql", feature = "postgres"))]
const CONNECT_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(10);

/// How often it is said that a server is waited for.
#[cfg(any(feature = "mysql", feature = "postgres"))]
const WAITING_NOTICE: std::time::Duration = std::time::Duration::from_secs(10);

/// An open database.
pub(crate) enum Database {
    #[cfg(feature = "sqlite")]
    Sqlite(rusqlite::Connection),
    /// A file that is still to be created, seen as the empty database that it will be.
    #[cfg(feature = "sqlite")]
    MissingSqlite(PathBuf, rusqlite::Connection),
    #[cfg(feature = "postgres")]
    Postgres(postgres::Session),
    #[cfg(feature = "mysql")]
    MySql(Box<mysql_async::Conn>),
}

impl Database {
    /// Says on standard error which database it is, and connects.
    pub(crate) async fn connect(found: &FoundUrl, need: Need, output: &Output) -> Result<Self, Failure> {
        let (url, note) = DatabaseUrl::parse(&found.url, &found.base)?;
        if let Some(note) = note {
            output.note(&note);
        }
        Self::announced(url, found, need, Some(output)).await
    }

    /// Connects to what was announced already.
    pub(crate) async fn connect_again(found: &FoundUrl, need: Need) -> Result<Self, Failure> {
        Self::announced(DatabaseUrl::parse(&found.url, &found.base)?.0, found, need, None).await
    }

    async fn announced(
        url: DatabaseUrl,
        found: &FoundUrl,
        #[cfg_attr(not(feature = "sqlite"), allow(unused_variables))] need: Need,
        output: Option<&Output>,
    ) -> Result<Self, Failure> {
        let announce = |text: &str| output.into_iter().for_each(|output| found.announce(text, output));
        match url {
            #[cfg(feature = "sqlite")]
            DatabaseUrl::SqliteFile(path) => {
                announce(&format!("sqlite {}", path.display()));
                let missing = need == Need::Create && sqlite::is_missing(&path);
                let connection = sqlite::open(&path, need)?;
                Ok(if missing { Self::MissingSqlite(path, connection) } else { Self::Sqlite(connection) })
            }
            #[cfg(feature = "sqlite")]
            DatabaseUrl::SqliteMemory => {
                announce("sqlite in memory");
                sqlite::in_memory().map(Self::Sqlite)
            }
            #[cfg(feature = "postgres")]
            DatabaseUrl::Postgres(url) => {
                let config = postgres::Config::parse(&url, &found.base)?;
                announce(&config.describe());
                let session = patiently(found, output, || config.connect()).await;
                session.map(Self::Postgres).map_err(naming_create)
            }
            #[cfg(feature = "mysql")]
            DatabaseUrl::MySql(url) => {
                let config = mysql::Config::parse(&url, &found.base)?;
                announce(&config.describe());
                let connection = patiently(found, output, || config.connect()).await;
                connection.map(Box::new).map(Self::MySql).map_err(naming_create)
            }
            #[allow(unreachable_patterns)] // With every driver built nothing is left.
            _ => Err(not_built()),
        }
    }

    /// Whether its file is still to be created.
    pub(crate) fn is_missing(&self) -> bool {
        match self {
            #[cfg(feature = "sqlite")]
            Self::MissingSqlite(..) => true,
            #[allow(unreachable_patterns)] // Without other drivers nothing is left.
            _ => false,
        }
    }

    /// Creates the database's file, if it has one that is still to be created.
    #[cfg_attr(not(feature = "sqlite"), allow(clippy::unnecessary_wraps))]
    pub(crate) fn create(self) -> Result<Self, Failure> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::MissingSqlite(path, _) => sqlite::create(&path).map(Self::Sqlite),
            there => Ok(there),
        }
    }

    /// What cancels a statement that the connection runs.
    pub(crate) fn cancel(&self) -> Cancel {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(connection) | Self::MissingSqlite(_, connection) => sqlite::cancel(connection),
            #[cfg(feature = "postgres")]
            Self::Postgres(session) => session.cancel(),
            #[cfg(feature = "mysql")]
            Self::MySql(connection) => mysql::cancel(connection),
        }
    }

    /// The connection as the engine takes it.
    pub(crate) fn live(&mut self) -> &mut dyn LiveConnection {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(connection) | Self::MissingSqlite(_, connection) => connection,
            #[cfg(feature = "postgres")]
            Self::Postgres(session) => session.client(),
            #[cfg(feature = "mysql")]
            Self::MySql(connection) => &mut **connection,
        }
    }
}

/// Connects, again and again for as long as a server may take to come; says whom it waits for.
#[cfg(any(feature = "mysql", feature = "postgres"))]
async fn patiently<T, C: Future<Output = Result<T, Failure>>>(
    found: &FoundUrl,
    output: Option<&Output>,
    connect: impl Fn() -> C,
) -> Result<T, Failure> {
    let started = std::time::Instant::now();
    let next_notice = std::cell::Cell::new(std::time::Duration::ZERO);
    let attempt = || async {
        let outcome = connect().await;
        let (waited, problem) =
            (started.elapsed(), outcome.as_ref().err().and_then(|failure| failure.diagnostics.first()));
        if let (Some(output), Some(problem)) = (output, problem)
            && found.wait.is_some()
            && problem.code == Code::Unreachable
            && waited >= next_notice.get()
        {
            output.note(&format!("waiting for the database since {} s: {}", waited.as_secs(), problem.message));
            next_notice.set(waited + WAITING_NOTICE);
        }
        outcome
    };
    migrate_runtime::wait_for_async(found.wait.unwrap_or_default(), attempt, tokio::time::sleep).await
}

fn not_built() -> Failure {
    Diagnostic::new(
        Code::DriverNotBuilt,
        "the driver for this database is not part of this build",
        "install cargo-migrate with its default features",
    )
    .into()
}

/// The verb that creates what is missing is this program's: applications connect for themselves.
#[cfg(any(feature = "mysql", feature = "postgres"))]
fn naming_create(mut failure: Failure) -> Failure {
    let missing = failure.diagnostics.iter_mut().filter(|diagnostic| diagnostic.code == Code::MissingDatabase);
    missing.for_each(|diagnostic| {
        diagnostic.help = "`cargo migrate database create` creates it; or check its name in the URL".to_owned();
    });
    failure
}
