//! Read models: one plain, serialisable picture of the town that every face shows.

pub mod agents;
pub mod beads;
pub mod build;
pub mod convoys;
pub mod feed;
pub mod hooks;
pub mod log;
pub mod mail;
pub mod model;
pub mod names;
pub mod queue;

pub use agents::town;
pub use beads::{BeadDetail, BeadLine};
pub use build::{build, ready};
pub use convoys::{Delays, HeldUp};
pub use hooks::{HookPicture, HookRow};
pub use log::{LogLine, Topic};
pub use mail::Letter;
pub use queue::RequestDetail;

pub use model::{
    AgentState, AgentView, ConvoyView, Counts, FeedLine, Landing, MemberView, QueueEntry, ReadyBead, RigView, Tone,
    TownView,
};
