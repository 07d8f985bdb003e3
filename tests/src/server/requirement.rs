//! Decides whether a missing engine skips a test or fails it.

use std::collections::BTreeSet;
use std::env;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

const REQUIRE: &str = "MIGRATE_TEST_REQUIRE";

static TOLD: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Says on stderr, once per process and engine, that tests are skipped for want of an engine's
/// server; `package` is the Debian package that brings it.
///
/// # Panics
///
/// When the environment variable `MIGRATE_TEST_REQUIRE` lists the engine.
pub fn missing_engine(engine: &str, package: &str) {
    let text = text(engine, package);
    if is_required(engine) {
        panic!("{text}; {REQUIRE} asks for it: apt-get install {package}");
    }
    skipped(&text);
}

/// Whether the environment variable `MIGRATE_TEST_REQUIRE` lists the engine.
pub(crate) fn is_required(engine: &str) -> bool {
    lists(env::var(REQUIRE).ok().as_deref(), engine)
}

/// Says on stderr, once per process and text, that tests are skipped.
pub(crate) fn skipped(text: &str) {
    let first = TOLD.lock().unwrap_or_else(PoisonError::into_inner).insert(text.to_owned());
    if first {
        // The test harness captures what eprintln! writes, and nobody would see it.
        let _ = writeln!(io::stderr(), "skipped: {text}");
    }
}

fn text(engine: &str, package: &str) -> String {
    format!("{engine}: no server binaries found (install the package {package}, or put the server's folder on PATH)")
}

fn lists(required: Option<&str>, engine: &str) -> bool {
    required.is_some_and(|list| list.split(',').any(|word| word.trim() == engine))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_words_of_the_list_count() {
        assert!(lists(Some("mysql, postgres"), "postgres"));
        assert!(!lists(Some("postgresql"), "postgres"));
        assert!(!lists(Some(""), "postgres"));
        assert!(!lists(None, "postgres"));
    }

    #[test]
    fn the_text_names_the_package() {
        assert!(text("postgres", "postgresql").starts_with("postgres: no server binaries found ("));
    }
}
