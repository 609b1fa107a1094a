//! Rigs: adding a project to the town, looking at it, taking it out again.
