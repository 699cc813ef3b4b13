//! The contract of the queue, run against every implementation: bounded by events, whole jobs in
//! the order of their coming, and after the close nothing new but all that was taken in.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use onhand::ledger::Input;
use onhand_server::processor::{Answer, Job, MemoryQueue, Queue, QueueFull, Unavailable, Work};
use tokio::sync::oneshot;

use super::{event_of, item};

/// Runs tests against every queue. Each makes queues of the capacities that it needs.
macro_rules! for_every_queue {
    ($($test:ident),+ $(,)?) => {
        mod memory {
            $(#[tokio::test]
            async fn $test() {
                super::$test(&|capacity| std::sync::Arc::new(super::MemoryQueue::new(capacity)))
                    .await;
            })+
        }
    };
}

type Make<'a> = &'a dyn Fn(usize) -> Arc<dyn Queue>;
type Answered = oneshot::Receiver<Result<Vec<Answer>, Unavailable>>;

for_every_queue!(
    jobs_come_out_whole_and_in_order,
    a_batch_takes_no_more_than_its_bound_but_always_a_job,
    a_full_queue_refuses_a_job_as_a_whole,
    what_is_taken_makes_room,
    a_job_larger_than_the_queue_waits_alone,
    taking_waits_for_a_job,
    a_closed_queue_hands_out_what_it_has_and_then_ends,
    closing_ends_a_wait,
);

/// A job of so many events, told apart by its actor.
fn job(name: &str, events: usize) -> (Job, Answered) {
    let (answer, answered) = oneshot::channel();
    let inputs = (0..events).map(|n| Input::Event(event_of(&item(&format!("{name}-{n}")))));
    (Job { work: Work::Decide(inputs.collect()), actor: Arc::from(name), answer }, answered)
}

fn offer(queue: &dyn Queue, name: &str, events: usize) -> Result<(), QueueFull> {
    queue.offer(job(name, events).0)
}

fn names(jobs: Option<Vec<Job>>) -> Vec<String> {
    jobs.unwrap().iter().map(|job| job.actor.to_string()).collect()
}

/// Looks once whether something is done.
fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

async fn jobs_come_out_whole_and_in_order(make: Make<'_>) {
    let queue = make(100);
    for (name, events) in [("a", 3), ("b", 1), ("c", 0), ("d", 5)] {
        offer(&*queue, name, events).unwrap();
    }
    assert_eq!(queue.depth(), 9);
    let jobs = queue.take(100).await.unwrap();
    let sizes = jobs.iter().map(|job| match &job.work {
        Work::Decide(inputs) => inputs.len(),
        other => panic!("{other:?}"),
    });
    assert_eq!(sizes.collect::<Vec<_>>(), [3, 1, 0, 5]);
    assert_eq!(names(Some(jobs)), ["a", "b", "c", "d"]);
    assert_eq!(queue.depth(), 0);
}

async fn a_batch_takes_no_more_than_its_bound_but_always_a_job(make: Make<'_>) {
    let queue = make(100);
    for (name, events) in [("a", 3), ("b", 3), ("c", 9), ("d", 1), ("e", 4)] {
        offer(&*queue, name, events).unwrap();
    }
    assert_eq!(names(queue.take(7).await), ["a", "b"]);
    assert_eq!(names(queue.take(7).await), ["c"], "larger than a batch, so alone");
    assert_eq!(names(queue.take(5).await), ["d", "e"]);
}

async fn a_full_queue_refuses_a_job_as_a_whole(make: Make<'_>) {
    let queue = make(10);
    offer(&*queue, "a", 6).unwrap();
    assert_eq!(offer(&*queue, "b", 5), Err(QueueFull));
    let (refused, answered) = job("c", 5);
    assert_eq!(queue.offer(refused), Err(QueueFull));
    assert!(answered.await.is_err(), "nobody will answer it");
    offer(&*queue, "d", 4).unwrap();
    assert_eq!(queue.depth(), 10);
    assert_eq!(names(queue.take(100).await), ["a", "d"]);
}

async fn what_is_taken_makes_room(make: Make<'_>) {
    let queue = make(4);
    for round in 0..10 {
        offer(&*queue, "a", 2).unwrap();
        offer(&*queue, "b", 2).unwrap();
        assert_eq!(offer(&*queue, "c", 1), Err(QueueFull), "round {round}");
        assert_eq!(names(queue.take(2).await), ["a"]);
        offer(&*queue, "c", 1).unwrap_or_else(|full| assert!(queue.depth() > 2, "{full}"));
        while queue.depth() > 0 {
            queue.take(100).await.unwrap();
        }
    }
}

async fn a_job_larger_than_the_queue_waits_alone(make: Make<'_>) {
    let queue = make(4);
    offer(&*queue, "small", 1).unwrap();
    assert_eq!(offer(&*queue, "large", 9), Err(QueueFull));
    assert_eq!(names(queue.take(100).await), ["small"]);
    offer(&*queue, "large", 9).unwrap();
    assert_eq!(offer(&*queue, "small", 1), Err(QueueFull));
    assert_eq!(names(queue.take(100).await), ["large"]);
    offer(&*queue, "small", 1).unwrap();
}

async fn taking_waits_for_a_job(make: Make<'_>) {
    let queue = make(4);
    let mut taking = pin!(queue.take(100));
    assert!(poll(taking.as_mut()).is_pending());
    offer(&*queue, "a", 1).unwrap();
    let Poll::Ready(jobs) = poll(taking.as_mut()) else { panic!("a job is there") };
    assert_eq!(names(jobs), ["a"]);
}

async fn a_closed_queue_hands_out_what_it_has_and_then_ends(make: Make<'_>) {
    let queue = make(10);
    for name in ["a", "b", "c"] {
        offer(&*queue, name, 3).unwrap();
    }
    assert_eq!(names(queue.take(4).await), ["a"]);
    assert!(!queue.is_closed());
    queue.close();
    assert!(queue.is_closed());
    assert_eq!(offer(&*queue, "d", 1), Err(QueueFull));
    assert_eq!(names(queue.take(4).await), ["b"]);
    assert_eq!(names(queue.take(4).await), ["c"]);
    assert!(queue.take(4).await.is_none());
    assert!(queue.take(4).await.is_none());
}

async fn closing_ends_a_wait(make: Make<'_>) {
    let queue = make(10);
    let mut taking = pin!(queue.take(100));
    assert!(poll(taking.as_mut()).is_pending());
    queue.close();
    assert!(matches!(poll(taking.as_mut()), Poll::Ready(None)));
}
