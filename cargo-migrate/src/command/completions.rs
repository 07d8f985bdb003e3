//! `completions`: a script that teaches a shell our verbs.

use std::io::Write;

use migrate_runtime::cli::{Exit, Failure};

use crate::arguments::{CompletionsArgs, command};

pub(super) fn run(args: &CompletionsArgs) -> Result<Exit, Failure> {
    // Shells complete the binary's name; cargo hands its own arguments on to it.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command(), "cargo-migrate", &mut script);
    // A reader that has gone away is no failure of ours.
    let _ = std::io::stdout().write_all(&script);
    Ok(Exit::Done)
}
