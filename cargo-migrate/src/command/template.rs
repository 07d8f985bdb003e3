//! What a new revision's file looks like: the project's own template, or the one that everybody gets.

use std::path::Path;

use migrate_plan::{Code, Diagnostic, Place, Revision, render_revision};

use crate::project::Project;

/// What a file holds below its header before somebody writes it.
const UNWRITTEN: &str = "-- migrate: up\n\n\n-- migrate: down\n\n";

/// The text of a new revision.
pub(super) fn new_revision(revision: &Revision, project: &Project) -> Result<String, Diagnostic> {
    let header = render_revision(revision);
    let Some(name) = &project.config.template else { return Ok(header + UNWRITTEN) };
    let path = project.config_folder().join(name);
    let text = std::fs::read_to_string(&path).map_err(|error| {
        Diagnostic::new(
            Code::UnreadableFile,
            format!("the template `{name}` cannot be read: {error}"),
            "write its path relative to the file that configures it, or leave `template` out",
        )
    })?;
    let text = render(&text, revision, header.trim_end()).map_err(|error| broken(name, &path, &error))?;
    // The engine takes the last line end away.
    Ok(if text.ends_with('\n') { text } else { text + "\n" })
}

fn render(text: &str, revision: &Revision, header: &str) -> Result<String, minijinja::Error> {
    let mut environment = minijinja::Environment::new();
    environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    let list = |names: &[migrate_plan::Text]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    environment.render_str(
        text,
        minijinja::context! {
            header,
            id => &*revision.id,
            title => &*revision.title,
            parents => list(&revision.parents),
            labels => list(&revision.labels),
            depends_on => list(&revision.depends_on),
            created => revision.created.as_deref(),
        },
    )
}

fn broken(name: &str, path: &Path, error: &minijinja::Error) -> Diagnostic {
    let line = error.line().unwrap_or(1) as u32;
    let problem = format!("the template `{name}` cannot be rendered: {}", error.detail().unwrap_or("it is malformed"));
    let help = "it may use `header`, `id`, `title`, `parents`, `labels`, `depends_on` and `created`";
    Diagnostic::new(Code::InvalidConfig, problem, help).at(Place::new(path.display().to_string(), line))
}
