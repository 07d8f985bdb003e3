//! Revisions as one number: what a start with nothing to do compares with what a database adds up.
//!
//! Pure, and cheap enough for a macro that is compiled without optimisation: the checksums of the sections are at hand.

use std::collections::HashSet;

use crate::checksum::Checksum;
use crate::dialect::Dialect;
use crate::revision::{Direction, Revision, Text};

/// The format of the rows of a history. Their digests contain it: who knows another one finds no sum to agree with.
pub const HISTORY_FORMAT: u32 = 1;

/// How many bits a digest has: a million of them stay below the largest integer that every database adds up to.
const BITS: u32 = 44;

/// A whole set of revisions: its head, how many there are, and the sum of their [digests](Revision::digest).
///
/// # Examples
///
/// ```
/// use migrate_plan::{Dialect, Glance, parse_revision};
///
/// let revision = |text: &str| parse_revision("a.sql", text.as_bytes()).unwrap();
/// let before = revision("-- revision: a\n-- parents: none\n-- migrate: up\nSELECT 1;\n");
/// let after = revision("-- revision: a\n-- parents: none\n-- migrate: up\nSELECT 2;\n");
/// let sum = |revision| Glance::of(&[revision]).sum(Dialect::Sqlite);
/// assert_ne!(sum(before), sum(after));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glance {
    /// The revision that no other follows, where there is exactly one.
    pub head: Option<Text>,
    /// How many revisions there are.
    pub count: usize,
    /// In the order of [`Dialect::ALL`].
    pub(crate) sums: [u64; Dialect::ALL.len()],
}

impl Glance {
    /// What these revisions come to.
    #[must_use]
    pub fn of(revisions: &[Revision]) -> Self {
        let mut sums = [0_u64; Dialect::ALL.len()];
        for revision in revisions {
            for (sum, digest) in sums.iter_mut().zip(digests(revision)) {
                *sum = sum.wrapping_add(digest);
            }
        }
        Self { head: only_head(revisions), count: revisions.len(), sums }
    }

    /// The sum of the digests that a history of this dialect has when all of these revisions are applied.
    #[must_use]
    pub fn sum(&self, dialect: Dialect) -> u64 {
        self.sums[dialect as usize]
    }
}

fn only_head(revisions: &[Revision]) -> Option<Text> {
    let followed: HashSet<&str> = revisions.iter().flat_map(|revision| &*revision.parents).map(|id| &**id).collect();
    let mut heads = revisions.iter().filter(|revision| !followed.contains(&*revision.id));
    let head = heads.next()?;
    heads.next().is_none().then(|| head.id.clone())
}

fn digests(revision: &Revision) -> [u64; Dialect::ALL.len()] {
    let is_for_all = revision.sections.iter().all(|section| section.dialects.is_empty());
    match is_for_all {
        true => [revision.digest(Dialect::Sqlite); Dialect::ALL.len()],
        false => Dialect::ALL.map(|dialect| revision.digest(dialect)),
    }
}

impl Revision {
    /// A number for what a row of the history keeps of this revision on a dialect: its id and the checksums of its sections.
    ///
    /// Two that differ have the same number by an accident of one in 2⁴⁴. It is no checksum: who wants two that agree can make
    /// them.
    #[must_use]
    pub fn digest(&self, dialect: Dialect) -> u64 {
        let id = self.id.bytes().fold(u64::from(HISTORY_FORMAT), |hash, byte| mixed(hash ^ u64::from(byte)));
        let with = |hash: u64, direction| {
            let section = self.section(direction, dialect);
            mixed(section.map_or(hash, |section| hash ^ first_word(&section.checksum)))
        };
        with(with(id, Direction::Up), Direction::Down) >> (u64::BITS - BITS)
    }
}

fn first_word(checksum: &Checksum) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *checksum.as_bytes();
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// One step of SplitMix64: every bit of the input changes half of the bits.
fn mixed(word: u64) -> u64 {
    let word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::revision::parse_revision;

    fn revision(id: &str, parents: &str, sections: &str) -> Revision {
        let text = format!("-- revision: {id}\n-- parents: {parents}\n{sections}");
        parse_revision(&format!("{id}.sql"), text.as_bytes()).unwrap()
    }

    const UP: &str = "-- migrate: up\nSELECT 1;\n";

    #[test]
    fn whatever_a_row_keeps_changes_the_digest() {
        let down = "-- migrate: down\nSELECT 1;\n";
        let both = format!("{UP}{down}");
        let all = [
            revision("a", "none", UP),
            revision("b", "none", UP),
            revision("ab", "none", UP),
            revision("ba", "none", UP),
            revision("a", "none", "-- migrate: up\nSELECT 2;\n"),
            revision("a", "none", &both),
            revision("a", "none", &both.replace("down\nSELECT 1", "down\nSELECT 2")),
            revision("a", "none", &both.replace("up\nSELECT 1", "up\nSELECT 2")),
        ];
        let digests: HashSet<u64> = all.iter().map(|revision| revision.digest(Dialect::Postgres)).collect();
        assert_eq!(digests.len(), all.len());
        assert!(digests.iter().all(|digest| *digest < 1 << BITS), "{digests:?}");
    }

    #[test]
    fn revisions_that_change_their_sections_among_them_change_the_sum() {
        let [one, two] = [UP.to_owned(), UP.replace('1', "2")];
        let glance = |a: &str, b: &str| Glance::of(&[revision("a", "none", a), revision("b", "a", b)]);
        assert_ne!(glance(&one, &two).sum(Dialect::Sqlite), glance(&two, &one).sum(Dialect::Sqlite));
    }

    #[test]
    fn a_dialect_has_the_sum_of_its_own_sections() {
        let sections = format!("{UP}-- migrate: up mysql\nSELECT 2;\n");
        let glance = Glance::of(&[revision("a", "none", &sections)]);
        let sums = Dialect::ALL.map(|dialect| glance.sum(dialect));
        assert_eq!(sums, Dialect::ALL.map(|dialect| revision("a", "none", &sections).digest(dialect)));
        assert_eq!((sums[0] == sums[1], sums[1] == sums[2], sums[2] == sums[3]), (true, false, true));
    }

    #[test]
    fn only_one_head_is_a_head() {
        let [a, b, c] = [("a", "none"), ("b", "a"), ("c", "a")].map(|(id, parents)| revision(id, parents, UP));
        assert_eq!(Glance::of(&[]).head, None);
        assert_eq!(Glance::of(&[a.clone(), b.clone()]).head.as_deref(), Some("b"));
        assert_eq!(Glance::of(&[a, b, c]).head, None);
    }

    /// Rows that were written by one version are read by another.
    #[test]
    fn a_digest_stays_what_it_is() {
        assert_eq!(revision("001", "none", UP).digest(Dialect::Sqlite), 7_894_437_473_709);
    }
}
