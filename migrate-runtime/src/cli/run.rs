//! The verbs that change a database: `upgrade`, `downgrade`, `stamp`.

use std::time::Duration;

use clap::Args;
use migrate_plan::{Action, Diagnostic, Direction, Inserted, Plan, Purge, Step, parse_duration};

use super::output::at;
use super::progress::{listener, route};
use super::script::{Route, ScriptArgs, no_beginning};
use super::{Exit, Failure, Output, Safeguards, counted, escape, json};
use crate::driver::LiveConnection;
use crate::migrations::Migrations;
use crate::migrator::Migrator;
use crate::report::RunReport;

/// What every changing verb takes.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct RunArgs {
    /// Print the plan and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Wait no longer than this for another process, such as `30s`, `5m` or `500ms`; a bare number is seconds
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub lock_timeout: Option<Duration>,
}

/// What every verb takes that runs revisions.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct StepArgs {
    /// Run all revisions in one transaction
    #[arg(long)]
    pub single_transaction: bool,
    /// Wait no longer than this for a table that another session locks, before trying again [default: 3s]
    #[arg(long, value_name = "TIME", value_parser = some_time)]
    pub table_lock_timeout: Option<Duration>,
    /// Try so many times, with growing pauses, before giving up [default: 10]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    pub table_lock_attempts: Option<u32>,
    /// Let no statement take longer than this, on PostgreSQL and MariaDB
    #[arg(long, value_name = "TIME", value_parser = some_time)]
    pub statement_timeout: Option<Duration>,
}

impl StepArgs {
    pub(super) fn set<'m>(self, mut migrator: Migrator<'m>) -> Migrator<'m> {
        if let Some(limit) = self.table_lock_timeout {
            migrator = migrator.table_lock_timeout(limit);
        }
        if let Some(attempts) = self.table_lock_attempts {
            migrator = migrator.table_lock_attempts(attempts);
        }
        if let Some(limit) = self.statement_timeout {
            migrator = migrator.statement_timeout(limit);
        }
        if self.single_transaction { migrator.single_transaction() } else { migrator }
    }
}

/// `upgrade [TARGET]`
#[derive(Clone, Debug, Default, Args)]
#[command(mut_arg("sql", |sql| sql.conflicts_with_all(["RunArgs", "StepArgs"])))]
pub struct UpgradeArgs {
    /// Where to go: `head`, an id or its prefix, `+1`, `label@head` [default: head]
    #[arg(allow_negative_numbers = true)]
    pub target: Option<String>,
    /// Refuse when a pending revision stands behind an applied one
    #[arg(long, conflicts_with = "sql")]
    pub strict: bool,
    /// What every changing verb takes.
    #[command(flatten)]
    pub run: RunArgs,
    /// What every verb takes that runs revisions.
    #[command(flatten)]
    pub steps: StepArgs,
    /// What every verb takes that can write a script.
    #[command(flatten)]
    pub script: ScriptArgs,
}

/// `downgrade [TARGET]`
#[derive(Clone, Debug, Default, Args)]
#[command(mut_arg("sql", |sql| sql.conflicts_with_all(["RunArgs", "StepArgs"])))]
pub struct DowngradeArgs {
    /// The revision that stays: an id or its prefix, `-1`, `label@-1`, or `base` to undo everything [default: -1]
    #[arg(allow_negative_numbers = true)]
    pub target: Option<String>,
    /// What every changing verb takes.
    #[command(flatten)]
    pub run: RunArgs,
    /// What every verb takes that runs revisions.
    #[command(flatten)]
    pub steps: StepArgs,
    /// What every verb takes that can write a script.
    #[command(flatten)]
    pub script: ScriptArgs,
}

/// `stamp TARGET…`
#[derive(Clone, Debug, Default, Args)]
#[command(mut_arg("sql", |sql| sql.conflicts_with("RunArgs")))]
pub struct StampArgs {
    /// What counts as applied, with its ancestors: `head`, an id or its prefix, `base`
    #[arg(required = true, allow_negative_numbers = true)]
    pub targets: Vec<String>,
    /// Forget every recorded revision first, unknown ones too
    #[arg(long)]
    pub purge: bool,
    /// Build the target in a scratch database first, and refuse when this one differs from it
    #[arg(long)]
    pub verify: bool,
    /// What every changing verb takes.
    #[command(flatten)]
    pub run: RunArgs,
    /// What every verb takes that can write a script.
    #[command(flatten)]
    pub script: ScriptArgs,
}

/// A duration that is not zero, which would be no limit to one database and the end of every statement to another.
fn some_time(text: &str) -> Result<Duration, &'static str> {
    match parse_duration(text)? {
        time if time.is_zero() => Err("it must be more than zero"),
        time => Ok(time),
    }
}

impl UpgradeArgs {
    /// The same verb to where its range ends.
    pub(super) fn at_the_end(&self, route: &Route) -> Self {
        Self { target: route.to.as_ref().map(ToString::to_string), ..self.clone() }
    }

    pub(super) fn migrator<'m>(&self, migrations: &'m Migrations) -> Migrator<'m> {
        let inserted = if self.strict { Inserted::Refuse } else { Inserted::Run };
        let migrator = self.steps.set(migrations.migrator().inserted(inserted));
        match &self.target {
            Some(target) => migrator.target(target),
            None => migrator,
        }
    }
}

impl DowngradeArgs {
    /// The same verb to where its range ends; a script needs a beginning too.
    pub(super) fn at_the_end(&self, route: &Route) -> Result<Self, Diagnostic> {
        match (&route.from, &route.to) {
            (Some(_), Some(to)) => Ok(Self { target: Some(to.to_string()), ..self.clone() }),
            _ => Err(no_beginning()),
        }
    }

    pub(super) fn migrator<'m>(&self, migrations: &'m Migrations) -> Migrator<'m> {
        self.steps.set(migrations.migrator()).downgrade(self.target.as_deref().unwrap_or("-1"))
    }
}

impl StampArgs {
    /// The same verb to where its range ends, and where it begins; several targets begin at the base.
    pub(super) fn at_the_end(&self) -> Result<(Self, Route), Failure> {
        let [only] = self.targets.as_slice() else { return Ok((self.clone(), Route::parse(None)?)) };
        let route = Route::parse(Some(only))?;
        let targets = vec![route.to.as_ref().map_or_else(|| "head".to_owned(), ToString::to_string)];
        Ok((Self { targets, ..self.clone() }, route))
    }

    /// The run that it asks for.
    pub fn migrator<'m>(&self, migrations: &'m Migrations) -> Migrator<'m> {
        migrations.migrator().stamp(&self.targets, if self.purge { Purge::Yes } else { Purge::No })
    }
}

pub(super) async fn run(
    migrator: Migrator<'_>,
    args: RunArgs,
    safeguards: &Safeguards<'_>,
    db: &mut dyn LiveConnection,
    output: &Output,
) -> Result<Exit, Failure> {
    if args.dry_run {
        let plan = migrator.plan_live(db).await?;
        output.result(&plan_text(&plan), &json::plan(&plan));
        return Ok(Exit::Done);
    }
    let mut migrator = migrator.on_event(listener(*output)).stop_on(super::interrupts());
    if let Some(limit) = args.lock_timeout.or(safeguards.lock_timeout) {
        migrator = migrator.lock_timeout(limit);
    }
    let touches = migrator.undoes() || migrator.repairs();
    let asks = !safeguards.yes && (safeguards.protected.is_some() || touches);
    if asks || safeguards.backup.is_some() {
        migrator = migrator.before_writing(|prospect| {
            safeguards.approve(prospect)?;
            safeguards.back_up(prospect)
        });
    }
    let report = migrator.run_live(db).await?;
    output.result(&report_text(&report), &json::report(&report));
    Ok(Exit::Done)
}

/// The plan for people.
pub(super) fn plan_text(plan: &Plan) -> String {
    if plan.is_empty() {
        return format!("nothing to {}: at {}", plan.action.as_str(), at(&plan.heads_before));
    }
    let revisions = counted(revisions_of(plan), "revision");
    let route = route(&plan.heads_before, &plan.heads_after);
    let mut text = format!("plan: {} {revisions}, {route}", plan.action.as_str());
    let width = plan.all_steps().map(|step| step.id.len()).max().unwrap_or(0);
    for step in plan.all_steps() {
        let finishes = plan.finishes.as_ref().is_some_and(|finishes| std::ptr::eq(finishes, step));
        let remark = match step {
            Step { behind: true, .. } => "  (inserted behind what is applied)",
            _ if finishes => "  (interrupted, is finished first)",
            Step { interrupted: true, .. } if plan.action == Action::Stamp => {
                "  (interrupted: what has run of it stays, and is not told apart any more)"
            }
            _ => "",
        };
        let (id, title) = (escape::line(&step.id), escape::line(&step.title));
        text.push_str(&format!("\n  {} {id:width$}  {title}{remark}", sign(plan.action, step.direction)));
    }
    text
}

/// How many revisions a plan is about; `redo` comes to each of them twice.
pub(super) fn revisions_of(plan: &Plan) -> usize {
    match plan.action {
        Action::Redo => plan.all_steps().filter(|step| step.direction == Direction::Down).count(),
        _ => plan.all_steps().count(),
    }
}

fn report_text(report: &RunReport) -> String {
    if report.steps.is_empty() {
        return format!("nothing to {}: at {}", report.action.as_str(), at(&report.heads_after));
    }
    let mut text = String::new();
    for step in &report.steps {
        let time = match report.action {
            action if action.is_about_history() => String::new(),
            _ => format!(" ({} ms)", step.duration.as_millis()),
        };
        let (id, title) = (escape::line(&step.id), escape::line(&step.title));
        text.push_str(&format!("{} {id} {title}{time}\n", sign(report.action, step.direction)));
    }
    text + &format!("now at {}", at(&report.heads_after))
}

fn sign(action: Action, direction: Direction) -> char {
    match (action, direction) {
        // It was applied before.
        (Action::Repair, Direction::Up) => '~',
        (_, Direction::Up) => '+',
        (_, Direction::Down) => '-',
    }
}
