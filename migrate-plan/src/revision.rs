//! One revision: its place in the graph and the SQL of its sections.
//!
//! Everything is a `Cow<'static, …>`, so that a revision embedded in a binary, read from a folder or taken from a
//! database's history is one type, and the embedded one costs nothing at start-up.

mod id;
mod parse;
mod render;

use std::borrow::Cow;

pub use id::{InvalidName, validate_dependency, validate_id, validate_label};
pub use parse::{ParseError, ParseErrorKind, normalize, parse_header, parse_revision, parse_stored_section};
pub use render::{FileName, render_revision, slug};

use crate::checksum::{Checksum, ChecksumBuilder};
use crate::dialect::Dialect;
use crate::statement::{SplitError, Statement, split_statements};

/// How the line of a description begins that says which migration of refinery's the revision was.
pub(crate) const REFINERY: &str = "refinery: ";

/// The table in which refinery keeps what it has applied, unless it is told otherwise.
pub const REFINERY_TABLE: &str = "refinery_schema_history";

/// Text that is either embedded in the binary or owned.
pub type Text = Cow<'static, str>;

/// A list of names: parents, dependencies or labels.
pub type Names = Cow<'static, [Text]>;

/// Which way a section or a step goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Direction {
    /// Applies the revision.
    Up,
    /// Undoes it.
    Down,
}

impl Direction {
    /// `up` or `down`, as in section markers and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

impl std::fmt::Display for Direction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a section holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Content {
    /// Statements to run.
    Statements,
    /// A deliberate no-op: the line `-- migrate: nothing`.
    Nothing,
    /// No statement yet. `new` leaves sections so; running one is refused.
    Unwritten,
}

/// Whether a section's statements run inside one transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TransactionMode {
    /// All statements and the history row in one transaction. The default.
    Transactional,
    /// One by one, outside a transaction: the line `-- migrate: no-transaction`.
    NoTransaction,
}

/// The SQL of one direction, for some dialects or for the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Up or down.
    pub direction: Direction,
    /// The dialects that the marker names; empty for a section that serves the rest.
    pub dialects: Cow<'static, [Dialect]>,
    /// Inside a transaction or not.
    pub transaction: TransactionMode,
    /// Statements, a deliberate no-op, or nothing yet.
    pub content: Content,
    /// All text from the marker to the next one, byte for byte, with LF line ends.
    pub body: Text,
    /// The line of the marker in the file, from 1; the body starts on the next.
    pub line: u32,
    /// The semantic checksum of the body.
    pub checksum: Checksum,
}

impl Section {
    /// Splits the body into statements as `dialect` reads it.
    ///
    /// # Errors
    ///
    /// [`SplitError`] for text that does not end as a statement can, such as an open quote.
    pub fn statements(&self, dialect: Dialect) -> Result<Vec<Statement<'_>>, SplitError> {
        let mut statements = split_statements(&self.body, dialect)?;
        statements.retain(|statement| !statement.is_empty());
        Ok(statements)
    }

    /// The line and the column (in characters), from 1, of a byte offset in the body.
    pub fn line_and_column(&self, offset: usize) -> (u32, u32) {
        let before = self.body.get(..offset).unwrap_or(&self.body);
        let line = memchr::memchr_iter(b'\n', before.as_bytes()).count() as u32;
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (self.line + 1 + line, before[start..].chars().count() as u32 + 1)
    }
}

/// Where a revision comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// A revision file, embedded or read.
    File,
    /// A database's history: its file is not known here.
    History,
}

/// One revision: a node of the graph and what runs at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// The id, unique in the graph.
    pub id: Text,
    /// The revisions that it follows; none for a root, several for a merge.
    pub parents: Names,
    /// Revisions that must be applied before it without being its parents: ids or labels, and `group@` before them when
    /// they are of that group.
    pub depends_on: Names,
    /// Branch labels that it carries.
    pub labels: Names,
    /// One line for people.
    pub title: Text,
    /// When it was made, as written in the file.
    pub created: Option<Text>,
    /// The text of the comment blocks between header and first section.
    pub description: Option<Text>,
    /// The reason given by `-- migrate: irreversible <reason>`.
    pub irreversible: Option<Text>,
    /// The sections in file order.
    pub sections: Cow<'static, [Section]>,
    /// The file, as the user knows it.
    pub file: Text,
    /// The folder and the crate that it comes from, where there are several of them. A group's name stands for its first
    /// revision, as a label does.
    pub groups: Names,
    /// File or history.
    pub origin: Origin,
}

impl Revision {
    /// The section that serves `dialect`.
    ///
    /// A section that names the dialect wins; `mysql` serves MariaDB unless a `mariadb` section stands beside it; a
    /// section without dialects serves the rest.
    pub fn section(&self, direction: Direction, dialect: Dialect) -> Option<&Section> {
        let naming =
            |wanted: Dialect| self.sections.iter().find(|s| s.direction == direction && s.dialects.contains(&wanted));
        let relative = || if dialect == Dialect::MariaDb { naming(Dialect::MySql) } else { None };
        naming(dialect)
            .or_else(relative)
            .or_else(|| self.sections.iter().find(|s| s.direction == direction && s.dialects.is_empty()))
    }

    /// Whether any section has this direction.
    pub fn has(&self, direction: Direction) -> bool {
        self.sections.iter().any(|section| section.direction == direction)
    }

    /// The line of its description that says which migration of refinery's it was.
    pub fn refinery_line(&self) -> Option<&str> {
        self.description.as_deref()?.lines().find(|line| line.starts_with(REFINERY))
    }

    /// The checksum of everything that decides what this revision does and where it stands: parents, dependencies,
    /// labels and every section. The order of lists and sections, title, description and comments do not count.
    pub fn checksum(&self) -> Checksum {
        let mut sum = ChecksumBuilder::new("revision");
        for (name, values) in [("parent", &self.parents), ("depends-on", &self.depends_on), ("label", &self.labels)] {
            let mut values: Vec<&str> = values.iter().map(|value| &**value).collect();
            values.sort_unstable();
            for value in values {
                sum = sum.field(name, value.as_bytes());
            }
        }
        let mut sections: Vec<&Section> = self.sections.iter().collect();
        sections.sort_by_key(|section| (section.direction, sorted(&section.dialects)));
        for section in sections {
            sum = sum.field("direction", section.direction.as_str().as_bytes());
            for dialect in sorted(&section.dialects) {
                sum = sum.field("dialect", dialect.name().as_bytes());
            }
            if section.transaction == TransactionMode::NoTransaction {
                sum = sum.field("option", b"no-transaction");
            }
            sum = sum.field("section", section.checksum.as_bytes());
        }
        if let Some(reason) = &self.irreversible {
            sum = sum.field("irreversible", reason.as_bytes());
        }
        sum.finish()
    }
}

fn sorted(dialects: &[Dialect]) -> Vec<Dialect> {
    let mut dialects = dialects.to_vec();
    dialects.sort_unstable();
    dialects
}
