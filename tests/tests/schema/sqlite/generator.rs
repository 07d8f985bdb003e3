//! Random schemas, as SQL in the many ways in which people write it.

use proptest::prelude::*;
use proptest::sample::select;

/// A schema as a script, and how much of what it creates.
#[derive(Clone, Debug)]
pub(super) struct Generated {
    pub(super) script: String,
    pub(super) checks: usize,
    pub(super) foreign_keys: usize,
    pub(super) generated_columns: usize,
    pub(super) indexes: usize,
    pub(super) triggers: usize,
    pub(super) views: usize,
}

/// A name; each place where it stands writes it in its own way.
const NAMES: &[&str] = &[
    "id", "name", "Total", "select", "order", "a b", "it's", "\"", "`", "x.y", "ä", "🦀", "-- c", "/*", "table",
    "group", "a,b", "(", ")", "key", "desc", "1st", "check", "\n", ";", "_", "not null", "collate",
];
const TYPES: &[&str] =
    &["", "INTEGER", "int", "TEXT", "VARCHAR(20)", "DECIMAL(10, 2)", "unsigned big int", "REAL", "\"odd type\""];
const STRICT_TYPES: &[&str] = &["INTEGER", "INT", "TEXT", "REAL", "BLOB", "ANY"];
const DEFAULTS: &[&str] = &[
    "1",
    "-1",
    "'x'",
    "'it''s'",
    "NULL",
    "(1 + 2)",
    "(1 -- c\n)",
    "CURRENT_TIMESTAMP",
    "x'00'",
    "word",
    "(lower('A)'))",
    "+1.5e3",
    "true",
];
const COLLATIONS: &[&str] = &["", "NOCASE", "rtrim", "\"binary\""];
const CONFLICTS: &[&str] =
    &["", " ON CONFLICT REPLACE", " ON CONFLICT IGNORE", " on conflict abort", " ON CONFLICT FAIL"];
const FOREIGN_KEY_ENDS: &[&str] = &[
    "",
    " ON DELETE CASCADE",
    " ON UPDATE SET NULL ON DELETE RESTRICT",
    " DEFERRABLE INITIALLY DEFERRED",
    " MATCH FULL ON DELETE SET DEFAULT NOT DEFERRABLE",
];

#[derive(Clone, Debug)]
struct DrawnColumn {
    data_type: usize,
    not_null: bool,
    default: Option<&'static str>,
    collation: &'static str,
    check: bool,
    unique: bool,
    generated: Option<bool>,
    references: Option<(usize, &'static str)>,
    conflict: &'static str,
    comment: bool,
}

#[derive(Clone, Debug)]
struct DrawnTable {
    columns: Vec<DrawnColumn>,
    /// Offset into the names, so that tables do not all begin with the same.
    names: usize,
    strict: bool,
    without_rowid: bool,
    key: DrawnKey,
    unique: Vec<Part>,
    checks: Vec<bool>,
    foreign_key: Option<(usize, &'static str)>,
    indexes: Vec<DrawnIndex>,
    triggers: usize,
    conflict: &'static str,
    commas: bool,
}

#[derive(Clone, Debug)]
enum DrawnKey {
    None,
    AtColumn { descending: bool, counts: bool },
    OfTable(Vec<Part>),
}

/// A key: which column, how it is written.
#[derive(Clone, Debug)]
struct Part {
    column: usize,
    order: &'static str,
    collation: &'static str,
}

#[derive(Clone, Debug)]
struct DrawnIndex {
    parts: Vec<(Part, usize)>,
    unique: bool,
    partial: bool,
}

pub(super) fn schema() -> impl Strategy<Value = Generated> {
    let tables = prop::collection::vec(table(), 1..5);
    (tables, 0..3_usize, any::<u64>()).prop_map(|(tables, views, seed)| Writer { seed }.schema(&tables, views))
}

fn column() -> impl Strategy<Value = DrawnColumn> {
    let flags = (any::<bool>(), prop::bool::weighted(0.2), prop::bool::weighted(0.2), prop::bool::weighted(0.2));
    let texts = (select(COLLATIONS), select(CONFLICTS), prop::option::weighted(0.4, select(DEFAULTS)));
    let references = prop::option::weighted(0.2, (0..8_usize, select(FOREIGN_KEY_ENDS)));
    let generated = prop::option::weighted(0.15, any::<bool>());
    (0..90_usize, flags, texts, references, generated).prop_map(
        |(data_type, (not_null, check, unique, comment), (collation, conflict, default), references, generated)| {
            DrawnColumn {
                data_type,
                not_null,
                default,
                collation,
                check,
                unique,
                generated,
                references,
                conflict,
                comment,
            }
        },
    )
}

fn part() -> impl Strategy<Value = Part> {
    (0..30_usize, select(&["", " ASC", " DESC"][..]), select(COLLATIONS)).prop_map(|(column, order, collation)| Part {
        column,
        order,
        collation,
    })
}

fn table() -> impl Strategy<Value = DrawnTable> {
    let parts = || prop::collection::vec(part(), 1..4);
    let key = prop_oneof![
        1 => Just(DrawnKey::None),
        2 => (any::<bool>(), any::<bool>()).prop_map(|(descending, counts)| DrawnKey::AtColumn { descending, counts }),
        2 => parts().prop_map(DrawnKey::OfTable),
    ];
    let index = (prop::collection::vec((part(), 0..6_usize), 1..4), any::<bool>(), any::<bool>())
        .prop_map(|(parts, unique, partial)| DrawnIndex { parts, unique, partial });
    (
        (prop::collection::vec(column(), 1..7), 0..NAMES.len(), prop::bool::weighted(0.2), prop::bool::weighted(0.2)),
        (key, prop::collection::vec(part(), 0..3), prop::collection::vec(any::<bool>(), 0..3)),
        prop::option::of((0..8_usize, select(FOREIGN_KEY_ENDS))),
        (prop::collection::vec(index, 0..4), 0..3_usize, select(CONFLICTS), any::<bool>()),
    )
        .prop_map(|((columns, names, strict, without_rowid), (key, unique, checks), foreign_key, rest)| {
            let (indexes, triggers, conflict, commas) = rest;
            DrawnTable {
                columns,
                names,
                strict,
                without_rowid,
                key,
                unique,
                checks,
                foreign_key,
                indexes,
                triggers,
                conflict,
                commas,
            }
        })
}

/// Writes the same thing in ever other ways, as its seed has it.
struct Writer {
    seed: u64,
}

impl Writer {
    fn pick(&mut self, of: usize) -> usize {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 33) as usize % of
    }

    fn name(&mut self, name: &str) -> String {
        match self.pick(4) {
            0 if !name.contains(']') => format!("[{name}]"),
            1 => format!("`{}`", name.replace('`', "``")),
            2 if matches!(name, "id" | "name" | "Total" | "ä" | "🦀" | "key" | "desc" | "_") => name.to_owned(),
            _ => format!("\"{}\"", name.replace('"', "\"\"")),
        }
    }

    fn gap(&mut self) -> &'static str {
        [" ", "\n    ", " /* ) , ' */ ", "\t", " -- ; ( \"\n"][self.pick(5)]
    }

    fn names(&mut self, names: &[&str]) -> String {
        names.iter().map(|name| self.name(name)).collect::<Vec<_>>().join(", ")
    }

    fn constraint(&mut self, name: &str) -> String {
        if self.pick(2) == 0 { format!("CONSTRAINT {} ", self.name(name)) } else { String::new() }
    }

    fn part(&mut self, names: &[&str], part: &Part) -> String {
        let collation = collate(part.collation);
        format!("{}{collation}{}", self.name(names[part.column % names.len()]), part.order)
    }

    /// Each column at most once.
    fn parts(&mut self, names: &[&str], parts: &[Part]) -> String {
        let mut seen = Vec::new();
        let once = parts.iter().filter(|part| {
            let column = part.column % names.len();
            let is_new = !seen.contains(&column);
            seen.push(column);
            is_new
        });
        let once: Vec<&Part> = once.collect();
        once.into_iter().map(|part| self.part(names, part)).collect::<Vec<_>>().join(" , ")
    }

    fn schema(&mut self, tables: &[DrawnTable], views: usize) -> Generated {
        let mut all = Generated {
            script: String::new(),
            checks: 0,
            foreign_keys: 0,
            generated_columns: 0,
            indexes: 0,
            triggers: 0,
            views,
        };
        for (place, table) in tables.iter().enumerate() {
            self.table(place, table, tables.len(), &mut all);
        }
        for view in 0..views {
            let name = self.name(&format!("view {view}"));
            let from = self.name(&table_name(view, 5));
            let gap = self.gap();
            all.script += &format!("CREATE VIEW {name}{gap}AS{gap}SELECT 1 AS \";\", * FROM {from};\n");
            if view == 0 {
                all.triggers += 1;
                all.script +=
                    &format!("CREATE TRIGGER \"of view\" INSTEAD OF INSERT ON {name} BEGIN SELECT ';'; END;\n");
            }
        }
        all
    }

    fn table(&mut self, place: usize, table: &DrawnTable, tables: usize, all: &mut Generated) {
        let names: Vec<&str> =
            (0..table.columns.len()).map(|column| NAMES[(table.names + column) % NAMES.len()]).collect();
        let plain: Vec<&str> = (0..names.len())
            .filter(|column| *column == 0 || table.columns[*column].generated.is_none())
            .map(|column| names[column])
            .collect();
        let without_rowid = table.without_rowid && !matches!(table.key, DrawnKey::None);
        let mut lines: Vec<String> = Vec::new();
        for (at, column) in table.columns.iter().enumerate() {
            let line = self.column(at, column, table, without_rowid, &names, tables, all);
            lines.push(line);
        }
        let mut constraints: Vec<String> = Vec::new();
        if let DrawnKey::OfTable(parts) = &table.key {
            let name = self.constraint("the key");
            constraints.push(format!("{name}PRIMARY KEY ({}){}", self.parts(&plain, parts), table.conflict));
        }
        if !table.unique.is_empty() {
            let name = self.constraint("unique, too");
            // A conflict clause other than that of another constraint on the same columns would be refused.
            constraints.push(format!("{name}UNIQUE ({})", self.parts(&plain, &table.unique)));
        }
        for _ in &table.checks {
            let name = self.constraint("sound");
            let column = self.name(names[0]);
            let gap = self.gap();
            all.checks += 1;
            constraints.push(format!("{name}CHECK{gap}({gap}{column} IS NOT ')' AND ({column}){gap}<> 1{gap})"));
        }
        if let Some((parent, end)) = &table.foreign_key {
            let name = self.constraint("points");
            let parent = self.name(&table_name(*parent, tables));
            let columns = self.names(&plain);
            all.foreign_keys += 1;
            constraints.push(format!("{name}FOREIGN KEY ({columns}) REFERENCES {parent} ({columns}){end}"));
        }
        let separator = if table.commas { ",\n" } else { "\n" };
        let constraints = constraints.join(separator);
        let comma = if constraints.is_empty() { "" } else { "," };
        let options = match (table.strict, without_rowid) {
            (true, true) => " STRICT, WITHOUT ROWID",
            (true, false) => " strict",
            (false, true) => " without rowid",
            (false, false) => "",
        };
        let name = self.name(&table_name(place, tables));
        let body = lines.join(",");
        all.script += &format!("CREATE TABLE {name} ({body}{comma}{constraints}){options};\n");
        for (number, index) in table.indexes.iter().enumerate() {
            let sql = self.index(&name, &format!("{place} by {number}"), index, &names);
            all.indexes += 1;
            all.script += &sql;
        }
        for number in 0..table.triggers {
            let trigger = self.name(&format!("{place} fires {number}"));
            all.triggers += 1;
            all.script += &format!(
                "CREATE TRIGGER {trigger} AFTER INSERT ON {name} BEGIN\n    DELETE FROM gone WHERE x = 'END;'; -- END\nEND;\n"
            );
        }
    }

    #[expect(clippy::too_many_arguments, reason = "what a column depends on")]
    fn column(
        &mut self,
        at: usize,
        column: &DrawnColumn,
        table: &DrawnTable,
        without_rowid: bool,
        names: &[&str],
        tables: usize,
        all: &mut Generated,
    ) -> String {
        let types = if table.strict { STRICT_TYPES } else { TYPES };
        let name = self.name(names[at]);
        let mut line = format!("{}{name} {}", self.gap(), types[column.data_type % types.len()]);
        // The first column is never computed, so that there is always one to compute from and to make keys of.
        let generated = column.generated.filter(|_| at > 0);
        if let (0, DrawnKey::AtColumn { descending, counts }) = (at, &table.key) {
            let is_integer = types[column.data_type % types.len()] == "INTEGER";
            let counts = *counts && is_integer && !*descending && !without_rowid;
            let order = if *descending { " DESC" } else { "" };
            let counts = if counts { " AUTOINCREMENT" } else { "" };
            line += &format!(" {}PRIMARY KEY{order}{}{counts}", self.constraint("at column"), table.conflict);
        }
        if column.not_null {
            line += &format!(" {}NOT NULL{}", self.constraint("filled"), column.conflict);
        }
        if let Some(default) = column.default.filter(|_| generated.is_none()) {
            line += &format!(" DEFAULT {default}");
        }
        line += &collate(column.collation);
        if column.check {
            all.checks += 1;
            line += &format!("{}CHECK ({name} <> '(')", self.gap());
        }
        if column.unique {
            line += &format!(" {}UNIQUE", self.constraint("one"));
        }
        if let Some((parent, end)) = &column.references {
            all.foreign_keys += 1;
            line += &format!(" {}REFERENCES {}{end}", self.constraint("fk"), self.name(&table_name(*parent, tables)));
        }
        if let Some(stored) = generated {
            all.generated_columns += 1;
            let gap = self.gap();
            let how = ["GENERATED ALWAYS AS", "AS"][self.pick(2)];
            let kept = if stored { "STORED" } else { ["", "VIRTUAL"][self.pick(2)] };
            line += &format!(" {how} ({gap}coalesce({}, ')'){gap}) {kept}", self.name(names[0]));
        }
        if column.comment {
            line += " -- a comment, with a (\n";
        }
        line
    }

    fn index(&mut self, table: &str, name: &str, index: &DrawnIndex, names: &[&str]) -> String {
        let mut parts = Vec::new();
        for (part, how) in &index.parts {
            let column = self.name(names[part.column % names.len()]);
            let (collation, order) = (collate(part.collation), part.order);
            parts.push(match how {
                0 => format!("lower({column}){collation}{order}"),
                1 => format!("({column} || ')'){collation}{order}"),
                2 => format!("{column} || 'x'{collation}{order}"),
                _ => self.part(names, part),
            });
        }
        let unique = if index.unique { "UNIQUE " } else { "" };
        let filter = if index.partial {
            format!(" WHERE{}{} IS NOT NULL", self.gap(), self.name(names[0]))
        } else {
            String::new()
        };
        format!("CREATE {unique}INDEX {} ON {table} ({}){filter};\n", self.name(name), parts.join(","))
    }
}

fn collate(collation: &str) -> String {
    if collation.is_empty() { String::new() } else { format!(" COLLATE {collation}") }
}

/// Tables that are not there have names beyond those that are.
fn table_name(place: usize, tables: usize) -> String {
    match place % (tables + 1) {
        missing if missing == tables => "missing".to_owned(),
        place => format!("Table {} {place}", NAMES[place * 7 % NAMES.len()]),
    }
}
