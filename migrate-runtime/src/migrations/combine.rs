//! One history of several crates: an application's revisions with those of the libraries that it uses.

use migrate_plan::{Code, Diagnostic, Heads, PlanError, Revision, RevisionGraph, Settings, Text};

use super::Migrations;

impl Migrations {
    /// Puts an application's revisions together with those of libraries that bring their own, as one graph in one database.
    ///
    /// The settings and the name in the history are the application's; every crate keeps its own head, so that
    /// [`upgrade`](Migrations::upgrade) goes to all of them. A crate's name stands for its first revision, as a label does:
    /// `accounts@head` is a target. A revision depends on one of another crate with `-- depends-on: accounts@3f2a9c81d0e3`;
    /// the macro leaves such a dependency for here, where it must be found. In messages the crate's name stands before a file.
    ///
    /// # Errors
    ///
    /// Every defect of the graph that they make together, such as an id that two crates use or a dependency that no crate has,
    /// and revisions without a crate's name, which [`Migrations::with_application`] gives.
    ///
    /// # Examples
    ///
    /// ```
    /// use migrate_runtime::Migrations;
    ///
    /// let file = |name: &'static str, text: &'static str| Migrations::from_files([(name, text)]).unwrap();
    /// let accounts = file("m/a1.sql", "-- revision: a1\n-- parents: none\n-- migrate: up\nSELECT 1;\n").with_application("accounts 0.1.0");
    /// let shop = file(
    ///     "m/s1.sql",
    ///     "-- revision: s1\n-- parents: none\n-- depends-on: accounts@a1\n-- migrate: up\nSELECT 1;\n",
    /// )
    /// .with_application("shop 1.0.0");
    ///
    /// let all = Migrations::combine(&shop, [&accounts]).unwrap();
    /// let graph = all.graph().unwrap();
    /// let order: Vec<&str> = graph.order().iter().map(|node| graph.id(*node)).collect();
    /// assert_eq!(order, ["a1", "s1"]);
    /// ```
    pub fn combine<'m>(
        application: &'m Migrations,
        libraries: impl IntoIterator<Item = &'m Migrations>,
    ) -> Result<Self, Vec<Diagnostic>> {
        let parts: Vec<&Migrations> = libraries.into_iter().chain([application]).collect();
        let mut revisions = Vec::new();
        let mut nameless = Vec::new();
        for part in &parts {
            match part.crate_name() {
                Some(name) => revisions.extend(part.revisions().iter().map(|revision| of_crate(revision, name))),
                None => nameless.push(without_name(part)),
            }
        }
        if !nameless.is_empty() {
            return Err(nameless);
        }
        let graph = RevisionGraph::new(revisions)
            .map_err(|defects| defects.iter().map(Diagnostic::from).collect::<Vec<_>>())?;
        let missing: Vec<Diagnostic> = graph
            .elsewhere()
            .map(|(node, name)| PlanError::DependsElsewhere {
                id: graph.id(node).to_owned(),
                file: graph.revision(node).file.to_string(),
                name: name.to_owned(),
            })
            .map(|error| Diagnostic::from(&error))
            .collect();
        if !missing.is_empty() {
            return Err(missing);
        }
        let settings = Settings { heads: Heads::Many, ..application.settings.clone() };
        let mut combined = Self::new(graph.into_revisions(), settings);
        combined.application.clone_from(&application.application);
        combined.parts = parts.into_iter().filter(|part| part.watches_folders()).cloned().collect();
        Ok(combined)
    }

    /// The name without the version.
    fn crate_name(&self) -> Option<&str> {
        self.application.as_deref()?.split(' ').next().filter(|name| !name.is_empty())
    }
}

fn of_crate(revision: &Revision, name: &str) -> Revision {
    let groups: Vec<Text> = [Text::from(name.to_owned())].into_iter().chain(revision.groups.iter().cloned()).collect();
    Revision { groups: groups.into(), file: format!("{name}/{}", revision.file).into(), ..revision.clone() }
}

fn without_name(part: &Migrations) -> Diagnostic {
    let first = part.revisions().first().map_or_else(|| "no revisions".to_owned(), |r| format!("`{}`", r.file));
    Diagnostic::new(
        Code::InvalidConfig,
        format!("the revisions that begin with {first} are of no crate"),
        "name it: `with_application(\"<crate> <version>\")`; what `embed_migrations!` embeds has its crate's name",
    )
    .because("the crate's name stands for its revisions in targets, dependencies and messages")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(name: &str, files: &[(&str, &str)]) -> Migrations {
        let text = |(id, more): &(&str, &str)| {
            (format!("m/{id}.sql"), format!("-- revision: {id}\n{more}\n-- migrate: up\nSELECT 1;\n"))
        };
        let files: Vec<_> = files.iter().map(text).collect();
        let files = files.iter().map(|(path, text)| (&**path, &**text));
        Migrations::from_files(files).unwrap().with_application(format!("{name} 1.0.0"))
    }

    const ROOT: &str = "-- parents: none";

    #[test]
    fn each_crate_keeps_its_head_and_its_name_is_a_label() {
        let accounts = part("accounts", &[("a1", ROOT), ("a2", "-- parents: a1")]);
        let shop = part("shop", &[("s1", ROOT), ("s2", "-- parents: s1\n-- depends-on: accounts@a1")]);
        let all = Migrations::combine(&shop, [&accounts]).unwrap();
        let graph = all.graph().unwrap();
        assert_eq!(graph.heads().map(|node| graph.id(node)).collect::<Vec<_>>(), ["a2", "s2"]);
        assert_eq!(graph.id(graph.name("accounts").unwrap().node()), "a1");
        assert_eq!(graph.id(graph.name("shop").unwrap().node()), "s1");
        assert_eq!(all.settings().heads, Heads::Many);
        assert_eq!(all.application(), Some("shop 1.0.0"));
    }

    #[test]
    fn an_id_that_two_crates_use_is_refused_with_both_names() {
        let problems =
            Migrations::combine(&part("shop", &[("x1", ROOT)]), [&part("accounts", &[("x1", ROOT)])]).unwrap_err();
        let text = problems[0].to_string();
        assert!(text.contains("shop/m/x1.sql") && text.contains("accounts/m/x1.sql"), "{text}");
    }

    #[test]
    fn a_dependency_must_be_found_in_the_crate_that_it_names() {
        let accounts = part("accounts", &[("a1", ROOT)]);
        let refused = |name: &str| {
            let shop = part("shop", &[("s1", &*format!("{ROOT}\n-- depends-on: {name}"))]);
            let problems = Migrations::combine(&shop, [&accounts]).unwrap_err();
            (problems[0].code.as_str(), problems[0].to_string())
        };
        let (code, text) = refused("billing@a1");
        assert!(code == "M0219" && text.contains("nothing of `billing` is here"), "{text}");
        let (code, text) = refused("accounts@a7");
        assert!(code == "M0102" && text.contains("`accounts@a7`"), "{text}");
    }

    #[test]
    fn revisions_without_a_crate_are_refused() {
        let text = "-- revision: x\n-- parents: none\n-- migrate: up\nSELECT 1;\n";
        let nameless = Migrations::from_files([("m/x.sql", text)]).unwrap();
        let problems = Migrations::combine(&part("shop", &[("s1", ROOT)]), [&nameless]).unwrap_err();
        assert!(problems[0].to_string().contains("with_application"), "{}", problems[0]);
    }
}
