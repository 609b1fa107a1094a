//! Integer arithmetic in ranges: `1..2^{discs}-1`.

use std::iter::Peekable;
use std::str::Chars;

/// How deep parentheses may be nested.
const DEPTH: usize = 64;

/// The two ends of `from..to`, both included, with every `{name}` and `{{name}}` replaced by what `value` gives.
///
/// # Errors
/// What is wrong, in words.
pub(super) fn range(text: &str, value: impl Fn(&str) -> Option<String>) -> Result<(i64, i64), String> {
    let text = bind(text, value)?;
    let (from, to) = text.split_once("..").ok_or_else(|| format!("range {text:?} must be written from..to"))?;
    Ok((evaluate(from)?, evaluate(to)?))
}

fn bind(text: &str, value: impl Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (double, after) = after.strip_prefix('{').map_or((false, after), |after| (true, after));
        let (name, after) =
            after.split_once('}').ok_or_else(|| format!("range {text:?} has a brace without its end"))?;
        out.push_str(before);
        let name = name.trim();
        out.push('(');
        out.push_str(
            &value(name).ok_or_else(|| format!("range {text:?} needs the variable {name:?}, which has no value"))?,
        );
        out.push(')');
        rest = if double { after.strip_prefix('}').unwrap_or(after) } else { after };
    }
    out.push_str(rest);
    Ok(out)
}

/// The value of an expression of integers, `+ - * / ^` and parentheses.
pub(super) fn evaluate(text: &str) -> Result<i64, String> {
    let mut parser = Parser { text, chars: text.chars().peekable(), depth: 0 };
    let value = parser.sum()?;
    match parser.next_char() {
        None => Ok(value),
        Some(found) => Err(format!("unexpected {found:?} in {text:?}")),
    }
}

struct Parser<'a> {
    text: &'a str,
    chars: Peekable<Chars<'a>>,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&mut self) -> Option<char> {
        while self.chars.next_if(|c| c.is_whitespace()).is_some() {}
        self.chars.peek().copied()
    }

    fn next_char(&mut self) -> Option<char> {
        self.peek()?;
        self.chars.next()
    }

    fn overflow(&self) -> String {
        format!("{:?} is too large", self.text)
    }

    fn sum(&mut self) -> Result<i64, String> {
        let mut left = self.product()?;
        while let Some(sign @ ('+' | '-')) = self.peek() {
            self.chars.next();
            let right = self.product()?;
            let value = if sign == '+' { left.checked_add(right) } else { left.checked_sub(right) };
            left = value.ok_or_else(|| self.overflow())?;
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<i64, String> {
        let mut left = self.power()?;
        while let Some(sign @ ('*' | '/')) = self.peek() {
            self.chars.next();
            let right = self.power()?;
            if sign == '/' && right == 0 {
                return Err(format!("{:?} divides by zero", self.text));
            }
            let value = if sign == '*' { left.checked_mul(right) } else { left.checked_div(right) };
            left = value.ok_or_else(|| self.overflow())?;
        }
        Ok(left)
    }

    fn power(&mut self) -> Result<i64, String> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(format!("{:?} is nested too deep", self.text));
        }
        let base = self.unit()?;
        let value = if self.peek() == Some('^') {
            self.chars.next();
            let exponent = self.power()?;
            let exponent = u32::try_from(exponent).map_err(|_| format!("{:?} has a negative exponent", self.text))?;
            base.checked_pow(exponent).ok_or_else(|| self.overflow())?
        } else {
            base
        };
        self.depth -= 1;
        Ok(value)
    }

    fn unit(&mut self) -> Result<i64, String> {
        match self.peek() {
            Some('(') => {
                self.chars.next();
                let value = self.sum()?;
                match self.next_char() {
                    Some(')') => Ok(value),
                    _ => Err(format!("{:?} lacks a closing parenthesis", self.text)),
                }
            }
            Some('-') => {
                self.chars.next();
                self.power()?.checked_neg().ok_or_else(|| self.overflow())
            }
            Some(c) if c.is_ascii_digit() => {
                let mut value: i64 = 0;
                while let Some(digit) = self.chars.next_if(char::is_ascii_digit).and_then(|c| c.to_digit(10)) {
                    value = value
                        .checked_mul(10)
                        .and_then(|value| value.checked_add(i64::from(digit)))
                        .ok_or_else(|| self.overflow())?;
                }
                Ok(value)
            }
            Some(c) => Err(format!("unexpected {c:?} in {:?}", self.text)),
            None => Err(format!("{:?} ends too early", self.text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic() {
        for (text, value) in [
            ("1", 1),
            (" 2 ^ 3 ^ 2 ", 512),
            ("2^10-1", 1023),
            ("(1+2)*3", 9),
            ("7/2", 3),
            ("-2+5", 3),
            ("2*-3", -6),
            ("10-2-3", 5),
        ] {
            assert_eq!(evaluate(text), Ok(value), "{text}");
        }
        for text in ["", "1+", "(1", "1/0", "2^64", "2^-1", "a", "9223372036854775808", "1 2"] {
            assert!(evaluate(text).is_err(), "{text}");
        }
        assert!(evaluate(&"(".repeat(10_000)).is_err());
        assert!(evaluate(&"-".repeat(10_000)).is_err());
    }

    #[test]
    fn ranges_see_variables() {
        let value = |name: &str| (name == "discs").then(|| "3".to_owned());
        assert_eq!(range("1..2^{discs}-1", value), Ok((1, 7)));
        assert_eq!(range("1..{{discs}}", value), Ok((1, 3)));
        assert!(range("1..{pegs}", value).unwrap_err().contains("pegs"));
        assert!(range("5", value).is_err());
    }
}
