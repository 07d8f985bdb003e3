//! The verbs, one file each, and what they share.

mod adopt;
mod all;
mod check;
mod completions;
mod database;
mod diff;
mod drift;
mod edit;
mod init;
mod inspect;
mod merge;
mod new;
mod rebase;
mod scratch;
mod seal;
mod template;
mod verify;

use std::process::ExitCode;

use migrate_plan::Diagnostic;
use migrate_runtime::Prospect;
use migrate_runtime::cli::{Backup, Exit, Failure, Need, Output, Safeguards, Verb};

use crate::arguments::{Arguments, Command, Global};
use crate::backup;
use crate::database::Database;
use crate::environment::{self, FoundUrl};
use crate::files::Files;
use crate::project::Project;
use crate::subject::scratch_url;

/// What every verb is called with.
pub(crate) struct Call<'a> {
    pub(crate) global: &'a Global,
    pub(crate) output: Output,
}

/// Runs the verb and prints what there is to say.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let call = Call { global: &arguments.global, output: arguments.output.output() };
    if call.global.backup && !matches!(&arguments.command, Command::Verb(verb) if changes(verb)) {
        return call.output.finish(Err(backs_up_nothing().into()));
    }
    if let (Command::Scratch(args), false) = (&arguments.command, call.global.all) {
        // It ends with the code of another command, which may be any.
        return scratch::run(args, &call).map_or_else(|failure| call.output.finish(Err(failure)), ExitCode::from);
    }
    let outcome = if call.global.all { all::run(&arguments.command, &call) } else { once(&arguments.command, &call) };
    call.output.finish(outcome)
}

/// Runs the verb on one database.
fn once(command: &Command, call: &Call<'_>) -> Result<Exit, Failure> {
    match command {
        Command::Init(args) => init::run(args, call),
        Command::New(args) => new::run(args, call),
        Command::Merge(args) => merge::run(args, call),
        Command::Rebase(args) => rebase::run(args, call),
        Command::Seal(args) => seal::run(args, call),
        Command::Edit(args) => edit::run(args, call),
        Command::Adopt(args) => adopt::run(args, call),
        Command::Check(args) => check::run(args, call),
        Command::Inspect(args) => inspect::run(args, call),
        Command::Diff(args) => diff::run(args, call),
        Command::Verify(args) => verify::run(args, call),
        Command::Scratch(args) => {
            scratch::run(args, call).map(|code| if code == 0 { Exit::Done } else { Exit::Failed })
        }
        Command::Database(args) => database::run(args, call),
        Command::Completions(args) => completions::run(args),
        Command::Verb(verb) => operate(verb, call),
    }
}

/// Whether there is something to back up before the verb.
fn changes(verb: &Verb) -> bool {
    matches!(verb, Verb::Upgrade(_) | Verb::Downgrade(_) | Verb::Redo(_) | Verb::Stamp(_) | Verb::Repair(_))
}

fn backs_up_nothing() -> Diagnostic {
    let help = "it goes with `upgrade`, `downgrade`, `redo`, `stamp` and `repair`";
    Diagnostic::new(migrate_plan::Code::Usage, "`--backup` has no meaning for this verb", help)
}

/// A verb of the runtime's, with the project's files and database.
fn operate(verb: &Verb, call: &Call<'_>) -> Result<Exit, Failure> {
    let project = Project::find(call.global)?;
    // A name that leads nowhere is said by verbs that ask no database, too.
    call.global.env.as_ref().map_or(Ok(()), |name| environment::named(name, &project).map(drop))?;
    let need = verb.need();
    let scripted = match (verb.is_script(), FoundUrl::find(call.global, &project)) {
        (true, Ok(Some(url))) => url.dialect().map(|dialect| verb.clone().for_dialect(dialect)),
        // A URL that is not usable is none for a script, unless somebody has named it.
        (true, Err(problem)) if call.global.env.is_some() => return Err(problem.into()),
        _ => None,
    };
    let verb = scripted.as_ref().unwrap_or(verb);
    let files = match need {
        // A broken lock file is no reason not to look.
        Need::Nothing if !verb.is_script() => Files::headers_without_lock(&project)?,
        Need::Nothing | Need::Read => Files::without_lock(&project)?,
        Need::Change | Need::Create => Files::load(&project)?,
    };
    files.graph()?;
    files.refuse_broken_seals()?;
    files.warn_of_broken(&call.output);
    let migrations = files.migrations();
    block_on(async {
        if need == Need::Nothing {
            return verb.run(&migrations, None, &Safeguards::default(), &call.output).await;
        }
        let url = FoundUrl::require(call.global, &project)?;
        let mut safeguards = url.safeguards(call.global.yes);
        let back_up = |prospect: &Prospect<'_>| backup::make(&url, &project, prospect.history_exists, &call.output);
        let runs = matches!(verb, Verb::Upgrade(_) | Verb::Downgrade(_) | Verb::Redo(_));
        if call.global.backup || (runs && url.wants_backup()) {
            safeguards.backup = Some(Backup(&back_up));
        }
        let mut database = Database::connect(&url, need, &call.output).await?;
        if let Verb::Stamp(args) = verb
            && args.verify
        {
            let made_in = scratch_url(Some(&url), call.global, &project)?;
            drift::before_stamp(args, &migrations, &mut database, &made_in, call).await?;
        }
        if database.is_missing() {
            // What would be refused must not leave a file behind.
            verb.rehearse(&migrations, database.live(), &safeguards, &call.output).await?;
            safeguards.yes = true;
            // Of nothing there is no backup.
            safeguards.backup = None;
            database = database.create()?;
        }
        if matches!(need, Need::Change | Need::Create) {
            crate::interrupt::watch(database.cancel(), call.output);
        }
        verb.run(&migrations, Some(database.live()), &safeguards, &call.output).await
    })?
}

/// Whether somebody is there who can be asked.
fn can_ask(call: &Call<'_>) -> bool {
    !call.global.yes && !call.output.is_json() && migrate_runtime::cli::can_ask()
}

/// Asks on a terminal; without one, no.
fn confirm(question: &str, call: &Call<'_>) -> bool {
    can_ask(call) && inquire::Confirm::new(question).with_default(false).prompt().unwrap_or(false)
}

/// Runs a future on this thread.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| {
        Diagnostic::new(
            migrate_plan::Code::WriteFailed,
            format!("the system refuses what waiting for a database needs: {error}"),
            "see that the process may open files and sockets",
        )
    })?;
    Ok(runtime.block_on(future))
}
