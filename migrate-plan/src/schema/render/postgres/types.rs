//! Extensions, types and sequences.

use super::Writer;
use super::words::{block, clause, name, quoted, text};
use crate::schema::{Check, Extension, Kind, Sequence, Type, TypeDefinition};

pub(super) fn extension(extension: &Extension, writer: &mut Writer) {
    let schema = clause("SCHEMA", extension.schema.as_ref().filter(|schema| *schema != "pg_catalog"));
    writer.push(format!("CREATE EXTENSION {}{schema} VERSION {}", quoted(&extension.name), text(&extension.version)));
}

pub(super) fn create(of: &Type, is_deferred: bool, writer: &mut Writer) {
    let called = name(&of.name);
    match &of.definition {
        TypeDefinition::Enum(values) if values.is_empty() => writer.push(format!("CREATE TYPE {called} AS ENUM ()")),
        TypeDefinition::Enum(values) => {
            let values: Vec<String> = values.iter().map(|value| text(value)).collect();
            writer.push(format!("CREATE TYPE {called} AS ENUM {}", block(&values)));
        }
        TypeDefinition::Composite(fields) if fields.is_empty() => writer.push(format!("CREATE TYPE {called} AS ()")),
        TypeDefinition::Composite(fields) => {
            let fields: Vec<String> = fields.iter().map(|(name, of)| format!("{} {of}", quoted(name))).collect();
            writer.push(format!("CREATE TYPE {called} AS {}", block(&fields)));
        }
        TypeDefinition::Range(parameters) => range(&called, parameters, writer),
        TypeDefinition::Domain { .. } => domain(of, &called, is_deferred, writer),
    }
    let kind = if of.kind() == Kind::Domain { "DOMAIN" } else { "TYPE" };
    writer.comment(kind, &called, of.comment.as_ref());
}

fn range(called: &str, parameters: &[(String, String)], writer: &mut Writer) {
    if parameters.iter().any(|(name, _)| name == "canonical") {
        writer.leave_out(
            format!("range type {called}"),
            "its canonical function can only be created before and after it",
        );
        return;
    }
    let parameters: Vec<String> = parameters.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    writer.push(format!("CREATE TYPE {called} AS RANGE {}", block(&parameters)));
}

fn domain(of: &Type, called: &str, is_deferred: bool, writer: &mut Writer) {
    let TypeDefinition::Domain { base, not_null, default, collation, checks } = &of.definition else { return };
    let mut sql = format!("CREATE DOMAIN {called} AS {base}");
    sql.push_str(&collation.as_ref().map(|collation| format!(" COLLATE {collation}")).unwrap_or_default());
    let (now, later) = if is_deferred { (None, default.as_ref()) } else { (default.as_ref(), None) };
    sql.push_str(&now.map(|default| format!(" DEFAULT {default}")).unwrap_or_default());
    sql.push_str(if *not_null { " NOT NULL" } else { "" });
    let is_early = |check: &&Check| !is_deferred && !check.not_valid;
    for check in checks.iter().filter(is_early) {
        sql.push_str(&format!("\n    {}", check_clause(check)));
    }
    writer.push(sql);
    writer.deferred.extend(later.map(|default| format!("ALTER DOMAIN {called} SET DEFAULT {default}")));
    for check in checks {
        if !is_early(&check) {
            writer.deferred.push(format!("ALTER DOMAIN {called} ADD {}", check_clause(check)));
        }
        let constraint = check.name.as_ref().zip(check.comment.as_ref());
        writer.deferred.extend(constraint.map(|(constraint, comment)| {
            super::comment(&format!("CONSTRAINT {} ON DOMAIN", quoted(constraint)), called, comment)
        }));
    }
}

/// A check as a constraint of a table or domain.
pub(super) fn check_clause(check: &Check) -> String {
    let constraint = clause("CONSTRAINT", check.name.as_ref());
    let flags = [(" NO INHERIT", check.no_inherit), (" NOT VALID", check.not_valid)];
    let flags: String = flags.iter().filter(|(_, is_on)| *is_on).map(|(word, _)| *word).collect();
    format!("{} CHECK ({}){flags}", constraint.trim_start(), check.expression).trim_start().to_owned()
}

pub(super) fn sequence(sequence: &Sequence, writer: &mut Writer) {
    let called = name(&sequence.name);
    let option = |option: &str, word: &str| {
        sequence.options.get(option).map(|value| format!(" {word} {value}")).unwrap_or_default()
    };
    let flag = |option: &str, word| if sequence.options.contains_key(option) { word } else { "" };
    let clauses = [
        option("type", "AS"),
        option("start", "START WITH"),
        option("increment", "INCREMENT BY"),
        option("min", "MINVALUE"),
        option("max", "MAXVALUE"),
        option("cache", "CACHE"),
    ];
    writer.push(format!(
        "CREATE {}SEQUENCE {called}{}{}",
        flag("unlogged", "UNLOGGED "),
        clauses.concat(),
        flag("cycle", " CYCLE")
    ));
    writer.comment("SEQUENCE", &called, sequence.comment.as_ref());
}

pub(super) fn own_sequence(sequence: &Sequence, writer: &mut Writer) {
    if let Some(owner) = &sequence.owned_by {
        let (called, table, column) = (name(&sequence.name), name(&owner.table), quoted(&owner.column));
        writer.push(format!("ALTER SEQUENCE {called} OWNED BY {table}.{column}"));
    }
}
