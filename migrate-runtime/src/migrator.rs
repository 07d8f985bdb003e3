//! A run with options: where to go, how long to wait, whom to tell.

use std::sync::Arc;
use std::time::Duration;

use migrate_plan::{
    Action, Ahead, Diagnostic, Dialect, Heads, Inserted, LockKind, Plan, Purge, RevisionGraph, Settings, Target,
    TargetError,
};

use crate::driver::{Acquire, BlockingConnection, LiveConnection, identified, ready};
use crate::engine::{self, Gate, Goal, Limits, Prospect, Request, Transactions};
use crate::error::{Error, RunError};
use crate::event::{Event, Listener};
use crate::history::Author;
use crate::migrations::Migrations;
use crate::report::RunReport;
use crate::stop::Stop;
use crate::trace;

pub(crate) const ACQUIRING: &str = "no connection can be had";
pub(crate) const CONNECTING: &str = "the server does not say what it is";

/// What to do, before its targets are read.
#[derive(Clone, Debug)]
enum Ask {
    Upgrade(Vec<String>),
    Downgrade(String),
    Redo(String),
    Stamp(Vec<String>, Purge),
    Repair(Vec<String>),
}

/// A run of migrations with options; made by [`Migrations::migrator`].
///
/// Without options it upgrades to the head (to all heads with `heads = "many"`).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use migrate_runtime::Migrations;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let migrations = Migrations::from_files([]).unwrap();
/// let mut db = rusqlite::Connection::open_in_memory()?;
/// # #[cfg(feature = "rusqlite")]
/// let report = migrations
///     .migrator()
///     .target("head")
///     .lock_timeout(Duration::from_secs(30))
///     .on_event(|event| println!("{event:?}"))
///     .run(&mut db)?;
/// # Ok(())
/// # }
/// ```
pub struct Migrator<'m> {
    pub(crate) migrations: &'m Migrations,
    ask: Option<Ask>,
    pub(crate) settings: Settings,
    inserted: Inserted,
    pub(crate) lock_timeout: Option<Duration>,
    limits: Limits,
    transactions: Transactions,
    stop: Stop,
    pub(crate) listener: Option<Listener<'m>>,
    gate: Option<Gate<'m>>,
    reason: Option<String>,
}

impl std::fmt::Debug for Migrator<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Migrator").field("ask", &self.ask).field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl<'m> Migrator<'m> {
    pub(crate) fn new(migrations: &'m Migrations) -> Self {
        Self {
            migrations,
            ask: None,
            settings: migrations.settings().clone(),
            inserted: Inserted::default(),
            lock_timeout: None,
            limits: Limits::default(),
            transactions: Transactions::Each,
            stop: Stop::new(),
            listener: None,
            gate: None,
            reason: None,
        }
    }

    /// Upgrades to a target, such as `head`, `+1`, an id or `billing@head`.
    #[must_use]
    pub fn target(mut self, target: impl Into<String>) -> Self {
        self.ask = Some(Ask::Upgrade(vec![target.into()]));
        self
    }

    /// Upgrades to several targets in one run, none of which may include another.
    ///
    /// # Examples
    ///
    /// ```
    /// use migrate_runtime::Migrations;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let file = |id: &str| format!("-- revision: {id}\n-- parents: none\n-- migrate: up\nSELECT 1;\n");
    /// # let (a, b, c) = (file("a"), file("b"), file("c"));
    /// # let files = [("a.sql", &*a), ("b.sql", &*b), ("c.sql", &*c)];
    /// # let migrations = Migrations::from_files(files).unwrap();
    /// let mut db = rusqlite::Connection::open_in_memory()?;
    /// # #[cfg(feature = "rusqlite")]
    /// # {
    /// let report = migrations.migrator().targets(["a", "c"]).run(&mut db)?;
    /// assert_eq!(report.heads_after, ["a", "c"]);
    /// # }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn targets<T: Into<String>>(mut self, targets: impl IntoIterator<Item = T>) -> Self {
        self.ask = Some(Ask::Upgrade(targets.into_iter().map(Into::into).collect()));
        self
    }

    /// Downgrades to a target, such as `-1`, an id or `base`; the target itself stays applied.
    #[must_use]
    pub fn downgrade(mut self, target: impl Into<String>) -> Self {
        self.ask = Some(Ask::Downgrade(target.into()));
        self
    }

    /// Undoes everything above a target, such as `-1`, and applies it again. Refused before the first write when some revision
    /// of it cannot be undone or cannot be applied.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let migrations = migrate_runtime::Migrations::from_files([(
    ///     "001.sql",
    ///     "-- revision: 001\n-- parents: none\n\n-- migrate: up\nCREATE TABLE a (x INT);\n\n-- migrate: down\nDROP TABLE a;\n",
    /// )])
    /// .unwrap();
    /// let mut db = rusqlite::Connection::open_in_memory()?;
    /// # #[cfg(feature = "rusqlite")]
    /// # {
    /// migrations.upgrade(&mut db)?;
    /// let report = migrations.migrator().redo("-1").run(&mut db)?;
    /// assert_eq!(report.ids().collect::<Vec<_>>(), ["001", "001"]);
    /// # }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn redo(mut self, target: impl Into<String>) -> Self {
        self.ask = Some(Ask::Redo(target.into()));
        self
    }

    /// Makes the history remember reviewed changes, with the reason in the log: an edited file of an applied revision counts
    /// as what ran, and a revision without a file is forgotten. Without targets all of them. No SQL of a revision runs.
    #[must_use]
    pub fn repair<T: Into<String>>(mut self, targets: impl IntoIterator<Item = T>, reason: impl Into<String>) -> Self {
        self.ask = Some(Ask::Repair(targets.into_iter().map(Into::into).collect()));
        self.reason = Some(reason.into());
        self
    }

    /// Records the targets and their ancestors as applied, and what stands above them as not, without running SQL.
    #[must_use]
    pub fn stamp<T: Into<String>>(mut self, targets: impl IntoIterator<Item = T>, purge: Purge) -> Self {
        self.ask = Some(Ask::Stamp(targets.into_iter().map(Into::into).collect(), purge));
        self
    }

    /// Waits no longer than this for another process. Without it a run waits as long as it takes.
    #[must_use]
    pub fn lock_timeout(mut self, limit: Duration) -> Self {
        self.lock_timeout = Some(limit);
        self
    }

    /// How long one attempt at a revision waits for a table or a row that another session locks. Whoever comes after the
    /// attempt waits too, so that it is made short, and made again. Three seconds by default; MariaDB and MySQL count whole
    /// seconds. Statements that PostgreSQL takes only alone, such as a concurrent index build, wait as long as it takes.
    #[must_use]
    pub fn table_lock_timeout(mut self, limit: Duration) -> Self {
        self.limits.table_lock_timeout = limit;
        self
    }

    /// How many attempts there are, with growing pauses between them: ten by default, about a minute and a half. Then the
    /// run fails with [`Error::Blocked`].
    #[must_use]
    pub fn table_lock_attempts(mut self, attempts: u32) -> Self {
        self.limits.table_lock_attempts = attempts;
        self
    }

    /// How long a statement of a revision may take on PostgreSQL and MariaDB; MySQL limits queries alone. Without it a
    /// statement takes as long as it takes, and so do those that PostgreSQL takes only alone.
    #[must_use]
    pub fn statement_timeout(mut self, limit: Duration) -> Self {
        self.limits.statement_timeout = Some(limit);
        self
    }

    /// Runs all revisions in one transaction, so that a failure leaves none of them. Refused on MySQL and MariaDB and for
    /// revisions that run outside a transaction, and on SQLite with foreign keys on where one revision drops a table and another
    /// changes rows. Very many revisions at once can need more locks than PostgreSQL has room
    /// for (`max_locks_per_transaction`).
    #[must_use]
    pub fn single_transaction(mut self) -> Self {
        self.transactions = Transactions::One;
        self
    }

    /// Stops before the next revision once this is requested; see [`Stop`].
    #[must_use]
    pub fn stop_on(mut self, stop: &Stop) -> Self {
        self.stop = stop.clone();
        self
    }

    /// Replaces the configured lock.
    #[must_use]
    pub fn lock(mut self, lock: LockKind) -> Self {
        self.settings.lock = lock;
        self
    }

    /// Replaces the configured policy for a database that is ahead of this binary.
    #[must_use]
    pub fn ahead(mut self, ahead: Ahead) -> Self {
        self.settings.ahead = ahead;
        self
    }

    /// Says what becomes of revisions that were inserted behind an applied one. They run by default.
    #[must_use]
    pub fn inserted(mut self, inserted: Inserted) -> Self {
        self.inserted = inserted;
        self
    }

    /// Hears what happens, as it happens.
    #[must_use]
    pub fn on_event(mut self, listener: impl FnMut(&Event<'_>) + Send + 'm) -> Self {
        self.listener = Some(Box::new(listener));
        self
    }

    /// Calls back once before the first write, when there is something to do: to ask somebody, or to make a backup. What it
    /// refuses does not run; the text that it gives stands in the log rows of the run.
    ///
    /// No lock is held meanwhile. When another process changes the history until there is one, so that more would be done than
    /// was shown here, the run is refused.
    ///
    /// # Examples
    ///
    /// ```
    /// use migrate_runtime::{Error, Migrations, plan::{Code, Diagnostic}};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let migrations = Migrations::from_files([(
    ///     "migrations/001_users.sql",
    ///     "-- revision: 001\n-- parents: none\n\n-- migrate: up\nDROP TABLE users;\n",
    /// )])
    /// .unwrap();
    /// let mut db = rusqlite::Connection::open_in_memory()?;
    /// # #[cfg(feature = "rusqlite")]
    /// # {
    /// let refused = migrations.migrator().before_writing(|prospect| match prospect.losses.first() {
    ///     Some(loss) => Err(Diagnostic::new(Code::NotConfirmed, format!("no: {}", loss.statement), "ask Ann")),
    ///     None => Ok(None),
    /// });
    /// let error = refused.run(&mut db).unwrap_err().error;
    /// assert_eq!(error.to_string(), "no: DROP TABLE users");
    /// # }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn before_writing(
        mut self,
        gate: impl FnOnce(&Prospect<'_>) -> Result<Option<String>, Diagnostic> + Send + 'm,
    ) -> Self {
        self.gate = Some(Box::new(gate));
        self
    }

    /// Runs through a blocking connection.
    ///
    /// # Errors
    ///
    /// [`RunError`] with the reason and with what was done until then; each revision that is reported is committed,
    /// the failing one is rolled back.
    pub fn run<C: BlockingConnection>(self, db: &mut C) -> Result<RunReport, RunError> {
        let not_ready = || without_report(Error::NotReady);
        ready(self.run_live(db)).ok_or_else(not_ready)?
    }

    /// Runs through an asynchronous connection, or through one that a pool lends: `&mut connection` or `&pool`.
    ///
    /// A future that is dropped leaves the connection as it was at that moment, possibly inside a transaction or with
    /// the lock: close it then. A pool sees to that itself.
    ///
    /// # Errors
    ///
    /// As [`Migrator::run`].
    pub async fn run_async<A: Acquire>(self, db: A) -> Result<RunReport, RunError> {
        let lent = db.acquire().await;
        let mut db = lent.map_err(|error| without_report(Error::driver(ACQUIRING, error)))?;
        let outcome = self.run_live(&mut *db).await;
        A::release(db);
        outcome
    }

    /// What [`Migrator::run`] would do now. Reads the database and writes nothing.
    ///
    /// # Errors
    ///
    /// [`Error`] when it would be refused.
    pub fn plan<C: BlockingConnection>(self, db: &mut C) -> Result<Plan, Error> {
        ready(self.plan_live(db)).ok_or(Error::NotReady)?
    }

    /// [`Migrator::plan`] for asynchronous connections.
    ///
    /// # Errors
    ///
    /// As [`Migrator::plan`].
    pub async fn plan_async<A: Acquire>(self, db: A) -> Result<Plan, Error> {
        let mut db = db.acquire().await.map_err(|error| Error::driver(ACQUIRING, error))?;
        let outcome = self.plan_live(&mut *db).await;
        A::release(db);
        outcome
    }

    /// What [`Migrator::run`] would do, as a script for the database's own client, for a database that stands at `from`, or
    /// at the base. Connects to nothing.
    ///
    /// The script holds the history and log rows, begins with a guard that fails when the database is not at `from`, and
    /// stops at the first error. The same revisions give the same text.
    ///
    /// # Errors
    ///
    /// [`Error`] when the run would be refused, and when a target is relative to what is applied.
    ///
    /// # Examples
    ///
    /// ```
    /// use migrate_runtime::{Dialect, Migrations};
    ///
    /// let migrations = Migrations::from_files([(
    ///     "migrations/001_users.sql",
    ///     "-- revision: 001\n-- parents: none\n\n-- migrate: up\nCREATE TABLE users (id INTEGER PRIMARY KEY);\n",
    /// )])
    /// .unwrap();
    /// let script = migrations.migrator().script(Dialect::Postgres, None)?;
    /// assert!(script.starts_with("-- upgrade base -> 001, for postgres\n"));
    /// # Ok::<(), migrate_runtime::Error>(())
    /// ```
    pub fn script(self, dialect: Dialect, from: Option<&str>) -> Result<String, Error> {
        let (graph, request) = self.prepare()?;
        let from = from.map(str::parse::<Target>).transpose().map_err(|error| Error::Plan(error.into()))?;
        engine::script_from(&request, &graph, dialect, from.as_ref())
    }

    /// [`Migrator::script`] for a database as it is now, which is looked at and not changed.
    ///
    /// # Errors
    ///
    /// [`Error`] when the run would be refused, and when a run was interrupted: a script cannot look what is left.
    pub fn script_for<C: BlockingConnection>(self, db: &mut C) -> Result<String, Error> {
        ready(self.script_live(db)).ok_or(Error::NotReady)?
    }

    /// [`Migrator::script_for`] for an asynchronous connection or a pool.
    ///
    /// # Errors
    ///
    /// As [`Migrator::script_for`].
    pub async fn script_for_async<A: Acquire>(self, db: A) -> Result<String, Error> {
        let mut db = db.acquire().await.map_err(|error| Error::driver(ACQUIRING, error))?;
        let outcome = self.script_live(&mut *db).await;
        A::release(db);
        outcome
    }

    pub(crate) async fn script_live(self, db: &mut dyn LiveConnection) -> Result<String, Error> {
        let (graph, request) = self.prepare()?;
        let mut db = identified(db).await.map_err(|error| Error::driver(CONNECTING, error))?;
        let look = engine::look(&mut db, &request.settings).await?;
        engine::refuse_untaken(&request, &graph, &look, &mut db).await?;
        engine::script_here(&request, &graph, &look, &mut db).await
    }

    /// Runs through any connection.
    ///
    /// # Errors
    ///
    /// As [`Migrator::run`].
    pub async fn run_live(mut self, db: &mut dyn LiveConnection) -> Result<RunReport, RunError> {
        let mut db = identified(db).await.map_err(|error| without_report(Error::driver(CONNECTING, error)))?;
        if let Some(report) = self.nothing_at_a_glance(&mut db).await {
            return Ok(report);
        }
        let (graph, request) = self.prepare().map_err(without_report)?;
        engine::run(&request, &graph, &mut db, &mut self.listener, self.gate).await
    }

    /// What is reported when the first query finds everything applied. Says too when the folder is newer than the binary.
    pub(crate) async fn nothing_at_a_glance(&mut self, db: &mut dyn LiveConnection) -> Option<RunReport> {
        if let Some(folder) = self.migrations.stale_folder() {
            self.tell(&Event::Stale { folder: &folder });
        }
        if !self.goes_to_the_head() {
            return None;
        }
        let glance = self.migrations.glance();
        let head = engine::head_of_everything(&glance, &self.settings, db).await?;
        Some(self.nothing_to_do(head))
    }

    /// Tells whoever listens, and the trace.
    pub(crate) fn tell(&mut self, event: &Event<'_>) {
        trace::event(event);
        self.listener.iter_mut().for_each(|listener| listener(event));
    }

    fn goes_to_the_head(&self) -> bool {
        match &self.ask {
            None => true,
            Some(Ask::Upgrade(targets)) => targets == &["head"] || targets == &["heads"],
            Some(_) => false,
        }
    }

    /// Whether it may destroy data.
    #[cfg(feature = "cli")]
    pub(crate) fn undoes(&self) -> bool {
        matches!(self.ask, Some(Ask::Downgrade(_) | Ask::Redo(_)))
    }

    #[cfg(feature = "cli")]
    pub(crate) fn repairs(&self) -> bool {
        matches!(self.ask, Some(Ask::Repair(_)))
    }

    fn nothing_to_do(&mut self, head: String) -> RunReport {
        let heads = vec![head];
        let plan = Plan::nothing(Action::Upgrade, heads.clone());
        self.tell(&Event::Planned { plan: &plan });
        let report = RunReport::new(Action::Upgrade, engine::random_id());
        RunReport { heads_before: heads.clone(), heads_after: heads, ..report }
    }

    /// [`Migrator::plan_live`], which a glance is enough for when nothing is to be done.
    pub(crate) async fn glance_or_plan(self, db: &mut dyn LiveConnection) -> Result<Plan, Error> {
        let mut db = identified(db).await.map_err(|error| Error::driver(CONNECTING, error))?;
        match engine::head_of_everything(&self.migrations.glance(), &self.settings, &mut db).await {
            Some(head) => Ok(Plan::nothing(Action::Upgrade, vec![head])),
            None => self.plan_live(&mut db).await,
        }
    }

    /// [`Migrator::plan`] through any connection.
    ///
    /// # Errors
    ///
    /// As [`Migrator::plan`].
    pub async fn plan_live(self, db: &mut dyn LiveConnection) -> Result<Plan, Error> {
        let (graph, request) = self.prepare()?;
        let mut db = identified(db).await.map_err(|error| Error::driver(CONNECTING, error))?;
        let look = engine::look(&mut db, &request.settings).await?;
        let plan = engine::plan(&request, look.applied(&graph)?, db.dialect())?.plan;
        engine::refuse_untaken(&request, &graph, &look, &mut db).await?;
        Ok(plan)
    }

    pub(crate) fn prepare(&self) -> Result<(RevisionGraph, Request), Error> {
        let graph = self.migrations.graph().map_err(Error::Graph)?;
        let goal = self.goal().map_err(|error| Error::Plan(error.into()))?;
        let request = Request {
            goal,
            settings: self.settings.clone(),
            inserted: self.inserted,
            lock_timeout: self.lock_timeout,
            limits: self.limits,
            transactions: self.transactions,
            stop: self.stop.clone(),
            author: Author::here(self.migrations.application()),
            reason: self.reason.clone(),
            own_settings: Arc::default(),
        };
        Ok((graph, request))
    }

    fn goal(&self) -> Result<Goal, TargetError> {
        let read = |targets: &[String]| targets.iter().map(|target| target.parse()).collect::<Result<Vec<Target>, _>>();
        Ok(match &self.ask {
            None if self.settings.heads == Heads::Many => Goal::Upgrade(vec![Target::heads()]),
            None => Goal::Upgrade(vec![Target::head()]),
            Some(Ask::Upgrade(targets)) => Goal::Upgrade(read(targets)?),
            Some(Ask::Downgrade(target)) => Goal::Downgrade(target.parse()?),
            Some(Ask::Redo(target)) => Goal::Redo(target.parse()?),
            Some(Ask::Stamp(targets, purge)) => Goal::Stamp(read(targets)?, *purge),
            Some(Ask::Repair(targets)) => Goal::Repair(read(targets)?),
        })
    }
}

pub(crate) fn without_report(error: Error) -> RunError {
    RunError { error, report: Box::new(RunReport::new(Action::Upgrade, String::new())) }
}
