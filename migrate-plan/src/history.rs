//! Revisions as one history: what the macro, a folder at run time and the command line refuse alike.

use crate::diagnostic::Diagnostic;
use crate::graph::RevisionGraph;
use crate::lock_file::{LOCK_FILE, LockFile};
use crate::revision::Revision;
use crate::settings::{Heads, Settings};
use crate::target::several_heads;

/// Gives the revisions back, unless something is wrong with them as a whole: their graph, several heads where one is
/// expected, or what the lock file says of sealed ones. `lock` is its text, where there is one, and `shown` how the user
/// knows the folder.
///
/// # Errors
///
/// Everything that is wrong.
pub fn check_history(
    revisions: Vec<Revision>,
    lock: Option<&str>,
    settings: &Settings,
    shown: &str,
) -> Result<Vec<Revision>, Vec<Diagnostic>> {
    let broken_seals = lock.map_or_else(Vec::new, |lock| lock_defects(&revisions, lock, shown));
    let (revisions, mut problems) = match RevisionGraph::new(revisions) {
        Err(defects) => (Vec::new(), defects.iter().map(Diagnostic::from).collect()),
        Ok(graph) => {
            let problems: Vec<Diagnostic> = too_many_heads(&graph, settings).into_iter().collect();
            (graph.into_revisions(), problems)
        }
    };
    problems.extend(broken_seals);
    if problems.is_empty() { Ok(revisions) } else { Err(problems) }
}

fn too_many_heads(graph: &RevisionGraph, settings: &Settings) -> Option<Diagnostic> {
    let heads = graph.ids_and_files(graph.heads());
    let refused = heads.len() > 1 && settings.heads == Heads::One;
    refused.then(|| several_heads(format!("the history has {} heads", heads.len()), &heads))
}

fn lock_defects(revisions: &[Revision], text: &str, shown: &str) -> Vec<Diagnostic> {
    let found = match LockFile::parse(text) {
        Ok(lock) => lock.defects(revisions),
        Err(defects) => defects,
    };
    let lock = format!("{shown}/{LOCK_FILE}");
    found.iter().map(|defect| defect.diagnostic(&lock)).collect()
}
