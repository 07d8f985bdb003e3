//! Which database a URL leads to, whoever connects and however: what tells two environments apart.

use std::fmt;
use std::path::{Path, PathBuf};

use migrate_plan::Diagnostic;

#[cfg(feature = "mysql")]
use super::mysql;
#[cfg(feature = "postgres")]
use super::postgres;
use crate::url::DatabaseUrl;

/// This machine, by whichever name or socket it is called.
#[cfg(any(feature = "mysql", feature = "postgres"))]
const HERE: &str = "localhost";

/// A database, told by its file, or by host, port and name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A file.
    File(PathBuf),
    /// A database of a server; of several hosts any may be the one.
    #[cfg_attr(not(any(feature = "mysql", feature = "postgres")), allow(dead_code))]
    Server { hosts: Vec<(String, u16)>, database: String },
    /// Nothing that two URLs could share.
    Nowhere,
}

#[cfg(any(feature = "mysql", feature = "postgres"))]
fn is_this_machine(host: &str) -> bool {
    let own = gethostname::gethostname().to_string_lossy().to_ascii_lowercase();
    let short = own.split('.').next().unwrap_or_default();
    ["localhost", "::1", "[::1]", &own, short].contains(&host) || host.starts_with("127.")
}

impl Place {
    /// Reads it from a URL; relative paths are relative to `base`.
    pub(crate) fn of(url: &str, base: &Path) -> Result<Self, Diagnostic> {
        Ok(match DatabaseUrl::parse(url, base)?.0 {
            DatabaseUrl::SqliteFile(path) => Self::File(canonical(&path)),
            DatabaseUrl::SqliteMemory => Self::Nowhere,
            #[cfg(feature = "postgres")]
            DatabaseUrl::Postgres(url) => postgres::Config::parse(&url, base)?.place(),
            #[cfg(feature = "mysql")]
            DatabaseUrl::MySql(url) => mysql::Config::parse(&url, base)?.place(),
            #[allow(unreachable_patterns)] // With every driver built nothing is left.
            _ => Self::Nowhere,
        })
    }

    /// A database of a server; a host of `None` is a socket of this machine.
    #[cfg(any(feature = "mysql", feature = "postgres"))]
    pub(super) fn on_server<'h>(hosts: impl IntoIterator<Item = (Option<&'h str>, u16)>, database: &str) -> Self {
        let name = |host: Option<&str>| match host.map(|host| host.trim_end_matches('.').to_ascii_lowercase()) {
            None => HERE.to_owned(),
            Some(host) if is_this_machine(&host) => HERE.to_owned(),
            Some(host) => host,
        };
        let hosts = hosts.into_iter().map(|(host, port)| (name(host), port)).collect();
        Self::Server { hosts, database: database.to_owned() }
    }

    /// Whether it is a file that is not there.
    pub(crate) fn is_missing_file(&self) -> bool {
        matches!(self, Self::File(path) if matches!(path.try_exists(), Ok(false)))
    }

    /// Whether both can be one database.
    pub(crate) fn is_also(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::File(one), Self::File(other)) => one == other,
            (Self::Server { hosts, database }, Self::Server { hosts: others, database: other }) => {
                database == other && hosts.iter().any(|host| others.contains(host))
            }
            _ => false,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Server { hosts, database } => {
                let hosts: Vec<String> = hosts.iter().map(|(host, port)| format!("{host}:{port}")).collect();
                write!(f, "database {database} on {}", hosts.join(", "))
            }
            Self::Nowhere => f.write_str("in memory"),
        }
    }
}

/// The file behind links; of one that is still to be created, the folder's.
fn canonical(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| match (path.parent(), path.file_name()) {
        (Some(folder), Some(name)) => std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned()).join(name),
        _ => path.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(one: &str, other: &str) -> bool {
        let place = |url| Place::of(url, Path::new("/base")).unwrap_or_else(|error| panic!("{error}"));
        place(one).is_also(&place(other))
    }

    #[test]
    fn files_are_told_apart_by_their_path() {
        assert!(same("sqlite://app.db", "sqlite:///base/app.db?mode=rwc"));
        assert!(!same("sqlite://app.db", "sqlite:///elsewhere/app.db"));
        assert!(!same("sqlite::memory:", "sqlite::memory:"));
    }

    #[cfg(all(feature = "mysql", feature = "postgres"))]
    #[test]
    fn who_connects_and_how_makes_no_other_database() {
        assert!(same(
            "postgres://a:secret@DB.example.org/shop",
            "postgresql://b@db.example.org.:5432/shop?sslmode=require"
        ));
        assert!(same("postgres://a@one:1,two:2/shop", "postgres://a@two:2/shop"));
        assert!(same("postgres://a@localhost/shop", "postgres://a@127.0.0.1/shop"));
        assert!(same("postgres://a@%2Fvar%2Frun/shop", "postgres://a@localhost/shop"));
        assert!(same("mysql://a@db/shop", "mariadb://b:c@db:3306/shop"));
        assert!(!same("postgres://a@db/shop", "postgres://a@db/other"));
        assert!(!same("postgres://a@db:5432/shop", "postgres://a@db:5433/shop"));
        assert!(!same("postgres://a@one/shop", "postgres://a@two/shop"));
    }
}
