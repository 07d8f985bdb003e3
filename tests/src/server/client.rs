//! Runs an engine's command line client.

use std::io::Write;
use std::process::{Command, Stdio};
use std::thread;

/// Runs a client with this input and returns what it prints, or what it writes to stderr when it fails.
pub(crate) fn ask(mut command: Command, input: &str) -> Result<String, String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let failed = |error| format!("cannot run {program}: {error}");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(failed)?;
    let stdin = child.stdin.take();
    let output = thread::scope(|scope| {
        // Long SQL with long answers would block both sides if one thread did both.
        scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(input.as_bytes())));
        child.wait_with_output()
    })
    .map_err(failed)?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).trim_end().to_owned())
    }
}
