//! `init`: what a project needs before its first revision.

use std::path::Path;

use include_dir::{Dir, include_dir};
use migrate_plan::{DEFAULT_FOLDER, Diagnostic};
use migrate_runtime::cli::{Exit, Failure};
use serde_json::json;

use super::Call;
use crate::arguments::InitArgs;
use crate::files::Writer;
use crate::project::{Folder, Project, shown};

static TEMPLATES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates");

pub(super) fn run(args: &InitArgs, call: &Call<'_>) -> Result<Exit, Failure> {
    let writer = Writer::new(call.global)?;
    let project = Project::find(call.global)?;
    let mut created = Vec::new();
    for folder in &project.folders {
        if !folder.path.is_dir() {
            writer.create_folder(&folder.path)?;
            created.push(folder.shown.clone());
        }
        created.extend(companions(folder, &writer)?);
    }
    let without_lock: Vec<&Folder> = project.folders.iter().filter(|folder| !folder.lock().exists()).collect();
    if !without_lock.is_empty() {
        writer.renew_locks(&project)?;
        created.extend(without_lock.iter().map(|folder| folder.lock_shown()));
    }
    if let Some(root) = project.package.as_deref().filter(|_| wants_build_script(args, call)) {
        created.extend(build_script(root, &project.config.folders, &writer, call)?);
    }
    if let Some(name) = &args.template {
        created.extend(revision_template(name, &project, &writer, call)?);
    }
    let mut text: Vec<String> = created.iter().map(|path| format!("created {path}")).collect();
    if created.is_empty() {
        text.push(format!("nothing to do: {} is ready", shown_folders(&project)));
    }
    call.output.result(&text.join("\n"), &json!({"format": 1, "created": created}));
    let into = match project.folders.as_slice() {
        [_] => String::new(),
        several => several.first().map(|folder| format!(" --into {}", folder.shown)).unwrap_or_default(),
    };
    call.output.note(&format!("next: cargo migrate new \"create users\"{into}"));
    if project.package.is_some() {
        call.output
            .note("to embed: cargo add migrate-runtime --features rusqlite (or tokio-postgres), and in the code:");
        call.output.note("          migrate_runtime::embed_migrations! { pub static MIGRATIONS: Migrations; }");
    }
    Ok(Exit::Done)
}

fn shown_folders(project: &Project) -> String {
    project.folders.iter().map(|folder| &*folder.shown).collect::<Vec<_>>().join(", ")
}

/// What stands beside revisions in every folder of them, as far as it is missing.
pub(super) fn companions(folder: &Folder, writer: &Writer) -> Result<Vec<String>, Diagnostic> {
    let here = std::env::current_dir().unwrap_or_default();
    let mut created = Vec::new();
    for template in TEMPLATES.get_dir("migrations").into_iter().flat_map(|folder| folder.files()) {
        let Some(name) = template.path().file_name() else { continue };
        let path = folder.path.join(name);
        if !path.exists() {
            writer.create(&path, template.contents_utf8().unwrap_or_default())?;
            created.push(shown(&here, &path));
        }
    }
    Ok(created)
}

/// The file's name beside the configuration.
const REVISION_TEMPLATE: &str = "revision.sql.j2";

fn revision_template(
    name: &str,
    project: &Project,
    writer: &Writer,
    call: &Call<'_>,
) -> Result<Option<String>, Failure> {
    let path = project.config_folder().join(REVISION_TEMPLATE);
    let here = std::env::current_dir().unwrap_or_default();
    if project.config.template.is_none() {
        call.output.note(&format!("to use it, configure: template = \"{REVISION_TEMPLATE}\""));
    }
    if path.exists() {
        return Ok(None);
    }
    let template = TEMPLATES.get_file(format!("revisions/{name}.sql.j2")).and_then(|file| file.contents_utf8());
    writer.create(&path, template.unwrap_or_default())?;
    Ok(Some(shown(&here, &path)))
}

/// Asked for by its flag, or, on a terminal, by a yes.
fn wants_build_script(args: &InitArgs, call: &Call<'_>) -> bool {
    if args.build_script {
        return true;
    }
    super::confirm("Write a build.rs, so that cargo also sees revision files that are added by hand?", call)
}

fn build_script(root: &Path, folders: &[String], writer: &Writer, call: &Call<'_>) -> Result<Option<String>, Failure> {
    let here = std::env::current_dir().unwrap_or_default();
    let path = root.join("build.rs");
    let watched = |folder: &str| format!("rerun-if-changed={folder}");
    let line = |folder: &str| format!("println!(\"cargo::{}\");", watched(folder));
    if let Ok(existing) = std::fs::read_to_string(&path) {
        for folder in folders.iter().filter(|folder| !existing.contains(&watched(folder))) {
            let line = line(folder);
            call.output.warn(&format!("`{}` is there already; add to its main: {line}", shown(&here, &path)));
        }
        return Ok(None);
    }
    let template = TEMPLATES.get_file("build.rs").and_then(|file| file.contents_utf8()).unwrap_or_default();
    let lines: Vec<String> = folders.iter().map(|folder| line(folder)).collect();
    writer.create(&path, &template.replace(&line(DEFAULT_FOLDER), &lines.join("\n    ")))?;
    Ok(Some(shown(&here, &path)))
}
