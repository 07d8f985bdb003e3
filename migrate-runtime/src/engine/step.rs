//! One step as it is to be run: its section, and the meaning of what goes wrong in it.

use std::borrow::Cow;
use std::collections::HashMap;

use migrate_plan::{
    Action, Applied, Content, Dialect, Direction, Edges, Origin, Place, Plan, PlanError, Revision, Section, Step,
    parse_stored_section,
};

use super::Look;
use crate::driver::{DriverError, LiveConnection};
use crate::error::{Error, StatementFailure};

/// A step with everything that running it needs.
pub(super) struct Job<'a> {
    pub(super) step: &'a Step,
    pub(super) revision: &'a Revision,
    /// What runs; `None` for a stamp.
    pub(super) section: Option<Cow<'a, Section>>,
    pub(super) depends_on: Vec<String>,
}

/// Brings the steps of a plan together with their sections; those of revisions without files come from the history.
pub(super) async fn jobs<'a>(
    plan: &'a Plan,
    applied: &'a Applied<'_>,
    look: &Look,
    db: &mut dyn LiveConnection,
) -> Result<Vec<Job<'a>>, Error> {
    let dialect = db.dialect();
    let stored = if plan.action == Action::Stamp { HashMap::new() } else { stored_downs(plan, look, db).await? };
    let graph = applied.all();
    plan.steps
        .iter()
        .map(|step| {
            let revision = graph.revision(step.node);
            let section = match (plan.action, step.origin) {
                (Action::Stamp, _) => None,
                (_, Origin::File) => Some(Cow::Borrowed(step.section(revision, dialect)?)),
                (_, Origin::History) => Some(Cow::Owned(stored_section(step, &stored, dialect)?)),
            };
            let depends_on = graph.depends_on(step.node).iter().map(|node| graph.id(*node).to_owned()).collect();
            Ok(Job { step, revision, section, depends_on })
        })
        .collect()
}

async fn stored_downs(
    plan: &Plan,
    look: &Look,
    db: &mut dyn LiveConnection,
) -> Result<HashMap<String, Option<String>>, Error> {
    let unknown: Vec<&str> =
        plan.steps.iter().filter(|step| step.origin == Origin::History).map(|step| &*step.id).collect();
    if unknown.is_empty() {
        return Ok(HashMap::new());
    }
    let query = look.tables.select_down(unknown.into_iter());
    let rows = db.query(&query).await.map_err(|error| Error::driver("the stored SQL cannot be read", error))?;
    Ok(rows.iter().map(|row| (row.text(0).unwrap_or_default().to_owned(), row.text(1).map(str::to_owned))).collect())
}

fn stored_section(step: &Step, stored: &HashMap<String, Option<String>>, dialect: Dialect) -> Result<Section, Error> {
    let Some(Some(text)) = stored.get(&*step.id) else {
        return Err(PlanError::NoStoredDown { id: step.id.to_string() }.into());
    };
    let section =
        parse_stored_section(&step.id, text).map_err(|mut problems| PlanError::Unfit(problems.swap_remove(0)))?;
    section.refuse_unfit(&step.id, &format!("history of {}", step.id), dialect)?;
    Ok(section)
}

impl Job<'_> {
    /// The text to run; `None` for a stamp and for a deliberate no-op.
    pub(super) fn body(&self) -> Option<&str> {
        self.section.as_ref().filter(|section| section.content == Content::Statements).map(|section| &*section.body)
    }

    /// Whether some statement drops a table.
    pub(super) fn drops_table(&self, dialect: Dialect) -> bool {
        let Some(section) = self.section.as_ref().filter(|section| section.content == Content::Statements) else {
            return false;
        };
        section.statements(dialect).is_ok_and(|statements| statements.iter().any(|s| s.drops_table()))
    }

    pub(super) fn statement_count(&self, dialect: Dialect) -> usize {
        let statements = self.section.as_ref().filter(|_| self.body().is_some()).map(|s| s.statements(dialect));
        statements.and_then(Result::ok).map_or(0, |statements| statements.len())
    }

    /// Places a failure in the file: by the server's position, else by how many statements had completed.
    ///
    /// `before` is how many characters and statements were sent before the section.
    pub(super) fn failure(&self, dialect: Dialect, before: Before, driver: DriverError) -> Error {
        let mut place = Place::new(self.revision.file.to_string(), 1);
        let mut failing = None;
        if let Some(section) = &self.section {
            place.line = section.line;
            let statements = section.statements(dialect).unwrap_or_default();
            let by_position =
                driver.position.and_then(|position| (position as usize).checked_sub(before.characters + 1));
            let offset =
                by_position.and_then(|characters| section.body.char_indices().nth(characters)).map(|(at, _)| at);
            let index = match offset {
                Some(offset) => statements.iter().rposition(|statement| statement.sql_offset() <= offset),
                None => driver.completed.and_then(|completed| completed.checked_sub(before.statements)),
            };
            let statement = index.and_then(|index| statements.get(index));
            failing = statement.map(|s| s.sql().lines().next().unwrap_or_default().trim_end().to_owned());
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
        }))
    }
}

/// What was sent before a section in one message.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Before {
    pub(super) characters: usize,
    pub(super) statements: usize,
}

/// The applied heads once these steps are done.
pub(super) fn heads_after<'s>(applied: &Applied<'_>, done: impl Iterator<Item = &'s Step>) -> Vec<String> {
    let mut set = applied.set().clone();
    for step in done {
        match step.direction {
            Direction::Up => {
                set.insert(step.node);
            }
            Direction::Down => set.remove(step.node),
        }
    }
    let graph = applied.all();
    graph.maximal(&set, Edges::All).into_iter().map(|node| graph.id(node).to_owned()).collect()
}
