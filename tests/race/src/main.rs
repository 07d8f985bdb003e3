//! The race: this library against its peers, on one machine, in one run, with one SQL and one set of server settings.
//!
//! Takes the works to race in and prints a table for each; `tests/benches/README.md` says what they mean.

mod apply;
mod arena;
mod clock;
mod contest;
mod embed;
mod peers;
mod revisions;
mod start;

use std::process::{Command, ExitCode};

use arena::Fsync;

const USAGE: &str = "usage: migrate-race [apply] [fsync] [start] [embed] [--rounds N] [--only TEXT] [--on TEXT]

apply   apply 1,000 revisions, then revert them, each in a transaction and all in one; nothing waits for the disk
fsync   the same, and every commit waits for the disk
start   start with nothing to do
embed   rebuild after a file was added; sizes of binaries

Without a work: all of them. --only names the peers by a part of their names; the first row always runs.
--on names the engine, sqlite or postgres; without it both.";

/// What the command line asks for.
struct Options {
    works: Vec<String>,
    rounds: Option<usize>,
    only: Only,
}

/// Who takes part: parts of the names of peers and engines.
#[derive(Clone, Debug, Default)]
pub(crate) struct Only {
    pub(crate) peer: String,
    pub(crate) engine: String,
}

impl Options {
    fn read(mut arguments: impl Iterator<Item = String>) -> Option<Self> {
        let mut options = Self { works: Vec::new(), rounds: None, only: Only::default() };
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "apply" | "fsync" | "start" | "embed" => options.works.push(argument),
                "--rounds" => options.rounds = Some(arguments.next()?.parse().ok().filter(|rounds| *rounds > 0)?),
                "--only" => options.only.peer = arguments.next()?,
                "--on" => options.only.engine = arguments.next()?,
                _ => return None,
            }
        }
        Some(options)
    }

    fn has(&self, work: &str) -> bool {
        self.works.is_empty() || self.works.iter().any(|wanted| wanted == work)
    }
}

fn main() -> ExitCode {
    let Some(options) = Options::read(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::FAILURE;
    };
    let rounds = |usual| options.rounds.unwrap_or(usual);
    if options.has("apply") {
        apply::race(Fsync::Off, rounds(9), &options.only);
    }
    if options.has("fsync") && !on_disk(|| apply::race(Fsync::On, rounds(5), &options.only)) {
        return ExitCode::FAILURE;
    }
    if options.has("start") {
        start::race(rounds(31), &options.only);
    }
    if options.has("embed") {
        embed::race(rounds(5), &options.only.peer);
    }
    ExitCode::SUCCESS
}

/// Does it where files are on a disk: the servers of the tests live in memory unless a folder for temporary files is
/// named, and a process cannot name one for itself. Says whether it went well.
fn on_disk(race: impl FnOnce()) -> bool {
    if std::env::var_os("TMPDIR").is_some() {
        race();
        return true;
    }
    let mut again = Command::new(std::env::current_exe().expect("the race has an executable"));
    let options = std::env::args().skip(1).filter(|argument| !["apply", "start", "embed"].contains(&argument.as_str()));
    again.env("TMPDIR", std::env::temp_dir()).args(options).arg("fsync").status().is_ok_and(|status| status.success())
}
