//! The decoders of replay tokens, of a process's frames and of a manager's requests.

use crate::counterexample::Token;
use crate::process::frame;
use crate::systems::manager::{Request, decode_request};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Checks a text. If it is a token, the token's own text is the same token. If it is none, the
/// error points to a place in the text.
///
/// # Panics
/// If that is not so.
pub fn token(bytes: &[u8]) {
    token_printed(bytes, Token::to_string);
}

fn token_printed(bytes: &[u8], print: impl Fn(&Token) -> String) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match text.parse::<Token>() {
        Ok(token) => {
            let printed = print(&token);
            assert_eq!(
                printed.parse().as_ref(),
                Ok(&token),
                "{text:?} comes back as another token: {printed:?}"
            );
            assert_eq!(printed.parse().as_ref().map(&print), Ok(printed), "a token has one text");
        }
        Err(error) => {
            assert!(text.is_char_boundary(error.offset()), "{error}: no place in {text:?}")
        }
    }
}

/// Checks that frames do not depend on how their bytes are split, and encode back to the same
/// bytes.
///
/// # Panics
/// If that is not so.
pub fn frame(bytes: &[u8]) {
    frame::check_bytes(bytes);
}

/// Checks that bytes are a request, which then survives a round trip, or an error. Checks the same
/// for a value of a type that can exceed every limit.
///
/// # Panics
/// If that is not so.
pub fn request(bytes: &[u8]) {
    request_encoded(bytes, |request| frame::to_bytes(request).expect("a request can be encoded"));
    value_decoded(bytes, frame::from_bytes);
}

/// A user's value: of any depth, with elements that take no bytes, and with declared lengths.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Value {
    Number(i64),
    Text(String),
    Nested(Option<Box<Value>>),
    Units(Vec<()>),
    Many(Vec<Value>),
    Map(BTreeMap<u8, (Value, Value)>),
}

/// A decoded value is within the limits, so it can be encoded and decoded again.
fn value_decoded(bytes: &[u8], decode: impl Fn(&[u8]) -> Result<Value, String>) {
    let Ok(value) = decode(bytes) else { return };
    let again = frame::to_bytes(&value)
        .unwrap_or_else(|why| panic!("decoded, and cannot be encoded: {why}"));
    assert_eq!(decode(&again).as_ref(), Ok(&value), "a value changed on its way");
    assert!(again.len() <= bytes.len(), "there is a shorter encoding than ours: {bytes:?}");
}

fn request_encoded(bytes: &[u8], encode: impl Fn(&Request) -> Vec<u8>) {
    let Ok(request) = decode_request(bytes) else { return };
    let again = encode(&request);
    assert_eq!(decode_request(&again).as_ref(), Ok(&request), "a request changed on its way");
    assert!(again.len() <= bytes.len(), "there is a shorter encoding than ours: {bytes:?}");
}

#[cfg(test)]
mod tests {
    use super::super::objection;
    use super::*;

    #[test]
    fn a_token_printed_without_its_repetitions_is_noticed() {
        let bytes = b"v1:dfs:0-1x3-2:account/locked";
        token(bytes);
        let said = objection(
            |bytes| token_printed(bytes, |token| token.to_string().replace("x3", "")),
            bytes,
        );
        assert!(said.contains("comes back as another token"), "{said}");
    }

    fn without_limits(bytes: &[u8]) -> Result<Value, String> {
        postcard::from_bytes(bytes).map_err(|e| e.to_string())
    }

    #[test]
    fn a_decoder_without_a_limit_of_depth_is_noticed() {
        let nested = |levels: usize| [[2, 1].repeat(levels), vec![0, 0]].concat();
        value_decoded(&nested(100), |bytes| Ok(frame::from_bytes(bytes).expect("few levels")));
        request(&nested(frame::DEPTH));
        let said = objection(|bytes| value_decoded(bytes, without_limits), &nested(frame::DEPTH));
        assert!(said.contains("deeper than the limit"), "{said}");
    }

    #[test]
    fn a_decoder_without_a_limit_of_elements_without_bytes_is_noticed() {
        let units = [3, 0x81, 0x80, 4]; // 65,537 of them
        request(&units);
        let said = objection(|bytes| value_decoded(bytes, without_limits), &units);
        assert!(said.contains("elements without bytes"), "{said}");
    }

    #[test]
    fn a_request_encoded_without_its_fence_is_noticed() {
        use crate::systems::manager::{Call, Fence, ListOperation, ObjectId, Operation};

        let fence = Some(Fence { lock: ObjectId(1), token: 1 });
        let call =
            Call { object: ObjectId(0), fence, operation: Operation::List(ListOperation::Len) };
        let bytes = frame::to_bytes(&Request::Call(call)).unwrap();
        request(&bytes);
        let without = |request: &Request| match request.clone() {
            Request::Call(call) => {
                frame::to_bytes(&Request::Call(Call { fence: None, ..call })).unwrap()
            }
            _ => unreachable!(),
        };
        let said = objection(|bytes| request_encoded(bytes, without), &bytes);
        assert!(said.contains("a request changed on its way"), "{said}");
    }
}
