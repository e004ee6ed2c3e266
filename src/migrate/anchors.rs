//! The longest common subsequence of two rows, by weight, and what of it is certain: pairs that every best anchoring has.

/// Beyond so many cells a table would be too large; then only what is alike once on each side is an anchor.
const MOST_CELLS: usize = 9_000_000;

/// What two rows have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Anchors {
    /// Pairs that every best anchoring has, in order.
    pub certain: Vec<(usize, usize)>,
    /// By left entry: the partners it has in one best anchoring or another, where they differ.
    pub torn: Vec<Vec<usize>>,
}

/// Anchors two rows of so many entries; `weight` of a pair is 0 where it is none.
pub(super) fn anchors(left: usize, right: usize, weight: &impl Fn(usize, usize) -> u32) -> Anchors {
    if left.saturating_add(1).saturating_mul(right.saturating_add(1)) > MOST_CELLS {
        return single(left, right, weight);
    }
    let behind = Table::new(left, right, weight);
    let before = Table::new(left, right, &|i, j| weight(left - 1 - i, right - 1 - j));
    // The best that is to be had of what stands before i and j, and from i and j on.
    let until = |i: usize, j: usize| before.get(left - i, right - j);
    let best = behind.get(0, 0);
    let mut found = Anchors { certain: Vec::new(), torn: vec![Vec::new(); left] };
    for i in 0..left {
        let is_partner = |j: &usize| weight(i, *j) > 0 && until(i, *j) + weight(i, *j) + behind.get(i + 1, j + 1) == best;
        let partners: Vec<usize> = (0..right).filter(is_partner).collect();
        let may_be_left = (0..=right).any(|j| until(i, j) + behind.get(i + 1, j) == best);
        match (partners.as_slice(), may_be_left) {
            ([], _) => {}
            ([partner], false) => found.certain.push((i, *partner)),
            (_, _) => found.torn.get_mut(i).into_iter().for_each(|known| known.clone_from(&partners)),
        }
    }
    found
}

/// For every i and j the weight of the best anchoring of what stands from there on.
struct Table {
    cells: Vec<u32>,
    width: usize,
}

impl Table {
    fn new(left: usize, right: usize, weight: &impl Fn(usize, usize) -> u32) -> Table {
        let width = right + 1;
        let mut table = Table { cells: vec![0; (left + 1) * width], width };
        for i in (0..left).rev() {
            for j in (0..right).rev() {
                let pair = weight(i, j);
                let taken = if pair > 0 { pair + table.get(i + 1, j + 1) } else { 0 };
                let value = taken.max(table.get(i + 1, j)).max(table.get(i, j + 1));
                if let Some(cell) = table.cells.get_mut(i * width + j) {
                    *cell = value;
                }
            }
        }
        table
    }
    fn get(&self, i: usize, j: usize) -> u32 {
        self.cells.get(i * self.width + j).copied().unwrap_or(0)
    }
}

/// Entries that are alike once on each side, in order.
fn single(left: usize, right: usize, weight: &impl Fn(usize, usize) -> u32) -> Anchors {
    let mut found = Anchors { certain: Vec::new(), torn: vec![Vec::new(); left] };
    let mut next = 0;
    for i in 0..left {
        let alike: Vec<usize> = (0..right).filter(|j| weight(i, *j) > 0).take(2).collect();
        let [j] = alike.as_slice() else { continue };
        if *j >= next && (0..left).filter(|other| weight(*other, *j) > 0).take(2).count() == 1 {
            found.certain.push((i, *j));
            next = j + 1;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(left: &str, right: &str) -> (Vec<(usize, usize)>, Vec<usize>) {
        let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
        // Capitals weigh more.
        let weight = |i: usize, j: usize| if left[i] == right[j] { if left[i].is_uppercase() { 2 } else { 1 } } else { 0 };
        let found = anchors(left.len(), right.len(), &weight);
        let torn = found.torn.iter().enumerate().filter(|(_, partners)| !partners.is_empty()).map(|(i, _)| i).collect();
        (found.certain, torn)
    }

    #[test]
    fn what_every_best_anchoring_has_is_certain() {
        assert_eq!(of("wEwF", "wEwF"), (vec![(0, 0), (1, 1), (2, 2), (3, 3)], vec![]));
        assert_eq!(of("wEwF", "xEwF"), (vec![(1, 1), (2, 2), (3, 3)], vec![]));
        assert_eq!(of("wE", "Ew"), (vec![(1, 0)], vec![]));
        assert_eq!(of("", "a"), (vec![], vec![]));
    }

    #[test]
    fn one_of_several_that_are_alike_is_torn() {
        assert_eq!(of("ww", "w"), (vec![], vec![0, 1]));
        assert_eq!(of("w", "ww"), (vec![], vec![0]));
        assert_eq!(of("wEw", "wwE"), (vec![(1, 2)], vec![0]));
    }
}
