//! A folder of refinery's: which of its files are migrations, which are revisions already, and what else stands there.
//!
//! Names are found and understood by refinery's own functions.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use migrate_plan::{Code, Diagnostic, FileKind, Place, Revision, parse_revision, unreadable_folder};
use migrate_runtime::read_revisions;
use refinery_core::{MigrationType, find_migration_files};

use crate::project::{Project, shown};

/// A migration of refinery's.
pub(super) struct Migration {
    pub(super) path: PathBuf,
    /// The path as the user knows it.
    pub(super) shown: String,
    /// The file's name without its ending.
    pub(super) stem: String,
    pub(super) bytes: Vec<u8>,
}

/// What was found.
pub(super) struct Folder {
    /// The folder as the user knows it.
    pub(super) shown: String,
    /// Whether its files are replaced by the revisions that they become.
    pub(super) in_place: bool,
    pub(super) migrations: Vec<Migration>,
    /// What the project has already.
    pub(super) revisions: Vec<Revision>,
    /// SQL and Rust files that refinery passes over.
    pub(super) ignored: Vec<String>,
    /// Folders inside the folder, the innermost first; they are empty once their migrations have moved.
    pub(super) subfolders: Vec<PathBuf>,
}

impl Folder {
    /// Reads the folder that is named, or the project's own; with what is wrong with files in it.
    pub(super) fn read(named: Option<&Path>, project: &Project) -> Result<(Self, Vec<Diagnostic>), Diagnostic> {
        let here = std::env::current_dir().unwrap_or_default();
        let path = named.map_or_else(|| project.home().path.clone(), |named| here.join(named));
        let mut folder = Self {
            shown: shown(&here, &path),
            in_place: true,
            migrations: Vec::new(),
            revisions: Vec::new(),
            ignored: Vec::new(),
            subfolders: Vec::new(),
        };
        let root = path.canonicalize().map_err(|error| missing(&folder.shown, &error))?;
        if !root.is_dir() {
            return Err(no_folder(&folder.shown));
        }
        let own = project.home().path.canonicalize().unwrap_or_else(|_| project.home().path.clone());
        folder.in_place = root == own;
        if !folder.in_place && (root.starts_with(&own) || own.starts_with(&root)) {
            return Err(nested(&folder.shown, &project.home().shown));
        }
        let mut problems = Vec::new();
        folder.read_migrations(&root, &mut problems);
        match folder.in_place {
            true => {
                let migrations = folder.migrations.iter().map(|migration| migration.shown.clone());
                let revisions = folder.revisions.iter().map(|revision| revision.file.to_string());
                let refused = problems.iter().filter_map(|problem| Some(problem.place.as_ref()?.file.clone()));
                let read = migrations.chain(revisions).chain(refused).collect();
                folder.read_beside(&root, &root, &read, &mut problems);
            }
            false if own.is_dir() => match read_revisions(&[(own.clone(), project.home().shown.clone())]) {
                Ok(revisions) => folder.revisions = revisions,
                Err(found) => problems.extend(found),
            },
            false => {}
        }
        if !folder.in_place {
            folder.list_ignored(&root, &mut problems);
        }
        if problems.is_empty() && folder.migrations.is_empty() && folder.revisions.is_empty() {
            return Err(nothing_here(&folder.shown));
        }
        Ok((folder, problems))
    }

    fn shown_below(&self, root: &Path, path: &Path) -> String {
        let below = path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/");
        format!("{}/{below}", self.shown)
    }

    fn read_migrations(&mut self, root: &Path, problems: &mut Vec<Diagnostic>) {
        let found = match find_migration_files(root, MigrationType::All) {
            Ok(found) => found,
            Err(error) => {
                return problems.push(Diagnostic::new(Code::UnreadableFile, error.to_string(), "make it readable"));
            }
        };
        for path in found {
            let shown = self.shown_below(root, &path);
            if path.extension().is_some_and(|ending| ending == "rs") {
                problems.push(in_rust(&shown));
                continue;
            }
            let bytes = match std::fs::read(&path) {
                Ok(bytes) => bytes,
                Err(error) => {
                    problems.push(unreadable(&shown, &error));
                    continue;
                }
            };
            match (parse_revision(&shown, &bytes), is_revision(&bytes)) {
                (Ok(_), _) if self.in_place && path.parent() != Some(root) => problems.push(below(&shown)),
                (Ok(revision), _) if self.in_place => self.revisions.push(revision),
                (Ok(_), _) => problems.push(already_a_revision(&shown)),
                (Err(found), true) => problems.extend(found.iter().map(Diagnostic::from)),
                (Err(_), false) => {
                    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                    self.migrations.push(Migration { path, shown, stem, bytes });
                }
            }
        }
    }

    /// Judges what stands beside the migrations in a folder that is to hold revisions alone.
    ///
    /// `read` are the paths, as the user knows them, that are accounted for.
    fn read_beside(&mut self, root: &Path, folder: &Path, read: &HashSet<String>, problems: &mut Vec<Diagnostic>) {
        for path in entries(folder, &self.shown_below(root, folder), problems) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let shown = self.shown_below(root, &path);
            if path.is_dir() && !path.is_symlink() {
                // What is hidden beside revisions is no part of them.
                if FileKind::of(&name) != FileKind::Companion {
                    self.read_beside(root, &path, read, problems);
                    self.subfolders.push(path);
                }
            } else if read.contains(&shown) || (folder == root && FileKind::of(&name) == FileKind::Companion) {
            } else if folder == root && FileKind::of(&name) == FileKind::Sql {
                match std::fs::read(&path) {
                    Ok(bytes) => match parse_revision(&shown, &bytes) {
                        Ok(revision) => self.revisions.push(revision),
                        Err(found) if is_revision(&bytes) => problems.extend(found.iter().map(Diagnostic::from)),
                        Err(_) => problems.push(stray(&shown)),
                    },
                    Err(error) => problems.push(unreadable(&shown, &error)),
                }
            } else {
                problems.push(stray(&shown));
            }
        }
    }

    /// What refinery passes over although it looks like a migration.
    fn list_ignored(&mut self, root: &Path, problems: &mut Vec<Diagnostic>) {
        let mut ignored = Vec::new();
        let read: HashSet<&Path> = self.migrations.iter().map(|migration| migration.path.as_path()).collect();
        let mut left = vec![root.to_owned()];
        while let Some(folder) = left.pop() {
            for path in entries(&folder, &self.shown_below(root, &folder), problems) {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                if path.is_dir() && !path.is_symlink() {
                    left.push(path);
                } else if matches!(FileKind::of(&name), FileKind::Sql | FileKind::Rust)
                    && name != "mod.rs"
                    && !read.contains(path.as_path())
                {
                    ignored.push(self.shown_below(root, &path));
                }
            }
        }
        ignored.sort();
        self.ignored = ignored;
    }
}

/// The entries of a folder in the order of their names.
fn entries(folder: &Path, shown: &str, problems: &mut Vec<Diagnostic>) -> Vec<PathBuf> {
    match std::fs::read_dir(folder) {
        Ok(entries) => {
            let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
            paths.sort();
            paths
        }
        Err(error) => {
            problems.push(unreadable(shown, &error));
            Vec::new()
        }
    }
}

/// Whether a file is meant to be a revision, be it a right one or not.
fn is_revision(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    bytes.starts_with(b"-- revision:")
}

fn missing(shown: &str, error: &std::io::Error) -> Diagnostic {
    let mut diagnostic = unreadable_folder(shown, error);
    diagnostic.help =
        "name the folder of refinery's migrations: `cargo migrate adopt refinery db/migrations`".to_owned();
    diagnostic
}

fn no_folder(shown: &str) -> Diagnostic {
    let help = "name the folder in which it stands";
    Diagnostic::new(Code::ForeignFile, format!("`{shown}` is a file, and no folder"), help)
        .because("the migrations of a database belong together, and are taken over together")
}

fn nothing_here(shown: &str) -> Diagnostic {
    Diagnostic::new(
        Code::ForeignFile,
        format!("`{shown}` holds no migration of refinery's"),
        "name their folder: `cargo migrate adopt refinery db/migrations`",
    )
    .because("refinery's migrations have names such as `V1__initial.sql`")
}

fn nested(shown: &str, own: &str) -> Diagnostic {
    Diagnostic::new(
        Code::Usage,
        format!("of `{shown}` and `{own}` one stands inside the other"),
        "name the same folder for both, so that the files become revisions where they are, or two that stand apart",
    )
    .because("refinery reads folders with what is below them")
}

fn unreadable(shown: &str, error: &std::io::Error) -> Diagnostic {
    Diagnostic::new(Code::UnreadableFile, format!("the file cannot be read: {error}"), "make it readable")
        .at(Place::new(shown, 1))
}

fn in_rust(shown: &str) -> Diagnostic {
    let instead = Path::new(shown).with_extension("sql");
    let instead = instead.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Diagnostic::new(
        Code::ForeignFile,
        "the migration is written in Rust, and what it gives is known when it runs",
        format!(
            "write what its `migration()` returns into `{instead}`, byte for byte, and remove this file; `runner()` lists \
             each as `get_migrations()`, with its `sql()`"
        ),
    )
    .at(Place::new(shown, 1))
    .because("with the same text its checksum is the same, and databases that have run it are recognised")
}

fn below(shown: &str) -> Diagnostic {
    Diagnostic::new(
        Code::StrayFile,
        "the revision stands in a folder below, where none is looked for",
        "move it up, beside the others",
    )
    .at(Place::new(shown, 1))
    .because("a folder of revisions is flat")
}

fn already_a_revision(shown: &str) -> Diagnostic {
    Diagnostic::new(
        Code::ForeignFile,
        "the file is a revision already, and no migration of refinery's",
        "name this folder by `--dir` to go on with it",
    )
    .at(Place::new(shown, 1))
}

fn stray(shown: &str) -> Diagnostic {
    Diagnostic::new(
        Code::StrayFile,
        "the file is neither a revision nor a migration of refinery's, which passes it over",
        "move it out of the folder, or give it a name such as `V7__add_index.sql` if it was meant to run",
    )
    .at(Place::new(shown, 1))
    .because("a folder of revisions holds nothing else, so that nothing is passed over silently")
}
