//! A step's text as the formatter would write it, as far as equality goes: without blanks that mean nothing, durations in short form.

/// The text with one blank between words, none around signs, and units of time in their short form. Strings stay as they are.
pub(super) fn squeeze(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.trim_start();
    let mut was_word = false;
    while let Some(first) = rest.chars().next() {
        if first == '"' {
            let (literal, behind) = rest.split_at_checked(literal_length(rest)).unwrap_or((rest, ""));
            out.push_str(literal);
            (rest, was_word) = (behind.trim_start(), false);
        } else if is_letter(first) {
            let length = rest.find(|c| !is_letter(c)).unwrap_or(rest.len());
            let (word, behind) = rest.split_at_checked(length).unwrap_or((rest, ""));
            let behind = behind.trim_start();
            if was_word {
                out.push(' ');
            }
            rest = put_word(word, behind, &mut out);
            was_word = true;
        } else {
            out.push(first);
            (rest, was_word) = (rest.get(first.len_utf8()..).unwrap_or("").trim_start(), false);
        }
    }
    out
}

fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '.' || c == '%'
}

/// Writes a word, with the unit behind a number, and returns what is left.
fn put_word<'t>(word: &str, behind: &'t str, out: &mut String) -> &'t str {
    let is_number = word.chars().all(|c| c.is_ascii_digit());
    if is_number && word.len() == 1 && behind.starts_with(':') {
        out.push('0');
    }
    let length = behind.find(|c| !is_letter(c)).unwrap_or(behind.len());
    let (unit, after) = behind.split_at_checked(length).unwrap_or((behind, ""));
    match short_unit(unit) {
        Some(short) if is_number => {
            out.push_str(word);
            out.push_str(short);
            after.trim_start()
        }
        Some(_) | None => {
            put_duration(word, out);
            behind
        }
    }
}

/// `15m` as `15min`; `1hour30minutes` as `1h30min`; every other word as it is.
fn put_duration(word: &str, out: &mut String) {
    let mut short = String::with_capacity(word.len());
    let mut rest = word;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (count, tail) = rest.split_at_checked(digits).unwrap_or((rest, ""));
        let letters = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, behind) = tail.split_at_checked(letters).unwrap_or((tail, ""));
        let Some(known) = short_unit(unit).filter(|_| !count.is_empty()) else { return out.push_str(word) };
        short.push_str(count);
        short.push_str(known);
        rest = behind;
    }
    out.push_str(&short);
}

fn short_unit(unit: &str) -> Option<&'static str> {
    Some(match unit {
        "s" | "second" | "seconds" => "s",
        "m" | "min" | "minute" | "minutes" => "min",
        "h" | "hour" | "hours" => "h",
        "d" | "day" | "days" => "d",
        "w" | "week" | "weeks" => "w",
        "mo" | "month" | "months" => "mo",
        "y" | "year" | "years" => "y",
        _ => return None,
    })
}

/// How many bytes the string at the start of a text takes.
fn literal_length(text: &str) -> usize {
    if let Some(body) = text.strip_prefix("\"\"\"") {
        return body.find("\"\"\"").map_or(text.len(), |at| at + 6);
    }
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::squeeze;

    #[test]
    fn two_ways_to_write_a_step_are_one_text() {
        for (one, other) in [
            ("wait 15 minutes", "wait  15m"),
            ("wait 1d12h", "wait 1day12hours"),
            ("if visited( \"/a  b\" ) within 3 days", "if visited(\"/a  b\") within 3d"),
            ("wait until monday at 9:00", "wait until monday at 09:00"),
            ("webhook crm { a : 1 , b:2 }", "webhook crm {a:1,b:2}"),
        ] {
            assert_eq!(squeeze(one), squeeze(other));
        }
        for (one, other) in [("wait 1d", "wait 2d"), ("sms \"a b\"", "sms \"a  b\""), ("set a = b", "set ab =")] {
            assert_ne!(squeeze(one), squeeze(other));
        }
    }
}
