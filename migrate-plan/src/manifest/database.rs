//! `[….database.<name>]`: further databases of one project, each with its own folder, history and everything else.

use toml::{Table, Value};

use super::environment::{is_usable_name, line_of_header};
use super::{ProjectConfig, invalid, line_of};
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::folder::plain_folder;

/// Reads the table of databases, in the order of their names.
pub(super) fn read(file: &str, text: &str, value: &Value) -> Result<Vec<ProjectConfig>, Diagnostic> {
    let line = line_of(text, "database");
    let Value::Table(tables) = value else {
        return Err(invalid(file, line, "`database` is not a table".to_owned(), "write `[….database.analytics]`"));
    };
    tables.iter().map(|(name, value)| read_one(file, text, name, value)).collect()
}

fn read_one(file: &str, text: &str, name: &str, value: &Value) -> Result<ProjectConfig, Diagnostic> {
    let header = line_of_header(text, "database", name);
    let table: &Table = match value {
        Value::Table(table) if is_usable_name(name) => table,
        Value::Table(_) => {
            let help = "name it with letters, digits, `-` and `_`, and begin with a letter";
            return Err(invalid(file, header, format!("`{name}` cannot name a database"), help));
        }
        _ => {
            let help = format!("write `[….database.{name}]` with its own keys");
            return Err(invalid(file, header, format!("the database `{name}` is not a table"), &help));
        }
    };
    if table.contains_key("database") {
        let problem = format!("the database `{name}` holds databases of its own");
        return Err(invalid(file, header, problem, "write each as `[….database.<name>]`"));
    }
    if !table.contains_key("migrations") {
        let help = format!("write `migrations = \"{name}/migrations\"` below it");
        return Err(invalid(file, header, format!("the database `{name}` names no folder"), &help));
    }
    // Keys are looked for where the table begins, since other tables may have the same.
    let above = header.saturating_sub(1) as usize;
    let below: String = text.lines().skip(above).flat_map(|line| [line, "\n"]).collect();
    ProjectConfig::from_table(file, &format!("{}{below}", "\n".repeat(above)), table, Some(name))
}

/// Two histories in one folder would be one.
pub(super) fn refuse_shared_folders(file: &str, text: &str, config: &ProjectConfig) -> Result<(), Diagnostic> {
    let mut seen = vec![config];
    for database in &config.databases {
        let shared = |other: &&ProjectConfig| {
            let is_theirs =
                |folder: &&String| other.folders.iter().any(|there| plain_folder(there) == plain_folder(folder));
            database.folders.iter().find(is_theirs)
        };
        if let Some((other, folder)) = seen.iter().find_map(|other| Some((other, shared(other)?))) {
            let name = database.name.as_deref().unwrap_or_default();
            let problem = match &other.name {
                Some(other) => format!("the databases `{other}` and `{name}` have one folder, `{folder}`"),
                None => format!("the database `{name}` has the folder of the first one, `{folder}`"),
            };
            let header = line_of_header(text, "database", name);
            return Err(invalid(file, header, problem, "give each its own folder"));
        }
        seen.push(database);
    }
    Ok(())
}

impl ProjectConfig {
    /// What is configured for a named database.
    ///
    /// # Errors
    ///
    /// A [`Diagnostic`] with the nearest name when there is none of this name.
    ///
    /// # Examples
    ///
    /// ```
    /// use migrate_plan::ProjectConfig;
    ///
    /// let text = "[database.analytics]\nmigrations = \"analytics/migrations\"\n";
    /// let config = ProjectConfig::from_migrate_toml("migrate.toml", text).unwrap();
    /// assert_eq!(config.database("analytics").unwrap().folders, ["analytics/migrations"]);
    /// assert_eq!(config.database("analitics").unwrap_err().help, "did you mean `analytics`?");
    /// ```
    pub fn database(&self, name: &str) -> Result<&Self, Diagnostic> {
        let found = self.databases.iter().find(|database| database.name.as_deref() == Some(name));
        found.ok_or_else(|| {
            let names: Vec<&str> = self.databases.iter().filter_map(|database| database.name.as_deref()).collect();
            let help = match (nearest(name, names.iter().copied()), names.as_slice()) {
                (Some(near), _) => format!("did you mean `{near}`?"),
                (None, []) => {
                    format!("configure it: `[package.metadata.migrate.database.{name}]`, or `[database.{name}]` in migrate.toml")
                }
                (None, names) => format!("the databases are {}", names.join(", ")),
            };
            Diagnostic::new(Code::UnknownDatabase, format!("no database is configured as `{name}`"), help)
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::ProjectConfig;
    use crate::diagnostic::Place;

    fn read(text: &str) -> Result<ProjectConfig, super::Diagnostic> {
        ProjectConfig::from_migrate_toml("migrate.toml", text)
    }

    #[test]
    fn a_database_has_its_own_settings_and_inherits_none() {
        let text = "heads = \"many\"\n\n[database.analytics]\nmigrations = \"a\"\nhistory-table = \"h\"\n\n[database.analytics.env.production]\nprotected = true\n";
        let config = read(text).unwrap();
        let analytics = config.database("analytics").unwrap();
        assert_eq!((analytics.folders[0].as_str(), &*analytics.settings.history_table), ("a", "h"));
        assert_eq!(analytics.settings.heads, crate::Heads::One);
        assert_eq!(analytics.variable, "ANALYTICS_DATABASE_URL");
        assert_eq!(analytics.environments[0].variable, "PRODUCTION_ANALYTICS_DATABASE_URL");
        assert_eq!((config.name, config.variable.as_str()), (None, "DATABASE_URL"));
    }

    #[test]
    fn what_could_mix_two_databases_up_is_refused_with_its_line() {
        for (text, line, message) in [
            ("[database.a]\nurl = \"sqlite:a\"\n", 1, "the database `a` names no folder"),
            (
                "[database.a]\nmigrations = \"migrations\"\n",
                1,
                "the database `a` has the folder of the first one, `migrations`",
            ),
            (
                "[database.a]\nmigrations = \"x\"\n[database.b]\nmigrations = \"x\"\n",
                3,
                "the databases `a` and `b` have one folder, `x`",
            ),
            (
                "lock = \"none\"\n[database.a]\nmigrations = \"x\"\nlock = \"never\"\n",
                4,
                "`lock = \"never\"` has no meaning",
            ),
            ("[database.a.database.b]\nmigrations = \"x\"\n", 1, "the database `a` holds databases of its own"),
            ("[database]\na = \"x\"\n", 1, "the database `a` is not a table"),
            ("database = \"x\"\n", 1, "`database` is not a table"),
        ] {
            let error = read(text).unwrap_err();
            assert_eq!(
                (error.message.as_str(), error.place),
                (message, Some(Place::new("migrate.toml", line))),
                "{text}"
            );
        }
    }
}
