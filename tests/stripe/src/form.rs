//! Form bodies with brackets, as Stripe's clients send them: `items[0][price]=price_1` is a list in a map. Nothing is known
//! here of what the parameters mean.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::refusal::Refusal;

/// One value of a form: a text, or more values by their names. A list is a map whose names are numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Node {
    Text(String),
    Map(BTreeMap<String, Node>),
}

/// What was asked, and where in the request it stands: `items[0]`.
#[derive(Debug, Clone)]
pub(crate) struct Form {
    path: String,
    fields: BTreeMap<String, Node>,
}

impl Form {
    /// Reads `a=b&c[d]=e`.
    pub(crate) fn parse(text: &str) -> Self {
        let mut root = BTreeMap::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let keys = keys(&decode(name));
            insert(&mut root, &keys, decode(value));
        }
        Self { path: String::new(), fields: root }
    }

    pub(crate) fn empty() -> Self {
        Self { path: String::new(), fields: BTreeMap::new() }
    }

    /// What a request says in its address and its body together.
    pub(crate) fn with(mut self, other: Self) -> Self {
        self.fields.extend(other.fields);
        self
    }

    /// The name of a field as errors show it.
    pub(crate) fn name(&self, field: &str) -> String {
        if self.path.is_empty() { field.to_owned() } else { format!("{}[{field}]", self.path) }
    }

    pub(crate) fn has(&self, field: &str) -> bool {
        self.fields.contains_key(field)
    }

    /// A text; none when it is absent.
    pub(crate) fn text(&self, field: &str) -> Result<Option<String>, Refusal> {
        match self.fields.get(field) {
            None => Ok(None),
            Some(Node::Text(text)) => Ok(Some(text.clone())),
            Some(Node::Map(_)) => Err(Refusal::invalid(&self.name(field), "Invalid string")),
        }
    }

    /// A text that is there and not empty.
    pub(crate) fn need(&self, field: &str) -> Result<String, Refusal> {
        let name = self.name(field);
        let text = self.text(field)?.ok_or_else(|| Refusal::missing(&name))?;
        if text.is_empty() { Err(Refusal::empty(&name)) } else { Ok(text) }
    }

    /// One of a few words.
    pub(crate) fn choice(&self, field: &str, choices: &[&str]) -> Result<Option<String>, Refusal> {
        let Some(text) = self.text(field)? else { return Ok(None) };
        if choices.contains(&text.as_str()) {
            return Ok(Some(text));
        }
        let sentence = format!("Invalid {field}: must be one of {}", choices.join(", "));
        Err(Refusal::invalid(&self.name(field), &sentence))
    }

    /// A whole number.
    pub(crate) fn int(&self, field: &str) -> Result<Option<i64>, Refusal> {
        let Some(text) = self.text(field)? else { return Ok(None) };
        let sentence = format!("Invalid integer: {text}");
        text.parse().map(Some).map_err(|_| Refusal::coded(&self.name(field), "parameter_invalid_integer", &sentence))
    }

    /// True or false.
    pub(crate) fn flag(&self, field: &str) -> Result<Option<bool>, Refusal> {
        match self.text(field)?.as_deref() {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(other) => Err(Refusal::invalid(&self.name(field), &format!("Invalid boolean: {other}"))),
        }
    }

    /// What stands under a name; empty when it is absent.
    pub(crate) fn part(&self, field: &str) -> Self {
        let fields = match self.fields.get(field) {
            Some(Node::Map(fields)) => fields.clone(),
            Some(Node::Text(_)) | None => BTreeMap::new(),
        };
        Self { path: self.name(field), fields }
    }

    /// The members of a list of maps, in their order.
    pub(crate) fn parts(&self, field: &str) -> Vec<Self> {
        let list = self.part(field);
        list.in_order().into_iter().map(|name| list.part(&name)).collect()
    }

    /// The members of a list of texts, in their order.
    pub(crate) fn texts(&self, field: &str) -> Result<Vec<String>, Refusal> {
        let list = self.part(field);
        list.in_order().iter().filter_map(|name| list.text(name).transpose()).collect()
    }

    /// A map of texts, like `metadata`; an empty text takes a name away.
    pub(crate) fn map(&self, field: &str) -> Result<BTreeMap<String, String>, Refusal> {
        let part = self.part(field);
        part.fields.keys().map(|name| Ok((name.clone(), part.text(name)?.unwrap_or_default()))).collect()
    }

    /// Refuses names that the endpoint does not know, as Stripe does.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), Refusal> {
        let stranger = self.fields.keys().find(|name| *name != "expand" && !known.contains(&name.as_str()));
        match stranger {
            None => Ok(()),
            Some(name) => {
                let name = self.name(name);
                Err(Refusal::coded(&name, "parameter_unknown", &format!("Received unknown parameter: {name}")))
            }
        }
    }

    fn in_order(&self) -> Vec<String> {
        let mut names: Vec<String> = self.fields.keys().cloned().collect();
        names.sort_by_key(|name| name.parse::<u64>().unwrap_or(u64::MAX));
        names
    }
}

/// `items[0][price]` is `items`, `0`, `price`.
fn keys(name: &str) -> Vec<String> {
    let (head, rest) = name.split_once('[').unwrap_or((name, ""));
    let inner = rest.strip_suffix(']').unwrap_or(rest);
    let tail = inner.split("][").filter(|_| !rest.is_empty()).map(str::to_owned);
    std::iter::once(head.to_owned()).chain(tail).collect()
}

fn insert(fields: &mut BTreeMap<String, Node>, keys: &[String], value: String) {
    let Some((first, rest)) = keys.split_first() else { return };
    // `a[]=x` appends.
    let name = if first.is_empty() { fields.len().to_string() } else { first.clone() };
    if rest.is_empty() {
        fields.insert(name, Node::Text(value));
        return;
    }
    let entry = fields.entry(name).or_insert_with(|| Node::Map(BTreeMap::new()));
    if let Node::Text(_) = entry {
        *entry = Node::Map(BTreeMap::new());
    }
    if let Node::Map(inner) = entry {
        insert(inner, rest, value);
    }
}

fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        let escaped = hex.and_then(|pair| u8::from_str_radix(pair, 16).ok());
        match (first, escaped) {
            (b'%', Some(byte)) => {
                out.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            (b'+', _) => {
                out.push(b' ');
                rest = tail;
            }
            (other, _) => {
                out.push(*other);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_become_maps_and_lists_in_their_order() {
        let form = Form::parse(
            "items%5B10%5D[price]=b&items[2][price]=a&metadata[a%20b]=c+d&expand[]=x&expand[]=y&flag=true&n=-3",
        );
        let prices: Vec<_> = form.parts("items").iter().map(|item| item.need("price").unwrap()).collect();
        assert_eq!(prices, ["a", "b"]);
        assert_eq!(form.map("metadata").unwrap().get("a b").unwrap(), "c d");
        assert_eq!(form.texts("expand").unwrap(), ["x", "y"]);
        assert_eq!((form.flag("flag").unwrap(), form.int("n").unwrap()), (Some(true), Some(-3)));
    }

    #[test]
    fn what_is_wrong_is_named_as_it_was_sent() {
        let form = Form::parse("items[0][quantity]=many&other=1");
        let items = form.parts("items");
        let refusal = items.first().unwrap().int("quantity").err().unwrap();
        assert_eq!(refusal.param.as_deref(), Some("items[0][quantity]"));
        assert_eq!(form.need("customer").err().unwrap().code.as_deref(), Some("parameter_missing"));
        assert_eq!(form.only(&["items"]).err().unwrap().code.as_deref(), Some("parameter_unknown"));
    }
}
