//! Waiting for a database that is not there yet: containers start in any order.

use std::future::Future;
use std::time::{Duration, Instant};

/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Whether a failed connection may succeed a moment later.
pub trait Transient {
    /// True for a server that is not reachable or not ready; false for wrong credentials, a missing database, a
    /// certificate that is not trusted, or a URL that is wrong.
    fn is_transient(&self) -> bool;
}

impl Transient for std::io::Error {
    fn is_transient(&self) -> bool {
        // Invalid data is what a TLS library says of a certificate that it does not trust.
        !matches!(
            self.kind(),
            std::io::ErrorKind::InvalidInput | std::io::ErrorKind::InvalidData | std::io::ErrorKind::PermissionDenied
        )
    }
}

#[cfg(feature = "cli")]
impl Transient for crate::cli::Failure {
    fn is_transient(&self) -> bool {
        self.diagnostics.first().is_some_and(|diagnostic| diagnostic.code == migrate_plan::Code::Unreachable)
    }
}

#[cfg(feature = "rusqlite")]
impl Transient for rusqlite::Error {
    fn is_transient(&self) -> bool {
        use rusqlite::ffi::ErrorCode;
        matches!(self.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
    }
}

#[cfg(feature = "tokio-postgres")]
impl Transient for tokio_postgres::Error {
    fn is_transient(&self) -> bool {
        match self.code() {
            // Starting up, shutting down, or full.
            Some(code) => ["57P03", "57P01", "57P02", "53300"].contains(&code.code()),
            None => std::error::Error::source(self)
                .and_then(|cause| cause.downcast_ref::<std::io::Error>())
                .map_or_else(|| self.is_closed(), Transient::is_transient),
        }
    }
}

#[cfg(feature = "mysql_async")]
impl Transient for mysql_async::Error {
    fn is_transient(&self) -> bool {
        match self {
            mysql_async::Error::Io(mysql_async::IoError::Io(error)) => error.is_transient(),
            mysql_async::Error::Server(server) => MYSQL_TRANSIENT.contains(&server.code),
            mysql_async::Error::Driver(driver) => matches!(driver, mysql_async::DriverError::ConnectionClosed),
            _ => false,
        }
    }
}

#[cfg(feature = "mysql")]
impl Transient for mysql::Error {
    fn is_transient(&self) -> bool {
        match self {
            mysql::Error::IoError(error) => error.is_transient(),
            mysql::Error::MySqlError(server) => MYSQL_TRANSIENT.contains(&server.code),
            mysql::Error::DriverError(driver) => {
                matches!(driver, mysql::DriverError::CouldNotConnect(_) | mysql::DriverError::ConnectTimeout)
            }
            _ => false,
        }
    }
}

#[cfg(any(feature = "sqlx-sqlite", feature = "sqlx-postgres", feature = "sqlx-mysql"))]
impl Transient for sqlx::Error {
    fn is_transient(&self) -> bool {
        match self {
            sqlx::Error::Io(error) => error.is_transient(),
            sqlx::Error::PoolTimedOut => true,
            // PostgreSQL starting up, shutting down, or full; MySQL full.
            sqlx::Error::Database(server) => {
                let code = server.code();
                ["57P03", "57P01", "57P02", "53300", "08004"].map(Some).contains(&code.as_deref())
            }
            _ => false,
        }
    }
}

/// MySQL and MariaDB: full, or shutting down.
#[cfg(any(feature = "mysql", feature = "mysql_async"))]
const MYSQL_TRANSIENT: [u16; 3] = [1040, 1053, 1203];

/// Calls `connect` until it succeeds, fails for good, or the limit has passed; blocks between attempts.
///
/// # Errors
///
/// The error of the last attempt.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// # #[cfg(feature = "rusqlite")]
/// let db = migrate_runtime::wait_for(Duration::from_secs(30), rusqlite::Connection::open_in_memory)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn wait_for<T, E: Transient>(limit: Duration, mut connect: impl FnMut() -> Result<T, E>) -> Result<T, E> {
    let mut pauses = Pauses::new(limit);
    loop {
        match connect() {
            Err(error) if error.is_transient() => match pauses.next() {
                Some(pause) => std::thread::sleep(pause),
                None => return Err(error),
            },
            outcome => return outcome,
        }
    }
}

/// [`wait_for`] for asynchronous drivers; `sleep` is the executor's, such as `tokio::time::sleep`.
///
/// # Errors
///
/// The error of the last attempt.
pub async fn wait_for_async<T, E, C, S>(
    limit: Duration,
    mut connect: impl FnMut() -> C,
    mut sleep: impl FnMut(Duration) -> S,
) -> Result<T, E>
where
    E: Transient,
    C: Future<Output = Result<T, E>>,
    S: Future<Output = ()>,
{
    let mut pauses = Pauses::new(limit);
    loop {
        match connect().await {
            Err(error) if error.is_transient() => match pauses.next() {
                Some(pause) => sleep(pause).await,
                None => return Err(error),
            },
            outcome => return outcome,
        }
    }
}

/// The pauses between attempts, until the limit has passed.
struct Pauses {
    started: Instant,
    limit: Duration,
    pause: Duration,
}

impl Pauses {
    fn new(limit: Duration) -> Self {
        Self { started: Instant::now(), limit, pause: Duration::from_millis(50) }
    }

    fn next(&mut self) -> Option<Duration> {
        let left = self.limit.checked_sub(self.started.elapsed()).filter(|left| !left.is_zero())?;
        let pause = self.pause.min(left);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        Some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Error, ErrorKind};

    #[test]
    fn waits_for_what_may_come_and_not_for_what_will_not() {
        let mut attempts = 0;
        let connected = wait_for(Duration::from_secs(5), || {
            attempts += 1;
            if attempts < 3 { Err(Error::from(ErrorKind::ConnectionRefused)) } else { Ok(attempts) }
        });
        assert_eq!(connected.ok(), Some(3));

        for permanent in [ErrorKind::PermissionDenied, ErrorKind::InvalidData] {
            let mut attempts = 0;
            let refused: Result<(), Error> = wait_for(Duration::from_secs(5), || {
                attempts += 1;
                Err(Error::from(permanent))
            });
            assert!(refused.is_err());
            assert_eq!(attempts, 1);
        }
    }

    #[test]
    fn gives_up_when_the_limit_has_passed() {
        let started = Instant::now();
        let outcome: Result<(), Error> =
            wait_for(Duration::from_millis(120), || Err(Error::from(ErrorKind::ConnectionRefused)));
        assert!(outcome.is_err());
        assert!(started.elapsed() >= Duration::from_millis(120));
    }
}
