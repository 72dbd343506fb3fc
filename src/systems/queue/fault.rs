//! The seeded faults: what the models break on purpose, each at one place of the real source.

/// One departure from the algorithm. Outside of models it is always `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Fault {
    /// The correct algorithm.
    #[default]
    None,
    /// The receiver reads `tail` before `state`: a lane seen closed may hold more than was seen.
    TailBeforeState,
    /// A producer that closes does not wake the receiver.
    CloseWithoutWake,
    /// A receiver that leaves does not wake the producers.
    LeaveWithoutWake,
    /// `tail` is stored without Release: the slot's write is not published with it.
    RelaxedPublication,
    /// The producer's process dies before this step of sending this item (from 0).
    Death {
        /// Which item.
        item: usize,
        /// Which step.
        before: Step,
    },
}

/// The steps of sending one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Write the slot.
    Write,
    /// Store `tail`: the only step that others see.
    Publish,
    /// Wake the receiver.
    Wake,
}

impl Fault {
    pub(super) fn dies(self, item: usize, before: Step) -> bool {
        self == Fault::Death { item, before }
    }
}
