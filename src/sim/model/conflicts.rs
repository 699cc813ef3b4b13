//! What a person is asked.

use super::Model;
use super::levels::LevelName;
use crate::conflict::ConflictKind;
use crate::id::{
    ChannelId, ConflictId, EventId, ListingId, LocationId, OrderId, Sku, Source, TransferId,
};
use crate::record::WaitKey;

/// A conflict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// What it is about.
    pub about: About,
    /// The places of the events that take part.
    pub events: Vec<u64>,
    /// Whether it still waits for an answer.
    pub open: bool,
    /// How often it changed.
    pub version: u64,
    /// The record that opened it.
    pub opened: u64,
}

/// What a conflict is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// An event name that came with several contents.
    Name(Source, EventId),
    /// A business fact that came with several contents.
    Changed(Option<OrderId>),
    /// A version that is not the current one.
    Version(LevelName),
    /// An event from the future.
    Future,
    /// More than the order has.
    Excess(OrderId),
    /// An event that has waited too long for its order, or for its shipment.
    Orphan(u64, Option<OrderId>),
    /// A transfer that did not arrive at this location as it left.
    Transfer(TransferId, LocationId),
    /// A name that nobody knows, or the lack of any location.
    Unknown(WaitKey),
    /// A count with movements around it.
    HeldCount(LevelName),
    /// Movements, by number, around a count that was accepted before they came.
    LateMovement {
        /// Where.
        level: LevelName,
        /// Which movements.
        numbers: Vec<usize>,
        /// The record that accepted the count.
        count: u64,
    },
    /// A level where more is promised than is there.
    Oversold(LevelName),
    /// A batch that would take too much to zero, by the id of the conflict.
    Batch(ConflictId),
    /// A listing that shows what nothing explains.
    Drift {
        /// Where it is listed.
        listing: (ChannelId, ListingId),
        /// The item.
        sku: Sku,
        /// The location whose stock it shows, if it is only one.
        location: Option<LocationId>,
    },
    /// An event on which a rule breaks off.
    Poison(Option<OrderId>),
}

impl About {
    /// The kind of the conflict.
    pub const fn kind(&self) -> ConflictKind {
        match self {
            Self::Name(..) => ConflictKind::IdReused,
            Self::Changed(_) => ConflictKind::OrderChanged,
            Self::Version(_) => ConflictKind::VersionMismatch,
            Self::Future => ConflictKind::FutureTime,
            Self::Excess(_) | Self::Transfer(..) => ConflictKind::Excess,
            Self::Orphan(..) => ConflictKind::Orphan,
            Self::Unknown(_) => ConflictKind::Unmapped,
            Self::HeldCount(_) | Self::LateMovement { .. } => ConflictKind::CountOverlap,
            Self::Oversold(_) => ConflictKind::Oversold,
            Self::Batch(_) => ConflictKind::MassChange,
            Self::Drift { .. } => ConflictKind::Drift,
            Self::Poison(_) => ConflictKind::Poison,
        }
    }

    /// What the events that take part wait for, if they do.
    pub(super) fn awaited(&self) -> Option<WaitKey> {
        match self {
            Self::Unknown(name) => Some(name.clone()),
            Self::Batch(id) => Some(WaitKey::Approval(*id)),
            _ => None,
        }
    }

    /// Whether another event about the same joins the open conflict.
    const fn gathers(&self) -> bool {
        matches!(
            self,
            Self::Name(..)
                | Self::Unknown(_)
                | Self::Oversold(_)
                | Self::Transfer(..)
                | Self::Batch(_)
        )
    }
}

impl Model {
    /// The conflicts that wait for an answer, with their indices.
    pub fn open(&self) -> impl Iterator<Item = (usize, &Asked)> {
        self.asked.iter().enumerate().filter(|(_, asked)| asked.open)
    }

    /// A conflict, by its index.
    pub fn asked(&self, index: usize) -> &Asked {
        &self.asked[index]
    }

    /// The index of the open conflict about something.
    pub(super) fn open_about(&self, about: &About) -> Option<usize> {
        self.asked.iter().position(|asked| asked.open && asked.about == *about)
    }

    /// Asks, or adds to what is being asked already.
    pub(super) fn ask(&mut self, about: About, events: impl IntoIterator<Item = u64>) {
        let known = if about.gathers() { self.open_about(&about) } else { None };
        if let Some(known) = known {
            for event in events {
                if !self.asked[known].events.contains(&event) {
                    self.asked[known].events.push(event);
                    self.asked[known].version += 1;
                }
            }
        } else {
            let events = events.into_iter().collect();
            let opened = self.next_seq();
            self.asked.push(Asked { about, events, open: true, version: 1, opened });
        }
    }
}
