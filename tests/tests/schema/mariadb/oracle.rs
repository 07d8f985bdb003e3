//! What the server itself says of a database, past the reader that is tested.

use migrate_tests::mariadb::Database;
use mysql::prelude::Queryable;
use mysql::{Conn, Row};

use super::connect;

/// `SHOW CREATE` of tables and views, and what the server keeps of its programs. Without the counter of `AUTO_INCREMENT` and
/// the name of the database; the lines of a table are sorted, since the order of its indexes means nothing.
pub(super) fn said(database: &Database) -> Vec<String> {
    let mut connection = connect(database);
    let tables = rows(
        &mut connection,
        "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = database()",
    );
    let mut said = Vec::new();
    for [name, kind] in tables.iter().map(|row| [&row[0], &row[1]]) {
        let what = if kind == "VIEW" { "VIEW" } else { "TABLE" };
        // A broken view is shown all the same; a table that cannot be opened is not.
        let create = rows(&mut connection, &format!("SHOW CREATE {what} `{}`", name.replace('`', "``")));
        // The usual action may be said or not, and the parentheses of a join depend on how it was typed.
        let mut create = create[0][1].replace(" ON DELETE NO ACTION", "").replace(" ON UPDATE NO ACTION", "");
        if kind == "VIEW" {
            create.retain(|character| !matches!(character, '(' | ')'));
        }
        let mut lines: Vec<&str> = create.lines().map(|line| line.trim_end_matches(',')).collect();
        lines.sort_unstable();
        said.push(lines.join("\n"));
    }
    for query in [
        "SELECT type, name, sql_data_access, is_deterministic, security_type, returns, body, definer, sql_mode, comment, \
         aggregate FROM mysql.proc WHERE db = database()",
        "SELECT name, body, definer, interval_value, interval_field, status, on_completion, sql_mode, comment, starts, ends, \
         execute_at FROM mysql.event WHERE db = database()",
        "SELECT trigger_name, event_manipulation, event_object_table, action_timing, action_order, action_statement, sql_mode, \
         definer FROM information_schema.triggers WHERE trigger_schema = database()",
        "SELECT specific_name, ordinal_position, parameter_mode, parameter_name, dtd_identifier, collation_name FROM \
         information_schema.parameters WHERE specific_schema = database()",
    ] {
        said.extend(rows(&mut connection, query).into_iter().map(|row| row.join("|")));
    }
    said.sort();
    said.into_iter().map(|text| without_counter(&text.replace(&format!("`{}`.", database.name()), ""))).collect()
}

fn rows(connection: &mut Conn, query: &str) -> Vec<Vec<String>> {
    let rows: Vec<Row> = connection.query(query).expect("what the server says");
    let text = |value: mysql::Value| match value {
        mysql::Value::Bytes(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        other => other.as_sql(false),
    };
    rows.into_iter().map(|row| row.unwrap().into_iter().map(text).collect()).collect()
}

fn without_counter(text: &str) -> String {
    match text.split_once(" AUTO_INCREMENT=") {
        Some((before, after)) => format!("{before}{}", after.trim_start_matches(|digit: char| digit.is_ascii_digit())),
        None => text.to_owned(),
    }
}
