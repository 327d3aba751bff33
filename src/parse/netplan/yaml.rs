//! A YAML file as a tree that knows the bytes of every node.

use std::collections::BTreeMap;
use std::ops::Range;

use saphyr_parser::{Event, Parser};

use crate::text::{Text, text};

/// A node and where it stands.
#[derive(Clone, Debug)]
pub struct Node {
    pub value: Value,
    /// A collection between brackets.
    pub flow: bool,
    /// In bytes; of a block collection from its first node to the end of its last.
    pub range: Range<usize>,
    /// From 1.
    pub line: u32,
    pub column: u32,
}

#[derive(Clone, Debug)]
pub enum Value {
    Scalar(String),
    Sequence(Vec<Node>),
    Mapping(Vec<(Node, Node)>),
    /// What stands at the anchor.
    Alias(Box<Node>),
}

/// The first document of a file.
#[derive(Clone, Debug)]
pub struct Tree {
    pub root: Node,
    /// The first thing that makes a node stand for more than itself: an anchor, an alias, a merge key, a tag, another document.
    pub beyond: Option<(u32, &'static str)>,
}

impl Node {
    pub fn scalar(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(said) => Some(said),
            Value::Alias(node) => node.scalar(),
            _ => None,
        }
    }

    /// Pairs of a mapping; of a name there may be several, which netplan takes as one after the other.
    pub fn pairs(&self) -> &[(Node, Node)] {
        match &self.value {
            Value::Mapping(pairs) => pairs,
            Value::Alias(node) => node.pairs(),
            _ => &[],
        }
    }

    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::Sequence(items) => items,
            Value::Alias(node) => node.items(),
            _ => &[],
        }
    }

    pub fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a Node> {
        self.pairs().iter().filter(move |(name, _)| name.scalar() == Some(key)).map(|(_, value)| value)
    }

    pub fn last(&self, key: &str) -> Option<&Node> {
        self.pairs().iter().rfind(|(name, _)| name.scalar() == Some(key)).map(|(_, value)| value)
    }
}

/// # Errors
/// The file is no YAML that libyaml takes: where, and why.
pub fn tree(path: &str, bytes: &[u8]) -> Result<Tree, Text> {
    let Ok(said) = std::str::from_utf8(bytes) else {
        return Err(text!("{path} is not UTF-8", "{path} 不是 UTF-8 编码"));
    };
    let mut builder = Builder::new(said);
    let mut parser = Parser::new_from_str(said);
    while let Some(event) = parser.next_event() {
        match event {
            Ok((event, span)) => builder.take(event, span),
            Err(error) => {
                let (line, why) = (error.marker().line(), error.info());
                return Err(text!("{path}:{line}: not valid YAML: {why}", "{path}:{line}：YAML 格式错误：{why}"));
            }
        }
    }
    let empty = Node { value: Value::Mapping(Vec::new()), flow: true, range: 0..0, line: 1, column: 1 };
    Ok(Tree { root: builder.root.unwrap_or(empty), beyond: builder.beyond })
}

/// A collection that is not closed yet.
struct Open {
    mapping: bool,
    flow: bool,
    start: usize,
    line: u32,
    column: u32,
    anchor: usize,
    nodes: Vec<Node>,
}

struct Builder<'a> {
    said: &'a str,
    /// Byte of each character.
    bytes: Vec<usize>,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Node>,
    root: Option<Node>,
    documents: usize,
    beyond: Option<(u32, &'static str)>,
}

impl<'a> Builder<'a> {
    fn new(said: &'a str) -> Self {
        let bytes = said.char_indices().map(|(at, _)| at).chain([said.len()]).collect();
        Builder { said, bytes, open: Vec::new(), anchors: BTreeMap::new(), root: None, documents: 0, beyond: None }
    }

    fn byte(&self, index: usize) -> usize {
        self.bytes.get(index).copied().unwrap_or(self.said.len())
    }

    fn take(&mut self, event: Event<'_>, span: saphyr_parser::Span) {
        let (start, end) = (self.byte(span.start.index()), self.byte(span.end.index()));
        let line = u32::try_from(span.start.line()).unwrap_or(u32::MAX);
        let column = u32::try_from(span.start.col() + 1).unwrap_or(u32::MAX);
        match event {
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    self.mark(line, "a second document");
                }
            }
            Event::Alias(anchor) => {
                self.mark(line, "an alias");
                let at = |value| Node { value, flow: false, range: start..end, line, column };
                let node = self.anchors.get(&anchor).cloned().unwrap_or(at(Value::Scalar(String::new())));
                self.add(at(Value::Alias(Box::new(node))), 0);
            }
            Event::Scalar(said, _, anchor, tag) => {
                if tag.is_some() {
                    self.mark(line, "a tag");
                }
                if &*said == "<<" {
                    self.mark(line, "a merge key");
                }
                let node =
                    Node { value: Value::Scalar(said.into_owned()), flow: false, range: start..end, line, column };
                self.add(node, anchor);
            }
            Event::SequenceStart(anchor, ref tag) | Event::MappingStart(anchor, ref tag) => {
                if tag.is_some() {
                    self.mark(line, "a tag");
                }
                let mapping = matches!(event, Event::MappingStart(..));
                // Only a bracket has a width.
                let flow = end > start;
                self.open.push(Open { mapping, flow, start, line, column, anchor, nodes: Vec::new() });
            }
            // Of a flow collection the bracket; the span goes on behind it.
            Event::SequenceEnd | Event::MappingEnd => self.close(start + 1),
            _ => {}
        }
    }

    fn mark(&mut self, line: u32, what: &'static str) {
        self.beyond.get_or_insert((line, what));
    }

    fn add(&mut self, node: Node, anchor: usize) {
        if anchor != 0 {
            self.mark(node.line, "an anchor");
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut() {
            Some(open) => open.nodes.push(node),
            None if self.documents <= 1 => self.root = Some(node),
            None => {}
        }
    }

    fn close(&mut self, end: usize) {
        let Some(open) = self.open.pop() else { return };
        let end = match open.nodes.last() {
            _ if open.flow => end,
            Some(last) => last.range.end,
            None => open.start,
        };
        let value = if open.mapping {
            let mut nodes = open.nodes.into_iter();
            let mut pairs = Vec::new();
            while let (Some(key), Some(value)) = (nodes.next(), nodes.next()) {
                pairs.push((key, value));
            }
            Value::Mapping(pairs)
        } else {
            Value::Sequence(open.nodes)
        };
        let node = Node { value, flow: open.flow, range: open.start..end, line: open.line, column: open.column };
        self.add(node, open.anchor);
    }
}
