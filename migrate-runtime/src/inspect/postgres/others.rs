//! Schemas and extensions, and the names of everything that is not understood.

use migrate_plan::schema::{Extension, Namespace, Opaque};

use super::catalog::{Catalog, FIRST_OID, class, comment, not_of_an_extension};
use super::cells::Cells;
use super::found::{Found, NO_RELATION};
use crate::driver::DriverError;

/// What stands in a schema: the table of the catalog, and its column for the schema.
const IN_SCHEMAS: [(&str, &str); 9] = [
    ("pg_collation", "collnamespace"),
    ("pg_conversion", "connamespace"),
    ("pg_opclass", "opcnamespace"),
    ("pg_operator", "oprnamespace"),
    ("pg_opfamily", "opfnamespace"),
    ("pg_ts_config", "cfgnamespace"),
    ("pg_ts_dict", "dictnamespace"),
    ("pg_ts_parser", "prsnamespace"),
    ("pg_ts_template", "tmplnamespace"),
];

/// What the whole database has.
const IN_DATABASE: [&str; 8] = [
    "pg_am",
    "pg_cast",
    "pg_event_trigger",
    "pg_foreign_data_wrapper",
    "pg_foreign_server",
    "pg_language",
    "pg_publication",
    "pg_transform",
];

pub(super) async fn read(catalog: &mut Catalog<'_>, found: &mut Found) -> Result<(), DriverError> {
    let spaces = catalog.spaces();
    // Casts of a range to its multirange are parts of both.
    let opaque = |table: &str, condition: String| {
        format!(
            " UNION ALL SELECT 'opaque', i.type, i.identity, NULL::text, NULL::text FROM pg_catalog.{table} x \
             CROSS JOIN LATERAL pg_catalog.pg_identify_object({}, x.oid, 0) AS i \
             WHERE {condition} AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e WHERE e.classid = {} \
             AND e.objid = x.oid AND e.deptype IN ('e', 'i'))",
            class(table),
            class(table),
        )
    };
    let mut query = format!(
        "SELECT 'schema', n.nspname::text, NULL::text, d.description, NULL::text FROM pg_catalog.pg_namespace n {comment} \
         WHERE n.oid = ANY ({spaces}) AND {not_of_an_extension} \
         UNION ALL SELECT 'extension', x.extname::text, n.nspname::text, x.extversion, x.oid::text \
         FROM pg_catalog.pg_extension x JOIN pg_catalog.pg_namespace n ON n.oid = x.extnamespace \
         WHERE x.oid >= {FIRST_OID}::oid AND (n.oid = ANY ({spaces}) OR n.nspname = 'pg_catalog') \
         UNION ALL SELECT 'opaque', 'subscription', s.subname::text, NULL::text, NULL::text FROM pg_catalog.pg_subscription s \
         JOIN pg_catalog.pg_database b ON b.oid = s.subdbid WHERE b.datname = pg_catalog.current_database()",
        comment = comment("pg_namespace", "n.oid", "0"),
        not_of_an_extension = not_of_an_extension("pg_namespace", "n.oid"),
    );
    for (table, column) in IN_SCHEMAS {
        query.push_str(&opaque(table, format!("x.{column} = ANY ({spaces})")));
    }
    for table in IN_DATABASE {
        query.push_str(&opaque(table, format!("x.oid >= {FIRST_OID}::oid")));
    }
    for row in &catalog.query(&query).await? {
        let mut cells = Cells::of(row);
        match (cells.text(), cells.string()) {
            (Some("schema"), name) if catalog.is_default(&name) => {}
            (Some("schema"), name) => {
                cells.text();
                // What every database begins with, and hardly anybody may change.
                let comment = cells.maybe().filter(|comment| name != "public" || comment != "standard public schema");
                found.namespaces.push(Namespace { name, comment });
            }
            (Some("extension"), name) => {
                let schema = cells.maybe().filter(|schema| !catalog.is_default(schema));
                let version = cells.string();
                found.extensions.insert(cells.oid(), Extension { name, schema, version });
            }
            (_, what) => {
                let name = catalog.unqualified(&cells.string()).to_owned();
                found.push_opaque(NO_RELATION, Opaque { what, name, definition: None });
            }
        }
    }
    Ok(())
}
