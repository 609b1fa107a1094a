//! Running a property for as long as somebody wants: a short form in every test run, `GT_FUZZ_SECONDS` for more.

use std::time::{Duration, Instant};

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

/// Tries `check` on a few hundred values, or on new ones until `GT_FUZZ_SECONDS` have passed, and says how many there were.
pub fn run<S: Strategy>(name: &str, strategy: &S, check: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    const ROUND: u32 = 96;
    let seconds = std::env::var("GT_FUZZ_SECONDS").ok().and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    let start = Instant::now();
    let mut cases: u64 = 0;
    loop {
        let config = Config { cases: ROUND, failure_persistence: None, ..Config::default() };
        let result = TestRunner::new(config).run(strategy, &check);
        assert!(result.is_ok(), "{name}: {}", result.err().map(|error| error.to_string()).unwrap_or_default());
        cases += u64::from(ROUND);
        if start.elapsed() >= Duration::from_secs(seconds) {
            break;
        }
    }
    println!("{name}: {cases} cases in {:.0?}", start.elapsed());
}
