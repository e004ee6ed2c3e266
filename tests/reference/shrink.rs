//! Makes a failing case small enough to read: takes pieces away as long as the case still fails in the same way.

use super::make::{Block, Case, Node};
use std::time::{Duration, Instant};

/// A place of a node: the block and position at each level; the program's top nodes and the histories are two lists.
type Path = Vec<(usize, usize)>;

/// Longer than this nobody waits for a smaller one.
const LONGEST: Duration = Duration::from_secs(120);

/// The smallest case found for which `still_fails` holds.
pub fn shrink(case: &Case, mut still_fails: impl FnMut(&Case) -> bool) -> Case {
    let mut best = case.clone();
    let began = Instant::now();
    loop {
        let before = size(&best);
        for path in paths(&best) {
            if began.elapsed() > LONGEST {
                return best;
            }
            for candidate in candidates(&best, &path) {
                if still_fails(&candidate) {
                    best = candidate;
                    break;
                }
            }
        }
        if size(&best) == before {
            return best;
        }
    }
}

fn size(case: &Case) -> usize {
    case.program.iter().chain(&case.histories).map(Node::size).sum()
}

/// All places, the outermost and the last first: what stands behind is often needed by nothing.
fn paths(case: &Case) -> Vec<Path> {
    let mut all = Vec::new();
    for (list, nodes) in [(0, &case.program), (1, &case.histories)] {
        for (index, node) in nodes.iter().enumerate() {
            collect(node, vec![(list, index)], &mut all);
        }
    }
    all.sort_by_key(|path| (path.len(), std::cmp::Reverse(path.clone())));
    all
}

fn collect(node: &Node, path: Path, all: &mut Vec<Path>) {
    for (block, inner) in node.blocks.iter().enumerate() {
        for (index, item) in inner.items.iter().enumerate() {
            let mut deeper = path.clone();
            deeper.push((block, index));
            collect(item, deeper, all);
        }
    }
    all.push(path);
}

/// The case without the piece; with what is inside it in its place; without one of its blocks.
fn candidates(case: &Case, path: &Path) -> Vec<Case> {
    let Some(node) = find(case, path) else { return Vec::new() };
    let mut all = vec![replaced(case, path, &[])];
    for block in &node.blocks {
        all.push(replaced(case, path, &block.items));
    }
    if node.blocks.len() > 1 {
        for skipped in 0..node.blocks.len() {
            let mut smaller = node.clone();
            smaller.blocks.remove(skipped);
            all.push(replaced(case, path, &[smaller]));
        }
    }
    for (index, block) in node.blocks.iter().enumerate().filter(|(_, block)| block.items.len() > 3) {
        let mut smaller = node.clone();
        smaller.blocks[index] = Block::new(block.open.clone(), block.items[..block.items.len() / 2].to_vec());
        all.push(replaced(case, path, &[smaller]));
    }
    all
}

fn list(case: &Case, which: usize) -> &Vec<Node> {
    if which == 0 { &case.program } else { &case.histories }
}

fn find<'a>(case: &'a Case, path: &Path) -> Option<&'a Node> {
    let mut node = list(case, path[0].0).get(path[0].1)?;
    for (block, index) in &path[1..] {
        node = node.blocks.get(*block)?.items.get(*index)?;
    }
    Some(node)
}

fn replaced(case: &Case, path: &Path, by: &[Node]) -> Case {
    let mut copy = case.clone();
    let mut nodes = if path[0].0 == 0 { &mut copy.program } else { &mut copy.histories };
    let mut index = path[0].1;
    for (block, next) in &path[1..] {
        nodes = &mut nodes[index].blocks[*block].items;
        index = *next;
    }
    nodes.splice(index..=index, by.iter().cloned());
    copy
}
