//! `edit`: a revision's file in the user's editor.

use std::process::Command;

use migrate_plan::{Code, Diagnostic, Target, TargetError};
use migrate_runtime::cli::{Exit, Failure};
use serde_json::json;

use super::Call;
use crate::arguments::EditArgs;
use crate::files::{Files, Writer};
use crate::project::Project;

/// The variables that name the editor, in the order in which they count.
const VARIABLES: [&str; 2] = ["VISUAL", "EDITOR"];

pub(super) fn run(args: &EditArgs, call: &Call<'_>) -> Result<Exit, Failure> {
    let writer = Writer::new(call.global)?;
    let project = Project::find(call.global)?;
    let file = match named(&args.target, &project) {
        // What is broken must be edited to be mended.
        Err(broken) => file_that_holds(&args.target, &project).ok_or(broken)?,
        found => found?,
    };
    open_in_editor(&project.path_of(&file))?;
    let files = Files::load(&project)?;
    files.graph()?;
    files.refuse_broken_seals()?;
    writer.renew_locks(&project)?;
    call.output.result(&file, &json!({"format": 1, "file": file}));
    Ok(Exit::Done)
}

/// The file of a revision, as the user knows it.
fn named(target: &str, project: &Project) -> Result<String, Failure> {
    let files = Files::without_lock(project)?;
    let graph = files.graph()?;
    match target.parse::<Target>()?.resolve_in(&graph)?.as_slice() {
        [node] => Ok(graph.revision(*node).file.to_string()),
        _ => {
            let instead = "name one revision";
            Err(TargetError::NotAllowed { target: target.to_owned(), verb: "edit", instead }.into())
        }
    }
}

/// The one file whose name is this, or holds this id.
fn file_that_holds(target: &str, project: &Project) -> Option<String> {
    let holds = |name: &String| {
        let stem = name.strip_suffix(".sql");
        stem.is_some_and(|stem| name == target || stem.split('_').any(|part| part == target))
    };
    let mut found = Vec::new();
    for folder in &project.folders {
        let entries = std::fs::read_dir(&folder.path).ok()?;
        let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
        found.extend(names.filter(holds).map(|name| folder.shown_file(&name)));
    }
    match found.as_slice() {
        [one] => Some(one.clone()),
        _ => None,
    }
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
