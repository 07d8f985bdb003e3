//! Whether a database is what its revisions make: `check --drift` and `stamp --verify`.

use migrate_plan::schema::{Kind, SchemaChange, SchemaDiff, What, diff_schemas};
use migrate_plan::{Code, Diagnostic};
use migrate_runtime::cli::{CheckResult, Checks, Exit, Failure, StampArgs, counted};
use migrate_runtime::{Inspection, Migrations};

use super::Call;
use crate::database::{Database, Scratch};
use crate::environment::FoundUrl;

/// The tables in which other tools remember what they have done.
const OF_OTHER_TOOLS: [&str; 13] = [
    "refinery_schema_history",
    "_sqlx_migrations",
    "__diesel_schema_migrations",
    "seaql_migrations",
    "alembic_version",
    "flyway_schema_history",
    "atlas_schema_revisions",
    "schema_migrations",
    "django_migrations",
    "goose_db_version",
    "knex_migrations",
    "knex_migrations_lock",
    "databasechangelog",
];

/// The lines of a difference that an error shows.
const SHOWN: usize = 40;

/// One line of `check`: what differs from what the applied revisions make, in a scratch database that is made there.
pub(super) async fn check(
    migrations: &Migrations,
    database: &mut Database,
    made_in: &FoundUrl,
    call: &Call<'_>,
    checks: &mut Checks,
) {
    let outcome = compare(migrations, database, made_in, call).await;
    let (detail, result) =
        outcome.unwrap_or_else(|failure| (String::new(), CheckResult::Failed(failure.exit(), failure.diagnostics)));
    checks.add("schema", detail, result);
}

async fn compare(
    migrations: &Migrations,
    database: &mut Database,
    made_in: &FoundUrl,
    call: &Call<'_>,
) -> Result<(String, CheckResult), Failure> {
    let plan = migrations.migrator().target("heads").plan_live(database.live()).await;
    let graph = migrations.graph()?;
    let is_unknown = |id: &String| graph.node(id).is_none();
    let unjudged = match &plan {
        Ok(plan) if plan.heads_before.iter().any(is_unknown) => Some("the database has revisions that are not here"),
        Err(_) => Some("what is applied must be known and unchanged first"),
        Ok(plan) if plan.finishes.is_some() => Some("a revision is half done"),
        Ok(plan) if plan.steps.iter().any(|step| step.behind) => Some("a revision is pending behind an applied one"),
        Ok(_) => None,
    };
    let (Ok(plan), None) = (plan, unjudged) else {
        return Ok((String::new(), CheckResult::Skipped(unjudged.unwrap_or_default().to_owned())));
    };
    let diff = differences(&plan.heads_before, migrations, database, made_in, call).await?;
    if diff.is_empty() {
        return Ok(("it is what the applied revisions make".to_owned(), CheckResult::Passed));
    }
    let problem = drifted(&diff, "the database is not what its applied revisions make")
        .because("somebody changed it by hand, or another program did: + is there besides, - is missing");
    Ok((counted(diff.changes.len(), "difference"), CheckResult::Failed(Exit::Drift, vec![problem])))
}

/// Refuses to stamp a database that is not what the target makes, unless somebody says yes to it.
pub(super) async fn before_stamp(
    args: &StampArgs,
    migrations: &Migrations,
    database: &mut Database,
    made_in: &FoundUrl,
    call: &Call<'_>,
) -> Result<(), Failure> {
    let plan = args.migrator(migrations).plan_live(database.live()).await?;
    let diff = differences(&plan.heads_after, migrations, database, made_in, call).await?;
    if diff.is_empty() {
        call.output.note("the database is what the target makes");
        return Ok(());
    }
    let problem = drifted(&diff, "the database is not what the target makes")
        .because("stamped all the same, later revisions would meet what they do not expect");
    if call.global.yes {
        call.output.diagnostics(&[problem]);
        return Ok(());
    }
    if super::can_ask(call) {
        call.output.diagnostics(std::slice::from_ref(&problem));
        if super::confirm("stamp it all the same?", call) {
            return Ok(());
        }
    }
    Err(problem.into())
}

/// What the database has otherwise than these revisions with their ancestors make it.
async fn differences(
    heads: &[String],
    migrations: &Migrations,
    database: &mut Database,
    made_in: &FoundUrl,
    call: &Call<'_>,
) -> Result<SchemaDiff, Failure> {
    let made = Scratch::within(made_in, &call.output, async |scratch| {
        scratch.upgrade(migrations, heads).await?;
        scratch.inspect(&Inspection::new(), migrations.settings()).await
    });
    let made = made.await?;
    // Of other schemas nothing is known here.
    let schemas = made.namespaces.iter().map(|schema| schema.name.clone());
    let inspection = Inspection::new().settings(migrations.settings()).schemas(schemas);
    let there = inspection.run_live(database.live()).await?;
    let mut diff = diff_schemas(&made, &there);
    diff.changes.retain(|change| !is_elsewhere(change));
    Ok(diff)
}

/// What others may add to a database without changing what the revisions make.
fn is_elsewhere(change: &SchemaChange) -> bool {
    match (change.kind, &change.what) {
        (Kind::Extension, What::Added(_) | What::Changed(_)) | (Kind::Opaque, What::Added(_)) => true,
        (Kind::Table, What::Added(_)) => OF_OTHER_TOOLS.contains(&change.name.as_str()),
        _ => false,
    }
}

fn drifted(diff: &SchemaDiff, problem: &str) -> Diagnostic {
    let help =
        "write what is meant as a revision, or change the database back; `cargo migrate diff` shows it as JSON, too";
    diff.first_lines(SHOWN).into_iter().fold(Diagnostic::new(Code::SchemaDrift, problem, help), Diagnostic::note)
}
