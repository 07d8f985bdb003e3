//! The crate's revision files, read and checked.

use std::path::{Path, PathBuf};

use migrate_plan::{
    Code, Diagnostic, FileKind, FolderFile, LOCK_FILE, ProjectConfig, Revision, Settings, check_history, plain_folder,
    read_folders, unreadable_folder,
};

use crate::input::Input;
use crate::verify;

/// What is embedded.
#[derive(Default)]
pub(crate) struct Project {
    pub(crate) revisions: Vec<Revision>,
    pub(crate) settings: Settings,
    /// The name and version of the crate.
    pub(crate) application: String,
    /// The folders' absolute paths.
    pub(crate) folders: Vec<String>,
    /// The files whose change must compile the crate anew, as absolute paths.
    pub(crate) tracked: Vec<PathBuf>,
}

/// Reads everything and refuses a broken history, and what does not run where it is to be verified.
pub(crate) fn read(input: &Input) -> Result<Project, Vec<Diagnostic>> {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default());
    let manifest = root.join("Cargo.toml");
    let config = read_config(&manifest).map_err(|problem| vec![problem])?;
    let config = match &input.database {
        Some(name) => config.database(&name.value()).cloned().map_err(|problem| vec![problem])?,
        None => config,
    };
    let written: Vec<String> = input.folders.iter().map(|literal| literal.value()).collect();
    let shown = if written.is_empty() { config.folders } else { same_as_configured(written, &config.folders)? };
    let mut settings = config.settings;
    settings.heads = input.heads.unwrap_or(settings.heads);

    let mut tracked: Vec<PathBuf> = Some(manifest).into_iter().filter(|file| file.exists()).collect();
    let (mut folders, mut locks, mut unreadable) = (Vec::new(), Vec::new(), Vec::new());
    for shown in &shown {
        let folder = root.join(shown);
        match read_folder(&folder, shown) {
            Ok((files, mut revisions)) => {
                tracked.append(&mut revisions);
                folders.push((shown.clone(), files));
            }
            Err(problem) => unreadable.push(problem),
        }
        let lock = folder.join(LOCK_FILE);
        if let Ok(text) = std::fs::read_to_string(&lock) {
            tracked.push(lock);
            locks.push((shown.clone(), text));
        }
    }
    if !unreadable.is_empty() {
        return Err(unreadable);
    }
    let revisions = check_history(read_folders(folders)?, &locks, &settings)?;
    if input.verify.is_some() {
        verify::verify(&revisions)?;
    }
    let variable = |name| std::env::var(name).unwrap_or_default();
    Ok(Project {
        revisions,
        settings,
        application: format!("{} {}", variable("CARGO_PKG_NAME"), variable("CARGO_PKG_VERSION")),
        folders: shown.iter().map(|folder| root.join(folder).to_string_lossy().into_owned()).collect(),
        tracked,
    })
}

/// Folders that are written in the macro are another history than the configured one, or the same: where they have a folder in
/// common, binary and command line would otherwise know different revisions of one database.
fn same_as_configured(written: Vec<String>, configured: &[String]) -> Result<Vec<String>, Vec<Diagnostic>> {
    let plain = |folders: &[String]| folders.iter().map(|folder| plain_folder(folder).to_owned()).collect::<Vec<_>>();
    let (here, there) = (plain(&written), plain(configured));
    let is_shared = here.iter().any(|folder| there.contains(folder));
    let is_same = here.iter().all(|folder| there.contains(folder)) && here.len() == there.len();
    if is_same || !is_shared {
        return Ok(written);
    }
    let list = |folders: &[String]| folders.iter().map(|folder| format!("`{folder}`")).collect::<Vec<_>>().join(", ");
    let problem = format!("this embeds {}, and Cargo.toml configures {}", list(&here), list(&there));
    Err(vec![
        Diagnostic::new(
            Code::InvalidConfig,
            problem,
            "leave the folders out here, or name the same ones in both places",
        )
        .because("`cargo migrate` and the binary would know different revisions of one database"),
    ])
}

fn read_config(manifest: &Path) -> Result<ProjectConfig, Diagnostic> {
    let Ok(text) = std::fs::read_to_string(manifest) else { return Ok(ProjectConfig::default()) };
    Ok(ProjectConfig::from_cargo_toml("Cargo.toml", &text)?.unwrap_or_default())
}

/// The folder's files with their bytes, and the paths of the revisions among them.
fn read_folder(folder: &Path, shown: &str) -> Result<(Vec<FolderFile>, Vec<PathBuf>), Diagnostic> {
    let unreadable = |error| unreadable_folder(shown, &error);
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
