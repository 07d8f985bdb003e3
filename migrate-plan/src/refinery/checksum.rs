//! refinery's checksum of a migration.
//!
//! refinery is built for versions of 32 bits, or, with its feature `int8-versions`, of 64, and the width goes into the
//! checksum. Both are needed here at once, since a database does not say which refinery made it.

use std::hash::{Hash, Hasher};

use siphasher::sip::SipHasher13;

/// How wide the versions of a refinery are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VersionWidth {
    /// 32 bits: the default.
    Bits32,
    /// 64 bits: with refinery's feature `int8-versions`.
    Bits64,
}

impl VersionWidth {
    /// Both, the default first.
    pub const ALL: [Self; 2] = [Self::Bits32, Self::Bits64];
}

/// The checksum that refinery keeps of a migration; `None` where the version does not fit into the width.
///
/// `sql` is the text byte for byte as refinery read it.
///
/// # Examples
///
/// ```
/// use migrate_plan::{VersionWidth, refinery_checksum};
///
/// let sql = "CREATE TABLE persons (id int, name varchar(255), city varchar(255));";
/// let sum = refinery_checksum(VersionWidth::Bits32, 1, "initial", sql);
/// assert_eq!(sum, Some(9_011_118_159_008_407_467));
/// assert_eq!(refinery_checksum(VersionWidth::Bits32, i64::MAX, "initial", sql), None);
/// ```
pub fn refinery_checksum(width: VersionWidth, version: i64, name: &str, sql: &str) -> Option<u64> {
    let mut hasher = SipHasher13::new();
    name.hash(&mut hasher);
    match width {
        VersionWidth::Bits32 => i32::try_from(version).ok()?.hash(&mut hasher),
        VersionWidth::Bits64 => version.hash(&mut hasher),
    }
    sql.hash(&mut hasher);
    Some(hasher.finish())
}
