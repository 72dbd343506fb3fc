//! Registers whose threads hardly meet: each weaker criterion allows one of them, and only the real
//! time of operations that have nothing in common shows that they are not linearizable.

use super::register::{Op, Register, operations};
use proptest::strategy::Strategy;
use selvedge::Subject;
use selvedge::sync::Mutex;
use selvedge::sync::atomic::{AtomicU8, Ordering::SeqCst};

/// Each process has a register of its own: sequentially consistent, and no more.
pub(crate) struct Own(Vec<AtomicU8>);

impl Subject for Own {
    type Specification = Register;

    fn new() -> Self {
        Own((0..6).map(|_| AtomicU8::new(0)).collect())
    }

    fn call(&self, op: &Op) -> (u8, u8) {
        self.call_as(0, op)
    }

    fn call_as(&self, process: usize, op: &Op) -> (u8, u8) {
        match op {
            Op::Write(value) => {
                self.0[process].store(*value, SeqCst);
                (*value, *value)
            }
            Op::Read => {
                let value = self.0[process].load(SeqCst);
                (value, value)
            }
        }
    }

    fn operations() -> impl Strategy<Value = Op> {
        operations()
    }
}

/// A read returns what was there at the beginning, and looks at nothing.
pub(crate) struct Blind(AtomicU8);

impl Subject for Blind {
    type Specification = Register;

    fn new() -> Self {
        Blind(AtomicU8::new(0))
    }

    fn call(&self, op: &Op) -> (u8, u8) {
        match op {
            Op::Write(value) => {
                self.0.store(*value, SeqCst);
                (*value, *value)
            }
            Op::Read => (0, 0),
        }
    }

    fn operations() -> impl Strategy<Value = Op> {
        operations()
    }
}

/// A write that is not alone is put off until nothing is going on: quiescently consistent, and no
/// more.
pub(crate) struct Buffered(Mutex<State>);

#[derive(Default)]
struct State {
    running: u8,
    put_off: Option<u8>,
    value: u8,
}

impl Subject for Buffered {
    type Specification = Register;

    fn new() -> Self {
        Buffered(Mutex::default())
    }

    fn call(&self, op: &Op) -> (u8, u8) {
        self.0.lock().unwrap().running += 1;
        let value = {
            let mut state = self.0.lock().unwrap();
            match op {
                Op::Write(value) if state.running > 1 => *state.put_off.insert(*value),
                Op::Write(value) => {
                    state.value = *value;
                    *value
                }
                Op::Read => state.value,
            }
        };
        let mut state = self.0.lock().unwrap();
        state.running -= 1;
        if state.running == 0 {
            state.value = state.put_off.take().unwrap_or(state.value);
        }
        (value, value)
    }

    fn operations() -> impl Strategy<Value = Op> {
        operations()
    }
}
