//! `--sql`: what a verb would do, as a script for the database's own client.

use clap::Args;
use migrate_plan::{Code, Diagnostic, Dialect, Range, Symbol, Target};
use serde_json::json;

use super::output::object;
use super::{Exit, Failure, Output};
use crate::driver::LiveConnection;
use crate::migrator::Migrator;

/// What every verb takes that can write a script.
#[derive(Clone, Debug, Default, Args)]
pub struct ScriptArgs {
    /// Print the SQL as a script for the database's own client, history rows included, and connect to nothing. The target
    /// may be a range `from:to`; `current:` begins where the database is, and connects to see that
    #[arg(long)]
    pub sql: bool,
    /// The database that the script is for: `sqlite`, `postgres`, `mysql` or `mariadb` [default: that of the URL]
    #[arg(long, value_name = "DIALECT", requires = "sql", value_parser = dialect)]
    pub dialect: Option<Dialect>,
}

fn dialect(text: &str) -> Result<Dialect, String> {
    text.parse().map_err(|_| "write `sqlite`, `postgres`, `mysql` or `mariadb`".to_owned())
}

/// From where to where a script goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Route {
    /// `None` is the base.
    pub(super) from: Option<Target>,
    pub(super) to: Option<Target>,
}

impl Route {
    /// `from:to`, or a target that is reached from the base.
    pub(super) fn parse(text: Option<&str>) -> Result<Self, Failure> {
        match text {
            None => Ok(Self { from: None, to: None }),
            Some(text) if text.contains(':') => {
                let Range { from, to } = text.parse::<Range>()?;
                Ok(Self { from, to })
            }
            Some(text) => Ok(Self { from: None, to: Some(text.parse::<Target>()?) }),
        }
    }

    /// Whether it begins where a database is now.
    pub(super) fn is_current(&self) -> bool {
        self.from.as_ref().is_some_and(|from| from.symbol == Some(Symbol::Current))
    }
}

impl ScriptArgs {
    /// Whether the script of this target needs a look at the database.
    pub(super) fn looks(&self, target: Option<&str>) -> bool {
        Route::parse(target).is_ok_and(|route| route.is_current())
    }
}

pub(super) async fn print(
    migrator: Migrator<'_>,
    route: &Route,
    args: &ScriptArgs,
    db: Option<&mut dyn LiveConnection>,
    output: &Output,
) -> Result<Exit, Failure> {
    let script = match (db, args.dialect) {
        (Some(db), Some(named)) if route.is_current() && !is_of(db.dialect(), named) => {
            return Err(contradiction(db.dialect(), named).into());
        }
        (Some(db), _) if route.is_current() => migrator.script_live(db).await?,
        (db, named) => {
            let dialect = named.or(db.map(|db| db.dialect())).ok_or_else(no_dialect)?;
            migrator.script(dialect, route.from.as_ref().map(ToString::to_string).as_deref())?
        }
    };
    output.exact_result(&script, &object(json!({ "sql": script })));
    Ok(Exit::Done)
}

/// Whether a database is what was named. Which of the two a server is that speaks MySQL's protocol need not be known.
fn is_of(database: Dialect, named: Dialect) -> bool {
    let speaks_mysql = |dialect| matches!(dialect, Dialect::MySql | Dialect::MariaDb);
    database == named || (speaks_mysql(database) && speaks_mysql(named))
}

fn contradiction(database: Dialect, named: Dialect) -> Diagnostic {
    Diagnostic::new(
        Code::Usage,
        format!(
            "a script that begins where the database is cannot be for {}: this is {}",
            named.name(),
            database.name()
        ),
        "leave `--dialect` away, or name where it begins, such as `base:head`",
    )
}

fn no_dialect() -> Diagnostic {
    Diagnostic::new(
        Code::Usage,
        "for which database the script is to be is not said",
        "write `--dialect postgres`, or give a database URL: its scheme says it, and nothing is connected to",
    )
}

/// Without a beginning a downgrade has none.
pub(super) fn no_beginning() -> Diagnostic {
    Diagnostic::new(
        Code::Usage,
        "a script that goes down must be told where it begins",
        "write `downgrade --sql <from>:<to>`, such as `head:base`, or `current:<to>`",
    )
}
