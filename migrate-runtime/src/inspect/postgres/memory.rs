//! What the last reading found, so that the next one reads only what has changed since.
//!
//! Inside a transaction, which may write a row twice, nothing is remembered. What is printed with the name of something else is
//! read again with all the rest when that is renamed, and texts that hold whole queries are, whatever changes.

use std::collections::BTreeMap;

use migrate_plan::schema::QualifiedName;

use super::cells::Oid;
use super::found::{Found, NO_RELATION, Parent};
use super::session::Session;
use super::stamps::{FIRST_TRANSACTION, MOST_TRANSACTIONS, NAMES, Part, Parts, Stamp, Stamps};
use crate::driver::{DriverError, LiveConnection};
use crate::engine::random_id;

/// What the last reading found.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// What the session was like.
    session: Option<Session>,
    /// Which schemas were looked at, and in which one names need no schema.
    of: String,
    stamps: Stamps,
    found: Option<Found>,
    /// Statements that the session has prepared, by their names: that for the stamps, and those for some relations alone.
    prepared: BTreeMap<Option<Part>, String>,
    /// Those of schemas that are not looked at any more.
    left: Vec<String>,
}

/// What was found last, without what has changed since.
pub(super) struct Changes {
    pub(super) found: Found,
    /// What is to be read.
    pub(super) relations: BTreeMap<Oid, Parts>,
    names: Vec<(Oid, QualifiedName, BTreeMap<i16, String>)>,
}

impl Changes {
    /// Whether one of the relations, or a column of one, has another name than before.
    pub(super) fn is_renamed(&self, found: &Found) -> bool {
        self.names.iter().any(|(relation, name, columns)| {
            let has_another =
                |number: &i16, column: &String| found.column_name(*relation, *number).is_some_and(|now| now != column);
            found.relation_names.get(relation).is_some_and(|now| now != name)
                || columns.iter().any(|(number, column)| has_another(number, column))
        })
    }
}

impl Memory {
    /// What has changed, where it is known.
    pub(super) fn changes(&mut self, looked_at: &str, stamps: &Stamps) -> Option<Changes> {
        let (old, new) = (&self.stamps.of, &stamps.of);
        let of = |stamps: &BTreeMap<Oid, Stamp>, oid| stamps.get(&oid).copied().unwrap_or_default();
        let is_same = |oid| of(new, oid).is_same(of(old, oid));
        if self.of != looked_at {
            let parts = self.prepared.extract_if(.., |part, _| part.is_some());
            self.left.extend(parts.map(|(_, name)| name));
            return None;
        }
        let mut found = self.found.take()?;
        let is_comparable = stamps.horizon.wrapping_sub(self.stamps.horizon) < MOST_TRANSACTIONS;
        if !is_comparable || !is_same(NO_RELATION) || !is_same(NAMES) {
            return None;
        }
        let is_gone = |relation: &Oid| of(old, *relation).rows != 0 && !new.contains_key(relation);
        let gone: Vec<Oid> = old.keys().copied().filter(is_gone).collect();
        let mut relations: BTreeMap<Oid, Parts> = BTreeMap::new();
        for relation in new.keys().copied().filter(|relation| !is_same(*relation)) {
            let is_known_table = old.contains_key(&relation) && found.tables.contains_key(&relation);
            let changed = of(new, relation).changed(of(old, relation)).whole();
            relations.insert(relation, if is_known_table { changed } else { Parts::ALL });
        }
        if !gone.is_empty() || !relations.is_empty() {
            // The name of a relation that is not looked at may stand in the text of one that is.
            let has_name = |oid: &Oid| of(old, *oid).rows(Part::Relations) != 0;
            let is_unknown = |oid: &Oid| has_name(oid) && !found.relation_names.contains_key(oid);
            if of(new, NO_RELATION).speaks() || relations.keys().any(is_unknown) {
                return None;
            }
            let speaking = new.iter().filter(|(_, stamp)| stamp.speaks()).map(|(relation, _)| *relation);
            relations.extend(speaking.map(|relation| (relation, Parts::ALL)));
            // A column says what its sequence is like.
            let owner = |relation: &Oid| Some(found.sequences.get(relation)?.1.as_ref()?.table);
            let owners: Vec<Oid> = relations.keys().filter_map(owner).collect();
            let owners = owners.into_iter().filter(|table| new.contains_key(table));
            relations.extend(owners.map(|table| (table, Parts::ALL)));
            // An index says whether that of the partitioned table is whole.
            let hangs_on = |parents: &[Parent]| parents.iter().any(|parent| relations.contains_key(&parent.oid));
            let children = found.parents.iter().filter(|(_, parents)| hangs_on(parents)).map(|(child, _)| *child);
            let children: Vec<Oid> = children.filter(|child| new.contains_key(child)).collect();
            relations.extend(children.into_iter().map(|child| (child, Parts::ALL)));
        }
        let name = |relation: &Oid| {
            let columns = found.column_names.get(relation).cloned().unwrap_or_default();
            Some((*relation, found.relation_names.get(relation)?.clone(), columns))
        };
        let names = relations.keys().filter_map(name).collect();
        for (relation, parts) in relations.iter().chain(gone.iter().zip(std::iter::repeat(&Parts::ALL))) {
            found.forget(*relation, *parts);
        }
        Some(Changes { found, relations, names })
    }

    pub(super) fn session(&self) -> Option<Session> {
        self.session.clone()
    }

    /// This memory, of a moment.
    pub(super) fn of(self, session: Session, of: String, stamps: Stamps, found: Found) -> Self {
        Self { session: Some(session), of, stamps, found: Some(found), ..self }
    }

    /// This memory without what was found: of what is prepared, and for which schemas.
    pub(super) fn forgetting(self) -> Self {
        Self { of: self.of, prepared: self.prepared, left: self.left, ..Self::default() }
    }

    /// Whether the query for some relations is prepared, or that for the stamps.
    pub(super) fn has(&self, part: Option<Part>) -> bool {
        self.prepared.contains_key(&part)
    }

    /// The statement that looks at the stamps, once that is prepared.
    pub(super) fn look(&self) -> String {
        // Of no use before there is anything to compare with.
        let horizon = self.stamps.horizon.max(FIRST_TRANSACTION);
        format!("EXECUTE {} ('{}')", self.name(None), horizon & u64::from(u32::MAX))
    }

    /// The statement that runs the query for some relations, once that is prepared.
    pub(super) fn execute(&self, part: Part, relations: &[Oid]) -> String {
        let relations: Vec<String> = relations.iter().map(Oid::to_string).collect();
        format!("EXECUTE {} ('{{{}}}')", self.name(Some(part)), relations.join(","))
    }

    fn name(&self, part: Option<Part>) -> &str {
        self.prepared.get(&part).map(String::as_str).unwrap_or_default()
    }

    /// The statement that prepares another one, which there is from then on.
    pub(super) fn prepare(&mut self, part: Option<Part>, sql: &str) -> String {
        let name = format!("migrate_{}", random_id());
        let takes = if part.is_some() { "oid[]" } else { "xid" };
        let statement = format!("PREPARE {name} ({takes}) AS {sql}");
        self.prepared.insert(part, name);
        statement
    }

    /// Leaves the session as it was.
    pub(crate) async fn release(self, db: &mut dyn LiveConnection) -> Result<(), DriverError> {
        for name in self.prepared.values().chain(&self.left) {
            match db.batch_execute(&format!("DEALLOCATE {name}")).await {
                Err(error) if error.code.as_deref() != Some(super::NOT_PREPARED) => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}
