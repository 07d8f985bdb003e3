//! Applying a thousand revisions to an empty database, and undoing them again.

use crate::Only;
use crate::arena::{Arena, Fsync};
use crate::clock::{Took, timed};
use crate::contest::Contest;
use crate::peers::{Peer, Transactions, bare, tools};
use crate::revisions::revisions;

const REVISIONS: usize = 1_000;

pub(crate) fn race(fsync: Fsync, rounds: usize, only: &Only) {
    for arena in Arena::all(fsync, only) {
        race_on(&arena, Transactions::Each, rounds, only);
        race_on(&arena, Transactions::One, rounds, only);
    }
}

fn race_on(arena: &Arena, transactions: Transactions, rounds: usize, only: &Only) {
    let revisions = revisions(REVISIONS);
    let mut peers = bare(arena, &revisions, transactions);
    peers.extend(tools(arena, &revisions, transactions));
    let mut measure = true;
    peers.retain(|peer| std::mem::take(&mut measure) || peer.name().contains(&only.peer));

    // A revert needs what was applied: the times of both are taken in one lap.
    let mut work = vec![Vec::new(); peers.len()];
    let [mut reverted, mut reverting] = [work.clone(), work.clone()];
    let names = peers.iter().map(|peer| peer.name().to_owned()).collect();
    let applied = Contest::run(names, rounds, |contestant| {
        let (apply, revert) = lap(arena, &*peers[contestant]);
        work[contestant].push(apply.processors);
        reverted[contestant].extend(revert.map(|took| took.wall));
        reverting[contestant].extend(revert.map(|took| took.processors));
        apply.wall
    });
    let title = format!("{REVISIONS} revisions, {}: {}", transactions.title(), arena.title());
    applied.print(&format!("Apply {title}"));
    applied.of_others(work).print(&format!("Apply {title}, the processors' time"));
    applied.of_others(reverted).print(&format!("Revert {title}"));
    applied.of_others(reverting).print(&format!("Revert {title}, the processors' time"));
}

fn lap(arena: &Arena, peer: &dyn Peer) -> (Took, Option<Took>) {
    let place = arena.place();
    let mut session = peer.connect(&place);
    let apply = timed(arena, || session.upgrade());
    assert_eq!(place.tables(), REVISIONS, "{} has applied everything", peer.name());
    let revert = peer.reverts().then(|| {
        let revert = timed(arena, || session.revert());
        assert_eq!(place.tables(), 0, "{} has reverted everything", peer.name());
        revert
    });
    drop(session);
    place.discard();
    (apply, revert)
}
