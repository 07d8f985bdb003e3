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
//! [`schema`] is what a database holds, and what differs between two of them.
//! [`Diagnostic`] is how each stage refuses. With the feature `refinery` the crate also understands what refinery leaves in
//! files and databases.

mod diagnostic;
mod dialect;
mod duration;

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

pub mod schema;
mod sql;

#[cfg(feature = "refinery")]
mod refinery;

pub use applied::{Applied, AppliedRow, Drift, RowState};
pub use checksum::{Checksum, ChecksumBuilder, ParseChecksumError, section_checksum};
pub use diagnostic::{Code, Diagnostic, Place, nearest};
pub use dialect::{Dialect, UnknownDialect};
pub use drawing::{Drawing, DrawnEdge, DrawnLine};
pub use duration::parse_duration;
pub use embedded::{decode_glance, decode_revisions, encode_revisions};
pub use folder::{
    FileKind, FolderFile, Headers, folder_groups, plain_folder, read_files, read_folders, read_headers,
    unreadable_folder,
};
pub use glance::{Glance, HISTORY_FORMAT};
pub use graph::{Edges, GraphDefect, Name, Node, RevisionGraph, RevisionSet};
pub use history::check_history;
pub use lock_file::{Accepted, LOCK_FILE, LockDefect, LockFile, Stale};
#[cfg(feature = "manifest")]
pub use manifest::{Environment, Ids, ProjectConfig};
pub use plan::{Action, Adopted, Ahead, Inserted, Plan, PlanError, Purge, Step};
#[cfg(feature = "refinery")]
pub use refinery::{
    LineEnd, RefineryRecord, RefineryRow, Verified, VersionWidth, Writing, refinery_checksum, verify_refinery,
};
pub use revision::{
    Content, Direction, FileName, InvalidName, Names, Origin, ParseError, ParseErrorKind, REFINERY_TABLE, Revision,
    Section, Text, TransactionMode, normalize, parse_header, parse_revision, parse_stored_section, render_revision,
    slug, validate_dependency, validate_id, validate_label,
};
pub use settings::{DEFAULT_FOLDER, DEFAULT_HISTORY_TABLE, Heads, LockKind, Settings};
pub use sql::{quoted_name, text_literal};
pub use statement::{
    Becomes, Change, Effect, Object, ObjectKind, SplitError, Statement, StatementClass, split_statements,
};
pub use target::{Range, Symbol, Target, TargetError, several_heads};
