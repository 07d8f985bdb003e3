//! A table and what hangs on it.

use std::collections::BTreeMap;

use super::{Attributes, Kind, Node, QualifiedName};
use crate::Dialect;

/// A table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: QualifiedName,
    /// Its columns; of a partition or an inheriting table its own ones, and those that it has otherwise than its parent.
    pub columns: Vec<Column>,
    /// Its primary key.
    pub primary_key: Option<Key>,
    /// Its unique constraints. An index that is unique without being a constraint stands among the indexes.
    pub uniques: Vec<Key>,
    /// Its checks.
    pub checks: Vec<Check>,
    /// Its foreign keys.
    pub foreign_keys: Vec<ForeignKey>,
    /// Its exclusion constraints.
    pub exclusions: Vec<Exclusion>,
    /// Its indexes, but for those that a constraint keeps by itself.
    pub indexes: Vec<Index>,
    /// Its triggers.
    pub triggers: Vec<Trigger>,
    /// Its row security policies.
    pub policies: Vec<Policy>,
    /// Options of its own, such as `engine`, `strict`, `fillfactor`; for a flag the value is `yes`.
    pub options: BTreeMap<String, String>,
    /// How it is partitioned, as the catalog says it: `RANGE (created)`.
    pub partition_by: Option<String>,
    /// Which rows a partition takes: `FOR VALUES FROM (1) TO (10)`.
    pub bound: Option<String>,
    /// The tables that it inherits from, when it is no partition.
    pub inherits: Vec<QualifiedName>,
    /// Its partitions, and the tables that inherit from it first.
    pub children: Vec<Table>,
    /// Its comment.
    pub comment: Option<String>,
}

impl Table {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        match (&self.bound, self.inherits.is_empty()) {
            (Some(_), _) => Kind::Partition,
            (None, false) => Kind::Child,
            (None, true) => Kind::Table,
        }
    }

    /// A column, by its exact name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    pub(super) fn node(&self) -> Node {
        let attributes = Attributes::default()
            .options(&self.options)
            .maybe_sql("bound", self.bound.as_ref())
            .maybe_sql("partition by", self.partition_by.as_ref())
            .list("inherits", self.inherits.iter().map(ToString::to_string))
            .maybe("comment", self.comment.clone());
        Node::new(self.kind(), &self.name.name, attributes)
            .within(self.name.schema.as_ref())
            .with(&self.columns, Column::node)
            .with(&self.primary_key, |key| key.node(Kind::PrimaryKey))
            .with(&self.uniques, |key| key.node(Kind::Unique))
            .with(&self.checks, Check::node)
            .with(&self.foreign_keys, ForeignKey::node)
            .with(&self.exclusions, Exclusion::node)
            .with(&self.indexes, Index::node)
            .with(&self.triggers, Trigger::node)
            .with(&self.policies, Policy::node)
            .with(&self.children, Table::node)
    }
}

/// Tables and what hangs on them, by name. Constraints without one stay as they stand.
pub(super) fn sort(tables: &mut [Table], dialect: Dialect) {
    tables.sort_by(|one, other| one.name.cmp(&other.name));
    for table in tables {
        table.uniques.sort_by(|one, other| one.name.cmp(&other.name));
        table.checks.sort_by(|one, other| one.name.cmp(&other.name));
        table.foreign_keys.sort_by(|one, other| one.name.cmp(&other.name));
        table.exclusions.sort_by(|one, other| one.name.cmp(&other.name));
        table.indexes.sort_by(|one, other| one.name.cmp(&other.name));
        table.triggers.sort_by(|one, other| one.name.cmp(&other.name));
        table.policies.sort_by(|one, other| one.name.cmp(&other.name));
        // Partitions of MySQL and MariaDB have an order of their own.
        if dialect == Dialect::Postgres {
            sort(&mut table.children, dialect);
        }
    }
}

/// A column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type with all parameters, as the catalog writes it.
    pub data_type: String,
    /// Whether it takes NULL.
    pub nullable: bool,
    /// Its default, as SQL.
    pub default: Option<String>,
    /// What the server counts up for it by the standard's means.
    pub identity: Option<Identity>,
    /// `AUTO_INCREMENT`, `AUTOINCREMENT`.
    pub auto_increment: bool,
    /// What it is computed from.
    pub generated: Option<Generated>,
    /// Its collation, where it is not the usual one of its type or table.
    pub collation: Option<String>,
    /// Options of its own, such as `on update`, `storage`, `invisible`; for a flag the value is `yes`.
    pub options: BTreeMap<String, String>,
    /// Its comment.
    pub comment: Option<String>,
}

impl Column {
    /// A nullable column.
    pub fn new(name: impl Into<String>, data_type: impl Into<String>) -> Self {
        Self { name: name.into(), data_type: data_type.into(), nullable: true, ..Self::default() }
    }

    fn node(&self) -> Node {
        let identity = self.identity.as_ref().map(Identity::to_sql);
        let generated = self.generated.as_ref();
        let attributes = Attributes::default()
            .text("type", &self.data_type)
            .always("nullable", self.nullable)
            .maybe_sql("default", self.default.as_ref())
            .maybe("identity", identity)
            .flag("auto increment", self.auto_increment)
            .maybe_sql("generated", generated.map(|generated| &generated.expression))
            .maybe("kept", generated.map(|generated| if generated.stored { "stored" } else { "virtual" }))
            .maybe("collation", self.collation.clone())
            .options(&self.options)
            .maybe("comment", self.comment.clone());
        Node::new(Kind::Column, &self.name, attributes)
    }
}

/// `GENERATED … AS IDENTITY`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// `ALWAYS`, else `BY DEFAULT`.
    pub always: bool,
    /// Options of its sequence that are not the usual ones, as SQL: `START WITH 10 INCREMENT BY 2`.
    pub options: Option<String>,
}

impl Identity {
    /// Everything behind `GENERATED`, as SQL.
    pub fn to_sql(&self) -> String {
        let when = if self.always { "ALWAYS" } else { "BY DEFAULT" };
        let options = self.options.as_ref().map(|options| format!(" ({options})")).unwrap_or_default();
        format!("{when} AS IDENTITY{options}")
    }
}

/// `GENERATED ALWAYS AS (…)`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Generated {
    /// The expression, without the parentheses around it.
    pub expression: String,
    /// Whether the value is kept with the row.
    pub stored: bool,
}

/// When a constraint is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Deferrable {
    /// With each statement or row.
    #[default]
    No,
    /// With each statement, unless the transaction puts it off.
    InitiallyImmediate,
    /// At the end of the transaction.
    InitiallyDeferred,
}

impl Deferrable {
    /// As SQL; empty for the usual one.
    pub const fn as_sql(self) -> &'static str {
        match self {
            Self::No => "",
            Self::InitiallyImmediate => "DEFERRABLE",
            Self::InitiallyDeferred => "DEFERRABLE INITIALLY DEFERRED",
        }
    }

    fn attribute(self) -> Option<&'static str> {
        match self {
            Self::No => None,
            Self::InitiallyImmediate => Some("initially immediate"),
            Self::InitiallyDeferred => Some("initially deferred"),
        }
    }
}

/// A primary key or unique constraint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Key {
    /// Its name, where it has one.
    pub name: Option<String>,
    /// Its parts, in order.
    pub parts: Vec<IndexKey>,
    /// Columns that its index carries besides.
    pub include: Vec<String>,
    /// When it is asked.
    pub deferrable: Deferrable,
    /// Whether two NULLs are the same to it.
    pub nulls_not_distinct: bool,
    /// Options, such as `on conflict`, `method`, `fillfactor`.
    pub options: BTreeMap<String, String>,
    /// Its comment.
    pub comment: Option<String>,
}

impl Key {
    fn node(&self, kind: Kind) -> Node {
        let attributes = Attributes::default()
            .list("columns", self.parts.iter().map(IndexKey::to_string))
            .list("include", &self.include)
            .maybe("deferrable", self.deferrable.attribute())
            .flag("nulls not distinct", self.nulls_not_distinct)
            .options(&self.options)
            .maybe("comment", self.comment.clone());
        Node::new(kind, self.name.clone().unwrap_or_default(), attributes)
    }
}

/// A check constraint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Check {
    /// Its name, where it has one.
    pub name: Option<String>,
    /// The expression, without the parentheses around it.
    pub expression: String,
    /// Whether inheriting tables are exempt.
    pub no_inherit: bool,
    /// Whether rows from before it have not been looked at.
    pub not_valid: bool,
    /// Options.
    pub options: BTreeMap<String, String>,
    /// Its comment.
    pub comment: Option<String>,
}

impl Check {
    pub(super) fn node(&self) -> Node {
        let attributes = Attributes::default()
            .sql("expression", &self.expression)
            .flag("no inherit", self.no_inherit)
            .flag("not valid", self.not_valid)
            .options(&self.options)
            .maybe("comment", self.comment.clone());
        Node::new(Kind::Check, self.name.clone().unwrap_or_default(), attributes)
    }
}

/// What becomes of the rows that refer to a row that is deleted, or gets another key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReferentialAction {
    /// Refused, when the constraint is asked. On MySQL and MariaDB `RESTRICT` is this.
    #[default]
    NoAction,
    /// Refused at once.
    Restrict,
    /// They go or change, too.
    Cascade,
    /// They refer to nothing.
    SetNull,
    /// They get their default.
    SetDefault,
}

impl ReferentialAction {
    /// As SQL.
    pub const fn as_sql(self) -> &'static str {
        match self {
            Self::NoAction => "NO ACTION",
            Self::Restrict => "RESTRICT",
            Self::Cascade => "CASCADE",
            Self::SetNull => "SET NULL",
            Self::SetDefault => "SET DEFAULT",
        }
    }

    fn attribute(self) -> Option<String> {
        (self != Self::NoAction).then(|| self.as_sql().to_ascii_lowercase())
    }
}

/// A foreign key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForeignKey {
    /// Its name, where it has one.
    pub name: Option<String>,
    /// The columns that refer.
    pub columns: Vec<String>,
    /// The table referred to.
    pub references: QualifiedName,
    /// The columns referred to; none on SQLite, where the primary key is meant.
    pub referenced_columns: Vec<String>,
    /// On update.
    pub on_update: ReferentialAction,
    /// On delete.
    pub on_delete: ReferentialAction,
    /// The columns that `SET NULL` or `SET DEFAULT` is about, where not all.
    pub on_delete_columns: Vec<String>,
    /// `MATCH FULL` and the like, where it is not simple.
    pub matching: Option<String>,
    /// When it is asked.
    pub deferrable: Deferrable,
    /// Whether rows from before it have not been looked at.
    pub not_valid: bool,
    /// Its comment.
    pub comment: Option<String>,
}

impl ForeignKey {
    fn node(&self) -> Node {
        let attributes = Attributes::default()
            .list("columns", &self.columns)
            .text("references", self.references.to_string())
            .list("referenced columns", &self.referenced_columns)
            .maybe("on update", self.on_update.attribute())
            .maybe("on delete", self.on_delete.attribute())
            .list("on delete columns", &self.on_delete_columns)
            .maybe("match", self.matching.clone())
            .maybe("deferrable", self.deferrable.attribute())
            .flag("not valid", self.not_valid)
            .maybe("comment", self.comment.clone());
        Node::new(Kind::ForeignKey, self.name.clone().unwrap_or_default(), attributes)
    }
}

/// An exclusion constraint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exclusion {
    /// Its name.
    pub name: String,
    /// Everything behind the name, as SQL.
    pub definition: String,
    /// Its comment.
    pub comment: Option<String>,
}

impl Exclusion {
    fn node(&self) -> Node {
        let attributes =
            Attributes::default().sql("definition", &self.definition).maybe("comment", self.comment.clone());
        Node::new(Kind::Exclusion, &self.name, attributes)
    }
}

/// An index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// Whether no two rows may have one key.
    pub unique: bool,
    /// How it is built, where it is not the usual way of the dialect: `gin`, `FULLTEXT`.
    pub method: Option<String>,
    /// Its keys, in order.
    pub keys: Vec<IndexKey>,
    /// Columns that it carries besides.
    pub include: Vec<String>,
    /// Which rows it holds, where not all.
    pub predicate: Option<String>,
    /// Whether two NULLs are the same to it.
    pub nulls_not_distinct: bool,
    /// Whether a concurrent build left it unfinished.
    pub invalid: bool,
    /// Options, such as `fillfactor`, `ignored`, `parser`.
    pub options: BTreeMap<String, String>,
    /// Its comment.
    pub comment: Option<String>,
}

impl Index {
    pub(super) fn node(&self) -> Node {
        let attributes = Attributes::default()
            .list("columns", self.keys.iter().map(IndexKey::to_string))
            .flag("unique", self.unique)
            .maybe("method", self.method.clone())
            .list("include", &self.include)
            .maybe_sql("predicate", self.predicate.as_ref())
            .flag("nulls not distinct", self.nulls_not_distinct)
            .flag("invalid", self.invalid)
            .options(&self.options)
            .maybe("comment", self.comment.clone());
        Node::new(Kind::Index, &self.name, attributes)
    }
}

/// What a key of an index or constraint is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyPart {
    /// A column, by its name.
    Column(String),
    /// An expression, as SQL.
    Expression(String),
}

impl Default for KeyPart {
    fn default() -> Self {
        Self::Column(String::new())
    }
}

/// Where NULLs stand in an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NullsOrder {
    /// Before everything.
    First,
    /// Behind everything.
    Last,
}

/// One key of an index or constraint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndexKey {
    /// What it is made of.
    pub part: KeyPart,
    /// Whether it falls.
    pub descending: bool,
    /// Where NULLs stand, where it is not the usual place for the direction.
    pub nulls: Option<NullsOrder>,
    /// Its collation, where it is not that of the column.
    pub collation: Option<String>,
    /// Its operator class with its parameters, where it is not the usual one.
    pub operator_class: Option<String>,
    /// How many characters or bytes of the column it holds, where not all.
    pub prefix: Option<u32>,
}

impl IndexKey {
    /// A whole column, rising.
    pub fn column(name: impl Into<String>) -> Self {
        Self { part: KeyPart::Column(name.into()), ..Self::default() }
    }
}

/// For people: names unquoted.
impl std::fmt::Display for IndexKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.part {
            KeyPart::Column(name) => f.write_str(name)?,
            KeyPart::Expression(expression) => write!(f, "({expression})")?,
        }
        self.prefix.map_or(Ok(()), |prefix| write!(f, "({prefix})"))?;
        self.collation.as_ref().map_or(Ok(()), |collation| write!(f, " collate {collation}"))?;
        self.operator_class.as_ref().map_or(Ok(()), |class| write!(f, " {class}"))?;
        f.write_str(if self.descending { " desc" } else { "" })?;
        f.write_str(match self.nulls {
            Some(NullsOrder::First) => " nulls first",
            Some(NullsOrder::Last) => " nulls last",
            None => "",
        })
    }
}

/// A trigger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trigger {
    /// Its name.
    pub name: String,
    /// The statement that creates it.
    pub definition: String,
    /// When it fires, where it is not as usual: `disabled`, `always`, `replica`.
    pub enabled: Option<String>,
    /// Its comment.
    pub comment: Option<String>,
}

impl Trigger {
    pub(super) fn node(&self) -> Node {
        let attributes = Attributes::default()
            .maybe("fires", self.enabled.clone())
            .maybe("comment", self.comment.clone())
            .sql("definition", &self.definition);
        Node::new(Kind::Trigger, &self.name, attributes)
    }
}

/// A row security policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// Whether it narrows what others allow.
    pub restrictive: bool,
    /// `SELECT`, `INSERT`, `UPDATE`, `DELETE`; `None` is all.
    pub command: Option<String>,
    /// The roles it is for; none is everybody.
    pub roles: Vec<String>,
    /// Which rows are seen.
    pub using: Option<String>,
    /// Which rows may be written.
    pub check: Option<String>,
    /// Its comment.
    pub comment: Option<String>,
}

impl Policy {
    fn node(&self) -> Node {
        let attributes = Attributes::default()
            .flag("restrictive", self.restrictive)
            .maybe("command", self.command.clone())
            .list("roles", &self.roles)
            .maybe_sql("using", self.using.as_ref())
            .maybe_sql("check", self.check.as_ref())
            .maybe("comment", self.comment.clone());
        Node::new(Kind::Policy, &self.name, attributes)
    }
}
