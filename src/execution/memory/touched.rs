//! Who did what with an `Arc` whose operations are no steps, and which of that commutes.

use super::clocks::Clocks;
use super::counting::Does;
use crate::vocabulary::trace::ThreadId;
use smallvec::SmallVec;

/// Which threads did something, and when each did it last, on its own clock.
#[derive(Debug, Default)]
pub(super) struct Done(SmallVec<[(ThreadId, u32); 4]>);

impl Done {
    fn note(&mut self, clocks: &mut Clocks, me: ThreadId) {
        let now = clocks.epoch(me);
        match self.0.iter_mut().find(|(thread, _)| *thread == me) {
            Some((_, then)) => *then = now,
            None => self.0.push((me, now)),
        }
    }

    /// Whether an earlier action of another thread is unordered with this thread's current one.
    pub(super) fn is_unordered(&self, clocks: &Clocks, me: ThreadId) -> bool {
        self.0.iter().any(|(thread, then)| *thread != me && !clocks.knows(me, *thread, *then))
    }
}

/// The operations on one `Arc`, by what they commute with.
#[derive(Debug, Default)]
pub(super) struct Touched {
    clones: Done,
    pub(super) drops: Done,
    looks: Done,
    upgrades: Done,
    /// Drops that report whether they were the last.
    claims: Done,
}

impl Touched {
    /// Whether this operation is unordered with another one with which it does not commute.
    pub(super) fn is_unordered(&self, clocks: &Clocks, me: ThreadId, does: Does) -> bool {
        let Touched { clones, drops, looks, upgrades, claims } = self;
        let against: &[&Done] = match does {
            Does::Clone | Does::CloneWeak | Does::Downgrade | Does::DropWeak => &[looks],
            Does::Drop => &[looks, upgrades, claims],
            Does::Claim => &[looks, upgrades, drops],
            Does::Unwrap => &[clones, drops, upgrades, looks], // it may be a drop
            Does::Own | Does::OwnWeak | Does::LookWeak => &[clones, drops, upgrades],
            Does::Look | Does::LookAcquire | Does::LookWeakAcquire => &[clones, drops, upgrades],
            Does::Upgrade => &[looks, drops],
        };
        against.iter().any(|done| done.is_unordered(clocks, me))
    }

    pub(super) fn note(&mut self, clocks: &mut Clocks, me: ThreadId, does: Does) {
        let done = match does {
            Does::Clone | Does::CloneWeak | Does::Downgrade | Does::DropWeak => &mut self.clones,
            Does::Drop | Does::Claim | Does::Unwrap => &mut self.drops,
            Does::Own | Does::OwnWeak | Does::LookWeak => &mut self.looks,
            Does::Look | Does::LookAcquire | Does::LookWeakAcquire => &mut self.looks,
            Does::Upgrade => &mut self.upgrades,
        };
        done.note(clocks, me);
        if does == Does::Claim || does == Does::Unwrap {
            self.claims.note(clocks, me);
        }
    }
}
