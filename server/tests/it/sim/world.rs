//! One world: a history told by many clients to a server that fails.

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use onhand::sim::history::History;
use onhand::sim::rng::Rng;
use onhand::state::Settings;
use onhand::time::Timestamp;
use onhand_server::clock::Clock;
use onhand_server::processor::Handle;
use onhand_server::store::memory::MemoryStore;
use tokio::sync::watch;

use super::clients::Plan;
use super::executor::{Task, Time, run};
use super::oracle::Oracle;
use super::store::{Faults, FaultyStore};

/// Nothing goes wrong after this, so that everything comes to an end.
const PEACE_AFTER: Duration = Duration::from_mins(1);

/// How a world ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// How many records the journal holds.
    pub records: usize,
    /// The hash over all of them.
    pub chain: [u8; 32],
    /// The time it took, in the world.
    pub time: Duration,
}

/// What the tasks of a world share.
pub struct World {
    pub settings: Settings,
    pub time: Time,
    pub clock: Arc<WorldClock>,
    /// What is durable: it outlives every process.
    pub durable: Arc<MemoryStore>,
    /// The same as the processor sees it.
    pub faulty: Arc<FaultyStore>,
    /// The way to the process that runs, if one runs.
    pub running: watch::Sender<Option<Handle>>,
    /// How many are still to be answered.
    pub waiting: watch::Sender<usize>,
    pub oracle: RefCell<Oracle>,
    pub peace: Cell<bool>,
    rng: Mutex<Rng>,
}

/// Plays a history.
///
/// # Errors
/// With what is wrong.
pub fn play(history: &History, seed: u64) -> Result<End, String> {
    play_with(history, seed, |_| {})
}

/// The same with some faults set.
pub fn play_with(
    history: &History,
    seed: u64,
    set: impl FnOnce(&mut Faults),
) -> Result<End, String> {
    let mut rng = Rng::new(seed ^ 0x00c0_ffee);
    let plan = Plan::draw(history, &mut rng);
    let time = Time::default();
    let durable = Arc::new(MemoryStore::default());
    let mut faults = Faults::draw(&mut rng);
    set(&mut faults);
    let store = Arc::clone(&durable);
    let world = World {
        settings: history.settings,
        clock: Arc::new(WorldClock { time: time.clone(), ahead_us: AtomicI64::new(0) }),
        faulty: Arc::new(FaultyStore::new(store, time.clone(), faults, Rng::new(rng.next()))),
        durable,
        running: watch::Sender::new(None),
        waiting: watch::Sender::new(plan.tasks()),
        oracle: RefCell::default(),
        peace: Cell::new(false),
        rng: Mutex::new(Rng::new(rng.next())),
        time: time.clone(),
    };
    let mut tasks: Vec<Task<'_>> = vec![Box::pin(world.serve()), Box::pin(world.make_peace())];
    for parcels in plan.clients {
        tasks.push(Box::pin(world.client(parcels)));
    }
    tasks.push(Box::pin(world.person(plan.decisions)));
    run(tasks, &time, Rng::new(rng.next()))?;
    let end = Mutex::new(None);
    let check: Task<'_> = Box::pin(async {
        let oracle = world.oracle.take();
        let checked = oracle.check(&*world.durable, world.settings).await;
        *end.lock().unwrap() = Some(checked);
    });
    run(vec![check], &time, rng)?;
    let (records, chain) = end.into_inner().unwrap().ok_or("the check never ended")??;
    Ok(End { records, chain, time: time.now() })
}

impl World {
    /// Something to chance.
    pub fn chance<T>(&self, draw: impl FnOnce(&mut Rng) -> T) -> T {
        draw(&mut self.rng.lock().unwrap())
    }

    /// Waits up to so many milliseconds.
    pub async fn linger(&self, most_ms: u64) {
        let ms = self.chance(|rng| rng.below(most_ms + 1));
        self.time.sleep(Duration::from_millis(ms)).await;
    }

    /// One more has all its answers.
    pub fn is_done(&self) {
        self.waiting.send_modify(|waiting| *waiting -= 1);
    }

    /// Returns once everybody has their answers.
    pub async fn all_done(&self) {
        let mut waiting = self.waiting.subscribe();
        // The sender lives as long as the world.
        let _ = waiting.wait_for(|waiting| *waiting == 0).await;
    }

    /// Ends all that goes wrong, once it has gone wrong long enough.
    async fn make_peace(&self) {
        tokio::select! {
            biased;
            () = self.all_done() => {}
            () = self.time.sleep(PEACE_AFTER) => {}
        }
        self.peace.set(true);
        self.faulty.calm_down();
    }
}

/// The server's clock: it goes with the world's time, and leaps to wherever a client has it.
#[derive(Debug)]
pub struct WorldClock {
    time: Time,
    ahead_us: AtomicI64,
}

impl WorldClock {
    /// Lets the clock show this moment.
    pub fn show(&self, moment: Timestamp) {
        self.ahead_us.store(moment.micros() - self.passed_us(), Ordering::SeqCst);
    }

    fn passed_us(&self) -> i64 {
        i64::try_from(self.time.now().as_micros()).unwrap()
    }
}

#[async_trait]
impl Clock for WorldClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.passed_us() + self.ahead_us.load(Ordering::SeqCst))
    }

    fn elapsed(&self) -> Duration {
        self.time.now()
    }

    async fn sleep(&self, time: Duration) {
        self.time.sleep(time).await;
    }
}
