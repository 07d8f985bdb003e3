//! `migrate.lock`: what each revision was when it was written, and which ones may never change.
//!
//! Takes and gives text; the file is read by the macro and written by the command line. Lines say what they are and
//! stand in no required order, so that git can merge two versions by keeping both.

use std::collections::{BTreeMap, BTreeSet};

use crate::checksum::Checksum;
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::revision::Revision;

/// The version of the format that is written here.
const VERSION: u32 = 1;

/// The file's name in the folder of revision files.
pub const LOCK_FILE: &str = "migrate.lock";

/// What the lock says of one revision.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Line {
    checksum: Checksum,
    parents: Vec<String>,
}

impl Line {
    fn of(revision: &Revision) -> Self {
        let mut parents: Vec<String> = revision.parents.iter().map(ToString::to_string).collect();
        parents.sort_unstable();
        Self { checksum: revision.checksum(), parents }
    }
}

/// The contents of a lock file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LockFile {
    /// Several lines for one id are what a merge leaves; only for a sealed one is that an error.
    revisions: BTreeMap<String, BTreeSet<Line>>,
    sealed: BTreeSet<String>,
    /// Reviewed changes of sealed revisions.
    accepted: BTreeSet<Accepted>,
}

/// A change of a sealed revision that was reviewed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Accepted {
    /// The revision.
    pub id: String,
    /// What it was changed to.
    pub checksum: Checksum,
    /// Why, in words.
    pub reason: String,
}

/// Why a lock file and the revision files cannot stand beside one another.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LockDefect {
    /// A line that is none.
    #[error("`{text}` is not a line of a lock file")]
    Malformed {
        /// The line.
        text: String,
        /// Its number.
        line: u32,
    },
    /// Git's conflict markers.
    #[error("the lock file holds a git conflict marker")]
    ConflictMarker {
        /// The line's number.
        line: u32,
    },
    /// A version that is not known here.
    #[error("the lock file has version {version}, and {VERSION} is the newest that is known here")]
    Newer {
        /// Its version.
        version: u32,
    },
    /// A sealed revision without a file.
    #[error("the sealed revision `{id}` is gone")]
    SealedGone {
        /// The revision.
        id: String,
    },
    /// A sealed revision whose file differs from its line.
    #[error("the sealed revision `{id}` was changed")]
    SealedChanged {
        /// The revision.
        id: String,
        /// Its file.
        file: String,
    },
    /// Two lines that contradict one another.
    #[error("two lines say different things of the sealed revision `{id}`")]
    SealedTwice {
        /// The revision.
        id: String,
    },
}

impl LockDefect {
    /// The defect for a person to read; `lock` is the lock file as the user knows it.
    pub fn diagnostic(&self, lock: &str) -> Diagnostic {
        let new = |code, help: &str| Diagnostic::new(code, self.to_string(), help);
        match self {
            Self::Malformed { line, .. } => new(
                Code::LockMalformed,
                "restore the line from version control",
            )
            .at(Place::new(lock, *line))
            .because("lines are `version 1`, `revision <id> <checksum> <parents>`, `sealed <id>` and `accepted <id> <checksum> <reason>`"),
            Self::ConflictMarker { line } => {
                new(Code::LockMalformed, "delete the markers and keep the lines of both sides")
                    .at(Place::new(lock, *line))
                    .because("a merge was left half done; with the `.gitattributes` that `init` writes git keeps both sides by itself")
            }
            Self::Newer { .. } => new(Code::LockNewer, "update cargo-migrate and migrate-runtime")
                .at(Place::new(lock, 1))
                .because("lines that are not understood could be about sealed revisions"),
            Self::SealedGone { .. } => {
                new(Code::SealedGone, "restore its file from version control").at(Place::new(lock, 1)).because(SEALED)
            }
            Self::SealedChanged { file, .. } => {
                new(Code::SealedChanged, "undo the edit, and put the change into a new revision: `cargo migrate new`; `seal --accept` takes a reviewed one")
                    .at(Place::new(file.clone(), 1))
                    .because(SEALED)
            }
            Self::SealedTwice { .. } => {
                new(Code::SealedTwice, "keep the line that stood there when it was sealed: see the file's history")
                    .at(Place::new(lock, 1))
                    .because(SEALED)
            }
        }
    }
}

fn is_conflict(defect: &LockDefect) -> bool {
    matches!(defect, LockDefect::ConflictMarker { .. })
}

const SEALED: &str = "databases may have run it already, so it must stay what it is";

/// What the lock lacks or says of files that are otherwise now. It compiles; `check` reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stale {
    /// A revision without a line.
    Missing(String),
    /// A draft that was edited, or that has an older line beside its own.
    Changed(String),
    /// A line without a revision.
    Gone(String),
}

impl LockFile {
    /// Reads the text of a lock file.
    ///
    /// # Errors
    ///
    /// Every line that cannot be understood; of a newer version that alone.
    pub fn parse(text: &str) -> Result<Self, Vec<LockDefect>> {
        let mut lock = Self::default();
        let mut defects = Vec::new();
        for (index, line) in crate::revision::normalize(text).lines().enumerate() {
            match lock.read_line(line, index as u32 + 1) {
                Ok(()) => {}
                // One conflict has up to four markers.
                Err(LockDefect::ConflictMarker { .. }) if defects.iter().any(is_conflict) => {}
                Err(defect) => defects.push(defect),
            }
        }
        if let Some(newer) = defects.iter().find(|defect| matches!(defect, LockDefect::Newer { .. })) {
            return Err(vec![newer.clone()]);
        }
        for (id, lines) in &lock.revisions {
            if lock.sealed.contains(id) && lines.len() > 1 {
                defects.push(LockDefect::SealedTwice { id: id.clone() });
            }
        }
        if defects.is_empty() { Ok(lock) } else { Err(defects) }
    }

    fn read_line(&mut self, text: &str, line: u32) -> Result<(), LockDefect> {
        let malformed = || LockDefect::Malformed { text: text.to_owned(), line };
        if ["<<<<<<<", ">>>>>>>", "=======", "|||||||"].iter().any(|marker| text.starts_with(marker)) {
            return Err(LockDefect::ConflictMarker { line });
        }
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            [] => {}
            [first, ..] if first.starts_with('#') => {}
            ["version", version] => {
                let version = version.parse().map_err(|_| malformed())?;
                if version > VERSION {
                    return Err(LockDefect::Newer { version });
                }
            }
            ["revision", id, checksum, parents] => {
                let checksum = checksum.parse().map_err(|_| malformed())?;
                let parents = match *parents {
                    "none" => Vec::new(),
                    list => list.split(',').map(str::to_owned).collect(),
                };
                self.revisions.entry((*id).to_owned()).or_default().insert(Line { checksum, parents });
            }
            ["sealed", id] => {
                self.sealed.insert((*id).to_owned());
            }
            ["accepted", id, checksum, reason @ ..] if !reason.is_empty() => {
                let checksum = checksum.parse().map_err(|_| malformed())?;
                self.accepted.insert(Accepted { id: (*id).to_owned(), checksum, reason: reason.join(" ") });
            }
            _ => return Err(malformed()),
        }
        Ok(())
    }

    /// The text of the file: sorted, one line a fact.
    pub fn render(&self) -> String {
        let mut text = format!("version {VERSION}\n");
        for (id, lines) in &self.revisions {
            for line in lines {
                let parents = if line.parents.is_empty() { "none".to_owned() } else { line.parents.join(",") };
                text.push_str(&format!("revision {id} {} {parents}\n", line.checksum));
            }
        }
        for id in &self.sealed {
            text.push_str(&format!("sealed {id}\n"));
        }
        for Accepted { id, checksum, reason } in &self.accepted {
            text.push_str(&format!("accepted {id} {checksum} {reason}\n"));
        }
        text
    }

    /// Whether the revision is sealed.
    pub fn is_sealed(&self, id: &str) -> bool {
        self.sealed.contains(id)
    }

    /// The sealed ids, sorted.
    pub fn sealed(&self) -> impl Iterator<Item = &str> {
        self.sealed.iter().map(String::as_str)
    }

    /// Seals revisions as they are.
    pub fn seal<'r>(&mut self, revisions: impl IntoIterator<Item = &'r Revision>) {
        for revision in revisions {
            self.revisions.insert(revision.id.to_string(), BTreeSet::from([Line::of(revision)]));
            self.sealed.insert(revision.id.to_string());
        }
    }

    /// Takes a reviewed change of a sealed revision: it is sealed as it is now, and the reason is kept. White space in it
    /// becomes single spaces, so that it is one line.
    pub fn accept(&mut self, revision: &Revision, reason: &str) {
        self.seal([revision]);
        self.accepted.insert(Accepted {
            id: revision.id.to_string(),
            checksum: revision.checksum(),
            reason: reason.split_whitespace().collect::<Vec<_>>().join(" "),
        });
    }

    /// The reviewed changes of sealed revisions, sorted.
    pub fn accepted(&self) -> impl Iterator<Item = &Accepted> {
        self.accepted.iter()
    }

    /// What of the sealed revisions is gone or changed: nothing may build or be written until it is mended.
    pub fn defects(&self, revisions: &[Revision]) -> Vec<LockDefect> {
        let mut found: BTreeSet<&str> = BTreeSet::new();
        let mut defects = Vec::new();
        for revision in revisions.iter().filter(|revision| self.is_sealed(&revision.id)) {
            found.insert(&revision.id);
            let line = Line::of(revision);
            if !self.revisions.get(&*revision.id).is_some_and(|lines| lines.iter().all(|known| *known == line)) {
                defects
                    .push(LockDefect::SealedChanged { id: revision.id.to_string(), file: revision.file.to_string() });
            }
        }
        let gone = self.sealed.iter().filter(|id| !found.contains(id.as_str()));
        defects.extend(gone.map(|id| LockDefect::SealedGone { id: id.clone() }));
        defects
    }

    /// Which drafts' lines are not what their files are now.
    pub fn stale(&self, revisions: &[Revision]) -> Vec<Stale> {
        let mut stale = Vec::new();
        let mut found: BTreeSet<&str> = BTreeSet::new();
        for revision in revisions {
            found.insert(&revision.id);
            match self.revisions.get(&*revision.id) {
                _ if self.is_sealed(&revision.id) => {}
                None => stale.push(Stale::Missing(revision.id.to_string())),
                Some(lines) if *lines == BTreeSet::from([Line::of(revision)]) => {}
                Some(_) => stale.push(Stale::Changed(revision.id.to_string())),
            }
        }
        let gone = self.revisions.keys().filter(|id| !found.contains(id.as_str()) && !self.is_sealed(id));
        stale.extend(gone.map(|id| Stale::Gone(id.clone())));
        stale
    }

    /// The lock with the lines of drafts as their files are now. Lines of sealed revisions stay, and so do those of drafts of
    /// which only the header could be read.
    #[must_use]
    pub fn renewed(&self, revisions: &[Revision]) -> Self {
        let mut lines: BTreeMap<String, BTreeSet<Line>> = BTreeMap::new();
        for revision in revisions.iter().filter(|revision| !self.is_sealed(&revision.id)) {
            if !revision.sections.is_empty() {
                lines.insert(revision.id.to_string(), BTreeSet::from([Line::of(revision)]));
            }
        }
        let headers = revisions.iter().filter(|revision| revision.sections.is_empty()).map(|revision| &*revision.id);
        for id in self.sealed.iter().map(String::as_str).chain(headers) {
            if let Some(line) = self.revisions.get(id) {
                lines.insert(id.to_owned(), line.clone());
            }
        }
        Self { revisions: lines, sealed: self.sealed.clone(), accepted: self.accepted.clone() }
    }
}
