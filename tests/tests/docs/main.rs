//! The documentation does what it says: every command on every page is run, and prints what stands below it.

mod alembic;
mod page;
mod run;
mod sample;

use std::path::{Path, PathBuf};

use migrate_plan::Code;
use migrate_tests::mariadb;
use migrate_tests::postgres::engine_or_skip;
use page::{Needs, Page};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A file of the repository as text.
fn text(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The names of the pages of the guide, sorted.
fn guide() -> Vec<String> {
    let entries = std::fs::read_dir(root().join("docs")).expect("the guide is there");
    let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    let mut pages: Vec<String> = names.filter(|name| name.ends_with(".md") && name != "SUMMARY.md").collect();
    pages.sort();
    pages
}

/// Every page that holds commands, with what it needs to run.
fn pages(needs: Needs) -> Vec<Page> {
    let names = guide().into_iter().map(|name| format!("docs/{name}")).chain(["README.md".to_owned()]);
    let pages = names.map(|name| Page::read(&name, &text(&name)).unwrap_or_else(|problem| panic!("{problem}")));
    pages.filter(|page| page.needs == needs).collect()
}

/// Runs pages and tells of all that do not hold.
fn hold(pages: &[Page], database_url: impl Fn() -> Option<String>) {
    assert!(!pages.is_empty(), "there are such pages");
    let problems: Vec<String> =
        pages.iter().filter_map(|page| run::page(page, database_url().as_deref()).err()).collect();
    assert!(problems.is_empty(), "\n{}", problems.join("\n\n"));
}

#[test]
fn the_pages_print_what_they_say() {
    hold(&pages(Needs::Nothing), || None);
}

#[test]
fn the_pages_about_mariadb_print_what_they_say() {
    if let Some(server) = mariadb::engine_or_skip("mariadb") {
        hold(&pages(Needs::MariaDb), || Some(server.create_database().url()));
    }
}

#[test]
fn the_pages_about_postgresql_print_what_they_say() {
    if let Some(server) = engine_or_skip("postgres") {
        hold(&pages(Needs::Postgres), || Some(server.create_database().url()));
    }
}

#[test]
fn the_applications_of_the_pages_build_and_print_what_they_say() {
    hold(&pages(Needs::Cargo), || None);
}

#[test]
fn the_summary_lists_every_page() {
    let summary = text("docs/SUMMARY.md");
    let mut listed: Vec<String> = links(&summary).into_iter().map(|link| link.target).collect();
    listed.sort();
    assert_eq!(listed, guide());
}

#[test]
fn every_relative_link_leads_somewhere() {
    let names = guide().into_iter().map(|name| format!("docs/{name}"));
    let others =
        ["docs/SUMMARY.md", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "ARCHITECTURE.md"].map(str::to_owned);
    let mut broken = Vec::new();
    for name in names.chain(others) {
        let folder = Path::new(&name).parent().expect("a file is in a folder").to_owned();
        for link in links(&text(&name)).iter().filter(|link| !link.target.contains("://")) {
            let (file, anchor) = link.target.split_once('#').unwrap_or((&link.target, ""));
            let file = if file.is_empty() { PathBuf::from(&name) } else { folder.join(file) };
            let leads = root().join(&file).exists()
                && (anchor.is_empty() || anchors(&text(&file.to_string_lossy())).contains(&anchor.to_owned()));
            if !leads {
                broken.push(format!("{name}:{}: `{}` leads nowhere", link.line, link.target));
            }
        }
    }
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn the_catalogue_lists_every_code_with_its_summary() {
    let page = text("docs/errors.md");
    let lines: Vec<&str> = page.lines().filter(|line| !line.is_empty()).collect();
    let entries = lines.windows(2).filter_map(|pair| Some((pair[0].strip_prefix("### ")?, pair[1].trim_matches('*'))));
    let listed: Vec<(&str, &str)> = entries.collect();
    let wanted: Vec<(&str, &str)> = Code::ALL.iter().map(|code| (code.as_str(), code.summary())).collect();
    let missing: Vec<_> = wanted.iter().filter(|entry| !listed.contains(entry)).collect();
    let strange: Vec<_> = listed.iter().filter(|entry| !wanted.contains(entry)).collect();
    assert!(missing.is_empty() && strange.is_empty(), "docs/errors.md lacks {missing:?}, and has {strange:?} instead");
    assert_eq!(listed, wanted, "the order of docs/errors.md");
}

/// A link of a page.
struct Link {
    line: usize,
    target: String,
}

/// The links of a page, outside fenced blocks.
fn links(text: &str) -> Vec<Link> {
    let mut links = Vec::new();
    let mut fenced = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            let targets = line.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
            links.extend(targets.map(|(target, _)| Link { line: index + 1, target: target.to_owned() }));
        }
    }
    links
}

/// The anchors that the headings of a page give.
fn anchors(text: &str) -> Vec<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let words = line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
            words.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect()
        })
        .collect()
}
