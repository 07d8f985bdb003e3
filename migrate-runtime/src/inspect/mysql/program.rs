//! What holds statements: views, triggers, routines and events.

use std::collections::HashMap;

use migrate_plan::schema::{
    Dependency, Kind, ObjectRef, QualifiedName, Routine, Trigger, View, with_sql_mode, without_database,
    without_join_parentheses,
};

use super::Reader;
use super::body::is_doubtful;
use super::server::texts;
use super::table::Kinds;
use crate::driver::{DriverError, Row};
use crate::sql::identifier;

/// How the server prints a character that its catalog cannot hold, of four bytes, in a view.
const LOST: &str = "????";

impl Reader<'_> {
    pub(super) async fn views(&mut self, kinds: &Kinds) -> Result<(), DriverError> {
        let algorithm = self.server.view_algorithm();
        let columns = texts(&["table_name", "view_definition", "check_option", "definer", "security_type", algorithm]);
        let database = self.server.database();
        let query = format!("SELECT {columns} FROM information_schema.views WHERE table_schema = {database}");
        for row in self.query(&query).await? {
            let Some(name) = row.text(0).filter(|name| kinds.views.contains(*name)) else { continue };
            let definition = row.text(1).unwrap_or_default();
            if definition.is_empty() || definition.contains(LOST) {
                self.opaque("view", name, None);
                continue;
            }
            let (definition, names) = without_database(definition, self.server.dialect, &self.server.database);
            let definition = without_join_parentheses(&definition, self.server.dialect);
            if !kinds.working_views.contains(name) {
                let view = identifier(self.server.dialect, name);
                self.opaque("view", name, Some(format!("CREATE VIEW {view} AS\n{definition}")));
                continue;
            }
            for needs in names {
                let kind = if kinds.views.contains(&needs) { Kind::View } else { Kind::Table };
                self.schema
                    .dependencies
                    .push(Dependency { object: object(Kind::View, name), needs: object(kind, &needs) });
            }
            let mut view = View { name: QualifiedName::new(name), definition, ..View::default() };
            let mut option = |name: &str, value: Option<&str>, usual: &str| {
                if let Some(value) = value.filter(|value| *value != usual) {
                    view.options.insert(name.to_owned(), value.to_owned());
                }
            };
            option("algorithm", row.text(5), "UNDEFINED");
            option("check option", row.text(2), "NONE");
            option("security", row.text(4), "DEFINER");
            option("definer", self.server.definer(row.text(3)).as_deref(), "");
            self.schema.views.push(view);
        }
        Ok(())
    }

    /// Triggers, routines with their parameters, and events: one query.
    pub(super) async fn programs(&mut self) -> Result<(), DriverError> {
        let database = self.server.database();
        let select = |kind: &str, columns: &[&str], from: &str| {
            let nothing = vec!["NULL"; 13 - columns.len()];
            format!(
                "SELECT '{kind}', {} FROM information_schema.{from} = {database}",
                texts(&[columns, &nothing].concat())
            )
        };
        let queries = [
            select(
                "trigger",
                &[
                    "trigger_name",
                    "action_statement",
                    "sql_mode",
                    "definer",
                    "event_object_table",
                    "action_timing",
                    "event_manipulation",
                    "action_order",
                ],
                "triggers WHERE trigger_schema",
            ),
            select(
                "routine",
                &[
                    "routine_name",
                    "routine_definition",
                    "sql_mode",
                    "definer",
                    "routine_type",
                    "dtd_identifier",
                    "collation_name",
                    "is_deterministic",
                    "sql_data_access",
                    "security_type",
                    "routine_comment",
                    "routine_body",
                ],
                "routines WHERE routine_schema",
            ),
            select(
                "parameter",
                &[
                    "specific_name",
                    "ordinal_position",
                    "parameter_mode",
                    "parameter_name",
                    "routine_type",
                    "dtd_identifier",
                    "collation_name",
                ],
                "parameters WHERE ordinal_position > 0 AND specific_schema",
            ),
            select(
                "event",
                &[
                    "event_name",
                    "event_definition",
                    "sql_mode",
                    "definer",
                    "execute_at",
                    "interval_value",
                    "interval_field",
                    "starts",
                    "ends",
                    "status",
                    "on_completion",
                    "event_comment",
                    "created",
                ],
                "events WHERE event_schema",
            ),
        ];
        let rows = self.query(&queries.join(" UNION ALL ")).await?;
        let of = |kind: &'static str| rows.iter().filter(move |row| row.text(0) == Some(kind));
        let mut triggers: Vec<&Row> = of("trigger").collect();
        triggers.sort_by_key(|row| row.text(8).and_then(|place| place.parse::<u32>().ok()));
        self.triggers(&triggers);
        let mut parameters: HashMap<_, Vec<&Row>> = HashMap::new();
        of("parameter").for_each(|row| parameters.entry((row.text(5), row.text(1))).or_default().push(row));
        for row in of("routine") {
            let parameters = parameters.get(&(row.text(5), row.text(1))).cloned().unwrap_or_default();
            self.routine(row, parameters);
        }
        of("event").for_each(|row| self.event(row));
        Ok(())
    }

    /// `CREATE`, with the definer where it is said.
    fn create(&self, row: &Row) -> String {
        let definer = self.server.definer(row.text(4)).map(|definer| format!(" DEFINER={definer}"));
        format!("CREATE{}", definer.unwrap_or_default())
    }

    /// The whole statement, with the mode it was made under.
    fn definition(&self, row: &Row, head: &str, body: &str) -> String {
        with_sql_mode(self.server.dialect, row.text(3).unwrap_or_default(), &format!("{head}\n{body}"))
    }

    fn name(&self, name: &str) -> String {
        identifier(self.server.dialect, name)
    }

    /// In the order in which they fire.
    fn triggers(&mut self, rows: &[&Row]) {
        let mut last: HashMap<[&str; 3], &str> = HashMap::new();
        for row in rows {
            let (Some(name), Some(table)) = (row.text(1), row.text(5)) else { continue };
            // Nothing else says what was written.
            let Some(body) = row.text(2).filter(|body| !body.is_empty() && !is_doubtful(body)) else {
                self.opaque("trigger", name, None);
                continue;
            };
            let (timing, event) = (row.text(6).unwrap_or_default(), row.text(7).unwrap_or_default());
            let followed = last.insert([table, timing, event], name);
            let follows = followed.map(|followed| format!(" FOLLOWS {}", self.name(followed))).unwrap_or_default();
            let head = format!(
                "{} TRIGGER {} {timing} {event} ON {} FOR EACH ROW{follows}",
                self.create(row),
                self.name(name),
                self.name(table)
            );
            let trigger =
                Trigger { name: name.to_owned(), definition: self.definition(row, &head, body), ..Trigger::default() };
            if let Some(table) = self.tables.get_mut(table) {
                table.triggers.push(trigger);
            }
        }
    }

    fn routine(&mut self, row: &Row, mut parameters: Vec<&Row>) {
        let Some(name) = row.text(1) else { return };
        let kind = match row.text(5) {
            Some("FUNCTION") => Kind::Function,
            Some("PROCEDURE") => Kind::Procedure,
            other => return self.opaque(&other.unwrap_or("routine").to_lowercase(), name, None),
        };
        let Some(body) = row.text(2).filter(|_| row.text(12) == Some("SQL")) else {
            return self.opaque(kind.as_str(), name, None);
        };
        parameters.sort_by_key(|row| row.text(2).and_then(|place| place.parse::<u32>().ok()));
        let parameter = |row: &&Row| {
            let mode = row.text(3).filter(|_| kind == Kind::Procedure).map(|mode| format!("{mode} "));
            let name = self.name(row.text(4).unwrap_or_default());
            format!("{}{name} {}", mode.unwrap_or_default(), data_type(row))
        };
        let parameters = parameters.iter().map(parameter).collect::<Vec<_>>().join(", ");
        let is_aggregate = kind == Kind::Function && aggregates(body);
        let word = match kind {
            Kind::Procedure => "PROCEDURE",
            _ if is_aggregate => "AGGREGATE FUNCTION",
            _ => "FUNCTION",
        };
        let mut head = format!("{} {word} {}({parameters})", self.create(row), self.name(name));
        if kind == Kind::Function {
            head.push_str(&format!(" RETURNS {}", data_type(row)));
        }
        for (place, usual, words) in
            [(8, "NO", "DETERMINISTIC"), (9, "CONTAINS SQL", ""), (10, "DEFINER", "SQL SECURITY ")]
        {
            let said = row.text(place).filter(|said| *said != usual);
            let said = said.map(|said| if place == 8 { words.to_owned() } else { format!("{words}{said}") });
            head.extend(said.map(|said| format!("\n    {said}")));
        }
        let comment = row.text(11).filter(|comment| !comment.is_empty()).map(str::to_owned);
        head.extend(comment.iter().map(|comment| format!("\n    COMMENT {}", quoted(row, comment))));
        let definition = self.definition(row, &head, body);
        let kind = if is_aggregate { Kind::Aggregate } else { kind };
        if is_doubtful(body) {
            self.doubtful.push((kind, name.to_owned()));
        }
        let name = QualifiedName::new(name);
        self.schema.routines.push(Routine { kind, name, arguments: None, definition, comment });
    }

    fn event(&mut self, row: &Row) {
        let Some(name) = row.text(1) else { return };
        let Some(body) = row.text(2).filter(|body| !body.is_empty()) else {
            return self.opaque("event", name, None);
        };
        let mut head = format!("{} EVENT {} ON SCHEDULE", self.create(row), self.name(name));
        head.extend(row.text(5).map(|time| format!(" AT '{time}'")));
        if let (Some(count), Some(unit)) = (row.text(6), row.text(7)) {
            head.push_str(&format!(" EVERY {count} {unit}"));
        }
        // Of an event that was told no time the server says the moment of its creation.
        let starts = row.text(8).filter(|starts| row.text(13) != Some(starts));
        head.extend(starts.map(|time| format!(" STARTS '{time}'")));
        head.extend(row.text(9).map(|time| format!(" ENDS '{time}'")));
        head.push_str(if row.text(11) == Some("PRESERVE") { " ON COMPLETION PRESERVE" } else { "" });
        head.push_str(match row.text(10) {
            Some("DISABLED") => " DISABLE",
            Some(status) if status.starts_with("SLAVESIDE") || status.starts_with("REPLICA") => " DISABLE ON SLAVE",
            _ => "",
        });
        let comment = row.text(12).filter(|comment| !comment.is_empty()).map(str::to_owned);
        head.extend(comment.iter().map(|comment| format!(" COMMENT {}", quoted(row, comment))));
        let definition = self.definition(row, &format!("{head} DO"), body);
        if is_doubtful(body) {
            self.doubtful.push((Kind::Event, name.to_owned()));
        }
        self.schema.routines.push(Routine {
            kind: Kind::Event,
            name: QualifiedName::new(name),
            arguments: None,
            definition,
            comment,
        });
    }
}

fn object(kind: Kind, name: &str) -> ObjectRef {
    ObjectRef { kind, name: QualifiedName::new(name), arguments: None }
}

/// The type of a parameter or result, which stand at the same places.
fn data_type(row: &Row) -> String {
    let collation = row.text(7).map(|collation| {
        let set = collation.split('_').next().unwrap_or(collation);
        format!(" CHARSET {set} COLLATE {collation}")
    });
    format!("{}{}", row.text(6).unwrap_or_default(), collation.unwrap_or_default())
}

/// A literal in a statement that is run under the mode that the row says.
fn quoted(row: &Row, text: &str) -> String {
    let escapes = !row.text(3).is_some_and(|mode| mode.contains("NO_BACKSLASH_ESCAPES"));
    let text = if escapes { text.replace('\\', "\\\\") } else { text.to_owned() };
    format!("'{}'", text.replace('\'', "''"))
}

/// Whether a function of MariaDB takes its rows by itself: the catalog tells an aggregate by nothing else.
fn aggregates(body: &str) -> bool {
    let words: Vec<&str> = body.split_whitespace().collect();
    words.windows(3).any(|words| {
        words.iter().zip(["fetch", "group", "next"]).all(|(word, wanted)| word.eq_ignore_ascii_case(wanted))
    })
}
