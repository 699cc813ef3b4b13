//! Runs tasks one at a time, in an order and at a time that a seed decides: which of the tasks that
//! can go on does so next is drawn, and time passes only when none can.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use onhand::sim::rng::Rng;

/// Steps after which something goes round in circles.
const STEPS_MAX: usize = 2_000_000;

/// A task of a simulation.
pub type Task<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Lets the tasks run until all have ended.
///
/// # Errors
/// When none can go on, or they never end.
pub fn run(tasks: Vec<Task<'_>>, time: &Time, mut rng: Rng) -> Result<(), String> {
    let ready = Arc::new(Mutex::new((0..tasks.len()).collect::<BTreeSet<usize>>()));
    let mut tasks: Vec<Option<(Task<'_>, Waker)>> = tasks
        .into_iter()
        .enumerate()
        .map(|(number, task)| {
            let waker = Waker::from(Arc::new(Ready { number, ready: Arc::clone(&ready) }));
            Some((task, waker))
        })
        .collect();
    for _ in 0..STEPS_MAX {
        let next = {
            let mut ready = ready.lock().unwrap();
            let choice = (!ready.is_empty()).then(|| rng.index(ready.len()));
            let next = choice.and_then(|index| ready.iter().nth(index).copied());
            next.and_then(|next| ready.take(&next))
        };
        match next {
            Some(number) => {
                if let Some((task, waker)) = &mut tasks[number]
                    && task.as_mut().poll(&mut Context::from_waker(waker)).is_ready()
                {
                    tasks[number] = None;
                }
            }
            None if tasks.iter().all(Option::is_none) => return Ok(()),
            None if time.pass() => {}
            None => {
                let left = (0..tasks.len()).filter(|number| tasks[*number].is_some());
                return Err(format!("tasks {:?} wait for ever", left.collect::<Vec<_>>()));
            }
        }
    }
    Err(format!("it goes on after {STEPS_MAX} steps"))
}

/// Marks a task as one that can go on.
struct Ready {
    number: usize,
    ready: Arc<Mutex<BTreeSet<usize>>>,
}

impl Wake for Ready {
    fn wake(self: Arc<Self>) {
        self.ready.lock().unwrap().insert(self.number);
    }
}

/// The time of a simulation.
#[derive(Debug, Clone, Default)]
pub struct Time(Arc<Mutex<Timers>>);

#[derive(Debug, Default)]
struct Timers {
    now: Duration,
    sleepers: u64,
    waiting: BTreeMap<(Duration, u64), Waker>,
}

impl Time {
    /// The time since the beginning.
    pub fn now(&self) -> Duration {
        self.0.lock().unwrap().now
    }

    /// Waits for so long; at least until the others had their turn.
    pub fn sleep(&self, time: Duration) -> Sleep {
        let mut timers = self.0.lock().unwrap();
        timers.sleepers += 1;
        Sleep { time: self.clone(), key: (timers.now + time, timers.sleepers), yielded: false }
    }

    /// Goes on to the next moment at which somebody wakes up, if there is one.
    fn pass(&self) -> bool {
        let mut timers = self.0.lock().unwrap();
        let Some(((moment, _), waker)) = timers.waiting.pop_first() else { return false };
        timers.now = timers.now.max(moment);
        drop(timers);
        waker.wake();
        true
    }
}

/// Waits for a moment.
#[derive(Debug)]
pub struct Sleep {
    time: Time,
    key: (Duration, u64),
    yielded: bool,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut timers = self.time.0.lock().unwrap();
        if timers.now >= self.key.0 && self.yielded {
            return Poll::Ready(());
        }
        timers.waiting.insert(self.key, context.waker().clone());
        drop(timers);
        self.yielded = true;
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.time.0.lock().unwrap().waiting.remove(&self.key);
    }
}
