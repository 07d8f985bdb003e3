//! The JSON objects: stable, documented, one a call.

use migrate_plan::{Applied, Diagnostic, Direction, Node, Plan, RevisionGraph, TransactionMode};
use serde_json::{Value, json};

use super::output::object;
use super::{Exit, Failure};
use crate::report::{RunReport, StepReport};

/// A diagnostic as JSON.
pub fn diagnostic(diagnostic: &Diagnostic) -> Value {
    let place = |place: &migrate_plan::Place| json!({"file": place.file, "line": place.line, "column": place.column});
    json!({
        "code": diagnostic.code.as_str(),
        "message": diagnostic.message,
        "place": diagnostic.place.as_ref().map(place),
        "also": diagnostic.also.iter().map(place).collect::<Vec<_>>(),
        "why": diagnostic.why,
        "notes": diagnostic.notes,
        "help": diagnostic.help,
    })
}

/// The object of a failure that did nothing.
pub fn error(diagnostics: Vec<Diagnostic>, exit: Exit) -> Value {
    failure(&diagnostics.into(), exit)
}

pub(super) fn failure(failure: &Failure, exit: Exit) -> Value {
    object(json!({
        "error": failure.diagnostics.first().map(diagnostic),
        "errors": failure.diagnostics.iter().map(diagnostic).collect::<Vec<_>>(),
        "applied": failure.applied.iter().map(step).collect::<Vec<_>>(),
        "state": failure.state,
        "exit_code": exit as u8,
    }))
}

fn step(step: &StepReport) -> Value {
    json!({
        "revision": step.id,
        "direction": step.direction.as_str(),
        "title": step.title,
        "duration_ms": step.duration.as_millis() as u64,
    })
}

pub(super) fn plan(plan: &Plan) -> Value {
    let steps: Vec<Value> = plan
        .all_steps()
        .map(|step| json!({"revision": step.id, "direction": step.direction.as_str(), "title": step.title}))
        .collect();
    object(json!({"plan": steps, "heads_before": plan.heads_before, "heads_after": plan.heads_after}))
}

pub(super) fn report(report: &RunReport) -> Value {
    object(json!({
        "action": report.action.as_str(),
        "run_id": report.run_id,
        "applied": report.steps.iter().map(step).collect::<Vec<_>>(),
        "heads_before": report.heads_before,
        "heads_after": report.heads_after,
        "unknown": report.unknown,
        "note": report.note,
    }))
}

/// One revision as the listing verbs show it; `applied` is null when no database was asked.
pub(super) fn revision(graph: &RevisionGraph, node: Node, applied: Option<bool>) -> Value {
    let revision = graph.revision(node);
    json!({
        "revision": revision.id,
        "parents": revision.parents,
        "depends_on": revision.depends_on,
        "labels": graph.labels(node).collect::<Vec<_>>(),
        "title": revision.title,
        "created": revision.created,
        "description": revision.description,
        "file": revision.file,
        "applied": applied,
    })
}

/// One revision with its SQL.
pub(super) fn revision_with_sections(graph: &RevisionGraph, node: Node, applied: Option<bool>) -> Value {
    let mut value = revision(graph, node, applied);
    let shown = graph.revision(node);
    let sections: Vec<Value> = shown
        .sections
        .iter()
        .map(|section| {
            json!({
                "direction": section.direction.as_str(),
                "dialects": section.dialects.iter().map(|dialect| dialect.name()).collect::<Vec<_>>(),
                "transaction": section.transaction == TransactionMode::Transactional,
                "sql": section.body,
                "checksum": section.checksum.to_string(),
            })
        })
        .collect();
    value["checksum"] = json!(shown.checksum().to_string());
    value["irreversible"] = json!(!shown.has(Direction::Down));
    value["irreversible_reason"] = json!(shown.irreversible);
    value["sections"] = json!(sections);
    value
}

/// One applied head.
pub(super) fn applied_head(applied: &Applied<'_>, node: Node) -> Value {
    let row = applied.row(node);
    json!({
        "revision": applied.all().id(node),
        "title": applied.all().revision(node).title,
        "known": applied.is_known(node),
        "state": row.map(|row| row.state.as_str()),
        "applied_at": row.map(|row| row.applied_at.clone()),
        "applied_by": row.map(|row| row.applied_by.clone()),
        "application": row.map(|row| row.application.clone()),
    })
}
