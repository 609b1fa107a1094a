//! Read models: one plain, serialisable picture of the town that every face shows.

pub mod agents;
pub mod build;
pub mod feed;
pub mod model;

pub use agents::town;
pub use build::{build, ready};
pub use model::{
    AgentState, AgentView, ConvoyView, Counts, FeedLine, MemberView, QueueEntry, ReadyBead, RigView, Tone, TownView,
};
