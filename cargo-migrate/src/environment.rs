//! Which database is meant: where its URL comes from, and which environment it belongs to, however it came.

use std::path::{Path, PathBuf};
use std::time::Duration;

use migrate_plan::{Code, Diagnostic, Dialect, Environment, ProjectConfig, nearest};
use migrate_runtime::cli::{Output, Safeguards};

use crate::arguments::Global;
use crate::database::Place;
use crate::project::{Project, shown};

/// A URL and where it came from.
#[derive(Clone, Debug)]
pub(crate) struct FoundUrl {
    pub(crate) url: String,
    /// Against what a relative path in it is relative.
    pub(crate) base: PathBuf,
    origin: String,
    /// The environment whose database it leads to.
    environment: Option<Environment>,
    /// How long a server is waited for that is not there yet.
    #[cfg_attr(not(any(feature = "mysql", feature = "postgres")), allow(dead_code))]
    pub(crate) wait: Option<Duration>,
}

/// Where the URL of a server for scratch databases comes from.
const FOR_SCRATCH: &str = "--scratch-url";

/// Where a URL comes from that a verb is about.
const GIVEN: &str = "the command line";

impl FoundUrl {
    /// With `--env` what that environment says, and nothing else. Without, the first of: `--database-url`, the variable, a
    /// `.env` file, the configuration.
    pub(crate) fn find(global: &Global, project: &Project) -> Result<Option<Self>, Diagnostic> {
        match &global.env {
            Some(name) => Self::of_environment(named(name, project)?, project),
            None => Self::without_environment(global, project),
        }?
        .map(|found| Self { wait: global.wait, ..found }.recognised(project))
        .transpose()
    }

    /// [`FoundUrl::find`] for a verb that cannot do without.
    pub(crate) fn require(global: &Global, project: &Project) -> Result<Self, Diagnostic> {
        Self::find(global, project)?.ok_or_else(|| {
            let variable = &project.config.variable;
            let help =
                format!("write `--database-url sqlite://app.db`, or set {variable} in the environment or in `.env`");
            Diagnostic::new(Code::MissingUrl, "no database URL was given", help)
        })
    }

    /// Where somebody has said that scratch databases are made.
    pub(crate) fn for_scratch(url: &str, global: &Global, project: &Project) -> Result<Self, Diagnostic> {
        Self::given(url, global, project).map(|found| Self { origin: FOR_SCRATCH.to_owned(), ..found })
    }

    /// Whether its server is there for scratch databases.
    pub(crate) fn is_for_scratch(&self) -> bool {
        self.origin == FOR_SCRATCH
    }

    /// Whether a verb was given it as what it is about.
    pub(crate) fn is_given(&self) -> bool {
        self.origin == GIVEN
    }

    /// A URL that a verb was given as what it is about.
    pub(crate) fn given(url: &str, global: &Global, project: &Project) -> Result<Self, Diagnostic> {
        let base = std::env::current_dir().unwrap_or_default();
        let origin = GIVEN.to_owned();
        let found = Self { url: url.to_owned(), base, origin, environment: None, wait: global.wait };
        found.recognised(project)
    }

    fn without_environment(global: &Global, project: &Project) -> Result<Option<Self>, Diagnostic> {
        if let Some(url) = &global.database_url {
            let base = std::env::current_dir().unwrap_or_default();
            return Ok(Some(Self {
                url: url.clone(),
                base,
                origin: "--database-url".to_owned(),
                environment: None,
                wait: None,
            }));
        }
        Self::of_config(&project.config, project)
    }

    /// What is said of a database where neither a flag nor an environment says it.
    fn of_config(config: &ProjectConfig, project: &Project) -> Result<Option<Self>, Diagnostic> {
        match Self::from_variable(&config.variable, project)? {
            Some(found) => Ok(Some(found)),
            None => Ok(Self::from_config(config.url.as_ref(), &key("url", config), project)),
        }
    }

    fn of_environment(environment: &Environment, project: &Project) -> Result<Option<Self>, Diagnostic> {
        let Environment { name, url, variable, .. } = environment;
        let mut found = match Self::from_variable(variable, project)? {
            Some(found) => found,
            None => Self::from_config(url.as_ref(), &key(&format!("env.{name}.url"), &project.config), project)
                .ok_or_else(|| {
                    let help = format!("set {variable} in the environment or in `.env`, or `url` in `env.{name}`");
                    Diagnostic::new(Code::MissingUrl, format!("the environment `{name}` has no database URL"), help)
                        .because("with `--env` no other URL counts")
                })?,
        };
        found.environment = Some(environment.clone());
        Ok(Some(found))
    }

    fn from_variable(name: &str, project: &Project) -> Result<Option<Self>, Diagnostic> {
        let here = std::env::current_dir().unwrap_or_default();
        if let Some(url) = std::env::var_os(name) {
            let url = url.into_string().ok().filter(|url| !url.trim().is_empty());
            let url = url.ok_or_else(|| unusable(name, "the environment"))?;
            return Ok(Some(Self { url, base: here, origin: name.to_owned(), environment: None, wait: None }));
        }
        for folder in &project.env_folders {
            let file = folder.join(".env");
            if let Some(url) = read_env_file(&file, name)? {
                let origin = format!("{name} of {}", shown(&here, &file));
                return Ok(Some(Self { url, base: folder.clone(), origin, environment: None, wait: None }));
            }
        }
        Ok(None)
    }

    fn from_config(url: Option<&String>, key: &str, project: &Project) -> Option<Self> {
        let here = std::env::current_dir().unwrap_or_default();
        let file = project.config_file.as_ref()?;
        let base = file.parent().unwrap_or(&here).to_owned();
        let origin = format!("{key} of {}", shown(&here, file));
        Some(Self { url: url?.clone(), base, origin, environment: None, wait: None })
    }

    /// The dialect that the scheme names; nothing is connected to.
    pub(crate) fn dialect(&self) -> Option<Dialect> {
        let scheme = self.url.trim().split_once(':')?.0;
        match scheme.split_once('+').map_or(scheme, |(engine, _)| engine) {
            "postgresql" => Some(Dialect::Postgres),
            engine => engine.parse().ok(),
        }
    }

    /// Says on standard error beside which database a scratch database is made.
    #[cfg(any(feature = "mysql", feature = "postgres"))]
    pub(crate) fn announce_scratch(&self, database: &str, output: &Output) {
        output.note(&format!("a scratch database is made beside {database} (from {})", self.origin));
    }

    /// Says on standard error which database it is.
    pub(crate) fn announce(&self, database: &str, output: &Output) {
        let mut text = format!("target: {database} (from {})", self.origin);
        match &self.environment {
            Some(Environment { name, protected: true, .. }) => {
                text.push_str(&format!(", environment {name}, PROTECTED"));
                output.alert(&text);
            }
            Some(Environment { name, .. }) => output.note(&format!("{text}, environment {name}")),
            None => output.note(&text),
        }
    }

    /// Whether a backup is made before each run.
    pub(crate) fn wants_backup(&self) -> bool {
        self.environment.as_ref().is_some_and(|environment| environment.backup)
    }

    /// How careful a verb is with this database; `yes` answers every question.
    pub(crate) fn safeguards(&self, yes: bool) -> Safeguards<'static> {
        let mut safeguards = Safeguards::new(yes);
        if let Some(environment) = &self.environment {
            safeguards.protected = environment.protected.then(|| environment.name.clone());
            safeguards.lock_timeout = environment.lock_timeout;
        }
        safeguards
    }

    /// Which environment it belongs to is a matter of host and database, and not of how the URL came.
    fn recognised(mut self, project: &Project) -> Result<Self, Diagnostic> {
        let known = places(project)?;
        refuse_shared_history(project)?;
        // What is wrong with this URL is said where it is used.
        let Ok(place) = Place::of(&self.url, &self.base) else { return Ok(self) };
        let owners: Vec<&Environment> =
            known.into_iter().filter(|(_, owned)| owned.is_also(&place)).map(|(owner, _)| owner).collect();
        // Environments of several databases may share one: the strictest counts.
        let strictest = owners.iter().find(|owner| owner.protected).or(owners.first());
        let mut environment = self.environment.or_else(|| strictest.map(|owner| (*owner).clone()));
        if let (Some(environment), Some(strictest)) = (&mut environment, strictest) {
            environment.protected |= strictest.protected;
        }
        self.environment = environment;
        Ok(self)
    }
}

/// Two databases of a project may be one, but not keep their histories in one table: each would undo what the other applied.
fn refuse_shared_history(project: &Project) -> Result<(), Diagnostic> {
    let mut seen: Vec<(&ProjectConfig, Place)> = Vec::new();
    for config in std::iter::once(&project.whole).chain(&project.whole.databases) {
        // What is wrong with a URL is said where it is used.
        let found = FoundUrl::of_config(config, project).ok().flatten();
        let Some(place) = found.and_then(|found| Place::of(&found.url, &found.base).ok()) else { continue };
        let table =
            |config: &ProjectConfig| (config.settings.history_table.clone(), config.settings.history_schema.clone());
        let other = seen.iter().find(|(other, there)| table(other) == table(config) && there.is_also(&place));
        if let Some((other, _)) = other {
            let name = |config: &ProjectConfig| match &config.name {
                Some(name) => format!("`{name}`"),
                None => "the first one".to_owned(),
            };
            let problem =
                format!("the databases {} and {} keep one history in one database", name(config), name(other));
            return Err(Diagnostic::new(
                Code::InvalidConfig,
                problem,
                "give one of them its own `history-table`, or another URL",
            )
            .because("each would take the other's revisions for unknown ones, and undo them")
            .note(format!("it is {place}")));
        }
        seen.push((config, place));
    }
    Ok(())
}

/// The databases that the environments lead to, as far as they are known here. No two may share one: whichever is asked for,
/// the safeguards of the other would be passed by.
fn places(project: &Project) -> Result<Vec<(&Environment, Place)>, Diagnostic> {
    let mut places: Vec<(&Environment, Place)> = Vec::new();
    let configs = std::iter::once(&project.whole).chain(&project.whole.databases);
    for environment in configs.flat_map(|config| &config.environments) {
        // A variable that was not filled in says of no database that it is this one.
        let from_variable = FoundUrl::from_variable(&environment.variable, project).ok().flatten();
        let from_config = FoundUrl::from_config(environment.url.as_ref(), "`url`", project);
        for found in from_variable.into_iter().chain(from_config) {
            let place = Place::of(&found.url, &found.base).map_err(|mut problem| {
                problem.message = format!("the environment `{}`: {}", environment.name, problem.message);
                problem
            })?;
            let other = places.iter().find(|(other, there)| other.name != environment.name && there.is_also(&place));
            if let Some((other, _)) = other {
                let problem =
                    format!("the environments `{}` and `{}` lead to one database", other.name, environment.name);
                return Err(Diagnostic::new(
                    Code::SharedDatabase,
                    problem,
                    "give each its own, or keep one of the two",
                )
                .because("what protects the one would be passed by through the other")
                .note(format!("it is {place}")));
            }
            places.push((environment, place));
        }
    }
    Ok(places)
}

/// A key of the configuration, as it is written there.
fn key(name: &str, config: &ProjectConfig) -> String {
    match &config.name {
        Some(database) => format!("`database.{database}.{name}`"),
        None => format!("`{name}`"),
    }
}

/// The environment of this name, of the database at hand.
pub(crate) fn named<'p>(name: &str, project: &'p Project) -> Result<&'p Environment, Diagnostic> {
    let environments = &project.config.environments;
    environments.iter().find(|environment| environment.name == name).ok_or_else(|| {
        let names: Vec<&str> = environments.iter().map(|environment| environment.name.as_str()).collect();
        let help = match (nearest(name, names.iter().copied()), names.as_slice()) {
            (Some(near), _) => format!("did you mean `{near}`?"),
            (None, []) => {
                let of = project.config.name.as_ref().map(|of| format!("database.{of}.")).unwrap_or_default();
                format!(
                    "configure it: `[package.metadata.migrate.{of}env.{name}]`, or `[{of}env.{name}]` in migrate.toml"
                )
            }
            (None, names) => format!("the environments are {}", names.join(", ")),
        };
        Diagnostic::new(Code::UnknownEnvironment, format!("there is no environment `{name}`"), help)
    })
}

/// A variable that is there counts: falling through to another database would be worse than stopping.
fn unusable(name: &str, place: &str) -> Diagnostic {
    let problem = format!("{name} is set in {place}, and it is empty or no text");
    Diagnostic::new(Code::InvalidUrl, problem, "give it a value, or remove it")
        .because("a secret that was not filled in must not lead to another database")
}

fn read_env_file(file: &Path, variable: &str) -> Result<Option<String>, Diagnostic> {
    if !file.exists() {
        return Ok(None);
    }
    // The file may hold secrets: what is wrong with it is said without its text.
    let unreadable = || {
        let problem = format!("`{}` cannot be read", file.display());
        Diagnostic::new(Code::InvalidConfig, problem, "write lines of the form `DATABASE_URL=sqlite://app.db`")
    };
    let mut entries = dotenvy::from_path_iter(file).map_err(|_| unreadable())?;
    entries.try_fold(None, |found, entry| match entry {
        Ok((name, value)) if name == variable && value.trim().is_empty() => Err(unusable(variable, "the `.env` file")),
        Ok((name, value)) => Ok(if name == variable { Some(value) } else { found }),
        Err(_) => Err(unreadable()),
    })
}
