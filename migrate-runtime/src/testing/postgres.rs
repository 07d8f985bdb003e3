//! PostgreSQL: a template database that no session can enter, and copies of it by the server.
//!
//! The template is built under the name of a test's database and renamed when it is whole, with an advisory lock held: no process
//! sees a half of it, and one that dies leaves what is dropped by age.

use std::time::{Duration, Instant};

use migrate_plan::Dialect;

use super::name::Sum;
use super::seen::Seen;
use super::url::{Engine, Url};
use super::{Live, live};
use crate::driver::{DriverError, DriverErrorKind};
use crate::error::Error;
use crate::migrations::Migrations;
use crate::sql::identifier;

/// The templates that this process has seen.
static SEEN: Seen<String> = Seen::new();

const OBJECT_IN_USE: &str = "55006";
const DUPLICATE_DATABASE: &str = "42P04";
const CREATING: &str = "the database cannot be created";
/// How long a template that somebody uses is waited for, and how often it is asked.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(20);

/// Makes a database.
pub(super) async fn fresh(migrations: &Migrations, sum: &Sum, url: &Url) -> Result<String, Error> {
    let mut admin = open(url).await?;
    let key = (url.clone(), sum.clone());
    let name = sum.fresh_name()?;
    for is_last in [false, true] {
        let template = SEEN.or_find(&key, async || template(&mut admin, migrations, sum, url).await).await?;
        let create = format!("CREATE DATABASE {} TEMPLATE {}", quoted(&name), quoted(&template));
        match patiently(&mut admin, &create).await {
            // Another project that uses the server has taken it for an old one.
            Err(error) if error.kind == DriverErrorKind::MissingDatabase && !is_last => {
                SEEN.forget(&key);
            }
            outcome => {
                outcome.map_err(|error| Error::driver(CREATING, error))?;
                break;
            }
        }
    }
    Ok(name)
}

/// Drops a database with its sessions.
pub(super) async fn drop(url: &Url, name: &str) -> Result<(), Error> {
    let mut admin = open(url).await?;
    let forced = admin.batch_execute(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quoted(name))).await;
    match forced {
        // Servers before 13 end no sessions.
        Err(_) => admin.batch_execute(&format!("DROP DATABASE IF EXISTS {}", quoted(name))).await,
        done => done,
    }
    .map_err(|error| Error::driver("the database cannot be dropped", error))
}

/// A connection beside the databases of tests.
async fn open(url: &Url) -> Result<Live, Error> {
    match live::open(Engine::Postgres, &url.with_database(url.database())).await {
        Err(error) if live::is_missing_database(&error) => {
            live::open(Engine::Postgres, &url.with_database("postgres")).await
        }
        outcome => outcome,
    }
}

/// The name of the template, which is built if there is none. Removes what is too old.
async fn template(admin: &mut Live, migrations: &Migrations, sum: &Sum, url: &Url) -> Result<String, Error> {
    let looking = |error| Error::driver("the databases of the server cannot be listed", error);
    // The lock is of the session, and ends with it.
    let number = u64::from_str_radix(sum.digits(), 16).map_or(0, u64::cast_signed);
    admin.query(&format!("SELECT pg_advisory_lock({number})::text")).await.map_err(looking)?;
    let names = "SELECT datname::text, (SELECT count(*) FROM pg_stat_activity a WHERE a.datid = d.oid)::text \
                 FROM pg_database d WHERE datname LIKE 'migrate\\_test\\_%' ORDER BY 1";
    let rows = admin.query(names).await.map_err(looking)?;
    let all = rows.iter().filter_map(|row| Some((row.text(0)?, row.text(1)?)));
    let mut found = None;
    for (name, sessions) in all {
        if sum.is_template(name) {
            found = Some(name.to_owned());
        } else if sum.may_go(name) && sessions == "0" {
            // Somebody may use it or have dropped it by now; then it stays or is gone.
            let _ = admin.batch_execute(&format!("DROP DATABASE IF EXISTS {}", quoted(name))).await;
        }
    }
    let name = match found {
        Some(name) => name,
        None => build(admin, migrations, sum, url).await?,
    };
    admin.query(&format!("SELECT pg_advisory_unlock({number})::text")).await.map_err(looking)?;
    Ok(name)
}

async fn build(admin: &mut Live, migrations: &Migrations, sum: &Sum, url: &Url) -> Result<String, Error> {
    let creating = |error| Error::driver(CREATING, error);
    let (building, name) = (sum.fresh_name()?, sum.template_name());
    patiently(admin, &format!("CREATE DATABASE {}", quoted(&building))).await.map_err(creating)?;
    let migrated = async {
        let mut db = live::open(Engine::Postgres, &url.with_database(&building)).await?;
        migrations.migrator().run_live(&mut *db).await.map_err(|failed| failed.error)
    };
    if let Err(error) = migrated.await {
        let _ = patiently(admin, &format!("DROP DATABASE {}", quoted(&building))).await;
        return Err(error);
    }
    let close = format!("ALTER DATABASE {} ALLOW_CONNECTIONS false", quoted(&building));
    admin.batch_execute(&close).await.map_err(creating)?;
    let rename = format!("ALTER DATABASE {} RENAME TO {}", quoted(&building), quoted(&name));
    match patiently(admin, &rename).await {
        // The lock is one of the database that the URL names, and somebody came by another one.
        Err(error) if error.code.as_deref() == Some(DUPLICATE_DATABASE) => {
            patiently(admin, &format!("DROP DATABASE {}", quoted(&building))).await.map_err(creating)?;
        }
        outcome => outcome.map_err(creating)?,
    }
    Ok(name)
}

/// Runs a statement that needs a database without sessions: those that have just ended are there for a moment.
async fn patiently(admin: &mut Live, sql: &str) -> Result<(), DriverError> {
    let started = Instant::now();
    loop {
        match admin.batch_execute(sql).await {
            Err(error) if error.code.as_deref() == Some(OBJECT_IN_USE) && started.elapsed() < PATIENCE => {
                admin.sleep(PAUSE).await;
            }
            outcome => return outcome,
        }
    }
}

fn quoted(name: &str) -> String {
    identifier(Dialect::Postgres, name)
}
