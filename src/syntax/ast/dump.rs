//! The tree as one line of text, for tests and `campc dev ast`. Not the formatter: places and comments are left out.

use super::File;

/// The tree as an s-expression, places and comments left out; equal for two texts that differ in layout only.
///
/// It is what the tree's `Debug` form says, made short: `(Kind part …)`, fields in their order, absent ones as `_`.
#[must_use]
pub fn dump(file: &File) -> String {
    let mut out = String::new();
    for decl in &file.decls {
        out.push_str(&shorten(&format!("{decl:?}")));
        out.push('\n');
    }
    out
}

/// Fields that say where something stands or how it was written, not what it is.
const PLACES: &[&str] = &["span", "op_span", "runs", "segments", "doc"];

/// Rewrites a `Debug` form.
fn shorten(debug: &str) -> String {
    let mut reader = Reader { rest: debug };
    reader.value()
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn eat(&mut self, sign: &str) -> bool {
        match self.rest.strip_prefix(sign) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn word(&mut self) -> &'a str {
        let at = self.rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '-'))).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at_checked(at).unwrap_or((self.rest, ""));
        self.rest = rest;
        word
    }

    fn string(&mut self) -> &'a str {
        let mut is_escaped = false;
        let inside = self.rest.get(1..).unwrap_or("");
        let end = inside.find(|c| {
            let is_end = c == '"' && !is_escaped;
            is_escaped = c == '\\' && !is_escaped;
            is_end
        });
        let (string, rest) = self.rest.split_at_checked(end.map_or(self.rest.len(), |at| at + 2)).unwrap_or((self.rest, ""));
        self.rest = rest;
        string
    }

    fn value(&mut self) -> String {
        if self.rest.starts_with('"') {
            return self.string().to_string();
        }
        if self.eat("[") {
            return format!("[{}]", self.list("]").join(" "));
        }
        if self.eat("(") {
            return format!("({})", self.list(")").join(" "));
        }
        let name = self.word();
        if self.eat(" { ") {
            return self.fields(name);
        }
        if self.eat("(") {
            let parts = self.list(")");
            return match name {
                "Some" => parts.join(" "),
                _ => format!("({name} {})", parts.join(" ")),
            };
        }
        if name == "None" { "_".to_string() } else { name.to_string() }
    }

    fn list(&mut self, end: &str) -> Vec<String> {
        let mut parts = Vec::new();
        while !self.rest.is_empty() && !self.eat(end) {
            parts.push(self.value());
            self.eat(", ");
        }
        parts
    }

    fn fields(&mut self, name: &str) -> String {
        let mut parts = Vec::new();
        while !self.rest.is_empty() && !self.eat(" }") {
            let field = self.word();
            self.eat(": ");
            let value = self.value();
            if !PLACES.contains(&field) {
                parts.push(value);
            }
            self.eat(", ");
        }
        // Of a node that only wraps a place around something, the something is enough.
        match (name, parts.as_slice()) {
            ("Name" | "Expr" | "Text" | "Number", [first, ..]) => first.clone(),
            ("Span", _) => "here".to_string(),
            (
                "Spanned" | "Per" | "Type" | "Trigger" | "Header" | "TestStep" | "MessageAttr" | "WebhookAttr" | "ProjectItem" | "PolicyItem" | "PointRule",
                [only],
            ) => only.clone(),
            _ => format!("({})", std::iter::once(name.to_string()).chain(parts).collect::<Vec<_>>().join(" ")),
        }
    }
}
