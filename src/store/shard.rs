//! Which of the 1024 logical shards a contact or a key belongs to. The functions are fixed when a store is made and written to `meta`.

use crate::machine::state::ContactUid;

/// How many shards there are, for ever.
pub const SHARD_COUNT: u64 = 1024;
/// What `meta` says of the functions: contacts by the finalizer of `SplitMix64`, keys by the first 8 bytes of BLAKE3, each modulo 1024.
pub const SHARD_FUNCTION: &str = "contact splitmix64 % 1024; key blake3-64 % 1024";

/// The shard of a contact: the finalizer of `SplitMix64` over its number, modulo 1024. Any language can compute it in six lines.
#[must_use]
pub fn shard_of_contact(contact: ContactUid) -> u32 {
    let mut mixed = contact.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    small((mixed ^ (mixed >> 31)) % SHARD_COUNT)
}

/// The shard of an identity key: BLAKE3 over its kind's word, a zero byte and the key; the first 8 bytes, big-endian, modulo 1024.
#[must_use]
pub fn shard_of_key(kind: &str, key: &str) -> u32 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(kind.as_bytes()).update(&[0]).update(key.as_bytes());
    let mut bytes = [0; 8];
    hasher.finalize_xof().fill(&mut bytes);
    small(u64::from_be_bytes(bytes) % SHARD_COUNT)
}

fn small(shard: u64) -> u32 {
    u32::try_from(shard).unwrap_or(0)
}
