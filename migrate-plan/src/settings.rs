//! What a project configures, read from one place by the macro, the binary and the command line alike.

use std::borrow::Cow;

use crate::plan::Ahead;
use crate::revision::Text;

/// How many heads a history may have where one is expected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Heads {
    /// One: the macro and `check` refuse several, and `upgrade` goes to `head`. The default.
    #[default]
    One,
    /// Any number: `upgrade` goes to `heads`.
    Many,
}

/// How processes that migrate one database at once are kept apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LockKind {
    /// What is safe for the database at hand: a lease on PostgreSQL, where a pooler may stand between and cannot be
    /// seen, and on a Galera cluster; a named lock on another MariaDB or MySQL. The default.
    #[default]
    Auto,
    /// A lock of the session: an advisory lock on PostgreSQL, a named lock on MariaDB and MySQL. It ends with its
    /// session, and protects nothing behind a transaction pooler or in a Galera cluster, where it is refused.
    Advisory,
    /// A row in a table beside the history that a run holds and renews, and that the next one takes when it has expired.
    Lease,
    /// None: whoever starts the run sees to it that there is one at a time. SQLite always locks.
    None,
}

/// The table that remembers what is applied.
pub const DEFAULT_HISTORY_TABLE: &str = "migrate_history";

/// The folder of revision files, beside the manifest.
pub const DEFAULT_FOLDER: &str = "migrations";

/// What must be the same in the binary and on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The history table's name. Default: `migrate_history`.
    pub history_table: Text,
    /// The schema of the history tables. Default: the connection's current schema.
    pub history_schema: Option<Text>,
    /// How processes are kept apart. Default: what is safe for the database.
    pub lock: LockKind,
    /// What happens when the database has revisions that are not here.
    pub ahead: Ahead,
    /// One head or many.
    pub heads: Heads,
}

impl Settings {
    /// The defaults, usable in a `const`.
    pub const DEFAULT: Self = Self {
        history_table: Cow::Borrowed(DEFAULT_HISTORY_TABLE),
        history_schema: None,
        lock: LockKind::Auto,
        ahead: Ahead::AllowWhenIdle,
        heads: Heads::One,
    };

    /// The same for a database that is there for one call: nobody else is in it, and the history stands in it and nowhere else.
    pub fn for_scratch(&self) -> Self {
        Self { history_schema: None, lock: LockKind::None, ahead: Ahead::AllowWhenIdle, ..self.clone() }
    }

    /// The table of what was ever done: `migrate_log`, or `<history>_log` beside a renamed history.
    pub fn log_table(&self) -> String {
        self.table_beside_history("log")
    }

    /// The table of who may migrate: `migrate_lease`, or `<history>_lease` beside a renamed history.
    pub fn lease_table(&self) -> String {
        self.table_beside_history("lease")
    }

    /// The name of the history table or its schema that no database takes as it is; `None` when both are usable.
    ///
    /// PostgreSQL cuts longer names, so that the history and its log could become one table.
    ///
    /// # Examples
    ///
    /// ```
    /// use migrate_plan::Settings;
    ///
    /// let mut settings = Settings::default();
    /// assert_eq!(settings.unusable_name(), None);
    /// settings.history_table = "h".repeat(58).into();
    /// assert_eq!(settings.unusable_name(), Some(&*"h".repeat(58)));
    /// ```
    pub fn unusable_name(&self) -> Option<&str> {
        let mut names = std::iter::once(&self.history_table).chain(&self.history_schema).map(|name| &**name);
        names.find(|name| !is_usable_name(name))
    }

    fn table_beside_history(&self, name: &str) -> String {
        match self.history_table.as_ref() {
            DEFAULT_HISTORY_TABLE => format!("migrate_{name}"),
            renamed => format!("{renamed}_{name}"),
        }
    }
}

/// Names of tables are quoted wherever they are used; only what no database takes is refused.
pub(crate) fn is_usable_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= LONGEST_NAME && !name.contains('\0')
}

/// The longest name of a history table, in bytes, so that `_lease` fits behind it.
pub(crate) const LONGEST_NAME: usize = 57;

impl Default for Settings {
    fn default() -> Self {
        Self::DEFAULT
    }
}
