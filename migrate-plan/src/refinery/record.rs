//! The line of a description that says which migration of refinery's a revision was.

use std::fmt;

use super::{LineEnd, VersionWidth, Writing, refinery_checksum};
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::dialect::Dialect;
use crate::revision::{Content, Direction, REFINERY, Revision};

/// The option line that stands first in a section without statements.
const NOTHING: &str = "-- migrate: nothing\n";

/// How many line ends a text may have had at its end where it has another number of them now.
const EMPTY_LINES: usize = 4;

/// Which migration of refinery's a revision was, and how its text was written.
///
/// It is a line of the revision's description: `refinery: V1__initial`, and behind it, separated by commas, what its text
/// had that a revision has not: `bom`, `crlf`, `cr`, runs such as `lf 3, crlf 2`, `unterminated`; and `edited from
/// <checksum>` for each checksum of a text that was changed when it became a revision.
///
/// # Examples
///
/// ```
/// use migrate_plan::{RefineryRecord, parse_revision};
///
/// let text = "-- revision: V1\n-- parents: none\n\n-- refinery: V1__initial, crlf\n\n-- migrate: up\nSELECT 1;\n";
/// let revision = parse_revision("V1__initial.sql", text.as_bytes()).unwrap();
/// let record = RefineryRecord::of(&revision).unwrap().unwrap();
/// assert_eq!((record.version, record.name.as_str()), (1, "initial"));
/// assert_eq!(record.to_string(), "refinery: V1__initial, crlf");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefineryRecord {
    /// The file's name without its ending, such as `V1__initial`.
    pub stem: String,
    /// The version in it.
    pub version: i64,
    /// The name in it.
    pub name: String,
    /// How the text was written.
    pub writing: Writing,
    /// Checksums of the text before it was edited to become a revision.
    pub edited_from: Vec<u64>,
}

impl RefineryRecord {
    /// The record of a revision; `None` when it was no migration of refinery's.
    ///
    /// # Errors
    ///
    /// M0806 when the line cannot be read.
    pub fn of(revision: &Revision) -> Option<Result<Self, Diagnostic>> {
        let line = revision.refinery_line()?;
        Some(Self::parse(line).map_err(|problem| {
            Diagnostic::new(
                Code::ForeignRecord,
                format!("the line `{line}` of `{}` cannot be read: {problem}", revision.id),
                "write it as `cargo migrate adopt refinery` did, such as `-- refinery: V1__initial`",
            )
            .at(Place::new(revision.file.to_string(), 1))
            .because("it says which migration of refinery's the revision was, and how its text was written")
        }))
    }

    fn parse(line: &str) -> Result<Self, &'static str> {
        let mut words = line.strip_prefix(REFINERY).unwrap_or(line).split(',').map(str::trim);
        let stem = words.next().unwrap_or_default();
        let name = "it does not begin with a name such as `V1__initial`";
        let (prefix, rest) = stem.split_at_checked(1).ok_or(name)?;
        let (version, name) = rest.split_once("__").filter(|_| prefix == "V" || prefix == "U").ok_or(name)?;
        let is_name = !name.is_empty() && name.chars().all(|c| c == '_' || c.is_alphanumeric() || !c.is_ascii());
        let version = version.parse().ok().filter(|_| is_name && version.bytes().all(|b| b.is_ascii_digit()));
        let mut edited_from = Vec::new();
        let mut writing = Vec::new();
        for word in words {
            match word.strip_prefix("edited from ") {
                Some(sum) => edited_from.push(sum.parse().map_err(|_| "a checksum is a number")?),
                None => writing.push(word),
            }
        }
        Ok(Self {
            version: version.ok_or("it does not begin with a name such as `V1__initial`")?,
            name: name.to_owned(),
            writing: Writing::parse(writing.into_iter()).ok_or("it says something unknown of the text")?,
            edited_from,
            stem: stem.to_owned(),
        })
    }

    /// Whether refinery applies it in order alone: files that begin with `V`, and not with `U`.
    pub fn is_versioned(&self) -> bool {
        self.stem.starts_with('V')
    }

    /// The lines of the text that refinery ran on databases of this dialect, as they stand in the revision now.
    pub fn lines<'r>(&self, revision: &'r Revision, dialect: Dialect) -> Option<&'r str> {
        let section = revision.section(Direction::Up, dialect)?;
        match section.content {
            Content::Nothing => Some(section.body.strip_prefix(NOTHING).unwrap_or(&section.body)),
            _ => Some(&section.body),
        }
    }

    /// How the text was written where refinery read it, if this is its checksum: as here, or as a checkout elsewhere had it.
    pub(super) fn writing_of(&self, checksum: u64, name: &str, lines: &str) -> Option<Writing> {
        let mut writings = vec![self.writing.clone()];
        for terminated in [self.writing.terminated, !self.writing.terminated] {
            for (bom, end) in [(false, LineEnd::Lf), (false, LineEnd::CrLf), (true, LineEnd::Lf), (true, LineEnd::CrLf)]
            {
                writings.push(Writing::uniform(bom, end, terminated));
            }
        }
        // An empty line before the next section belongs to the text, and so do those that an editor takes from its end.
        let last = lines.trim_end_matches('\n');
        let other_ends = (1..=EMPTY_LINES).map(|count| last.to_owned() + &"\n".repeat(count));
        let texts: Vec<String> = std::iter::once(lines.to_owned()).chain(other_ends).collect();
        let has_it =
            |writing: &Writing| texts.iter().any(|lines| self.checksums(name, lines, writing).contains(&checksum));
        writings.into_iter().find(has_it)
    }

    /// The checksums that refinery may have kept of these lines, in this writing.
    pub(super) fn checksums(&self, name: &str, lines: &str, writing: &Writing) -> Vec<u64> {
        let Some(text) = writing.restore(lines) else { return Vec::new() };
        VersionWidth::ALL.iter().filter_map(|width| refinery_checksum(*width, self.version, name, &text)).collect()
    }
}

impl fmt::Display for RefineryRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{REFINERY}{}", self.stem)?;
        let writing = self.writing.to_string();
        if !writing.is_empty() {
            write!(f, ", {writing}")?;
        }
        self.edited_from.iter().try_for_each(|sum| write!(f, ", edited from {sum}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_reads_what_it_writes() {
        for line in [
            "refinery: V1__initial",
            "refinery: U0007__größe_2",
            "refinery: V20240101120000___x, bom, crlf, unterminated",
            "refinery: V2__b, lf 3, crlf 1, edited from 12, edited from 18446744073709551615",
        ] {
            assert_eq!(RefineryRecord::parse(line).map(|record| record.to_string()), Ok(line.to_owned()));
        }
    }

    #[test]
    fn a_line_that_cannot_be_read_is_refused() {
        for line in [
            "refinery: ",
            "refinery: 1__initial",
            "refinery: V__initial",
            "refinery: V+1__initial",
            "refinery: V1_initial",
            "refinery: V1__",
            "refinery: V1__a-b",
            "refinery: é1__a",
            "refinery: V99999999999999999999__a",
            "refinery: V1__a, dos",
            "refinery: V1__a, edited from x",
        ] {
            assert!(RefineryRecord::parse(line).is_err(), "{line}");
        }
    }
}
