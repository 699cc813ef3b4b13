//! The body of a request that is one JSON value: what of it does not fit is pointed at.

use std::collections::HashSet;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use onhand::event::FieldError;
use onhand::event::json::Json;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::limits::DEFAULT_LIMIT_BYTES;
use super::problem::Problem;
use super::typed::{pointer_to, read_as};

/// A request's body, read as a `T`. Handlers take it as a result, so that whoever has no right to
/// what they do learns nothing about the body.
#[derive(Debug)]
pub struct Input<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Input<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(&request) {
            return Err(Problem::unsupported_media_type("The body must be application/json."));
        }
        let body = Bytes::from_request(request, state).await;
        let body = body.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(DEFAULT_LIMIT_BYTES),
            _ => Problem::bad_request("The body could not be read to its end."),
        })?;
        read(&body).map(Self)
    }
}

fn is_json(request: &Request) -> bool {
    let content_type = request.headers().get(header::CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media == "application/json" || media.starts_with("application/") && media.ends_with("+json")
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let malformed =
        |error: serde_json::Error| Problem::bad_request(format!("The body is not JSON: {error}."));
    let sent: Json = serde_json::from_slice(body).map_err(malformed)?;
    if let Some(error) = given_twice(&sent) {
        return Err(Problem::unfit(vec![error]));
    }
    let value: Value = serde_json::from_slice(body).map_err(malformed)?;
    read_as(&value).map_err(|error| Problem::unfit(vec![error]))
}

/// The first member that stands twice in its object: which of the two counts is nobody's guess.
fn given_twice(value: &Json) -> Option<FieldError> {
    let within = |name: &str, inner: &Json| {
        given_twice(inner).map(|error| FieldError {
            pointer: format!("{}{}", pointer_to(name), error.pointer),
            ..error
        })
    };
    match value {
        Json::Array(rows) => {
            let mut rows = rows.iter().enumerate();
            rows.find_map(|(index, row)| within(&index.to_string(), row))
        }
        Json::Object(members) => {
            let mut seen = HashSet::with_capacity(members.len());
            members.iter().find_map(|(name, inner)| {
                if seen.insert(name) {
                    return within(name, inner);
                }
                let detail = "must be given once".to_owned();
                Some(FieldError { pointer: pointer_to(name), detail })
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use onhand::wire::conflict::ResolveRequest;

    use super::*;

    fn status(body: &str) -> StatusCode {
        read::<ResolveRequest>(body.as_bytes()).unwrap_err().status()
    }

    #[test]
    fn what_is_no_json_is_malformed_and_what_does_not_fit_is_invalid() {
        for malformed in ["", "{", "{\"option\":}", "{} {}", "\"\\ud800\"", "nul"] {
            assert_eq!(status(malformed), StatusCode::BAD_REQUEST, "{malformed}");
        }
        for misfit in ["{}", "[]", "3", "null", "{\"option\":1,\"expected_version\":1}"] {
            assert_eq!(status(misfit), StatusCode::UNPROCESSABLE_ENTITY, "{misfit}");
        }
        let good = r#"{"option":"cap","expected_version":1,"lines":[]}"#;
        assert_eq!(read::<ResolveRequest>(good.as_bytes()).unwrap().expected_version, 1);
    }

    #[test]
    fn a_member_that_stands_twice_is_pointed_at_at_any_depth() {
        let pointer = |text: &str| {
            given_twice(&serde_json::from_str(text).unwrap()).map(|error| error.pointer)
        };
        assert_eq!(pointer(r#"{"a":1,"b":{"a":[{"c":1}]}}"#), None);
        assert_eq!(pointer(r#"{"a":1,"a":1}"#).unwrap(), "/a");
        assert_eq!(pointer(r#"{"b":[0,{"x/y":1,"x/y":2}]}"#).unwrap(), "/b/1/x~1y");
    }
}
