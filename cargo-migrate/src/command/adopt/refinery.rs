//! `adopt refinery`: its files become revisions, and what it has applied to a database is recorded in our history.
//!
//! Everything is read and compared first, files and database alike; then the files are written, and then the history. A
//! call that was interrupted in between is simply made again: files that are revisions already are left as they are.

mod convert;
mod folder;
mod report;

use migrate_plan::{Code, Diagnostic, Plan, Revision, RevisionGraph, Stale};
use migrate_runtime::cli::{Exit, Failure, Need, listener};
use migrate_runtime::{Migrations, REFINERY_TABLE, RunReport, TakeOver};

use super::super::{Call, block_on, init};
use crate::arguments::RefineryArgs;
use crate::database::Database;
use crate::environment::FoundUrl;
use crate::files::{Files, Writer, read_locks};
use crate::project::Project;
use convert::Conversion;
use folder::Folder;
use report::Report;

/// What became of the database.
enum OnDatabase {
    NotGiven,
    Planned(TakeOver<Plan>),
    Done(TakeOver<RunReport>),
}

pub(super) fn run(args: &RefineryArgs, call: &Call<'_>) -> Result<Exit, Failure> {
    let writer = if args.dry_run { None } else { Some(Writer::new(call.global)?) };
    let project = Project::find(call.global)?;
    if project.folders.len() > 1 {
        let folders = project.folders.iter().map(|folder| format!("`--dir {}`", folder.shown)).collect::<Vec<_>>();
        let problem = "the project has several folders, and refinery has one";
        return Err(Diagnostic::new(Code::Usage, problem, format!("name it: {}", folders.join(" or "))).into());
    }
    let (folder, problems) = Folder::read(args.folder.as_deref(), &project)?;
    let conversion = Conversion::new(&folder, &project, &args.edited, problems)?;
    refuse_broken_seals(&project, &folder)?;
    let revisions = conversion.revisions(&folder);
    let graph = RevisionGraph::new(revisions.clone())?;
    let migrations = Migrations::new(revisions, project.config.settings.clone())
        .with_application(concat!("cargo-migrate ", env!("CARGO_PKG_VERSION")));
    folder.ignored.iter().for_each(|file| call.output.note(&format!("left out, as refinery does: {file}")));
    let url = if args.files_only { None } else { FoundUrl::find(call.global, &project)? };
    block_on(async {
        let mut database = match &url {
            Some(url) => {
                let need = if args.dry_run { Need::Read } else { Need::Change };
                Some(Database::connect(url, need, &call.output).await?)
            }
            None => None,
        };
        let mut on_database = OnDatabase::NotGiven;
        if let Some(database) = &mut database {
            let migrator = migrations.migrator();
            let migrator = if args.dry_run { migrator.on_event(listener(call.output)) } else { migrator };
            let planned = migrator.adopt_refinery(&args.table).plan_live(database.live()).await?;
            if matches!(planned, TakeOver::Nothing) && args.table != REFINERY_TABLE {
                return Err(no_such_table(&args.table).into());
            }
            on_database = OnDatabase::Planned(planned);
        }
        if let Some(url) = url.as_ref().filter(|_| !args.dry_run) {
            let safeguards = url.safeguards(call.global.yes);
            if safeguards.protected.is_some() {
                safeguards.confirm("take the database over from refinery")?;
            }
        }
        if let Some(writer) = &writer {
            write(&conversion, &folder, &project, writer)?;
            if let Some(database) = &mut database {
                let mut migrator = migrations.migrator().on_event(listener(call.output));
                if let Some(limit) = args.lock_timeout {
                    migrator = migrator.lock_timeout(limit);
                }
                let done = migrator.adopt_refinery(&args.table).take_over_live(database.live()).await?;
                on_database = OnDatabase::Done(done);
            }
        }
        let report = Report { args, project: &project, files: &conversion.files, on_database, graph: &graph };
        report.print(call);
        Ok(Exit::Done)
    })?
}

/// Somebody who names a table knows that it is there, so that its name is wrong.
fn no_such_table(table: &str) -> Diagnostic {
    let problem = format!("there is no table `{table}` here, or no row in it");
    let help = format!(
        "check its name: `set_migration_table_name` in the program has it; without that it is `{REFINERY_TABLE}`"
    );
    Diagnostic::new(Code::ForeignRow, problem, help)
        .because("the migrations would run once more, if refinery has applied them under another name")
}

fn refuse_broken_seals(project: &Project, folder: &Folder) -> Result<(), Vec<Diagnostic>> {
    Files::new(project, folder.revisions.clone(), read_locks(project)?).refuse_broken_seals()
}

/// Writes the revisions, and takes away what they were made of where it stood in the same folder under another name. A
/// call that was interrupted has left any part of this undone.
fn write(conversion: &Conversion, folder: &Folder, project: &Project, writer: &Writer) -> Result<(), Failure> {
    let files = &conversion.files;
    if !files.is_empty() {
        writer.create_folder(&project.home().path)?;
    }
    for file in files {
        match folder.in_place {
            true => writer.replace(&file.path, &file.text)?,
            false => writer.create(&file.path, &file.text)?,
        }
    }
    if folder.in_place {
        let moved = files.iter().filter(|file| file.source != file.path).map(|file| &file.source);
        moved.chain(&conversion.leftovers).try_for_each(|path| writer.remove(path))?;
        folder.subfolders.iter().try_for_each(|subfolder| writer.remove_folder(subfolder))?;
    }
    if !files.is_empty() || lacks_lines(project, &folder.revisions)? {
        init::companions(project.home(), writer)?;
        writer.renew_locks(project)?;
    }
    Ok(())
}

/// Whether the lock file knows some revision not at all.
fn lacks_lines(project: &Project, revisions: &[Revision]) -> Result<bool, Vec<Diagnostic>> {
    let lock = read_locks(project)?.into_iter().next().flatten().unwrap_or_default();
    Ok(lock.stale(revisions).iter().any(|stale| matches!(stale, Stale::Missing(_))))
}
