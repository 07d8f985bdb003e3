//! Reading and writing the folder: revision files and their lock.

use std::io::Write;
use std::path::{Path, PathBuf};

use migrate_plan::{Code, Diagnostic, LOCK_FILE, LockFile, Place, Revision, RevisionGraph};
use migrate_runtime::Migrations;
use migrate_runtime::read_folder;

use crate::arguments::Global;
use crate::project::Project;

/// The revision files of a project with their lock.
#[derive(Debug)]
pub(crate) struct Files<'p> {
    pub(crate) project: &'p Project,
    pub(crate) revisions: Vec<Revision>,
    /// `None` when there is no lock file.
    pub(crate) lock: Option<LockFile>,
}

impl<'p> Files<'p> {
    /// Reads every file.
    pub(crate) fn load(project: &'p Project) -> Result<Self, Vec<Diagnostic>> {
        let revisions = read_folder(&project.folder, &project.shown)?;
        let lock = read_lock(project)?;
        Ok(Self { project, revisions, lock })
    }

    /// Reads every revision file and leaves the lock aside, for verbs that only look.
    pub(crate) fn without_lock(project: &'p Project) -> Result<Self, Vec<Diagnostic>> {
        Ok(Self { project, revisions: read_folder(&project.folder, &project.shown)?, lock: None })
    }

    /// The graph, or every defect.
    pub(crate) fn graph(&self) -> Result<RevisionGraph, Vec<Diagnostic>> {
        RevisionGraph::new(self.revisions.clone()).map_err(|defects| defects.iter().map(Diagnostic::from).collect())
    }

    /// The revisions as something that can be applied.
    pub(crate) fn migrations(&self) -> Migrations {
        Migrations::new(self.revisions.clone(), self.project.config.settings.clone())
            .with_application(concat!("cargo-migrate ", env!("CARGO_PKG_VERSION")))
    }

    /// Refuses when a sealed revision is gone or changed: no verb that writes goes on then.
    pub(crate) fn refuse_broken_seals(&self) -> Result<(), Vec<Diagnostic>> {
        let defects = self.lock.as_ref().map_or_else(Vec::new, |lock| lock.defects(&self.revisions));
        if defects.is_empty() {
            return Ok(());
        }
        let lock = lock_shown(self.project);
        Err(defects.iter().map(|defect| defect.diagnostic(&lock)).collect())
    }

    /// Whether a revision is a draft: not sealed.
    pub(crate) fn is_draft(&self, id: &str) -> bool {
        !self.lock.as_ref().is_some_and(|lock| lock.is_sealed(id))
    }
}

/// The lock file as the user knows it.
pub(crate) fn lock_shown(project: &Project) -> String {
    format!("{}/{LOCK_FILE}", project.shown)
}

/// Reads the lock file, if there is one.
pub(crate) fn read_lock(project: &Project) -> Result<Option<LockFile>, Vec<Diagnostic>> {
    let shown = lock_shown(project);
    match std::fs::read_to_string(project.folder.join(LOCK_FILE)) {
        Ok(text) => {
            let lock = LockFile::parse(&text);
            lock.map(Some).map_err(|defects| defects.iter().map(|defect| defect.diagnostic(&shown)).collect())
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(vec![
            Diagnostic::new(Code::UnreadableFile, format!("the lock file cannot be read: {error}"), "make it readable")
                .at(Place::new(shown, 1)),
        ]),
    }
}

/// The right to write files: `--locked` withholds it.
#[derive(Debug)]
pub(crate) struct Writer(());

impl Writer {
    pub(crate) fn new(global: &Global) -> Result<Self, Diagnostic> {
        if global.locked {
            return Err(Diagnostic::new(
                Code::FilesLocked,
                "`--locked` forbids writing files, and this verb writes them",
                "leave `--locked` out",
            ));
        }
        Ok(Self(()))
    }

    /// Writes a file that is not there yet.
    pub(crate) fn create(&self, path: &Path, text: &str) -> Result<(), Diagnostic> {
        let refuse = |error: &std::io::Error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => Diagnostic::new(
                Code::AlreadyThere,
                format!("`{}` is already there", path.display()),
                "use another name",
            ),
            _ => cannot_write(path, error),
        };
        let mut file = std::fs::File::create_new(path).map_err(|error| refuse(&error))?;
        file.write_all(text.as_bytes()).map_err(|error| cannot_write(path, &error))
    }

    /// Replaces a file whole: a reader sees the old text or the new one.
    pub(crate) fn replace(&self, path: &Path, text: &str) -> Result<(), Diagnostic> {
        let folder = path.parent().unwrap_or(Path::new("."));
        let write = || -> std::io::Result<()> {
            let mut file = tempfile::Builder::new().prefix(".migrate-").tempfile_in(folder)?;
            file.write_all(text.as_bytes())?;
            if let Ok(metadata) = std::fs::metadata(path) {
                file.as_file().set_permissions(metadata.permissions())?;
            } else {
                make_readable(file.as_file())?;
            }
            file.persist(path).map_err(|error| error.error)?;
            Ok(())
        };
        write().map_err(|error| cannot_write(path, &error))
    }

    /// Creates a folder with its parents.
    pub(crate) fn create_folder(&self, path: &Path) -> Result<(), Diagnostic> {
        std::fs::create_dir_all(path).map_err(|error| cannot_write(path, &error))
    }

    /// Removes a file whose content stands elsewhere now.
    pub(crate) fn remove(&self, path: &Path) -> Result<(), Diagnostic> {
        std::fs::remove_file(path).map_err(|error| cannot_write(path, &error))
    }

    /// Removes an empty folder.
    pub(crate) fn remove_folder(&self, path: &Path) -> Result<(), Diagnostic> {
        std::fs::remove_dir(path).map_err(|error| cannot_write(path, &error))
    }

    /// Renames a file.
    pub(crate) fn rename(&self, from: &Path, to: &Path) -> Result<(), Diagnostic> {
        if to.exists() {
            return Err(Diagnostic::new(
                Code::AlreadyThere,
                format!("`{}` is already there", to.display()),
                "move it away",
            ));
        }
        std::fs::rename(from, to).map_err(|error| cannot_write(to, &error))
    }

    /// Brings the lock file up to the folder as it is now; lines of sealed revisions stay.
    ///
    /// cargo does not watch a file that was absent: when the lock comes into being, an embedded file is touched.
    pub(crate) fn renew_lock(&self, project: &Project) -> Result<(), Vec<Diagnostic>> {
        let files = Files::load(project)?;
        let old = files.lock.clone();
        let lock = old.clone().unwrap_or_default().renewed(&files.revisions);
        self.write_lock(project, &lock).map_err(|problem| vec![problem])?;
        if let (None, Some(first)) = (old, files.revisions.first()) {
            touch(&project.folder.join(file_name(&first.file)));
        }
        Ok(())
    }

    /// Writes a lock file.
    pub(crate) fn write_lock(&self, project: &Project, lock: &LockFile) -> Result<(), Diagnostic> {
        let path = project.folder.join(LOCK_FILE);
        let text = lock.render();
        if std::fs::read_to_string(&path).is_ok_and(|now| now == text) {
            return Ok(());
        }
        self.replace(&path, &text)
    }
}

/// Temporary files are private; revision files and locks are not.
#[cfg(unix)]
fn make_readable(file: &std::fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn make_readable(_: &std::fs::File) -> std::io::Result<()> {
    Ok(())
}

/// A build that is not triggered is a nuisance, not a failure.
fn touch(path: &Path) {
    if let Ok(file) = std::fs::File::options().append(true).open(path) {
        let _ = file.set_modified(std::time::SystemTime::now());
    }
}

/// The last part of a shown path.
pub(crate) fn file_name(shown: &str) -> PathBuf {
    Path::new(shown).file_name().map(PathBuf::from).unwrap_or_default()
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Diagnostic {
    Diagnostic::new(
        Code::WriteFailed,
        format!("`{}` cannot be written: {error}", path.display()),
        "make the folder writable, and see that the disk is not full",
    )
}
