//! Meeting what other sessions lock: each attempt gives up soon, so that nobody queues behind it, and is made again.

use std::time::{Duration, Instant};

use migrate_plan::{Dialect, Step};

use super::Run;
use super::patience::jittered;
use crate::error::{Blocked, Error, StatementFailure};
use crate::event::Event;

/// How a revision meets what other sessions lock, and how long its statements may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// How long one attempt waits for a lock on a table or a row.
    pub(crate) table_lock_timeout: Duration,
    /// How many attempts there are.
    pub(crate) table_lock_attempts: u32,
    /// How long a statement may take; as long as it takes without.
    pub(crate) statement_timeout: Option<Duration>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { table_lock_timeout: Duration::from_secs(3), table_lock_attempts: 10, statement_timeout: None }
    }
}

impl Limits {
    /// Settings of PostgreSQL for one transaction. The server plans no `SET`, as it does a call of `set_config`.
    pub(super) fn sets_on_postgres(self) -> Vec<String> {
        let set = |name: &str, limit: Duration| format!("SET LOCAL {name} = {}", limit.as_millis().max(1));
        let mut sets = vec![set("lock_timeout", self.table_lock_timeout)];
        sets.extend(self.statement_timeout.map(|limit| set("statement_timeout", limit)));
        sets
    }

    /// Assignments to variables of MySQL and MariaDB, which count whole seconds.
    pub(super) fn lock_variables_on_mysql(self) -> String {
        let seconds = self.table_lock_timeout.as_millis().div_ceil(1000).max(1);
        format!("lock_wait_timeout = {seconds}, innodb_lock_wait_timeout = {seconds}")
    }

    /// The same for the time that a statement may take. MySQL can limit queries alone.
    pub(super) fn time_variable_on_mysql(self, dialect: Dialect) -> Option<String> {
        let limit = self.statement_timeout?;
        Some(match dialect {
            Dialect::MariaDb => format!("max_statement_time = {:.3}", limit.as_secs_f64().max(0.001)),
            _ => format!("max_execution_time = {}", limit.as_millis().max(1)),
        })
    }
}

/// The first pause before another attempt, and the longest. Shorter than a lease, so that none expires in a pause.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// The attempts at one revision, or at one statement of it.
pub(super) struct Contention {
    attempts: u32,
    started: Instant,
    pause: Duration,
}

impl Contention {
    pub(super) fn new() -> Self {
        Self { attempts: 0, started: Instant::now(), pause: FIRST_PAUSE }
    }
}

impl Run<'_, '_> {
    /// Says who is in the way and waits for the next attempt; fails when there is none left.
    pub(super) async fn try_again(
        &mut self,
        contention: &mut Contention,
        step: &Step,
        failure: StatementFailure,
    ) -> Result<(), Error> {
        self.refuse_stopped()?;
        contention.attempts += 1;
        let (attempts, waited) = (contention.attempts, contention.started.elapsed());
        let blockers = self.blockers(failure.statement.as_deref().unwrap_or_default()).await;
        if attempts >= self.request.limits.table_lock_attempts {
            return Err(Error::Blocked(Box::new(Blocked { failure, blockers, attempts, waited })));
        }
        self.emit(&Event::Blocked {
            step,
            waited,
            attempts,
            of: self.request.limits.table_lock_attempts,
            blockers: &blockers,
        });
        self.db.sleep(jittered(contention.pause)).await;
        contention.pause = (contention.pause * 2).min(LONGEST_PAUSE);
        Ok(())
    }

    /// The sessions that hold what the statement needs, in words; none where the server does not tell.
    async fn blockers(&mut self, statement: &str) -> Vec<String> {
        let query = match self.db.dialect() {
            Dialect::Sqlite => return Vec::new(),
            Dialect::Postgres => super::postgres::blockers_query(statement),
            Dialect::MySql | Dialect::MariaDb => super::mysql::BLOCKERS.to_owned(),
        };
        let rows = self.db.query(&query).await.unwrap_or_default();
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        rows.iter()
            .map(|row| words(&(0..).map_while(|column| row.text(column)).collect::<Vec<_>>().join(" ")))
            .collect()
    }
}
