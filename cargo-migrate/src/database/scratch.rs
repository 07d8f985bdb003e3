//! A database that is there for one call: empty at first, like the one that is meant in all that matters to SQL, gone afterwards.
//!
//! SQLite has it in memory, a server under a name that says when it was made. What a crash has left is taken away by the next
//! call that makes one: by its name, when it is old enough and nobody is connected to it.

mod bounds;
mod work;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use migrate_runtime::LiveConnection;
use migrate_runtime::cli::{Failure, Output};

use super::Database;
#[cfg(feature = "mysql")]
use super::mysql;
#[cfg(feature = "postgres")]
use super::postgres;
#[cfg(feature = "sqlite")]
use super::sqlite;
use crate::environment::FoundUrl;
use crate::interrupt::Cancel;
use crate::url::DatabaseUrl;
use bounds::Bounds;
pub(crate) use bounds::may_meet;

/// What every name of a scratch database begins with.
const PREFIX: &str = "migrate_scratch_";

/// How old one must be before another call takes it away.
#[cfg(any(feature = "mysql", feature = "postgres"))]
const OLD: Duration = Duration::from_secs(60 * 60);

/// A scratch database with a connection to it.
pub(crate) struct Scratch {
    database: Database,
    beside: Beside,
    name: String,
    bounds: Bounds,
    /// The statements that make the extensions of the database that is meant, by their names.
    extensions: Vec<(String, String)>,
}

/// What takes it away.
enum Beside {
    /// Nothing: it is gone with its connection.
    #[cfg(feature = "sqlite")]
    Nothing,
    #[cfg(feature = "postgres")]
    Postgres(postgres::Maintenance),
    /// A schema in a database with others, where a role may make no database.
    #[cfg(feature = "postgres")]
    PostgresSchema(postgres::SchemaMaintenance),
    #[cfg(feature = "mysql")]
    MySql(mysql::Maintenance),
}

impl Scratch {
    /// Makes one where the URL leads: on its server, or in memory. What the URL names is looked at and not written. Says where, if
    /// that is wanted.
    async fn create(
        found: &FoundUrl,
        #[cfg_attr(not(any(feature = "mysql", feature = "postgres")), allow(unused_variables))] output: Option<&Output>,
    ) -> Result<Self, Failure> {
        let (url, _) = DatabaseUrl::parse(&found.url, &found.base)?;
        let name = fresh_name();
        let bounds = Bounds { has_server: found.is_for_scratch(), ..Bounds::default() };
        let alone = |database, beside| Self { database, beside, name: name.clone(), bounds, extensions: Vec::new() };
        Ok(match url {
            #[cfg(feature = "sqlite")]
            DatabaseUrl::SqliteFile(_) | DatabaseUrl::SqliteMemory => {
                alone(Database::Sqlite(sqlite::scratch()?), Beside::Nothing)
            }
            #[cfg(feature = "postgres")]
            DatabaseUrl::Postgres(url) => {
                let config = postgres::Config::parse(&url, &found.base)?;
                output.iter().for_each(|output| found.announce_scratch(&config.describe(), output));
                match super::patiently(found, None, || config.scratch(&name)).await? {
                    postgres::Scratch::Database(session, maintenance, extensions) => {
                        let scratch = alone(Database::Postgres(session), Beside::Postgres(maintenance));
                        Self { extensions, ..scratch }
                    }
                    postgres::Scratch::Schema(session, maintenance, others) => {
                        let scratch = alone(Database::Postgres(session), Beside::PostgresSchema(maintenance));
                        Self { bounds: Bounds { others, is_schema: true, ..scratch.bounds }, ..scratch }
                    }
                }
            }
            #[cfg(feature = "mysql")]
            DatabaseUrl::MySql(url) => {
                let config = mysql::Config::parse(&url, &found.base)?;
                output.iter().for_each(|output| found.announce_scratch(&config.describe(), output));
                let (connection, maintenance, others) = super::patiently(found, None, || config.scratch(&name)).await?;
                let scratch = alone(Database::MySql(Box::new(connection)), Beside::MySql(maintenance));
                Self { bounds: Bounds { others, ..scratch.bounds }, ..scratch }
            }
            #[allow(unreachable_patterns)] // With every driver built nothing is left.
            _ => return Err(super::not_built()),
        })
    }

    /// Says what it is called.
    fn announce(&self, output: &Output) {
        match &self.beside {
            #[cfg(feature = "sqlite")]
            Beside::Nothing => {}
            #[cfg(feature = "postgres")]
            Beside::PostgresSchema(_) => {
                output.note(&format!("scratch schema: {}; the role may create no database", self.name));
            }
            #[allow(unreachable_patterns)] // Without a server nothing is left.
            _ => output.note(&format!("scratch database: {}", self.name)),
        }
    }

    /// Whether there can be others of its kind beside it, each with a connection of its own.
    fn has_room_for_others(&self) -> bool {
        match &self.beside {
            #[cfg(feature = "sqlite")]
            Beside::Nothing => false,
            // What belongs to no schema would be there for all of them.
            #[cfg(feature = "postgres")]
            Beside::PostgresSchema(_) => false,
            #[allow(unreachable_patterns)] // Without a server nothing is left.
            _ => true,
        }
    }

    /// How much of it is looked at: of a schema in a database with others, nothing else.
    pub(crate) fn schemas(&self) -> Option<Vec<String>> {
        self.bounds.is_schema.then(Vec::new)
    }

    /// The URL that leads to it, for other programs; a database in memory is written to a file in `folder`.
    pub(crate) fn url_for_others(
        &self,
        found: &FoundUrl,
        #[cfg_attr(not(feature = "sqlite"), allow(unused_variables))] folder: &std::path::Path,
    ) -> Result<String, Failure> {
        match &self.beside {
            #[cfg(feature = "sqlite")]
            Beside::Nothing => {
                let file = folder.join("scratch.db");
                #[allow(irrefutable_let_patterns)] // Without other drivers nothing else is left.
                let Database::Sqlite(connection) = &self.database else { return Err(super::not_built()) };
                sqlite::write_to(connection, &file)?;
                Ok(format!("sqlite://{}", file.display()))
            }
            #[cfg(feature = "postgres")]
            Beside::PostgresSchema(_) => Err(refused(
                "the role may create schemas alone",
                "give the role the right: `ALTER ROLE … CREATEDB`, or a server by `--scratch-url`",
            )),
            #[allow(unreachable_patterns)] // Without a server nothing is left.
            _ => Ok(with_database(&found.url, &self.name)),
        }
    }

    /// The connection as the engine takes it.
    pub(crate) fn live(&mut self) -> &mut dyn LiveConnection {
        self.database.live()
    }

    /// What cancels a statement that the connection runs.
    fn cancel(&self) -> Cancel {
        self.database.cancel()
    }

    /// Takes it away. What cannot be taken away is said, and left to a later call.
    async fn remove(self, output: &Output) {
        let Self { database, beside, .. } = self;
        drop(database);
        let removed: Result<(), Failure> = match beside {
            #[cfg(feature = "sqlite")]
            Beside::Nothing => Ok(()),
            #[cfg(feature = "postgres")]
            Beside::Postgres(mut maintenance) => maintenance.drop(super::Others::Ended).await.map(drop),
            #[cfg(feature = "postgres")]
            Beside::PostgresSchema(maintenance) => maintenance.drop().await,
            #[cfg(feature = "mysql")]
            Beside::MySql(mut maintenance) => maintenance.drop().await.map(drop),
        };
        if let Err(failure) = removed {
            let words = failure.diagnostics.first().map(|problem| problem.message.clone()).unwrap_or_default();
            output.warn(&format!("the scratch database stays, and a later call removes it: {words}"));
        }
    }
}

/// A server's URL with another database. The name needs no encoding.
fn with_database(url: &str, name: &str) -> String {
    let authority = url.find("://").map_or(0, |at| at + 3);
    let (before, query) = url.split_once('?').map_or((url, String::new()), |(url, query)| (url, format!("?{query}")));
    let end = before[authority.min(before.len())..].find('/').map_or(before.len(), |at| authority + at);
    format!("{}/{name}{query}", &before[..end])
}

/// A name that says when it was made.
fn fresh_name() -> String {
    let mut random = [0; 6];
    // Two calls of one second would share a name without it, and the second one be refused.
    let _ = getrandom::fill(&mut random);
    let random: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{PREFIX}{}_{random}", now().as_secs())
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Whether a name is that of a scratch database that is old enough to be taken away.
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub(super) fn is_left_over(name: &str) -> bool {
    let made = name.strip_prefix(PREFIX).and_then(|rest| rest.split_once('_')).filter(|(_, random)| random.len() == 12);
    let made = made.and_then(|(seconds, _)| seconds.parse().ok()).map(Duration::from_secs);
    made.is_some_and(|made| now().saturating_sub(made) > OLD)
}

/// Says what is missing to make one.
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub(super) fn refused(words: &str, right: &str) -> Failure {
    migrate_plan::Diagnostic::new(
        migrate_plan::Code::NoScratch,
        format!("no scratch database can be made: {words}"),
        right,
    )
    .because("what the revisions make is looked at in a database of its own, so that yours is not written")
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_leads_to_another_database() {
        for (url, other) in [
            ("postgres://u:p%2F@h:5432/app?sslmode=require", "postgres://u:p%2F@h:5432/x?sslmode=require"),
            ("mysql://u@h1,h2/app", "mysql://u@h1,h2/x"),
            ("postgres://h", "postgres://h/x"),
        ] {
            assert_eq!(with_database(url, "x"), other);
        }
    }

    #[test]
    fn only_old_databases_of_our_own_are_taken_away() {
        let fresh = fresh_name();
        assert!(!is_left_over(&fresh), "{fresh}");
        assert!(is_left_over("migrate_scratch_1700000000_0123456789ab"));
        for other in
            ["migrate_scratch_1700000000", "migrate_scratch_x_0123456789ab", "app", "migrate_scratch_1700000000_0123"]
        {
            assert!(!is_left_over(other), "{other}");
        }
    }
}
