//! How each engine's database is copied: by SQLite itself, or by the client that its server comes with.

use std::path::{Path, PathBuf};
use std::process::Command;

use migrate_plan::Diagnostic;
use tempfile::NamedTempFile;

#[cfg(feature = "mysql")]
use super::mysql;
#[cfg(feature = "postgres")]
use super::postgres;
#[cfg(feature = "sqlite")]
use super::sqlite;
use crate::url::DatabaseUrl;

/// A database that can be copied.
pub(crate) struct Dump {
    /// The database, for the file's name.
    pub(crate) name: String,
    /// How the file's name ends.
    pub(crate) extension: &'static str,
    /// The folder of a database that is a file.
    pub(crate) beside: Option<PathBuf>,
    way: Way,
}

enum Way {
    #[cfg(feature = "sqlite")]
    Sqlite(PathBuf),
    #[cfg(feature = "postgres")]
    Postgres(Box<postgres::Config>),
    #[cfg(feature = "mysql")]
    MySql(Box<mysql::Config>, Option<String>),
}

/// What became of copying.
pub(crate) enum Dumped {
    /// It is done.
    #[cfg_attr(not(feature = "sqlite"), allow(dead_code))]
    Done,
    /// It cannot be done: why, and what helps.
    Failed(String, &'static str),
    /// One of these clients does it, the first that is there.
    #[cfg_attr(not(any(feature = "mysql", feature = "postgres")), allow(dead_code))]
    ByClient(Vec<Client>),
}

/// A client that is ready to be started. Its secrets stand in a file that only this user can read, never in its arguments.
pub(crate) struct Client {
    pub(crate) program: &'static str,
    pub(crate) command: Command,
    secret: Option<String>,
    /// Removed with this value.
    _file: Option<NamedTempFile>,
}

impl Client {
    /// A client with the file that holds the password.
    #[cfg_attr(not(any(feature = "mysql", feature = "postgres")), allow(dead_code))]
    pub(super) fn new(
        command: Command,
        program: &'static str,
        secret: Option<String>,
        file: Option<NamedTempFile>,
    ) -> Self {
        Self { program, command, secret, _file: file }
    }

    /// What a client said, with the password left out if it should repeat it.
    pub(crate) fn without_secret(&self, text: &str) -> String {
        match self.secret.as_deref().filter(|secret| !secret.is_empty()) {
            Some(secret) => text.replace(secret, "***"),
            None => text.to_owned(),
        }
    }
}

impl Dump {
    /// Reads the URL; nothing is connected to. `history` is the schema of the history, which is a database of its own on MariaDB
    /// and MySQL.
    #[cfg_attr(not(feature = "mysql"), allow(unused_variables))]
    pub(crate) fn of(url: &str, base: &Path, history: Option<&str>) -> Result<Self, Diagnostic> {
        Ok(match DatabaseUrl::parse(url, base)?.0 {
            #[cfg(feature = "sqlite")]
            DatabaseUrl::SqliteFile(path) => Self {
                name: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
                extension: "db",
                beside: path.parent().map(Path::to_owned),
                way: Way::Sqlite(path),
            },
            #[cfg(feature = "postgres")]
            DatabaseUrl::Postgres(url) => {
                let config = postgres::Config::parse(&url, base)?;
                let name = config.database().to_owned();
                Self { name, extension: "dump", beside: None, way: Way::Postgres(Box::new(config)) }
            }
            #[cfg(feature = "mysql")]
            DatabaseUrl::MySql(url) => {
                let config = mysql::Config::parse(&url, base)?;
                let name = config.database().to_owned();
                let history = history.filter(|history| *history != name).map(str::to_owned);
                Self { name, extension: "sql", beside: None, way: Way::MySql(Box::new(config), history) }
            }
            _ => {
                return Err(Diagnostic::new(
                    migrate_plan::Code::BackupFailed,
                    "there is no backup: a database in memory has none",
                    "leave `--backup` out",
                ));
            }
        })
    }

    /// Copies into the file, which is there and empty, or says which client does.
    pub(crate) fn write(&self, file: &Path) -> Dumped {
        match &self.way {
            #[cfg(feature = "sqlite")]
            Way::Sqlite(path) => sqlite::backup::write(path, file),
            #[cfg(feature = "postgres")]
            Way::Postgres(config) => by_client(config.dump_to(file)),
            #[cfg(feature = "mysql")]
            Way::MySql(config, history) => by_client(config.dump_to(file, history.as_deref())),
        }
    }

    /// The command that brings a copy back, in place of what is there then.
    pub(crate) fn restore(&self, file: &Path) -> String {
        match &self.way {
            #[cfg(feature = "sqlite")]
            Way::Sqlite(path) => sqlite::backup::restore(path, file),
            #[cfg(feature = "postgres")]
            Way::Postgres(config) => config.restore_from(file),
            #[cfg(feature = "mysql")]
            Way::MySql(config, _) => config.restore_from(file),
        }
    }
}

#[cfg(any(feature = "mysql", feature = "postgres"))]
fn by_client(clients: std::io::Result<Vec<Client>>) -> Dumped {
    match clients {
        Ok(clients) => Dumped::ByClient(clients),
        Err(error) => {
            Dumped::Failed(format!("the file for the password cannot be written: {error}"), "make room on the disk")
        }
    }
}
