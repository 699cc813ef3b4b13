//! The names of all event types.

/// Every event type: those that come from outside, in the order of contract.md, then those that only
/// Onhand makes.
pub const TYPES: [&str; 23] = [
    "item.upserted",
    "location.upserted",
    "stock.adjusted",
    "stock.received",
    "stock.counted",
    "stock.moved",
    "stock.set",
    "transfer.shipped",
    "transfer.received",
    "order.placed",
    "order.amended",
    "order.cancelled",
    "order.fulfilled",
    "order.returned",
    "reservation.placed",
    "reservation.released",
    "reservation.confirmed",
    "channel.level_reported",
    "event.reversed",
    "reservation.expired",
    "event.released",
    "event.orphaned",
    "conflict.resolved",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::EventData;

    #[test]
    fn every_type_is_one_that_the_journal_knows() {
        let unknown = |name: &str| EventData::from_stored(name, "null").unwrap_err().to_string();
        for (index, name) in TYPES.into_iter().enumerate() {
            assert!(!unknown(name).contains("unknown event type"), "{name}");
            assert!(!TYPES[..index].contains(&name), "{name} stands there once");
        }
        assert!(unknown("stock.vanished").contains("unknown event type"));
    }
}
