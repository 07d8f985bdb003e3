//! `[….env.<name>]`: the databases of one project, and how careful a verb is with each.

use std::time::Duration;

use toml::{Table, Value};

use super::{invalid, line_of, unknown_key};
use crate::diagnostic::Diagnostic;
use crate::duration::parse_duration;

/// One environment, such as `staging`. For the command line alone: nothing of it is embedded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// Its name.
    pub name: String,
    /// Where its database is, when the variable is not set. Without a password it still says which database is meant.
    pub url: Option<String>,
    /// The variable that holds its URL. Default: `<NAME>_DATABASE_URL`.
    pub variable: String,
    /// Whether a change needs a yes. Default: no.
    pub protected: bool,
    /// Whether a backup is made before each run. Default: no.
    pub backup: bool,
    /// How long a run waits for another one, where no flag says it.
    pub lock_timeout: Option<Duration>,
}

/// The keys of an environment.
const KEYS: [&str; 5] = ["url", "variable", "protected", "backup", "lock-timeout"];

/// Reads the table of environments, in the order of their names.
pub(super) fn read(
    file: &str,
    text: &str,
    value: &Value,
    database: Option<&str>,
) -> Result<Vec<Environment>, Diagnostic> {
    let line = line_of(text, "env");
    let Value::Table(tables) = value else {
        return Err(invalid(file, line, "`env` is not a table".to_owned(), "write `[….env.staging]`"));
    };
    let environment = |(name, value): (&String, &Value)| match value {
        Value::Table(table) if is_usable_name(name) => read_one(file, text, name, table, database),
        Value::Table(_) => {
            let help = "name it with letters, digits, `-` and `_`, and begin with a letter";
            Err(invalid(file, line_of_header(text, "env", name), format!("`{name}` cannot name an environment"), help))
        }
        _ => {
            let help = format!("write `[….env.{name}]` with its own keys: {}", KEYS.join(", "));
            Err(invalid(file, line_of(text, name), format!("the environment `{name}` is not a table"), &help))
        }
    };
    tables.iter().map(environment).collect()
}

pub(super) fn is_usable_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

fn read_one(
    file: &str,
    text: &str,
    name: &str,
    table: &Table,
    database: Option<&str>,
) -> Result<Environment, Diagnostic> {
    let mut environment = Environment {
        name: name.to_owned(),
        url: None,
        variable: variable(&[&[name], database.as_slice()].concat()),
        protected: false,
        backup: false,
        lock_timeout: None,
    };
    let header = line_of_header(text, "env", name);
    for (key, value) in table {
        let line = line_below(text, header, key);
        let word = || match value.as_str() {
            Some(word) if !word.trim().is_empty() => Ok(word.to_owned()),
            _ => Err(invalid(file, line, format!("`{key}` is no text"), &format!("write `{key} = \"…\"`"))),
        };
        let choice = || {
            let help = format!("write `{key} = true` or `{key} = false`");
            value.as_bool().ok_or_else(|| invalid(file, line, format!("`{key}` is neither true nor false"), &help))
        };
        match key.as_str() {
            "url" => environment.url = Some(word()?),
            "variable" => environment.variable = word()?,
            "protected" => environment.protected = choice()?,
            "backup" => environment.backup = choice()?,
            "lock-timeout" => {
                let limit = parse_duration(&word()?);
                let problem = |help: &str| invalid(file, line, "`lock-timeout` is not a time".to_owned(), help);
                environment.lock_timeout = Some(limit.map_err(problem)?);
            }
            unknown => return Err(unknown_key(file, line, unknown, &KEYS)),
        }
    }
    Ok(environment)
}

/// The variable that holds a URL where nothing else is said: `PRODUCTION_DATABASE_URL`.
pub(super) fn variable(names: &[&str]) -> String {
    let words = names.iter().map(|name| name.to_ascii_uppercase().replace('-', "_"));
    words.chain(["DATABASE_URL".to_owned()]).collect::<Vec<_>>().join("_")
}

/// The line of `[….<kind>.<name>]`, or of a table below it; good enough for a message.
pub(super) fn line_of_header(text: &str, kind: &str, name: &str) -> u32 {
    let names = [format!("{kind}.{name}"), format!("{kind}.\"{name}\"")];
    let is_header = |line: &str| {
        line.trim_start().starts_with('[')
            && names.iter().any(|name| {
                line.split_once(name.as_str()).is_some_and(|(_, rest)| rest.starts_with(']') || rest.starts_with('.'))
            })
    };
    text.lines().position(is_header).map_or_else(|| line_of(text, kind), |index| index as u32 + 1)
}

/// The line of a key behind that of its table.
fn line_below(text: &str, header: u32, key: &str) -> u32 {
    let skipped = header.saturating_sub(1) as usize;
    let rest: Vec<&str> = text.lines().skip(skipped).collect();
    let is_key =
        |line: &&str| line.trim_start().strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('='));
    rest.iter().position(is_key).map_or(header, |index| (skipped + index) as u32 + 1)
}

#[cfg(test)]
mod tests {
    use crate::ProjectConfig;
    use crate::diagnostic::Place;

    fn read(text: &str) -> Result<ProjectConfig, super::Diagnostic> {
        ProjectConfig::from_migrate_toml("migrate.toml", text)
    }

    #[test]
    fn an_environment_has_its_own_variable_unless_it_names_one() {
        let text = "[env.eu-west]\nprotected = true\nlock-timeout = \"5m\"\n\n[env.dev]\nvariable = \"DEV\"\nurl = \"sqlite:a\"\n";
        let environments = read(text).unwrap().environments;
        let [dev, west] = environments.as_slice() else { panic!("{environments:?}") };
        assert_eq!((dev.name.as_str(), dev.variable.as_str(), dev.protected), ("dev", "DEV", false));
        assert_eq!((west.variable.as_str(), west.protected), ("EU_WEST_DATABASE_URL", true));
        assert_eq!(west.lock_timeout, Some(std::time::Duration::from_secs(300)));
    }

    #[test]
    fn what_could_leave_an_environment_unprotected_is_refused_with_its_line() {
        for (text, line, message) in [
            ("url = \"sqlite:a\"\n[env.prod]\nurl = \"sqlite:b\"\nprotect = true\n", 4, "unknown key `protect`"),
            ("[env.prod]\nprotected = \"yes\"\n", 2, "`protected` is neither true nor false"),
            ("[env.prod]\nlock-timeout = \"soon\"\n", 2, "`lock-timeout` is not a time"),
            ("[env.prod]\nurl = \"\"\n", 2, "`url` is no text"),
            ("[env.\"a b\"]\nurl = \"sqlite:b\"\n", 1, "`a b` cannot name an environment"),
            ("[env]\nprod = \"sqlite:b\"\n", 2, "the environment `prod` is not a table"),
            ("env = \"prod\"\n", 1, "`env` is not a table"),
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
