//! A revision file: whatever its bytes, it is refused with a place inside the text, or it renders to a file that reads as the
//! same revision.
//!
//! Input: the file's name, NUL, its bytes; without NUL the bytes of `001.sql`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use migrate_plan::{
    Diagnostic, Revision, decode_revisions, encode_revisions, parse_revision, parse_stored_section, render_revision,
};

fuzz_target!(|data: &[u8]| {
    let split = data.iter().position(|byte| *byte == 0);
    let (name, bytes) = split.map_or((&b"001.sql"[..], data), |at| (&data[..at], &data[at + 1..]));
    let Ok(name) = std::str::from_utf8(name) else { return };
    match parse_revision(name, bytes) {
        Err(problems) => {
            assert!(!problems.is_empty());
            let lines = bytes.split(|byte| matches!(byte, b'\n' | b'\r')).count() as u32;
            for problem in &problems {
                assert!((1..=lines + 1).contains(&problem.place.line), "{problem:?}");
                assert!(!Diagnostic::from(problem).to_string().is_empty());
            }
        }
        Ok(revision) => {
            let text = render_revision(&revision);
            let again =
                parse_revision(name, text.as_bytes()).unwrap_or_else(|problems| panic!("{problems:?}\n{text:?}"));
            assert_eq!(facts(&again), facts(&revision));
            assert_eq!(again.checksum(), revision.checksum());
            assert_eq!(render_revision(&again), text);
            for section in revision.sections.iter() {
                let stored =
                    parse_stored_section(&revision.id, &section.to_stored()).expect("what is stored reads back");
                assert_eq!((&stored.body, stored.checksum), (&section.body, section.checksum));
            }
            embedded(revision);
        }
    }
});

/// Everything but the numbers of lines.
fn facts(revision: &Revision) -> Revision {
    let mut facts = revision.clone();
    facts.sections.to_mut().iter_mut().for_each(|section| section.line = 0);
    facts
}

/// What a macro leaves in a binary is the revision, byte for byte.
fn embedded(revision: Revision) {
    let text: *mut str = Box::into_raw(encode_revisions(std::slice::from_ref(&revision)).into_boxed_str());
    // SAFETY: the text was just leaked, and the box is made again when nothing borrows from it any more.
    let decoded = decode_revisions(unsafe { &*text });
    assert_eq!(decoded, Some(vec![revision]));
    drop(decoded);
    // SAFETY: as above.
    drop(unsafe { Box::from_raw(text) });
}
