//! Random small programs: what their threads do, and how they are drawn.

use proptest::prelude::*;
use proptest::sample::select;

/// What a thread does. Objects are numbers; bodies run while the lock is held, or if the condition
/// holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Load(usize),
    Store(usize, u64),
    Add(usize),
    Swap(usize, u64),
    /// Compare-exchange: the atomic, what it must hold, what it then gets.
    Cas(usize, u64, u64),
    /// The same, but it may fail for no reason.
    CasWeak(usize, u64, u64),
    Lock(usize, Vec<Op>),
    TryLock(usize, Vec<Op>),
    Read(Vec<Op>),
    Write(Vec<Op>),
    TryRead(Vec<Op>),
    TryWrite(Vec<Op>),
    /// Under mutex 0: one wait, if there are no tickets.
    WaitOnce,
    /// Under mutex 0: one wait, if there are no tickets, that a timeout may end.
    WaitTimeout,
    /// Under mutex 0: waits as long as there are no tickets, then takes one.
    Take,
    /// Under mutex 0: adds a ticket and notifies one waiter, or all.
    Give(bool),
    NotifyOne,
    NotifyAll,
    Park,
    /// Unparks an earlier thread.
    Unpark(usize),
    /// Joins an earlier thread, if nobody else does.
    Join(usize),
    /// Loads, and does the rest if it is not 0.
    If(usize, Vec<Op>),
    Yield,
    /// Three times at one place.
    Yields,
    /// `while atomic == 0 { yield }`
    Await(usize),
    /// The same with both atomics, one load after the other: until one of them is not 0.
    AwaitEither,
    /// Looks under mutex 0 again and again until there are tickets.
    Poll,
    /// A spinlock: `while compare_exchange(0, 1) fails { yield }`
    Grab(usize),
    /// The rest, in a scope at whose end a destructor does the first: also where a panic ends it.
    OnDrop(Vec<Op>, Vec<Op>),
    Panic,
    /// Catches a panic of the body.
    Catch(Vec<Op>),
}

impl Op {
    fn bodies(&self) -> [&[Op]; 2] {
        use Op::{Catch, If, Lock, OnDrop, Read, TryLock, TryRead, TryWrite, Write};
        match self {
            Lock(_, b)
            | TryLock(_, b)
            | Read(b)
            | Write(b)
            | TryRead(b)
            | TryWrite(b)
            | If(_, b)
            | Catch(b) => [b, &[]],
            OnDrop(cleanup, rest) => [cleanup, rest],
            _ => [&[], &[]],
        }
    }

    fn count(&self, what: &dyn Fn(&Op) -> bool) -> usize {
        usize::from(what(self))
            + self.bodies().into_iter().flatten().map(|op| op.count(what)).sum::<usize>()
    }
}

/// The threads of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Program(pub(crate) Vec<Vec<Op>>);

impl Program {
    pub(crate) fn count(&self, what: &dyn Fn(&Op) -> bool) -> usize {
        self.0.iter().flatten().map(|op| op.count(what)).sum()
    }

    /// Whether some thread may be unparked while it has its token already.
    pub(crate) fn unparks_twice(&self) -> bool {
        (0..self.0.len()).any(|t| self.count(&|op| *op == Op::Unpark(t)) > 1)
    }

    /// Whether a timeout may end a wait.
    pub(crate) fn times_out(&self) -> bool {
        self.count(&|op| *op == Op::WaitTimeout) > 0
    }

    /// Unparks and joins go to earlier threads, whose handles exist; each thread is joined once at
    /// the most.
    fn valid(mut self) -> Self {
        let mut joined = vec![false; self.0.len()];
        for (me, ops) in self.0.iter_mut().enumerate() {
            ops.retain(|op| match op {
                Op::Join(other) => *other < me && !std::mem::replace(&mut joined[*other], true),
                _ => true,
            });
            drop_invalid(ops, me, &mut Kept::default(), Panics::Caught);
        }
        self
    }
}

/// What of a thread has been kept so far.
#[derive(Default)]
struct Kept {
    timed: usize,
    yields: usize,
}

/// Whether a panic is caught, or would end the process: one in a destructor, which may run while
/// another one unwinds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Panics {
    Caught,
    Abort,
}

/// Drops unparks of threads that start later, all timed waits but the first of a thread (a second
/// timeout at one place is kept back while others can go on), all yields but four (`real` has no
/// more places for them) and panics that would end the process.
fn drop_invalid(ops: &mut Vec<Op>, me: usize, kept: &mut Kept, panics: Panics) {
    use Op::{If, Lock, Read, TryLock, TryRead, TryWrite, Write};
    let up_to = |count: &mut usize, most: usize| {
        *count += 1;
        *count <= most
    };
    ops.retain_mut(|op| match op {
        Op::Unpark(other) => *other < me,
        Op::WaitTimeout => up_to(&mut kept.timed, 1),
        Op::Yield => up_to(&mut kept.yields, 4),
        Lock(_, b) | TryLock(_, b) | Read(b) | Write(b) | TryRead(b) | TryWrite(b) | If(_, b) => {
            drop_invalid(b, me, kept, panics);
            true
        }
        Op::Catch(body) => {
            drop_invalid(body, me, kept, Panics::Caught);
            true
        }
        Op::OnDrop(cleanup, rest) => {
            drop_invalid(cleanup, me, kept, Panics::Abort);
            drop_invalid(rest, me, kept, panics);
            true
        }
        Op::Panic => panics == Panics::Caught,
        _ => true,
    });
}

/// A kind of operation, to be filled in: the letters of a palette.
///
/// `l`oad `s`tore `a`dd s`w`ap `c`as wea`k` cas `i`f · `L`ock `T`rylock · `R`ead `W`rite
/// tr`r`y-read tr`x`y-write · wait `o`nce wait with time`O`ut `t`ake `g`ive `n`otify one notify
/// a`N`ll · `p`ark `u`npark `j`oin `y`ield a`A`wait `Y`ields await `E`ither `P`oll `G`rab · on
/// `D`rop panic `X` `C`atch
const PALETTES: [&str; 11] = [
    "lsawci",
    "lskkki",
    "oOtggnNls",
    "lsccci",
    "lsLLLT",
    "lscLTiy",
    "lsRWrxR",
    "RWrxLTs",
    "otggnNLsl",
    "lspujiyu",
    "lsawckiLTRWrxoOtgnNpujy",
];

fn op(letters: &'static str, depth: usize) -> BoxedStrategy<Op> {
    let fits = |c: &char| (depth < 2 || !"iLTRWrxDC".contains(*c)) && (depth == 0 || *c != 'j');
    let flat: Vec<char> = letters.chars().filter(fits).collect();
    let flat = if flat.is_empty() { vec!['l', 's'] } else { flat };
    select(flat).prop_flat_map(move |letter| one(letter, letters, depth)).boxed()
}

fn one(letter: char, letters: &'static str, depth: usize) -> BoxedStrategy<Op> {
    let (atomic, value) = (0..2_usize, 0..3_u64);
    let body = || prop::collection::vec(op(letters, depth + 1), 0..=2);
    match letter {
        'l' => atomic.prop_map(Op::Load).boxed(),
        's' => (atomic, value).prop_map(|(a, v)| Op::Store(a, v)).boxed(),
        'a' => atomic.prop_map(Op::Add).boxed(),
        'w' => (atomic, value).prop_map(|(a, v)| Op::Swap(a, v)).boxed(),
        'c' => (atomic, 0..2_u64, value).prop_map(|(a, e, n)| Op::Cas(a, e, n)).boxed(),
        'k' => (atomic, 0..2_u64, value).prop_map(|(a, e, n)| Op::CasWeak(a, e, n)).boxed(),
        'i' => (atomic, body()).prop_map(|(a, b)| Op::If(a, b)).boxed(),
        'L' => (0..2_usize, body()).prop_map(|(m, b)| Op::Lock(m, b)).boxed(),
        'T' => (0..2_usize, body()).prop_map(|(m, b)| Op::TryLock(m, b)).boxed(),
        'R' => body().prop_map(Op::Read).boxed(),
        'W' => body().prop_map(Op::Write).boxed(),
        'r' => body().prop_map(Op::TryRead).boxed(),
        'x' => body().prop_map(Op::TryWrite).boxed(),
        'o' => Just(Op::WaitOnce).boxed(),
        'O' => Just(Op::WaitTimeout).boxed(),
        't' => Just(Op::Take).boxed(),
        'g' => any::<bool>().prop_map(Op::Give).boxed(),
        'n' => Just(Op::NotifyOne).boxed(),
        'N' => Just(Op::NotifyAll).boxed(),
        'p' => Just(Op::Park).boxed(),
        'u' => (0..3_usize).prop_map(Op::Unpark).boxed(),
        'j' => (0..3_usize).prop_map(Op::Join).boxed(),
        'y' => Just(Op::Yield).boxed(),
        'Y' => Just(Op::Yields).boxed(),
        'E' => Just(Op::AwaitEither).boxed(),
        'P' => Just(Op::Poll).boxed(),
        'G' => atomic.prop_map(Op::Grab).boxed(),
        'D' => (body(), body()).prop_map(|(cleanup, rest)| Op::OnDrop(cleanup, rest)).boxed(),
        'X' => Just(Op::Panic).boxed(),
        'C' => body().prop_map(Op::Catch).boxed(),
        _ => atomic.prop_map(Op::Await).boxed(),
    }
}

fn of(letters: &'static str) -> impl Strategy<Value = Program> {
    let thread = prop::collection::vec(op(letters, 0), 1..=4);
    prop::collection::vec(thread, 2..=4).prop_map(|threads| Program(threads).valid())
}

/// Programs of 2 to 4 threads with 1 to 4 operations each, nested ones not counted.
pub(crate) fn programs() -> impl Strategy<Value = Program> {
    select(&PALETTES[..]).prop_flat_map(of)
}

/// Such programs in which threads also panic: destructors and guards go while they unwind.
pub(crate) fn unwinding() -> impl Strategy<Value = Program> {
    select(
        &[
            "lsDDX", "lsaDXC", "lcDXCi", "LLDXs", "LTDXCl", "RWrxDX", "RWDXCl", "otgnDXL", "puDXl",
            "LsDXCW",
        ][..],
    )
    .prop_flat_map(of)
}

/// Such programs in which threads also spin.
pub(crate) fn spinning() -> impl Strategy<Value = Program> {
    select(
        &[
            "lsaAA", "lsaAE", "lsaGA", "lscGE", "lsYAi", "lsALT", "lsARWx", "lsAotgn", "lsApuj",
            "lsPgLt",
        ][..],
    )
    .prop_flat_map(of)
}
