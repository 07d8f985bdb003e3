//! A folder of revisions with a fresh database of one engine.

use migrate_tests::command::{Ran, Sandbox};
use migrate_tests::suite::{mariadb_or_skip, postgres_or_skip};
use migrate_tests::{mariadb, postgres};

/// Three revisions that every engine takes; the last two lose data when they go.
pub(crate) const REVISIONS: [(&str, &str); 3] = [
    (
        "001_users.sql",
        "-- revision: 001\n-- parents: none\n\n-- migrate: up\nCREATE TABLE users (id INTEGER PRIMARY KEY);\n\n-- migrate: down\nDROP TABLE users;\n",
    ),
    (
        "002_bio.sql",
        "-- revision: 002\n-- parents: 001\n\n-- migrate: up\nALTER TABLE users ADD COLUMN bio TEXT;\n\n-- migrate: down\nALTER TABLE users DROP COLUMN bio;\n",
    ),
    (
        "003_seen.sql",
        "-- revision: 003\n-- parents: 002\n\n-- migrate: up\nCREATE VIEW seen AS SELECT id FROM users;\n\n-- migrate: down\nDROP VIEW seen;\n",
    ),
];

enum Engine {
    Sqlite,
    Postgres(postgres::Database),
    MariaDb(mariadb::Database),
}

/// A folder with a database.
pub(crate) struct Site {
    pub(crate) sandbox: Sandbox,
    engine: Engine,
}

/// Does the same on each engine that is here, with these revisions.
pub(crate) fn on_every_engine(revisions: &[(&str, &str)], case: impl Fn(&Site)) {
    let engines =
        [Some(Engine::Sqlite), postgres_or_skip().map(Engine::Postgres), mariadb_or_skip().map(Engine::MariaDb)];
    for engine in engines.into_iter().flatten() {
        // One snapshot for all: what is shown does not depend on the engine.
        insta::allow_duplicates! { case(&Site { sandbox: Sandbox::with_revisions(revisions), engine }) };
    }
}

impl Site {
    /// The URL of the database.
    pub(crate) fn url(&self) -> String {
        match &self.engine {
            Engine::Sqlite => format!("sqlite://{}", self.sandbox.path().join("app.db").display()),
            Engine::Postgres(database) => database.url(),
            Engine::MariaDb(database) => database.url(),
        }
    }

    /// Another way to write the same URL.
    pub(crate) fn same_url(&self) -> String {
        match &self.engine {
            Engine::Sqlite => "sqlite://migrations/../app.db?mode=rwc".to_owned(),
            Engine::Postgres(database) => {
                database.url().replace("postgres://", "postgresql://").replace("127.0.0.1", "localhost")
            }
            Engine::MariaDb(database) => {
                database.url().replace("mysql://", "mariadb://").replace("127.0.0.1", "localhost")
            }
        }
    }

    /// Calls `cargo migrate` on the database, by its URL.
    pub(crate) fn call(&self, arguments: &[&str]) -> Ran {
        self.sandbox.migrate(&[arguments, &["--database-url", &self.url()]].concat())
    }

    /// [`Site::call`], which must succeed.
    pub(crate) fn must(&self, arguments: &[&str]) -> Ran {
        let ran = self.call(arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {ran:?}");
        ran
    }

    /// The first column of what a query gives, a line a row, read by the engine's own client or library.
    pub(crate) fn query(&self, sql: &str) -> String {
        match &self.engine {
            Engine::Sqlite => {
                let db = rusqlite::Connection::open(self.sandbox.path().join("app.db")).expect("it opens");
                let mut statement = db.prepare(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
                let rows = statement.query_map([], |row| row.get::<_, rusqlite::types::Value>(0)).expect("it runs");
                let text = |value| match value {
                    rusqlite::types::Value::Text(text) => text,
                    rusqlite::types::Value::Integer(number) => number.to_string(),
                    other => format!("{other:?}"),
                };
                rows.map(|row| text(row.expect("a row"))).collect::<Vec<_>>().join("\n")
            }
            Engine::Postgres(database) => {
                database.psql(sql).unwrap_or_else(|error| panic!("{sql}: {error}")).trim().to_owned()
            }
            Engine::MariaDb(database) => {
                database.sql(sql).unwrap_or_else(|error| panic!("{sql}: {error}")).trim().to_owned()
            }
        }
    }

    /// Runs a statement, past the real binary.
    pub(crate) fn execute(&self, sql: &str) {
        match &self.engine {
            Engine::Sqlite => {
                let db = rusqlite::Connection::open(self.sandbox.path().join("app.db")).expect("it opens");
                db.execute_batch(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
            }
            Engine::Postgres(_) | Engine::MariaDb(_) => drop(self.query(sql)),
        }
    }

    /// The whole database as text, by the engine's own client.
    pub(crate) fn dump(&self) -> String {
        let url = self.url();
        let port = url.rsplit_once(':').and_then(|(_, rest)| rest.split_once('/')).unwrap_or_default();
        let text = match &self.engine {
            Engine::Sqlite => self.sandbox.run("sqlite3", &["app.db", ".dump"]),
            Engine::Postgres(_) => self.sandbox.run("pg_dump", &[&url]),
            Engine::MariaDb(_) => {
                let arguments =
                    ["--host=127.0.0.1", "--user=root", "--protocol=tcp", "--skip-dump-date", "--port", port.0, port.1];
                self.sandbox.run("mariadb-dump", &arguments)
            }
        };
        assert_eq!(text.code, 0, "{text:?}");
        // Newer versions begin and end with a word made of chance.
        text.stdout.lines().filter(|line| !line.contains("restrict ")).collect::<Vec<_>>().join("\n")
    }

    /// A URL of the database for a login that has to show this password.
    pub(crate) fn url_with_password(&self) -> Option<(String, &'static str)> {
        match &self.engine {
            Engine::Sqlite => None,
            Engine::Postgres(database) => {
                let (login, name) = (postgres::APP_LOGIN, database.name());
                self.query(&format!("GRANT ALL ON DATABASE {name} TO {login}; GRANT ALL ON SCHEMA public TO {login}"));
                Some((database.login_url(login, postgres::APP_PASSWORD), postgres::APP_PASSWORD))
            }
            Engine::MariaDb(database) => {
                let login = mariadb::APP_LOGIN;
                self.query(&format!("GRANT ALL ON {}.* TO {login}", database.name()));
                Some((database.login_url(login, mariadb::APP_PASSWORD), mariadb::APP_PASSWORD))
            }
        }
    }

    /// A session of somebody else, in the middle of something, that lasts as long as this value.
    pub(crate) fn session(&self) -> Box<dyn std::any::Any> {
        match &self.engine {
            Engine::Sqlite => {
                let db = rusqlite::Connection::open(self.sandbox.path().join("app.db")).expect("it opens");
                db.execute_batch("BEGIN; SELECT count(*) FROM users").expect("it reads");
                Box::new(db)
            }
            Engine::Postgres(database) => {
                Box::new(::postgres::Client::connect(&database.url(), ::postgres::NoTls).expect("it connects"))
            }
            Engine::MariaDb(database) => {
                let mut session = mysql::Conn::new(&*database.url()).expect("it connects");
                mysql::prelude::Queryable::query_drop(&mut session, "BEGIN").expect("it begins");
                mysql::prelude::Queryable::query_drop(&mut session, "SELECT count(*) FROM users").expect("it reads");
                Box::new(session)
            }
        }
    }

    /// The engine's name.
    pub(crate) fn dialect(&self) -> &'static str {
        match &self.engine {
            Engine::Sqlite => "sqlite",
            Engine::Postgres(_) => "postgres",
            Engine::MariaDb(_) => "mariadb",
        }
    }

    /// The applied heads.
    pub(crate) fn current(&self) -> String {
        let ran = self.must(&["current", "--format", "json"]);
        let heads = ran.json()["current"].as_array().expect("a list").clone();
        heads.iter().filter_map(|head| head["revision"].as_str().map(str::to_owned)).collect::<Vec<_>>().join(" ")
    }

    /// What was printed, with what differs from engine to engine and run to run left out.
    pub(crate) fn shown(&self, text: &str) -> String {
        let mut shown = String::new();
        for line in text.lines() {
            let line = match (line.find("target: "), line.find(" (from ")) {
                (Some(at), Some(origin)) => format!("{}target: [DATABASE]{}", &line[..at], &line[origin..]),
                _ => line.to_owned(),
            };
            let line = match (line.rfind(" ("), line.ends_with(" ms)")) {
                (Some(at), true) => format!("{} ([..] ms)", &line[..at]),
                _ => line,
            };
            shown.push_str(&line);
            shown.push('\n');
        }
        shown
    }
}
