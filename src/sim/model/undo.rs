//! A record as if it had never been: what it added is withdrawn, what it changed is as it was, and
//! what others have done since stays.

use std::collections::BTreeSet;

use super::conflicts::{About, Asked};
use super::levels::LevelName;
use super::{Did, Model, Transfer};
use crate::id::ReservationId;
use crate::record::WaitKey;

impl Model {
    /// Makes all that a record did as if it had never been.
    pub(super) fn undo(&mut self, record: u64) {
        let (before, after) = {
            let said = self.journal_at(record);
            (said.before.clone(), said.after.clone())
        };
        let between = self.journal_at(record).between.clone();
        let stood: BTreeSet<u64> = self.newest_counts();
        let mut later = &after;
        for earlier in between.iter().rev() {
            self.undo_part(record, earlier, later);
            self.end_part();
            later = earlier;
        }
        self.undo_part(record, &before, later);
        self.undo_questions(record, &before, &after);
        for seq in after.taken_back.difference(&before.taken_back) {
            self.taken_back.remove(seq);
        }
        self.taken_back.extend(before.taken_back.difference(&after.taken_back));
        for count in self.newest_counts().difference(&stood) {
            self.ask_about_count(*count);
        }
    }

    /// What is asked about a count that stands again: what nobody has answered.
    fn ask_about_count(&mut self, stands: u64) {
        for index in 0..self.asked.len() {
            let Asked { about, open, .. } = &self.asked[index];
            let is_about = matches!(about, About::LateMovement { count, .. } if *count == stands);
            if is_about && !open && self.still_matters(index) {
                self.open_again(index);
            }
        }
    }

    /// Whether a person's answer is in force.
    fn is_answered(&self, index: usize) -> bool {
        let mut seqs = 1..=self.journal.len() as u64;
        seqs.any(|seq| {
            self.journal_at(seq).did == Did::Decide(index) && !self.taken_back.contains(&seq)
        })
    }

    /// Whether a question is open that a person's answer in force has settled.
    pub fn asks_what_is_answered(&self) -> bool {
        (0..self.asked.len()).any(|index| self.asked[index].open && self.is_answered(index))
    }

    /// Takes back one part of what a record did.
    fn undo_part(&mut self, record: u64, before: &Self, after: &Self) {
        self.undo_movements(before, after);
        self.undo_counts(before, after);
        for order in &after.orders {
            let earlier = before.orders.iter().find(|known| known.id == order.id);
            if earlier != Some(order) {
                self.undo_order(earlier, order);
            }
        }
        for held in &after.reservations {
            match before.reservations.iter().find(|known| known.id == held.id) {
                None => self.reservations.retain(|known| known.id != held.id),
                Some(earlier) if !earlier.is_same_hold(held) => {
                    self.reservations.retain(|known| known.id != held.id);
                    self.reservations.push(earlier.clone());
                }
                Some(earlier) if earlier.held != held.held => {
                    let mut own = self.reservations.iter_mut();
                    let own = own.find(|known| known.id == held.id);
                    own.expect("it was granted").held = earlier.held;
                }
                Some(_) => {}
            }
        }
        let is_there = |id: &ReservationId| after.reservations.iter().any(|held| held.id == *id);
        let gone = before.reservations.iter().filter(|earlier| !is_there(&earlier.id));
        self.reservations.extend(gone.cloned());
        self.undo_transfers(record, before, after);
    }

    fn undo_movements(&mut self, before: &Self, after: &Self) {
        for (number, movement) in after.movements.iter().enumerate() {
            let own = &mut self.movements[number];
            match before.movements.get(number) {
                None => own.withdrawn = true,
                Some(earlier) => {
                    if earlier.absorbed != movement.absorbed {
                        own.absorbed = earlier.absorbed;
                    }
                    if earlier.withdrawn != movement.withdrawn {
                        own.withdrawn = earlier.withdrawn;
                    }
                }
            }
        }
        for (number, shift) in after.shifts.iter().enumerate() {
            let own = &mut self.shifts[number];
            match before.shifts.get(number) {
                None => own.withdrawn = true,
                Some(earlier) if earlier.withdrawn != shift.withdrawn => {
                    own.withdrawn = earlier.withdrawn;
                }
                Some(_) => {}
            }
        }
    }

    fn undo_counts(&mut self, before: &Self, after: &Self) {
        let mut gone: Vec<u64> = Vec::new();
        // On which side of an older count something lies makes no difference there any more.
        let mut stands: Vec<LevelName> = Vec::new();
        for (number, count) in after.counts.iter().enumerate() {
            let own = &mut self.counts[number];
            match before.counts.get(number) {
                None => {
                    own.withdrawn = true;
                    gone.push(own.seq);
                }
                Some(earlier) => {
                    if earlier.withdrawn != count.withdrawn {
                        own.withdrawn = earlier.withdrawn;
                        stands.extend((!own.withdrawn).then(|| own.level.clone()));
                        gone.extend(own.withdrawn.then_some(own.seq));
                    }
                    put_back(&mut own.contains, &earlier.contains, &count.contains);
                    put_back(&mut own.before, &earlier.before, &count.before);
                }
            }
        }
        for asked in &mut self.asked {
            if let About::LateMovement { count, level, .. } = &asked.about
                && (gone.contains(count) || stands.contains(level))
            {
                asked.open = false;
            }
        }
    }

    fn undo_transfers(&mut self, record: u64, before: &Self, after: &Self) {
        let settles = match self.journal_at(record).did {
            Did::Decide(index) => matches!(before.asked[index].about, About::Transfer(..)),
            _ => false,
        };
        let replaces = self.first_of_two(record).is_some();
        for transfer in &after.transfers {
            let earlier = before.transfers.iter().find(|known| known.id == transfer.id);
            if earlier == Some(transfer) {
                continue;
            }
            let was_shipped = earlier.is_some_and(Transfer::is_shipped);
            match earlier {
                Some(earlier) if settles || replaces => {
                    self.put_transfer(earlier.clone());
                    if replaces {
                        self.ask_about_rest(&transfer.id);
                    }
                }
                _ if transfer.is_shipped() && !was_shipped => {
                    self.transfers.retain(|known| known.id != transfer.id);
                }
                _ => self.undo_receipts(earlier, transfer),
            }
        }
        // One that the record has made as if it had never left is there again.
        let is_there = |known: &&Transfer| after.transfers.iter().any(|it| it.id == known.id);
        let gone: Vec<Transfer> =
            before.transfers.iter().filter(|known| !is_there(known)).cloned().collect();
        for transfer in gone {
            let id = transfer.id.clone();
            self.transfers.push(transfer);
            if replaces {
                self.ask_about_rest(&id);
                self.wake(&WaitKey::Transfer(id), false);
            }
        }
    }

    /// Questions that a record raised are over with it. Those that a reversal settled, or a count,
    /// are asked again with what comes back.
    fn undo_questions(&mut self, record: u64, before: &Self, after: &Self) {
        let reverses = self.is_reversal(record) || self.first_of_two(record).is_some();
        let brings_back = before.taken_back.difference(&after.taken_back).next().is_some();
        let decided = self.journal_at(record).did;
        for (index, later) in after.asked.iter().enumerate() {
            if matches!(decided, Did::Decide(answered) if answered == index) {
                continue;
            }
            let derived = matches!(
                later.about,
                About::Oversold(_) | About::Transfer(..) | About::Unknown(_) | About::Batch(_)
            );
            if matches!(later.about, About::Drift { .. }) {
                self.leave_drift(index, before.asked.get(index), later);
                continue;
            }
            match before.asked.get(index) {
                None if !derived => self.asked[index].open = false,
                Some(earlier)
                    if (reverses || matches!(later.about, About::LateMovement { .. }))
                        && !derived
                        && earlier.open
                        && !later.open
                        && self.still_matters(index) =>
                {
                    self.open_again(index);
                }
                // It was asked again about what goes again.
                Some(earlier) if brings_back && !derived && !earlier.open && later.open => {
                    self.asked[index].open = false;
                }
                _ => {}
            }
        }
    }

    /// What a record has added to a question about a listing is not asked any more.
    fn leave_drift(&mut self, index: usize, earlier: Option<&Asked>, later: &Asked) {
        let known = earlier.map_or(&[][..], |asked| &asked.events);
        let asked = &mut self.asked[index];
        let count = asked.events.len();
        if asked.open {
            asked.events.retain(|seq| known.contains(seq) || !later.events.contains(seq));
            asked.version += u64::from(asked.events.len() < count);
            asked.open = !asked.events.is_empty();
        }
    }

    /// Nobody is asked on which side of a count that is gone something lies, nor about what is gone,
    /// nor about what they have answered.
    fn still_matters(&self, index: usize) -> bool {
        let About::LateMovement { level, numbers, count } = &self.asked[index].about else {
            return true;
        };
        self.newest_count(level).is_some_and(|newest| newest.seq == *count)
            && !self.movements[numbers[0]].withdrawn
            && !self.is_answered(index)
    }
}

/// Takes out what came in between, and puts back what went.
fn put_back(own: &mut BTreeSet<usize>, earlier: &BTreeSet<usize>, later: &BTreeSet<usize>) {
    own.retain(|number| earlier.contains(number) || !later.contains(number));
    own.extend(earlier.difference(later));
}
