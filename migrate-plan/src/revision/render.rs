//! A revision as the text of its file: the inverse of parsing.

use super::{Revision, Section};

/// Writes the file of a revision.
///
/// Parsing the result under a name that [`FileName`] gives yields the same revision.
pub fn render_revision(revision: &Revision) -> String {
    let mut text = String::new();
    let mut key = |name: &str, value: &str| text.push_str(&format!("-- {name}: {value}\n"));
    key("revision", &revision.id);
    key("parents", &if revision.parents.is_empty() { "none".to_owned() } else { revision.parents.join(", ") });
    key("title", &revision.title);
    if !revision.depends_on.is_empty() {
        key("depends-on", &revision.depends_on.join(", "));
    }
    if !revision.labels.is_empty() {
        key("labels", &revision.labels.join(", "));
    }
    if let Some(created) = &revision.created {
        key("created", created);
    }
    text.push('\n');
    if let Some(description) = &revision.description {
        for line in description.split('\n') {
            text.push_str(if line.is_empty() { "--" } else { "-- " });
            text.push_str(line);
            text.push('\n');
        }
        text.push('\n');
    }
    let mut sections = String::new();
    for section in revision.sections.iter() {
        sections.push_str(&render_marker(section));
        sections.push_str(&section.body);
    }
    let irreversible = revision.irreversible.iter().map(|reason| format!("-- migrate: irreversible {reason}\n"));
    // A line end that a body does not have is none of its: in a dialect that sees an open quote there it would count.
    if sections.ends_with('\n') {
        text.push_str(&sections);
        text.extend(irreversible);
    } else {
        text.extend(irreversible);
        text.push_str(&sections);
    }
    text
}

/// The line that opens a section.
pub(super) fn render_marker(section: &Section) -> String {
    let mut marker = format!("-- migrate: {}", section.direction);
    for dialect in section.dialects.iter() {
        marker.push(' ');
        marker.push_str(dialect.name());
    }
    marker.push('\n');
    marker
}

impl Section {
    /// The section with its marker line, as the history keeps it; [`super::parse_stored_section`] reads it back.
    pub fn to_stored(&self) -> String {
        render_marker(self) + &self.body
    }
}

/// The parts of a revision file's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileName<'a> {
    /// `YYYYMMDDhhmmss`, or nothing to leave the time out.
    pub time: Option<&'a str>,
    /// The revision id.
    pub id: &'a str,
    /// The title that the slug is made from.
    pub title: &'a str,
}

impl FileName<'_> {
    /// The name, such as `20261122073000_3f2a9c81d0e3_add_bio.sql`.
    pub fn render(&self) -> String {
        let slug = slug(self.title);
        let slug = Some(slug.as_str()).filter(|slug| !slug.is_empty());
        let parts: Vec<&str> = [self.time, Some(self.id), slug].into_iter().flatten().collect();
        format!("{}.sql", parts.join("_"))
    }
}

/// The part of a file name that is made from a title: lower-case ASCII words joined by `_`, at most 60 characters.
pub fn slug(title: &str) -> String {
    let words: Vec<String> = title
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    let mut slug = words.join("_");
    slug.truncate(60);
    slug.trim_end_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_safe_file_names() {
        assert_eq!(slug("Add users' bio — (draft)"), "add_users_bio_draft");
        assert_eq!(slug("../../etc/passwd"), "etc_passwd");
        assert_eq!(slug("日本"), "");
    }

    #[test]
    fn names_sort_by_time() {
        let name = FileName { time: Some("20261122073000"), id: "3f2a9c81d0e3", title: "add bio" };
        assert_eq!(name.render(), "20261122073000_3f2a9c81d0e3_add_bio.sql");
    }
}
