//! The physical reference: a bare loop that writes the rows which the daemon wrote, with the same tables, settings and number of transactions.
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

/// Reads the rows of a store, then writes them to a new one in as many transactions as the store was written in, and times the writing.
pub fn same_rows(store: &Path, folder: &Path) -> Result<Raw, Failure> {
    let source = Connection::open(store)?;
    let of_tracks = "SELECT * FROM journal WHERE at >= (SELECT min(accepted_at) FROM event WHERE kind = 'track')";
    let appended = [rows(&source, "SELECT * FROM event WHERE kind = 'track'")?, rows(&source, of_tracks)?, rows(&source, "SELECT * FROM outbox")?];
    // Each commit has an instant of its own, to the millisecond.
    let commits: usize = source.query_row("SELECT count(DISTINCT accepted_at) FROM event WHERE kind = 'track'", [], |row| row.get(0))?;
    let contacts = rows(&source, "SELECT * FROM contact")?;
    let inputs = appended[0].len();
    // Every input touches a contact; strangers to each other, as in the load.
    let touched: Rows = (0..inputs).map(|index| contacts[index.wrapping_mul(7919) % contacts.len()].clone()).collect();
    let mut target = empty_copy(&source, &folder.join("raw.db"))?;
    drop(source);
    // The people are known before the clock starts, as they are to the daemon.
    write(&mut target, &[("contact", &contacts)])?;
    let started = Instant::now();
    for number in 0..commits {
        let mut parts: Vec<(&str, &[Vec<Value>])> = APPENDED.iter().zip(&appended).map(|(table, rows)| (*table, part(rows, number, commits))).collect();
        parts.push(("contact", part(&touched, number, commits)));
        write(&mut target, &parts)?;
    }
    let inputs_per_second = inputs as f64 / started.elapsed().as_secs_f64();
    let counts = appended.iter().map(Vec::len).collect::<Vec<_>>();
    let rows = format!("{} event rows, {} journal rows, {} outbox rows, {inputs} contact rows in {commits} transactions", counts[0], counts[1], counts[2]);
    Ok(Raw { inputs_per_second, rows })
}

/// A store with the same tables, indices and settings, and nothing in it.
fn empty_copy(source: &Connection, path: &Path) -> Result<Connection, Failure> {
    let query = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND type IN ('table', 'index') AND name NOT LIKE 'sqlite_%' ORDER BY type DESC";
    let schema: Vec<String> = source.prepare(query)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let target = Connection::open(path)?;
    target.execute_batch(
        "PRAGMA page_size = 4096; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536;
         PRAGMA wal_autocheckpoint = 4000; PRAGMA temp_store = MEMORY;",
    )?;
    schema.iter().try_for_each(|statement| target.execute_batch(statement))?;
    Ok(target)
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
        let mut statement = transaction.prepare_cached(&insert(table, width))?;
        for row in *rows {
            statement.execute(params_from_iter(row))?;
        }
    }
    transaction.commit()?;
    Ok(())
}

/// Contacts are there already, and their state is what changes; all else is appended.
fn insert(table: &str, width: usize) -> String {
    let places = vec!["?"; width].join(", ");
    let change = "ON CONFLICT (uid) DO UPDATE SET wakes_at = excluded.wakes_at, enrollments = excluded.enrollments, rev = excluded.rev,
        position = excluded.position, state = excluded.state, checksum = excluded.checksum";
    format!("INSERT INTO {table} VALUES ({places}) {}", if table == "contact" { change } else { "" })
}
