//! The crate's revision files, read and checked.

use std::path::{Path, PathBuf};

use migrate_plan::{
    Diagnostic, FileKind, FolderFile, LOCK_FILE, ProjectConfig, Revision, Settings, check_history, read_files,
    unreadable_folder,
};

use crate::input::Input;

/// What is embedded.
#[derive(Default)]
pub(crate) struct Project {
    pub(crate) revisions: Vec<Revision>,
    pub(crate) settings: Settings,
    /// The name and version of the crate.
    pub(crate) application: String,
    /// The folder's absolute path.
    pub(crate) folder: String,
    /// The files whose change must compile the crate anew, as absolute paths.
    pub(crate) tracked: Vec<PathBuf>,
}

/// Reads everything and refuses a broken history.
pub(crate) fn read(input: &Input) -> Result<Project, Vec<Diagnostic>> {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default());
    let manifest = root.join("Cargo.toml");
    let config = read_config(&manifest).map_err(|problem| vec![problem])?;
    let config = match &input.database {
        Some(name) => config.database(&name.value()).cloned().map_err(|problem| vec![problem])?,
        None => config,
    };
    let shown = input.folder.as_ref().map_or(config.folder, |literal| literal.value());
    let folder = root.join(&shown);
    let mut settings = config.settings;
    settings.heads = input.heads.unwrap_or(settings.heads);

    let (files, mut tracked) = read_folder(&folder, &shown)?;
    tracked.extend([manifest, folder.join(LOCK_FILE)].into_iter().filter(|file| file.exists()));
    let lock = std::fs::read_to_string(folder.join(LOCK_FILE)).ok();
    let revisions = check_history(read_files(files)?, lock.as_deref(), &settings, &shown)?;
    let variable = |name| std::env::var(name).unwrap_or_default();
    Ok(Project {
        revisions,
        settings,
        application: format!("{} {}", variable("CARGO_PKG_NAME"), variable("CARGO_PKG_VERSION")),
        folder: folder.to_string_lossy().into_owned(),
        tracked,
    })
}

fn read_config(manifest: &Path) -> Result<ProjectConfig, Diagnostic> {
    let Ok(text) = std::fs::read_to_string(manifest) else { return Ok(ProjectConfig::default()) };
    Ok(ProjectConfig::from_cargo_toml("Cargo.toml", &text)?.unwrap_or_default())
}

/// The folder's files with their bytes, and the paths of the revisions among them.
fn read_folder(folder: &Path, shown: &str) -> Result<(Vec<FolderFile>, Vec<PathBuf>), Vec<Diagnostic>> {
    let unreadable = |error| vec![unreadable_folder(shown, &error)];
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        paths.push(entry.map_err(unreadable)?.path());
    }
    // Comparing paths part by part takes longer than reading the files.
    paths.sort_by_cached_key(|path| path.as_os_str().to_owned());
    let file = |path: &PathBuf| FolderFile {
        path: format!("{shown}/{}", name_of(path)),
        bytes: std::fs::read(path).map_err(|error| error.to_string()),
    };
    let files = paths.iter().map(file).collect();
    paths.retain(|path| FileKind::of(&name_of(path)) == FileKind::Sql);
    Ok((files, paths))
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
