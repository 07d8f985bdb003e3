//! `check --since`: what stands at a git reference counts as sealed.

use std::collections::HashMap;
use std::process::Command;

use migrate_plan::{Checksum, Code, Diagnostic, FileKind, Place, parse_revision};
use migrate_runtime::cli::{CheckResult, Checks, Failure, counted};

use crate::files::Files;
use crate::project::Folder;

/// Compares each revision at the reference with the one of the same id in the folder.
pub(super) fn check(files: &Files<'_>, reference: &str, checks: &mut Checks) -> Result<(), Failure> {
    let now: HashMap<&str, (Checksum, &str)> =
        files.revisions.iter().map(|revision| (&*revision.id, (revision.checksum(), &*revision.file))).collect();
    let mut problems = Vec::new();
    let mut compared = 0;
    for folder in &files.project.folders {
        let names = list(folder, reference)?;
        for name in names.iter().filter(|name| FileKind::of(name) == FileKind::Sql) {
            let text = git(folder, &["show", &format!("{reference}:./{name}")])?;
            // What did not parse there was no revision there.
            let Ok(then) = parse_revision(name, &text) else { continue };
            compared += 1;
            match now.get(&*then.id) {
                Some((checksum, _)) if *checksum == then.checksum() => {}
                Some((_, file)) => problems.push(changed(&then.id, file, reference)),
                None => problems.push(gone(&then.id, &folder.shown_file(name), reference)),
            }
        }
    }
    if compared == 0 && problems.is_empty() {
        let reason = match files.project.folders.len() {
            1 => format!("{reference} has no revision in this folder"),
            _ => format!("{reference} has no revision in these folders"),
        };
        checks.add("since", "", CheckResult::Skipped(reason));
    } else {
        let compared = counted(compared, "revision");
        checks.verdict("since", format!("{compared} compared with {reference}, none changed"), problems);
    }
    Ok(())
}

const WHY: &str = "what was merged may be in databases already, so it must stay what it is";

fn changed(id: &str, file: &str, reference: &str) -> Diagnostic {
    Diagnostic::new(
        Code::SealedChanged,
        format!("revision `{id}` differs from the one at {reference}"),
        "undo the edit, and put the change into a new revision: `cargo migrate new`",
    )
    .at(Place::new(file, 1))
    .because(WHY)
}

fn gone(id: &str, file: &str, reference: &str) -> Diagnostic {
    Diagnostic::new(
        Code::SealedGone,
        format!("revision `{id}` of {reference} is gone"),
        "restore its file from version control",
    )
    .at(Place::new(file, 1))
    .because(WHY)
}

/// The names of the folder's files at the reference.
fn list(folder: &Folder, reference: &str) -> Result<Vec<String>, Failure> {
    let listing = git(folder, &["ls-tree", "-z", "--name-only", reference, "./"])?;
    let names = String::from_utf8_lossy(&listing);
    let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    Ok(names.split('\0').filter(|path| !path.is_empty()).map(name).collect())
}

fn git(folder: &Folder, arguments: &[&str]) -> Result<Vec<u8>, Failure> {
    let failed = |problem: String| {
        Failure::from(Diagnostic::new(
            Code::GitFailed,
            format!("git cannot tell what changed: {problem}"),
            "name a reference that exists here, such as `origin/main`; in CI, fetch it first",
        ))
    };
    let output = Command::new("git")
        .arg("-C")
        .arg(&folder.path)
        .args(arguments)
        .output()
        .map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    Ok(output.stdout)
}
