//! `new`: the next revision, with both sections to be written.

use migrate_plan::{
    Applied, Code, Diagnostic, FileName, Node, Origin, Revision, RevisionGraph, Symbol, Target, TargetError,
    render_revision, several_heads,
};
use migrate_runtime::cli::{Exit, Failure};
use serde_json::json;

use super::Call;
use crate::arguments::NewArgs;
use crate::files::{Files, Writer};
use crate::project::Project;

/// What a file holds below its header before somebody writes it.
const UNWRITTEN: &str = "-- migrate: up\n\n\n-- migrate: down\n\n";

pub(super) fn run(args: &NewArgs, call: &Call<'_>) -> Result<Exit, Failure> {
    let writer = Writer::new(call.global)?;
    let title = title(args.title.as_ref().or(args.message.as_ref()))?;
    let project = Project::find(call.global)?;
    let files = Files::load(&project)?;
    files.refuse_broken_seals()?;
    let graph = files.graph()?;
    let parents: Vec<String> =
        parent(&graph, args.parent.as_deref())?.iter().map(|node| graph.id(*node).to_owned()).collect();
    let draft = Draft::new(&title, parents, &graph)?;
    let file = draft.write(&project, &writer, UNWRITTEN)?;
    call.output.result(&file, &draft.json(&file));
    call.output.note("write its SQL below the markers, then: cargo migrate upgrade");
    Ok(Exit::Done)
}

fn title(given: Option<&String>) -> Result<String, Diagnostic> {
    let title = given.map(|title| title.trim()).unwrap_or_default();
    if title.is_empty() || title.chars().any(char::is_control) {
        let problem = if title.is_empty() { "the title is empty" } else { "the title is not one line of text" };
        return Err(Diagnostic::new(Code::Usage, problem, "say in a few words what the revision does"));
    }
    Ok(title.to_owned())
}

/// The named revision, or the head.
fn parent(graph: &RevisionGraph, named: Option<&str>) -> Result<Vec<Node>, Failure> {
    if named == Some("none") {
        return Ok(Vec::new());
    }
    if let Some(named) = named {
        let target: Target = named.parse()?;
        let parents = target.resolve(&Applied::nothing(graph))?;
        if parents.is_empty() && target.symbol == Some(Symbol::Base) {
            let instead = "write `--parent none` for a new root";
            return Err(TargetError::NotAllowed { target: named.to_owned(), verb: "new --parent", instead }.into());
        }
        return Ok(parents);
    }
    let heads: Vec<Node> = graph.heads().collect();
    if heads.len() > 1 {
        let heads = graph.ids_and_files(heads);
        let mut diagnostic = several_heads(format!("the history has {} heads", heads.len()), &heads);
        diagnostic.help.push_str("; or name the parent: `--parent <revision>`");
        return Err(diagnostic.into());
    }
    Ok(heads)
}

/// A revision that is about to be written.
pub(super) struct Draft {
    revision: Revision,
    file_name: String,
}

impl Draft {
    pub(super) fn new(title: &str, parents: Vec<String>, graph: &RevisionGraph) -> Result<Self, Diagnostic> {
        let now = jiff::Timestamp::now();
        let id = fresh_id(graph)?;
        let time = now.strftime("%Y%m%d%H%M%S").to_string();
        let file_name = FileName { time: Some(&time), id: &id, title }.render();
        let revision = Revision {
            id: id.into(),
            parents: parents.into_iter().map(Into::into).collect::<Vec<_>>().into(),
            depends_on: Vec::new().into(),
            labels: Vec::new().into(),
            title: title.to_owned().into(),
            created: Some(now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into()),
            description: None,
            irreversible: None,
            sections: Vec::new().into(),
            file: file_name.clone().into(),
            origin: Origin::File,
        };
        Ok(Self { revision, file_name })
    }

    /// Writes the file with these sections and renews the lock; gives the file as the user knows it.
    pub(super) fn write(&self, project: &Project, writer: &Writer, sections: &str) -> Result<String, Failure> {
        writer.create(&project.folder.join(&self.file_name), &(render_revision(&self.revision) + sections))?;
        writer.renew_lock(project)?;
        Ok(format!("{}/{}", project.shown, self.file_name))
    }

    pub(super) fn json(&self, file: &str) -> serde_json::Value {
        let Revision { id, parents, title, .. } = &self.revision;
        json!({"format": 1, "revision": id, "parents": parents, "title": title, "file": file})
    }
}

/// Twelve random hexadecimal digits that no revision has.
pub(super) fn fresh_id(graph: &RevisionGraph) -> Result<String, Diagnostic> {
    loop {
        let mut bytes = [0; 6];
        getrandom::fill(&mut bytes).map_err(|error| {
            Diagnostic::new(Code::WriteFailed, format!("the system gives no random numbers: {error}"), "try again")
        })?;
        let id: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        if graph.name(&id).is_none() {
            return Ok(id);
        }
    }
}
