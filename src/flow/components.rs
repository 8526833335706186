//! Strongly connected components of a control-flow graph, in one pass and without recursion.
//!
//! The algorithm is that of Tarjan (1972): a depth-first walk that keeps, for each block, the earliest
//! block that it leads back to.

use super::{BlockId, Flow};

/// Which component each block belongs to.
#[derive(Debug)]
pub struct Components {
    /// By block; `None` for a block that no way leads back to.
    of: Vec<Option<u32>>,
}

impl Components {
    /// The components of a body.
    pub fn new(flow: &Flow) -> Self {
        let mut walk = Walk {
            flow,
            seen: vec![0; flow.blocks.len()],
            low: vec![0; flow.blocks.len()],
            open: Vec::new(),
            is_open: vec![false; flow.blocks.len()],
            of: vec![None; flow.blocks.len()],
            count: 0,
            found: 0,
        };
        for block in 0..flow.blocks.len() {
            if walk.seen[block] == 0 {
                walk.from(block);
            }
        }
        Self { of: walk.of }
    }

    /// The number of a block's component; `None` when the block lies on no round.
    pub fn of(&self, block: BlockId) -> Option<u32> {
        self.of.get(block.0 as usize).copied().flatten()
    }
}

struct Walk<'f> {
    flow: &'f Flow,
    /// When each block was met, from 1 on.
    seen: Vec<u32>,
    low: Vec<u32>,
    /// Blocks whose component is not known yet.
    open: Vec<usize>,
    is_open: Vec<bool>,
    of: Vec<Option<u32>>,
    count: u32,
    found: u32,
}

impl Walk<'_> {
    fn meet(&mut self, block: usize) -> (usize, std::vec::IntoIter<BlockId>) {
        self.count += 1;
        (self.seen[block], self.low[block]) = (self.count, self.count);
        self.open.push(block);
        self.is_open[block] = true;
        let id = BlockId(u32::try_from(block).unwrap_or(u32::MAX));
        (block, self.flow.successors(id).into_iter())
    }

    fn from(&mut self, start: usize) {
        let mut path = vec![self.meet(start)];
        while let Some((block, next)) = path.last_mut() {
            let block = *block;
            match next.next().map(|it| it.0 as usize) {
                Some(to) if self.seen[to] == 0 => path.push(self.meet(to)),
                Some(to) => {
                    if self.is_open[to] {
                        self.low[block] = self.low[block].min(self.seen[to]);
                    }
                }
                None => {
                    path.pop();
                    if let Some((before, _)) = path.last() {
                        self.low[*before] = self.low[*before].min(self.low[block]);
                    }
                    if self.low[block] == self.seen[block] {
                        self.close(block);
                    }
                }
            }
        }
    }

    /// All that is open down to a block is its component; one block alone is none without an edge to
    /// itself.
    fn close(&mut self, block: usize) {
        let at = self.open.iter().rposition(|&it| it == block).unwrap_or(0);
        let members = self.open.split_off(at);
        let id = BlockId(u32::try_from(block).unwrap_or(u32::MAX));
        let is_round = members.len() > 1 || self.flow.successors(id).contains(&id);
        for member in members {
            self.is_open[member] = false;
            self.of[member] = is_round.then_some(self.found);
        }
        self.found += 1;
    }
}
