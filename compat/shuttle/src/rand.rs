//! The crate `rand`, modelled: random numbers are choices of the explorer.

pub use rand::{Rng, RngCore};

/// Random number generators.
pub mod rngs {
    use rand::{CryptoRng, Error, RngCore};

    /// The generator of the current thread: see [`thread_rng`](super::thread_rng).
    #[derive(Debug, Default, Clone)]
    pub struct ThreadRng {
        pub(super) _field: (),
    }

    impl RngCore for ThreadRng {
        #[track_caller]
        fn next_u32(&mut self) -> u32 {
            self.next_u64() as u32
        }

        #[track_caller]
        fn next_u64(&mut self) -> u64 {
            crate::current::random().unwrap_or_else(|| selvedge::rand::range(..))
        }

        #[track_caller]
        fn fill_bytes(&mut self, bytes: &mut [u8]) {
            for chunk in bytes.chunks_mut(8) {
                chunk.copy_from_slice(&self.next_u64().to_le_bytes()[..chunk.len()]);
            }
        }

        fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
            self.fill_bytes(bytes);
            Ok(())
        }
    }

    impl CryptoRng for ThreadRng {}
}

/// Returns the generator of the current thread.
///
/// ```
/// use selvedge_shuttle as shuttle;
///
/// use shuttle::rand::Rng;
///
/// shuttle::check_random(|| assert!(shuttle::rand::thread_rng().gen_range(1..=6) < 7), 100);
/// ```
#[must_use]
pub fn thread_rng() -> rngs::ThreadRng {
    rngs::ThreadRng::default()
}
