//! Runs a server under a small shell that ends it when the test process ends.

use std::ffi::OsString;
use std::fs;
use std::io::{Read, Write};
use std::mem;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use super::account::Account;
use super::engine::Engine;

const START_PATIENCE: Duration = Duration::from_secs(60);
const STOP_PATIENCE: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(4);

/// Arguments: home, template, the signal of a crash, the server program and its arguments.
///
/// Everything that must not be left behind, from the first folder on, is made in here. Words on
/// stdin: `stop` ends the server, then `leave` ends the shell without removing the home; the end
/// of stdin does what is left to do. The server holds our stdout, so its end means that all of
/// its processes are gone.
const SUPERVISE: &str = r#"
exec 2>&1
trap '' HUP INT
umask 022
ulimit -c 0
home=$1 template=$2 crash=$3
shift 3
if [ ! -d "$home" ]; then
    mkdir "$home" && {
        cp -a --reflink=auto "$template" "$home/data" 2>/dev/null || {
            rm -rf "$home/data"
            cp -Rp "$template" "$home/data"
        }
    } || {
        rm -rf "$home"
        exit 1
    }
fi
"$@" </dev/null 2>>"$home/log" &
server=$!
echo "$server" >"$home/pid"
exec >/dev/null 2>&1
read -r word || word=
# Some shells reap a server that died by itself, and its number may be somebody else's by now.
parent=$(ps -o ppid= -p "$server" | tr -d ' ')
if [ "${parent:-$$}" = $$ ]; then
    # PostgreSQL ignores QUIT, as shells have it, until it has set up its signals, but not TERM.
    [ "$word" = stop ] || kill -TERM "$server"
    kill -"$crash" "$server"
fi
wait "$server"
[ "$word" != stop ] || read -r word || word=
[ "$word" = leave ] || rm -rf "$home" || { sleep 1; rm -rf "$home"; }
"#;

/// What a server needs to start, and to start again.
#[derive(Debug, Clone)]
pub(super) struct Launch {
    pub(super) engine: &'static Engine,
    pub(super) home: PathBuf,
    pub(super) template: PathBuf,
    pub(super) program: PathBuf,
    pub(super) port: u16,
    pub(super) account: Account,
    /// What the server is called with besides.
    pub(super) more: Vec<OsString>,
}

/// Why a server did not come up.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) text: String,
    pub(super) port_taken: bool,
}

/// A shell that watches one run of a server; dropping it ends the server and removes its home.
#[derive(Debug)]
pub(super) struct Supervisor {
    engine: &'static Engine,
    shell: Child,
    orders: Option<ChildStdin>,
    gone: Receiver<String>,
    home: PathBuf,
    earlier_log: usize,
    told_to_stop: bool,
    home_has_heir: bool,
}

impl Supervisor {
    /// Starts the server, in its old home when that exists; the answer comes before it is ready.
    pub(super) fn start(launch: &Launch) -> Result<Self, String> {
        (launch.engine.tidy)(&launch.home, launch.port);
        let earlier_log = fs::metadata(log_path(&launch.home)).map_or(0, |found| found.len());
        let mut shell = launch
            .account
            .command(launch.engine, "/bin/sh")
            .args(["-c", SUPERVISE, "sh"])
            .args([&launch.home, &launch.template])
            .arg(launch.engine.crash)
            .arg(&launch.program)
            .args((launch.engine.arguments)(&launch.home, launch.port))
            .args(&launch.more)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // Ctrl-C in a terminal is for the test process; the shell has to survive it.
            .process_group(0)
            .spawn()
            .map_err(|error| format!("cannot run sh: {error}"))?;
        let orders = shell.stdin.take();
        let stdout = shell.stdout.take();
        let (sender, gone) = mpsc::channel();
        thread::spawn(move || {
            let mut words = Vec::new();
            let _ = stdout.map(|mut stdout| stdout.read_to_end(&mut words));
            let _ = sender.send(String::from_utf8_lossy(&words).into_owned());
        });
        Ok(Self {
            engine: launch.engine,
            shell,
            orders,
            gone,
            home: launch.home.clone(),
            earlier_log: usize::try_from(earlier_log).unwrap_or(usize::MAX),
            told_to_stop: false,
            home_has_heir: false,
        })
    }

    /// Waits until the server takes connections.
    pub(super) fn await_ready(&self) -> Result<(), Failure> {
        let deadline = Instant::now() + START_PATIENCE;
        // The shell writes the number beside the starting server, and may be the slower one.
        while recorded_pid(&self.home).is_none() || !(self.engine.is_ready)(&self.home) {
            match self.gone.recv_timeout(POLL) {
                Ok(words) => return Err(self.failure("ended at its start", &words)),
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(self.failure("ended at its start", ""));
                }
                Err(RecvTimeoutError::Timeout) if Instant::now() > deadline => {
                    return Err(self.failure("was not ready in time", ""));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
        Ok(())
    }

    /// Ends the server, and keeps its home.
    pub(super) fn stop(&mut self) -> Result<(), String> {
        // The shell would take a second `stop` for the end.
        if !mem::replace(&mut self.told_to_stop, true) {
            self.order("stop");
        }
        if self.is_gone_within(STOP_PATIENCE) {
            let _ = fs::remove_file(pid_path(&self.home));
            return Ok(());
        }
        Err(format!("the {} server did not stop in time", self.engine.name))
    }

    /// Hands the home of a stopped server over to the next supervisor, and becomes that one.
    pub(super) fn succeed(&mut self, next: Self) {
        // The next one is there already: at no moment is the home without one to remove it.
        let mut former = mem::replace(self, next);
        former.home_has_heir = true;
        former.order("leave");
    }

    fn order(&mut self, word: &str) {
        if let Some(orders) = &mut self.orders {
            // A shell that is gone has nothing to be told.
            let _ = orders.write_all(format!("{word}\n").as_bytes());
        }
    }

    fn is_gone_within(&self, patience: Duration) -> bool {
        !matches!(self.gone.recv_timeout(patience), Err(RecvTimeoutError::Timeout))
    }

    fn failure(&self, what: &str, words: &str) -> Failure {
        let log = fs::read(log_path(&self.home)).unwrap_or_default();
        let log = String::from_utf8_lossy(log.get(self.earlier_log..).unwrap_or_default());
        Failure {
            text: format!("the {} server {what}: {words}{log}", self.engine.name),
            port_taken: log.contains("Address already in use"),
        }
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        drop(self.orders.take());
        let shell_was_killed = !self.shell.wait().is_ok_and(|status| status.code().is_some());
        if self.home_has_heir {
            return;
        }
        // Only when somebody killed the shell is there anything left to do here. That the server
        // still holds its stdout proves that the recorded number is its own.
        if shell_was_killed && !self.is_gone_within(Duration::from_millis(500)) {
            if let Some(pid) = recorded_pid(&self.home) {
                let _ = Command::new("kill").args([format!("-{}", self.engine.crash), pid.to_string()]).status();
            }
            self.is_gone_within(STOP_PATIENCE);
        }
        let _ = fs::remove_dir_all(&self.home);
    }
}

pub(super) fn log_path(home: &Path) -> PathBuf {
    home.join("log")
}

/// The number that the shell has noted for its server.
pub(super) fn recorded_pid(home: &Path) -> Option<u32> {
    fs::read_to_string(pid_path(home)).ok()?.trim().parse().ok()
}

fn pid_path(home: &Path) -> PathBuf {
    home.join("pid")
}
