//! Takes a statement, says what it leaves behind: what somebody looks for who finds it interrupted.
//!
//! Told by the head of the statement alone; no database is asked. Where the head does not tell, the answer is
//! [`Effect::Unknown`], never a guess.

mod alter;
mod loss;
mod mysql;
mod postgres;
mod words;

use std::fmt;

use super::Statement;
use crate::Dialect;
pub(super) use loss::destroys_data;

/// What running a statement leaves behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing that a rollback would not undo.
    Transactional,
    /// State of the session, which a new session has to be told again.
    Session,
    /// State of the session that came from rows, the clock or chance: a new session would get another.
    Snapshot,
    /// Nothing that running it once more would add to.
    Repeatable,
    /// These changes of the catalog, all at once.
    Objects(Vec<Change>),
    /// Something that its head does not tell.
    Unknown,
}

/// What a statement makes of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The object.
    pub object: Object,
    /// What becomes of it.
    pub becomes: Becomes,
}

/// What becomes of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Becomes {
    /// It is there afterwards.
    Present,
    /// It is gone afterwards.
    Absent,
    /// It is defined otherwise.
    Different,
}

impl Becomes {
    /// The word for a person.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Absent => "absent",
            Self::Different => "changed",
        }
    }
}

/// What kind of object a change is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ObjectKind {
    /// A table or a view: they share their names.
    Table,
    /// A table with all that its definition says.
    Definition,
    /// A column of a table.
    Column,
    /// An index of a table, also the one that is called `PRIMARY`.
    Index,
    /// A foreign key, a check or another constraint of a table.
    Constraint,
    /// A trigger.
    Trigger,
    /// A function or a procedure.
    Routine,
    /// A database or schema.
    Database,
}

impl ObjectKind {
    /// The word in messages and journals.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Definition => "definition",
            Self::Column => "column",
            Self::Index => "index",
            Self::Constraint => "constraint",
            Self::Trigger => "trigger",
            Self::Routine => "routine",
            Self::Database => "database",
        }
    }
}

/// An object as a statement names it, without quotes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Object {
    /// What it is.
    pub kind: ObjectKind,
    /// The schema, or database, that the statement names before it.
    pub schema: Option<String>,
    /// The table that it belongs to, where the statement names one.
    pub table: Option<String>,
    /// Its own name.
    pub name: String,
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [self.schema.as_deref(), self.table.as_deref(), Some(&self.name)];
        let name: Vec<&str> = parts.into_iter().flatten().collect();
        write!(f, "{} `{}`", self.kind.as_str(), name.join("."))
    }
}

pub(super) fn effect_of(statement: &Statement<'_>) -> Effect {
    let mut words = words::Words::new(statement);
    match statement.dialect {
        Dialect::MySql | Dialect::MariaDb => mysql::effect(&mut words),
        Dialect::Postgres => postgres::effect(&mut words),
        // What SQLite refuses inside a transaction is about the file or the session; all else can be rolled back.
        Dialect::Sqlite if words.take_any(&["ATTACH", "DETACH", "PRAGMA"]) => Effect::Session,
        Dialect::Sqlite if words.take_any(&["VACUUM"]) => Effect::Repeatable,
        Dialect::Sqlite => Effect::Transactional,
    }
}
