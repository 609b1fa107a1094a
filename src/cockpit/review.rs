//! What a person thinks of an agent's changes: remarks on lines, and hunks that were found to be fine.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::repo::{FilePatch, Hunk, LineKind, PatchLine};

/// At most so many lines are quoted with a remark.
const QUOTED: usize = 6;

/// A remark on lines of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    /// The file.
    pub path: String,
    /// The first line; 0 for the whole file.
    pub line: u32,
    /// The last one.
    pub to: u32,
    /// The lines are those that went; their numbers are the old ones.
    #[serde(default)]
    pub old: bool,
    /// What stands there.
    pub quote: Vec<String>,
    /// What is said.
    pub text: String,
}

impl Remark {
    /// An empty remark on `lines` of a file; on the whole file when there are none.
    pub fn on(path: &str, lines: &[&PatchLine]) -> Self {
        let old = !lines.is_empty() && lines.iter().all(|line| line.kind == LineKind::Removed);
        // Lines that went have no number any more; those that stand there do.
        let number = |line: &&PatchLine| if old { line.old } else { line.new };
        let numbers: Vec<u32> = lines.iter().filter_map(number).collect();
        Self {
            path: path.to_owned(),
            line: numbers.first().copied().unwrap_or(0),
            to: numbers.last().copied().unwrap_or(0),
            old,
            quote: lines.iter().map(|line| format!("{}{}", line.sign(), line.text)).collect(),
            text: String::new(),
        }
    }

    /// Where it is, in words.
    pub fn place(&self) -> String {
        let before = if self.old { "old " } else { "" };
        match (self.line, self.to) {
            (0, _) => self.path.clone(),
            (line, to) if to > line => format!("{}, {before}lines {line} to {to}", self.path),
            (line, _) => format!("{}, {before}line {line}", self.path),
        }
    }

    /// Whether it belongs below this line of its file: its last line, which still says what it said.
    pub fn is_below(&self, line: &PatchLine) -> bool {
        let number = if self.old { line.old } else { line.new };
        self.line > 0
            && number == Some(self.to)
            && (self.old == (line.kind == LineKind::Removed))
            && self.quote.last().is_some_and(|quoted| quoted.get(1..) == Some(line.text.as_str()))
    }
}

/// All one thinks of the changes of one agent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Review {
    /// Remarks that were not sent yet.
    pub remarks: Vec<Remark>,
    /// The names of hunks that are fine.
    pub fine: BTreeSet<String>,
}

impl Review {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.remarks.is_empty() && self.fine.is_empty()
    }

    /// Whether the hunk was found to be fine.
    pub fn is_fine(&self, file: &FilePatch, hunk: &Hunk) -> bool {
        !self.fine.is_empty() && self.fine.contains(&hunk.name(&file.path))
    }

    /// The remarks as one message to the agent.
    pub fn message(&self, against: &str) -> String {
        let count = match self.remarks.len() {
            1 => "one remark".to_owned(),
            many => format!("{many} remarks"),
        };
        let mut out = format!("I have looked at your changes against {against}; {count}:\n");
        for (number, remark) in self.remarks.iter().enumerate() {
            out.push_str(&format!("\n{}. {}\n", number + 1, remark.place()));
            for line in remark.quote.iter().take(QUOTED) {
                out.push_str(&format!("   > {line}\n"));
            }
            if remark.quote.len() > QUOTED {
                out.push_str(&format!("   > … {} more\n", remark.quote.len() - QUOTED));
            }
            for line in remark.text.lines() {
                out.push_str(&format!("   {line}\n"));
            }
        }
        out.push_str("\nPlease see to each of them, commit, and say what you did.");
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(kind: LineKind, number: u32, text: &str) -> PatchLine {
        let (old, new) = match kind {
            LineKind::Removed => (Some(number), None),
            LineKind::Added => (None, Some(number)),
            LineKind::Same => (Some(number), Some(number)),
        };
        PatchLine { kind, old, new, text: text.into(), last: false }
    }

    #[test]
    fn remarks_become_one_message() {
        let lines = [line(LineKind::Removed, 4, "let a = 1;"), line(LineKind::Added, 4, "let a = 2;")];
        let mut remark = Remark::on("src/a.rs", &lines.iter().collect::<Vec<_>>());
        remark.text = "Why two?\nOne was right.".into();
        let mut whole = Remark::on("README.md", &[]);
        whole.text = "Say it there too.".into();
        let review = Review { remarks: vec![remark, whole], ..Review::default() };
        assert_eq!(
            review.message("main"),
            "I have looked at your changes against main; 2 remarks:\n\n1. src/a.rs, line 4\n   > -let a = 1;\n   > +let a = 2;\n   \
             Why two?\n   One was right.\n\n2. README.md\n   Say it there too.\n\nPlease see to each of them, commit, and say what you did."
        );
    }

    #[test]
    fn a_remark_stays_with_its_line_and_lets_go_when_that_changes() {
        let gone = line(LineKind::Removed, 9, "old");
        let remark = Remark::on("a", &[&gone]);
        assert!(remark.old && remark.is_below(&gone) && remark.place() == "a, old line 9");
        assert!(!remark.is_below(&line(LineKind::Removed, 9, "another")));
        assert!(!remark.is_below(&line(LineKind::Added, 9, "old")));
    }
}
