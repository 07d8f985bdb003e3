//! Which revision files are meant: `--dir`, the cargo package, or the folder `migrations`.
//!
//! There may be several folders; they make one graph.

use std::path::{Path, PathBuf};

use cargo_metadata::{Metadata, MetadataCommand, Package};
use migrate_plan::{Code, Diagnostic, LOCK_FILE, Names, ProjectConfig, folder_groups, nearest, plain_folder};

use crate::arguments::Global;

/// The configuration outside a package.
const CONFIG_FILE: &str = "migrate.toml";

/// A set of revision files and what is configured for it.
#[derive(Debug)]
pub(crate) struct Project {
    /// The folders of revision files; at least one.
    pub(crate) folders: Vec<Folder>,
    /// What is configured for the database at hand.
    pub(crate) config: ProjectConfig,
    /// What is configured for all of them.
    pub(crate) whole: ProjectConfig,
    /// The file that configures it, and against which its paths are relative.
    pub(crate) config_file: Option<PathBuf>,
    /// The package's folder, for `build.rs`.
    pub(crate) package: Option<PathBuf>,
    /// Where `.env` files may be: beside the package's and the workspace's manifest.
    pub(crate) env_folders: Vec<PathBuf>,
}

/// A folder of revision files.
#[derive(Debug)]
pub(crate) struct Folder {
    pub(crate) path: PathBuf,
    /// As the user knows it: relative to the current directory where it is below it.
    pub(crate) shown: String,
}

impl Folder {
    fn new(here: &Path, path: PathBuf) -> Self {
        Self { shown: shown(here, &path), path }
    }

    /// The lock file.
    pub(crate) fn lock(&self) -> PathBuf {
        self.path.join(LOCK_FILE)
    }

    /// The lock file as the user knows it.
    pub(crate) fn lock_shown(&self) -> String {
        self.shown_file(LOCK_FILE)
    }

    /// A file of the folder as the user knows it.
    pub(crate) fn shown_file(&self, name: &str) -> String {
        format!("{}/{name}", self.shown)
    }

    /// Whether a file, as the user knows it, is in the folder.
    pub(crate) fn holds(&self, file: &str) -> bool {
        file.rsplit_once('/').is_some_and(|(folder, _)| folder == self.shown)
    }
}

impl Project {
    /// The folder that holds a file, as the user knows it.
    pub(crate) fn folder_of(&self, file: &str) -> Option<&Folder> {
        self.folders.iter().find(|folder| folder.holds(file))
    }

    /// The first folder, which is the only one in most projects.
    pub(crate) fn home(&self) -> &Folder {
        &self.folders[0]
    }

    /// Where the folders are, each with how the user knows it.
    pub(crate) fn paths(&self) -> Vec<(PathBuf, String)> {
        self.folders.iter().map(|folder| (folder.path.clone(), folder.shown.clone())).collect()
    }

    /// The groups of the revisions in a folder: its name among the others.
    pub(crate) fn groups_of(&self, folder: &Folder) -> Names {
        let shown: Vec<&str> = self.folders.iter().map(|folder| &*folder.shown).collect();
        let at = shown.iter().position(|shown| *shown == folder.shown);
        at.and_then(|at| folder_groups(&shown).get(at).cloned()).map(Into::into).into_iter().collect::<Vec<_>>().into()
    }

    /// Where a file is that the user knows so.
    pub(crate) fn path_of(&self, file: &str) -> PathBuf {
        let name = Path::new(file).file_name().unwrap_or_default();
        self.folder_of(file).map_or_else(|| PathBuf::from(file), |folder| folder.path.join(name))
    }

    /// The folder that is meant by its path or by its group's name.
    pub(crate) fn folder_named(&self, named: &str) -> Result<&Folder, Diagnostic> {
        let shown: Vec<&str> = self.folders.iter().map(|folder| &*folder.shown).collect();
        let groups = folder_groups(&shown);
        let plain = plain_folder(named);
        let is_named = |(index, folder): &(usize, &Folder)| {
            folder.shown == plain
                || groups.get(*index).is_some_and(|group| group == plain)
                || std::fs::canonicalize(named)
                    .is_ok_and(|path| std::fs::canonicalize(&folder.path).is_ok_and(|f| f == path))
        };
        let found = self.folders.iter().enumerate().find(is_named).map(|(_, folder)| folder);
        found.ok_or_else(|| {
            let known = shown.iter().copied().chain(groups.iter().map(String::as_str));
            let help = nearest(named, known).map_or_else(
                || format!("the folders are {}", shown.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            Diagnostic::new(Code::Usage, format!("`{named}` is no folder of this project's revisions"), help)
        })
    }

    /// The folder of the file that configures it, against which paths in it are.
    pub(crate) fn config_folder(&self) -> &Path {
        self.config_file.as_deref().and_then(Path::parent).unwrap_or(Path::new(""))
    }

    /// Finds the project from the flags and the current directory.
    pub(crate) fn find(global: &Global) -> Result<Self, Diagnostic> {
        let project = Self::found(global)?;
        match project.folder_twice() {
            Some((one, other)) => {
                let problem = format!("`{one}` and `{other}` are one folder");
                Err(Diagnostic::new(Code::InvalidConfig, problem, "name each folder once")
                    .because("each of its revisions would be there twice"))
            }
            None => Ok(project),
        }
    }

    /// Two of the folders that are one, however they are written.
    fn folder_twice(&self) -> Option<(&str, &str)> {
        let real: Vec<Option<PathBuf>> =
            self.folders.iter().map(|folder| std::fs::canonicalize(&folder.path).ok()).collect();
        let pair = |at: usize| real[..at].iter().position(|earlier| earlier.is_some() && *earlier == real[at]);
        let (one, other) = (0..real.len()).find_map(|at| Some((pair(at)?, at)))?;
        Some((&self.folders[one].shown, &self.folders[other].shown))
    }

    fn found(global: &Global) -> Result<Self, Diagnostic> {
        let here = std::env::current_dir()
            .map_err(|error| no_project(format!("the current directory cannot be read: {error}"), "go to a folder"))?;
        let nearest = |file: &str| here.ancestors().map(|folder| folder.join(file)).find(|path| path.exists());
        let manifest = match &global.manifest_path {
            Some(path) => Some(here.join(path)),
            None => nearest("Cargo.toml"),
        };
        // One above the package is somebody else's.
        let package = manifest.as_deref().and_then(Path::parent);
        let config_file = nearest(CONFIG_FILE).filter(|file| package.is_none_or(|package| file.starts_with(package)));
        let standalone = config_file.map(|file| read_standalone(&here, file)).transpose()?;
        let database = global.database.as_deref();
        if !global.dir.is_empty() {
            return Self::outside(&here, &global.dir, standalone, database);
        }
        let Some(manifest) = manifest else {
            if let Some(package) = &global.package {
                return Err(no_project(
                    format!("there is no cargo project, so no package `{package}`"),
                    "leave `-p` out",
                ));
            }
            return Self::outside(&here, &[], standalone, database);
        };
        let metadata = read_metadata(&manifest)?;
        let package = select(&metadata, &manifest, global.package.as_deref())?;
        Self::of_package(&here, &metadata, package, standalone.is_some(), database)
    }

    /// Without folders, those that are configured.
    fn outside(
        here: &Path,
        folders: &[PathBuf],
        standalone: Option<(PathBuf, ProjectConfig)>,
        database: Option<&str>,
    ) -> Result<Self, Diagnostic> {
        let (config_file, whole) = standalone.map_or_else(Default::default, |(file, config)| (Some(file), config));
        let root = config_file.as_deref().and_then(Path::parent).unwrap_or(here).to_owned();
        let config = of_database(&whole, database)?;
        let folders: Vec<PathBuf> = match folders {
            [] => config.folders.iter().map(|folder| root.join(folder)).collect(),
            named => named.iter().map(|folder| here.join(folder)).collect(),
        };
        Ok(Self {
            folders: folders.into_iter().map(|folder| Folder::new(here, folder)).collect(),
            config_file,
            config,
            whole,
            package: None,
            env_folders: vec![root],
        })
    }

    fn of_package(
        here: &Path,
        metadata: &Metadata,
        package: &Package,
        standalone: bool,
        database: Option<&str>,
    ) -> Result<Self, Diagnostic> {
        let manifest = package.manifest_path.as_std_path();
        let root = manifest.parent().unwrap_or(here).to_owned();
        let config = package_config(here, manifest)?;
        if standalone {
            return Err(Diagnostic::new(
                Code::InvalidConfig,
                format!("`{CONFIG_FILE}` does not count inside a package"),
                "move its settings to `[package.metadata.migrate]` of the package's Cargo.toml",
            )
            .because("what is embedded reads that table, and two places could say different things"));
        }
        let whole = config.unwrap_or_default();
        let config = of_database(&whole, database)?;
        let workspace = metadata.workspace_root.as_std_path().to_owned();
        let mut env_folders = vec![root.clone(), workspace];
        env_folders.dedup();
        Ok(Self {
            folders: config.folders.iter().map(|folder| Folder::new(here, root.join(folder))).collect(),
            config,
            whole,
            config_file: Some(manifest.to_owned()),
            package: Some(root),
            env_folders,
        })
    }
}

/// The configuration of one database.
fn of_database(whole: &ProjectConfig, name: Option<&str>) -> Result<ProjectConfig, Diagnostic> {
    name.map_or(Ok(whole), |name| whole.database(name)).cloned()
}

fn read_standalone(here: &Path, file: PathBuf) -> Result<(PathBuf, ProjectConfig), Diagnostic> {
    let name = shown(here, &file);
    let text = std::fs::read_to_string(&file)
        .map_err(|error| no_project(format!("`{name}` cannot be read: {error}"), "make it readable"))?;
    let config = ProjectConfig::from_migrate_toml(&name, &text)?;
    Ok((file, config))
}

/// What cargo says of the workspace; it resolves nothing and asks no network.
fn read_metadata(manifest: &Path) -> Result<Metadata, Diagnostic> {
    MetadataCommand::new().manifest_path(manifest).no_deps().other_options(vec!["--offline".to_owned()]).exec().map_err(
        |error| no_project(format!("cargo cannot read the project: {error}"), "mend its Cargo.toml, or use `--dir`"),
    )
}

fn select<'m>(metadata: &'m Metadata, manifest: &Path, wanted: Option<&str>) -> Result<&'m Package, Diagnostic> {
    let members = metadata.workspace_packages();
    if let Some(name) = wanted {
        let names: Vec<&str> = members.iter().map(|package| package.name.as_str()).collect();
        let help = migrate_plan::nearest(name, names.iter().copied())
            .map_or_else(|| format!("the packages are {}", names.join(", ")), |near| format!("did you mean `{near}`?"));
        let found = members.into_iter().find(|package| package.name.as_str() == name);
        return found.ok_or_else(|| no_project(format!("the workspace has no package `{name}`"), &help));
    }
    let canonical = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let manifest = canonical(manifest);
    if let Some(own) = members.iter().find(|package| canonical(package.manifest_path.as_std_path()) == manifest) {
        return Ok(own);
    }
    let with_migrations: Vec<&Package> = members.into_iter().filter(|package| has_migrations(package)).collect();
    match with_migrations.as_slice() {
        [one] => Ok(one),
        [] => Err(no_project(
            "no package of this workspace has a migrations folder".to_owned(),
            "`cargo migrate init -p <package>` prepares one",
        )),
        several => {
            let names: Vec<&str> = several.iter().map(|package| package.name.as_str()).collect();
            let problem = format!("several packages have migrations: {}", names.join(", "));
            Err(no_project(problem, "name one of them: `-p <package>`"))
        }
    }
}

fn has_migrations(package: &Package) -> bool {
    let manifest = package.manifest_path.as_std_path();
    let config = package_config(Path::new("."), manifest).ok().flatten().unwrap_or_default();
    let mut folders = std::iter::once(&config).chain(&config.databases).flat_map(|database| &database.folders);
    manifest.parent().is_some_and(|root| folders.any(|folder| root.join(folder).is_dir()))
}

fn package_config(here: &Path, manifest: &Path) -> Result<Option<ProjectConfig>, Diagnostic> {
    let file = shown(here, manifest);
    let text = std::fs::read_to_string(manifest)
        .map_err(|error| no_project(format!("`{file}` cannot be read: {error}"), "make it readable"))?;
    ProjectConfig::from_cargo_toml(&file, &text)
}

/// A path as the user knows it.
pub(crate) fn shown(here: &Path, path: &Path) -> String {
    let relative = path.strip_prefix(here).unwrap_or(path);
    let text = relative.to_string_lossy();
    if text.is_empty() { ".".to_owned() } else { text.into_owned() }
}

fn no_project(problem: String, help: &str) -> Diagnostic {
    Diagnostic::new(Code::NoProject, problem, help)
}
