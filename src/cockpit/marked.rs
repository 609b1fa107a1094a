//! The marked rows of a list, for what is done with several of them at once.

use std::collections::BTreeSet;

use super::actions::Action;

/// What is marked in a list, and where the last mark was made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marked {
    ids: BTreeSet<String>,
    anchor: Option<String>,
}

impl Marked {
    /// Marks or unmarks in a list of `order` where `here` is selected.
    pub fn act(&mut self, action: Action, order: &[String], here: &str) {
        match action {
            Action::Mark => {
                if !self.ids.remove(here) {
                    self.ids.insert(here.to_owned());
                }
                self.anchor = Some(here.to_owned());
            }
            Action::MarkRange => {
                let place = |id: &str| order.iter().position(|other| other == id);
                let from = self.anchor.as_deref().and_then(place).or_else(|| place(here));
                if let (Some(from), Some(to)) = (from, place(here)) {
                    self.ids.extend(order[from.min(to)..=from.max(to)].iter().cloned());
                }
                self.anchor = Some(here.to_owned());
            }
            Action::MarkAll if order.iter().all(|id| self.ids.contains(id)) => self.ids.clear(),
            Action::MarkAll => self.ids.extend(order.iter().cloned()),
            Action::MarkInvert => {
                let before = std::mem::take(&mut self.ids);
                self.ids = order.iter().filter(|id| !before.contains(*id)).cloned().collect();
            }
            _ => {}
        }
    }

    /// Whether it is marked.
    pub fn contains(&self, id: &str) -> bool {
        self.ids.contains(id)
    }

    /// Whether nothing is.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// How many are.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// The marked ones.
    pub fn ids(&self) -> &BTreeSet<String> {
        &self.ids
    }

    /// Takes all marks away.
    pub fn clear(&mut self) {
        self.ids.clear();
    }

    /// Takes the marks away from what `kept` says no to.
    pub fn retain(&mut self, kept: impl Fn(&str) -> bool) {
        self.ids.retain(|id| kept(id));
    }

    /// Those of `all` that something is to be done with: the marked ones, or else the one that is `selected`.
    pub fn chosen<'a, T>(
        &self,
        all: impl Iterator<Item = &'a T>,
        id: impl Fn(&T) -> &str,
        selected: Option<&str>,
    ) -> Vec<&'a T> {
        all.filter(|one| if self.is_empty() { Some(id(one)) == selected } else { self.contains(id(one)) }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_go_from_the_last_mark_either_way() {
        let order: Vec<String> = ["a", "b", "c", "d"].map(String::from).into();
        let mut marked = Marked::default();
        marked.act(Action::Mark, &order, "c");
        marked.act(Action::MarkRange, &order, "b");
        assert_eq!(marked.ids().iter().collect::<Vec<_>>(), ["b", "c"]);
        marked.act(Action::MarkInvert, &order, "b");
        assert_eq!(marked.ids().iter().collect::<Vec<_>>(), ["a", "d"]);
        marked.act(Action::MarkAll, &order, "b");
        assert_eq!(marked.len(), 4);
        marked.act(Action::MarkAll, &order, "b");
        assert!(marked.is_empty());
        // Where the last mark was made is gone: the range begins where one is.
        marked.act(Action::MarkRange, &order[..1], "a");
        assert_eq!(marked.ids().iter().collect::<Vec<_>>(), ["a"]);
    }

    #[test]
    fn something_is_done_with_the_marked_ones_or_else_the_selected_one() {
        let order: Vec<String> = ["a", "b", "c"].map(String::from).into();
        let mut marked = Marked::default();
        let chosen = |marked: &Marked| {
            marked.chosen(order.iter(), |id| id, Some("b")).into_iter().cloned().collect::<Vec<String>>()
        };
        assert_eq!(chosen(&marked), ["b"]);
        marked.act(Action::Mark, &order, "c");
        assert_eq!(chosen(&marked), ["c"]);
    }
}
