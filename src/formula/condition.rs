//! Conditions: those on variables, decided when a formula is cooked, and those on running work, only checked for their form.

use std::sync::OnceLock;

use regex::Regex;

use super::values::Values;

/// Whether a step with this condition stays: `{{v}}`, `!{{v}}`, `{{v}} == x`, `{{v}} != x`, several joined by `&&`.
pub(super) fn holds(condition: &str, values: &Values) -> Result<bool, String> {
    let mut all = true;
    for part in condition.split("&&") {
        // Every part is read, so that none is left unchecked behind one that does not hold.
        all &= single(part.trim(), values)?;
    }
    Ok(all)
}

fn single(text: &str, values: &Values) -> Result<bool, String> {
    if text.is_empty() {
        return Ok(true);
    }
    let (negated, rest) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest.trim_start()));
    let wrong = || format!("{text:?} is no condition: write {{{{v}}}}, !{{{{v}}}}, {{{{v}}}} == x or {{{{v}}}} != x");
    let (name, rest) = rest.strip_prefix("{{").and_then(|rest| rest.split_once("}}")).ok_or_else(wrong)?;
    let name = name.trim();
    if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
        return Err(wrong());
    }
    let value = values.get(name).map(String::as_str).unwrap_or_default();
    let rest = rest.trim();
    if let Some(wanted) = rest.strip_prefix("==").filter(|_| !negated) {
        Ok(value == unquoted(wanted))
    } else if let Some(wanted) = rest.strip_prefix("!=").filter(|_| !negated) {
        Ok(value != unquoted(wanted))
    } else if rest.is_empty() {
        let truthy = !matches!(value.to_ascii_lowercase().as_str(), "" | "false" | "0" | "no" | "off");
        Ok(truthy != negated)
    } else {
        Err(wrong())
    }
}

fn unquoted(text: &str) -> &str {
    let text = text.trim();
    for quote in ['"', '\''] {
        if let Some(inner) = text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote)) {
            return inner;
        }
    }
    text
}

/// Whether a condition on running work is well formed: `step.field op v`, `children(s).all(cond)`, `steps.open op n`,
/// `file.exists('p')`, `env.X op v`.
pub(super) fn is_runtime(text: &str) -> bool {
    static FORM: OnceLock<Option<Regex>> = OnceLock::new();
    const OP: &str = r"\s*(==|!=|>=|<=|>|<)\s*\S.*";
    let form = FORM.get_or_init(|| {
        let group = format!(r"(children|descendants|steps)\([^()]*\)\.(all|any|count)\((.*)\)({OP})?");
        let field = format!(r"[\w-]+(\.[\w-]+)+{OP}");
        let file = r#"file\.exists\(('[^']+'|"[^"]+")\)"#;
        Regex::new(&format!(r"^\s*!?({group}|{field}|{file})\s*$")).ok()
    });
    form.as_ref().is_none_or(|form| form.is_match(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_on_variables() {
        let values: Values =
            [("a".into(), "yes".into()), ("b".into(), "Off".into()), ("env".into(), "prod".into())].into();
        for (text, wanted) in [
            ("", true),
            ("{{a}}", true),
            ("!{{a}}", false),
            ("{{b}}", false),
            ("!{{ b }}", true),
            ("{{missing}}", false),
            ("{{env}} == prod", true),
            ("{{env}} == 'prod'", true),
            ("{{env}} != \"prod\"", false),
            ("{{a}} && {{env}} == prod", true),
            ("{{a}} && {{b}}", false),
        ] {
            assert_eq!(holds(text, &values), Ok(wanted), "{text}");
        }
        for text in ["a", "{{a", "{{a}} > 1", "!{{a}} == yes", "{{a b}}"] {
            assert!(holds(text, &values).is_err(), "{text}");
        }
    }

    #[test]
    fn conditions_on_running_work() {
        for text in [
            "step.status == 'complete'",
            "step.output.approved == true",
            "children(step).all(status == 'complete')",
            "steps(review).count(status == 'closed') >= 3",
            "steps.open == 0",
            "file.exists('go.mod')",
            "env.CI == true",
        ] {
            assert!(is_runtime(text), "{text}");
        }
        for text in ["", "whatever", "file.exists(x)", "step == 1", "children.maybe(x)"] {
            assert!(!is_runtime(text), "{text}");
        }
    }
}
