//! From a factory's calls to the accessor's.

use std::ops::Range;

use tree_sitter::Node;

use crate::scan::rewrite::edit::Edits;
use crate::scan::rewrite::list;
use crate::scan::rewrite::mapping::{Argument, At, Await, CallShape};
use crate::scan::rewrite::refusal::Why;
use crate::scan::rewrite::source::Source;

/// The edits of one use, and the arguments that go.
#[derive(Debug, Default)]
pub struct Call {
    /// The edits, without that of the name itself.
    pub edits: Edits,
    /// The bytes of dropped arguments.
    pub dropped: Vec<Range<usize>>,
}

/// The edits by which the use `callee` of a factory becomes one of the accessor.
pub fn call(source: &Source, callee: Node<'_>, shape: &CallShape) -> Result<Call, Why> {
    let call = callee.parent().filter(|parent| {
        parent.kind() == "call" && parent.child_by_field_name("function") == Some(callee)
    });
    let call = call.ok_or(Why::Uncalled)?;
    let mut done = Call::default();
    awaits(call, shape.awaits, &mut done.edits)?;
    if !shape.arguments.is_empty() {
        let list = call.child_by_field_name("arguments").filter(|n| n.kind() == "argument_list");
        arguments(source, list.ok_or(Why::Arguments)?, &shape.arguments, &mut done)?;
    }
    Ok(done)
}

fn awaits(call: Node<'_>, change: Await, edits: &mut Edits) -> Result<(), Why> {
    let awaited = call.parent().filter(|parent| parent.kind() == "await");
    match (change, awaited) {
        (Await::Keep, _) => Ok(()),
        (Await::Drop, Some(awaited)) => {
            edits.remove(awaited.start_byte()..call.start_byte());
            Ok(())
        }
        (Await::Add, None) if in_async_function(call) => {
            let tight = ["attribute", "subscript", "call", "await"];
            let parent = call.parent().filter(|parent| tight.contains(&parent.kind()));
            edits.insert(call.start_byte(), if parent.is_some() { "(await " } else { "await " });
            if parent.is_some() {
                edits.insert(call.end_byte(), ")");
            }
            Ok(())
        }
        (Await::Drop, None) | (Await::Add, _) => Err(Why::Await),
    }
}

fn in_async_function(node: Node<'_>) -> bool {
    let mut at = node;
    while let Some(parent) = at.parent() {
        match parent.kind() {
            "function_definition" => {
                return parent.child(0).is_some_and(|first| first.kind() == "async")
                    && parent.child_by_field_name("body") == Some(at);
            }
            "lambda" | "class_definition" | "generator_expression" => return false,
            _ => at = parent,
        }
    }
    false
}

fn arguments(
    source: &Source,
    list: Node<'_>,
    rules: &[Argument],
    done: &mut Call,
) -> Result<(), Why> {
    let mut cursor = list.walk();
    let given: Vec<Node<'_>> =
        list.named_children(&mut cursor).filter(|child| !child.is_extra()).collect();
    let mut keywords: Vec<String> = Vec::new();
    let mut gone = Vec::with_capacity(given.len());
    let mut named_before = false;
    for (place, argument) in given.iter().enumerate() {
        if argument.kind().ends_with("_splat") {
            return Err(Why::Arguments);
        }
        let keyword = argument.child_by_field_name("name").filter(|_| is_keyword(*argument));
        let name = keyword.map(|name| source.slice(name.byte_range()));
        let rule = rules.iter().find(|rule| match name {
            Some(name) => rule.name.as_deref() == Some(name),
            None => rule.at == Some(place),
        });
        gone.push(matches!(rule.map(|rule| &rule.becomes), Some(At::Dropped)));
        match (rule.map(|rule| &rule.becomes), keyword) {
            (Some(At::Dropped), _) => {
                let value = argument.child_by_field_name("value").unwrap_or(*argument);
                if !effectless(value) {
                    return Err(Why::Arguments);
                }
                done.dropped.push(argument.byte_range());
            }
            (Some(At::Keyword(new)), Some(old)) => {
                done.edits.replace(old.byte_range(), new.as_str());
                keywords.push(new.clone());
            }
            (Some(At::Keyword(new)), None) => {
                done.edits.insert(argument.start_byte(), format!("{new}="));
                keywords.push(new.clone());
                named_before = true;
            }
            (None, Some(_)) => keywords.extend(name.map(str::to_owned)),
            (None, None) if named_before => return Err(Why::Arguments),
            (None, None) => {}
        }
    }
    keywords.sort_unstable();
    if keywords.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Why::Arguments);
    }
    let spans: Vec<_> = given.iter().map(Node::byte_range).collect();
    for span in list::take(source, &spans, &gone).spans {
        done.edits.remove(span);
    }
    Ok(())
}

fn is_keyword(argument: Node<'_>) -> bool {
    argument.kind() == "keyword_argument"
}

/// True when leaving an expression out leaves nothing undone.
fn effectless(value: Node<'_>) -> bool {
    match value.kind() {
        "identifier" | "integer" | "float" | "true" | "false" | "none" => true,
        "string"
        | "attribute"
        | "tuple"
        | "list"
        | "unary_operator"
        | "parenthesized_expression"
        | "string_start"
        | "string_content"
        | "string_end" => {
            let mut cursor = value.walk();
            value.named_children(&mut cursor).all(effectless)
        }
        _ => false,
    }
}
