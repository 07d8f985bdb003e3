//! One view of every object: a kind, a name, what is said of it, and what hangs on it.

use super::Kind;

/// An object as comparison, drawing and JSON see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its kind.
    pub kind: Kind,
    /// The schema it stands in, unless that is the default one or that of its table.
    pub schema: Option<String>,
    /// Its name, for routines with the argument types; empty for a constraint without one.
    pub name: String,
    /// What is said of it; what is usual is not said.
    pub attributes: Attributes,
    /// What hangs on it.
    pub children: Vec<Node>,
}

impl Node {
    pub(super) fn new(kind: Kind, name: impl Into<String>, attributes: Attributes) -> Self {
        Self { kind, schema: None, name: name.into(), attributes, children: Vec::new() }
    }

    pub(super) fn within(mut self, schema: Option<&String>) -> Self {
        self.schema = schema.cloned();
        self
    }

    pub(super) fn with<'o, T: 'o>(
        mut self,
        children: impl IntoIterator<Item = &'o T>,
        node: impl Fn(&'o T) -> Node,
    ) -> Self {
        self.children.extend(children.into_iter().map(node));
        self
    }

    /// The name for people: with its schema where that is not the default one.
    pub fn full_name(&self) -> String {
        match &self.schema {
            Some(schema) => format!("{schema}.{}", self.name),
            None => self.name.clone(),
        }
    }
}

/// Something that is said of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// What it is about, such as `type`.
    pub name: String,
    /// What is said.
    pub value: Value,
}

/// What is said of an object, under one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Yes or no.
    Flag(bool),
    /// A word, name or number, compared as it stands.
    Text(String),
    /// SQL, compared as the dialect reads it where the catalog keeps it as it was typed.
    Sql(String),
    /// Several, in an order that matters.
    List(Vec<String>),
}

/// What is said of an object, in the order in which people read it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes(pub Vec<Attribute>);

impl Attributes {
    /// What is said under a name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|attribute| attribute.name == name).map(|attribute| &attribute.value)
    }

    fn value(mut self, name: impl Into<String>, value: Value) -> Self {
        self.0.push(Attribute { name: name.into(), value });
        self
    }

    pub(super) fn always(self, name: &str, flag: bool) -> Self {
        self.value(name, Value::Flag(flag))
    }

    pub(super) fn flag(self, name: &str, flag: bool) -> Self {
        if flag { self.always(name, true) } else { self }
    }

    pub(super) fn text(self, name: &str, text: impl Into<String>) -> Self {
        self.value(name, Value::Text(text.into()))
    }

    pub(super) fn maybe(self, name: &str, text: Option<impl Into<String>>) -> Self {
        match text {
            Some(text) => self.text(name, text),
            None => self,
        }
    }

    pub(super) fn sql(self, name: &str, text: impl Into<String>) -> Self {
        self.value(name, Value::Sql(text.into()))
    }

    pub(super) fn maybe_sql(self, name: &str, text: Option<&String>) -> Self {
        match text {
            Some(text) => self.sql(name, text),
            None => self,
        }
    }

    pub(super) fn list(self, name: &str, items: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let items: Vec<String> = items.into_iter().map(Into::into).collect();
        if items.is_empty() { self } else { self.value(name, Value::List(items)) }
    }

    pub(super) fn options<'o>(self, options: impl IntoIterator<Item = (&'o String, &'o String)>) -> Self {
        options.into_iter().fold(self, |all, (name, value)| all.value(name, Value::Text(value.clone())))
    }
}
