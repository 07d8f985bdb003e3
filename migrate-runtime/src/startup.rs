//! A service that starts: `MIGRATE=auto|check|off` decides what becomes of its database, and a value says whether it is ready.

use std::fmt;

use migrate_plan::{Code, Diagnostic, Plan};

use crate::driver::{Acquire, BlockingConnection, LiveConnection, ready};
use crate::error::{Error, RunError};
use crate::migrations::Migrations;
use crate::migrator::{ACQUIRING, without_report};
use crate::report::RunReport;

/// The variable that decides.
const VARIABLE: &str = "MIGRATE";

/// What a service does about its database when it starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Startup {
    /// `auto`: applies what is pending. The default.
    #[default]
    Auto,
    /// `check`: looks, and is not ready as long as something is pending. Somebody else migrates.
    Check,
    /// `off`: does not look. Somebody else sees to it.
    Off,
}

impl Startup {
    /// Reads the variable `MIGRATE`.
    ///
    /// # Errors
    ///
    /// [`Error::Withheld`] for a value that has no meaning: a typo must not migrate a database.
    pub fn from_environment() -> Result<Self, Error> {
        match std::env::var_os(VARIABLE) {
            None => Ok(Self::Auto),
            Some(value) => Self::read(&value.to_string_lossy()),
        }
    }

    fn read(value: &str) -> Result<Self, Error> {
        match value {
            "auto" => Ok(Self::Auto),
            "check" => Ok(Self::Check),
            "off" => Ok(Self::Off),
            other => {
                let problem = format!("{VARIABLE} is `{}`, which has no meaning", other.escape_default());
                let help = "set it to `auto`, `check` or `off`, or leave it out, which means `auto`";
                let refusal = Diagnostic::new(Code::InvalidConfig, problem, help)
                    .because("a typo must not decide whether a database is migrated");
                Err(Error::Withheld(Box::new(refusal)))
            }
        }
    }
}

/// Whether the database is where this binary needs it, for a health endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Readiness {
    /// How it was found out.
    pub startup: Startup,
    /// What was applied now, in order; with `auto` alone.
    pub applied: Vec<String>,
    /// What is pending, in order.
    pub pending: Vec<String>,
    /// The applied heads; none when nobody looked.
    pub heads: Vec<String>,
}

impl Readiness {
    /// Whether the service may take requests: nothing is pending, or nobody looked.
    pub fn is_ready(&self) -> bool {
        self.pending.is_empty()
    }

    fn of_run(report: RunReport) -> Self {
        let applied = report.ids().map(str::to_owned).collect();
        Self { startup: Startup::Auto, applied, pending: Vec::new(), heads: report.heads_after }
    }

    fn of_plan(plan: Plan) -> Self {
        let pending = plan.all_steps().map(|step| step.id.to_string()).collect();
        Self { startup: Startup::Check, applied: Vec::new(), pending, heads: plan.heads_before }
    }

    fn unseen() -> Self {
        Self { startup: Startup::Off, applied: Vec::new(), pending: Vec::new(), heads: Vec::new() }
    }
}

impl fmt::Display for Readiness {
    /// One line, such as `ready, at 003` or `not ready: 002, 003 are pending`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = if self.heads.is_empty() { "base".to_owned() } else { self.heads.join(", ") };
        match (self.startup, self.pending.as_slice()) {
            (Startup::Off, _) => f.write_str("ready, the database was not looked at"),
            (_, []) => write!(f, "ready, at {at}"),
            (_, [one]) => write!(f, "not ready, at {at}: {one} is pending"),
            (_, several) => write!(f, "not ready, at {at}: {} are pending", several.join(", ")),
        }
    }
}

/// Does for a service that starts what the variable `MIGRATE` says: `auto` upgrades, `check` looks and leaves pending revisions to
/// somebody else, `off` does nothing. Through a blocking connection.
///
/// # Errors
///
/// [`RunError`] when the upgrade fails or would be refused, the database cannot be read, or the variable has no meaning: then the
/// service had better not start.
///
/// # Examples
///
/// ```
/// migrate_runtime::embed_migrations! { static MIGRATIONS: Migrations = "../examples/quickstart/migrations"; }
///
/// # #[cfg(feature = "rusqlite")]
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let mut db = rusqlite::Connection::open_in_memory()?;
///     let readiness = migrate_runtime::on_startup(&MIGRATIONS, &mut db)?;
///     assert!(readiness.is_ready());
///     assert_eq!(readiness.to_string(), "ready, at 002");
///     Ok(())
/// }
/// # #[cfg(not(feature = "rusqlite"))]
/// # fn main() {}
/// ```
pub fn on_startup<C: BlockingConnection>(migrations: &Migrations, db: &mut C) -> Result<Readiness, RunError> {
    match Startup::from_environment().map_err(without_report)? {
        Startup::Auto => migrations.upgrade(db).map(Readiness::of_run),
        Startup::Check => migrations.readiness(db).map_err(without_report),
        Startup::Off => Ok(Readiness::unseen()),
    }
}

/// [`on_startup`] for an asynchronous connection or a pool: `&mut connection` or `&pool`.
///
/// # Errors
///
/// As [`on_startup`].
pub async fn on_startup_async<A: Acquire>(migrations: &Migrations, db: A) -> Result<Readiness, RunError> {
    match Startup::from_environment().map_err(without_report)? {
        Startup::Auto => migrations.upgrade_async(db).await.map(Readiness::of_run),
        Startup::Check => migrations.readiness_async(db).await.map_err(without_report),
        Startup::Off => Ok(Readiness::unseen()),
    }
}

impl Migrations {
    /// Whether the database is where this binary needs it. Reads it, in one query when nothing is pending, and writes nothing: a
    /// health endpoint may ask as often as it is asked.
    ///
    /// # Errors
    ///
    /// [`Error`] when the database cannot be read, and when an upgrade of it would be refused.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let migrations = migrate_runtime::Migrations::from_files([(
    ///     "001.sql",
    ///     "-- revision: 001\n-- parents: none\n\n-- migrate: up\nCREATE TABLE a (x INT);\n",
    /// )])
    /// .unwrap();
    /// let mut db = rusqlite::Connection::open_in_memory()?;
    /// # #[cfg(feature = "rusqlite")]
    /// # {
    /// assert_eq!(migrations.readiness(&mut db)?.to_string(), "not ready, at base: 001 is pending");
    /// migrations.upgrade(&mut db)?;
    /// assert!(migrations.readiness(&mut db)?.is_ready());
    /// # }
    /// # Ok(())
    /// # }
    /// ```
    pub fn readiness<C: BlockingConnection>(&self, db: &mut C) -> Result<Readiness, Error> {
        ready(self.readiness_live(db)).ok_or(Error::NotReady)?
    }

    /// [`Migrations::readiness`] for an asynchronous connection or a pool.
    ///
    /// # Errors
    ///
    /// As [`Migrations::readiness`].
    pub async fn readiness_async<A: Acquire>(&self, db: A) -> Result<Readiness, Error> {
        let mut db = db.acquire().await.map_err(|error| Error::driver(ACQUIRING, error))?;
        let outcome = self.readiness_live(&mut *db).await;
        A::release(db);
        outcome
    }

    async fn readiness_live(&self, db: &mut dyn LiveConnection) -> Result<Readiness, Error> {
        self.migrator().glance_or_plan(db).await.map(Readiness::of_plan)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_has_three_meanings_and_no_other() {
        assert_eq!(Startup::read("auto").ok(), Some(Startup::Auto));
        assert_eq!(Startup::read("check").ok(), Some(Startup::Check));
        assert_eq!(Startup::read("off").ok(), Some(Startup::Off));
        for typo in ["", "Auto", "true", "chek", "0"] {
            let error = Startup::read(typo).expect_err(typo);
            assert_eq!(error.diagnostics()[0].code, Code::InvalidConfig);
        }
    }

    #[test]
    fn readiness_is_one_line() {
        let pending = |ids: &[&str]| Readiness {
            startup: Startup::Check,
            applied: Vec::new(),
            pending: ids.iter().map(ToString::to_string).collect(),
            heads: vec!["001".to_owned()],
        };
        assert_eq!(pending(&["002", "003"]).to_string(), "not ready, at 001: 002, 003 are pending");
        assert!(!pending(&["002"]).is_ready() && pending(&[]).is_ready());
        assert_eq!(Readiness::unseen().to_string(), "ready, the database was not looked at");
    }
}
