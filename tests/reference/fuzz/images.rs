//! Images that no compiler has made, and the way there and back: bytecode, sources, values.

use super::super::compare::workspace;
use super::super::make::{Random, case};
use campc::bytecode::{Program, decode, disassemble, encode, find_errors};
use campc::compiler::{Analysis, Formatted, analyze, compile_with_tests, format_source};
use campc::lang::{Date, Instant, Type, Value, Zone, from_json, to_json};
use campc::lower::TestBlocks;
use campc::sim::{TestSuite, trace_test};

/// A made program with what it was made from.
pub struct Made {
    pub analysis: Analysis,
    pub program: Program,
    pub blocks: TestBlocks,
    /// Its image without the seal.
    pub body: Vec<u8>,
}

/// The program of that seed; none where the checker refuses what was made.
pub fn made(seed: u64) -> Option<Made> {
    let analysis = analyze(&workspace(&case(seed, 2).source()));
    let (program, blocks) = compile_with_tests(&analysis).ok()?;
    let image = encode(&program);
    Some(Made { analysis, body: image[..image.len() - 32].to_vec(), program, blocks })
}

fn sealed(mut body: Vec<u8>) -> Vec<u8> {
    let checksum = blake3::hash(&body);
    body.extend_from_slice(checksum.as_bytes());
    body
}

/// An image with a few bytes lost, turned or doubled, its seal made anew.
pub fn damaged(made: &Made, random: &mut Random) -> Vec<u8> {
    let mut body = made.body.clone();
    match random.below(6) {
        0 => body.truncate(random.below(body.len())),
        1 => {
            let from = random.below(body.len());
            body.drain(from..(from + 1 + random.below(8)).min(made.body.len()));
        }
        2 => {
            let (from, to) = (random.below(body.len()), random.below(body.len()));
            body[to] = body[from];
        }
        _ => (0..1 + random.below(4)).for_each(|_| {
            let at = random.below(body.len());
            body[at] ^= 1 << random.below(8);
        }),
    }
    sealed(body)
}

/// Loads an image and runs the histories of the program it was made from: whether it was accepted. It ends whatever it holds.
pub fn run(made: &Made, image: &[u8]) -> bool {
    let Ok(program) = decode(image) else { return false };
    assert!(!disassemble(&program).is_empty());
    if !find_errors(&program).is_empty() {
        return false;
    }
    let Ok(suite) = TestSuite::new(program, made.blocks.clone()) else { return false };
    for (number, test) in made.analysis.project.tests.iter().enumerate() {
        assert_eq!(trace_test(&suite, number, test).len(), test.contacts.len());
    }
    true
}

/// There and back: image, layout, values. What is wrong, where something is.
pub fn round_trip(seed: u64) -> Result<(), String> {
    if let Some(made) = made(seed) {
        let image = sealed(made.body.clone());
        let decoded = decode(&image).map_err(|error| format!("an image does not decode: {error:?}"))?;
        if decoded != made.program || encode(&decoded) != image {
            return Err("an image decodes to something else".to_owned());
        }
    }
    let source = case(seed, 2).source();
    let source = source.replace("\n  ", "\n  // a comment {\n  ");
    let first = match format_source("case.camp", source.as_bytes()) {
        Formatted::Changed(bytes) => bytes,
        Formatted::Unchanged => source.clone().into_bytes(),
        Formatted::Broken(sources, findings) => {
            let finding = findings.first().map(|finding| format!("{} {:?}", finding.title, sources.text(finding.primary.span)));
            return Err(format!("a made source is broken: {finding:?}"));
        }
        Formatted::Differs => return Err("a layout that says something else".to_owned()),
    };
    if !matches!(format_source("case.camp", &first), Formatted::Unchanged) {
        return Err("a second layout changes the first".to_owned());
    }
    let comments = |text: &str| text.matches("// a comment {").count();
    if comments(&String::from_utf8_lossy(&first)) != comments(&source) {
        return Err("a comment is lost".to_owned());
    }
    let mut random = Random::new(seed);
    let (value, ty) = value(&mut random);
    match from_json(&to_json(&value), &ty, &Zone::utc()) {
        Ok(back) if back == value => Ok(()),
        other => Err(format!("{value} comes back as {other:?}")),
    }
}

fn value(random: &mut Random) -> (Value, Type) {
    let text = |random: &mut Random| -> String {
        let letters: Vec<char> = "aZ09 \"'\\\n\t\u{0}é\u{1f3d6}{}%<>&;--".chars().collect();
        (0..random.below(20)).map(|_| *random.pick(&letters)).collect()
    };
    match random.below(6) {
        0 => (Value::Bool(random.chance(50)), Type::Bool),
        1 => (Value::Number((random.below(2_000_001) as f64 - 1_000_000.0) / [1.0, 3.0, 1e-9, 1e12][random.below(4)]), Type::Number),
        2 => (Value::Date(Date(i32::try_from(random.below(60_000)).unwrap_or(0) - 20_000)), Type::Date),
        3 => (Value::DateTime(Instant((random.next() % 4_000_000_000_000) as i64)), Type::DateTime),
        4 => {
            let items: Vec<Value> = (0..random.below(5)).map(|_| Value::text(text(random))).collect();
            (Value::List(items.into()), Type::List(Box::new(Type::Text)))
        }
        _ => (Value::text(text(random)), Type::Text),
    }
}
