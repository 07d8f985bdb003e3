//! SQL in each dialect: the pieces of a split are the text, in order and without a gap, and splitting them joined or alone
//! gives the same statements.

#![no_main]

use libfuzzer_sys::fuzz_target;
use migrate_plan::{Dialect, Statement, section_checksum, split_statements};

fuzz_target!(|text: &str| {
    for dialect in Dialect::ALL {
        let _ = section_checksum(text, &[dialect]);
        match split_statements(text, dialect) {
            Err(error) => {
                assert!(error.offset() < text.len() && text.is_char_boundary(error.offset()));
                let _ = (error.to_string(), error.why().to_string(), error.help().to_string());
            }
            Ok(statements) => check(text, dialect, &statements),
        }
    }
});

fn check(text: &str, dialect: Dialect, statements: &[Statement<'_>]) {
    let mut end = 0;
    for statement in statements {
        assert_eq!(statement.offset(), end);
        end += statement.piece().len();
        let (from, sql) = (statement.sql_offset(), statement.sql());
        assert!(statement.offset() <= from && from + sql.len() <= end);
        assert_eq!(&text[from..from + sql.len()], sql);
        assert!(statements.len() == 1 || !statement.is_empty());
        let _ = (statement.class(), statement.drops_table(), statement.keywords(), statement.effect());
    }
    assert_eq!(end, text.len());
    // A `DELIMITER` line holds for what follows it, and a byte order mark is one at the start alone.
    if text.to_ascii_lowercase().contains("delimiter") || text.contains('\u{feff}') {
        return;
    }
    for statement in statements {
        let alone = split_statements(statement.piece(), dialect).expect("a piece is a statement");
        assert_eq!(alone.iter().map(Statement::sql).collect::<Vec<_>>(), [statement.sql()]);
        // What is sent alone is one statement, too.
        let sent = split_statements(statement.sql(), dialect).expect("what is sent is a statement");
        assert!(sent.len() <= 1);
    }
}
