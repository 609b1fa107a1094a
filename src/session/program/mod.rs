//! A program by descriptor: one that can be waited for by others than its parent, and given to them over a socket.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod macos;

#[cfg(target_os = "linux")]
pub(super) use linux::{exit_status, give_way, given, share, to_give, to_pass};
#[cfg(not(target_os = "linux"))]
pub(super) use macos::{exit_status, give_way, given, share, to_give, to_pass};
