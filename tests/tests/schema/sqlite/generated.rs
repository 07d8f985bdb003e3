//! Random schemas: what is read creates the same again, and nothing is missing.

use proptest::prelude::*;

use super::generator::{Generated, schema};
use super::{assert_recreates, cases, database};

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn any_schema_is_the_same_again(generated in schema()) {
        let Generated { script, .. } = &generated;
        let read = assert_recreates(&mut database(script));
        prop_assert!(read.opaque.is_empty(), "{:#?}\n{script}", read.opaque);
        let tables = &read.tables;
        let counted = [
            tables.iter().map(|table| table.checks.len()).sum::<usize>(),
            tables.iter().map(|table| table.foreign_keys.len()).sum(),
            tables.iter().flat_map(|table| &table.columns).filter(|column| column.generated.is_some()).count(),
            tables.iter().map(|table| table.indexes.len()).sum(),
            tables.iter().map(|table| table.triggers.len()).sum::<usize>()
                + read.views.iter().map(|view| view.triggers.len()).sum::<usize>(),
            read.views.len(),
        ];
        let Generated { checks, foreign_keys, generated_columns, indexes, triggers, views, .. } = generated;
        prop_assert_eq!(counted, [checks, foreign_keys, generated_columns, indexes, triggers, views], "{}", script);
    }
}
