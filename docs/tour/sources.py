"""The files of the tour's three projects, and what their agents make of them."""

CART = '''//! The cart: what is in it, and what it costs.

use std::collections::HashMap;

use crate::money::Money;

/// One line of a cart.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    pub article: String,
    pub price: Money,
    pub count: u32,
}

impl Line {
    /// What the line costs, in whole cents.
    pub fn cost(&self) -> Money {
        (self.price * self.count).round()
    }
}

/// What all lines cost.
pub fn total(lines: &[Line]) -> Money {
    let mut sum = Money::ZERO;
    for line in lines {
        sum += line.cost();
    }
    sum
}

/// How many of each article there are.
pub fn by_article(lines: &[Line]) -> HashMap<String, u32> {
    let mut counts = HashMap::new();
    for line in lines {
        *counts.entry(line.article.clone()).or_default() += line.count;
    }
    counts
}
'''

CART_NOW = CART.replace('''    /// What the line costs, in whole cents.
    pub fn cost(&self) -> Money {
        (self.price * self.count).round()
    }
''', '''    /// What the line costs, to the fraction of a cent.
    pub fn cost(&self) -> Money {
        self.price * self.count
    }
''').replace('''/// What all lines cost.
pub fn total(lines: &[Line]) -> Money {
    let mut sum = Money::ZERO;
    for line in lines {
        sum += line.cost();
    }
    sum
}
''', '''/// What all lines cost, in whole cents.
///
/// Only the sum is rounded: three lines of 0.335 are 1.01, not 1.02.
pub fn total(lines: &[Line]) -> Money {
    lines.iter().map(Line::cost).sum::<Money>().round()
}
''')

CART_TEST = '''use shop::cart::{Line, total};
use shop::money::Money;

#[test]
fn totals_are_rounded_once() {
    let line = |price: &str| Line { article: "pin".into(), price: price.parse().unwrap(), count: 1 };
    let lines = ["0.335", "0.335", "0.335"].map(line);
    assert_eq!(total(&lines), Money::cents(101));
}
'''

SESSION = '''import { randomUUID } from "node:crypto";

/** What is known of a visitor between two requests. */
export interface Session {
  id: string;
  cart: string[];
  seen: number;
}

const sessions = new Map<string, Session>();

/** Finds a session, or makes one. */
export function session(id?: string): Session {
  const found = id ? sessions.get(id) : undefined;
  if (found) {
    return { ...found, seen: Date.now() };
  }
  const made = { id: randomUUID(), cart: [], seen: Date.now() };
  sessions.set(made.id, made);
  return made;
}
'''

SESSION_NOW = SESSION.replace('''import { randomUUID } from "node:crypto";
''', '''import { randomUUID } from "node:crypto";
import { createClient } from "redis";
''').replace('''const sessions = new Map<string, Session>();

/** Finds a session, or makes one. */
export function session(id?: string): Session {
  const found = id ? sessions.get(id) : undefined;
  if (found) {
    return { ...found, seen: Date.now() };
  }
''', '''const redis = createClient({ url: process.env.REDIS_URL });
const key = (id: string) => `session:${id}`;
const DAY = 24 * 60 * 60;

/**
 * Finds a session, or makes one.
 * It is forgotten a day after the last request.
 */
export async function session(id?: string): Promise<Session> {
  const found = id ? await redis.get(key(id)) : null;
  if (found) {
    return { ...JSON.parse(found), seen: Date.now() };
  }
''').replace('''  sessions.set(made.id, made);
''', '''  await redis.set(key(made.id), JSON.stringify(made), { EX: DAY });
''')

SEARCH = '''"""Search over articles."""

from api.limits import limited
from api.store import articles


@limited(per_minute=60)
def orders(request):
    return [order.as_json() for order in request.account.orders]


def search(request):
    words = request.query.get("q", "").split()
    found = articles.matching(words)
    return {"count": len(found), "articles": [one.as_json() for one in found[:50]]}
'''

SEARCH_NOW = SEARCH.replace('''def search(request):
''', '''@limited(per_minute=20)
def search(request):
    """Answers 429 with Retry-After when one key asks too often."""
''')

GUIDE = '''# Your first day

1. Install it: `npm install -g shop-cli`
2. Open the shop: `shop open`
3. Sell something.
'''

FILES = {
    "shop": {"src/cart.rs": CART, "web/session.ts": SESSION, "src/cart.txt": "total = sum\n" * 12, "src/mail.txt": "hello\n"},
    "api": {"api/search.py": SEARCH, "src/mail.txt": "hello\n"},
    "docs": {"guide/README.md": "# Guides\n", "src/mail.txt": "hello\n"},
}
