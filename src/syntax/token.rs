//! Tokens: what the grammar sees. Keywords are generated from the grammar.
//!
//! Not here: how a text becomes tokens (`lex.rs`), or what is inside a string (`text.rs`).

use logos::{Lexer, Logos};

#[allow(clippy::all, clippy::pedantic)]
mod keywords {
    include!(concat!(env!("OUT_DIR"), "/keywords.rs"));
}
pub use keywords::{FREE, FUSED, Kw, RESERVED, STATEMENT};

/// A token and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub tok: Tok,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// A kind of token. Kinds from `Comment` on never reach the grammar.
#[derive(Logos, Clone, Copy, Debug, PartialEq, Eq)]
#[logos(skip r"[ \t\r\n\f\u{feff}]+")]
#[logos(subpattern date = r"[0-9]{4}-[0-9]{2}-[0-9]{2}")]
#[logos(subpattern time = r"[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?")]
pub enum Tok {
    /// A keyword; in many places it may be a name.
    Kw(Kw),
    /// A word that is no keyword.
    Ident,
    /// `"…"` or `"""…"""`
    Text,
    /// `12`, `0.5`
    #[regex(r"[0-9][0-9_]*(\.[0-9]+)?")]
    Number,
    /// `50%`
    #[regex(r"[0-9][0-9_]*(\.[0-9]+)?%")]
    Percent,
    /// `1d12h`, `15 minutes`
    #[regex(r"([0-9]+(mo|min|[smhdwy]))+")]
    Duration,
    /// `3 business days`
    BusinessDays,
    /// `2026-12-24`
    #[regex(r"(?&date)")]
    Date,
    /// `09:00`
    #[regex(r"(?&time)")]
    Time,
    /// `2026-12-24 09:00`
    #[regex(r"(?&date)([ \t]+|T)(?&time)")]
    DateTime,
    /// `at` before a text: an address, where `at` before a time is a moment.
    AtAddress,
    /// `{`
    #[token("{")]
    LBrace,
    /// `}`
    #[token("}")]
    RBrace,
    /// `(`
    #[token("(")]
    LParen,
    /// `)`
    #[token(")")]
    RParen,
    /// `[`
    #[token("[")]
    LBracket,
    /// `]`
    #[token("]")]
    RBracket,
    /// `,`
    #[token(",")]
    Comma,
    /// `:`
    #[token(":")]
    Colon,
    /// `.`
    #[token(".")]
    Dot,
    /// `=`
    #[token("=")]
    Assign,
    /// `==`
    #[token("==")]
    Eq,
    /// `!=`
    #[token("!=")]
    Ne,
    /// `<`
    #[token("<")]
    Lt,
    /// `<=`
    #[token("<=")]
    Le,
    /// `>`
    #[token(">")]
    Gt,
    /// `>=`
    #[token(">=")]
    Ge,
    /// `+`
    #[token("+")]
    Plus,
    /// `-`
    #[token("-")]
    Minus,
    /// `*`
    #[token("*")]
    Star,
    /// `/`
    #[token("/")]
    Slash,
    /// `// …`
    #[regex(r"//[^\n\r]*", allow_greedy = true)]
    Comment,
    /// A word, before it is known whether it is a keyword.
    #[regex(r"[A-Za-z_][A-Za-z0-9_]*", word)]
    Word,
    /// A word with letters beyond a to z.
    #[regex(r"[A-Za-z_\p{L}][A-Za-z0-9_\p{L}\p{M}\p{N}]*", priority = 1)]
    ForeignWord,
    /// The quote or quotes that open a string: the rest is another mode, see `text.rs`.
    #[token("\"")]
    #[token("\"\"\"")]
    Quote,
    /// `'…'`
    #[regex(r"'[^'\n]*'")]
    SingleQuoted,
    /// `3dd`, `5.5.5`
    #[regex(r"[0-9][0-9_.a-zA-Z]*", priority = 1)]
    BadNumber,
    /// `# …`
    #[regex(r"#[^\n\r]*", allow_greedy = true)]
    HashComment,
    /// `/*`
    #[token("/*")]
    SlashStar,
    /// `&&`
    #[token("&&")]
    AndAnd,
    /// `||`
    #[token("||")]
    OrOr,
    /// `!` alone
    #[token("!")]
    Bang,
    /// `<>`
    #[token("<>")]
    Diamond,
    /// `===`
    #[token("===")]
    TripleEq,
    /// `;`
    #[token(";")]
    Semicolon,
}

fn word(lexer: &mut Lexer<Tok>) -> Tok {
    Kw::lookup(lexer.slice()).map_or(Tok::Ident, Tok::Kw)
}

impl Tok {
    /// Whether a value can end with it.
    #[must_use]
    pub fn ends_operand(self) -> bool {
        matches!(
            self,
            Tok::Kw(_)
                | Tok::Ident
                | Tok::Text
                | Tok::Number
                | Tok::Percent
                | Tok::Duration
                | Tok::BusinessDays
                | Tok::Date
                | Tok::Time
                | Tok::DateTime
                | Tok::RParen
                | Tok::RBracket
        )
    }
    /// The bracket that closes this one.
    #[must_use]
    pub fn closer(self) -> Option<Tok> {
        if self == Tok::LBrace {
            Some(Tok::RBrace)
        } else if self == Tok::LParen {
            Some(Tok::RParen)
        } else if self == Tok::LBracket {
            Some(Tok::RBracket)
        } else {
            None
        }
    }
    /// Whether it closes a bracket.
    #[must_use]
    pub fn is_closer(self) -> bool {
        matches!(self, Tok::RBrace | Tok::RParen | Tok::RBracket)
    }
}
