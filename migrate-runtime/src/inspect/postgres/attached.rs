//! What hangs on tables and views besides constraints and indexes: triggers, policies, rules, extended statistics.

use migrate_plan::Dialect;
use migrate_plan::schema::{Opaque, Policy, Trigger};

use super::catalog::{Catalog, comment, not_of_an_extension, quoted};
use super::cells::{Cells, Oid};
use super::found::Found;
use super::stamps::Part;
use crate::driver::DriverError;
use crate::sql::{identifier, literal};

pub(super) async fn read(catalog: &mut Catalog<'_>, found: &mut Found) -> Result<(), DriverError> {
    for row in &catalog.read(Part::Attached, query).await? {
        attached(catalog, found, &mut Cells::of(row));
    }
    Ok(())
}

fn query(catalog: &Catalog<'_>) -> String {
    let on_relations = format!(
        "JOIN pg_catalog.pg_class c ON c.relnamespace = ANY ({}) AND c.relkind IN ('r', 'p', 'v', 'm'){}",
        catalog.spaces(),
        catalog.only("c.oid")
    );
    format!(
        "SELECT 'trigger', c.oid::text, NULL::text, t.tgname::text, pg_catalog.pg_get_triggerdef(t.oid, true), \
         t.tgenabled::text, d.description, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text \
         FROM pg_catalog.pg_trigger t {on_relations} AND c.oid = t.tgrelid {trigger_comment} \
         WHERE NOT t.tgisinternal AND {no_clone} \
         UNION ALL SELECT 'policy', c.oid::text, NULL::text, p.polname::text, \
         pg_catalog.pg_get_expr(p.polqual, p.polrelid, true), NULL::text, d.description, \
         pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid, true), p.polcmd::text, p.polpermissive::text, \
         ARRAY(SELECT r.rolname::text FROM pg_catalog.pg_roles r WHERE r.oid = ANY (p.polroles) ORDER BY 1)::text, \
         NULL::text \
         FROM pg_catalog.pg_policy p {on_relations} AND c.oid = p.polrelid {policy_comment} \
         UNION ALL SELECT 'rule', c.oid::text, NULL::text, r.rulename::text, pg_catalog.pg_get_ruledef(r.oid, true), \
         r.ev_enabled::text, d.description, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text \
         FROM pg_catalog.pg_rewrite r {on_relations} AND c.oid = r.ev_class {rule_comment} \
         WHERE r.rulename <> '_RETURN' \
         UNION ALL SELECT 'statistics', c.oid::text, n.nspname::text, s.stxname::text, \
         pg_catalog.pg_get_statisticsobjdef(s.oid), NULL::text, d.description, NULL::text, NULL::text, NULL::text, \
         NULL::text, {target} \
         FROM pg_catalog.pg_statistic_ext s JOIN pg_catalog.pg_class c ON c.oid = s.stxrelid \
         JOIN pg_catalog.pg_namespace n ON n.oid = s.stxnamespace {statistics_comment} \
         WHERE s.stxnamespace = ANY ({spaces}) AND {statistics_not_of_an_extension}{only}",
        trigger_comment = comment("pg_trigger", "t.oid", "0"),
        no_clone = catalog.since(13, "t.tgparentid = 0::oid", "true"),
        policy_comment = comment("pg_policy", "p.oid", "0"),
        rule_comment = comment("pg_rewrite", "r.oid", "0"),
        statistics_comment = comment("pg_statistic_ext", "s.oid", "0"),
        target = catalog.since(13, "NULLIF(s.stxstattarget, -1)::text", "NULL::text"),
        spaces = catalog.spaces(),
        only = catalog.only("s.stxrelid"),
        statistics_not_of_an_extension = not_of_an_extension("pg_statistic_ext", "s.oid"),
    )
}

fn attached(catalog: &Catalog<'_>, found: &mut Found, cells: &mut Cells<'_>) {
    let (kind, relation, schema, name) = (cells.string(), cells.oid(), cells.maybe(), cells.string());
    let definition = cells.maybe();
    found.is_torn |= definition.is_none() && kind != "policy";
    let enabled = match cells.text() {
        Some("D") => Some("disabled"),
        Some("R") => Some("replica"),
        Some("A") => Some("always"),
        _ => None,
    };
    let comment = cells.maybe();
    match &*kind {
        "trigger" => {
            let enabled = enabled.map(str::to_owned);
            let trigger = Trigger { name, definition: definition.unwrap_or_default(), enabled, comment };
            if let Some(table) = found.tables.get_mut(&relation) {
                table.triggers.push(trigger);
            } else if let Some(view) = found.views.get_mut(&relation) {
                view.triggers.push(trigger);
            }
        }
        "policy" => {
            let Some(table) = found.tables.get_mut(&relation) else { return };
            let check = cells.maybe();
            let command = match cells.text() {
                Some("r") => Some("SELECT".to_owned()),
                Some("a") => Some("INSERT".to_owned()),
                Some("w") => Some("UPDATE".to_owned()),
                Some("d") => Some("DELETE".to_owned()),
                _ => None,
            };
            let restrictive = !cells.flag();
            table.policies.push(Policy {
                name,
                restrictive,
                command,
                roles: cells.list(),
                using: definition,
                check,
                comment,
            });
        }
        "rule" => {
            let table = found.tables.get(&relation).map(|table| &table.name);
            let Some(on) = table.or_else(|| found.views.get(&relation).map(|view| &view.name)) else { return };
            let (rule, on) = (identifier(Dialect::Postgres, &name), quoted(on.schema.as_deref(), &on.name));
            let definition = definition.unwrap_or_default();
            let mut statements = vec![definition.trim_end_matches(';').to_owned()];
            let state = match enabled {
                Some("disabled") => Some("DISABLE"),
                Some("replica") => Some("ENABLE REPLICA"),
                Some(_) => Some("ENABLE ALWAYS"),
                None => None,
            };
            statements.extend(state.map(|state| format!("ALTER TABLE {on} {state} RULE {rule}")));
            let comment = comment.map(|comment| literal(Dialect::Postgres, &comment));
            statements.extend(comment.map(|comment| format!("COMMENT ON RULE {rule} ON {on} IS {comment}")));
            push(found, relation, "rule", format!("{rule} on {on}"), &statements);
        }
        _ => {
            if found.own.contains(&relation) {
                return;
            }
            for _ in 0..4 {
                cells.text();
            }
            let name = catalog.name(schema.unwrap_or_default(), name);
            let name = quoted(name.schema.as_deref(), &name.name);
            let definition = definition.unwrap_or_default();
            let mut statements = vec![catalog.unqualified_statement(&definition, &["CREATE STATISTICS "])];
            statements.extend(cells.text().map(|target| format!("ALTER STATISTICS {name} SET STATISTICS {target}")));
            let comment = comment.map(|comment| literal(Dialect::Postgres, &comment));
            statements.extend(comment.map(|comment| format!("COMMENT ON STATISTICS {name} IS {comment}")));
            push(found, relation, "statistics", name, &statements);
        }
    }
}

fn push(found: &mut Found, relation: Oid, what: &str, name: String, statements: &[String]) {
    found.push_opaque(relation, Opaque { what: what.to_owned(), name, definition: Some(statements.join(";\n")) });
}
