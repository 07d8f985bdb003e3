//! Takes the name of a database engine, gives the [`Dialect`]. Knows nothing of what the dialects differ in.

use std::fmt;
use std::str::FromStr;

/// An SQL dialect, named after the engine that speaks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// MySQL.
    MySql,
    /// MariaDB.
    MariaDb,
}

impl Dialect {
    /// Every dialect, in the order of [`Ord`].
    pub const ALL: [Self; 4] = [Self::Sqlite, Self::Postgres, Self::MySql, Self::MariaDb];

    /// The name that files, configuration and messages use.
    ///
    /// ```
    /// assert_eq!(migrate_plan::Dialect::MariaDb.name(), "mariadb");
    /// ```
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::MySql => "mysql",
            Self::MariaDb => "mariadb",
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Dialect {
    type Err = UnknownDialect;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|dialect| dialect.name() == name)
            .ok_or_else(|| UnknownDialect { name: name.to_owned() })
    }
}

/// A name that no [`Dialect`] has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown dialect `{name}`")]
#[non_exhaustive]
pub struct UnknownDialect {
    /// The name as it was written.
    pub name: String,
}

impl UnknownDialect {
    /// Says how to mend it, in one sentence.
    #[must_use]
    pub fn help(&self) -> String {
        let names = Dialect::ALL.map(|dialect| format!("`{dialect}`")).join(", ");
        format!("write one of {names}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back() {
        for dialect in Dialect::ALL {
            assert_eq!(dialect.to_string().parse(), Ok(dialect));
        }
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_known_ones_as_help() {
        let error = "postgresql".parse::<Dialect>().unwrap_err();
        assert_eq!(error.to_string(), "unknown dialect `postgresql`");
        assert_eq!(error.help(), "write one of `sqlite`, `postgres`, `mysql`, `mariadb`");
    }
}
