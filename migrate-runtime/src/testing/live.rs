//! Connections by whichever driver is enabled, on threads of their own: tests block or do not, and have a runtime or have none.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::thread::Builder;
use std::time::Duration;

use migrate_plan::Code;

use super::url::Engine;
use super::{Live, refusal};
use crate::driver::DriverErrorKind;
use crate::error::Error;

pub(super) const HAS_SQLITE: bool = cfg!(any(feature = "rusqlite", feature = "sqlx-sqlite"));

/// Runs asynchronous work on a new thread, and waits for it.
pub(super) fn on_a_thread<T, F>(work: impl FnOnce() -> F + Send + 'static) -> Result<T, Error>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Error>>,
{
    let thread = Builder::new().spawn(move || drive(work())).map_err(|error| no_thread(&error))?;
    thread.join().unwrap_or_else(|panic| resume_unwind(panic))
}

/// How long a database that goes is waited for.
const GOING: Duration = Duration::from_secs(10);

/// [`on_a_thread`] for what may fail in silence, and is not waited for without end: a test that panics must not panic once
/// more, and a server may be gone.
pub(super) fn quietly<F>(work: impl FnOnce() -> F + Send + 'static)
where
    F: Future<Output = Result<(), Error>>,
{
    let (done, wait) = std::sync::mpsc::channel();
    let thread = Builder::new().spawn(move || done.send(drive(work()).is_ok()));
    if thread.is_ok() {
        let _ = wait.recv_timeout(GOING);
    }
}

fn no_thread(error: &std::io::Error) -> Error {
    refusal(Code::NotReady, format!("there is no thread: {error}"), LIMITS)
}

const LIMITS: &str = "look at the limits of the process";

/// [`on_a_thread`] without blocking: the executor of the caller waits.
pub(super) async fn beside<T, F>(work: impl FnOnce() -> F + Send + 'static) -> Result<T, Error>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Error>>,
{
    let answer = Arc::new(Mutex::new((None, None::<Waker>)));
    let to_answer = Arc::clone(&answer);
    let thread = Builder::new().spawn(move || {
        let outcome = catch_unwind(AssertUnwindSafe(|| drive(work())));
        let mut answer = lock(&to_answer);
        answer.0 = Some(outcome);
        answer.1.take().into_iter().for_each(Waker::wake);
    });
    thread.map_err(|error| no_thread(&error))?;
    let outcome = poll_fn(|context| {
        let mut answer = lock(&answer);
        match answer.0.take() {
            Some(outcome) => Poll::Ready(outcome),
            None => {
                answer.1 = Some(context.waker().clone());
                Poll::Pending
            }
        }
    });
    outcome.await.unwrap_or_else(|panic| resume_unwind(panic))
}

/// A lock that a panic elsewhere does not spoil: what it guards is whole at any moment.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(any(
    feature = "tokio-postgres",
    feature = "mysql_async",
    feature = "sqlx-sqlite",
    feature = "sqlx-postgres",
    feature = "sqlx-mysql"
))]
fn drive<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| refusal(Code::NotReady, format!("there is no runtime: {error}"), LIMITS))?;
    runtime.block_on(work)
}

#[cfg(not(any(
    feature = "tokio-postgres",
    feature = "mysql_async",
    feature = "sqlx-sqlite",
    feature = "sqlx-postgres",
    feature = "sqlx-mysql"
)))]
fn drive<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    crate::driver::ready(work).unwrap_or(Err(Error::NotReady))
}

/// Connects.
pub(super) async fn open(engine: Engine, url: &str) -> Result<Live, Error> {
    let opened = match engine {
        Engine::Sqlite => drivers::sqlite(url).await,
        Engine::Postgres => drivers::postgres(url).await,
        Engine::MySql => drivers::mysql(url).await,
    };
    opened.unwrap_or_else(|| {
        let message = format!("no driver for {} is part of this build", engine.name());
        Err(refusal(
            Code::DriverNotBuilt,
            message,
            "enable the feature of migrate-runtime that is named after your driver",
        ))
    })
}

/// Whether the URL names a database that is not there.
pub(super) fn is_missing_database(error: &Error) -> bool {
    matches!(error, Error::Driver { driver, .. } if driver.kind == DriverErrorKind::MissingDatabase)
}

/// The first driver of each engine that is enabled.
mod drivers {
    #[allow(unused_imports)] // Without a driver nothing is left.
    use crate::driver::{DriverError, DriverErrorKind};
    use crate::error::Error;
    use crate::testing::Live;

    type Opened = Option<Result<Live, Error>>;

    #[cfg(any(
        feature = "rusqlite",
        feature = "tokio-postgres",
        feature = "mysql",
        feature = "mysql_async",
        feature = "sqlx-sqlite",
        feature = "sqlx-postgres",
        feature = "sqlx-mysql"
    ))]
    fn reached<C: crate::driver::Connection + 'static>(outcome: Result<C, impl Into<DriverError>>) -> Opened {
        Some(match outcome {
            Ok(connection) => Ok(Box::new(connection)),
            Err(error) => {
                let mut error = error.into();
                if error.code.is_none() && error.kind == DriverErrorKind::ConnectionLost {
                    error.kind = DriverErrorKind::Unreachable;
                }
                Err(Error::driver("the database cannot be reached", error))
            }
        })
    }

    #[cfg(feature = "rusqlite")]
    pub(super) async fn sqlite(url: &str) -> Opened {
        reached(rusqlite::Connection::open(crate::testing::sqlite::file(url)))
    }

    #[cfg(all(feature = "sqlx-sqlite", not(feature = "rusqlite")))]
    pub(super) async fn sqlite(url: &str) -> Opened {
        reached(<sqlx::SqliteConnection as sqlx::Connection>::connect(url).await)
    }

    #[cfg(not(any(feature = "rusqlite", feature = "sqlx-sqlite")))]
    pub(super) async fn sqlite(_: &str) -> Opened {
        None
    }

    #[cfg(feature = "tokio-postgres")]
    pub(super) async fn postgres(url: &str) -> Opened {
        let connected = tokio_postgres::connect(url, tokio_postgres::NoTls).await;
        reached(connected.map(|(client, connection)| {
            // Its errors reach the client, which reports them.
            tokio::spawn(async move { drop(connection.await) });
            client
        }))
    }

    #[cfg(all(feature = "sqlx-postgres", not(feature = "tokio-postgres")))]
    pub(super) async fn postgres(url: &str) -> Opened {
        reached(<sqlx::PgConnection as sqlx::Connection>::connect(url).await)
    }

    #[cfg(not(any(feature = "tokio-postgres", feature = "sqlx-postgres")))]
    pub(super) async fn postgres(_: &str) -> Opened {
        None
    }

    #[cfg(feature = "mysql")]
    pub(super) async fn mysql(url: &str) -> Opened {
        reached(crate::testing::lend::mysql_opts(url).and_then(mysql::Conn::new))
    }

    #[cfg(all(feature = "mysql_async", not(feature = "mysql")))]
    pub(super) async fn mysql(url: &str) -> Opened {
        reached(mysql_async::Conn::from_url(url).await)
    }

    #[cfg(all(feature = "sqlx-mysql", not(any(feature = "mysql", feature = "mysql_async"))))]
    pub(super) async fn mysql(url: &str) -> Opened {
        reached(<sqlx::MySqlConnection as sqlx::Connection>::connect(url).await)
    }

    #[cfg(not(any(feature = "mysql", feature = "mysql_async", feature = "sqlx-mysql")))]
    pub(super) async fn mysql(_: &str) -> Opened {
        None
    }
}
