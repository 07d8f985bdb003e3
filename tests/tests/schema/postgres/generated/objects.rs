//! What stands in a schema besides tables, and the order of all.

use super::tables::{Known, table};
use super::{Tape, comment, name, text};

/// The statements that create a schema.
pub(super) fn statements(tape: &mut Tape<'_>) -> Vec<String> {
    let mut sql = Vec::new();
    let mut known = Known::default();
    let other = tape.one_in(2);
    if other {
        sql.push("CREATE SCHEMA \"Other \"\"1\"\"\"".to_owned());
    }
    let place = |tape: &mut Tape<'_>, name: String| {
        if other && tape.one_in(3) { format!("\"Other \"\"1\"\"\".{name}") } else { name }
    };
    for number in 0..tape.below(3) {
        let called = name(tape, "enum", number);
        let called = place(tape, called);
        let values: Vec<String> = (0..=tape.below(4))
            .map(|value| text(&format!("{}{value}", tape.pick(&["v", "it's ", "\\", " \"x\" ", "🦀", "a,b"]))))
            .collect();
        sql.push(format!("CREATE TYPE {called} AS ENUM ({})", values.join(", ")));
        if tape.one_in(2) {
            sql.push(format!("COMMENT ON TYPE {called} IS {}", comment(tape)));
        }
        known.types.push((called, values[0].clone()));
    }
    for number in 0..tape.below(3) {
        let called = name(tape, "function", number);
        let called = place(tape, called);
        let body = tape.pick(&[
            "LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1'",
            "IMMUTABLE RETURN $1 + 1",
            "LANGUAGE plpgsql IMMUTABLE STRICT AS $$ BEGIN RETURN $1; -- it's\n END $$",
        ]);
        sql.push(format!("CREATE FUNCTION {called}(integer) RETURNS integer {body}"));
        if tape.one_in(2) {
            sql.push(format!("COMMENT ON FUNCTION {called}(integer) IS {}", comment(tape)));
        }
        known.functions.push(called);
    }
    for number in 0..tape.below(3) {
        let called = name(tape, "domain", number);
        let called = place(tape, called);
        let mut create = format!("CREATE DOMAIN {called} AS integer");
        create += if tape.one_in(2) { " DEFAULT 7" } else { "" };
        create += if tape.one_in(4) { " NOT NULL" } else { "" };
        if tape.one_in(2) {
            create += &format!(" CONSTRAINT {} CHECK (VALUE > {})", name(tape, "check", 0), tape.below(9));
        }
        if let Some(function) = known.functions.first()
            && tape.one_in(2)
        {
            create += &format!(" CHECK ({function}(VALUE) < 1000 OR VALUE IS NULL)");
        }
        sql.push(create);
        known.types.push((called, "7".to_owned()));
    }
    for number in 0..tape.below(3) {
        let called = name(tape, "sequence", number);
        let called = place(tape, called);
        let options = tape.pick(&[
            "",
            " AS integer",
            " INCREMENT BY -5",
            " START WITH 5 CACHE 3",
            " MINVALUE 0 MAXVALUE 9 CYCLE",
        ]);
        sql.push(format!("CREATE SEQUENCE {called}{options}"));
        known.sequences.push(called);
    }
    if let Some((of, _)) = known.types.first().filter(|_| tape.one_in(2)) {
        let called = place(tape, "\"composite\"".to_owned());
        sql.push(format!("CREATE TYPE {called} AS (\"a b\" {of}, b text COLLATE \"C\", c numeric(5,2)[])"));
        known.types.push((called, "NULL".to_owned()));
    }
    for number in 0..=tape.below(4) {
        let called = name(tape, "table", number);
        let called = place(tape, called);
        table(tape, &mut known, called, &mut sql);
    }
    for number in 0..tape.below(3) {
        let called = name(tape, "view", number);
        let called = place(tape, called);
        view(tape, &mut known, &called, number, &mut sql);
    }
    for owned in known.owned {
        sql.push(owned);
    }
    sql
}

fn view(tape: &mut Tape<'_>, known: &mut Known, called: &str, number: usize, sql: &mut Vec<String>) {
    let from = known.relations[tape.below(known.relations.len())].clone();
    let query = match tape.below(5) {
        0 => format!("SELECT * FROM {from}"),
        1 => format!("SELECT id, count(*) AS n FROM {from} GROUP BY id"),
        2 => {
            format!("SELECT a.id, b.id AS \"B id\" FROM {from} a LEFT JOIN {from} b ON a.id = b.id + 1 WHERE a.id > 3")
        }
        3 => format!(
            "WITH w AS (SELECT id FROM {from}) SELECT id, CASE WHEN id > 1 THEN 'it''s' ELSE E'\\\\' END AS c FROM w"
        ),
        _ => match known.functions.first() {
            Some(function) => {
                format!("SELECT {function}(id) AS id FROM {from} WHERE id IN (1, 2) ORDER BY 1 DESC LIMIT 3")
            }
            None => format!("SELECT DISTINCT id FROM {from} UNION ALL SELECT 1"),
        },
    };
    if tape.one_in(3) {
        let data = if tape.one_in(2) { " WITH NO DATA" } else { "" };
        sql.push(format!("CREATE MATERIALIZED VIEW {called} AS {query}{data}"));
        sql.push(format!("CREATE INDEX \"of view {number}\" ON {called} (id DESC)"));
        if !data.is_empty() {
            // Nothing that is filled may read it.
            return;
        }
    } else {
        let options = tape.pick(&["", " WITH (security_barrier = true)", " WITH (security_invoker = on)"]);
        sql.push(format!("CREATE VIEW {called}{options} AS {query}"));
        if tape.one_in(3) {
            sql.push(format!("COMMENT ON VIEW {called} IS {}", comment(tape)));
        }
    }
    known.relations.push(called.to_owned());
}
