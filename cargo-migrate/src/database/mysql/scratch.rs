//! A scratch database on a MySQL or MariaDB server.

use migrate_runtime::cli::Failure;
use migrate_runtime::{Error, LiveConnection, quoted_name};
use mysql_async::{Conn, OptsBuilder};

use super::{Config, Maintenance};
use crate::database::scratch::{is_left_over, refused};

/// The error numbers of a user who may not create a database of this name.
const DENIED: [&str; 2] = ["1044", "1227"];

impl Config {
    /// Makes an empty database, and connects to it as to this one. Gives the names of the databases beside it, too.
    pub(in crate::database) async fn scratch(&self, name: &str) -> Result<(Conn, Maintenance, Vec<String>), Failure> {
        let meant = self.database().to_owned();
        let mut maintenance = Maintenance { name: name.to_owned(), ..self.beside().await? };
        let others = maintenance.sweep().await;
        maintenance.create_like(&meant).await?;
        let opts = OptsBuilder::from_opts(self.opts.clone()).db_name(Some(name)).into();
        match (Self { opts, tls: self.tls.clone() }).connect().await {
            Ok(connection) => Ok((connection, maintenance, others)),
            Err(failure) => {
                let _ = maintenance.drop().await;
                Err(failure)
            }
        }
    }
}

impl Maintenance {
    async fn create_like(&mut self, meant: &str) -> Result<(), Failure> {
        let literal = |text: &str| migrate_plan::text_literal(migrate_plan::Dialect::MariaDb, text);
        let name = quoted_name(self.dialect(), &self.name);
        let defaults = format!(
            "SELECT default_character_set_name, default_collation_name FROM information_schema.schemata WHERE schema_name \
             = {}",
            literal(meant)
        );
        let rows = LiveConnection::query(&mut self.connection, &defaults).await.unwrap_or_default();
        let like = match rows.first().and_then(|row| Some((row.text(0)?, row.text(1)?))) {
            Some((charset, collation)) => format!("CHARACTER SET {charset} COLLATE {collation}"),
            None => "CHARACTER SET utf8mb4".to_owned(),
        };
        // Whoever holds the lock is at work in the database of its name.
        let sql = format!("SELECT GET_LOCK({}, 0)", literal(&self.name));
        let locked = LiveConnection::query(&mut self.connection, &sql).await.map(drop);
        let created = match locked {
            Ok(()) => {
                LiveConnection::batch_execute(&mut self.connection, &format!("CREATE DATABASE {name} {like}")).await
            }
            Err(error) => Err(error),
        };
        match created {
            Ok(()) => Ok(()),
            Err(error) if error.code.as_deref().is_some_and(|code| DENIED.contains(&code)) => {
                let right = "give the user the right: ``GRANT ALL ON `migrate\\_scratch\\_%`.* TO …``, or use a URL of \
                             another server by `--scratch-url`";
                Err(refused(&error.message, right))
            }
            Err(driver) => Err(Error::Driver { doing: "no scratch database can be made", driver }.into()),
        }
    }

    /// Takes away what crashes have left; what fails is left to the next call. Gives the names of all databases.
    async fn sweep(&mut self) -> Vec<String> {
        let rows =
            LiveConnection::query(&mut self.connection, "SELECT schema_name FROM information_schema.schemata").await;
        let names: Vec<String> =
            rows.unwrap_or_default().iter().filter_map(|row| row.text(0).map(str::to_owned)).collect();
        for name in names.iter().filter(|name| is_left_over(name)) {
            let lock = migrate_plan::text_literal(self.dialect(), name);
            let free = LiveConnection::query(&mut self.connection, &format!("SELECT IS_FREE_LOCK({lock})")).await;
            if free.is_ok_and(|rows| rows.first().and_then(|row| row.text(0)) == Some("1")) {
                let sql = format!("DROP DATABASE IF EXISTS {}", quoted_name(self.dialect(), name));
                let _ = LiveConnection::batch_execute(&mut self.connection, &sql).await;
            }
        }
        names
    }
}
