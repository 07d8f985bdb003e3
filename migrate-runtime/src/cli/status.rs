//! `status`: where a database stands, on one screen.

use migrate_plan::{Dialect, Direction, Plan, RowState, Target};
use serde_json::{Value, json};

use super::interrupted::{Interrupted, interrupted};
use super::look::identify;
use super::output::{at, object};
use super::{Exit, Failure, Output, counted, escape, json};
use crate::driver::LiveConnection;
use crate::engine::{holder, look};
use crate::history::log::{self, Filter, LogEntry};
use crate::migrations::Migrations;

/// What a server or a file says of itself; what it does not say is `None`.
#[derive(Default)]
struct Place {
    database: Option<String>,
    user: Option<String>,
    version: Option<String>,
    size: Option<u64>,
}

/// Asks in the database's own words. That it does not answer is no reason to show nothing.
async fn place(db: &mut dyn LiveConnection) -> Place {
    let query = match db.dialect() {
        Dialect::Sqlite => {
            "SELECT (SELECT file FROM pragma_database_list WHERE name = 'main'), NULL, sqlite_version(), (SELECT page_count * \
             page_size FROM pragma_page_count, pragma_page_size)"
        }
        Dialect::Postgres => {
            "SELECT current_database(), current_user, current_setting('server_version'), \
             pg_catalog.pg_database_size(current_database())"
        }
        Dialect::MySql | Dialect::MariaDb => {
            "SELECT database(), current_user(), version(), CAST((SELECT coalesce(sum(data_length + index_length), 0) FROM \
             information_schema.tables WHERE table_schema = database()) AS UNSIGNED)"
        }
    };
    let Ok(rows) = db.query(query).await else { return Place::default() };
    let text = |column| rows.first()?.text(column).filter(|text| !text.is_empty()).map(str::to_owned);
    Place { database: text(0), user: text(1), version: text(2), size: text(3).and_then(|size| size.parse().ok()) }
}

/// A size for people.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    let mut size = bytes as f64 / 1000.0;
    let mut unit = 0;
    while size >= 1000.0 && unit + 1 < UNITS.len() {
        size /= 1000.0;
        unit += 1;
    }
    if size < 10.0 { format!("{size:.1} {}", UNITS[unit]) } else { format!("{size:.0} {}", UNITS[unit]) }
}

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
    let held_by = holder(&mut db, &found, migrations.settings()).await;
    let newest = Filter { limit: Some(1), ..Filter::default() };
    // A log that cannot be read is said by `audit`.
    let last_action = log::read(&mut db, migrations.settings(), &newest).await.ok().and_then(|mut log| log.pop());
    let (place, entries) = (place(&mut db).await, log::count(&mut db, &found.tables).await);
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
    if let Some(holder) = &held_by {
        text.push_str(&format!("lock:     held by {}\n", escape::line(holder)));
    }
    if let Some(LogEntry { action, revision, at, done_by, .. }) = &last_action {
        text.push_str(&format!("last:     {}\n", escape::line(&format!("{action} of {revision}, {at} by {done_by}"))));
    }
    if let Some(bytes) = place.size.filter(|_| found.exists) {
        let log =
            entries.map(|entries| format!(", {} in the log", counted(entries as usize, "row"))).unwrap_or_default();
        text.push_str(&format!("size:     {}{log}\n", size(bytes)));
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
            "last_action": last_action.map(|entry| json!({
                "action": entry.action,
                "revision": entry.revision,
                "at": entry.at,
                "done_by": entry.done_by,
                "note": entry.note,
            })),
            "lock_holder": held_by,
            "database": place.database,
            "user": place.user,
            "server_version": place.version,
            "size_bytes": place.size,
            "log_entries": entries,
        })),
    );
    Ok(Exit::Done)
}
