//! What every stage says when it refuses: a stable code, what, where, why, and how to mend.
//!
//! Each stage has its own error enum; this is the one shape that they all turn into for a person to read. It knows
//! neither colours nor streams.

use std::fmt;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $summary:literal;)*) => {
        /// A stable error code. Codes are never reused: scripts may match on them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = $summary] $name,)*
        }

        impl Code {
            /// Every code, in the order of the catalogue.
            pub const ALL: &'static [Code] = &[$(Code::$name,)*];

            /// The code as printed, such as `M0101`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$name => $code,)* }
            }

            /// What the code stands for, in one line.
            pub const fn summary(self) -> &'static str {
                match self { $(Code::$name => $summary,)* }
            }
        }
    };
}

codes! {
    NotUtf8 = "M0001", "a revision file is not UTF-8 text";
    ConflictMarker = "M0002", "a file holds git conflict markers";
    MissingKey = "M0003", "a header lacks a required key";
    UnknownKey = "M0004", "a header has an unknown key";
    MalformedHeader = "M0005", "a header line is not `key: value`";
    RepeatedKey = "M0006", "a header repeats a key";
    InvalidId = "M0007", "an id or label is not usable";
    NameMismatch = "M0008", "a file name contradicts the id in its header";
    UnknownMarker = "M0009", "an unknown `-- migrate:` line";
    TextBeforeSection = "M0010", "SQL stands before the first section";
    RepeatedSection = "M0011", "two sections serve one direction and dialect";
    MisplacedMarker = "M0012", "a `-- migrate:` line stands where it cannot";
    TransactionControl = "M0013", "a statement that would break the transaction or journal of its revision";
    OutsideTransaction = "M0014", "a statement that cannot run inside a transaction";
    Unsplittable = "M0015", "SQL that cannot be split into statements";
    MissingUp = "M0016", "a revision has no `up` section";
    StrayFile = "M0017", "a file in the folder is not a revision";
    UnreadableFile = "M0018", "a file or folder cannot be read";
    RustRevision = "M0019", "Rust revisions are not supported yet";
    MissingFolder = "M0020", "the migrations folder does not exist";
    DuplicateId = "M0101", "two revisions have one id";
    UnknownParent = "M0102", "a parent or dependency is not there";
    SeveralHeads = "M0103", "one head is needed and there are several";
    Cycle = "M0104", "revisions form a cycle";
    SelfLoop = "M0105", "a revision names itself";
    LabelConflict = "M0106", "a label is used twice or equals an id";
    CaseConflict = "M0107", "ids differ only in case";
    MalformedTarget = "M0201", "a target is not well formed";
    UnknownTarget = "M0202", "a target names nothing";
    AmbiguousPrefix = "M0203", "a prefix fits several revisions";
    NotOnBranch = "M0204", "a revision is not on the named branch";
    AmbiguousWalk = "M0205", "a relative target forks";
    WalkTooLong = "M0206", "a relative target leaves the graph";
    OverlappingTargets = "M0207", "one target is an ancestor of another";
    NotApplied = "M0208", "a downgrade target is not below an applied head";
    TargetNotAllowed = "M0209", "a target has no meaning for this verb";
    Unwritten = "M0210", "a section that would run is not written";
    NoSectionForDialect = "M0211", "a revision has no section for this database";
    Irreversible = "M0212", "a revision cannot be undone";
    InsertedBehind = "M0214", "a pending revision stands behind an applied one";
    Drift = "M0215", "an applied revision was edited";
    DatabaseAhead = "M0216", "the database knows revisions that are not here";
    NotADraft = "M0217", "only a draft can be rewritten";
    PointlessMerge = "M0218", "these revisions cannot be merged";
    DependsElsewhere = "M0219", "a revision depends on one of a crate or folder that is not here";
    LockMalformed = "M0301", "`migrate.lock` is malformed";
    LockNewer = "M0302", "`migrate.lock` was written by a newer version";
    SealedGone = "M0303", "a sealed revision is gone";
    SealedChanged = "M0304", "a sealed revision was changed";
    SealedTwice = "M0305", "`migrate.lock` holds two lines for a sealed revision";
    LockStale = "M0306", "`migrate.lock` does not match the files";
    StatementFailed = "M0401", "a statement failed";
    InTransaction = "M0402", "the connection is inside a transaction";
    TransactionEnded = "M0403", "a revision ended its own transaction";
    HistoryNewer = "M0404", "the history was written by a newer version";
    HistoryMalformed = "M0405", "the history table cannot be used";
    HistoryChanged = "M0406", "the history changed during the run";
    LockTimeout = "M0407", "another process is migrating";
    PoolerDetected = "M0408", "a session lock does not hold on this connection";
    ReadOnly = "M0409", "the right to read or write the database is missing";
    ForeignKeys = "M0410", "a revision left broken foreign keys";
    NotReady = "M0411", "a blocking connection was not ready";
    OutcomeUnknown = "M0412", "the connection broke while a revision was committed";
    Refused = "M0413", "the database refused a query";
    Interrupted = "M0414", "an interrupted statement needs a person to look at it";
    JournalEdited = "M0415", "a statement that has run was edited";
    CannotFinish = "M0416", "an interrupted revision cannot be finished here";
    Blocked = "M0417", "other sessions kept locked what a revision needs";
    LeaseLost = "M0418", "another process has taken over the lease";
    NotOneTransaction = "M0419", "revisions cannot run in a single transaction";
    Stopped = "M0420", "the run was stopped";
    Unreachable = "M0501", "the database cannot be reached";
    WrongCredentials = "M0502", "the database refused the credentials";
    MissingDatabase = "M0503", "the database does not exist";
    InvalidUrl = "M0504", "a database URL is not usable";
    MissingUrl = "M0505", "no database URL was given";
    DriverNotBuilt = "M0506", "a driver is not part of this build";
    TlsRefused = "M0507", "TLS cannot be had as it is asked for";
    NoProject = "M0601", "no project was found";
    InvalidConfig = "M0602", "the configuration is not usable";
    FilesLocked = "M0603", "`--locked` forbids writing files";
    WriteFailed = "M0604", "a file cannot be written";
    GitFailed = "M0605", "git cannot answer";
    AlreadyThere = "M0606", "a file is already there";
    Usage = "M0607", "the command line is not usable";
    CommandFailed = "M0608", "a command of the user's failed";
    UnknownEnvironment = "M0701", "no environment has this name";
    SharedDatabase = "M0702", "two environments lead to one database";
    NotConfirmed = "M0703", "a change was not confirmed";
    NotHere = "M0704", "a revision that is not here would have to be applied";
    Protected = "M0705", "a protected database cannot be dropped";
    InUse = "M0706", "others use the database";
    BackupFailed = "M0707", "there is no backup, so nothing was written";
    UnknownDatabase = "M0708", "no database has this name";
    ForeignRow = "M0801", "a row of another tool's table cannot be read";
    ForeignUnknown = "M0802", "another tool has applied a migration that is not here";
    ForeignMismatch = "M0803", "a migration is not what another tool has applied";
    ForeignGap = "M0804", "another tool has passed a migration over";
    ForeignFile = "M0805", "a file of another tool's cannot become a revision";
    ForeignRecord = "M0806", "what a revision says of another tool cannot be used";
    AlreadyManaged = "M0807", "the database has a history of its own already";
    ForeignWentOn = "M0808", "another tool went on after it was taken over";
    NotTakenOver = "M0809", "the database is another tool's, and is not taken over yet";
    NoScratch = "M0901", "no scratch database can be had";
    VerifyFailed = "M0902", "a revision failed while it was verified";
    SchemaDrift = "M0903", "the schema is not what the applied revisions make";
    NotUndone = "M0904", "a `down` does not undo its `up`";
    NotComparable = "M0905", "two schemas cannot be compared";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A place in a file: line and column count from 1, the column in characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The file as the user knows it.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1, where it is known.
    pub column: Option<u32>,
}

impl Place {
    /// Makes a place from a file and a line.
    pub fn new(file: impl Into<String>, line: u32) -> Self {
        Self { file: file.into(), line, column: None }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)?;
        match self.column {
            Some(column) => write!(f, ":{column}"),
            None => Ok(()),
        }
    }
}

/// A refusal, ready to be read: what, where, why and how to mend.
///
/// # Examples
///
/// ```
/// use migrate_plan::{Code, Diagnostic, Place};
///
/// let refusal = Diagnostic::new(Code::DuplicateId, "two revisions have the id `aaa`", "give one of them a fresh id")
///     .at(Place::new("migrations/002_aaa.sql", 1))
///     .because("a database records a revision by its id");
/// assert_eq!(
///     refusal.to_string(),
///     "error[M0101]: two revisions have the id `aaa`\n  --> migrations/002_aaa.sql:1\n  why: \
///      a database records a revision by its id\n help: give one of them a fresh id",
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The stable code.
    pub code: Code,
    /// What is wrong, as a lowercase fragment.
    pub message: String,
    /// Where it is wrong, if it has a place.
    pub place: Option<Place>,
    /// Further places that belong to it.
    pub also: Vec<Place>,
    /// Why it is refused.
    pub why: Option<String>,
    /// What a database, file or server said or is in now, one line each.
    pub notes: Vec<String>,
    /// How to mend it.
    pub help: String,
}

impl Diagnostic {
    /// Makes a diagnostic from its code, what is wrong, and how to mend it.
    pub fn new(code: Code, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            place: None,
            also: Vec::new(),
            why: None,
            notes: Vec::new(),
            help: help.into(),
        }
    }

    /// Adds the place.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// Adds a further place.
    #[must_use]
    pub fn also(mut self, place: Place) -> Self {
        self.also.push(place);
        self
    }

    /// Adds the reason.
    #[must_use]
    pub fn because(mut self, why: impl Into<String>) -> Self {
        self.why = Some(why.into());
        self
    }

    /// Adds a note: the server's words, or the state that the database is in now.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// The labelled lines below the headline, in the order in which they are printed.
    pub fn details(&self) -> impl Iterator<Item = (&'static str, String)> + '_ {
        let also = self.also.iter().map(|place| ("also", place.to_string()));
        let why = self.why.iter().map(|why| ("why", why.clone()));
        let notes = self.notes.iter().map(|note| ("note", note.clone()));
        also.chain(why).chain(notes).chain(std::iter::once(("help", self.help.clone())))
    }

    /// The text for `compile_error!`: the place leads, since rustc's own span can only point at the macro. rustc indents the
    /// further lines by the width of `error: `.
    pub fn compile_error(&self) -> String {
        let place = self.place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
        let mut text = format!("{place}{} [{}]", self.message, self.code);
        for (label, detail) in self.details() {
            text.push_str(&format!("\n  {label}: {}", indent(&detail, 8)));
        }
        text
    }
}

/// Indents every line after the first, so that a detail of several lines stays under its label.
fn indent(text: &str, width: usize) -> String {
    text.replace('\n', &format!("\n{:width$}", ""))
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error[{}]: {}", self.code, self.message)?;
        if let Some(place) = &self.place {
            write!(f, "\n  --> {place}")?;
        }
        for (label, detail) in self.details() {
            write!(f, "\n{label:>5}: {}", indent(&detail, 7))?;
        }
        Ok(())
    }
}

/// Finds the candidate that is most like `word`, for "did you mean" lines.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(2);
    candidates
        .into_iter()
        .map(|candidate| (distance(word, candidate, limit), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The edit distance, or `limit + 1` as soon as it is known to be larger.
fn distance(a: &str, b: &str, limit: usize) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.to_lowercase().chars().collect(), b.to_lowercase().chars().collect());
    if a.len().abs_diff(b.len()) > limit {
        return limit + 1;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_sorted() {
        let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        let mut sorted = codes.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(codes, sorted);
    }

    #[test]
    fn nearest_finds_a_typo_and_leaves_strangers_alone() {
        assert_eq!(nearest("parent", ["parents", "revision"]), Some("parents"));
        assert_eq!(nearest("Depend-on", ["depends-on", "labels"]), Some("depends-on"));
        assert_eq!(nearest("colour", ["parents", "revision"]), None);
    }
}
