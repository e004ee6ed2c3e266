//! The physical reference: a bare loop that writes the rows which the daemon wrote, with the same tables, settings and transaction size.
//!
//! It decides nothing, encodes nothing and hears no network: what is between it and the daemon is the daemon.

use super::report::Failure;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use std::path::Path;
use std::time::Instant;

/// What the raw loop came to.
#[derive(Debug)]
pub struct Raw {
    pub inputs_per_second: f64,
    /// How many rows of which kind.
    pub rows: String,
}

type Rows = Vec<Vec<Value>>;

/// Tables that a batch appends to.
const APPENDED: [&str; 3] = ["event", "journal", "outbox"];

/// Reads the rows of a store, then writes them to a new one, `batch` inputs a transaction, and times the writing.
pub fn same_rows(store: &Path, folder: &Path, batch: usize) -> Result<Raw, Failure> {
    let source = Connection::open(store)?;
    let tracks = "FROM event WHERE kind = 'track'";
    let first_contact = "contact IN (SELECT contact FROM event WHERE kind = 'track')";
    let appended: Vec<Rows> = APPENDED
        .iter()
        .map(|table| match *table {
            "event" => rows(&source, &format!("SELECT * {tracks}")),
            "journal" => rows(&source, &format!("SELECT * FROM journal WHERE {first_contact}")),
            _ => rows(&source, &format!("SELECT * FROM {table}")),
        })
        .collect::<Result<_, _>>()?;
    let contacts = rows(&source, "SELECT * FROM contact")?;
    let inputs = appended[0].len();
    let schema: Vec<String> = source
        .prepare("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND type IN ('table', 'index') AND name NOT LIKE 'sqlite_%' ORDER BY type DESC")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    drop(source);

    let mut target = Connection::open(folder.join("raw.db"))?;
    target.execute_batch(
        "PRAGMA page_size = 4096; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 4000;",
    )?;
    for statement in schema {
        target.execute_batch(&statement)?;
    }
    // The people are known before the clock starts, as they are to the daemon.
    write(&mut target, &[("contact", &contacts)])?;
    let started = Instant::now();
    let count = inputs.div_ceil(batch);
    for number in 0..count {
        let mut parts: Vec<(&str, &[Vec<Value>])> = APPENDED.iter().zip(&appended).map(|(table, rows)| (*table, part(rows, number, count))).collect();
        let touched: Rows =
            (0..batch.min(contacts.len())).map(|index| contacts[(number * batch + index).wrapping_mul(7919) % contacts.len()].clone()).collect();
        parts.push(("contact", &touched));
        write(&mut target, &parts)?;
    }
    let inputs_per_second = inputs as f64 / started.elapsed().as_secs_f64();
    let rows = format!("{inputs} event rows, {} journal rows, {} outbox rows, {inputs} contact rows", appended[1].len(), appended[2].len());
    Ok(Raw { inputs_per_second, rows })
}

fn rows(from: &Connection, query: &str) -> Result<Rows, Failure> {
    let mut statement = from.prepare(query)?;
    let width = statement.column_count();
    let found = statement.query_map([], |row| (0..width).map(|column| row.get(column)).collect())?.collect::<Result<Rows, _>>()?;
    Ok(found)
}

/// The `number`th of `count` equal parts.
fn part(rows: &[Vec<Value>], number: usize, count: usize) -> &[Vec<Value>] {
    let at = |number: usize| rows.len() * number / count;
    &rows[at(number)..at(number + 1)]
}

fn write(target: &mut Connection, parts: &[(&str, &[Vec<Value>])]) -> Result<(), Failure> {
    let transaction = target.transaction()?;
    for (table, rows) in parts {
        let Some(width) = rows.first().map(Vec::len) else { continue };
        let places = vec!["?"; width].join(", ");
        let mut statement = transaction.prepare_cached(&format!("INSERT OR REPLACE INTO {table} VALUES ({places})"))?;
        for row in *rows {
            statement.execute(params_from_iter(row))?;
        }
    }
    transaction.commit()?;
    Ok(())
}
