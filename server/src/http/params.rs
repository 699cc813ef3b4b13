//! The parameters of a request, behind the `?` of its path: what of them does not fit is pointed at.

use std::collections::HashSet;
use std::fmt::{self, Display};

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::problem::Problem;

/// A request's parameters, read as a `T`, a struct of optional members. Handlers take them as a
/// result, so that whoever has no right to what they ask for learns nothing about how to ask.
#[derive(Debug)]
pub struct Params<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        let Query(pairs) = pairs.map_err(|error| Problem::bad_request(error.body_text()))?;
        read(&pairs).map(Self)
    }
}

fn read<T: DeserializeOwned>(pairs: &[(String, String)]) -> Result<T, Problem> {
    let mut seen = HashSet::with_capacity(pairs.len());
    if let Some((name, _)) = pairs.iter().find(|(name, _)| !seen.insert(name)) {
        return Err(Problem::bad_parameter(name, "must be given once"));
    }
    let given = Given { rest: pairs.iter(), value: None };
    T::deserialize(given).map_err(|Misfit { name, detail }| Problem::bad_parameter(&name, detail))
}

/// A parameter that does not fit. Its name is filled in where it is known.
#[derive(Debug)]
struct Misfit {
    name: String,
    detail: String,
}

impl Misfit {
    fn new(detail: impl Into<String>) -> Self {
        Self { name: String::new(), detail: detail.into() }
    }

    fn of(self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self }
    }
}

impl Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.detail)
    }
}

impl std::error::Error for Misfit {}

impl serde::de::Error for Misfit {
    fn custom<T: Display>(message: T) -> Self {
        Self::new(message.to_string())
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::new(format!("must be one of {}", expected.join(", ")))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let known = expected.join(", ");
        Self::new(format!("is not a parameter of this path, which has {known}")).of(field)
    }
}

/// The rest of the parameters, and the one whose name has been read.
struct Given<'a> {
    rest: std::slice::Iter<'a, (String, String)>,
    value: Option<&'a (String, String)>,
}

impl<'de> Deserializer<'de> for Given<'de> {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_map(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier
        ignored_any
    }
}

impl<'de> MapAccess<'de> for Given<'de> {
    type Error = Misfit;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Misfit> {
        self.value = self.rest.next();
        self.value.map(|(name, _)| seed.deserialize(Word(name))).transpose()
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Misfit> {
        let Some((name, text)) = self.value.take() else {
            return Err(Misfit::new("a value is read before its name"));
        };
        seed.deserialize(Word(text)).map_err(|misfit| misfit.of(name))
    }
}

/// A name or a value: a text, whatever it is to become.
struct Word<'de>(&'de str);

impl<'de> Deserializer<'de> for Word<'de> {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_borrowed_str(self.0)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        let value = self.0.parse().map_err(|_| Misfit::new("must be true or false"))?;
        visitor.visit_bool(value)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        let number = self.0.parse();
        let number = number.map_err(|_| Misfit::new("must be a whole number from 0 on"))?;
        visitor.visit_u64(number)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_some(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        let name: StrDeserializer<'_, Misfit> = self.0.into_deserializer();
        visitor.visit_enum(name)
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{Request, StatusCode};
    use onhand::id::Sku;
    use onhand::record::Outcome;
    use serde::Deserialize;

    use super::super::typed::pointer_to;
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Asked {
        after: Option<u64>,
        sku: Option<Sku>,
        outcome: Option<Outcome>,
        #[serde(default)]
        low: bool,
        q: Option<String>,
    }

    async fn asked(query: &str) -> Result<Asked, Problem> {
        let request = Request::builder().uri(format!("/list?{query}")).body(()).unwrap();
        let read = Params::from_request_parts(&mut request.into_parts().0, &()).await;
        read.map(|Params(asked)| asked)
    }

    #[tokio::test]
    async fn what_fits_is_read_whole() {
        let none = Asked { after: None, sku: None, outcome: None, low: false, q: None };
        assert_eq!(asked("").await.unwrap(), none);
        let all = asked("after=18446744073709551615&sku=A%2F%20B&outcome=applied&low=true&q=");
        let expected = Asked {
            after: Some(u64::MAX),
            sku: Some("A/ B".parse().unwrap()),
            outcome: Some(Outcome::Applied),
            low: true,
            q: Some(String::new()),
        };
        assert_eq!(all.await.unwrap(), expected);
    }

    #[tokio::test]
    async fn what_does_not_fit_is_pointed_at_and_what_would_be_right_is_said() {
        let number = "must be a whole number from 0 on";
        for (query, name, detail) in [
            ("after=", "after", number),
            ("after=-1", "after", number),
            ("after=18446744073709551616", "after", number),
            ("after=1.0", "after", number),
            ("low=1", "low", "must be true or false"),
            ("sku=", "sku", "must have at least 1 character"),
            ("outcome=done", "outcome", "must be one of applied, duplicate, "),
            ("outcome=", "outcome", "must be one of applied, duplicate, "),
            ("q=1&q=1", "q", "must be given once"),
            ("a%2Fb=1", "a/b", "is not a parameter of this path, which has after, sku, outcome,"),
        ] {
            let problem = asked(query).await.unwrap_err();
            assert_eq!(problem.status(), StatusCode::BAD_REQUEST);
            let [error] = problem.errors() else { panic!("{query}: {problem:?}") };
            assert_eq!(error.pointer, pointer_to(name), "{query}");
            assert!(error.detail.starts_with(detail), "{query}: {}", error.detail);
            assert_eq!(problem.detail(), format!("{name} {}", error.detail));
        }
    }
}
