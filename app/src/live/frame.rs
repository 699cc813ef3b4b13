//! Reads the server's frames.

use onhand::wire::live::ServerFrame;
use serde::Deserialize;

use crate::json::{self, Malformed};

/// Reads a frame. In two steps: its type, then the frame of that type, which leaves much less code
/// in the browser than reading whichever comes at once.
///
/// # Errors
/// When the text is no frame.
pub(super) fn read(text: &str) -> Result<ServerFrame, Malformed> {
    #[derive(Deserialize)]
    struct Tag {
        #[serde(rename = "type")]
        name: String,
    }
    #[derive(Deserialize)]
    struct Welcome {
        seq: u64,
        protocol: u32,
        build: String,
    }
    #[derive(Deserialize)]
    struct Bye {
        code: String,
        reason: String,
    }
    Ok(match json::read::<Tag>(text)?.name.as_str() {
        "snapshot" => ServerFrame::Snapshot(json::read(text)?),
        "delta" => ServerFrame::Delta(json::read(text)?),
        "welcome" => {
            let Welcome { seq, protocol, build } = json::read(text)?;
            ServerFrame::Welcome { seq, protocol, build }
        }
        "bye" => {
            let Bye { code, reason } = json::read(text)?;
            ServerFrame::Bye { code, reason }
        }
        _ => return Err(Malformed),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::book::tests::{delta, event};
    use onhand::record::Outcome;
    use onhand::wire::live::{Snapshot, Topic};

    #[test]
    fn every_frame_is_read_as_it_was_written() {
        let events = vec![event(6, Outcome::Applied, 2)];
        let snapshot = Snapshot {
            topic: Topic::Events,
            seq: 6,
            levels: Vec::new(),
            events: events.clone(),
            conflicts: Vec::new(),
            publications: Vec::new(),
            channels: Vec::new(),
        };
        for frame in [
            ServerFrame::Welcome { seq: 6, protocol: 1, build: "b".to_owned() },
            ServerFrame::Snapshot(snapshot),
            ServerFrame::Delta(delta(5, 6, events)),
            ServerFrame::Bye { code: "stopping".to_owned(), reason: "\"\u{e4}\"".to_owned() },
        ] {
            assert_eq!(read(&serde_json::to_string(&frame).unwrap()), Ok(frame));
        }
        for bad in ["", "{}", r#"{"type":"hello"}"#, r#"{"type":"delta"}"#] {
            assert_eq!(read(bad), Err(Malformed), "{bad}");
        }
    }
}
