//! A start with nothing to do: the database adds up its history to one number, and no graph is built.
//!
//! Whatever does not agree with what is here, an edited file, an unknown revision, an interrupted one, several heads, an error,
//! is left to the look that understands it. A row that somebody has changed by hand agrees as long as its `digest` does.

use migrate_plan::{Dialect, Glance, Settings};

use crate::driver::{LiveConnection, Row};
use crate::history::Tables;

/// The head, when every revision is applied as it is here, and nothing else is.
pub(crate) async fn head_of_everything(
    glance: &Glance,
    settings: &Settings,
    db: &mut dyn LiveConnection,
) -> Option<String> {
    let dialect = db.dialect();
    // MySQL does not say whether it is inside a transaction.
    if settings.unusable_name().is_some() || dialect == Dialect::MySql {
        return None;
    }
    let head = glance.head.as_ref()?;
    let rows = query_at_once(&Tables::new(dialect, settings, None).select_glance(), db).await?;
    agrees(glance, dialect, rows.first()?).then(|| head.to_string())
}

fn agrees(glance: &Glance, dialect: Dialect, row: &Row) -> bool {
    let (count, sum) = (glance.count.to_string(), glance.sum(dialect).to_string());
    let outside = row.text(4).is_some() && row.text(4) == row.text(5);
    let expected = [count.as_str(), &count, "0", &sum];
    outside && expected.iter().enumerate().all(|(column, text)| row.text(column) == Some(text))
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
