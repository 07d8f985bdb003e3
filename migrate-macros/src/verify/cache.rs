//! Remembers what was verified, so that the next build need not run it again.
//!
//! A mark is an empty file that is named after everything on which the outcome depends. Marks stand in the macro's own folder
//! of the build; cargo removes them with it. Where none can be made, everything is verified each time.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use migrate_plan::{ChecksumBuilder, Revision};

/// How verifying works; another way is another format.
const FORMAT: &str = "1";
/// How many marks stay.
const KEPT: usize = 64;

pub(super) struct Cache {
    folder: PathBuf,
    mark: PathBuf,
}

impl Cache {
    pub(super) fn of_the_build(revisions: &[Revision]) -> Self {
        Self::in_folder(Path::new(concat!(env!("OUT_DIR"), "/verified")), revisions)
    }

    fn in_folder(folder: &Path, revisions: &[Revision]) -> Self {
        let start = ChecksumBuilder::new("verified")
            .field("format", FORMAT)
            .field("macro", env!("CARGO_PKG_VERSION"))
            .field("sqlite", rusqlite::version());
        let sum = revisions.iter().fold(start, |sum, revision| {
            sum.field("id", &*revision.id).field("revision", revision.checksum().as_bytes())
        });
        let sum = sum.finish().to_string();
        // Some file systems allow no `:` in a name.
        Self { folder: folder.to_owned(), mark: folder.join(sum.replace(':', "-")) }
    }

    pub(super) fn is_marked(&self) -> bool {
        self.mark.exists()
    }

    pub(super) fn mark(&self) {
        let made = fs::create_dir_all(&self.folder).and_then(|()| File::create(&self.mark));
        if made.is_ok() {
            self.forget_the_oldest();
        }
    }

    fn forget_the_oldest(&self) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        let age = |entry: fs::DirEntry| {
            let made = entry.metadata().and_then(|metadata| metadata.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
            (made, entry.path())
        };
        let mut marks: Vec<_> = entries.flatten().map(age).filter(|(_, path)| *path != self.mark).collect();
        marks.sort_unstable();
        let gone = marks.len().saturating_sub(KEPT - 1);
        for (_, path) in marks.drain(..gone) {
            // Another build may have removed it.
            let _ = fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use migrate_plan::parse_revision;

    use super::*;

    fn revision(sql: &str) -> Vec<Revision> {
        let text = format!("-- revision: a\n-- parents: none\n-- migrate: up\n{sql}\n");
        vec![parse_revision("a.sql", text.as_bytes()).unwrap()]
    }

    #[test]
    fn what_was_marked_is_known_until_it_means_something_else() {
        let folder = tempfile::tempdir().unwrap();
        let cache = |sql: &str| Cache::in_folder(folder.path(), &revision(sql));
        assert!(!cache("SELECT 1;").is_marked());
        cache("SELECT 1;").mark();
        assert!(cache("SELECT  1; -- the same").is_marked());
        assert!(!cache("SELECT 2;").is_marked());
    }

    #[test]
    fn marks_do_not_become_more_and_more() {
        let folder = tempfile::tempdir().unwrap();
        let caches: Vec<Cache> =
            (0..KEPT + 9).map(|n| Cache::in_folder(folder.path(), &revision(&format!("SELECT {n};")))).collect();
        caches.iter().for_each(Cache::mark);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), KEPT);
        assert!(caches.last().unwrap().is_marked());
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_no_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let cache = Cache::in_folder(&file.path().join("verified"), &revision("SELECT 1;"));
        cache.mark();
        assert!(!cache.is_marked());
    }
}
