//! Whether the sections of a plan can run on a dialect: asked before the first write.

use super::{Plan, PlanError, Step};
use crate::applied::Applied;
use crate::diagnostic::Place;
use crate::dialect::Dialect;
use crate::revision::{Content, Direction, Origin, ParseError, ParseErrorKind, Revision, Section, TransactionMode};
use crate::statement::{Statement, StatementClass};

impl Plan {
    /// Refuses a plan of which some step cannot run on `dialect`: unwritten, for other dialects, irreversible, or with
    /// statements that would break its transaction or its journal.
    ///
    /// Steps of revisions that only the history knows are judged when their stored sections are read.
    ///
    /// # Errors
    ///
    /// The first step's [`PlanError`].
    pub fn refuse_unrunnable(&self, applied: &Applied<'_>, dialect: Dialect) -> Result<(), PlanError> {
        if self.action.only_records() {
            return Ok(());
        }
        for step in self.steps.iter().filter(|step| step.origin == Origin::File) {
            step.section(applied.all().revision(step.node), dialect)?;
        }
        Ok(())
    }
}

impl Step {
    /// The section that the step runs.
    ///
    /// # Errors
    ///
    /// [`PlanError`] when the revision has none that can run on the dialect.
    pub fn section<'r>(&self, revision: &'r Revision, dialect: Dialect) -> Result<&'r Section, PlanError> {
        let Some(section) = revision.section(self.direction, dialect) else {
            return Err(missing(revision, self.direction, dialect));
        };
        section.refuse_unfit(&revision.id, &revision.file, dialect)?;
        Ok(section)
    }
}

fn missing(revision: &Revision, direction: Direction, dialect: Dialect) -> PlanError {
    let (id, file) = (revision.id.to_string(), revision.file.to_string());
    if direction == Direction::Down && !revision.has(Direction::Down) {
        return PlanError::Irreversible { id, file, reason: revision.irreversible.as_ref().map(ToString::to_string) };
    }
    PlanError::NoSection { id, file, direction, dialect }
}

impl Section {
    /// Refuses a section that is not written. `id` and `file` are its revision's.
    ///
    /// # Errors
    ///
    /// [`PlanError::Unwritten`].
    pub fn refuse_unwritten(&self, id: &str, file: &str) -> Result<(), PlanError> {
        if self.content != Content::Unwritten {
            return Ok(());
        }
        let place = Place::new(file, self.line);
        Err(PlanError::Unwritten { id: id.to_owned(), direction: self.direction, place })
    }

    /// Why a statement cannot stand in this section, read as the statement's dialect.
    pub(crate) fn unfit(&self, statement: &Statement<'_>) -> Option<ParseErrorKind> {
        match (self.transaction, statement.class()) {
            (TransactionMode::Transactional, StatementClass::TransactionControl) => {
                Some(ParseErrorKind::TransactionControl(statement.first_words()))
            }
            (TransactionMode::NoTransaction, StatementClass::TransactionControl) => {
                Some(ParseErrorKind::OwnTransaction(statement.first_words()))
            }
            (TransactionMode::Transactional, StatementClass::OutsideTransaction) => {
                Some(ParseErrorKind::OutsideTransaction(statement.first_words()))
            }
            (_, StatementClass::LocksTables) => Some(ParseErrorKind::LocksTables(statement.first_words())),
            _ => None,
        }
    }

    /// Refuses a section that cannot run as it stands on this dialect.
    ///
    /// # Errors
    ///
    /// That of [`Section::refuse_unwritten`], and [`PlanError::Unfit`] for statements that the revision's transaction
    /// or its journal cannot hold.
    pub fn refuse_unfit(&self, id: &str, file: &str, dialect: Dialect) -> Result<(), PlanError> {
        self.refuse_unwritten(id, file)?;
        refuse_unfit_statements(self, file, dialect)
    }
}

fn refuse_unfit_statements(section: &Section, file: &str, dialect: Dialect) -> Result<(), PlanError> {
    let unfit = |offset: usize, kind| {
        let (line, column) = section.line_and_column(offset);
        Err(PlanError::Unfit(ParseError { place: Place { column: Some(column), ..Place::new(file, line) }, kind }))
    };
    let statements = match section.statements(dialect) {
        Ok(statements) => statements,
        Err(error) => return unfit(error.offset(), ParseErrorKind::Unsplittable(error)),
    };
    for statement in statements {
        if let Some(kind) = section.unfit(&statement) {
            return unfit(statement.sql_offset(), kind);
        }
    }
    Ok(())
}
