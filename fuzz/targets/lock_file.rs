//! `migrate.lock`: what is rendered parses to the same lock, and the two versions of a merge kept both are a lock.

#![no_main]

use libfuzzer_sys::fuzz_target;
use migrate_plan::LockFile;

fuzz_target!(|text: &str| {
    match LockFile::parse(text) {
        Err(defects) => {
            assert!(!defects.is_empty());
            defects.iter().for_each(|defect| assert!(!defect.diagnostic("migrate.lock").to_string().is_empty()));
        }
        Ok(lock) => {
            let rendered = lock.render();
            assert_eq!(LockFile::parse(&rendered).as_ref(), Ok(&lock), "{rendered:?}");
            assert_eq!(LockFile::parse(&format!("{rendered}{rendered}")).as_ref(), Ok(&lock));
            let _ = (lock.defects(&[]), lock.stale(&[]), lock.renewed(&[]));
        }
    }
});
