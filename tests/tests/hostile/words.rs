//! Text made of what breaks quoting, lines, names and terminals.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::Config;

const FRAGMENTS: &[&str] = &[
    "'",
    "''",
    "\"",
    "\"\"",
    "`",
    "[",
    "]",
    ";",
    "--",
    "-- ",
    "/*",
    "*/",
    "#",
    "\\",
    "\\'",
    "\\\"",
    "\\\\",
    "\\n",
    "\\0",
    "$$",
    "$do$",
    "$1",
    "?",
    ":a",
    "%s",
    "{}",
    "\n",
    "\r\n",
    "\t",
    "\0",
    "\u{1b}[31m",
    "\u{7f}",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "\u{202e}",
    "\u{fffd}",
    "é",
    "日本",
    "🦀",
    "e\u{301}",
    " ",
    ".",
    ",",
    "/",
    "..",
    "(",
    ")",
    "=",
    "a",
    "T",
    "victim",
    "NULL",
    "'); DROP TABLE victim; --",
    "\"; DROP TABLE victim; --",
    "`; DROP TABLE victim; --",
    "\\'; DROP TABLE victim; --",
    "*/ DROP TABLE victim; /*",
    "$$; DROP TABLE victim; $$",
    "\n;DELETE FROM victim;\n",
    "; COMMIT;",
    "\n-- migrate: up\n",
    "\nDELIMITER //\n",
    "-- migrate: down",
    "none",
];

/// Fragments in a row, and now and then 10 kB of them.
pub(crate) fn text() -> BoxedStrategy<String> {
    let few = vec(select(FRAGMENTS), 1..8).prop_map(|fragments| fragments.concat());
    let long = vec(select(FRAGMENTS), 1..4).prop_map(|fragments| {
        let mut text = fragments.concat().repeat(10_240 / fragments.concat().len() + 1);
        text.truncate(text.floor_char_boundary(10_240));
        text
    });
    prop_oneof![12 => few, 1 => long, 1 => any::<String>()].boxed()
}

/// A name that servers might take.
pub(crate) fn name() -> BoxedStrategy<String> {
    let short = vec(select(FRAGMENTS), 1..4).prop_map(|fragments| fragments.concat());
    prop_oneof![10 => short, 1 => text()].boxed()
}

/// So many cases, or as many as `MIGRATE_TEST_CASES` says.
pub(crate) fn cases(usual: u32) -> Config {
    let asked = std::env::var("MIGRATE_TEST_CASES").ok().and_then(|number| number.parse().ok());
    Config { cases: asked.unwrap_or(usual), failure_persistence: None, max_shrink_iters: 400, ..Config::default() }
}
