//! Tables, partitions and inheriting tables.

use super::Writer;
use super::constraint::{self, column_option, foreign_key, key};
use super::types::check_clause;
use super::words::{block, clause, comment, name, names, quoted, with};
use crate::schema::{Check, Column, Policy, QualifiedName, Table, Trigger};

/// A table, whatever it inherits from.
pub(super) struct FlatTable<'s> {
    pub(super) table: &'s Table,
    pub(super) parents: Vec<&'s QualifiedName>,
    /// The columns as they come from the parents.
    inherited: Vec<&'s Column>,
}

/// All tables, parents before children.
pub(super) fn flatten(tables: &[Table]) -> Vec<FlatTable<'_>> {
    let mut flat = Vec::new();
    for table in tables {
        let parents = table.inherits.iter().collect();
        flat.push(FlatTable { table, parents, inherited: Vec::new() });
        flatten_children(table, &[], &mut flat);
    }
    flat
}

fn flatten_children<'s>(parent: &'s Table, inherited: &[&'s Column], flat: &mut Vec<FlatTable<'s>>) {
    let mut columns: Vec<&Column> = parent.columns.iter().collect();
    columns.extend(inherited.iter().filter(|column| parent.column(&column.name).is_none()));
    for table in &parent.children {
        let parents = if table.inherits.is_empty() { vec![&parent.name] } else { table.inherits.iter().collect() };
        flat.push(FlatTable { table, parents, inherited: columns.clone() });
        flatten_children(table, &columns, flat);
    }
}

impl FlatTable<'_> {
    /// The table without indexes and foreign keys. When it is deferred, its checks and what it computes by default come later.
    pub(super) fn create(&self, is_deferred: bool, writer: &mut Writer) {
        let table = self.table;
        let called = name(&table.name);
        let mut lines = Vec::new();
        if table.bound.is_none() {
            lines.extend(table.columns.iter().map(|column| self.column(column, is_deferred)));
        }
        lines.extend(table.primary_key.iter().map(|primary| key(primary, "PRIMARY KEY")));
        lines.extend(table.uniques.iter().map(|unique| key(unique, "UNIQUE")));
        let is_early = |check: &&Check| !is_deferred && !check.not_valid;
        lines.extend(table.checks.iter().filter(is_early).map(check_clause));
        let exclusion = |of: &crate::schema::Exclusion| format!("CONSTRAINT {} {}", quoted(&of.name), of.definition);
        lines.extend(table.exclusions.iter().map(exclusion));
        writer.push(self.statement(&called, &lines));
        for check in table.checks.iter().filter(|check| !is_early(check)) {
            writer.deferred.push(format!("ALTER TABLE {called} ADD {}", check_clause(check)));
        }
        self.differences(&called, is_deferred, writer);
        self.comments(&called, writer);
        let of = table.options.get("of");
        writer.statements.extend(of.map(|of| format!("ALTER TABLE {called} OF {of}")));
    }

    fn statement(&self, called: &str, lines: &[String]) -> String {
        let Table { options, bound, partition_by, .. } = self.table;
        let unlogged = if options.contains_key("unlogged") { "UNLOGGED " } else { "" };
        let mut sql = format!("CREATE {unlogged}TABLE {called}");
        let parents: Vec<String> = self.parents.iter().map(|parent| name(parent)).collect();
        let parents = parents.join(", ");
        let lines = match (lines, bound) {
            ([], Some(_)) => String::new(),
            ([], None) => " ()".to_owned(),
            _ => format!(" {}", block(lines)),
        };
        match bound {
            Some(bound) => sql.push_str(&format!(" PARTITION OF {parents}{lines} {bound}")),
            None if parents.is_empty() => sql.push_str(&lines),
            None => sql.push_str(&format!("{lines} INHERITS ({parents})")),
        }
        sql.push_str(&partition_by.as_ref().map(|key| format!(" PARTITION BY {key}")).unwrap_or_default());
        sql.push_str(&clause("USING", options.get("access method")));
        sql.push_str(&with(options));
        sql.push_str(&clause("TABLESPACE", options.get("tablespace")));
        sql
    }

    fn column(&self, column: &Column, is_deferred: bool) -> String {
        let mut sql = format!("{} {}", quoted(&column.name), column.data_type);
        sql.push_str(&column.collation.as_ref().map(|collation| format!(" COLLATE {collation}")).unwrap_or_default());
        if let Some(generated) = &column.generated {
            let kept = if generated.stored { " STORED" } else { " VIRTUAL" };
            sql.push_str(&format!(" GENERATED ALWAYS AS ({}){kept}", generated.expression));
        } else if let Some(identity) = &column.identity {
            sql.push_str(&format!(" GENERATED {}", identity.to_sql()));
        } else if let Some(default) = &column.default
            && !(is_deferred && calls(default))
        {
            sql.push_str(&format!(" DEFAULT {default}"));
        }
        sql.push_str(if column.nullable { "" } else { " NOT NULL" });
        sql
    }

    /// What columns have beside their definitions, or otherwise than their parents.
    fn differences(&self, called: &str, is_deferred: bool, writer: &mut Writer) {
        for column in &self.table.columns {
            let inherited = self.inherited.iter().find(|inherited| inherited.name == column.name);
            let alter = format!("ALTER TABLE {called} ALTER COLUMN {}", quoted(&column.name));
            let is_written = self.table.bound.is_none();
            let default = match (&column.default, inherited.and_then(|inherited| inherited.default.as_ref())) {
                (Some(default), _) if is_deferred && calls(default) => Some(format!("{alter} SET DEFAULT {default}")),
                (Some(default), inherited) if !is_written && inherited != Some(default) => {
                    Some(format!("{alter} SET DEFAULT {default}"))
                }
                (None, Some(_)) => Some(format!("{alter} DROP DEFAULT")),
                _ => None,
            };
            let list = if is_deferred { &mut writer.deferred } else { &mut writer.statements };
            list.extend(default);
            if !is_written {
                let was_nullable = inherited.is_none_or(|inherited| inherited.nullable);
                list.extend((was_nullable && !column.nullable).then(|| format!("{alter} SET NOT NULL")));
                let identity = column.identity.as_ref();
                list.extend(identity.map(|identity| format!("{alter} ADD GENERATED {}", identity.to_sql())));
            }
            list.extend(
                column.options.iter().map(|(option, value)| format!("{alter} {}", column_option(option, value))),
            );
            if inherited.is_some_and(|inherited| !is_written && inherited.generated != column.generated) {
                let what = format!("the expression of column {} of partition {called}", quoted(&column.name));
                writer.leave_out(what, "the server takes that of the partitioned table");
            }
        }
    }

    fn comments(&self, called: &str, writer: &mut Writer) {
        let table = self.table;
        writer.comment("TABLE", called, table.comment.as_ref());
        for column in &table.columns {
            writer.comment("COLUMN", &format!("{called}.{}", quoted(&column.name)), column.comment.as_ref());
        }
        let keys = table.primary_key.iter().chain(&table.uniques).map(|key| (key.name.as_ref(), key.comment.as_ref()));
        let checks = table.checks.iter().map(|check| (check.name.as_ref(), check.comment.as_ref()));
        let exclusions = table.exclusions.iter().map(|of| (Some(&of.name), of.comment.as_ref()));
        for (constraint, text) in keys.chain(checks).chain(exclusions) {
            // A check may have been put off.
            writer.deferred.extend(constraint.zip(text).map(|(of, text)| constraint_comment(of, called, text)));
        }
    }

    pub(super) fn indexes(&self, writer: &mut Writer) {
        self.table.indexes.iter().for_each(|index| constraint::index(index, &self.table.name, writer));
    }

    pub(super) fn foreign_keys(&self, writer: &mut Writer) {
        let called = name(&self.table.name);
        for of in &self.table.foreign_keys {
            writer.push(format!("ALTER TABLE {called} ADD {}", foreign_key(of)));
            let said = of.name.as_ref().zip(of.comment.as_ref());
            writer.statements.extend(said.map(|(of, text)| constraint_comment(of, &called, text)));
        }
    }

    /// Triggers, policies, and which index stands for the table.
    pub(super) fn guards(&self, writer: &mut Writer) {
        let Table { name: table, options, .. } = self.table;
        let called = name(table);
        self.table.triggers.iter().for_each(|of| trigger(of, table, writer));
        self.table.policies.iter().for_each(|of| policy(of, &called, writer));
        if options.contains_key("row security") {
            writer.push(format!("ALTER TABLE {called} ENABLE ROW LEVEL SECURITY"));
        }
        if options.contains_key("force row security") {
            writer.push(format!("ALTER TABLE {called} FORCE ROW LEVEL SECURITY"));
        }
        let replica = options.get("replica identity").map(|identity| match identity.strip_prefix("index ") {
            Some(index) => format!("USING INDEX {}", quoted(index)),
            None => identity.to_uppercase(),
        });
        writer.statements.extend(replica.map(|identity| format!("ALTER TABLE {called} REPLICA IDENTITY {identity}")));
        let cluster = options.get("clustered on");
        writer.statements.extend(cluster.map(|index| format!("ALTER TABLE {called} CLUSTER ON {}", quoted(index))));
    }
}

fn constraint_comment(constraint: &str, table: &str, text: &str) -> String {
    comment(&format!("CONSTRAINT {} ON", quoted(constraint)), table, text)
}

/// Whether an expression may call a function.
fn calls(expression: &str) -> bool {
    expression.contains('(')
}

pub(super) fn trigger(trigger: &Trigger, table: &QualifiedName, writer: &mut Writer) {
    let (called, table) = (quoted(&trigger.name), name(table));
    writer.push(&trigger.definition);
    let state = trigger.enabled.as_ref().map(|state| match &**state {
        "disabled" => "DISABLE",
        "replica" => "ENABLE REPLICA",
        _ => "ENABLE ALWAYS",
    });
    writer.statements.extend(state.map(|state| format!("ALTER TABLE {table} {state} TRIGGER {called}")));
    writer.comment(&format!("TRIGGER {called} ON"), &table, trigger.comment.as_ref());
}

fn policy(policy: &Policy, table: &str, writer: &mut Writer) {
    let called = quoted(&policy.name);
    let part = |word: &str, expression: Option<&String>| {
        expression.map(|expression| format!("\n    {word} ({expression})")).unwrap_or_default()
    };
    let roles = if policy.roles.is_empty() { String::new() } else { format!("\n    TO {}", names(&policy.roles)) };
    writer.push(format!(
        "CREATE POLICY {called} ON {table}{}{}{roles}{}{}",
        if policy.restrictive { " AS RESTRICTIVE" } else { "" },
        policy.command.as_ref().map(|command| format!(" FOR {command}")).unwrap_or_default(),
        part("USING", policy.using.as_ref()),
        part("WITH CHECK", policy.check.as_ref()),
    ));
    writer.comment(&format!("POLICY {called} ON"), table, policy.comment.as_ref());
}
