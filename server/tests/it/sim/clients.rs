//! Those who talk to the server: programs that send until they have an answer, and people who decide
//! on what is open.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use onhand::conflict::{Choice, Conflict, ConflictStatus, ResolutionOption};
use onhand::event::Event;
use onhand::sim::history::{Act, Decide, History};
use onhand::sim::rng::Rng;
use onhand::time::Timestamp;
use onhand_server::intake::submit::submit;
use onhand_server::processor::{Answer, Handle, Unavailable};
use onhand_server::store::{ConflictQuery, Store};
use tokio::sync::watch;

use super::world::World;

/// Conflicts that a person looks at.
const LOOKED_AT: u32 = 50;

/// The longest that a client waits for an answer, and before it tries again, in milliseconds.
const PATIENCE_MS: u64 = 3_000;
const PAUSE_MS: u64 = 300;

/// Who sends what.
pub struct Plan {
    /// What each client sends, request by request.
    pub clients: Vec<Vec<Parcel>>,
    pub decisions: Vec<(Timestamp, Decide)>,
}

/// A request: events that travel together.
#[derive(Debug, Clone)]
pub struct Parcel {
    events: Vec<Event>,
    wall: Timestamp,
    /// Whether nobody else sends any of it.
    alone: bool,
}

impl Plan {
    /// Shares a history out.
    pub fn draw(history: &History, rng: &mut Rng) -> Self {
        let mut parcels: Vec<Parcel> = Vec::new();
        let mut decisions = Vec::new();
        let mut told: Vec<(usize, Event)> = Vec::new();
        for step in &history.steps {
            let event = match &step.act {
                Act::Decide(decide) => {
                    decisions.push((step.wall, decide.clone()));
                    continue;
                }
                Act::Tell { event, seen } => {
                    let mut event = event.clone();
                    // Nobody knows the version by the time it arrives.
                    event.expected_version = seen.map(|_| rng.below(4));
                    told.push((step.number, event.clone()));
                    event
                }
                // There is no such record at the time of drawing: it is refused.
                Act::TakeBack { event, .. } => {
                    told.push((step.number, event.clone()));
                    event.clone()
                }
                Act::Again(number) => match told.iter().find(|(earlier, _)| earlier == number) {
                    Some((_, event)) => event.clone(),
                    None => continue,
                },
                // Rules that break off are for the simulator of the rules.
                Act::Mend => continue,
            };
            match parcels.last_mut() {
                Some(parcel) if step.joins => parcel.events.push(event),
                _ => parcels.push(Parcel { events: vec![event], wall: step.wall, alone: true }),
            }
        }
        let mut sent: BTreeMap<_, usize> = BTreeMap::new();
        for event in parcels.iter().flat_map(|parcel| &parcel.events) {
            *sent.entry((event.source.clone(), event.id.clone())).or_default() += 1;
        }
        let mut clients = vec![Vec::new(); 1 + rng.index(12)];
        for mut parcel in parcels {
            let once = |event: &Event| sent[&(event.source.clone(), event.id.clone())] == 1;
            parcel.alone = parcel.events.iter().all(once);
            let count = clients.len();
            if rng.percent(15) {
                parcel.alone = false;
                clients[rng.index(count)].push(parcel.clone());
            }
            clients[rng.index(count)].push(parcel);
        }
        Self { clients, decisions }
    }

    /// How many there are who want answers.
    pub fn tasks(&self) -> usize {
        self.clients.len() + 1
    }
}

impl World {
    /// A program that sends its requests one after another, each until it is answered.
    pub async fn client(&self, parcels: Vec<Parcel>) {
        let mut running = self.running.subscribe();
        for Parcel { events, wall, alone } in parcels {
            self.linger(PAUSE_MS).await;
            self.clock.show(wall);
            let mut only = alone;
            let answers = self
                .until_answered(&mut running, async |handle: Handle| {
                    let only = std::mem::take(&mut only);
                    let request = events.iter().cloned().map(Ok).collect();
                    let answer = submit(&handle, request, Arc::from("token:client")).await;
                    if only && !matches!(answer, Ok(_) | Err(Unavailable::Stopping)) {
                        // It was sent once and refused, so it never was, also later.
                        self.linger(PAUSE_MS).await;
                        self.is_unheard_of(&events).await;
                    }
                    answer
                })
                .await;
            assert_eq!(answers.len(), events.len(), "one answer for each event");
            for (event, result) in events.iter().zip(answers) {
                let told = self.oracle.borrow_mut().told(event, &result);
                assert!(told.is_durable(&*self.durable).await, "{told:?}");
            }
        }
        self.is_done();
    }

    async fn is_unheard_of(&self, events: &[Event]) {
        for Event { source, id, .. } in events {
            let rows = self.durable.journal_of(source, id).await.unwrap();
            assert!(rows.is_empty(), "{source}/{id} was refused and is recorded");
        }
    }

    /// A person who decides on whatever is open by then, and looks at what would follow first.
    pub async fn person(&self, decisions: Vec<(Timestamp, Decide)>) {
        let mut running = self.running.subscribe();
        for (wall, decide) in decisions {
            self.linger(PAUSE_MS).await;
            self.clock.show(wall);
            let Some(choice) = self.choice(&decide).await else { continue };
            if self.chance(|rng| rng.percent(30)) {
                let look = choice.clone();
                self.until_answered(&mut running, async |handle: Handle| {
                    handle.preview(look.clone()).await
                })
                .await;
            }
            let answer = self
                .until_answered(&mut running, async |handle: Handle| {
                    handle.resolve(choice.clone(), Arc::from("user:mia@example.com")).await
                })
                .await;
            match answer {
                Answer::Resolved(record) => self.oracle.borrow_mut().decided(*record),
                Answer::Refused(_) => {}
                other => panic!("{other:?}"),
            }
        }
        self.is_done();
    }

    async fn choice(&self, decide: &Decide) -> Option<Choice> {
        let query = ConflictQuery {
            status: Some(ConflictStatus::Open),
            limit: LOOKED_AT,
            ..ConflictQuery::default()
        };
        let open: Vec<Conflict> = self.durable.conflicts(&query).await.unwrap();
        let conflict = open.get(decide.which.checked_rem(open.len())?)?;
        let options = conflict.kind.options();
        let option = options[decide.option % options.len()];
        // What an orphan takes depends on its event.
        let is_orphan = option == ResolutionOption::ApplyWithoutOrder;
        let takes = |need: &str| is_orphan || conflict.needs(option).contains(&need);
        Some(Choice {
            conflict: conflict.id,
            option,
            expected_version: conflict.version - u64::from(decide.stale),
            note: None,
            sku: takes("sku").then(|| decide.sku.clone()),
            location: takes("location").then(|| decide.location.clone()),
            lines: Vec::new(),
        })
    }

    /// Asks again and again, whoever serves by then: until there is an answer, or patience has gone,
    /// or the process with it.
    async fn until_answered<T>(
        &self,
        running: &mut watch::Receiver<Option<Handle>>,
        mut ask: impl AsyncFnMut(Handle) -> Result<T, Unavailable>,
    ) -> T {
        loop {
            let handle = running.wait_for(Option::is_some).await.unwrap().clone().unwrap();
            running.mark_unchanged();
            let patience_ms = self.chance(|rng| 1 + rng.below(PATIENCE_MS));
            let answer = tokio::select! {
                biased;
                answer = ask(handle) => answer.ok(),
                _ = running.changed() => None,
                () = self.time.sleep(Duration::from_millis(patience_ms)) => None,
            };
            if let Some(answer) = answer {
                return answer;
            }
            self.linger(PAUSE_MS).await;
        }
    }
}
