//! `new`: the next revision, with both sections to be written.

use std::path::Path;
use std::process::Command;

use migrate_plan::{
    Code, Diagnostic, FileName, Ids, Node, Origin, Place, Revision, RevisionGraph, Symbol, Target, TargetError,
    parse_revision, render_revision, several_heads,
};
use migrate_runtime::cli::{Exit, Failure};
use serde_json::json;

use super::{Call, template};
use crate::arguments::NewArgs;
use crate::files::{Files, Writer};
use crate::project::{Folder, Project};

pub(super) fn run(args: &NewArgs, call: &Call<'_>) -> Result<Exit, Failure> {
    let writer = Writer::new(call.global)?;
    let title = title(args.title.as_ref().or(args.message.as_ref()))?;
    let project = Project::find(call.global)?;
    let files = Files::headers(&project)?;
    files.warn_of_broken(&call.output);
    files.refuse_broken_seals()?;
    let graph = files.graph()?;
    let named = |nodes: &[Node]| -> Vec<String> { nodes.iter().map(|node| graph.id(*node).to_owned()).collect() };
    let parents = parent(&graph, args.parent.as_deref(), args.splice)?;
    let mut draft = Draft::new(&title, named(&parents), &graph, args.rev_id.as_deref(), project.config.ids)?;
    draft.set_labels(&args.labels);
    draft.revision.depends_on =
        named(&dependencies(&graph, &args.depends_on)?).into_iter().map(Into::into).collect::<Vec<_>>().into();
    let text = template::new_revision(&draft.revision, &project)?;
    let folder = folder(&project, args.into.as_deref(), &graph, &parents)?;
    let file = draft.write(&files, folder, &writer, &text)?;
    call.output.result(&file, &draft.json(&file));
    call.output.note("write its SQL below the markers, then: cargo migrate upgrade");
    Ok(Exit::Done)
}

/// The folder for a new file: the named one, or that of the first parent, or the only one there is.
pub(super) fn folder<'p>(
    project: &'p Project,
    named: Option<&str>,
    graph: &RevisionGraph,
    parents: &[Node],
) -> Result<&'p Folder, Diagnostic> {
    if let Some(named) = named {
        return project.folder_named(named);
    }
    let of_parent = parents.first().and_then(|parent| project.folder_of(&graph.revision(*parent).file));
    match (of_parent, project.folders.as_slice()) {
        (Some(folder), _) | (None, [folder]) => Ok(folder),
        (None, several) => {
            let names: Vec<String> = several.iter().map(|folder| format!("`--into {}`", folder.shown)).collect();
            let problem = "the project has several folders, and a new root has no parent whose folder could be taken";
            Err(Diagnostic::new(Code::Usage, problem, format!("name one: {}", names.join(" or "))))
        }
    }
}

pub(super) fn title(given: Option<&String>) -> Result<String, Diagnostic> {
    let title = given.map(|title| title.trim()).unwrap_or_default();
    if title.is_empty() || title.chars().any(char::is_control) {
        let problem = if title.is_empty() { "the title is empty" } else { "the title is not one line of text" };
        return Err(Diagnostic::new(Code::Usage, problem, "say in a few words what the revision does"));
    }
    Ok(title.to_owned())
}

/// The named revision, or the head.
fn parent(graph: &RevisionGraph, named: Option<&str>, splice: bool) -> Result<Vec<Node>, Failure> {
    if named == Some("none") {
        return Ok(Vec::new());
    }
    let heads: Vec<Node> = graph.heads().collect();
    if let Some(named) = named {
        let target: Target = named.parse()?;
        let parents = target.resolve_in(graph)?;
        if parents.is_empty() && target.symbol == Some(Symbol::Base) {
            let instead = "write `--parent none` for a new root";
            return Err(TargetError::NotAllowed { target: named.to_owned(), verb: "new --parent", instead }.into());
        }
        if let Some(below) = parents.iter().find(|parent| !splice && !heads.contains(parent)) {
            return Err(no_head(graph, *below).into());
        }
        return Ok(parents);
    }
    if heads.len() > 1 {
        let heads = graph.ids_and_files(heads);
        let mut diagnostic = several_heads(format!("the history has {} heads", heads.len()), &heads);
        diagnostic.help.push_str("; or name the parent: `--parent <revision>`");
        return Err(diagnostic.into());
    }
    Ok(heads)
}

fn no_head(graph: &RevisionGraph, node: Node) -> Diagnostic {
    let problem = format!("`{}` is no head: a revision that follows it begins a second branch", graph.id(node));
    Diagnostic::new(
        Code::Usage,
        problem,
        "leave `--parent` out to follow the head, or add `--splice` if you mean a branch",
    )
    .at(Place::new(graph.revision(node).file.to_string(), 1))
}

/// The revisions that are named, each as one id.
fn dependencies(graph: &RevisionGraph, named: &[String]) -> Result<Vec<Node>, Failure> {
    let mut found = Vec::new();
    for name in named {
        let nodes = name.parse::<Target>()?.resolve_in(graph)?;
        if nodes.is_empty() {
            let instead = "name a revision: everything stands on the base";
            return Err(TargetError::NotAllowed { target: name.clone(), verb: "new --depends-on", instead }.into());
        }
        found.extend(nodes.into_iter().filter(|node| !found.contains(node)).collect::<Vec<_>>());
    }
    Ok(found)
}

/// A revision that is about to be written.
pub(super) struct Draft {
    revision: Revision,
    file_name: String,
}

impl Draft {
    pub(super) fn new(
        title: &str,
        parents: Vec<String>,
        graph: &RevisionGraph,
        id: Option<&str>,
        ids: Ids,
    ) -> Result<Self, Diagnostic> {
        if let Some(node) = id.and_then(|id| graph.nodes().find(|node| graph.id(*node) == id)) {
            let problem = format!("a revision `{}` is there already", graph.id(node));
            let place = Place::new(graph.revision(node).file.to_string(), 1);
            return Err(
                Diagnostic::new(Code::DuplicateId, problem, "give it another id, or leave `--rev-id` out").at(place)
            );
        }
        let now = jiff::Timestamp::now();
        let id = id.map_or_else(|| fresh_id(graph, ids), |id| Ok(id.to_owned()))?;
        let time = now.strftime("%Y%m%d%H%M%S").to_string();
        let time = Some(time.as_str()).filter(|_| ids == Ids::Random);
        let file_name = FileName { time, id: &id, title }.render();
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
            groups: Vec::new().into(),
            origin: Origin::File,
        };
        Ok(Self { revision, file_name })
    }

    pub(super) fn set_labels(&mut self, labels: &[String]) {
        self.revision.labels = labels.iter().map(|label| label.clone().into()).collect::<Vec<_>>().into();
    }

    /// The text of a file with this header and these sections.
    pub(super) fn with_sections(&self, sections: &str) -> String {
        render_revision(&self.revision) + sections
    }

    /// Writes the file into the folder and renews the lock; gives the file as the user knows it.
    ///
    /// What would not be read again, or would break the graph, is refused before it is written.
    pub(super) fn write(
        &self,
        files: &Files<'_>,
        folder: &Folder,
        writer: &Writer,
        text: &str,
    ) -> Result<String, Failure> {
        let project = files.project;
        let shown = folder.shown_file(&self.file_name);
        let read = parse_revision(&shown, text.as_bytes());
        let mut read = read.map_err(|problems| problems.iter().map(Diagnostic::from).collect::<Vec<_>>())?;
        read.groups = project.groups_of(folder);
        if (&read.id, &read.parents) != (&self.revision.id, &self.revision.parents) {
            let problem = "the template gives a revision with another id or other parents";
            return Err(Diagnostic::new(Code::InvalidConfig, problem, "begin it with `{{ header }}`").into());
        }
        let all: Vec<_> = files.revisions.iter().cloned().chain([read]).collect();
        RevisionGraph::new(all).map_err(|defects| defects.iter().map(Diagnostic::from).collect::<Vec<_>>())?;
        let path = folder.path.join(&self.file_name);
        writer.create(&path, text)?;
        let formatted = project.config.after_new.as_ref().map_or(Ok(()), |command| run_hook(command, &path));
        // A hook that failed leaves a file that is there all the same.
        writer.renew_locks(project)?;
        formatted?;
        Ok(shown)
    }

    pub(super) fn json(&self, file: &str) -> serde_json::Value {
        let Revision { id, parents, title, labels, depends_on, .. } = &self.revision;
        json!({
            "format": 1, "revision": id, "parents": parents, "title": title, "labels": labels,
            "depends_on": depends_on, "file": file
        })
    }
}

/// Runs the project's command on a new file; `{file}` in it is the file, which otherwise comes last.
fn run_hook(command: &str, path: &Path) -> Result<(), Diagnostic> {
    let file = path.display().to_string();
    let mut words: Vec<String> = command.split_whitespace().map(|word| word.replace("{file}", &file)).collect();
    if !command.contains("{file}") {
        words.push(file);
    }
    let failed = |why: String| {
        let problem = format!("`after-new` {why}: `{command}`");
        Diagnostic::new(Code::CommandFailed, problem, "mend the command in the configuration; the new file is written")
    };
    let Some((program, arguments)) = words.split_first() else { return Ok(()) };
    match Command::new(program).args(arguments).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(failed(format!("ended with {status}"))),
        Err(error) => Err(failed(format!("cannot be started ({error})"))),
    }
}

/// An id that no revision has: the number after the highest, or twelve random hexadecimal digits.
pub(super) fn fresh_id(graph: &RevisionGraph, ids: Ids) -> Result<String, Diagnostic> {
    match ids {
        Ids::Sequential => Ok(next_number(graph)),
        Ids::Random => random_id(graph),
    }
}

/// As wide as the widest number there is, and at least three digits, so that files sort.
fn next_number(graph: &RevisionGraph) -> String {
    let numbers = graph.nodes().map(|node| graph.id(node)).filter(|id| id.bytes().all(|byte| byte.is_ascii_digit()));
    let (mut highest, mut width) = (0_u64, 3);
    for number in numbers {
        highest = highest.max(number.parse().unwrap_or(0));
        width = width.max(number.len());
    }
    format!("{:0width$}", highest + 1)
}

fn random_id(graph: &RevisionGraph) -> Result<String, Diagnostic> {
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
