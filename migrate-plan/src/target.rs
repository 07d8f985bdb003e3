//! The target language: `head`, `+2`, `billing@head-1`, a prefix, a range.
//!
//! Takes text and gives a [`Target`]; what it stands for in a graph and a database is decided by each verb.

pub(crate) mod resolve;

use std::fmt;
use std::str::FromStr;

use crate::applied::Applied;
use crate::diagnostic::{Code, Diagnostic};
use crate::graph::{Node, RevisionGraph};
use resolve::Resolver;

/// A word that stands for revisions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Symbol {
    /// The single head.
    Head,
    /// Every head.
    Heads,
    /// Before the first revision.
    Base,
    /// What is applied; for the looking verbs only.
    Current,
    /// An id, a label, or a unique prefix of one.
    Name(String),
}

impl FromStr for Symbol {
    type Err = std::convert::Infallible;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Ok(match word {
            "head" => Self::Head,
            "heads" => Self::Heads,
            "base" => Self::Base,
            "current" => Self::Current,
            name => Self::Name(name.to_owned()),
        })
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Head => "head",
            Self::Heads => "heads",
            Self::Base => "base",
            Self::Current => "current",
            Self::Name(name) => name,
        })
    }
}

/// Where to go: `[branch@]symbol`, `[branch@]symbol±N` or `[branch@]±N`.
///
/// # Examples
///
/// ```
/// use migrate_plan::Target;
///
/// let target: Target = "billing@head-1".parse().unwrap();
/// assert_eq!(target.to_string(), "billing@head-1");
/// assert!("+1xyz".parse::<Target>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// The branch that narrows it: a label, an id or a prefix.
    pub branch: Option<String>,
    /// Where counting begins; `None` for what is applied.
    pub symbol: Option<Symbol>,
    /// How many revisions up (positive) or down; `None` when the target is not relative.
    pub steps: Option<i32>,
}

impl Target {
    /// `head`: the default of `upgrade`.
    pub fn head() -> Self {
        Self { branch: None, symbol: Some(Symbol::Head), steps: None }
    }

    /// `heads`.
    pub fn heads() -> Self {
        Self { branch: None, symbol: Some(Symbol::Heads), steps: None }
    }

    /// The revisions that a looking verb shows for this target; none for the base.
    ///
    /// # Errors
    ///
    /// [`TargetError`] when it names nothing or is ambiguous.
    pub fn resolve(&self, applied: &Applied<'_>) -> Result<Vec<Node>, TargetError> {
        Resolver { graph: applied.all(), applied: applied.set() }.show(self)
    }

    /// [`Target::resolve`] without a database: `-1` counts from the head then.
    ///
    /// # Errors
    ///
    /// [`TargetError`] when it names nothing or is ambiguous.
    pub fn resolve_in(&self, graph: &RevisionGraph) -> Result<Vec<Node>, TargetError> {
        let from = self.symbol.clone().unwrap_or(Symbol::Head);
        Self { symbol: Some(from), ..self.clone() }.resolve(&Applied::nothing(graph))
    }

    /// So many revisions from what is applied: `+2`, `-1`.
    pub fn relative(steps: i32) -> Self {
        Self { branch: None, symbol: None, steps: Some(steps) }
    }
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let malformed = |problem| TargetError::Malformed { target: text.to_owned(), problem };
        let (branch, rest) = match text.split_once('@') {
            Some(("", _)) => return Err(malformed("nothing stands before the `@`")),
            Some((branch, rest)) => (Some(branch), rest),
            None => (None, text),
        };
        if rest.contains('@') {
            return Err(malformed("it has more than one `@`"));
        }
        if rest.contains(':') {
            return Err(malformed("a range is for `history -r` and `--sql`"));
        }
        let (symbol, steps) = split_steps(rest);
        let steps = match steps {
            None => None,
            Some(number) => Some(number.parse().map_err(|_| malformed("its number is too large"))?),
        };
        if symbol.is_empty() && steps.is_none() {
            return Err(malformed("it is empty"));
        }
        if symbol.is_empty() && steps == Some(0) {
            return Err(malformed("it goes nowhere"));
        }
        let wrong = |word: &str| word.chars().any(|c| !(c.is_ascii_alphanumeric() || "_.-".contains(c)));
        if wrong(symbol) || branch.is_some_and(wrong) {
            return Err(malformed("ids and labels hold letters, digits, `_`, `.` and `-` only"));
        }
        if symbol.starts_with('-') || branch.is_some_and(|branch| branch.starts_with('-')) {
            return Err(malformed("a `-` is followed by a number, and by nothing else"));
        }
        Ok(Self {
            branch: branch.map(str::to_owned),
            symbol: (!symbol.is_empty()).then(|| match symbol.parse() {
                Ok(symbol) => symbol,
                Err(never) => match never {},
            }),
            steps,
        })
    }
}

/// Takes `±N` off the end. A sign whose rest is no number belongs to the name, which then is refused.
fn split_steps(text: &str) -> (&str, Option<&str>) {
    let Some(at) = text.rfind(['+', '-']) else { return (text, None) };
    let digits = &text[at + 1..];
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        (&text[..at], Some(&text[at..]))
    } else {
        (text, None)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(branch) = &self.branch {
            write!(f, "{branch}@")?;
        }
        if let Some(symbol) = &self.symbol {
            write!(f, "{symbol}")?;
        }
        match self.steps {
            Some(steps) => write!(f, "{steps:+}"),
            None => Ok(()),
        }
    }
}

/// A range `from:to` of history, both ends included; an open end is the base or the heads.
///
/// A branch at the lower end narrows the upper end to its lineage: `billing@base:` ends at the heads of `billing`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// The lower end. Relative without a symbol, it counts down from the upper end.
    pub from: Option<Target>,
    /// The upper end.
    pub to: Option<Target>,
}

impl Range {
    /// The revisions of the range, parents first.
    ///
    /// # Errors
    ///
    /// [`TargetError`] when an end names nothing or is ambiguous.
    pub fn resolve(&self, applied: &Applied<'_>) -> Result<Vec<Node>, TargetError> {
        Resolver { graph: applied.all(), applied: applied.set() }.range(self)
    }
}

impl FromStr for Range {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let malformed = |problem| TargetError::Malformed { target: text.to_owned(), problem };
        let (from, to) =
            text.split_once(':').ok_or_else(|| malformed("a range is `from:to`, either end may be left out"))?;
        if to.contains(':') {
            return Err(malformed("a range has one `:`"));
        }
        let end = |end: &str| if end.is_empty() { Ok(None) } else { end.parse().map(Some) };
        Ok(Self { from: end(from)?, to: end(to)? })
    }
}

/// Why a target cannot be reached.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// The text is no target.
    #[error("`{target}` is not a target: {problem}")]
    Malformed {
        /// The text.
        target: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Nothing has that name.
    #[error("no revision or label `{name}`")]
    Unknown {
        /// The name.
        name: String,
        /// The known name that is most like it.
        nearest: Option<String>,
        /// Whether the name is too short to be tried as a prefix.
        too_short: bool,
    },
    /// A prefix that fits several names.
    #[error("`{prefix}` fits {} revisions: {}", candidates.len(), ticked(candidates))]
    AmbiguousPrefix {
        /// The prefix.
        prefix: String,
        /// What it fits, sorted.
        candidates: Vec<String>,
    },
    /// The revision is on another branch.
    #[error("`{id}` is not on the branch of `{branch}`")]
    NotOnBranch {
        /// The revision.
        id: String,
        /// The branch as written.
        branch: String,
    },
    /// One head is needed.
    #[error("`{target}` is ambiguous")]
    SeveralHeads {
        /// The target.
        target: String,
        /// The heads with their files.
        heads: Vec<(String, String)>,
    },
    /// Several applied heads, and the target is relative to one.
    #[error("`{target}` is ambiguous: {} are applied heads", ticked(heads))]
    SeveralApplied {
        /// The target.
        target: String,
        /// The applied heads.
        heads: Vec<String>,
    },
    /// The walk forks.
    #[error("`{target}` is ambiguous: {} {} {}", ticked(choices), if choices.len() == 2 { "both" } else { "all" }, fork(*up, at))]
    AmbiguousWalk {
        /// The target.
        target: String,
        /// The revision at which the walk forks; `None` for the base.
        at: Option<String>,
        /// The ways on.
        choices: Vec<String>,
        /// Whether the walk goes up.
        up: bool,
    },
    /// The walk leaves the graph.
    #[error("`{target}` goes past the {end}: only {possible} of {wanted} steps are there")]
    WalkTooLong {
        /// The target.
        target: String,
        /// `head` or `base`.
        end: &'static str,
        /// How many steps there are.
        possible: u32,
        /// How many were asked for.
        wanted: u32,
    },
    /// One target is an ancestor of another.
    #[error("the targets overlap: `{upper}` includes `{lower}`")]
    Overlap {
        /// The ancestor.
        lower: String,
        /// The descendant.
        upper: String,
    },
    /// A downgrade target that is not below what is applied.
    #[error("`{target}` leaves nothing to undo")]
    NotApplied {
        /// The target.
        target: String,
        /// The applied heads.
        heads: Vec<String>,
    },
    /// A downgrade target that is not applied although something above it is.
    #[error("`{id}` is not applied, so it cannot stay")]
    Pending {
        /// The target.
        target: String,
        /// The revision that it names.
        id: String,
    },
    /// A target without a meaning for the verb.
    #[error("`{target}` is no target of `{verb}`")]
    NotAllowed {
        /// The target.
        target: String,
        /// The verb.
        verb: &'static str,
        /// What to write instead.
        instead: &'static str,
    },
}

fn ticked(names: &[String]) -> String {
    let mut names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match names.pop() {
        Some(last) if !names.is_empty() => format!("{} and {last}", names.join(", ")),
        Some(last) => last,
        None => String::new(),
    }
}

fn fork(up: bool, at: &Option<String>) -> String {
    match (up, at) {
        (true, Some(at)) => format!("follow `{at}`"),
        (true, None) => "are roots".to_owned(),
        (false, Some(at)) => format!("are parents of `{at}`"),
        (false, None) => "are applied heads".to_owned(),
    }
}

/// The target, narrowed to the branch of the first of several revisions.
fn on_branch(revisions: &[String], target: &str) -> String {
    let counted = target.split_once('@').map_or(target, |(_, counted)| counted);
    format!("{}@{counted}", revisions.first().map_or("label", |id| id))
}

impl From<&TargetError> for Diagnostic {
    fn from(error: &TargetError) -> Self {
        let new = |code, help: String| Diagnostic::new(code, error.to_string(), help);
        match error {
            TargetError::Malformed { .. } => new(
                Code::MalformedTarget,
                "targets are `head`, `heads`, `base`, an id or its prefix, a label, `+2`, `-1`, `<id>+2`, `label@head`, `label@-1`".into(),
            ),
            TargetError::Unknown { nearest, too_short, .. } => {
                let help = match nearest {
                    Some(nearest) => format!("did you mean `{nearest}`?"),
                    None if *too_short => "a prefix has at least 3 characters".into(),
                    None => "`cargo migrate history` lists the revisions".into(),
                };
                new(Code::UnknownTarget, help)
            }
            TargetError::AmbiguousPrefix { .. } => new(Code::AmbiguousPrefix, "write more of the id".into()),
            TargetError::NotOnBranch { branch, .. } => {
                new(Code::NotOnBranch, format!("leave `{branch}@` out, or name a revision of that branch"))
                    .because("it is neither above nor below the branch's revision")
            }
            TargetError::SeveralHeads { heads, .. } => several_heads(error.to_string(), heads),
            TargetError::SeveralApplied { target, heads } => new(
                Code::SeveralHeads,
                format!("name an id, or a branch to count on, such as `{}`", on_branch(heads, target)),
            )
            .because("a relative target counts from the one applied head"),
            TargetError::AmbiguousWalk { up: true, choices, target, .. } => {
                new(Code::AmbiguousWalk, format!("name the branch, such as `{}`, or an id", on_branch(choices, target)))
            }
            TargetError::AmbiguousWalk { choices, .. } => {
                new(Code::AmbiguousWalk, format!("name one of the parents, such as `{}`", choices.first().map_or("", |c| c)))
            }
            TargetError::WalkTooLong { end, target, .. } => {
                let branch = target.split_once('@').map(|(branch, _)| format!("{branch}@")).unwrap_or_default();
                new(Code::WalkTooLong, format!("write `{branch}{end}` to go all the way"))
            }
            TargetError::Overlap { upper, .. } => new(Code::OverlappingTargets, format!("`{upper}` alone is enough")),
            TargetError::NotApplied { heads, .. } => {
                let heads = if heads.is_empty() { "nothing is applied".to_owned() } else { format!("the applied heads are {}", ticked(heads)) };
                new(Code::NotApplied, "name a revision that is applied: `cargo migrate history --applied` marks them".into()).because(heads)
            }
            TargetError::Pending { .. } => new(
                Code::NotApplied,
                "name a revision that is applied: `cargo migrate history --applied` marks them".into(),
            )
            .because("it was inserted behind what is applied, and undoing what is above it would end below it"),
            TargetError::NotAllowed { instead, .. } => new(Code::TargetNotAllowed, (*instead).to_owned()),
        }
    }
}

/// The diagnostic for several heads where one is needed; the macro and `check` say the same.
pub fn several_heads(message: String, heads: &[(String, String)]) -> Diagnostic {
    let ids: Vec<String> = heads.iter().map(|(id, _)| id.clone()).collect();
    let last = ids.last().map_or("", |id| id);
    let mut files = heads.iter().map(|(_, file)| crate::diagnostic::Place::new(file.clone(), 1));
    let help = format!(
        "put your own behind the other, such as `cargo migrate rebase {last}`, or join them: `cargo migrate merge {}`",
        ids.join(" ")
    );
    let mut diagnostic = Diagnostic::new(Code::SeveralHeads, message, help).because(format!(
        "nothing revises {}, so there are {} heads",
        ticked(&ids).replace(" and ", " or "),
        ids.len()
    ));
    diagnostic.place = files.next_back();
    diagnostic.also = files.collect();
    diagnostic
}
