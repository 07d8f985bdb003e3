//! TLS as the URLs of PostgreSQL and MariaDB ask for it, both with the words of libpq: what is asked for, and what is
//! said when it cannot be had. How it is done stands in `tls/client.rs`, which a build without TLS lacks.

#[cfg(feature = "tls")]
mod client;
#[cfg(not(feature = "tls"))]
#[path = "tls/without.rs"]
mod client;
mod parameters;

use std::path::PathBuf;

use migrate_plan::{Code, Diagnostic};
#[cfg(feature = "mysql")]
use migrate_runtime::cli::Failure;

#[cfg(feature = "postgres")]
pub(super) use client::connector;
pub(super) use client::is_tls_failure;
#[cfg(feature = "mysql")]
pub(super) use client::{is_wrong_name, options, options_for_any_name};
pub(super) use parameters::Customs;

/// How much protection is wanted, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mode {
    /// Never encrypted.
    Disable,
    /// Encrypted if the server can do it.
    Prefer,
    /// Encrypted, with whoever answers.
    Require,
    /// Encrypted, with a certificate that the roots vouch for.
    VerifyCa,
    /// The same, and the certificate is for the host that was called.
    VerifyFull,
}

/// Whose signatures make a certificate a trusted one.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Roots {
    /// Those that the operating system trusts.
    System,
    /// Those in a file.
    File(PathBuf),
}

/// What shows the server who we are.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Identity {
    certificates: PathBuf,
    key: PathBuf,
}

/// What a URL asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tls {
    mode: Mode,
    /// The words that ask for it, to be named in refusals.
    asked: String,
    roots: Roots,
    identity: Option<Identity>,
}

impl Tls {
    /// How much protection is wanted.
    pub(super) fn mode(&self) -> Mode {
        self.mode
    }

    /// The file of root certificates, where it is one.
    pub(super) fn root_file(&self) -> Option<&std::path::Path> {
        match &self.roots {
            Roots::System => None,
            Roots::File(path) => Some(path),
        }
    }

    /// The files of what shows the server who we are: certificates and key.
    pub(super) fn identity_files(&self) -> Option<(&std::path::Path, &std::path::Path)> {
        self.identity.as_ref().map(|identity| (identity.certificates.as_path(), identity.key.as_path()))
    }

    /// Turns it off for a connection that no network carries: sockets of this machine know no TLS.
    pub(super) fn for_socket(self) -> Self {
        Self { mode: Mode::Disable, ..self }
    }

    /// What the line that names the target says of it: whether a connection, if there is one, is encrypted for certain.
    pub(super) fn describe(&self) -> &'static str {
        if self.mode >= Mode::Require { ", TLS" } else { "" }
    }

    /// The server has no TLS to offer.
    pub(super) fn not_offered(&self) -> Diagnostic {
        refusal(
            "the server offers no TLS",
            "turn TLS on in the server; `sslmode=prefer` goes on without where a server has none",
        )
        .because(format!("{} forbids a connection that is not encrypted", self.asked))
    }

    /// The server takes encrypted connections alone, and this one was not.
    pub(super) fn demanded(&self, server_words: &str) -> Diagnostic {
        refusal(&format!("the server demands TLS: {server_words}"), "write `sslmode=require`, or better `verify-full`")
            .because(format!("the connection was not encrypted: {}", self.asked))
    }

    /// The handshake failed.
    pub(super) fn failed(&self, error: &(dyn std::error::Error + 'static)) -> Diagnostic {
        let Explained { problem, help } = client::explain(error, &self.roots);
        let roots = match &self.roots {
            Roots::System => "this system".to_owned(),
            Roots::File(path) => format!("`{}`", path.display()),
        };
        let asked = &self.asked;
        refusal(&problem, help).because(match self.mode {
            Mode::VerifyFull => {
                format!("{asked} connects only to a server with a certificate for its host that {roots} vouches for")
            }
            Mode::VerifyCa => format!("{asked} connects only to a server with a certificate that {roots} vouches for"),
            Mode::Disable | Mode::Prefer | Mode::Require => format!("{asked} asks for an encrypted connection"),
        })
    }

    /// A note for refused credentials that may be right: some servers say the same of a connection without TLS.
    #[cfg(feature = "mysql")]
    pub(super) fn note_disabled(&self, mut failure: Failure) -> Failure {
        if self.mode == Mode::Disable
            && let Some(diagnostic) = failure.diagnostics.first_mut()
            && diagnostic.code == Code::WrongCredentials
        {
            let note =
                format!("the connection was not encrypted ({}), and what demands TLS refuses so, too", self.asked);
            diagnostic.notes.push(note);
        }
        failure
    }
}

/// What a TLS library has to say, as people read it.
struct Explained {
    problem: String,
    help: &'static str,
}

fn refusal(problem: &str, help: &str) -> Diagnostic {
    Diagnostic::new(Code::TlsRefused, format!("the database cannot be reached: {problem}"), help)
}
