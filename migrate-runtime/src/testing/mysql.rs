//! MariaDB and MySQL: a template database, and in it the script that makes another one like it.
//!
//! The script is the last thing that is written, with a lock of the server held, so that a template without one is known for a half.

use migrate_plan::Dialect;

use super::copy::{self, Script};
use super::name::Sum;
use super::seen::Seen;
use super::url::{Engine, Url};
use super::{Live, live};
use crate::driver::{DriverError, DriverErrorKind};
use crate::error::Error;
use crate::migrations::Migrations;
use crate::sql::{identifier, literal};

/// The templates that this process has seen.
static SEEN: Seen<Script> = Seen::new();

const CREATING: &str = "the database cannot be created";
/// How long another process is waited for that builds the template, in seconds.
const LOCK_TIMEOUT: u32 = 600;

/// Makes a database.
pub(super) async fn fresh(migrations: &Migrations, sum: &Sum, url: &Url) -> Result<String, Error> {
    let mut admin = open(url).await?;
    let key = (url.clone(), sum.clone());
    let name = sum.fresh_name()?;
    for is_last in [false, true] {
        let script = SEEN.or_find(&key, async || template(&mut admin, migrations, sum, url).await).await?;
        let made = match &script {
            Script::Replay => {
                let created = admin.batch_execute(&format!("CREATE DATABASE {}", quoted(&name))).await;
                created.map_err(|error| Error::driver(CREATING, error))?;
                let mut db = live::open(Engine::MySql, &url.with_database(&name)).await?;
                return migrations.migrator().run_live(&mut *db).await.map(|_| name).map_err(|failed| failed.error);
            }
            Script::Copy { template, statements } => copy::run(&mut admin, template, statements, &name).await,
        };
        match made {
            Ok(()) => break,
            Err(error) => {
                let _ = admin.batch_execute(&format!("DROP DATABASE IF EXISTS {}", quoted(&name))).await;
                // Another project that uses the server has taken the template for an old one.
                let is_gone = matches!(error.kind, DriverErrorKind::UndefinedTable | DriverErrorKind::MissingDatabase);
                if is_last || !is_gone {
                    return Err(Error::driver(CREATING, error));
                }
                SEEN.forget(&key);
            }
        }
    }
    Ok(name)
}

/// Drops a database, whose sessions are ended first: an open transaction would hold it.
pub(super) async fn drop(url: &Url, name: &str) -> Result<(), Error> {
    let mut admin = open(url).await?;
    let sessions = format!(
        "SELECT CAST(id AS char) FROM information_schema.processlist WHERE db = {}",
        literal(Dialect::MariaDb, name)
    );
    for row in admin.query(&sessions).await.unwrap_or_default() {
        if let Some(id) = row.text(0) {
            // It may have ended by itself.
            let _ = admin.batch_execute(&format!("KILL {id}")).await;
        }
    }
    let dropped = admin.batch_execute(&format!("DROP DATABASE IF EXISTS {}", quoted(name))).await;
    dropped.map_err(|error| Error::driver("the database cannot be dropped", error))
}

/// A connection beside the databases of tests.
async fn open(url: &Url) -> Result<Live, Error> {
    let mut admin = match live::open(Engine::MySql, &url.with_database(url.database())).await {
        Err(error) if live::is_missing_database(&error) => live::open(Engine::MySql, &url.with_database("")).await?,
        outcome => outcome?,
    };
    // Names are read and written as they are, a zero is a zero, and what is held is not waited for without end.
    let settings = "SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO', sql_quote_show_create = 1, lock_wait_timeout = 10, \
                    foreign_key_checks = 0, unique_checks = 0";
    admin.batch_execute(settings).await.map_err(|error| Error::driver(CREATING, error))?;
    Ok(admin)
}

/// The template's script; both are made if there are none. Removes what is too old.
async fn template(admin: &mut Live, migrations: &Migrations, sum: &Sum, url: &Url) -> Result<Script, Error> {
    let looking = |error| Error::driver("the databases of the server cannot be listed", error);
    let lock = literal(Dialect::MariaDb, &format!("migrate_test_{}", sum.digits()));
    let taken =
        admin.query(&format!("SELECT CAST(GET_LOCK({lock}, {LOCK_TIMEOUT}) AS char)")).await.map_err(looking)?;
    if taken.first().and_then(|row| row.text(0)) != Some("1") {
        let waited = DriverError::new(DriverErrorKind::Busy, "another process builds the template for too long");
        return Err(Error::driver(CREATING, waited));
    }
    let names = "SELECT schema_name, CAST((SELECT count(*) FROM information_schema.processlist p WHERE p.db = s.schema_name) AS char) \
                 FROM information_schema.schemata s WHERE schema_name LIKE 'migrate\\_test\\_%' ORDER BY 1";
    let rows = admin.query(names).await.map_err(looking)?;
    let mut found = None;
    for (name, sessions) in rows.iter().filter_map(|row| Some((row.text(0)?, row.text(1)?))) {
        let script = match sum.is_template(name) {
            true => copy::stored(admin, name).await.map_err(looking)?,
            false => None,
        };
        let is_half = sum.is_template(name) && script.is_none();
        if is_half || (sum.may_go(name) && sessions == "0") {
            // Somebody may have dropped it by now.
            let _ = admin.batch_execute(&format!("DROP DATABASE IF EXISTS {}", quoted(name))).await;
        }
        found = found.or(script);
    }
    let script = match found {
        Some(script) => script,
        None => build(admin, migrations, sum, url).await?,
    };
    admin.query(&format!("SELECT CAST(RELEASE_LOCK({lock}) AS char)")).await.map_err(looking)?;
    Ok(script)
}

async fn build(admin: &mut Live, migrations: &Migrations, sum: &Sum, url: &Url) -> Result<Script, Error> {
    let creating = |error| Error::driver(CREATING, error);
    let name = sum.template_name();
    admin.batch_execute(&format!("CREATE DATABASE {}", quoted(&name))).await.map_err(creating)?;
    let migrated = async {
        let mut db = live::open(Engine::MySql, &url.with_database(&name)).await?;
        migrations.migrator().run_live(&mut *db).await.map_err(|failed| failed.error)
    };
    let built = match migrated.await {
        Ok(_) => copy::store(admin, &name, &sum.fresh_name()?).await.map_err(creating),
        Err(error) => Err(error),
    };
    if built.is_err() {
        let _ = admin.batch_execute(&format!("DROP DATABASE IF EXISTS {}", quoted(&name))).await;
    }
    built
}

fn quoted(name: &str) -> String {
    identifier(Dialect::MariaDb, name)
}
