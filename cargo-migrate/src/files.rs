//! Reading and writing the folders: revision files and their locks.

use std::io::Write;
use std::path::{Path, PathBuf};

use migrate_plan::{Code, Diagnostic, LockFile, Place, Revision, RevisionGraph};
use migrate_runtime::cli::Output;
use migrate_runtime::{Migrations, read_headers, read_revisions};

use crate::arguments::Global;
use crate::project::{Folder, Project};

/// The revision files of a project with their locks.
#[derive(Debug)]
pub(crate) struct Files<'p> {
    pub(crate) project: &'p Project,
    pub(crate) revisions: Vec<Revision>,
    /// The lock of each folder; `None` where there is no such file.
    pub(crate) locks: Vec<Option<LockFile>>,
    /// The problems of the files of which only the header was read.
    broken: Vec<Diagnostic>,
}

impl<'p> Files<'p> {
    /// Reads every file.
    pub(crate) fn load(project: &'p Project) -> Result<Self, Vec<Diagnostic>> {
        Ok(Self::new(project, read_revisions(&project.paths())?, read_locks(project)?))
    }

    /// Reads every revision file and leaves the locks aside, for verbs that only look.
    pub(crate) fn without_lock(project: &'p Project) -> Result<Self, Vec<Diagnostic>> {
        Ok(Self::new(project, read_revisions(&project.paths())?, Vec::new()))
    }

    /// Reads what the graph needs, and the locks: a file that is broken below its header does not keep anybody from writing
    /// another one.
    pub(crate) fn headers(project: &'p Project) -> Result<Self, Vec<Diagnostic>> {
        let (revisions, broken) = read_headers(&project.paths())?;
        Ok(Self { broken, ..Self::new(project, revisions, read_locks(project)?) })
    }

    /// [`Files::headers`] without the locks, for verbs that only look.
    pub(crate) fn headers_without_lock(project: &'p Project) -> Result<Self, Vec<Diagnostic>> {
        let (revisions, broken) = read_headers(&project.paths())?;
        Ok(Self { broken, ..Self::new(project, revisions, Vec::new()) })
    }

    /// With every revision read.
    pub(crate) fn new(project: &'p Project, revisions: Vec<Revision>, locks: Vec<Option<LockFile>>) -> Self {
        Self { project, revisions, locks, broken: Vec::new() }
    }

    /// Says which files were not read below their headers.
    pub(crate) fn warn_of_broken(&self, output: &Output) {
        for problem in &self.broken {
            let place = problem.place.as_ref().map(ToString::to_string).unwrap_or_default();
            output.warn(&format!("{place}: {} [{}]", problem.message, problem.code));
        }
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
        let defects = self.lock_defects();
        if defects.is_empty() { Ok(()) } else { Err(defects) }
    }

    /// What the locks say against the revisions.
    pub(crate) fn lock_defects(&self) -> Vec<Diagnostic> {
        let of = |(folder, lock): (&Folder, &LockFile)| {
            let shown = folder.lock_shown();
            lock.defects(&self.revisions).iter().map(|defect| defect.diagnostic(&shown)).collect::<Vec<_>>()
        };
        self.folders_with_locks().filter_map(|(folder, lock)| Some((folder, lock?))).flat_map(of).collect()
    }

    /// Each folder with its lock, where it has one.
    pub(crate) fn folders_with_locks(&self) -> impl Iterator<Item = (&'p Folder, Option<&LockFile>)> {
        let locks = self.locks.iter().map(Option::as_ref).chain(std::iter::repeat(None));
        self.project.folders.iter().zip(locks)
    }

    /// The revisions of one folder.
    pub(crate) fn revisions_in(&self, folder: &Folder) -> Vec<Revision> {
        self.revisions.iter().filter(|revision| folder.holds(&revision.file)).cloned().collect()
    }

    /// Whether a revision is a draft: not sealed.
    pub(crate) fn is_draft(&self, id: &str) -> bool {
        !self.locks.iter().flatten().any(|lock| lock.is_sealed(id))
    }
}

/// Reads the lock file of each folder that has one.
pub(crate) fn read_locks(project: &Project) -> Result<Vec<Option<LockFile>>, Vec<Diagnostic>> {
    let (mut locks, mut problems) = (Vec::new(), Vec::new());
    for folder in &project.folders {
        match read_lock(folder) {
            Ok(lock) => locks.push(lock),
            Err(mut found) => problems.append(&mut found),
        }
    }
    if problems.is_empty() { Ok(locks) } else { Err(problems) }
}

fn read_lock(folder: &Folder) -> Result<Option<LockFile>, Vec<Diagnostic>> {
    let shown = folder.lock_shown();
    match std::fs::read_to_string(folder.lock()) {
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

    /// Writes a file that is not there yet: it is there whole, or not at all.
    pub(crate) fn create(&self, path: &Path, text: &str) -> Result<(), Diagnostic> {
        let refuse = |error: &std::io::Error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => Diagnostic::new(
                Code::AlreadyThere,
                format!("`{}` is already there", path.display()),
                "use another name",
            ),
            _ => cannot_write(path, error),
        };
        let written = beside(path, text).and_then(|file| file.persist_noclobber(path).map_err(|error| error.error));
        written.map(drop).map_err(|error| refuse(&error))
    }

    /// Replaces a file whole: a reader sees the old text or the new one.
    pub(crate) fn replace(&self, path: &Path, text: &str) -> Result<(), Diagnostic> {
        let written = beside(path, text).and_then(|file| file.persist(path).map_err(|error| error.error));
        written.map(drop).map_err(|error| cannot_write(path, &error))
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

    /// Brings the lock files up to the folders as they are now; lines of sealed revisions stay.
    ///
    /// cargo does not watch a file that was absent: when a lock comes into being, an embedded file is touched.
    pub(crate) fn renew_locks(&self, project: &Project) -> Result<(), Vec<Diagnostic>> {
        let files = Files::headers(project)?;
        for (folder, old) in files.folders_with_locks() {
            let revisions = files.revisions_in(folder);
            let lock = old.cloned().unwrap_or_default().renewed(&revisions);
            self.write_lock(folder, &lock).map_err(|problem| vec![problem])?;
            if let (None, Some(first)) = (old, revisions.first()) {
                touch(&project.path_of(&first.file));
            }
        }
        Ok(())
    }

    /// Writes a lock file.
    pub(crate) fn write_lock(&self, folder: &Folder, lock: &LockFile) -> Result<(), Diagnostic> {
        let path = folder.lock();
        let text = lock.render();
        if std::fs::read_to_string(&path).is_ok_and(|now| now == text) {
            return Ok(());
        }
        self.replace(&path, &text)
    }
}

/// A temporary file in the folder of another one, with its text to be and the rights that it has, if it is there.
fn beside(path: &Path, text: &str) -> std::io::Result<tempfile::NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".migrate-").tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    match std::fs::metadata(path) {
        Ok(metadata) => file.as_file().set_permissions(metadata.permissions())?,
        Err(_) => make_readable(file.as_file())?,
    }
    Ok(file)
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
