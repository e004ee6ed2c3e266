//! Nesting a million deep, expansion without end, and single things of absurd size.

/// Makes a text when it is wanted.
type Made = Box<dyn Fn() -> String>;

/// An input with a name, made when it is wanted: the source, and a file besides it.
pub struct Bomb {
    pub name: &'static str,
    pub source: Made,
    pub file: Option<(&'static str, Made)>,
}

macro_rules! bomb {
    ($name:literal, $source:expr) => {
        Bomb { name: $name, source: Box::new(move || $source), file: None }
    };
    ($name:literal, $path:literal, $text:expr) => {
        Bomb { name: $name, source: Box::new(|| filed($path)), file: Some(($path, Box::new(move || $text))) }
    };
}

fn nest(n: usize, open: &str, inner: &str, close: &str) -> String {
    format!("{}{inner}{}", open.repeat(n), close.repeat(n))
}

fn campaign(steps: &str) -> String {
    format!(
        "project \"A\" {{ timezone \"UTC\" from \"a <a@a.example>\" address \"1 King St\" }}\ncontact {{ vip: bool }}\nevent purchase {{ amount: number }}\nlist l\nwebhook crm {{ url \"https://a.example/x\" secret env(\"X\") }}\ncampaign \"C\" {{ published when list l\n{steps}\n}}\n"
    )
}

fn segment(condition: &str) -> String {
    format!("contact {{ vip: bool }}\nsegment s = {condition}\n")
}

fn email(body: &str) -> String {
    format!(
        "project \"A\" {{ timezone \"UTC\" from \"a <a@a.example>\" address \"1 King St\" }}\nlist l\nemail m {{ subject \"S\" body \"\"\"\n{body}\n\"\"\" }}\ncampaign \"C\" {{ published when list l email m }}\n"
    )
}

/// Nesting, `n` deep, of everything that nests.
pub fn nestings(n: usize) -> Vec<Bomb> {
    let mut bombs = vec![
        bomb!("parentheses", segment(&nest(n, "(", "vip", ")"))),
        bomb!("parentheses that stay open", segment(&"(".repeat(n))),
        bomb!("parentheses that close nothing", segment(&")".repeat(n))),
        bomb!("brackets", campaign(&format!("webhook crm {{ a: {} }}", nest(n, "[", "1", "]")))),
        bomb!("objects", campaign(&format!("webhook crm {{ a: {} }}", nest(n, "{ a: ", "1", " }")))),
        bomb!("braces", nest(n, "{", "", "}")),
        bomb!("braces that stay open", campaign(&"{".repeat(n))),
        bomb!("not", segment(&format!("{} vip", "not ".repeat(n)))),
        bomb!("minus", segment(&format!("points > {}1", "- ".repeat(n)))),
        bomb!("plus", segment(&format!("points > 1{}", " + 1".repeat(n)))),
        bomb!("times", segment(&format!("points > 1{}", " * 1".repeat(n)))),
        bomb!("and", segment(&format!("vip{}", " and vip".repeat(n)))),
        bomb!("or", segment(&format!("vip{}", " or vip".repeat(n)))),
        bomb!("comparisons", segment(&format!("points{}", " > points".repeat(n)))),
        bomb!("dots", segment(&format!("contact{}", ".vip".repeat(n)))),
        bomb!("a wide list", segment(&format!("points in (1{})", ", 1".repeat(n)))),
        bomb!("a wide object", campaign(&format!("webhook crm {{ {} }}", (0..n).map(|i| format!("k{i}:1 ")).collect::<Vec<_>>().join(",")))),
        bomb!("lists of lists", campaign(&format!("webhook crm {{ a: [{}] }}", vec![format!("[{}1]", "1,".repeat(30)); n / 100].join(",")))),
        bomb!("calls", segment(&nest(n, "count(", "purchase", ")"))),
        bomb!("if then", campaign(&format!("{}tag \"a\"", "if vip then ".repeat(n)))),
        bomb!("if then else", campaign(&format!("{}tag \"a\"", "if vip then tag \"a\" else ".repeat(n)))),
        bomb!("if with braces", campaign(&nest(n, "if vip then { ", "tag \"a\"", " }"))),
        bomb!("repeat", campaign(&nest(n, "repeat up to 2 times every 1d { ", "tag \"a\"", " }"))),
        bomb!("parallel", campaign(&nest(n, "parallel { { ", "tag \"a\"", " } }"))),
        bomb!("await", campaign(&nest(n, "await { on purchase { ", "tag \"a\"", " } }"))),
        bomb!("timeline", campaign(&nest(n, "timeline created_at { on the day { ", "tag \"a\"", " } }"))),
        bomb!("split", campaign(&nest(n, "split { 50% { ", "tag \"a\"", " } else { } }"))),
        bomb!("experiment", campaign(&nest(n, "experiment { variant \"a\" { ", "tag \"a\"", " } variant \"b\" { } winner by opened after 1d }"))),
        bomb!("reach", campaign(&nest(n, "reach { ", "sms \"a\"", " }"))),
        bomb!("types", format!("contact {{ a: {} }}", nest(n, "list(", "text", ")"))),
        bomb!("steps in a row", campaign(&"tag \"a\" ".repeat(n.min(700_000)))),
        bomb!("declarations in a row", (0..n.min(300_000)).map(|i| format!("event e{i}\n")).collect()),
        bomb!("headers in a row", campaign(&"exit when vip ".repeat(n.min(700_000)))),
        bomb!("quotes", "\"".repeat(n)),
        bomb!("block quotes", "\"\"\" ".repeat(n)),
        bomb!("texts that stay open", "\"a\n".repeat(n)),
        bomb!("durations", campaign(&format!("wait {}", "1d".repeat(n)))),
        bomb!("digits", segment(&format!("points > {}", "9".repeat(n)))),
        bomb!("one long name", format!("event {}", "a".repeat(n))),
        bomb!("one long text", campaign(&format!("tag \"{}\"", "a".repeat(n)))),
        bomb!("doc comments", format!("{}event e", "/// a\n".repeat(n))),
        bomb!("comments", format!("{}event e", "//\n".repeat(n))),
        bomb!("groups in a pattern", segment(&format!("first_name matches \"{}\"", nest(n, "(", "a", ")")))),
        bomb!("repetitions in a pattern", segment("first_name matches \"((\\\\p{L}{900}){900}){900}\"")),
    ];
    bombs.extend(templates(n));
    bombs
}

fn templates(n: usize) -> Vec<Bomb> {
    vec![
        bomb!("template parentheses", email(&format!("{{{{ {} }}}}", nest(n, "(", "1", ")")))),
        bomb!("template brackets", email(&format!("{{{{ {} }}}}", nest(n, "[", "1", "]")))),
        bomb!("template not", email(&format!("{{{{ {}1 }}}}", "not ".repeat(n)))),
        bomb!("template minus", email(&format!("{{{{ {}1 }}}}", "-".repeat(n)))),
        bomb!("template plus", email(&format!("{{{{ 1{} }}}}", "+1".repeat(n)))),
        bomb!("template filters", email(&format!("{{{{ contact.email{} }}}}", "|upper".repeat(n)))),
        bomb!("template dots", email(&format!("{{{{ contact{} }}}}", ".email".repeat(n)))),
        bomb!("template if", email(&nest(n, "{% if 1 %}", "a", "{% endif %}"))),
        bomb!("template for", email(&nest(n, "{% for i in [1] %}", "a", "{% endfor %}"))),
        bomb!("template else if", email(&format!("{{% if 1 %}}{}{{% endif %}}", "{% elif 1 %}a".repeat(n)))),
        bomb!("template openings", email(&"{{ ".repeat(n))),
        bomb!("html elements", email(&nest(n, "<div>", "a", "</div>"))),
        bomb!("html elements that stay open", email(&format!("<p>{}", "<b>".repeat(n)))),
        bomb!("markdown quotes", "m.md", format!("{} a\n", "> ".repeat(n))),
        bomb!("markdown brackets", "m.md", format!("{}\n", "[".repeat(n))),
        bomb!("markdown stars", "m.md", format!("{}\n", "*a ".repeat(n))),
        bomb!("markdown lists", "m.md", "- ".repeat(n)),
        bomb!("mjml", "m.mjml", format!("<mjml><mj-body>{}</mj-body></mjml>", nest(n, "<mj-wrapper>", "", "</mj-wrapper>"))),
        bomb!(
            "mjml text",
            "m.mjml",
            format!("<mjml><mj-body><mj-section><mj-column><mj-text>{}</mj-text></mj-column></mj-section></mj-body></mjml>", nest(n, "<div>", "", "</div>"))
        ),
    ]
}

fn filed(path: &str) -> String {
    email("x").replace("body \"\"\"\nx\n\"\"\"", &format!("body file \"{path}\""))
}

/// What grows without end when it is expanded.
pub fn expansions() -> Vec<Bomb> {
    let doubling: String = (1..30).map(|i| format!("sequence s{i}() {{ do s{}() do s{}() }}\n", i - 1, i - 1)).collect();
    let chain: String = (1..3_000).map(|i| format!("sequence s{i}() {{ do s{}() }}\n", i - 1)).collect();
    let sets: String = "{% set a = 'aaaaaaaaaaaaaaaa' %}".to_owned() + &"{% set a = a ~ a %}".repeat(60) + "{{ a }}";
    let loops = "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}x{% endfor %}{% endfor %}{% endfor %}";
    let macros = "{% macro m(n) %}{{ m(n) }}{{ m(n) }}{% endmacro %}{{ m(1) }}";
    let segments: String = (1..20_000).map(|i| format!("segment t{i} = in segment t{}\n", i - 1)).collect();
    vec![
        bomb!("sequences that double", format!("sequence s0() {{ tag \"a\" }}\n{doubling}{}", campaign("do s29()"))),
        bomb!("a chain of sequences", format!("sequence s0() {{ tag \"a\" }}\n{chain}{}", campaign("do s2999()"))),
        bomb!("a sequence of itself", format!("sequence s() {{ do s() do s() }}\n{}", campaign("do s()"))),
        bomb!("a chain of segments", format!("segment t0 = points > 1\n{segments}")),
        bomb!("a template that doubles", email(&sets)),
        bomb!("loops in loops", email(loops)),
        bomb!("macros without end", email(macros)),
        bomb!("a text times a number", email("{{ 'a' * 999999999 }}")),
        bomb!("a range without end", email("{{ range(999999999)|list }}")),
        bomb!("a file that uses itself", "use \"case.camp\"".to_owned()),
    ]
}
