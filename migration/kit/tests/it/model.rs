//! The model of a schema: what is compared, in which dialect, and what is written for a project with one database.

mod cases;
mod entities;
mod generate;
mod random;
mod schemas;
mod shop;
mod variants;
