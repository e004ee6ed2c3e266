//! The outbox to the letter: claims, lost answers, the operator's word, poison, scale, and two of the proofs (G15, G16).

mod addresses;
mod answers;
mod claims;
mod g15;
mod g16;
mod late;
mod operator;
mod poison;
mod rig;
mod scale;
mod switching;
