//! `[package.metadata.migrate]` and `migrate.toml`: text to [`ProjectConfig`].

mod database;
mod environment;

use toml::{Table, Value};

use crate::diagnostic::{Code, Diagnostic, Place, nearest};
use crate::folder::plain_folder;
use crate::plan::Ahead;
use crate::settings::{DEFAULT_FOLDER, Heads, LONGEST_NAME, LockKind, Settings, is_usable_name};
pub use environment::Environment;

/// Everything that a project can configure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectConfig {
    /// The folders of revision files, relative to the file that configures them; at least one. Default: `migrations`.
    pub folders: Vec<String>,
    /// Where the database is, for the command line alone.
    pub url: Option<String>,
    /// How new revisions get their ids, for the command line alone.
    pub ids: Ids,
    /// A template for new revisions, relative to the file that configures it; for the command line alone.
    pub template: Option<String>,
    /// A command that runs on each new file, such as a formatter; for the command line alone.
    pub after_new: Option<String>,
    /// Where backups go, relative to the file that configures it. Default: `backups`, and beside a SQLite file; for the
    /// command line alone.
    pub backup_folder: Option<String>,
    /// A command that makes a backup in place of the database's own client; for the command line alone.
    pub backup_command: Option<String>,
    /// The name of this database, where it is not the first one.
    pub name: Option<String>,
    /// The variable that holds its URL, for the command line alone. Default: `DATABASE_URL`, or `<NAME>_DATABASE_URL`.
    pub variable: String,
    /// Further databases of the project, by name; none has further ones.
    pub databases: Vec<Self>,
    /// The databases that have a name, by name; for the command line alone.
    pub environments: Vec<Environment>,
    /// What the binary must know too.
    pub settings: Settings,
}

/// How new revisions get their ids.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ids {
    /// Twelve random digits, so that two branches never choose the same one; a time leads the file's name. The default.
    #[default]
    Random,
    /// `001`, `002`, …; two branches that choose the same one are told apart by `rebase`.
    Sequential,
}

impl Default for ProjectConfig {
    fn default() -> Self {
        Self {
            folders: vec![DEFAULT_FOLDER.to_owned()],
            url: None,
            ids: Ids::Random,
            template: None,
            after_new: None,
            backup_folder: None,
            backup_command: None,
            name: None,
            variable: "DATABASE_URL".to_owned(),
            databases: Vec::new(),
            environments: Vec::new(),
            settings: Settings::DEFAULT,
        }
    }
}

/// The keys of a configuration.
const KEYS: [&str; 15] = [
    "migrations",
    "url",
    "ids",
    "template",
    "after-new",
    "history-table",
    "history-schema",
    "lock",
    "ahead",
    "heads",
    "env",
    "variable",
    "database",
    "backup-folder",
    "backup-command",
];

impl ProjectConfig {
    /// Reads `[package.metadata.migrate]` of a `Cargo.toml`; `None` when there is no such table.
    ///
    /// # Errors
    ///
    /// A [`Diagnostic`] for text that is not TOML, an unknown key, or a value that is none of the allowed.
    pub fn from_cargo_toml(file: &str, text: &str) -> Result<Option<Self>, Diagnostic> {
        let manifest = parse(file, text)?;
        let table = manifest.get("package").and_then(|p| p.get("metadata")).and_then(|m| m.get("migrate"));
        match table {
            None => Ok(None),
            Some(Value::Table(table)) => Self::from_table(file, text, table, None).map(Some),
            Some(_) => {
                Err(invalid(file, 1, "`package.metadata.migrate` is not a table".to_owned(), "write it as a table"))
            }
        }
    }

    /// Reads a `migrate.toml`.
    ///
    /// # Errors
    ///
    /// As [`ProjectConfig::from_cargo_toml`].
    pub fn from_migrate_toml(file: &str, text: &str) -> Result<Self, Diagnostic> {
        Self::from_table(file, text, &parse(file, text)?, None)
    }

    /// `database` is the name of a further database.
    fn from_table(file: &str, text: &str, table: &Table, database: Option<&str>) -> Result<Self, Diagnostic> {
        let mut config = Self { name: database.map(str::to_owned), ..Self::default() };
        if let Some(name) = database {
            config.variable = environment::variable(&[name]);
        }
        for (key, value) in table {
            if key == "env" {
                config.environments = environment::read(file, text, value, database)?;
                continue;
            }
            if key == "database" {
                config.databases = database::read(file, text, value)?;
                continue;
            }
            let line = line_of(text, key);
            if key == "migrations" {
                config.folders = folders(file, line, value)?;
                continue;
            }
            if ["protected", "backup", "lock-timeout"].contains(&key.as_str()) {
                let help = format!("`{key}` belongs to an environment: write it below `[….env.<name>]`");
                return Err(invalid(file, line, format!("unknown key `{key}`"), &help));
            }
            let Some(word) = value.as_str() else {
                let help = format!("write `{key} = \"…\"`");
                return Err(invalid(file, line, format!("`{key}` is not a string"), &help));
            };
            let settings = &mut config.settings;
            match key.as_str() {
                "url" => config.url = Some(word.to_owned()),
                "variable" => config.variable = word.to_owned(),
                "template" => config.template = Some(word.to_owned()),
                "after-new" => config.after_new = Some(word.to_owned()),
                "backup-folder" => config.backup_folder = Some(word.to_owned()),
                "backup-command" => config.backup_command = Some(word.to_owned()),
                "ids" => {
                    config.ids =
                        one_of(file, line, key, word, &[("random", Ids::Random), ("sequential", Ids::Sequential)])?;
                }
                "history-table" => settings.history_table = table_name(file, line, key, word)?.into(),
                "history-schema" => settings.history_schema = Some(table_name(file, line, key, word)?.into()),
                "lock" => {
                    let kinds = [
                        ("auto", LockKind::Auto),
                        ("advisory", LockKind::Advisory),
                        ("lease", LockKind::Lease),
                        ("none", LockKind::None),
                    ];
                    settings.lock = one_of(file, line, key, word, &kinds)?;
                }
                "ahead" => {
                    settings.ahead =
                        one_of(file, line, key, word, &[("allow", Ahead::Allow), ("refuse", Ahead::Refuse)])?;
                }
                "heads" => {
                    settings.heads = one_of(file, line, key, word, &[("one", Heads::One), ("many", Heads::Many)])?
                }
                unknown => return Err(unknown_key(file, line, unknown, &KEYS)),
            }
        }
        database::refuse_shared_folders(file, text, &config)?;
        Ok(config)
    }
}

fn parse(file: &str, text: &str) -> Result<Table, Diagnostic> {
    text.parse::<Table>().map_err(|error| {
        let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].lines().count().max(1) as u32);
        invalid(file, line, format!("the file is not TOML: {}", error.message()), "mend its syntax")
    })
}

/// One folder, or a list of folders of which none is named twice.
fn folders(file: &str, line: u32, value: &Value) -> Result<Vec<String>, Diagnostic> {
    let words: Option<Vec<&str>> = match value {
        Value::String(word) => Some(vec![word]),
        Value::Array(list) => list.iter().map(Value::as_str).collect(),
        _ => None,
    };
    let refuse = |problem: String, help: &str| Err(invalid(file, line, problem, help));
    let Some(words) = words else {
        return refuse(
            "`migrations` is neither a folder nor a list of folders".to_owned(),
            "write `migrations = \"…\"` or `migrations = [\"…\", \"…\"]`",
        );
    };
    if words.is_empty() || words.contains(&"") {
        return refuse("`migrations` is empty".to_owned(), "name the folder, or leave the key out");
    }
    let repeated =
        words.iter().enumerate().find(|(at, word)| words[..*at].iter().any(|w| plain_folder(w) == plain_folder(word)));
    if let Some((_, word)) = repeated {
        return refuse(format!("`migrations` names the folder `{word}` twice"), "name each folder once");
    }
    Ok(words.into_iter().map(str::to_owned).collect())
}

fn table_name(file: &str, line: u32, key: &str, word: &str) -> Result<String, Diagnostic> {
    if !is_usable_name(word) {
        let problem = format!("`{key}` is not a usable name");
        let help = format!("name it with 1 to {LONGEST_NAME} bytes, so that `_lease` fits behind it");
        return Err(invalid(file, line, problem, &help));
    }
    Ok(word.to_owned())
}

fn one_of<T: Copy>(file: &str, line: u32, key: &str, word: &str, allowed: &[(&str, T)]) -> Result<T, Diagnostic> {
    let names: Vec<String> = allowed.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    let found = allowed.iter().find(|(name, _)| *name == word).map(|(_, value)| *value);
    found.ok_or_else(|| {
        invalid(file, line, format!("`{key} = \"{word}\"` has no meaning"), &format!("write {}", names.join(" or ")))
    })
}

fn unknown_key(file: &str, line: u32, unknown: &str, keys: &[&str]) -> Diagnostic {
    let help = match nearest(unknown, keys.iter().copied()) {
        Some(key) => format!("did you mean `{key}`?"),
        None => format!("the keys are {}", keys.join(", ")),
    };
    invalid(file, line, format!("unknown key `{unknown}`"), &help)
}

/// The line on which a key stands; good enough for a message, since keys are distinctive words.
fn line_of(text: &str, key: &str) -> u32 {
    let starts =
        |line: &str| line.trim_start().strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('='));
    text.lines().position(starts).map_or(1, |index| index as u32 + 1)
}

fn invalid(file: &str, line: u32, problem: String, help: &str) -> Diagnostic {
    Diagnostic::new(Code::InvalidConfig, problem, help)
        .at(Place::new(file, line))
        .because("a setting that is ignored silently may be the one that protects a database")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_without_the_table_has_no_configuration() {
        assert_eq!(ProjectConfig::from_cargo_toml("Cargo.toml", "[package]\nname = \"x\"\n"), Ok(None));
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line_and_the_nearest_key() {
        let error = ProjectConfig::from_migrate_toml("migrate.toml", "url = \"sqlite:a\"\nhistory_table = \"h\"\n")
            .unwrap_err();
        assert_eq!(error.message, "unknown key `history_table`");
        assert_eq!(error.place, Some(Place::new("migrate.toml", 2)));
        assert_eq!(error.help, "did you mean `history-table`?");
    }

    #[test]
    fn a_setting_of_an_environment_says_where_it_belongs() {
        for text in ["protected = true\n", "lock-timeout = \"3s\"\n", "backup = true\n"] {
            let error = ProjectConfig::from_migrate_toml("migrate.toml", text).unwrap_err();
            assert!(error.message.starts_with("unknown key") && error.help.contains("[….env.<name>]"), "{error}");
        }
    }

    #[test]
    fn there_may_be_several_folders() {
        let read = |value: &str| ProjectConfig::from_migrate_toml("migrate.toml", &format!("migrations = {value}\n"));
        assert_eq!(read("[\"core\", \"plugins/billing\"]").unwrap().folders, ["core", "plugins/billing"]);
        for (value, message) in [
            ("[]", "`migrations` is empty"),
            ("[\"core\", \"\"]", "`migrations` is empty"),
            ("7", "`migrations` is neither a folder nor a list of folders"),
            ("[7]", "`migrations` is neither a folder nor a list of folders"),
            ("[\"core\", \"./core/\"]", "`migrations` names the folder `./core/` twice"),
        ] {
            assert_eq!(read(value).unwrap_err().message, message, "{value}");
        }
    }

    #[test]
    fn every_key_is_read() {
        let text = "migrations = \"db\"\nurl = \"sqlite:x\"\nhistory-table = \"h\"\nhistory-schema = \"s\"\nlock = \"none\"\nahead = \"refuse\"\nheads = \"many\"\n";
        let config = ProjectConfig::from_migrate_toml("migrate.toml", text).unwrap();
        assert_eq!(config.folders, ["db"]);
        assert_eq!(config.settings.log_table(), "h_log");
        assert_eq!(config.settings.lock, LockKind::None);
        assert_eq!(config.settings.ahead, Ahead::Refuse);
        assert_eq!(config.settings.heads, Heads::Many);
    }
}
