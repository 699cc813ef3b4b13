//! One event of the journal in words.

use onhand::record::{Bucket, Effect, Outcome};
use onhand::wire::live::EventRow;

use crate::format::{encode, signed, title, words};

/// What happened, in words: `stock.adjusted` becomes `Stock adjusted`.
pub fn what(event_type: &str) -> String {
    title(&event_type.replace('.', " "))
}

/// What an event is about: the levels it changed, else why it changed none.
pub fn about(event: &EventRow) -> String {
    let mut levels: Vec<(&str, &str)> = event
        .effects
        .iter()
        .map(|effect| (effect.sku.as_str(), effect.location.as_str()))
        .collect();
    levels.dedup();
    match levels.as_slice() {
        [] => match (&event.reason, event.outcome) {
            (Some(reason), _) => reason.clone(),
            (None, Outcome::Applied) => "changed no level".to_owned(),
            (None, _) => event.envelope.id.clone(),
        },
        [(sku, location)] => format!("{sku} at {location}"),
        [(sku, _), rest @ ..] => format!("{sku} and {} more", rest.len()),
    }
}

/// What a person wrote with an event.
pub fn remark(event: &EventRow) -> Option<String> {
    let data = &event.envelope.data;
    data.reason.as_ref().or(data.reference.as_ref()).or(data.note.as_ref()).cloned()
}

/// The change that matters most for stock: of `on_hand`, else of the first state that moved.
pub fn main_effect(effects: &[Effect]) -> Option<String> {
    let moved = |bucket: Bucket| {
        let mut deltas = effects.iter().filter(|effect| effect.state == bucket).peekable();
        deltas.peek()?;
        let sum: i64 = deltas.map(|effect| effect.delta).sum();
        (sum != 0).then(|| signed(sum))
    };
    moved(Bucket::OnHand).or_else(|| {
        let first = effects.first()?;
        Some(format!("{} {}", moved(first.state)?, words(first.state.as_str())))
    })
}

/// An effect in words: `−3 on hand at berlin, then 14`.
pub fn effect_words(effect: &Effect) -> String {
    format!(
        "{} {} at {}, then {}",
        signed(effect.delta),
        words(effect.state.as_str()),
        effect.location,
        crate::format::grouped(effect.after)
    )
}

/// Where more about an event is found: its conflict if it has one, else its own page.
pub fn event_href(event: &EventRow) -> String {
    if let Some(conflict) = event.conflict {
        return format!("/conflicts/{conflict}");
    }
    record_href(event.seq)
}

/// The page of one record of the journal.
pub fn record_href(seq: u64) -> String {
    format!("/events/{seq}")
}

/// The journal with this event on top.
pub fn journal_href(seq: u64) -> String {
    format!("/events?before={}", encode(&seq.saturating_add(1).to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::book::tests::event;
    use onhand::id::{ConflictId, LocationId, Sku};

    fn effect(sku: &str, state: Bucket, delta: i64) -> Effect {
        Effect {
            sku: Sku::new(sku).unwrap(),
            location: LocationId::new("berlin").unwrap(),
            state,
            delta,
            after: 14,
            version: 2,
            basis: None,
        }
    }

    #[test]
    fn an_event_is_told_by_what_it_changed() {
        let mut row = event(7, Outcome::Applied, 0);
        assert_eq!(what(&row.envelope.event_type), "Stock adjusted");
        assert_eq!(about(&row), "changed no level");
        assert_eq!(about(&EventRow { outcome: Outcome::Duplicate, ..row.clone() }), "7");
        assert_eq!(event_href(&row), "/events/7");
        assert_eq!(journal_href(7), "/events?before=8");
        row.effects = vec![effect("A", Bucket::OnHand, -3), effect("A", Bucket::Damaged, 3)];
        assert_eq!(about(&row), "A at berlin");
        assert_eq!(main_effect(&row.effects).as_deref(), Some("\u{2212}3"));
        assert_eq!(effect_words(&row.effects[1]), "+3 damaged at berlin, then 14");
        row.effects = vec![effect("A", Bucket::Committed, 2), effect("B", Bucket::Committed, 1)];
        assert_eq!(about(&row), "A and 1 more");
        assert_eq!(main_effect(&row.effects).as_deref(), Some("+3 committed"));
        row.conflict = Some(ConflictId::from_number(4));
        assert_eq!(event_href(&row), "/conflicts/c4");
    }
}
