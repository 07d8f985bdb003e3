//! A project and a database of refinery's, on each engine.

use migrate_runtime::plan::Settings;
use migrate_runtime::{Migrations, REFINERY_TABLE, RunError, RunReport};
use migrate_tests::command::{Ran, Sandbox};
use migrate_tests::suite::{mariadb_or_skip, postgres_or_skip};
use migrate_tests::{mariadb, postgres};
use mysql::prelude::Queryable;
use refinery::{Migration, Runner};

/// Two migrations that change tables, and one that fills them.
pub(crate) const SHOP: [(&str, &str); 3] = [
    ("V1__create_items", "CREATE TABLE items (id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL);\n"),
    ("V2__add_price", "-- in cents\nALTER TABLE items ADD COLUMN price INTEGER;\n"),
    ("V10__first_item", "INSERT INTO items (id, name, price) VALUES (1, 'it''s -- a pen', 120);\n"),
];

enum Server {
    Sqlite,
    Postgres(postgres::Database),
    MariaDb(mariadb::Database),
}

/// A folder with files of refinery's, and a database beside it.
pub(crate) struct Place {
    pub(crate) sandbox: Sandbox,
    server: Server,
}

/// What a run of refinery's is told.
pub(crate) type Told = fn(&mut Runner);

pub(crate) fn as_it_is(_: &mut Runner) {}

impl Place {
    pub(crate) fn on_sqlite() -> Self {
        Self { sandbox: Sandbox::new(), server: Server::Sqlite }
    }

    pub(crate) fn on_postgres() -> Option<Self> {
        postgres_or_skip().map(|database| Self { sandbox: Sandbox::new(), server: Server::Postgres(database) })
    }

    pub(crate) fn on_mariadb() -> Option<Self> {
        mariadb_or_skip().map(|database| Self { sandbox: Sandbox::new(), server: Server::MariaDb(database) })
    }

    /// One on every engine that is installed.
    pub(crate) fn everywhere() -> Vec<Self> {
        [Some(Self::on_sqlite()), Self::on_postgres(), Self::on_mariadb()].into_iter().flatten().collect()
    }

    pub(crate) fn engine(&self) -> &'static str {
        match self.server {
            Server::Sqlite => "sqlite",
            Server::Postgres(_) => "postgres",
            Server::MariaDb(_) => "mariadb",
        }
    }

    pub(crate) fn url(&self) -> String {
        match &self.server {
            Server::Sqlite => format!("sqlite://{}", self.file().display()),
            Server::Postgres(database) => database.url(),
            Server::MariaDb(database) => database.url(),
        }
    }

    fn file(&self) -> std::path::PathBuf {
        self.sandbox.path().join("app.db")
    }

    /// Writes the files of a project.
    pub(crate) fn with_files(self, files: &[(&str, &str)]) -> Self {
        files.iter().for_each(|(stem, sql)| self.sandbox.write(&format!("migrations/{stem}.sql"), sql));
        self
    }

    /// Lets refinery apply these migrations.
    pub(crate) fn run_by_refinery(&self, files: &[(&str, &str)], told: Told) -> Result<(), refinery::Error> {
        let read = |(stem, sql): &(&str, &str)| Migration::unapplied(stem, sql).expect("refinery takes the name");
        let mut runner = Runner::new(&files.iter().map(read).collect::<Vec<_>>());
        told(&mut runner);
        match &self.server {
            Server::Sqlite => runner.run(&mut rusqlite::Connection::open(self.file()).expect("a file")).map(drop),
            Server::Postgres(database) => runner.run(&mut postgres_client(database)).map(drop),
            Server::MariaDb(database) => runner.run(&mut mariadb_connection(database)).map(drop),
        }
    }

    /// A project whose migrations refinery has applied.
    pub(crate) fn applied(self, files: &[(&str, &str)]) -> Self {
        let place = self.with_files(files);
        place.run_by_refinery(files, as_it_is).expect("refinery applies its migrations");
        place
    }

    /// Runs statements, or asks one query: rows with `|` between their columns.
    pub(crate) fn sql(&self, sql: &str) -> String {
        match &self.server {
            Server::Sqlite => on_sqlite(&self.file(), sql),
            Server::Postgres(database) => database.psql(sql).expect(sql),
            Server::MariaDb(database) => database.sql(sql).expect(sql),
        }
    }

    /// `cargo migrate` with the database.
    pub(crate) fn migrate(&self, arguments: &[&str]) -> Ran {
        self.sandbox.migrate(&[arguments, &["--database-url", &self.url()]].concat())
    }

    pub(crate) fn adopt(&self, more: &[&str]) -> Ran {
        self.migrate(&[&["adopt", "refinery"], more].concat())
    }

    /// Takes over, which must succeed.
    pub(crate) fn adopted(&self, more: &[&str]) -> String {
        let ran = self.adopt(more);
        assert_eq!(ran.code, 0, "{}: {}", self.engine(), ran.transcript());
        ran.stdout
    }

    /// Files and tables as they are: what a refusal must not change.
    pub(crate) fn picture(&self) -> String {
        let mut picture = String::new();
        for name in self.sandbox.list("migrations") {
            let text = std::fs::read(self.sandbox.path().join("migrations").join(&name)).unwrap_or_default();
            picture.push_str(&format!("{name}: {text:?}\n"));
        }
        picture + &self.tables()
    }

    pub(crate) fn tables(&self) -> String {
        self.sql(match self.server {
            Server::Sqlite => {
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY 1"
            }
            Server::Postgres(_) => "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1",
            Server::MariaDb(_) => {
                "SELECT table_name FROM information_schema.tables WHERE table_schema = database() ORDER BY 1"
            }
        })
    }

    pub(crate) fn refinerys_table(&self) -> String {
        self.sql(&format!("SELECT version, name, applied_on, checksum FROM {REFINERY_TABLE} ORDER BY version"))
    }

    /// The revisions of the folder as a program embeds them.
    pub(crate) fn embedded(&self) -> Migrations {
        let folder = self.sandbox.path().join("migrations");
        Migrations::from_folder(&folder, Settings::DEFAULT).expect("revisions").with_application("shop 2.0.0")
    }

    /// A program starts that takes over.
    pub(crate) fn start(&self, migrations: &Migrations) -> Result<RunReport, RunError> {
        let run = migrations.migrator().adopt_refinery(REFINERY_TABLE);
        match &self.server {
            Server::Sqlite => run.run(&mut rusqlite::Connection::open(self.file()).expect("a file")),
            Server::Postgres(database) => run.run(&mut postgres_client(database)),
            Server::MariaDb(database) => run.run(&mut mariadb_connection(database)),
        }
    }
}

fn postgres_client(database: &postgres::Database) -> ::postgres::Client {
    ::postgres::Client::connect(&database.url(), ::postgres::NoTls).expect("a connection")
}

fn mariadb_connection(database: &mariadb::Database) -> mysql::Conn {
    let mut connection = mysql::Conn::new(database.url().as_str()).expect("a connection");
    connection.query_drop("SELECT 1").expect("it answers");
    connection
}

fn on_sqlite(file: &std::path::Path, sql: &str) -> String {
    let db = rusqlite::Connection::open(file).expect("a file");
    let mut statement = db.prepare(sql).expect(sql);
    let (columns, mut rows) = (statement.column_count(), Vec::new());
    let mut found = statement.query([]).expect(sql);
    while let Some(row) = found.next().expect(sql) {
        let cell = |column| match row.get_ref(column).expect("a column") {
            rusqlite::types::ValueRef::Null => "NULL".to_owned(),
            rusqlite::types::ValueRef::Integer(number) => number.to_string(),
            rusqlite::types::ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
            other => format!("{other:?}"),
        };
        rows.push((0..columns).map(cell).collect::<Vec<_>>().join("|"));
    }
    rows.join("\n")
}
