//! The pure core of cargo migrate: revision files, the revision graph, targets and plans.
//!
//! No I/O, clock, environment or async: `(files, history rows, target) -> Plan | error`, the same for the same input.
//! Applications use `migrate-runtime`; this crate is for tools. The modules in the order in which a revision passes:
//!
//! 1. [`parse_revision`]: a file's text as a [`Revision`], its SQL split by [`split_statements`] and hashed to
//!    [`Checksum`]s; [`render_revision`] is the inverse, [`LockFile`] what is remembered of each file.
//! 2. [`RevisionGraph`]: all revisions, checked as a whole.
//! 3. [`Target`]: where to go, in Alembic's language.
//! 4. [`Applied`]: what one database has, seen against the graph.
//! 5. [`Plan`]: what to run, in which order.
//!
//! [`Diagnostic`] is how each stage refuses.

mod diagnostic;
mod dialect;

mod lexer;
mod statement;

mod checksum;

mod embedded;
mod folder;
mod glance;
mod lock_file;
mod revision;

#[cfg(feature = "manifest")]
mod manifest;
mod settings;

mod drawing;
mod graph;

mod target;

mod history;

mod applied;

mod plan;

pub use applied::{Applied, AppliedRow, Drift, RowState};
pub use checksum::{Checksum, ChecksumBuilder, ParseChecksumError, section_checksum};
pub use diagnostic::{Code, Diagnostic, Place, nearest};
pub use dialect::{Dialect, UnknownDialect};
pub use drawing::{Drawing, DrawnEdge, DrawnLine};
pub use embedded::{decode_glance, decode_revisions, encode_revisions};
pub use folder::{FileKind, FolderFile, read_files, unreadable_folder};
pub use glance::{Glance, HISTORY_FORMAT};
pub use graph::{Edges, GraphDefect, Name, Node, RevisionGraph, RevisionSet};
pub use history::check_history;
pub use lock_file::{Accepted, LOCK_FILE, LockDefect, LockFile, Stale};
#[cfg(feature = "manifest")]
pub use manifest::{Ids, ProjectConfig};
pub use plan::{Action, Ahead, Inserted, Plan, PlanError, Purge, Step};
pub use revision::{
    Content, Direction, FileName, InvalidName, Names, Origin, ParseError, ParseErrorKind, Revision, Section, Text,
    TransactionMode, normalize, parse_revision, parse_stored_section, render_revision, slug, validate_id,
    validate_label,
};
pub use settings::{DEFAULT_FOLDER, DEFAULT_HISTORY_TABLE, Heads, LockKind, Settings};
pub use statement::{
    Becomes, Change, Effect, Object, ObjectKind, SplitError, Statement, StatementClass, split_statements,
};
pub use target::{Range, Symbol, Target, TargetError, several_heads};
