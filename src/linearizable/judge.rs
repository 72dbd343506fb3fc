//! The judge of a scenario's executions: derives the histories of each, and checks every distinct
//! one once.

use super::draw;
use super::fault::Fault;
use super::history::{Bounds, Execution, Times, by_the_clock, history};
use super::model::{Call, Log};
use super::subject::{Op, Ret, Subject};
use crate::execution::{Ending, Engine, Pulse, World};
use crate::explore::Judge;
use crate::linearize::{self, Criterion, History, Precedence, order_of};
use crate::scenario::Scenario;
use crate::trace::ThreadId;
use crate::verdict::{Bound, Explorer, Kind};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The most configurations that the check of one history may visit. Histories of scenarios are
/// short.
const CONFIGURATIONS: u64 = 1_000_000;

/// The criterion under which the order between threads is irrelevant.
const SEQUENTIAL: Criterion = Criterion::SequentiallyConsistent;

/// What every history is checked against.
pub(super) struct Question<S: Subject> {
    pub(super) specification: S::Specification,
    pub(super) criterion: Criterion,
}

/// What has been found out about a scenario.
pub(super) struct Court<S: Subject> {
    question: Arc<Question<S>>,
    ops: Vec<Op<S>>,
    log: Arc<Log<Ret<S>>>,
    state: Mutex<State<S>>,
}

struct State<S: Subject> {
    /// The distinct histories by digest, and whether they meet the criterion.
    histories: HashMap<Digest, Vec<Entry<S>>>,
    distinct: u64,
    /// The executions whose equivalents all meet the criterion.
    right: HashMap<(bool, Bounds, String), Vec<Rets<S>>>,
    incomplete: bool,
    /// The faults by the message of the execution.
    faults: HashMap<String, Fault<S>>,
}

/// The hashable parts of a history: whether it is stuck, its times, its precedence, and its values
/// as text.
type Digest = (bool, Times, Precedence, String);

/// What the operations returned, in the order of the scenario.
type Rets<S> = Vec<Option<Ret<S>>>;

struct Entry<S: Subject> {
    rets: Rets<S>,
    answer: Answer<S>,
}

enum Answer<S: Subject> {
    Right,
    Unknown(u64),
    Wrong(Arc<Fault<S>>),
}

impl<S: Subject> Clone for Answer<S> {
    fn clone(&self) -> Self {
        match self {
            Answer::Right => Answer::Right,
            Answer::Unknown(configurations) => Answer::Unknown(*configurations),
            Answer::Wrong(fault) => Answer::Wrong(Arc::clone(fault)),
        }
    }
}

impl<S: Subject> Court<S> {
    pub(super) fn new(
        question: Arc<Question<S>>,
        scenario: &Scenario<Op<S>>,
        log: Arc<Log<Ret<S>>>,
    ) -> Arc<Self> {
        let ops = scenario.operations().map(|(_, op)| op.clone()).collect();
        let state = State {
            histories: HashMap::new(),
            distinct: 0,
            right: HashMap::new(),
            incomplete: false,
            faults: HashMap::new(),
        };
        Arc::new(Court { question, ops, log, state: Mutex::new(state) })
    }

    /// Returns the judge of this scenario's executions.
    pub(super) fn judge(self: &Arc<Self>) -> Judge {
        let court = Arc::clone(self);
        Judge(Arc::new(move |explorer, world| court.hear(explorer, world)))
    }

    /// Returns the number of distinct histories.
    pub(super) fn histories(&self) -> u64 {
        self.state().distinct
    }

    /// Whether some equivalent orders were left out.
    pub(super) fn is_incomplete(&self) -> bool {
        self.state().incomplete
    }

    /// Returns the fault of the execution that failed with this message.
    pub(super) fn fault(&self, message: &str) -> Option<Fault<S>> {
        self.state().faults.get(message).cloned()
    }

    fn state(&self) -> MutexGuard<'_, State<S>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hear(&self, explorer: Explorer, world: &mut World) {
        let calls = self.log.take();
        let stuck = world.ending.is_some();
        if stuck && calls.iter().all(|call| call.to.is_some()) {
            return; // it hangs, and none of the operations does
        }
        let pulse = Arc::clone(&world.rules.pulse);
        let found = match world.rules.engine {
            Engine::Std => self.ask(&pulse, &calls, &by_the_clock(&calls), None, stuck),
            // real time is happens-before
            Engine::Shuttle | Engine::Loom if world.rules.is_weak() => {
                let execution = Execution::new(world, &calls);
                self.ask(
                    &pulse,
                    &calls,
                    &execution.as_it_ran().times,
                    Some(execution.precedence()),
                    stuck,
                )
            }
            Engine::Shuttle | Engine::Loom => {
                let execution = Execution::new(world, &calls);
                let ran = self.ask(&pulse, &calls, &execution.as_it_ran().times, None, stuck);
                match ran {
                    // of what nothing is seen, not even that it is done, nothing says that it could
                    // be in another order
                    _ if world
                        .log
                        .trace
                        .events
                        .iter()
                        .all(|event| event.thread == ThreadId::MAIN) =>
                    {
                        ran
                    }
                    // a depth-first search comes by the other orders by itself, as far as
                    // operations have events
                    Answer::Right
                        if self.question.criterion != SEQUENTIAL
                            && (explorer != Explorer::Dfs || execution.has_silent_calls()) =>
                    {
                        let (answer, responses) =
                            self.ask_all(&pulse, &calls, &execution.bounds(), stuck);
                        if let Some(responses) = responses {
                            let trace = execution.reordered(&responses);
                            world.log.trace = trace;
                        }
                        answer
                    }
                    _ => ran,
                }
            }
        };
        world.ending = match found {
            Answer::Right => None,
            Answer::Unknown(configurations) => {
                Some(Ending::Unknown(Bound::Configurations(configurations)))
            }
            Answer::Wrong(fault) => Some(self.ending(&fault, world.ending.take())),
        };
    }

    /// Returns the ending of an execution with this fault.
    fn ending(&self, fault: &Fault<S>, was: Option<Ending>) -> Ending {
        let drawn = draw::history::<S>(fault, self.question.criterion);
        let (kind, message, location) = match was {
            Some(Ending::Violation { kind, message, location, .. }) => {
                (kind, format!("{message}\n{drawn}"), location)
            }
            _ => (Kind::NotLinearizable, drawn, None),
        };
        self.state().faults.insert(message.clone(), fault.clone());
        Ending::Violation { kind, message, location, conflict: None }
    }

    /// Checks the histories of all equivalent executions. Returns the first wrong one and the order
    /// of its responses.
    fn ask_all(
        &self,
        pulse: &Pulse,
        calls: &[Call<Ret<S>>],
        bounds: &Bounds,
        stuck: bool,
    ) -> (Answer<S>, Option<Vec<usize>>) {
        let (order, rets, words) = in_order(calls);
        let digest = (stuck, bounds.sorted(&order), words);
        if self.state().right.get(&digest).is_some_and(|all| all.contains(&rets)) {
            return (Answer::Right, None);
        }
        let (orders, complete) = bounds.strongest();
        self.state().incomplete |= !complete;
        for order in orders {
            match self.ask(pulse, calls, &order.times, None, stuck) {
                Answer::Right => {}
                answer => return (answer, Some(order.responses)),
            }
        }
        self.state().right.entry(digest).or_default().push(rets);
        (Answer::Right, None)
    }

    /// Checks a history, unless it was checked before.
    fn ask(
        &self,
        pulse: &Pulse,
        calls: &[Call<Ret<S>>],
        times: &Times,
        weak: Option<Precedence>,
        stuck: bool,
    ) -> Answer<S> {
        let (order, rets, words) = in_order(calls);
        // where precedence is given, nobody can observe the times
        let timed = order.iter().filter(|_| weak.is_none());
        let sorted: Times = timed.map(|index| times[*index]).collect();
        let precedence = weak.clone().unwrap_or_default();
        let precedence: Vec<u64> =
            order.iter().filter_map(|index| precedence.get(*index).copied()).collect();
        let digest = (stuck, sorted, precedence, words);
        if let Some(entries) = self.state().histories.get(&digest)
            && let Some(entry) = entries.iter().find(|entry| entry.rets == rets)
        {
            return entry.answer.clone();
        }
        pulse.beat(); // one history may take long, all of them longer than anybody has patience
        let answer = self.check(history(calls, &self.ops, times, stuck), weak);
        let mut state = self.state();
        state.distinct += 1;
        state.histories.entry(digest).or_default().push(Entry { rets, answer: answer.clone() });
        answer
    }

    fn check(&self, history: History<Op<S>, Ret<S>>, weak: Option<Precedence>) -> Answer<S> {
        let Question { specification, criterion } = &*self.question;
        if history.operations.is_empty() {
            return Answer::Right; // a scenario without operations: it is the explorers' to say so
        }
        let verdict = match weak {
            Some(precedence) if *criterion == Criterion::Linearizable => {
                linearize::check_under(specification, &history, &precedence, CONFIGURATIONS)
            }
            _ => linearize::check(specification, &history, *criterion, CONFIGURATIONS),
        };
        match verdict {
            linearize::Verdict::Holds(_) => Answer::Right,
            linearize::Verdict::Violated(explanation) => {
                Answer::Wrong(Arc::new(Fault { history, explanation }))
            }
            linearize::Verdict::Unknown { configurations } => Answer::Unknown(configurations),
        }
    }
}

/// Returns the calls in the order of the scenario (threads record them as they come), their return
/// values, and a digest of both.
fn in_order<R: Clone + std::fmt::Debug>(calls: &[Call<R>]) -> (Vec<usize>, Vec<Option<R>>, String) {
    let places: Vec<usize> = calls.iter().map(|call| call.operation).collect();
    let order = order_of(&places);
    let rets: Vec<Option<R>> =
        order.iter().map(|index| calls[*index].to.as_ref().map(|(_, ret)| ret.clone())).collect();
    let called: Vec<usize> = order.iter().map(|index| calls[*index].operation).collect();
    let words = format!("{called:?} {rets:?}");
    (order, rets, words)
}
