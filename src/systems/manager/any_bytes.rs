//! What a manager does with any bytes: the property that tests and the fuzzer share.

use super::core::{Core, Outcome};
use super::functions::Functions;
use super::protocol::{Limits, Request, decode, encode};
use crate::process::take_from_bytes;

/// Checks a property of any bytes (for property tests and fuzzing): a manager can serve the
/// requests at their beginning, stays consistent and keeps to its limits.
///
/// # Panics
/// If it does not, or if a request that is sent on is not the same request.
pub fn check_bytes(bytes: &[u8]) {
    let functions =
        Functions::new().with("double", |bytes: &mut Vec<u8>, (): ()| bytes.extend_from_within(..));
    let limits = Limits { frame_bytes: 1 << 10, total_bytes: 1 << 12, connections: 3 };
    let mut core = Core::new(functions, limits);
    let connections = [(); 2].map(|()| core.connect(None).expect("there is room for three"));
    let (mut rest, mut turn) = (bytes, connections.iter().cycle());
    while let Ok((request, left)) = take_from_bytes::<Request>(rest) {
        let again = encode(&request).expect("what was decoded can be encoded");
        assert_eq!(decode(&again), Ok(request.clone()), "a request that is sent on is another one");
        if let (Some(&connection), false) = (turn.next(), rest.len() == left.len())
            && let Outcome::Reply(reply) = core.apply(connection, request)
        {
            let sent = encode(&reply).expect("a reply can be encoded");
            assert_eq!(decode(&sent), Ok(reply), "a reply arrives as another one");
        }
        core.assert_consistent();
        rest = left;
    }
    connections.into_iter().for_each(|connection| core.disconnect(connection));
    core.assert_consistent();
    assert_eq!(core.objects(), 0, "objects outlive all connections");
}
