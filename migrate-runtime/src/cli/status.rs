//! `status`: where a database stands, on one screen.

use migrate_plan::{Direction, Plan, RowState, Target};
use serde_json::{Value, json};

use super::interrupted::{Interrupted, interrupted};
use super::look::identify;
use super::output::{at, object};
use super::{Exit, Failure, Output, escape, json};
use crate::driver::LiveConnection;
use crate::engine::look;
use crate::migrations::Migrations;

pub(super) async fn status(
    migrations: &Migrations,
    db: &mut dyn LiveConnection,
    output: &Output,
) -> Result<Exit, Failure> {
    let graph = migrations.graph()?;
    let mut db = identify(db).await?;
    let dialect = db.dialect();
    let found = look(&mut db, migrations.settings()).await?;
    let applied = found.applied(&graph)?;
    let interrupted = interrupted(&applied, dialect);
    // All heads: what is pending does not depend on how many there are.
    let plan = Plan::upgrade(&applied.finished()?, &[Target::heads()])?;
    let heads: Vec<String> = graph.heads().map(|head| graph.id(head).to_owned()).collect();
    let current = applied.head_ids();
    let unknown: Vec<&str> = applied.unknown().map(|row| row.id.as_str()).collect();
    let drift = applied.drift(dialect);
    let last = applied.rows().iter().rfind(|row| !matches!(row.state, RowState::Running(_)));

    let mut text = format!("head:     {}\ncurrent:  {}\n", at(&heads), at(&current));
    text.push_str(&format!("applied:  {}\npending:  {}\n", applied.set().iter().count(), plan.steps.len()));
    text.extend(interrupted.as_ref().map(Interrupted::lines));
    for step in &plan.steps {
        let behind = if step.behind { "  (inserted behind what is applied)" } else { "" };
        text.push_str(&format!("  + {}  {}{behind}\n", step.id, escape::line(&step.title)));
    }
    if !unknown.is_empty() {
        text.push_str(&format!("unknown:  {} (not in these files)\n", escape::line(&unknown.join(", "))));
    }
    for drift in &drift {
        let effect = if drift.direction == Direction::Up { "upgrade is refused" } else { "the stored copy is older" };
        text.push_str(&format!(
            "edited:   `{}` of {} at {}:{} ({effect})\n",
            drift.direction, drift.id, drift.file, drift.line
        ));
    }
    if let Some(row) = last {
        let last = format!("{} {} by {}", row.id, row.applied_at, row.applied_by);
        text.push_str(&format!("last:     {}\n", escape::line(&last)));
    }

    let pending: Vec<Value> = plan
        .steps
        .iter()
        .map(|step| json!({"revision": step.id, "title": step.title, "inserted_behind": step.behind}))
        .collect();
    let drift: Vec<Value> = drift
        .iter()
        .map(|drift| json!({"revision": drift.id, "direction": drift.direction.as_str(), "file": drift.file, "line": drift.line}))
        .collect();
    let current: Vec<Value> = applied.heads().into_iter().map(|head| json::applied_head(&applied, head)).collect();
    output.result(
        &text,
        &object(json!({
            "dialect": dialect.name(),
            "heads": heads,
            "current": current,
            "applied": applied.set().iter().count(),
            "interrupted": interrupted.as_ref().map(Interrupted::json),
            "pending": pending,
            "unknown": unknown,
            "edited": drift,
            "last": last.map(|row| json!({"revision": row.id, "applied_at": row.applied_at, "applied_by": row.applied_by})),
        })),
    );
    Ok(Exit::Done)
}
