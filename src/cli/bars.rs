//! A download's progress on a terminal.

use std::{
    collections::HashMap,
    io::{self, Write},
    sync::{Mutex, PoisonError},
};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// A bar for each file, on a terminal; nothing elsewhere.
#[derive(Default)]
pub(super) struct Bars {
    all: MultiProgress,
    of: Mutex<HashMap<String, ProgressBar>>,
}

impl Bars {
    /// Moves the bar of a file: so many bytes are there of so many.
    pub fn show(&self, name: &str, there: u64, whole: u64) {
        let mut bars = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        let bar = bars.entry(name.to_owned()).or_insert_with(|| {
            let style = ProgressStyle::with_template("{msg:18} {bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta}");
            let bar = self.all.add(ProgressBar::new(whole).with_message(name.to_owned()));
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        bar.set_position(there);
        if there >= whole {
            // A bar that stays would be drawn anew below each line of the log.
            bar.finish_and_clear();
        }
    }

    /// Standard error for lines that stand above the bars.
    pub fn log(&self) -> impl Write + use<> {
        Above(self.all.clone())
    }
}

struct Above(MultiProgress);

impl Write for Above {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.suspend(|| io::stderr().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
