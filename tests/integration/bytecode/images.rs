//! Programs as bytes and back.

use super::rich_program;
use campc::bytecode::{DecodeError, OP_NUMBERS, Program, decode, disassemble, encode, find_errors};
use proptest::prelude::*;

fn resealed(mut body: Vec<u8>) -> Vec<u8> {
    let checksum = blake3::hash(&body);
    body.extend_from_slice(checksum.as_bytes());
    body
}

#[test]
fn what_was_encoded_decodes_to_itself() {
    let program = rich_program();
    let image = encode(&program);
    let decoded = decode(&image).expect("decodes");
    assert_eq!(decoded, program);
    assert_eq!(encode(&decoded), image);
    assert_eq!(decode(&encode(&Program::default())), Ok(Program::default()));
}

#[test]
fn what_is_no_image_is_refused_with_its_reason() {
    let image = encode(&rich_program());
    assert_eq!(decode(b"ELF"), Err(DecodeError::Magic));
    assert_eq!(decode(b""), Err(DecodeError::Magic));
    let mut newer = image.clone();
    newer[5] = 9;
    assert_eq!(decode(&newer), Err(DecodeError::Version { found: 9 }));
    let mut damaged = image.clone();
    damaged[200] ^= 1;
    assert_eq!(decode(&damaged), Err(DecodeError::Checksum));
    for length in 0..image.len().min(400) {
        assert!(decode(&image[..length]).is_err());
    }
    let mut unknown = image[..image.len() - 32].to_vec();
    let count = usize::from(unknown[7]);
    let code_at = 8 + count * 5;
    let count_bytes = if rich_program().code.len() < 128 { 1 } else { 2 };
    unknown[code_at + count_bytes] = 250;
    assert_eq!(decode(&resealed(unknown)), Err(DecodeError::UnknownOp { number: 250, at: 0 }));
}

#[test]
fn numbers_of_operations_are_never_given_twice() {
    let mut numbers = OP_NUMBERS.to_vec();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), OP_NUMBERS.len());
}

#[test]
fn deep_nesting_in_a_damaged_image_is_refused_without_recursion() {
    let nested = |depth: u32| {
        let value = (0..depth).fold(campc::lang::Value::Unset, |inner, _| campc::lang::Value::List([inner].into()));
        Program { constants: vec![value], ..Program::default() }
    };
    assert!(decode(&encode(&nested(31))).is_ok());
    assert_eq!(decode(&encode(&nested(200))), Err(DecodeError::Table(2)));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn damaged_images_are_decoded_and_verified_without_a_panic(flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        static IMAGE: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
        let mut body = IMAGE.get_or_init(|| { let image = encode(&rich_program()); image[..image.len() - 32].to_vec() }).clone();
        let len = body.len();
        for (at, value) in flips {
            body[at.index(len)] = value;
        }
        if let Ok(program) = decode(&resealed(body)) {
            let errors = find_errors(&program);
            if errors.is_empty() {
                prop_assert_ne!(campc::bytecode::program_hash(&program), [0; 32]);
            }
            prop_assert!(!disassemble(&program).is_empty());
        }
    }
}
