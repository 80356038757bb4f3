//! All ways through a tree of choices, one after the other.

/// Where a way through the tree goes.
#[derive(Debug, Default)]
pub(super) struct Choices {
    /// What was taken, of how many.
    path: Vec<(usize, usize)>,
    at: usize,
}

impl Choices {
    /// One of so many.
    pub fn choose(&mut self, options: usize) -> usize {
        if self.at == self.path.len() {
            self.path.push((0, options));
        }
        let (taken, known) = self.path[self.at];
        assert_eq!(known, options, "the same way has come to other choices: {:?}", self.path);
        self.at += 1;
        taken
    }

    /// The next way; false when all have been gone.
    pub fn advance(&mut self) -> bool {
        self.at = 0;
        while let Some((taken, options)) = self.path.pop() {
            if taken + 1 < options {
                self.path.push((taken + 1, options));
                return true;
            }
        }
        false
    }
}

#[test]
fn every_way_through_a_tree_is_gone_once() {
    let (mut choices, mut ways) = (Choices::default(), Vec::new());
    loop {
        let first = choices.choose(3);
        let second = if first == 1 { choices.choose(2) } else { 0 };
        ways.push((first, second));
        if !choices.advance() {
            break;
        }
    }
    assert_eq!(ways, [(0, 0), (1, 0), (1, 1), (2, 0)]);
}
