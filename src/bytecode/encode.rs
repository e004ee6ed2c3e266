//! A program as bytes: `CAMPB`, the format's version, a table of sections, the sections, a BLAKE3 checksum over all before it.
//!
//! Operations are written by their numbers and operands in LEB128, so that a build that adds an operation reads older images;
//! the other tables are postcard. The layout stands in [`super::decode`], which is its mirror.

use super::Program;
use super::flat::FlatValue;
use serde::Serialize;

/// The first bytes of every image.
pub const MAGIC: &[u8; 5] = b"CAMPB";
/// The version this build writes, and the newest it reads.
pub const FORMAT_VERSION: u16 = 2;
/// Length of the checksum at the end.
pub(super) const CHECKSUM_BYTES: usize = 32;

/// The sections of an image, by number, except code and constants. Numbers are never given twice.
macro_rules! for_each_table {
    ($apply:ident) => {
        $apply! {
            3 project, 4 fields, 5 events, 6 lists, 7 topics, 8 segments, 9 groups, 10 rules, 11 messages, 12 templates, 13 webhooks,
            14 campaigns, 15 steps, 16 places, 17 sends, 18 webhook_steps, 19 notifies, 20 listens, 21 untils, 22 queries, 23 regexes,
            24 blocks, 25 files, 26 notes, 27 positions, 28 outline, 40 arms, 41 splits, 42 repeats, 43 experiments, 45 timelines, 60 policy
        }
    };
}
pub(super) use for_each_table;

/// The section that format 2 brought: without it there is no outline.
pub(super) const OUTLINE_SECTION: u8 = 28;
/// The section of the operations.
pub(super) const CODE_SECTION: u8 = 1;
/// The section of the constants.
pub(super) const CONSTANT_SECTION: u8 = 2;

/// The image of a program.
#[must_use]
pub fn encode(program: &Program) -> Vec<u8> {
    let sections = sections(program);
    let mut image = Vec::with_capacity(sections.iter().map(|(_, body)| body.len() + 5).sum::<usize>() + 64);
    image.extend_from_slice(MAGIC);
    image.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
    image.push(u8::try_from(sections.len()).unwrap_or(u8::MAX));
    for (number, body) in &sections {
        image.push(*number);
        image.extend_from_slice(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes());
    }
    for (_, body) in &sections {
        image.extend_from_slice(body);
    }
    let checksum = blake3::hash(&image);
    image.extend_from_slice(checksum.as_bytes());
    image
}

/// All sections with their numbers, ascending.
pub(super) fn sections(program: &Program) -> Vec<(u8, Vec<u8>)> {
    let constants: Vec<FlatValue> = program.constants.iter().cloned().map(FlatValue).collect();
    let mut sections = vec![(CODE_SECTION, encode_code(program)), (CONSTANT_SECTION, bytes_of(&constants))];
    macro_rules! push {
        ($($number:literal $table:ident),+) => { $(sections.push(($number, bytes_of(&program.$table)));)+ };
    }
    for_each_table!(push);
    sections
}

/// Postcard of plain tables into memory cannot fail; if it did, the section would be empty and decoding would say so.
pub(super) fn bytes_of<T: Serialize + ?Sized>(table: &T) -> Vec<u8> {
    let encoded = postcard::to_stdvec(table);
    debug_assert!(encoded.is_ok(), "a table of the program cannot be encoded");
    encoded.unwrap_or_default()
}

fn encode_code(program: &Program) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(program.code.len() * 3);
    put_leb(&mut bytes, u32::try_from(program.code.len()).unwrap_or(u32::MAX));
    for op in &program.code {
        bytes.push(op.number());
        for operand in op.raw_operands() {
            put_leb(&mut bytes, operand);
        }
    }
    bytes
}

fn put_leb(bytes: &mut Vec<u8>, mut value: u32) {
    loop {
        let low = u8::try_from(value & 0x7f).unwrap_or(0);
        value >>= 7;
        if value == 0 {
            bytes.push(low);
            return;
        }
        bytes.push(low | 0x80);
    }
}
