//! From checked events to their answers: what does not fit is answered at once, the rest goes
//! through the processor, those that share a batch id together, and the answers come back in the
//! order of the request.

use std::sync::Arc;

use onhand::event::{Event, Invalid};
use onhand::ledger;
use onhand::record::Outcome;
use onhand::wire::EventResult;

use crate::processor::{Answer, Handle, Unavailable};

/// Has events decided; one result per event, in order.
///
/// # Errors
/// When nothing of it is recorded.
pub async fn submit(
    handle: &Handle,
    events: Vec<Result<Event, Invalid>>,
    actor: Arc<str>,
) -> Result<Vec<EventResult>, Unavailable> {
    let mut results: Vec<Option<EventResult>> = Vec::with_capacity(events.len());
    let (mut good, mut places) = (Vec::with_capacity(events.len()), Vec::new());
    for event in events {
        match event {
            Ok(event) => {
                places.push(results.len());
                good.push(event);
                results.push(None);
            }
            Err(Invalid { source, id, errors, .. }) => {
                results.push(Some(EventResult::invalid(source, id, errors)));
            }
        }
    }
    let misfits = results.len() - good.len();
    handle.meters().count(Outcome::Invalid, u64::try_from(misfits).unwrap_or(u64::MAX));
    if !good.is_empty() {
        let (inputs, among): (Vec<_>, Vec<_>) = ledger::inputs(good).into_iter().unzip();
        let answers = handle.submit(inputs, actor).await?;
        let answers = answers.into_iter().flat_map(|answer| match answer {
            Answer::Event(result) => vec![result],
            Answer::Group(results) => results,
            _ => Vec::new(),
        });
        for (among, result) in among.into_iter().flatten().zip(answers) {
            results[places[among]] = Some(result);
        }
    }
    // The processor answers every event; one without an answer would be a stopped processor.
    results.into_iter().collect::<Option<Vec<_>>>().ok_or(Unavailable::Stopping)
}
