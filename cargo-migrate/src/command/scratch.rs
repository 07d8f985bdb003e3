//! `scratch`: a command runs with a database of its own, which is gone afterwards.

use std::process::{Command, ExitStatus};

use migrate_plan::{Code, Diagnostic};
use migrate_runtime::cli::Failure;

use super::{Call, block_on};
use crate::arguments::ScratchArgs;
use crate::database::Scratch;
use crate::files::Files;
use crate::project::Project;
use crate::subject::scratch_url;

/// Ends with what the command ends with.
pub(super) fn run(args: &ScratchArgs, call: &Call<'_>) -> Result<u8, Failure> {
    let project = Project::find(call.global)?;
    let files = Files::without_lock(&project)?;
    files.graph()?;
    let migrations = files.migrations();
    let found = scratch_url(None, call.global, &project)?;
    let folder = tempfile::tempdir().map_err(|error| {
        let problem = format!("no temporary folder can be made: {error}");
        Diagnostic::new(Code::WriteFailed, problem, "see that the disk is not full")
    })?;
    let work = async |scratch: &mut Scratch| {
        scratch.upgrade(&migrations, std::slice::from_ref(&args.target)).await?;
        let url = scratch.url_for_others(&found, folder.path())?;
        let [program, arguments @ ..] = args.command.as_slice() else { return Ok(0) };
        let mut command = Command::new(program);
        command.args(arguments).env("DATABASE_URL", &url).env(&project.config.variable, &url);
        Ok(exit_code(command.status().map_err(|error| cannot_run(program, &error))?))
    };
    block_on(Scratch::within(&found, &call.output, work))?
}

fn cannot_run(program: &std::ffi::OsStr, error: &std::io::Error) -> Diagnostic {
    let problem = format!("`{}` cannot be run: {error}", program.display());
    Diagnostic::new(Code::CommandFailed, problem, "check its name, and that it is installed")
}

/// As a shell has it: of a command that a signal has ended, 128 and the signal.
fn exit_code(status: ExitStatus) -> u8 {
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status).map(|signal| 128 + signal);
    #[cfg(not(unix))]
    let signal = None;
    let code = status.code().or(signal).unwrap_or(1);
    u8::try_from(code).unwrap_or(1)
}
