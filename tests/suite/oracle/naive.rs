//! The independent enumerator: a plain interpreter of a program, and every interleaving of it.
//!
//! Nothing of the explorer's reasoning is used: no races, no sleep sets, no backtracking. All
//! prefixes of all interleavings are enumerated, one length after the other; two prefixes are taken
//! for one only if they have the same state *and* the same Mazurkiewicz trace (the partial order
//! that dependent steps form, as one vector clock a step). That equal traces have equal states is
//! asserted: so the dependency relation itself is checked too.
//!
//! Two steps are dependent if they share an object and one of them changes it. Changes: stores,
//! successful read-modify-writes; acquisitions and releases of a mutex; for a reader-writer lock
//! those of a writer, while readers commute with each other; waits, notifications that reach
//! somebody; parks and unparks. Reads: loads, failed compare-exchanges, failed attempts at a lock,
//! notifications that nobody heard. An attempt to write that fails because of *readers* is a
//! change: it does not commute with their release. A wake that was notified touches only the mutex,
//! and comes after its notification; one that timed out leaves the condition variable, which is a
//! change. Time may be over at once, or at any later moment. A wait that ends for no reason touches
//! only the mutex; a park that does touches nothing, and leaves the token where it is. Weak
//! compare-exchanges, waits and parks are served for no reason once each in a thread, because all
//! of a thread's stand at one place of the source. Of a loop that spins there is the last round,
//! the one that ends it: those before it change nothing.

use super::outcome::{ATOMICS, MUTEXES, Outcome, READERS, Seen, WRITERS};
use super::program::{Op, Program};
use std::collections::{BTreeSet, HashMap};

/// An instruction of the flat code that a thread's operations are compiled to; jumps are to places
/// in the code. Where a thread panics stands what it does while it unwinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Code {
    Load(usize),
    Store(usize, u64),
    Add(usize),
    Swap(usize, u64),
    Cas(usize, u64, u64),
    CasWeak(usize, u64, u64),
    Lock(usize),
    TryLock(usize, usize),
    Unlock(usize),
    /// By who unwinds, and did not when it acquired the lock.
    UnlockPoisoned(usize),
    Read,
    Write,
    TryRead(usize),
    TryWrite(usize),
    ReadUnlock,
    WriteUnlock,
    WriteUnlockPoisoned,
    Wait,
    Wake,
    /// The two steps of a wait that a timeout may end.
    WaitTimeout,
    WakeTimeout,
    NotifyOne,
    NotifyAll,
    /// The two steps of a park: whether it returns for no reason, to the second place if it does;
    /// and the other kind.
    Park(usize),
    Parked,
    Unpark(usize),
    Join(usize),
    If(usize, usize),
    Yield,
    Await(usize),
    /// The two loads of a round that ends the loop.
    EitherFirst,
    EitherSecond,
    Poll,
    Grab(usize),
    /// Under mutex 0, and no step of their own: jump if there are tickets, add, take, jump.
    IfTickets(usize),
    GiveTicket,
    TakeTicket,
    Jump(usize),
}

/// What is to be undone where a scope ends, and whether its thread was unwinding where it began.
#[derive(Clone, Copy)]
enum Scope<'a> {
    Lock(usize, bool),
    Read,
    Write(bool),
    OnDrop(&'a [Op]),
}

/// A thread's code, and which of it is done while the thread unwinds.
#[derive(Default)]
struct Compiler {
    code: Vec<Code>,
    unwinds: Vec<bool>,
    unwinding: bool,
}

/// Where a panic goes: through these scopes, and on from where the last of these places is patched
/// to lead.
struct Around<'a> {
    scopes: Vec<Scope<'a>>,
    panics: Vec<usize>,
}

impl Compiler {
    /// The code of a thread, whose panic is caught at its end.
    fn thread(ops: &[Op]) -> Compiler {
        let mut compiler = Compiler::default();
        compiler.catching(ops);
        compiler
    }

    fn push(&mut self, code: Code) {
        self.code.push(code);
        self.unwinds.push(self.unwinding);
    }

    fn extend(&mut self, code: impl IntoIterator<Item = Code>) {
        code.into_iter().for_each(|code| self.push(code));
    }

    fn catching(&mut self, ops: &[Op]) {
        let mut around = Around { scopes: Vec::new(), panics: Vec::new() };
        self.all(ops, &mut around);
        let end = self.code.len();
        around.panics.into_iter().for_each(|at| self.code[at] = Code::Jump(end));
    }

    fn all<'a>(&mut self, ops: &'a [Op], around: &mut Around<'a>) {
        ops.iter().for_each(|op| self.one(op, around));
    }

    /// What is done while a scope is there; then what ends the scope.
    fn within<'a>(&mut self, scope: Scope<'a>, body: &'a [Op], around: &mut Around<'a>) {
        around.scopes.push(scope);
        self.all(body, around);
        around.scopes.pop();
        self.leave(scope);
    }

    fn leave(&mut self, scope: Scope<'_>) {
        match scope {
            Scope::Lock(m, unwinding) if unwinding == self.unwinding => self.push(Code::Unlock(m)),
            Scope::Lock(m, _) => self.push(Code::UnlockPoisoned(m)),
            Scope::Read => self.push(Code::ReadUnlock),
            Scope::Write(unwinding) if unwinding == self.unwinding => self.push(Code::WriteUnlock),
            Scope::Write(_) => self.push(Code::WriteUnlockPoisoned),
            Scope::OnDrop(cleanup) => {
                self.all(cleanup, &mut Around { scopes: Vec::new(), panics: Vec::new() })
            }
        }
    }

    fn one<'a>(&mut self, op: &'a Op, around: &mut Around<'a>) {
        let at = self.code.len();
        let unwinding = self.unwinding;
        match op {
            Op::Load(a) => self.push(Code::Load(*a)),
            Op::Store(a, value) => self.push(Code::Store(*a, *value)),
            Op::Add(a) => self.push(Code::Add(*a)),
            Op::Swap(a, value) => self.push(Code::Swap(*a, *value)),
            Op::Cas(a, expected, new) => self.push(Code::Cas(*a, *expected, *new)),
            Op::CasWeak(a, expected, new) => self.push(Code::CasWeak(*a, *expected, *new)),
            Op::Lock(m, body) => {
                self.push(Code::Lock(*m));
                self.within(Scope::Lock(*m, unwinding), body, around);
            }
            Op::TryLock(m, body) => {
                self.push(Code::Yield);
                self.within(Scope::Lock(*m, unwinding), body, around);
                self.code[at] = Code::TryLock(*m, self.code.len());
            }
            Op::Read(body) => {
                self.push(Code::Read);
                self.within(Scope::Read, body, around);
            }
            Op::Write(body) => {
                self.push(Code::Write);
                self.within(Scope::Write(unwinding), body, around);
            }
            Op::TryRead(body) => {
                self.push(Code::Yield);
                self.within(Scope::Read, body, around);
                self.code[at] = Code::TryRead(self.code.len());
            }
            Op::TryWrite(body) => {
                self.push(Code::Yield);
                self.within(Scope::Write(unwinding), body, around);
                self.code[at] = Code::TryWrite(self.code.len());
            }
            Op::OnDrop(cleanup, rest) => self.within(Scope::OnDrop(cleanup), rest, around),
            Op::Catch(body) => self.catching(body),
            Op::Panic => {
                self.unwinding = true;
                around.scopes.clone().into_iter().rev().for_each(|scope| self.leave(scope));
                around.panics.push(self.code.len());
                self.push(Code::Yield); // patched where the panic is caught
                self.unwinding = unwinding;
            }
            Op::If(a, body) => {
                self.push(Code::Yield);
                self.all(body, around);
                self.code[at] = Code::If(*a, self.code.len());
            }
            _ => self.flat(op, at),
        }
    }

    /// An operation without a body.
    fn flat(&mut self, op: &Op, at: usize) {
        match op {
            Op::WaitOnce => self.extend([
                Code::Lock(0),
                Code::IfTickets(at + 4),
                Code::Wait,
                Code::Wake,
                Code::Unlock(0),
            ]),
            Op::WaitTimeout => self.extend([
                Code::Lock(0),
                Code::IfTickets(at + 4),
                Code::WaitTimeout,
                Code::WakeTimeout,
                Code::Unlock(0),
            ]),
            Op::Take => self.extend([
                Code::Lock(0),
                Code::IfTickets(at + 5),
                Code::Wait,
                Code::Wake,
                Code::Jump(at + 1),
                Code::TakeTicket,
                Code::Unlock(0),
            ]),
            Op::Give(all) => {
                let notify = if *all { Code::NotifyAll } else { Code::NotifyOne };
                self.extend([Code::Lock(0), Code::GiveTicket, notify, Code::Unlock(0)]);
            }
            Op::NotifyOne => self.push(Code::NotifyOne),
            Op::NotifyAll => self.push(Code::NotifyAll),
            Op::Park => self.extend([Code::Park(at + 2), Code::Parked]),
            Op::Unpark(other) => self.push(Code::Unpark(*other)),
            Op::Join(other) => self.push(Code::Join(*other)),
            Op::Yield => self.push(Code::Yield),
            Op::Yields => self.extend([Code::Yield; 3]),
            Op::Await(a) => self.push(Code::Await(*a)),
            Op::AwaitEither => self.extend([Code::EitherFirst, Code::EitherSecond]),
            Op::Poll => self.extend([Code::Poll, Code::Unlock(0)]),
            Op::Grab(a) => self.push(Code::Grab(*a)),
            _ => unreachable!("compiled with its body"),
        }
    }
}

/// Everything that the future hangs on, and the outcome so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct State {
    pc: Vec<usize>,
    owner: [Option<usize>; 2],
    writer: Option<usize>,
    /// Of the two mutexes and the reader-writer lock.
    poisoned: [bool; 3],
    readers: BTreeSet<(usize, usize)>,
    tickets: u64,
    asleep: BTreeSet<usize>,
    /// Who was notified, and by which step; by none, if it woke for no reason.
    notified: BTreeSet<(usize, Option<(usize, usize)>)>,
    /// Threads whose weak compare-exchange failed, whose wait ended, and whose park returned, for
    /// no reason: once each.
    failed: BTreeSet<usize>,
    woke: BTreeSet<usize>,
    returned: BTreeSet<usize>,
    /// Threads whose time is over already, though they do not hold the mutex yet.
    late: BTreeSet<usize>,
    tokens: Vec<bool>,
    /// What the first load of a round saw.
    first: Vec<Seen>,
    outcome: Outcome,
}

/// What is dependent on what; numbers beyond those of the outcomes are the condition variable and
/// the tokens.
const LOCK: usize = WRITERS;
const CONDVAR: usize = 8;
const TOKENS: usize = 9;

/// What a step does to an object. Shared acquisitions and releases commute with each other and with
/// reads.
type Effect = (usize, bool);

/// A step that was done: who did it, what it did, and what it knew.
#[derive(Clone, Debug)]
struct Step {
    thread: usize,
    effects: Vec<Effect>,
    clock: Vec<u8>,
}

/// A Mazurkiewicz trace: of every thread, the vector clocks of its steps, each with the waiter that
/// was chosen.
type Class = Vec<Vec<Vec<u8>>>;

struct Machine {
    code: Vec<Vec<Code>>,
    /// Which of it is done while its thread unwinds; where that is one step with what came before,
    /// for a broken twin.
    merged: Vec<Vec<bool>>,
}

/// What an outcome shows of a lock that is poisoned.
fn poison(poisoned: bool) -> u64 {
    if poisoned { 4 } else { 0 }
}

impl Machine {
    /// Goes on to the next instruction that is a step.
    fn settle(&self, state: &mut State, t: usize) {
        loop {
            match self.code[t].get(state.pc[t]) {
                Some(Code::IfTickets(to)) => {
                    state.pc[t] = if state.tickets > 0 { *to } else { state.pc[t] + 1 }
                }
                Some(Code::GiveTicket) => {
                    state.tickets += 1;
                    state.pc[t] += 1;
                }
                Some(Code::TakeTicket) => {
                    state.tickets -= 1;
                    state.pc[t] += 1;
                }
                Some(Code::Jump(to)) => state.pc[t] = *to,
                Some(_) => return,
                None => {
                    state.outcome.finished[t] = true;
                    return;
                }
            }
        }
    }

    fn enabled(&self, state: &State, t: usize) -> bool {
        match self.code[t].get(state.pc[t]) {
            None => false,
            Some(Code::Lock(m)) => state.owner[*m].is_none(),
            Some(Code::Read) => state.writer.is_none(),
            Some(Code::Write) => state.writer.is_none() && state.readers.is_empty(),
            Some(Code::Wake) => state.owner[0].is_none() && state.notified.iter().any(|n| n.0 == t),
            Some(Code::WakeTimeout) => state.owner[0].is_none(),
            Some(Code::Parked) => state.tokens[t],
            Some(Code::Join(other)) => state.outcome.finished[*other],
            Some(Code::Await(a)) => state.outcome.values[*a] != 0,
            Some(Code::EitherSecond) => state.first[t].0 != 0 || state.outcome.values[1] != 0,
            Some(Code::Poll) => state.owner[0].is_none() && state.tickets > 0,
            Some(Code::Grab(a)) => state.outcome.values[*a] == 0,
            Some(_) => true,
        }
    }

    /// Whether a round has found nothing, though the next one would find something.
    fn would_look_again(&self, state: &State, t: usize) -> bool {
        self.code[t].get(state.pc[t]) == Some(&Code::EitherSecond) && state.outcome.values[0] != 0
    }

    /// How many ways the thread's next step has.
    fn choices(&self, state: &State, t: usize) -> usize {
        match self.code[t][state.pc[t]] {
            Code::NotifyOne => state.asleep.len().max(1),
            Code::CasWeak(a, expected, _) if state.outcome.values[a] == expected => {
                2 - usize::from(state.failed.contains(&t))
            }
            Code::Wait => 2 - usize::from(state.woke.contains(&t)),
            Code::Park(_) => 2 - usize::from(state.returned.contains(&t)),
            Code::WaitTimeout => 2,
            _ => 1,
        }
    }

    /// Does the thread's next step: what it did to which objects, and a step that enabled it.
    fn step(
        &self,
        state: &mut State,
        t: usize,
        choice: usize,
        number: usize,
    ) -> (Vec<Effect>, Option<(usize, usize)>) {
        let code = self.code[t][state.pc[t]];
        state.pc[t] += 1;
        let mut cause = None;
        let out = &mut state.outcome;
        let effects = match code {
            Code::Load(a) | Code::Await(a) | Code::If(a, _) => {
                let value = out.values[a];
                out.saw(t, ATOMICS + a, value);
                if let (Code::If(_, to), 0) = (code, value) {
                    state.pc[t] = to;
                }
                vec![(ATOMICS + a, false)]
            }
            Code::EitherFirst => {
                state.first[t] = out.seeing(ATOMICS, out.values[0]);
                vec![(ATOMICS, false)]
            }
            Code::EitherSecond => {
                out.logs[t].push(state.first[t]);
                out.saw(t, ATOMICS + 1, out.values[1]);
                vec![(ATOMICS + 1, false)]
            }
            Code::Grab(a) => {
                out.wrote(t, a, 0, 1);
                vec![(ATOMICS + a, true)]
            }
            Code::Store(a, value) => {
                out.wrote(t, a, value, value);
                vec![(ATOMICS + a, true)]
            }
            Code::Add(a) => {
                out.wrote(t, a, out.values[a], out.values[a] + 1);
                vec![(ATOMICS + a, true)]
            }
            Code::Swap(a, value) => {
                out.wrote(t, a, out.values[a], value);
                vec![(ATOMICS + a, true)]
            }
            Code::Cas(a, expected, new) | Code::CasWeak(a, expected, new) => {
                let old = out.values[a];
                let succeeds = old == expected && choice == 0;
                if succeeds {
                    out.wrote(t, a, old, new)
                } else {
                    out.saw(t, ATOMICS + a, old)
                }
                if choice == 1 {
                    state.failed.insert(t);
                }
                vec![(ATOMICS + a, succeeds)]
            }
            Code::Poll => {
                state.owner[0] = Some(t);
                out.changed(t, MUTEXES, 1);
                vec![(MUTEXES, true)]
            }
            Code::Lock(m) => {
                state.owner[m] = Some(t);
                out.changed(t, MUTEXES + m, 1 + poison(state.poisoned[m]));
                vec![(MUTEXES + m, true)]
            }
            Code::TryLock(m, to) => {
                let free = state.owner[m].is_none();
                if free {
                    state.owner[m] = Some(t);
                    out.changed(t, MUTEXES + m, 1 + poison(state.poisoned[m]));
                } else {
                    out.saw(t, MUTEXES + m, 0);
                    state.pc[t] = to;
                }
                vec![(MUTEXES + m, free)]
            }
            Code::Unlock(m) | Code::UnlockPoisoned(m) => {
                state.poisoned[m] |= code == Code::UnlockPoisoned(m);
                state.owner[m] = None;
                vec![(MUTEXES + m, true)]
            }
            Code::Read | Code::TryRead(_) => {
                if let (Code::TryRead(to), true) = (code, state.writer.is_some()) {
                    out.saw(t, WRITERS, 0);
                    state.pc[t] = to;
                } else {
                    state.readers.insert((t, number));
                    out.saw(t, WRITERS, 1 + poison(state.poisoned[2]));
                    out.versions[READERS] += 1;
                }
                vec![(LOCK, false)]
            }
            Code::Write | Code::TryWrite(_) => {
                if let (Code::TryWrite(to), true) =
                    (code, state.writer.is_some() || !state.readers.is_empty())
                {
                    out.saw(t, READERS, 0);
                    out.saw(t, WRITERS, 0);
                    state.pc[t] = to;
                    vec![(LOCK, state.writer.is_none())]
                } else {
                    state.writer = Some(t);
                    out.saw(t, READERS, 1);
                    out.changed(t, WRITERS, 1 + poison(state.poisoned[2]));
                    vec![(LOCK, true)]
                }
            }
            Code::ReadUnlock => {
                let mine = *state.readers.iter().rfind(|r| r.0 == t).expect("held");
                state.readers.remove(&mine);
                vec![(LOCK, false)]
            }
            Code::WriteUnlock | Code::WriteUnlockPoisoned => {
                state.poisoned[2] |= code == Code::WriteUnlockPoisoned;
                state.writer = None;
                vec![(LOCK, true)]
            }
            Code::Wait if choice == 1 => {
                state.owner[0] = None;
                state.woke.insert(t);
                state.notified.insert((t, None));
                vec![(MUTEXES, true)]
            }
            Code::WaitTimeout if choice == 1 => {
                state.owner[0] = None;
                state.late.insert(t);
                vec![(MUTEXES, true)]
            }
            Code::Wait | Code::WaitTimeout => {
                state.owner[0] = None;
                state.asleep.insert(t);
                vec![(CONDVAR, true), (MUTEXES, true)]
            }
            Code::Wake | Code::WakeTimeout => {
                let mine = state.notified.iter().find(|n| n.0 == t).copied();
                if let Some(mine) = &mine {
                    state.notified.remove(mine);
                }
                cause = mine.and_then(|mine| mine.1);
                state.owner[0] = Some(t);
                let timed_out = state.asleep.remove(&t);
                let timeout = u64::from(timed_out || state.late.remove(&t));
                out.changed(t, MUTEXES, 2 + timeout + poison(state.poisoned[0]));
                if timed_out {
                    vec![(CONDVAR, true), (MUTEXES, true)]
                } else {
                    vec![(MUTEXES, true)]
                }
            }
            Code::NotifyOne | Code::NotifyAll => {
                let all = code == Code::NotifyAll;
                let woken: Vec<usize> = if all {
                    state.asleep.iter().copied().collect()
                } else {
                    state.asleep.iter().nth(choice).copied().into_iter().collect()
                };
                for waiter in &woken {
                    state.asleep.remove(waiter);
                    state.notified.insert((*waiter, Some((t, number))));
                }
                vec![(CONDVAR, !woken.is_empty())]
            }
            Code::Park(to) => {
                if choice == 1 {
                    state.returned.insert(t);
                    out.logs[t].push((1, 0));
                    state.pc[t] = to;
                }
                Vec::new()
            }
            Code::Parked => {
                state.tokens[t] = false;
                out.logs[t].push((1, 0));
                vec![(TOKENS + t, true)]
            }
            Code::Unpark(other) => {
                state.tokens[other] = true;
                vec![(TOKENS + other, true)]
            }
            Code::Join(_) | Code::Yield => Vec::new(),
            Code::IfTickets(_) | Code::GiveTicket | Code::TakeTicket | Code::Jump(_) => {
                unreachable!("no step")
            }
        };
        self.settle(state, t);
        (effects, cause)
    }
}

/// What there is to be found.
pub(crate) struct Found {
    pub(crate) outcomes: BTreeSet<Outcome>,
    /// How many Mazurkiewicz traces.
    pub(crate) traces: u64,
    /// How many of them do not come to their end.
    pub(crate) stuck: u64,
}

/// Enumerates the program; `None` if that takes more prefixes than `most`.
pub(crate) fn enumerate(program: &Program, most: usize) -> Option<Found> {
    let threads = program.0.iter().map(|ops| Compiler::thread(ops).code);
    search(program, &Machine { code: threads.collect(), merged: Vec::new() }, most)
}

/// A broken twin of [`enumerate`], for which nobody comes in between while a thread unwinds.
pub(crate) fn enumerate_merged(program: &Program, most: usize) -> Option<Found> {
    let (code, merged) =
        program.0.iter().map(|ops| Compiler::thread(ops)).map(|c| (c.code, c.unwinds)).unzip();
    search(program, &Machine { code, merged }, most)
}

fn search(program: &Program, machine: &Machine, most: usize) -> Option<Found> {
    let threads = program.0.len();
    let mut start = State {
        pc: vec![0; threads],
        tokens: vec![false; threads],
        first: vec![(0, 0); threads],
        outcome: Outcome::new(threads),
        ..State::default()
    };
    (0..threads).for_each(|t| machine.settle(&mut start, t));
    let mut found = Found { outcomes: BTreeSet::new(), traces: 0, stuck: 0 };
    let mut prefixes: HashMap<Class, (State, Vec<Step>)> = HashMap::new();
    prefixes.insert(vec![Vec::new(); threads], (start, Vec::new()));
    let mut visited = 0;
    while !prefixes.is_empty() {
        let mut longer: HashMap<Class, (State, Vec<Step>)> = HashMap::new();
        for (class, (state, steps)) in prefixes {
            let mut enabled: Vec<usize> =
                (0..threads).filter(|t| machine.enabled(&state, *t)).collect();
            let unwinds = |t: &usize| {
                machine.merged.get(*t).is_some_and(|m| m.get(state.pc[*t]) == Some(&true))
            };
            if let Some(alone) = enabled.iter().copied().find(unwinds) {
                enabled = vec![alone];
            }
            if enabled.is_empty() && (0..threads).any(|t| machine.would_look_again(&state, t)) {
                continue; // with later loads instead, it is another interleaving
            }
            if enabled.is_empty() {
                found.traces += 1;
                found.stuck += u64::from(state.outcome.is_stuck());
                found.outcomes.insert(state.outcome);
                continue;
            }
            for t in enabled {
                for choice in 0..machine.choices(&state, t) {
                    visited += 1;
                    let (class, next) = extended(machine, &class, &state, &steps, t, choice);
                    match longer.get(&class) {
                        Some(known) => assert_eq!(
                            known.0, next.0,
                            "dependent steps were taken for independent ones"
                        ),
                        None => drop(longer.insert(class, next)),
                    }
                }
            }
            if visited > most {
                return None;
            }
        }
        prefixes = longer;
    }
    Some(found)
}

fn extended(
    machine: &Machine,
    class: &Class,
    state: &State,
    steps: &[Step],
    t: usize,
    choice: usize,
) -> (Class, (State, Vec<Step>)) {
    let (mut class, mut state, mut steps) = (class.clone(), state.clone(), steps.to_vec());
    let number = class[t].len();
    let (effects, cause) = machine.step(&mut state, t, choice, number);
    let mut clock = class[t].last().cloned().unwrap_or_else(|| vec![0; class.len()]);
    clock.truncate(class.len());
    let mut join = |other: &[u8]| {
        clock.iter_mut().zip(other).for_each(|(mine, theirs)| *mine = (*mine).max(*theirs))
    };
    for step in &steps {
        let dependent = |a: &Effect| effects.iter().any(|b| a.0 == b.0 && (a.1 || b.1));
        if step.thread != t && step.effects.iter().any(dependent) {
            join(&step.clock);
        }
    }
    if let Some((thread, number)) = cause {
        join(&class[thread][number]);
    }
    clock[t] = number as u8 + 1;
    // the choice is part of what the step is
    class[t].push(clock.iter().copied().chain([choice as u8]).collect());
    steps.push(Step { thread: t, effects, clock });
    (class, (state, steps))
}
