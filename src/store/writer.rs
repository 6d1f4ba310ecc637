//! The one connection that writes, and its group commits.
//!
//! Writers of one SQLite file exclude each other anyway; queueing for one connection is faster than fighting over a lock,
//! and all that wait share one commit, hence one fsync. Each job runs in a savepoint: one that fails leaves the others
//! alone. Nobody is answered before the commit.

use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;
use sqlx::{Connection, Sqlite, SqliteConnection, SqlitePool, query::Query, sqlite::SqliteArguments};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, MissedTickBehavior},
};

use super::{
    Result, StoreError,
    signals::{Changes, Signals},
};

/// Jobs in one commit at most: bounds how long the first waits for the last (a job takes about 0.1 ms).
const GROUP: usize = 256;

/// Jobs that may wait; whoever comes later waits to hand theirs in.
const QUEUE: usize = 4 * GROUP;

/// How often we look whether another process wrote to the file: an agent's reply from the command line is on its way
/// within this time.
const LOOK: Duration = Duration::from_millis(250);

/// Hands jobs to the writer.
#[derive(Clone)]
pub(super) struct Writer {
    orders: mpsc::Sender<Order>,
}

/// What a job works with.
pub(super) struct Work {
    pub connection: SqliteConnection,
    /// What the job changed; counts only if it succeeds.
    pub changes: Changes,
}

enum Order {
    Run(Box<dyn Job>),
    /// Moves the write-ahead log into the file and empties it, so that erased words are gone from both.
    Flush(oneshot::Sender<Result<()>>),
    Close,
}

/// A job whose type of result is its own affair.
trait Job: Send {
    /// Runs it inside the open transaction; says whether it succeeded.
    fn run<'w>(&'w mut self, work: &'w mut Work) -> BoxFuture<'w, bool>;
    /// Answers whoever waits, after the commit.
    fn answer(self: Box<Self>, commit: Result<()>);
}

struct Task<T, F> {
    todo: Option<F>,
    result: Option<Result<T>>,
    answer: oneshot::Sender<Result<T>>,
}

impl<T, F> Job for Task<T, F>
where
    T: Send,
    F: for<'w> FnOnce(&'w mut Work) -> BoxFuture<'w, Result<T>> + Send,
{
    fn run<'w>(&'w mut self, work: &'w mut Work) -> BoxFuture<'w, bool> {
        Box::pin(async move {
            if let Some(todo) = self.todo.take() {
                self.result = Some(todo(work).await);
            }
            matches!(self.result, Some(Ok(_)))
        })
    }

    fn answer(self: Box<Self>, commit: Result<()>) {
        let result = match (self.result, commit) {
            (Some(Err(own)), _) => Err(own),
            (_, Err(commit)) => Err(commit),
            (Some(result), Ok(())) => result,
            (None, Ok(())) => Err(StoreError::Closed),
        };
        // Whoever asked may be gone: the job is done all the same.
        let _ = self.answer.send(result);
    }
}

impl Writer {
    /// Starts the task that owns the connection. It ends, and closes all connections, after [`Writer::close`] or when the
    /// last `Writer` is gone.
    pub fn start(connection: SqliteConnection, readers: SqlitePool, signals: Arc<Signals>) -> Self {
        let (orders, received) = mpsc::channel(QUEUE);
        tokio::spawn(serve(connection, readers, signals, received));
        Self { orders }
    }

    /// Runs a job in a transaction; what it returns is committed.
    ///
    /// The job runs to its end even if the caller stops waiting.
    pub async fn run<T, F>(&self, job: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'w> FnOnce(&'w mut Work) -> BoxFuture<'w, Result<T>> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let task = Task { todo: Some(job), result: None, answer };
        self.orders.send(Order::Run(Box::new(task))).await.map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)?
    }

    /// Runs one statement, as a job of its own.
    pub async fn execute(&self, statement: Query<'static, Sqlite, SqliteArguments>) -> Result<()> {
        self.run(move |work| {
            Box::pin(async move {
                statement.execute(&mut work.connection).await?;
                Ok(())
            })
        })
        .await
    }

    /// Moves everything into the file itself.
    pub async fn flush(&self) -> Result<()> {
        let (answer, answered) = oneshot::channel();
        self.orders.send(Order::Flush(answer)).await.map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)?
    }

    /// Returns when everything handed in before is committed and the file is closed.
    pub async fn close(&self) {
        // An error means that it is closed already.
        let _ = self.orders.send(Order::Close).await;
        self.orders.closed().await;
    }
}

async fn serve(
    connection: SqliteConnection,
    readers: SqlitePool,
    signals: Arc<Signals>,
    mut orders: mpsc::Receiver<Order>,
) {
    let mut work = Work { connection, changes: Changes::default() };
    let mut look = tokio::time::interval_at(Instant::now() + LOOK, LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut seen = data_version(&mut work.connection).await;
    loop {
        let order = tokio::select! {
            order = orders.recv() => order,
            _ = look.tick() => {
                let now = data_version(&mut work.connection).await;
                if now != seen {
                    seen = now;
                    signals.tell(&Changes { inbox: true, elsewhere: true, ..Changes::default() });
                }
                continue;
            }
        };
        match order {
            Some(Order::Run(job)) => match group(&mut work, &signals, &mut orders, job).await {
                None => {}
                Some(Order::Flush(answer)) => drop(answer.send(flush(&mut work.connection).await)),
                Some(_) => break,
            },
            Some(Order::Flush(answer)) => drop(answer.send(flush(&mut work.connection).await)),
            Some(Order::Close) | None => break,
        }
    }
    // The readers first: the last connection to close tidies up the files, and only the writer can.
    readers.close().await;
    if let Err(error) = work.connection.close().await {
        tracing::warn!(%error, "the store did not close cleanly; nothing committed is lost");
    }
}

/// Runs a job and all that wait behind it in one transaction. An order that is no job ends the group and is given back.
async fn group(
    work: &mut Work,
    signals: &Signals,
    orders: &mut mpsc::Receiver<Order>,
    first: Box<dyn Job>,
) -> Option<Order> {
    let mut jobs = Vec::new();
    let mut changes = Changes::default();
    let mut after = None;
    let mut next = Some(first);
    let committed = async {
        execute(&mut work.connection, "BEGIN IMMEDIATE; SAVEPOINT job").await?;
        while let Some(mut job) = next.take() {
            let succeeded = job.run(work).await;
            jobs.push(job);
            let own = std::mem::take(&mut work.changes);
            if succeeded {
                changes.add(own);
            } else {
                execute(&mut work.connection, "ROLLBACK TO job").await?;
            }
            if jobs.len() == GROUP {
                break;
            }
            match orders.try_recv() {
                Ok(Order::Run(job)) => {
                    next = Some(job);
                    execute(&mut work.connection, "RELEASE job; SAVEPOINT job").await?;
                }
                Ok(other) => after = Some(other),
                Err(_) => {}
            }
        }
        execute(&mut work.connection, "RELEASE job; COMMIT").await
    }
    .await;
    jobs.extend(next);

    match committed {
        Ok(()) => {
            signals.tell(&changes);
            for job in jobs {
                job.answer(Ok(()));
            }
        }
        Err(error) => {
            // Fails where SQLite has rolled back by itself.
            let _ = execute(&mut work.connection, "ROLLBACK").await;
            work.changes = Changes::default();
            let error = Arc::new(error);
            for job in jobs {
                job.answer(Err(StoreError::NotCommitted(error.clone())));
            }
        }
    }
    after
}

async fn execute(connection: &mut SqliteConnection, sql: &'static str) -> sqlx::Result<()> {
    sqlx::raw_sql(sql).execute(connection).await.map(drop)
}

/// Changes when another connection, hence another process, wrote to the file. None if it cannot be told.
async fn data_version(connection: &mut SqliteConnection) -> Option<i64> {
    sqlx::query_scalar("PRAGMA data_version").fetch_one(connection).await.ok()
}

async fn flush(connection: &mut SqliteConnection) -> Result<()> {
    let busy: i64 = sqlx::query_scalar("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(connection).await?;
    if busy != 0 {
        return Err(StoreError::InUse);
    }
    Ok(())
}
