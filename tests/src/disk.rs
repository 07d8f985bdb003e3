//! A disk that is soon full.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

/// A disk of its own, which only root may mount.
#[derive(Debug)]
pub struct SmallDisk {
    folder: tempfile::TempDir,
    mount: PathBuf,
}

impl SmallDisk {
    /// A disk of this size, such as `6m`. None, after a line on stderr, where it may not be mounted.
    ///
    /// # Panics
    ///
    /// When the system gives no temporary folder.
    pub fn mount(size: &str) -> Option<Self> {
        let folder =
            tempfile::Builder::new().permissions(std::fs::Permissions::from_mode(0o755)).tempdir().expect("a folder");
        let mount = folder.path().join("disk");
        std::fs::create_dir(&mount).expect("a folder");
        let options = format!("size={size},mode=1777");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(&mount).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self { folder, mount });
        }
        eprintln!("skipped: a small disk cannot be mounted here");
        None
    }

    /// A folder on it that any server's account may write to.
    ///
    /// # Panics
    ///
    /// When it cannot be made.
    pub fn folder(&self, name: &str) -> PathBuf {
        let folder = self.mount.join(name);
        std::fs::create_dir(&folder).expect("a folder");
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o777)).expect("its rights");
        folder
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // A server may still hold files on it.
        let _ = Command::new("umount").arg("--lazy").arg(&self.mount).status();
        let _ = self.folder.path();
    }
}
