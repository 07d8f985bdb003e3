//! `edit`: a revision's file in the user's editor.

use std::process::Command;

use migrate_plan::{Applied, Code, Diagnostic, Target, TargetError};
use migrate_runtime::cli::{Exit, Failure};
use serde_json::json;

use super::Call;
use crate::arguments::EditArgs;
use crate::files::{Files, Writer, file_name};
use crate::project::Project;

/// The variables that name the editor, in the order in which they count.
const VARIABLES: [&str; 2] = ["VISUAL", "EDITOR"];

pub(super) fn run(args: &EditArgs, call: &Call<'_>) -> Result<Exit, Failure> {
    let writer = Writer::new(call.global)?;
    let project = Project::find(call.global)?;
    let files = Files::load(&project)?;
    let graph = files.graph()?;
    let file = match args.target.parse::<Target>()?.resolve(&Applied::nothing(&graph))?.as_slice() {
        [node] => graph.revision(*node).file.to_string(),
        _ => {
            let instead = "name one revision";
            return Err(TargetError::NotAllowed { target: args.target.clone(), verb: "edit", instead }.into());
        }
    };
    open_in_editor(&project.folder.join(file_name(&file)))?;
    let files = Files::load(&project)?;
    files.graph()?;
    files.refuse_broken_seals()?;
    writer.renew_lock(&project)?;
    call.output.result(&file, &json!({"format": 1, "file": file}));
    Ok(Exit::Done)
}

/// The editor may come with arguments, such as `code --wait`.
fn open_in_editor(path: &std::path::Path) -> Result<(), Diagnostic> {
    let named = VARIABLES.iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.trim().is_empty()));
    let editor = named.unwrap_or_else(|| "vi".to_owned());
    let mut words = editor.split_whitespace();
    let Some(program) = words.next() else { return Ok(()) };
    let failed = |why: String| {
        Diagnostic::new(
            Code::CommandFailed,
            format!("the editor `{editor}` {why}"),
            "set EDITOR to the command of your editor",
        )
    };
    match Command::new(program).args(words).arg(path).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(failed(format!("ended with {status}"))),
        Err(error) => Err(failed(format!("cannot be started: {error}"))),
    }
}
