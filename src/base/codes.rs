//! The registry of finding codes: every code once, for ever. A number is never given twice, whichever the letter.

/// Whether a finding fails a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The program is wrong.
    Error,
    /// The program may not mean what its author thinks.
    Warning,
}

/// A stable finding code such as `E0301`; its first letter is its severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(&'static str);

impl Code {
    /// The text, `E0301`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.0
    }
    /// `E…` is an error, `W…` a warning.
    #[must_use]
    pub fn severity(self) -> Severity {
        if self.0.starts_with('W') { Severity::Warning } else { Severity::Error }
    }
    /// The registered code with that text, if there is one.
    #[must_use]
    pub fn find(text: &str) -> Option<Code> {
        ALL_CODES.iter().map(|(code, _)| *code).find(|code| code.0.eq_ignore_ascii_case(text))
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

macro_rules! codes {
    ($($code:ident $title:literal)+) => {
        impl Code {
            $(#[doc = $title] pub const $code: Code = Code(stringify!($code));)+
        }
        /// Every code with its title, in the order of the registry; each has a page `docs/findings/CODE.md`.
        pub const ALL_CODES: &[(Code, &str)] = &[$((Code::$code, $title),)+];
    };
}

// 01 lexical, 02 syntax, 03 names, 04 types, 05 time and flow, 06 messages and templates, 07 segments, points and circles,
// 08 consent, secrets and what is unused, 09 cannot run, 10 project file, 11 tests, 21 plan, 22 deploy.
codes! {
    // 01 lexical
    E0101 "this text is not closed"
    // 10 project file
    E1001 "camp.toml cannot be read as TOML"
    E1002 "camp.toml has no such section or key"
    E1003 "a value of camp.toml is of another kind"
    E1004 "an environment variable that camp.toml names is not set"
    E1005 "a value of camp.toml cannot be used"
    E0102 "this block of text is not closed"
    E0103 "this is neither a number nor a duration"
    E0104 "this character has no meaning here"
    E0105 "this escape has no meaning"
    E0106 "this day is not in the calendar"
    E0107 "this time is not on the clock"
    E0108 "this number is too large"
    E0109 "the file holds a NUL character"
    E0110 "this is how other languages write it"
    E0111 "the file is not UTF-8 text"
    // 02 syntax
    E0201 "something else belongs here"
    E0202 "this word is not known here"
    E0203 "this bracket is never closed"
    E0204 "this bracket closes nothing"
    E0205 "comparing takes `==`"
    E0206 "a duration needs a unit of time"
    E0207 "this word cannot be a name here"
    E0208 "membership is asked with `in`"
    E0209 "the values after `in` stand in parentheses"
    E0210 "a broadcast stands alone in its `when`"
    E0211 "nested too deeply"
    E0212 "the file is too large"
    E0213 "this is said differently in Camp"
}
