//! A revision whose statements run one by one: each is written into a journal before and after it runs.
//!
//! What a rollback can undo runs in one transaction with its journal. Of everything else the journal says beforehand
//! what it will change, so that whoever finds it interrupted can look whether it took effect.

use std::time::Instant;

use migrate_plan::{
    Action, Becomes, Change, Dialect, Direction, Effect, ObjectKind, Place, Statement, StatementClass, TransactionMode,
    split_statements,
};

use super::catalog::{INVALID, Verdict, judge, states_query};
use super::contention::Contention;
use super::hold::Hold;
use super::server::Frame;
use super::sqlite::{self, Violation, refuse_orphans};
use super::step::{Before, Job};
use super::{Look, Run};
use crate::driver::{DriverError, DriverErrorKind};
use crate::error::{Error, Fact, Interruption, Remains};
use crate::history::Took;
use crate::journal::{Journal, Running, checksum_of};
use crate::sql::identifier;
use crate::trace;

const WRITING: &str = "the journal cannot be written";
const RESTORING: &str = "the settings of the session cannot be restored";

/// PostgreSQL's codes for a procedure that commits inside a transaction that is not its own, and for a statement that
/// refuses to be in one. What was refused so is rolled back as a whole, and can be run alone.
const NEEDS_NO_TRANSACTION: [&str; 2] = ["2D000", "25001"];

/// The part of a run that is about one revision.
struct Task<'a, 'j> {
    job: &'a Job<'j>,
    look: &'a Look,
    action: Action,
    frame: Frame<'a>,
    statements: Vec<Statement<'a>>,
    journal: Journal,
    /// The journal's text in the history; `None` as long as it is not there.
    written: Option<String>,
    started: Instant,
    /// On SQLite, with foreign keys off: the rows that pointed nowhere before, which the end is compared with.
    orphans: Option<Vec<Violation>>,
    /// Whether what is sent now ends the revision.
    ends: bool,
    ended: bool,
}

fn needs_no_transaction(error: &DriverError) -> bool {
    error.code.as_deref().is_some_and(|code| NEEDS_NO_TRANSACTION.contains(&code))
}

impl Task<'_, '_> {
    fn left(&self) -> &[Statement<'_>] {
        &self.statements[self.journal.done.len()..]
    }

    /// Where a failure of what is sent next lies: behind this many characters and statements of ours.
    fn before(&self, characters: usize, statements: usize) -> Before {
        let skipped = self.journal.done.len();
        let offset = self.statements.get(skipped).map_or(0, Statement::sql_offset);
        Before { characters, statements, offset, skipped }
    }

    fn place(&self, statement: Option<&Statement<'_>>) -> Place {
        let place = Place::new(self.job.revision.file.to_string(), 1);
        match (&self.job.section, statement) {
            (Some(section), Some(statement)) => {
                let (line, column) = section.line_and_column(statement.sql_offset());
                Place { line, column: Some(column), ..place }
            }
            (Some(section), None) => Place { line: section.line, ..place },
            (None, _) => place,
        }
    }
}

impl Run<'_, '_> {
    pub(super) async fn step_journalled(
        &mut self,
        job: &Job<'_>,
        action: Action,
        look: &Look,
        frame: Frame<'_>,
    ) -> Result<(), Error> {
        let statements = job.statements(self.db.dialect());
        let journal = job.journal.clone().unwrap_or_else(|| Journal::new(job.step.direction));
        let written = job.journal.as_ref().map(Journal::to_text);
        let started = Instant::now();
        let mut task = Task {
            job,
            look,
            action,
            frame,
            statements,
            journal,
            written,
            started,
            orphans: None,
            ends: false,
            ended: false,
        };
        match frame {
            Frame::Sqlite => self.run_task_on_sqlite(&mut task).await,
            Frame::Postgres(frame) => {
                let outcome = self.run_task(&mut task).await;
                let restored = self.db.batch_execute(frame.own_settings).await;
                outcome.and(restored.map_err(|error| Error::driver(RESTORING, error)))
            }
            Frame::MySql(frame) => {
                let sets = |statement: &Statement<'_>| {
                    matches!(statement.effect(), Effect::Session | Effect::Snapshot | Effect::Unknown)
                };
                let leaks = task.statements.iter().any(sets);
                let outcome = self.run_task(&mut task).await;
                // Comparing all variables takes two queries, which most revisions need not pay.
                outcome.and(if leaks { self.restore_on_mysql(frame, false).await } else { Ok(()) })
            }
        }
    }

    /// With foreign keys on, dropping a table deletes the rows that point to it: they are off for a revision that drops one,
    /// and afterwards what they were before.
    async fn run_task_on_sqlite(&mut self, task: &mut Task<'_, '_>) -> Result<(), Error> {
        let on = self.foreign_keys().await?;
        if on && task.job.drops_table(Dialect::Sqlite) {
            self.set_foreign_keys("OFF").await?;
            // What an interrupted revision has left dangling cannot be told from what dangled before it.
            if task.written.is_none() {
                task.orphans = Some(self.violations().await?);
            }
        }
        let outcome = self.run_task(task).await;
        let restored = self.set_foreign_keys(if on { "ON" } else { "OFF" }).await;
        outcome.and(restored)
    }

    /// Goes on to the end, trying again what meets the locks of others.
    async fn run_task(&mut self, task: &mut Task<'_, '_>) -> Result<(), Error> {
        self.resume(task).await?;
        let (mut contention, mut patience) = (Contention::new(), sqlite::patience());
        while !task.ended {
            self.refuse_stopped()?;
            // One that has to stand alone counts as none that belong together.
            let span = trace::statements(task.journal.done.len() + 1, || self.together(task).max(1));
            match span.around(self.go_on(task)).await {
                Ok(()) => contention = Contention::new(),
                Err(Error::Statement(failure)) if failure.driver.is_contention() && task.journal.running.is_none() => {
                    match task.frame {
                        Frame::Sqlite => self.wait(&mut patience, None).await?,
                        _ => self.try_again(&mut contention, task.job.step, *failure).await?,
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Runs what belongs together next.
    async fn go_on(&mut self, task: &mut Task<'_, '_>) -> Result<(), Error> {
        let count = self.together(task);
        if count == 0 && !task.left().is_empty() {
            return self.alone(task).await;
        }
        task.ends = count == task.left().len();
        let sums: Vec<_> = task.left()[..count].iter().map(|s| checksum_of(s, self.db.dialect())).collect();
        let mut after = Journal { refused: None, ..task.journal.clone() };
        after.done.extend(sums);
        let change = if task.ends { self.record_of(task) } else { self.journal_change(task, &after) };
        match self.transact(task, count, &change).await {
            Err(Error::Statement(failure)) if count == 1 && needs_no_transaction(&failure.driver) => {
                self.alone(task).await
            }
            Err(error) => Err(error),
            Ok(()) => {
                task.ended = task.ends;
                task.written = (!task.ends).then(|| after.to_text());
                task.journal = after;
                Ok(())
            }
        }
    }

    /// How many of the next statements belong into one transaction; none when the next one has to stand alone.
    fn together(&self, task: &Task<'_, '_>) -> usize {
        let fits = |statement: &&Statement<'_>| match task.frame {
            Frame::MySql(_) => {
                matches!(statement.effect(), Effect::Transactional | Effect::Session | Effect::Snapshot)
            }
            _ => statement.class() != StatementClass::OutsideTransaction,
        };
        let fitting = task.left().iter().take_while(fits).count();
        let one_by_one =
            task.job.section.as_ref().is_some_and(|section| section.transaction == TransactionMode::NoTransaction);
        if one_by_one { fitting.min(1) } else { fitting }
    }

    /// Checks that what has run is what the file says, finds out about the statement that was interrupted, and tells a
    /// new session what the old one knew.
    async fn resume(&mut self, task: &mut Task<'_, '_>) -> Result<(), Error> {
        let dialect = self.db.dialect();
        let edited = |task: &Task<'_, '_>, index: usize| Error::JournalEdited {
            id: task.job.step.id.to_string(),
            place: task.place(task.statements.get(index)),
        };
        let same = |task: &Task<'_, '_>, index: usize, sum| {
            task.statements.get(index).is_some_and(|statement| checksum_of(statement, dialect) == sum)
        };
        for (index, sum) in task.journal.done.iter().enumerate() {
            if !same(task, index, *sum) {
                return Err(edited(task, index));
            }
        }
        if let Some(running) = task.journal.running.take() {
            let index = task.journal.done.len();
            if self.has_happened(task, &running).await? == Verdict::Happened {
                if !same(task, index, running.checksum) {
                    return Err(edited(task, index));
                }
                task.journal.done.push(running.checksum);
            }
        }
        let done = &task.statements[..task.journal.done.len()];
        let uses_variables = task.left().iter().any(|statement| statement.sql().contains('@'));
        if let Some(snapshot) = done.iter().find(|statement| statement.effect() == Effect::Snapshot && uses_variables) {
            let why = "a value of the session came from rows, the clock or chance, and the session is gone with it";
            return Err(self.interruption(task, snapshot.sql(), Vec::new(), why));
        }
        for statement in done.iter().filter(|statement| statement.effect() == Effect::Session) {
            let told = self.db.batch_execute(statement.sql()).await;
            told.map_err(|error| Error::driver("the session cannot be set up again", error))?;
        }
        Ok(())
    }

    async fn has_happened(&mut self, task: &Task<'_, '_>, running: &Running) -> Result<Verdict, Error> {
        let dialect = self.db.dialect();
        let statements = split_statements(&running.sql, dialect).unwrap_or_default();
        let changes = match statements.first().map(Statement::effect) {
            Some(Effect::Objects(changes)) if changes.len() == running.before.len() => changes,
            Some(Effect::Repeatable | Effect::Session | Effect::Snapshot) => {
                return Ok(Verdict::NotYet);
            }
            _ => {
                let why = "what the statement does cannot be seen in the catalog";
                return Err(self.interruption(task, &running.sql, Vec::new(), why));
            }
        };
        let now = self.states(&changes).await?;
        let verdict =
            |index: usize| judge(changes[index].becomes, running.before[index].as_deref(), now[index].as_deref());
        // What was not there, was to go and is not there says nothing.
        let says = |index: &usize| {
            changes[*index].becomes != Becomes::Absent || running.before[*index].is_some() || now[*index].is_some()
        };
        let mut verdicts = (0..changes.len()).filter(says).map(verdict);
        let Some(first) = verdicts.next() else { return Ok(Verdict::NotYet) };
        if verdicts.all(|other| other == first) {
            return Ok(first);
        }
        let said = |state: &Option<String>| state.clone().unwrap_or_else(|| "absent".to_owned());
        let fact = |(index, change): (usize, &Change)| Fact {
            object: change.object.to_string(),
            before: said(&running.before[index]),
            expected: change.becomes.as_str().to_owned(),
            actual: said(&now[index]),
        };
        let facts = changes.iter().enumerate().map(fact).collect();
        Err(self.interruption(task, &running.sql, facts, "a part of the statement took effect, and a part did not"))
    }

    fn interruption(&self, task: &Task<'_, '_>, sql: &str, facts: Vec<Fact>, why: &'static str) -> Error {
        let left = task.left();
        let is_it = left.first().is_some_and(|statement| statement.sql() == sql);
        let line = |statement: &Statement<'_>| statement.sql().lines().next().unwrap_or_default().to_owned();
        Error::Interrupted(Box::new(Interruption {
            id: task.job.step.id.to_string(),
            direction: task.job.step.direction,
            place: task.place(left.first()),
            statement: sql.lines().next().unwrap_or_default().to_owned(),
            facts,
            left: left.iter().skip(usize::from(is_it)).map(line).collect(),
            why,
        }))
    }

    /// The state of each object that is to change.
    async fn states(&mut self, changes: &[Change]) -> Result<Vec<Option<String>>, Error> {
        let query = states_query(self.db.dialect(), changes);
        let rows = self.db.query(&query).await.map_err(|error| Error::driver("the catalog cannot be read", error))?;
        Ok(rows.into_iter().next().map(|row| row.0).unwrap_or_default())
    }

    /// Runs the next statement by itself.
    async fn alone(&mut self, task: &mut Task<'_, '_>) -> Result<(), Error> {
        let dialect = self.db.dialect();
        let Some(statement) = task.left().first() else { return Ok(()) };
        let (sql, checksum, effect) = (statement.sql().to_owned(), checksum_of(statement, dialect), statement.effect());
        let calls = statement.keywords().first().is_some_and(|word| word == "CALL" || word == "DO");
        let changes = match effect {
            Effect::Objects(changes) => changes,
            _ => Vec::new(),
        };
        let mut before = if changes.is_empty() { Vec::new() } else { self.states(&changes).await? };
        self.drop_invalid(&changes, &mut before).await?;
        let running = Running { checksum, sql: sql.clone(), before: before.clone(), error: None };
        task.journal = Journal { running: Some(running), refused: None, ..task.journal.clone() };
        self.write(task).await?;
        self.refresh_lease().await?;
        let (head, statements) = self.hold.before_alone(dialect);
        trace::sql(&sql);
        match self.db.batch_execute(&format!("{head}{sql}")).await {
            Ok(()) => {
                task.journal.running = None;
                task.journal.done.push(checksum);
                // The last one needs no journal any more: what comes next is the history row.
                if task.left().is_empty() { Ok(()) } else { self.write(task).await }
            }
            Err(error) if error.kind == DriverErrorKind::ConnectionLost => {
                Err(Error::OutcomeUnknown { id: task.job.step.id.to_string(), driver: error })
            }
            Err(error) if Hold::lost(&error).is_some() => Err(Error::LeaseLost),
            Err(error) => {
                let after = if changes.is_empty() { Vec::new() } else { self.states(&changes).await? };
                let untouched = before.iter().zip(&after).zip(&changes).all(|((before, after), change)| {
                    judge(change.becomes, before.as_deref(), after.as_deref()) == Verdict::NotYet
                });
                if untouched && !calls {
                    task.journal.running = None;
                    task.journal.refused = Some(error.message.clone());
                } else if let Some(running) = &mut task.journal.running {
                    running.error = Some(error.message.clone());
                }
                self.refused(task, task.before(head.chars().count(), statements), error).await
            }
        }
    }

    /// A concurrent build that failed leaves its index invalid, and `IF NOT EXISTS` would then build nothing.
    async fn drop_invalid(&mut self, changes: &[Change], before: &mut [Option<String>]) -> Result<(), Error> {
        for (change, state) in changes.iter().zip(before) {
            let is_invalid = state.as_deref() == Some(INVALID);
            if !is_invalid || change.becomes != Becomes::Present || change.object.kind != ObjectKind::Index {
                continue;
            }
            let schema = change.object.schema.iter().map(|schema| identifier(Dialect::Postgres, schema) + ".");
            let name = schema.collect::<String>() + &identifier(Dialect::Postgres, &change.object.name);
            let dropped = self.db.batch_execute(&format!("DROP INDEX CONCURRENTLY IF EXISTS {name}")).await;
            dropped.map_err(|error| Error::driver("an index that is not valid cannot be dropped", error))?;
            *state = None;
        }
        Ok(())
    }

    /// Writes down that a statement was refused, or takes the journal back when nothing has run.
    async fn refused(&mut self, task: &mut Task<'_, '_>, before: Before, error: DriverError) -> Result<(), Error> {
        let (done, of) = (task.journal.done.len(), task.statements.len());
        let remains = if done == 0 && task.journal.running.is_none() {
            if task.written.take().is_some() {
                let end = task.look.tables.end_journal(&task.job.step.id, task.journal.direction);
                self.transact_own(&end, WRITING).await?;
            }
            Remains::Nothing
        } else {
            self.write(task).await?;
            Remains::Statements { done, of }
        };
        // Alone, a statement is the whole of what was sent.
        let error = DriverError { completed: error.completed.or(Some(before.statements)), ..error };
        Err(task.job.failure_leaving(self.db.dialect(), before, error, remains))
    }

    /// The last change of the history: the revision is done.
    fn record_of(&self, task: &Task<'_, '_>) -> String {
        let took = Took::SinceMessage { after: task.started.elapsed().as_millis() };
        let entry = self.entry(task.job, task.action, took);
        match &task.written {
            Some(_) => task.look.tables.record_finished(&entry),
            None => task.look.tables.record(&entry),
        }
    }

    fn journal_change(&self, task: &Task<'_, '_>, journal: &Journal) -> String {
        match &task.written {
            Some(_) => task.look.tables.write_journal(&task.job.step.id, journal),
            None => {
                let entry = self.entry(task.job, task.action, Took::Milliseconds(0));
                task.look.tables.begin_journal(&entry, journal)
            }
        }
    }

    async fn write(&mut self, task: &mut Task<'_, '_>) -> Result<(), Error> {
        let change = self.journal_change(task, &task.journal);
        match task.frame {
            // On SQLite nothing but the journal keeps two processes apart between statements.
            Frame::Sqlite => self.transact_on_sqlite(task, "", &change).await?,
            _ => self.transact_own(&change, WRITING).await?,
        }
        task.written = Some(task.journal.to_text());
        Ok(())
    }

    /// Runs the next statements and a change of the history in one transaction.
    async fn transact(&mut self, task: &mut Task<'_, '_>, count: usize, change: &str) -> Result<(), Error> {
        let body = match task.left() {
            // Between them may stand a DELIMITER, which the server does not know. It gives no positions to be kept.
            left if matches!(task.frame, Frame::MySql(_)) => {
                left[..count].iter().map(Statement::sql).collect::<Vec<_>>().join(";\n")
            }
            left if count > 0 => {
                let (first, last) = (&left[0], &left[count - 1]);
                let section = task.job.section.as_ref().map_or("", |section| &*section.body);
                section[first.sql_offset()..last.sql_offset() + last.sql().len()].to_owned()
            }
            _ => String::new(),
        };
        if let Frame::Sqlite = task.frame {
            return self.transact_on_sqlite(task, &body, change).await;
        }
        let mut head = match task.frame {
            Frame::Postgres(_) => {
                let mut head = vec![format!("{} BEGIN", task.job.name())];
                head.extend(self.request.limits.sets_on_postgres());
                head
            }
            _ => vec![Took::MESSAGE_BEGINS.to_owned(), "START TRANSACTION".to_owned()],
        };
        head.extend(self.hold.proofs());
        let begins = head.len();
        let head = head.join(";\n") + ";\n";
        let separator = if body.is_empty() { "" } else { "\n;\n" };
        let text = format!("{head}{body}{separator}{change};\nCOMMIT");
        trace::sql(&text);
        let Err(error) = self.db.batch_execute(&text).await else { return Ok(()) };
        if error.kind == DriverErrorKind::ConnectionLost {
            return Err(Error::OutcomeUnknown { id: task.job.step.id.to_string(), driver: error });
        }
        if let Err(lost) = self.db.batch_execute("ROLLBACK").await {
            return Err(Error::OutcomeUnknown { id: task.job.step.id.to_string(), driver: lost });
        }
        let completed = error.completed.unwrap_or(0);
        if let Some(lost) = Hold::lost(&error) {
            return Err(lost);
        }
        let before = task.before(head.chars().count(), begins);
        let cannot_be_parsed = completed == 0 && before.is_followed_by(&body, &error);
        if !cannot_be_parsed && (completed < begins || completed >= begins + count) {
            // Nodes of a cluster find out at COMMIT that they wrote the same rows.
            if error.is_contention() {
                let error = DriverError { position: None, completed: None, ..error };
                return Err(task.job.failure(self.db.dialect(), Before::default(), error));
            }
            return Err(Error::driver("the history cannot be written", error));
        }
        task.journal.refused = Some(error.message.clone());
        self.refused(task, before, error).await
    }

    /// On SQLite another process may have gone on with the journal meanwhile: then this one stops.
    async fn transact_on_sqlite(&mut self, task: &mut Task<'_, '_>, body: &str, change: &str) -> Result<(), Error> {
        self.begin().await?;
        let query = task.look.tables.select_journal(&task.job.step.id);
        let outcome = async {
            let rows = self.db.query(&query).await.map_err(|error| Error::driver(WRITING, error))?;
            let found = rows.first().and_then(|row| row.text(0));
            let up_begins = task.written.is_none() && task.journal.direction == Direction::Up;
            if found != task.written.as_deref() || (up_begins && !rows.is_empty()) {
                return Err(Error::HistoryChanged);
            }
            if !body.is_empty() {
                trace::sql(body);
                let sent = self.db.batch_execute(body).await;
                sent.map_err(|error| task.job.failure(Dialect::Sqlite, task.before(0, 0), error))?;
            }
            if let Some(orphans) = task.orphans.as_ref().filter(|_| task.ends) {
                let (id, file) = (task.job.step.id.as_ref(), task.job.revision.file.as_ref());
                let remains = Remains::Statements { done: task.journal.done.len(), of: task.statements.len() };
                refuse_orphans(orphans.clone(), self.violations().await?, (id, file), remains)?;
            }
            self.db.batch_execute(change).await.map_err(|error| Error::driver(WRITING, error))
        };
        let outcome = outcome.await;
        match self.end(outcome).await {
            Err(Error::Statement(failure)) => {
                let (done, of) = (task.journal.done.len(), task.statements.len());
                let remains = if done == 0 { Remains::Nothing } else { Remains::Statements { done, of } };
                Err(Error::Statement(Box::new(crate::error::StatementFailure { remains, ..*failure })))
            }
            outcome => outcome,
        }
    }
}
