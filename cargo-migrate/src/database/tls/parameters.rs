//! The parameters about TLS in a URL: taken out of it, since the drivers know other ones, and read.

use std::path::Path;

use migrate_plan::{Code, Diagnostic};
use percent_encoding::percent_decode_str;

use super::{Identity, Mode, Roots, Tls, client};

/// What differs between servers about the same words.
pub(crate) struct Customs<'a> {
    /// The environment variables that count where the URL says nothing.
    pub(crate) variable: &'a dyn Fn(&str) -> Option<String>,
    /// What a file of root certificates means where no mode is named.
    pub(crate) roots_alone: Mode,
}

/// The parameters of a URL, each at most once.
#[derive(Default)]
struct Words {
    mode: Option<String>,
    roots: Option<String>,
    certificates: Option<String>,
    key: Option<String>,
}

impl Words {
    /// The place of a parameter, by libpq's name and by that of MySQL's clients.
    fn place(&mut self, name: &str) -> Option<&mut Option<String>> {
        match name {
            "sslmode" | "ssl-mode" => Some(&mut self.mode),
            "sslrootcert" | "ssl-ca" => Some(&mut self.roots),
            "sslcert" | "ssl-cert" => Some(&mut self.certificates),
            "sslkey" | "ssl-key" => Some(&mut self.key),
            _ => None,
        }
    }

    /// Parts a URL into what the driver is to read and these.
    fn take(url: &str) -> Result<(String, Self), Diagnostic> {
        let mut words = Self::default();
        // A `?` before the `@` belongs to a password that is not encoded.
        let after_user = url.find('@').unwrap_or(0);
        let Some(query) = url[after_user..].find('?').map(|at| after_user + at) else {
            return Ok((url.to_owned(), words));
        };
        let mut rest = Vec::new();
        for parameter in url[query + 1..].split('&') {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            match words.place(&percent_decode_str(name).decode_utf8_lossy()) {
                None => rest.push(parameter),
                Some(Some(_)) => return Err(invalid(format!("it names `{name}` twice"))),
                Some(place) => {
                    let value = percent_decode_str(value).decode_utf8();
                    let value = value.map_err(|_| invalid(format!("`{name}` is not UTF-8 text")))?;
                    if value.is_empty() {
                        return Err(invalid(format!("`{name}` has no value")));
                    }
                    *place = Some(value.into_owned());
                }
            }
        }
        let rest = rest.join("&");
        let query_mark = if rest.is_empty() { "" } else { "?" };
        Ok((format!("{}{query_mark}{rest}", &url[..query]), words))
    }
}

impl Tls {
    /// Takes the parameters about TLS out of a URL; relative paths in them are relative to `base`.
    pub(crate) fn take(url: &str, base: &Path, customs: &Customs<'_>) -> Result<(String, Self), Diagnostic> {
        let (rest, words) = Words::take(url)?;
        let tls = Self::read(words, base, customs)?;
        if tls.mode > Mode::Prefer && !client::BUILT {
            return Err(Diagnostic::new(
                Code::DriverNotBuilt,
                format!("{} is asked for, and this build connects without TLS", tls.asked),
                "install cargo-migrate with its default features",
            ));
        }
        Ok((rest, tls))
    }

    fn read(words: Words, base: &Path, customs: &Customs<'_>) -> Result<Self, Diagnostic> {
        let variable = |name: &str| (customs.variable)(name).filter(|value| !value.is_empty());
        let path = |word: Option<String>, name: &str| {
            word.map(|word| base.join(word)).or_else(|| variable(name).map(Into::into))
        };
        let roots = match (words.roots, variable("PGSSLROOTCERT")) {
            (Some(word), _) | (None, Some(word)) if word == "system" => Some(Roots::System),
            (Some(word), _) => Some(Roots::File(base.join(word))),
            (None, word) => word.map(|word| Roots::File(word.into())),
        };
        let identity = match (path(words.certificates, "PGSSLCERT"), path(words.key, "PGSSLKEY")) {
            (Some(certificates), Some(key)) => Some(Identity { certificates, key }),
            (None, None) => None,
            _ => return Err(invalid("`sslcert` and `sslkey` go together".to_owned())),
        };
        let (mode, asked) = match (words.mode, variable("PGSSLMODE")) {
            (Some(word), _) => named("sslmode", &word)?,
            (None, Some(word)) => named("PGSSLMODE", &word)?,
            (None, None) => match &roots {
                Some(Roots::System) => (Mode::VerifyFull, "`sslrootcert=system`".to_owned()),
                Some(Roots::File(_)) if customs.roots_alone > Mode::Prefer => {
                    (customs.roots_alone, "`sslrootcert`".to_owned())
                }
                _ => (Mode::Prefer, "`sslmode=prefer`".to_owned()),
            },
        };
        let only_the_name_tells =
            "anybody can have a certificate that systems trust, and only the host's name tells them apart";
        let (mode, asked) = match (mode, &roots) {
            (Mode::Disable | Mode::Prefer | Mode::Require | Mode::VerifyCa, Some(Roots::System)) => {
                let problem = format!("{asked} does not go with `sslrootcert=system`");
                return Err(invalid(problem).because(only_the_name_tells));
            }
            (Mode::VerifyCa, None) => {
                let problem = format!("{asked} needs `sslrootcert`, the file with the certificate of an authority");
                return Err(invalid(problem).because(only_the_name_tells));
            }
            (Mode::Require, Some(Roots::File(_))) => (Mode::VerifyCa, format!("{asked} with `sslrootcert`")),
            (mode, _) => (mode, asked),
        };
        Ok(Self { mode, asked, roots: roots.unwrap_or(Roots::System), identity })
    }
}

/// The mode that a word names, libpq's or MySQL's, with the words to quote. The word itself is not quoted.
fn named(parameter: &str, word: &str) -> Result<(Mode, String), Diagnostic> {
    let (mode, name) = match word.to_ascii_lowercase().replace('_', "-").as_str() {
        "disable" | "disabled" => (Mode::Disable, "disable"),
        "prefer" | "preferred" => (Mode::Prefer, "prefer"),
        "require" | "required" => (Mode::Require, "require"),
        "verify-ca" => (Mode::VerifyCa, "verify-ca"),
        "verify-full" | "verify-identity" => (Mode::VerifyFull, "verify-full"),
        _ => return Err(invalid(format!("`{parameter}` has a value that is not known here"))),
    };
    Ok((mode, format!("`{parameter}={name}`")))
}

/// What is wrong is said without any value: one could be a part of a password with characters that are not encoded.
fn invalid(problem: String) -> Diagnostic {
    Diagnostic::new(
        Code::InvalidUrl,
        format!("the database URL cannot be used: {problem}"),
        "write `sslmode=` with `disable`, `prefer`, `require`, `verify-ca` or `verify-full`, and `sslrootcert=/path/ca.pem`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIBPQ: Customs<'_> = Customs { variable: &|_| None, roots_alone: Mode::Prefer };
    const MYSQL: Customs<'_> = Customs { variable: &|_| None, roots_alone: Mode::VerifyCa };

    fn take(query: &str, customs: &Customs<'_>) -> Result<(String, Tls), Diagnostic> {
        Tls::take(&format!("x://u:p?w@h/d{query}"), Path::new("/base"), customs)
    }

    fn mode(query: &str, customs: &Customs<'_>) -> Mode {
        take(query, customs).unwrap_or_else(|problem| panic!("{query}: {problem}")).1.mode
    }

    #[test]
    fn what_the_driver_knows_stays_in_the_url() {
        let rest = |query: &str| take(query, &LIBPQ).expect("a URL").0;
        assert_eq!(rest(""), "x://u:p?w@h/d");
        assert_eq!(rest("?sslmode=disable"), "x://u:p?w@h/d");
        assert_eq!(rest("?a=1&sslmode=prefer&b=%26"), "x://u:p?w@h/d?a=1&b=%26");
    }

    #[test]
    fn nothing_said_is_prefer() {
        assert_eq!(mode("", &LIBPQ), Mode::Prefer);
        assert_eq!(mode("", &MYSQL), Mode::Prefer);
        assert_eq!(mode("?sslrootcert=ca.pem", &LIBPQ), Mode::Prefer);
    }

    #[cfg(feature = "tls")]
    #[test]
    fn modes_have_the_names_of_libpq_and_of_mysql() {
        for (word, wanted) in [
            ("disable", Mode::Disable),
            ("DISABLED", Mode::Disable),
            ("prefer", Mode::Prefer),
            ("PREFERRED", Mode::Prefer),
            ("require", Mode::Require),
            ("REQUIRED", Mode::Require),
            ("verify-full", Mode::VerifyFull),
            ("VERIFY_IDENTITY", Mode::VerifyFull),
        ] {
            assert_eq!(mode(&format!("?sslmode={word}"), &LIBPQ), wanted, "{word}");
            assert_eq!(mode(&format!("?ssl-mode={word}"), &MYSQL), wanted, "{word}");
        }
        assert_eq!(mode("?ssl-mode=VERIFY_CA&ssl-ca=ca.pem", &MYSQL), Mode::VerifyCa);
        assert_eq!(mode("?ssl-ca=ca.pem", &MYSQL), Mode::VerifyCa);
    }

    #[cfg(feature = "tls")]
    #[test]
    fn require_with_roots_verifies_them() {
        let (_, tls) = take("?sslmode=require&sslrootcert=ca%20one.pem", &LIBPQ).expect("a URL");
        assert_eq!((tls.mode, tls.roots), (Mode::VerifyCa, Roots::File("/base/ca one.pem".into())));
        assert_eq!(mode("?sslmode=require", &LIBPQ), Mode::Require);
    }

    #[cfg(feature = "tls")]
    #[test]
    fn the_roots_of_the_system_ask_for_the_name_too() {
        assert_eq!(mode("?sslrootcert=system", &LIBPQ), Mode::VerifyFull);
        for weak in ["disable", "prefer", "require", "verify-ca"] {
            take(&format!("?sslmode={weak}&sslrootcert=system"), &LIBPQ).expect_err(weak);
        }
        take("?sslmode=verify-ca", &LIBPQ).expect_err("any certificate would do");
    }

    #[cfg(feature = "tls")]
    #[test]
    fn the_environment_counts_where_the_url_is_silent() {
        let variable = |name: &str| match name {
            "PGSSLMODE" => Some("verify-full".to_owned()),
            "PGSSLROOTCERT" => Some("ca.pem".to_owned()),
            _ => Some(String::new()),
        };
        let customs = Customs { variable: &variable, roots_alone: Mode::Prefer };
        let (_, tls) = take("", &customs).expect("a URL");
        assert_eq!((tls.mode, tls.roots), (Mode::VerifyFull, Roots::File("ca.pem".into())));
        assert_eq!(tls.asked, "`PGSSLMODE=verify-full`");
        let (_, tls) = take("?sslmode=disable&sslrootcert=own.pem", &customs).expect("a URL");
        assert_eq!((tls.mode, tls.roots), (Mode::Disable, Roots::File("/base/own.pem".into())));
    }

    #[test]
    fn what_is_refused_never_shows_a_value() {
        for query in [
            "?sslmode=secret",
            "?sslmode=allow",
            "?sslmode=",
            "?sslmode=disable&ssl-mode=secret",
            "?sslkey=secret",
            "?sslrootcert=%FFsecret",
        ] {
            let problem = take(query, &LIBPQ).expect_err(query).to_string();
            assert!(problem.starts_with("error[M0504]") && !problem.contains("secret"), "{problem}");
        }
    }

    #[cfg(not(feature = "tls"))]
    #[test]
    fn a_build_without_tls_refuses_what_it_cannot_do() {
        let problem = take("?sslmode=require", &LIBPQ).expect_err("no TLS").to_string();
        assert!(problem.starts_with("error[M0506]: `sslmode=require` is asked for"), "{problem}");
    }
}
