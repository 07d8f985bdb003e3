//! Finds the programs of a PostgreSQL server on this machine.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

const NEEDED: [&str; 3] = ["postgres", "initdb", "psql"];

/// A folder with the programs of one PostgreSQL server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    folder: PathBuf,
}

impl Binaries {
    /// Looks in `PATH` and then in the folders where distributions put them, newest version first.
    pub fn find() -> Option<Self> {
        Self::find_in(env::var_os("PATH").as_deref(), Path::new("/"))
    }

    /// The folder that holds the programs.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn find_in(path: Option<&OsStr>, root: &Path) -> Option<Self> {
        let on_path = path.into_iter().flat_map(env::split_paths);
        on_path
            .filter(|folder| folder.is_absolute())
            .chain(distribution_folders(root))
            // Debian puts psql, but not the server, on PATH: only a full set counts.
            .find(|folder| NEEDED.iter().all(|name| folder.join(name).is_file()))
            .map(|folder| Self { folder })
    }
}

fn distribution_folders(root: &Path) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    for (parent, prefix) in [
        ("usr/lib/postgresql", ""),
        ("usr", "pgsql-"),
        ("usr/local", "pgsql"),
        ("opt/homebrew/opt", "postgresql"),
        ("usr/local/opt", "postgresql"),
        ("home/linuxbrew/.linuxbrew/opt", "postgresql"),
        ("Applications/Postgres.app/Contents/Versions", ""),
    ] {
        folders.extend(newest_first(&root.join(parent), prefix));
    }
    folders
}

fn newest_first(parent: &Path, prefix: &str) -> Vec<PathBuf> {
    let mut found: Vec<(Vec<u32>, PathBuf)> = fs::read_dir(parent)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let version = name.strip_prefix(prefix)?;
            Some((numbers(version), entry.path().join("bin")))
        })
        .collect();
    found.sort();
    found.into_iter().rev().map(|(_, folder)| folder).collect()
}

fn numbers(version: &str) -> Vec<u32> {
    version.split(|character: char| !character.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn install(root: &Path, folder: &str, programs: &[&str]) -> PathBuf {
        let folder = root.join(folder);
        fs::create_dir_all(&folder).unwrap();
        for program in programs {
            fs::write(folder.join(program), "").unwrap();
        }
        folder
    }

    #[test]
    fn nothing_installed_is_nothing_found() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(Binaries::find_in(None, root.path()), None);
    }

    #[test]
    fn the_newest_version_is_newest_by_number() {
        let root = tempfile::tempdir().unwrap();
        install(root.path(), "usr/lib/postgresql/9.6/bin", &NEEDED);
        let newest = install(root.path(), "usr/lib/postgresql/15/bin", &NEEDED);
        install(root.path(), "usr/lib/postgresql/16/bin", &["psql"]);
        install(root.path(), "usr/pgsql-17/bin", &NEEDED);
        let found = Binaries::find_in(None, root.path()).unwrap();
        assert_eq!(found.folder(), newest);
    }

    #[test]
    fn a_full_set_on_path_comes_first() {
        let root = tempfile::tempdir().unwrap();
        install(root.path(), "usr/lib/postgresql/15/bin", &NEEDED);
        let client_only = install(root.path(), "usr/bin", &["psql"]);
        let full = install(root.path(), "own", &NEEDED);
        let path = env::join_paths([client_only, full.clone()]).unwrap();
        let found = Binaries::find_in(Some(&path), root.path()).unwrap();
        assert_eq!(found.folder(), full);
    }

    #[test]
    fn other_homes_are_known() {
        for home in ["usr/pgsql-16/bin", "usr/local/pgsql/bin", "opt/homebrew/opt/postgresql@17/bin"] {
            let root = tempfile::tempdir().unwrap();
            let folder = install(root.path(), home, &NEEDED);
            let found = Binaries::find_in(None, root.path()).unwrap();
            assert_eq!(found.folder(), folder);
        }
    }
}
