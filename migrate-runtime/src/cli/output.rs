//! Where everything that is printed goes: the result to standard output, the rest to standard error.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use anstyle::{AnsiColor, Style};
use clap::{Args, ValueEnum};
use migrate_plan::{Code, Diagnostic, GraphDefect, PlanError, TargetError};
use serde_json::{Value, json};

use super::{Exit, escape, json};
use crate::error::{Error, RunError};
use crate::report::StepReport;

/// How results are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Human,
    /// One JSON object on standard output, for results and failures alike.
    Json,
}

/// When colours are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The flags about output that every verb takes.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct OutputArgs {
    /// How results are written
    #[arg(long, value_enum, default_value_t, global = true, value_name = "FORMAT")]
    pub format: Format,
    /// When colours are used
    #[arg(long, value_enum, default_value_t, global = true, value_name = "WHEN")]
    pub color: Color,
    /// Say nothing on standard error but errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say more: descriptions, times, who applied what
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

impl OutputArgs {
    /// Applies the colour choice and gives the output.
    pub fn output(self) -> Output {
        match self.color {
            Color::Auto => {}
            Color::Always => anstream::ColorChoice::Always.write_global(),
            Color::Never => anstream::ColorChoice::Never.write_global(),
        }
        Output { format: self.format, quiet: self.quiet, verbose: self.verbose }
    }
}

/// The streams of one call.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    format: Format,
    quiet: bool,
    verbose: bool,
}

/// Whether standard output refused a result: then the exit code must not say that all is well.
static RESULT_LOST: AtomicBool = AtomicBool::new(false);

const RED: Style = AnsiColor::Red.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
const BLUE: Style = AnsiColor::Blue.on_default().bold();
pub(super) const DIM: Style = Style::new().dimmed();

impl Output {
    /// Whether results are JSON.
    pub fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// Whether more is wanted.
    pub fn is_verbose(&self) -> bool {
        self.verbose
    }

    /// Whether a progress bar can be drawn.
    pub(super) fn draws(&self) -> bool {
        !self.quiet && std::io::stderr().is_terminal()
    }

    /// Prints the result: the text for people, or the object.
    pub fn result(&self, text: &str, object: &Value) {
        self.exact_result(&escape::text(text), object);
    }

    /// Prints a result that another program reads as it is, such as a script.
    pub(super) fn exact_result(&self, text: &str, object: &Value) {
        let text = if self.is_json() { object.to_string() } else { text.trim_end().to_owned() };
        if text.is_empty() {
            return;
        }
        let mut stdout = std::io::stdout();
        let written = writeln!(stdout, "{text}").and_then(|()| stdout.flush());
        // A reader that has gone away, such as `head`, is no failure of ours.
        if written.is_err_and(|error| error.kind() != std::io::ErrorKind::BrokenPipe) {
            RESULT_LOST.store(true, Ordering::Relaxed);
        }
    }

    /// Prints a result that may be long and has colours of its own; on a terminal a screen at a time. What is in it is escaped
    /// already.
    pub(super) fn picture(&self, text: &str, object: &Value) {
        if self.is_json() {
            return self.exact_result("", object);
        }
        let plain = anstream::AutoStream::choice(&std::io::stdout()) == anstream::ColorChoice::Never;
        let text = if plain { anstream::adapter::strip_str(text).to_string() } else { text.to_owned() };
        if !super::pager::show(&text) {
            self.exact_result(&text, object);
        }
    }

    /// Says something beside the result.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            say(text);
        }
    }

    /// Says something in red that must not be overlooked.
    pub fn alert(&self, text: &str) {
        if !self.quiet {
            let _ = writeln!(anstream::stderr(), "{RED}{}{RED:#}", escape::text(text));
        }
    }

    /// Warns of something that does not stop the verb.
    pub fn warn(&self, text: &str) {
        if !self.quiet {
            let _ = writeln!(anstream::stderr(), "{YELLOW}warning{YELLOW:#}: {}", escape::text(text));
        }
    }

    /// Prints errors in the look of rustc.
    pub fn diagnostics(&self, diagnostics: &[Diagnostic]) {
        for diagnostic in diagnostics {
            let _ = writeln!(anstream::stderr(), "{}", colored(diagnostic));
        }
    }

    /// Prints what a failure has to say, and gives the exit code of either.
    pub fn finish(&self, outcome: Result<Exit, Failure>) -> ExitCode {
        let exit = match outcome {
            Ok(exit) if RESULT_LOST.load(Ordering::Relaxed) => {
                say("the result could not be written to standard output");
                exit.max(Exit::Failed)
            }
            Ok(exit) => exit,
            Err(mut failure) => {
                failure.explain_interrupt();
                let exit = failure.exit();
                if self.is_json() {
                    self.result("", &json::failure(&failure, exit));
                } else {
                    self.diagnostics(&failure.diagnostics);
                    failure.state.iter().for_each(|state| say(state));
                }
                exit
            }
        };
        ExitCode::from(exit as u8)
    }
}

fn say(text: &str) {
    let _ = writeln!(anstream::stderr(), "{DIM}{}{DIM:#}", escape::text(text));
}

fn colored(diagnostic: &Diagnostic) -> String {
    let mut text = format!("{RED}error[{}]{RED:#}: {}", diagnostic.code, escape::text(&diagnostic.message));
    if let Some(place) = &diagnostic.place {
        let _ = write!(text, "\n{BLUE}  -->{BLUE:#} {}", escape::line(&place.to_string()));
    }
    for (label, detail) in diagnostic.details() {
        let _ = write!(text, "\n{BLUE}{label:>5}:{BLUE:#} {}", escape::text(&detail.replace('\n', "\n       ")));
    }
    text
}

/// Why a verb failed, with what it had done until then.
#[derive(Debug, Default)]
pub struct Failure {
    /// Everything that is wrong.
    pub diagnostics: Vec<Diagnostic>,
    /// What was done and committed before.
    pub applied: Vec<StepReport>,
    /// The state that the database is in now.
    pub state: Option<String>,
    /// The verb and target that lead where the run was going, where the same call would go elsewhere by now.
    pub rest: Option<String>,
}

impl Failure {
    pub(super) fn missing_database() -> Self {
        Diagnostic::new(Code::MissingUrl, "this verb needs a database", "give one by `--database-url`").into()
    }

    /// A statement that was cancelled is not to be mended.
    fn explain_interrupt(&mut self) {
        let first = self.diagnostics.first_mut().filter(|first| first.code == Code::StatementFailed);
        if let Some(first) = first.filter(|_| super::interrupts().is_requested()) {
            first.why = Some("the run was interrupted, and the statement cancelled".to_owned());
            first.help = "run it again: it goes on where it stopped".to_owned();
            self.name_the_rest();
        }
    }

    /// What counts from what is applied would go further when it is run again.
    fn name_the_rest(&mut self) {
        let Some(rest) = &self.rest else { return };
        let named = format!("run `{}`", escape::line(rest));
        for diagnostic in &mut self.diagnostics {
            diagnostic.help = diagnostic.help.replace("run it again", &named);
        }
    }

    /// The exit code: that of the first error, or that of an interrupt, which may have made any statement fail.
    pub fn exit(&self) -> Exit {
        if super::interrupts().is_requested() {
            return Exit::Stopped;
        }
        self.diagnostics.first().map_or(Exit::Failed, |diagnostic| Exit::of(diagnostic.code))
    }
}

impl From<Diagnostic> for Failure {
    fn from(diagnostic: Diagnostic) -> Self {
        vec![diagnostic].into()
    }
}

impl From<Vec<Diagnostic>> for Failure {
    fn from(diagnostics: Vec<Diagnostic>) -> Self {
        Self { diagnostics, ..Self::default() }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        error.diagnostics().into()
    }
}

impl From<PlanError> for Failure {
    fn from(error: PlanError) -> Self {
        Diagnostic::from(&error).into()
    }
}

impl From<TargetError> for Failure {
    fn from(error: TargetError) -> Self {
        Diagnostic::from(&error).into()
    }
}

impl From<Vec<GraphDefect>> for Failure {
    fn from(defects: Vec<GraphDefect>) -> Self {
        defects.iter().map(Diagnostic::from).collect::<Vec<_>>().into()
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        let report = *error.report;
        let half_done = error.error.half_done();
        let at = at(&report.heads_after);
        let state = match (report.steps.len(), half_done) {
            (0, None) if report.heads_after.is_empty() => None,
            (0, None) => Some(format!("the database is as it was before: at {at}")),
            (0, Some(id)) => Some(format!("the database is at {at}, and `{id}` is half done")),
            (done, half_done) => {
                let half_done = half_done.map(|id| format!(", and `{id}` is half done")).unwrap_or_default();
                Some(format!(
                    "{done} of {} revisions were done before that and are committed: the database is at {at}{half_done}",
                    report.planned
                ))
            }
        };
        let state = match &report.rest {
            Some(rest) => state.map(|state| format!("{state}; `{}` leads where it was going", escape::line(rest))),
            None => state,
        };
        let mut failure =
            Self { diagnostics: error.error.diagnostics(), applied: report.steps, state, rest: report.rest };
        failure.name_the_rest();
        failure
    }
}

/// The words for a set of heads.
pub(super) fn at(heads: &[String]) -> String {
    if heads.is_empty() { "base".to_owned() } else { escape::line(&heads.join(", ")).into_owned() }
}

/// An object with the format's version in front.
pub(super) fn object(mut fields: Value) -> Value {
    let mut object = json!({ "format": 1 });
    if let (Some(object), Some(fields)) = (object.as_object_mut(), fields.as_object_mut()) {
        object.append(fields);
    }
    object
}
