use super::*;
use proptest::prelude::*;

const TIMES: Times = Times { settle_us: 1_000, echo_us: 5_000, recheck_us: 2_000 };

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

fn number(quantity: i64, seq: u64) -> Number {
    Number { quantity, seq }
}

/// A publication that is in sync at this quantity.
fn in_sync(quantity: i64) -> Publication {
    let mut publication = Publication::default();
    publication.desire(number(quantity, 1), at(0));
    publication.read_back(quantity, TIMES, at(0));
    assert!(publication.is_in_sync());
    publication
}

#[test]
fn a_new_listing_is_read_first_and_only_then_written() {
    let mut publication = Publication::default();
    assert_eq!(publication.action(at(0)), Action::Idle, "absence is not zero");
    publication.desire(number(5, 3), at(0));
    assert_eq!(publication.state(), PublicationState::Pending);
    assert_eq!(publication.action(at(0)), Action::Read);
    publication.read_back(9, TIMES, at(1));
    assert_eq!(publication.action(at(1)), Action::Set);
    assert_eq!(publication.send(at(1)), Some(Write { number: number(5, 3), expected: 9 }));
    assert_eq!(publication.action(at(1)), Action::Idle, "one call at a time");
    publication.acknowledge(TIMES, at(2));
    assert_eq!(publication.acknowledged(), Some(number(5, 3)));
    assert_eq!(publication.state(), PublicationState::InSync);
    assert_eq!(publication.behind_since(), None);
    assert_eq!(publication.take_drift(at(9_999)), None, "nobody knew what it showed before");
}

#[test]
fn a_channel_that_shows_the_number_already_needs_no_write() {
    let publication = in_sync(4);
    assert_eq!(publication.acknowledged(), Some(number(4, 1)));
    assert_eq!(publication.action(at(0)), Action::Idle);
}

#[test]
fn many_changes_become_one_write_of_the_newest() {
    let mut publication = in_sync(100);
    for seq in 2..=101 {
        publication.desire(number(101 - i64::try_from(seq).unwrap(), seq), at(1));
    }
    publication.desire(number(77, 50), at(1));
    publication.desire(number(1, 101), at(1));
    assert_eq!(publication.desired(), Some(number(1, 101)), "another policy for the same record");
    publication.desire(number(0, 101), at(1));
    assert_eq!(publication.send(at(2)), Some(Write { number: number(0, 101), expected: 100 }));
    publication.desire(number(3, 102), at(3));
    publication.acknowledge(TIMES, at(4));
    assert_eq!(publication.acknowledged(), Some(number(0, 101)));
    assert_eq!(publication.send(at(5)), Some(Write { number: number(3, 102), expected: 0 }));
    assert_eq!(publication.behind_since(), Some(at(1)));
}

#[test]
fn a_lost_answer_is_settled_by_the_next_compare_and_set() {
    for taken in [true, false] {
        let mut publication = in_sync(10);
        publication.desire(number(7, 2), at(1));
        publication.send(at(1));
        publication.lose("no answer within 5 s", at(50), at(2));
        assert_eq!(publication.state(), PublicationState::Retrying);
        assert_eq!(publication.action(at(2)), Action::Wait(at(50)));
        publication.desire(number(6, 3), at(3));
        assert_eq!(publication.send(at(50)), Some(Write { number: number(6, 3), expected: 10 }));
        if taken {
            publication.stale(7, at(99), TIMES, at(51));
            assert_eq!(publication.take_drift(at(99_999)), None, "it was our own");
            assert_eq!(publication.send(at(52)).unwrap().expected, 7);
        }
        publication.acknowledge(TIMES, at(53));
        assert_eq!(publication.acknowledged(), Some(number(6, 3)));
        let look = publication.action(at(53));
        let Action::Wait(moment) = look else { panic!("looks again later, not {look:?}") };
        assert_eq!(publication.action(moment), Action::Read);
        publication.read_back(6, TIMES, moment);
        assert_eq!(publication.action(moment), Action::Idle);
    }
}

#[test]
fn a_sale_of_the_channel_is_expected_and_no_drift() {
    let mut publication = in_sync(10);
    publication.sold_here(-1, at(1));
    publication.desire(number(9, 2), at(1));
    assert_eq!(publication.action(at(1)), Action::Set, "the channel has not said so itself");
    assert_eq!(publication.send(at(1)), Some(Write { number: number(9, 2), expected: 9 }));
    publication.acknowledge(TIMES, at(2));
    assert!(publication.is_in_sync());

    // With a cap the number to show stays the same, but the channel has lowered its own.
    publication.sold_here(-1, at(3));
    assert_eq!(publication.send(at(3)), Some(Write { number: number(9, 2), expected: 8 }));
    publication.stale(9, at(9), TIMES, at(4));
    assert!(publication.is_in_sync(), "a channel that does not lower it by itself is no drift");
    assert_eq!(publication.take_drift(at(99_999)), None);
}

#[test]
fn fewer_than_believed_is_not_raised_until_a_webhook_had_its_time() {
    let mut publication = in_sync(10);
    publication.desire(number(30, 2), at(1));
    publication.send(at(1));
    publication.stale(8, at(9), TIMES, at(2));
    assert_eq!(publication.state(), PublicationState::Drifted);
    assert_eq!(publication.action(at(2)), Action::Wait(at(1_002)));
    publication.sold_here(-2, at(500));
    publication.desire(number(28, 3), at(500));
    assert_eq!(publication.send(at(500)), Some(Write { number: number(28, 3), expected: 8 }));
    publication.acknowledge(TIMES, at(501));
    assert_eq!(publication.take_drift(at(99_999)), None, "the webhook explained it");
}

#[test]
fn what_no_webhook_explains_is_drift_told_once_and_repaired() {
    let mut publication = in_sync(10);
    publication.read_by(at(5));
    assert_eq!(publication.action(at(5)), Action::Read);
    publication.read_back(4, TIMES, at(5));
    assert_eq!(publication.take_drift(at(1_004)), None);
    assert_eq!(publication.action(at(1_004)), Action::Wait(at(1_005)));
    assert_eq!(publication.action(at(1_005)), Action::Set, "nobody takes the drift up");
    assert_eq!(publication.take_drift(at(1_005)), Some(Drift { shown: 4, difference: -6 }));
    assert_eq!(publication.take_drift(at(1_005)), None);
    assert_eq!(publication.send(at(1_005)), Some(Write { number: number(10, 1), expected: 4 }));
    publication.acknowledge(TIMES, at(1_006));
    assert!(publication.is_in_sync());
}

#[test]
fn more_than_believed_is_lowered_at_once_because_it_could_be_sold() {
    let mut publication = in_sync(10);
    publication.read_back(25, TIMES, at(5));
    assert_eq!(publication.action(at(5)), Action::Set);
    assert_eq!(publication.send(at(5)), Some(Write { number: number(10, 1), expected: 25 }));
    publication.acknowledge(TIMES, at(6));
    assert!(publication.is_in_sync());
    assert_eq!(publication.action(at(6)), Action::Wait(at(1_005)));
    assert_eq!(publication.take_drift(at(1_005)), Some(Drift { shown: 25, difference: 15 }));
    assert_eq!(publication.action(at(1_005)), Action::Idle);
}

#[test]
fn more_than_believed_is_no_sale_and_may_be_raised_at_once() {
    let mut publication = in_sync(10);
    publication.desire(number(30, 2), at(1));
    publication.send(at(1));
    publication.stale(12, at(9), TIMES, at(2));
    assert_eq!(publication.action(at(2)), Action::Set);
    assert_eq!(publication.send(at(2)), Some(Write { number: number(30, 2), expected: 12 }));
}

#[test]
fn an_edit_taken_back_is_none() {
    let mut publication = in_sync(10);
    publication.desire(number(5, 2), at(0));
    for shown in [7, 10] {
        publication.send(at(0));
        publication.stale(shown, at(9), TIMES, at(1));
    }
    assert_eq!(publication.take_drift(at(99_999)), None);
}

#[test]
fn failures_wait_and_refusals_park_until_somebody_retries() {
    let mut publication = in_sync(10);
    publication.desire(number(9, 2), at(0));
    publication.send(at(0));
    publication.put_off(at(0));
    assert_eq!((publication.attempts(), publication.action(at(0))), (0, Action::Set));
    publication.send(at(0));
    assert_eq!((publication.retry_at(), publication.is_parked()), (None, false));
    publication.fail("503", at(70), at(1));
    assert_eq!(publication.retry_at(), Some(at(70)));
    assert_eq!((publication.attempts(), publication.action(at(69))), (1, Action::Wait(at(70))));
    publication.send(at(70));
    publication.park("the shop does not know this item", at(71));
    publication.desire(number(8, 3), at(72));
    assert_eq!(publication.action(at(9_999)), Action::Idle);
    assert_eq!(publication.state(), PublicationState::Parked);
    assert_eq!(publication.last_error(), Some("the shop does not know this item"));
    publication.retry(at(80));
    assert_eq!((publication.attempts(), publication.is_parked()), (0, false));
    assert_eq!(publication.action(at(80)), Action::Set);
    let restored = Publication::restored(Some(number(4, 9)), 2, Some("gone".to_owned()));
    assert!(restored.is_parked() && restored.last_error() == Some("gone"));
    assert_eq!((restored.acknowledged(), restored.attempts()), (Some(number(4, 9)), 2));
}

#[test]
fn writes_that_keep_missing_wait_as_well() {
    let mut publication = in_sync(10);
    publication.desire(number(9, 2), at(0));
    for shown in [20, 30] {
        publication.send(at(0));
        publication.stale(shown, at(500), TIMES, at(0));
        assert_eq!(publication.action(at(0)), Action::Set);
    }
    publication.send(at(0));
    publication.stale(40, at(500), TIMES, at(0));
    assert_eq!(publication.action(at(0)), Action::Wait(at(500)));
}

#[test]
fn our_own_numbers_come_back_as_echo() {
    let mut publication = in_sync(10);
    publication.desire(number(7, 2), at(0));
    publication.send(at(1));
    assert_eq!(publication.reported(7, TIMES, at(1)), Report::Echo);
    publication.acknowledge(TIMES, at(2));
    publication.desire(number(3, 3), at(3));
    assert_eq!(publication.reported(7, TIMES, at(3)), Report::Echo);
    assert_eq!(publication.reported(3, TIMES, at(3)), Report::Agreed);
    publication.send(at(4));
    publication.acknowledge(TIMES, at(5));
    assert_eq!(publication.action(at(5)), Action::Idle);
    assert_eq!(publication.reported(7, TIMES, at(9_000)), Report::News, "long after");
    assert_eq!(publication.action(at(9_000)), Action::Wait(at(10_000)), "then it is read");
    publication.desire(number(2, 4), at(9_000));
    publication.send(at(9_000));
    assert_eq!(publication.reported(2, TIMES, at(99_000)), Report::Echo, "still on its way");
    assert_eq!(publication.reported(8, TIMES, at(99_000)), Report::News, "not what is on its way");
}

#[test]
fn after_a_restart_the_channel_is_read_and_compared_with_what_was_acknowledged() {
    let mut publication = Publication::restored(Some(number(10, 4)), 0, None);
    publication.desire(number(10, 4), at(0));
    assert_eq!(publication.action(at(0)), Action::Read);
    publication.read_back(6, TIMES, at(0));
    assert_eq!(publication.take_drift(at(1_000)), Some(Drift { shown: 6, difference: -4 }));
}

/// What may happen between Onhand and a channel.
#[derive(Debug, Clone, Copy)]
enum Turn {
    /// The levels change.
    Level(i64),
    /// The channel sells; the webhook comes later.
    Sale(i64),
    /// The next webhook comes.
    Webhook,
    /// Somebody edits the channel's number.
    Edit(i64),
    /// A write that is answered.
    Write,
    /// A write whose answer is lost after it was taken.
    WriteUnanswered,
    /// A write that is lost on its way.
    WriteLost,
    /// A write that the channel refuses for now.
    WriteRefused,
    /// A reading.
    Read,
    /// Time passes.
    Time(i64),
}

/// A channel with its number, and the stock it should follow.
struct World {
    publication: Publication,
    stock: i64,
    seq: u64,
    shown: i64,
    webhooks: Vec<i64>,
    taken: Vec<u64>,
    drifts: usize,
    now: i64,
}

impl World {
    fn new() -> Self {
        let mut publication = in_sync(50);
        publication.desire(number(50, 1), at(0));
        let (webhooks, taken) = (Vec::new(), Vec::new());
        Self { publication, stock: 50, seq: 1, shown: 50, webhooks, taken, drifts: 0, now: 0 }
    }

    fn change(&mut self, delta: i64) {
        self.stock += delta;
        self.seq += 1;
        self.publication.desire(number(self.stock.max(0), self.seq), at(self.now));
    }

    fn webhook(&mut self) {
        if !self.webhooks.is_empty() {
            let units = self.webhooks.remove(0);
            self.publication.sold_here(-units, at(self.now));
            self.change(-units);
        }
    }

    fn write(&mut self, arrives: bool, answered: bool) {
        let now = at(self.now);
        if self.publication.action(now) != Action::Set {
            return;
        }
        let write = self.publication.send(now).unwrap();
        let fits = self.shown == write.expected;
        if arrives && fits {
            self.shown = write.number.quantity;
            self.taken.push(write.number.seq);
        }
        match (arrives, answered) {
            (true, true) if fits => self.publication.acknowledge(TIMES, now),
            (true, true) => self.publication.stale(self.shown, now, TIMES, now),
            _ => self.publication.lose("no answer", now, now),
        }
    }

    fn read(&mut self) {
        self.publication.read_back(self.shown, TIMES, at(self.now));
    }

    fn take(&mut self, turn: Turn) {
        match turn {
            Turn::Level(delta) => self.change(delta),
            Turn::Sale(units) => {
                let units = units.min(self.shown);
                if units > 0 {
                    self.shown -= units;
                    self.webhooks.push(units);
                }
            }
            Turn::Webhook => self.webhook(),
            Turn::Edit(quantity) => self.shown = quantity,
            Turn::Write => self.write(true, true),
            Turn::WriteUnanswered => self.write(true, false),
            Turn::WriteLost => self.write(false, false),
            Turn::WriteRefused => {
                if self.publication.send(at(self.now)).is_some() {
                    self.publication.fail("503", at(self.now), at(self.now));
                }
            }
            Turn::Read => self.read(),
            Turn::Time(micros) => self.now += micros,
        }
        self.drifts += usize::from(self.publication.take_drift(at(self.now)).is_some());
    }

    /// Lets everything come to rest without further faults; returns the calls it took.
    fn heal(&mut self) -> usize {
        while !self.webhooks.is_empty() {
            self.webhook();
        }
        self.publication.read_by(at(self.now));
        for calls in 0..30 {
            self.drifts += usize::from(self.publication.take_drift(at(self.now)).is_some());
            match self.publication.action(at(self.now)) {
                Action::Idle => return calls,
                Action::Wait(moment) => self.now = moment.micros(),
                Action::Read => self.read(),
                Action::Set => self.write(true, true),
            }
        }
        panic!("does not come to rest: {:?}", self.publication)
    }
}

fn any_turn() -> impl Strategy<Value = Turn> {
    prop_oneof![
        4 => (-20..20_i64).prop_map(Turn::Level),
        4 => (1..6_i64).prop_map(Turn::Sale),
        4 => Just(Turn::Webhook),
        2 => (0..100_i64).prop_map(Turn::Edit),
        6 => Just(Turn::Write),
        3 => Just(Turn::WriteUnanswered),
        2 => Just(Turn::WriteLost),
        2 => Just(Turn::WriteRefused),
        1 => Just(Turn::Read),
        3 => (1..900_i64).prop_map(Turn::Time),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn whatever_happens_the_channel_comes_to_show_the_stock(
        turns in prop::collection::vec(any_turn(), 0..60),
    ) {
        let mut world = World::new();
        for turn in turns {
            world.take(turn);
            prop_assert!(world.taken.is_sorted(), "an older number followed: {:?}", world.taken);
        }
        world.heal();
        prop_assert_eq!(world.shown, world.stock.max(0));
        prop_assert!(world.publication.is_in_sync());
        prop_assert!(world.taken.is_sorted());
        let desired = world.publication.desired();
        prop_assert_eq!(world.publication.acknowledged(), desired);
    }

    #[test]
    fn sales_whose_webhooks_come_in_time_are_never_taken_for_drift(
        turns in prop::collection::vec(any_turn(), 0..60),
    ) {
        let mut world = World::new();
        // Lost writes are left out: a sale that happens to lead to the very number of a lost write
        // looks like the write.
        let lost = |turn: &Turn| matches!(turn, Turn::WriteUnanswered | Turn::WriteLost);
        let edit = |turn: &Turn| matches!(turn, Turn::Edit(_));
        for turn in turns.into_iter().filter(|turn| !lost(turn) && !edit(turn)) {
            // In time: before the moment has passed in which they may come.
            if matches!(turn, Turn::Time(_)) {
                while !world.webhooks.is_empty() {
                    world.webhook();
                }
            }
            world.take(turn);
        }
        world.heal();
        prop_assert_eq!(world.drifts, 0);
    }
}

#[test]
fn the_number_that_the_channel_shows_already_raises_nothing() {
    let mut publication = in_sync(10);
    publication.read_back(8, TIMES, at(5));
    assert_eq!(publication.action(at(6)), Action::Wait(at(1_005)));
    publication.desire(number(8, 2), at(6));
    assert_eq!(publication.action(at(6)), Action::Set);
}

#[test]
fn each_of_the_numbers_sent_of_late_is_known_again() {
    let mut publication = in_sync(10);
    for (quantity, seq) in [(5, 2), (6, 3)] {
        publication.desire(number(quantity, seq), at(1));
        publication.send(at(1));
        publication.acknowledge(TIMES, at(2));
    }
    assert_eq!(publication.reported(5, TIMES, at(3)), Report::Echo);
    assert_eq!(publication.reported(6, TIMES, at(3)), Report::Echo);
}
