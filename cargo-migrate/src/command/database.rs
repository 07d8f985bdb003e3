//! `database create`, `drop` and `reset`: the database as a whole, for development and tests.

use migrate_plan::{Code, Diagnostic, Dialect};
use migrate_runtime::cli::{Exit, Failure, Need, UpgradeArgs, Verb};
use serde_json::json;

use super::{Call, block_on};
use crate::arguments::{DatabaseArgs, DatabaseVerb, DropArgs};
use crate::database::{Admin, Database, Done, Others};
use crate::environment::FoundUrl;
use crate::files::Files;
use crate::project::Project;

pub(super) fn run(args: &DatabaseArgs, call: &Call<'_>) -> Result<Exit, Failure> {
    let project = Project::find(call.global)?;
    let url = FoundUrl::require(call.global, &project)?;
    block_on(async {
        match &args.verb {
            DatabaseVerb::Create => create(&url, call).await,
            DatabaseVerb::Drop(args) => drop_database(args, &url, call).await,
            DatabaseVerb::Reset(args) => reset(args, &url, &project, call).await,
        }
    })?
}

async fn create(url: &FoundUrl, call: &Call<'_>) -> Result<Exit, Failure> {
    let safeguards = url.safeguards(call.global.yes);
    if safeguards.protected.is_some() {
        safeguards.confirm("create the database")?;
    }
    let mut admin = Admin::open(url, &call.output).await?;
    let done = admin.create().await?;
    let (place, created) = (admin.place.to_string(), done == Done::Now);
    let text = if created { format!("created {place}") } else { format!("nothing to create: {place} is there") };
    call.output.result(&text, &json!({"format": 1, "created": created, "database": place}));
    Ok(Exit::Done)
}

async fn drop_database(args: &DropArgs, url: &FoundUrl, call: &Call<'_>) -> Result<Exit, Failure> {
    refuse_protected("database drop", url)?;
    let mut admin = Admin::open(url, &call.output).await?;
    admin.refuse_the_server_s_own()?;
    let place = admin.place.to_string();
    url.safeguards(call.global.yes).confirm(&format!("drop {place} with everything in it"))?;
    let dropped = admin.drop(others(args)).await? == Done::Now;
    let text = if dropped { format!("dropped {place}") } else { format!("nothing to drop: {place} is not there") };
    call.output.result(&text, &json!({"format": 1, "dropped": dropped, "database": place}));
    Ok(Exit::Done)
}

/// What would be refused afterwards is refused before the old database is gone.
async fn reset(args: &DropArgs, url: &FoundUrl, project: &Project, call: &Call<'_>) -> Result<Exit, Failure> {
    refuse_protected("database reset", url)?;
    let files = Files::load(project)?;
    files.graph()?;
    files.refuse_broken_seals()?;
    let migrations = files.migrations();
    let mut admin = Admin::open(url, &call.output).await?;
    admin.refuse_the_server_s_own()?;
    refuse_history_elsewhere(project, admin.dialect())?;
    migrations.migrator().script(admin.dialect(), None).map_err(Failure::from)?;
    let place = admin.place.to_string();
    let mut safeguards = url.safeguards(call.global.yes);
    safeguards.confirm(&format!("drop {place} with everything in it, and create it anew"))?;
    safeguards.yes = true;
    if admin.drop(others(args)).await? == Done::Now {
        call.output.note(&format!("dropped {place}"));
    }
    admin.create().await?;
    call.output.note(&format!("created {place}"));
    let mut database = Database::connect_again(url, Need::Create).await?;
    crate::interrupt::watch(database.cancel(), call.output);
    let upgrade = Verb::Upgrade(UpgradeArgs::default());
    upgrade.run(&migrations, Some(database.live()), &safeguards, &call.output).await
}

fn others(args: &DropArgs) -> Others {
    if args.force { Others::Ended } else { Others::Stay }
}

fn refuse_protected(verb: &str, url: &FoundUrl) -> Result<(), Diagnostic> {
    let Some(name) = url.safeguards(false).protected else { return Ok(()) };
    let problem = format!("`{verb}` is refused in the protected environment `{name}`");
    Err(Diagnostic::new(Code::Protected, problem, "use the database's own client if it is really meant")
        .because("everything in the database would be gone, and `--yes` is typed too easily"))
}

/// A schema of MariaDB is a database of its own, and would say that everything is applied.
fn refuse_history_elsewhere(project: &Project, dialect: Dialect) -> Result<(), Diagnostic> {
    match (&project.config.settings.history_schema, dialect) {
        (Some(schema), Dialect::MySql | Dialect::MariaDb) => {
            let problem = format!("the history stands in another database, `{schema}`, which would not be reset");
            let help = "drop both by the database's own client, then `database create` and `upgrade`";
            Err(Diagnostic::new(Code::InvalidConfig, problem, help)
                .because("with `history-schema` the history would say that everything is applied"))
        }
        _ => Ok(()),
    }
}
