//! The database file: made with care for who may read it, and never mistaken for another program's.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::{
    ConnectOptions, Connection, SqliteConnection, SqlitePool,
    sqlite::{SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::StoreError;

/// The steps from an empty file to today's schema. `PRAGMA user_version` counts the steps taken.
const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/0001_store.sql"),
    include_str!("../../migrations/0002_channels.sql"),
    include_str!("../../migrations/0003_desk.sql"),
    include_str!("../../migrations/0004_users.sql"),
    include_str!("../../migrations/0005_groups.sql"),
    include_str!("../../migrations/0006_promises.sql"),
    include_str!("../../migrations/0007_bridge.sql"),
    include_str!("../../migrations/0008_staff.sql"),
    include_str!("../../migrations/0009_figures.sql"),
    include_str!("../../migrations/0010_queue.sql"),
    include_str!("../../migrations/0011_danger_first.sql"),
    include_str!("../../migrations/0012_privacy.sql"),
    include_str!("../../migrations/0013_wordings.sql"),
    include_str!("../../migrations/0014_desk.sql"),
];

/// Marks a file as Evenkeel's (`PRAGMA application_id`): the letters `EvkL`.
const APPLICATION: i64 = 0x4576_6b4c;

/// How long a connection waits for another process's write, such as an agent's reply from the command line.
const BUSY: Duration = Duration::from_secs(10);

/// Connections for reading. Reads are short and SQLite is in-process: more would only share the same cores.
const READERS: u32 = 4;

/// Why a file could not be opened as a store.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("cannot make {path}: {source}", path = .path.display())]
    Create { path: PathBuf, source: io::Error },
    #[error("{} is not a SQLite database", .0.display())]
    NotADatabase(PathBuf),
    #[error("{} is another program's database", .0.display())]
    Foreign(PathBuf),
    #[error(
        "{path} was written by a newer Evenkeel (its schema has version {found}, this program knows {known})",
        path = .path.display()
    )]
    Newer { path: PathBuf, found: i64, known: i64 },
    #[error("cannot open {path}: {source}", path = .path.display())]
    Database { path: PathBuf, source: sqlx::Error },
}

/// Opens or makes the file; gives the one connection that writes and the ones that read.
pub(super) async fn open(path: &Path) -> Result<(SqliteConnection, SqlitePool), StoreError> {
    make_private(path).map_err(|source| OpenError::Create { path: path.to_owned(), source })?;
    let explain = |source| explain(path, source);

    let options = SqliteConnectOptions::new().filename(path).busy_timeout(BUSY);
    // FULL: each group commit reaches the disk before anyone is told so, and what was acknowledged to a platform survives
    // a power cut too. It costs one fsync a group, not one a message.
    // secure_delete: what is erased is overwritten.
    let writer = options
        .clone()
        // Of a new file alone: what is deleted can be given back to the disk bit by bit.
        .auto_vacuum(SqliteAutoVacuum::Incremental)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("secure_delete", "ON");
    let mut writer = connect(&writer).await.map_err(explain)?;
    migrate(&mut writer, path).await?;
    let readers = SqlitePoolOptions::new()
        .max_connections(READERS)
        .connect_with(options.read_only(true))
        .await
        .map_err(explain)?;
    Ok((writer, readers))
}

/// Makes the file if it is missing, readable by its owner only: it holds what people in need wrote. SQLite gives the
/// files beside it (`-wal`, `-shm`) the same rights.
fn make_private(path: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Two processes that make a file at the same moment meet at the switch to WAL, which SQLite does not wait for by itself.
async fn connect(options: &SqliteConnectOptions) -> sqlx::Result<SqliteConnection> {
    const TRIES: u32 = 100;
    const PAUSE: Duration = Duration::from_millis(50);
    for _ in 1..TRIES {
        match options.connect().await {
            Err(error) if sqlite_code(&error) == Some(SQLITE_BUSY) => tokio::time::sleep(PAUSE).await,
            result => return result,
        }
    }
    options.connect().await
}

/// Takes the steps that the file lacks, all or none, and one process at a time.
async fn migrate(connection: &mut SqliteConnection, path: &Path) -> Result<(), StoreError> {
    let database = |source| explain(path, source);
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(database)?;
    let found: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *transaction).await.map_err(database)?;
    let application: i64 =
        sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut *transaction).await.map_err(database)?;
    let tables: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM sqlite_schema")
        .fetch_one(&mut *transaction)
        .await
        .map_err(database)?;
    if application != APPLICATION && (application != 0 || found != 0 || tables != 0) {
        return Err(OpenError::Foreign(path.to_owned()).into());
    }
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let Some(missing) = usize::try_from(found).ok().and_then(|found| MIGRATIONS.get(found..)) else {
        return Err(OpenError::Newer { path: path.to_owned(), found, known }.into());
    };
    if missing.is_empty() {
        return Ok(());
    }
    for step in missing {
        sqlx::raw_sql(*step).execute(&mut *transaction).await.map_err(database)?;
    }
    let marks = format!("PRAGMA user_version = {known}; PRAGMA application_id = {APPLICATION}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(marks)).execute(&mut *transaction).await.map_err(database)?;
    transaction.commit().await.map_err(database)?;
    Ok(())
}

const SQLITE_BUSY: u32 = 5;
const SQLITE_NOTADB: u32 = 26;

/// SQLite's primary result code of an error.
fn sqlite_code(error: &sqlx::Error) -> Option<u32> {
    let code: u32 = error.as_database_error()?.code()?.parse().ok()?;
    // The low byte is the primary code, the rest says more about it.
    Some(code & 0xff)
}

fn explain(path: &Path, source: sqlx::Error) -> OpenError {
    if sqlite_code(&source) == Some(SQLITE_NOTADB) {
        OpenError::NotADatabase(path.to_owned())
    } else {
        OpenError::Database { path: path.to_owned(), source }
    }
}
