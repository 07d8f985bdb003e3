//! `repair`: what the history remembers of revisions that were edited on purpose, or that are gone.

use clap::Args;
use migrate_plan::{Applied, Direction, Plan, Step};

use super::look::identify;
use super::{Exit, Failure, Output, RunArgs, Safeguards, escape, run};
use crate::driver::LiveConnection;
use crate::engine::{Look, look};
use crate::error::Error;
use crate::migrations::Migrations;
use crate::migrator::Migrator;

/// `repair [REVISION…] --reason WORDS`
#[derive(Clone, Debug, Default, Args)]
pub struct RepairArgs {
    /// The edited revisions to accept and the vanished ones to forget: an id or its prefix [default: all of them]
    pub revisions: Vec<String>,
    /// Why; kept in the log
    #[arg(long, value_name = "WORDS", required_unless_present = "dry_run", value_parser = words)]
    pub reason: Option<String>,
    /// What every changing verb takes.
    #[command(flatten)]
    pub run: RunArgs,
}

fn words(text: &str) -> Result<String, &'static str> {
    if text.trim().is_empty() { Err("say why") } else { Ok(text.trim().to_owned()) }
}

impl RepairArgs {
    pub(super) fn migrator<'m>(&self, migrations: &'m Migrations) -> Migrator<'m> {
        migrations.migrator().repair(&self.revisions, self.reason.as_deref().unwrap_or_default())
    }
}

pub(super) async fn repair(
    args: &RepairArgs,
    migrations: &Migrations,
    db: &mut dyn LiveConnection,
    safeguards: &Safeguards<'_>,
    output: &Output,
) -> Result<Exit, Failure> {
    let mut db = identify(db).await?;
    let plan = args.migrator(migrations).plan_live(&mut db).await?;
    describe(&plan, migrations, &mut db, output).await?;
    run::run(args.migrator(migrations), args.run, safeguards, &mut db, output).await
}

/// Says of each revision what it is about, with the SQL that is forgotten with it.
async fn describe(
    plan: &Plan,
    migrations: &Migrations,
    db: &mut dyn LiveConnection,
    output: &Output,
) -> Result<(), Failure> {
    let graph = migrations.graph()?;
    let found = look(db, migrations.settings()).await?;
    let applied = found.applied(&graph)?;
    for step in &plan.steps {
        match step.direction {
            Direction::Up => output.note(&accepted(step, &applied, db)),
            Direction::Down => output.note(&forgotten(step, &found, db).await?),
        }
    }
    Ok(())
}

fn accepted(step: &Step, applied: &Applied<'_>, db: &mut dyn LiveConnection) -> String {
    let drift = applied.drift(db.dialect());
    let mut text = format!("accept the change of {}:", escape::line(&step.id));
    for drift in drift.iter().filter(|drift| *drift.id == *step.id) {
        let remembered = applied.row(step.node).and_then(|row| match drift.direction {
            Direction::Up => row.up_checksum,
            Direction::Down => row.down_checksum,
        });
        let section = applied.all().revision(step.node).section(drift.direction, db.dialect());
        let now = section.map(|section| section.checksum);
        let shown = |sum: Option<migrate_plan::Checksum>| sum.map_or_else(|| "none".to_owned(), |sum| sum.to_string());
        let place = format!("{}:{}", drift.file, drift.line);
        text.push_str(&format!("\n  `{}` at {}", drift.direction, escape::line(&place)));
        text.push_str(&format!("\n    ran {}\n    is  {}", shown(remembered), shown(now)));
    }
    text
}

async fn forgotten(step: &Step, found: &Look, db: &mut dyn LiveConnection) -> Result<String, Failure> {
    let query = found.tables.select_down(std::iter::once(&*step.id));
    let rows = db.query(&query).await.map_err(|error| Error::driver("the stored SQL cannot be read", error))?;
    let head = format!("forget {}, {}, which is not here", escape::line(&step.id), escape::line(&step.title));
    Ok(match rows.first().and_then(|row| row.text(1)) {
        Some(sql) => {
            format!("{head}; its `down`, which is forgotten with it:\n  {}", sql.trim_end().replace('\n', "\n  "))
        }
        None => format!("{head}; no `down` of it is stored"),
    })
}
