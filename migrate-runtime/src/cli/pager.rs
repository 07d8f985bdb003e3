//! A long result on a terminal: a screen at a time, through the user's pager.

use std::io::{IsTerminal, Write};
use std::process::{Command, Stdio};

/// The variable that names the pager; an empty one and `cat` mean none.
const VARIABLE: &str = "PAGER";

/// Shows a text that is longer than the terminal through the pager. `false` when it is not for a pager, or when there is none:
/// then nothing was shown.
pub(super) fn show(text: &str) -> bool {
    if !std::io::stdout().is_terminal() {
        return false;
    }
    let rows = terminal_size::terminal_size().map_or(24, |(_, height)| usize::from(height.0));
    let pager = std::env::var(VARIABLE).unwrap_or_else(|_| "less".to_owned());
    match command(&pager) {
        Some(command) if text.lines().count() >= rows => feed(command, text),
        _ => false,
    }
}

fn command(pager: &str) -> Option<Command> {
    let mut words = pager.split_whitespace();
    let program = words.next().filter(|program| *program != "cat")?;
    let mut command = Command::new(program);
    command.args(words).stdin(Stdio::piped());
    if std::env::var_os("LESS").is_none() {
        // Short texts stay on the screen, colours are colours, and an interrupt ends it together with us.
        command.env("LESS", "FRXK");
    }
    Some(command)
}

fn feed(mut command: Command, text: &str) -> bool {
    let Ok(mut child) = command.spawn() else { return false };
    if let Some(mut input) = child.stdin.take() {
        // Whoever leaves the pager early does not want the rest.
        let _ = input.write_all(text.as_bytes());
    }
    let _ = child.wait();
    true
}
