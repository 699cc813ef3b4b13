use std::fs;
use std::net::SocketAddr;

use super::*;

fn load(file: Option<&str>, environment: &[(&str, &str)], flags: &Flags) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("onhand.toml");
    fs::write(&path, file.unwrap_or_default()).unwrap();
    let environment = environment.iter().map(|(key, value)| ((*key).into(), (*value).into()));
    Config::load(file.map(|_| path.as_path()), environment, flags)
        .map_err(|error| error.to_string().replace(&path.display().to_string(), "FILE"))
}

fn from_file(text: &str) -> Result<Config, String> {
    load(Some(text), &[], &Flags::default())
}

fn from_environment(key: &str, value: &str) -> Result<Config, String> {
    load(None, &[(key, value)], &Flags::default())
}

#[test]
fn the_printed_defaults_are_the_defaults() {
    let text = commented_defaults();
    assert_eq!(from_file(&text), Ok(Config::default()));
    let defaults = serde_json::to_value(Config::default()).unwrap();
    for key in defaults.as_object().unwrap().keys() {
        assert!(text.contains(&format!("\n{key} = ")) || text.contains(&format!("\n# {key} = ")));
    }
    assert_eq!(defaults.as_object().unwrap().len(), keys::KEYS.len());
}

#[test]
fn the_printed_examples_are_right_too() {
    let text = commented_defaults()
        .replace("# public_url", "public_url")
        .replace("# site_dir", "site_dir");
    let config = from_file(&text).unwrap();
    assert_eq!(config.public_origin().as_deref(), Some("https://stock.example.com"));
    assert_eq!(config.site_dir, Some(PathBuf::from("target/site")));
}

#[test]
fn what_comes_later_wins() {
    let file = "listen = '127.0.0.1:1'\ndata = 'a'\ncount_window_s = 20";
    let environment = [("ONHAND_LISTEN", "127.0.0.1:2"), ("ONHAND_DATA", "123")];
    let flags = Flags { data: None, listen: Some("127.0.0.1:3".to_owned()) };
    let config = load(Some(file), &environment, &flags).unwrap();
    assert_eq!(config.listen, "127.0.0.1:3");
    assert_eq!(config.data, PathBuf::from("123"), "a path of digits is a path");
    assert_eq!(config.count_window_s, 20);
}

#[test]
fn every_type_can_be_set_in_the_environment() {
    assert_eq!(from_environment("ONHAND_COUNT_WINDOW_S", "5").unwrap().count_window_s, 5);
    assert!(from_environment("ONHAND_CREATE_UNKNOWN_SKUS", "true").unwrap().create_unknown_skus);
    let config = from_environment("ONHAND_SECURE_COOKIES", "never").unwrap();
    assert_eq!(config.secure_cookies, SecureCookies::Never);
}

#[test]
fn a_wrong_value_is_named_with_its_place_and_what_would_be_right() {
    let cases = [
        (from_file("listen = 3000"), "listen = 3000 (FILE): must be HOST:PORT"),
        (from_file("listen = 'x'"), "listen = \"x\" (FILE): must be HOST:PORT"),
        (from_file("queue_capacity = 0"), "queue_capacity = 0 (FILE): must be a whole number"),
        (from_file("queue_capacity = -1"), "queue_capacity = -1 (FILE): must be a whole number"),
        (
            from_file("queue_capacity = 999"),
            "queue_capacity = 999 (FILE): must be a whole number from 1000 to 1000000",
        ),
        (from_file("secure_cookies = 'maybe'"), "secure_cookies = \"maybe\" (FILE): must be"),
        (from_file("public_url = 'x.com/y'"), "public_url = \"x.com/y\" (FILE): must be an http"),
        (from_file("log = 'info,='"), "log = \"info,=\" (FILE): must be a level"),
        (from_file("[data]\na = 1"), "data = {\"a\":1} (FILE): must be the path of a folder"),
        (
            from_environment("ONHAND_BATCH_EVENTS_MAX", "many"),
            "batch_events_max = \"many\" (ONHAND_BATCH_EVENTS_MAX): must be a whole number",
        ),
        (
            from_environment("ONHAND_CREATE_UNKNOWN_SKUS", "yes"),
            "create_unknown_skus = \"yes\" (ONHAND_CREATE_UNKNOWN_SKUS): must be true or false",
        ),
    ];
    for (result, expected) in cases {
        let message = result.unwrap_err();
        assert!(message.starts_with(&format!("configuration: {expected}")), "{message}");
        assert!(!message.contains('\n'), "{message}");
    }
}

#[test]
fn an_unknown_key_is_named_with_its_place() {
    let message = from_file("lissten = 'x'").unwrap_err();
    assert!(message.starts_with("configuration: lissten (FILE) is no key; the keys are data,"));
    let message = from_environment("ONHAND_LISSTEN", "x").unwrap_err();
    assert!(message.starts_with("configuration: lissten (ONHAND_LISSTEN) is no key"), "{message}");
    for foreign in ["ONHAND_PORT", "ONHAND_SERVICE_HOST", "ONHAND_CONFIG", "ONHAND_TOKEN"] {
        assert_eq!(from_environment(foreign, "x"), Ok(Config::default()), "{foreign}");
    }
}

#[test]
fn a_file_that_cannot_be_read_or_parsed_is_named() {
    let message = from_file("listen = ").unwrap_err();
    assert!(message.starts_with("configuration: FILE is not TOML:"), "{message}");
    assert!(!message.contains('\n'), "{message}");
    let missing = Config::load(Some(Path::new("/nowhere.toml")), [], &Flags::default());
    let message = missing.unwrap_err().to_string();
    assert!(message.starts_with("configuration: /nowhere.toml cannot be read:"), "{message}");
}

#[test]
fn cookies_are_secure_unless_only_this_computer_listens() {
    let loopback: SocketAddr = "127.0.0.1:3000".parse().unwrap();
    let everywhere: SocketAddr = "0.0.0.0:3000".parse().unwrap();
    let mut config = Config::default();
    assert!(!config.cookies_are_secure(loopback));
    assert!(config.cookies_are_secure(everywhere));
    config.public_url = Some("https://stock.example.com".to_owned());
    assert!(config.cookies_are_secure(loopback));
    config.secure_cookies = SecureCookies::Never;
    assert!(!config.cookies_are_secure(everywhere));
}
