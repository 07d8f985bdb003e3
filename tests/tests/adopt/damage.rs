//! Rows and files that do not fit: each is named, and nothing is written.

use insta::assert_snapshot;

use super::place::{Place, SHOP, as_it_is};

/// Taking over is refused, says this, and leaves files and tables as they were.
fn refused(place: &Place, more: &[&str]) -> String {
    let before = place.picture();
    let ran = place.adopt(more);
    assert_ne!(ran.code, 0, "{}: {}", place.engine(), ran.transcript());
    assert_eq!(place.picture(), before, "{}: nothing is written", place.engine());
    assert_eq!(ran.stdout, "");
    let errors = ran.stderr.lines().filter(|line| !line.starts_with("target: "));
    errors.collect::<Vec<_>>().join("\n")
}

/// A statement that spoils refinery's table, on every engine.
fn spoiled(name: &str, spoil: &str) {
    for place in Place::everywhere() {
        let place = place.applied(&SHOP);
        place.sql(spoil);
        assert_snapshot!(name, refused(&place, &[]));
    }
}

#[test]
fn a_checksum_that_was_edited_by_hand() {
    spoiled("checksum", "UPDATE refinery_schema_history SET checksum = '12' WHERE version = 2");
}

#[test]
fn a_checksum_that_is_no_number() {
    spoiled("no_number", "UPDATE refinery_schema_history SET checksum = 'abc' WHERE version = 2");
}

#[test]
fn a_date_that_was_edited_by_hand() {
    spoiled("date", "UPDATE refinery_schema_history SET applied_on = 'yesterday' WHERE version = 2");
}

#[test]
fn columns_that_are_null() {
    spoiled(
        "null",
        "UPDATE refinery_schema_history SET applied_on = NULL, name = NULL, checksum = NULL WHERE version = 2",
    );
}

#[test]
fn a_row_that_is_gone() {
    spoiled("gap", "DELETE FROM refinery_schema_history WHERE version = 2");
}

#[test]
fn a_row_that_no_file_is_known_for() {
    spoiled("unknown", "INSERT INTO refinery_schema_history VALUES (11, 'from_a_branch', '2024-05-17T09:30:00Z', '5')");
}

#[test]
fn a_migration_that_was_renamed() {
    spoiled("renamed", "UPDATE refinery_schema_history SET name = 'added_price' WHERE version = 2");
}

#[test]
fn a_file_that_was_renamed_needs_its_old_name_alone() {
    for place in Place::everywhere() {
        place.run_by_refinery(&SHOP, as_it_is).expect("refinery applies");
        let place = place.with_files(&[SHOP[0], ("V2__price_added", SHOP[1].1), SHOP[2]]);
        let said = refused(&place, &[]);
        assert!(said.contains("version 2 is `add_price` in refinery_schema_history, and `price_added` here"), "{said}");
        assert!(said.contains("give it its old name back: the text is the same"), "{said}");
    }
}

#[test]
fn what_a_row_holds_is_shown_and_not_obeyed_by_the_terminal() {
    for place in Place::everywhere() {
        let place = place.applied(&SHOP);
        let escape = if place.engine() == "postgres" { "E'\\033[2Jx'" } else { "concat(char(27), '[2Jx')" };
        let escape = if place.engine() == "sqlite" { "char(27) || '[2Jx'" } else { escape };
        place.sql(&format!("UPDATE refinery_schema_history SET name = {escape} WHERE version = 2"));
        let said = refused(&place, &[]);
        assert!(said.contains("[2Jx") && !said.contains('\u{1b}'), "{said:?}");
    }
}

#[test]
fn a_role_that_could_not_keep_the_table_still_is_refused_before_a_file_is_written() {
    let Some(place) = Place::on_postgres() else { return };
    let place = place.applied(&SHOP);
    // Roles are the whole server's.
    let role = format!("reader_{}", std::process::id());
    place.sql(&format!(
        "CREATE ROLE {role} LOGIN PASSWORD 'secret'; GRANT CREATE, USAGE ON SCHEMA public TO {role}; \
         GRANT SELECT, INSERT ON refinery_schema_history TO {role}"
    ));
    let before = place.picture();
    let url = place.url();
    let (_, rest) = url.split_once('@').expect("a user");
    let url = format!("postgres://{role}:secret@{rest}");
    let ran = place.sandbox.migrate(&["adopt", "refinery", "--database-url", &url]);
    assert!(ran.stderr.contains("error[M0409]: the role may not lock refinery_schema_history"), "{}", ran.transcript());
    assert!(!ran.stderr.contains("secret"));
    assert_eq!(place.picture(), before);
    place.sql(&format!("GRANT UPDATE ON refinery_schema_history TO {role}"));
    let ran = place.sandbox.migrate(&["adopt", "refinery", "--database-url", &url]);
    assert_eq!(ran.code, 0, "{}", ran.transcript());
}

#[test]
fn every_problem_is_named_at_once() {
    for place in Place::everywhere() {
        let place = place.applied(&SHOP);
        place.sql("UPDATE refinery_schema_history SET checksum = '1'");
        let said = refused(&place, &[]);
        assert_eq!(said.matches("error[M0803]").count(), 3, "{said}");
    }
}

#[test]
fn a_table_that_is_not_refinerys() {
    for place in Place::everywhere() {
        let place = place.with_files(&SHOP);
        place.sql("CREATE TABLE refinery_schema_history (x INTEGER)");
        let said = refused(&place, &[]);
        assert!(said.contains("error[M0801]: refinery_schema_history is not a table of refinery's"), "{said}");
    }
}

#[test]
fn a_text_that_was_edited_is_refused_until_somebody_says_so() {
    for place in Place::everywhere() {
        let place = place.applied(&SHOP);
        place.sandbox.write("migrations/V2__add_price.sql", "ALTER TABLE items ADD COLUMN price INTEGER; -- cents\n");
        let said = refused(&place, &[]);
        let flag = said.split('`').find(|part| part.contains("--edited V2=")).expect("a way out").to_owned();
        let flag = flag.split_whitespace().last().expect("its value").to_owned();
        assert!(place.adopted(&["--edited", &flag]).ends_with("now at V10\n"));
        let line = format!("-- refinery: V2__add_price, edited from {}\n", &flag[3..]);
        assert!(place.sandbox.read("migrations/V2__add_price.sql").contains(&line));
        let note = place.sql("SELECT note FROM migrate_log WHERE revision = 'V2'");
        assert!(note.ends_with("`V2`: its text was edited after refinery had applied it"), "{note}");
    }
}

/// What a checkout elsewhere made of the text.
#[test]
fn other_line_ends_and_a_byte_order_mark_are_recognised_and_named() {
    let crlf = |text: &str| text.replace('\n', "\r\n");
    let bom = |text: &str| format!("\u{feff}{text}");
    type Change<'c> = &'c dyn Fn(&str) -> String;
    let same: Change<'_> = &|text| text.to_owned();
    let both: Change<'_> = &|text| bom(&crlf(text));
    let cases: [(Change<'_>, Change<'_>, Option<&str>); 6] = [
        (same, &crlf, Some("LF line ends")),
        (&crlf, same, Some("CRLF line ends")),
        (&crlf, &crlf, None),
        (same, both, Some("LF line ends")),
        (both, same, Some("CRLF line ends and a byte order mark")),
        (&bom, &crlf, Some("LF line ends and a byte order mark")),
    ];
    let sql = "-- two lines\nCREATE TABLE t (x INTEGER);\n";
    for (applied, here, said) in cases {
        for place in Place::everywhere() {
            // No server but SQLite's skips a byte order mark.
            if place.engine() != "sqlite" && applied(sql).starts_with('\u{feff}') {
                continue;
            }
            place.run_by_refinery(&[("V1__t", &applied(sql))], as_it_is).expect("refinery applies");
            let place = place.with_files(&[("V1__t", &here(sql))]);
            let ran = place.adopt(&[]);
            assert_eq!(ran.code, 0, "{}", ran.transcript());
            let expected = said.map(|said| format!("`V1`: refinery applied its text with {said}"));
            assert_eq!(ran.stderr.lines().find(|line| line.contains("its text with")), expected.as_deref());
            assert_eq!(place.migrate(&["check"]).code, 0);
        }
    }
}

#[test]
fn mixed_line_ends_are_kept_exactly() {
    for place in Place::everywhere() {
        let place = place.applied(&[("V1__t", "CREATE TABLE t\r\n(x INTEGER);\n\r\n-- end")]);
        place.adopted(&[]);
        let text = place.sandbox.read("migrations/V1__t.sql");
        assert!(text.contains("-- refinery: V1__t, crlf 1, lf 1, crlf 1, unterminated\n"), "{text}");
    }
}

#[test]
fn an_end_of_the_last_line_that_an_editor_adds_is_recognised_and_named() {
    for place in Place::everywhere() {
        place.run_by_refinery(&[("V1__t", "CREATE TABLE t (x INTEGER);")], as_it_is).expect("refinery applies");
        let place = place.with_files(&[("V1__t", "CREATE TABLE t (x INTEGER);\n")]);
        let ran = place.adopt(&[]);
        assert_eq!(ran.code, 0, "{}", ran.transcript());
        let said = "`V1`: refinery applied its text with LF line ends, without an end of its last line";
        assert!(ran.stderr.contains(said), "{}", ran.transcript());
    }
}
