//! `std::time`, as the engines see it, and `std::thread::sleep`.
//!
//! In a model time is virtual. It stands still while any thread can go on, and then jumps to the
//! next end of a [`sleep`]: so no model takes long, and the order of sleeps is that of their ends.
//! That a thread is still slow when a sleep of another one ends is not explored. So the verdict is
//! bounded, and says so. Weak memory and loom have no model of it.
//!
//! Timeouts ([`Condvar::wait_timeout`](crate::sync::Condvar::wait_timeout) and its like) fire at
//! any time, whatever their durations, and [`thread::sleep`](crate::thread::sleep) may end at any
//! time: there no time passes. std's `Instant` in a model makes it depend on real time.
//!
//! ```
//! use selvedge::sync::{Arc, Mutex};
//! use selvedge::thread;
//! use selvedge::time::{Duration, Instant, sleep};
//!
//! selvedge::check(|| {
//!     let log = Arc::new(Mutex::new(Vec::new()));
//!     let sleepers = [3, 1, 2].map(|seconds| {
//!         let log = Arc::clone(&log);
//!         thread::spawn(move || {
//!             sleep(Duration::from_secs(seconds));
//!             log.lock().unwrap().push(seconds);
//!         })
//!     });
//!     let start = Instant::now();
//!     sleepers.map(|sleeper| sleeper.join().unwrap());
//!     assert_eq!(*log.lock().unwrap(), [1, 2, 3]);
//!     assert_eq!(start.elapsed(), Duration::from_secs(3));
//! });
//! ```
//!
//! [`Timer`] and [`timeout`] are the same for tasks. std has none, so there are none without the
//! feature `model`.

#[cfg(not(feature = "model"))]
pub use std::{thread::sleep, time::*};

#[cfg(feature = "model")]
mod timer;

#[cfg(feature = "model")]
pub use modelled::{Instant, sleep};
#[cfg(feature = "model")]
pub use std::time::{Duration, SystemTime, SystemTimeError, TryFromFloatSecsError, UNIX_EPOCH};
#[cfg(feature = "model")]
pub use timer::{Elapsed, Timeout, Timer, timeout};

#[cfg(feature = "model")]
mod modelled {
    use crate::execution::{is_modelled, time};
    use std::ops::{Add, AddAssign, Sub, SubAssign};
    use std::time::Duration;

    /// Sleeps for `duration`. In a model, virtual time passes.
    ///
    /// ```
    /// selvedge::time::sleep(std::time::Duration::from_millis(1));
    /// ```
    #[track_caller]
    pub fn sleep(duration: Duration) {
        match is_modelled() {
            false => std::thread::sleep(duration),
            true => time::sleep(duration),
        }
    }

    /// [`std::time::Instant`]; in a model, a point of virtual time.
    ///
    /// ```
    /// use selvedge::time::{Duration, Instant};
    ///
    /// let start = Instant::now();
    /// let end = start + Duration::from_secs(1);
    /// assert_eq!(end.duration_since(start), Duration::from_secs(1));
    /// ```
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub struct Instant(At);

    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    enum At {
        Real(std::time::Instant),
        /// Since long before the execution began: programs subtract from the first time they see.
        Virtual(Duration),
    }

    /// The time at which an execution begins.
    const BEGIN: Duration = Duration::from_secs(1 << 32);

    impl Instant {
        /// Returns the time. In a model this is no scheduling point.
        #[must_use]
        pub fn now() -> Instant {
            Instant(match is_modelled() {
                false => At::Real(std::time::Instant::now()),
                true => At::Virtual(BEGIN.saturating_add(time::now())),
            })
        }

        /// Returns how much time has passed since `earlier`, or `None` if it is later.
        ///
        /// # Panics
        /// If one of the two is of a model, and the other one is not.
        #[must_use]
        pub fn checked_duration_since(&self, earlier: Instant) -> Option<Duration> {
            match (self.0, earlier.0) {
                (At::Real(this), At::Real(earlier)) => this.checked_duration_since(earlier),
                (At::Virtual(this), At::Virtual(earlier)) => this.checked_sub(earlier),
                _ => panic!("selvedge: nothing is between a model's time and that outside of it"),
            }
        }

        /// Returns how much time has passed since `earlier`; none if it is later.
        ///
        /// # Panics
        /// As [`checked_duration_since`](Instant::checked_duration_since).
        #[must_use]
        pub fn duration_since(&self, earlier: Instant) -> Duration {
            self.checked_duration_since(earlier).unwrap_or_default()
        }

        /// Does the same as [`duration_since`](Instant::duration_since).
        ///
        /// # Panics
        /// As [`checked_duration_since`](Instant::checked_duration_since).
        #[must_use]
        pub fn saturating_duration_since(&self, earlier: Instant) -> Duration {
            self.duration_since(earlier)
        }

        /// Returns how much time has passed since this.
        ///
        /// # Panics
        /// As [`checked_duration_since`](Instant::checked_duration_since).
        #[must_use]
        pub fn elapsed(&self) -> Duration {
            Instant::now().duration_since(*self)
        }

        /// Returns the time so much later, if it can be told.
        #[must_use]
        pub fn checked_add(&self, duration: Duration) -> Option<Instant> {
            Some(Instant(match self.0 {
                At::Real(this) => At::Real(this.checked_add(duration)?),
                At::Virtual(this) => At::Virtual(this.checked_add(duration)?),
            }))
        }

        /// Returns the time so much earlier, if it can be told.
        #[must_use]
        pub fn checked_sub(&self, duration: Duration) -> Option<Instant> {
            Some(Instant(match self.0 {
                At::Real(this) => At::Real(this.checked_sub(duration)?),
                At::Virtual(this) => At::Virtual(this.checked_sub(duration)?),
            }))
        }
    }

    impl Instant {
        /// The time since the execution began, if it is one of a model.
        pub(super) fn in_the_model(&self) -> Option<Duration> {
            match self.0 {
                At::Real(_) => None,
                At::Virtual(this) => Some(this.saturating_sub(BEGIN)),
            }
        }
    }

    impl Add<Duration> for Instant {
        type Output = Instant;

        fn add(self, duration: Duration) -> Instant {
            self.checked_add(duration).expect("overflow when adding duration to instant")
        }
    }

    impl Sub<Duration> for Instant {
        type Output = Instant;

        fn sub(self, duration: Duration) -> Instant {
            self.checked_sub(duration).expect("overflow when subtracting duration from instant")
        }
    }

    impl Sub<Instant> for Instant {
        type Output = Duration;

        fn sub(self, earlier: Instant) -> Duration {
            self.duration_since(earlier)
        }
    }

    impl AddAssign<Duration> for Instant {
        fn add_assign(&mut self, duration: Duration) {
            *self = *self + duration;
        }
    }

    impl SubAssign<Duration> for Instant {
        fn sub_assign(&mut self, duration: Duration) {
            *self = *self - duration;
        }
    }
}
