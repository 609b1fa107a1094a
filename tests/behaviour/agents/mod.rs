//! The agents' real programs against a scripted model: nothing leaves this machine, and no account is needed.

mod clis;
mod fakes;
mod http;
mod models;
mod person;
mod streams;
mod world;

mod work;
