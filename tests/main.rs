//! Evenkeel from outside: the real binary and the real library, against platforms on 127.0.0.1. One program, because linking one for each
//! file takes longer than all of them run: `cargo test --test outside desk::` runs those of desk.rs.
#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

mod common;
mod fakes;

mod accounts;
mod bridge;
mod browser;
mod cli;
mod crash;
mod crash_everywhere;
mod danger;
mod delivery;
mod desk;
mod desk_words;
mod discord;
mod edits;
mod encoders;
mod everywhere;
mod first_start;
mod grouping;
mod groups;
mod hostile;
mod languages;
mod matters;
mod model;
mod one_answer_for_all;
mod privacy;
mod robust;
mod sample;
mod service;
mod staff;
mod store;
mod store_figures;
mod store_groups;
mod telegram;
mod transitions;
mod web_chat;
mod whole;
mod x;

#[test]
fn every_file_of_tests_is_run() {
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/tests");
    for entry in std::fs::read_dir(here).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Some(subject) = name.strip_suffix(".rs") else { continue };
        let elsewhere = ["main", "rust_bert"].contains(&subject);
        assert!(elsewhere || include_str!("main.rs").contains(&format!("\nmod {subject};\n")), "{name} is never run");
    }
}
