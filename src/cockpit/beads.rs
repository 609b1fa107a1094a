//! The beads view: a list, a board by status, or a tree of what waits for what; and one bead in full.

use std::collections::{BTreeMap, BTreeSet};

use crate::view::{BeadDetail, BeadLine};

use super::marked::Marked;

/// How the beads are laid out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Shape {
    /// The most urgent first.
    #[default]
    List,
    /// A column for each status.
    Board,
    /// Parts below wholes, waiting beads below what they wait for.
    Tree,
}

impl Shape {
    /// The next one round.
    pub fn next(self) -> Self {
        match self {
            Self::List => Self::Board,
            Self::Board => Self::Tree,
            Self::Tree => Self::List,
        }
    }

    /// Its name.
    pub fn words(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Board => "board",
            Self::Tree => "tree",
        }
    }
}

/// Where a bead stands, as columns of the board.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stand {
    /// It could be slung.
    Ready,
    /// Something stands before it.
    Waiting,
    /// Somebody has it.
    Hooked,
    /// It is done.
    Closed,
}

impl Stand {
    /// All of them in order.
    pub const ALL: [Self; 4] = [Self::Ready, Self::Waiting, Self::Hooked, Self::Closed];

    /// Where a bead stands.
    pub fn of(bead: &BeadLine) -> Self {
        match bead.status.as_str() {
            "closed" | "tombstone" => Self::Closed,
            "hooked" | "in_progress" => Self::Hooked,
            "open" if !bead.blocked => Self::Ready,
            _ => Self::Waiting,
        }
    }

    /// The heading.
    pub fn words(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Waiting => "waiting",
            Self::Hooked => "in work",
            Self::Closed => "done",
        }
    }

    /// Its sign.
    pub fn glyph(self) -> &'static str {
        match self {
            Self::Ready => "○",
            Self::Waiting => "◌",
            Self::Hooked => "●",
            Self::Closed => "✓",
        }
    }
}

/// The state of the view.
#[derive(Debug, Clone, Default)]
pub struct Beads {
    /// The beads; none yet while they are being read.
    pub lines: Option<Vec<BeadLine>>,
    /// How often they were read.
    pub taken: u64,
    /// The layout.
    pub shape: Shape,
    /// The selected bead.
    pub selected: Option<String>,
    /// The marked beads.
    pub marked: Marked,
    /// The first visible row.
    pub scroll: usize,
    /// Closed ones are shown too.
    pub closed: bool,
    /// The selected bead in full.
    pub detail: Option<Box<BeadDetail>>,
    /// The first visible line of it.
    pub reading: usize,
    /// The bead has the whole screen.
    pub open: bool,
}

/// A row: how deep it stands and which bead it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BeadRow {
    /// 0 at the top of the tree.
    pub depth: usize,
    /// The place among the lines.
    pub index: usize,
    /// It is the last one below what it stands below.
    pub last: bool,
    /// Of each level above it, whether more comes below there.
    more: u64,
}

impl BeadRow {
    fn flat(index: usize) -> Self {
        Self { depth: 0, index, last: false, more: 0 }
    }

    /// The lines that lead to it in a tree.
    pub fn guide(&self) -> String {
        let mut guide = String::new();
        for level in 1..self.depth.min(60) {
            guide.push_str(if self.more & (1 << level) == 0 { "  " } else { "│ " });
        }
        if self.depth > 0 {
            guide.push_str(if self.last { "└ " } else { "├ " });
        }
        guide
    }
}

impl Beads {
    /// The rows in order; on the board column after column.
    pub fn rows(&self) -> Vec<BeadRow> {
        let Some(lines) = &self.lines else { return Vec::new() };
        match self.shape {
            Shape::List => (0..lines.len()).map(BeadRow::flat).collect(),
            Shape::Board => Stand::ALL.iter().flat_map(|stand| self.column(*stand)).map(BeadRow::flat).collect(),
            Shape::Tree => tree(lines),
        }
    }

    /// The places of the beads that stand at `stand`.
    pub fn column(&self, stand: Stand) -> Vec<usize> {
        let lines = self.lines.as_deref().unwrap_or_default();
        (0..lines.len()).filter(|&index| Stand::of(&lines[index]) == stand).collect()
    }

    /// The selected line.
    pub fn line(&self) -> Option<&BeadLine> {
        let selected = self.selected.as_ref()?;
        self.lines.as_ref()?.iter().find(|line| line.id == *selected)
    }

    /// The selected bead in full, when it has been read.
    pub fn shown(&self) -> Option<&BeadDetail> {
        self.detail.as_deref().filter(|detail| Some(&detail.line.id) == self.selected.as_ref())
    }

    /// The beads that something is to be done with: the marked ones, else the selected one.
    pub fn subjects(&self) -> Vec<&BeadLine> {
        self.marked.chosen(self.lines.iter().flatten(), |line| &line.id, self.selected.as_deref())
    }

    /// Takes new lines and keeps the selection where it can.
    pub fn take(&mut self, lines: Vec<BeadLine>) {
        let gone = !lines.iter().any(|line| Some(&line.id) == self.selected.as_ref());
        let place = self.place();
        self.taken += u64::from(self.lines.as_ref() != Some(&lines));
        self.lines = Some(lines);
        if gone {
            let rows = self.rows();
            let near = rows.get(place.min(rows.len().saturating_sub(1))).map(|row| row.index);
            self.selected = near.and_then(|index| self.lines.as_ref()?.get(index)).map(|line| line.id.clone());
        }
    }

    /// The row of the selected bead.
    pub fn place(&self) -> usize {
        let Some(lines) = &self.lines else { return 0 };
        let at = |row: &BeadRow| Some(&lines[row.index].id) == self.selected.as_ref();
        self.rows().iter().position(at).unwrap_or(0)
    }

    /// Moves the selection.
    pub fn step(&mut self, step: isize) {
        let rows = self.rows();
        let place = self.place().saturating_add_signed(step).min(rows.len().saturating_sub(1));
        self.select_row(place);
    }

    /// Selects the bead in row `place`.
    pub fn select_row(&mut self, place: usize) {
        let row = self.rows().get(place).copied();
        if let (Some(row), Some(lines)) = (row, &self.lines) {
            self.selected = Some(lines[row.index].id.clone());
            self.reading = 0;
        }
    }

    /// On the board, goes to the column `step` on that has beads.
    pub fn step_column(&mut self, step: isize) {
        let Some(now) = self.line().map(Stand::of) else { return };
        let place = self.column(now).iter().position(|&index| {
            self.lines.as_ref().is_some_and(|lines| Some(&lines[index].id) == self.selected.as_ref())
        });
        let columns: Vec<Stand> = Stand::ALL.into_iter().filter(|stand| !self.column(*stand).is_empty()).collect();
        let at = columns.iter().position(|stand| *stand == now).unwrap_or(0);
        let Some(next) = columns.get(at.saturating_add_signed(step).min(columns.len() - 1)) else { return };
        let column = self.column(*next);
        let index = column.get(place.unwrap_or(0).min(column.len() - 1)).copied();
        self.selected = index.and_then(|index| self.lines.as_ref()?.get(index)).map(|line| line.id.clone());
        self.reading = 0;
    }
}

/// Parts below wholes, waiting beads below the first they wait for; every bead once.
fn tree(lines: &[BeadLine]) -> Vec<BeadRow> {
    let places: BTreeMap<&str, usize> =
        lines.iter().enumerate().map(|(index, line)| (line.id.as_str(), index)).collect();
    let mut below: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut roots = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let above = line.parent.iter().chain(&line.waits_for).find_map(|id| places.get(id.as_str()));
        match above {
            Some(above) => below.entry(*above).or_default().push(index),
            None => roots.push(index),
        }
    }
    let mut rows = Vec::new();
    let mut seen = BTreeSet::new();
    let mut walk = |roots: Vec<usize>, rows: &mut Vec<BeadRow>| {
        let mut stack: Vec<BeadRow> = roots.into_iter().rev().map(BeadRow::flat).collect();
        while let Some(row) = stack.pop() {
            if !seen.insert(row.index) {
                continue;
            }
            rows.push(row);
            let parts = below.get(&row.index).map(Vec::as_slice).unwrap_or_default();
            let more = if row.last || row.depth == 0 { row.more } else { row.more | (1 << row.depth.min(60)) };
            let below = parts.iter().enumerate().rev().map(|(place, &index)| BeadRow {
                depth: row.depth + 1,
                index,
                last: place + 1 == parts.len(),
                more,
            });
            stack.extend(below);
        }
    };
    walk(roots, &mut rows);
    // Beads that wait for each other in a ring hang below nothing.
    walk((0..lines.len()).collect(), &mut rows);
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(id: &str, parent: Option<&str>, waits_for: &[&str]) -> BeadLine {
        BeadLine {
            id: id.into(),
            status: "open".into(),
            parent: parent.map(Into::into),
            waits_for: waits_for.iter().map(|id| (*id).into()).collect(),
            blocked: !waits_for.is_empty(),
            ..BeadLine::default()
        }
    }

    #[test]
    fn the_tree_shows_every_bead_once_even_in_a_ring() {
        let lines = vec![
            line("b", None, &["a"]),
            line("a", None, &[]),
            line("a.1", Some("a"), &[]),
            line("x", None, &["y"]),
            line("y", None, &["x"]),
        ];
        let rows: Vec<(usize, &str)> =
            tree(&lines).into_iter().map(|row| (row.depth, lines[row.index].id.as_str())).collect();
        assert_eq!(rows, [(0, "a"), (1, "b"), (1, "a.1"), (0, "x"), (1, "y")]);
    }

    #[test]
    fn lines_lead_to_what_stands_below() {
        let lines = vec![
            line("a", None, &[]),
            line("a.1", Some("a"), &[]),
            line("a.1.1", Some("a.1"), &[]),
            line("a.2", Some("a"), &[]),
            line("a.2.1", Some("a.2"), &[]),
        ];
        let guides: Vec<String> = tree(&lines).iter().map(BeadRow::guide).collect();
        assert_eq!(guides, ["", "├ ", "│ └ ", "└ ", "  └ "]);
    }

    #[test]
    fn the_selection_stays_near_when_its_bead_goes() {
        let mut beads = Beads::default();
        beads.take(vec![line("a", None, &[]), line("b", None, &[]), line("c", None, &[])]);
        assert_eq!(beads.selected.as_deref(), Some("a"));
        beads.step(1);
        beads.take(vec![line("a", None, &[]), line("c", None, &[])]);
        assert_eq!(beads.selected.as_deref(), Some("c"));
    }
}
