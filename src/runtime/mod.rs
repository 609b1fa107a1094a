//! Agent runtimes: which program an agent is, how it is started, what state it is in, and the `script` runtime of our own.

mod catalogue;
mod custom;
pub mod hook_files;
pub mod lifecycle;
pub mod limits;
pub mod login;
mod opencode;
mod prepare;
mod resolve;
pub mod screen;
pub mod script;
mod settle;
mod start;
mod state;
pub mod transcript;
mod trust;

pub use catalogue::{
    HookFormat, Preset, PromptMode, ResumeStyle, TitleRule, TranscriptFormat, TrustStyle, builtin, builtin_names,
};
pub use custom::unknown_keys;
pub use login::{Login, login};
pub use prepare::{Prepared, prepare};
pub use resolve::{Layers, choose, custom, preset};
pub use settle::{Settle, settled};
pub use start::{StartContext, check_available, command_line, environment, has_program, split_words};
pub use state::{AgentState, Exited, Facts, Program, StateReading, read_state};
pub use trust::{Extra, trust};
