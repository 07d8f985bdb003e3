//! Takes SQL text or fields, gives the [`Checksum`] that history and lock file hold.
//!
//! The text is expected with LF line breaks and without a byte order mark. Which sections and fields make up a revision
//! is for the caller to say.

mod section;

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

pub use section::section_checksum;

/// The version of what is hashed and how; another way of hashing is another version.
const VERSION: &str = "v1";

/// A SHA-256 of what a section or revision means, written as `v1:` and 64 lower-case hexadecimal digits.
///
/// ```
/// use migrate_plan::{Checksum, Dialect, section_checksum};
///
/// let before = section_checksum("DROP TABLE a;", &[Dialect::Sqlite]);
/// let after = section_checksum("DROP  TABLE a; -- at last\n", &[Dialect::Sqlite]);
/// assert_eq!(before, after);
/// assert_eq!(before.to_string().parse::<Checksum>(), Ok(before));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Checksum([u8; 32]);

impl Checksum {
    /// Makes a checksum of bytes that were hashed before.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes of the hash.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A start writes thousands of them, and formatting each byte by itself would be most of its time.
        const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
        let mut text = String::with_capacity(VERSION.len() + 1 + 2 * self.0.len());
        text.push_str(VERSION);
        text.push(':');
        for byte in self.0 {
            text.push(DIGITS[usize::from(byte >> 4)]);
            text.push(DIGITS[usize::from(byte & 15)]);
        }
        f.write_str(&text)
    }
}

impl fmt::Debug for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Checksum({self})")
    }
}

impl FromStr for Checksum {
    type Err = ParseChecksumError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (version, digits) = text.split_once(':').ok_or(ParseChecksumError::NoVersion)?;
        if version != VERSION {
            return Err(ParseChecksumError::UnknownVersion { version: version.to_owned() });
        }
        if let Some(digit) = digits.chars().find(|c| !matches!(c, '0'..='9' | 'a'..='f')) {
            return Err(ParseChecksumError::NotHex { digit });
        }
        let mut bytes = [0; 32];
        if digits.len() != 2 * bytes.len() {
            return Err(ParseChecksumError::Length { digits: digits.len() });
        }
        let value = |digit: u8| {
            if digit <= b'9' { digit - b'0' } else { digit - b'a' + 10 }
        };
        for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
            *byte = value(pair[0]) << 4 | value(pair[1]);
        }
        Ok(Self(bytes))
    }
}

/// Why a text is no [`Checksum`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseChecksumError {
    /// There is no `:` behind a version.
    #[error("a checksum starts with its version, such as `v1:`")]
    NoVersion,
    /// The version is not one that this program writes.
    #[error("unknown checksum version `{version}`, expected `v1`")]
    #[non_exhaustive]
    UnknownVersion {
        /// What stands before the `:`.
        version: String,
    },
    /// A character is not one of `0` to `9` and `a` to `f`.
    #[error("{digit:?} is not a lower-case hexadecimal digit")]
    #[non_exhaustive]
    NotHex {
        /// The first such character.
        digit: char,
    },
    /// There are more or fewer than 64 digits.
    #[error("a checksum has 64 digits, this one has {digits}")]
    #[non_exhaustive]
    Length {
        /// How many there are.
        digits: usize,
    },
}

/// Hashes named fields, in the order in which they are given.
///
/// Names and values go in with their lengths: two lists of fields never hash alike by running into each other.
#[derive(Clone, Debug)]
pub struct ChecksumBuilder(Sha256);

impl ChecksumBuilder {
    /// Starts a checksum of the kind that `label` names; equal fields under two labels hash differently.
    #[must_use]
    pub fn new(label: &str) -> Self {
        let mut builder = Self(Sha256::new());
        builder.update(label.as_bytes());
        builder
    }

    /// Adds a field.
    #[must_use]
    pub fn field(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.update(name.as_bytes());
        self.update(value.as_ref());
        self
    }

    /// Gives the checksum of all fields.
    #[must_use]
    pub fn finish(self) -> Checksum {
        Checksum(self.0.finalize().into())
    }

    fn update(&mut self, bytes: &[u8]) {
        self.0.update(length_prefix(bytes));
        self.0.update(bytes);
    }
}

fn length_prefix(bytes: &[u8]) -> [u8; 8] {
    // `usize` has at most 64 bits on every target of Rust.
    (bytes.len() as u64).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_reads_back_as_it_is_written() {
        let checksum = Checksum::from_bytes(std::array::from_fn(|i| i as u8 * 8));
        assert!(checksum.to_string().starts_with("v1:000810"));
        assert_eq!(checksum.to_string().parse(), Ok(checksum));
    }

    #[test]
    fn a_text_that_is_no_checksum_says_why() {
        let why = |text: &str| text.parse::<Checksum>().unwrap_err().to_string();
        assert_eq!(why("00"), "a checksum starts with its version, such as `v1:`");
        assert_eq!(why("v2:00"), "unknown checksum version `v2`, expected `v1`");
        assert_eq!(why("v1:0g"), "'g' is not a lower-case hexadecimal digit");
        assert_eq!(why("v1:0A"), "'A' is not a lower-case hexadecimal digit");
        assert_eq!(why("v1:00"), "a checksum has 64 digits, this one has 2");
    }

    #[test]
    fn fields_do_not_run_into_each_other() {
        let of = |fields: &[(&str, &str)]| {
            let start = ChecksumBuilder::new("test");
            fields.iter().fold(start, |builder, (name, value)| builder.field(name, value)).finish()
        };
        assert_ne!(of(&[("a", "bc")]), of(&[("ab", "c")]));
        assert_ne!(of(&[("a", "b"), ("c", "")]), of(&[("a", ""), ("b", "c")]));
        assert_ne!(of(&[]), ChecksumBuilder::new("other").finish());
    }
}
