use std::sync::Arc;

use onhand::id::{ChannelId, ListingId, Sku};
use onhand::time::Timestamp;
use onhand::wire::channel::ChannelMode;
use onhand::wire::page::Role;
use serde_json::json;

use super::*;
use crate::clock::ManualClock;

const MINUTE_US: i64 = 60_000_000;

fn at(minute: i64) -> Timestamp {
    Timestamp::from_micros(minute * MINUTE_US)
}

async fn fresh() -> (tempfile::TempDir, Control) {
    let folder = tempfile::tempdir().unwrap();
    let control = Control::open(folder.path()).await.unwrap();
    (folder, control)
}

#[test]
fn addresses_are_compared_without_regard_to_case() {
    assert_eq!(normalise_email("  Mia@Example.COM ").as_deref(), Ok("mia@example.com"));
    for bad in ["", "mia", "@example.com", "mia@", "a@b@c", "mi a@example.com", "a@b\0"] {
        assert_eq!(normalise_email(bad), Err(EmailError), "{bad}");
    }
    assert_eq!(normalise_email(&format!("{}@example.com", "m".repeat(250))), Err(EmailError));
}

#[tokio::test]
async fn the_file_is_durable_and_can_be_opened_twice() {
    let (folder, control) = fresh().await;
    let journal: String =
        sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&control.writer).await.unwrap();
    let synchronous: i64 =
        sqlx::query_scalar("PRAGMA synchronous").fetch_one(&control.writer).await.unwrap();
    assert_eq!((journal.as_str(), synchronous), ("wal", 2));
    let beside = Control::open(folder.path()).await.unwrap();
    beside.create_user("mia@example.com", "hash", Role::Manager, at(0)).await.unwrap();
    let found = control.user_by_email("mia@example.com").await.unwrap().unwrap();
    assert_eq!((found.role, found.disabled), (Role::Manager, false));
}

#[tokio::test]
async fn two_programs_can_make_the_tables_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let open = || Control::open(folder.path());
    let (a, b, c) = tokio::join!(open(), open(), open());
    a.unwrap();
    b.unwrap();
    c.unwrap();
}

#[tokio::test]
async fn readers_cannot_write() {
    let (_folder, control) = fresh().await;
    let write = sqlx::query("DELETE FROM users").execute(&control.readers).await;
    assert!(write.unwrap_err().to_string().contains("readonly"), "query_only is on");
}

#[tokio::test]
async fn an_address_can_be_taken_once() {
    let (_folder, control) = fresh().await;
    control.create_user("mia@example.com", "hash", Role::Viewer, at(0)).await.unwrap();
    let again = control.create_user("mia@example.com", "hash", Role::Admin, at(0)).await;
    assert_eq!(again.unwrap_err().to_string(), "the user mia@example.com exists already");
    let nobody = control.set_user_role("nobody@example.com", Role::Admin).await;
    assert_eq!(nobody.unwrap_err().to_string(), "there is no user nobody@example.com");
}

#[tokio::test]
async fn a_session_follows_its_user_and_ends_by_time() {
    let (_folder, control) = fresh().await;
    let user = control.create_user("mia@example.com", "h", Role::Viewer, at(0)).await.unwrap();
    let session = Digest::of("secret");
    control.create_session(&session, user, at(0), at(60)).await.unwrap();
    let seen = async |minute, idle_since| {
        control.session(&session, at(minute), at(idle_since)).await.unwrap().map(|row| row.role)
    };
    assert_eq!(seen(59, 0).await, Some(Role::Viewer));
    assert_eq!(seen(60, 0).await, None, "its time is over");
    assert_eq!(seen(30, 1).await, None, "it was not used for too long");
    control.set_user_role("mia@example.com", Role::Admin).await.unwrap();
    assert_eq!(seen(30, 0).await, Some(Role::Admin));
    control.set_user_disabled("mia@example.com", true).await.unwrap();
    assert_eq!(seen(30, 0).await, None);
    control.set_user_disabled("mia@example.com", false).await.unwrap();
    control.delete_session(&session).await.unwrap();
    assert_eq!(seen(30, 0).await, None);
}

#[tokio::test]
async fn signing_in_too_often_ends_the_oldest_sessions() {
    let (_folder, control) = fresh().await;
    let user = control.create_user("mia@example.com", "h", Role::Viewer, at(0)).await.unwrap();
    for number in 0..=sessions::SESSIONS_PER_USER_MAX {
        let session = Digest::of(&number.to_string());
        control.create_session(&session, user, at(i64::from(number)), at(1_000)).await.unwrap();
    }
    let now = at(100);
    assert!(control.session(&Digest::of("0"), now, at(0)).await.unwrap().is_none());
    assert!(control.session(&Digest::of("1"), now, at(0)).await.unwrap().is_some());
}

#[tokio::test]
async fn a_token_works_until_it_is_taken_back() {
    let (_folder, control) = fresh().await;
    let hash = Digest::of("onh_secret");
    let id = control.create_token("wms", Role::Warehouse, &hash, "onh_secr", at(0)).await.unwrap();
    let token = control.token(&hash).await.unwrap().unwrap();
    assert_eq!((token.id, token.name.as_str(), token.role), (id, "wms", Role::Warehouse));
    assert!(control.token(&Digest::of("onh_other")).await.unwrap().is_none());
    control.revoke_token(id, at(1)).await.unwrap();
    assert!(control.token(&hash).await.unwrap().is_none());
    assert_eq!(control.tokens().await.unwrap()[0].revoked_at, Some(at(1)));
    assert!(control.revoke_token(id + 1, at(1)).await.is_err());
}

#[tokio::test]
async fn equal_refusals_of_a_moment_are_one_row_with_a_count() {
    let (_folder, control) = fresh().await;
    let notes = Notes::start(control.clone(), Arc::new(ManualClock::at(at(9))));
    for _ in 0..20 {
        notes.refused("anonymous", "sign_in", "mia@example.com", "from 192.0.2.1");
    }
    notes.refused("token:wms", "import", "/api/v1/imports", "");
    notes.flush().await;
    let mut rows = control.audit_log(None, 10).await.unwrap();
    rows.sort_by_key(|row| row.count);
    let seen: Vec<_> = rows.iter().map(|row| (row.entry.action.as_str(), row.count)).collect();
    assert_eq!(seen, [("import", 1), ("sign_in", 20)]);
}

#[tokio::test]
async fn uses_are_noted() {
    let (_folder, control) = fresh().await;
    let notes = Notes::start(control.clone(), Arc::new(ManualClock::at(at(9))));
    let hash = Digest::of("onh_secret");
    let id = control.create_token("wms", Role::Viewer, &hash, "onh_secr", at(0)).await.unwrap();
    notes.token_used(id, at(5));
    notes.flush().await;
    assert_eq!(control.token(&hash).await.unwrap().unwrap().last_used_at, Some(at(5)));
}

fn shop() -> Channel {
    Channel {
        channel: ChannelId::new("shop-1").unwrap(),
        kind: "simulated".to_owned(),
        name: "Shop 1".to_owned(),
        mode: ChannelMode::Live,
        settings: json!({"url": "http://127.0.0.1:4001"}),
        secrets: json!({"webhook": "canary"}),
        policy: json!({}),
    }
}

fn listing(listing: &str) -> Listing {
    Listing {
        channel: ChannelId::new("shop-1").unwrap(),
        listing: ListingId::new(listing).unwrap(),
        sku: Sku::new("TSHIRT-M").unwrap(),
        external: json!({"inventory_item_id": 9_007_199_254_740_993_u64}),
        policy: Some(json!({"buffer": 2})),
    }
}

#[tokio::test]
async fn a_channel_is_kept_whole_and_never_shows_its_secrets() {
    let (_folder, control) = fresh().await;
    let mut shop = shop();
    control.put_channel(&shop, at(0)).await.unwrap();
    shop.name = "The shop".to_owned();
    control.put_channel(&shop, at(1)).await.unwrap();
    control.set_channel_mode(&shop.channel, ChannelMode::Paused, at(2)).await.unwrap();
    shop.mode = ChannelMode::Paused;
    let row = ChannelRow { channel: shop.clone(), created_at: at(0), updated_at: at(2) };
    assert_eq!(control.channel(&shop.channel).await.unwrap(), Some(row.clone()));
    assert_eq!(control.channels().await.unwrap(), [row]);
    assert!(!format!("{shop:?}").contains("canary"));
    let none = ChannelId::new("none").unwrap();
    assert!(control.set_channel_mode(&none, ChannelMode::Live, at(3)).await.is_err());
}

#[tokio::test]
async fn listings_belong_to_a_channel() {
    let (_folder, control) = fresh().await;
    let rows = [listing("a"), listing("b")];
    let orphan = control.put_listings(&rows, at(0)).await;
    assert_eq!(orphan.unwrap_err().to_string(), "there is no channel shop-1");
    control.put_channel(&shop(), at(0)).await.unwrap();
    control.put_listings(&rows, at(0)).await.unwrap();
    assert_eq!(control.listings(Some(&rows[0].channel)).await.unwrap(), rows);
    assert_eq!(control.listings(None).await.unwrap(), rows);
    control.delete_listing(&rows[0].channel, &rows[0].listing).await.unwrap();
    assert_eq!(control.listing(&rows[0].channel, &rows[0].listing).await.unwrap(), None);
    assert_eq!(
        control.listing(&rows[1].channel, &rows[1].listing).await.unwrap(),
        Some(listing("b"))
    );
}

#[tokio::test]
async fn an_older_acknowledgement_never_follows_a_newer_one() {
    let (_folder, control) = fresh().await;
    control.put_channel(&shop(), at(0)).await.unwrap();
    control.put_listings(&[listing("a")], at(0)).await.unwrap();
    let row = |listing: &str, acknowledged| Acknowledgement {
        channel: ChannelId::new("shop-1").unwrap(),
        listing: ListingId::new(listing).unwrap(),
        acknowledged,
        attempts: 0,
        parked_reason: None,
    };
    let stored = async || control.acknowledgements(None).await.unwrap();
    let parked = Acknowledgement {
        attempts: 3,
        parked_reason: Some("the shop knows no such listing".to_owned()),
        ..row("a", None)
    };
    control.put_acknowledgements(&[parked.clone(), row("gone", None)], at(1)).await.unwrap();
    assert_eq!(stored().await, [parked]);
    control.put_acknowledgements(&[row("a", Some((7, 10)))], at(2)).await.unwrap();
    control.put_acknowledgements(&[row("a", Some((9, 8)))], at(3)).await.unwrap();
    assert_eq!(stored().await, [row("a", Some((7, 10)))]);
    control.put_acknowledgements(&[row("a", Some((6, 11)))], at(4)).await.unwrap();
    assert_eq!(stored().await, [row("a", Some((6, 11)))]);
    let channel = ChannelId::new("other").unwrap();
    assert_eq!(control.acknowledgements(Some(&channel)).await.unwrap(), []);
}
