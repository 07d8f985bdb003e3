//! Enums, domains, composite and range types.

use migrate_plan::schema::{Opaque, Type, TypeDefinition};

use super::catalog::{Catalog, comment, not_of_an_extension, quoted};
use super::cells::Cells;
use super::found::{Found, NO_RELATION};
use crate::driver::DriverError;

pub(super) async fn read(catalog: &mut Catalog<'_>, found: &mut Found) -> Result<(), DriverError> {
    let query = format!(
        "SELECT t.oid::text, t.typtype::text, n.nspname::text, t.typname::text, d.description, t.typrelid::text, \
         pg_catalog.format_type(t.typbasetype, t.typtypmod), t.typnotnull::text, \
         pg_catalog.pg_get_expr(t.typdefaultbin, 0), \
         CASE WHEN NOT pg_catalog.pg_collation_is_visible(l.oid) THEN ln.nspname::text END, l.collname::text, \
         CASE WHEN t.typtype = 'e' THEN ARRAY(SELECT e.enumlabel::text FROM pg_catalog.pg_enum e \
         WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder)::text END, \
         pg_catalog.format_type(r.rngsubtype, NULL), \
         CASE WHEN NOT pg_catalog.pg_opclass_is_visible(o.oid) THEN n_o.nspname::text END, o.opcname::text, \
         NULLIF(r.rngcanonical::oid, 0::oid)::regproc::text, NULLIF(r.rngsubdiff::oid, 0::oid)::regproc::text, \
         {multirange} \
         FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace \
         LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid \
         LEFT JOIN pg_catalog.pg_type b ON b.oid = t.typbasetype \
         LEFT JOIN pg_catalog.pg_range r ON r.rngtypid = t.oid \
         LEFT JOIN pg_catalog.pg_type s ON s.oid = r.rngsubtype \
         LEFT JOIN pg_catalog.pg_collation l ON l.oid = COALESCE(NULLIF(r.rngcollation, s.typcollation), \
         CASE WHEN t.typtype = 'd' AND t.typcollation <> b.typcollation THEN t.typcollation END) \
         LEFT JOIN pg_catalog.pg_namespace ln ON ln.oid = l.collnamespace \
         LEFT JOIN pg_catalog.pg_opclass o ON o.oid = r.rngsubopc AND NOT o.opcdefault \
         LEFT JOIN pg_catalog.pg_namespace n_o ON n_o.oid = o.opcnamespace {comment} \
         WHERE t.typnamespace = ANY ({spaces}) AND t.typtype IN ('b', 'c', 'd', 'e', 'p', 'r') \
         AND (t.typrelid = 0::oid OR c.relkind = 'c') \
         AND NOT EXISTS (SELECT FROM pg_catalog.pg_type el WHERE el.typarray = t.oid) \
         AND {not_of_an_extension} ORDER BY t.oid",
        multirange = catalog.since(
            14,
            "(SELECT m.typname::text FROM pg_catalog.pg_type m WHERE m.oid = r.rngmultitypid)",
            "NULL::text"
        ),
        comment = comment("pg_type", "t.oid", "0"),
        spaces = catalog.spaces(),
        not_of_an_extension = not_of_an_extension("pg_type", "t.oid"),
    );
    let mut composites = std::mem::take(&mut found.composite_types);
    for row in &catalog.query(&query).await? {
        let mut cells = Cells::of(row);
        let (oid, kind) = (cells.oid(), cells.string());
        let name = catalog.name(cells.string(), cells.string());
        let (comment, relation) = (cells.maybe(), cells.oid());
        let base = cells.string();
        let not_null = cells.flag();
        let default = cells.maybe();
        let schema = cells.text();
        let collation = cells.text().map(|collation| quoted(schema, collation));
        let values = cells.list();
        let definition = match &*kind {
            "e" => TypeDefinition::Enum(values),
            "d" => TypeDefinition::Domain { base, not_null, default, collation, checks: Vec::new() },
            "r" => TypeDefinition::Range(range(catalog, &mut cells, &name.name, collation)),
            "c" => {
                if let Some(composite) = composites.remove(&relation) {
                    found.composite_types.insert(relation, Type { comment, ..composite });
                }
                continue;
            }
            _ => {
                let what = if kind == "p" { "shell type" } else { "base type" }.to_owned();
                let name = quoted(name.schema.as_deref(), &name.name);
                found.push_opaque(NO_RELATION, Opaque { what, name, definition: None });
                continue;
            }
        };
        found.types.insert(oid, Type { name, definition, comment });
    }
    Ok(())
}

fn range(catalog: &Catalog<'_>, cells: &mut Cells<'_>, name: &str, collation: Option<String>) -> Vec<(String, String)> {
    let subtype = cells.maybe();
    let schema = cells.text();
    let class = cells.text().map(|class| quoted(schema, class));
    let mut function = || cells.text().map(|function| catalog.unqualified(function).to_owned());
    let (canonical, difference) = (function(), function());
    let usual = match name.find("range") {
        Some(place) => format!("{}multi{}", &name[..place], &name[place..]),
        None => format!("{name}_multirange"),
    };
    let multirange = cells.text().filter(|multirange| *multirange != usual).map(|multirange| quoted(None, multirange));
    [
        ("subtype", subtype),
        ("subtype_opclass", class),
        ("collation", collation),
        ("canonical", canonical),
        ("subtype_diff", difference),
        ("multirange_type_name", multirange),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name.to_owned(), value?)))
    .collect()
}
