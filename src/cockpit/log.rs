//! The feed: the event log, narrowed by words and by topic.

use crate::view::{FeedLine, LogLine, Topic};

/// The state of the view.
#[derive(Debug, Clone, Default)]
pub struct Log {
    /// The events that match; none yet while they are being read.
    pub lines: Option<Vec<LogLine>>,
    /// Which are asked for.
    pub topic: Topic,
    /// The selected one, by its number in the ledger.
    pub selected: Option<i64>,
    /// The first visible row.
    pub scroll: usize,
}

impl Log {
    /// The next topic round.
    pub fn next_topic(&mut self) {
        let place = Topic::ALL.iter().position(|topic| *topic == self.topic).map_or(0, |place| place + 1);
        self.topic = Topic::ALL[place % Topic::ALL.len()];
    }

    /// How many events match.
    pub fn count(&self) -> usize {
        self.lines.as_ref().map_or(0, Vec::len)
    }

    /// The row of the selected event; the newest when it is not there. It stays on its event while newer ones come in above.
    pub fn place(&self) -> usize {
        let lines = self.lines.as_deref().unwrap_or_default();
        lines.iter().position(|line| Some(line.line.seq) == self.selected).unwrap_or(0)
    }

    /// The selected event.
    pub fn line(&self) -> Option<&LogLine> {
        self.lines.as_ref()?.get(self.place())
    }

    /// Selects the event in row `place`; the first row follows what is newest.
    pub fn select_row(&mut self, place: usize) {
        let line = self.lines.as_ref().and_then(|lines| lines.get(place));
        self.selected = line.filter(|_| place > 0).map(|line| line.line.seq);
    }

    /// Moves the selection.
    pub fn step(&mut self, step: isize) {
        let last = self.count().saturating_sub(1);
        self.select_row(self.place().saturating_add_signed(step).min(last));
    }

    /// Shows what is known of the feed already until the log has been read.
    pub fn begin(&mut self, feed: &[FeedLine], at: Option<i64>) {
        self.selected = at;
        if self.lines.is_none() {
            let line = |line: &FeedLine| LogLine { line: line.clone(), actor: String::new(), facts: Vec::new() };
            self.lines = Some(feed.iter().map(line).collect());
        }
    }
}
