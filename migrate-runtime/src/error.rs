//! Why a run failed, and what it had done until then.

use std::time::Duration;

use migrate_plan::{Code, Diagnostic, Direction, GraphDefect, Place, PlanError};

use crate::driver::{DriverError, DriverErrorKind};
use crate::report::RunReport;

/// Why migrations could not be looked at or run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The revisions do not form a graph. Cannot happen with embedded ones.
    #[error("the revisions do not form a graph: {}", .0.first().map(ToString::to_string).unwrap_or_default())]
    Graph(Vec<GraphDefect>),
    /// The plan is refused; nothing was written.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A statement of a revision failed; the revision was rolled back.
    #[error("revision `{}` failed: {}", .0.id, .0.driver)]
    Statement(Box<StatementFailure>),
    /// Other sessions kept locked what a revision needs, in every attempt.
    #[error("{} of `{}` got no lock in {} attempts", .0.failure.direction, .0.failure.id, .0.attempts)]
    Blocked(Box<Blocked>),
    /// The connection is inside a transaction.
    #[error("the connection is inside a transaction")]
    InTransaction,
    /// A revision ended the transaction in which it ran.
    #[error("revision `{id}` ended its own transaction")]
    TransactionEnded {
        /// The revision.
        id: String,
        /// Its file.
        file: String,
    },
    /// The history has a row of a newer format.
    #[error("the history has format {found}, and {known} is the newest that is known here")]
    HistoryNewer {
        /// The newest format found.
        found: u32,
        /// The format that is known here.
        known: u32,
    },
    /// The history table is not one of ours, or its rows cannot be read.
    #[error("the history table {table} cannot be used: {problem}")]
    HistoryMalformed {
        /// The table.
        table: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Another process changed the history while a relative target was being followed.
    #[error("another process changed the history meanwhile")]
    HistoryChanged,
    /// The lock was not free in time.
    #[error("another process is migrating, and {:.1} s have passed", waited.as_secs_f64())]
    LockTimeout {
        /// How long was waited.
        waited: Duration,
        /// Who holds the lock, where the database tells.
        holder: Option<String>,
    },
    /// The run was stopped from outside, between two revisions or statements.
    #[error("the run was stopped")]
    Stopped,
    /// The session lock does not stay with the connection.
    #[error("the lock does not stay with this connection")]
    Pooler,
    /// The connection ended when a transaction began.
    #[error("the connection ends as soon as a transaction begins")]
    StatementPooler {
        /// The driver's error.
        driver: DriverError,
    },
    /// Another run has taken the lease.
    #[error("another process has taken over the lease of this run")]
    LeaseLost,
    /// What is to run cannot be one transaction.
    #[error("this cannot run in a single transaction")]
    NotOneTransaction {
        /// Why.
        why: &'static str,
        /// The section that cannot, where it is one.
        place: Option<Place>,
    },
    /// A run was interrupted in a revision, which a script cannot go on with.
    #[error("revision `{id}` is half applied, and a script cannot look what is left of it")]
    NotInAScript {
        /// The revision.
        id: String,
    },
    /// The server is a node of a Galera cluster, whose nodes do not share their locks.
    #[error("a lock of this server protects nothing: it is a node of a Galera cluster")]
    Cluster,
    /// A revision left rows whose foreign keys point nowhere; it was rolled back.
    #[error("revision `{id}` leaves {} that point nowhere", rows(violations.len()))]
    ForeignKeys {
        /// The revision.
        id: String,
        /// Its file.
        file: String,
        /// Each as `table row -> parent`.
        violations: Vec<String>,
        /// What stays of the revision.
        remains: Remains,
    },
    /// The connection broke while a revision was sent or committed.
    #[error("the connection broke while revision `{id}` was being committed")]
    OutcomeUnknown {
        /// The revision.
        id: String,
        /// The driver's error.
        driver: DriverError,
    },
    /// A future of a blocking connection was not ready.
    #[error("the connection was not ready although it is a blocking one")]
    NotReady,
    /// A statement was interrupted, and whether it took effect cannot be told.
    #[error("`{}` of revision `{}` was interrupted, and whether a statement took effect cannot be told", .0.direction, .0.id)]
    Interrupted(Box<Interruption>),
    /// A statement that an interrupted revision has run is no longer what the file says.
    #[error("a statement of revision `{id}` was edited after it had run")]
    JournalEdited {
        /// The revision.
        id: String,
        /// The place of the statement, or of its section when it is gone.
        place: Place,
    },
    /// What stands before the first write held the run back; nothing was written.
    #[error("{}", .0.message)]
    Withheld(Box<Diagnostic>),
    /// The database is another tool's, or what that tool left does not fit; nothing was written.
    #[error("{}", .0.first().map(|problem| problem.message.as_str()).unwrap_or_default())]
    Foreign(Vec<Diagnostic>),
    /// A query of our own was refused.
    #[error("{doing}: {driver}")]
    Driver {
        /// What was being done.
        doing: &'static str,
        /// The driver's error.
        #[source]
        driver: DriverError,
    },
}

fn rows(count: usize) -> String {
    format!("{count} row{}", if count == 1 { "" } else { "s" })
}

/// Which statement of which revision failed.
#[derive(Debug)]
pub struct StatementFailure {
    /// The revision.
    pub id: String,
    /// Up or down.
    pub direction: Direction,
    /// The statement's place in the file, or the position that the server gave.
    pub place: Place,
    /// The statement; `None` when the commit itself failed.
    pub statement: Option<String>,
    /// The server's words.
    pub driver: DriverError,
    /// What stays of the revision.
    pub remains: Remains,
}

/// What stays of a revision that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remains {
    /// Nothing: it was rolled back.
    Nothing,
    /// So many of its statements, which ran one by one.
    Statements {
        /// How many have run.
        done: usize,
        /// How many there are.
        of: usize,
    },
}

/// A revision that got no lock.
#[derive(Debug)]
pub struct Blocked {
    /// The last attempt.
    pub failure: StatementFailure,
    /// The sessions that were in the way, in words; empty where the server does not tell.
    pub blockers: Vec<String>,
    /// How many attempts there were.
    pub attempts: u32,
    /// How long they took.
    pub waited: Duration,
}

/// What is known of a statement that was interrupted.
#[derive(Debug)]
pub struct Interruption {
    /// The revision.
    pub id: String,
    /// Up or down.
    pub direction: Direction,
    /// Its file.
    pub place: Place,
    /// The statement.
    pub statement: String,
    /// Of each object that it changes: what was there before, what was to be, and what is there.
    pub facts: Vec<Fact>,
    /// The statements of the revision that have not run, the interrupted one left out.
    pub left: Vec<String>,
    /// Why it cannot be told.
    pub why: &'static str,
}

/// One object that an interrupted statement changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// The object, such as ``table `a` ``.
    pub object: String,
    /// What was there before.
    pub before: String,
    /// What was to be there.
    pub expected: String,
    /// What is there.
    pub actual: String,
}

/// A failed run: why, and what it had done until then.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct RunError {
    /// Why.
    #[source]
    pub error: Error,
    /// What is done and committed.
    pub report: Box<RunReport>,
}

impl Error {
    /// Gives a driver's error the meaning that its kind has.
    pub(crate) fn driver(doing: &'static str, driver: DriverError) -> Self {
        match driver.kind {
            DriverErrorKind::InTransaction => Self::InTransaction,
            _ => Self::Driver { doing, driver },
        }
    }

    /// The revision that is half done, if one is.
    pub(crate) fn half_done(&self) -> Option<&str> {
        match self {
            Self::Statement(failure) if failure.remains != Remains::Nothing => Some(&failure.id),
            Self::Blocked(blocked) if blocked.failure.remains != Remains::Nothing => Some(&blocked.failure.id),
            Self::ForeignKeys { id, remains, .. } if *remains != Remains::Nothing => Some(id),
            Self::Interrupted(interruption) => Some(&interruption.id),
            _ => None,
        }
    }

    /// [`Error::diagnostics`] of a run in a database that is there for it alone: without what they say of its state, which nobody
    /// will see.
    pub fn diagnostics_in_scratch(&self) -> Vec<Diagnostic> {
        let mut problems = self.diagnostics();
        for problem in problems.iter_mut().filter(|problem| problem.code == Code::StatementFailed) {
            problem.help = "mend the statement".to_owned();
            problem.notes.retain(|note| *note != Remains::Nothing.to_string());
        }
        problems
    }

    /// Everything that is wrong, for a person to read.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        match self {
            Self::Graph(defects) => defects.iter().map(Diagnostic::from).collect(),
            Self::Foreign(problems) => problems.clone(),
            other => vec![other.diagnostic()],
        }
    }

    fn diagnostic(&self) -> Diagnostic {
        let new = |code, help: &str| Diagnostic::new(code, self.to_string(), help);
        match self {
            Self::Graph(defects) => defects.first().map_or_else(|| new(Code::Cycle, "check the files"), Diagnostic::from),
            Self::Foreign(problems) => {
                problems.first().cloned().unwrap_or_else(|| new(Code::NotTakenOver, "look at its table"))
            }
            Self::Plan(error) => error.into(),
            Self::Statement(failure) => failure.diagnostic(),
            Self::Blocked(blocked) => blocked.diagnostic(self.to_string()),
            Self::InTransaction => new(Code::InTransaction, "commit or roll back before migrating").because(
                "each revision is a transaction of its own, with its history row; inside yours it could be rolled back with it",
            ),
            Self::TransactionEnded { file, .. } => {
                new(Code::TransactionEnded, "look at the database: what ran before the end of the transaction may be committed, without a history row")
                    .at(Place::new(file.clone(), 1))
                    .because("something in its SQL ran COMMIT or ROLLBACK where the splitter sees text, or RESET ALL")
            }
            Self::HistoryNewer { .. } => new(Code::HistoryNewer, "update this binary's migrate-runtime, or cargo-migrate")
                .because("a newer version may have written what this one does not understand"),
            Self::HistoryMalformed { .. } => {
                new(Code::HistoryMalformed, "set `history-table` to another name if the table belongs to somebody else")
                    .because("nothing is written to a table that is not understood")
            }
            Self::HistoryChanged => new(Code::HistoryChanged, "look at `current` and run it again")
                .because("what would run now is not what the plan said"),
            Self::LockTimeout { holder, .. } => {
                let diagnostic = new(Code::LockTimeout, "wait for it, or give it more time: `--lock-timeout`");
                match holder {
                    Some(holder) => diagnostic.note(format!("the lock is held by {holder}")),
                    None => diagnostic,
                }
            }
            Self::Stopped => new(Code::Stopped, "run it again: it goes on where it stopped"),
            Self::Pooler => new(
                Code::PoolerDetected,
                "connect directly to the server, or set `lock = \"lease\"`, which holds behind a pooler too",
            )
            .because("a transaction pooler hands each transaction to another server session, so a session lock protects nothing"),
            Self::StatementPooler { driver } => new(
                Code::PoolerDetected,
                "connect directly to the server, or through a pooler in transaction or session mode",
            )
            .because("a pooler in statement mode does that: it allows no transactions of several messages")
            .note(driver.to_string()),
            Self::LeaseLost => new(
                Code::LeaseLost,
                "look at `current`; the other process goes on from what is recorded",
            )
            .because("this process stood still for longer than its lease, or the connection did; what it had not committed is undone"),
            Self::NotInAScript { .. } => new(Code::CannotFinish, "finish it with `upgrade`, and write the script then"),
            Self::NotOneTransaction { why, place } => {
                let diagnostic =
                    new(Code::NotOneTransaction, "run it without, each revision in its own transaction").because(*why);
                match place {
                    Some(place) => diagnostic.at(place.clone()),
                    None => diagnostic,
                }
            }
            Self::Cluster => new(
                Code::PoolerDetected,
                "leave `lock` away, or set `lock = \"lease\"`, which holds on all nodes",
            )
            .because("`GET_LOCK` gives the same lock to one session on each node"),
            Self::ForeignKeys { file, violations, remains, .. } => {
                let mut diagnostic = new(Code::ForeignKeys, "delete or mend these rows in the revision, before or after the change")
                    .at(Place::new(file.clone(), 1))
                    .because("a revision that drops a table runs with foreign keys off, and they are checked before it is committed");
                diagnostic.notes = violations.iter().take(5).cloned().collect();
                match remains {
                    Remains::Nothing => diagnostic.note("the revision was rolled back"),
                    Remains::Statements { done, of } => {
                        diagnostic.note(format!("{done} of its {of} statements have run and stay; `status` shows it"))
                    }
                }
            }
            Self::OutcomeUnknown { driver, .. } => {
                new(Code::OutcomeUnknown, "run it again: the history says whether the revision is applied, and it goes on from there")
                    .note(driver.to_string())
                    .because("the server's answer to the commit did not arrive, so it is applied wholly or not at all")
            }
            Self::NotReady => new(Code::NotReady, "use the asynchronous face for this connection"),
            Self::Interrupted(interruption) => interruption.diagnostic(self.to_string()),
            Self::JournalEdited { place, .. } => new(
                Code::JournalEdited,
                "undo the edit; statements behind those that have run may be edited",
            )
            .at(place.clone())
            .because("the database ran another text, and the revision goes on from there"),
            Self::Withheld(diagnostic) => (**diagnostic).clone(),
            Self::Driver { doing, driver } => driver_diagnostic(doing, driver),
        }
    }
}

/// The error number of a Galera node that is joining, or has lost the others.
const NODE_NOT_READY: &str = "1047";

/// The diagnostic for a driver's error outside a revision.
pub(crate) fn driver_diagnostic(doing: &str, driver: &DriverError) -> Diagnostic {
    let message = format!("{doing}: {driver}");
    let (code, help) = match driver.kind {
        DriverErrorKind::ReadOnly => (Code::ReadOnly, "use a connection and a role that have the right to do it"),
        DriverErrorKind::Busy => {
            (Code::LockTimeout, "wait until the other session that holds the lock is done, and run it again")
        }
        DriverErrorKind::Unreachable if ["CannotOpen", "NotADatabase"].map(Some).contains(&driver.code.as_deref()) => {
            (Code::Unreachable, "check the path: its folder must be there, and the file must be a SQLite database")
        }
        DriverErrorKind::Unreachable if driver.code.as_deref() == Some(NODE_NOT_READY) => {
            (Code::Unreachable, "wait until this node of the cluster is synced, or connect to another one")
        }
        DriverErrorKind::Unreachable => (Code::Unreachable, "check host and port, and that the server runs"),
        DriverErrorKind::ConnectionLost => (Code::Unreachable, "run it again when the server is back"),
        DriverErrorKind::WrongCredentials => (Code::WrongCredentials, "check user and password of the database URL"),
        DriverErrorKind::MissingDatabase => {
            (Code::MissingDatabase, "create the database, or check its name in the URL")
        }
        DriverErrorKind::MayNotBlock => (
            Code::NotReady,
            "use an asynchronous driver there, or a thread that may block, such as `spawn_blocking` has",
        ),
        _ => (Code::Refused, "read what the database says below or above"),
    };
    let mut diagnostic = Diagnostic::new(code, message, help);
    diagnostic.notes = server_words(driver);
    diagnostic
}

fn server_words(driver: &DriverError) -> Vec<String> {
    let code = driver.code.as_ref().map(|code| format!("the database's code is {code}"));
    let inside = driver.internal_query.as_ref().map(|query| format!("inside: {}", query.trim()));
    [driver.detail.clone(), driver.hint.clone(), inside, code].into_iter().flatten().collect()
}

impl StatementFailure {
    fn first_line(&self) -> Option<&str> {
        self.statement.as_ref().map(|sql| sql.lines().next().unwrap_or_default().trim_end())
    }

    fn diagnostic(&self) -> Diagnostic {
        let message = format!("{} of `{}` failed: {}", self.direction, self.id, self.driver);
        let help = match (&self.statement, self.remains) {
            (Some(_), Remains::Nothing) if self.direction == Direction::Down => {
                "mend the statement and run it again: the revision is applied as it was"
            }
            (Some(_), Remains::Nothing) => "mend the statement and run it again: the revision is not applied",
            (Some(_), Remains::Statements { .. }) => {
                "mend the statement and run it again: the revision goes on with this statement"
            }
            (None, _) => "mend what the constraint found when the transaction was committed, and run it again",
        };
        let mut diagnostic = Diagnostic::new(Code::StatementFailed, message, help).at(self.place.clone());
        diagnostic.notes =
            self.first_line().map(|sql| format!("in: {sql}")).into_iter().chain(server_words(&self.driver)).collect();
        if self.driver.message.contains("shared memory") {
            diagnostic = diagnostic
                .note("`max_locks_per_transaction` of the server is too small for what one transaction locks");
        }
        diagnostic.note(self.remains.to_string())
    }
}

impl std::fmt::Display for Remains {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Nothing => f.write_str("this revision was rolled back, nothing of it remains"),
            Self::Statements { done, of } => {
                write!(f, "{done} of its {of} statements have run and stay; `status` shows it")
            }
        }
    }
}

impl Blocked {
    fn diagnostic(&self, message: String) -> Diagnostic {
        let failure = &self.failure;
        let mut diagnostic = Diagnostic::new(
            Code::Blocked,
            message,
            "wait until these sessions are done, or end them, and run it again; `--table-lock-timeout` and \
             `--table-lock-attempts` say how long is waited",
        )
        .at(failure.place.clone())
        .because("an attempt that waits longer makes everybody who comes after it wait too");
        diagnostic.notes.extend(failure.first_line().map(|sql| format!("in: {sql}")));
        diagnostic.notes.extend(self.blockers.iter().map(|blocker| format!("in the way: {blocker}")));
        diagnostic.notes.push(failure.driver.to_string());
        diagnostic.notes.extend(server_words(&failure.driver));
        diagnostic.note(failure.remains.to_string())
    }
}

impl Interruption {
    fn diagnostic(&self, message: String) -> Diagnostic {
        let help = match self.direction {
            Direction::Up => format!(
                "look at the database; then either run by hand what is left and `stamp {}`, or undo by hand what has run \
                 and `stamp` the revision before it",
                self.id
            ),
            Direction::Down => format!(
                "look at the database; then either run by hand what is left and `stamp` the revision before it, or put back \
                 by hand what is gone and `stamp {}`",
                self.id
            ),
        };
        let mut diagnostic = Diagnostic::new(Code::Interrupted, message, help).at(self.place.clone()).because(self.why);
        diagnostic.notes.push(format!("interrupted: {}", self.statement));
        if !self.facts.is_empty() {
            diagnostic.notes.push("object | before | expected | actual".to_owned());
        }
        let row = |fact: &Fact| format!("{} | {} | {} | {}", fact.object, fact.before, fact.expected, fact.actual);
        diagnostic.notes.extend(self.facts.iter().map(row));
        diagnostic.notes.extend(self.left.iter().map(|sql| format!("has not run: {sql}")));
        diagnostic
    }
}
