//! The URL of a server: its engine, and what leads to another database of it.

use migrate_plan::Code;

use super::refusal;
use crate::error::Error;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Engine {
    Sqlite,
    Postgres,
    /// MySQL or MariaDB: they are copied alike.
    MySql,
}

impl Engine {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
            Self::MySql => "MariaDB or MySQL",
        }
    }
}

/// A URL in three parts; it may hold a password and is never shown.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Url {
    pub(super) engine: Engine,
    /// Scheme, user and host.
    server: String,
    database: String,
    /// With its `?`.
    query: String,
}

impl Url {
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let invalid = |problem: &str| {
            let help = "write `postgres://user@host/database`, `mysql://user@host/database` or `sqlite::memory:`";
            refusal(Code::InvalidUrl, problem, help)
        };
        let (scheme, rest) = text.trim().split_once(':').ok_or_else(|| invalid("the database URL has no scheme"))?;
        let engine = match scheme {
            "sqlite" => Engine::Sqlite,
            "postgres" | "postgresql" => Engine::Postgres,
            "mysql" | "mariadb" => Engine::MySql,
            _ => return Err(invalid("the scheme of the database URL is none that is known here")),
        };
        if engine == Engine::Sqlite {
            return Ok(Self { engine, server: String::new(), database: String::new(), query: String::new() });
        }
        let rest = rest.strip_prefix("//").ok_or_else(|| invalid("the database URL names no server"))?;
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = place.split_once('/').unwrap_or((place, ""));
        // It would win over the path.
        let kept = query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("dbname="));
        let query = kept.collect::<Vec<_>>().join("&");
        let scheme = if engine == Engine::MySql { "mysql" } else { scheme };
        Ok(Self {
            engine,
            server: format!("{scheme}://{authority}"),
            database: database.to_owned(),
            query: if query.is_empty() { query } else { format!("?{query}") },
        })
    }

    /// The database that it was given with, percent-encoded.
    pub(super) fn database(&self) -> &str {
        &self.database
    }

    /// The URL of another database of the server.
    pub(super) fn with_database(&self, name: &str) -> String {
        format!("{}/{name}{}", self.server, self.query)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_of_a_url_is_replaced_and_nothing_else() {
        let other = |url: &str| Url::parse(url).unwrap().with_database("x");
        assert_eq!(other("postgres://u:p%40@h:1/app?sslmode=disable"), "postgres://u:p%40@h:1/x?sslmode=disable");
        assert_eq!(other("postgresql://%2Frun%2Fpg/app"), "postgresql://%2Frun%2Fpg/x");
        assert_eq!(other("postgres:///app?host=/run&dbname=app"), "postgres:///x?host=/run");
        assert_eq!(other("mariadb://h"), "mysql://h/x");
    }

    #[test]
    fn what_is_refused_never_shows_the_url() {
        for url in ["secret", "oracle://u:secret@h/d", "postgres:secret", ""] {
            let Err(error) = Url::parse(url) else { panic!("{url}") };
            assert!(!format!("{error} {error:?}").contains("secret"));
        }
    }
}
