//! What differs between two states of the files: file by file, hunk by hunk, line by line; and taking one hunk out again.

use std::io::Write;

use git2::{Delta, DiffFindOptions, DiffOptions, Oid, Repository};
use serde::{Deserialize, Serialize};

use super::{Bare, Worktree};
use crate::base::{Result, ResultExt};

/// At most so many lines of one file are kept.
const FILE_LINES: usize = 3_000;
/// At most so many lines in all.
const ALL_LINES: usize = 30_000;

/// What differs between two states.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patch {
    /// The files that differ, by path.
    pub files: Vec<FilePatch>,
    /// Lines that came.
    pub added: usize,
    /// Lines that went.
    pub removed: usize,
}

/// What differs in one file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePatch {
    /// Its path; the old one when it is gone.
    pub path: String,
    /// The path it had before, when that was another.
    pub before: Option<String>,
    /// What happened to it: new, changed, gone, moved, mode.
    pub what: Change,
    /// Its mode, as git has it; the old one when it is gone.
    #[serde(default)]
    pub mode: u32,
    /// It holds bytes that are no text, so no lines are told.
    pub binary: bool,
    /// Of such a file how many bytes it had and has; 0 where it is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sizes: Option<(usize, usize)>,
    /// Lines that came.
    pub added: usize,
    /// Lines that went.
    pub removed: usize,
    /// The places that differ.
    pub hunks: Vec<Hunk>,
    /// Lines that were left out because there are too many.
    pub cut: usize,
}

/// What happened to a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// It is new.
    New,
    /// Its contents differ.
    #[default]
    Changed,
    /// It is gone.
    Gone,
    /// It has another path.
    Moved,
    /// Its type or mode differs.
    Kind,
}

/// One place of a file that differs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hunk {
    /// First line and number of lines before.
    pub old: (u32, u32),
    /// First line and number of lines after.
    pub new: (u32, u32),
    /// What it is in, as git tells it: a function's first line; empty when not known.
    pub heading: String,
    /// Its lines.
    pub lines: Vec<PatchLine>,
    /// What [`Hunk::name`] says, worked out once.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub named: String,
}

/// Whether a line stays, came or went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LineKind {
    /// It is in both.
    Same,
    /// It came.
    Added,
    /// It went.
    Removed,
}

/// One line of a hunk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatchLine {
    /// Whether it stays, came or went.
    pub kind: LineKind,
    /// Its number before.
    pub old: Option<u32>,
    /// Its number after.
    pub new: Option<u32>,
    /// Its text, without the line break.
    pub text: String,
    /// The file ends with it, without a line break.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub last: bool,
}

impl PatchLine {
    /// ` `, `+` or `-`.
    pub fn sign(&self) -> char {
        match self.kind {
            LineKind::Same => ' ',
            LineKind::Added => '+',
            LineKind::Removed => '-',
        }
    }
}

impl Hunk {
    /// The hunk's first line, as git writes it.
    pub fn header(&self) -> String {
        let space = if self.heading.is_empty() { "" } else { " " };
        format!("@@ -{},{} +{},{} @@{space}{}", self.old.0, self.old.1, self.new.0, self.new.1, self.heading)
    }

    /// A name that stays the same while what the hunk does stays the same, wherever in the file it has moved to.
    pub fn name(&self, path: &str) -> String {
        if !self.named.is_empty() {
            return self.named.clone();
        }
        use sha2::{Digest, Sha256};
        let mut hash = Sha256::new();
        hash.update(path.as_bytes());
        for line in self.lines.iter().filter(|line| line.kind != LineKind::Same) {
            hash.update([0, u8::try_from(line.sign()).unwrap_or(b' ')]);
            hash.update(line.text.as_bytes());
        }
        hash.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl FilePatch {
    /// The hunk alone as text that git can apply; of a file that came or went as a whole, that whole. `None` when its file is no text,
    /// or is too long to be told in full.
    pub fn alone(&self, hunk: &Hunk) -> Option<String> {
        self.text(&[hunk])
    }

    /// All that happened to the file as text that git can apply; `None` as [`FilePatch::alone`] says.
    pub fn whole(&self) -> Option<String> {
        if self.cut > 0 {
            return None;
        }
        self.text(&self.hunks.iter().collect::<Vec<_>>())
    }

    fn text(&self, hunks: &[&Hunk]) -> Option<String> {
        let came_or_went = matches!(self.what, Change::New | Change::Gone);
        // Of a file that is moved, what is taken out of it is taken out where it is now.
        let nothing = hunks.is_empty() && !came_or_went;
        if self.binary || self.what == Change::Kind || nothing || (came_or_went && self.cut > 0) {
            return None;
        }
        // Bytes that are no UTF-8 were replaced, and would not be found again.
        let replaced = |text: &str| text.contains('\u{fffd}');
        if replaced(&self.path) || hunks.iter().flat_map(|hunk| &hunk.lines).any(|line| replaced(&line.text)) {
            return None;
        }
        let (old, new) = (quoted("a/", &self.path), quoted("b/", &self.path));
        let mut text = format!("diff --git {old} {new}\n");
        let (old, new) = match self.what {
            Change::New => {
                text.push_str(&format!("new file mode {:06o}\n", self.mode));
                ("/dev/null".to_owned(), new)
            }
            Change::Gone => {
                text.push_str(&format!("deleted file mode {:06o}\n", self.mode));
                (old, "/dev/null".to_owned())
            }
            Change::Changed | Change::Moved | Change::Kind => (old, new),
        };
        if !hunks.is_empty() {
            text.push_str(&format!("--- {old}\n+++ {new}\n"));
        }
        for hunk in hunks {
            text.push_str(&hunk.header());
            text.push('\n');
            for line in &hunk.lines {
                text.push(line.sign());
                text.push_str(&line.text);
                text.push('\n');
                if line.last {
                    text.push_str("\\ No newline at end of file\n");
                }
            }
        }
        Some(text)
    }
}

/// A file's name in a patch: in quotation marks where it holds what would end it.
fn quoted(side: &str, path: &str) -> String {
    if !path.chars().any(|c| c.is_ascii_control() || matches!(c, '"' | '\\')) {
        return format!("{side}{path}");
    }
    let mut name = format!("\"{side}");
    for c in path.chars() {
        match c {
            '"' | '\\' => name.extend(['\\', c]),
            c if c.is_ascii_control() => name.push_str(&format!("\\{:03o}", u32::from(c))),
            c => name.push(c),
        }
    }
    name.push('"');
    name
}

pub(super) fn compare(repository: &Repository, from: Oid, to: Oid) -> Result<Patch> {
    let tree = |id: Oid| repository.find_object(id, None).and_then(|object| object.peel_to_tree());
    let (from, to) = (tree(from)?, tree(to)?);
    let mut options = DiffOptions::new();
    options.context_lines(3).interhunk_lines(0).indent_heuristic(true);
    let mut diff = repository.diff_tree_to_tree(Some(&from), Some(&to), Some(&mut options))?;
    diff.find_similar(Some(DiffFindOptions::new().renames(true)))?;
    let mut patch = Patch::default();
    let mut room = ALL_LINES;
    for index in 0..diff.deltas().len() {
        let mut file = file(&diff, index, &mut room)?;
        if let (true, Some(delta)) = (file.binary, diff.get_delta(index)) {
            file.sizes = Some((size(repository, delta.old_file().id()), size(repository, delta.new_file().id())));
        }
        patch.added += file.added;
        patch.removed += file.removed;
        patch.files.push(file);
    }
    Ok(patch)
}

/// How many bytes an object has; a diff tells it only of objects it has read as text.
fn size(repository: &Repository, id: Oid) -> usize {
    if id.is_zero() {
        return 0;
    }
    repository.odb().and_then(|objects| objects.read_header(id)).map_or(0, |(bytes, _)| bytes)
}

fn file(diff: &git2::Diff<'_>, index: usize, room: &mut usize) -> Result<FilePatch> {
    let Some(delta) = diff.get_delta(index) else { return Ok(FilePatch::default()) };
    let path = |file: git2::DiffFile<'_>| file.path_bytes().map(|path| String::from_utf8_lossy(path).into_owned());
    let (before, after) = (path(delta.old_file()), path(delta.new_file()));
    let what = match delta.status() {
        Delta::Added | Delta::Untracked | Delta::Copied => Change::New,
        Delta::Deleted => Change::Gone,
        Delta::Renamed => Change::Moved,
        Delta::Typechange => Change::Kind,
        _ if delta.old_file().id() == delta.new_file().id() => Change::Kind,
        _ => Change::Changed,
    };
    let mut out = FilePatch {
        path: after.clone().or_else(|| before.clone()).unwrap_or_default(),
        before: before.filter(|before| what == Change::Moved && Some(before) != after.as_ref()),
        what,
        mode: u32::from(if what == Change::Gone { delta.old_file() } else { delta.new_file() }.mode()),
        ..FilePatch::default()
    };
    let Some(patch) = git2::Patch::from_diff(diff, index)? else {
        out.binary = true;
        return Ok(out);
    };
    out.binary = patch.delta().flags().is_binary();
    let (_, added, removed) = patch.line_stats()?;
    (out.added, out.removed) = (added, removed);
    let most = FILE_LINES.min(*room);
    let mut kept = 0;
    for place in 0..patch.num_hunks() {
        let (head, count) = patch.hunk(place)?;
        let heading = String::from_utf8_lossy(head.header()).into_owned();
        let mut hunk = Hunk {
            old: (head.old_start(), head.old_lines()),
            new: (head.new_start(), head.new_lines()),
            heading: heading.splitn(3, "@@").nth(2).unwrap_or_default().trim().to_owned(),
            lines: Vec::new(),
            named: String::new(),
        };
        if kept + count > most {
            out.cut += count;
            continue;
        }
        for number in 0..count {
            take(&mut hunk, &patch.line_in_hunk(place, number)?);
        }
        kept += count;
        hunk.named = hunk.name(&out.path);
        out.hunks.push(hunk);
    }
    *room -= kept;
    Ok(out)
}

fn take(hunk: &mut Hunk, line: &git2::DiffLine<'_>) {
    let kind = match line.origin() {
        '+' => LineKind::Added,
        '-' => LineKind::Removed,
        ' ' => LineKind::Same,
        // What tells that the line before has no line break.
        _ => {
            if let Some(before) = hunk.lines.last_mut() {
                before.last = true;
            }
            return;
        }
    };
    let text = String::from_utf8_lossy(line.content()).into_owned();
    let text = text.strip_suffix('\n').map(str::to_owned).unwrap_or(text);
    hunk.lines.push(PatchLine { kind, old: line.old_lineno(), new: line.new_lineno(), text, last: false });
}

impl Worktree {
    /// Applies `patch` to the files, or with `reverse` takes it out of them; index and `HEAD` are left alone.
    ///
    /// # Errors
    /// When it does not fit the files as they are: then none of it is done.
    pub fn apply(&self, patch: &str, reverse: bool) -> Result<()> {
        let mut file = tempfile::NamedTempFile::new().context("a file for the patch")?;
        file.write_all(patch.as_bytes()).context("write the patch")?;
        let mut git = self.git().args(["apply", "--whitespace=nowarn"]);
        if reverse {
            git = git.arg("--reverse");
        }
        git.arg("--").arg(file.path()).run().map(|_| ()).with_context(|| format!("{}", self.path.display()))
    }
}

impl Bare {
    /// How the tree of `to` differs from that of `from`: commits or trees, by their ids.
    ///
    /// # Errors
    /// When one of them is not there.
    pub fn patch(&self, from: &str, to: &str) -> Result<Patch> {
        compare(&self.repository()?, Oid::from_str(from)?, Oid::from_str(to)?)
    }

    /// The newest commit that both have; `None` when there is none.
    ///
    /// # Errors
    /// When one of them is not there.
    pub fn merge_base(&self, a: &str, b: &str) -> Result<Option<String>> {
        match self.repository()?.merge_base(Oid::from_str(&self.rev(a)?)?, Oid::from_str(&self.rev(b)?)?) {
            Ok(id) => Ok(Some(id.to_string())),
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hunk() -> Hunk {
        let line = |kind, text: &str| PatchLine { kind, old: Some(1), new: Some(1), text: text.into(), last: false };
        Hunk {
            old: (1, 2),
            new: (1, 2),
            heading: "fn total()".into(),
            lines: vec![
                line(LineKind::Same, "a"),
                line(LineKind::Removed, "b"),
                PatchLine { last: true, ..line(LineKind::Added, "c") },
            ],
            named: String::new(),
        }
    }

    #[test]
    fn a_hunk_alone_is_a_patch() {
        let file = FilePatch { path: "src/a.rs".into(), hunks: vec![hunk()], ..FilePatch::default() };
        assert_eq!(
            file.alone(&hunk()).unwrap(),
            "diff --git a/src/a.rs b/src/a.rs\n--- a/src/a.rs\n+++ b/src/a.rs\n@@ -1,2 +1,2 @@ fn total()\n a\n-b\n+c\n\\ No newline at end of file\n"
        );
        let gone = FilePatch { what: Change::Gone, mode: 0o100_755, path: "a\"b".into(), ..file };
        let text = gone.alone(&hunk()).unwrap();
        assert!(
            text.starts_with(
                "diff --git \"a/a\\\"b\" \"b/a\\\"b\"\ndeleted file mode 100755\n--- \"a/a\\\"b\"\n+++ /dev/null\n@@"
            ),
            "{text}"
        );
        assert!(FilePatch { binary: true, ..gone.clone() }.alone(&hunk()).is_none());
        assert!(FilePatch { cut: 1, ..gone.clone() }.alone(&hunk()).is_none(), "a part of it is not the file");
        let empty = FilePatch { what: Change::New, hunks: Vec::new(), ..gone };
        assert!(empty.whole().unwrap().ends_with("new file mode 100755\n"));
    }

    #[test]
    fn a_hunk_keeps_its_name_when_it_moves() {
        let moved = Hunk { old: (90, 2), new: (95, 2), ..hunk() };
        assert_eq!(moved.name("a"), hunk().name("a"));
        assert_ne!(moved.name("b"), hunk().name("a"));
    }
}
