//! A start with nothing to do: the history is compared with the revisions as text, and no graph is built.
//!
//! Whatever is not exactly as it is here, an older checksum, an unknown revision, several heads, an error, is left to the
//! look that understands it.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use migrate_plan::{Dialect, Direction, Revision, RowState, Settings};

use crate::driver::{LiveConnection, Row};
use crate::history::{FORMAT, Tables};

/// The head, when every revision is applied as it is here, and nothing else is.
pub(crate) async fn head_of_everything(
    revisions: &[Revision],
    settings: &Settings,
    db: &mut dyn LiveConnection,
) -> Option<String> {
    let dialect = db.dialect();
    if settings.unusable_name().is_some() {
        return None;
    }
    let head = only_head(revisions)?;
    let history = Tables::new(dialect, settings, None).history().to_owned();
    // A connection that is inside a transaction is refused, and that is not said here.
    let inside = match dialect {
        Dialect::Sqlite => "0",
        Dialect::Postgres => "CASE WHEN now() <> statement_timestamp() THEN 1 ELSE 0 END",
        Dialect::MariaDb => "@@in_transaction",
        Dialect::MySql => return None,
    };
    let query = format!("SELECT id, up_checksum, down_checksum, state, format, {inside}, journal FROM {history}");
    let rows = query_at_once(&query, db).await?;
    all_are_there(revisions, dialect, &rows).then_some(head)
}

/// The one revision that no other follows.
fn only_head(revisions: &[Revision]) -> Option<String> {
    let followed: HashSet<&str> = revisions.iter().flat_map(|revision| &*revision.parents).map(|id| &**id).collect();
    let mut heads = revisions.iter().filter(|revision| !followed.contains(&*revision.id));
    let head = heads.next()?;
    heads.next().is_none().then(|| head.id.to_string())
}

fn all_are_there(revisions: &[Revision], dialect: Dialect, rows: &[Row]) -> bool {
    if rows.len() != revisions.len() {
        return false;
    }
    let mut by_id: HashMap<&str, &Revision> = revisions.iter().map(|revision| (&*revision.id, revision)).collect();
    let (mut up, mut down, format) = (String::new(), String::new(), FORMAT.to_string());
    rows.iter().all(|row| {
        // Taking it out keeps two rows from counting as one.
        let Some(revision) = row.text(0).and_then(|id| by_id.remove(id)) else { return false };
        let same = |column: usize, direction, text: &mut String| {
            text.clear();
            match revision.section(direction, dialect) {
                Some(section) => {
                    write!(text, "{}", section.checksum).is_ok() && row.text(column) == Some(text.as_str())
                }
                None => row.text(column).is_none(),
            }
        };
        let is_done = [RowState::Applied, RowState::Stamped].iter().any(|state| row.text(3) == Some(state.as_str()));
        is_done
            && row.text(4) == Some(format.as_str())
            && row.text(5) == Some("0")
            && row.text(6).is_none()
            && same(1, Direction::Up, &mut up)
            && same(2, Direction::Down, &mut down)
    })
}

/// SQLite would wait in silence for whoever is committing: then there is something to do, and the other look waits.
async fn query_at_once(query: &str, db: &mut dyn LiveConnection) -> Option<Vec<Row>> {
    if db.dialect() != Dialect::Sqlite {
        return db.query(query).await.ok();
    }
    let rows = db.query("PRAGMA busy_timeout").await.ok()?;
    let limit = rows.first()?.text(0)?.to_owned();
    if limit != "0" {
        db.batch_execute("PRAGMA busy_timeout = 0").await.ok()?;
    }
    let rows = db.query(query).await.ok();
    if limit != "0" {
        db.batch_execute(&format!("PRAGMA busy_timeout = {limit}")).await.ok()?;
    }
    rows
}
