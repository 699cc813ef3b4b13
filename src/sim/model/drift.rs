//! Drift: a channel shows what nothing explains, and a person says whose number holds.

use super::Model;
use super::conflicts::About;
use crate::conflict::{Choice, EVENTS_LISTED_MAX, ResolutionOption as O};
use crate::event::{ChannelDrift, ChannelLevelReported, EventData};
use crate::id::{ChannelId, ListingId, LocationId, Source};
use crate::record::Outcome;

impl Model {
    /// What a channel shows; nothing if it is about an item that nobody knows.
    pub(super) fn report(&mut self, seq: u64, data: &ChannelLevelReported) -> Option<Outcome> {
        let Some(found) = &data.drift else { return Some(Outcome::Applied) };
        let listing = (data.channel.clone(), data.listing.clone());
        match self.open_drift(&listing) {
            Some(open) if found.difference == 0 => {
                self.asked[open].open = false;
                for event in self.asked[open].events.clone() {
                    self.become_of(event, Outcome::Superseded);
                }
                Some(Outcome::Applied)
            }
            None if found.difference == 0 => Some(Outcome::Applied),
            Some(open) => {
                if self.asked[open].events.len() == EVENTS_LISTED_MAX {
                    let last = self.asked[open].events.pop().expect("it lists many");
                    self.become_of(last, Outcome::Superseded);
                }
                self.asked[open].events.push(seq);
                self.asked[open].version += 1;
                Some(Outcome::Conflict)
            }
            None => {
                let sku = self.item(&found.sku)?;
                let location = self.only_location(found);
                self.ask(About::Drift { listing, sku, location }, [seq]);
                Some(Outcome::Conflict)
            }
        }
    }

    /// The index of the open question about a listing.
    pub(super) fn open_drift(&self, listing: &(ChannelId, ListingId)) -> Option<usize> {
        self.asked.iter().position(|asked| {
            let of_listing =
                matches!(&asked.about, About::Drift { listing: known, .. } if known == listing);
            asked.open && of_listing
        })
    }

    fn only_location(&self, found: &ChannelDrift) -> Option<LocationId> {
        match (&found.locations[..], &self.locations[..]) {
            ([], [(only, _)]) => Some(only.clone()),
            ([only], _) => self.place(only),
            _ => None,
        }
    }

    /// Whose number holds. False if the choice lacks what its option needs.
    pub(super) fn settle_drift(
        &mut self,
        events: &[u64],
        location: Option<&LocationId>,
        choice: &Choice,
    ) -> bool {
        let accepted = choice.option == O::AcceptChannel;
        if accepted && !self.accept(events, location.or(choice.location.as_ref())) {
            return false;
        }
        for event in events {
            self.become_of(*event, if accepted { Outcome::Applied } else { Outcome::Rejected });
        }
        true
    }

    /// Adjusts by what the channel showed last, as a movement of this moment.
    fn accept(&mut self, events: &[u64], place: Option<&LocationId>) -> bool {
        let last = &self.told[events.last().expect("it is about reports")].event.data;
        let EventData::ChannelLevelReported(ChannelLevelReported { drift: Some(found), .. }) = last
        else {
            unreachable!("it is about what nothing explains")
        };
        let found = found.as_ref().clone();
        let location = place.and_then(|name| self.place(name));
        let Some((sku, location)) = self.item(&found.sku).zip(location) else { return false };
        let counted =
            found.locations.iter().any(|name| self.place(name).as_ref() == Some(&location));
        if self.kits().any(|(kit, _)| *kit == sku) || !found.locations.is_empty() && !counted {
            return false;
        }
        let (seq, first) = (self.next_seq(), self.movements.len());
        let (now, level) = (self.now, (sku, location));
        self.move_units_of((now, &Source::onhand()), &level, found.difference, None);
        self.watch_late_movements(seq, first);
        true
    }
}
