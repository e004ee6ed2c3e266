//! The routes, request by request, against a real daemon.

mod admin;
mod ingest;
mod pages;
mod public;
