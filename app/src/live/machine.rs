//! The life of a connection as a pure state machine: what happens comes in, what to do goes out.
//!
//! Every socket and timer carries the generation in which it was made. Whatever arrives from an
//! older generation is ignored, so a retired socket cannot touch anything.

use onhand::wire::live::{ClientFrame, PROTOCOL, Topic};

/// The first wait before connecting again.
pub const BACKOFF_FIRST_MS: u32 = 500;
/// The longest wait before connecting again.
pub const BACKOFF_MAX_MS: u32 = 15_000;
/// How long a connection may take to be welcomed before it is given up.
pub const WELCOME_TIMEOUT_MS: u32 = 10_000;
/// A tab hidden for longer than this connects anew when it is looked at: its socket may be dead
/// without knowing it.
pub const HIDDEN_TRUSTED_MS: i64 = 30_000;
/// After this many failures in a row the session is checked, because a browser does not say
/// whether a websocket was refused or could not be reached.
pub const FAILURES_BEFORE_CHECK: u32 = 2;

/// Everything that is watched. One set for all pages: what a page does not show is cheap to skip,
/// and going from page to page leaves no gap.
const TOPICS: [Topic; 4] = [Topic::Stock, Topic::Events, Topic::Conflicts, Topic::Channels];

/// What the screen says about the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Status {
    /// The first connection is being made; the page shows what the server rendered.
    #[default]
    Connecting,
    /// What is shown is what is so.
    Live,
    /// The connection was lost at this moment (microseconds since 1970 by the browser's clock).
    Lost {
        /// When.
        since_us: i64,
    },
    /// The session has ended: nothing is shown live until somebody signs in.
    SignedOut,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// The page is there.
    Start,
    /// The socket of this generation is open.
    Opened(u32),
    /// Its welcome came.
    Welcome {
        /// The socket's generation.
        generation: u32,
        /// The version of the frames.
        protocol: u32,
        /// The server's build.
        build: String,
    },
    /// The socket of this generation closed or failed.
    Closed(u32),
    /// A timer of this generation ran out.
    Timer(u32),
    /// The tab is looked at again after this time, or the network came back.
    Wake {
        /// How long nobody looked.
        hidden_ms: i64,
    },
    /// Frames are missing: everything has to be sent again.
    Gap,
    /// The session has ended.
    SignedOut,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Open a socket of this generation; retire any other.
    Open(u32),
    /// Close the socket.
    Close,
    /// Send a frame.
    Send(ClientFrame),
    /// Come back with [`Input::Timer`] after this time.
    Wait {
        /// The generation to come back with.
        generation: u32,
        /// How long.
        delay_ms: u32,
    },
    /// Show this state.
    Show(Status),
    /// Ask the server who is signed in; answer with [`Input::SignedOut`] if nobody is.
    CheckSession,
    /// The server is of another build than the page.
    Outdated,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    Opening,
    Live,
    Waiting,
    SignedOut,
}

/// The connection of one tab.
#[derive(Debug)]
pub struct Machine {
    state: State,
    generation: u32,
    failures: u32,
    lost_since_us: Option<i64>,
    resync_when_welcomed: bool,
    build: String,
}

impl Machine {
    /// A connection that has not begun, for a page of this build.
    pub const fn new(build: String) -> Self {
        Self {
            state: State::Idle,
            generation: 0,
            failures: 0,
            lost_since_us: None,
            resync_when_welcomed: false,
            build,
        }
    }

    /// Whether this is the socket in use.
    pub const fn is_current(&self, generation: u32) -> bool {
        self.generation == generation
    }

    /// Takes what happened at `now_us`, with the `seq` that is shown and a random number from 0 to
    /// 1 for the jitter.
    pub fn step(&mut self, input: Input, seq: u64, now_us: i64, random: f64) -> Vec<Action> {
        match input {
            Input::Start if self.state == State::Idle => self.open(),
            Input::Opened(generation) if self.is_current(generation) => {
                let topics = TOPICS.to_vec();
                let resume_from = Some(seq);
                vec![Action::Send(ClientFrame::Hello { topics, skus: None, resume_from })]
            }
            Input::Welcome { generation, protocol, build } if self.is_current(generation) => {
                self.welcomed(protocol, &build)
            }
            Input::Closed(generation)
                if self.is_current(generation)
                    && matches!(self.state, State::Opening | State::Live) =>
            {
                self.failed(now_us, random)
            }
            Input::Timer(generation) if self.is_current(generation) => match self.state {
                State::Waiting => self.open(),
                // No welcome in time.
                State::Opening => self.failed(now_us, random),
                State::Idle | State::Live | State::SignedOut => Vec::new(),
            },
            Input::Wake { hidden_ms } => self.wake(hidden_ms),
            Input::Gap if self.state == State::Live => vec![Action::Send(ClientFrame::Resync)],
            Input::Gap => {
                self.resync_when_welcomed = true;
                Vec::new()
            }
            Input::SignedOut => {
                self.state = State::SignedOut;
                self.generation += 1;
                vec![Action::Close, Action::Show(Status::SignedOut)]
            }
            Input::Start
            | Input::Opened(_)
            | Input::Welcome { .. }
            | Input::Closed(_)
            | Input::Timer(_) => Vec::new(),
        }
    }

    fn open(&mut self) -> Vec<Action> {
        self.state = State::Opening;
        self.generation += 1;
        let generation = self.generation;
        vec![Action::Open(generation), Action::Wait { generation, delay_ms: WELCOME_TIMEOUT_MS }]
    }

    fn welcomed(&mut self, protocol: u32, build: &str) -> Vec<Action> {
        self.state = State::Live;
        self.failures = 0;
        self.lost_since_us = None;
        if protocol != PROTOCOL {
            // Its frames mean something else: what is shown stays as it is.
            self.state = State::Idle;
            self.generation += 1;
            return vec![Action::Close, Action::Outdated];
        }
        let mut actions = vec![Action::Show(Status::Live)];
        if build != self.build {
            actions.push(Action::Outdated);
        }
        if std::mem::take(&mut self.resync_when_welcomed) {
            actions.push(Action::Send(ClientFrame::Resync));
        }
        actions
    }

    fn failed(&mut self, now_us: i64, random: f64) -> Vec<Action> {
        self.state = State::Waiting;
        self.generation += 1;
        let since_us = *self.lost_since_us.get_or_insert(now_us);
        let delay_ms = backoff_ms(self.failures, random);
        self.failures = self.failures.saturating_add(1);
        let mut actions = vec![
            Action::Close,
            Action::Show(Status::Lost { since_us }),
            Action::Wait { generation: self.generation, delay_ms },
        ];
        if self.failures.is_multiple_of(FAILURES_BEFORE_CHECK) {
            actions.push(Action::CheckSession);
        }
        actions
    }

    fn wake(&mut self, hidden_ms: i64) -> Vec<Action> {
        match self.state {
            State::Waiting => {
                self.failures = 0;
                self.open()
            }
            State::Live if hidden_ms > HIDDEN_TRUSTED_MS => self.open(),
            State::Idle | State::Opening | State::Live | State::SignedOut => Vec::new(),
        }
    }
}

/// The wait before the next attempt: doubling, with half of it random, so that the tabs of a whole
/// company do not come back in the same moment.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the product lies between 0 and BACKOFF_MAX_MS"
)]
fn backoff_ms(failures: u32, random: f64) -> u32 {
    let ceiling = BACKOFF_FIRST_MS.saturating_mul(1 << failures.min(16)).min(BACKOFF_MAX_MS);
    let half = ceiling / 2;
    half + (f64::from(half) * random.clamp(0.0, 1.0)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_US: i64 = 1_000_000;

    fn start() -> Machine {
        let mut machine = Machine::new("b1".to_owned());
        let actions = machine.step(Input::Start, 7, NOW_US, 0.5);
        assert_eq!(actions[0], Action::Open(1));
        machine
    }

    fn live() -> Machine {
        let mut machine = start();
        machine.step(Input::Opened(1), 7, NOW_US, 0.5);
        let actions = machine.step(welcome(1), 7, NOW_US, 0.5);
        assert_eq!(actions, [Action::Show(Status::Live)]);
        machine
    }

    fn welcome(generation: u32) -> Input {
        Input::Welcome { generation, protocol: PROTOCOL, build: "b1".to_owned() }
    }

    #[test]
    fn it_says_hello_from_the_seq_that_the_page_shows() {
        let mut machine = start();
        let actions = machine.step(Input::Opened(1), 7, NOW_US, 0.5);
        let [Action::Send(ClientFrame::Hello { resume_from, topics, .. })] = actions.as_slice()
        else {
            panic!("{actions:?}")
        };
        assert_eq!((*resume_from, topics.len()), (Some(7), 4));
    }

    #[test]
    fn it_starts_only_once() {
        assert_eq!(live().step(Input::Start, 9, NOW_US, 0.5), []);
    }

    #[test]
    fn a_lost_connection_waits_longer_each_time_and_remembers_since_when() {
        let mut machine = live();
        let mut generation = 1;
        let mut delays = Vec::new();
        for attempt in 0..8_i64 {
            let now = NOW_US + attempt;
            let actions = machine.step(Input::Closed(generation), 7, now, 1.0);
            assert!(actions.contains(&Action::Show(Status::Lost { since_us: NOW_US })));
            let Some(Action::Wait { generation: timer, delay_ms }) = actions.get(2) else {
                panic!("{actions:?}")
            };
            delays.push(*delay_ms);
            let actions = machine.step(Input::Timer(*timer), 7, now, 1.0);
            generation = timer + 1;
            assert_eq!(actions[0], Action::Open(generation));
        }
        assert_eq!(delays, [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000]);
    }

    #[test]
    fn a_retired_socket_touches_nothing() {
        let mut machine = live();
        machine.step(Input::Closed(1), 7, NOW_US, 0.5);
        for input in [Input::Opened(1), Input::Closed(1), welcome(1), Input::Timer(1)] {
            assert_eq!(machine.step(input, 7, NOW_US, 0.5), []);
        }
    }

    #[test]
    fn a_connection_without_welcome_is_given_up() {
        let mut machine = start();
        machine.step(Input::Opened(1), 7, NOW_US, 0.5);
        let actions = machine.step(Input::Timer(1), 7, NOW_US, 0.5);
        assert_eq!(actions[0], Action::Close);
        assert_eq!(live().step(Input::Timer(1), 7, NOW_US, 0.5), [], "the welcome came in time");
    }

    #[test]
    fn waking_connects_at_once_and_doubts_a_long_hidden_socket() {
        let mut machine = live();
        assert_eq!(machine.step(Input::Wake { hidden_ms: 1_000 }, 7, NOW_US, 0.5), []);
        let actions = machine.step(Input::Wake { hidden_ms: 60_000 }, 7, NOW_US, 0.5);
        assert_eq!(actions[0], Action::Open(2));
        machine.step(Input::Closed(2), 7, NOW_US, 0.5);
        let actions = machine.step(Input::Wake { hidden_ms: 0 }, 7, NOW_US, 0.5);
        assert_eq!(actions[0], Action::Open(4));
    }

    #[test]
    fn another_build_is_told_and_another_protocol_ends_the_connection() {
        let mut machine = start();
        let other = Input::Welcome { generation: 1, protocol: PROTOCOL, build: "b2".to_owned() };
        let actions = machine.step(other, 7, NOW_US, 0.5);
        assert_eq!(actions, [Action::Show(Status::Live), Action::Outdated]);
        let mut machine = start();
        let other = Input::Welcome { generation: 1, protocol: 99, build: "b2".to_owned() };
        assert_eq!(machine.step(other, 7, NOW_US, 0.5), [Action::Close, Action::Outdated]);
    }

    #[test]
    fn a_gap_asks_for_everything_again_and_sign_out_is_final() {
        let mut machine = live();
        assert_eq!(machine.step(Input::Gap, 7, NOW_US, 0.5), [Action::Send(ClientFrame::Resync)]);
        machine.step(Input::SignedOut, 7, NOW_US, 0.5);
        for input in [Input::Wake { hidden_ms: 0 }, Input::Closed(1), Input::Gap] {
            assert_eq!(machine.step(input, 7, NOW_US, 0.5), []);
        }
    }

    #[test]
    fn a_gap_found_while_connecting_is_mended_after_the_welcome() {
        let mut machine = start();
        assert_eq!(machine.step(Input::Gap, 7, NOW_US, 0.5), []);
        let actions = machine.step(welcome(1), 7, NOW_US, 0.5);
        assert_eq!(actions, [Action::Show(Status::Live), Action::Send(ClientFrame::Resync)]);
    }

    #[test]
    fn the_session_is_checked_after_repeated_failures() {
        let mut machine = live();
        let first = machine.step(Input::Closed(1), 7, NOW_US, 0.5);
        assert!(!first.contains(&Action::CheckSession));
        machine.step(Input::Timer(2), 7, NOW_US, 0.5);
        let second = machine.step(Input::Closed(3), 7, NOW_US, 0.5);
        assert!(second.contains(&Action::CheckSession));
    }
}
