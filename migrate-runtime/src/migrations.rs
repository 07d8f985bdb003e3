//! A set of revisions that can be applied: embedded in a binary, or read from a folder.

mod combine;

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use migrate_plan::{
    Diagnostic, FolderFile, Glance, GraphDefect, Headers, LOCK_FILE, Plan, Revision, RevisionGraph, Settings, Text,
    check_history, decode_glance, decode_revisions, read_files, read_folders, unreadable_folder,
};

use crate::driver::{Acquire, BlockingConnection};
use crate::error::{Error, RunError};
use crate::migrator::Migrator;
use crate::report::RunReport;

/// The revisions of an application, usually a `static` made by [`embed_migrations!`](crate::embed_migrations).
///
/// # Examples
///
/// ```
/// use migrate_runtime::Migrations;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let migrations = Migrations::from_files([(
///     "migrations/001_users.sql",
///     "-- revision: 001\n-- parents: none\n\n-- migrate: up\nCREATE TABLE users (id INTEGER PRIMARY KEY);\n",
/// )])
/// .unwrap();
/// let mut db = rusqlite::Connection::open_in_memory()?;
/// # #[cfg(feature = "rusqlite")]
/// # {
/// let report = migrations.upgrade(&mut db)?;
/// assert_eq!(report.ids().collect::<Vec<_>>(), ["001"]);
/// let again = migrations.upgrade(&mut db)?;
/// assert!(again.steps.is_empty());
/// # }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Migrations {
    /// What the macro left, read at the first use.
    encoded: &'static str,
    revisions: OnceLock<Vec<Revision>>,
    settings: Settings,
    application: Option<Text>,
    /// Where the files were when they were embedded.
    folders: &'static [&'static str],
    /// What these were combined from, as far as its folders are watched.
    parts: Vec<Migrations>,
}

impl Migrations {
    /// Revisions as the macro has encoded them.
    #[doc(hidden)]
    pub const fn embedded(
        encoded: &'static str,
        settings: Settings,
        application: &'static str,
        folders: &'static [&'static str],
    ) -> Self {
        Self {
            encoded,
            revisions: OnceLock::new(),
            settings,
            application: Some(Cow::Borrowed(application)),
            folders,
            parts: Vec::new(),
        }
    }

    /// Revisions in load order, with settings.
    pub fn new(revisions: Vec<Revision>, settings: Settings) -> Self {
        let revisions = OnceLock::from(revisions);
        Self { encoded: "", revisions, settings, application: None, folders: &[], parts: Vec::new() }
    }

    /// Reads revisions from names and texts, with the default settings.
    ///
    /// # Errors
    ///
    /// Every problem of every file, and every defect of their graph.
    pub fn from_files<'f>(files: impl IntoIterator<Item = (&'f str, &'f str)>) -> Result<Self, Vec<Diagnostic>> {
        let file = |(path, text): (&str, &str)| FolderFile { path: path.to_owned(), bytes: Ok(text.into()) };
        let revisions = read_files(files.into_iter().map(file).collect())?;
        RevisionGraph::new(revisions.clone())
            .map_err(|defects| defects.iter().map(Diagnostic::from).collect::<Vec<_>>())?;
        Ok(Self::new(revisions, Settings::DEFAULT))
    }

    /// Reads a folder of revision files at run time, with the checks that the macro makes while it compiles. For programs that
    /// get their revisions beside them instead of in them.
    ///
    /// # Errors
    ///
    /// Every problem of every file and of the folder, every defect of the graph, several heads where the settings expect one,
    /// and sealed revisions that were changed.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::path::Path;
    /// use migrate_runtime::{Migrations, plan::Settings};
    ///
    /// let migrations = Migrations::from_folder(Path::new("../examples/quickstart/migrations"), Settings::DEFAULT).unwrap();
    /// assert_eq!(migrations.revisions().len(), 2);
    /// ```
    pub fn from_folder(folder: &Path, settings: Settings) -> Result<Self, Vec<Diagnostic>> {
        Self::from_folders(&[folder], settings)
    }

    /// [`Migrations::from_folder`] for several folders that make one graph. The name of each stands for its first revision,
    /// as a label does.
    ///
    /// # Errors
    ///
    /// As [`Migrations::from_folder`], for every folder.
    pub fn from_folders(folders: &[&Path], settings: Settings) -> Result<Self, Vec<Diagnostic>> {
        let shown = |folder: &Path| folder.to_string_lossy().into_owned();
        let lock = |folder: &&Path| Some((shown(folder), std::fs::read_to_string(folder.join(LOCK_FILE)).ok()?));
        let locks: Vec<_> = folders.iter().filter_map(lock).collect();
        let folders: Vec<_> = folders.iter().map(|folder| (folder.to_path_buf(), shown(folder))).collect();
        let revisions = check_history(read_revisions(&folders)?, &locks, &settings)?;
        Ok(Self::new(revisions, settings))
    }

    /// The same revisions under the name of an application, which the history keeps with each row.
    #[must_use]
    pub fn with_application(mut self, application: impl Into<Text>) -> Self {
        self.application = Some(application.into());
        self
    }

    /// The revisions in load order.
    pub fn revisions(&self) -> &[Revision] {
        // Macro and runtime are of one version, so that what one wrote the other reads.
        self.revisions
            .get_or_init(|| decode_revisions(self.encoded).expect("the macro and the runtime are of one version"))
    }

    /// What they come to. Of embedded ones the macro has written it down, so that they need not be read.
    pub(crate) fn glance(&self) -> Glance {
        decode_glance(self.encoded).unwrap_or_else(|| Glance::of(self.revisions()))
    }

    /// The settings that the binary and the command line share.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(crate) fn application(&self) -> Option<&str> {
        self.application.as_deref()
    }

    /// The revisions as a graph.
    ///
    /// # Errors
    ///
    /// Every [`GraphDefect`]; none for embedded revisions.
    pub fn graph(&self) -> Result<RevisionGraph, Vec<GraphDefect>> {
        RevisionGraph::new(self.revisions().to_vec())
    }

    /// A run with options.
    pub fn migrator(&self) -> Migrator<'_> {
        Migrator::new(self)
    }

    /// Applies everything that is pending, through a blocking connection.
    ///
    /// Each revision is a transaction of its own, with its history row. With nothing pending, nothing is locked or
    /// written. Other processes that migrate the same database wait or are waited for.
    ///
    /// # Errors
    ///
    /// [`RunError`] with the reason and with what was done until then.
    pub fn upgrade<C: BlockingConnection>(&self, db: &mut C) -> Result<RunReport, RunError> {
        self.migrator().run(db)
    }

    /// [`Migrations::upgrade`] for an asynchronous connection, or for a pool: `&mut connection` or `&pool`.
    ///
    /// # Errors
    ///
    /// As [`Migrations::upgrade`].
    pub async fn upgrade_async(&self, db: impl Acquire) -> Result<RunReport, RunError> {
        self.migrator().run_async(db).await
    }

    /// Undoes revisions down to a target, such as `-1`, an id or `base`.
    ///
    /// # Errors
    ///
    /// As [`Migrations::upgrade`].
    pub fn downgrade<C: BlockingConnection>(&self, db: &mut C, target: &str) -> Result<RunReport, RunError> {
        self.migrator().downgrade(target).run(db)
    }

    /// [`Migrations::downgrade`] for asynchronous connections.
    ///
    /// # Errors
    ///
    /// As [`Migrations::upgrade`].
    pub async fn downgrade_async(&self, db: impl Acquire, target: &str) -> Result<RunReport, RunError> {
        self.migrator().downgrade(target).run_async(db).await
    }

    /// The plan of an upgrade to everything pending; reads the database and writes nothing.
    ///
    /// # Errors
    ///
    /// [`Error`] when the upgrade would be refused.
    pub fn plan<C: BlockingConnection>(&self, db: &mut C) -> Result<Plan, Error> {
        self.migrator().plan(db)
    }

    /// Whether there is a folder that may become something else; never in release builds.
    fn watches_folders(&self) -> bool {
        !self.folders.is_empty() || !self.parts.is_empty()
    }

    /// The folders that have become something else since they were embedded, in debug builds and where they still are.
    pub(crate) fn stale_folder(&self) -> Option<String> {
        if let Some(part) = self.parts.iter().find_map(Migrations::stale_folder) {
            return Some(part);
        }
        if self.folders.is_empty() {
            return None;
        }
        let folders: Vec<_> = self.folders.iter().map(|folder| (PathBuf::from(folder), (*folder).to_owned())).collect();
        let revisions = read_revisions(&folders).ok()?;
        let sum = |revisions: &[Revision]| -> Vec<(Text, migrate_plan::Checksum)> {
            revisions.iter().map(|revision| (revision.id.clone(), revision.checksum())).collect()
        };
        (sum(&revisions) != sum(self.revisions())).then(|| self.folders.join(", "))
    }
}

/// Reads the revision files of folders, each with the path by which the user knows it.
///
/// # Errors
///
/// Every problem of every file and of the folders themselves.
pub fn read_revisions(folders: &[(PathBuf, String)]) -> Result<Vec<Revision>, Vec<Diagnostic>> {
    read_folders(list_all(folders)?)
}

/// [`read_revisions`] for what needs no more than the graph: a file that is broken below its header gives a revision without
/// sections, and its problems.
///
/// # Errors
///
/// Every problem of every file and of the folders themselves, when a header cannot be read.
pub fn read_headers(folders: &[(PathBuf, String)]) -> Result<Headers, Vec<Diagnostic>> {
    migrate_plan::read_headers(list_all(folders)?)
}

fn list_all(folders: &[(PathBuf, String)]) -> Result<Vec<(String, Vec<FolderFile>)>, Vec<Diagnostic>> {
    let (mut read, mut problems) = (Vec::new(), Vec::new());
    for (folder, shown) in folders {
        match list(folder, shown) {
            Ok(files) => read.push((shown.clone(), files)),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(read) } else { Err(problems) }
}

/// The files of a folder with their bytes.
fn list(folder: &Path, shown: &str) -> Result<Vec<FolderFile>, Diagnostic> {
    let unreadable = |error| unreadable_folder(shown, &error);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if shown.is_empty() { name } else { format!("{shown}/{name}") };
        files.push(FolderFile { path, bytes: read_file(&entry.path()) });
    }
    Ok(files)
}

/// Reads a file that is one: a pipe would never end.
fn read_file(path: &Path) -> Result<Vec<u8>, String> {
    let metadata = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("it is not a file".to_owned());
    }
    std::fs::read(path).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use migrate_plan::encode_revisions;

    const FIRST: &str = "-- revision: 001\n-- parents: none\n-- migrate: up\nSELECT 1;\n";

    fn embedded_from(folder: &Path) -> Migrations {
        let revisions = read_revisions(&[(folder.to_owned(), "migrations".to_owned())]).unwrap();
        let folder: &'static str = folder.to_string_lossy().into_owned().leak();
        let folders = vec![folder].leak();
        Migrations::embedded(encode_revisions(&revisions).leak(), Settings::DEFAULT, "app 1.0.0", folders)
    }

    #[test]
    fn a_debug_build_sees_that_its_folder_has_changed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("001.sql");
        std::fs::write(&file, FIRST).unwrap();
        let migrations = embedded_from(folder.path());
        assert_eq!(migrations.stale_folder(), None);

        std::fs::write(&file, format!("{FIRST}-- a comment is no change\n")).unwrap();
        assert_eq!(migrations.stale_folder(), None);

        std::fs::write(&file, FIRST.replace("SELECT 1", "SELECT 2")).unwrap();
        assert!(migrations.stale_folder().is_some());

        std::fs::remove_dir_all(folder.path()).unwrap();
        assert_eq!(migrations.stale_folder(), None, "where the binary runs, the folder may not be");
    }

    #[test]
    fn a_folder_is_checked_as_the_macro_checks_it() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        let problems = |settings: Settings| match Migrations::from_folder(folder.path(), settings) {
            Ok(migrations) => format!("{} revisions", migrations.revisions().len()),
            Err(problems) => problems.iter().map(|problem| problem.code.as_str()).collect::<Vec<_>>().join(" "),
        };
        write("001.sql", FIRST);
        assert_eq!(problems(Settings::DEFAULT), "1 revisions");
        write("002.sql", &FIRST.replace("001", "002"));
        assert_eq!(problems(Settings::DEFAULT), "M0103");
        assert_eq!(problems(Settings { heads: migrate_plan::Heads::Many, ..Settings::DEFAULT }), "2 revisions");
        write("002.sql", &FIRST.replace("revision: 001", "revision: 002").replace("parents: none", "parents: 007"));
        assert_eq!(problems(Settings::DEFAULT), "M0102");
        std::fs::remove_file(folder.path().join("002.sql")).unwrap();
        write("migrate.lock", "version 1\nsealed 001\n");
        assert_eq!(problems(Settings::DEFAULT), "M0304");
        write("migrate.lock", "nonsense\n");
        assert_eq!(problems(Settings::DEFAULT), "M0301");
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error_with_its_mend() {
        let problems = read_revisions(&[(PathBuf::from("nowhere/at/all"), "migrations".to_owned())]).unwrap_err();
        assert_eq!(problems[0].code, migrate_plan::Code::MissingFolder);
        assert!(problems[0].help.contains("cargo migrate init"));
    }
}
