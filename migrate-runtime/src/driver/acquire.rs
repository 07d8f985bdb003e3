//! Where an asynchronous run gets its connection: it is given one, or a pool lends one.

use std::future::Future;
use std::ops::DerefMut;

use super::{Connection, DriverError};

/// What an asynchronous run can run on: `&mut connection`, or the `&pool` of a driver that has one.
///
/// A pool lends one connection for the whole run and gets it back at its end. A run that is dropped half-way may leave its
/// connection inside a transaction: a pool of sqlx closes it then, and one of `mysql_async` resets it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an asynchronous database connection, and no pool of them",
    label = "its driver's feature is not enabled, or `&mut` is missing before a connection, or `&` before a pool"
)]
pub trait Acquire: Send {
    /// The connection.
    type Connection: Connection;
    /// What holds it as long as the run lasts.
    type Guard: DerefMut<Target = Self::Connection> + Send;

    /// Gets the connection.
    ///
    /// # Errors
    ///
    /// [`DriverError`] when a pool has none to lend.
    fn acquire(self) -> impl Future<Output = Result<Self::Guard, DriverError>> + Send;

    /// Gives it back after a run that has come to its end.
    fn release(guard: Self::Guard);
}

impl<'c, C: Connection> Acquire for &'c mut C {
    type Connection = C;
    type Guard = &'c mut C;

    async fn acquire(self) -> Result<Self::Guard, DriverError> {
        Ok(self)
    }

    fn release(_: Self::Guard) {}
}

#[cfg(feature = "mysql_async")]
impl Acquire for &mysql_async::Pool {
    type Connection = mysql_async::Conn;
    type Guard = Box<mysql_async::Conn>;

    async fn acquire(self) -> Result<Self::Guard, DriverError> {
        Ok(Box::new(self.get_conn().await?))
    }

    fn release(_: Self::Guard) {}
}

#[cfg(any(feature = "sqlx-sqlite", feature = "sqlx-postgres", feature = "sqlx-mysql"))]
mod lent {
    use std::ops::{Deref, DerefMut};

    use sqlx::pool::{Pool, PoolConnection};

    use super::Acquire;
    use crate::driver::{Connection, DriverError};

    /// A connection that is closed unless its run comes to its end.
    #[derive(Debug)]
    pub struct Lent<D: sqlx::Database> {
        connection: PoolConnection<D>,
        is_done: bool,
    }

    impl<D: sqlx::Database> Deref for Lent<D> {
        type Target = PoolConnection<D>;

        fn deref(&self) -> &Self::Target {
            &self.connection
        }
    }

    impl<D: sqlx::Database> DerefMut for Lent<D> {
        fn deref_mut(&mut self) -> &mut Self::Target {
            &mut self.connection
        }
    }

    impl<D: sqlx::Database> Drop for Lent<D> {
        fn drop(&mut self) {
            if !self.is_done {
                self.connection.close_on_drop();
            }
        }
    }

    impl<D: sqlx::Database> Acquire for &Pool<D>
    where
        PoolConnection<D>: Connection,
    {
        type Connection = PoolConnection<D>;
        type Guard = Lent<D>;

        async fn acquire(self) -> Result<Self::Guard, DriverError> {
            Ok(Lent { connection: Pool::acquire(self).await?, is_done: false })
        }

        fn release(mut guard: Self::Guard) {
            guard.is_done = true;
        }
    }
}
