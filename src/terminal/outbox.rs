//! What leaves the emulator besides its screen: answers and events, in order.

use std::cell::RefCell;
use std::rc::Rc;

use rio_vt::config::colors::ColorRgb;
use rio_vt::event::{EventListener, RioEvent, WindowId};

use super::emulator::TermEvent;
use super::palette;
use crate::base::text;

/// Replies and events kept until taken; a program that asks without reading gets no more.
const MAX_REPLIES: usize = 64 * 1024;
const MAX_EVENTS: usize = 256;
/// The longest title, in characters.
pub(super) const MAX_TITLE: usize = 256;

/// What the engine says while it is fed, in order with our own answers.
#[derive(Default)]
pub(super) struct Outbox {
    pub replies: Vec<u8>,
    pub events: Vec<TermEvent>,
    /// Colours the program set itself (OSC 4, 10, 11, 12).
    pub colors: Vec<(usize, ColorRgb)>,
    pub title: String,
}

impl Outbox {
    pub fn reply(&mut self, bytes: &[u8]) {
        if self.replies.len() + bytes.len() <= MAX_REPLIES {
            self.replies.extend_from_slice(bytes);
        }
    }

    pub fn event(&mut self, event: TermEvent) {
        if self.events.len() < MAX_EVENTS {
            self.events.push(event);
        }
    }

    fn color(&self, index: usize) -> ColorRgb {
        let set = self.colors.iter().find(|(at, _)| *at == index).map(|(_, color)| *color);
        set.unwrap_or_else(|| {
            let (r, g, b) = palette::color(index);
            ColorRgb { r, g, b }
        })
    }
}

/// What the engine speaks to.
#[derive(Clone, Default)]
pub(super) struct Listener(pub Rc<RefCell<Outbox>>);

impl EventListener for Listener {
    fn send_event(&self, event: RioEvent, _window: WindowId) {
        let mut out = self.0.borrow_mut();
        match event {
            RioEvent::PtyWrite(_, reply) => out.reply(reply.as_bytes()),
            RioEvent::ColorRequest(_, index, format) => {
                let reply = format(out.color(index));
                out.reply(reply.as_bytes());
            }
            RioEvent::ColorChange(_, index, color) => {
                out.colors.retain(|(at, _)| *at != index);
                out.colors.extend(color.map(|color| (index, color)));
            }
            RioEvent::Bell(_) if out.events.last() != Some(&TermEvent::Bell) => {
                out.event(TermEvent::Bell);
            }
            RioEvent::Title(_, title) => {
                let title: String = text::neutralise(title.trim(), true).chars().take(MAX_TITLE).collect();
                if title != out.title {
                    out.title.clone_from(&title);
                    out.event(TermEvent::Title(title));
                }
            }
            _ => {}
        }
    }
}
