//! The routes, request by request, against a real daemon.

mod admin;
mod ingest;
mod keys;
mod metrics;
mod pages;
mod public;
mod secrecy;
