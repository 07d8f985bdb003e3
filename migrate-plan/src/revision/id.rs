//! Which ids and labels can be told apart from everything else on a command line.

/// Why a name cannot be an id or a label.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidName {
    /// It is empty.
    #[error("it is empty")]
    Empty,
    /// It is longer than 255 characters.
    #[error("it has {0} characters, and 255 is the most")]
    TooLong(usize),
    /// It holds a character that targets use otherwise, or that is not ASCII.
    #[error("it holds {0:?}, and only letters, digits, `_` and `.` can be told from the rest of a target")]
    Character(char),
    /// It is a word of the target language.
    #[error("`{0}` has a meaning of its own as a target")]
    Reserved(String),
    /// A label that would read as a relative target.
    #[error("it ends in `-` and a number, which reads as a relative target")]
    Relative,
}

impl InvalidName {
    /// How to mend it.
    pub(crate) fn help(&self) -> &'static str {
        match self {
            Self::Empty => "write a name, or remove the comma",
            Self::TooLong(_) => "shorten it",
            Self::Character(_) => "use letters, digits, `_` and `.`; inside a label also `-`",
            Self::Reserved(_) => "choose another name; `none` stands alone, for a root",
            Self::Relative => "write something else before the number, such as `_`",
        }
    }
}

/// Words with a meaning of their own, in any case.
const RESERVED: [&str; 5] = ["head", "heads", "base", "current", "none"];

/// The longest id or label, in characters: what the history table holds.
const LONGEST: usize = 255;

/// Checks a revision id: `[A-Za-z0-9_.]+`, up to 255 characters, not a reserved word.
///
/// # Errors
///
/// [`InvalidName`] says what is wrong with it.
///
/// # Examples
///
/// ```
/// use migrate_plan::validate_id;
///
/// assert!(validate_id("3f2a9c81d0e3").is_ok());
/// assert!(validate_id("head").is_err());
/// assert!(validate_id("add users").is_err());
/// ```
pub fn validate_id(id: &str) -> Result<(), InvalidName> {
    validate(id, |c| c.is_ascii_alphanumeric() || c == '_' || c == '.')
}

/// Checks a branch label: as an id, and `-` inside, but not before a final number.
///
/// # Errors
///
/// [`InvalidName`] says what is wrong with it.
pub fn validate_label(label: &str) -> Result<(), InvalidName> {
    validate(label, |c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))?;
    if label.starts_with('-') {
        return Err(InvalidName::Character('-'));
    }
    match label.rsplit_once('-') {
        Some((_, number)) if !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) => {
            Err(InvalidName::Relative)
        }
        _ => Ok(()),
    }
}

/// Checks a dependency: an id or a label, and before it `group@` when it is a revision of that group.
///
/// # Errors
///
/// [`InvalidName`] says what is wrong with it.
///
/// # Examples
///
/// ```
/// use migrate_plan::validate_dependency;
///
/// assert!(validate_dependency("3f2a9c81d0e3").is_ok());
/// assert!(validate_dependency("accounts@3f2a9c81d0e3").is_ok());
/// assert!(validate_dependency("accounts@head").is_err());
/// ```
pub fn validate_dependency(name: &str) -> Result<(), InvalidName> {
    let (group, name) = name.split_once('@').map_or((None, name), |(group, name)| (Some(group), name));
    group.map_or(Ok(()), validate_label)?;
    validate_label(name)
}

fn validate(name: &str, allowed: impl Fn(char) -> bool) -> Result<(), InvalidName> {
    if name.is_empty() {
        return Err(InvalidName::Empty);
    }
    if let Some(character) = name.chars().find(|c| !allowed(*c)) {
        return Err(InvalidName::Character(character));
    }
    if name.len() > LONGEST {
        return Err(InvalidName::TooLong(name.len()));
    }
    if RESERVED.iter().any(|word| word.eq_ignore_ascii_case(name)) {
        return Err(InvalidName::Reserved(name.to_owned()));
    }
    Ok(())
}
