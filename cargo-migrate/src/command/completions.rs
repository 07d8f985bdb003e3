//! `completions`: a script that teaches a shell our verbs.

use migrate_runtime::cli::{Exit, Failure};

use crate::arguments::{CompletionsArgs, command};

pub(super) fn run(args: &CompletionsArgs) -> Result<Exit, Failure> {
    // Shells complete the binary's name; cargo hands its own arguments on to it.
    clap_complete::generate(args.shell, &mut command(), "cargo-migrate", &mut std::io::stdout());
    Ok(Exit::Done)
}
