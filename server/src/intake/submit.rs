//! From checked events to their answers: what does not fit is answered at once, the rest goes
//! through the processor, and the answers come back in the order of the request.

use std::sync::Arc;

use onhand::event::{Event, Invalid};
use onhand::ledger::Input;
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
    let mut inputs = Vec::with_capacity(events.len());
    for event in events {
        match event {
            Ok(event) => {
                inputs.push(Input::Event(event));
                results.push(None);
            }
            Err(Invalid { source, id, errors }) => {
                results.push(Some(EventResult::invalid(source, id, errors)));
            }
        }
    }
    let answers = if inputs.is_empty() { Vec::new() } else { handle.submit(inputs, actor).await? };
    let mut answers = answers.into_iter();
    let results = results.into_iter().map(|result| match result {
        Some(result) => Some(result),
        None => match answers.next() {
            Some(Answer::Event(result)) => Some(result),
            _ => None,
        },
    });
    // The processor answers every input; one without an answer would be a stopped processor.
    results.collect::<Option<Vec<_>>>().ok_or(Unavailable::Stopping)
}
