//! Ctrl-C and SIGTERM while a database is changed: the statement that runs is cancelled, what it belongs to is undone, the lock
//! is released.
//!
//! A process that just died would leave the server at work on what it was sent last, and others waiting for the lease.

use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};

use migrate_runtime::cli::{Exit, Output, interrupts, is_asking};

/// Cancels what a connection runs; may be called again.
pub(crate) type Cancel = Box<dyn Fn() -> Cancelling + Send>;

/// Ends when the server was asked.
pub(crate) type Cancelling = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Interrupts after which the process ends at once.
const PATIENCE: u32 = 3;

/// What the connection at work cancels; one after the other with several databases.
static CANCEL: Mutex<Option<Cancel>> = Mutex::new(None);

/// From now on the first interrupts stop the run. Beside the thread that works, since that one may be inside SQLite.
pub(crate) fn watch(cancel: Cancel, output: Output) {
    if lock().replace(cancel).is_some() {
        return;
    }
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
    let watching = std::thread::Builder::new().name("interrupts".to_owned());
    // Without the thread an interrupt ends the process, as it does everywhere.
    let _ = watching.spawn(move || {
        runtime.block_on(async {
            let mut signals = match Signals::new() {
                Ok(signals) => signals,
                Err(_) => return,
            };
            for count in 1.. {
                signals.next().await;
                if count >= PATIENCE || is_asking() {
                    std::process::exit(Exit::Stopped as i32);
                }
                interrupts().request();
                output.note("interrupted: the statement that runs is cancelled; a third interrupt ends at once");
                let cancelling = lock().as_ref().map(|cancel| cancel());
                if let Some(cancelling) = cancelling {
                    cancelling.await;
                }
            }
        });
    });
}

/// Cancels what several connections run.
pub(crate) fn all(cancels: Vec<Cancel>) -> Cancel {
    Box::new(move || {
        let cancelling: Vec<Cancelling> = cancels.iter().map(|cancel| cancel()).collect();
        Box::pin(async {
            for one in cancelling {
                one.await;
            }
        })
    })
}

/// Nobody panics with it in hand.
fn lock() -> MutexGuard<'static, Option<Cancel>> {
    CANCEL.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}
