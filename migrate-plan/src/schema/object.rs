//! What stands in a schema besides tables.

use std::collections::BTreeMap;

use super::{Attributes, Check, Index, Kind, Node, QualifiedName, Trigger};

/// A schema besides the default one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Namespace {
    /// Its name.
    pub name: String,
    /// Its comment.
    pub comment: Option<String>,
}

impl Namespace {
    pub(super) fn node(&self) -> Node {
        Node::new(Kind::Namespace, &self.name, Attributes::default().maybe("comment", self.comment.clone()))
    }
}

/// An extension that is installed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extension {
    /// Its name.
    pub name: String,
    /// The schema its objects stand in; `None` is the default one.
    pub schema: Option<String>,
    /// Its version.
    pub version: String,
}

impl Extension {
    pub(super) fn node(&self) -> Node {
        let attributes = Attributes::default().maybe("schema", self.schema.clone()).text("version", &self.version);
        Node::new(Kind::Extension, &self.name, attributes)
    }
}

/// A type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Type {
    /// Its name.
    pub name: QualifiedName,
    /// What it is.
    pub definition: TypeDefinition,
    /// Its comment.
    pub comment: Option<String>,
}

/// What a type is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypeDefinition {
    /// One of these values, in this order.
    Enum(Vec<String>),
    /// A type with restrictions.
    Domain {
        /// The type it stands on.
        base: String,
        /// Whether it refuses NULL.
        not_null: bool,
        /// Its default.
        default: Option<String>,
        /// Its collation, where it is not that of the base.
        collation: Option<String>,
        /// Its checks.
        checks: Vec<Check>,
    },
    /// Fields: name, and type with its collation.
    Composite(Vec<(String, String)>),
    /// A range, with the parameters it was created with, such as `subtype = float8`.
    Range(Vec<(String, String)>),
}

impl Type {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self.definition {
            TypeDefinition::Enum(_) => Kind::Enum,
            TypeDefinition::Domain { .. } => Kind::Domain,
            TypeDefinition::Composite(_) => Kind::Composite,
            TypeDefinition::Range(_) => Kind::RangeType,
        }
    }

    pub(super) fn node(&self) -> Node {
        let pairs = |pairs: &[(String, String)]| pairs.iter().map(|(a, b)| format!("{a} {b}")).collect::<Vec<_>>();
        let attributes = match &self.definition {
            TypeDefinition::Enum(values) => Attributes::default().list("values", values),
            TypeDefinition::Domain { base, not_null, default, collation, .. } => Attributes::default()
                .text("type", base)
                .always("nullable", !not_null)
                .maybe_sql("default", default.as_ref())
                .maybe("collation", collation.clone()),
            TypeDefinition::Composite(fields) => Attributes::default().list("fields", pairs(fields)),
            TypeDefinition::Range(parameters) => Attributes::default().list("parameters", pairs(parameters)),
        };
        let node = Node::new(self.kind(), &self.name.name, attributes.maybe("comment", self.comment.clone()))
            .within(self.name.schema.as_ref());
        match &self.definition {
            TypeDefinition::Domain { checks, .. } => node.with(checks, Check::node),
            _ => node,
        }
    }
}

/// A sequence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sequence {
    /// Its name.
    pub name: QualifiedName,
    /// Its type and numbers as the catalog says them: `type`, `start`, `increment`, `min`, `max`, `cache`, `cycle`.
    pub options: BTreeMap<String, String>,
    /// The column that it goes with.
    pub owned_by: Option<OwnedBy>,
    /// Its comment.
    pub comment: Option<String>,
}

/// The column that owns a sequence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnedBy {
    /// The table.
    pub table: QualifiedName,
    /// The column.
    pub column: String,
}

impl Sequence {
    pub(super) fn node(&self) -> Node {
        let owner = self.owned_by.as_ref().map(|owner| format!("{}.{}", owner.table, owner.column));
        let attributes = Attributes::default()
            .options(&self.options)
            .maybe("owned by", owner)
            .maybe("comment", self.comment.clone());
        Node::new(Kind::Sequence, &self.name.name, attributes).within(self.name.schema.as_ref())
    }
}

/// A view.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// Its name.
    pub name: QualifiedName,
    /// Whether it keeps its rows.
    pub materialized: bool,
    /// Its columns, where the catalog keeps them apart from the query.
    pub columns: Vec<String>,
    /// Its query; on SQLite everything behind the name.
    pub definition: String,
    /// Options, such as `security_barrier`, `check option`, `definer`.
    pub options: BTreeMap<String, String>,
    /// Indexes of a materialised view.
    pub indexes: Vec<Index>,
    /// Triggers.
    pub triggers: Vec<Trigger>,
    /// Its comment.
    pub comment: Option<String>,
}

impl View {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        if self.materialized { Kind::MaterializedView } else { Kind::View }
    }

    pub(super) fn node(&self) -> Node {
        let attributes = Attributes::default()
            .list("columns", &self.columns)
            // Owners are written, and no part of what is compared.
            .options(self.options.iter().filter(|(name, _)| *name != "definer"))
            .maybe("comment", self.comment.clone())
            .sql("definition", &self.definition);
        Node::new(self.kind(), &self.name.name, attributes)
            .within(self.name.schema.as_ref())
            .with(&self.indexes, Index::node)
            .with(&self.triggers, Trigger::node)
    }
}

/// A function, procedure, aggregate or event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routine {
    /// Its kind.
    pub kind: Kind,
    /// Its name.
    pub name: QualifiedName,
    /// The types of its arguments, which tell it from others of its name where a dialect overloads.
    pub arguments: Option<String>,
    /// The statement that creates it.
    pub definition: String,
    /// Its comment.
    pub comment: Option<String>,
}

impl Routine {
    pub(super) fn node(&self) -> Node {
        let arguments = self.arguments.as_ref().map(|arguments| format!("({arguments})")).unwrap_or_default();
        let attributes =
            Attributes::default().maybe("comment", self.comment.clone()).sql("definition", &self.definition);
        Node::new(self.kind, format!("{}{arguments}", self.name.name), attributes).within(self.name.schema.as_ref())
    }
}

/// Something that is in the catalog and not understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opaque {
    /// What the catalog calls it, such as `operator class`.
    pub what: String,
    /// Its name, as the catalog writes it.
    pub name: String,
    /// The statement that creates it, where the catalog gives one.
    pub definition: Option<String>,
}

impl Opaque {
    pub(super) fn node(&self) -> Node {
        let attributes =
            Attributes::default().text("what", &self.what).maybe_sql("definition", self.definition.as_ref());
        Node::new(Kind::Opaque, format!("{} {}", self.what, self.name), attributes)
    }
}

/// An object that stands in a schema, by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectRef {
    /// Its kind; partitions and inheriting tables are [`Kind::Table`] here, all types [`Kind::Composite`], all routines
    /// [`Kind::Function`], all views [`Kind::View`].
    pub kind: Kind,
    /// Its name.
    pub name: QualifiedName,
    /// The argument types of a routine.
    pub arguments: Option<String>,
}

/// An object needs another one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dependency {
    /// The one that comes later.
    pub object: ObjectRef,
    /// The one that must be there before.
    pub needs: ObjectRef,
}
