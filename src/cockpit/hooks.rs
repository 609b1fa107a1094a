//! The state of the hooks view: which hook, which step of its history, and where in the diff one is.

use std::collections::BTreeSet;

use crate::repo::{FilePatch, Hunk, PatchLine};
use crate::view::{HookPicture, HookRow};
use crate::work::hook_review::{Step, StepKind};

use super::ink::Inks;
use super::review::{Remark, Review};

/// Which part of the view has the focus.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Part {
    /// The hooks.
    #[default]
    List,
    /// What happened on the selected one.
    Steps,
    /// What it changes.
    Diff,
}

/// A row of the diff.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiffRow {
    /// A file's heading.
    File(usize),
    /// Something about a file instead of lines: it is binary, or too long.
    About(usize),
    /// A hunk's heading: file, hunk.
    Hunk(usize, usize),
    /// A line: file, hunk, line.
    Line(usize, usize, usize),
    /// A line of a remark: file, remark, line of its text.
    Remark(usize, usize, usize),
}

impl DiffRow {
    /// The file it belongs to.
    pub fn file(self) -> usize {
        match self {
            Self::File(file)
            | Self::About(file)
            | Self::Hunk(file, _)
            | Self::Line(file, ..)
            | Self::Remark(file, ..) => file,
        }
    }
}

/// The state of the view.
#[derive(Debug, Default)]
pub struct Hooks {
    /// All hooks; none yet while they are being read.
    pub all: Option<Vec<HookRow>>,
    /// Those the filter lets through.
    pub rows: Option<Vec<HookRow>>,
    /// Archived ones are shown too.
    pub archived: bool,
    /// The agent whose hook is selected.
    pub selected: Option<String>,
    /// The part that has the focus.
    pub part: Part,
    /// The first visible hook.
    pub scroll: usize,
    /// The selected hook in full.
    pub picture: Option<Box<HookPicture>>,
    /// The colours of its code.
    pub inks: Inks,
    /// The selected step; 0 is now.
    pub step: usize,
    /// The first visible step.
    pub step_scroll: usize,
    /// The row of the diff the cursor is in.
    pub row: usize,
    /// The first visible row of the diff.
    pub top: usize,
    /// Columns of the code that are out of sight on the left.
    pub left: usize,
    /// Where a range begins that is remarked on.
    pub mark: Option<usize>,
    /// Files that are folded.
    pub folded: BTreeSet<String>,
    /// Fine hunks that are unfolded all the same.
    pub unfolded: BTreeSet<String>,
}

impl Hooks {
    /// The selected hook's row.
    pub fn line(&self) -> Option<&HookRow> {
        let selected = self.selected.as_ref()?;
        self.rows.iter().flatten().find(|row| row.agent == *selected)
    }

    /// The place of the selected hook among those shown.
    pub fn place(&self) -> usize {
        let rows = self.rows.iter().flatten();
        rows.map(|row| &row.agent).position(|agent| Some(agent) == self.selected.as_ref()).unwrap_or(0)
    }

    /// The picture, when it is of the selected hook.
    pub fn shown(&self) -> Option<&HookPicture> {
        self.picture.as_deref().filter(|picture| Some(&picture.agent) == self.selected.as_ref())
    }

    /// The picture, when it is compared with what the selected step says.
    pub fn current(&self) -> Option<&HookPicture> {
        self.shown().filter(|picture| picture.from == self.from())
    }

    /// The steps of the selected hook.
    pub fn steps(&self) -> &[Step] {
        self.shown().map(|picture| picture.steps.as_slice()).unwrap_or_default()
    }

    /// The selected step.
    pub fn chosen_step(&self) -> Option<&Step> {
        self.steps().get(self.step)
    }

    /// The commit the selected step says to compare with; nothing for the target.
    pub fn from(&self) -> Option<String> {
        let step = self.chosen_step()?;
        matches!(step.kind, StepKind::Commit | StepKind::Snapshot).then(|| step.id.clone())
    }

    /// Selects a hook; what was known of another is forgotten.
    pub fn select(&mut self, agent: String) {
        if self.selected.as_ref() != Some(&agent) {
            let (all, rows) = (self.all.take(), self.rows.take());
            *self =
                Self { all, rows, archived: self.archived, part: self.part, scroll: self.scroll, ..Self::default() };
            self.selected = Some(agent);
        }
    }

    /// Takes in the list.
    pub fn take(&mut self, all: Vec<HookRow>) {
        self.all = Some(all);
        self.sift(|_| true);
    }

    /// Shows those that `lets` lets through, and selects the first when the selected one is not among them.
    pub fn sift(&mut self, lets: impl Fn(&HookRow) -> bool) {
        let Some(all) = &self.all else { return };
        let rows: Vec<HookRow> = all.iter().filter(|row| lets(row)).cloned().collect();
        if self.rows.as_ref() == Some(&rows) {
            return;
        }
        let there = rows.iter().any(|row| Some(&row.agent) == self.selected.as_ref());
        let first = rows.first().map(|row| row.agent.clone());
        self.rows = Some(rows);
        match first {
            Some(first) if !there => self.select(first),
            None => self.selected = None,
            Some(_) => {}
        }
    }

    /// Takes in a picture; the cursor stays at its line when that is still there.
    pub fn show(&mut self, picture: Box<HookPicture>, inks: Inks, review: &Review) {
        let before = self.shown().filter(|old| old.from == picture.from).map(|_| self.at(review));
        let step = self.chosen_step().cloned();
        self.picture = Some(picture);
        self.inks = inks;
        if let Some(step) = step.filter(|step| step.kind != StepKind::Now) {
            self.step = self.steps().iter().position(|other| other.id == step.id).unwrap_or(0);
        }
        match before.flatten() {
            Some((path, text)) => {
                let rows = self.diff(review);
                let same = rows.iter().position(|row| self.text_at(*row) == (path.clone(), text.clone()));
                self.row = same.unwrap_or(self.row).min(rows.len().saturating_sub(1));
            }
            None => (self.row, self.top, self.mark) = (0, 0, None),
        }
    }

    fn at(&self, review: &Review) -> Option<(String, String)> {
        self.diff(review).get(self.row).map(|row| self.text_at(*row))
    }

    fn text_at(&self, row: DiffRow) -> (String, String) {
        let path = self.file(row.file()).map(|file| file.path.clone()).unwrap_or_default();
        let text = match row {
            DiffRow::Line(..) => self.line_at(row).map(|line| line.text.clone()).unwrap_or_default(),
            DiffRow::Hunk(file, hunk) => self.hunk(file, hunk).map(|hunk| hunk.name(&path)).unwrap_or_default(),
            DiffRow::Remark(_, remark, line) => format!("{remark} {line}"),
            DiffRow::File(_) | DiffRow::About(_) => String::new(),
        };
        (path, text)
    }

    /// The files that differ.
    pub fn files(&self) -> &[FilePatch] {
        self.current().map(|picture| picture.patch.files.as_slice()).unwrap_or_default()
    }

    /// One of them.
    pub fn file(&self, file: usize) -> Option<&FilePatch> {
        self.files().get(file)
    }

    /// A hunk of a file.
    pub fn hunk(&self, file: usize, hunk: usize) -> Option<&Hunk> {
        self.file(file)?.hunks.get(hunk)
    }

    /// The line of code in a row.
    pub fn line_at(&self, row: DiffRow) -> Option<&PatchLine> {
        let DiffRow::Line(file, hunk, line) = row else { return None };
        self.hunk(file, hunk)?.lines.get(line)
    }

    /// The file and hunk a row belongs to; of a file's heading its first.
    pub fn hunk_at(&self, row: DiffRow) -> Option<(&FilePatch, &Hunk)> {
        let file = self.file(row.file())?;
        let hunk = match row {
            DiffRow::Hunk(_, hunk) | DiffRow::Line(_, hunk, _) => hunk,
            DiffRow::File(_) if file.hunks.len() == 1 => 0,
            _ => return None,
        };
        Some((file, file.hunks.get(hunk)?))
    }

    /// Whether only the heading of a hunk is shown: it is fine, and was not opened again.
    pub fn is_closed(&self, file: &FilePatch, hunk: &Hunk, review: &Review) -> bool {
        review.is_fine(file, hunk) && !self.unfolded.contains(&hunk.name(&file.path))
    }

    /// The rows of the diff.
    pub fn diff(&self, review: &Review) -> Vec<DiffRow> {
        let mut rows = Vec::new();
        for (index, file) in self.files().iter().enumerate() {
            rows.push(DiffRow::File(index));
            if self.folded.contains(&file.path) {
                continue;
            }
            let own: Vec<(usize, &Remark)> =
                review.remarks.iter().enumerate().filter(|(_, remark)| remark.path == file.path).collect();
            let push = |rows: &mut Vec<DiffRow>, place: usize, remark: &Remark| {
                rows.extend((0..remark.text.lines().count().max(1)).map(|line| DiffRow::Remark(index, place, line)));
            };
            let loose =
                |remark: &Remark| !file.hunks.iter().flat_map(|hunk| &hunk.lines).any(|line| remark.is_below(line));
            for (place, remark) in own.iter().filter(|(_, remark)| loose(remark)) {
                push(&mut rows, *place, remark);
            }
            if file.binary || file.cut > 0 || file.hunks.is_empty() {
                rows.push(DiffRow::About(index));
            }
            for (number, hunk) in file.hunks.iter().enumerate() {
                rows.push(DiffRow::Hunk(index, number));
                if self.is_closed(file, hunk, review) {
                    continue;
                }
                for (line, told) in hunk.lines.iter().enumerate() {
                    rows.push(DiffRow::Line(index, number, line));
                    for (place, remark) in own.iter().filter(|(_, remark)| remark.is_below(told)) {
                        push(&mut rows, *place, remark);
                    }
                }
            }
        }
        rows
    }

    /// The lines that are chosen: those of the range, the one at the cursor, or those that changed in the hunk at the cursor.
    pub fn chosen(&self, review: &Review) -> Option<(&FilePatch, Vec<&PatchLine>)> {
        let rows = self.diff(review);
        let here = *rows.get(self.row)?;
        let file = self.file(here.file())?;
        let mark = self.mark.unwrap_or(self.row).min(rows.len() - 1);
        let range = &rows[mark.min(self.row)..=mark.max(self.row)];
        let lines: Vec<&PatchLine> =
            range.iter().filter(|row| row.file() == here.file()).filter_map(|row| self.line_at(*row)).collect();
        if let (true, Some((file, hunk))) = (lines.is_empty() && matches!(here, DiffRow::Hunk(..)), self.hunk_at(here))
        {
            return Some((file, hunk.lines.iter().filter(|line| line.sign() != ' ').collect()));
        }
        Some((file, lines))
    }
}
