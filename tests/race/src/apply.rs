//! Applying a thousand revisions to an empty database, and undoing them again.

use std::time::{Duration, Instant};

use crate::arena::{Arena, Fsync};
use crate::contest::Contest;
use crate::peers::{Peer, bare, tools};
use crate::revisions::revisions;

const REVISIONS: usize = 1_000;

pub(crate) fn race(fsync: Fsync, rounds: usize, only: &str) {
    race_on(&Arena::Sqlite(fsync), rounds, only);
    race_on(&Arena::postgres(fsync), rounds, only);
}

fn race_on(arena: &Arena, rounds: usize, only: &str) {
    let revisions = revisions(REVISIONS);
    let mut peers = bare(arena, &revisions);
    peers.extend(tools(arena, &revisions));
    let mut measure = true;
    peers.retain(|peer| std::mem::take(&mut measure) || peer.name().contains(only));

    // A revert needs what was applied: the times of both are taken in one lap.
    let mut reverted = vec![Vec::new(); peers.len()];
    let names = peers.iter().map(|peer| peer.name().to_owned()).collect();
    let applied = Contest::run(names, rounds, |contestant| {
        let (apply, revert) = lap(arena, &*peers[contestant]);
        reverted[contestant].extend(revert);
        apply
    });
    applied.print(&format!("Apply {REVISIONS} revisions: {}", arena.title()));
    applied.of_others(reverted).print(&format!("Revert {REVISIONS} revisions: {}", arena.title()));
}

fn lap(arena: &Arena, peer: &dyn Peer) -> (Duration, Option<Duration>) {
    let place = arena.place();
    let mut session = peer.connect(&place);
    let start = Instant::now();
    session.upgrade();
    let apply = start.elapsed();
    assert_eq!(place.tables(), REVISIONS, "{} has applied everything", peer.name());
    let revert = peer.reverts().then(|| {
        let start = Instant::now();
        session.revert();
        let revert = start.elapsed();
        assert_eq!(place.tables(), 0, "{} has reverted everything", peer.name());
        revert
    });
    drop(session);
    place.discard();
    (apply, revert)
}
