//! The sections: what stands between marker lines, for which direction and dialects.

use std::borrow::Cow;

use super::{Lines, MARKER, ParseErrorKind, Problems, is_almost_marker};
use crate::checksum::section_checksum;
use crate::diagnostic::nearest;
use crate::dialect::Dialect;
use crate::revision::{Content, Direction, Section, TransactionMode};
use crate::statement::{Statement, StatementClass, split_statements};

/// Everything after the header.
#[derive(Default)]
pub(super) struct Sections {
    pub(super) description: Option<String>,
    pub(super) irreversible: Option<String>,
    pub(super) list: Vec<Section>,
}

impl Sections {
    pub(super) fn read(lines: &mut Lines<'_>, problems: &mut Problems<'_>) -> Self {
        let mut sections = Self { description: read_description(lines, problems), ..Self::default() };
        while let Some(marker) = lines.next() {
            let line = lines.number;
            let words: Vec<&str> = marker[MARKER.len()..].split_whitespace().collect();
            match words.split_first() {
                Some((&"up", dialects)) => sections.open(Direction::Up, dialects, marker, line, lines, problems),
                Some((&"down", dialects)) => sections.open(Direction::Down, dialects, marker, line, lines, problems),
                Some((&"irreversible", _)) => sections.irreversible(marker, line, lines, problems),
                Some((option @ (&"nothing" | &"no-transaction"), [])) => {
                    let marker = if **option == *"nothing" { "nothing" } else { "no-transaction" };
                    let problem = "it belongs into a section";
                    problems.add(line, ParseErrorKind::MisplacedMarker { marker, problem });
                    take_body(lines, problems);
                }
                other => {
                    problems.add(line, unknown_marker(marker, other.map(|(word, _)| *word)));
                    take_body(lines, problems);
                }
            }
        }
        sections
    }

    fn open(
        &mut self,
        direction: Direction,
        names: &[&str],
        marker: &str,
        line: u32,
        lines: &mut Lines<'_>,
        problems: &mut Problems<'_>,
    ) {
        let dialects = read_dialects(direction, names, marker, line, problems);
        let (body, options) = take_body(lines, problems);
        let mut section = Section {
            direction,
            transaction: TransactionMode::Transactional,
            content: Content::Unwritten,
            line,
            checksum: section_checksum(body, &dialects),
            dialects: dialects.into(),
            body: Cow::Owned(body.to_owned()),
        };
        if direction == Direction::Down && self.irreversible.is_some() {
            let problem = "the revision is irreversible";
            problems.add(line, ParseErrorKind::MisplacedMarker { marker: "down", problem });
        } else if self.clashes(&section) {
            problems.add(line, ParseErrorKind::RepeatedSection(serves(&section)));
        }
        judge(&mut section, &options, problems);
        self.list.push(section);
    }

    fn clashes(&self, section: &Section) -> bool {
        self.list.iter().filter(|other| other.direction == section.direction).any(|other| {
            let both_serve_the_rest = other.dialects.is_empty() && section.dialects.is_empty();
            both_serve_the_rest || other.dialects.iter().any(|dialect| section.dialects.contains(dialect))
        })
    }

    fn irreversible(&mut self, marker: &str, line: u32, lines: &mut Lines<'_>, problems: &mut Problems<'_>) {
        let reason = marker[MARKER.len()..].trim_start().trim_start_matches("irreversible").trim();
        let (body, options) = take_body(lines, problems);
        let problem = if reason.is_empty() {
            Some("it needs a reason on the same line")
        } else if self.irreversible.is_some() || self.list.iter().any(|s| s.direction == Direction::Down) {
            Some("the revision has a `down` already")
        } else if !is_trivia(body) || !options.is_empty() {
            Some("text follows that would never run")
        } else {
            None
        };
        if let Some(problem) = problem {
            problems.add(line, ParseErrorKind::MisplacedMarker { marker: "irreversible", problem });
        }
        self.irreversible = Some(reason.to_owned());
    }
}

/// The comment blocks between header and first marker, as text.
fn read_description(lines: &mut Lines<'_>, problems: &mut Problems<'_>) -> Option<String> {
    let mut text: Vec<&str> = Vec::new();
    let mut refused = false;
    while let Some(line) = lines.peek().filter(|line| !line.starts_with(MARKER)) {
        lines.next();
        if is_almost_marker(line) {
            problems.add(lines.number, unknown_marker(line, None));
        } else if let Some(comment) = line.strip_prefix("--") {
            text.push(comment.strip_prefix(' ').unwrap_or(comment).trim_end());
        } else if line.trim().is_empty() {
            text.push("");
        } else if !std::mem::replace(&mut refused, true) {
            problems.add(lines.number, ParseErrorKind::TextBeforeSection);
        }
    }
    let first = text.iter().position(|line| !line.is_empty())?;
    let last = text.iter().rposition(|line| !line.is_empty())?;
    Some(text[first..=last].join("\n"))
}

/// An option line of a section, its line number, and its byte offset in the body.
type Options = Vec<(&'static str, u32, usize)>;

/// Takes everything up to the next section's marker. Option lines belong to the body.
fn take_body<'a>(lines: &mut Lines<'a>, problems: &mut Problems<'_>) -> (&'a str, Options) {
    let start = lines.rest;
    let mut options = Options::new();
    while let Some(line) = lines.peek() {
        let offset = start.len() - lines.rest.len();
        if let Some(marker) = line.strip_prefix(MARKER) {
            match marker.trim() {
                "nothing" => options.push(("nothing", lines.number + 1, offset)),
                "no-transaction" => options.push(("no-transaction", lines.number + 1, offset)),
                _ => break,
            }
        } else if is_almost_marker(line) {
            problems.add(lines.number + 1, unknown_marker(line, None));
        }
        lines.next();
    }
    (&start[..start.len() - lines.rest.len()], options)
}

fn read_dialects(
    direction: Direction,
    names: &[&str],
    marker: &str,
    line: u32,
    problems: &mut Problems<'_>,
) -> Vec<Dialect> {
    let mut dialects = Vec::new();
    for name in names {
        match name.parse::<Dialect>() {
            Ok(dialect) if dialects.contains(&dialect) => {
                problems.add(line, ParseErrorKind::RepeatedName { key: direction.as_str(), name: (*name).to_owned() });
            }
            Ok(dialect) => dialects.push(dialect),
            Err(_) => {
                let known = Dialect::ALL.map(Dialect::name);
                let elsewhere = [("postgresql", "postgres"), ("pg", "postgres"), ("sqlite3", "sqlite")];
                let meant = elsewhere
                    .iter()
                    .find(|(theirs, _)| theirs == name)
                    .map(|(_, ours)| *ours)
                    .or_else(|| nearest(name, known))
                    .map_or_else(
                        || format!("the dialects are {}", known.join(", ")),
                        |d| format!("did you mean `{d}`?"),
                    );
                problems.add(line, ParseErrorKind::UnknownMarker { marker: marker.to_owned(), meant: Some(meant) });
            }
        }
    }
    dialects
}

fn unknown_marker(marker: &str, word: Option<&str>) -> ParseErrorKind {
    let known = ["up", "down", "no-transaction", "nothing", "irreversible"];
    let meant = match word {
        Some(word) => nearest(word, known).map(|known| format!("did you mean `-- migrate: {known}`?")),
        None if is_almost_marker(marker) => Some(
            "a marker begins in column 1 with `-- migrate:`, exactly so; write other comments otherwise".to_owned(),
        ),
        None => None,
    };
    ParseErrorKind::UnknownMarker { marker: marker.trim().to_owned(), meant }
}

/// Decides what a section holds, and refuses what could not run as it stands.
fn judge(section: &mut Section, options: &Options, problems: &mut Problems<'_>) {
    let dialects: &[Dialect] = if section.dialects.is_empty() {
        &[Dialect::Postgres, Dialect::Sqlite, Dialect::MySql]
    } else {
        &section.dialects
    };
    let body = section.body.clone();
    let split = match split_for_reading(&body, dialects) {
        Ok(split) => split,
        Err(error) => {
            problems.add_at(section.line_and_column(error.offset()), ParseErrorKind::Unsplittable(error));
            return;
        }
    };
    let first = split.statements.first().map(Statement::sql_offset);
    let has = |name: &str| options.iter().any(|(option, ..)| *option == name);
    section.content = match first {
        Some(_) => Content::Statements,
        None if has("nothing") => Content::Nothing,
        None => Content::Unwritten,
    };
    if has("no-transaction") {
        section.transaction = TransactionMode::NoTransaction;
    }
    for (index, (marker, line, offset)) in options.iter().enumerate() {
        let problem = if options[..index].iter().any(|(earlier, ..)| earlier == marker) {
            "it stands here already"
        } else if *marker == "nothing" && first.is_some() {
            "the section has statements"
        } else if first.is_some_and(|first| first < *offset) {
            "it stands behind the section's first statement"
        } else {
            continue;
        };
        problems.add(*line, ParseErrorKind::MisplacedMarker { marker, problem });
    }
    refuse_unfit_statements(section, &split, dialects, problems);
}

struct Split<'a> {
    statements: Vec<Statement<'a>>,
    dialect: Dialect,
}

/// Splits as the first dialect that can; a section that serves several need not be text for each of them.
fn split_for_reading<'a>(body: &'a str, dialects: &[Dialect]) -> Result<Split<'a>, crate::statement::SplitError> {
    let mut first_error = None;
    for dialect in dialects {
        match split_statements(body, *dialect) {
            Ok(mut statements) => {
                statements.retain(|statement| !statement.is_empty());
                return Ok(Split { statements, dialect: *dialect });
            }
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    match first_error {
        Some(error) => Err(error),
        None => Ok(Split { statements: Vec::new(), dialect: Dialect::Sqlite }),
    }
}

/// Transaction control is refused when every dialect that the section serves sees it: another dialect's body syntax
/// can look like it. What a database would not take inside a transaction is refused when any of them says so.
fn refuse_unfit_statements(section: &Section, split: &Split<'_>, dialects: &[Dialect], problems: &mut Problems<'_>) {
    let others: Vec<Dialect> = dialects.iter().copied().filter(|dialect| *dialect != split.dialect).collect();
    for statement in &split.statements {
        let place = || section.line_and_column(statement.sql_offset());
        let only_here = |class| !others.iter().all(|dialect| has(&section.body, *dialect, class));
        match section.unfit(statement) {
            Some(ParseErrorKind::TransactionControl(_) | ParseErrorKind::OwnTransaction(_))
                if only_here(StatementClass::TransactionControl) => {}
            Some(kind) => problems.add_at(place(), kind),
            None if section.transaction == TransactionMode::Transactional
                && is_sqlite_only(statement)
                && others.contains(&Dialect::Sqlite)
                && has(statement.sql(), Dialect::Sqlite, StatementClass::OutsideTransaction) =>
            {
                problems.add_at(place(), ParseErrorKind::OutsideTransaction(statement.first_words()));
            }
            None => {}
        }
    }
}

/// Statements that only SQLite knows, so that reading them as another dialect says nothing about them.
fn is_sqlite_only(statement: &Statement<'_>) -> bool {
    let head = statement.sql().get(..6).unwrap_or_default().to_ascii_uppercase();
    ["PRAGMA", "ATTACH", "DETACH"].contains(&head.as_str())
}

fn has(sql: &str, dialect: Dialect, class: StatementClass) -> bool {
    split_statements(sql, dialect).is_ok_and(|statements| statements.iter().any(|s| s.class() == class))
}

/// Whether nothing but white space and line comments stands in the text.
fn is_trivia(body: &str) -> bool {
    body.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with("--"))
}

fn serves(section: &Section) -> String {
    if section.dialects.is_empty() {
        return format!("`{}` for the rest of the dialects", section.direction);
    }
    let names: Vec<&str> = section.dialects.iter().map(|dialect| dialect.name()).collect();
    format!("`{}` for {}", section.direction, names.join(", "))
}
