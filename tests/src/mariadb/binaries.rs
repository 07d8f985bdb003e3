//! Finds the programs of a MariaDB server on this machine.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// The folders below a prefix that hold programs, in distributions' packages and in MariaDB's own.
const FOLDERS: [&str; 4] = ["sbin", "bin", "libexec", "scripts"];

const DISTRIBUTION_PREFIXES: [&str; 6] = [
    "usr",
    "usr/local",
    "usr/local/mysql",
    "opt/homebrew/opt/mariadb",
    "usr/local/opt/mariadb",
    "home/linuxbrew/.linuxbrew/opt/mariadb",
];

/// The programs of one MariaDB server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    pub(super) server: PathBuf,
    pub(super) installer: PathBuf,
    pub(super) client: PathBuf,
}

impl Binaries {
    /// Looks where the folders in `PATH` belong to, and then where distributions put them.
    pub fn find() -> Option<Self> {
        Self::find_in(env::var_os("PATH").as_deref(), Path::new("/"))
    }

    /// The server, `mariadbd`.
    pub fn server(&self) -> &Path {
        &self.server
    }

    fn find_in(path: Option<&OsStr>, root: &Path) -> Option<Self> {
        let on_path = path.into_iter().flat_map(env::split_paths).filter(|folder| folder.is_absolute());
        on_path
            // Users' PATH has the `bin` beside the server's `sbin` only.
            .filter_map(|folder| folder.parent().map(Path::to_owned))
            .chain(DISTRIBUTION_PREFIXES.iter().map(|prefix| root.join(prefix)))
            .find_map(|prefix| Self::below(&prefix))
    }

    /// All programs are of one prefix, so that they fit each other.
    fn below(prefix: &Path) -> Option<Self> {
        let program =
            |name: &str| FOLDERS.iter().map(|folder| prefix.join(folder).join(name)).find(|path| path.is_file());
        Some(Self {
            server: program("mariadbd")?,
            installer: program("mariadb-install-db")?,
            client: program("mariadb")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn install(root: &Path, programs: &[&str]) {
        for program in programs {
            let path = root.join(program);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
    }

    #[test]
    fn nothing_installed_is_nothing_found() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(Binaries::find_in(None, root.path()), None);
    }

    #[test]
    fn a_client_alone_is_not_enough() {
        let root = tempfile::tempdir().unwrap();
        install(root.path(), &["usr/bin/mariadb", "usr/local/bin/mariadb-install-db", "usr/local/bin/mariadbd"]);
        assert_eq!(Binaries::find_in(None, root.path()), None);
    }

    #[test]
    fn the_server_is_found_beside_the_folder_on_path() {
        let root = tempfile::tempdir().unwrap();
        let own = root.path().join("own");
        install(root.path(), &["usr/bin/mariadb", "usr/bin/mariadb-install-db", "usr/sbin/mariadbd"]);
        install(&own, &["bin/mariadb", "scripts/mariadb-install-db", "bin/mariadbd"]);
        let on_path = Binaries::find_in(Some(own.join("bin").as_os_str()), root.path()).unwrap();
        assert_eq!(on_path.server(), own.join("bin/mariadbd"));
        assert_eq!(on_path.installer, own.join("scripts/mariadb-install-db"));
        let distribution = Binaries::find_in(None, root.path()).unwrap();
        assert_eq!(distribution.server(), root.path().join("usr/sbin/mariadbd"));
    }
}
