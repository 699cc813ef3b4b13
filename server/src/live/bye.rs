//! Why the server ends a live connection, in the words of its last frame and of the websocket.

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes};
use onhand::wire::live::ServerFrame;

use super::frame;
use super::session::{CLIENT_FRAMES_MAX, CLIENT_FRAMES_WINDOW, HELLO_TIMEOUT, PONG_TIMEOUT};

/// Why the server closes a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bye {
    /// The server is stopping.
    Stopping,
    /// The session or the token does not hold any more.
    Revoked,
    /// The client sent something that is no frame.
    BadFrame(String),
    /// The client sends too many frames.
    TooManyFrames,
    /// The client did not say hello.
    NoHello,
    /// The client answers no ping.
    Unresponsive,
    /// There is no snapshot to be had.
    Unavailable,
}

impl Bye {
    const fn code(&self) -> &'static str {
        match self {
            Self::Stopping => "stopping",
            Self::Revoked => "revoked",
            Self::BadFrame(_) => "bad_frame",
            Self::TooManyFrames => "too_many_frames",
            Self::NoHello => "no_hello",
            Self::Unresponsive => "unresponsive",
            Self::Unavailable => "unavailable",
        }
    }

    fn reason(&self) -> String {
        match self {
            Self::Stopping => "the server is stopping".to_owned(),
            Self::Revoked => "the session or token is no longer valid".to_owned(),
            Self::BadFrame(reason) => reason.clone(),
            Self::TooManyFrames => format!(
                "more than {CLIENT_FRAMES_MAX} frames within {} s",
                CLIENT_FRAMES_WINDOW.as_secs()
            ),
            Self::NoHello => format!("no hello within {} s", HELLO_TIMEOUT.as_secs()),
            Self::Unresponsive => format!("no answer for {} s", PONG_TIMEOUT.as_secs()),
            Self::Unavailable => "the present state cannot be read right now".to_owned(),
        }
    }

    /// The websocket's close code (RFC 6455, 7.4.1).
    const fn close_code(&self) -> u16 {
        match self {
            Self::Stopping | Self::Unresponsive => 1001,
            Self::BadFrame(_) | Self::TooManyFrames | Self::NoHello | Self::Revoked => 1008,
            Self::Unavailable => 1013,
        }
    }

    /// The last messages of a connection.
    pub(super) fn messages(&self) -> [Message; 2] {
        let bye = ServerFrame::Bye { code: self.code().to_owned(), reason: self.reason() };
        let reason = Utf8Bytes::from_static(self.code());
        let close = CloseFrame { code: self.close_code(), reason };
        [Message::Text(frame::plain(&bye)), Message::Close(Some(close))]
    }
}
