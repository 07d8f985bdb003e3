//! A script that makes a database like a template: MariaDB and MySQL have no command for it.
//!
//! It is read from the catalog once and stored in the template. Rows are copied by the server. What it cannot say, such as events
//! and sequences, or what fails when it is tried, makes it a template of which each copy runs the revisions instead.

use migrate_plan::Dialect;

use super::Live;
use crate::driver::{DriverError, DriverErrorKind, Row};
use crate::sql::{identifier, literal};

/// How a database like the template is made.
#[derive(Clone)]
pub(super) enum Script {
    /// By these statements.
    Copy { template: String, statements: Vec<String> },
    /// By the revisions.
    Replay,
}

/// The table of a template that holds its script, with the first line for its kind.
const TABLE: &str = "migrate_test_copy";
const COPY: &str = "copy";
const REPLAY: &str = "replay";
/// What stands in a script for the database that it makes.
const HERE: &str = "migrate_test_here";
/// How much goes to the server at once, in bytes; servers take sixteen times as much.
const MESSAGE: usize = 1 << 20;
const SQL_MODE: &str = "SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO'";

/// The script of a template; `None` while it is being built.
pub(super) async fn stored(admin: &mut Live, template: &str) -> Result<Option<Script>, DriverError> {
    let rows = admin.query(&format!("SELECT statement FROM {}.{TABLE} ORDER BY line", quoted(template))).await;
    let rows = match rows {
        Err(error) if error.kind == DriverErrorKind::UndefinedTable => return Ok(None),
        rows => texts(&rows?, 0),
    };
    Ok(rows.split_first().map(|(kind, statements)| match kind.as_str() {
        COPY => Script::Copy { template: template.to_owned(), statements: statements.to_vec() },
        _ => Script::Replay,
    }))
}

/// Reads the script of a template, tries it, and stores it. `trial` is a name for a database.
pub(super) async fn store(admin: &mut Live, template: &str, trial: &str) -> Result<Script, DriverError> {
    let mut script = Script::Replay;
    if let Some(statements) = read(admin, template).await? {
        if run(admin, template, &statements, trial).await.is_ok() {
            script = Script::Copy { template: template.to_owned(), statements };
        }
        admin.batch_execute(&format!("DROP DATABASE IF EXISTS {}", quoted(trial))).await?;
    }
    let lines = match &script {
        Script::Copy { statements, .. } => [&[COPY.to_owned()], statements.as_slice()].concat(),
        Script::Replay => vec![REPLAY.to_owned()],
    };
    let line = |(number, text): (usize, &String)| format!("({number}, {})", literal(Dialect::MariaDb, text));
    let lines: Vec<String> = lines.iter().enumerate().map(line).collect();
    let table = format!("{}.{TABLE}", quoted(template));
    let create = "(line int PRIMARY KEY, statement longtext CHARACTER SET utf8mb4 NOT NULL)";
    admin.batch_execute(&format!("CREATE TABLE {table} {create}")).await?;
    // All lines in one statement: there is a whole script or none.
    admin.batch_execute(&format!("INSERT INTO {table} VALUES {}", lines.join(", "))).await?;
    Ok(script)
}

/// Makes a database as a script says.
pub(super) async fn run(admin: &mut Live, template: &str, script: &[String], name: &str) -> Result<(), DriverError> {
    let (here, there) = (quoted(HERE), quoted(name));
    let look = format!(
        "SELECT default_character_set_name, default_collation_name FROM information_schema.schemata WHERE schema_name = {}",
        literal(Dialect::MariaDb, template)
    );
    let rows = admin.query(&look).await?;
    let words = rows.first().and_then(|row| Some((row.text(0)?, row.text(1)?)));
    let Some((charset, collation)) = words else {
        return Err(DriverError::new(DriverErrorKind::MissingDatabase, "the template is gone"));
    };
    let mut message = format!("CREATE DATABASE {there} CHARACTER SET {charset} COLLATE {collation};\nUSE {there}");
    for statement in script {
        if message.len() + statement.len() > MESSAGE {
            admin.batch_execute(&std::mem::take(&mut message)).await?;
        }
        if !message.is_empty() {
            message.push_str(";\n");
        }
        message.push_str(&statement.replace(&here, &there));
    }
    admin.batch_execute(&message).await
}

/// The statements of a script; `None` when the template holds something that it cannot say.
async fn read(admin: &mut Live, template: &str) -> Result<Option<Vec<String>>, DriverError> {
    let (schema, from) = (literal(Dialect::MariaDb, template), quoted(template));
    let others = format!(
        "SELECT 1 FROM information_schema.tables WHERE table_schema = {schema} AND table_type NOT IN ('BASE TABLE', 'VIEW') \
         UNION ALL SELECT 1 FROM information_schema.events WHERE event_schema = {schema} \
         UNION ALL SELECT 1 FROM information_schema.routines \
         WHERE routine_schema = {schema} AND routine_type NOT IN ('PROCEDURE', 'FUNCTION')"
    );
    if !admin.query(&others).await?.is_empty() {
        return Ok(None);
    }
    let tables_of = |kind: &str| {
        format!(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = {schema} AND table_type = '{kind}' ORDER BY 1"
        )
    };
    let mut statements = Vec::new();
    let tables = texts(&admin.query(&tables_of("BASE TABLE")).await?, 0);
    let mut filled = Vec::new();
    for table in &tables {
        let source = format!("{from}.{}", quoted(table));
        let Some(create) = shown(admin, &format!("SHOW CREATE TABLE {source}"), 1).await? else { return Ok(None) };
        statements.push(create);
        if !admin.query(&format!("SELECT 1 FROM {source} LIMIT 1")).await?.is_empty() {
            filled.push(table);
        }
    }
    let columns = format!(
        "SELECT table_name, column_name FROM information_schema.columns \
         WHERE table_schema = {schema} AND extra NOT LIKE '% GENERATED%' ORDER BY table_name, ordinal_position"
    );
    let columns = admin.query(&columns).await?;
    for table in filled {
        let own = columns.iter().filter(|row| row.text(0) == Some(table)).filter_map(|row| row.text(1));
        let list = own.map(quoted).collect::<Vec<_>>().join(", ");
        statements.push(format!("INSERT INTO {} ({list}) SELECT {list} FROM {from}.{}", quoted(table), quoted(table)));
    }
    let routines = format!(
        "SELECT routine_type, routine_name FROM information_schema.routines WHERE routine_schema = {schema} ORDER BY 1, 2"
    );
    for row in admin.query(&routines).await? {
        let (Some(kind), Some(name)) = (row.text(0), row.text(1)) else { return Ok(None) };
        let show = format!("SHOW CREATE {kind} {from}.{}", quoted(name));
        if !push_with_mode(admin, &show, &mut statements).await? {
            return Ok(None);
        }
    }
    let mut views = Vec::new();
    for view in texts(&admin.query(&tables_of("VIEW")).await?, 0) {
        let show = format!("SHOW CREATE VIEW {from}.{}", quoted(&view));
        let Some(create) = shown(admin, &show, 1).await? else { return Ok(None) };
        views.push((format!("{from}.{}", quoted(&view)), create));
    }
    let Some(views) = in_order(views) else { return Ok(None) };
    // They name their database wherever they name a table.
    statements.extend(views.iter().map(|view| view.replace(&format!("{from}."), &format!("{}.", quoted(HERE)))));
    let triggers = format!(
        "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = {schema} \
         ORDER BY event_object_table, action_timing, event_manipulation, action_order"
    );
    for trigger in texts(&admin.query(&triggers).await?, 0) {
        let show = format!("SHOW CREATE TRIGGER {from}.{}", quoted(&trigger));
        if !push_with_mode(admin, &show, &mut statements).await? {
            return Ok(None);
        }
    }
    Ok(Some(statements))
}

/// What a `SHOW CREATE` says in a column.
async fn shown(admin: &mut Live, show: &str, column: usize) -> Result<Option<String>, DriverError> {
    Ok(admin.query(show).await?.first().and_then(|row| row.text(column)).map(str::to_owned))
}

/// What a `SHOW CREATE` says in its third column, between the mode in its second and the own one; false if it hides the text.
async fn push_with_mode(admin: &mut Live, show: &str, statements: &mut Vec<String>) -> Result<bool, DriverError> {
    let rows = admin.query(show).await?;
    let Some((mode, create)) = rows.first().and_then(|row| Some((row.text(1)?, row.text(2)?))) else {
        return Ok(false);
    };
    statements.push(format!("SET sql_mode = {}", literal(Dialect::MariaDb, mode)));
    statements.push(create.to_owned());
    statements.push(SQL_MODE.to_owned());
    Ok(true)
}

/// Views behind those that they read, given with their full names; `None` where no order helps.
fn in_order(mut views: Vec<(String, String)>) -> Option<Vec<String>> {
    let mut sorted = Vec::new();
    while !views.is_empty() {
        let is_free = |at: usize| {
            let text = &views[at].1;
            views.iter().enumerate().all(|(other, (name, _))| other == at || !text.contains(name.as_str()))
        };
        let free = (0..views.len()).find(|at| is_free(*at))?;
        sorted.push(views.remove(free).1);
    }
    Some(sorted)
}

fn texts(rows: &[Row], column: usize) -> Vec<String> {
    rows.iter().filter_map(|row| row.text(column)).map(str::to_owned).collect()
}

fn quoted(name: &str) -> String {
    identifier(Dialect::MariaDb, name)
}

#[cfg(test)]
mod tests {
    use super::in_order;

    #[test]
    fn views_stand_behind_those_that_they_read() {
        let view = |name: &str, reads: &str| (format!("`t`.`{name}`"), format!("VIEW `{name}` AS SELECT {reads}"));
        let views = vec![view("a", "`t`.`c`.`x`, `t`.`b`.`x`"), view("b", "`t`.`c`.`x`"), view("c", "1")];
        let sorted = in_order(views).unwrap();
        assert!(sorted[0].contains("`c` AS") && sorted[1].contains("`b` AS") && sorted[2].contains("`a` AS"));
        assert_eq!(in_order(vec![view("a", "`t`.`b`"), view("b", "`t`.`a`")]), None);
    }
}
