//! A good event of every type, as text, for tests of what is made of wrong ones.

/// A good event of each type: its type and its data.
pub const GOOD: [(&str, &str); 19] = [
    (
        "item.upserted",
        r#"{"sku":"A","name":"n","barcode":"b","low_stock":3,"kit":[{"sku":"B","quantity":1}]}"#,
    ),
    ("location.upserted", r#"{"location":"L","name":"n","rank":2}"#),
    (
        "stock.adjusted",
        r#"{"sku":"A","location":"L","delta":-3,"reason":"r","state":"damaged","reference":"x","note":"y"}"#,
    ),
    ("stock.received", r#"{"sku":"A","location":"L","quantity":3,"reference":"x"}"#),
    ("stock.counted", r#"{"sku":"A","location":"L","counted":0}"#),
    (
        "stock.moved",
        r#"{"sku":"A","location":"L","from_state":"available","to_state":"safety_stock","quantity":1}"#,
    ),
    ("stock.set", r#"{"sku":"A","location":"L","quantity":0}"#),
    (
        "transfer.shipped",
        r#"{"transfer":"T","from":"L","to":"M","lines":[{"sku":"A","quantity":1}]}"#,
    ),
    (
        "transfer.received",
        r#"{"transfer":"T","receipt":"R","lines":[{"sku":"A","quantity":1,"state":"available"}],"final":true}"#,
    ),
    (
        "order.placed",
        r#"{"order":"O","lines":[{"line":"1","sku":"A","quantity":1,"location":"L"}]}"#,
    ),
    (
        "order.amended",
        r#"{"order":"O","revision":0,"lines":[{"line":"1","sku":"A","quantity":1,"location":"L"}]}"#,
    ),
    ("order.cancelled", r#"{"order":"O","lines":[{"line":"1","quantity":1,"sku":"A"}]}"#),
    (
        "order.fulfilled",
        r#"{"order":"O","fulfillment":"F","lines":[{"line":"1","quantity":1,"location":"L","sku":"A"}]}"#,
    ),
    (
        "order.returned",
        r#"{"order":"O","return":"R","lines":[{"line":"1","quantity":1,"location":"L","restock":true,"state":"available","sku":"A"}]}"#,
    ),
    (
        "reservation.placed",
        r#"{"reservation":"H","lines":[{"sku":"A","location":"L","quantity":1}],"expires_in_s":1}"#,
    ),
    ("reservation.released", r#"{"reservation":"H"}"#),
    ("reservation.confirmed", r#"{"reservation":"H","order":"O"}"#),
    ("channel.level_reported", r#"{"channel":"C","listing":"I","quantity":-1}"#),
    ("event.reversed", r#"{"source":"S","id":"E","reason":"r"}"#),
];
