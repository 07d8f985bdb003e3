//! What has been read so far, by oid, and the schema that it makes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use migrate_plan::Dialect;
use migrate_plan::schema::{
    Column, Dependency, Extension, Index, Namespace, ObjectRef, Opaque, QualifiedName, Routine, Schema, Sequence,
    Table, Type, View,
};

use super::catalog::Catalog;
use super::cells::Oid;
use super::relations::owned_by;
use super::stamps::{Part, Parts};

/// What is of no relation.
pub(super) const NO_RELATION: Oid = 0;

#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// Of everything that is looked at as a relation.
    pub(super) relation_names: HashMap<Oid, QualifiedName>,
    /// The tables that keep the history.
    pub(super) own: BTreeSet<Oid>,
    pub(super) tables: BTreeMap<Oid, Table>,
    pub(super) parents: BTreeMap<Oid, Vec<Parent>>,
    pub(super) views: BTreeMap<Oid, View>,
    pub(super) sequences: BTreeMap<Oid, (Sequence, Option<Owner>)>,
    pub(super) composites: BTreeMap<Oid, QualifiedName>,
    /// By the oid of their relation.
    pub(super) composite_types: BTreeMap<Oid, Type>,
    pub(super) types: BTreeMap<Oid, Type>,
    pub(super) routines: BTreeMap<Oid, Routine>,
    pub(super) indexes: HashMap<Oid, FoundIndex>,
    pub(super) column_names: HashMap<Oid, BTreeMap<i16, String>>,
    pub(super) namespaces: Vec<Namespace>,
    pub(super) extensions: BTreeMap<Oid, Extension>,
    opaque: BTreeMap<Oid, Vec<Opaque>>,
    pub(super) dependencies: Vec<(ObjectRef, ObjectRef)>,
    /// Whether a printer knew nothing of what the snapshot holds.
    pub(super) is_torn: bool,
}

/// A table that another one inherits from.
#[derive(Clone, Debug)]
pub(super) struct Parent {
    pub(super) oid: Oid,
    pub(super) name: QualifiedName,
}

/// The column that a sequence goes with.
#[derive(Clone, Debug)]
pub(super) struct Owner {
    /// Whether the sequence is a part of the column.
    pub(super) is_identity: bool,
    pub(super) table: Oid,
    pub(super) column: i16,
}

/// An index, and what its table says of it.
#[derive(Clone, Debug, Default)]
pub(super) struct FoundIndex {
    pub(super) table: Oid,
    pub(super) index: Index,
    /// Whether it belongs to a sound index of the partitioned table.
    pub(super) is_attached: bool,
    pub(super) is_of_constraint: bool,
    pub(super) is_clustered: bool,
    pub(super) is_replica_identity: bool,
}

impl Found {
    /// What a printer said of something that is there.
    pub(super) fn printed(&mut self, text: Option<String>) -> String {
        self.is_torn |= text.is_none();
        text.unwrap_or_default()
    }

    pub(super) fn push_opaque(&mut self, relation: Oid, opaque: Opaque) {
        self.opaque.entry(relation).or_default().push(opaque);
    }

    /// Takes out what is of a relation: of a table what is of these parts.
    pub(super) fn forget(&mut self, relation: Oid, parts: Parts) {
        if parts.have(Part::Relations) {
            self.relation_names.remove(&relation);
            self.column_names.remove(&relation);
            self.own.remove(&relation);
            self.parents.remove(&relation);
            self.views.remove(&relation);
            self.sequences.remove(&relation);
            self.composite_types.remove(&relation);
        }
        if parts.have(Part::Attached) {
            self.opaque.remove(&relation);
        }
        if parts.have(Part::Indexes) {
            self.indexes.retain(|_, index| index.table != relation);
        }
        if parts == Parts::ALL {
            self.tables.remove(&relation);
        }
        let Some(table) = self.tables.get_mut(&relation) else { return };
        if parts.have(Part::Columns) {
            table.columns.clear();
        }
        if parts.have(Part::Indexes) {
            let is_of_index = |name: &str, said: &str| match name {
                "replica identity" => said.starts_with("index "),
                _ => name == "clustered on",
            };
            table.options.retain(|name, said| !is_of_index(name, said));
        }
        if parts.have(Part::Constraints) {
            table.primary_key = None;
            table.uniques.clear();
            table.checks.clear();
            table.exclusions.clear();
            table.foreign_keys.clear();
            for index in self.indexes.values_mut().filter(|index| index.table == relation) {
                index.is_of_constraint = false;
            }
        }
        if parts.have(Part::Attached) {
            table.triggers.clear();
            table.policies.clear();
        }
    }

    pub(super) fn is_relation(&self, oid: Oid) -> bool {
        self.tables.contains_key(&oid) || self.views.contains_key(&oid) || self.composites.contains_key(&oid)
    }

    pub(super) fn column_name(&self, relation: Oid, number: i16) -> Option<&str> {
        self.column_names.get(&relation)?.get(&number).map(String::as_str)
    }

    pub(super) fn schema(&self, catalog: &Catalog<'_>) -> Schema {
        let (mut tables, mut views) = (self.tables.clone(), self.views.clone());
        let is_its_own = |found: &&FoundIndex| !found.is_attached && !found.is_of_constraint;
        for found in self.indexes.values().filter(is_its_own) {
            if let Some(table) = tables.get_mut(&found.table) {
                table.indexes.push(found.index.clone());
            } else if let Some(view) = views.get_mut(&found.table) {
                view.indexes.push(found.index.clone());
            }
        }
        let dependencies = self.dependencies.iter().cloned();
        let mut schema = Schema {
            tables: self.trees(tables),
            namespaces: self.namespaces.clone(),
            extensions: self.extensions.values().cloned().collect(),
            types: self.types.values().chain(self.composite_types.values()).cloned().collect(),
            sequences: self
                .sequences
                .values()
                .filter_map(|(sequence, owner)| self.owned(sequence, owner.as_ref()))
                .collect(),
            views: views.into_values().collect(),
            routines: self.routines.values().cloned().collect(),
            opaque: self.opaque.values().flatten().cloned().collect(),
            dependencies: dependencies.map(|(object, needs)| Dependency { object, needs }).collect(),
            ..Schema::new(Dialect::Postgres)
        };
        schema.sort();
        leave_out_own_namespace(&mut schema, catalog);
        schema
    }

    /// A sequence with its owner; none that is a part of a column, or of a table that is not looked at.
    fn owned(&self, sequence: &Sequence, owner: Option<&Owner>) -> Option<Sequence> {
        let owned_by = owner.and_then(|owner| owned_by(self, owner));
        let is_hidden = owner.is_some_and(|owner| owner.is_identity || self.own.contains(&owner.table));
        (!is_hidden).then(|| Sequence { owned_by, ..sequence.clone() })
    }

    /// The tables as trees, each with what it has otherwise than its parents.
    fn trees(&self, mut tables: BTreeMap<Oid, Table>) -> Vec<Table> {
        let mut children: BTreeMap<Oid, Vec<Oid>> = BTreeMap::new();
        let mut roots = Vec::new();
        for (oid, parents) in &self.parents {
            match parents.first() {
                Some(parent) if tables.contains_key(&parent.oid) => children.entry(parent.oid).or_default().push(*oid),
                _ => roots.push(*oid),
            }
        }
        for oid in self.parents.keys() {
            if let (Some(columns), Some(table)) = (self.own_columns(*oid), tables.get_mut(oid)) {
                table.columns = columns;
            }
        }
        for (oid, parents) in &self.parents {
            let Some(table) = tables.get_mut(oid) else { continue };
            let is_known = parents.first().is_some_and(|parent| children.contains_key(&parent.oid));
            if table.bound.is_none() || !is_known {
                table.inherits = parents.iter().map(|parent| parent.name.clone()).collect();
            }
        }
        roots.into_iter().filter_map(|root| tree(&mut tables, root, &children)).collect()
    }

    /// The columns of an inheriting table that it has alone, or otherwise than its parents; nothing where it inherits from none.
    fn own_columns(&self, oid: Oid) -> Option<Vec<Column>> {
        let table = self.tables.get(&oid)?;
        let parents: Vec<&Table> =
            self.parents.get(&oid)?.iter().filter_map(|parent| self.tables.get(&parent.oid)).collect();
        let is_own = |column: &&Column| {
            let inherited: Vec<&Column> = parents.iter().filter_map(|parent| parent.column(&column.name)).collect();
            inherited_column(&inherited, column, table.bound.is_some()).is_none_or(|inherited| **column != inherited)
        };
        (!parents.is_empty()).then(|| table.columns.iter().filter(is_own).cloned().collect())
    }
}

/// A table with its children.
fn tree(tables: &mut BTreeMap<Oid, Table>, oid: Oid, children: &BTreeMap<Oid, Vec<Oid>>) -> Option<Table> {
    let mut table = tables.remove(&oid)?;
    let children_of_it = children.get(&oid).map(Vec::as_slice).unwrap_or_default();
    table.children = children_of_it.iter().filter_map(|child| tree(tables, *child, children)).collect();
    Some(table)
}

/// The column as it is when its table is created by inheriting and nothing else is said of it.
fn inherited_column(parents: &[&Column], own: &Column, is_partition: bool) -> Option<Column> {
    let mut column = Column { comment: None, ..(*parents.first()?).clone() };
    column.nullable = parents.iter().all(|parent| parent.nullable);
    column.default = parents.iter().find_map(|parent| parent.default.clone());
    column.options.retain(|name, _| matches!(&**name, "storage" | "compression"));
    // Partitions share the sequence from version 17 on, and nobody else ever does.
    if !is_partition || own.identity.is_none() {
        column.identity = None;
    }
    Some(column)
}

/// The schema that is configured for the history is its own, unless somebody else keeps something there.
fn leave_out_own_namespace(schema: &mut Schema, catalog: &Catalog<'_>) {
    let Some(own) = &catalog.scope.own_schema else { return };
    let is_used = schema.nodes().iter().any(|node| node.schema.as_ref() == Some(own))
        || schema.extensions.iter().any(|extension| extension.schema.as_ref() == Some(own));
    if !is_used {
        schema.namespaces.retain(|namespace| namespace.name != *own);
    }
}
