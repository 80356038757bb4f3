//! From a factory's calls to the accessor's.

use tree_sitter::Node;

use crate::scan::rewrite::edit::Edits;
use crate::scan::rewrite::list;
use crate::scan::rewrite::mapping::{At, Await, CallShape};
use crate::scan::rewrite::refusal::Why;
use crate::scan::rewrite::source::Source;

/// The edits by which the call of `callee` becomes one of the accessor, without the name itself.
pub fn call(source: &Source, callee: Node<'_>, shape: &CallShape) -> Result<Edits, Why> {
    let call = callee.parent().filter(|parent| {
        parent.kind() == "call_expression" && parent.child_by_field_name("function") == Some(callee)
    });
    let call = call.ok_or(Why::Uncalled)?;
    let mut edits = Edits::default();
    let awaited = call.parent().filter(|parent| parent.kind() == "await_expression");
    match (shape.awaits, awaited) {
        (Await::Keep, _) => {}
        (Await::Drop, Some(awaited)) => edits.remove(awaited.start_byte()..call.start_byte()),
        (Await::Add, None) if may_await(call) => edits.insert(call.start_byte(), "await "),
        (Await::Drop | Await::Add, _) => return Err(Why::Await),
    }
    if shape.arguments.is_empty() {
        return Ok(edits);
    }
    let list = call.child_by_field_name("arguments").filter(|list| list.kind() == "arguments");
    let list = list.ok_or(Why::Arguments)?;
    let mut cursor = list.walk();
    let given: Vec<Node<'_>> =
        list.named_children(&mut cursor).filter(|child| !child.is_extra()).collect();
    let mut gone = Vec::with_capacity(given.len());
    for (place, argument) in given.iter().enumerate() {
        if argument.kind() == "spread_element" {
            return Err(Why::Arguments);
        }
        let rule = shape.arguments.iter().find(|rule| rule.at == Some(place));
        let drops = matches!(rule.map(|rule| &rule.becomes), Some(At::Dropped));
        if drops && !effectless(*argument) {
            return Err(Why::Arguments);
        }
        gone.push(drops);
    }
    let spans: Vec<_> = given.iter().map(Node::byte_range).collect();
    for span in list::take(source, &spans, &gone).spans {
        edits.remove(span);
    }
    Ok(edits)
}

fn may_await(node: Node<'_>) -> bool {
    if node
        .parent()
        .is_some_and(|parent| matches!(parent.kind(), "member_expression" | "call_expression"))
    {
        return false;
    }
    let mut at = node;
    while let Some(parent) = at.parent() {
        let function = parent.kind().contains("function") || parent.kind() == "method_definition";
        if function {
            let mut cursor = parent.walk();
            return parent.children(&mut cursor).any(|child| child.kind() == "async");
        }
        at = parent;
    }
    false
}

/// True when leaving an expression out leaves nothing undone.
fn effectless(value: Node<'_>) -> bool {
    match value.kind() {
        "identifier" | "number" | "string" | "true" | "false" | "null" | "undefined" | "this" => {
            true
        }
        "member_expression" => value.child_by_field_name("object").is_some_and(effectless),
        _ => false,
    }
}
