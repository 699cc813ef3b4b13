//! Jobs on their way through the processor: what is still to be decided, and the answers so far.

use std::collections::VecDeque;
use std::sync::Arc;

use onhand::conflict::Choice;
use onhand::event::Event;
use onhand::ledger::{Entry, Input, Processed};
use onhand::wire::EventResult;
use tokio::sync::oneshot;

use super::handle::{Answer, Unavailable};
use super::queue::{Job, Work};

/// A job whose inputs are being decided.
pub(super) struct Pending {
    inputs: Vec<Input>,
    /// What became of the first inputs: it is durable.
    answers: Vec<Answer>,
    actor: Arc<str>,
    answer: oneshot::Sender<Result<Vec<Answer>, Unavailable>>,
}

/// A job that only asks.
pub(super) struct Preview {
    /// What would be chosen.
    pub(super) choice: Choice,
    /// Where the answer goes.
    pub(super) answer: oneshot::Sender<Result<Vec<Answer>, Unavailable>>,
}

impl Pending {
    /// The inputs that are not decided yet, with who sent them.
    pub(super) fn rest(&self) -> impl Iterator<Item = (&Input, &str)> {
        self.inputs[self.answers.len()..].iter().map(|input| (input, &*self.actor))
    }
}

/// Those that decide something, in their order, and those that only ask.
pub(super) fn sort(jobs: Vec<Job>) -> (VecDeque<Pending>, Vec<Preview>) {
    let mut pending = VecDeque::with_capacity(jobs.len());
    let mut previews = Vec::new();
    for Job { work, actor, answer } in jobs {
        let inputs = match work {
            Work::Decide(inputs) => inputs,
            Work::Resolve(choice) => vec![Input::Resolve(choice)],
            Work::Preview(choice) => {
                previews.push(Preview { choice, answer });
                continue;
            }
        };
        pending.push_back(Pending { inputs, answers: Vec::new(), actor, answer });
    }
    (pending, previews)
}

/// The answers to the first of some inputs, as far as these were processed: true once the batch is
/// durable.
pub(super) fn answers(
    inputs: &[(&Input, &str)],
    processed: Vec<Processed>,
    entries: &[Entry],
) -> Vec<Answer> {
    let processed = inputs.iter().zip(processed);
    processed.map(|((input, _), processed)| answer_to(input, processed, entries)).collect()
}

/// Hands out the answers to what is durable now, to the first jobs of which all inputs are decided.
pub(super) fn hand_out(pending: &mut VecDeque<Pending>, answers: Vec<Answer>) {
    let mut answers = answers.into_iter();
    while let Some(mut first) = pending.pop_front() {
        let left = first.inputs.len() - first.answers.len();
        first.answers.extend(answers.by_ref().take(left));
        if first.answers.len() < first.inputs.len() {
            return pending.push_front(first);
        }
        // The asker may have gone; what is recorded stays recorded.
        let _ = first.answer.send(Ok(first.answers));
    }
}

/// Answers that it was not done. Of a job that has taken more than one transaction, the first
/// inputs may be recorded; whoever sends it again is told so by their outcome.
pub(super) fn refuse(pending: VecDeque<Pending>, previews: Vec<Preview>, why: &Unavailable) {
    let pending = pending.into_iter().map(|job| job.answer);
    for answer in pending.chain(previews.into_iter().map(|job| job.answer)) {
        let _ = answer.send(Err(why.clone()));
    }
}

fn answer_to(input: &Input, processed: Processed, entries: &[Entry]) -> Answer {
    match (input, processed) {
        (Input::Event(event), processed) => Answer::Event(result(event, processed, entries)),
        (Input::Group(events), Processed::Group(all)) => {
            let results = events.iter().zip(all);
            Answer::Group(results.map(|(event, one)| result(event, one, entries)).collect())
        }
        (_, Processed::Recorded(index)) => {
            Answer::Resolved(Box::new(entries[index].record.clone()))
        }
        (_, Processed::Refused(refused)) => Answer::Refused(refused),
        (_, processed) => unreachable!("only events from outside are {processed:?}"),
    }
}

/// What became of an event from outside.
fn result(event: &Event, processed: Processed, entries: &[Entry]) -> EventResult {
    match processed {
        Processed::Recorded(index) => EventResult::recorded(&entries[index].record),
        Processed::Duplicate(original) => {
            EventResult::duplicate(&event.source, &event.id, original)
        }
        Processed::Invalid(errors) => {
            let (source, id) = (event.source.to_string(), event.id.to_string());
            EventResult::invalid(Some(source), Some(id), errors)
        }
        other => unreachable!("an event is not {other:?}"),
    }
}
