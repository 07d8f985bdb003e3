//! Which object was created with the help of which other one.

use std::collections::HashMap;

use migrate_plan::schema::{Kind, ObjectRef, QualifiedName};

use super::catalog::{Catalog, FIRST_OID, class};
use super::cells::{Cells, Oid};
use super::found::Found;
use crate::driver::DriverError;

pub(super) async fn read(catalog: &mut Catalog<'_>, found: &mut Found) -> Result<(), DriverError> {
    // What depends by itself on a table is a part of it, unless it is a partition. A view is its rule, a default and a check are parts of their tables. Foreign keys and the owners of sequences are
    // no reason to create one thing before another.
    let query = format!(
        "SELECT DISTINCT CASE WHEN p.classid = {extension} THEN 'extension' \
         WHEN p.classid = {proc} THEN 'function' WHEN p.classid = {types} \
         OR c.contypid <> 0::oid THEN 'type' ELSE 'relation' END, \
         COALESCE(r.ev_class, f.adrelid, CASE WHEN c.contypid <> 0::oid THEN c.contypid ELSE c.conrelid END, \
         p.objid)::text, \
         CASE WHEN p.refclassid = {extension} THEN 'extension' WHEN p.refclassid = {proc} THEN 'function' WHEN p.refclassid = {types} AND t.typrelid = 0::oid \
         THEN 'type' ELSE 'relation' END, \
         COALESCE(CASE WHEN t.typrelid <> 0::oid THEN t.typrelid END, t.oid, p.refobjid)::text \
         FROM pg_catalog.pg_depend p \
         LEFT JOIN pg_catalog.pg_rewrite r ON p.classid = {rewrite} AND r.oid = p.objid \
         LEFT JOIN pg_catalog.pg_attrdef f ON p.classid = {attrdef} AND f.oid = p.objid \
         LEFT JOIN pg_catalog.pg_constraint c ON p.classid = {constraint} AND c.oid = p.objid \
         LEFT JOIN pg_catalog.pg_class s ON p.classid = {relation} AND s.oid = p.objid \
         LEFT JOIN pg_catalog.pg_type a ON p.refclassid = {types} AND a.oid = p.refobjid \
         {multirange_join}LEFT JOIN pg_catalog.pg_type t ON t.oid = {named_type} \
         WHERE p.refobjid >= {FIRST_OID}::oid \
         AND (p.deptype = 'n' OR p.deptype = 'a' AND p.classid = {relation}) \
         AND (p.refclassid IN ({proc}, {types}, {relation}) \
         OR p.refclassid = {extension} AND p.classid = {extension}) \
         AND (p.classid IN ({proc}, {types}, {extension}) OR r.oid IS NOT NULL OR f.oid IS NOT NULL OR c.contype = 'c' \
         OR s.relkind IN ('r', 'p', 'v', 'm', 'c'))",
        extension = class("pg_extension"),
        proc = class("pg_proc"),
        types = class("pg_type"),
        relation = class("pg_class"),
        rewrite = class("pg_rewrite"),
        attrdef = class("pg_attrdef"),
        constraint = class("pg_constraint"),
        multirange_join = catalog.since(14, "LEFT JOIN pg_catalog.pg_range m ON m.rngmultitypid = a.oid ", ""),
        named_type = catalog.since(
            14,
            "COALESCE(m.rngtypid, CASE WHEN a.typelem <> 0::oid THEN a.typelem ELSE a.oid END)",
            "CASE WHEN a.typelem <> 0::oid THEN a.typelem ELSE a.oid END"
        ),
    );
    let objects = objects(found);
    for row in &catalog.query(&query).await? {
        let mut cells = Cells::of(row);
        let object = objects.get(&(Class::of(cells.text()), cells.oid()));
        let needs = objects.get(&(Class::of(cells.text()), cells.oid()));
        if let (Some(object), Some(needs)) = (object, needs)
            && object != needs
        {
            found.dependencies.push((object.clone(), needs.clone()));
        }
    }
    Ok(())
}

#[derive(PartialEq, Eq, Hash)]
enum Class {
    Extension,
    Relation,
    Type,
    Function,
}

impl Class {
    fn of(word: Option<&str>) -> Self {
        match word {
            Some("extension") => Self::Extension,
            Some("function") => Self::Function,
            Some("type") => Self::Type,
            _ => Self::Relation,
        }
    }
}

fn objects(found: &Found) -> HashMap<(Class, Oid), ObjectRef> {
    let object = |kind, name: &QualifiedName| ObjectRef { kind, name: name.clone(), arguments: None };
    let mut objects = HashMap::new();
    let extensions = found.extensions.iter();
    objects.extend(extensions.map(|(oid, extension)| {
        ((Class::Extension, *oid), object(Kind::Extension, &QualifiedName::new(&extension.name)))
    }));
    objects.extend(found.tables.iter().map(|(oid, table)| ((Class::Relation, *oid), object(Kind::Table, &table.name))));
    objects.extend(found.views.iter().map(|(oid, view)| ((Class::Relation, *oid), object(Kind::View, &view.name))));
    let sequences = found.sequences.iter();
    objects.extend(sequences.map(|(oid, (s, _))| ((Class::Relation, *oid), object(Kind::Sequence, &s.name))));
    let composites = found.composite_types.iter();
    objects.extend(composites.map(|(oid, t)| ((Class::Relation, *oid), object(Kind::Composite, &t.name))));
    objects.extend(found.types.iter().map(|(oid, t)| ((Class::Type, *oid), object(Kind::Composite, &t.name))));
    let routines = found.routines.iter().map(|(oid, routine)| {
        let reference = ObjectRef { arguments: routine.arguments.clone(), ..object(Kind::Function, &routine.name) };
        ((Class::Function, *oid), reference)
    });
    objects.extend(routines);
    objects
}
