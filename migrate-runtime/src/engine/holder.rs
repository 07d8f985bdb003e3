//! Who holds the lock of a history, in words; looks and takes nothing.

use migrate_plan::{Dialect, Settings};

use super::lease::{self, Table};
use super::{Look, mysql, postgres};
use crate::driver::LiveConnection;

/// The holder of the lease or of the session's lock. Nobody, where nobody has it or the database does not tell: SQLite's lock is
/// one of the file.
pub(crate) async fn holder(db: &mut dyn LiveConnection, look: &Look, settings: &Settings) -> Option<String> {
    let dialect = db.dialect();
    if dialect == Dialect::Sqlite || !look.exists {
        return None;
    }
    // Without the table there is no lease, and outside a transaction a query that fails leaves nothing behind.
    if let Some(holder) = lease::holder(db, Table::new(&look.tables, dialect), lease::Holding::Now).await {
        return Some(holder);
    }
    match dialect {
        Dialect::Postgres if settings.lock == migrate_plan::LockKind::Advisory => postgres::holder(db, look).await,
        Dialect::MySql | Dialect::MariaDb => mysql::holder(db, look).await,
        _ => None,
    }
}
