//! Reading the log: what was ever done, newest first. Nothing here writes.

use migrate_plan::{Dialect, Settings};

use super::{FORMAT, Tables, time};
use crate::driver::{DriverErrorKind, LiveConnection, Row};
use crate::engine::look;
use crate::error::Error;
use crate::sql::literal;

const READING: &str = "the log cannot be read";

/// The columns that are read, behind the format.
const COLUMNS: [&str; 11] =
    ["seq", "run_id", "revision", "action", "note", "checksum", "at", "duration_ms", "done_by", "application", "tool"];

/// One thing that was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogEntry {
    /// Its number; a later entry has a greater one.
    pub(crate) seq: u64,
    pub(crate) run_id: String,
    pub(crate) revision: String,
    pub(crate) action: String,
    pub(crate) note: Option<String>,
    pub(crate) checksum: Option<String>,
    /// In UTC.
    pub(crate) at: String,
    pub(crate) duration_ms: u64,
    pub(crate) done_by: String,
    pub(crate) application: String,
    pub(crate) tool: String,
}

/// Which entries are wanted; everything that is given must fit.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub(crate) revision: Option<String>,
    pub(crate) action: Option<String>,
    /// A user, or a user with its host.
    pub(crate) by: Option<String>,
    pub(crate) run_id: Option<String>,
    /// A time in UTC or its beginning, that time included.
    pub(crate) since: Option<String>,
    /// The same; a day is included whole.
    pub(crate) until: Option<String>,
    pub(crate) limit: Option<u64>,
}

impl Filter {
    fn to_sql(&self, dialect: Dialect) -> String {
        let literal = |text: &str| literal(dialect, text);
        let at = time(dialect, "at");
        // The columns of ids compare every byte; those of words are compared so, too.
        let is =
            |column: &str, value: &Option<String>| value.as_ref().map(|value| format!("{column} = {}", literal(value)));
        let conditions = [
            is("revision", &self.revision),
            is("action", &self.action),
            is("run_id", &self.run_id),
            self.by.as_ref().map(|by| {
                let (whole, user) = (literal(by), literal(&format!("{by}@")));
                format!("(done_by = {whole} OR substr(done_by, 1, {}) = {user})", by.chars().count() + 1)
            }),
            self.since.as_ref().map(|since| format!("{at} >= {}", literal(since))),
            self.until
                .as_ref()
                .map(|until| format!("substr({at}, 1, {}) <= {}", until.chars().count(), literal(until))),
        ];
        let conditions: Vec<String> = conditions.into_iter().flatten().collect();
        let limit = self.limit.map(|limit| format!(" LIMIT {limit}")).unwrap_or_default();
        match conditions.is_empty() {
            true => format!(" ORDER BY seq DESC{limit}"),
            false => format!(" WHERE {} ORDER BY seq DESC{limit}", conditions.join(" AND ")),
        }
    }
}

/// Reads the entries that fit, newest first; none when nothing was ever migrated here.
pub(crate) async fn read(
    db: &mut dyn LiveConnection,
    settings: &Settings,
    filter: &Filter,
) -> Result<Vec<LogEntry>, Error> {
    // The history knows in which schema it stands, and its log is beside it.
    let tables = look(db, settings).await?.tables;
    let dialect = db.dialect();
    let columns: Vec<String> =
        COLUMNS.iter().map(|column| if *column == "at" { time(dialect, "at") } else { (*column).to_owned() }).collect();
    let query = format!("SELECT format, {} FROM {}{}", columns.join(", "), tables.log, filter.to_sql(dialect));
    match db.query(&query).await {
        Ok(rows) => rows.iter().map(|row| read_row(row, &tables)).collect(),
        Err(error) if error.kind == DriverErrorKind::UndefinedTable => Ok(Vec::new()),
        Err(error) => Err(Error::driver(READING, error)),
    }
}

/// How many entries there are.
pub(crate) async fn count(db: &mut dyn LiveConnection, tables: &Tables) -> Option<u64> {
    let rows = db.query(&format!("SELECT count(*) FROM {}", tables.log)).await.ok()?;
    rows.first()?.text(0)?.parse().ok()
}

fn read_row(row: &Row, tables: &Tables) -> Result<LogEntry, Error> {
    let format: u32 = row.text(0).and_then(|format| format.parse().ok()).unwrap_or(0);
    if format > FORMAT {
        return Err(Error::HistoryNewer { found: format, known: FORMAT });
    }
    let text = |column: usize| {
        let problem = || format!("a row has no `{}`", COLUMNS[column]);
        let missing = || Error::HistoryMalformed { table: tables.log.clone(), problem: problem() };
        row.text(column + 1).map(str::to_owned).ok_or_else(missing)
    };
    Ok(LogEntry {
        seq: text(0)?.parse().unwrap_or(0),
        run_id: text(1)?,
        revision: text(2)?,
        action: text(3)?,
        note: row.text(5).map(str::to_owned),
        checksum: row.text(6).map(str::to_owned),
        at: text(6)?,
        duration_ms: text(7)?.parse().unwrap_or(0),
        done_by: text(8)?,
        application: text(9)?,
        tool: text(10)?,
    })
}
