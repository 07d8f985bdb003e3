//! Takes bytes and the place where something starts, gives the place where it ends. Knows no dialects.
//!
//! Every end stands beside an ASCII byte or at the end of the text, so that it is a border of characters as well.

use memchr::{memchr, memchr2};

/// What the first byte of a token can open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Whitespace,
    /// Letters, `_` and every byte of a character beyond ASCII, as the servers take them.
    Letter,
    Digit,
    Dollar,
    Quote,
    Backtick,
    Bracket,
    Semicolon,
    Colon,
    Operator,
    Other,
}

static CLASSES: [Class; 256] = {
    let mut classes = [Class::Other; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b'\t'..=b'\r' | b' ' => Class::Whitespace,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80..=0xff => Class::Letter,
            b'0'..=b'9' => Class::Digit,
            b'\'' | b'"' => Class::Quote,
            b'`' => Class::Backtick,
            b'[' => Class::Bracket,
            b'$' => Class::Dollar,
            b';' => Class::Semicolon,
            b':' => Class::Colon,
            b'+' | b'-' | b'*' | b'/' | b'<' | b'>' | b'=' | b'~' | b'!' | b'@' | b'#' | b'%' | b'^' | b'&' | b'|'
            | b'?' => Class::Operator,
            _ => Class::Other,
        };
        byte += 1;
    }
    classes
};

#[inline(always)]
pub(super) fn class_of(byte: u8) -> Class {
    CLASSES[usize::from(byte)]
}

#[inline(always)]
const fn bit(class: Class) -> u16 {
    1 << class as u16
}

const WORD: u16 = bit(Class::Letter) | bit(Class::Digit) | bit(Class::Dollar);
const TAG: u16 = bit(Class::Letter) | bit(Class::Digit);

/// The end of the run of bytes whose class is in the set. Written out, since a macro runs it without optimisation.
#[inline(always)]
fn end_while(bytes: &[u8], at: usize, set: u16) -> usize {
    let mut end = at;
    while end < bytes.len() && bit(CLASSES[bytes[end] as usize]) & set != 0 {
        end += 1;
    }
    end
}

#[inline(always)]
pub(super) fn whitespace_end(bytes: &[u8], at: usize) -> usize {
    end_while(bytes, at, bit(Class::Whitespace))
}

#[inline(always)]
pub(super) fn word_end(bytes: &[u8], at: usize) -> usize {
    end_while(bytes, at, WORD)
}

pub(super) fn digits_end(bytes: &[u8], at: usize) -> usize {
    end_while(bytes, at, bit(Class::Digit))
}

/// Ends a number with its point and exponent, and the letters that follow (`0x1f`, or a name such as `1st`).
pub(super) fn number_end(bytes: &[u8], at: usize, takes_dollar: bool) -> usize {
    let mut end = digits_end(bytes, at);
    // Two points are a range in MariaDB's `FOR i IN 1..9`.
    if bytes.get(end) == Some(&b'.') && bytes.get(end + 1) != Some(&b'.') {
        end = digits_end(bytes, end + 1);
    }
    if let [b'e' | b'E', b'+' | b'-', b'0'..=b'9', ..] = &bytes[end..] {
        end = digits_end(bytes, end + 2);
    }
    end_while(bytes, end, if takes_dollar { WORD } else { TAG })
}

/// Ends a run of colons with the `=` of an assignment.
pub(super) fn colon_end(bytes: &[u8], at: usize) -> usize {
    let end = end_while(bytes, at, bit(Class::Colon));
    if bytes.get(end) == Some(&b'=') { end + 1 } else { end }
}

/// Gives back the signs at the end of an operator, by PostgreSQL's rule: `a=-1` compares with `-1`, but `@-` is a name.
#[inline(always)]
pub(super) fn without_trailing_sign(bytes: &[u8], at: usize, end: usize) -> usize {
    let operator = &bytes[at..end];
    let keeps_sign = operator.iter().any(|byte| b"~!@#%^&|?".contains(byte));
    match operator.iter().rposition(|byte| !b"+-".contains(byte)) {
        _ if keeps_sign => end,
        Some(last) => at + last + 1,
        None => at + 1,
    }
}

/// Ends the text whose quote stands at `open`; a doubled quote stays inside.
#[inline(always)]
pub(super) fn quoted_end(bytes: &[u8], open: usize, escapes: bool) -> Option<usize> {
    let quote = bytes[open];
    let mut at = open + 1;
    loop {
        let rest = bytes.get(at..)?;
        at += if escapes { memchr2(quote, b'\\', rest)? } else { memchr(quote, rest)? };
        if bytes[at] == quote && bytes.get(at + 1) != Some(&quote) {
            return Some(at + 1);
        }
        at += 2;
    }
}

/// Ends the `$` or `$tag$` at `at`, if it is one that opens a body.
pub(super) fn dollar_tag_end(bytes: &[u8], at: usize) -> Option<usize> {
    let starts_tag = bytes.get(at + 1).is_some_and(|&b| class_of(b) == Class::Letter);
    let end = if starts_tag { end_while(bytes, at + 1, TAG) } else { at + 1 };
    (bytes.get(end) == Some(&b'$')).then_some(end + 1)
}

/// Ends the comment at `at` at the first `*/`.
pub(super) fn comment_end(bytes: &[u8], at: usize) -> Option<usize> {
    let mut end = at + 2;
    loop {
        end += memchr(b'*', &bytes[end..])? + 1;
        if bytes.get(end) == Some(&b'/') {
            return Some(end + 1);
        }
    }
}

/// Ends the comment at `at` at the `*/` that matches, as PostgreSQL does.
pub(super) fn nested_comment_end(bytes: &[u8], at: usize) -> Option<usize> {
    let mut end = at + 2;
    let mut depth = 1_usize;
    loop {
        end += memchr2(b'*', b'/', &bytes[end..])?;
        match (bytes[end], bytes.get(end + 1)) {
            (b'*', Some(b'/')) => {
                end += 2;
                depth -= 1;
            }
            (b'/', Some(b'*')) => {
                end += 2;
                depth += 1;
            }
            _ => end += 1,
        }
        if depth == 0 {
            return Some(end);
        }
    }
}
