//! The physical reference: a bare loop that writes the rows which the daemon wrote, with the same tables, settings and number of transactions.
//!
//! It decides nothing, encodes nothing and hears no network: what is between it and the daemon is the daemon.

use super::daemon::written_bytes;
use super::report::Failure;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use std::path::Path;
use std::time::Instant;

/// What the raw loop came to.
#[derive(Debug)]
pub struct Raw {
    pub inputs_per_second: f64,
    /// Bytes handed to the disk for an input.
    pub bytes_an_input: f64,
    /// How many rows of which kind.
    pub rows: String,
}

type Rows = Vec<Vec<Value>>;

/// The rows of a store, as the loop writes them.
struct Material {
    /// Rows that a batch appends, by table.
    appended: [(&'static str, Rows); 4],
    /// Every contact as it is swept, in the order of their numbers, with its trail.
    contacts: Rows,
    trails: Rows,
    /// One after-image for each input; strangers to each other, as in the load.
    images: Rows,
}

impl Material {
    fn read(source: &Connection) -> Result<Material, Failure> {
        let of_tracks = "SELECT * FROM journal WHERE at >= (SELECT min(accepted_at) FROM event WHERE kind = 'track')";
        let appended = [
            ("event", rows(source, "SELECT * FROM event WHERE kind = 'track'")?),
            ("journal", rows(source, of_tracks)?),
            ("outbox", rows(source, "SELECT * FROM outbox")?),
            ("effect", rows(source, "SELECT * FROM effect")?),
        ];
        let contacts = rows(source, "SELECT * FROM contact ORDER BY uid")?;
        let trails = rows(source, "SELECT * FROM trail WHERE contact IN (SELECT uid FROM contact) ORDER BY contact")?;
        let image = |index: usize| {
            let at = index.wrapping_mul(7919) % contacts.len();
            let column = |number: usize| contacts[at].get(number).cloned().unwrap_or(Value::Null);
            let trail = |number: usize| trails.get(at).and_then(|row| row.get(number)).cloned().unwrap_or(Value::Integer(0));
            let position = Value::Integer(i64::try_from(index + 1).unwrap_or(i64::MAX));
            vec![position, column(8), column(0), trail(1), trail(2), trail(3), trail(4), Value::Null, column(2), column(3), column(5), column(9), column(10)]
        };
        let images = (0..appended[0].1.len()).map(image).collect();
        Ok(Material { appended, contacts, trails, images })
    }
}

/// Reads the rows of a store, then writes them to a new one in as many transactions as the store was written in, each with the sweep that goes
/// beside it: a slot an input, and what the log held for the round before is let go. Times the writing.
pub fn same_rows(store: &Path, folder: &Path) -> Result<Raw, Failure> {
    let source = Connection::open(store)?;
    // Each commit has an instant of its own, to the millisecond.
    let commits: usize = source.query_row("SELECT count(DISTINCT accepted_at) FROM event WHERE kind = 'track'", [], |row| row.get(0))?;
    let material = Material::read(&source)?;
    let inputs = material.images.len();
    let mut target = empty_copy(&source, &folder.join("raw.db"))?;
    drop(source);
    // The people are known before the clock starts, as they are to the daemon.
    write(&mut target, &[("contact", &material.contacts), ("trail", &material.trails)])?;
    let (started, bytes) = (Instant::now(), written_bytes("self")?);
    let (mut swept, people) = (0, material.contacts.len());
    for number in 0..commits {
        let mut parts: Vec<(&str, &[Vec<Value>])> = material.appended.iter().map(|(table, rows)| (*table, part(rows, number, commits))).collect();
        let images = part(&material.images, number, commits);
        parts.push(("image", images));
        write(&mut target, &parts)?;
        let upto = (swept + images.len()).min(people);
        sweep(&mut target, (&material, swept..upto), (inputs * (number + 1) / commits).saturating_sub(2 * people))?;
        swept = if upto == people { 0 } else { upto };
    }
    let seconds = started.elapsed().as_secs_f64();
    let bytes_an_input = (written_bytes("self")? - bytes) as f64 / inputs as f64;
    let counts = material.appended.iter().map(|(_, rows)| rows.len()).collect::<Vec<_>>();
    let rows = format!(
        "{} event rows, {} journal rows, {} effects with their rows, {inputs} after-images, a slot of the sweep for each, in {commits} transactions",
        counts[0], counts[1], counts[2]
    );
    Ok(Raw { inputs_per_second: inputs as f64 / seconds, bytes_an_input, rows })
}

/// The sweep beside a batch: it need not be durable by itself.
fn sweep(target: &mut Connection, (material, range): (&Material, std::ops::Range<usize>), upto: usize) -> Result<(), Failure> {
    target.execute_batch("PRAGMA synchronous = NORMAL")?;
    let transaction = target.transaction()?;
    for (table, rows) in [("contact", &material.contacts), ("trail", &material.trails)] {
        let rows = rows.get(range.clone()).unwrap_or_default();
        let Some(width) = rows.first().map(Vec::len) else { continue };
        let mut statement = transaction.prepare_cached(&insert(table, width))?;
        for row in rows {
            statement.execute(params_from_iter(row))?;
        }
    }
    transaction.prepare_cached("DELETE FROM image WHERE position <= ?1")?.execute([i64::try_from(upto)?])?;
    transaction.commit()?;
    target.execute_batch("PRAGMA synchronous = FULL")?;
    Ok(())
}

/// A store with the same tables, indices and settings, and nothing in it.
fn empty_copy(source: &Connection, path: &Path) -> Result<Connection, Failure> {
    let query = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND type IN ('table', 'index') AND name NOT LIKE 'sqlite_%' ORDER BY type DESC";
    let schema: Vec<String> = source.prepare(query)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let target = Connection::open(path)?;
    target.execute_batch(
        "PRAGMA page_size = 4096; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536;
         PRAGMA wal_autocheckpoint = 4000; PRAGMA temp_store = MEMORY; PRAGMA secure_delete = FAST;",
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

/// Contacts are there already, and their rows are what changes; all else is appended.
fn insert(table: &str, width: usize) -> String {
    let places = vec!["?"; width].join(", ");
    format!("INSERT OR REPLACE INTO {table} VALUES ({places})")
}
