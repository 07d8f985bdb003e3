//! A macro that is built without an engine.

use migrate_plan::{Code, Diagnostic, Revision};

/// Refuses: nothing can run here.
pub(crate) fn verify(_: &[Revision]) -> Result<(), Vec<Diagnostic>> {
    Err(vec![
        Diagnostic::new(
            Code::DriverNotBuilt,
            "`verify = \"sqlite\"` needs SQLite in the macro, and it is not part of this build",
            "enable it: `cargo add migrate-runtime --features verify-sqlite`",
        )
        .because("whoever does not verify need not compile SQLite for it"),
    ])
}
