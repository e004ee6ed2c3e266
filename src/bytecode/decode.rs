//! Bytes as a program: the mirror of [`super::encode`]. Never panics, never reserves more than the image can hold.
//!
//! A decoded program is not yet trusted: [`super::verify`] looks at what it means.

use super::encode::{CHECKSUM_BYTES, CODE_SECTION, CONSTANT_SECTION, FORMAT_VERSION, MAGIC, OUTLINE_SECTION, bytes_of, for_each_table};
use super::flat::FlatValue;
use super::{Op, Outline, Program};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use thiserror::Error;

/// The largest image that is read: 256 MiB.
pub const MAX_IMAGE_BYTES: usize = 256 << 20;
/// The longest code that is read.
pub const MAX_CODE_OPS: u32 = 4 << 20;

/// Why an image is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// It does not begin with `CAMPB`.
    #[error("this is not a compiled Camp program")]
    Magic,
    /// A newer (or never released) version.
    #[error("this program has format {found}, and this campc reads up to {FORMAT_VERSION}: update campc, or compile the program again")]
    Version {
        /// The version in the image.
        found: u16,
    },
    /// The checksum does not fit.
    #[error("the compiled program is damaged: its checksum does not fit")]
    Checksum,
    /// Larger than is read.
    #[error("the compiled program is larger than {MAX_IMAGE_BYTES} bytes")]
    TooLarge,
    /// It ends too early, or something is left over.
    #[error("the compiled program is damaged: its sections do not fill it")]
    Sections,
    /// A section nobody knows, or one twice.
    #[error("the compiled program has an unknown section {0}: update campc, or compile the program again")]
    UnknownSection(u8),
    /// A section that must be there.
    #[error("the compiled program lacks section {0}")]
    MissingSection(u8),
    /// An operation nobody knows.
    #[error("the compiled program has an unknown operation {number} at {at}: update campc, or compile the program again")]
    UnknownOp {
        /// The number.
        number: u8,
        /// Its index in the code.
        at: u32,
    },
    /// A table that cannot be read.
    #[error("the compiled program is damaged: section {0} cannot be read")]
    Table(u8),
}

/// Reads an image.
///
/// # Errors
/// Whatever keeps the bytes from being an image of this format.
pub fn decode(image: &[u8]) -> Result<Program, DecodeError> {
    if image.len() > MAX_IMAGE_BYTES {
        return Err(DecodeError::TooLarge);
    }
    let rest = image.strip_prefix(MAGIC.as_slice()).ok_or(DecodeError::Magic)?;
    let (version, _) = rest.split_first_chunk::<2>().ok_or(DecodeError::Magic)?;
    let version = u16::from_le_bytes(*version);
    if version == 0 || version > FORMAT_VERSION {
        return Err(DecodeError::Version { found: version });
    }
    let body_len = image.len().checked_sub(CHECKSUM_BYTES).ok_or(DecodeError::Checksum)?;
    let (body, checksum) = image.split_at_checked(body_len).ok_or(DecodeError::Checksum)?;
    if blake3::hash(body).as_bytes().as_slice() != checksum {
        return Err(DecodeError::Checksum);
    }
    let mut sections = split_sections(body.get(MAGIC.len() + 2..).ok_or(DecodeError::Sections)?)?;
    let no_outline = bytes_of(&Outline::default());
    if version == 1 {
        sections.entry(OUTLINE_SECTION).or_insert(&no_outline);
    }
    program_of(sections)
}

fn split_sections(bytes: &[u8]) -> Result<BTreeMap<u8, &[u8]>, DecodeError> {
    let (count, mut rest) = bytes.split_first().ok_or(DecodeError::Sections)?;
    let mut table = Vec::new();
    for _ in 0..*count {
        let (entry, behind) = rest.split_first_chunk::<5>().ok_or(DecodeError::Sections)?;
        let [number, length @ ..] = *entry;
        table.push((number, usize::try_from(u32::from_le_bytes(length)).map_err(|_| DecodeError::Sections)?));
        rest = behind;
    }
    let mut sections = BTreeMap::new();
    for (number, length) in table {
        let (body, behind) = rest.split_at_checked(length).ok_or(DecodeError::Sections)?;
        if sections.insert(number, body).is_some() {
            return Err(DecodeError::UnknownSection(number));
        }
        rest = behind;
    }
    if rest.is_empty() { Ok(sections) } else { Err(DecodeError::Sections) }
}

fn program_of(mut sections: BTreeMap<u8, &[u8]>) -> Result<Program, DecodeError> {
    let mut take = |number: u8| sections.remove(&number).ok_or(DecodeError::MissingSection(number));
    let mut program = Program { code: code_of(take(CODE_SECTION)?)?, ..Program::default() };
    let constants: Vec<FlatValue> = table_of(CONSTANT_SECTION, take(CONSTANT_SECTION)?)?;
    program.constants = constants.into_iter().map(|FlatValue(value)| value).collect();
    macro_rules! fill {
        ($($number:literal $table:ident),+) => { $(program.$table = table_of($number, take($number)?)?;)+ };
    }
    for_each_table!(fill);
    match sections.keys().next() {
        Some(unknown) => Err(DecodeError::UnknownSection(*unknown)),
        None => Ok(program),
    }
}

fn table_of<T: DeserializeOwned>(number: u8, bytes: &[u8]) -> Result<T, DecodeError> {
    match postcard::take_from_bytes(bytes) {
        Ok((table, [])) => Ok(table),
        Ok(_) | Err(_) => Err(DecodeError::Table(number)),
    }
}

fn code_of(bytes: &[u8]) -> Result<Vec<Op>, DecodeError> {
    let mut rest = bytes;
    let count = take_leb(&mut rest).filter(|count| *count <= MAX_CODE_OPS).ok_or(DecodeError::Table(CODE_SECTION))?;
    let mut code = Vec::new();
    for at in 0..count {
        let (number, behind) = rest.split_first().ok_or(DecodeError::Table(CODE_SECTION))?;
        rest = behind;
        let op = Op::read(*number, || take_leb(&mut rest)).ok_or(DecodeError::UnknownOp { number: *number, at })?;
        code.push(op);
    }
    if rest.is_empty() { Ok(code) } else { Err(DecodeError::Table(CODE_SECTION)) }
}

/// A number in LEB128 in its shortest form, so that one program has one image.
fn take_leb(bytes: &mut &[u8]) -> Option<u32> {
    let mut value: u32 = 0;
    for shift in [0_u32, 7, 14, 21, 28] {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let low = u32::from(byte & 0x7f);
        if shift == 28 && low > 0xf {
            return None;
        }
        value |= low << shift;
        if byte & 0x80 == 0 {
            return (shift == 0 || low != 0).then_some(value);
        }
    }
    None
}
