//! Whether what was printed is what a page shows.
//!
//! Ids, times and durations on a page are samples: any other of the same form fits, and one id stands for one id on the
//! whole page. `[..]` stands for anything within a line, a line `...` for any number of lines.

use std::collections::BTreeMap;

/// The ids of a page, and what they are in this run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ids(BTreeMap<String, String>);

impl Ids {
    /// A text of the page with the ids of this run.
    pub(crate) fn fill(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (shown, real)| text.replace(shown, real))
    }

    fn bind(&mut self, shown: &str, real: &str) -> bool {
        match self.0.get(shown) {
            Some(known) => known == real,
            None if self.0.values().any(|known| known == real) => false,
            None => self.0.insert(shown.to_owned(), real.to_owned()).is_none(),
        }
    }
}

/// A part of a shown line.
enum Part<'a> {
    Exactly(&'a str),
    Anything,
    Id(&'a str),
    /// Digits, as many as here.
    Digits(usize),
    /// A number of any length.
    Number,
}

/// Compares what was printed with what is shown; learns ids on the way. Gives the first shown line that does not fit.
pub(crate) fn compare(shown: &[String], printed: &[&str], ids: &mut Ids) -> Result<(), usize> {
    let mut furthest = 0;
    match compare_lines(shown, printed, 0, ids.clone(), &mut furthest) {
        Some(learned) => {
            *ids = learned;
            Ok(())
        }
        None => Err(furthest),
    }
}

fn compare_lines(shown: &[String], printed: &[&str], at: usize, ids: Ids, furthest: &mut usize) -> Option<Ids> {
    *furthest = (*furthest).max(at);
    let Some(line) = shown.get(at) else { return printed.is_empty().then_some(ids) };
    if line == "..." {
        return (0..=printed.len())
            .find_map(|skip| compare_lines(shown, &printed[skip..], at + 1, ids.clone(), furthest));
    }
    let (first, rest) = printed.split_first()?;
    let ids = compare_line(&parts(line.trim_end()), first.trim_end(), ids)?;
    compare_lines(shown, rest, at + 1, ids, furthest)
}

fn compare_line(parts: &[Part<'_>], text: &str, mut ids: Ids) -> Option<Ids> {
    let Some((part, rest)) = parts.split_first() else { return text.is_empty().then_some(ids) };
    let leading = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    match part {
        Part::Exactly(exactly) => compare_line(rest, text.strip_prefix(exactly)?, ids),
        Part::Anything => {
            let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            ends.into_iter().find_map(|at| compare_line(rest, &text[at..], ids.clone()))
        }
        Part::Id(shown) => {
            let length = id_length(text)?;
            ids.bind(shown, &text[..length]).then_some(())?;
            compare_line(rest, &text[length..], ids)
        }
        Part::Digits(count) => (leading(text) == *count).then(|| compare_line(rest, &text[*count..], ids))?,
        Part::Number => (leading(text) > 0).then(|| compare_line(rest, &text[leading(text)..], ids))?,
    }
}

/// Twelve hexadecimal digits that are a word.
fn id_length(text: &str) -> Option<usize> {
    let word = text.bytes().take_while(u8::is_ascii_alphanumeric).count();
    let is_id = word == 12 && text[..word].bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    is_id.then_some(word)
}

fn parts(line: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let (mut start, mut at) = (0, 0);
    while at < line.len() {
        let in_word = line[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
        // In a time, the hour follows a letter.
        let anywhere = |part: &Part<'_>| matches!(part, Part::Anything | Part::Digits(2..=4));
        let found = sample(&line[..at], &line[at..]).filter(|(part, _)| !in_word || anywhere(part));
        match found {
            Some((part, length)) => {
                parts.push(Part::Exactly(&line[start..at]));
                parts.push(part);
                at += length;
                start = at;
            }
            None => at += line[at..].chars().next().map_or(1, char::len_utf8),
        }
    }
    parts.push(Part::Exactly(&line[start..]));
    parts
}

/// The sample with which a text begins, and its length.
fn sample<'a>(before: &str, text: &'a str) -> Option<(Part<'a>, usize)> {
    if text.starts_with("[..]") {
        return Some((Part::Anything, 4));
    }
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let rest = &text[digits..];
    let is_time = digits > 0 && is_in_time(before, text);
    match digits {
        14 => Some((Part::Digits(14), 14)),
        1.. if is_time => Some((Part::Digits(digits), digits)),
        1.. if rest.starts_with(" ms") || before.ends_with("\"duration_ms\":") => Some((Part::Number, digits)),
        _ => id_length(text).map(|length| (Part::Id(&text[..length]), length)),
    }
}

/// Whether digits stand in a time such as `2026-11-22T07:30:00.123Z`.
fn is_in_time(before: &str, text: &str) -> bool {
    let fits = |c: char| c.is_ascii_digit() || matches!(c, '-' | ':' | '.' | 'T' | 'Z');
    let start =
        before.rfind(|c: char| !fits(c)).map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
    let head = &before[start..];
    let tail = &text[..text.find(|c: char| !fits(c)).unwrap_or(text.len())];
    let time = format!("{head}{}", tail.trim_end_matches('.'));
    let shape: String = time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    ["0000-00-00T00:00:00Z", "0000-00-00T00:00:00.000Z"].contains(&shape.as_str())
}

mod tests {
    use super::{Ids, compare};

    fn fits(shown: &str, printed: &str) -> Result<(), usize> {
        let shown: Vec<String> = shown.lines().map(str::to_owned).collect();
        compare(&shown, &printed.lines().collect::<Vec<_>>(), &mut Ids::default())
    }

    #[test]
    fn samples_stand_for_their_form_and_nothing_else_does() {
        assert_eq!(fits("now at a54c04b49149 (2 ms)", "now at 0123456789ab (31 ms)"), Ok(()));
        assert_eq!(fits("20261122222344_a54c04b49149_x.sql", "20270101000000_0123456789ab_x.sql"), Ok(()));
        assert_eq!(fits("at 2026-11-22T22:23:44.644Z.", "at 2027-01-01T00:00:00.000Z."), Ok(()));
        assert_eq!(fits("1 revision, 002", "2 revision, 002"), Err(0));
        assert_eq!(fits("now at 001", "now at 002"), Err(0));
    }

    #[test]
    fn an_id_stands_for_one_id() {
        assert_eq!(fits("aaaaaaaaaaaa aaaaaaaaaaaa", "0123456789ab 0123456789ab"), Ok(()));
        assert_eq!(fits("aaaaaaaaaaaa aaaaaaaaaaaa", "0123456789ab 0123456789ac"), Err(0));
        assert_eq!(fits("aaaaaaaaaaaa bbbbbbbbbbbb", "0123456789ab 0123456789ab"), Err(0));
    }

    #[test]
    fn wildcards_stand_for_anything_and_for_lines() {
        assert_eq!(fits("a [..] z", "a b c z"), Ok(()));
        assert_eq!(fits("a\n...\nz", "a\nb\nc\nz"), Ok(()));
        assert_eq!(fits("a\n...\nz", "a\nb"), Err(2));
        assert_eq!(fits("a\nb", "a"), Err(1));
        assert_eq!(fits("a", "a\nb"), Err(1));
    }
}
