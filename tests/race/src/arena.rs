//! Where the race is run: a SQLite file on the disk, or a private PostgreSQL server, with `fsync` or without.

use migrate_tests::postgres::{Database, Server};
use tempfile::TempDir;

use crate::Only;

/// Whether what is committed has reached the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fsync {
    Off,
    On,
}

impl Fsync {
    fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::On => "on",
        }
    }
}

/// An engine with its settings.
pub(crate) enum Arena {
    Sqlite(Fsync),
    Postgres(Box<Server>, Fsync),
}

impl Arena {
    /// Those that take part, one after the other.
    pub(crate) fn all(fsync: Fsync, only: &Only) -> impl Iterator<Item = Self> {
        let engines = ["sqlite", "postgres"].into_iter().filter(|engine| engine.contains(&only.engine));
        engines.map(move |engine| if engine == "sqlite" { Self::Sqlite(fsync) } else { Self::postgres(fsync) })
    }

    /// Starts a server.
    fn postgres(fsync: Fsync) -> Self {
        let server = Server::start().expect("the server starts");
        for setting in ["fsync", "full_page_writes"] {
            let set = format!("ALTER SYSTEM SET {setting} = {};", fsync.word());
            server.psql("postgres", &set).expect("the superuser may set it");
        }
        server.restart().expect("the server starts again");
        Self::Postgres(Box::new(server), fsync)
    }

    /// The process that starts the server's sessions.
    pub(crate) fn server_pid(&self) -> Option<u32> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(server, _) => server.pid(),
        }
    }

    pub(crate) fn title(&self) -> String {
        match self {
            Self::Sqlite(fsync) => format!("SQLite file, fsync {}", fsync.word()),
            Self::Postgres(_, fsync) => format!("PostgreSQL, fsync {}", fsync.word()),
        }
    }

    /// An empty database.
    pub(crate) fn place(&self) -> Place {
        match self {
            Self::Sqlite(fsync) => Place::Sqlite(TempDir::new().expect("the system gives a temporary folder"), *fsync),
            Self::Postgres(server, _) => Place::Postgres(server.create_database()),
        }
    }
}

/// A database of one contestant.
pub(crate) enum Place {
    Sqlite(TempDir, Fsync),
    Postgres(Database),
}

impl Place {
    /// The path of the file, or the URL.
    pub(crate) fn address(&self) -> String {
        match self {
            Self::Sqlite(folder, _) => folder.path().join("race.db").to_string_lossy().into_owned(),
            Self::Postgres(database) => database.url(),
        }
    }

    /// What a connection asks first, as an application would that wants a row: SQLite then reads the whole schema.
    /// Everything else, such as the journal, is as SQLite has it.
    pub(crate) fn greeting(&self) -> &'static str {
        match self {
            Self::Sqlite(_, Fsync::Off) => "PRAGMA synchronous = OFF; SELECT name FROM sqlite_schema LIMIT 1",
            Self::Sqlite(_, Fsync::On) => "PRAGMA synchronous = FULL; SELECT name FROM sqlite_schema LIMIT 1",
            Self::Postgres(_) => "SELECT 1",
        }
    }

    /// How many tables of the revisions are there.
    pub(crate) fn tables(&self) -> usize {
        let count = match self {
            Self::Sqlite(..) => {
                let db = rusqlite::Connection::open(self.address()).expect("the file opens");
                let count = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name LIKE 't\\_%' ESCAPE '\\'";
                db.query_row(count, [], |row| row.get::<_, i64>(0)).expect("the tables are counted").to_string()
            }
            Self::Postgres(database) => database
                .psql("SELECT count(*) FROM pg_tables WHERE tablename LIKE 't\\_%'")
                .expect("the tables are counted"),
        };
        count.trim().parse().expect("a number")
    }

    pub(crate) fn discard(self) {
        if let Self::Postgres(database) = self {
            database.discard().expect("nobody keeps the database");
        }
    }
}
