//! The tables that remember: `migrate_history`, what is applied now, and `migrate_log`, what was ever done.
//!
//! Everything here is SQL text for one dialect and rows read back; the engine decides when it runs.

#[cfg(feature = "cli")]
pub(crate) mod log;

use migrate_plan::{
    Action, Adopted, AppliedRow, Dialect, Direction, HISTORY_FORMAT, Revision, RowState, Section, Settings, Step,
};

use crate::driver::Row;
use crate::error::Error;
use crate::journal::Journal;
use crate::sql::{identifier, literal, nullable};

/// The format of the rows that are written here.
pub(crate) const FORMAT: u32 = HISTORY_FORMAT;

/// How many statements record a step.
pub(crate) const RECORD_STATEMENTS: usize = 2;

/// The columns that every read selects, in this order.
const COLUMNS: [&str; 13] = [
    "format",
    "id",
    "parents",
    "depends_on",
    "title",
    "up_checksum",
    "down_checksum",
    "state",
    "applied_at",
    "duration_ms",
    "applied_by",
    "application",
    "journal",
];

/// Who runs, as the rows keep it.
#[derive(Clone, Debug)]
pub(crate) struct Author {
    /// `user@host`.
    pub(crate) by: String,
    /// The application with its version.
    pub(crate) application: String,
}

impl Author {
    pub(crate) fn here(application: Option<&str>) -> Self {
        let user = ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| std::env::var(name).ok());
        let host = gethostname::gethostname();
        Self {
            by: format!("{}@{}", user.as_deref().unwrap_or("unknown"), host.to_string_lossy()),
            application: application.unwrap_or("unknown").to_owned(),
        }
    }
}

/// How long a step took, as SQL: measured here, or by the server, which alone knows before its commit.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Took {
    /// So many milliseconds.
    Milliseconds(u128),
    /// The time since the transaction began at the server, less what had passed of it before. On PostgreSQL only.
    SinceTransaction { less: u128 },
    /// So many milliseconds, and the time since the message arrived at the server. On MySQL and MariaDB the message
    /// begins with [`Took::MESSAGE_BEGINS`].
    SinceMessage { after: u128 },
}

impl Took {
    /// The statement by which MySQL and MariaDB know when a message began.
    pub(crate) const MESSAGE_BEGINS: &str = "SET @migrate_started = utc_timestamp(6)";
}

/// The types of the columns in one dialect.
struct Types {
    id: &'static str,
    text: &'static str,
    /// Text of any length.
    long: &'static str,
    stamp: &'static str,
    seq: &'static str,
    options: &'static str,
}

impl Types {
    fn of(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Sqlite => Self {
                id: "VARCHAR(255) COLLATE BINARY",
                text: "TEXT",
                long: "TEXT",
                stamp: "TEXT",
                // Rows are never deleted, so that no number comes twice; `AUTOINCREMENT` would write a third table.
                seq: "INTEGER PRIMARY KEY",
                options: "",
            },
            Dialect::Postgres => Self {
                id: "varchar(255) COLLATE \"C\"",
                text: "text",
                long: "text",
                stamp: "timestamptz",
                seq: "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
                options: "",
            },
            Dialect::MySql | Dialect::MariaDb => Self {
                id: "varchar(255)",
                text: "text",
                long: "longtext",
                stamp: "datetime(3)",
                seq: "bigint NOT NULL AUTO_INCREMENT PRIMARY KEY",
                options: " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin",
            },
        }
    }
}

/// A column that holds a time, as text: `2026-11-22T07:30:00.123Z`.
fn time(dialect: Dialect, column: &str) -> String {
    match dialect {
        Dialect::Postgres => {
            format!("to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') COLLATE \"C\"")
        }
        Dialect::MySql | Dialect::MariaDb => {
            format!("concat(left(date_format({column}, '%Y-%m-%dT%H:%i:%s.%f'), 23), 'Z')")
        }
        Dialect::Sqlite => column.to_owned(),
    }
}

/// The two tables of one database.
#[derive(Clone, Debug)]
pub(crate) struct Tables {
    dialect: Dialect,
    schema: Option<String>,
    schema_is_configured: bool,
    history: String,
    log: String,
    lease: String,
}

impl Tables {
    /// The tables where the settings, or else the connection, have them.
    pub(crate) fn new(dialect: Dialect, settings: &Settings, schema: Option<&str>) -> Self {
        let schema = settings.history_schema.as_deref().or(schema).map(str::to_owned);
        let qualified = |table: &str| match &schema {
            Some(schema) => format!("{}.{}", identifier(dialect, schema), identifier(dialect, table)),
            None => identifier(dialect, table),
        };
        let [history, log, lease] =
            [settings.history_table.as_ref(), &settings.log_table(), &settings.lease_table()].map(qualified);
        Self { dialect, schema, schema_is_configured: settings.history_schema.is_some(), history, log, lease }
    }

    /// The history table, quoted and qualified.
    pub(crate) fn history(&self) -> &str {
        &self.history
    }

    /// The log, quoted and qualified.
    pub(crate) fn log_table(&self) -> &str {
        &self.log
    }

    /// The table of who may migrate, quoted and qualified.
    pub(crate) fn lease(&self) -> &str {
        &self.lease
    }

    /// The list of columns that reading wants, each with the prefix.
    pub(crate) fn columns(dialect: Dialect, prefix: &str) -> String {
        let column = |name: &&str| match *name {
            "applied_at" => time(dialect, &format!("{prefix}applied_at")),
            name => format!("{prefix}{name}"),
        };
        COLUMNS.iter().map(column).collect::<Vec<_>>().join(", ")
    }

    /// Creates the schema of the tables where it is missing; nothing where the connection's own is meant.
    pub(crate) fn create_schema(&self) -> String {
        match (&self.schema, self.dialect) {
            (Some(schema), Dialect::Postgres) => format!(
                "DO $do$ BEGIN IF to_regnamespace({name}) IS NULL THEN CREATE SCHEMA {schema}; END IF; END $do$;\n",
                name = literal(self.dialect, &identifier(self.dialect, schema)),
                schema = identifier(self.dialect, schema)
            ),
            (Some(schema), Dialect::MySql | Dialect::MariaDb) if self.schema_is_configured => {
                format!("CREATE DATABASE IF NOT EXISTS {};\n", identifier(self.dialect, schema))
            }
            _ => String::new(),
        }
    }

    /// Creates what is missing.
    pub(crate) fn create(&self) -> String {
        let Types { id, text, long, stamp, seq, options } = Types::of(self.dialect);
        let schema = self.create_schema();
        format!(
            "{schema}CREATE TABLE IF NOT EXISTS {history} (\n\
             id {id} NOT NULL PRIMARY KEY, format integer NOT NULL, digest bigint, state {text} NOT NULL, journal {long},\n\
             parents {text} NOT NULL, depends_on {text} NOT NULL, title {text} NOT NULL, up_checksum {text}, down_checksum {text},\n\
             applied_at {stamp} NOT NULL, duration_ms bigint NOT NULL, applied_by {text} NOT NULL,\n\
             application {text} NOT NULL, tool {text} NOT NULL, down_sql {long}, lease bigint){options};\n\
             CREATE TABLE IF NOT EXISTS {log} (\n\
             seq {seq}, format integer NOT NULL, run_id {text} NOT NULL, revision {id} NOT NULL, action {text} NOT NULL,\n\
             note {text}, checksum {text}, at {stamp} NOT NULL, duration_ms bigint NOT NULL, done_by {text} NOT NULL,\n\
             application {text} NOT NULL, tool {text} NOT NULL){options};",
            history = self.history,
            log = self.log,
        )
    }

    /// Records what a step did: the history row and the log row, as statements without a final terminator.
    pub(crate) fn record(&self, entry: &Entry<'_>) -> String {
        let change = match (entry.action, entry.step.direction) {
            (Action::Repair, Direction::Up) => self.remember(entry.revision),
            (_, Direction::Up) => self.insert(entry, None),
            (_, Direction::Down) => self.forget(&entry.step.id),
        };
        format!("{change};\n{}", self.insert_log(entry))
    }

    /// Records a step whose statements ran one by one: its journal goes.
    pub(crate) fn record_finished(&self, entry: &Entry<'_>) -> String {
        match entry.step.direction {
            Direction::Up => format!("{};\n{}", self.forget(&entry.step.id), self.record(entry)),
            Direction::Down => self.record(entry),
        }
    }

    /// Begins the journal of a step.
    pub(crate) fn begin_journal(&self, entry: &Entry<'_>, journal: &Journal) -> String {
        match entry.step.direction {
            Direction::Up => self.insert(entry, Some(journal)),
            Direction::Down => self.write_journal(&entry.step.id, journal),
        }
    }

    /// Takes a journal back: of its revision nothing has run.
    pub(crate) fn end_journal(&self, id: &str, direction: Direction) -> String {
        match direction {
            Direction::Up => self.forget(id),
            Direction::Down => format!("UPDATE {} SET journal = NULL WHERE id = {}", self.history, self.literal(id)),
        }
    }

    /// Writes the journal of a revision that has a row.
    pub(crate) fn write_journal(&self, id: &str, journal: &Journal) -> String {
        format!(
            "UPDATE {} SET journal = {} WHERE id = {}",
            self.history,
            self.literal(&journal.to_text()),
            self.literal(id)
        )
    }

    /// Takes a revision's row away.
    pub(crate) fn forget(&self, id: &str) -> String {
        format!("DELETE FROM {} WHERE id = {}", self.history, self.literal(id))
    }

    fn insert(&self, entry: &Entry<'_>, journal: Option<&Journal>) -> String {
        let revision = entry.revision;
        let up = revision.section(Direction::Up, self.dialect);
        let down = revision.section(Direction::Down, self.dialect);
        let state = match (journal, entry.action) {
            (Some(journal), _) => RowState::Running(journal.direction),
            (None, Action::Stamp) => RowState::Stamped,
            (None, _) => RowState::Applied,
        };
        let checksum = |sum: Option<String>| nullable(self.dialect, sum.as_deref());
        format!(
            "INSERT INTO {history} (id, format, digest, state, journal, parents, depends_on, title, up_checksum, down_checksum, \
             applied_at, duration_ms, applied_by, application, tool, down_sql, lease) VALUES ({id}, {FORMAT}, {digest}, {state}, \
             {journal}, {parents}, {depends_on}, {title}, {up}, {down}, {now}, {took}, {by}, {application}, {tool}, {sql}, {lease})",
            history = self.history,
            id = self.literal(&revision.id),
            // Without one a row agrees with nobody: the revision is not applied yet.
            digest = journal.map_or_else(|| revision.digest(self.dialect).to_string(), |_| "NULL".to_owned()),
            parents = self.literal(&revision.parents.join(",")),
            depends_on = self.literal(&entry.depends_on.join(",")),
            title = self.literal(&revision.title),
            up = checksum(up.map(|section| section.checksum.to_string())),
            down = checksum(down.map(|section| section.checksum.to_string())),
            state = self.literal(state.as_str()),
            journal = nullable(self.dialect, journal.map(Journal::to_text).as_deref()),
            now = entry.adopted.map_or_else(|| self.now().to_owned(), |adopted| self.moment(&adopted.applied_at)),
            took = self.took(entry.took),
            by = self.literal(entry.adopted.map_or(&entry.author.by, |adopted| adopted.by)),
            application = self.literal(&entry.author.application),
            tool = self.literal(TOOL),
            sql = nullable(self.dialect, down.map(|section| section.to_stored()).as_deref()),
            lease = entry.lease.map_or_else(|| "NULL".to_owned(), |token| token.to_string()),
        )
    }

    fn insert_log(&self, entry: &Entry<'_>) -> String {
        let done = match (entry.action, entry.step.direction) {
            (Action::Stamp, Direction::Up) => Some("recorded without running"),
            (Action::Stamp, Direction::Down) => Some("forgotten without undoing"),
            (Action::Repair, Direction::Up) => Some("took the edited file for what ran"),
            (Action::Repair, Direction::Down) => Some("forgot a revision without a file"),
            _ => entry.adopted.map(|adopted| adopted.note.as_str()),
        };
        let words: Vec<&str> = done.into_iter().chain(entry.note).collect();
        let section = entry.revision.section(entry.step.direction, self.dialect);
        self.log(&LogRow {
            run_id: entry.run_id,
            revision: &entry.step.id,
            action: match (entry.action, entry.step.direction) {
                (Action::Stamp | Action::Repair | Action::Adopt, _) => entry.action.as_str(),
                // What finishes an interrupted revision may go the other way than the run.
                (_, Direction::Up) => Action::Upgrade.as_str(),
                (_, Direction::Down) => Action::Downgrade.as_str(),
            },
            note: Some(words.join(": ")).filter(|note| !note.is_empty()).as_deref(),
            checksum: section.map(|section| section.checksum.to_string()),
            took: entry.took,
            author: entry.author,
        })
    }

    fn log(&self, row: &LogRow<'_>) -> String {
        format!(
            "INSERT INTO {log} (format, run_id, revision, action, note, checksum, at, duration_ms, done_by, application, \
             tool) VALUES ({FORMAT}, {run}, {revision}, {action}, {note}, {checksum}, {now}, {took}, {by}, {app}, {tool})",
            log = self.log,
            run = self.literal(row.run_id),
            revision = self.literal(row.revision),
            action = self.literal(row.action),
            note = nullable(self.dialect, row.note),
            checksum = nullable(self.dialect, row.checksum.as_deref()),
            now = self.now(),
            took = self.took(row.took),
            by = self.literal(&row.author.by),
            app = self.literal(&row.author.application),
            tool = self.literal(TOOL),
        )
    }

    /// Takes what a file says now for what ran.
    fn remember(&self, revision: &Revision) -> String {
        let [up, down] = [Direction::Up, Direction::Down].map(|direction| revision.section(direction, self.dialect));
        let checksum = |section: Option<&Section>| {
            nullable(self.dialect, section.map(|section| section.checksum.to_string()).as_deref())
        };
        format!(
            "UPDATE {} SET digest = {}, up_checksum = {}, down_checksum = {}, down_sql = {} WHERE id = {}",
            self.history,
            revision.digest(self.dialect),
            checksum(up),
            checksum(down),
            nullable(self.dialect, down.map(|section| section.to_stored()).as_deref()),
            self.literal(&revision.id),
        )
    }

    /// Stores a mended `down` in place of the one that came with the revision.
    pub(crate) fn renew_down(&self, revision: &Revision, run_id: &str, author: &Author) -> String {
        let down = revision.section(Direction::Down, self.dialect);
        let checksum = down.map(|section| section.checksum.to_string());
        let log = self.log(&LogRow {
            run_id,
            revision: &revision.id,
            action: "repair",
            note: Some("stored the mended down"),
            checksum: checksum.clone(),
            took: Took::Milliseconds(0),
            author,
        });
        format!(
            "UPDATE {} SET digest = {}, down_sql = {}, down_checksum = {} WHERE id = {};\n{log}",
            self.history,
            revision.digest(self.dialect),
            nullable(self.dialect, down.map(|section| section.to_stored()).as_deref()),
            nullable(self.dialect, checksum.as_deref()),
            self.literal(&revision.id),
        )
    }

    /// Reads which revisions were taken over from another tool, whatever became of them since.
    #[cfg_attr(not(feature = "adopt-refinery"), allow(dead_code))]
    pub(crate) fn select_adopted(&self) -> String {
        format!("SELECT DISTINCT revision FROM {} WHERE action = {}", self.log, self.literal(Action::Adopt.as_str()))
    }

    /// Reads the journal of one revision.
    pub(crate) fn select_journal(&self, id: &str) -> String {
        format!("SELECT journal FROM {} WHERE id = {}", self.history, self.literal(id))
    }

    /// What the rows come to: how many there are, with a digest and with a journal, and the sum of the digests.
    ///
    /// The database adds up numbers that stand at the beginning of each row: a thousandth of the texts that they are for.
    pub(crate) fn select_glance(&self) -> String {
        // Equal outside a transaction. A connection that is inside one is refused, and that is not said at a glance.
        let (begun, now) = match self.dialect {
            Dialect::Sqlite => ("0", "0"),
            Dialect::Postgres => ("now()", "statement_timestamp()"),
            Dialect::MySql | Dialect::MariaDb => ("@@in_transaction", "0"),
        };
        format!("SELECT count(*), count(digest), count(journal), sum(digest), {begun}, {now} FROM {}", self.history)
    }

    /// Reads the stored `down` of some revisions.
    pub(crate) fn select_down<'i>(&self, ids: impl Iterator<Item = &'i str>) -> String {
        let ids: Vec<String> = ids.map(|id| self.literal(id)).collect();
        format!("SELECT id, down_sql FROM {} WHERE id IN ({})", self.history, ids.join(", "))
    }

    /// The number of the last log row: it changes whenever any process changes the history.
    pub(crate) fn select_last_log(&self) -> String {
        format!("SELECT coalesce(max(seq), 0) FROM {}", self.log)
    }

    /// Fails on SQLite when a log row follows this one: the smallest integer has no absolute value.
    pub(crate) fn prove_last_log(&self, number: i64) -> String {
        format!("SELECT abs(-9223372036854775808 + 0 * seq) FROM {} WHERE seq > {number}", self.log)
    }

    fn literal(&self, text: &str) -> String {
        literal(self.dialect, text)
    }

    fn now(&self) -> &'static str {
        match self.dialect {
            Dialect::Postgres => "clock_timestamp()",
            Dialect::MySql | Dialect::MariaDb => "utc_timestamp(3)",
            Dialect::Sqlite => "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')",
        }
    }

    /// A time in UTC, in RFC 3339 with milliseconds, as the columns hold it.
    fn moment(&self, time: &str) -> String {
        match self.dialect {
            Dialect::Sqlite => self.literal(time),
            Dialect::Postgres => format!("{}::timestamptz", self.literal(time)),
            Dialect::MySql | Dialect::MariaDb => self.literal(&time.replace('T', " ").replace('Z', "")),
        }
    }

    fn took(&self, took: Took) -> String {
        match took {
            Took::Milliseconds(milliseconds) => milliseconds.to_string(),
            Took::SinceTransaction { less: 0 } => SINCE_TRANSACTION.to_owned(),
            Took::SinceTransaction { less } => format!("greatest({SINCE_TRANSACTION} - {less}, 0)"),
            Took::SinceMessage { after } => match self.dialect {
                Dialect::Postgres => format!("{after} + {SINCE_TRANSACTION}"),
                Dialect::MySql | Dialect::MariaDb => {
                    format!("{after} + timestampdiff(MICROSECOND, @migrate_started, utc_timestamp(6)) DIV 1000")
                }
                Dialect::Sqlite => after.to_string(),
            },
        }
    }
}

/// Whole milliseconds since the transaction began, on PostgreSQL. `extract` would count in decimal digits, at four times
/// the price.
const SINCE_TRANSACTION: &str = "floor(date_part('epoch', clock_timestamp() - now()) * 1000)";

/// What the rows say of the tool.
const TOOL: &str = concat!("migrate-runtime ", env!("CARGO_PKG_VERSION"));

/// What one row of the log says.
struct LogRow<'a> {
    run_id: &'a str,
    revision: &'a str,
    action: &'a str,
    note: Option<&'a str>,
    checksum: Option<String>,
    took: Took,
    author: &'a Author,
}

/// What there is to record of a step.
pub(crate) struct Entry<'a> {
    pub(crate) action: Action,
    pub(crate) step: &'a Step,
    pub(crate) revision: &'a Revision,
    /// The dependencies as ids.
    pub(crate) depends_on: &'a [String],
    pub(crate) took: Took,
    pub(crate) run_id: &'a str,
    pub(crate) author: &'a Author,
    /// What else its log row says.
    pub(crate) note: Option<&'a str>,
    /// The number of the lease under which it was done; `None` under another lock.
    pub(crate) lease: Option<u64>,
    /// What is known of it when another tool has done it.
    pub(crate) adopted: Option<&'a Adopted>,
}

/// Reads the rows that [`Tables::columns`] selected, beginning at a column.
pub(crate) fn read_rows(rows: &[Row], first: usize, table: &str) -> Result<Vec<AppliedRow>, Error> {
    let formats = rows.iter().filter_map(|row| row.text(first)?.parse::<u32>().ok());
    match formats.max() {
        Some(found) if found > FORMAT => return Err(Error::HistoryNewer { found, known: FORMAT }),
        _ => {}
    }
    // An outer join gives one row of NULLs for an empty table.
    rows.iter().filter(|row| row.text(first + 1).is_some()).map(|row| read_row(row, first, table)).collect()
}

fn read_row(row: &Row, first: usize, table: &str) -> Result<AppliedRow, Error> {
    let malformed = |problem: String| Error::HistoryMalformed { table: table.to_owned(), problem };
    let text = |column: usize| {
        let missing = || malformed(format!("a row has no `{}`", COLUMNS[column]));
        row.text(first + column).map(str::to_owned).ok_or_else(missing)
    };
    let id = text(1)?;
    let list = |column: usize| -> Result<Vec<String>, Error> {
        Ok(text(column)?.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect())
    };
    let checksum = |column: usize| match row.text(first + column) {
        None => Ok(None),
        Some(sum) => sum.parse().map(Some).map_err(|_| malformed(format!("the {} of `{id}` is none", COLUMNS[column]))),
    };
    let state = match text(7)?.as_str() {
        "applied" => RowState::Applied,
        "stamped" => RowState::Stamped,
        // A row keeps its state while it is undone, and its journal says that it is.
        "running" => RowState::Running(Direction::Up),
        other => return Err(malformed(format!("`{id}` has the unknown state `{other}`"))),
    };
    let state = match row.text(first + 12).map(Journal::parse) {
        None => state,
        Some(Some(journal)) => RowState::Running(journal.direction),
        Some(None) => return Err(malformed(format!("the journal of `{id}` cannot be read"))),
    };
    Ok(AppliedRow {
        parents: list(2)?,
        depends_on: list(3)?,
        title: text(4)?,
        up_checksum: checksum(5)?,
        down_checksum: checksum(6)?,
        state,
        applied_at: text(8)?,
        duration_ms: text(9)?.parse().unwrap_or(0),
        applied_by: text(10)?,
        application: text(11)?,
        journal: row.text(first + 12).map(str::to_owned),
        id,
    })
}
