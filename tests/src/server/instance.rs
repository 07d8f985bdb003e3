//! A running server in a home of its own, on a port of its own.

use std::ffi::OsString;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::account::Account;
use super::name::instance_name;
use super::supervisor::{self, Launch, Supervisor};
use super::template::Recipe;

const PORT_ATTEMPTS: u32 = 10;
const SAME_PORT_PATIENCE: Duration = Duration::from_secs(10);

/// A running server; it stops and its home disappears when this value is dropped or the process
/// ends, in whatever way it ends.
#[derive(Debug)]
pub(crate) struct Instance {
    launch: Launch,
    supervisor: Mutex<Supervisor>,
}

impl Instance {
    /// Starts a server on a copy of the recipe's template, and waits until it takes connections.
    pub(crate) fn start(recipe: &Recipe) -> Result<Self, String> {
        Self::start_with(recipe, &[])
    }

    /// The same, with more arguments for the server.
    pub(crate) fn start_with(recipe: &Recipe, more: &[OsString]) -> Result<Self, String> {
        let account = Account::for_server(recipe.engine)?;
        let base = account.base(recipe.engine)?;
        let template = recipe.ensure(&account, &base)?;
        let mut attempt = 1;
        loop {
            let launch = Launch {
                engine: recipe.engine,
                home: base.join(instance_name()),
                template: template.clone(),
                program: recipe.program.clone(),
                port: free_port()?,
                account: account.clone(),
                more: more.to_vec(),
            };
            let supervisor = Supervisor::start(&launch)?;
            match supervisor.await_ready() {
                Ok(()) => return Ok(Self { launch, supervisor: Mutex::new(supervisor) }),
                Err(failure) if failure.port_taken && attempt < PORT_ATTEMPTS => attempt += 1,
                Err(failure) => return Err(failure.text),
            }
        }
    }

    /// The folder with the server's data, log and socket.
    pub(crate) fn home(&self) -> &Path {
        &self.launch.home
    }

    /// The TCP port on 127.0.0.1; it stays the same over [`Instance::restart`].
    pub(crate) fn port(&self) -> u16 {
        self.launch.port
    }

    /// The process id of the server's main process, while it runs.
    pub(crate) fn pid(&self) -> Option<u32> {
        supervisor::recorded_pid(&self.launch.home)
    }

    /// What the server has logged so far.
    pub(crate) fn log(&self) -> String {
        let bytes = fs::read(supervisor::log_path(&self.launch.home)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Stops the server at once, as in a crash; its data stays for [`Instance::restart`].
    pub(crate) fn stop(&self) -> Result<(), String> {
        self.supervisor().stop()
    }

    /// Stops the server at once, as in a crash, and starts it again with the same data and port;
    /// starts it too when it is stopped.
    pub(crate) fn restart(&self) -> Result<(), String> {
        let mut current = self.supervisor();
        let deadline = Instant::now() + SAME_PORT_PATIENCE;
        loop {
            current.stop()?;
            current.succeed(Supervisor::start(&self.launch)?);
            match current.await_ready() {
                Ok(()) => return Ok(()),
                // An outgoing connection may have been given our port while nobody listened.
                Err(failure) if failure.port_taken && Instant::now() < deadline => {
                    thread::sleep(Duration::from_millis(100));
                }
                Err(failure) => return Err(failure.text),
            }
        }
    }

    fn supervisor(&self) -> MutexGuard<'_, Supervisor> {
        self.supervisor.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn free_port() -> Result<u16, String> {
    TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| format!("no free port on 127.0.0.1: {error}"))
}
