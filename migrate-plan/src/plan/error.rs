//! Why a plan is refused.

use crate::applied::Drift;
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::dialect::Dialect;
use crate::revision::{Direction, ParseError};
use crate::target::TargetError;

/// Why nothing can run.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The target cannot be resolved.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// A section that would run has no statement.
    #[error("the `{direction}` section of revision `{id}` is not written")]
    Unwritten {
        /// The revision.
        id: String,
        /// The section.
        direction: Direction,
        /// The marker of the section.
        place: Place,
    },
    /// The revision has nothing for this dialect.
    #[error("revision `{id}` has no `{direction}` section for {dialect}")]
    NoSection {
        /// The revision.
        id: String,
        /// Its file.
        file: String,
        /// The direction that is needed.
        direction: Direction,
        /// The dialect that is needed.
        dialect: Dialect,
    },
    /// The revision cannot be undone.
    #[error("revision `{id}` is irreversible{}", .reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default())]
    Irreversible {
        /// The revision.
        id: String,
        /// Its file.
        file: String,
        /// The reason that the file gives.
        reason: Option<String>,
    },
    /// A statement that this dialect cannot run inside the revision's transaction.
    #[error(transparent)]
    Unfit(ParseError),
    /// A pending revision stands below an applied one.
    #[error("revision `{id}` is pending although revisions above it are applied")]
    InsertedBehind {
        /// The pending revision.
        id: String,
        /// Its file.
        file: String,
    },
    /// Applied revisions whose `up` was edited.
    #[error("{}", drifted(.drift))]
    Drift {
        /// The edited sections.
        drift: Vec<Drift>,
    },
    /// The database has revisions that are not here.
    #[error("the database has {} that {} not here: {}", count(unknown.len()), if unknown.len() == 1 { "is" } else { "are" }, unknown.join(", "))]
    DatabaseAhead {
        /// The ids.
        unknown: Vec<String>,
        /// How many revisions are pending.
        pending: usize,
        /// The verbs with their targets that undo those of them that nothing stands on.
        undone_by: Vec<String>,
    },
    /// The rows of the history contradict the files.
    #[error("the history cannot be read as a graph: {}", problems.join("; "))]
    HistoryUnusable {
        /// What contradicts.
        problems: Vec<String>,
    },
    /// A revision that would be applied depends on one of a group that is not here.
    #[error("revision `{id}` depends on `{name}`, and nothing of `{}` is here", group(name))]
    DependsElsewhere {
        /// The revision.
        id: String,
        /// Its file.
        file: String,
        /// The dependency.
        name: String,
    },
    /// A run was interrupted in a revision whose file is not here.
    #[error("revision `{id}` is half applied, and it is not here")]
    CannotFinish {
        /// The revision.
        id: String,
    },
    /// A revision without a file would have to be applied.
    #[error("revision `{id}` is not here, so that it cannot be applied again")]
    NotHere {
        /// The revision.
        id: String,
    },
    /// A revision without a file whose `down` the history does not hold.
    #[error("revision `{id}` is not here, and the history holds no `down` for it")]
    NoStoredDown {
        /// The revision.
        id: String,
    },
}

fn count(revisions: usize) -> String {
    format!("{revisions} revision{}", if revisions == 1 { "" } else { "s" })
}

fn group(name: &str) -> &str {
    name.split_once('@').map_or(name, |(group, _)| group)
}

fn drifted(drift: &[Drift]) -> String {
    let ids: Vec<String> = drift.iter().map(|drift| format!("`{}`", drift.id)).collect();
    format!("the `up` of {} was edited after it was applied", ids.join(", "))
}

impl From<&PlanError> for Diagnostic {
    fn from(error: &PlanError) -> Self {
        let new = |code, help: &str| Diagnostic::new(code, error.to_string(), help);
        match error {
            PlanError::Target(target) => target.into(),
            PlanError::Unfit(parse) => parse.into(),
            PlanError::Unwritten { place, .. } => new(
                Code::Unwritten,
                "write its SQL below the marker; a deliberate no-op is the line `-- migrate: nothing`",
            )
            .at(place.clone())
            .because("running it would record a change that was never made"),
            PlanError::NoSection { file, direction, dialect, .. } => Diagnostic::new(
                Code::NoSectionForDialect,
                error.to_string(),
                format!(
                    "add `-- migrate: {direction} {dialect}`, or a section without a dialect, which serves the rest"
                ),
            )
            .at(Place::new(file.clone(), 1))
            .because("what the other dialects run may be wrong here"),
            PlanError::Irreversible { file, .. } => {
                new(Code::Irreversible, "restore a backup, or write a `-- migrate: down` section that undoes it")
                    .at(Place::new(file.clone(), 1))
                    .because("the file has no `down` section")
            }
            PlanError::InsertedBehind { file, .. } => {
                new(Code::InsertedBehind, "run `upgrade` without `--strict` to apply it now, after its parents")
                    .at(Place::new(file.clone(), 1))
                    .because(
                        "it was inserted behind what this database has already applied, and `--strict` refuses that",
                    )
            }
            PlanError::Drift { drift } => {
                let mut places = drift.iter().map(|drift| Place::new(drift.file.clone(), drift.line));
                let mut diagnostic =
                    new(Code::Drift, "undo the edit and put the change into a new revision: `cargo migrate new`")
                        .because("this database ran another text, so new and old databases would differ");
                diagnostic.place = places.next();
                diagnostic.also = places.collect();
                diagnostic
            }
            PlanError::DatabaseAhead { pending, undone_by, .. } => {
                let why = match pending {
                    0 => "`ahead = \"refuse\"` refuses a database that is newer than these revisions".to_owned(),
                    _ => {
                        format!("{} pending here, and what the unknown ones changed cannot be judged", count(*pending))
                    }
                };
                new(
                    Code::DatabaseAhead,
                    &format!(
                        "run the newer version, or undo them with `{}`; `ahead = \"allow\"` applies what is pending",
                        undone_by.join("`, `"),
                    ),
                )
                .because(why)
            }
            PlanError::HistoryUnusable { .. } => new(
                Code::HistoryMalformed,
                "look at the table `migrate_history`; `stamp --purge <revision>` writes it anew",
            ),
            PlanError::DependsElsewhere { file, .. } => new(
                Code::DependsElsewhere,
                "run it with the application that has both: `Migrations::combine` puts the revisions of crates together",
            )
            .at(Place::new(file.clone(), 1))
            .because("it may only run after what it depends on, and whether that has run cannot be told here"),
            PlanError::CannotFinish { .. } => {
                new(Code::CannotFinish, "run `upgrade` with the version that has it, which goes on where it stopped")
                    .because("the statements that are left stand in its file")
            }
            PlanError::NotHere { .. } => {
                new(Code::NotHere, "run it with the version that has the revision, or name one above it")
                    .because("the history holds what undoes a revision, and not what applies it")
            }
            PlanError::NoStoredDown { .. } => {
                new(Code::Irreversible, "undo it with the version that applied it, or restore a backup")
                    .because("it was irreversible, or was recorded without its SQL")
            }
        }
    }
}
