//! What a database holds besides rows: tables and what hangs on them, views, types, sequences, routines.
//!
//! A [`Schema`] is what the catalog of one database says, in the terms of its [`Dialect`]: two of them can be
//! [compared](diff_schemas), [written as SQL](schema_sql), drawn, and printed as JSON, all through one view of them, the
//! [`Node`]. Nothing is read here: `migrate-runtime` inspects a database.
//!
//! ```
//! use migrate_plan::Dialect;
//! use migrate_plan::schema::{Column, QualifiedName, Schema, Table, What, diff_schemas};
//!
//! let users = |columns: &[&str]| Table {
//!     name: QualifiedName::new("users"),
//!     columns: columns.iter().map(|name| Column::new(*name, "TEXT")).collect(),
//!     ..Table::default()
//! };
//! let before = Schema { tables: vec![users(&["name"])], ..Schema::new(Dialect::Sqlite) };
//! let after = Schema { tables: vec![users(&["name", "bio"])], ..Schema::new(Dialect::Sqlite) };
//!
//! let difference = diff_schemas(&before, &after);
//! let change = &difference.changes[0];
//! assert_eq!((change.table.as_deref(), change.name.as_str()), (Some("users"), "bio"));
//! assert!(matches!(change.what, What::Added(_)));
//! ```

mod compare;
mod diff;
mod kind;
mod node;
mod object;
mod outline;
mod qualification;
mod render;
pub mod sqlite;
mod table;

use std::fmt;

use crate::Dialect;

pub use diff::{AttributeChange, SchemaChange, SchemaDiff, What, diff_schemas};
pub use kind::Kind;
pub use node::{Attribute, Attributes, Node, Value};
pub use object::{
    Dependency, Extension, Namespace, ObjectRef, Opaque, OwnedBy, Routine, Sequence, Type, TypeDefinition, View,
};
pub use outline::{Line, Mark};
pub use qualification::{without_database, without_join_parentheses};
pub use render::{LeftOut, SchemaSql, schema_sql, with_sql_mode};
pub use table::{
    Check, Column, Deferrable, Exclusion, ForeignKey, Generated, Identity, Index, IndexKey, Key, KeyPart, NullsOrder,
    Policy, ReferentialAction, Table, Trigger,
};

/// The name of an object that stands in a schema.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QualifiedName {
    /// The schema; `None` is the default one, in which unqualified names are found.
    pub schema: Option<String>,
    /// The name.
    pub name: String,
}

impl QualifiedName {
    /// A name in the default schema.
    pub fn new(name: impl Into<String>) -> Self {
        Self { schema: None, name: name.into() }
    }

    /// A name in a schema.
    pub fn within(schema: Option<impl Into<String>>, name: impl Into<String>) -> Self {
        Self { schema: schema.map(Into::into), name: name.into() }
    }
}

/// For people: unquoted.
impl fmt::Display for QualifiedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.schema {
            Some(schema) => write!(f, "{schema}.{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// Everything that the catalog of a database says, but for what the server made by itself, what belongs to an extension,
/// and the history's own tables.
///
/// Lists are sorted by name; columns stand in their table's order, partitions of MySQL and MariaDB in theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema {
    /// The dialect in whose terms everything else is said.
    pub dialect: Dialect,
    /// Whether names of tables and views differ by case alone: not on SQLite, on MySQL and MariaDB as the server is set.
    pub case_sensitive_tables: bool,
    /// Schemas besides the default one.
    pub namespaces: Vec<Namespace>,
    /// Installed extensions.
    pub extensions: Vec<Extension>,
    /// Enums, domains, composite and range types.
    pub types: Vec<Type>,
    /// Sequences that are no part of an identity column.
    pub sequences: Vec<Sequence>,
    /// Tables; partitions and inheriting tables are [children](Table::children) of theirs.
    pub tables: Vec<Table>,
    /// Views and materialised views.
    pub views: Vec<View>,
    /// Functions, procedures, aggregates, scheduled events.
    pub routines: Vec<Routine>,
    /// What is there and not understood: shown and compared by name, never dropped.
    pub opaque: Vec<Opaque>,
    /// Which object must be there before which other one, as far as the catalog knows. Not compared.
    pub dependencies: Vec<Dependency>,
}

impl Schema {
    /// A schema that holds nothing.
    pub fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            case_sensitive_tables: dialect != Dialect::Sqlite,
            namespaces: Vec::new(),
            extensions: Vec::new(),
            types: Vec::new(),
            sequences: Vec::new(),
            tables: Vec::new(),
            views: Vec::new(),
            routines: Vec::new(),
            opaque: Vec::new(),
            dependencies: Vec::new(),
        }
    }

    /// Brings the lists into their order: by name; columns, and partitions of MySQL and MariaDB, as they stand.
    pub fn sort(&mut self) {
        self.namespaces.sort_by(|one, other| one.name.cmp(&other.name));
        self.extensions.sort_by(|one, other| one.name.cmp(&other.name));
        self.types.sort_by(|one, other| one.name.cmp(&other.name));
        self.sequences.sort_by(|one, other| one.name.cmp(&other.name));
        table::sort(&mut self.tables, self.dialect);
        self.views.sort_by(|one, other| one.name.cmp(&other.name));
        for view in &mut self.views {
            view.indexes.sort_by(|one, other| one.name.cmp(&other.name));
            view.triggers.sort_by(|one, other| one.name.cmp(&other.name));
        }
        let whole = |routine: &Routine| (routine.name.clone(), routine.arguments.clone(), routine.kind);
        self.routines.sort_by_cached_key(whole);
        self.opaque.sort_by(|one, other| (&one.what, &one.name).cmp(&(&other.what, &other.name)));
        self.dependencies.sort();
        self.dependencies.dedup();
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.nodes().is_empty()
    }

    /// All objects as uniform nodes, in the order: namespaces, extensions, types, sequences, tables, views, routines, opaque
    /// ones.
    pub fn nodes(&self) -> Vec<Node> {
        let mut nodes: Vec<Node> = self.namespaces.iter().map(Namespace::node).collect();
        nodes.extend(self.extensions.iter().map(Extension::node));
        nodes.extend(self.types.iter().map(Type::node));
        nodes.extend(self.sequences.iter().map(Sequence::node));
        nodes.extend(self.tables.iter().map(Table::node));
        nodes.extend(self.views.iter().map(View::node));
        nodes.extend(self.routines.iter().map(Routine::node));
        nodes.extend(self.opaque.iter().map(Opaque::node));
        nodes
    }
}
