//! Text from elsewhere, a file, a database or its server, as a terminal may be given it.
//!
//! What a terminal obeys instead of showing it is written as its code: `\u{1b}`. JSON escapes by itself.

use std::borrow::Cow;

/// A text of several lines, such as everything that is printed at once.
pub(super) fn text(text: &str) -> Cow<'_, str> {
    escaped(text, |c| c != '\n' && c != '\t')
}

/// One value inside a line: it begins no line of its own.
pub(super) fn line(text: &str) -> Cow<'_, str> {
    escaped(text, |_| true)
}

fn escaped(text: &str, obeyed: impl Fn(char) -> bool) -> Cow<'_, str> {
    let harmful = |c: char| c.is_control() && obeyed(c);
    if !text.contains(harmful) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match harmful(character) {
            true => out.extend(character.escape_default()),
            false => out.push(character),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_shown_as_its_code() {
        assert_eq!(text("a\u{1b}[31mb\rc\u{9b}2J\u{7}\0"), "a\\u{1b}[31mb\\rc\\u{9b}2J\\u{7}\\u{0}");
        assert_eq!(text("two\n\tlines é 🦀"), "two\n\tlines é 🦀");
        assert_eq!(line("two\n\tlines"), "two\\n\\tlines");
    }
}
