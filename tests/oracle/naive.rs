//! The independent enumerator: a plain interpreter of a program, and every interleaving of it.
//!
//! Nothing of the explorer's reasoning is used: no races, no sleep sets, no backtracking. All prefixes of all
//! interleavings are enumerated, one length after the other; two prefixes are taken for one only if they have the
//! same state *and* the same Mazurkiewicz trace (the partial order that dependent steps form, as one vector clock a
//! step). That equal traces have equal states is asserted: so the dependency relation itself is checked too.
//!
//! Two steps are dependent if they share an object and one of them changes it. Changes: stores, successful
//! read-modify-writes; acquisitions and releases of a mutex; for a reader-writer lock those of a writer, while readers
//! commute with each other; waits, notifications that reach somebody; parks and unparks. Reads: loads, failed
//! compare-exchanges, failed attempts at a lock, notifications that nobody heard. An attempt to write that fails
//! because of *readers* is a change: it does not commute with their release. A wake that was notified touches only the
//! mutex, and comes after its notification; one that timed out leaves the condition variable, which is a change. Time
//! may be over at once, or at any later moment. A wait that ends for no reason touches only the mutex; a park that does
//! touches nothing, and leaves the token where it is. Weak compare-exchanges, waits and parks are served for no reason
//! once each in a thread, because all of a thread's stand at one place of the source. Of a loop that spins there is the
//! last round, the one that ends it: those before it change nothing.

use crate::outcome::{ATOMICS, MUTEXES, Outcome, READERS, Seen, WRITERS};
use crate::program::{Op, Program};
use std::collections::{BTreeSet, HashMap};

/// An instruction of the flat code that a thread's operations are compiled to; jumps are to places in the code.
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
    Read,
    Write,
    TryRead(usize),
    TryWrite(usize),
    ReadUnlock,
    WriteUnlock,
    Wait,
    Wake,
    /// The two steps of a wait that a timeout may end.
    WaitTimeout,
    WakeTimeout,
    NotifyOne,
    NotifyAll,
    /// The two steps of a park: whether it returns for no reason, to the second place if it does; and the other kind.
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

fn compile(ops: &[Op], code: &mut Vec<Code>) {
    for op in ops {
        let at = code.len();
        match op {
            Op::Load(a) => code.push(Code::Load(*a)),
            Op::Store(a, value) => code.push(Code::Store(*a, *value)),
            Op::Add(a) => code.push(Code::Add(*a)),
            Op::Swap(a, value) => code.push(Code::Swap(*a, *value)),
            Op::Cas(a, expected, new) => code.push(Code::Cas(*a, *expected, *new)),
            Op::CasWeak(a, expected, new) => code.push(Code::CasWeak(*a, *expected, *new)),
            Op::Lock(m, body) => section(code, Code::Lock(*m), body, Code::Unlock(*m)),
            Op::TryLock(m, body) => {
                section(code, Code::Yield, body, Code::Unlock(*m));
                code[at] = Code::TryLock(*m, code.len());
            }
            Op::Read(body) => section(code, Code::Read, body, Code::ReadUnlock),
            Op::Write(body) => section(code, Code::Write, body, Code::WriteUnlock),
            Op::TryRead(body) => {
                section(code, Code::Yield, body, Code::ReadUnlock);
                code[at] = Code::TryRead(code.len());
            }
            Op::TryWrite(body) => {
                section(code, Code::Yield, body, Code::WriteUnlock);
                code[at] = Code::TryWrite(code.len());
            }
            Op::WaitOnce => {
                code.extend([Code::Lock(0), Code::IfTickets(at + 4), Code::Wait, Code::Wake, Code::Unlock(0)])
            }
            Op::WaitTimeout => code.extend([
                Code::Lock(0),
                Code::IfTickets(at + 4),
                Code::WaitTimeout,
                Code::WakeTimeout,
                Code::Unlock(0),
            ]),
            Op::Take => code.extend([
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
                code.extend([Code::Lock(0), Code::GiveTicket, notify, Code::Unlock(0)]);
            }
            Op::NotifyOne => code.push(Code::NotifyOne),
            Op::NotifyAll => code.push(Code::NotifyAll),
            Op::Park => code.extend([Code::Park(at + 2), Code::Parked]),
            Op::Unpark(other) => code.push(Code::Unpark(*other)),
            Op::Join(other) => code.push(Code::Join(*other)),
            Op::If(a, body) => {
                code.push(Code::Yield);
                compile(body, code);
                code[at] = Code::If(*a, code.len());
            }
            Op::Yield => code.push(Code::Yield),
            Op::Yields => code.extend([Code::Yield; 3]),
            Op::Await(a) => code.push(Code::Await(*a)),
            Op::AwaitEither => code.extend([Code::EitherFirst, Code::EitherSecond]),
            Op::Poll => code.extend([Code::Poll, Code::Unlock(0)]),
            Op::Grab(a) => code.push(Code::Grab(*a)),
        }
    }
}

fn section(code: &mut Vec<Code>, enter: Code, body: &[Op], leave: Code) {
    code.push(enter);
    compile(body, code);
    code.push(leave);
}

/// Everything that the future hangs on, and the outcome so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct State {
    pc: Vec<usize>,
    owner: [Option<usize>; 2],
    writer: Option<usize>,
    readers: BTreeSet<(usize, usize)>,
    tickets: u64,
    asleep: BTreeSet<usize>,
    /// Who was notified, and by which step; by none, if it woke for no reason.
    notified: BTreeSet<(usize, Option<(usize, usize)>)>,
    /// Threads whose weak compare-exchange failed, whose wait ended, and whose park returned, for no reason: once each.
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

/// What is dependent on what; numbers beyond those of the outcomes are the condition variable and the tokens.
const LOCK: usize = WRITERS;
const CONDVAR: usize = 8;
const TOKENS: usize = 9;

/// What a step does to an object. Shared acquisitions and releases commute with each other and with reads.
type Effect = (usize, bool);

/// A step that was done: who did it, what it did, and what it knew.
#[derive(Clone, Debug)]
struct Step {
    thread: usize,
    effects: Vec<Effect>,
    clock: Vec<u8>,
}

/// A Mazurkiewicz trace: of every thread, the vector clocks of its steps, each with the waiter that was chosen.
type Class = Vec<Vec<Vec<u8>>>;

struct Machine {
    code: Vec<Vec<Code>>,
}

impl Machine {
    /// Goes on to the next instruction that is a step.
    fn settle(&self, state: &mut State, t: usize) {
        loop {
            match self.code[t].get(state.pc[t]) {
                Some(Code::IfTickets(to)) => state.pc[t] = if state.tickets > 0 { *to } else { state.pc[t] + 1 },
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
    fn step(&self, state: &mut State, t: usize, choice: usize, number: usize) -> (Vec<Effect>, Option<(usize, usize)>) {
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
                out.changed(t, MUTEXES + m, 1);
                vec![(MUTEXES + m, true)]
            }
            Code::TryLock(m, to) => {
                let free = state.owner[m].is_none();
                if free {
                    state.owner[m] = Some(t);
                    out.changed(t, MUTEXES + m, 1);
                } else {
                    out.saw(t, MUTEXES + m, 0);
                    state.pc[t] = to;
                }
                vec![(MUTEXES + m, free)]
            }
            Code::Unlock(m) => {
                state.owner[m] = None;
                vec![(MUTEXES + m, true)]
            }
            Code::Read | Code::TryRead(_) => {
                if let (Code::TryRead(to), true) = (code, state.writer.is_some()) {
                    out.saw(t, WRITERS, 0);
                    state.pc[t] = to;
                } else {
                    state.readers.insert((t, number));
                    out.saw(t, WRITERS, 1);
                    out.versions[READERS] += 1;
                }
                vec![(LOCK, false)]
            }
            Code::Write | Code::TryWrite(_) => {
                if let (Code::TryWrite(to), true) = (code, state.writer.is_some() || !state.readers.is_empty()) {
                    out.saw(t, READERS, 0);
                    out.saw(t, WRITERS, 0);
                    state.pc[t] = to;
                    vec![(LOCK, state.writer.is_none())]
                } else {
                    state.writer = Some(t);
                    out.saw(t, READERS, 1);
                    out.changed(t, WRITERS, 1);
                    vec![(LOCK, true)]
                }
            }
            Code::ReadUnlock => {
                let mine = *state.readers.iter().rfind(|r| r.0 == t).expect("held");
                state.readers.remove(&mine);
                vec![(LOCK, false)]
            }
            Code::WriteUnlock => {
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
                out.changed(t, MUTEXES, 2 + u64::from(timed_out || state.late.remove(&t)));
                if timed_out { vec![(CONDVAR, true), (MUTEXES, true)] } else { vec![(MUTEXES, true)] }
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
            Code::IfTickets(_) | Code::GiveTicket | Code::TakeTicket | Code::Jump(_) => unreachable!("no step"),
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
    let threads = program.0.len();
    let code = program.0.iter().map(|ops| {
        let mut code = Vec::new();
        compile(ops, &mut code);
        code
    });
    let machine = Machine { code: code.collect() };
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
            let enabled: Vec<usize> = (0..threads).filter(|t| machine.enabled(&state, *t)).collect();
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
                    let (class, next) = extended(&machine, &class, &state, &steps, t, choice);
                    match longer.get(&class) {
                        Some(known) => assert_eq!(known.0, next.0, "dependent steps were taken for independent ones"),
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
    let mut join = |other: &[u8]| clock.iter_mut().zip(other).for_each(|(mine, theirs)| *mine = (*mine).max(*theirs));
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
