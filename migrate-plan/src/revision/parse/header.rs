//! The first comment block: `-- key: value`, one a line.

use super::{Lines, MARKER, ParseErrorKind, Problems};
use crate::diagnostic::nearest;
use crate::revision::{InvalidName, validate_dependency, validate_id, validate_label};

/// The keys that a header may hold.
pub(super) const KEYS: [&str; 6] = ["revision", "parents", "title", "depends-on", "labels", "created"];

/// Words of other tools for our keys.
const ELSEWHERE: [(&str, &str); 5] = [
    ("down_revision", "parents"),
    ("revises", "parents"),
    ("branch_labels", "labels"),
    ("depends_on", "depends-on"),
    ("id", "revision"),
];

/// What the header says.
#[derive(Default)]
pub(super) struct Header {
    pub(super) first_line: u32,
    pub(super) id: Option<String>,
    pub(super) id_line: u32,
    pub(super) parents: Option<Vec<String>>,
    pub(super) title: Option<String>,
    pub(super) depends_on: Vec<String>,
    pub(super) labels: Vec<String>,
    pub(super) created: Option<String>,
}

impl Header {
    pub(super) fn read(lines: &mut Lines<'_>, problems: &mut Problems<'_>) -> Self {
        while lines.peek().is_some_and(|line| line.trim().is_empty()) {
            lines.next();
        }
        let mut header = Self { first_line: lines.number + 1, ..Self::default() };
        let mut seen: Vec<&str> = Vec::new();
        while let Some(line) = lines.peek().filter(|line| line.starts_with("--") && !line.starts_with(MARKER)) {
            if super::is_almost_marker(line) {
                break;
            }
            lines.next();
            if let Some(key) = key_without_value(line) {
                problems.add(lines.number, ParseErrorKind::EmptyKey(key));
                seen.push(key);
                continue;
            }
            let Some((key, value)) = key_and_value(line) else {
                problems.add(lines.number, ParseErrorKind::MalformedHeader(line.to_owned()));
                continue;
            };
            if seen.contains(&key) {
                problems.add(lines.number, ParseErrorKind::RepeatedKey(key.to_owned()));
                continue;
            }
            seen.push(key);
            header.set(key, value, lines.number, problems);
        }
        for (key, there) in [("revision", seen.contains(&"revision")), ("parents", seen.contains(&"parents"))] {
            if !there {
                problems.add(header.first_line, ParseErrorKind::MissingKey(key));
            }
        }
        header
    }

    fn set(&mut self, key: &str, value: &str, line: u32, problems: &mut Problems<'_>) {
        match key {
            "revision" => {
                self.id_line = line;
                let valid = check(value, "a revision id", validate_id, line, problems);
                self.id = valid.then(|| value.to_owned());
            }
            "parents" if value == "none" => self.parents = Some(Vec::new()),
            "parents" => self.parents = Some(list("parents", value, "a parent", validate_id, line, problems)),
            "title" => self.title = Some(value.to_owned()),
            "depends-on" => {
                self.depends_on = list("depends-on", value, "a dependency", validate_dependency, line, problems);
            }
            "labels" => self.labels = list("labels", value, "a label", validate_label, line, problems),
            "created" => self.created = Some(value.to_owned()),
            _ => {
                let elsewhere = ELSEWHERE.iter().find(|(theirs, _)| *theirs == key).map(|(_, ours)| *ours);
                let nearest = elsewhere.or_else(|| nearest(key, KEYS));
                problems.add(line, ParseErrorKind::UnknownKey { key: key.to_owned(), nearest });
            }
        }
    }
}

fn key_without_value(line: &str) -> Option<&'static str> {
    let key = line.strip_prefix("--")?.trim().strip_suffix(':')?.trim_end();
    KEYS.into_iter().find(|known| *known == key)
}

fn key_and_value(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.strip_prefix("--")?.split_once(':')?;
    let (key, value) = (key.trim(), value.trim());
    (!key.is_empty() && !key.contains(' ') && !value.is_empty()).then_some((key, value))
}

fn list(
    key: &'static str,
    value: &str,
    what: &'static str,
    validate: fn(&str) -> Result<(), InvalidName>,
    line: u32,
    problems: &mut Problems<'_>,
) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in value.split(',').map(str::trim) {
        if names.iter().any(|earlier| earlier == name) {
            problems.add(line, ParseErrorKind::RepeatedName { key, name: name.to_owned() });
        } else if check(name, what, validate, line, problems) {
            names.push(name.to_owned());
        }
    }
    names
}

fn check(
    name: &str,
    what: &'static str,
    validate: fn(&str) -> Result<(), InvalidName>,
    line: u32,
    problems: &mut Problems<'_>,
) -> bool {
    match validate(name) {
        Ok(()) => true,
        Err(problem) => {
            problems.add(line, ParseErrorKind::InvalidName { name: name.to_owned(), what, problem });
            false
        }
    }
}
