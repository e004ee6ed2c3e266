//! Templates: what they use, what bodies become, how rendering fails.

use campc::lang::{Date, Instant, Record, Value, Zone};
use campc::template::{BodyFormat, Escaping, NameKind, Templates, analyze, compile_body, links};
use std::sync::Arc;

pub fn record(entries: &[(&str, Value)]) -> Record {
    entries.iter().map(|(name, value)| (Arc::from(*name), value.clone())).collect()
}

pub fn nested(entries: &[(&str, Value)]) -> Value {
    Value::Record(Arc::new(record(entries)))
}

fn uses(text: &str) -> Vec<String> {
    let analysis = analyze(text);
    assert_eq!(analysis.errors, [], "{text}");
    analysis.uses.iter().map(|used| format!("{}{}", used.path_text(), if used.has_default { "?" } else { "" })).collect()
}

fn render(escaping: Escaping, source: &str, context: &Record) -> Result<String, String> {
    let mut templates = Templates::new();
    templates.add("t", escaping, source).map_err(|error| error.to_string())?;
    templates.render("t", context, &Zone::find("America/Toronto").unwrap()).map_err(|error| error.to_string())
}

#[test]
fn every_use_is_found_with_its_place() {
    let text = "Hi {{ contact.first_name }} and {{ order.total | round }}";
    let analysis = analyze(text);
    let places: Vec<&str> = analysis.uses.iter().map(|used| &text[used.range.clone()]).collect();
    assert_eq!(places, ["contact.first_name", "order.total"]);
    assert_eq!(uses(text), ["contact.first_name", "order.total"]);
}

#[test]
fn a_default_a_guard_and_an_or_cope_with_no_value() {
    assert_eq!(uses("{{ contact.a | default('x') }}{{ contact.b or 'y' }}"), ["contact.a?", "contact.b?"]);
    assert_eq!(uses("{% if contact.a %}{{ contact.a }}{% else %}{{ contact.a }}{% endif %}"), ["contact.a?", "contact.a?", "contact.a"]);
    assert_eq!(
        uses("{% if contact.a is defined and contact.b %}{{ contact.a }}{{ contact.b }}{% endif %}"),
        ["contact.a?", "contact.b?", "contact.a?", "contact.b?"]
    );
    assert_eq!(uses("{% if contact.a is not defined %}none{% else %}{{ contact.a }}{% endif %}"), ["contact.a?", "contact.a?"]);
    assert_eq!(uses("{{ contact.a if contact.a else 'x' }}"), ["contact.a?", "contact.a?"]);
    assert_eq!(uses("{% if contact.plan == 'pro' %}x{% endif %}"), ["contact.plan"]);
}

#[test]
fn loop_variables_are_reported_as_what_they_run_over() {
    let text = "{% for item in order.items | sort(attribute='sku') %}{{ loop.index }} {{ item.sku }} {{ item['qty'] }}{% endfor %}";
    assert_eq!(uses(text), ["order.items", "order.items[].sku", "order.items[].qty"]);
    assert_eq!(uses("{% set who = contact.first_name %}{{ who }}{% for i in range(3) %}{{ i }}{% endfor %}"), ["contact.first_name", "contact.first_name"]);
}

#[test]
fn unknown_names_come_with_what_may_have_been_meant() {
    let text = "{{ contact.a | defualt('x') }}{% if x is defind %}{% endif %}{{ rang(3) }}{% include 'a' %}";
    let found: Vec<(NameKind, String, &str, Option<String>)> =
        analyze(text).unknown.into_iter().map(|unknown| (unknown.kind, unknown.name, &text[unknown.range], unknown.suggestion)).collect();
    assert_eq!(found[0], (NameKind::Filter, "defualt".into(), "defualt", Some("default".into())));
    assert_eq!(found[1], (NameKind::Test, "defind".into(), "defind", Some("defined".into())));
    assert_eq!(found[2], (NameKind::Function, "rang".into(), "rang", Some("range".into())));
    assert_eq!((found[3].0, found[3].1.as_str()), (NameKind::Statement, "include"));
}

#[test]
fn every_name_that_analysis_knows_the_engine_knows_too() {
    for filter in ["default", "urlencode", "date", "groupby", "format", "pprint"] {
        assert_eq!(analyze(&format!("{{{{ x | {filter} }}}}")).unknown, [], "{filter}");
    }
}

#[test]
fn a_syntax_error_has_its_place() {
    let text = "Hi {{ contact. }} there";
    let analysis = analyze(text);
    assert_eq!(analysis.errors.len(), 1);
    let range = analysis.errors[0].range.clone();
    assert!(range.start >= 3 && range.end <= 17, "{range:?}");
}

#[test]
fn links_are_found_and_relative_ones_told_apart() {
    let text = "<a href=\"/pricing\">x</a> <a class='y' href='https://a.example/{{ contact.id }}?a=\"'>z</a> <mj-button href=\"{{ unsubscribe_url }}\"> [m](www.x.example) [n](mailto:a@b.example)";
    let found: Vec<(String, bool)> = links(text).into_iter().map(|link| (text[link.range.clone()].to_owned(), link.is_absolute())).collect();
    assert_eq!(
        found,
        [
            ("/pricing".to_owned(), false),
            ("https://a.example/{{ contact.id }}?a=\"".to_owned(), true),
            ("{{ unsubscribe_url }}".to_owned(), true),
            ("www.x.example".to_owned(), false),
            ("mailto:a@b.example".to_owned(), true),
        ]
    );
}

const SAMPLE: &str = r#"<mjml><mj-body><mj-section><mj-column>
  <mj-text>Hello {{ contact.first_name | default('there') }}.</mj-text>
  <mj-text><a href="{{ unsubscribe_url }}">Unsubscribe</a></mj-text>
</mj-column></mj-section></mj-body></mjml>
"#;

#[test]
fn mjml_keeps_its_template_regions() {
    let body = compile_body(BodyFormat::Mjml, SAMPLE).unwrap();
    let html = body.html.unwrap();
    assert!(html.contains("Hello {{ contact.first_name | default('there') }}."), "{html}");
    assert!(html.contains("href=\"{{ unsubscribe_url }}\""), "{html}");
    assert!(!html.contains("fonts.googleapis"), "{html}");
    assert!(html.contains("<table"), "{html}");
    assert_eq!(body.text, "Hello {{ contact.first_name | default('there') }}.\n\nUnsubscribe ({{ unsubscribe_url }})\n");
}

#[test]
fn blocks_around_mjml_elements_and_table_rows_stay_where_they_are() {
    let mjml = "<mjml><mj-body>{% if contact.plan == \"pro\" %}<mj-section><mj-column>{% for item in order.items %}<mj-text>{{ item.sku }}</mj-text>{% endfor %}\
                <mj-table>{% for item in order.items %}<tr><td>{{ item.name }}</td></tr>{% endfor %}</mj-table></mj-column></mj-section>{% endif %}</mj-body></mjml>";
    let body = compile_body(BodyFormat::Mjml, mjml).unwrap();
    let html = body.html.unwrap();
    let order = |needle: &[&str], text: &str| {
        let mut at = 0;
        for part in needle {
            at += text[at..].find(part).unwrap_or_else(|| panic!("{part} is not behind the part before it in {text}")) + part.len();
        }
    };
    let parts = [
        "{% if contact.plan == \"pro\" %}",
        "{% for item in order.items %}",
        "{{ item.sku }}",
        "{% endfor %}",
        "{% for item in order.items %}",
        "<tr",
        "{{ item.name }}",
        "</tr>",
        "{% endfor %}",
        "{% endif %}",
    ];
    order(&parts, &html);
    let without_tags: Vec<&str> = parts.iter().copied().filter(|part| !part.contains("tr")).collect();
    order(&without_tags, &body.text);
    let items: Vec<Value> = ["a", "b"].iter().map(|sku| nested(&[("sku", Value::text(*sku)), ("name", Value::text(sku.to_uppercase()))])).collect();
    let context = record(&[("contact", nested(&[("plan", Value::text("pro"))])), ("order", nested(&[("items", Value::List(items.into()))]))]);
    let rendered = render(Escaping::Html, &html, &context).unwrap();
    order(&["a", "b", "A", "B"], &rendered[rendered.find("<body").unwrap()..]);
    let text = render(Escaping::None, &body.text, &context).unwrap();
    assert_eq!(text.split_whitespace().collect::<Vec<_>>(), ["a", "b", "A", "B"]);
}

#[test]
fn html_has_its_css_in_its_elements_and_a_text_part() {
    let source = "<html><head><style>a { color: {{ brand }}; } p { margin: 0 }</style></head><body><h1>Hi</h1><p>See <a href=\"https://x.example/{{ contact.id }}?a=1&amp;b=2\">this</a> or <a href=\"https://y.example\">https://y.example</a></p><img src=\"https://x.example/i.png\" alt=\"A cat\"></body></html>";
    let body = compile_body(BodyFormat::Html, source).unwrap();
    let html = body.html.unwrap();
    assert!(html.contains("style=\"color: {{ brand }}") || html.contains("style=\"color:{{ brand }}"), "{html}");
    assert!(html.contains("href=\"https://x.example/{{ contact.id }}?a=1&amp;b=2\""), "{html}");
    assert_eq!(body.text, "Hi\n\nSee this (https://x.example/{{ contact.id }}?a=1&b=2) or https://y.example\n\nA cat\n");
}

#[test]
fn markdown_and_plain_text_become_simple_mails() {
    let body = compile_body(BodyFormat::Markdown, "# A copy\n\n{% if a %}\n\nSent to {{ contact.email }}, **now**.\n\n{% endif %}\n").unwrap();
    let html = body.html.unwrap();
    assert!(html.contains("<h1>A copy</h1>") && html.contains("<p>Sent to {{ contact.email }}, <strong>now</strong>.</p>"), "{html}");
    assert!(!html.contains("<p>{%"), "{html}");
    assert!(body.text.starts_with("# A copy\n"));

    let body =
        compile_body(BodyFormat::Text, "Hi {{ contact.first_name | default(\"<you>\") }}, 1 < 2.\nSee https://x.example/?a=1&b=2.\n\n{{ unsubscribe_url }}")
            .unwrap();
    assert_eq!(body.text, "Hi {{ contact.first_name | default(\"<you>\") }}, 1 < 2.\nSee https://x.example/?a=1&b=2.\n\n{{ unsubscribe_url }}\n");
    let html = body.html.unwrap();
    assert!(html.contains("Hi {{ contact.first_name | default(\"<you>\") }}, 1 &lt; 2.<br>"), "{html}");
    assert!(html.contains("<a href=\"https://x.example/?a=1&amp;b=2\">https://x.example/?a=1&amp;b=2</a>."), "{html}");
    assert!(html.contains("<a href=\"{{ unsubscribe_url }}\">"), "{html}");
}

#[test]
fn a_body_in_the_source_is_html_where_it_has_tags() {
    for html in ["<p>Hello</p>", "Hello <b>you</b>", "See <a href='https://acme.example'>this</a>", "One<br>two", "<BR/>", "{{ x }} </p>"] {
        assert_eq!(BodyFormat::of_inline(html), BodyFormat::Tagged, "{html}");
    }
    assert_eq!(BodyFormat::of_inline("<!DOCTYPE html><html><body>Hello</body></html>"), BodyFormat::Html);
    for text in ["a < b", "Ana <ana@acme.example>", "<3", "1 <b", "if <x> then", "{{ contact.age }} < 18 and > 3"] {
        assert_eq!(BodyFormat::of_inline(text), BodyFormat::Text, "{text}");
    }
    assert_eq!(BodyFormat::of_inline("\n<mjml><mj-body></mj-body></mjml>"), BodyFormat::Mjml);
}

#[test]
fn broken_mjml_is_told_with_its_place() {
    let source = "<mjml><mj-body><mj-section>{{ a }}<mj-nothing></mj-wrong></mj-section></mj-body></mjml>";
    let errors = compile_body(BodyFormat::Mjml, source).unwrap_err();
    let told: Vec<(&str, &str)> = errors.iter().map(|error| (&source[error.range.clone()], error.message.as_str())).collect();
    assert_eq!(
        told,
        [
            ("<mj-nothing>", "there is no element `mj-nothing`"),
            ("</mj-wrong>", "`mj-wrong` is closed here, but not open"),
            ("<mj-nothing>", "`mj-nothing` is not closed"),
        ]
    );
    let errors = compile_body(BodyFormat::Mjml, "<mjml><mj-body><mj-secton></mj-secton></mj-body></mjml>").unwrap_err();
    assert_eq!(errors[0].message, "there is no element `mj-secton`; did you mean `mj-section`?");
    assert!(compile_body(BodyFormat::Mjml, "<p>x</p>").unwrap_err()[0].message.contains("<mjml>"));
    assert_eq!(compile_body(BodyFormat::Html, "<p>{{ open</p>").unwrap_err()[0].range.start, 3);
}

#[test]
fn values_read_as_a_person_writes_them() {
    let context = record(&[
        ("n", Value::Number(3.0)),
        ("f", Value::Number(2.5)),
        ("d", Value::Date(Date::new(2026, 12, 24).unwrap())),
        ("t", Value::DateTime(Instant(1_798_120_800_000))),
        ("b", Value::Bool(true)),
        ("l", Value::List(vec![Value::text("x"), Value::text("y")].into())),
    ]);
    assert_eq!(
        render(Escaping::None, "{{ n }} {{ n / 2 }} {{ n * 2 }} {{ f }} {{ d }} {{ t }} {{ b }} {{ l | join('+') }}", &context).unwrap(),
        "3 1.5 6 2.5 2026-12-24 2026-12-24 09:00 true x+y"
    );
    assert_eq!(render(Escaping::None, "{{ d | date('%d.%m.%Y') }} {{ 'a b&' | urlencode }}", &context).unwrap(), "24.12.2026 a%20b%26");
}

#[test]
fn a_missing_variable_is_an_error_that_names_it() {
    let context = record(&[("contact", nested(&[("first_name", Value::Unset)]))]);
    let error = render(Escaping::None, "Hi\n{{ contact.first_name }}", &context).unwrap_err();
    assert!(error.contains("line 2") && error.contains("contact.first_name"), "{error}");
    assert_eq!(render(Escaping::None, "Hi {{ contact.first_name | default('you') }}{% if contact.first_name %}!{% endif %}", &context).unwrap(), "Hi you");
}

#[test]
fn data_is_never_a_template() {
    let evil = "{{ 7*7 }}{% include \"/etc/passwd\" %}<script>";
    let context = record(&[("x", Value::text(evil))]);
    assert_eq!(render(Escaping::None, "{{ x }}", &context).unwrap(), evil);
    assert_eq!(render(Escaping::Html, "<b>{{ x }}</b>", &context).unwrap(), "<b>{{ 7*7 }}{% include &quot;/etc/passwd&quot; %}&lt;script&gt;</b>");
    assert!(render(Escaping::None, "{% include '/etc/passwd' %}", &context).is_err());
    assert!(render(Escaping::None, "{{ debug() }}", &context).is_err());
}

#[test]
fn steps_and_output_are_bounded() {
    let nothing = Record::new();
    assert!(
        render(Escaping::None, "{% for a in range(9999) %}{% for b in range(9999) %}{{ b }}{% endfor %}{% endfor %}", &nothing).unwrap_err().contains("steps")
    );
    let long = record(&[("x", Value::text("y".repeat(2000)))]);
    assert!(render(Escaping::None, "{% for a in range(2000) %}{{ x }}{% endfor %}", &long).unwrap_err().contains("bytes"));
}

#[test]
fn elements_that_nest_without_end_are_a_finding_and_no_crash() {
    let html = format!("<style>a {{ color: red }}</style>{}", "<div>".repeat(40_000));
    let mjml = format!("<mjml><mj-body>{}{}</mj-body></mjml>", "<mj-wrapper>".repeat(600), "</mj-wrapper>".repeat(600));
    for (format, source) in [(BodyFormat::Html, &html), (BodyFormat::Mjml, &mjml)] {
        let errors = compile_body(format, source).unwrap_err();
        assert!(errors[0].message.contains("nest deeper"), "{errors:?}");
    }
    // Lists and tables whose ends are left out are long, not deep.
    assert!(compile_body(BodyFormat::Html, &format!("<ul>{}</ul>", "<li>one<br>".repeat(1_000))).is_ok());
}
