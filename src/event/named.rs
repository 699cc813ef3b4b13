//! The items that an event names.

use super::EventData;
use crate::id::Sku;

impl EventData {
    /// Every SKU that the event names, as it is written there: the same one as often as it stands
    /// there, those that need not be known included. What else an event moves, the parts of a kit
    /// that is sold or the lines of an order that is only named, it does not name itself.
    pub fn skus(&self) -> Vec<&Sku> {
        match self {
            Self::ItemUpserted(data) => {
                let parts = data.kit.iter().flatten().map(|part| &part.sku);
                std::iter::once(&data.sku).chain(parts).collect()
            }
            Self::StockAdjusted(data) => vec![&data.sku],
            Self::StockReceived(data) => vec![&data.sku],
            Self::StockCounted(data) => vec![&data.sku],
            Self::StockMoved(data) => vec![&data.sku],
            Self::StockSet(data) => vec![&data.sku],
            Self::TransferShipped(data) => data.lines.iter().map(|line| &line.sku).collect(),
            Self::TransferReceived(data) => data.lines.iter().map(|line| &line.sku).collect(),
            Self::OrderPlaced(data) => data.lines.iter().map(|line| &line.sku).collect(),
            Self::OrderAmended(data) => data.lines.iter().map(|line| &line.sku).collect(),
            Self::OrderCancelled(data) => {
                data.lines.iter().flatten().filter_map(|line| line.sku.as_ref()).collect()
            }
            Self::OrderFulfilled(data) => {
                data.lines.iter().filter_map(|line| line.sku.as_ref()).collect()
            }
            Self::OrderReturned(data) => {
                data.lines.iter().filter_map(|line| line.sku.as_ref()).collect()
            }
            Self::ReservationPlaced(data) => data.lines.iter().map(|line| &line.sku).collect(),
            Self::ChannelLevelReported(data) => data.drift.iter().map(|drift| &drift.sku).collect(),
            Self::ConflictResolved(choice) => choice.sku.iter().collect(),
            Self::LocationUpserted(_)
            | Self::ReservationReleased(_)
            | Self::ReservationConfirmed(_)
            | Self::ReservationExpired(_)
            | Self::EventReversed(_)
            | Self::EventReleased(_)
            | Self::EventOrphaned(_) => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// Every `sku` that is written anywhere in a value.
    fn written(value: &Value) -> Vec<String> {
        match value {
            Value::Array(rows) => rows.iter().flat_map(written).collect(),
            Value::Object(members) => {
                let own = value["sku"].as_str().map(ToOwned::to_owned);
                own.into_iter().chain(members.values().flat_map(written)).collect()
            }
            _ => Vec::new(),
        }
    }

    fn of_type(event_type: &str) -> Vec<Value> {
        let line = |sku: &str| json!({"line": sku, "sku": sku, "quantity": 1});
        let unnamed = json!({"line": "2", "quantity": 1});
        let ordered = json!({"order": "o", "lines": [line("B"), line("A"), line("B")]});
        let of_order = |more: Value| {
            let mut data = json!({"order": "o", "lines": [line("B"), unnamed, line("A")]});
            data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            data
        };
        let items = json!([{"sku": "B", "quantity": 1}, {"sku": "A", "quantity": 1}]);
        match event_type {
            "item.upserted" => vec![json!({"sku": "A"}), json!({"sku": "K", "kit": items})],
            "stock.adjusted" => {
                vec![json!({"sku": "A", "location": "L", "delta": 1, "reason": "B"})]
            }
            "stock.received" | "stock.set" => {
                vec![json!({"sku": "A", "location": "L", "quantity": 1})]
            }
            "stock.counted" => vec![json!({"sku": "A", "location": "L", "counted": 1})],
            "stock.moved" => vec![json!({"sku": "A", "location": "L", "quantity": 1,
                "from_state": "available", "to_state": "damaged"})],
            "transfer.shipped" => {
                vec![json!({"transfer": "t", "from": "L", "to": "M", "lines": items})]
            }
            "transfer.received" => {
                vec![json!({"transfer": "t", "receipt": "r", "lines": items})]
            }
            "order.placed" => vec![ordered],
            "order.amended" => {
                vec![json!({"order": "o", "revision": 1, "lines": ordered["lines"]})]
            }
            "order.cancelled" => vec![json!({"order": "o"}), of_order(json!({}))],
            "order.fulfilled" => vec![of_order(json!({"fulfillment": "f"}))],
            "order.returned" => {
                let line = json!({"line": "1", "sku": "A", "quantity": 1, "restock": true});
                vec![of_order(json!({"return": "r", "lines": [line]}))]
            }
            "reservation.placed" => {
                let line = json!({"sku": "A", "location": "L", "quantity": 1});
                vec![json!({"reservation": "r", "expires_in_s": 1, "lines": [line]})]
            }
            "channel.level_reported" => {
                let drift = json!({"sku": "A", "difference": 1});
                let report = json!({"channel": "c", "listing": "B", "quantity": 1});
                vec![report, json!({"channel": "c", "listing": "B", "quantity": 1, "drift": drift})]
            }
            "event.reversed" => vec![json!({"source": "A", "id": "A", "reason": "A"})],
            "conflict.resolved" => vec![json!({"conflict": "c1", "option": "map",
                "expected_version": 1, "sku": "A"})],
            // These name their subjects by other means.
            _ => Vec::new(),
        }
    }

    #[test]
    fn every_sku_that_is_written_in_an_event_is_named() {
        let mut named = 0;
        for event_type in crate::event::TYPES {
            for data in of_type(event_type) {
                let event = EventData::from_stored(event_type, &data.to_string()).unwrap();
                let mut skus: Vec<String> =
                    event.skus().into_iter().map(ToString::to_string).collect();
                let mut written = written(&data);
                skus.sort_unstable();
                written.sort_unstable();
                assert_eq!(skus, written, "{event_type} {data}");
                named += skus.len();
            }
        }
        assert_eq!(named, 27);
    }
}
