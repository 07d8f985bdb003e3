//! `migrate.toml` and `Cargo.toml`: any text is a configuration or a refusal.

#![no_main]

use libfuzzer_sys::fuzz_target;
use migrate_plan::ProjectConfig;

fuzz_target!(|text: &str| {
    for read in [
        ProjectConfig::from_migrate_toml("migrate.toml", text).map(Some),
        ProjectConfig::from_cargo_toml("Cargo.toml", text),
    ] {
        match read {
            Ok(None) => {}
            Ok(Some(config)) => assert!(!config.settings.history_table.is_empty() && !config.folders.iter().any(String::is_empty)),
            Err(refusal) => assert!(refusal.place.is_some_and(|place| place.line as usize <= text.lines().count() + 1)),
        }
    }
});
