//! Which of the 1024 logical shards a contact or a key belongs to. The functions are fixed when a store is made and written to `meta`.

use crate::machine::state::ContactUid;
use xxhash_rust::xxh3::xxh3_64;

/// How many shards there are, for ever.
pub const SHARD_COUNT: u64 = 1024;
/// What `meta` says of the function.
pub const SHARD_FUNCTION: &str = "xxh3_64 % 1024";

/// The shard of a contact: XXH3-64 over its number as 8 big-endian bytes, modulo 1024.
#[must_use]
pub fn shard_of_contact(contact: ContactUid) -> u32 {
    small(xxh3_64(&contact.0.to_be_bytes()) % SHARD_COUNT)
}

/// The shard of an identity key: XXH3-64 over its kind's word, a zero byte and the key, modulo 1024.
#[must_use]
pub fn shard_of_key(kind: &str, key: &str) -> u32 {
    let bytes: Vec<u8> = kind.bytes().chain([0]).chain(key.bytes()).collect();
    small(xxh3_64(&bytes) % SHARD_COUNT)
}

fn small(shard: u64) -> u32 {
    u32::try_from(shard).unwrap_or(0)
}
