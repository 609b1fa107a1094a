//! Answers to what views ask of the ledger.

use super::super::ask::{Ask, Told};
use super::super::costs::{GROUPS, Span, Spent, SpentRow, dollars};
use super::super::ink::Inks;
use super::setup;
use crate::base::{Result, Timestamp};
use crate::view;
use crate::work::Desk;
use crate::work::costs::{self, By, Query, Sum};
use crate::work::hook_review::Reader;

/// Days of the course of costs.
const DAYS: usize = 14;

/// The answer to `ask`.
pub(super) fn answer(desk: &Desk, ask: &Ask) -> Result<Told> {
    Ok(match ask {
        Ask::Beads(text, closed) => Told::Beads(view::beads::beads(desk, text, *closed)?),
        Ask::Bead(id) => Told::Bead(Box::new(view::beads::bead(desk, id)?)),
        Ask::Mail => Told::Mail(view::mail::letters(desk)?),
        Ask::Request(id) => Told::Request(Box::new(view::queue::request(desk, id)?)),
        Ask::Settings => Told::Settings(setup::settings(&desk.town)?),
        Ask::Costs(by, span) => Told::Costs(Box::new(spent(desk, *by, *span)?)),
        Ask::Log(text, topic) => Told::Log(view::log::log(desk, text, *topic)?),
        Ask::Delays(convoy) => Told::Delays(view::convoys::delays(desk, convoy)?),
        Ask::Hooks(archived) => Told::Hooks(view::hooks::list(desk, *archived)?),
        Ask::Hook(agent, from) => {
            let picture = view::hooks::hook(desk, &mut Reader::default(), agent, from.as_deref())?;
            Told::Hook(Box::new(picture), Inks::default())
        }
    })
}

/// What was spent today, for the top line.
pub(super) fn today(desk: &Desk) -> Result<Told> {
    let today = costs::today(desk)?;
    Ok(Told::Today(today.usd.map(|usd| dollars(Some(usd)))))
}

fn spent(desk: &Desk, by: usize, span: Span) -> Result<Spent> {
    let row = |sum: Sum| SpentRow {
        key: sum.key,
        usd: sum.usd,
        read: sum.tokens.input + sum.tokens.cache_write,
        cached: sum.tokens.cache_read,
        written: sum.tokens.output,
        unpriced: sum.unpriced,
    };
    let group = GROUPS.get(by).map_or(By::Agent, |(group, _)| *group);
    let found = costs::costs(desk, &Query { by: group, since: span.since(Timestamp::now()), ..Query::default() })?;
    let days = costs::costs(desk, &Query { by: By::Day, ..Query::default() })?;
    let mut days: Vec<(String, Option<f64>)> = days.rows.into_iter().map(|sum| (sum.key, sum.usd)).collect();
    days.sort_by(|a, b| b.0.cmp(&a.0));
    days.truncate(DAYS);
    let mut unknown: Vec<(String, String)> = found.unknown.into_iter().map(|one| (one.agent, one.preset)).collect();
    unknown.sort();
    unknown.dedup();
    Ok(Spent {
        by,
        all: row(found.all),
        rows: found.rows.into_iter().map(row).collect(),
        days,
        unknown,
        prices: found.prices_as_of,
    })
}
