//! Imports that nobody needs any more once arguments are dropped.

use super::decision::Decision;
use super::imports::Statement;
use super::planner::Planner;

/// Lets go of imports whose every use stood in an argument that is dropped.
pub(super) fn drop<'a>(
    planner: &Planner<'a>,
    statements: &[Statement<'a>],
    decisions: &mut [Vec<Decision>],
) {
    if planner.dropped.is_empty() {
        return;
    }
    let is_dropped = |at: usize| planner.dropped.iter().any(|span| span.contains(&at));
    for (statement, decisions) in statements.iter().zip(decisions) {
        let scope = planner.names.scope_of_import(statement.node.start_byte());
        if planner.is_marked(statement) {
            continue;
        }
        for (item, decision) in statement.items.iter().zip(decisions) {
            let local = item.local();
            let uses = planner.names.uses(scope, local);
            let only_there =
                !uses.is_empty() && uses.iter().all(|each| is_dropped(each.node.start_byte()));
            let bound = planner.names.bound(scope, local);
            let alone = !bound.otherwise && bound.imports.len() == 1;
            if only_there && alone && decision.new.len() <= 1 && !planner.is_exported(scope, local)
            {
                *decision = Decision::gone();
            }
        }
    }
}
