//! Targets and ranges: what is printed reads back as the same target.

#![no_main]

use libfuzzer_sys::fuzz_target;
use migrate_plan::{Diagnostic, Range, Target, validate_id, validate_label};

fuzz_target!(|text: &str| {
    match text.parse::<Target>() {
        Ok(target) => {
            let printed = target.to_string();
            assert_eq!(printed.parse::<Target>().as_ref(), Ok(&target), "{text:?} {printed:?}");
        }
        Err(error) => assert!(!Diagnostic::from(&error).to_string().is_empty()),
    }
    let _ = text.parse::<Range>();
    // Whatever can be an id or a label can be named as a target, and names itself.
    if validate_id(text).is_ok() || validate_label(text).is_ok() {
        let target = text.parse::<Target>().expect("a name is a target");
        assert_eq!(
            target,
            Target { branch: None, symbol: Some(migrate_plan::Symbol::Name(text.to_owned())), steps: None }
        );
    }
});
