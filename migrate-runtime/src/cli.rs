//! The operator's verbs as a clap subcommand: `app migrate upgrade`.
//!
//! ```no_run
//! use clap::Parser;
//! use migrate_runtime::cli::MigrateArgs;
//!
//! migrate_runtime::embed_migrations! { static MIGRATIONS: Migrations = "../examples/quickstart/migrations"; }
//!
//! #[derive(Parser)]
//! enum Command {
//!     Serve,
//!     Migrate(MigrateArgs),
//! }
//!
//! # #[cfg(feature = "rusqlite")]
//! fn main() -> std::process::ExitCode {
//!     let mut db = rusqlite::Connection::open("app.db").expect("a database");
//!     match Command::parse() {
//!         Command::Migrate(args) => args.run(&MIGRATIONS, &mut db),
//!         Command::Serve => std::process::ExitCode::SUCCESS,
//!     }
//! }
//! # #[cfg(not(feature = "rusqlite"))]
//! # fn main() {}
//! ```
//!
//! `cargo migrate` runs the same verbs: output, JSON, diagnostics and exit codes are these, wherever they are called.
//! Standard output carries the result alone; the plan, progress, notes and errors go to standard error.

mod audit;
mod check;
mod drawing;
mod escape;
mod exit;
mod interrupted;
mod json;
mod look;
mod output;
mod pager;
mod progress;
mod redo;
mod repair;
mod run;
mod safeguards;
mod schema;
mod script;
mod status;
mod verify;

use std::process::ExitCode;
use std::sync::LazyLock;

use clap::{Args, Subcommand};
use migrate_plan::{Code, Diagnostic, Dialect};
use script::Route;

use crate::driver::{BlockingConnection, Connection, LiveConnection, ready};
use crate::engine::Prospect;
use crate::migrations::Migrations;
use crate::stop::Stop;
pub use audit::AuditArgs;
pub use check::{CheckLine, CheckResult, Checks, check_database, check_graph, check_sections, counted};
pub use drawing::Picture;
pub use exit::Exit;
pub use json::{diagnostic as diagnostic_json, error as error_json};
pub use look::{CurrentArgs, HeadsArgs, HistoryArgs, ShowArgs, applied_rows};
pub use output::{Color, Failure, Format, Output, OutputArgs};
pub use progress::{bar, listener};
pub use redo::RedoArgs;
pub use repair::RepairArgs;
pub use run::{DowngradeArgs, RunArgs, StampArgs, StepArgs, UpgradeArgs};
pub use safeguards::{Backup, Safeguards, can_ask, is_asking};
pub use schema::{Shown, changes_json, print_diff, print_schema, schema_json};
pub use script::ScriptArgs;
pub use verify::print_verification;

/// What stops the runs of this process's verbs: whoever catches its interrupts requests it.
pub fn interrupts() -> &'static Stop {
    static INTERRUPTS: LazyLock<Stop> = LazyLock::new(Stop::new);
    &INTERRUPTS
}

/// `migrate <verb>` for an application's own command line.
#[derive(Clone, Debug, Args)]
pub struct MigrateArgs {
    #[command(flatten)]
    output: OutputArgs,
    /// Ask nothing: the answer is yes
    #[arg(short, long, global = true)]
    yes: bool,
    #[command(subcommand)]
    verb: AppVerb,
}

#[derive(Clone, Debug, Subcommand)]
enum AppVerb {
    #[command(flatten)]
    Verb(Verb),
    /// Checks the embedded revisions and the database against each other; for CI and deployments
    Check,
}

/// The verbs that an application and `cargo migrate` share.
#[derive(Clone, Debug, Subcommand)]
pub enum Verb {
    /// Applies pending revisions, up to the head or another target
    #[command(visible_alias = "up")]
    Upgrade(UpgradeArgs),
    /// Undoes revisions: the last one, or down to a target, which stays
    #[command(visible_alias = "down")]
    Downgrade(DowngradeArgs),
    /// Undoes revisions and applies them again: the last one, or everything above a target
    Redo(RedoArgs),
    /// Records revisions as applied without running them
    Stamp(StampArgs),
    /// Accepts reviewed edits of applied revisions, and forgets those whose files are gone
    Repair(RepairArgs),
    /// Shows the applied heads of the database
    Current(CurrentArgs),
    /// Lists the revisions, newest first
    History(HistoryArgs),
    /// Shows the heads: the revisions that nothing follows
    Heads(HeadsArgs),
    /// Shows where the history parts, and where to
    Branches,
    /// Shows one revision with its SQL
    Show(ShowArgs),
    /// Shows on one screen where the database stands
    Status,
    /// Shows the log: what was ever done, when and by whom, newest first
    Audit(AuditArgs),
}

/// Whether a verb needs a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Files alone.
    Nothing,
    /// To read it; one that is not there counts as empty.
    Read,
    /// To change it; one that is not there counts as empty.
    Change,
    /// To change it; a SQLite file that is not there is created.
    Create,
}

fn look_for(looks: bool) -> Need {
    if looks { Need::Read } else { Need::Nothing }
}

impl Verb {
    /// Says for which database a script is to be, where the arguments do not.
    #[must_use]
    pub fn for_dialect(mut self, dialect: Dialect) -> Self {
        let script = match &mut self {
            Self::Upgrade(args) => &mut args.script,
            Self::Downgrade(args) => &mut args.script,
            Self::Stamp(args) => &mut args.script,
            _ => return self,
        };
        script.dialect = script.dialect.or(Some(dialect));
        self
    }

    /// Whether it prints a script.
    pub fn is_script(&self) -> bool {
        match self {
            Self::Upgrade(args) => args.script.sql,
            Self::Downgrade(args) => args.script.sql,
            Self::Stamp(args) => args.script.sql,
            _ => false,
        }
    }

    /// What the verb needs of a database.
    pub fn need(&self) -> Need {
        match self {
            Self::Upgrade(UpgradeArgs { script, target, .. }) if script.sql => {
                look_for(script.looks(target.as_deref()))
            }
            Self::Downgrade(DowngradeArgs { script, target, .. }) if script.sql => {
                look_for(script.looks(target.as_deref()))
            }
            Self::Stamp(StampArgs { script, targets, .. }) if script.sql => {
                look_for(script.looks(targets.first().map(String::as_str)))
            }
            Self::Upgrade(UpgradeArgs { run, .. })
            | Self::Downgrade(DowngradeArgs { run, .. })
            | Self::Redo(RedoArgs { run, .. })
            | Self::Stamp(StampArgs { run, .. })
            | Self::Repair(RepairArgs { run, .. })
                if run.dry_run =>
            {
                Need::Read
            }
            Self::Upgrade(_) | Self::Stamp(_) => Need::Create,
            Self::Downgrade(_) | Self::Redo(_) | Self::Repair(_) => Need::Change,
            Self::Current(_) | Self::Status | Self::Audit(_) => Need::Read,
            Self::History(args) if args.needs_database() => Need::Read,
            Self::Show(args) if args.needs_database() => Need::Read,
            Self::Heads(_) | Self::Branches | Self::History(_) | Self::Show(_) => Need::Nothing,
        }
    }

    /// Makes the plan of a verb that changes a database that is still to be created, and asks for a yes where one is needed;
    /// writes nothing.
    ///
    /// # Errors
    ///
    /// [`Failure`] when the verb would be refused.
    pub async fn rehearse(
        &self,
        migrations: &Migrations,
        db: &mut dyn LiveConnection,
        safeguards: &Safeguards<'_>,
        output: &Output,
    ) -> Result<(), Failure> {
        let migrator = match self {
            Self::Upgrade(args) => args.migrator(migrations),
            Self::Downgrade(args) => args.migrator(migrations),
            Self::Stamp(args) => args.migrator(migrations),
            Self::Redo(args) => args.migrator(migrations),
            Self::Repair(args) => args.migrator(migrations),
            Self::Current(_)
            | Self::History(_)
            | Self::Heads(_)
            | Self::Branches
            | Self::Show(_)
            | Self::Status
            | Self::Audit(_) => return Ok(()),
        };
        let plan = migrator.plan_live(db).await?;
        // On a database that is empty nothing can be lost.
        let prospect = Prospect { plan: &plan, losses: Vec::new(), history_exists: false };
        if !plan.is_empty() && safeguards.needs_a_yes(&prospect) {
            output.note(&run::plan_text(&plan));
            safeguards.approve(&prospect)?;
        }
        Ok(())
    }

    /// Runs the verb. `db` must be there when [`Verb::need`] says so.
    ///
    /// # Errors
    ///
    /// [`Failure`]: everything that is wrong, and what was done until then.
    pub async fn run(
        &self,
        migrations: &Migrations,
        db: Option<&mut dyn LiveConnection>,
        safeguards: &Safeguards<'_>,
        output: &Output,
    ) -> Result<Exit, Failure> {
        let run = |migrator, args, db| run::run(migrator, args, safeguards, db, output);
        match (self, db) {
            (Self::Upgrade(args), db) if args.script.sql => {
                let route = Route::parse(args.target.as_deref())?;
                script::print(args.at_the_end(&route).migrator(migrations), &route, &args.script, db, output).await
            }
            (Self::Downgrade(args), db) if args.script.sql => {
                let route = Route::parse(args.target.as_deref())?;
                script::print(args.at_the_end(&route)?.migrator(migrations), &route, &args.script, db, output).await
            }
            (Self::Stamp(args), db) if args.script.sql => {
                let (args, route) = args.at_the_end()?;
                script::print(args.migrator(migrations), &route, &args.script, db, output).await
            }
            (Self::Upgrade(args), Some(db)) => run(args.migrator(migrations), args.run, db).await,
            (Self::Downgrade(args), Some(db)) => run(args.migrator(migrations), args.run, db).await,
            (Self::Stamp(args), Some(db)) => run(args.migrator(migrations), args.run, db).await,
            (Self::Redo(args), Some(db)) => run(args.migrator(migrations), args.run, db).await,
            (Self::Repair(args), Some(db)) => repair::repair(args, migrations, db, safeguards, output).await,
            (Self::Audit(args), Some(db)) => audit::audit(args, migrations, db, output).await,
            (Self::Current(args), Some(db)) => look::current(*args, migrations, db, output).await,
            (Self::Status, Some(db)) => status::status(migrations, db, output).await,
            (Self::History(args), db) => look::history(args, migrations, db, output).await,
            (Self::Show(args), db) => look::show(args, migrations, db, output).await,
            (Self::Heads(args), _) => look::heads(*args, migrations, output),
            (Self::Branches, _) => look::branches(migrations, output),
            (_, None) => Err(Failure::missing_database()),
        }
    }
}

/// An application has the connection that it was given, and makes no databases.
fn needs_scratch() -> Diagnostic {
    let help = "`cargo migrate stamp --verify` can, with the URL of the database";
    Diagnostic::new(Code::Usage, "`--verify` needs a scratch database, which cannot be made here", help)
}

impl MigrateArgs {
    /// Runs the verb through a blocking connection, prints what there is to say, and gives the exit code.
    pub fn run<C: BlockingConnection>(&self, migrations: &Migrations, db: &mut C) -> ExitCode {
        let output = self.output.output();
        let outcome = ready(self.dispatch(migrations, db, &output));
        output.finish(outcome.unwrap_or_else(|| Err(crate::Error::NotReady.into())))
    }

    /// Runs the verb through an asynchronous connection.
    pub async fn run_async<C: Connection>(&self, migrations: &Migrations, db: &mut C) -> ExitCode {
        let output = self.output.output();
        let outcome = self.dispatch(migrations, db, &output).await;
        output.finish(outcome)
    }

    async fn dispatch(
        &self,
        migrations: &Migrations,
        db: &mut dyn LiveConnection,
        output: &Output,
    ) -> Result<Exit, Failure> {
        match &self.verb {
            AppVerb::Verb(Verb::Stamp(args)) if args.verify => Err(needs_scratch().into()),
            AppVerb::Verb(verb) => {
                if verb.need() != Need::Nothing {
                    output.note(&format!("target: {} (this application's connection)", db.dialect()));
                }
                verb.run(migrations, Some(db), &Safeguards::new(self.yes), output).await
            }
            AppVerb::Check => {
                output.note(&format!("target: {} (this application's connection)", db.dialect()));
                let mut checks = Checks::default();
                check_graph(migrations, &mut checks);
                check_sections(migrations, &mut checks);
                check_database(migrations, db, &mut checks).await?;
                Ok(checks.print(output))
            }
        }
    }
}
