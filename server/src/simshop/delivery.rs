//! Delivers webhooks: signed, one at a time in the order of their due times, and again with
//! growing pauses until the receiver answers 2xx or the attempts are used up.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use sha2::Sha256;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::misbehave::Dice;
use super::model::Hook;

/// Acts whose webhooks wait to be scheduled; when it is full the shop takes no more orders.
pub(super) const ACTS_WAITING_MAX: usize = 1_024;
/// Webhooks scheduled; above it nothing more is taken from the acts that wait.
const SCHEDULED_MAX: usize = 8_192;
/// Attempts at one webhook: the first and the vendor's eight retries.
const ATTEMPTS_MAX: u32 = 9;
/// Longest pause between two attempts, in milliseconds.
const RETRY_PAUSE_MAX_MS: u64 = 30_000;
/// How long a connection may take, in milliseconds.
const CONNECT_TIMEOUT_MS: u64 = 1_000;
/// How long a delivery may take in all, in milliseconds.
const DELIVERY_TIMEOUT_MS: u64 = 5_000;

/// How the webhooks are doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct DeliveryCounts {
    /// Webhooks that wait, retries included.
    pub waiting: u64,
    /// Deliveries answered with 2xx.
    pub delivered: u64,
    /// Attempts that failed.
    pub failed: u64,
    /// Webhooks given up after the last attempt.
    pub given_up: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    waiting: AtomicU64,
    delivered: AtomicU64,
    failed: AtomicU64,
    given_up: AtomicU64,
}

impl Counters {
    pub(super) fn read(&self) -> DeliveryCounts {
        DeliveryCounts {
            waiting: self.waiting.load(Ordering::SeqCst),
            delivered: self.delivered.load(Ordering::SeqCst),
            failed: self.failed.load(Ordering::SeqCst),
            given_up: self.given_up.load(Ordering::SeqCst),
        }
    }

    /// Notes webhooks that are about to wait.
    pub(super) fn add_waiting(&self, number: usize) {
        self.waiting.fetch_add(number as u64, Ordering::SeqCst);
    }

    fn end_waiting(&self) {
        self.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Where and how webhooks go.
pub(super) struct Courier {
    pub(super) client: reqwest::Client,
    pub(super) url: String,
    pub(super) domain: String,
    pub(super) secret: String,
    pub(super) retry_first_ms: u64,
    pub(super) dice: Arc<Mutex<Dice>>,
    pub(super) counters: Arc<Counters>,
}

/// A webhook on its way.
#[derive(Clone)]
struct Parcel {
    hook: Hook,
    body: Vec<u8>,
    signature: String,
    attempt: u32,
}

/// The client that delivers: short timeouts, no redirects (the vendor counts them as failures), no
/// proxy.
pub(super) fn client() -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .connect_timeout(Duration::from_millis(CONNECT_TIMEOUT_MS))
        .timeout(Duration::from_millis(DELIVERY_TIMEOUT_MS))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .user_agent("onhand-simulated-shop")
        .build()
}

impl Courier {
    /// Delivers until the shop closes.
    pub(super) async fn run(
        self,
        mut acts: mpsc::Receiver<Vec<Hook>>,
        mut stop: watch::Receiver<bool>,
    ) {
        let mut schedule: BTreeMap<(Instant, u64), Parcel> = BTreeMap::new();
        let mut number: u64 = 0;
        loop {
            let due = schedule.keys().next().map(|(due, _)| *due);
            tokio::select! {
                // In this order: an act that waits is scheduled before anything is sent, so that
                // a webhook without delay is not overtaken by a later one.
                biased;
                _ = stop.changed() => return,
                act = acts.recv(), if schedule.len() < SCHEDULED_MAX => {
                    let Some(hooks) = act else { return };
                    for parcel in hooks.into_iter().filter_map(|hook| self.pack(hook)) {
                        self.schedule(&mut schedule, &mut number, &parcel);
                    }
                }
                () = sleep_until(due), if due.is_some() => {
                    let Some((_, parcel)) = schedule.pop_first() else { continue };
                    let sent = tokio::select! {
                        sent = self.send(&parcel) => sent,
                        _ = stop.changed() => return,
                    };
                    if let Some(again) = self.settle(parcel, sent) {
                        number += 1;
                        schedule.insert((again.0, number), again.1);
                    }
                }
            }
        }
    }

    fn dice(&self) -> std::sync::MutexGuard<'_, Dice> {
        self.dice.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serialises and signs a webhook; it is counted as waiting already.
    fn pack(&self, hook: Hook) -> Option<Parcel> {
        // A value built in memory always serialises, and HMAC takes keys of any length.
        let body = serde_json::to_vec(&hook.body).ok()?;
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(self.secret.as_bytes()).ok()?;
        mac.update(&body);
        let tag = mac.finalize().into_bytes();
        let signature = base64::engine::general_purpose::STANDARD.encode(tag);
        Some(Parcel { hook, body, signature, attempt: 1 })
    }

    fn schedule(
        &self,
        schedule: &mut BTreeMap<(Instant, u64), Parcel>,
        number: &mut u64,
        parcel: &Parcel,
    ) {
        let sendings = self.dice().sendings();
        self.counters.add_waiting(sendings.len() - 1);
        for delay_ms in sendings {
            *number += 1;
            let due = Instant::now() + Duration::from_millis(delay_ms);
            schedule.insert((due, *number), parcel.clone());
        }
    }

    /// Sends once; `Err` carries the pause that the receiver asked for, in milliseconds.
    async fn send(&self, parcel: &Parcel) -> Result<(), u64> {
        let request = self
            .client
            .post(&self.url)
            .header("Content-Type", "application/json")
            .header("X-Shopify-Topic", parcel.hook.topic)
            .header("X-Shopify-Hmac-Sha256", &parcel.signature)
            .header("X-Shopify-Shop-Domain", &self.domain)
            .header("X-Shopify-API-Version", "2026-07")
            .header("X-Shopify-Webhook-Id", &parcel.hook.webhook_id)
            .header("X-Shopify-Event-Id", &parcel.hook.event_id)
            .header("X-Shopify-Triggered-At", parcel.hook.triggered_at.to_string())
            .body(parcel.body.clone());
        let response = request.send().await.map_err(|_| 0_u64)?;
        if response.status().is_success() {
            return Ok(());
        }
        let asked = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
        Err(asked.and_then(|text| text.parse::<u64>().ok()).unwrap_or_default() * 1_000)
    }

    /// Counts an attempt; gives the parcel back with its next due time if it is tried again.
    fn settle(&self, mut parcel: Parcel, sent: Result<(), u64>) -> Option<(Instant, Parcel)> {
        let Err(asked_ms) = sent else {
            self.counters.delivered.fetch_add(1, Ordering::SeqCst);
            self.counters.end_waiting();
            return None;
        };
        self.counters.failed.fetch_add(1, Ordering::SeqCst);
        if parcel.attempt >= ATTEMPTS_MAX {
            self.counters.given_up.fetch_add(1, Ordering::SeqCst);
            self.counters.end_waiting();
            return None;
        }
        let doubled = self.retry_first_ms.saturating_mul(1 << (parcel.attempt - 1));
        let pause = doubled.min(RETRY_PAUSE_MAX_MS);
        // Half of the pause is certain, half is spread.
        let pause = pause / 2 + self.dice().up_to(pause / 2);
        let pause = pause.max(asked_ms.min(RETRY_PAUSE_MAX_MS));
        parcel.attempt += 1;
        Some((Instant::now() + Duration::from_millis(pause), parcel))
    }
}

/// Sleeps until a moment; the caller asks only when there is one.
async fn sleep_until(due: Option<Instant>) {
    if let Some(due) = due {
        tokio::time::sleep_until(due).await;
    }
}
