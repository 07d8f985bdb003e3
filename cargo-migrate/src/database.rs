//! The database that a verb works on: where its URL comes from, and a connection to it.

#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod tls;

use std::path::{Path, PathBuf};

use migrate_plan::{Code, Diagnostic, Dialect};
use migrate_runtime::LiveConnection;
use migrate_runtime::cli::{Failure, Need, Output};

use crate::arguments::Global;
use crate::interrupt::Cancel;
use crate::project::Project;
use crate::url::DatabaseUrl;

/// How long a server may take to answer.
#[cfg(any(feature = "mysql", feature = "postgres"))]
const CONNECT_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(10);

/// The variable, in the environment or a `.env` file.
const VARIABLE: &str = "DATABASE_URL";

/// A URL and where it came from.
#[derive(Debug)]
pub(crate) struct FoundUrl {
    url: String,
    /// Against what a relative path in it is relative.
    base: PathBuf,
    origin: String,
}

impl FoundUrl {
    /// The first of: `--database-url`, the environment, a `.env` file, the configuration.
    pub(crate) fn find(global: &Global, project: &Project) -> Result<Option<Self>, Diagnostic> {
        let here = std::env::current_dir().unwrap_or_default();
        let found = |url: String, base: &Path, origin: String| Ok(Some(Self { url, base: base.to_owned(), origin }));
        if let Some(url) = &global.database_url {
            return found(url.clone(), &here, "--database-url".to_owned());
        }
        if let Some(url) = std::env::var_os(VARIABLE) {
            let url = url.into_string().ok().filter(|url| !url.trim().is_empty());
            return found(url.ok_or_else(|| unusable("the environment"))?, &here, VARIABLE.to_owned());
        }
        for folder in &project.env_folders {
            if let Some(url) = read_env_file(&folder.join(".env"))? {
                let origin = format!("{VARIABLE} of {}", crate::project::shown(&here, &folder.join(".env")));
                return found(url, folder, origin);
            }
        }
        match (&project.config.url, &project.config_file) {
            (Some(url), Some(file)) => {
                let base = file.parent().unwrap_or(&here);
                found(url.clone(), base, format!("`url` of {}", crate::project::shown(&here, file)))
            }
            _ => Ok(None),
        }
    }

    /// The dialect that the scheme names; nothing is connected to.
    pub(crate) fn dialect(&self) -> Option<Dialect> {
        let scheme = self.url.trim().split_once(':')?.0;
        match scheme.split_once('+').map_or(scheme, |(engine, _)| engine) {
            "postgresql" => Some(Dialect::Postgres),
            engine => engine.parse().ok(),
        }
    }

    /// [`FoundUrl::find`] for a verb that cannot do without.
    pub(crate) fn require(global: &Global, project: &Project) -> Result<Self, Diagnostic> {
        Self::find(global, project)?.ok_or_else(|| {
            Diagnostic::new(
                Code::MissingUrl,
                "no database URL was given",
                "write `--database-url sqlite://app.db`, or set DATABASE_URL in the environment or in `.env`",
            )
        })
    }
}

/// A variable that is there counts: falling through to another database would be worse than stopping.
fn unusable(place: &str) -> Diagnostic {
    let problem = format!("{VARIABLE} is set in {place}, and it is empty or no text");
    Diagnostic::new(Code::InvalidUrl, problem, "give it a value, or remove it")
        .because("a secret that was not filled in must not lead to another database")
}

fn read_env_file(file: &Path) -> Result<Option<String>, Diagnostic> {
    if !file.exists() {
        return Ok(None);
    }
    // The file may hold secrets: what is wrong with it is said without its text.
    let unreadable = || {
        let problem = format!("`{}` cannot be read", file.display());
        Diagnostic::new(Code::InvalidConfig, problem, "write lines of the form `DATABASE_URL=sqlite://app.db`")
    };
    let mut entries = dotenvy::from_path_iter(file).map_err(|_| unreadable())?;
    let url = entries.try_fold(None, |found, entry| match entry {
        Ok((name, value)) if name == VARIABLE && value.trim().is_empty() => Err(unusable("the `.env` file")),
        Ok((name, value)) => Ok(if name == VARIABLE { Some(value) } else { found }),
        Err(_) => Err(unreadable()),
    })?;
    Ok(url)
}

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
        match url {
            #[cfg(feature = "sqlite")]
            DatabaseUrl::SqliteFile(path) => {
                output.note(&format!("target: sqlite {} (from {})", path.display(), found.origin));
                let missing = need == Need::Create && sqlite::is_missing(&path);
                let connection = sqlite::open(&path, need)?;
                Ok(if missing { Self::MissingSqlite(path, connection) } else { Self::Sqlite(connection) })
            }
            #[cfg(feature = "sqlite")]
            DatabaseUrl::SqliteMemory => {
                output.note(&format!("target: sqlite in memory (from {})", found.origin));
                sqlite::in_memory().map(Self::Sqlite)
            }
            #[cfg(feature = "postgres")]
            DatabaseUrl::Postgres(url) => {
                let config = postgres::Config::parse(&url, &found.base)?;
                output.note(&format!("target: {} (from {})", config.describe(), found.origin));
                config.connect().await.map(Self::Postgres)
            }
            #[cfg(feature = "mysql")]
            DatabaseUrl::MySql(url) => {
                let config = mysql::Config::parse(&url, &found.base)?;
                output.note(&format!("target: {} (from {})", config.describe(), found.origin));
                Ok(Self::MySql(Box::new(config.connect().await?)))
            }
            #[allow(unreachable_patterns)] // With every driver built nothing is left.
            _ => Err(Diagnostic::new(
                Code::DriverNotBuilt,
                "the driver for this database is not part of this build",
                "install cargo-migrate with its default features",
            )
            .into()),
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
