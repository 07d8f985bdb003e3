//! SQLite: databases of this process in memory, which all of its connections can open by name.

use std::collections::HashMap;
use std::sync::Mutex;

use super::name::Sum;
use super::url::Engine;
use super::{Live, live};
use crate::error::Error;
use crate::migrations::Migrations;

/// The connections that keep the templates.
static TEMPLATES: Mutex<Option<HashMap<Sum, Live>>> = Mutex::new(None);

/// The URL of a database in memory, as sqlx takes it.
pub(super) fn url(name: &str) -> String {
    format!("sqlite:///{name}?vfs=memdb")
}

/// The same as SQLite itself takes it.
#[cfg(feature = "rusqlite")]
pub(super) fn file(url: &str) -> String {
    format!("file:{}", url.trim_start_matches("sqlite://"))
}

/// Makes a database, and gives the connection that keeps it.
#[expect(clippy::await_holding_lock, reason = "each caller waits on a thread of its own")]
pub(super) async fn fresh(migrations: &Migrations, sum: &Sum) -> Result<(String, Live), Error> {
    let name = sum.fresh_name()?;
    let keeper = open(&name).await?;
    let mut templates = live::lock(&TEMPLATES);
    let templates = templates.get_or_insert_default();
    if !templates.contains_key(sum) {
        let mut template = open(&sum.template_name()).await?;
        migrations.migrator().run_live(&mut *template).await.map_err(|failed| failed.error)?;
        templates.insert(sum.clone(), template);
    }
    if let Some(template) = templates.get_mut(sum) {
        let copy = format!("VACUUM INTO 'file:/{name}?vfs=memdb'");
        let copied = template.batch_execute(&copy).await;
        copied.map_err(|error| Error::driver("the template cannot be copied", error))?;
    }
    Ok((name, keeper))
}

async fn open(name: &str) -> Result<Live, Error> {
    live::open(Engine::Sqlite, &(url(name) + "&mode=rwc")).await
}
