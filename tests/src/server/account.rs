//! Chooses the account that runs the server, and the folder where its instances live.

use std::env;
use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, lchown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::engine::Engine;

const MEMORY_FOLDER: &str = "/dev/shm";
/// A container's usual 64 MB are far too few; a test-suite with hundreds of databases fits in this.
const ENOUGH_KIB: u64 = 4 * 1024 * 1024;

/// The shortest limit there is for a socket, macOS's 104 with the ending zero, less the longest names that are
/// appended, which are PostgreSQL's.
const LONGEST_FOLDER: usize = 103 - "/mpg-4294967295/i4194304-999-3b9aca00/.s.PGSQL.65535".len();

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account {
    uid: u32,
    /// Whether we are root and have to become the account, and then with which group.
    become_group: Option<u32>,
}

impl Account {
    /// Ourselves, or an unprivileged account when we are root: servers refuse to run as root.
    pub(super) fn for_server(engine: &Engine) -> Result<Self, String> {
        let uid = own_uid().map_err(|error| format!("cannot tell who we are: {error}"))?;
        if uid != 0 {
            return Ok(Self { uid, become_group: None });
        }
        let passwd = fs::read_to_string("/etc/passwd").map_err(|error| format!("cannot read /etc/passwd: {error}"))?;
        [engine.account, "nobody"]
            .iter()
            .find_map(|name| entry(&passwd, name))
            .map(|(uid, gid)| Self { uid, become_group: Some(gid) })
            .ok_or_else(|| format!("root needs an account `{}` or `nobody` for the server", engine.account))
    }

    /// The account's folder for templates and instances, made when missing.
    pub(super) fn base(&self, engine: &Engine) -> Result<PathBuf, String> {
        let parent = [memory_folder(), Some(env::temp_dir())]
            .into_iter()
            .flatten()
            .find(|folder| is_plain(folder) && self.can_reach(folder))
            .unwrap_or_else(|| PathBuf::from("/tmp"));
        let base = parent.join(format!("{}-{}", engine.folder, self.uid));
        self.own_folder(&base).map_err(|error| format!("cannot use the folder {}: {error}", base.display()))?;
        Ok(base)
    }

    /// A command that runs as the account, with nothing of the caller's settings for the engine.
    pub(super) fn command(&self, engine: &Engine, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        engine.clean_environment(&mut command);
        // The account may be unable to enter the folder we are in.
        command.current_dir("/");
        if let Some(gid) = self.become_group {
            command.uid(self.uid).gid(gid);
        }
        command
    }

    /// Makes a file the account's own, as servers want it of their secrets.
    pub(super) fn give(&self, file: &Path) -> io::Result<()> {
        fs::set_permissions(file, Permissions::from_mode(0o600))?;
        match self.become_group {
            Some(gid) => lchown(file, Some(self.uid), Some(gid)),
            None => Ok(()),
        }
    }

    fn own_folder(&self, base: &Path) -> io::Result<()> {
        match DirBuilder::new().mode(0o755).create(base) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        // The name is predictable and its parent is often open to everybody.
        let found = fs::symlink_metadata(base)?;
        let we_are_root = self.become_group.is_some();
        if !found.is_dir() || (found.uid() != self.uid && !(we_are_root && found.uid() == 0)) {
            return Err(io::Error::other("it is not a folder of ours"));
        }
        match self.become_group {
            Some(gid) if found.uid() != self.uid => lchown(base, Some(self.uid), Some(gid)),
            _ => Ok(()),
        }
    }

    fn can_reach(&self, folder: &Path) -> bool {
        self.become_group.is_none()
            || folder
                .ancestors()
                .all(|step| fs::metadata(step).is_ok_and(|found| found.is_dir() && found.mode() & 0o001 != 0))
    }
}

/// The folder in memory when there is plenty: the thousand small files of a server are copied ten
/// times faster there than on some disks. Who sets `TMPDIR` decides otherwise.
fn memory_folder() -> Option<PathBuf> {
    if env::var_os("TMPDIR").is_some() {
        return None;
    }
    let memory = fs::read_to_string("/proc/meminfo").ok()?;
    let output = Command::new("df").args(["-Pk", MEMORY_FOLDER]).output();
    let room = String::from_utf8(output.ok()?.stdout).ok()?;
    let enough = available_memory(&memory)?.min(available_room(&room)?) >= ENOUGH_KIB;
    enough.then(|| PathBuf::from(MEMORY_FOLDER))
}

fn available_memory(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn available_room(df: &str) -> Option<u64> {
    let fields: Vec<&str> = df.lines().nth(1)?.split_whitespace().collect();
    match fields.as_slice() {
        ["tmpfs", _, _, available, ..] => available.parse().ok(),
        _ => None,
    }
}

/// Whether the path may stand in a setting, a URL and a socket address as it is.
fn is_plain(folder: &Path) -> bool {
    let bytes = folder.as_os_str().as_bytes();
    folder.is_absolute()
        && bytes.len() <= LONGEST_FOLDER
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"/._-+".contains(byte))
}

fn own_uid() -> io::Result<u32> {
    Ok(tempfile::tempfile()?.metadata()?.uid())
}

fn entry(passwd: &str, name: &str) -> Option<(u32, u32)> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next() != Some(name) {
            return None;
        }
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some((uid, gid))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwd_lines_are_found_by_whole_name() {
        let passwd =
            "postgresql:x:7:7::/:/bin/sh\nbroken\npostgres:x:101:104:PostgreSQL administrator,,,:/:/bin/bash\n";
        assert_eq!(entry(passwd, "postgres"), Some((101, 104)));
        assert_eq!(entry(passwd, "nobody"), None);
    }

    #[test]
    fn memory_and_room_are_read_in_kib() {
        let meminfo = "MemTotal:       9 kB\nMemFree:  1 kB\nMemAvailable:   48123456 kB\n";
        assert_eq!(available_memory(meminfo), Some(48_123_456));
        assert_eq!(available_memory(""), None);
        let df = "Filesystem 1024-blocks Used Available Capacity Mounted on\n";
        let memory = format!("{df}tmpfs 24684096 4 24684092 0% /dev/shm\n");
        assert_eq!(available_room(&memory), Some(24_684_092));
        let disk = format!("{df}/dev/vda 24684096 4 24684092 0% /\n");
        assert_eq!(available_room(&disk), None);
        assert_eq!(available_room(df), None);
    }

    #[test]
    fn only_short_and_simple_folders_are_plain() {
        assert!(is_plain(Path::new("/var/folders/zz/T")));
        assert!(!is_plain(Path::new("/tmp/with space")));
        assert!(!is_plain(Path::new("relative")));
        assert!(!is_plain(&Path::new("/tmp").join("x".repeat(60))));
    }
}
