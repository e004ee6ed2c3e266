//! The rows of a file: its encoding and delimiter looked at, each row as a line of JSON or a reason why not.

use super::columns::{Reading, columns};
use crate::bytecode::Program;
use crate::cli::failure::Failure;
use std::path::Path;

/// Delimiters that are looked for.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// So many lines say which delimiter it is.
const SAMPLE_LINES: usize = 10;

/// A row: its line in the file, its text as it came, and its JSON or why it is refused.
#[derive(Clone, Debug)]
pub struct Row {
    /// The line, from 1.
    pub line: u64,
    /// As it came, for the file of what was rejected.
    pub raw: String,
    /// What it says.
    pub json: Result<String, String>,
}

/// A file's text.
///
/// # Errors
/// Where it is not UTF-8, with the encoding it seems to have.
pub fn text<'a>(path: &Path, bytes: &'a [u8]) -> Result<&'a str, Failure> {
    let named = |encoding: &str| {
        let help = "save it as UTF-8 (in a spreadsheet: \"CSV UTF-8\")";
        Failure::usage(format!("{} is {encoding}, not UTF-8; {help}", path.display()))
    };
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(named("UTF-16"));
    }
    let nuls = bytes.iter().take(1_000).filter(|byte| **byte == 0).count();
    if nuls > bytes.len().min(1_000) / 4 {
        return Err(named("UTF-16 without a mark"));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        let line = bytes.get(..at).map_or(1, |before| before.iter().filter(|byte| **byte == b'\n').count() + 1);
        named(&format!("Windows-1252 or another 8-bit encoding (line {line}, byte {at})"))
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// The delimiter that splits the first lines into the same number of cells, more than one; a comma where none does.
#[must_use]
pub fn delimiter(text: &str) -> u8 {
    let sample: String = text.lines().take(SAMPLE_LINES).map(|line| format!("{line}\n")).collect();
    let width = |delimiter: u8| {
        let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(sample.as_bytes());
        let widths: Vec<usize> = reader.records().filter_map(Result::ok).map(|record| record.len()).collect();
        let first = widths.first().copied().unwrap_or(0);
        let agreeing = widths.iter().filter(|width| **width == first).count();
        if first > 1 { (agreeing, first) } else { (0, 0) }
    };
    DELIMITERS.into_iter().max_by_key(|delimiter| (width(*delimiter), *delimiter == b',')).filter(|best| width(*best).1 > 1).unwrap_or(b',')
}

/// The headers of a CSV text.
///
/// # Errors
/// Where there are none, or one stands twice.
pub fn headers(path: &Path, text: &str, delimiter: u8) -> Result<Vec<String>, Failure> {
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(text.as_bytes());
    let record = reader.headers().map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?;
    let names: Vec<String> = record.iter().map(|name| name.trim().to_string()).collect();
    if names.iter().all(String::is_empty) {
        return Err(Failure::usage(format!("{} has no header; its first line must name the columns", path.display())));
    }
    if let Some(name) = names.iter().enumerate().find(|(index, name)| names.iter().take(*index).any(|other| other == *name)).map(|(_, name)| name) {
        return Err(Failure::usage(format!("{}: the column {name:?} stands twice", path.display())));
    }
    Ok(names)
}

/// The rows of a CSV text.
pub fn csv_rows<'a>(text: &'a str, delimiter: u8, reading: &'a Reading) -> impl Iterator<Item = Row> + 'a {
    let reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(text.as_bytes());
    reader.into_records().map(move |record| match record {
        Ok(cells) => {
            let line = cells.position().map_or(0, csv::Position::line);
            Row { line, raw: joined(&cells), json: reading.row(&cells).map(|json| json.to_string()) }
        }
        Err(error) => Row { line: error.position().map_or(0, csv::Position::line), raw: String::new(), json: Err(error.to_string()) },
    })
}

fn joined(cells: &csv::StringRecord) -> String {
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    // Into memory nothing fails.
    let _ = writer.write_record(cells);
    let bytes = writer.into_inner().unwrap_or_default();
    String::from_utf8_lossy(&bytes).trim_end().to_string()
}

/// The rows of a JSON Lines text.
pub fn json_rows(text: &str) -> impl Iterator<Item = Row> + '_ {
    let lines = text.lines().zip(1_u64..).filter(|(line, _)| !line.trim().is_empty());
    lines.map(|(line, number)| Row { line: number, raw: line.to_string(), json: Ok(line.trim().to_string()) })
}

/// Reads a file of contacts, row by row; columns nobody declared are left out.
///
/// # Errors
/// Where it cannot be read, or has no header.
pub fn each_row((path, program): (&Path, &Program), mut take: impl FnMut(u64, Result<String, String>)) -> Result<(), Failure> {
    let bytes = std::fs::read(path).map_err(|error| Failure::io("cannot read", path, &error))?;
    let text = text(path, &bytes)?;
    if is_json(path) {
        json_rows(text).for_each(|row| take(row.line, row.json));
        return Ok(());
    }
    let delimiter = delimiter(text);
    let columns = columns(&headers(path, text, delimiter)?, &[], program);
    // Whose consent it is, is no question where nothing leaves.
    let reading = Reading { columns, keeps_unknown: false, consent_source: Some("file".to_owned()) };
    csv_rows(text, delimiter, &reading).for_each(|row| take(row.line, row.json));
    Ok(())
}

/// Whether a file has a contact a line as JSON.
#[must_use]
pub fn is_json(path: &Path) -> bool {
    path.extension().is_some_and(|extension| ["jsonl", "ndjson", "json"].iter().any(|known| extension.eq_ignore_ascii_case(known)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delimiter_is_the_one_that_splits_alike() {
        assert_eq!(delimiter("a,b\n1,2\n"), b',');
        assert_eq!(delimiter("a;b\n1,5;2\n"), b';');
        assert_eq!(delimiter("a\tb\n1\t2\n"), b'\t');
        assert_eq!(delimiter("a|b\n1|2\n"), b'|');
        assert_eq!(delimiter("email\nx@y.example\n"), b',');
    }

    #[test]
    fn another_encoding_is_named() {
        let name = |bytes: &[u8]| text(Path::new("f.csv"), bytes).unwrap_err().text;
        assert!(name(&[0xff, 0xfe, b'a', 0]).contains("UTF-16"));
        assert!(name(b"name\nJos\xe9\n").contains("Windows-1252"));
        assert_eq!(text(Path::new("f"), "\u{feff}a".as_bytes()).unwrap(), "a");
    }
}
