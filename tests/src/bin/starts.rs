//! A service that does nothing but start: `starts <url>` with the revisions of the folder `migrations`.
//!
//! Prints its readiness, and ends with 0 when it is ready, with 3 when it is not, and with 1 when it may not start.

use std::path::Path;
use std::process::ExitCode;

use migrate_runtime::plan::Settings;
use migrate_runtime::{Migrations, Readiness, RunError, on_startup};

fn main() -> ExitCode {
    let url = std::env::args().nth(1).expect("a URL");
    let migrations =
        Migrations::from_folder(Path::new("migrations"), Settings::DEFAULT).expect("a folder of revisions");
    match start(&migrations, &url) {
        Ok(readiness) => {
            println!("{readiness}");
            ExitCode::from(if readiness.is_ready() { 0 } else { 3 })
        }
        Err(error) => {
            error.error.diagnostics().iter().for_each(|diagnostic| eprintln!("{diagnostic}"));
            ExitCode::FAILURE
        }
    }
}

fn start(migrations: &Migrations, url: &str) -> Result<Readiness, RunError> {
    match url.split_once("://") {
        Some(("sqlite", path)) => on_startup(migrations, &mut rusqlite::Connection::open(path).expect("it opens")),
        Some(("postgres", _)) => {
            on_startup(migrations, &mut postgres::Client::connect(url, postgres::NoTls).expect("it connects"))
        }
        _ => on_startup(migrations, &mut mysql::Conn::new(url).expect("it connects")),
    }
}
