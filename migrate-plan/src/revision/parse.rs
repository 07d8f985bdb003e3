//! The text of a revision file as a [`Revision`], or everything that is wrong with it.
//!
//! Takes bytes and the file's name; opens no file. Every problem of a file is reported, each with its line.

mod header;
mod section;

use std::borrow::Cow;

use super::{Direction, Origin, Revision, Section, Text};
use crate::Dialect;
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::statement::SplitError;
use header::Header;
use section::Sections;

/// The start of a marker line, in column 1.
const MARKER: &str = "-- migrate:";

/// One thing that is wrong with a revision file, and where.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{kind}")]
pub struct ParseError {
    /// Where in the file.
    pub place: Place,
    /// What is wrong.
    #[source]
    pub kind: ParseErrorKind,
}

/// What can be wrong with a revision file.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// The bytes are not UTF-8.
    #[error("the file is not UTF-8 text")]
    NotUtf8,
    /// The text holds a NUL character.
    #[error("the file holds a NUL character")]
    Nul,
    /// Git left conflict markers.
    #[error("the file holds a git conflict marker")]
    ConflictMarker,
    /// A required key is not in the header.
    #[error("the header has no `{0}`")]
    MissingKey(&'static str),
    /// A key that does not exist.
    #[error("unknown key `{key}` in the header")]
    UnknownKey {
        /// The key as written.
        key: String,
        /// The known key that is most like it.
        nearest: Option<&'static str>,
    },
    /// A header line without a key.
    #[error("the header line `{0}` is not `key: value`")]
    MalformedHeader(String),
    /// A key without a value.
    #[error("the header's `{0}` is empty")]
    EmptyKey(&'static str),
    /// A key for the second time.
    #[error("the header repeats `{0}`")]
    RepeatedKey(String),
    /// An id or label that cannot be used.
    #[error("`{name}` cannot be {what}: {problem}")]
    InvalidName {
        /// The id or label as written.
        name: String,
        /// What it was to be, with its article.
        what: &'static str,
        /// What is wrong with it.
        problem: super::InvalidName,
    },
    /// One list names something twice.
    #[error("`{key}` names `{name}` twice")]
    RepeatedName {
        /// The key of the list.
        key: &'static str,
        /// The repeated name.
        name: String,
    },
    /// The file name does not hold the id.
    #[error("the file name does not hold the id `{0}`")]
    NameMismatch(String),
    /// A marker that does not exist, or a line that is almost one.
    #[error("unknown marker `{marker}`")]
    UnknownMarker {
        /// The line as written.
        marker: String,
        /// What was probably meant.
        meant: Option<String>,
    },
    /// SQL before the first marker.
    #[error("text stands before the first section")]
    TextBeforeSection,
    /// Two sections for one direction and dialect.
    #[error("two sections serve {0}")]
    RepeatedSection(String),
    /// An option marker where it has no meaning.
    #[error("`-- migrate: {marker}` cannot stand here: {problem}")]
    MisplacedMarker {
        /// The word of the marker.
        marker: &'static str,
        /// Why not.
        problem: &'static str,
    },
    /// BEGIN, COMMIT, ROLLBACK and their like.
    #[error("`{0}` in a section that runs inside a transaction")]
    TransactionControl(String),
    /// BEGIN, COMMIT, ROLLBACK and their like, where every statement is recorded by itself.
    #[error("`{0}` in a section that runs statement by statement")]
    OwnTransaction(String),
    /// A statement that locks tables.
    #[error("`{0}` keeps the history from being written")]
    LocksTables(String),
    /// A statement that the database refuses inside a transaction.
    #[error("`{0}` cannot run inside a transaction")]
    OutsideTransaction(String),
    /// Text that cannot be split.
    #[error("{0}")]
    Unsplittable(SplitError),
    /// No `up` section.
    #[error("the revision has no `up` section")]
    MissingUp,
}

impl ParseErrorKind {
    /// The code, the reason and the mend.
    fn explain(&self) -> (Code, String, String) {
        let (code, why, help): (Code, &str, String) = match self {
            Self::NotUtf8 => {
                (Code::NotUtf8, "revisions are text, hashed and sent as UTF-8", "save the file as UTF-8".into())
            }
            Self::Nul => (Code::NotUtf8, "databases cannot take a NUL character in SQL", "remove the character".into()),
            Self::ConflictMarker => (
                Code::ConflictMarker,
                "a merge was left half done",
                "resolve the conflict and remove its markers".into(),
            ),
            Self::MissingKey(key @ "revision") => (
                Code::MissingKey,
                "the first comment block is the header, and the id is the header's",
                format!("begin the file with `-- {key}: <id>` and `-- parents: <id, or none>`"),
            ),
            Self::MissingKey(key) => (
                Code::MissingKey,
                "a root must say that it is one, so that a forgotten parent is not taken for a new root",
                format!("add `-- {key}: <id of the revision before it>`, or `-- {key}: none` for a root"),
            ),
            Self::UnknownKey { nearest, .. } => (
                Code::UnknownKey,
                "an unknown key would be ignored silently",
                nearest.map_or_else(
                    || {
                        format!(
                            "the known keys are {}; put other text into a second comment block",
                            header::KEYS.join(", ")
                        )
                    },
                    |key| format!("did you mean `{key}`?"),
                ),
            ),
            Self::MalformedHeader(_) => (
                Code::MalformedHeader,
                "the first comment block is the header, one `-- key: value` a line",
                "put other text into a second comment block, after an empty line".into(),
            ),
            Self::EmptyKey("parents") => (
                Code::MalformedHeader,
                "a root must say that it is one, so that a forgotten parent is not taken for a new root",
                "write the id of the revision before it, or `none` for a root".into(),
            ),
            Self::EmptyKey(_) => (
                Code::MalformedHeader,
                "it could be a value that was forgotten",
                "write the value behind the colon, or remove the line".into(),
            ),
            Self::RepeatedKey(_) => (
                Code::RepeatedKey,
                "only one of the two could count",
                "keep one line; lists are separated by commas".into(),
            ),
            Self::InvalidName { problem, .. } => (
                Code::InvalidId,
                "ids and labels are typed as targets and stored in the database",
                problem.help().into(),
            ),
            Self::RepeatedName { .. } => {
                (Code::RepeatedKey, "naming it once is enough", "remove one of the two".into())
            }
            Self::NameMismatch(id) => (
                Code::NameMismatch,
                "people look for a revision by its file name",
                format!(
                    "rename the file so that its name holds `{id}` between underscores, such as `{id}_<title>.sql`"
                ),
            ),
            Self::UnknownMarker { meant, .. } => (
                Code::UnknownMarker,
                "lines that begin with `-- migrate:` decide what runs",
                meant.clone().unwrap_or_else(|| {
                    "the markers are `up`, `down`, `no-transaction`, `nothing` and `irreversible <reason>`".into()
                }),
            ),
            Self::TextBeforeSection => (
                Code::TextBeforeSection,
                "it would belong to no direction and never run",
                "write `-- migrate: up` on the line above it".into(),
            ),
            Self::RepeatedSection(_) => {
                (Code::RepeatedSection, "only one of the two could run", "join them, or name other dialects".into())
            }
            Self::MisplacedMarker { marker: "irreversible" | "down", .. } => (
                Code::MisplacedMarker,
                "`irreversible` stands in place of a `down` section, and says why there is none",
                "write `-- migrate: irreversible <reason>` as the last line, without a `down` section, or remove it"
                    .into(),
            ),
            Self::MisplacedMarker { .. } => (
                Code::MisplacedMarker,
                "a marker counts for its whole section",
                "put it directly below the section's own marker, or remove it".into(),
            ),
            Self::TransactionControl(_) => (
                Code::TransactionControl,
                "the revision and its history row are one transaction; ending it inside would commit half of them",
                "remove the statement: BEGIN and COMMIT are sent around the section anyway".into(),
            ),
            Self::OwnTransaction(_) => (
                Code::TransactionControl,
                "each statement is recorded when it has run, and what is still open then could be lost",
                "remove the statement; put what belongs together into a revision without `no-transaction`".into(),
            ),
            Self::LocksTables(_) => (
                Code::TransactionControl,
                "each statement is recorded when it has run, and the session may write no table but the locked ones",
                "remove the statement: one process migrates at a time anyway".into(),
            ),
            Self::OutsideTransaction(statement) if statement.starts_with("PRAGMA") => (
                Code::OutsideTransaction,
                "SQLite ignores this pragma inside a transaction, and each section runs in one",
                "remove it; a revision that drops a table runs with foreign keys off anyway, and they are checked \
                 before it is committed"
                    .into(),
            ),
            Self::OutsideTransaction(_) => (
                Code::OutsideTransaction,
                "each section runs inside one transaction",
                "write `-- migrate: no-transaction` below the section's marker; best in a revision of its own, since \
                 its statements then run one by one"
                    .into(),
            ),
            Self::Unsplittable(error) => {
                return (Code::Unsplittable, error.why().to_string(), error.help().to_string());
            }
            Self::MissingUp => (
                Code::MissingUp,
                "a revision that does nothing must say so",
                "add `-- migrate: up`, with SQL or with the line `-- migrate: nothing` below it".into(),
            ),
        };
        (code, why.to_owned(), help)
    }
}

impl From<&ParseError> for Diagnostic {
    fn from(error: &ParseError) -> Self {
        let (code, why, help) = error.kind.explain();
        Diagnostic::new(code, error.kind.to_string(), help).at(error.place.clone()).because(why)
    }
}

/// Brings text into the form that is hashed, embedded and run: LF line ends, no byte order mark.
pub fn normalize(text: &str) -> Cow<'_, str> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if memchr::memchr(b'\r', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
}

/// Reads one SQL revision.
///
/// `file` is the path as the user knows it; its stem must hold the id.
///
/// # Errors
///
/// Every problem of the file, in file order.
///
/// # Examples
///
/// ```
/// use migrate_plan::{Direction, Dialect, parse_revision};
///
/// let text = b"-- revision: 001\n-- parents: none\n\n-- migrate: up\nCREATE TABLE t (x int);\n";
/// let revision = parse_revision("migrations/001_initial_schema.sql", text).unwrap();
/// assert_eq!(revision.id, "001");
/// assert_eq!(revision.title, "initial schema");
/// assert!(revision.section(Direction::Up, Dialect::Sqlite).is_some());
/// assert!(revision.section(Direction::Down, Dialect::Sqlite).is_none());
/// ```
pub fn parse_revision(file: &str, bytes: &[u8]) -> Result<Revision, Vec<ParseError>> {
    let text = text_of(file, bytes)?;
    let mut problems = Problems { file, found: Vec::new() };
    let mut lines = Lines { rest: &text, number: 0 };
    refuse_foreign_text(&text, &mut problems);
    if !problems.found.is_empty() {
        return Err(problems.found);
    }
    let header = Header::read(&mut lines, &mut problems);
    let sections = Sections::read(&mut lines, &mut problems);
    refuse_missing_up(&header, &sections, &mut problems);
    let revision = assemble(file, header, sections, &mut problems);
    match revision {
        Some(revision) if problems.found.is_empty() => Ok(revision),
        _ => {
            problems.found.sort_by_key(|problem| (problem.place.line, problem.place.column));
            Err(problems.found)
        }
    }
}

/// Reads the header of a revision and nothing below it: a revision without sections, for what needs its place in the graph
/// alone.
///
/// # Errors
///
/// Every problem of the header, and of the file's name.
///
/// # Examples
///
/// ```
/// use migrate_plan::{parse_header, parse_revision};
///
/// let text = b"-- revision: 001\n-- parents: none\n\n-- migrate: up\nSELECT 'not closed;\n";
/// assert!(parse_revision("001.sql", text).is_err());
/// assert_eq!(parse_header("001.sql", text).unwrap().id, "001");
/// ```
pub fn parse_header(file: &str, bytes: &[u8]) -> Result<Revision, Vec<ParseError>> {
    let end = memchr::memmem::find(bytes, format!("\n{MARKER}").as_bytes()).unwrap_or(bytes.len());
    let text = text_of(file, &bytes[..end])?;
    let mut problems = Problems { file, found: Vec::new() };
    refuse_foreign_text(&text, &mut problems);
    let header = Header::read(&mut Lines { rest: &text, number: 0 }, &mut problems);
    match assemble(file, header, Sections::default(), &mut problems) {
        Some(revision) if problems.found.is_empty() => Ok(revision),
        _ => Err(problems.found),
    }
}

fn text_of<'b>(file: &str, bytes: &'b [u8]) -> Result<Cow<'b, str>, Vec<ParseError>> {
    std::str::from_utf8(bytes).map(normalize).map_err(|error| {
        let line = memchr::memchr_iter(b'\n', &bytes[..error.valid_up_to()]).count() as u32 + 1;
        vec![ParseError { place: Place::new(file, line), kind: ParseErrorKind::NotUtf8 }]
    })
}

/// Reads a section that [`Section::to_stored`] wrote into a history.
///
/// # Errors
///
/// Every problem of the text; its lines are counted from the marker.
pub fn parse_stored_section(revision: &str, text: &str) -> Result<Section, Vec<ParseError>> {
    let file = format!("history of {revision}");
    let mut problems = Problems { file: &file, found: Vec::new() };
    let mut sections = Sections::read(&mut Lines { rest: text, number: 0 }, &mut problems);
    match sections.list.pop() {
        Some(section) if problems.found.is_empty() => Ok(section),
        _ if problems.found.is_empty() => {
            problems.add(1, ParseErrorKind::TextBeforeSection);
            Err(problems.found)
        }
        _ => Err(problems.found),
    }
}

/// NUL characters and conflict markers make everything else that could be said about the text worthless.
fn refuse_foreign_text(text: &str, problems: &mut Problems<'_>) {
    let line_of = |offset: usize| memchr::memchr_iter(b'\n', &text.as_bytes()[..offset]).count() as u32 + 1;
    if let Some(offset) = memchr::memchr(0, text.as_bytes()) {
        problems.add(line_of(offset), ParseErrorKind::Nul);
    }
    // Building the searches costs more than this glance, which mostly is enough.
    if memchr::memchr2(b'<', b'>', text.as_bytes()).is_none() {
        return;
    }
    for marker in ["<<<<<<< ", ">>>>>>> "] {
        let found = memchr::memmem::find_iter(text.as_bytes(), marker)
            .find(|offset| *offset == 0 || text.as_bytes()[offset - 1] == b'\n');
        if let Some(offset) = found {
            problems.add(line_of(offset), ParseErrorKind::ConflictMarker);
            return;
        }
    }
}

fn refuse_missing_up(header: &Header, sections: &Sections, problems: &mut Problems<'_>) {
    // An unknown marker may be what the section was meant to begin with.
    let misspelt = problems.found.iter().any(|problem| matches!(problem.kind, ParseErrorKind::UnknownMarker { .. }));
    if !misspelt && !sections.list.iter().any(|section| section.direction == Direction::Up) {
        problems.add(header.first_line, ParseErrorKind::MissingUp);
    }
}

fn assemble(file: &str, header: Header, sections: Sections, problems: &mut Problems<'_>) -> Option<Revision> {
    let id = header.id?;
    let stem = stem(file);
    let slug = slug_after(stem, &id);
    if slug.is_none() {
        problems.add(header.id_line, ParseErrorKind::NameMismatch(id.clone()));
    }
    // A file's name may hold line ends; a title is one line, in the file that it may be written to as well.
    let words = |slug: &str| slug.replace(|c: char| c == '_' || c.is_control(), " ");
    let title = header.title.unwrap_or_else(|| match slug.map(words) {
        Some(slug) if !slug.trim().is_empty() => slug.trim().to_owned(),
        _ => id.clone(),
    });
    Some(Revision {
        id: id.into(),
        parents: texts(header.parents?),
        depends_on: texts(header.depends_on),
        labels: texts(header.labels),
        title: title.into(),
        created: header.created.map(Text::from),
        description: sections.description.map(Text::from),
        irreversible: sections.irreversible.map(Text::from),
        sections: sections.list.into(),
        file: file.to_owned().into(),
        groups: Vec::new().into(),
        origin: Origin::File,
    })
}

fn texts(names: Vec<String>) -> super::Names {
    names.into_iter().map(Text::from).collect::<Vec<_>>().into()
}

fn stem(file: &str) -> &str {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// What follows the id in a file's stem; the id must stand whole between underscores.
fn slug_after<'a>(stem: &'a str, id: &str) -> Option<&'a str> {
    let starts = std::iter::once(0).chain(stem.match_indices('_').map(|(at, _)| at + 1));
    starts
        .filter_map(|at| stem[at..].strip_prefix(id))
        .find_map(|after| (after.is_empty() || after.starts_with('_')).then(|| after.trim_start_matches('_')))
}

/// The problems of one file so far.
struct Problems<'a> {
    file: &'a str,
    found: Vec<ParseError>,
}

impl Problems<'_> {
    fn add(&mut self, line: u32, kind: ParseErrorKind) {
        self.found.push(ParseError { place: Place::new(self.file, line), kind });
    }

    fn add_at(&mut self, (line, column): (u32, u32), kind: ParseErrorKind) {
        let place = Place { column: Some(column), ..Place::new(self.file, line) };
        self.found.push(ParseError { place, kind });
    }
}

/// The text line by line, with what is left of it.
struct Lines<'a> {
    rest: &'a str,
    /// The number of the line that was read last.
    number: u32,
}

impl<'a> Lines<'a> {
    fn peek(&self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        let end = memchr::memchr(b'\n', self.rest.as_bytes()).unwrap_or(self.rest.len());
        Some(&self.rest[..end])
    }

    fn next(&mut self) -> Option<&'a str> {
        let line = self.peek()?;
        self.rest = self.rest.get(line.len() + 1..).unwrap_or("");
        self.number += 1;
        Some(line)
    }
}

/// Whether a line is nearly a marker: indented, with other blanks or capitals, or without the colon before what only a marker
/// says, since `-- migrate the users` is a comment and `-- migrate down` is none.
fn is_almost_marker(line: &str) -> bool {
    let Some(comment) = line.trim_start().strip_prefix("--").filter(|_| !line.starts_with(MARKER)) else {
        return false;
    };
    let comment = comment.trim_start();
    let end = comment.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(comment.len());
    let (word, rest) = comment.split_at(end);
    let is = |name: &str| word.eq_ignore_ascii_case(name);
    match rest.trim_start().strip_prefix(':') {
        Some(_) if is("migrate") => true,
        after => (is("migrate") || is("migration")) && says_what_a_marker_says(after.unwrap_or(rest)),
    }
}

/// Whether a text is `up` or `down`, for all dialects or for some, or another word of a marker, and nothing else.
fn says_what_a_marker_says(text: &str) -> bool {
    let mut words = text.split_whitespace().map(str::to_ascii_lowercase);
    match words.next().as_deref() {
        Some("up" | "down") => words.all(|word| word.parse::<Dialect>().is_ok()),
        Some("nothing" | "no-transaction" | "irreversible") => words.next().is_none(),
        _ => false,
    }
}
