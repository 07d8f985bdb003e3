//! Revisions as one history: what the macro, a folder at run time and the command line refuse alike.

use crate::diagnostic::Diagnostic;
use crate::graph::RevisionGraph;
use crate::lock_file::{LOCK_FILE, LockFile};
use crate::revision::Revision;
use crate::settings::{Heads, Settings};
use crate::target::several_heads;

/// Gives the revisions back, unless something is wrong with them as a whole: their graph, several heads where one is
/// expected, or what the lock files say of sealed ones. `locks` are their texts, each with the folder as the user knows it.
///
/// # Errors
///
/// Everything that is wrong.
pub fn check_history(
    revisions: Vec<Revision>,
    locks: &[(String, String)],
    settings: &Settings,
) -> Result<Vec<Revision>, Vec<Diagnostic>> {
    let broken_seals: Vec<Diagnostic> =
        locks.iter().flat_map(|(folder, text)| lock_defects(&revisions, text, folder)).collect();
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

fn lock_defects(revisions: &[Revision], text: &str, folder: &str) -> Vec<Diagnostic> {
    let found = match LockFile::parse(text) {
        Ok(lock) => lock.defects(revisions),
        Err(defects) => defects,
    };
    let lock = format!("{folder}/{LOCK_FILE}");
    found.iter().map(|defect| defect.diagnostic(&lock)).collect()
}
