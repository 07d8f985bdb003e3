//! One step as it is to be run: its section, and the meaning of what goes wrong in it.

use std::borrow::Cow;
use std::collections::HashMap;

use migrate_plan::{
    Applied, Content, Dialect, Origin, Place, PlanError, Revision, Section, Statement, Step, TransactionMode,
    parse_stored_section,
};

use super::Look;
use crate::driver::{DriverError, LiveConnection, Row};
use crate::error::{Error, Remains, StatementFailure};
use crate::journal::Journal;

/// A step with everything that running it needs.
pub(super) struct Job<'a> {
    pub(super) step: &'a Step,
    pub(super) revision: &'a Revision,
    /// What runs; `None` for a stamp.
    pub(super) section: Option<Cow<'a, Section>>,
    pub(super) depends_on: Vec<String>,
    /// What has run of it already.
    pub(super) journal: Option<Journal>,
}

/// The sections that the history holds for revisions without files.
pub(super) struct Sections {
    dialect: Dialect,
    stored: HashMap<String, Option<String>>,
}

impl Sections {
    pub(super) async fn read<'s>(
        steps: impl Iterator<Item = &'s Step>,
        look: &Look,
        db: &mut dyn LiveConnection,
    ) -> Result<Self, Error> {
        let dialect = db.dialect();
        let unknown: Vec<&str> = steps.filter(|step| step.origin == Origin::History).map(|step| &*step.id).collect();
        if unknown.is_empty() {
            return Ok(Self { dialect, stored: HashMap::new() });
        }
        let query = look.tables.select_down(unknown.into_iter());
        let rows = db.query(&query).await.map_err(|error| Error::driver("the stored SQL cannot be read", error))?;
        let stored = |row: &Row| (row.text(0).unwrap_or_default().to_owned(), row.text(1).map(str::to_owned));
        Ok(Self { dialect, stored: rows.iter().map(stored).collect() })
    }

    /// Those of files alone.
    pub(super) fn of_files(dialect: Dialect) -> Self {
        Self { dialect, stored: HashMap::new() }
    }

    fn stored(&self, step: &Step) -> Result<Section, Error> {
        let Some(Some(text)) = self.stored.get(&*step.id) else {
            return Err(PlanError::NoStoredDown { id: step.id.to_string() }.into());
        };
        let section =
            parse_stored_section(&step.id, text).map_err(|mut problems| PlanError::Unfit(problems.swap_remove(0)))?;
        section.refuse_unfit(&step.id, &format!("history of {}", step.id), self.dialect)?;
        Ok(section)
    }
}

impl<'a> Job<'a> {
    /// A step with its section, unless it is a stamp.
    pub(super) fn new(
        step: &'a Step,
        applied: &'a Applied<'_>,
        sections: Option<&Sections>,
        journal: Option<Journal>,
    ) -> Result<Self, Error> {
        let graph = applied.all();
        let revision = graph.revision(step.node);
        let section = match (sections, step.origin) {
            (None, _) => None,
            (Some(sections), Origin::File) => Some(Cow::Borrowed(step.section(revision, sections.dialect)?)),
            (Some(sections), Origin::History) => Some(Cow::Owned(sections.stored(step)?)),
        };
        let depends_on = graph.depends_on(step.node).iter().map(|node| graph.id(*node).to_owned()).collect();
        Ok(Self { step, revision, section, depends_on, journal })
    }
}

impl Job<'_> {
    /// A comment that says what runs. An id that only the history knows may hold anything, also what ends a comment.
    pub(super) fn name(&self) -> String {
        format!("/* migrate: {} {} */", self.step.direction, self.step.id.replace(['*', '/', '\0'], "?"))
    }

    /// The text to run; `None` for a stamp and for a deliberate no-op.
    pub(super) fn body(&self) -> Option<&str> {
        self.section.as_ref().filter(|section| section.content == Content::Statements).map(|section| &*section.body)
    }

    /// The statements to run; none for a stamp and for a deliberate no-op.
    pub(super) fn statements(&self, dialect: Dialect) -> Vec<Statement<'_>> {
        let section = self.section.as_ref().filter(|section| section.content == Content::Statements);
        section.and_then(|section| section.statements(dialect).ok()).unwrap_or_default()
    }

    /// Whether its statements are to run one by one.
    pub(super) fn stands_outside(&self) -> bool {
        let outside = |section: &Section| section.transaction == TransactionMode::NoTransaction;
        self.journal.is_some() || (self.body().is_some() && self.section.as_deref().is_some_and(outside))
    }

    /// Whether some statement drops a table.
    pub(super) fn drops_table(&self, dialect: Dialect) -> bool {
        self.statements(dialect).iter().any(Statement::drops_table)
    }

    pub(super) fn statement_count(&self, dialect: Dialect) -> usize {
        self.statements(dialect).len()
    }

    /// Places a failure in the file: by the server's position, else by how many statements had completed.
    ///
    /// `before` is how many characters and statements were sent before the section.
    pub(super) fn failure(&self, dialect: Dialect, before: Before, driver: DriverError) -> Error {
        self.failure_leaving(dialect, before, driver, Remains::Nothing)
    }

    /// [`Job::failure`] of a revision of which something may stay.
    pub(super) fn failure_leaving(
        &self,
        dialect: Dialect,
        before: Before,
        driver: DriverError,
        remains: Remains,
    ) -> Error {
        let mut place = Place::new(self.revision.file.to_string(), 1);
        let mut failing = None;
        if let Some(section) = &self.section {
            place.line = section.line;
            let statements = section.statements(dialect).unwrap_or_default();
            let by_position =
                driver.position.and_then(|position| (position as usize).checked_sub(before.characters + 1));
            let sent = section.body.get(before.offset..).unwrap_or_default();
            let offset = by_position
                .and_then(|characters| sent.char_indices().nth(characters))
                .map(|(at, _)| before.offset + at);
            let index = match offset {
                Some(offset) => statements.iter().rposition(|statement| statement.sql_offset() <= offset),
                None => driver
                    .completed
                    .and_then(|completed| completed.checked_sub(before.statements))
                    .map(|index| before.skipped + index),
            };
            let statement = index.and_then(|index| statements.get(index));
            failing = statement.map(|statement| statement.sql().to_owned());
            if let Some(at) = offset.or(statement.map(|statement| statement.sql_offset())) {
                let (line, column) = section.line_and_column(at);
                place = Place { line, column: Some(column), ..place };
            }
        }
        Error::Statement(Box::new(StatementFailure {
            id: self.step.id.to_string(),
            direction: self.step.direction,
            place,
            statement: failing,
            driver,
            remains,
        }))
    }
}

/// What was sent before a section in one message.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Before {
    pub(super) characters: usize,
    pub(super) statements: usize,
    /// Where in the section, in bytes, what was sent of it begins.
    pub(super) offset: usize,
    /// How many of the section's statements stand before that.
    pub(super) skipped: usize,
}

impl Before {
    /// Whether the server places a failure in this text that followed: one that cannot be parsed refuses the whole message, and
    /// no statement of it has completed then.
    pub(super) fn is_followed_by(&self, body: &str, error: &DriverError) -> bool {
        let at = error.position.and_then(|position| (position as usize).checked_sub(self.characters + 1));
        // The end of a statement that is cut short is found behind it.
        at.is_some_and(|at| at <= body.chars().count() + 1)
    }
}
