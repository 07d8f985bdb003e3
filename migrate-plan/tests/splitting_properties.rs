//! What holds for any text: nothing is lost, nothing panics, and a checksum tells meaning from layout.

use migrate_plan::{Dialect, Statement, section_checksum, split_statements};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

const FRAGMENTS: &[&str] = &[
    "'",
    "''",
    "\"",
    "`",
    "[",
    "]",
    "\\",
    "E'",
    "e'\\'",
    "U&'",
    "x'00'",
    "$",
    "$$",
    "$a$",
    "$1",
    "a$b",
    "--",
    "-- ",
    "-- c\n",
    "-",
    "#",
    "/*",
    "*/",
    "/*!",
    "/*!50003 ",
    "/*M!",
    "/*+",
    "/",
    "*",
    ";",
    ";;",
    "//",
    "(",
    ")",
    ",",
    ".",
    "..",
    ":",
    ":=",
    "::",
    "@",
    "=",
    "<",
    "+",
    "~",
    "?",
    "1",
    "1.5e-3",
    "1e",
    "0x",
    "é",
    "\u{200e}",
    "\u{feff}",
    "🦀",
    "\r",
    "\n",
    "\r\n",
    " ",
    "\t",
    "\u{b}",
    "{",
    "{{",
    "{%",
    "\0",
    "DELIMITER ",
    "DELIMITER $$\n",
    "delimiter //\n",
    "DELIMITER ;\n",
    "\n-- migrate: up\n",
    "CREATE ",
    "TRIGGER ",
    "PROCEDURE ",
    "FUNCTION ",
    "BEGIN ",
    "BEGIN ATOMIC ",
    "BEGIN NOT ATOMIC ",
    "END",
    "END ",
    " END;",
    "CASE ",
    "IF ",
    "THEN ",
    "ELSE ",
    "LOOP ",
    "WHILE ",
    "DO ",
    "REPEAT ",
    "UNTIL ",
    "COPY a FROM stdin",
    "SELECT ",
    "COMMIT",
    "SET autocommit=0",
    "VACUUM ",
    "REINDEX (",
    "PRAGMA ",
    "CLUSTER ",
    "ROLLBACK ",
];

fn soup() -> impl Strategy<Value = String> {
    vec(select(FRAGMENTS), 0..40).prop_map(|fragments| fragments.concat())
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![4 => soup(), 1 => any::<String>()]
}

fn dialect() -> impl Strategy<Value = Dialect> {
    select(&Dialect::ALL[..])
}

fn dialects() -> impl Strategy<Value = Vec<Dialect>> {
    proptest::sample::subsequence(&Dialect::ALL[..], 0..=4)
}

/// Tokens that every dialect sees alike, and that do not join what stands beside them.
const TOKENS: &[&str] = &[
    "CREATE",
    "a",
    "b1",
    "_c",
    "é",
    "'x  y'",
    "'it''s'",
    "\"d e\"",
    "1",
    "1.5",
    "2e-3",
    "(",
    ")",
    ",",
    ";",
    "=",
    "<=",
    "||",
    "::",
    "+",
    "'-- z'",
    "'/* z */'",
    "x'00'",
    "/*+ h  i */",
];

const GAPS: &[&str] = &[" ", "\n", "\t ", "  \n", " -- it's; \"a\n", " /* don't; */ ", "\n-- `b`\n-- c\n", " /**/\n"];

fn laid_out(tokens: &[&str], gaps: &[&str]) -> String {
    tokens.iter().zip(gaps).flat_map(|(token, gap)| [*gap, *token]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2048, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_pieces_joined_are_the_text(text in text(), dialect in dialect()) {
        if let Ok(statements) = split_statements(&text, dialect) {
            let joined: String = statements.iter().map(Statement::piece).collect();
            prop_assert_eq!(&joined, &text);
            prop_assert!(statements.len() == 1 || statements.iter().all(|s| !s.is_empty()));
            prop_assert_eq!(split_statements(&joined, dialect), Ok(statements));
        }
    }

    #[test]
    fn every_question_about_a_statement_has_an_answer(text in text(), dialect in dialect()) {
        match split_statements(&text, dialect) {
            Ok(statements) => for statement in statements {
                let _ = (statement.class(), statement.drops_table(), statement.keywords());
                prop_assert!(text[statement.sql_offset()..].starts_with(statement.sql()));
                prop_assert_eq!(statement.sql().trim_ascii(), statement.sql());
            },
            Err(error) => {
                prop_assert!(text.is_char_boundary(error.offset()) && error.offset() < text.len());
            }
        }
    }

    #[test]
    fn a_piece_alone_is_the_same_statement(text in text(), dialect in dialect()) {
        // A piece lacks the `DELIMITER` line of an earlier one, and a byte order mark is one at the start of a text only.
        if text.to_ascii_lowercase().contains("delimiter") || text.contains('\u{feff}') {
            return Ok(());
        }
        for statement in split_statements(&text, dialect).unwrap_or_default() {
            let alone = split_statements(statement.piece(), dialect).unwrap();
            prop_assert_eq!(alone.len(), 1);
            prop_assert_eq!(alone[0].sql(), statement.sql());
        }
    }

    #[test]
    fn any_text_has_a_checksum(text in text(), dialects in dialects()) {
        prop_assert_eq!(section_checksum(&text, &dialects), section_checksum(&text, &dialects));
    }

    #[test]
    fn layout_does_not_count(
        tokens in vec((select(TOKENS), select(GAPS), select(GAPS)), 0..20),
        dialects in dialects(),
    ) {
        let words: Vec<_> = tokens.iter().map(|t| t.0).collect();
        let one: Vec<_> = tokens.iter().map(|t| t.1).collect();
        let other: Vec<_> = tokens.iter().map(|t| t.2).collect();
        prop_assert_eq!(
            section_checksum(&laid_out(&words, &one), &dialects),
            section_checksum(&laid_out(&words, &other), &dialects)
        );
    }

    #[test]
    fn every_token_counts(
        one in vec(select(TOKENS), 0..12),
        at in any::<prop::sample::Index>(),
        token in select(TOKENS),
        change in 0..3,
        dialects in dialects(),
    ) {
        let mut other = one.clone();
        match change {
            0 => other.insert(at.index(one.len() + 1), token),
            _ if one.is_empty() => {}
            1 => other[at.index(one.len())] = token,
            _ => drop(other.remove(at.index(one.len()))),
        }
        let same = section_checksum(&one.join(" "), &dialects) == section_checksum(&other.join(" "), &dialects);
        prop_assert_eq!(same, one == other);
    }

    #[test]
    fn equal_checksums_mean_equal_statements(one in soup(), at in any::<prop::sample::Index>(), what in select(FRAGMENTS), dialect in dialect()) {
        let mut places: Vec<_> = one.char_indices().map(|(i, _)| i).collect();
        places.push(one.len());
        let mut other = one.clone();
        other.insert_str(places[at.index(places.len())], what);
        // A `DELIMITER` line is for the client, not part of the language that the checksum reads.
        if other.to_ascii_lowercase().contains("delimiter") {
            return Ok(());
        }
        let meaning = |text: &str| {
            let statements = split_statements(text, dialect).ok()?;
            let code = statements.iter().filter(|statement| !statement.is_empty());
            Some(code.map(|s| (s.class(), s.keywords())).collect::<Vec<_>>())
        };
        if let (Some(one_meaning), Some(other_meaning)) = (meaning(&one), meaning(&other))
            && section_checksum(&one, &[dialect]) == section_checksum(&other, &[dialect])
        {
            prop_assert_eq!(one_meaning, other_meaning);
        }
    }
}
