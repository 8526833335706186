//! A fixed sleep at the end of a function that loses a thread: it stands where the join belongs.

use crate::catalog::Role;
use crate::flow::{Birth, BlockId, Flow, StmtKind};
use crate::model::Model;
use crate::text::TextRange;

/// The sleep after a birth with which a body ends, if it does.
pub(super) fn sleep_at_the_end(model: &Model<'_>, flow: &Flow, birth: &Birth) -> Option<TextRange> {
    let after = flow.reachable(birth.at.0);
    let mut blocks = (0..).map(BlockId).zip(&flow.blocks);
    let (block, index, range) = blocks.find_map(|(block, contents)| {
        let comes_after = block == birth.at.0 || after.contains(&block);
        let mut stmts = contents.stmts.iter().enumerate().filter(|_| comes_after);
        stmts.find_map(|(index, stmt)| match &stmt.kind {
            StmtKind::Call(call) if call.role(model) == Some(Role::Sleep) => {
                let late = block != birth.at.0 || index > birth.at.1;
                late.then_some((block, index, call.name_range))
            }
            _ => None,
        })
    })?;
    // One that is passed again and again paces a loop; one that work comes after waits for a start.
    let beyond = flow.reachable(block);
    let calls = |stmts: &[crate::flow::Stmt]| {
        stmts.iter().any(|stmt| matches!(stmt.kind, StmtKind::Call(_)))
    };
    let works = calls(flow.blocks[block.0 as usize].stmts.get(index + 1..)?)
        || beyond.iter().any(|at| calls(&flow.blocks[at.0 as usize].stmts));
    (!beyond.contains(&block) && !works).then_some(range)
}
