//! Operating system commands: titles, colours, links, notifications, the clipboard and program status.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use termstate_core::{Message, parse_body};

use super::emulator::TermEvent;
use super::inner::Inner;
use super::outbox::MAX_TITLE;
use crate::base::text;

/// The longest clipboard text passed on.
const MAX_CLIPBOARD: usize = 100 * 1024;
/// The answer to the query of the program status protocol: the states and kinds this terminal understands.
const QUERY_REPLY: &[u8] = b"\x1b]7501;?:states=idle,working,done,blocked,error:kinds=permission,question,auth\x1b\\";
/// Base64 as programs send it, with padding or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);
/// The longest hyperlink.
const MAX_LINK: usize = 2083;

impl Inner {
    /// Deals with the content of one.
    pub(super) fn osc(&mut self, body: &[u8], bell: bool) {
        let split = body.iter().position(|b| *b == b';').unwrap_or(body.len());
        let (code, rest) = (&body[..split], body.get(split + 1..).unwrap_or_default());
        let rest_text = || String::from_utf8_lossy(rest);
        match code {
            b"0" | b"2" => self.set_title(&rest_text()),
            b"4" | b"10" | b"11" | b"12" | b"104" | b"110" | b"111" | b"112" if body.len() <= 4096 => {
                self.pass_osc(body, bell);
            }
            b"8" if body.len() <= MAX_LINK => self.pass_osc(body, bell),
            b"133" if body.len() <= 256 => {
                if rest.first() == Some(&b'A') && self.status.prompt_started() {
                    self.event(TermEvent::Status);
                }
                self.pass_osc(body, bell);
            }
            b"9" => self.osc9(&rest_text()),
            b"777" => {
                let rest = rest_text();
                let mut parts = rest.splitn(3, ';');
                if parts.next() == Some("notify") {
                    self.notify(parts.next().unwrap_or(""), parts.next().unwrap_or(""));
                }
            }
            b"99" => self.osc99(&rest_text()),
            b"52" => {
                let payload = rest.iter().position(|b| *b == b';').map_or(&[][..], |at| &rest[at + 1..]);
                // A query would let a program read the clipboard: it gets no answer.
                if payload != b"?"
                    && let Some(bytes) = BASE64.decode(payload).ok().filter(|bytes| bytes.len() <= MAX_CLIPBOARD)
                {
                    self.event(TermEvent::Clipboard(String::from_utf8_lossy(&bytes).into_owned()));
                }
            }
            b"7501" => match parse_body(rest) {
                Ok(Message::Feature(_)) => self.reply(QUERY_REPLY),
                Ok(message) if self.status.apply(&message) => self.event(TermEvent::Status),
                // A report with a mistake in it is dropped whole.
                Ok(_) | Err(_) => {}
            },
            _ => {}
        }
    }

    /// Sets the title; the engine keeps it, and its stack.
    pub(super) fn set_title(&mut self, title: &str) {
        let title: String = title.chars().filter(|c| !c.is_control()).take(MAX_TITLE).collect();
        self.run(format!("\x1b]2;{title}\x07").as_bytes());
    }

    fn pass_osc(&mut self, body: &[u8], bell: bool) {
        let mut whole = b"\x1b]".to_vec();
        whole.extend_from_slice(body);
        whole.extend_from_slice(if bell { b"\x07" } else { b"\x1b\\" });
        self.run(&whole);
    }

    /// iTerm's notification, or ConEmu's progress (`4;state;percent`).
    fn osc9(&mut self, rest: &str) {
        if let Some(report) = rest.strip_prefix("4;") {
            let mut parts = report.split(';');
            let state = parts.next().unwrap_or("");
            let percent = parts.next().and_then(|n| n.parse::<u8>().ok()).map(|n| n.min(100));
            let progress = match state {
                "0" => None,
                "3" => Some(self.progress.unwrap_or(0)),
                _ => percent.or(self.progress),
            };
            if progress != self.progress {
                self.progress = progress;
                self.event(TermEvent::Progress(progress));
            }
        } else if !rest.split(';').next().is_some_and(|first| first.parse::<u8>().is_ok() && rest.contains(';')) {
            self.notify("", rest);
        }
    }

    /// kitty's notifications: metadata, then a title or a body, possibly in several parts of one id.
    fn osc99(&mut self, rest: &str) {
        let (metadata, payload) = rest.split_once(';').unwrap_or((rest, ""));
        let field = |key: &str| {
            metadata.split(':').find_map(|pair| pair.split_once('=').filter(|(k, _)| *k == key).map(|(_, v)| v))
        };
        let id: String = field("i").unwrap_or("").chars().filter(char::is_ascii_graphic).take(64).collect();
        let kind = field("p").unwrap_or("title");
        if kind == "?" {
            self.reply(format!("\x1b]99;i={id}:p=?;p=title,body\x1b\\").as_bytes());
            return;
        }
        let payload = match field("e") {
            Some("1") => BASE64.decode(payload).map(|b| String::from_utf8_lossy(&b).into_owned()).unwrap_or_default(),
            _ => payload.to_owned(),
        };
        let (_, mut title, mut body) = self.notification.take().filter(|(open, _, _)| *open == id).unwrap_or((
            id.clone(),
            String::new(),
            String::new(),
        ));
        match kind {
            "title" if title.len() < 1024 => title.push_str(&payload),
            "body" if body.len() < 4096 => body.push_str(&payload),
            _ => {}
        }
        if field("d") == Some("0") {
            self.notification = Some((id, title, body));
        } else {
            self.notify(&title, &body);
        }
    }

    fn notify(&mut self, title: &str, body: &str) {
        let clean = |text: &str| text::neutralise(text.trim(), true).chars().take(1024).collect::<String>();
        let (title, body) = (clean(title), clean(body));
        if !title.is_empty() || !body.is_empty() {
            self.event(TermEvent::Notification { title, body });
        }
    }
}
