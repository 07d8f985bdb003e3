//! A session of an SQLite database in memory, in which sections run as the engine runs them.

use migrate_plan::{Content, Dialect, Section, Statement, TransactionMode};
use rusqlite::backup::Backup;
use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::{Batch, Connection, Error, ErrorCode};

use super::Catalog;

pub(super) struct Session {
    connection: Connection,
    /// The rows that point nowhere, as far as sections that run with foreign keys on cannot have made them.
    orphans: Vec<Violation>,
}

/// A section with its statements.
pub(super) struct Script<'g> {
    pub(super) section: &'g Section,
    statements: Vec<Statement<'g>>,
    drops_table: bool,
}

impl<'g> Script<'g> {
    /// Of a section that can run on SQLite.
    pub(super) fn new(section: &'g Section) -> Self {
        // It was split before, when it was asked whether it can run.
        let statements = section.statements(Dialect::Sqlite).unwrap_or_default();
        let drops_table = statements.iter().any(Statement::drops_table);
        Self { section, statements, drops_table }
    }
}

/// Why a section failed.
pub(super) struct Failure {
    /// What SQLite says.
    pub(super) words: String,
    /// Where in the section's body, in bytes.
    pub(super) offset: Option<usize>,
    pub(super) notes: Vec<String>,
}

/// A row that points nowhere: table, row, parent table, which foreign key.
type Violation = (String, Option<i64>, String, i64);

impl Session {
    pub(super) fn open() -> Result<Self, Error> {
        Self::over(Connection::open_in_memory()?)
    }

    /// Another session of the same database: what is temporary is gone.
    pub(super) fn again(&self) -> Result<Self, Error> {
        let mut other = Connection::open_in_memory()?;
        Backup::new(&self.connection, &mut other)?.step(-1)?;
        Ok(Self { orphans: self.orphans.clone(), ..Self::over(other)? })
    }

    fn over(connection: Connection) -> Result<Self, Error> {
        connection.authorizer(Some(stay_in_memory))?;
        connection.execute_batch("PRAGMA foreign_keys = ON")?;
        Ok(Self { connection, orphans: Vec::new() })
    }

    pub(super) fn catalog(&self) -> Result<Catalog, Error> {
        Catalog::read(&self.connection)
    }

    /// Runs a section: in a transaction or one by one, with foreign keys off if it drops a table.
    pub(super) fn run(&mut self, script: &Script<'_>) -> Result<(), Failure> {
        if script.section.content == Content::Nothing {
            return Ok(());
        }
        if script.drops_table {
            self.set("PRAGMA foreign_keys = OFF")?;
        }
        match script.section.transaction {
            TransactionMode::Transactional => {
                self.set("BEGIN IMMEDIATE")?;
                self.run_each(&script.statements)?;
                if self.connection.is_autocommit() {
                    return Err(Failure::new("it ended its own transaction".to_owned()));
                }
                if script.drops_table {
                    self.refuse_orphans()?;
                }
                self.set("COMMIT")?;
            }
            TransactionMode::NoTransaction => {
                self.run_each(&script.statements)?;
                if script.drops_table {
                    self.refuse_orphans()?;
                }
                // It may have switched foreign keys off by itself.
                self.orphans = self.violations()?;
            }
        }
        self.set("PRAGMA foreign_keys = ON")
    }

    fn set(&self, sql: &str) -> Result<(), Failure> {
        self.connection.execute_batch(sql).map_err(|error| Failure::new(words(&error)))
    }

    fn run_each(&self, statements: &[Statement<'_>]) -> Result<(), Failure> {
        statements.iter().try_for_each(|statement| {
            self.run_one(statement.sql()).map_err(|error| {
                let inside = match &error {
                    // A batch hands SQLite the rest of its text.
                    Error::SqlInputError { sql, offset, .. } => {
                        let rest = statement.sql().len().saturating_sub(sql.len());
                        usize::try_from(*offset).map_or(0, |offset| rest + offset)
                    }
                    _ => 0,
                };
                let first_line = statement.sql().lines().next().unwrap_or_default().trim_end();
                let offset = Some(statement.sql_offset() + inside);
                Failure { words: words(&error), offset, notes: vec![format!("in: {first_line}")] }
            })
        })
    }

    fn run_one(&self, sql: &str) -> Result<(), Error> {
        let mut batch = Batch::new(&self.connection, sql);
        while let Some(mut statement) = batch.next()? {
            let mut rows = statement.raw_query();
            while rows.next()?.is_some() {}
        }
        Ok(())
    }

    fn violations(&self) -> Result<Vec<Violation>, Failure> {
        let read = || {
            let mut statement = self.connection.prepare("PRAGMA foreign_key_check")?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
            rows.collect::<Result<_, Error>>()
        };
        read().map_err(|error| Failure::new(words(&error)))
    }

    /// Refuses rows that point nowhere and did not do so before.
    fn refuse_orphans(&self) -> Result<(), Failure> {
        let mut new = self.violations()?;
        new.retain(|violation| !self.orphans.contains(violation));
        let note = |(table, row, parent, _): &Violation| {
            let row = row.map_or_else(String::new, |row| format!(" {row}"));
            format!("`{table}` row{row} points into `{parent}`")
        };
        match new.is_empty() {
            true => Ok(()),
            false => Err(Failure {
                notes: new.iter().take(5).map(note).collect(),
                ..Failure::new("it leaves rows that point nowhere".to_owned())
            }),
        }
    }
}

impl Failure {
    fn new(words: String) -> Self {
        Self { words, offset: None, notes: Vec::new() }
    }
}

fn words(error: &Error) -> String {
    if error.sqlite_error_code() == Some(ErrorCode::AuthorizationForStatementDenied) {
        return "it opens another database, which is not done while a crate compiles".to_owned();
    }
    match error {
        Error::SqliteFailure(_, Some(message)) => message.clone(),
        Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    }
}

/// Keeps a build from reading and writing other databases; `VACUUM` attaches one without a name.
fn stay_in_memory(context: AuthContext<'_>) -> Authorization {
    const ATTACH: i32 = rusqlite::ffi::SQLITE_ATTACH;
    match context.action {
        AuthAction::Attach { filename: "" | ":memory:" } => Authorization::Allow,
        AuthAction::Attach { .. } | AuthAction::Unknown { code: ATTACH, .. } => Authorization::Deny,
        _ => Authorization::Allow,
    }
}
