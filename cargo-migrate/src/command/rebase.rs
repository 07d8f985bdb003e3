//! `rebase`: puts branches of drafts behind the other head, and gives a duplicate a fresh id.
//!
//! Only header lines change: comments and SQL stay as somebody wrote them.

mod header;
mod moves;

use migrate_plan::{Checksum, Code, Diagnostic, Direction, Place};
use migrate_runtime::cli::{Exit, Failure, Need, applied_rows};
use serde_json::json;

use self::header::with_key;
use self::moves::{Move, Moves, duplicate, give_fresh_id, put_behind};
use super::Call;
use crate::arguments::RebaseArgs;
use crate::database::Database;
use crate::environment::FoundUrl;
use crate::files::{Files, Writer};
use crate::project::Project;

pub(super) fn run(args: &RebaseArgs, call: &Call<'_>) -> Result<Exit, Failure> {
    let writer = Writer::new(call.global)?;
    let project = Project::find(call.global)?;
    let files = Files::headers(&project)?;
    files.warn_of_broken(&call.output);
    let repeated = args.revisions.iter().find_map(|named| duplicate(&files, named));
    let moves = match (repeated, args.revisions.len()) {
        (Some(index), 1) => give_fresh_id(&files, index, args.onto.as_deref())?,
        (Some(index), _) => return Err(one_duplicate_at_a_time(&files, index).into()),
        (None, _) => {
            files.refuse_broken_seals()?;
            put_behind(&files, &args.revisions, args.onto.as_deref())?
        }
    };
    let asked = ask(&files, call)?;
    show(&moves, &asked, call);
    if let Asked::Database(recorded) = &asked
        && !moves.files.is_empty()
    {
        refuse_applied(&files, &moves, repeated, recorded, call)?;
    }
    if !args.dry_run {
        for change in &moves.files {
            rewrite(change, &project, &writer)?;
        }
        writer.renew_locks(&project)?;
    }
    let now = if args.dry_run { "would follow" } else { "now follows" };
    let lines: Vec<String> = moves.files.iter().map(|change| line(change, now)).collect();
    let text = if lines.is_empty() { "nothing to do: they stand there already".to_owned() } else { lines.join("\n") };
    call.output.result(&text, &json(&moves, &asked));
    Ok(Exit::Done)
}

/// Who said which revisions may move.
enum Asked {
    /// The database at hand: the applied revisions, each with the checksum of the `up` that ran.
    Database(Vec<(String, Option<Checksum>)>),
    /// The lock file alone, and why.
    Lock(String),
}

/// Asks the database at hand what it has applied. One that cannot answer is no reason not to mend files, unless this call
/// names it.
fn ask(files: &Files<'_>, call: &Call<'_>) -> Result<Asked, Failure> {
    let is_named = call.global.database_url.is_some() || call.global.env.is_some();
    let url = match FoundUrl::find(call.global, files.project) {
        Ok(Some(url)) => url,
        Ok(None) => return Ok(Asked::Lock("no database URL was given".to_owned())),
        Err(problem) if is_named => return Err(problem.into()),
        Err(problem) => return Ok(Asked::Lock(problem.message)),
    };
    let migrations = files.migrations();
    let rows: Result<_, Failure> = super::block_on(async {
        let mut database = Database::connect(&url, Need::Read, &call.output).await?;
        applied_rows(&migrations, database.live()).await
    })
    .and_then(|rows| rows);
    match rows {
        Ok(rows) => Ok(Asked::Database(rows.into_iter().map(|row| (row.id, row.up_checksum)).collect())),
        Err(failure) if is_named => Err(failure),
        Err(failure) => {
            let said = failure.diagnostics.first().map(|problem| problem.message.clone()).unwrap_or_default();
            Ok(Asked::Lock(format!("it did not answer: {said}")))
        }
    }
}

/// Prints the plan.
fn show(moves: &Moves, asked: &Asked, call: &Call<'_>) {
    if moves.files.is_empty() {
        return;
    }
    call.output.note(&format!("plan: rebase, {}", migrate_runtime::cli::counted(moves.files.len(), "file")));
    for change in &moves.files {
        let (before, after) = (parents(&change.old_parents), parents(&change.parents));
        call.output.note(&format!("  {}: {before} -> {after}  {}", change.new_id, change.to));
    }
    match asked {
        Asked::Database(_) => {}
        Asked::Lock(why) => call
            .output
            .note(&format!("no database was asked whether they are applied ({why}); migrate.lock has them as drafts")),
    }
}

fn refuse_applied(
    files: &Files<'_>,
    moves: &Moves,
    repeated: Option<usize>,
    recorded: &[(String, Option<Checksum>)],
    call: &Call<'_>,
) -> Result<(), Failure> {
    let row = |id: &str| recorded.iter().find(|(applied, _)| applied == id);
    if let Some(index) = repeated {
        return match row(&files.revisions[index].id) {
            Some((_, Some(ran))) if ran_this(files, index, *ran) => Err(ran_already(files, index).into()),
            _ => Ok(()),
        };
    }
    let applied: Vec<&String> = moves.moved.iter().filter(|id| row(id).is_some()).collect();
    let Some(first) = applied.first() else { return Ok(()) };
    let names = applied.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ");
    let has = if applied.len() == 1 { "has" } else { "have" };
    let question = format!("{names} {has} run on this database. Put elsewhere all the same?");
    if call.global.yes || super::confirm(&question, call) {
        return Ok(());
    }
    let file = files.revisions.iter().find(|revision| revision.id == **first).map(|revision| revision.file.to_string());
    let problem = format!("{names} {has} run on this database");
    let help = "undo them there first with `downgrade`, or, where only development databases have run them, add `--yes`: \
                they stay applied, and `upgrade` runs what was put before them";
    let mut diagnostic = Diagnostic::new(Code::NotADraft, problem, help)
        .because("databases that ran them where they stood would differ in order from those that come later");
    diagnostic.place = file.map(|file| Place::new(file, 1));
    Err(diagnostic.into())
}

/// Whether the `up` that ran is that of this file and of no other with its id.
fn ran_this(files: &Files<'_>, index: usize, ran: Checksum) -> bool {
    let has = |revision: &migrate_plan::Revision| {
        revision.sections.iter().any(|section| section.direction == Direction::Up && section.checksum == ran)
    };
    let id = &files.revisions[index].id;
    let others = files.revisions.iter().enumerate().filter(|(at, revision)| *at != index && revision.id == *id);
    has(&files.revisions[index]) && !others.into_iter().any(|(_, revision)| has(revision))
}

fn ran_already(files: &Files<'_>, index: usize) -> Diagnostic {
    let revision = &files.revisions[index];
    let other = files.revisions.iter().enumerate().find(|(at, other)| *at != index && other.id == revision.id);
    let help = other.map_or_else(String::new, |(_, other)| {
        format!("give the other one a fresh id: `cargo migrate rebase {}`", other.file)
    });
    Diagnostic::new(Code::NotADraft, format!("this database has run `{}` from this file", revision.id), help)
        .at(Place::new(revision.file.to_string(), 1))
        .because("with another id it would run a second time")
}

fn one_duplicate_at_a_time(files: &Files<'_>, index: usize) -> Diagnostic {
    let revision = &files.revisions[index];
    let help = format!("give it a fresh id first: `cargo migrate rebase {}`", revision.file);
    Diagnostic::new(Code::DuplicateId, format!("two revisions have the id `{}`", revision.id), help)
        .at(Place::new(revision.file.to_string(), 1))
}

fn rewrite(change: &Move, project: &Project, writer: &Writer) -> Result<(), Failure> {
    let (from, to) = (project.path_of(&change.from), project.path_of(&change.to));
    let text = std::fs::read_to_string(&from).map_err(|error| {
        Diagnostic::new(Code::UnreadableFile, format!("`{}` cannot be read: {error}", change.from), "make it readable")
    })?;
    let text = with_key(&with_key(&text, "revision", &change.new_id), "parents", &parents(&change.parents));
    if to != from {
        writer.rename(&from, &to)?;
    }
    Ok(writer.replace(&to, &text)?)
}

fn parents(ids: &[String]) -> String {
    if ids.is_empty() { "none".to_owned() } else { ids.join(", ") }
}

fn line(change: &Move, now: &str) -> String {
    let renamed = if change.old_id == change.new_id { String::new() } else { format!(" (it was `{}`)", change.old_id) };
    format!("{}: `{}`{renamed} {now} {}", change.to, change.new_id, parents(&change.parents))
}

fn json(moves: &Moves, asked: &Asked) -> serde_json::Value {
    let change = |change: &Move| {
        json!({
            "revision": change.new_id, "was": change.old_id, "parents": change.parents,
            "parents_before": change.old_parents, "file": change.to
        })
    };
    let applied: Option<Vec<&String>> = match asked {
        Asked::Database(rows) => Some(moves.moved.iter().filter(|id| rows.iter().any(|(row, _)| row == *id)).collect()),
        Asked::Lock(_) => None,
    };
    json!({"format": 1, "rebased": moves.files.iter().map(change).collect::<Vec<_>>(), "applied": applied})
}
