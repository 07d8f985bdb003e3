//! Functions, procedures and aggregates.

use migrate_plan::schema::{Kind, QualifiedName, Routine};

use super::catalog::{Catalog, class, comment, quoted};
use super::cells::Cells;
use super::found::Found;
use crate::driver::DriverError;
use crate::sql::literal;

pub(super) async fn read(catalog: &mut Catalog<'_>, found: &mut Found) -> Result<(), DriverError> {
    let kind =
        catalog.since(11, "p.prokind::text", "CASE WHEN p.proisagg THEN 'a' WHEN p.proiswindow THEN 'w' ELSE 'f' END");
    // Constructors of range types are parts of these.
    let query = format!(
        "SELECT p.oid::text, n.nspname::text, p.proname::text, {kind}, pg_catalog.oidvectortypes(p.proargtypes), \
         CASE WHEN g.aggfnoid IS NULL THEN pg_catalog.pg_get_functiondef(p.oid) END, d.description, \
         CASE WHEN g.aggfnoid IS NOT NULL THEN pg_catalog.pg_get_function_identity_arguments(p.oid) END, \
         CASE WHEN g.aggfnoid IS NOT NULL THEN pg_catalog.pg_get_function_arguments(p.oid) END, \
         g.aggkind::text, p.proparallel::text, g.aggsortop::regoper::text, \
         g.aggtransfn::text, pg_catalog.format_type(g.aggtranstype, NULL), g.aggtransspace::text, \
         g.aggfinalfn::text, g.aggfinalextra::text, {final_modify}, g.aggcombinefn::text, g.aggserialfn::text, \
         g.aggdeserialfn::text, g.agginitval, \
         g.aggmtransfn::text, g.aggminvtransfn::text, \
         CASE WHEN g.aggmtranstype <> 0::oid THEN pg_catalog.format_type(g.aggmtranstype, NULL) END, \
         g.aggmtransspace::text, g.aggmfinalfn::text, g.aggmfinalextra::text, {moving_modify}, g.aggminitval \
         FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace \
         LEFT JOIN pg_catalog.pg_aggregate g ON g.aggfnoid::oid = p.oid {comment} \
         WHERE p.pronamespace = ANY ({spaces}) AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e \
         WHERE e.classid = {class} AND e.objid = p.oid AND e.deptype IN ('e', 'i')) ORDER BY p.oid",
        final_modify = catalog.since(11, "g.aggfinalmodify::text", "NULL::text"),
        moving_modify = catalog.since(11, "g.aggmfinalmodify::text", "NULL::text"),
        comment = comment("pg_proc", "p.oid", "0"),
        spaces = catalog.spaces(),
        class = class("pg_proc"),
    );
    for row in &catalog.query(&query).await? {
        let mut cells = Cells::of(row);
        let oid = cells.oid();
        let name = catalog.name(cells.string(), cells.string());
        let kind = match cells.text() {
            Some("p") => Kind::Procedure,
            Some("a") => Kind::Aggregate,
            _ => Kind::Function,
        };
        let types = cells.string();
        let printed = cells.maybe();
        let comment = cells.maybe();
        let identity = cells.maybe();
        let (arguments, definition) = match printed {
            Some(printed) => {
                let heads = ["CREATE OR REPLACE FUNCTION ", "CREATE OR REPLACE PROCEDURE "];
                (types, catalog.unqualified_statement(printed.trim_end(), &heads))
            }
            None if kind != Kind::Aggregate => {
                found.is_torn = true;
                continue;
            }
            None => {
                let identity = identity.filter(|identity| !identity.is_empty()).unwrap_or_else(|| "*".to_owned());
                (identity, aggregate(catalog, &name, &mut cells))
            }
        };
        found.routines.insert(oid, Routine { kind, name, arguments: Some(arguments), definition, comment });
    }
    Ok(())
}

fn aggregate(catalog: &Catalog<'_>, name: &QualifiedName, cells: &mut Cells<'_>) -> String {
    let arguments = cells.text().filter(|arguments| !arguments.is_empty()).unwrap_or("*");
    let kind = cells.string();
    let parallel = match cells.text() {
        Some("s") => Some("SAFE".to_owned()),
        Some("r") => Some("RESTRICTED".to_owned()),
        _ => None,
    };
    let sort = cells.text().filter(|operator| *operator != "0");
    let sort = sort.map(|operator| format!("OPERATOR({})", catalog.unqualified(operator)));
    let usual = if kind == "n" { "r" } else { "w" };
    let mut options = vec![
        ("SFUNC", function(catalog, cells)),
        ("STYPE", cells.maybe()),
        ("SSPACE", space(cells)),
        ("FINALFUNC", function(catalog, cells)),
    ];
    let is_extra = cells.flag();
    options.push(("FINALFUNC_MODIFY", modify(cells, usual)));
    options.push(("COMBINEFUNC", function(catalog, cells)));
    options.push(("SERIALFUNC", function(catalog, cells)));
    options.push(("DESERIALFUNC", function(catalog, cells)));
    options.push(("INITCOND", text(cells)));
    options.push(("MSFUNC", function(catalog, cells)));
    options.push(("MINVFUNC", function(catalog, cells)));
    options.push(("MSTYPE", cells.maybe()));
    options.push(("MSSPACE", space(cells)));
    options.push(("MFINALFUNC", function(catalog, cells)));
    let is_moving_extra = cells.flag();
    let is_moving = options.iter().any(|(name, value)| *name == "MSFUNC" && value.is_some());
    options.push(("MFINALFUNC_MODIFY", modify(cells, usual).filter(|_| is_moving)));
    options.push(("MINITCOND", text(cells)));
    options.push(("SORTOP", sort));
    options.push(("PARALLEL", parallel));
    let flags = [("FINALFUNC_EXTRA", is_extra), ("MFINALFUNC_EXTRA", is_moving_extra), ("HYPOTHETICAL", kind == "h")];
    let options = options.into_iter().filter_map(|(name, value)| Some(format!("{name} = {}", value?)));
    let flags = flags.iter().filter(|(_, is_on)| *is_on).map(|(name, _)| (*name).to_owned());
    let lines: Vec<String> = options.chain(flags).map(|option| format!("    {option}")).collect();
    format!("CREATE AGGREGATE {}({arguments}) (\n{}\n)", quoted(name.schema.as_deref(), &name.name), lines.join(",\n"))
}

fn function(catalog: &Catalog<'_>, cells: &mut Cells<'_>) -> Option<String> {
    cells.text().filter(|function| *function != "-").map(|function| catalog.unqualified(function).to_owned())
}

fn space(cells: &mut Cells<'_>) -> Option<String> {
    cells.maybe().filter(|bytes| bytes != "0")
}

fn text(cells: &mut Cells<'_>) -> Option<String> {
    cells.text().map(|text| literal(migrate_plan::Dialect::Postgres, text))
}

fn modify(cells: &mut Cells<'_>, usual: &str) -> Option<String> {
    let word = match cells.text().filter(|kind| *kind != usual)? {
        "r" => "READ_ONLY",
        "s" => "SHAREABLE",
        _ => "READ_WRITE",
    };
    Some(word.to_owned())
}
