//! A `down` that a history holds: any text is refused, or it is a section that is stored and read the same again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use migrate_plan::{Dialect, parse_stored_section};

fuzz_target!(|text: &str| {
    match parse_stored_section("001", text) {
        Err(problems) => assert!(!problems.is_empty()),
        Ok(section) => {
            let again = parse_stored_section("001", &section.to_stored()).expect("what is stored reads back");
            assert_eq!((again.direction, &again.dialects), (section.direction, &section.dialects));
            assert_eq!((again.transaction, again.content), (section.transaction, section.content));
            assert_eq!((&again.body, again.checksum), (&section.body, section.checksum));
            for dialect in Dialect::ALL {
                if let Err(error) = section.statements(dialect) {
                    let (line, column) = section.line_and_column(error.offset());
                    assert!(line > section.line && column > 0);
                }
            }
        }
    }
});
