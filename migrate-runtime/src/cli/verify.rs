//! What a verification came to, for people and as JSON.

use migrate_plan::schema::SchemaDiff;
use serde_json::{Value, json};

use super::output::object;
use super::schema::changes_json;
use super::{Exit, Output, counted, diagnostic_json};
use crate::verify::{Finding, Verdict, Verified, VerifyReport};

/// Prints a verification, and says what it ends with.
pub fn print_verification(report: &VerifyReport, output: &Output) -> Exit {
    let exit = if report.is_sound() { Exit::Done } else { Exit::Failed };
    let width = report.revisions.iter().map(|verified| verified.id.len()).max().unwrap_or(0);
    let mut text = String::new();
    for verified in &report.revisions {
        let (mark, reason) = match &verified.verdict {
            Verdict::Restored => ("ok    ", None),
            Verdict::NotJudged(reason) => ("-     ", Some(reason)),
            Verdict::Wrong(_) => ("FAILED", None),
        };
        let reason = reason.map(|reason| format!("; not judged: {reason}")).unwrap_or_default();
        text.push_str(&format!("{mark} {:width$}  {}{reason}\n", verified.id, verified.title));
        verified.notes.iter().for_each(|note| text.push_str(&format!("       {:width$}  note: {note}\n", "")));
    }
    let revisions: Vec<Value> = report.revisions.iter().map(verified_json).collect();
    let fields = json!({"dialect": report.dialect.name(), "revisions": revisions, "exit_code": exit as u8});
    output.result(&text, &object(fields));
    if !output.is_json() {
        output.diagnostics(&report.diagnostics());
        output.note(&summary(report));
    }
    exit
}

fn summary(report: &VerifyReport) -> String {
    let count = |is: fn(&Verdict) -> bool| report.revisions.iter().filter(|verified| is(&verified.verdict)).count();
    let restored = count(|verdict| matches!(verdict, Verdict::Restored));
    let wrong = count(|verdict| matches!(verdict, Verdict::Wrong(_)));
    let unjudged = count(|verdict| matches!(verdict, Verdict::NotJudged(_)));
    let of = counted(report.revisions.len(), "revision");
    format!("{of} on {}: {restored} can be undone, {wrong} wrong, {unjudged} not judged", report.dialect)
}

fn verified_json(verified: &Verified) -> Value {
    let (result, reason, findings) = match &verified.verdict {
        Verdict::Restored => ("restored", None, [].as_slice()),
        Verdict::NotJudged(reason) => ("not_judged", Some(reason), [].as_slice()),
        Verdict::Wrong(findings) => ("wrong", None, findings.as_slice()),
    };
    let differences = findings.iter().filter_map(difference).map(changes_json);
    json!({
        "revision": verified.id,
        "title": verified.title,
        "file": verified.file,
        "result": result,
        "reason": reason,
        "notes": verified.notes,
        "problems": verified.diagnostics().iter().map(diagnostic_json).collect::<Vec<_>>(),
        "differences": differences.flat_map(|list| list.as_array().cloned().unwrap_or_default()).collect::<Vec<_>>(),
    })
}

fn difference(finding: &Finding) -> Option<&SchemaDiff> {
    match finding {
        Finding::NotRestored(diff) | Finding::AgainDiffers(diff) => Some(diff),
        _ => None,
    }
}
