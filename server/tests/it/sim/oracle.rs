//! What everybody was told, and whether it is true.

use std::collections::{BTreeMap, BTreeSet};

use onhand::event::{Event, Fingerprint};
use onhand::id::{EventId, Source};
use onhand::journal;
use onhand::record::{Change, Outcome, Record};
use onhand::state::Settings;
use onhand::wire::EventResult;
use onhand_server::store::{JournalQuery, Store};
use onhand_server::verify::verify;

/// What everybody was told.
#[derive(Debug, Default)]
pub struct Oracle {
    told: Vec<Told>,
    decided: Vec<Record>,
}

/// The answer to one event.
#[derive(Debug, Clone)]
pub struct Told {
    event: Event,
    fingerprint: Fingerprint,
    result: EventResult,
}

/// The journal, read once.
struct Journal {
    records: Vec<Record>,
    /// All that became of each record, one after another.
    outcomes: BTreeMap<u64, Vec<Outcome>>,
}

impl Oracle {
    /// Somebody was told this.
    pub fn told(&mut self, event: &Event, result: &EventResult) -> Told {
        let fingerprint = Fingerprint::of_event(event);
        let told = Told { event: event.clone(), fingerprint, result: result.clone() };
        self.told.push(told.clone());
        told
    }

    /// Somebody was told that this decision is carried out.
    pub fn decided(&mut self, record: Record) {
        self.decided.push(record);
    }

    /// Compares all of it with the journal, and the journal with the state. Gives the number of
    /// records and the hash over them.
    ///
    /// # Errors
    /// With what is wrong.
    pub async fn check(
        &self,
        store: &dyn Store,
        settings: Settings,
    ) -> Result<(usize, [u8; 32]), String> {
        let wrong = |error: &dyn std::fmt::Display| format!("the ledger is wrong: {error}");
        verify(store, settings, |_, _, _| {}).await.map_err(|fault| wrong(&fault))?;
        let journal = Journal::read(store).await;
        let mut places: BTreeMap<_, BTreeSet<u64>> = BTreeMap::new();
        let mut invalid = BTreeSet::new();
        for told in &self.told {
            told.against(&journal)?;
            // Whatever else it was told, an event has one place for ever. It gets one of its own
            // only once the event is taken back whose fact it repeated.
            let name = (told.event.source.clone(), told.event.id.clone(), told.fingerprint.0);
            if told.result.outcome == Outcome::Invalid {
                invalid.insert(name.clone());
            }
            // What repeats the fact of another event has no place of its own.
            let place = told.result.seq.filter(|_| !told.repeats_another());
            places.entry(name).or_default().extend(place);
        }
        for (name, told) in places {
            // What does not fit what is known now may fit when it is sent again; then it is told so.
            let refused = told.is_empty() && invalid.contains(&name);
            let (source, id, fingerprint) = name;
            let recorded = journal.named(&source, &id, Fingerprint(fingerprint)).count();
            if refused && recorded > 0 {
                return Err(format!("{source}/{id} was told to be invalid and is in the journal"));
            }
            if told.len() > 1 || recorded > 1 {
                return Err(format!("{source}/{id} is at {told:?} and {recorded} times recorded"));
            }
        }
        for record in &self.decided {
            if journal.record(record.seq) != Some(record) {
                return Err(format!("decision #{} is not in the journal as told", record.seq));
            }
        }
        let last = JournalQuery { newest_first: true, limit: 1, ..JournalQuery::default() };
        let last = store.journal(&last).await.map_err(|error| wrong(&error))?;
        Ok((journal.records.len(), last.first().map_or([0; 32], |row| row.chain)))
    }
}

impl Told {
    /// Whether what the answer names is durable the moment it is given.
    pub async fn is_durable(&self, store: &dyn Store) -> bool {
        let Some(seq) = self.result.seq else { return true };
        let query = JournalQuery { after: Some(seq - 1), limit: 1, ..JournalQuery::default() };
        store.journal(&query).await.unwrap().first().is_some_and(|row| row.seq == seq)
    }

    /// Whether it was told to repeat the fact of another event.
    fn repeats_another(&self) -> bool {
        self.result.original.as_ref().is_some_and(|original| {
            (&original.source, &original.id) != (&self.event.source, &self.event.id)
        })
    }

    fn against(&self, journal: &Journal) -> Result<(), String> {
        let Self { event, fingerprint, result } = self;
        let lie = |why: &str| Err(format!("{result:?} was told of {event:?}: {why}"));
        let mut recorded = journal.named(&event.source, &event.id, *fingerprint);
        match (result.outcome, &result.original) {
            // Whether it is recorded all the same is looked at together with its other answers.
            (Outcome::Invalid, _) => Ok(()),
            (Outcome::Duplicate, Some(original)) => {
                let Some(record) = journal.record(original.seq) else {
                    return lie("the first is not in the journal");
                };
                let envelope = &record.envelope;
                let same_name = (&envelope.source, &envelope.id) == (&event.source, &event.id);
                if (&envelope.source, &envelope.id) != (&original.source, &original.id) {
                    return lie("the first is another event");
                }
                if same_name && record.fingerprint != *fingerprint {
                    return lie("the first says something else");
                }
                // Once the first is taken back, the fact may be said anew, by this event too. And its
                // name may be taken by another content, which it is a conflict with from then on.
                let anew = recorded.next().is_some()
                    && !journal.is_taken_back(record.seq)
                    && !journal.has_another(event, *fingerprint);
                if !same_name && (envelope.data != event.data || anew) {
                    return lie("it is no repeat of the first");
                }
                if !journal.outcomes[&record.seq].contains(&original.outcome) {
                    return lie("that never became of the first");
                }
                Ok(())
            }
            _ => match result.seq.and_then(|seq| journal.record(seq)) {
                Some(record) if EventResult::recorded(record) != *result => {
                    lie("the journal has another answer")
                }
                Some(record) if record.envelope != *event => lie("the journal has another event"),
                Some(_) => Ok(()),
                None => lie("it is not in the journal"),
            },
        }
    }
}

impl Journal {
    async fn read(store: &dyn Store) -> Self {
        let query = JournalQuery { limit: u32::MAX, ..JournalQuery::default() };
        let rows = store.journal(&query).await.unwrap();
        let records = rows.iter().map(|row| journal::decode(&row.bytes).unwrap());
        let records: Vec<Record> = records.collect();
        let mut outcomes: BTreeMap<u64, Vec<Outcome>> = BTreeMap::new();
        for record in &records {
            outcomes.entry(record.seq).or_default().push(record.outcome);
            for change in &record.changes {
                if let Change::Final { seq, outcome, .. } = change {
                    outcomes.entry(*seq).or_default().push(*outcome);
                }
            }
        }
        Self { records, outcomes }
    }

    fn record(&self, seq: u64) -> Option<&Record> {
        self.records.get(usize::try_from(seq.checked_sub(1)?).ok()?)
    }

    /// Whether a record, or what became of its event later, was ever taken back or given up, or has come
    /// too late to say anything.
    fn is_taken_back(&self, first: u64) -> bool {
        let decides = |record: &&Record| {
            let is_final = |it: &Change| matches!(it, Change::Final { seq, .. } if *seq == first);
            record.seq == first || record.changes.iter().any(is_final)
        };
        let deciding: BTreeSet<u64> =
            self.records.iter().filter(decides).map(|record| record.seq).collect();
        let mut changes = self.records.iter().flat_map(|record| &record.changes);
        let reversed = changes.any(|change| {
            matches!(change, Change::Reversed { seq, by: Some(_), .. } if deciding.contains(seq))
        });
        let says_nothing = |it: &Outcome| matches!(it, Outcome::Rejected | Outcome::Superseded);
        reversed || self.outcomes[&first].iter().any(says_nothing)
    }

    /// Whether an event of the same name and another content is recorded.
    fn has_another(&self, event: &Event, fingerprint: Fingerprint) -> bool {
        self.records.iter().any(|record| {
            let envelope = &record.envelope;
            (&envelope.source, &envelope.id) == (&event.source, &event.id)
                && record.fingerprint != fingerprint
        })
    }

    /// The records of an event of this content.
    fn named(
        &self,
        source: &Source,
        id: &EventId,
        fingerprint: Fingerprint,
    ) -> impl Iterator<Item = &Record> {
        self.records.iter().filter(move |record| {
            let envelope = &record.envelope;
            (&envelope.source, &envelope.id) == (source, id) && record.fingerprint == fingerprint
        })
    }
}
