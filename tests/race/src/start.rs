//! Starting with nothing to do: a fresh connection, and how much longer it takes with migrations.

use std::time::Instant;

use crate::Only;
use crate::arena::{Arena, Fsync};
use crate::contest::Contest;
use crate::peers::{Transactions, tools};
use crate::revisions::revisions;

pub(crate) fn race(rounds: usize, only: &Only) {
    for arena in Arena::all(Fsync::Off, only) {
        for count in [10, 1_000, 10_000] {
            race_on(&arena, count, rounds, only);
        }
    }
}

fn race_on(arena: &Arena, count: usize, rounds: usize, only: &Only) {
    let mut peers = tools(arena, &revisions(count), Transactions::Each);
    let mut measure = true;
    peers.retain(|peer| std::mem::take(&mut measure) || peer.name().contains(&only.peer));
    let places: Vec<_> = peers
        .iter()
        .map(|peer| {
            let place = arena.place();
            peer.connect(&place).upgrade();
            place
        })
        .collect();

    let names: Vec<String> = peers.iter().map(|peer| peer.name().to_owned()).collect();
    let mut alone = vec![Vec::new(); peers.len()];
    let beyond = Contest::run(names, rounds, |contestant| {
        let start = Instant::now();
        let mut session = peers[contestant].connect(&places[contestant]);
        alone[contestant].push(start.elapsed());
        let start = Instant::now();
        session.upgrade();
        start.elapsed()
    });
    let title = format!("Start with nothing to do, {count} revisions: {}", arena.title());
    beyond.of_others(alone).print(&format!("{title}, the connection alone"));
    beyond.print(&format!("{title}, beyond the connection"));
    places.into_iter().for_each(crate::arena::Place::discard);
}
