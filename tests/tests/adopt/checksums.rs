//! Our checksums are refinery's.

use migrate_plan::{VersionWidth, refinery_checksum};
use proptest::prelude::*;
use refinery::{Migration, SchemaVersion};

/// The width of the refinery that these tests were built with.
fn width() -> VersionWidth {
    if size_of::<SchemaVersion>() == 4 { VersionWidth::Bits32 } else { VersionWidth::Bits64 }
}

proptest! {
    #[test]
    fn a_checksum_is_refinerys_for_any_name_and_text(version in 0..i32::MAX, name in "[a-zA-Z0-9_é]{1,12}", sql in ".{0,60}") {
        let theirs = Migration::unapplied(&format!("V{version}__{name}"), &sql).expect("a name");
        let ours = refinery_checksum(width(), i64::from(version), &name, &sql);
        prop_assert_eq!(ours, Some(theirs.checksum()));
    }
}
