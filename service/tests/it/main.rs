//! Tests of the crate as a whole.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod layers;
