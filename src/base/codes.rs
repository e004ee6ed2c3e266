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
    W1006 "a key of camp.toml has no effect in this version"
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
    W0112 "a character that cannot be seen"
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
    // 03 names
    E0301 "there is no field or event of that name"
    E0302 "there is no property of that name"
    E0303 "there is no message of that name"
    E0304 "there is no event of that name"
    E0305 "there is no form of that name"
    E0306 "there is no segment of that name"
    E0307 "there is no list of that name"
    E0308 "there is no topic of that name"
    E0309 "there is no campaign of that name"
    E0310 "there is no webhook of that name"
    E0311 "there is no sequence of that name"
    E0312 "there is no step of that name"
    E0313 "there is no point group of that name"
    E0314 "this is declared twice"
    E0315 "names are written in lower case"
    E0316 "this name cannot be given"
    E0317 "a project has one `project` declaration"
    E0318 "there is no such file"
    E0319 "this path leads out of the project"
    E0320 "files use each other in a circle"
    E0321 "there is no such time zone"
    E0322 "there is no captured event of that name"
    E0323 "an event's name stands for many events"
    E0324 "this is said twice"
    E0325 "two steps have one name"
    E0326 "there is no goal of that name"
    E0327 "there is no event that could be named"
    E0328 "this is not a field that can be written or watched"
    E0329 "nothing was sent here"
    // 04 types
    E0401 "this is not a condition"
    E0402 "these cannot be compared"
    E0403 "this is not one of the values"
    E0404 "this has no order"
    E0405 "these cannot be calculated with"
    E0406 "another kind of value belongs here"
    E0407 "this does not fit where it is put"
    E0408 "these are not the arguments it takes"
    E0409 "a path begins with a slash"
    E0410 "an enum needs values, each once"
    E0411 "a date belongs here"
    E0412 "this is not a regular expression"
    E0413 "mixing `and` with `or` needs parentheses"
    E0414 "joined conditions before `within` need parentheses"
    E0415 "only a written-out value may stand here"
    E0416 "this type cannot stand here"
    E0418 "this is not a list"
    E0419 "this is no value"
    E0420 "this number is out of range"
    E0421 "`in last` and `ever` belong to what has happened"
    E0422 "`points changes` takes no values"
    E0425 "too many values in one place"
    // 05 time and flow
    E0501 "a negated event cannot be waited for with `within`"
    E0502 "what has not happened cannot be waited for"
    E0503 "a negated event cannot be listened for on a red path"
    E0504 "a step stands before the red path's wait"
    W0505 "header lines stand before the steps"
    E0506 "a campaign cannot leave or enrol itself"
    E0507 "the shares do not add up"
    E0508 "one name for different events"
    E0509 "a captured event may not be there"
    E0510 "a sequence leads back to itself"
    E0511 "how the winner is found is not clear"
    E0512 "`reach` holds messages alone"
    E0513 "the end comes before the beginning"
    W0514 "this window is the whole day"
    E0515 "this event cannot stand here"
    E0517 "too many steps"
    E0518 "decides on a message that was never sent"
    W0519 "decides on a message that some paths never sent"
    W0520 "a decision without time"
    E0521 "no time passes in this loop"
    W0522 "steps that never run"
    E0523 "this window never opens"
    W0524 "nothing enrols into this campaign"
    E0525 "a header line inside a block of steps"
    E0560 "some variants have a share and others none"
    W0561 "an experiment by opens or clicks that sends nothing"
    E0562 "sequences grow too large"
    W0526 "this can never hold"
    W0527 "this always holds"
    W0528 "the campaign has ended before anybody comes here"
    W0529 "a line that never takes effect"
    W0530 "the same message a second time"
    W0531 "this depends on opens alone"
    W0532 "more messages than the limit lets through"
    W0533 "this waits for something that is not set"
    W0534 "what has no value may surprise here"
    W0535 "nobody can enter this campaign"
    E0540 "an update by another kind of value"
    W0541 "an update that replaces nothing"
    W0543 "a window that slides less far than it is long"
    // 06 messages and templates
    E0601 "a needed part is missing"
    E0602 "this line belongs to another channel"
    E0603 "this template cannot be read"
    E0604 "there is no such variable for this template"
    E0605 "templates do not know this"
    E0606 "this body cannot be made into a mail"
    E0607 "no lawful footer can be made"
    W0608 "this variable may be empty"
    W0609 "this sms goes out in several parts"
    W0610 "this link is not absolute"
    E0611 "this file is no body of a mail"
    E0612 "this is no address or method to call"
    E0613 "a header's value is a text"
    E0614 "nothing supplies this variable here"
    E0615 "a message of another channel"
    E0640 "a language the project does not have"
    E0641 "this line belongs to the message, not to one of its languages"
    E0642 "quiet hours that never end"
    E0616 "this template grows beyond all bounds"
    E0617 "this header is not a message's to set"
    // 07 segments, points and circles
    E0701 "segments refer to each other in a circle"
    W0702 "these start each other without end"
    W0703 "campaigns lead back to each other at one instant"
    W0704 "this point rule fires itself"
    W0706 "nobody can be in this segment"
    W0707 "everybody is in this segment"
    // 08 consent, secrets and what is unused
    W0801 "an unsigned webhook"
    W0802 "a secret in the source"
    W0803 "never used"
    W0804 "a parameter that is never read"
    W0805 "one name for two things"
    // 09 cannot run
    // 0900 is spent: it was what an unfinished campc said of a construct that could not run yet.
    E0901 "campc has failed at this"
    // 21 plan
    E2101 "this name now stands for another kind of step"
    E2102 "contacts stand at a step that could be either of several"
    E2103 "contacts stand at a step that no longer exists"
    E2104 "contacts stand in branches that do not go together any more"
    E2105 "contacts in flight do not have a value the new version reads"
    E2106 "stored values do not fit the new type"
    E2107 "contacts in flight could get a message again"
    E2108 "contacts are inside a campaign that no longer exists"
    E2109 "this `migrate` line names no step"
    W2110 "this `migrate` line has done its work"
    W2111 "a removed send and a new one are nearly the same text"
    W2112 "contacts stand at steps without a name that have equals beside them"
    // 22 deploy
    E2201 "another deploy came first"
    E2202 "a deploy is still under way"
    E2203 "a worker could not load the program"
    E2204 "rolling back needs a rule"
    E2205 "many contacts become due at once"
    // 11 tests
    E1101 "no such contact is given"
    E1102 "which contact is meant?"
    E1103 "`given now` comes first"
    E1104 "this is no happening"
    E1105 "this value cannot stand here in a test"
    E1106 "this is never a reason"
}
