//! `--all`: a verb on every database of the project, the first one first and the others by name.

use migrate_plan::{Code, Diagnostic};
use migrate_runtime::cli::{Exit, Failure, Need};

use super::{Call, once};
use crate::arguments::{Command, Global};
use crate::project::Project;

pub(super) fn run(command: &Command, call: &Call<'_>) -> Result<Exit, Failure> {
    let changes = match command {
        Command::Verb(verb) if verb.is_script() => return Err(not_for_all("a script is for one database").into()),
        Command::Verb(verb) => matches!(verb.need(), Need::Change | Need::Create),
        Command::Check(_) => false,
        _ => return Err(not_for_all("it goes with the verbs that operate databases, and with `check`").into()),
    };
    if call.output.is_json() {
        return Err(not_for_all("JSON is one object a call, and one for each database would be several").into());
    }
    let mut worst = Exit::Done;
    for name in databases(call.global)? {
        call.output.note(&format!("database {}:", name.as_deref().unwrap_or("(first)")));
        let global = Global { database: name, all: false, ..call.global.clone() };
        let outcome = once(command, &Call { global: &global, output: call.output });
        match outcome {
            Ok(exit) => worst = worst.max(exit),
            // What was changed before stays, and says so above; what would come after waits until this is mended.
            Err(failure) if changes => return Err(failure),
            Err(failure) => {
                call.output.diagnostics(&failure.diagnostics);
                worst = worst.max(failure.exit());
            }
        }
    }
    Ok(worst)
}

/// The first database when it has a folder, and the named ones.
fn databases(global: &Global) -> Result<Vec<Option<String>>, Diagnostic> {
    let project = Project::find(global)?;
    let first = (project.folders.iter().any(|folder| folder.path.is_dir()) || project.whole.databases.is_empty())
        .then_some(None);
    Ok(first.into_iter().chain(project.whole.databases.iter().map(|database| database.name.clone())).collect())
}

fn not_for_all(why: &str) -> Diagnostic {
    Diagnostic::new(Code::Usage, "`--all` does not go with this", "call it for each database: `--database <name>`")
        .because(why)
}
