//! A scratch database on a PostgreSQL server.

use migrate_plan::{Dialect, text_literal};
use migrate_runtime::cli::Failure;
use migrate_runtime::{DriverError, Error, LiveConnection, quoted_name};

use super::{Config, Maintenance, Session};
use crate::database::scratch::{is_left_over, refused};

/// What a role without the right is told.
const RIGHT: &str = "give the role the right: `ALTER ROLE … CREATEDB`, or give a server by `--scratch-url`";

/// What SQL finds in the database that is meant: its locale, and where its unqualified names stand.
#[derive(Default)]
struct Likeness {
    locale: String,
    search_path: Option<String>,
    schema: Option<String>,
    /// The statements that make its extensions, by their names.
    extensions: Vec<(String, String)>,
}

const EXTENSIONS: &str = "SELECT e.extname::text, format('CREATE SCHEMA IF NOT EXISTS %I; CREATE EXTENSION IF NOT EXISTS %I SCHEMA \
     %I CASCADE', n.nspname, e.extname, n.nspname) FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = \
     e.extnamespace WHERE n.nspname <> 'pg_catalog' ORDER BY 1";

/// The locale as options of `CREATE DATABASE`, NULL where the template has the same.
const LOCALE: &str = "SELECT CASE WHEN (d.encoding, d.datcollate, d.datctype) IS DISTINCT FROM (t.encoding, t.datcollate, \
     t.datctype) THEN format('TEMPLATE template0 ENCODING %L LC_COLLATE %L LC_CTYPE %L', \
     pg_encoding_to_char(d.encoding), d.datcollate, d.datctype) END, current_setting('search_path'), current_schema() \
     FROM pg_database d, pg_database t WHERE d.datname = current_database() AND t.datname = 'template1'";

/// What could be made.
pub(in crate::database) enum Scratch {
    /// A database, with the statements that make the extensions of the one that is meant.
    Database(Session, Maintenance, Vec<(String, String)>),
    /// A schema in the database that is meant, with the names of the schemas beside it.
    Schema(Session, SchemaMaintenance, Vec<String>),
}

/// What takes a schema away.
pub(in crate::database) struct SchemaMaintenance {
    session: Session,
    name: String,
}

/// The code of a role that lacks a right.
const NO_RIGHT: &str = "42501";

impl Config {
    /// Makes an empty database and connects to it as to this one, or a schema where there is no right to a database.
    pub(in crate::database) async fn scratch(&self, name: &str) -> Result<Scratch, Failure> {
        // A database that is not there has nothing that a scratch could be like.
        let mut meant = self.connect().await.ok();
        let likeness = match &mut meant {
            Some(session) => likeness(session.client()).await.map_err(cannot_look)?,
            None => Likeness::default(),
        };
        let from_itself = async || self.connect().await.map(|session| Maintenance { session, name: String::new() });
        let beside = match meant {
            // Beside this one there is the template alone, and as long as somebody is in that nobody makes a database.
            Some(_) if self.database() == super::MAINTENANCE[0] => from_itself().await?,
            // Some roles may connect to their own database alone; any other one can be made from there, too.
            Some(_) => match self.beside().await {
                Ok(maintenance) => maintenance,
                Err(_) => from_itself().await?,
            },
            None => self.beside().await?,
        };
        let mut maintenance = Maintenance { name: name.to_owned(), ..beside };
        maintenance.sweep().await;
        match maintenance.create_like(&likeness).await {
            Ok(()) => {}
            Err(error) if error.code.as_deref() == Some(NO_RIGHT) => {
                return match meant {
                    Some(session) => self.scratch_schema(name, session).await,
                    None => Err(refused(&error.message, RIGHT)),
                };
            }
            Err(driver) => return Err(Error::Driver { doing: "no scratch database can be made", driver }.into()),
        }
        match self.connect_to_scratch(name, &likeness).await {
            Ok(session) => Ok(Scratch::Database(session, maintenance, likeness.extensions)),
            Err(failure) => {
                let _ = maintenance.drop(crate::database::Others::Ended).await;
                Err(failure)
            }
        }
    }

    async fn scratch_schema(&self, name: &str, mut session: Session) -> Result<Scratch, Failure> {
        let mut maintenance = SchemaMaintenance { session: self.connect().await?, name: name.to_owned() };
        let others = maintenance.sweep().await;
        let quoted = quoted_name(Dialect::Postgres, name);
        // Whoever holds the lock is at work in the schema of its name.
        let sql =
            format!("SELECT pg_advisory_lock({}); CREATE SCHEMA {quoted}; SET search_path = {quoted}", lock_key(name));
        match session.client().batch_execute(&sql).await {
            Ok(()) => Ok(Scratch::Schema(session, maintenance, others)),
            Err(error) if error.code.as_deref() == Some(NO_RIGHT) => Err(refused(&error.message, RIGHT)),
            Err(driver) => Err(Error::Driver { doing: "no scratch schema can be made", driver }.into()),
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
    async fn create_like(&mut self, likeness: &Likeness) -> Result<(), DriverError> {
        let name = quoted_name(Dialect::Postgres, &self.name);
        self.session.client().batch_execute(&format!("CREATE DATABASE {name} {}", likeness.locale)).await?;
        let Some(path) = &likeness.search_path else { return Ok(()) };
        let path = text_literal(Dialect::Postgres, path);
        let sql = format!(
            "SELECT set_config('search_path', {path}, false); ALTER DATABASE {name} SET search_path FROM CURRENT"
        );
        self.session.client().batch_execute(&sql).await
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

impl SchemaMaintenance {
    /// Takes away what crashes have left, and gives the names of the other schemas.
    async fn sweep(&mut self) -> Vec<String> {
        let client = self.session.client();
        let rows = client.query("SELECT nspname::text FROM pg_namespace WHERE nspname !~ '^pg_'").await;
        let names: Vec<String> =
            rows.unwrap_or_default().iter().filter_map(|row| row.text(0).map(str::to_owned)).collect();
        for name in names.iter().filter(|name| is_left_over(name)) {
            let key = lock_key(name);
            let free = client.query(&format!("SELECT pg_try_advisory_lock({key})::text")).await;
            if free.is_ok_and(|rows| rows.first().and_then(|row| row.text(0)) == Some("true")) {
                let drop = format!("DROP SCHEMA IF EXISTS {} CASCADE", quoted_name(Dialect::Postgres, name));
                let _ = client.batch_execute(&format!("{drop}; SELECT pg_advisory_unlock({key})")).await;
            }
        }
        names
    }

    pub(in crate::database) async fn drop(mut self) -> Result<(), Failure> {
        let sql = format!("DROP SCHEMA IF EXISTS {} CASCADE", quoted_name(Dialect::Postgres, &self.name));
        let dropped = self.session.client().batch_execute(&sql).await;
        dropped.map_err(|driver| Error::Driver { doing: "the scratch schema cannot be dropped", driver }.into())
    }
}

/// The advisory lock of a scratch schema.
fn lock_key(name: &str) -> String {
    format!("hashtextextended({}, 0)", text_literal(Dialect::Postgres, name))
}

async fn likeness(db: &mut dyn LiveConnection) -> Result<Likeness, DriverError> {
    let rows = db.query(LOCALE).await?;
    let text = |column| rows.first().and_then(|row| row.text(column)).map(str::to_owned);
    let pair = |row: &migrate_runtime::Row| Some((row.text(0)?.to_owned(), row.text(1)?.to_owned()));
    let extensions = db.query(EXTENSIONS).await?.iter().filter_map(pair).collect();
    Ok(Likeness { locale: text(0).unwrap_or_default(), search_path: text(1), schema: text(2), extensions })
}

fn cannot_look(driver: DriverError) -> Failure {
    Error::Driver { doing: "the scratch database cannot be made like the one that is meant", driver }.into()
}
