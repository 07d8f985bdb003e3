//! `check`: the verb for CI. One line for everything that was checked, and for what was not.

mod since;

use migrate_plan::{Code, Diagnostic, LOCK_FILE, Place, Stale};
use migrate_runtime::cli::{
    CheckResult, Checks, Exit, Failure, Need, check_database, check_graph, check_sections, counted,
};
use migrate_runtime::read_revisions;

use super::{Call, drift};
use crate::arguments::CheckArgs;
use crate::database::Database;
use crate::environment::FoundUrl;
use crate::files::{Files, Writer, read_locks};
use crate::project::Project;
use crate::subject::scratch_url;

/// What only a database can tell.
const OF_THE_DATABASE: [&str; 6] = ["drift", "unknown", "interrupted", "runnable", "pending", "schema"];

const BROKEN_FILES: &str = "the files must be readable first";

pub(super) fn run(args: &CheckArgs, call: &Call<'_>) -> Result<Exit, Failure> {
    let project = Project::find(call.global)?;
    let mut checks = Checks::default();
    let revisions = match read_revisions(&project.paths()) {
        Ok(revisions) => revisions,
        Err(problems) => return Ok(broken_files(&project, problems, checks, call)),
    };
    checks.verdict("files", format!("{}, no stray files", counted(revisions.len(), "revision")), Vec::new());
    let (locks, broken) = match read_locks(&project) {
        Ok(locks) => (locks, None),
        Err(problems) => (Vec::new(), Some(problems)),
    };
    let files = Files::new(&project, revisions, locks);
    let migrations = files.migrations();
    check_graph(&migrations, &mut checks);
    check_sections(&migrations, &mut checks);
    check_locks(args, call, &files, broken, &mut checks)?;
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
                check_database(&migrations, database.live(), &mut checks).await?;
                match args.drift {
                    true => {
                        let made_in = scratch_url(Some(&url), call.global, &project)?;
                        drift::check(&migrations, &mut database, &made_in, call, &mut checks).await;
                    }
                    false => checks.add("schema", "", CheckResult::Skipped("no `--drift` was given".to_owned())),
                }
                Ok(())
            })?;
            if let Err(failure) = checked {
                checks.add("database", "", CheckResult::Failed(failure.exit(), failure.diagnostics));
            }
        }
    }
    Ok(checks.print(&call.output))
}

/// What can be said all the same: the graph needs no more than the headers.
fn broken_files(project: &Project, problems: Vec<Diagnostic>, mut checks: Checks, call: &Call<'_>) -> Exit {
    checks.verdict("files", "", problems);
    let skipped: &[&str] = match Files::headers_without_lock(project) {
        Ok(files) => {
            check_graph(&files.migrations(), &mut checks);
            &["sections", "lock", "sealed", "since"]
        }
        Err(_) => &["graph", "heads", "sections", "lock", "sealed", "since"],
    };
    for name in skipped.iter().copied().chain(OF_THE_DATABASE) {
        checks.add(name, "", CheckResult::Skipped(BROKEN_FILES.to_owned()));
    }
    checks.print(&call.output)
}

fn skip_database(checks: &mut Checks, reason: &str) {
    for name in OF_THE_DATABASE {
        checks.add(name, "", CheckResult::Skipped(reason.to_owned()));
    }
}

fn check_locks(
    args: &CheckArgs,
    call: &Call<'_>,
    files: &Files<'_>,
    broken: Option<Vec<Diagnostic>>,
    checks: &mut Checks,
) -> Result<(), Failure> {
    if let Some(problems) = broken {
        checks.verdict("lock", "", problems);
        checks.add("sealed", "", CheckResult::Skipped("the lock file must be readable first".to_owned()));
        return Ok(());
    }
    let defects = files.lock_defects();
    let (mut stale, mut missing, mut problems) = (0, Vec::new(), Vec::new());
    for (folder, lock) in files.folders_with_locks() {
        let found = lock.cloned().unwrap_or_default().stale(&files.revisions_in(folder));
        stale += found.len();
        match lock {
            None => missing.push(folder.lock_shown()),
            Some(_) => problems.extend(stale_lock(&found, &folder.lock_shown())),
        }
    }
    let name = if files.locks.len() == 1 { LOCK_FILE.to_owned() } else { counted(files.locks.len(), "lock file") };
    let (is, was) = if files.locks.len() == 1 { ("is", "was") } else { ("are", "were") };
    if args.fix && defects.is_empty() && (stale > 0 || !missing.is_empty()) {
        Writer::new(call.global)?.renew_locks(files.project).map_err(Failure::from)?;
        checks.verdict("lock", format!("{name} {was} written anew: {} changed", counted(stale, "line")), Vec::new());
    } else if missing.is_empty() || !problems.is_empty() {
        checks.verdict("lock", format!("{name} {is} up to date"), problems);
    } else {
        let missing = if files.locks.len() == 1 { LOCK_FILE.to_owned() } else { missing.join(", ") };
        let reason = format!("there is no {missing}; `cargo migrate check --fix` writes it");
        checks.add("lock", "", CheckResult::Skipped(reason));
    }
    let sealed: usize = files.locks.iter().flatten().map(|lock| lock.sealed().count()).sum();
    checks.verdict("sealed", format!("{sealed} sealed, none changed"), defects);
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
