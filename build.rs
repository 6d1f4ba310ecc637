//! With `--features rust-bert`: tells programs where the libtorch lies that they were linked to.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if let Ok(libraries) = env::var("DEP_TCH_LIBTORCH_LIB") {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{libraries}");
    }
}
