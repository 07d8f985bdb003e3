//! `cargo migrate`: writes revisions, checks their graph, and operates databases.
//!
//! The flow: [`arguments`] reads the command line, [`project`] finds the revision files and their configuration,
//! [`database`] the database; each verb is a file of [`command`]. The verbs that operate databases are those of
//! `migrate_runtime::cli`, the same that applications carry.

#[cfg(not(any(feature = "sqlite", feature = "postgres", feature = "mysql")))]
compile_error!("enable a database: the features are `sqlite`, `postgres` and `mysql`, and all of them are the default");

mod arguments;
mod backup;
mod command;
mod database;
mod environment;
mod files;
mod interrupt;
mod project;
mod subject;
mod url;

use std::process::ExitCode;

fn main() -> ExitCode {
    match arguments::parse(std::env::args_os()) {
        Ok(arguments) => command::run(&arguments),
        Err(exit) => exit,
    }
}
