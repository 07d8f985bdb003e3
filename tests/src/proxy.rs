//! A proxy before a server that cuts a connection around a message.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// When a connection is cut, seen from the message that is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The message never arrives.
    Before,
    /// A half of it arrives.
    During,
    /// It arrives, and its answer does not come back.
    After,
}

/// Passes everything on to a server and back, until a client has sent a certain word so many times.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    met: Arc<AtomicUsize>,
}

/// How long a server may take to carry out what it was sent before its answer is lost.
const ANSWER: Duration = Duration::from_secs(20);

impl Proxy {
    /// A proxy on a port of its own before this port, which cuts at the `at`-th message with the word, counted from 1.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    pub fn start(server: u16, word: &'static str, at: usize, cut: Cut) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        let met = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&met);
        // The thread ends with the process: a listener cannot be woken.
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let counted = Arc::clone(&counted);
                thread::spawn(move || relay(&client, server, word, at, cut, &counted));
            }
        });
        Ok(Self { port, met })
    }

    /// The port on 127.0.0.1 to connect to.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How many messages with the word were met, the one included at which it cut.
    pub fn met(&self) -> usize {
        self.met.load(Ordering::SeqCst)
    }
}

/// Errors end a connection, as they would without a proxy.
fn relay(client: &TcpStream, server: u16, word: &str, at: usize, cut: Cut, met: &AtomicUsize) -> io::Result<()> {
    let server = TcpStream::connect(("127.0.0.1", server))?;
    let back = {
        let (mut from, mut to) = (server.try_clone()?, client.try_clone()?);
        thread::spawn(move || {
            let copied = io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Both);
            copied
        })
    };
    let outcome = forward(client, &server, word, at, cut, met);
    let _ = server.shutdown(Shutdown::Both);
    let _ = client.shutdown(Shutdown::Both);
    let _ = back.join();
    outcome
}

fn forward(
    mut client: &TcpStream,
    mut server: &TcpStream,
    word: &str,
    at: usize,
    cut: Cut,
    met: &AtomicUsize,
) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        let length = client.read(&mut buffer)?;
        if length == 0 {
            return Ok(());
        }
        let sent = &buffer[..length];
        let has_word = sent.windows(word.len()).any(|window| window == word.as_bytes());
        if !has_word || met.fetch_add(1, Ordering::SeqCst) + 1 != at {
            server.write_all(sent)?;
            continue;
        }
        match cut {
            Cut::Before => {}
            Cut::During => server.write_all(&sent[..length / 2])?,
            Cut::After => {
                // Nobody hears the answer: the client's side is closed first.
                client.shutdown(Shutdown::Both)?;
                server.write_all(sent)?;
                server.set_read_timeout(Some(ANSWER))?;
                // The other thread reads the answer; the server is done when it reads the end that follows.
                server.shutdown(Shutdown::Write)?;
                thread::sleep(Duration::from_millis(100));
            }
        }
        return Ok(());
    }
}
