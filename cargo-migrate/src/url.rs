//! Database URLs: which database, said without its password.

use std::path::{Path, PathBuf};

use migrate_plan::{Code, Diagnostic};

/// A database, as a URL names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DatabaseUrl {
    /// A SQLite file.
    SqliteFile(PathBuf),
    /// SQLite in memory.
    SqliteMemory,
    /// PostgreSQL; the text goes to the driver as it is.
    Postgres(String),
    /// MySQL or MariaDB; the text goes to the driver as it is.
    MySql(String),
}

impl DatabaseUrl {
    /// Reads a URL; relative SQLite paths are relative to `base`. Gives a note when the scheme was SQLAlchemy's.
    pub(crate) fn parse(url: &str, base: &Path) -> Result<(Self, Option<String>), Diagnostic> {
        let url = url.trim();
        let Some((scheme, rest)) = url.split_once(':') else {
            return Err(invalid("the database URL has no scheme".to_owned()));
        };
        let (engine, driver) = scheme.split_once('+').map_or((scheme, None), |(engine, driver)| (engine, Some(driver)));
        let note = driver.map(|driver| format!("taking `{engine}+{driver}://` as `{engine}://`"));
        let database = match engine {
            "sqlite" => sqlite(rest, base)?,
            "postgres" | "postgresql" => Self::Postgres(format!("postgres:{rest}")),
            "mysql" | "mariadb" => Self::MySql(format!("mysql:{rest}")),
            other => return Err(invalid(format!("`{other}` is not a database that is known here"))),
        };
        Ok((database, note))
    }
}

fn invalid(problem: String) -> Diagnostic {
    Diagnostic::new(
        Code::InvalidUrl,
        problem,
        "write `sqlite://app.db`, `sqlite:///absolute/app.db`, `postgres://user@host/database` or `mysql://user@host/database`",
    )
}

fn sqlite(rest: &str, base: &Path) -> Result<DatabaseUrl, Diagnostic> {
    let path = rest.strip_prefix("//").unwrap_or(rest);
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    if let Some(query) = query.filter(|query| *query != "mode=rwc") {
        return Err(invalid(format!("`?{query}` has no meaning for a SQLite file here")));
    }
    if path == ":memory:" {
        return Ok(DatabaseUrl::SqliteMemory);
    }
    if path.is_empty() || path.ends_with('/') {
        return Err(invalid("the database URL names no file".to_owned()));
    }
    let path = percent_encoding::percent_decode_str(path)
        .decode_utf8()
        .map_err(|_| invalid("the database URL is not UTF-8 text".to_owned()))?;
    Ok(DatabaseUrl::SqliteFile(base.join(path.as_ref())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(url: &str) -> PathBuf {
        match DatabaseUrl::parse(url, Path::new("/base")) {
            Ok((DatabaseUrl::SqliteFile(path), _)) => path,
            other => panic!("{url}: {other:?}"),
        }
    }

    #[test]
    fn sqlite_paths_are_relative_with_two_slashes_and_absolute_with_three() {
        assert_eq!(file("sqlite://app.db"), Path::new("/base/app.db"));
        assert_eq!(file("sqlite:app.db"), Path::new("/base/app.db"));
        assert_eq!(file("sqlite://data/app.db?mode=rwc"), Path::new("/base/data/app.db"));
        assert_eq!(file("sqlite:///var/app%20one.db"), Path::new("/var/app one.db"));
    }

    #[test]
    fn schemes_of_sqlalchemy_are_taken_with_a_note() {
        let (database, note) = DatabaseUrl::parse("postgresql+psycopg2://u@h/d", Path::new("/")).unwrap();
        assert_eq!(database, DatabaseUrl::Postgres("postgres://u@h/d".to_owned()));
        assert_eq!(note.unwrap(), "taking `postgresql+psycopg2://` as `postgresql://`");
    }

    #[test]
    fn what_is_refused_never_shows_the_url() {
        for url in ["nonsense", "oracle://u:secret@h/d", "sqlite://", "sqlite://a.db?key=secret"] {
            let error = DatabaseUrl::parse(url, Path::new("/")).unwrap_err().to_string();
            assert!(!error.contains(":secret"), "{error}");
        }
    }
}
