//! What a person sees of an agent's terminal, and what becomes of what they do.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::back::{Back, Did};
use super::compose::{crop, mark, origin, span, status_line};
use crate::session::{ClientMsg, ServerMsg};
use crate::terminal::{self, Cursor, Line, MouseMode, ScreenState, TermEvent};

/// Rows the wheel moves where the program doesn't take it.
const WHEEL: i64 = 3;

/// What there is to do besides drawing.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// Tell the host.
    Send(ClientMsg),
    /// Ring the outer terminal's bell.
    Bell,
    /// Put text on the outer terminal's clipboard.
    Copy(String),
    /// Leave.
    Detach,
}

/// The view.
pub(super) struct View {
    name: String,
    watch: bool,
    size: (u16, u16),
    screen: Option<ScreenState>,
    back: Option<Back>,
    /// Columns and rows of the screen between which the mouse is dragged, where the program doesn't take it.
    drag: Option<((u16, u16), (u16, u16))>,
    notice: String,
    pub dirty: bool,
}

impl View {
    /// Of the agent `name`, on a terminal of `size`.
    pub fn new(name: &str, watch: bool, size: (u16, u16)) -> View {
        let name = name.to_owned();
        let notice = String::new();
        View { name, watch, size, screen: None, back: None, drag: None, notice, dirty: true }
    }

    /// The agent's part of the terminal: all but the status line.
    pub fn inner(&self) -> (u16, u16) {
        (self.size.0, self.size.1.saturating_sub(1).max(1))
    }

    /// Takes a message of the host.
    pub fn hear(&mut self, message: ServerMsg) -> Option<Act> {
        let mut act = None;
        match message {
            ServerMsg::Full(screen) => self.screen = Some(*screen),
            ServerMsg::Delta(delta) => delta.apply(self.screen.as_mut()?),
            ServerMsg::Event(TermEvent::Bell) => return Some(Act::Bell),
            ServerMsg::Event(TermEvent::Clipboard(text)) if !self.watch => return Some(Act::Copy(text)),
            ServerMsg::Event(TermEvent::Notification { title, body }) => {
                self.notice = [title, body].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ");
            }
            ServerMsg::History(lines) => act = self.back.as_mut()?.take(lines).map(Act::Send),
            ServerMsg::Found(found) => act = self.back.as_mut()?.found(found).map(Act::Send),
            ServerMsg::Text(text) => {
                self.back.as_mut()?.copied(&text);
                act = Some(Act::Copy(text));
            }
            ServerMsg::Error(problem) => self.notice = crate::base::text::neutralise(&problem, true).into_owned(),
            _ => return None,
        }
        self.dirty = true;
        act
    }

    /// Takes what the person did.
    pub fn does(&mut self, event: Event) -> Option<Act> {
        match event {
            Event::Resize(cols, rows) => {
                self.size = (cols, rows);
                self.dirty = true;
                let inner = self.inner();
                if let Some(back) = &mut self.back {
                    // The numbers of lines change with the width.
                    let (again, ask) = Back::begin(inner, 0);
                    *back = again;
                    return Some(Act::Send(ask));
                }
                None
            }
            Event::Key(key) if is_detach(&key) => Some(Act::Detach),
            Event::Key(key) => self.key(key),
            Event::Mouse(mouse) => self.mouse(mouse),
            Event::Paste(text) => match &mut self.back {
                Some(back) => {
                    if let Some(typed) = back.typing() {
                        typed.push_str(text.lines().next().unwrap_or(""));
                        self.dirty = true;
                    }
                    None
                }
                None => self.control(ClientMsg::Paste(text)),
            },
            Event::FocusGained => self.control(ClientMsg::Focus(true)),
            Event::FocusLost => self.control(ClientMsg::Focus(false)),
        }
    }

    /// A message of one who types, not of one who watches.
    fn control(&self, message: ClientMsg) -> Option<Act> {
        (!self.watch).then_some(Act::Send(message))
    }

    fn look_back(&mut self, rows: i64) -> Option<Act> {
        let (back, ask) = Back::begin(self.inner(), rows);
        self.back = Some(back);
        self.drag = None;
        self.dirty = true;
        Some(Act::Send(ask))
    }

    fn looked(&mut self, did: Did) -> Option<Act> {
        self.dirty = true;
        match did {
            Did::Asked(message) => message.map(Act::Send),
            Did::Left => {
                self.back = None;
                None
            }
        }
    }

    fn key(&mut self, key: KeyEvent) -> Option<Act> {
        let released = key.kind == KeyEventKind::Release;
        if let Some(back) = &mut self.back {
            if released {
                return None;
            }
            let did = back.key(key);
            return self.looked(did);
        }
        if key.modifiers == KeyModifiers::SHIFT && !released {
            let page = i64::from(self.inner().1);
            match key.code {
                KeyCode::PageUp => return self.look_back(page - 1),
                KeyCode::Up => return self.look_back(1),
                _ => {}
            }
        }
        if self.drag.take().is_some() || !self.notice.is_empty() {
            self.notice.clear();
            self.dirty = true;
        }
        self.control(ClientMsg::Key(terminal::key_press(&key)?))
    }

    fn mouse(&mut self, mouse: MouseEvent) -> Option<Act> {
        let (cols, rows) = self.inner();
        if mouse.row >= rows || mouse.column >= cols {
            return None;
        }
        if let Some(back) = &mut self.back {
            let did = back.mouse(mouse);
            return self.looked(did);
        }
        let screen = self.screen.as_ref()?;
        let wheel = matches!(mouse.kind, MouseEventKind::ScrollUp | MouseEventKind::ScrollDown);
        let (left, top) = origin(screen, (cols, rows));
        let (col, row) = (mouse.column + left, mouse.row + top);
        let modes = &screen.modes;
        let takes = modes.mouse != MouseMode::Off || (wheel && modes.alt_screen && modes.alternate_scroll);
        if takes && !self.watch {
            return (col < screen.cols && row < screen.rows)
                .then(|| Act::Send(ClientMsg::Mouse(terminal::mouse_event(&mouse, col, row))));
        }
        match mouse.kind {
            MouseEventKind::ScrollUp => return self.look_back(WHEEL),
            MouseEventKind::Down(MouseButton::Left) => self.drag = Some(((row, col), (row, col))),
            MouseEventKind::Drag(MouseButton::Left) => {
                if let Some((_, to)) = &mut self.drag {
                    *to = (row, col);
                }
            }
            MouseEventKind::Up(MouseButton::Left) => {
                let text = self.dragged();
                self.drag = None;
                self.dirty = true;
                if let Some(text) = text {
                    self.notice = format!("copied {} characters", text.chars().count());
                    return Some(Act::Copy(text));
                }
            }
            _ => return None,
        }
        self.dirty = true;
        None
    }

    /// Between which places the mouse is dragged, if it was moved at all.
    fn selection(&self) -> Option<((u16, u16), (u16, u16))> {
        let (a, b) = self.drag.filter(|(a, b)| a != b)?;
        let (from, to) = (a.min(b), a.max(b));
        Some((from, (to.0, to.1 + 1)))
    }

    fn dragged(&self) -> Option<String> {
        let (from, to) = self.selection()?;
        let mut out = String::new();
        for (row, line) in (0..).zip(&self.screen.as_ref()?.lines) {
            let Some((left, right)) = span(row, from, to) else { continue };
            let cells = line.cells().filter(|cell| cell.col + cell.width > left && cell.col < right);
            let part: String = cells.map(|cell| cell.text).collect();
            let goes_on = line.wrapped && row < to.0;
            out.push_str(if goes_on { &part } else { part.trim_end_matches(' ') });
            if row < to.0 && !goes_on {
                out.push('\n');
            }
        }
        Some(out).filter(|text| !text.is_empty())
    }

    /// The rows of the frame, and the cursor.
    pub fn frame(&self) -> (Vec<Line>, Option<Cursor>) {
        let (cols, rows) = self.inner();
        let (mut lines, cursor) = match (&self.back, &self.screen) {
            (Some(back), _) => back.rows_shown(),
            (None, Some(screen)) => {
                let (left, top) = origin(screen, (cols, rows));
                let selection = self.selection();
                let shown = (top..).zip(screen.lines.iter().skip(usize::from(top))).take(usize::from(rows));
                let lines = shown
                    .map(|(row, line)| {
                        let part = selection.and_then(|(from, to)| span(row, from, to));
                        match part {
                            Some((from, to)) => crop(&mark(line, from, to), left, cols),
                            None => crop(line, left, cols),
                        }
                    })
                    .collect();
                let at = (screen.cursor.col.checked_sub(left), screen.cursor.row.checked_sub(top));
                let cursor = match at {
                    (Some(col), Some(row)) if screen.cursor.visible && col < cols && row < rows => {
                        Some(Cursor { col, row, ..screen.cursor })
                    }
                    _ => None,
                };
                (lines, cursor)
            }
            (None, None) => (Vec::new(), None),
        };
        lines.resize(usize::from(rows), Line::default());
        if self.size.1 > 1 {
            lines.push(match &self.back {
                Some(back) => back.status(&self.name, cols),
                None => self.status(cols),
            });
        }
        (lines, cursor)
    }

    fn status(&self, cols: u16) -> Line {
        let screen = self.screen.as_ref();
        let title = screen.map_or("", |screen| screen.title.as_str());
        let state = screen.and_then(|screen| screen.status.as_ref()).map_or("", |status| status.state.as_str());
        let there = screen.map(|screen| (screen.cols, screen.rows)).filter(|there| *there != self.inner());
        let taken = match there {
            Some((cols, rows)) if self.watch => format!("it is {cols}x{rows}"),
            Some((cols, rows)) => format!("another terminal types here ({cols}x{rows})"),
            None => String::new(),
        };
        let watching = if self.watch { "watching" } else { "" };
        let parts = [self.name.as_str(), watching, &taken, &self.notice, state, title];
        let news = !taken.is_empty() || !self.notice.is_empty();
        status_line(&parts, if news { "ctrl-] leaves" } else { "shift-pgup looks back · ctrl-] leaves" }, cols)
    }
}

/// Whether a key is the chord that leaves: ctrl-], which terminals without the newer protocols report as ctrl-5.
fn is_detach(key: &KeyEvent) -> bool {
    matches!(key.code, KeyCode::Char(']' | '5'))
        && key.modifiers == KeyModifiers::CONTROL
        && key.kind == KeyEventKind::Press
}
