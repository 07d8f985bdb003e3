//! Reading what a database has: one query when it has been migrated before, and nothing is written.

use migrate_plan::{Applied, AppliedRow, Dialect, RevisionGraph, Settings};

use crate::driver::{DriverErrorKind, LiveConnection, Row};
use crate::error::Error;
use crate::history::{Tables, read_rows};
use crate::sql::{identifier, literal};

const READING: &str = "the history cannot be read";

/// How many columns about the session stand before those of the history on PostgreSQL.
const SESSION_COLUMNS: usize = 4;

/// What a look at a database found.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    /// The rows of the history; none when there is no history yet.
    pub(crate) rows: Vec<AppliedRow>,
    /// The tables, qualified with the schema in which they are or will be.
    pub(crate) tables: Tables,
    /// Whether the history table is there.
    pub(crate) exists: bool,
    /// What else was learnt from a server.
    pub(crate) session: Option<Session>,
}

/// Facts about a session with a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) database: String,
    pub(crate) schema: String,
    pub(crate) backend: String,
}

impl Look {
    /// Whether the history is what it was at another look.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let facts = |look: &Self| -> Vec<(String, Option<String>)> {
            look.rows.iter().map(|row| (row.id.clone(), row.journal.clone())).collect()
        };
        facts(self) == facts(other)
    }

    pub(crate) fn applied<'g>(&self, graph: &'g RevisionGraph) -> Result<Applied<'g>, Error> {
        Ok(Applied::new(graph, self.rows.clone())?)
    }
}

/// Reads the history and, on PostgreSQL, what the run must know of the session.
pub(crate) async fn look(db: &mut dyn LiveConnection, settings: &Settings) -> Result<Look, Error> {
    if let Some(name) = settings.unusable_name() {
        let problem = "names of the history and its schema have 1 to 57 bytes, so that `_lease` fits behind them";
        return Err(Error::HistoryMalformed { table: identifier(db.dialect(), name), problem: problem.to_owned() });
    }
    match db.dialect() {
        Dialect::Postgres => look_at_postgres(db, settings, None).await,
        Dialect::Sqlite => look_at_sqlite(db, settings).await,
        Dialect::MySql | Dialect::MariaDb => look_at_mysql(db, settings).await,
    }
}

/// A look at these revisions alone, where the database tells them apart for less than reading all takes, by a session that may be
/// known.
pub(super) async fn look_for(
    db: &mut dyn LiveConnection,
    settings: &Settings,
    ids: &[&str],
    known: Option<&Session>,
) -> Result<Look, Error> {
    match (db.dialect(), known) {
        (Dialect::Postgres, _) if settings.unusable_name().is_some() => look(db, settings).await,
        (Dialect::Postgres, Some(known)) => match look_again_at_postgres(db, settings, ids, known).await? {
            Some(look) => Ok(look),
            None => look_at_postgres(db, settings, Some(ids)).await,
        },
        (Dialect::Postgres, None) => look_at_postgres(db, settings, Some(ids)).await,
        _ => look(db, settings).await,
    }
}

async fn look_at_mysql(db: &mut dyn LiveConnection, settings: &Settings) -> Result<Look, Error> {
    let dialect = db.dialect();
    let unqualified = Tables::new(dialect, settings, None);
    let session = super::mysql::session_query(dialect);
    let query = format!(
        "SELECT s.*, {} FROM ({session}) s LEFT JOIN {} h ON true ORDER BY h.applied_at, h.id",
        Tables::columns(dialect, "h."),
        unqualified.history(),
    );
    let (rows, exists) = rows_or_session(db, &query, &session, &unqualified).await?;
    let session = super::mysql::read_session(rows.first(), settings)?;
    let tables = Tables::new(dialect, settings, Some(&session.schema));
    let rows = if exists { read_rows(&rows, super::mysql::SESSION_COLUMNS, tables.history())? } else { Vec::new() };
    Ok(Look { rows, tables, exists, session: Some(session) })
}

async fn look_at_sqlite(db: &mut dyn LiveConnection, settings: &Settings) -> Result<Look, Error> {
    let tables = Tables::new(Dialect::Sqlite, settings, None);
    let query =
        format!("SELECT {} FROM {} ORDER BY applied_at, id", Tables::columns(Dialect::Sqlite, ""), tables.history());
    let (rows, exists) = match db.query(&query).await {
        Ok(rows) => (read_rows(&rows, 0, tables.history())?, true),
        Err(error) if error.kind == DriverErrorKind::UndefinedTable => (Vec::new(), false),
        Err(error) => return Err(unreadable(db, &tables, error).await),
    };
    Ok(Look { rows, tables, exists, session: None })
}

async fn look_at_postgres(
    db: &mut dyn LiveConnection,
    settings: &Settings,
    only: Option<&[&str]>,
) -> Result<Look, Error> {
    let wanted = only.map_or_else(|| "true".to_owned(), is_one_of);
    let unqualified = Tables::new(Dialect::Postgres, settings, None);
    let session = session_query(&unqualified);
    let query = format!(
        "SELECT s.*, {} FROM ({session}) s LEFT JOIN {} h ON {wanted} ORDER BY h.applied_at, h.id",
        Tables::columns(Dialect::Postgres, "h."),
        unqualified.history(),
    );
    let (rows, exists) = rows_or_session(db, &query, &session, &unqualified).await?;
    let session = read_session(rows.first(), &unqualified, settings)?;
    let tables = Tables::new(Dialect::Postgres, settings, Some(&session.schema));
    let rows = if exists { read_rows(&rows, SESSION_COLUMNS, tables.history())? } else { Vec::new() };
    Ok(Look { rows, tables, exists, session: Some(session) })
}

/// As [`look_at_postgres`], where all is known but the rows. Without the history there is no answer.
async fn look_again_at_postgres(
    db: &mut dyn LiveConnection,
    settings: &Settings,
    ids: &[&str],
    session: &Session,
) -> Result<Option<Look>, Error> {
    let tables = Tables::new(Dialect::Postgres, settings, Some(&session.schema));
    let query = format!(
        "SELECT now() <> statement_timestamp(), {} FROM (VALUES (1)) one LEFT JOIN {} h ON {} ORDER BY h.applied_at, h.id",
        Tables::columns(Dialect::Postgres, "h."),
        tables.history(),
        is_one_of(ids),
    );
    let rows = match db.query(&query).await {
        Ok(rows) => rows,
        Err(error) if error.kind == DriverErrorKind::UndefinedTable => return Ok(None),
        Err(error) => return Err(unreadable(db, &tables, error).await),
    };
    if rows.first().and_then(|row| row.text(0)) == Some("t") {
        return Err(Error::InTransaction);
    }
    let rows = read_rows(&rows, 1, tables.history())?;
    Ok(Some(Look { rows, tables, exists: true, session: Some(session.clone()) }))
}

/// A condition: that a row is of one of these revisions.
fn is_one_of(ids: &[&str]) -> String {
    let ids: Vec<String> = ids.iter().map(|id| literal(Dialect::Postgres, id)).collect();
    format!("h.id IN ({})", ids.join(", "))
}

/// The answer to the query, and whether the history is there; without one, what the session alone says.
async fn rows_or_session(
    db: &mut dyn LiveConnection,
    query: &str,
    session: &str,
    tables: &Tables,
) -> Result<(Vec<Row>, bool), Error> {
    match db.query(query).await {
        Ok(rows) => Ok((rows, true)),
        // Outside a transaction a failed query leaves nothing behind; inside one, the next query says so.
        Err(error) if error.kind == DriverErrorKind::UndefinedTable => {
            Ok((db.query(session).await.map_err(|error| Error::driver(READING, error))?, false))
        }
        Err(error) => Err(unreadable(db, tables, error).await),
    }
}

/// The history may be found through the search path in another schema than the current one; it stays there.
fn session_query(tables: &Tables) -> String {
    format!(
        "SELECT current_database() AS session_database, coalesce((SELECT n.nspname FROM pg_catalog.pg_class c JOIN \
         pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass({table})), current_schema()) AS \
         session_schema, pg_backend_pid() AS session_backend, now() <> statement_timestamp() AS session_open",
        table = literal(Dialect::Postgres, tables.history()),
    )
}

fn read_session(row: Option<&Row>, tables: &Tables, settings: &Settings) -> Result<Session, Error> {
    let text = |column| row.and_then(|row| row.text(column)).map(str::to_owned);
    if text(3).as_deref() == Some("t") {
        return Err(Error::InTransaction);
    }
    let no_schema = || Error::HistoryMalformed {
        table: tables.history().to_owned(),
        problem: "the search path names no schema that exists, so there is no place for it".to_owned(),
    };
    Ok(Session {
        database: text(0).unwrap_or_default(),
        schema: text(1).or(settings.history_schema.as_ref().map(ToString::to_string)).ok_or_else(no_schema)?,
        backend: text(2).unwrap_or_default(),
    })
}

/// A history that lacks our columns is a newer one, or somebody else's table.
async fn unreadable(db: &mut dyn LiveConnection, tables: &Tables, error: crate::driver::DriverError) -> Error {
    if error.kind != DriverErrorKind::UndefinedColumn {
        return Error::driver(READING, error);
    }
    let formats = db.query(&format!("SELECT format, id FROM {}", tables.history())).await;
    match formats.map(|rows| read_rows(&rows, 0, tables.history())) {
        Ok(Err(newer @ Error::HistoryNewer { .. })) => newer,
        _ => Error::HistoryMalformed { table: tables.history().to_owned(), problem: error.to_string() },
    }
}
