//! A database that refinery has migrated and that was not taken over: an upgrade would run everything once more.

use migrate_plan::{Code, Diagnostic, REFINERY_TABLE, RevisionGraph};

use super::sqlite::patience;
use super::{Goal, Look, Request, Run};
use crate::driver::{DriverErrorKind, LiveConnection};
use crate::error::Error;
use crate::sql::identifier;

/// What is wrong with an upgrade whose revisions were refinery's, on a database whose history is empty and refinery's table
/// is not.
pub(crate) async fn untaken(
    graph: &RevisionGraph,
    look: &Look,
    db: &mut dyn LiveConnection,
) -> Result<Option<Diagnostic>, Error> {
    let was_refinerys = || graph.nodes().any(|node| graph.revision(node).refinery_line().is_some());
    if !look.rows.is_empty() || !was_refinerys() {
        return Ok(None);
    }
    let rows = db.query(&format!("SELECT count(*) FROM {}", identifier(db.dialect(), REFINERY_TABLE))).await;
    let count = match rows {
        Ok(rows) => rows.first().and_then(|row| row.text(0)?.parse::<u64>().ok()).unwrap_or(0),
        Err(error) if error.kind == DriverErrorKind::UndefinedTable => 0,
        Err(error) => return Err(Error::driver("refinery's table cannot be read", error)),
    };
    Ok((count > 0).then(|| diagnostic(count)))
}

/// Refuses such an upgrade.
pub(crate) async fn refuse_untaken(
    request: &Request,
    graph: &RevisionGraph,
    look: &Look,
    db: &mut dyn LiveConnection,
) -> Result<(), Error> {
    let problem = match request.goal {
        Goal::Upgrade(_) => untaken(graph, look, db).await?,
        _ => None,
    };
    problem.map_or(Ok(()), |problem| Err(Error::Foreign(vec![problem])))
}

fn diagnostic(count: u64) -> Diagnostic {
    let rows = if count == 1 { "1 migration" } else { &format!("{count} migrations") };
    Diagnostic::new(
        Code::NotTakenOver,
        format!("refinery has applied {rows} here, and nothing of it is recorded yet"),
        "take the database over: `cargo migrate adopt refinery`, or `adopt_refinery` in the program",
    )
    .because("an upgrade would run them once more")
}

impl Run<'_, '_> {
    /// [`refuse_untaken`], waiting while another process commits to SQLite.
    pub(super) async fn refuse_untaken(&mut self, look: &Look) -> Result<(), Error> {
        let mut patience = patience();
        loop {
            match refuse_untaken(self.request, self.graph, look, self.db).await {
                Err(Error::Driver { driver, .. }) if driver.kind == DriverErrorKind::Busy => {
                    self.wait(&mut patience, None).await?;
                }
                outcome => return outcome,
            }
        }
    }
}
