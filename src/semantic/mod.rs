//! Layer 3: what a program means: names resolved, types checked, time made explicit.
//!
//! `resolve` collects what is declared, `check` turns the surface tree into the checked tree `hir`, `flow` and `lint` ask what can
//! happen. Not here: code (`lower`), and how a finding looks (`diagnostics`).

pub mod hir;
