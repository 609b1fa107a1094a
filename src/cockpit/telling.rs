//! Telling the person beside the screen: by the terminal, by the desktop, by a command of theirs.

use std::io::{self, Write};
use std::process::{Command, Stdio};

use super::settings::{Notify, Settings};

/// Tells `title` and `body` in the ways the settings say: what has to be written to the terminal is written to `out`. Returns what went
/// wrong, in words.
///
/// # Errors
/// When the terminal can't be written to.
pub fn tell(settings: &Settings, title: &str, body: &str, out: &mut dyn Write) -> io::Result<Option<String>> {
    let mut problem = None;
    let clean = |text: &str| crate::base::text::neutralise(text, true).into_owned();
    let (title, body) = (clean(title), clean(body));
    // What parts the fields of a sequence must not be in one of them.
    let field = |text: &str| text.replace(';', ",");
    for way in settings.ways() {
        match way {
            Notify::Bell => write!(out, "\x07")?,
            Notify::Osc9 if body.is_empty() => write!(out, "\x1b]9;{}\x1b\\", field(&title))?,
            Notify::Osc9 => write!(out, "\x1b]9;{}: {}\x1b\\", field(&title), field(&body))?,
            Notify::Osc777 => write!(out, "\x1b]777;notify;{};{}\x1b\\", field(&title), field(&body))?,
            Notify::Desktop => problem = start(desktop(&title, &body)).or(problem),
            Notify::Off => {}
        }
    }
    out.flush()?;
    if let Some(line) = &settings.notify_command {
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!("{line} \"$@\"")).arg("sh").args([&title, &body]);
        problem = start(command).or(problem);
    }
    Ok(problem)
}

fn desktop(title: &str, body: &str) -> Command {
    if cfg!(target_os = "macos") {
        let mut command = Command::new("osascript");
        let script = "on run argv\ndisplay notification (item 2 of argv) with title (item 1 of argv)\nend run";
        command.args(["-e", script, title, body]);
        return command;
    }
    let mut command = Command::new("notify-send");
    command.args(["--app-name=Gas Town", "--", title, body]);
    command
}

/// Starts a program out of the way of the screen, and says why that failed.
pub fn start(mut command: Command) -> Option<String> {
    let started = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    match started {
        Ok(mut child) => {
            // Whoever starts a process takes note of its end.
            std::thread::spawn(move || child.wait());
            None
        }
        Err(error) => Some(format!("{} could not be started: {error}", command.get_program().to_string_lossy())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(ways: &[Notify], title: &str, body: &str) -> String {
        let settings = Settings { notify: Some(ways.to_vec()), ..Settings::default() };
        let mut out = Vec::new();
        assert_eq!(tell(&settings, title, body, &mut out).unwrap(), None);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_terminal_is_told_in_every_way_asked_for_and_nothing_else() {
        assert_eq!(told(&[], "a", "b"), "");
        assert_eq!(told(&[Notify::Off], "a", "b"), "");
        assert_eq!(
            told(&[Notify::Bell, Notify::Osc9, Notify::Osc777], "nux; needs\x1b you", "Which?"),
            "\x07\x1b]9;nux, needs^[ you: Which?\x1b\\\x1b]777;notify;nux, needs^[ you;Which?\x1b\\"
        );
    }

    #[test]
    fn a_command_gets_title_and_text_as_they_are() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("told");
        let line = format!("f() {{ printf '%s|%s' \"$1\" \"$2\" > {0}.new; mv {0}.new {0}; }}; f", file.display());
        let settings = Settings { notify: Some(Vec::new()), notify_command: Some(line), ..Settings::default() };
        assert_eq!(tell(&settings, "nux $(id) 'needs' you", "Which; one?", &mut Vec::new()).unwrap(), None);
        while !file.exists() {
            std::thread::yield_now();
        }
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "nux $(id) 'needs' you|Which; one?");
    }
}
