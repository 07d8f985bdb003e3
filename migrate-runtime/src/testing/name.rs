//! The names of test databases and templates, which say what is in them and how old they are.

use std::time::{SystemTime, UNIX_EPOCH};

use migrate_plan::{ChecksumBuilder, Code};

use super::url::Engine;
use crate::error::Error;
use crate::migrations::Migrations;

const PREFIX: &str = "migrate_test_";
const TEMPLATE: &str = "template";

/// After how many seconds a database that no session uses is taken for one of a test that died.
const FRESH_FOR: u64 = 60 * 60;
/// After how many seconds a template of other revisions goes.
const TEMPLATE_FOR: u64 = 24 * FRESH_FOR;

/// What a template is made of, in sixteen hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Sum(String);

impl Sum {
    pub(super) fn of(migrations: &Migrations, engine: Engine) -> Self {
        let settings = migrations.settings();
        let start = ChecksumBuilder::new("template")
            .field("version", env!("CARGO_PKG_VERSION"))
            .field("engine", engine.name())
            .field("table", &*settings.history_table)
            .field("schema", settings.history_schema.as_deref().unwrap_or_default());
        let sum = migrations.revisions().iter().fold(start, |sum, revision| {
            sum.field("id", &*revision.id).field("revision", revision.checksum().as_bytes())
        });
        let digits = sum.finish().as_bytes()[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        Self(digits)
    }

    pub(super) fn digits(&self) -> &str {
        &self.0
    }

    /// A name for a database of one test.
    pub(super) fn fresh_name(&self) -> Result<String, Error> {
        let random = getrandom::u32().map_err(|error| {
            super::refusal(Code::NotReady, format!("the system has no random number: {error}"), "look at the system")
        })?;
        Ok(format!("{PREFIX}{}_{:010}_{random:08x}", self.0, now()))
    }

    /// A name for a template.
    pub(super) fn template_name(&self) -> String {
        format!("{PREFIX}{}_{:010}_{TEMPLATE}", self.0, now())
    }

    /// Whether this is the name of a template for these revisions.
    pub(super) fn is_template(&self, name: &str) -> bool {
        Parts::of(name).is_some_and(|parts| parts.is_template && parts.sum == self.0)
    }

    /// Whether a database of this name may go, as long as nobody uses it. Other names never may.
    pub(super) fn may_go(&self, name: &str) -> bool {
        Parts::of(name).is_some_and(|parts| {
            let age = now().saturating_sub(parts.seconds);
            match parts.is_template {
                true => parts.sum != self.0 && age > TEMPLATE_FOR,
                false => age > FRESH_FOR,
            }
        })
    }
}

struct Parts<'n> {
    sum: &'n str,
    seconds: u64,
    is_template: bool,
}

impl<'n> Parts<'n> {
    fn of(name: &'n str) -> Option<Self> {
        let is_hex = |text: &str, digits: usize| {
            text.len() == digits && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        };
        let mut parts = name.strip_prefix(PREFIX)?.split('_');
        let (sum, seconds, last) = (parts.next()?, parts.next()?, parts.next()?);
        let is_template = last == TEMPLATE;
        let is_ours = is_hex(sum, 16)
            && seconds.len() == 10
            && seconds.bytes().all(|b| b.is_ascii_digit())
            && (is_template || is_hex(last, 8))
            && parts.next().is_none();
        let seconds = seconds.parse().ok()?;
        is_ours.then_some(Self { sum, seconds, is_template })
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_old_databases_of_tests_may_go() {
        let sum = Sum("0123456789abcdef".to_owned());
        let (old, older) = (now() - FRESH_FOR - 9, now() - TEMPLATE_FOR - 9);
        let may_go = |name: String| sum.may_go(&name);
        assert!(may_go(format!("migrate_test_0123456789abcdef_{old}_89abcdef")));
        assert!(may_go(format!("migrate_test_fedcba9876543210_{old}_89abcdef")));
        assert!(may_go(format!("migrate_test_fedcba9876543210_{older}_template")));
        assert!(!may_go(format!("migrate_test_fedcba9876543210_{old}_template")));
        assert!(!may_go(format!("migrate_test_0123456789abcdef_{older}_template")));
        assert!(!may_go(sum.fresh_name().unwrap()));
        for other in ["app", "migrate_test_", "migrate_test_backup", "migrate_test_0123456789abcdef_1_89abcdef"] {
            assert!(!may_go(other.to_owned()), "{other}");
        }
        for almost in ["_x", "_89abcdef", "_89abcdef_x", "_89abcdeF", "_templates"] {
            assert_eq!(may_go(format!("migrate_test_0123456789abcdef_{old}{almost}")), almost == "_89abcdef");
        }
    }

    #[test]
    fn a_template_is_known_by_its_sum() {
        let sum = Sum("0123456789abcdef".to_owned());
        assert!(sum.is_template(&sum.template_name()));
        assert!(!sum.is_template(&sum.fresh_name().unwrap()));
        assert!(!Sum("fedcba9876543210".to_owned()).is_template(&sum.template_name()));
    }
}
