//! What a lap takes: by the clock on the wall, and of the processors' time, which other work on the machine disturbs less.

use std::collections::HashMap;
use std::fs;
use std::time::{Duration, Instant};

use crate::arena::Arena;

/// What a lap took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Took {
    pub(crate) wall: Duration,
    /// Of this process and of the server's sessions.
    pub(crate) processors: Duration,
}

/// Runs something and says what it took. Threads and sessions that end meanwhile do not count.
pub(crate) fn timed(arena: &Arena, run: impl FnOnce()) -> Took {
    let before = spent(arena);
    let start = Instant::now();
    run();
    let wall = start.elapsed();
    let nanoseconds =
        spent(arena).iter().map(|(id, now)| now.saturating_sub(before.get(id).copied().unwrap_or(0))).sum();
    Took { wall, processors: Duration::from_nanos(nanoseconds) }
}

/// Nanoseconds by thread of this process and by process of the server.
fn spent(arena: &Arena) -> HashMap<String, u64> {
    let own = numbers("/proc/self/task").into_iter().map(|id| format!("/proc/self/task/{id}"));
    let of_server = arena.server_pid().into_iter().flat_map(|server| {
        let is_child = move |id: &String| parent(id).is_some_and(|parent| parent == server);
        numbers("/proc").into_iter().filter(is_child).map(|id| format!("/proc/{id}"))
    });
    own.chain(of_server).filter_map(|path| Some((path.clone(), nanoseconds(&path)?))).collect()
}

fn numbers(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("Linux tells").flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.bytes().all(|byte| byte.is_ascii_digit())).collect()
}

/// The process that started a process; its name may hold anything, and ends with the last parenthesis.
fn parent(id: &str) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
}

fn nanoseconds(path: &str) -> Option<u64> {
    fs::read_to_string(format!("{path}/schedstat")).ok()?.split(' ').next()?.parse().ok()
}
