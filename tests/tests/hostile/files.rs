//! The texts of a revision file: any header and body is refused with a code and a place, or is the revision that it says.

use migrate_runtime::Migrations;
use migrate_runtime::plan::{validate_id, validate_label};
use migrate_tests::suite::draft;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::words::{cases, text};

#[test]
fn headers_are_refused_or_kept_word_for_word() {
    let given = (text(), text(), text(), any::<bool>());
    let outcome = TestRunner::new(cases(400)).run(&given, |(id, label, title, plain_id)| {
        let id = if plain_id { "001".to_owned() } else { id };
        let file = draft(&id).header(&format!("labels: {label}")).header(&format!("title: {title}")).up("SELECT 1;");
        match Migrations::from_files([(file.file().as_str(), file.text().as_str())]) {
            Err(refusals) => {
                prop_assert!(!refusals.is_empty());
                for refusal in refusals {
                    prop_assert!(refusal.place.is_some_and(|place| place.line > 0));
                }
            }
            Ok(migrations) => {
                let revision = &migrations.revisions()[0];
                prop_assert!(validate_id(&revision.id).is_ok());
                prop_assert!(revision.labels.iter().all(|label| validate_label(label).is_ok()));
                // A line end in a label ends the header before the title.
                if !title.contains(['\n', '\r']) && !label.contains(['\n', '\r']) {
                    prop_assert_eq!(&*revision.title, title.trim());
                }
            }
        }
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}
