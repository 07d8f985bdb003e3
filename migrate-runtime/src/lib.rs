//! Database migrations that an application carries in itself.
//!
//! `embed_migrations!` checks the revision files while the crate compiles and embeds them; [`Migrations`] applies them
//! through the driver that the application already uses. Enable that driver's feature: `rusqlite`,
//! `postgres`, `mysql`, `tokio-postgres`, `mysql_async`, `sqlx-sqlite`, `sqlx-postgres` or `sqlx-mysql`.
//!
//! ```
//! migrate_runtime::embed_migrations! { static MIGRATIONS: Migrations = "../examples/quickstart/migrations"; }
//!
//! # #[cfg(feature = "rusqlite")]
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let mut db = rusqlite::Connection::open_in_memory()?;
//!     let report = MIGRATIONS.upgrade(&mut db)?;
//!     assert_eq!(report.heads_after, ["002"]);
//!     Ok(())
//! }
//! # #[cfg(not(feature = "rusqlite"))]
//! # fn main() {}
//! ```
//!
//! Without the literal the folder is the crate's `migrations/`.
//!
//! The modules in the order of the flow: [`Migrations`] (what there is), [`Migrator`] (what is asked for), the engine
//! (what is done, through a [`Connection`]), the history it keeps, and [`RunReport`] or [`RunError`] (what became of it).
//! [`on_startup`] is what a service calls. The feature `cli` adds the operator's verbs as a clap subcommand, `tracing` spans and
//! events of each run, `testing` an isolated database for each test of an application, and `adopt-refinery` takes over databases
//! that refinery has migrated. With `verify-sqlite` the macro can run what it embeds.

mod migrations;
mod migrator;

mod engine;
mod history;
mod inspect;
mod journal;
mod sql;
mod stop;

mod driver;
mod startup;
mod verify;
mod wait;

#[cfg(feature = "adopt-refinery")]
mod refinery;

mod error;
mod event;
mod report;
#[cfg(feature = "tracing")]
mod trace;
#[cfg(not(feature = "tracing"))]
#[path = "trace/without.rs"]
mod trace;

#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "testing")]
pub mod testing;

pub use driver::{
    Acquire, BlockingConnection, BoxFuture, Connection, DriverError, DriverErrorKind, LiveConnection, Row, dialect_of,
};
pub use engine::{Loss, Prospect};
pub use error::{Blocked, Error, Fact, Interruption, Remains, RunError, StatementFailure};
pub use event::Event;
pub use inspect::Inspection;
pub use migrate_macros::embed_migrations;
pub use migrate_plan as plan;
pub use migrate_plan::{Ahead, Dialect, Direction, Inserted, LockKind, Purge};
pub use migrate_plan::{quoted_name, schema};
pub use migrations::{Migrations, read_headers, read_revisions};
pub use migrator::Migrator;
#[cfg(feature = "adopt-refinery")]
pub use refinery::{AdoptRefinery, REFINERY_TABLE, TakeOver};
pub use report::{RunReport, StepReport};
pub use startup::{Readiness, Startup, on_startup, on_startup_async};
pub use stop::Stop;
pub use verify::{Finding, Verdict, Verification, Verified, VerifyReport};
pub use wait::{Transient, wait_for, wait_for_async};

// Verification's, and its tests'.
#[doc(hidden)]
pub use inspect::Memory;

/// What the macro's output names; not for people.
#[doc(hidden)]
pub mod __embed {
    pub use std::borrow::Cow::Borrowed as B;

    pub use migrate_plan::{Ahead, Heads, LockKind, Settings};

    pub use crate::Migrations;
}
