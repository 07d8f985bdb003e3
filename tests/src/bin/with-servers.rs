//! Runs a command while private servers run; `MIGRATE_POSTGRES_URL` and `MIGRATE_MYSQL_URL` are fresh databases of theirs.

use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let Some(program) = arguments.next() else {
        eprintln!("give the command to run");
        return ExitCode::from(2);
    };
    let mut command = Command::new(program);
    command.args(arguments);
    if let Some(server) = migrate_tests::postgres::engine_or_skip("postgres") {
        command.env("MIGRATE_POSTGRES_URL", server.create_database().url());
    }
    if let Some(server) = migrate_tests::mariadb::engine_or_skip("mariadb") {
        command.env("MIGRATE_MYSQL_URL", server.create_database().url());
    }
    match command.status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{}: {error}", command.get_program().display());
            ExitCode::FAILURE
        }
    }
}
