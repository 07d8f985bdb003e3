//! `check`: the verb for CI. One line for everything that was checked, and for what was not.

mod since;

use migrate_plan::{Code, Diagnostic, LOCK_FILE, Place, Stale};
use migrate_runtime::cli::{CheckResult, Checks, Exit, Failure, Need, check_database, check_revisions, counted};
use migrate_runtime::read_folder;

use super::Call;
use crate::arguments::CheckArgs;
use crate::database::Database;
use crate::environment::FoundUrl;
use crate::files::{Files, Writer, lock_shown, read_lock};
use crate::project::Project;

/// What only a database can tell.
const OF_THE_DATABASE: [&str; 5] = ["drift", "unknown", "interrupted", "runnable", "pending"];

const BROKEN_FILES: &str = "the files must be readable first";

pub(super) fn run(args: &CheckArgs, call: &Call<'_>) -> Result<Exit, Failure> {
    let project = Project::find(call.global)?;
    let mut checks = Checks::default();
    let revisions = match read_folder(&project.folder, &project.shown) {
        Ok(revisions) => revisions,
        Err(problems) => {
            checks.verdict("files", "", problems);
            for name in ["graph", "heads", "sections", "lock", "sealed", "since"].into_iter().chain(OF_THE_DATABASE) {
                checks.add(name, "", CheckResult::Skipped(BROKEN_FILES.to_owned()));
            }
            return Ok(checks.print(&call.output));
        }
    };
    checks.verdict("files", format!("{}, no stray files", counted(revisions.len(), "revision")), Vec::new());
    let lock = read_lock(&project);
    let files = Files { project: &project, revisions, lock: lock.as_ref().ok().cloned().flatten() };
    let migrations = files.migrations();
    check_revisions(&migrations, &mut checks);
    check_lock(args, call, &files, lock.err(), &mut checks)?;
    match &args.since {
        Some(reference) => since::check(&files, reference, &mut checks)?,
        None => checks.add("since", "", CheckResult::Skipped("no `--since <git ref>` was given".to_owned())),
    }
    match (files.graph(), FoundUrl::find(call.global, &project)?) {
        (Err(_), _) => skip_database(&mut checks, "the graph must be sound first"),
        (Ok(_), None) => skip_database(&mut checks, "no database URL was given"),
        (Ok(_), Some(url)) => {
            let checked: Result<(), Failure> = super::block_on(async {
                let mut database = Database::connect(&url, Need::Read, &call.output).await?;
                check_database(&migrations, database.live(), &mut checks).await
            })?;
            if let Err(failure) = checked {
                checks.add("database", "", CheckResult::Failed(failure.exit(), failure.diagnostics));
            }
        }
    }
    Ok(checks.print(&call.output))
}

fn skip_database(checks: &mut Checks, reason: &str) {
    for name in OF_THE_DATABASE {
        checks.add(name, "", CheckResult::Skipped(reason.to_owned()));
    }
}

fn check_lock(
    args: &CheckArgs,
    call: &Call<'_>,
    files: &Files<'_>,
    broken: Option<Vec<Diagnostic>>,
    checks: &mut Checks,
) -> Result<(), Failure> {
    let shown = lock_shown(files.project);
    if let Some(problems) = broken {
        checks.verdict("lock", "", problems);
        checks.add("sealed", "", CheckResult::Skipped("the lock file must be readable first".to_owned()));
        return Ok(());
    }
    let lock = files.lock.clone().unwrap_or_default();
    let defects = lock.defects(&files.revisions);
    let mut stale = lock.stale(&files.revisions);
    let mut detail = format!("{LOCK_FILE} is up to date");
    if args.fix && defects.is_empty() && (!stale.is_empty() || files.lock.is_none()) {
        Writer::new(call.global)?.renew_lock(files.project).map_err(Failure::from)?;
        detail = format!("{LOCK_FILE} was written anew: {} changed", counted(stale.len(), "line"));
        stale.clear();
    }
    match (&files.lock, files.revisions.is_empty()) {
        (None, _) if !args.fix => {
            let reason = format!("there is no {LOCK_FILE}; `cargo migrate check --fix` writes it");
            checks.add("lock", "", CheckResult::Skipped(reason));
        }
        _ => checks.verdict("lock", detail, stale_lock(&stale, &shown)),
    }
    let sealed = lock.sealed().count();
    let problems = defects.iter().map(|defect| defect.diagnostic(&shown)).collect();
    checks.verdict("sealed", format!("{sealed} sealed, none changed"), problems);
    Ok(())
}

fn stale_lock(stale: &[Stale], shown: &str) -> Vec<Diagnostic> {
    let describe = |stale: &Stale| match stale {
        Stale::Missing(id) => format!("it lacks `{id}`"),
        Stale::Changed(id) => format!("the draft `{id}` was edited"),
        Stale::Gone(id) => format!("it has `{id}`, which is gone"),
    };
    if stale.is_empty() {
        return Vec::new();
    }
    let mut diagnostic = Diagnostic::new(
        Code::LockStale,
        "the lock file does not match the files",
        "`cargo migrate check --fix` writes it anew",
    )
    .at(Place::new(shown, 1))
    .because("reviewers see in it what changed, and cargo what to build anew");
    diagnostic.notes = stale.iter().map(describe).collect();
    vec![diagnostic]
}
