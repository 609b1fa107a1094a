//! Colours: built-in themes, and their forms for terminals with fewer colours or none.

use ratatui::style::{Color, Modifier, Style};

use crate::base::{Error, Result, text};
use crate::repo::LineKind;
use crate::view::{AgentState, Tone};

use super::ink::Ink;

/// How many colours the terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// 24-bit colours.
    True,
    /// The 256-colour palette.
    Indexed,
    /// The 16 colours of the terminal's own scheme.
    Ansi,
    /// None (`NO_COLOR`, dumb terminals): bold, underline and reverse remain.
    Mono,
}

impl Depth {
    /// What the environment says the terminal can show.
    pub fn detect(env: impl Fn(&str) -> Option<String>) -> Self {
        if env("NO_COLOR").is_some_and(|value| !value.is_empty()) {
            return Self::Mono;
        }
        let term = env("TERM").unwrap_or_default();
        let colorterm = env("COLORTERM").unwrap_or_default();
        if matches!(colorterm.as_str(), "truecolor" | "24bit") || term.ends_with("-direct") {
            Self::True
        } else if term.contains("256color")
            || ["kitty", "ghostty", "alacritty", "foot", "wezterm"].iter().any(|known| term.contains(known))
        {
            Self::Indexed
        } else if matches!(term.as_str(), "" | "dumb" | "vt100") {
            Self::Mono
        } else {
            Self::Ansi
        }
    }
}

/// The colours of one theme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Palette {
    background: Color,
    surface: Color,
    text: Color,
    dim: Color,
    shaded: Color,
    rule: Color,
    accent: Color,
    needs: Color,
    good: Color,
    done: Color,
    bad: Color,
    wait: Color,
}

const fn rgb(hex: u32) -> Color {
    Color::Rgb((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

const DARK: Palette = Palette {
    background: rgb(0x15_171C),
    surface: rgb(0x26_2A33),
    text: rgb(0xD9_DCE3),
    dim: rgb(0x83_8B9A),
    shaded: rgb(0x56_5D6B),
    rule: rgb(0x3D_4350),
    accent: rgb(0xE0_A458),
    needs: rgb(0xE0_86D3),
    good: rgb(0x8F_C57F),
    done: rgb(0x7F_AEE6),
    bad: rgb(0xE8_6F76),
    wait: rgb(0xDD_C15F),
};

const LIGHT: Palette = Palette {
    background: rgb(0xFB_F9F4),
    surface: rgb(0xEC_E5D6),
    text: rgb(0x2A_2A2E),
    dim: rgb(0x6F_6A63),
    shaded: rgb(0xA8_A197),
    rule: rgb(0xCB_C3B4),
    accent: rgb(0x9A_5B00),
    needs: rgb(0x9C_2C8B),
    good: rgb(0x2F_7426),
    done: rgb(0x24_5AA6),
    bad: rgb(0xB3_261E),
    wait: rgb(0x80_6200),
};

const CONTRAST: Palette = Palette {
    background: rgb(0x00_0000),
    surface: rgb(0x30_3030),
    text: rgb(0xFF_FFFF),
    dim: rgb(0xC8_C8C8),
    shaded: rgb(0x80_8080),
    rule: rgb(0x90_9090),
    accent: rgb(0xFF_C45C),
    needs: rgb(0xFF_8CF5),
    good: rgb(0x7D_FF6B),
    done: rgb(0x7F_C4FF),
    bad: rgb(0xFF_7A7A),
    wait: rgb(0xFF_EE58),
};

const CATPPUCCIN: Palette = Palette {
    background: rgb(0x1E_1E2E),
    surface: rgb(0x31_3244),
    text: rgb(0xCD_D6F4),
    dim: rgb(0x93_99B2),
    shaded: rgb(0x6C_7086),
    rule: rgb(0x45_475A),
    accent: rgb(0xFA_B387),
    needs: rgb(0xF5_C2E7),
    good: rgb(0xA6_E3A1),
    done: rgb(0x89_B4FA),
    bad: rgb(0xF3_8BA8),
    wait: rgb(0xF9_E2AF),
};

/// The terminal's own 16 colours.
const ANSI: Palette = Palette {
    background: Color::Reset,
    surface: Color::Reset,
    text: Color::Reset,
    dim: Color::DarkGray,
    shaded: Color::DarkGray,
    rule: Color::DarkGray,
    accent: Color::Yellow,
    needs: Color::Magenta,
    good: Color::Green,
    done: Color::Blue,
    bad: Color::Red,
    wait: Color::Yellow,
};

/// A theme, fitted to what the terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    name: &'static str,
    palette: Palette,
    depth: Depth,
}

/// The names of the built-in themes.
pub const NAMES: [&str; 6] = ["dark", "light", "high-contrast", "catppuccin", "16", "mono"];

impl Theme {
    /// The built-in theme `name` for a terminal of `depth`.
    ///
    /// # Errors
    /// When there is no such theme; names the nearest.
    pub fn named(name: &str, depth: Depth) -> Result<Self> {
        let (name, palette, depth) = match (name, depth) {
            ("mono", _) => ("mono", ANSI, Depth::Mono),
            ("16", Depth::Mono) => ("16", ANSI, Depth::Mono),
            ("16", _) => ("16", ANSI, Depth::Ansi),
            ("dark", _) => ("dark", DARK, depth),
            ("light", _) => ("light", LIGHT, depth),
            ("high-contrast", _) => ("high-contrast", CONTRAST, depth),
            ("catppuccin", _) => ("catppuccin", CATPPUCCIN, depth),
            _ => {
                let hint = match text::nearest(name, NAMES) {
                    Some(near) => format!("did you mean {near}? themes: {}", NAMES.join(", ")),
                    None => format!("themes: {}", NAMES.join(", ")),
                };
                return Err(Error::usage(format!("no theme is called {name:?}")).hint(hint));
            }
        };
        let palette = if matches!(depth, Depth::Ansi | Depth::Mono) { ANSI } else { palette };
        Ok(Self { name, palette, depth })
    }

    /// The theme used when nothing is set.
    pub fn dark(depth: Depth) -> Self {
        let palette = if matches!(depth, Depth::Ansi | Depth::Mono) { ANSI } else { DARK };
        Self { name: "dark", palette, depth }
    }

    /// The theme's name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// How many colours it draws with.
    pub fn depth(&self) -> Depth {
        self.depth
    }

    fn fg(&self, color: Color) -> Style {
        match self.depth {
            Depth::Mono => Style::new(),
            _ => Style::new().fg(self.fit(color)),
        }
    }

    /// `color`, or the nearest the terminal can show.
    pub fn fit(&self, color: Color) -> Color {
        match (self.depth, color) {
            (Depth::Mono, _) => Color::Reset,
            (Depth::Indexed, Color::Rgb(r, g, b)) => Color::Indexed(to_256(r, g, b)),
            (Depth::Ansi, Color::Rgb(r, g, b)) => to_16(r, g, b),
            (Depth::Ansi, Color::Indexed(n)) if n >= 16 => {
                let (r, g, b) = from_256(n);
                to_16(r, g, b)
            }
            _ => color,
        }
    }

    /// Ordinary text on the background.
    pub fn base(&self) -> Style {
        match self.depth {
            Depth::Mono | Depth::Ansi => Style::new(),
            _ => Style::new().fg(self.fit(self.palette.text)).bg(self.fit(self.palette.background)),
        }
    }

    /// Ordinary text.
    pub fn text(&self) -> Style {
        self.fg(self.palette.text)
    }

    /// Text that matters: names, titles of the current thing.
    pub fn strong(&self) -> Style {
        self.text().add_modifier(Modifier::BOLD)
    }

    /// Text that matters less: ids, ages, words beside keys.
    pub fn dim(&self) -> Style {
        if self.depth == Depth::Mono { Style::new().add_modifier(Modifier::DIM) } else { self.fg(self.palette.dim) }
    }

    /// What lies below a dialog.
    pub fn shaded(&self) -> Style {
        match self.depth {
            Depth::Mono => Style::new().add_modifier(Modifier::DIM),
            _ => self.fg(self.palette.shaded),
        }
    }

    /// Rules between panes.
    pub fn rule(&self) -> Style {
        if self.depth == Depth::Mono { Style::new().add_modifier(Modifier::DIM) } else { self.fg(self.palette.rule) }
    }

    /// The focus and the current thing, nothing else.
    pub fn accent(&self) -> Style {
        self.fg(self.palette.accent).add_modifier(Modifier::BOLD)
    }

    /// The background of the selected row; stronger in the pane that has the focus.
    pub fn selected(&self, focused: bool) -> Style {
        match (self.depth, focused) {
            (Depth::Mono | Depth::Ansi, true) => Style::new().add_modifier(Modifier::REVERSED),
            (Depth::Mono | Depth::Ansi, false) => Style::new().add_modifier(Modifier::UNDERLINED),
            (_, _) => Style::new().bg(self.fit(self.palette.surface)),
        }
    }

    /// A panel that lies above the view.
    pub fn panel(&self) -> Style {
        match self.depth {
            Depth::Mono | Depth::Ansi => Style::new(),
            _ => Style::new().fg(self.fit(self.palette.text)).bg(self.fit(self.palette.background)),
        }
    }

    /// A remark above everything: on a ground of its own where there are colours for one.
    pub fn remark(&self) -> Style {
        if self.colours_code() { self.panel().patch(self.selected(true)) } else { Style::new() }
    }

    /// The letters that a search matched.
    pub fn matched(&self) -> Style {
        self.fg(self.palette.accent).add_modifier(Modifier::UNDERLINED)
    }

    /// The colour of an agent's state.
    pub fn state(&self, state: AgentState) -> Style {
        let palette = &self.palette;
        match state {
            AgentState::NeedsYou => self.fg(palette.needs).add_modifier(Modifier::BOLD),
            AgentState::Working => self.fg(palette.good),
            AgentState::Done => self.fg(palette.done),
            AgentState::Idle | AgentState::Starting => self.dim(),
            AgentState::Stuck | AgentState::Dead => self.fg(palette.bad),
            AgentState::RateLimited => self.fg(palette.wait),
        }
    }

    /// Whether there are enough colours to colour code and to tell by the ground which lines came and went.
    pub fn colours_code(&self) -> bool {
        matches!(self.depth, Depth::True | Depth::Indexed)
    }

    /// A stretch of code.
    pub fn ink(&self, ink: Ink) -> Style {
        let palette = &self.palette;
        match ink {
            Ink::Plain => self.text(),
            Ink::Comment => self.dim().add_modifier(Modifier::ITALIC),
            Ink::Text => self.fg(palette.good),
            Ink::Constant => self.fg(palette.wait),
            Ink::Keyword => self.fg(palette.needs),
            Ink::Function => self.fg(palette.done),
            Ink::Type => self.fg(mix(palette.text, palette.done, 55)),
        }
    }

    /// The ground of a line that came, went or stays.
    pub fn ground(&self, kind: LineKind) -> Style {
        let palette = &self.palette;
        let tint = match kind {
            LineKind::Same => return Style::new(),
            LineKind::Added => palette.good,
            LineKind::Removed => palette.bad,
        };
        if self.colours_code() { Style::new().bg(self.fit(mix(palette.background, tint, 14))) } else { Style::new() }
    }

    /// The ground of what exactly differs in such a line.
    pub fn changed(&self, kind: LineKind) -> Style {
        let palette = &self.palette;
        let tint = match kind {
            LineKind::Same => return Style::new(),
            LineKind::Added => palette.good,
            LineKind::Removed => palette.bad,
        };
        if self.colours_code() {
            Style::new().bg(self.fit(mix(palette.background, tint, 34)))
        } else {
            Style::new().add_modifier(Modifier::UNDERLINED)
        }
    }

    /// The ground of a heading inside a text.
    pub fn band(&self) -> Style {
        let palette = &self.palette;
        if self.colours_code() {
            Style::new().bg(self.fit(mix(palette.background, palette.surface, 60)))
        } else {
            Style::new()
        }
    }

    /// The colour of something that should strike the eye in `tone`.
    pub fn tone(&self, tone: Tone) -> Style {
        let palette = &self.palette;
        match tone {
            Tone::Plain => self.dim(),
            Tone::Good => self.fg(palette.good),
            Tone::Calls => self.fg(palette.needs),
            Tone::Bad => self.fg(palette.bad),
            Tone::Moves => self.fg(palette.done),
        }
    }
}

/// `share` hundredths of `b` in `a`.
fn mix(a: Color, b: Color, share: u16) -> Color {
    let (Color::Rgb(r1, g1, b1), Color::Rgb(r2, g2, b2)) = (a, b) else { return b };
    let mix = |x: u8, y: u8| {
        let sum = u16::from(x) * (100 - share.min(100)) + u16::from(y) * share.min(100);
        u8::try_from(sum / 100).unwrap_or(u8::MAX)
    };
    Color::Rgb(mix(r1, r2), mix(g1, g2), mix(b1, b2))
}

/// The levels of one channel in the colour cube of the 256-colour palette.
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

fn distance(a: (u8, u8, u8), b: (u8, u8, u8)) -> u32 {
    let square = |x: u8, y: u8| u32::from(x.abs_diff(y)).pow(2);
    square(a.0, b.0) * 2 + square(a.1, b.1) * 4 + square(a.2, b.2) * 3
}

fn to_256(r: u8, g: u8, b: u8) -> u8 {
    let level = |value: u8| (0u8..6).min_by_key(|&i| CUBE[usize::from(i)].abs_diff(value)).unwrap_or(0);
    let (i, j, k) = (level(r), level(g), level(b));
    let cube = (CUBE[usize::from(i)], CUBE[usize::from(j)], CUBE[usize::from(k)]);
    let average = (u16::from(r) + u16::from(g) + u16::from(b)) / 3;
    let step = u8::try_from((average.saturating_sub(3) / 10).min(23)).unwrap_or(23);
    let grey = 8 + 10 * step;
    if distance((r, g, b), (grey, grey, grey)) < distance((r, g, b), cube) {
        232 + step
    } else {
        16 + 36 * i + 6 * j + k
    }
}

fn from_256(n: u8) -> (u8, u8, u8) {
    if n >= 232 {
        let grey = 8 + 10 * (n - 232);
        return (grey, grey, grey);
    }
    let n = n.saturating_sub(16);
    (CUBE[usize::from(n / 36)], CUBE[usize::from(n / 6 % 6)], CUBE[usize::from(n % 6)])
}

fn to_16(r: u8, g: u8, b: u8) -> Color {
    const COLORS: [(Color, (u8, u8, u8)); 16] = [
        (Color::Black, (0, 0, 0)),
        (Color::Red, (170, 0, 0)),
        (Color::Green, (0, 170, 0)),
        (Color::Yellow, (170, 110, 0)),
        (Color::Blue, (0, 0, 170)),
        (Color::Magenta, (170, 0, 170)),
        (Color::Cyan, (0, 170, 170)),
        (Color::Gray, (170, 170, 170)),
        (Color::DarkGray, (85, 85, 85)),
        (Color::LightRed, (255, 85, 85)),
        (Color::LightGreen, (85, 255, 85)),
        (Color::LightYellow, (255, 255, 85)),
        (Color::LightBlue, (85, 85, 255)),
        (Color::LightMagenta, (255, 85, 255)),
        (Color::LightCyan, (85, 255, 255)),
        (Color::White, (255, 255, 255)),
    ];
    COLORS.iter().min_by_key(|(_, rgb)| distance((r, g, b), *rgb)).map_or(Color::Reset, |(color, _)| *color)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_decides_the_depth() {
        let depth = |pairs: &[(&str, &str)]| {
            Depth::detect(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
        };
        assert_eq!(depth(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]), Depth::True);
        assert_eq!(depth(&[("TERM", "xterm-256color")]), Depth::Indexed);
        assert_eq!(depth(&[("TERM", "linux")]), Depth::Ansi);
        assert_eq!(depth(&[("TERM", "dumb")]), Depth::Mono);
        assert_eq!(depth(&[("TERM", "xterm-256color"), ("NO_COLOR", "1")]), Depth::Mono);
    }

    #[test]
    fn no_theme_sends_more_colours_than_the_terminal_has() {
        for name in NAMES {
            for depth in [Depth::Indexed, Depth::Ansi, Depth::Mono] {
                let theme = Theme::named(name, depth).unwrap();
                for style in
                    [theme.base(), theme.accent(), theme.dim(), theme.selected(true), theme.state(AgentState::Done)]
                {
                    for color in [style.fg, style.bg].into_iter().flatten() {
                        let fits = match color {
                            Color::Rgb(..) => false,
                            Color::Indexed(_) => theme.depth() == Depth::Indexed,
                            Color::Reset => true,
                            _ => theme.depth() != Depth::Mono,
                        };
                        assert!(fits, "{name} {depth:?} {color:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn an_unknown_theme_names_the_nearest() {
        let error = Theme::named("dak", Depth::True).unwrap_err();
        assert!(error.hint_text().is_some_and(|hint| hint.contains("did you mean dark")), "{error:?}");
    }
}
