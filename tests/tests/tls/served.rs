//! Private servers with TLS, of each engine that this machine has, and a database on each.

use std::path::{Path, PathBuf};

use migrate_tests::command::{Ran, Sandbox};
use migrate_tests::{mariadb, postgres};

use crate::certificates::{Authority, Pair};

/// What a call is to say of a server that is reached.
pub(crate) const NOW_AT: &str = "now at 001\n";

/// The revision writes down what the server sees of the connection that it runs on.
const POSTGRES_REVISION: &str = "-- revision: 001\n-- parents: none\n\n-- migrate: up\nCREATE TABLE seen AS SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid();\n\n-- migrate: down\nDROP TABLE seen;\n";
const MARIADB_REVISION: &str = "-- revision: 001\n-- parents: none\n\n-- migrate: up\nCREATE TABLE seen AS SELECT variable_value <> '' AS ssl_in_use FROM information_schema.session_status WHERE variable_name = 'Ssl_version';\n\n-- migrate: down\nDROP TABLE seen;\n";

/// A server, its own or the shared one, with a database of its own.
pub(crate) enum Served {
    Postgres(Option<postgres::Server>, postgres::Database),
    MariaDb(Option<mariadb::Server>, mariadb::Database),
}

/// An authority and a server of each engine with a certificate of it.
pub(crate) struct World {
    pub(crate) authority: Authority,
    pub(crate) servers: Vec<Served>,
}

impl World {
    /// Starts servers whose certificate is for these hosts.
    pub(crate) fn start(hosts: &[&str]) -> Self {
        let authority = Authority::new("an authority of tests");
        let start = |served: &Served| {
            // Each server makes the key its own.
            let Pair { certificate, key } = authority.sign(served.name(), hosts);
            match served {
                Served::Postgres(..) => {
                    let server = postgres::Server::start_with_tls(&certificate, &key, &authority.file());
                    let server = server.expect("a server");
                    let database = server.create_database();
                    Served::Postgres(Some(server), database)
                }
                Served::MariaDb(..) => {
                    let server = mariadb::Server::start_with_tls(&certificate, &key, &authority.file());
                    let server = server.expect("a server");
                    let database = server.create_database();
                    Served::MariaDb(Some(server), database)
                }
            }
        };
        let servers = plain().iter().map(start).collect();
        Self { authority, servers }
    }

    /// The parameter that names the authority.
    pub(crate) fn root(&self) -> String {
        root(&self.authority.file())
    }
}

/// The parameter that names a file of root certificates.
pub(crate) fn root(file: &Path) -> String {
    format!("sslrootcert={}", file.display())
}

/// A fresh database on the shared server of each engine; these know no TLS.
pub(crate) fn plain() -> Vec<Served> {
    let postgres = postgres::engine_or_skip("postgres").map(|server| Served::Postgres(None, server.create_database()));
    let mariadb = mariadb::engine_or_skip("mariadb").map(|server| Served::MariaDb(None, server.create_database()));
    postgres.into_iter().chain(mariadb).collect()
}

impl Served {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Postgres(..) => "postgres",
            Self::MariaDb(..) => "mariadb",
        }
    }

    /// The URL over TCP, by a host.
    pub(crate) fn url(&self, host: &str, query: &str) -> String {
        let url = match self {
            Self::Postgres(_, database) => database.url(),
            Self::MariaDb(_, database) => database.url(),
        };
        format!("{}?{query}", url.replace("127.0.0.1", host))
    }

    /// The URL over the server's socket.
    pub(crate) fn socket_url(&self, query: &str) -> String {
        match self {
            Self::Postgres(_, database) => format!("{}?{query}", database.socket_url()),
            Self::MariaDb(_, database) => format!("{}&{query}", database.socket_url()),
        }
    }

    /// Asks the server, beside what is tested.
    pub(crate) fn ask(&self, sql: &str) -> String {
        match self {
            Self::Postgres(_, database) => database.psql(sql),
            Self::MariaDb(_, database) => database.sql(sql),
        }
        .unwrap_or_else(|problem| panic!("{sql}: {problem}"))
    }

    /// Makes a server with TLS refuse connections without.
    pub(crate) fn demand_tls(&self) {
        match self {
            Self::Postgres(..) => self.admit("hostssl all all 127.0.0.1/32 trust"),
            Self::MariaDb(..) => drop(self.ask("SET GLOBAL require_secure_transport = ON")),
        }
    }

    /// Makes PostgreSQL admit, over TCP, who fits this line alone.
    pub(crate) fn admit(&self, line: &str) {
        let Self::Postgres(Some(server), _) = self else { panic!("it has no such lines, or is not ours to change") };
        let file = server.socket_dir().join("data/pg_hba.conf");
        std::fs::write(file, format!("local all all trust\n{line}\n")).expect("the server's file");
        server.restart().expect("it comes back");
    }

    /// A folder with the revision.
    pub(crate) fn sandbox(&self) -> Sandbox {
        let revision = if matches!(self, Self::Postgres(..)) { POSTGRES_REVISION } else { MARIADB_REVISION };
        Sandbox::with_revisions(&[("001_seen.sql", revision)])
    }

    /// Upgrades over a URL.
    pub(crate) fn upgrade(&self, url: &str, variables: &[(&str, PathBuf)]) -> Ran {
        let sandbox = self.sandbox();
        let mut command = sandbox.command(&["--database-url", url, "upgrade"]);
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        command.output().expect("cargo-migrate runs").into()
    }

    /// Upgrades over a URL, which must succeed, gives whether the server saw TLS, and undoes all again.
    pub(crate) fn is_encrypted(&self, url: &str, variables: &[(&str, PathBuf)]) -> bool {
        let ran = self.upgrade(url, variables);
        assert!(ran.code == 0 && ran.stdout.ends_with(NOW_AT), "{} {url}: {ran:?}", self.name());
        let seen = self.ask("SELECT * FROM seen");
        self.ask("DROP TABLE seen");
        self.ask("DELETE FROM migrate_history");
        assert!(["t", "f", "1", "0"].contains(&&*seen), "{seen}");
        ["t", "1"].contains(&&*seen)
    }

    /// What is said when an upgrade over a URL is refused, with what differs between runs left out.
    pub(crate) fn refusal(&self, url: &str, variables: &[(&str, PathBuf)], folder: &Path) -> String {
        let ran = self.upgrade(url, variables);
        assert!(ran.code != 0 && ran.stdout.is_empty(), "{} {url}: {ran:?}", self.name());
        let said = ran.stderr.lines().filter(|line| !line.starts_with("target: "));
        let said: Vec<String> = said.map(|line| line.replace(&*folder.to_string_lossy(), "[FOLDER]")).collect();
        format!("{}\nexit {}", said.join("\n"), ran.code)
    }
}
