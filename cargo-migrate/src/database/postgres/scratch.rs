//! A scratch database on a PostgreSQL server.

use migrate_plan::Dialect;
use migrate_runtime::cli::Failure;
use migrate_runtime::{DriverError, Error, LiveConnection, quoted_name};

use super::{Config, Maintenance, Session};
use crate::database::scratch::{is_left_over, refused};

/// What SQL finds in the database that is meant: its locale, and where its unqualified names stand.
#[derive(Default)]
struct Likeness {
    locale: String,
    search_path: Option<String>,
    schema: Option<String>,
}

/// The locale as options of `CREATE DATABASE`, NULL where the template has the same.
const LOCALE: &str = "SELECT CASE WHEN (d.encoding, d.datcollate, d.datctype) IS DISTINCT FROM (t.encoding, t.datcollate, \
     t.datctype) THEN format('TEMPLATE template0 ENCODING %L LC_COLLATE %L LC_CTYPE %L', \
     pg_encoding_to_char(d.encoding), d.datcollate, d.datctype) END, current_setting('search_path'), current_schema() \
     FROM pg_database d, pg_database t WHERE d.datname = current_database() AND t.datname = 'template1'";

impl Config {
    /// Makes an empty database, and connects to it as to this one.
    pub(in crate::database) async fn scratch(&self, name: &str) -> Result<(Session, Maintenance), Failure> {
        // A database that is not there has nothing that a scratch could be like.
        let mut meant = self.connect().await.ok();
        let likeness = match &mut meant {
            Some(session) => likeness(session.client()).await.map_err(cannot_look)?,
            None => Likeness::default(),
        };
        let beside = match (self.beside().await, meant) {
            (Ok(maintenance), _) => maintenance,
            // Some roles may connect to their own database alone; any other one can be made from there, too.
            (Err(_), Some(session)) => Maintenance { session, name: String::new() },
            (Err(failure), None) => return Err(failure),
        };
        let mut maintenance = Maintenance { name: name.to_owned(), ..beside };
        maintenance.sweep().await;
        maintenance.create_like(&likeness).await?;
        let connected = self.connect_to_scratch(name, &likeness).await;
        match connected {
            Ok(session) => Ok((session, maintenance)),
            Err(failure) => {
                let _ = maintenance.drop(crate::database::Others::Ended).await;
                Err(failure)
            }
        }
    }

    async fn connect_to_scratch(&self, name: &str, likeness: &Likeness) -> Result<Session, Failure> {
        let mut driver = self.driver.clone();
        driver.dbname(name);
        let mut session = Self { driver, tls: self.tls.clone() }.connect().await?;
        let quoted = |name: &str| quoted_name(Dialect::Postgres, name);
        if let Some(schema) = &likeness.schema {
            let sql = format!("CREATE SCHEMA IF NOT EXISTS {}", quoted(schema));
            session.client().batch_execute(&sql).await.map_err(cannot_look)?;
        }
        Ok(session)
    }
}

impl Maintenance {
    async fn create_like(&mut self, likeness: &Likeness) -> Result<(), Failure> {
        let name = quoted_name(Dialect::Postgres, &self.name);
        let sql = format!("CREATE DATABASE {name} {}", likeness.locale);
        match self.session.client().batch_execute(&sql).await {
            Ok(()) => {
                let Some(path) = &likeness.search_path else { return Ok(()) };
                let path = migrate_plan::text_literal(Dialect::Postgres, path);
                let sql = format!(
                    "SELECT set_config('search_path', {path}, false); ALTER DATABASE {name} SET search_path FROM CURRENT"
                );
                self.session.client().batch_execute(&sql).await.map_err(cannot_look)
            }
            Err(error) if error.code.as_deref() == Some("42501") => {
                let right = "give the role the right: `ALTER ROLE … CREATEDB`, or use a URL of another server by \
                             `--scratch-url`";
                Err(refused(&error.message, right))
            }
            Err(driver) => Err(Error::Driver { doing: "no scratch database can be made", driver }.into()),
        }
    }

    /// Takes away what crashes have left. Whoever is still connected keeps his database; what fails is left to the next call.
    async fn sweep(&mut self) {
        let client = self.session.client();
        let rows = client.query("SELECT datname::text FROM pg_database WHERE NOT datistemplate").await;
        for name in rows.unwrap_or_default().iter().filter_map(|row| row.text(0)).filter(|name| is_left_over(name)) {
            let _ = client.batch_execute(&format!("DROP DATABASE {}", quoted_name(Dialect::Postgres, name))).await;
        }
    }
}

async fn likeness(db: &mut dyn LiveConnection) -> Result<Likeness, DriverError> {
    let rows = db.query(LOCALE).await?;
    let text = |column| rows.first().and_then(|row| row.text(column)).map(str::to_owned);
    Ok(Likeness { locale: text(0).unwrap_or_default(), search_path: text(1), schema: text(2) })
}

fn cannot_look(driver: DriverError) -> Failure {
    Error::Driver { doing: "the scratch database cannot be made like the one that is meant", driver }.into()
}
