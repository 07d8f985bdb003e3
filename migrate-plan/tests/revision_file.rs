//! The format of a revision file, rule by rule, and every refusal as a person reads it.

mod support;

use insta::assert_snapshot;
use migrate_plan::{
    Content, Diagnostic, Dialect, Direction, ParseError, Revision, Section, TransactionMode, parse_revision,
    parse_stored_section, render_revision,
};

const FILE: &str = "migrations/20261122073000_3f2a9c81d0e3_add_bio.sql";

const FULL: &str = "\
-- revision: 3f2a9c81d0e3
-- parents: 1975ea83b712
-- title: add bio to users
-- depends-on: 77aa01bc93ff, accounts
-- labels: billing, billing-eu
-- created: 2026-11-22T07:30:00Z

-- A second comment block is the description;
--   indented lines keep their blanks.
--
-- Another paragraph.

-- migrate: up
ALTER TABLE users ADD COLUMN bio text;

-- migrate: down
ALTER TABLE users DROP COLUMN bio;
";

/// A file with a header that is in order.
fn with_header(rest: &str) -> String {
    format!("-- revision: 3f2a9c81d0e3\n-- parents: none\n\n{rest}")
}

fn parse(text: &str) -> Revision {
    parse_revision(FILE, text.as_bytes()).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn refusals(bytes: &[u8]) -> String {
    rendered(&parse_revision(FILE, bytes).expect_err("the file is refused"))
}

fn rendered(problems: &[ParseError]) -> String {
    problems.iter().map(|problem| Diagnostic::from(problem).to_string()).collect::<Vec<_>>().join("\n\n")
}

/// What is said of a file with this text after a header that is in order.
fn refused(rest: &str) -> String {
    refusals(with_header(rest).as_bytes())
}

fn up(revision: &Revision, dialect: Dialect) -> Option<&str> {
    revision.section(Direction::Up, dialect).map(|section| section.body.trim())
}

#[test]
fn a_full_file_is_read_key_by_key() {
    let revision = parse(FULL);
    assert_eq!(revision.id, "3f2a9c81d0e3");
    assert_eq!(*revision.parents, ["1975ea83b712"]);
    assert_eq!(*revision.depends_on, ["77aa01bc93ff", "accounts"]);
    assert_eq!(*revision.labels, ["billing", "billing-eu"]);
    assert_eq!(revision.title, "add bio to users");
    assert_eq!(revision.created.as_deref(), Some("2026-11-22T07:30:00Z"));
    assert_eq!(revision.irreversible, None);
    assert_eq!(revision.file, FILE);
}

#[test]
fn the_comment_blocks_after_the_header_are_the_description() {
    let expected =
        "A second comment block is the description;\n  indented lines keep their blanks.\n\nAnother paragraph.";
    assert_eq!(parse(FULL).description.as_deref(), Some(expected));
}

#[test]
fn blocks_of_the_description_are_parted_by_an_empty_line() {
    let revision = parse(&with_header("-- one\n\n-- two\n\n-- migrate: up\nSELECT 1;\n"));
    assert_eq!(revision.description.as_deref(), Some("one\n\ntwo"));
}

#[test]
fn a_file_without_a_second_block_has_no_description() {
    assert_eq!(parse(&with_header("-- migrate: up\nSELECT 1;\n")).description, None);
}

#[test]
fn only_revision_and_parents_are_required() {
    let revision = parse("-- revision: 3f2a9c81d0e3\n-- parents: a, b\n-- migrate: up\nSELECT 1;\n");
    assert_eq!(*revision.parents, ["a", "b"]);
    assert_eq!(revision.title, "add bio", "the title is made from the file's name");
    assert_eq!((revision.created, revision.depends_on.len(), revision.labels.len()), (None, 0, 0));
}

/// The quote is open for SQLite and closed for PostgreSQL, so that for one of them a line end would be text.
#[test]
fn a_section_without_a_last_line_end_is_rendered_without_one() {
    let text = with_header("-- migrate: irreversible gone\n-- migrate: up\nSELECT E'\\''");
    let revision = parse(&text);
    let again = parse(&render_revision(&revision));
    assert_eq!(again.sections[0].body, "SELECT E'\\''");
    assert_eq!((again.checksum(), again.irreversible.as_deref()), (revision.checksum(), Some("gone")));
}

#[test]
fn a_file_named_after_its_id_alone_has_the_id_for_a_title() {
    let revision = parse_revision("a.sql", b"-- revision: a\n-- parents: none\n-- migrate: up\nSELECT 1;\n").unwrap();
    assert_eq!(revision.title, "a");
}

#[test]
fn blank_lines_may_stand_before_the_header() {
    assert_eq!(parse(&format!("\n \n{FULL}")).id, "3f2a9c81d0e3");
}

#[test]
fn parents_none_is_a_root() {
    assert!(parse(&with_header("-- migrate: up\nSELECT 1;\n")).parents.is_empty());
}

#[test]
fn the_body_is_everything_between_the_markers_byte_for_byte() {
    let revision = parse(FULL);
    assert_eq!(revision.sections[0].body, "ALTER TABLE users ADD COLUMN bio text;\n\n");
    assert_eq!(revision.sections[1].body, "ALTER TABLE users DROP COLUMN bio;\n");
    assert_eq!((revision.sections[0].line, revision.sections[1].line), (13, 16));
}

#[test]
fn carriage_returns_and_a_byte_order_mark_make_no_difference() {
    let windows = format!("\u{feff}{}", FULL.replace('\n', "\r\n"));
    assert_eq!(parse(&windows), parse(FULL));
}

#[test]
fn the_last_line_needs_no_end() {
    let revision = parse(FULL.trim_end());
    assert_eq!(revision.sections[1].body, "ALTER TABLE users DROP COLUMN bio;");
}

#[test]
fn ids_hold_letters_digits_underscores_and_dots() {
    for id in ["001", "3f2a9c81d0e3", "v1.2", "Add_Users", "_", "-1".trim_start_matches('-')] {
        let text = format!("-- revision: {id}\n-- parents: none\n-- migrate: up\nSELECT 1;\n");
        assert_eq!(parse_revision(&format!("{id}_x.sql"), text.as_bytes()).unwrap().id, id);
    }
}

#[test]
fn ids_of_255_characters_are_the_longest() {
    let with = |id: String| {
        let text = format!("-- revision: {id}\n-- parents: none\n-- migrate: up\nSELECT 1;\n");
        parse_revision(&format!("{id}.sql"), text.as_bytes())
    };
    assert!(with("x".repeat(255)).is_ok());
    let problems = with("x".repeat(256)).unwrap_err();
    let said = problems[0].to_string();
    assert!(said.ends_with("cannot be a revision id: it has 256 characters, and 255 is the most"), "{said}");
}

#[test]
fn ids_with_other_characters_are_refused() {
    for (id, why) in [
        ("add users", "it holds ' '"),
        ("add-users", "it holds '-'"),
        ("a+1", "it holds '+'"),
        ("a@b", "it holds '@'"),
        ("a/b", "it holds '/'"),
        ("ä", "it holds 'ä'"),
        ("'; DROP", "it holds '\\''"),
    ] {
        let text = format!("-- revision: {id}\n-- parents: none\n-- migrate: up\nSELECT 1;\n");
        let problems = parse_revision(FILE, text.as_bytes()).unwrap_err();
        assert!(problems[0].to_string().contains(why), "{id}: {}", problems[0]);
    }
}

#[test]
fn reserved_words_are_refused_as_ids_parents_dependencies_and_labels() {
    let text =
        "-- revision: head\n-- parents: base\n-- depends-on: current\n-- labels: heads\n-- migrate: up\nSELECT 1;\n";
    assert_snapshot!(refusals(text.as_bytes()), @"
    error[M0007]: `head` cannot be a revision id: `head` has a meaning of its own as a target
      --> migrations/20261122073000_3f2a9c81d0e3_add_bio.sql:1
      why: ids and labels are typed as targets and stored in the database
     help: choose another name; `none` stands alone, for a root

    error[M0007]: `base` cannot be a parent: `base` has a meaning of its own as a target
      --> migrations/20261122073000_3f2a9c81d0e3_add_bio.sql:2
      why: ids and labels are typed as targets and stored in the database
     help: choose another name; `none` stands alone, for a root

    error[M0007]: `current` cannot be a dependency: `current` has a meaning of its own as a target
      --> migrations/20261122073000_3f2a9c81d0e3_add_bio.sql:3
      why: ids and labels are typed as targets and stored in the database
     help: choose another name; `none` stands alone, for a root

    error[M0007]: `heads` cannot be a label: `heads` has a meaning of its own as a target
      --> migrations/20261122073000_3f2a9c81d0e3_add_bio.sql:4
      why: ids and labels are typed as targets and stored in the database
     help: choose another name; `none` stands alone, for a root
    ");
}

#[test]
fn labels_may_hold_a_dash_but_not_before_a_final_number() {
    assert_eq!(*parse(FULL).labels, ["billing", "billing-eu"]);
    let with = |label: &str| {
        let text =
            format!("-- revision: 3f2a9c81d0e3\n-- parents: none\n-- labels: {label}\n-- migrate: up\nSELECT 1;\n");
        parse_revision(FILE, text.as_bytes()).map(|_| ()).map_err(|problems| problems[0].to_string())
    };
    assert_eq!(with("v-2-rc"), Ok(()));
    assert_snapshot!(with("v-2").unwrap_err(), @"`v-2` cannot be a label: it ends in `-` and a number, which reads as a relative target");
    assert_snapshot!(with("-v").unwrap_err(), @"`-v` cannot be a label: it holds '-', and only letters, digits, `_` and `.` can be told from the rest of a target");
    assert_snapshot!(with("v+2").unwrap_err(), @"`v+2` cannot be a label: it holds '+', and only letters, digits, `_` and `.` can be told from the rest of a target");
}

#[test]
fn a_file_name_holds_the_whole_id_between_underscores() {
    let text = |id: &str| format!("-- revision: {id}\n-- parents: none\n-- migrate: up\nSELECT 1;\n");
    let title = |file: &str, id: &str| {
        parse_revision(file, text(id).as_bytes())
            .map(|revision| revision.title.to_string())
            .map_err(|p| p[0].to_string())
    };
    assert_eq!(title("001_initial_schema.sql", "001"), Ok("initial schema".to_owned()));
    assert_eq!(title("db/migrations/001.sql", "001"), Ok("001".to_owned()));
    assert_eq!(title(r"db\migrations\001_x.sql", "001"), Ok("x".to_owned()));
    assert_eq!(title("2026_add_users_more.sql", "add_users"), Ok("more".to_owned()));
    assert_eq!(title("v1.2.sql", "v1.2"), Ok("v1.2".to_owned()));
    assert_eq!(title("x1_1_1_y.sql", "1_1"), Ok("y".to_owned()), "the first match stands inside a word");
    assert_eq!(title("001_a\n-- b\r\x1b.sql", "001"), Ok("a -- b".to_owned()), "a title is one line");
    assert_eq!(title("0011_x.sql", "001"), Err("the file name does not hold the id `001`".to_owned()));
    assert_eq!(title("a001_x.sql", "001"), Err("the file name does not hold the id `001`".to_owned()));
    assert_eq!(title("ABC_x.sql", "abc"), Err("the file name does not hold the id `abc`".to_owned()));
}

#[test]
fn a_file_name_that_contradicts_the_header() {
    let text = "\n-- revision: 9c1b\n-- parents: none\n-- migrate: up\nSELECT 1;\n";
    assert_snapshot!(refusals(text.as_bytes()), @"
    error[M0008]: the file name does not hold the id `9c1b`
      --> migrations/20261122073000_3f2a9c81d0e3_add_bio.sql:2
      why: people look for a revision by its file name
     help: rename the file so that its name holds `9c1b` between underscores, such as `9c1b_<title>.sql`
    ");
}

#[test]
fn an_unknown_key_is_answered_with_the_nearest_known_one() {
    let text = "-- revision: 3f2a9c81d0e3\n-- parents: none\n-- lables: billing\n-- migrate: up\nSELECT 1;\n";
    assert_snapshot!(refusals(text.as_bytes()), @"
    error[M0004]: unknown key `lables` in the header
      --> migrations/20261122073000_3f2a9c81d0e3_add_bio.sql:3
      why: an unknown key would be ignored silently
     help: did you mean `labels`?
    ");
}

#[test]
fn keys_of_other_tools_are_answered_with_ours() {
    for (theirs, ours) in [
        ("down_revision", "parents"),
        ("revises", "parents"),
        ("branch_labels", "labels"),
        ("depends_on", "depends-on"),
        ("id", "revision"),
    ] {
        let text = format!("-- revision: 3f2a9c81d0e3\n-- parents: none\n-- {theirs}: x\n-- migrate: up\nSELECT 1;\n");
        let problems = parse_revision(FILE, text.as_bytes()).unwrap_err();
        assert_eq!(Diagnostic::from(&problems[0]).help, format!("did you mean `{ours}`?"));
    }
}

#[test]
fn an_unknown_key_like_nothing() {
    let text = "-- revision: 3f2a9c81d0e3\n-- parents: none\n-- copyright: me\n-- migrate: up\nSELECT 1;\n";
    assert_snapshot!(refusals(text.as_bytes()), @"
    error[M0004]: unknown key `copyright` in the header
      --> migrations/20261122073000_3f2a9c81d0e3_add_bio.sql:3
      why: an unknown key would be ignored silently
     help: the known keys are revision, parents, title, depends-on, labels, created; put other text into a second comment block
    ");
}

#[test]
fn an_empty_file_lacks_everything() {
    assert_snapshot!(refusals(b""), @"
    error[M0003]: the header has no `revision`
      --> migrations/20261122073000_3f2a9c81d0e3_add_bio.sql:1
      why: the first comment block is the header, and the id is the header's
     help: begin the file with `-- revision: <id>` and `-- parents: <id, or none>`

    error[M0003]: the header has no `parents`
      --> migrations/20261122073000_3f2a9c81d0e3_add_bio.sql:1
      why: a root must say that it is one, so that a forgotten parent is not taken for a new root
     help: add `-- parents: <id of the revision before it>`, or `-- parents: none` for a root

    error[M0016]: the revision has no `up` section
      --> migrations/20261122073000_3f2a9c81d0e3_add_bio.sql:1
      why: a revision that does nothing must say so
     help: add `-- migrate: up`, with SQL or with the line `-- migrate: nothing` below it
    ");
}

#[test]
fn parents_must_be_there_even_for_a_root() {
    assert_snapshot!(refusals(b"-- revision: 3f2a9c81d0e3\n-- migrate: up\nSELECT 1;\n"), @"
    error[M0003]: the header has no `parents`
      --> migrations/20261122073000_3f2a9c81d0e3_add_bio.sql:1
      why: a root must say that it is one, so that a forgotten parent is not taken for a new root
     help: add `-- parents: <id of the revision before it>`, or `-- parents: none` for a root
    ");
}

#[test]
fn a_header_line_without_a_value() {
    assert_snapshot!(refusals(b"-- revision: 3f2a9c81d0e3\n-- parents:\n-- migrate: up\nSELECT 1;\n"), @"
    error[M0005]: the header's `parents` is empty
      --> migrations/20261122073000_3f2a9c81d0e3_add_bio.sql:2
      why: a root must say that it is one, so that a forgotten parent is not taken for a new root
     help: write the id of the revision before it, or `none` for a root
    ");
}

#[test]
fn a_header_line_that_is_prose() {
    let text = "-- revision: 3f2a9c81d0e3\n-- parents: none\n-- Adds a column.\n-- migrate: up\nSELECT 1;\n";
    assert_snapshot!(refusals(text.as_bytes()), @"
    error[M0005]: the header line `-- Adds a column.` is not `key: value`
      --> migrations/20261122073000_3f2a9c81d0e3_add_bio.sql:3
      why: the first comment block is the header, one `-- key: value` a line
     help: put other text into a second comment block, after an empty line
    ");
}

#[test]
fn a_key_for_the_second_time() {
    let text = "-- revision: 3f2a9c81d0e3\n-- parents: a\n-- parents: b\n-- migrate: up\nSELECT 1;\n";
    assert_snapshot!(refusals(text.as_bytes()), @"
    error[M0006]: the header repeats `parents`
      --> migrations/20261122073000_3f2a9c81d0e3_add_bio.sql:3
      why: only one of the two could count
     help: keep one line; lists are separated by commas
    ");
}

#[test]
fn a_name_for_the_second_time() {
    let text = "-- revision: 3f2a9c81d0e3\n-- parents: a, a\n-- migrate: up\nSELECT 1;\n";
    assert_snapshot!(refusals(text.as_bytes()), @"
    error[M0006]: `parents` names `a` twice
      --> migrations/20261122073000_3f2a9c81d0e3_add_bio.sql:2
      why: naming it once is enough
     help: remove one of the two
    ");
}

#[test]
fn an_empty_name_in_a_list() {
    let text = "-- revision: 3f2a9c81d0e3\n-- parents: a,, b\n-- migrate: up\nSELECT 1;\n";
    assert_snapshot!(refusals(text.as_bytes()), @"
    error[M0007]: `` cannot be a parent: it is empty
      --> migrations/20261122073000_3f2a9c81d0e3_add_bio.sql:2
      why: ids and labels are typed as targets and stored in the database
     help: write a name, or remove the comma
    ");
}

#[test]
fn none_beside_a_parent() {
    let text = "-- revision: 3f2a9c81d0e3\n-- parents: none, a\n-- migrate: up\nSELECT 1;\n";
    assert_snapshot!(refusals(text.as_bytes()), @"
    error[M0007]: `none` cannot be a parent: `none` has a meaning of its own as a target
      --> migrations/20261122073000_3f2a9c81d0e3_add_bio.sql:2
      why: ids and labels are typed as targets and stored in the database
     help: choose another name; `none` stands alone, for a root
    ");
}

#[test]
fn a_section_serves_the_dialects_that_its_marker_names_and_one_without_serves_the_rest() {
    let revision = parse(&with_header(
        "-- migrate: up sqlite\nSELECT 1;\n-- migrate: up postgres mysql\nSELECT 2;\n-- migrate: up\nSELECT 3;\n",
    ));
    assert_eq!(up(&revision, Dialect::Sqlite), Some("SELECT 1;"));
    assert_eq!(up(&revision, Dialect::Postgres), Some("SELECT 2;"));
    assert_eq!(up(&revision, Dialect::MySql), Some("SELECT 2;"));
    assert_eq!(up(&revision, Dialect::MariaDb), Some("SELECT 2;"), "what serves MySQL serves MariaDB");
}

#[test]
fn a_mariadb_section_beside_a_mysql_section_serves_mariadb() {
    let revision = parse(&with_header("-- migrate: up mysql\nSELECT 1;\n-- migrate: up mariadb\nSELECT 2;\n"));
    assert_eq!(up(&revision, Dialect::MySql), Some("SELECT 1;"));
    assert_eq!(up(&revision, Dialect::MariaDb), Some("SELECT 2;"));
    assert_eq!(up(&revision, Dialect::Sqlite), None);
}

#[test]
fn a_mariadb_section_does_not_serve_mysql() {
    let revision = parse(&with_header("-- migrate: up mariadb\nSELECT 1;\n"));
    assert_eq!(up(&revision, Dialect::MySql), None);
}

#[test]
fn two_sections_for_one_dialect() {
    assert_snapshot!(refused("-- migrate: up sqlite\nSELECT 1;\n-- migrate: up postgres sqlite\nSELECT 2;\n"), @"
    error[M0011]: two sections serve `up` for postgres, sqlite
      --> migrations/20261122073000_3f2a9c81d0e3_add_bio.sql:6
      why: only one of the two could run
     help: join them, or name other dialects
    ");
}

#[test]
fn two_sections_for_the_rest() {
    assert_snapshot!(refused("-- migrate: up\nSELECT 1;\n-- migrate: up\nSELECT 2;\n"), @"
    error[M0011]: two sections serve `up` for the rest of the dialects
      --> migrations/20261122073000_3f2a9c81d0e3_add_bio.sql:6
      why: only one of the two could run
     help: join them, or name other dialects
    ");
}

#[test]
fn an_unknown_dialect_is_answered_with_ours() {
    assert_snapshot!(refused("-- migrate: up postgresql\nSELECT 1;\n"), @"
    error[M0009]: unknown marker `-- migrate: up postgresql`
      --> migrations/20261122073000_3f2a9c81d0e3_add_bio.sql:4
      why: lines that begin with `-- migrate:` decide what runs
     help: did you mean `postgres`?
    ");
    assert_snapshot!(refused("-- migrate: up oracle\nSELECT 1;\n"), @"
    error[M0009]: unknown marker `-- migrate: up oracle`
      --> migrations/20261122073000_3f2a9c81d0e3_add_bio.sql:4
      why: lines that begin with `-- migrate:` decide what runs
     help: the dialects are sqlite, postgres, mysql, mariadb
    ");
}

#[test]
fn a_dialect_for_the_second_time() {
    assert_snapshot!(refused("-- migrate: up sqlite sqlite\nSELECT 1;\n"), @"
    error[M0006]: `up` names `sqlite` twice
      --> migrations/20261122073000_3f2a9c81d0e3_add_bio.sql:4
      why: naming it once is enough
     help: remove one of the two
    ");
}

#[test]
fn an_unknown_marker_with_a_known_one_like_it() {
    assert_snapshot!(refused("-- migrate: up\nSELECT 1;\n-- migrate: dwn\nSELECT 2;\n"), @"
    error[M0009]: unknown marker `-- migrate: dwn`
      --> migrations/20261122073000_3f2a9c81d0e3_add_bio.sql:6
      why: lines that begin with `-- migrate:` decide what runs
     help: did you mean `-- migrate: down`?
    ");
}

#[test]
fn an_unknown_marker_like_nothing() {
    assert_snapshot!(refused("-- migrate: up\nSELECT 1;\n-- migrate: sideways\nSELECT 2;\n"), @"
    error[M0009]: unknown marker `-- migrate: sideways`
      --> migrations/20261122073000_3f2a9c81d0e3_add_bio.sql:6
      why: lines that begin with `-- migrate:` decide what runs
     help: the markers are `up`, `down`, `no-transaction`, `nothing` and `irreversible <reason>`
    ");
    assert_snapshot!(refused("-- migrate: up\nSELECT 1;\n-- migrate:\n"), @"
    error[M0009]: unknown marker `-- migrate:`
      --> migrations/20261122073000_3f2a9c81d0e3_add_bio.sql:6
      why: lines that begin with `-- migrate:` decide what runs
     help: the markers are `up`, `down`, `no-transaction`, `nothing` and `irreversible <reason>`
    ");
}

#[test]
fn a_marker_with_words_too_many() {
    assert_snapshot!(refused("-- migrate: up\n-- migrate: nothing at all\n"), @"
    error[M0009]: unknown marker `-- migrate: nothing at all`
      --> migrations/20261122073000_3f2a9c81d0e3_add_bio.sql:5
      why: lines that begin with `-- migrate:` decide what runs
     help: did you mean `-- migrate: nothing`?
    ");
}

#[test]
fn a_marker_in_column_1_counts_inside_quotes_too() {
    assert_snapshot!(refused("-- migrate: up\nINSERT INTO notes VALUES ('\n-- migrate: later\n');\n"), @"
    error[M0015]: this `'` is never closed
      --> migrations/20261122073000_3f2a9c81d0e3_add_bio.sql:5:27
      why: everything up to the end of the text belongs to it, so statements would be lost
     help: close it with `'`, and double a `'` that belongs to the text

    error[M0009]: unknown marker `-- migrate: later`
      --> migrations/20261122073000_3f2a9c81d0e3_add_bio.sql:6
      why: lines that begin with `-- migrate:` decide what runs
     help: the markers are `up`, `down`, `no-transaction`, `nothing` and `irreversible <reason>`
    ");
}

#[test]
fn lines_that_are_almost_markers_are_refused() {
    let spelled =
        ["  -- migrate: down", "--migrate: down", "-- Migrate: down", "--  migrate : down", "-- MIGRATE:down"];
    let without_colon =
        ["-- migrate down", "--migrate down", "-- migrate down sqlite postgres", "-- migrate no-transaction"];
    let of_the_noun = ["-- migration: down", "-- Migration down"];
    for line in spelled.into_iter().chain(without_colon).chain(of_the_noun) {
        let problems = parse_revision(FILE, with_header(&format!("-- migrate: up\nSELECT 1;\n{line}\n")).as_bytes());
        let problems = problems.expect_err(line);
        assert_eq!((problems.len(), problems[0].place.line), (1, 6), "{line}");
    }
    assert_snapshot!(refused("-- migrate: up\nSELECT 1;\n--migrate: down\nSELECT 2;\n"), @"
    error[M0009]: unknown marker `--migrate: down`
      --> migrations/20261122073000_3f2a9c81d0e3_add_bio.sql:6
      why: lines that begin with `-- migrate:` decide what runs
     help: a marker begins in column 1 with `-- migrate:`, exactly so; write other comments otherwise
    ");
}

#[test]
fn an_almost_marker_in_the_description_is_refused() {
    assert_snapshot!(refused("-- Migrate: the users\n\n-- migrate: up\nSELECT 1;\n"), @"
    error[M0009]: unknown marker `-- Migrate: the users`
      --> migrations/20261122073000_3f2a9c81d0e3_add_bio.sql:4
      why: lines that begin with `-- migrate:` decide what runs
     help: a marker begins in column 1 with `-- migrate:`, exactly so; write other comments otherwise
    ");
}

#[test]
fn comments_that_only_speak_of_migrating_are_comments() {
    parse(&with_header(
        "-- migrate the users: later\n\n-- migrate: up\n-- we migrate: slowly\nSELECT 1; -- migrate: x\n",
    ));
    for line in
        ["-- migrate down the street", "-- migration: see below", "-- migrate", "-- migrated: up", "-- migrate up to 5"]
    {
        let revision = parse(&with_header(&format!("-- migrate: up\nSELECT 1;\n{line}\nSELECT 2;\n")));
        assert!(revision.section(Direction::Up, Dialect::Sqlite).is_some_and(|up| up.body.contains(line)), "{line}");
    }
}

#[test]
fn text_before_the_first_section() {
    assert_snapshot!(refused("CREATE TABLE t (x int);\nSELECT 1;\n-- migrate: up\nSELECT 1;\n"), @"
    error[M0010]: text stands before the first section
      --> migrations/20261122073000_3f2a9c81d0e3_add_bio.sql:4
      why: it would belong to no direction and never run
     help: write `-- migrate: up` on the line above it
    ");
}

#[test]
fn a_file_without_an_up_section() {
    assert_snapshot!(refused("-- migrate: down\nSELECT 1;\n"), @"
    error[M0016]: the revision has no `up` section
      --> migrations/20261122073000_3f2a9c81d0e3_add_bio.sql:1
      why: a revision that does nothing must say so
     help: add `-- migrate: up`, with SQL or with the line `-- migrate: nothing` below it
    ");
}

#[test]
fn a_section_without_a_statement_is_unwritten() {
    let revision = parse(&with_header("-- migrate: up\n-- to do\n\n-- migrate: down\n"));
    assert_eq!(revision.sections[0].content, Content::Unwritten);
    assert_eq!(revision.sections[1].content, Content::Unwritten);
}

#[test]
fn a_deliberate_no_op_says_nothing() {
    let revision = parse(&with_header("-- migrate: up\n-- migrate: nothing\n-- migrate: down\n-- migrate: nothing\n"));
    assert!(revision.sections.iter().all(|section| section.content == Content::Nothing));
}

#[test]
fn nothing_beside_statements() {
    assert_snapshot!(refused("-- migrate: up\n-- migrate: nothing\nSELECT 1;\n"), @"
    error[M0012]: `-- migrate: nothing` cannot stand here: the section has statements
      --> migrations/20261122073000_3f2a9c81d0e3_add_bio.sql:5
      why: a marker counts for its whole section
     help: put it directly below the section's own marker, or remove it
    ");
}

#[test]
fn nothing_before_the_first_section() {
    assert_snapshot!(refused("-- migrate: nothing\n-- migrate: up\nSELECT 1;\n"), @"
    error[M0012]: `-- migrate: nothing` cannot stand here: it belongs into a section
      --> migrations/20261122073000_3f2a9c81d0e3_add_bio.sql:4
      why: a marker counts for its whole section
     help: put it directly below the section's own marker, or remove it
    ");
}

#[test]
fn no_down_section_means_irreversible() {
    let revision = parse(&with_header("-- migrate: up\nSELECT 1;\n"));
    assert!(!revision.has(Direction::Down));
    assert_eq!(revision.irreversible, None);
}

#[test]
fn irreversible_says_why() {
    let revision =
        parse(&with_header("-- migrate: up\nSELECT 1;\n\n-- migrate: irreversible the old names are gone\n"));
    assert_eq!(revision.irreversible.as_deref(), Some("the old names are gone"));
    assert!(!revision.has(Direction::Down));
}

#[test]
fn irreversible_without_a_reason() {
    assert_snapshot!(refused("-- migrate: up\nSELECT 1;\n-- migrate: irreversible\n"), @"
    error[M0012]: `-- migrate: irreversible` cannot stand here: it needs a reason on the same line
      --> migrations/20261122073000_3f2a9c81d0e3_add_bio.sql:6
      why: `irreversible` stands in place of a `down` section, and says why there is none
     help: write `-- migrate: irreversible <reason>` as the last line, without a `down` section, or remove it
    ");
}

#[test]
fn irreversible_beside_a_down_section() {
    assert_snapshot!(refused("-- migrate: up\nSELECT 1;\n-- migrate: down\nSELECT 2;\n-- migrate: irreversible why\n"), @"
    error[M0012]: `-- migrate: irreversible` cannot stand here: the revision has a `down` already
      --> migrations/20261122073000_3f2a9c81d0e3_add_bio.sql:8
      why: `irreversible` stands in place of a `down` section, and says why there is none
     help: write `-- migrate: irreversible <reason>` as the last line, without a `down` section, or remove it
    ");
    assert_snapshot!(refused("-- migrate: up\nSELECT 1;\n-- migrate: irreversible why\n-- migrate: down\nSELECT 2;\n"), @"
    error[M0012]: `-- migrate: down` cannot stand here: the revision is irreversible
      --> migrations/20261122073000_3f2a9c81d0e3_add_bio.sql:7
      why: `irreversible` stands in place of a `down` section, and says why there is none
     help: write `-- migrate: irreversible <reason>` as the last line, without a `down` section, or remove it
    ");
}

#[test]
fn text_after_irreversible() {
    assert_snapshot!(refused("-- migrate: up\nSELECT 1;\n-- migrate: irreversible why\nDROP TABLE t;\n"), @"
    error[M0012]: `-- migrate: irreversible` cannot stand here: text follows that would never run
      --> migrations/20261122073000_3f2a9c81d0e3_add_bio.sql:6
      why: `irreversible` stands in place of a `down` section, and says why there is none
     help: write `-- migrate: irreversible <reason>` as the last line, without a `down` section, or remove it
    ");
}

#[test]
fn no_transaction_belongs_to_its_section_alone() {
    let revision =
        parse(&with_header("-- migrate: up\n-- migrate: no-transaction\nVACUUM;\n-- migrate: down\nSELECT 1;\n"));
    let modes: Vec<TransactionMode> = revision.sections.iter().map(|section| section.transaction).collect();
    assert_eq!(modes, [TransactionMode::NoTransaction, TransactionMode::Transactional]);
    assert_eq!(revision.sections[0].content, Content::Statements);
}

#[test]
fn no_transaction_behind_a_statement() {
    assert_snapshot!(refused("-- migrate: up\nSELECT 1;\n-- migrate: no-transaction\nVACUUM;\n"), @"
    error[M0012]: `-- migrate: no-transaction` cannot stand here: it stands behind the section's first statement
      --> migrations/20261122073000_3f2a9c81d0e3_add_bio.sql:6
      why: a marker counts for its whole section
     help: put it directly below the section's own marker, or remove it
    ");
}

#[test]
fn no_transaction_for_the_second_time() {
    assert_snapshot!(refused("-- migrate: up\n-- migrate: no-transaction\n-- migrate: no-transaction\nVACUUM;\n"), @"
    error[M0012]: `-- migrate: no-transaction` cannot stand here: it stands here already
      --> migrations/20261122073000_3f2a9c81d0e3_add_bio.sql:6
      why: a marker counts for its whole section
     help: put it directly below the section's own marker, or remove it
    ");
}

#[test]
fn transaction_control_in_a_transactional_section() {
    assert_snapshot!(refused("-- migrate: up\nSELECT 1;\n  COMMIT;\n"), @"
    error[M0013]: `COMMIT` in a section that runs inside a transaction
      --> migrations/20261122073000_3f2a9c81d0e3_add_bio.sql:6:3
      why: the revision and its history row are one transaction; ending it inside would commit half of them
     help: remove the statement: BEGIN and COMMIT are sent around the section anyway
    ");
}

#[test]
fn every_statement_that_controls_the_transaction_is_refused_and_savepoints_are_not() {
    for statement in ["BEGIN", "COMMIT", "ROLLBACK", "END", "START TRANSACTION"] {
        let text = with_header(&format!("-- migrate: up postgres\n{statement};\n"));
        let problems = parse_revision(FILE, text.as_bytes()).expect_err(statement);
        assert_eq!(Diagnostic::from(&problems[0]).code.as_str(), "M0013", "{statement}");
    }
    parse(&with_header("-- migrate: up\nSAVEPOINT a;\nROLLBACK TO SAVEPOINT a;\nRELEASE SAVEPOINT a;\n"));
}

#[test]
fn transaction_control_has_no_place_where_each_statement_is_recorded_by_itself() {
    assert_snapshot!(refused("-- migrate: up\n-- migrate: no-transaction\nBEGIN;\nSELECT 1;\n"), @"
    error[M0013]: `BEGIN` in a section that runs statement by statement
      --> migrations/20261122073000_3f2a9c81d0e3_add_bio.sql:6:1
      why: each statement is recorded when it has run, and what is still open then could be lost
     help: remove the statement; put what belongs together into a revision without `no-transaction`
    ");
}

#[test]
fn locked_tables_would_keep_the_history_from_being_written() {
    assert_snapshot!(refused("-- migrate: up mariadb\nLOCK TABLES a WRITE;\n"), @"
    error[M0013]: `LOCK TABLES a WRITE` keeps the history from being written
      --> migrations/20261122073000_3f2a9c81d0e3_add_bio.sql:5:1
      why: each statement is recorded when it has run, and the session may write no table but the locked ones
     help: remove the statement: one process migrates at a time anyway
    ");
}

#[test]
fn a_statement_that_cannot_run_in_a_transaction() {
    assert_snapshot!(refused("-- migrate: up postgres\nCREATE INDEX CONCURRENTLY i ON t (x);\n"), @"
    error[M0014]: `CREATE INDEX CONCURRENTLY i` cannot run inside a transaction
      --> migrations/20261122073000_3f2a9c81d0e3_add_bio.sql:5:1
      why: each section runs inside one transaction
     help: write `-- migrate: no-transaction` below the section's marker; best in a revision of its own, since its statements then run one by one
    ");
}

#[test]
fn a_pragma_that_a_transaction_ignores() {
    assert_snapshot!(refused("-- migrate: up sqlite\nPRAGMA foreign_keys = OFF;\n"), @"
    error[M0014]: `PRAGMA foreign_keys = OFF` cannot run inside a transaction
      --> migrations/20261122073000_3f2a9c81d0e3_add_bio.sql:5:1
      why: SQLite ignores this pragma inside a transaction, and each section runs in one
     help: remove it; a revision that drops a table runs with foreign keys off anyway, and they are checked before it is committed
    ");
}

#[test]
fn an_open_quote() {
    assert_snapshot!(refused("-- migrate: up\nSELECT 'open;\n"), @"
    error[M0015]: this `'` is never closed
      --> migrations/20261122073000_3f2a9c81d0e3_add_bio.sql:5:8
      why: everything up to the end of the text belongs to it, so statements would be lost
     help: close it with `'`, and double a `'` that belongs to the text
    ");
}

#[test]
fn conflict_markers() {
    assert_snapshot!(refused("-- migrate: up\n<<<<<<< HEAD\nSELECT 1;\n=======\nSELECT 2;\n>>>>>>> other\n"), @"
    error[M0002]: the file holds a git conflict marker
      --> migrations/20261122073000_3f2a9c81d0e3_add_bio.sql:5
      why: a merge was left half done
     help: resolve the conflict and remove its markers
    ");
}

#[test]
fn a_nul_character() {
    assert_snapshot!(refused("-- migrate: up\nSELECT '\0';\n"), @"
    error[M0001]: the file holds a NUL character
      --> migrations/20261122073000_3f2a9c81d0e3_add_bio.sql:5
      why: databases cannot take a NUL character in SQL
     help: remove the character
    ");
}

#[test]
fn bytes_that_are_not_utf_8() {
    let mut bytes = with_header("-- migrate: up\nSELECT '").into_bytes();
    bytes.extend([0xff, b'\'', b';', b'\n']);
    assert_snapshot!(refusals(&bytes), @"
    error[M0001]: the file is not UTF-8 text
      --> migrations/20261122073000_3f2a9c81d0e3_add_bio.sql:5
      why: revisions are text, hashed and sent as UTF-8
     help: save the file as UTF-8
    ");
}

#[test]
fn every_problem_is_reported_in_file_order() {
    let text = "-- revision: head\n-- parents: a b\n-- lables: x\n-- title: t\n-- title: u\n\nSELECT 0;\n-- migrate: nothing\n-- migrate: dwn\n-- migrate: down\n--migrate: up\n";
    let problems = parse_revision(FILE, text.as_bytes()).unwrap_err();
    let lines: Vec<String> = problems
        .iter()
        .map(|problem| format!("{} {} {problem}", problem.place.line, Diagnostic::from(problem).code))
        .collect();
    assert_snapshot!(lines.join("\n"), @r"
    1 M0007 `head` cannot be a revision id: `head` has a meaning of its own as a target
    2 M0007 `a b` cannot be a parent: it holds ' ', and only letters, digits, `_` and `.` can be told from the rest of a target
    3 M0004 unknown key `lables` in the header
    5 M0006 the header repeats `title`
    7 M0010 text stands before the first section
    8 M0012 `-- migrate: nothing` cannot stand here: it belongs into a section
    9 M0009 unknown marker `-- migrate: dwn`
    11 M0009 unknown marker `--migrate: up`
    ");
}

#[test]
fn places_count_lines_of_the_file_and_columns_in_characters() {
    let revision = parse(&with_header("-- migrate: up\nSELECT 'é'; SELECT 2;\nSELECT 3;\n"));
    let section: &Section = &revision.sections[0];
    let places: Vec<(u32, u32)> = section
        .statements(Dialect::Sqlite)
        .unwrap()
        .iter()
        .map(|statement| section.line_and_column(statement.sql_offset()))
        .collect();
    assert_eq!(places, [(5, 1), (5, 13), (6, 1)]);
}

#[test]
fn a_stored_section_reads_back() {
    let revision = parse(&with_header(
        "-- migrate: up\nSELECT 1;\n-- migrate: down sqlite mysql\n-- migrate: no-transaction\nSELECT 2;\n",
    ));
    for section in revision.sections.iter() {
        let read = parse_stored_section("3f2a9c81d0e3", &section.to_stored()).unwrap();
        assert_eq!(Section { line: section.line, ..read }, *section);
    }
}

#[test]
fn a_stored_text_that_is_no_section_is_refused() {
    assert_snapshot!(rendered(&parse_stored_section("3f2a", "").unwrap_err()), @"
    error[M0010]: text stands before the first section
      --> history of 3f2a:1
      why: it would belong to no direction and never run
     help: write `-- migrate: up` on the line above it
    ");
    assert_snapshot!(rendered(&parse_stored_section("3f2a", "-- migrate: dwn\n").unwrap_err()), @"
    error[M0009]: unknown marker `-- migrate: dwn`
      --> history of 3f2a:1
      why: lines that begin with `-- migrate:` decide what runs
     help: did you mean `-- migrate: down`?
    ");
}

mod properties {
    use migrate_plan::{normalize, section_checksum};
    use proptest::collection::{hash_set, vec};
    use proptest::option;
    use proptest::prelude::*;
    use proptest::sample::subsequence;

    use super::*;

    fn names(pattern: &'static str) -> impl Strategy<Value = Vec<String>> {
        hash_set(pattern, 0..4).prop_map(Vec::from_iter)
    }

    fn line() -> impl Strategy<Value = String> {
        "[A-Za-zé]([A-Za-z0-9é'`:; ]{0,20}[A-Za-z0-9é])?"
    }

    fn body() -> impl Strategy<Value = (Content, TransactionMode, String)> {
        let mode = prop_oneof![Just(TransactionMode::Transactional), Just(TransactionMode::NoTransaction)];
        let comment = prop_oneof![Just(""), Just("\n"), Just("-- a comment\n")];
        let content = prop_oneof![
            vec("INSERT INTO t VALUES \\('[A-Za-z0-9é ]{0,9}', [0-9]{1,3}\\);\n", 1..4)
                .prop_map(|statements| (Content::Statements, statements.concat())),
            Just((Content::Nothing, "-- migrate: nothing\n".to_owned())),
            Just((Content::Unwritten, "\n".to_owned())),
        ];
        (mode, comment, content).prop_map(|(mode, comment, (content, text))| {
            let option = if mode == TransactionMode::NoTransaction { "-- migrate: no-transaction\n" } else { "" };
            (content, mode, format!("{option}{comment}{text}"))
        })
    }

    fn sections(direction: Direction) -> impl Strategy<Value = Vec<Section>> {
        let section = move |dialects: Vec<Dialect>| {
            body().prop_map(move |(content, transaction, body)| Section {
                direction,
                checksum: section_checksum(&body, &dialects),
                dialects: dialects.clone().into(),
                transaction,
                content,
                body: body.into(),
                line: 0,
            })
        };
        prop_oneof![
            section(Vec::new()).prop_map(|rest| vec![rest]),
            subsequence(Dialect::ALL.to_vec(), 1..=3).prop_flat_map(move |named| {
                let rest = Dialect::ALL.into_iter().filter(|dialect| !named.contains(dialect)).collect();
                (section(named), section(rest)).prop_map(|(first, second)| vec![first, second])
            }),
        ]
    }

    prop_compose! {
        fn revisions()(
            id in "x[0-9a-f]{6}",
            parents in names("p[a-z0-9_.]{3}"),
            depends_on in names("d[a-z0-9_.]{3}"),
            labels in names("l[a-z0-9_.]{3}"),
            title in line(),
            created in option::of(Just("2026-11-22T07:30:00Z")),
            description in option::of(vec(line(), 1..4)),
            up in sections(Direction::Up),
            down in option::of(sections(Direction::Down)),
            reason in option::of(line()),
        ) -> Revision {
            let texts = |names: Vec<String>| names.into_iter().map(Into::into).collect::<Vec<_>>().into();
            let irreversible = reason.filter(|_| down.is_none());
            Revision {
                file: format!("{id}_x.sql").into(),
                id: id.into(),
                parents: texts(parents),
                depends_on: texts(depends_on),
                labels: texts(labels),
                title: title.into(),
                created: created.map(Into::into),
                description: description.map(|lines| lines.join("\n").into()),
                irreversible: irreversible.map(Into::into),
                sections: [up, down.unwrap_or_default()].concat().into(),
                groups: Vec::new().into(),
                origin: migrate_plan::Origin::File,
            }
        }
    }

    /// The same revision with the lines at which its markers stand in the rendered text.
    fn placed(revision: &Revision, text: &str) -> Revision {
        let is_marker = |line: &str| line.starts_with("-- migrate: up") || line.starts_with("-- migrate: down");
        let lines = text.lines().zip(1..).filter(|(line, _)| is_marker(line)).map(|(_, number)| number);
        let sections: Vec<Section> =
            revision.sections.iter().zip(lines).map(|(section, line)| Section { line, ..section.clone() }).collect();
        Revision { sections: sections.into(), ..revision.clone() }
    }

    proptest! {
        #[test]
        fn a_rendered_revision_reads_back(revision in revisions()) {
            let text = render_revision(&revision);
            let read = parse_revision(&revision.file, text.as_bytes());
            prop_assert_eq!(read, Ok(placed(&revision, &text)), "{}", text);
        }

        #[test]
        fn line_ends_do_not_change_a_revision(revision in revisions()) {
            let text = render_revision(&revision);
            let windows = format!("\u{feff}{}", text.replace('\n', "\r\n"));
            let read = |text: &str| parse_revision(&revision.file, text.as_bytes()).map(|revision| (revision.checksum(), revision));
            prop_assert_eq!(read(&windows), read(&text));
        }

        #[test]
        fn a_stored_section_reads_back(revision in revisions()) {
            for section in revision.sections.iter() {
                let read = parse_stored_section(&revision.id, &section.to_stored()).map(|read| Section { line: 0, ..read });
                prop_assert_eq!(read.as_ref(), Ok(section));
            }
        }

        #[test]
        fn normalized_text_has_neither_carriage_returns_nor_a_byte_order_mark(text in "\u{feff}?(\r|\n|a){0,9}") {
            let once = normalize(&text).into_owned();
            prop_assert!(once.chars().all(|c| c == '\n' || c == 'a'));
            prop_assert_eq!(normalize(&once), &*once);
        }

        #[test]
        fn no_bytes_panic(bytes in vec(any::<u8>(), 0..200)) {
            let _ = parse_revision(FILE, &bytes);
        }

        #[test]
        fn no_text_made_of_our_own_words_panics(words in vec(prop_oneof![
            Just("-- migrate: "), Just("up"), Just("down"), Just("nothing"), Just("irreversible "), Just("no-transaction"),
            Just("-- revision: a"), Just("-- parents: none"), Just("\n"), Just("\r"), Just("--"), Just(":"), Just(" "),
            Just("'"), Just("$$"), Just("/*"), Just(";"), Just("BEGIN"), Just("é"), Just("sqlite"), Just("\u{feff}"),
        ], 0..40)) {
            let text = words.concat();
            if let Ok(revision) = parse_revision("a.sql", text.as_bytes()) {
                let rendered = render_revision(&revision);
                let again = parse_revision("a.sql", rendered.as_bytes());
                prop_assert_eq!(again.as_ref().map(|again| &again.id), Ok(&revision.id), "{}", rendered);
                prop_assert_eq!(again.map(|again| again.checksum()), Ok(revision.checksum()), "{}", rendered);
            }
        }
    }
}
