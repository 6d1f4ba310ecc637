//! Trained classifiers in files, so that a start with the same lessons need not train again.
//!
//! A file is named by the hash of all that training depends on: this program, the lessons and the sentence model. So nothing is ever
//! out of date; what is not used any more makes room. A file that is broken, or of someone else, is told in the log and replaced.

use std::{
    collections::BTreeSet,
    env, fs,
    io::{self, BufReader, BufWriter, Read as _, Seek as _, SeekFrom, Write as _},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use etcetera::BaseStrategy as _;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tracing::{debug, warn};

use super::{Classifier, Lesson, encoder::Row};
use crate::{
    embedding::{Embedder, Views},
    hexadecimal,
};

/// Names the folder, before `[model] trained` in `evenkeel.toml`.
pub const VARIABLE: &str = "EVENKEEL_TRAINED";

/// Raise it when training changes. (The program's own file is part of the name too, for who forgets.)
const FORMAT: u32 = 7;

/// How each file begins.
const MARK: &[u8; 16] = b"evenkeel trained";

/// How each file ends its name.
const ENDING: &str = "trained";

/// Files that are kept, those used last: two (with the sentence model and without) of the knowledge in use, and those of its last edits.
const KEPT: usize = 8;

/// What all files together may take, in bytes: 150 intents with 100 examples each take about 100 MB.
const ROOM: u64 = 512 << 20;

/// The longest string of a file, in bytes: the name of an intent, or a word.
const LONGEST_STRING: usize = 1 << 12;

/// A file that was being written this long ago was left by a process that died.
const LEFT_BEHIND: Duration = Duration::from_hours(1);

/// What a model makes of these tells it from every other: some of each script, a number, a sign.
const PROBES: [&str; 4] = [
    "When will the power be back on Elm Street 12?",
    "¿Cuándo vuelve la luz? Où est mon remboursement? Größe, świetnie, ığdır",
    "когда включат свет — متى يعود التيار — बिजली कब आएगी",
    "什么时候来电？ 停電はいつ 🙂",
];

/// Everything that training depends on, as one number.
type Key = [u8; 32];

/// A folder with trained classifiers.
#[derive(Debug, Clone)]
pub struct Shelf {
    folder: Option<PathBuf>,
}

/// Why a file is of no use.
#[derive(Debug, thiserror::Error)]
enum Unfit {
    #[error("it cannot be read: {0}")]
    Read(#[from] io::Error),
    #[error("it is longer than {ROOM} bytes")]
    TooLong,
    #[error("it is broken or not ours")]
    Broken,
    #[error("it is not what it should be: {0}")]
    Decode(#[from] postcard::Error),
    #[error("what it holds does not fit together")]
    Torn,
}

impl Shelf {
    /// The folder that [`VARIABLE`] names, else the configured one, else the one in the user's cache folder. Without any nothing is kept.
    #[must_use]
    pub fn find(configured: Option<&Path>) -> Self {
        let named = env::var_os(VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
        let usual = || Some(etcetera::choose_base_strategy().ok()?.cache_dir().join("evenkeel").join("trained"));
        Self { folder: named.or_else(|| configured.map(Path::to_owned)).or_else(usual) }
    }

    /// The classifier that was trained on these lessons with this model, if it is here.
    #[must_use]
    pub fn take(&self, lessons: &[Lesson], embedder: Option<&Arc<Embedder>>) -> Option<Classifier> {
        self.taken(&key(lessons, embedder)?, lessons, embedder)
    }

    /// The classifier of these lessons and this model: taken from here, or trained and kept.
    #[must_use]
    pub fn classifier(&self, lessons: &[Lesson], embedder: Option<&Arc<Embedder>>) -> Classifier {
        let key = key(lessons, embedder);
        if let Some(taken) = key.as_ref().and_then(|key| self.taken(key, lessons, embedder)) {
            return taken;
        }
        let classifier = Classifier::train(lessons, embedder.cloned());
        if let Some((folder, key)) = self.folder.as_deref().zip(key)
            && let Err(error) = keep(folder, &key, &classifier)
        {
            warn!(folder = %folder.display(), %error, "what was learnt cannot be kept; the next start learns it again");
        }
        classifier
    }

    fn taken(&self, key: &Key, lessons: &[Lesson], embedder: Option<&Arc<Embedder>>) -> Option<Classifier> {
        let file = file(self.folder.as_deref()?, key);
        match read(&file, key).and_then(|classifier| fitting(classifier, lessons, embedder)) {
            Ok(classifier) => {
                touch(&file);
                Some(classifier)
            }
            Err(Unfit::Read(error)) if error.kind() == io::ErrorKind::NotFound => None,
            Err(why) => {
                warn!(file = %file.display(), %why, "a trained classifier is of no use; it is trained again");
                None
            }
        }
    }
}

fn file(folder: &Path, key: &Key) -> PathBuf {
    folder.join(hexadecimal::encode(&key[..16])).with_extension(ENDING)
}

/// What a classifier of these lessons and this model depends on; none if it cannot be told.
fn key(lessons: &[Lesson], embedder: Option<&Arc<Embedder>>) -> Option<Key> {
    #[derive(Serialize)]
    struct All<'a> {
        format: u32,
        version: &'a str,
        program: Option<(u64, Duration)>,
        lessons: &'a [Lesson],
        /// The model by what it makes of the probes, whatever computes it.
        model: Option<Vec<Views>>,
    }
    let all = All {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION"),
        program: program(),
        lessons,
        model: embedder.map(|embedder| embedder.views_all(&PROBES)),
    };
    Some(Sha256::digest(postcard::to_allocvec(&all).ok()?).into())
}

/// The length and the time of this program's file: they change with each build, as training may have.
fn program() -> Option<(u64, Duration)> {
    let metadata = fs::metadata(env::current_exe().ok()?).ok()?;
    Some((metadata.len(), metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?))
}

/// Reads what [`keep`] wrote, piece by piece as it was written. A file's own hash stands in it and is looked at first, so that nothing but
/// what this program wrote is ever decoded.
fn read(file: &Path, key: &Key) -> Result<Classifier, Unfit> {
    let mut from = BufReader::new(fs::File::open(file)?);
    if from.get_ref().metadata()?.len() > ROOM {
        return Err(Unfit::TooLong);
    }
    let mut start = [0; MARK.len() + 32];
    from.read_exact(&mut start).map_err(|_| Unfit::Broken)?;
    let mut content = Content { to: io::sink(), hash: Sha256::new().chain_update(key) };
    io::copy(&mut from, &mut content)?;
    if start.strip_prefix(MARK) != Some(content.hash.finalize().as_slice()) {
        return Err(Unfit::Broken);
    }
    from.seek(SeekFrom::Start(start.len() as u64))?;
    Ok(postcard::from_io((from, &mut [0; LONGEST_STRING]))?.0)
}

/// Gives a classifier its model, after a look at whether it can be of these lessons and does not break on a text.
fn fitting(
    mut classifier: Classifier,
    lessons: &[Lesson],
    embedder: Option<&Arc<Embedder>>,
) -> Result<Classifier, Unfit> {
    classifier.encoder.embedder = embedder.cloned();
    let (width, [meaning, halfway]) = (classifier.encoder.width(), classifier.encoder.views());
    let named: BTreeSet<&String> =
        lessons.iter().filter(|lesson| !lesson.examples.is_empty()).map(|lesson| &lesson.intent).collect();
    let rows_fit = classifier.examples.iter().flatten().all(|row| {
        row.columns.len() == row.values.len()
            && row.columns.is_sorted()
            && row.columns.last().is_none_or(|last| (*last as usize) < width)
            && row.views.meaning.len() == meaning
            && (row.views.halfway.is_empty() || row.views.halfway.len() == halfway)
    });
    let last = width.checked_sub(1).map(|last| last as u32).into_iter();
    let fits = rows_fit
        && classifier.examples.len() == classifier.intents.len()
        && classifier.intents.iter().collect::<BTreeSet<_>>() == named
        && catch_unwind(AssertUnwindSafe(|| {
            let widest = Row {
                columns: last.collect(),
                values: vec![1.0],
                views: Views { meaning: vec![0.0; meaning].into(), halfway: vec![0.0; halfway].into() },
                ..Row::default()
            };
            let classes = classifier.regression.scores(&widest, None).len();
            drop(PROBES.map(|text| classifier.read(text)));
            classes == classifier.intents.len() + 1
        }))
        .unwrap_or(false);
    if fits { Ok(classifier) } else { Err(Unfit::Torn) }
}

/// Writes a classifier under its name. A file that is not whole never has that name. It is written piece by piece: once a program has freed many
/// megabytes in one piece, the system's allocator gives smaller ones back no more.
fn keep(folder: &Path, key: &Key, classifier: &Classifier) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let file = file(folder, key);
    let part = file.with_extension(format!("{}.part", std::process::id()));
    let mut to = BufWriter::new(fs::File::create(&part)?);
    to.write_all(MARK)?;
    to.write_all(&[0; 32])?;
    let content = Content { to, hash: Sha256::new().chain_update(key) };
    let Content { mut to, hash } = postcard::to_io(classifier, content).map_err(io::Error::other)?;
    let bytes = to.stream_position()?;
    to.seek(SeekFrom::Start(MARK.len() as u64))?;
    to.write_all(&hash.finalize())?;
    to.into_inner()?;
    if bytes > ROOM {
        debug!(bytes, "too much was learnt to be kept");
        return fs::remove_file(&part);
    }
    fs::rename(&part, &file)?;
    make_room(folder)
}

/// What is written is hashed on the way.
struct Content<T> {
    to: T,
    hash: Sha256,
}

impl<T: io::Write> io::Write for Content<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Removes what was not used for longest, and what a process that died left half written.
fn make_room(folder: &Path) -> io::Result<()> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        // Another process may remove it meanwhile.
        let Ok(metadata) = fs::metadata(&path) else { continue };
        let used = metadata.modified()?;
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        if ending == ENDING {
            files.push((used, metadata.len(), path));
        } else if ending == "part" && used.elapsed().is_ok_and(|age| age > LEFT_BEHIND) {
            fs::remove_file(path)?;
        }
    }
    files.sort_by(|a, b| b.cmp(a));
    let mut taken = 0;
    for (place, (_, length, path)) in files.into_iter().enumerate() {
        taken += length;
        if place >= KEPT || taken > ROOM {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// Notes that a file was used. Where that is not allowed it only goes sooner.
fn touch(file: &Path) {
    let _ = fs::File::options().append(true).open(file).and_then(|file| file.set_modified(SystemTime::now()));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::Shares, *};

    fn lessons() -> Vec<Lesson> {
        [("power", "when will the power be back"), ("refund", "how do I get a refund"), ("unheard", "")]
            .map(|(intent, example)| Lesson {
                intent: intent.to_owned(),
                examples: [example, &format!("{example} please")]
                    .map(str::to_owned)
                    .into_iter()
                    .filter(|e| e.len() > 7)
                    .collect(),
                ..Lesson::default()
            })
            .into()
    }

    fn shelf(dir: &tempfile::TempDir) -> Shelf {
        Shelf { folder: Some(dir.path().join("trained")) }
    }

    fn files(dir: &tempfile::TempDir) -> Vec<PathBuf> {
        fs::read_dir(dir.path().join("trained")).unwrap().map(|entry| entry.unwrap().path()).collect()
    }

    #[test]
    fn what_comes_back_reads_as_what_was_kept() {
        let dir = tempfile::tempdir().unwrap();
        let lessons = lessons();
        assert!(shelf(&dir).take(&lessons, None).is_none());
        let trained = shelf(&dir).classifier(&lessons, None);
        let taken = shelf(&dir).take(&lessons, None).unwrap();
        for text in ["when is power back", "refund", "", "какая погода", "🤷"] {
            assert_eq!(taken.read(text), trained.read(text), "{text}");
        }
        assert_eq!(taken.report(), trained.report());
        assert_eq!(taken.promise(0.2, &Shares::ASSUMED), trained.promise(0.2, &Shares::ASSUMED));
    }

    #[test]
    fn other_lessons_are_another_file() {
        let dir = tempfile::tempdir().unwrap();
        let mut lessons = lessons();
        drop(shelf(&dir).classifier(&lessons, None));
        lessons[0].not.push("when will my refund be back".to_owned());
        assert!(shelf(&dir).take(&lessons, None).is_none());
        lessons[0].not.clear();
        assert!(shelf(&dir).take(&lessons, None).is_some());
    }

    #[test]
    fn a_broken_file_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let lessons = lessons();
        let trained = shelf(&dir).classifier(&lessons, None);
        let file = files(&dir).remove(0);
        let whole = fs::read(&file).unwrap();
        let mut flipped = whole.clone();
        flipped[whole.len() / 2] ^= 1;
        for broken in [&whole[..whole.len() - 1], &whole[..20], &flipped, b"", b"evenkeel trained"] {
            fs::write(&file, broken).unwrap();
            assert!(shelf(&dir).take(&lessons, None).is_none());
        }
        assert_eq!(shelf(&dir).classifier(&lessons, None).read("power"), trained.read("power"));
        assert_eq!(fs::read(&file).unwrap().len(), whole.len());
        assert!(shelf(&dir).take(&lessons, None).is_some());
    }

    #[test]
    fn a_file_under_another_name_is_not_taken_for_it() {
        let dir = tempfile::tempdir().unwrap();
        let lessons = lessons();
        drop(shelf(&dir).classifier(&lessons, None));
        let other = &lessons[..1];
        fs::rename(&files(&dir)[0], file(&dir.path().join("trained"), &key(other, None).unwrap())).unwrap();
        assert!(shelf(&dir).take(other, None).is_none());
    }

    #[test]
    fn a_file_that_lies_about_its_shape_is_refused() {
        let lessons = lessons();
        let honest = || Classifier::train(&lessons, None);
        assert!(fitting(honest(), &lessons, None).is_ok());
        let mut lying = honest();
        lying.examples[0][0].columns.push(u32::MAX);
        lying.examples[0][0].values.push(1.0);
        assert!(fitting(lying, &lessons, None).is_err());
        let mut lying = honest();
        lying.intents.swap_remove(0);
        assert!(fitting(lying, &lessons, None).is_err());
        let mut lying = honest();
        lying.regression = Classifier::train(&lessons[..1], None).regression;
        assert!(fitting(lying, &lessons, None).is_err(), "its weights are too few");
    }

    #[test]
    fn a_folder_that_cannot_be_written_costs_only_time() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("trained"), "a file where a folder should be").unwrap();
        assert!(!shelf(&dir).classifier(&lessons(), None).read("refund").ranked.is_empty());
    }

    #[test]
    fn the_newest_stay() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("trained");
        fs::create_dir(&folder).unwrap();
        for n in 0..20_u64 {
            let path = folder.join(format!("{n:02}.trained"));
            fs::write(&path, "x").unwrap();
            let file = fs::File::options().append(true).open(path).unwrap();
            file.set_modified(UNIX_EPOCH + Duration::from_secs(n)).unwrap();
        }
        fs::write(folder.join("notes.txt"), "not ours").unwrap();
        make_room(&folder).unwrap();
        let mut left: Vec<_> =
            files(&dir).into_iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect();
        left.sort();
        let expected: Vec<_> = (12..20).map(|n| format!("{n}.trained")).chain(["notes.txt".to_owned()]).collect();
        assert_eq!(left, expected);
    }

    proptest! {
        #[test]
        fn no_file_breaks_the_reading(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("any.trained");
            let hash = Sha256::new().chain_update([7; 32]).chain_update(&bytes).finalize();
            let content = [MARK.as_slice(), &hash, &bytes].concat();
            fs::write(&path, content).unwrap();
            if let Ok(classifier) = read(&path, &[7; 32]) {
                prop_assert!(fitting(classifier, &lessons(), None).is_err());
            }
        }
    }
}
