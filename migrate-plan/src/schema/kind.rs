//! What kind of object a node of a schema is.

use std::fmt;

/// A kind of object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A schema other than the default one.
    Namespace,
    /// An extension.
    Extension,
    /// An enum type.
    Enum,
    /// A domain.
    Domain,
    /// A composite type.
    Composite,
    /// A range type.
    RangeType,
    /// A sequence.
    Sequence,
    /// A table.
    Table,
    /// A partition of a table.
    Partition,
    /// A table that inherits from another one.
    Child,
    /// A column.
    Column,
    /// A primary key.
    PrimaryKey,
    /// A unique constraint.
    Unique,
    /// A check constraint.
    Check,
    /// A foreign key.
    ForeignKey,
    /// An exclusion constraint.
    Exclusion,
    /// An index.
    Index,
    /// A trigger.
    Trigger,
    /// A row security policy.
    Policy,
    /// A view.
    View,
    /// A materialised view.
    MaterializedView,
    /// A function.
    Function,
    /// A procedure.
    Procedure,
    /// An aggregate function.
    Aggregate,
    /// A scheduled event.
    Event,
    /// Something that is not understood.
    Opaque,
}

impl Kind {
    /// The word for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Namespace => "schema",
            Self::Extension => "extension",
            Self::Enum => "enum",
            Self::Domain => "domain",
            Self::Composite => "composite type",
            Self::RangeType => "range type",
            Self::Sequence => "sequence",
            Self::Table => "table",
            Self::Partition => "partition",
            Self::Child => "inheriting table",
            Self::Column => "column",
            Self::PrimaryKey => "primary key",
            Self::Unique => "unique constraint",
            Self::Check => "check",
            Self::ForeignKey => "foreign key",
            Self::Exclusion => "exclusion constraint",
            Self::Index => "index",
            Self::Trigger => "trigger",
            Self::Policy => "policy",
            Self::View => "view",
            Self::MaterializedView => "materialized view",
            Self::Function => "function",
            Self::Procedure => "procedure",
            Self::Aggregate => "aggregate",
            Self::Event => "event",
            Self::Opaque => "object",
        }
    }

    /// The key in JSON: a list of those that hang on one thing.
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Namespace => "schemas",
            Self::Extension => "extensions",
            Self::Enum => "enums",
            Self::Domain => "domains",
            Self::Composite => "composite_types",
            Self::RangeType => "range_types",
            Self::Sequence => "sequences",
            Self::Table => "tables",
            Self::Partition => "partitions",
            Self::Child => "inheriting_tables",
            Self::Column => "columns",
            Self::PrimaryKey => "primary_keys",
            Self::Unique => "unique_constraints",
            Self::Check => "checks",
            Self::ForeignKey => "foreign_keys",
            Self::Exclusion => "exclusion_constraints",
            Self::Index => "indexes",
            Self::Trigger => "triggers",
            Self::Policy => "policies",
            Self::View => "views",
            Self::MaterializedView => "materialized_views",
            Self::Function => "functions",
            Self::Procedure => "procedures",
            Self::Aggregate => "aggregates",
            Self::Event => "events",
            Self::Opaque => "others",
        }
    }

    /// Whether it stands in no schema of its own: what hangs on a table, schemas and extensions themselves, and what is not
    /// understood, whose name says it all.
    pub const fn hangs_on_another(self) -> bool {
        matches!(
            self,
            Self::Namespace
                | Self::Extension
                | Self::Column
                | Self::PrimaryKey
                | Self::Unique
                | Self::Check
                | Self::ForeignKey
                | Self::Exclusion
                | Self::Index
                | Self::Trigger
                | Self::Policy
                | Self::Opaque
        )
    }

    /// Whether a new name alone is a rename and nothing else: no query and no row depends on it.
    pub(super) const fn is_renamed_freely(self) -> bool {
        matches!(self, Self::PrimaryKey | Self::Unique | Self::Check | Self::ForeignKey | Self::Exclusion | Self::Index)
    }

    /// Whether a table has at most one, whatever its name.
    pub(super) const fn is_single(self) -> bool {
        matches!(self, Self::PrimaryKey)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
