//! Makes projects: a large one to check, and the one that the load runs.

use std::{fmt::Write as _, fs, io, path::Path};

/// Makes a project of at least that many lines in several files; says how many it has.
pub fn large_project(folder: &Path, lines: usize) -> io::Result<usize> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join("camp.toml"), "[project]\nname = \"large\"\n")?;
    let mut total = 0;
    let mut number = 0;
    let mut file = 0;
    while total < lines {
        let mut text = String::new();
        if file == 0 {
            text += HEAD;
        }
        while text.lines().count() < 1000 && total + text.lines().count() < lines {
            campaign(&mut text, number);
            number += 1;
        }
        total += text.lines().count();
        fs::write(folder.join(format!("part_{file:02}.camp")), text)?;
        file += 1;
    }
    Ok(total)
}

const HEAD: &str = r#"project "Large" {
  timezone "America/Toronto"
  from "Ana at Acme <ana@acme.example>"
  address "1 King St W, Toronto ON"
}

contact {
  plan: enum("free", "pro", "enterprise") = "free"
  seats: number = 1
  renews_at: datetime
}

event purchase { sku: text, amount: number }
event signed_up { plan: text }
"#;

/// Two messages, a segment, a campaign and its test: about thirty-five lines of ordinary source.
fn campaign(text: &mut String, n: usize) {
    let _ = write!(
        text,
        r#"
/// Those whom offer {n} may interest.
segment "Likely {n}" = country == "Canada" and points > {limit} and plan != "enterprise"

email offer_{n} {{
  subject "An offer for you, {{{{ contact.first_name | default('there') }}}}"
  body """
  Hi {{{{ contact.first_name | default('there') }}}},

  you have {{{{ contact.points }}}} points: see https://acme.example/offers/{n}.
  """
}}
email reminder_{n} {{
  subject "Still interested?"
  body "The offer stands: https://acme.example/offers/{n}"
}}

campaign "Offer {n}" {{
  published
  when segment "Likely {n}"
  exit when purchase

  email offer_{n}
  if clicked(offer_{n}) within {days}d then tag "clicked {n}"
  else {{
    if plan == "free" and seats < {seats} then {{
      wait 2d
      email reminder_{n}
    }} else set seats = seats + 1
    points +{more}
  }}
}}

test "offer {n} reaches those who may like it" {{
  given contact {{ country: "Canada", points: {enough} }}
  expect email offer_{n}
}}
"#,
        limit = 20 + n % 70,
        enough = 21 + n % 70,
        days = 1 + n % 6,
        seats = 2 + n % 9,
        more = 1 + n % 5,
    );
}

/// The one-page example of the tests, with the template it names.
pub fn one_page(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder.join("emails"))?;
    fs::write(folder.join("main.camp"), include_str!("../../tests/samples/01_one_page.camp"))?;
    fs::write(folder.join("camp.toml"), "[project]\nname = \"acme\"\n")?;
    let mail = "<mjml><mj-body><mj-section><mj-column><mj-text>Hi {{ contact.first_name | default('there') }}, welcome.</mj-text></mj-column></mj-section></mj-body></mjml>\n";
    fs::write(folder.join("emails/welcome.mjml"), mail)
}

/// The project that the daemon runs, of a size people have: 20 campaigns, 60 segments, 12 fields, point rules. Everybody who is known waits
/// in one campaign; `ordered` sends a mail, `looked` changes a fact, and now and then someone comes into a segment.
pub fn load_project() -> String {
    let mut text = LOAD_HEAD.to_owned();
    for n in 0..SEGMENTS {
        let _ = match n % 6 {
            0 => writeln!(text, "segment \"Pro {n}\" = plan == \"pro\" and points > {}", 200 + 50 * n),
            1 => writeln!(text, "segment \"Canada {n}\" = country == \"Canada\" and visits > {n}"),
            2 => writeln!(text, "segment \"Buyer {n}\" = ordered(amount > {}) in last 30d and seats > {n}", 50 + n),
            3 => writeln!(text, "segment \"Team {n}\" = employees between {n} and {} and industry in (\"retail\", \"software\")", 2 * n),
            4 => writeln!(text, "segment \"Trial {n}\" = trial_ends_at > {n}d from now and not subscribed"),
            _ => writeln!(text, "segment \"Named {n}\" = city == \"City {n}\" or has tag \"group {n}\""),
        };
    }
    for n in 0..FURTHER_CAMPAIGNS {
        let segment = ["Pro", "Canada", "Buyer", "Team", "Trial", "Named"][n % 6];
        let _ = write!(text, "\ncampaign \"Further {n}\" {{\n  published\n  when segment \"{segment} {n}\"\n  exit when cancelled\n\n");
        let _ = writeln!(text, "  wait 1d\n  if visits > {n} then tag \"keen {n}\"\n  else set seats = seats + 1\n  wait 30d\n  email again\n}}");
    }
    text
}

/// A project of waits alone: whoever is known waits until an instant of their own.
pub const WAVE: &str = r#"project "Wave" { timezone "UTC" from "Ana at Acme <ana@acme.example>" address "1 King St W, Toronto ON" }
contact { due_at: datetime  visits: number = 0 }
event ordered { sku: text, amount: number }
event looked { sku: text }
campaign "Wave" {
  published
  when contact created

  wait until due_at
  set visits = visits + 1
}
"#;

const SEGMENTS: usize = 60;
const FURTHER_CAMPAIGNS: usize = 17;

const LOAD_HEAD: &str = r#"project "Load" {
  timezone "UTC"
  from "Ana at Acme <ana@acme.example>"
  address "1 King St W, Toronto ON"
}

contact {
  plan: text = "free"
  visits: number = 0
  seats: number = 0
  employees: number
  industry: text
  city: text
  owner: text
  last_sku: text
  trial_ends_at: datetime
  birthday: date
  subscribed: bool = true
  score: number = 0
}

event ordered { sku: text, amount: number }
event looked { sku: text }
event cancelled

points {
  on ordered +10 at most once per day
  on looked +1 at most once per 1h
  on visited("/pricing*") +5 at most once per day
}
points product { on looked +1 }

email thanks {
  subject "Thanks, {{ contact.first_name | default('there') }}"
  body "Hi {{ contact.first_name | default('there') }}, your order is on its way. Follow it at https://acme.example/orders"
}
email again {
  subject "Something new"
  body "Have a look: https://acme.example/new"
}

campaign "Order" {
  published
  when ordered
  reenter always

  email thanks
}

campaign "Nurture" {
  published
  when contact created

  wait 30d
  email again
}

campaign "Look" {
  published
  when looked
  reenter always

  set visits = visits + 1
}

"#;

/// The project's file for the daemon: keys, and mail to files, or to a lane that lets one go an hour.
pub fn camp_toml(is_delivering: bool) -> String {
    let email = if is_delivering { "provider = \"file\"\n" } else { "url = \"smtp://127.0.0.1:9\"\ninsecure = true\nrate = \"1/h\"\n" };
    format!(
        "[project]\nname = \"load\"\npublic_url = \"http://127.0.0.1:8025\"\n\n[email]\n{email}\n[server]\nwrite_keys = [\"bench-writes\"]\nadmin_tokens = [\"bench-administers\"]\n"
    )
}
