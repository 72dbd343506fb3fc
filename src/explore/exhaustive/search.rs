//! The search: depth first over the points of the current execution.

use super::log::{Race, Step, StepLog};
use super::node::Node;
use super::race::Later;
use super::spin::Spins;
use super::wakeup::{Branch, Sleeper};
use crate::execution::data::values;
use crate::execution::{Ending, Offers, Pending, Point, Seen, Strategy, ThreadState, Waits, World};
use crate::explore::estimate::share;
use crate::vocabulary::trace::{Operation, ThreadId};
use crate::vocabulary::verdict::Bound;
use smallvec::SmallVec;

/// The search: the current execution is its stack.
#[derive(Debug, Default)]
pub(in crate::explore) struct Exhaustive {
    stack: Vec<Node>,
    depth: usize,
    started: bool,
    /// What to explore after the last point of the stack.
    guide: Vec<Branch>,
    log: StepLog,
    /// How many steps of the log are kept from the last execution, and how many steps this
    /// execution has had.
    kept: usize,
    steps: usize,
    spins: Spins,
    /// The rest of this execution is already known: it only runs to its end.
    blocked: bool,
    /// The pending operations when no thread could run except by a timeout.
    stuck: Vec<(ThreadId, Pending)>,
    /// What was left out.
    caveat: Option<Bound>,
    diverged: Option<String>,
}

impl Exhaustive {
    /// The thread that runs next at a point that is explored for the first time.
    fn first(&mut self, point: &Point<'_>, sleep: &[Sleeper]) -> Option<ThreadId> {
        let asleep = |t: ThreadId| sleep.iter().any(|s| s.thread == t);
        // a sleeper's choices are unchanged: anything that could change them would have woken it
        let has_choice_left = |t: ThreadId| {
            let of = || sleep.iter().filter(|s| s.thread == t);
            of().all(|s| s.choice.is_some_and(|choice| of().count() < choice.of as usize))
        };
        let awake: SmallVec<[ThreadId; 8]> =
            point.enabled.iter().copied().filter(|t| !asleep(*t)).collect();
        // The running thread comes first, because a switch is expensive: a thread just spawned, or
        // else the thread of the last event. Then comes the youngest, because the oldest often only
        // joins the others. A thread with some choices asleep comes last: it would hide what
        // conflicts with those.
        let started = self.log.steps.last().and_then(|step| match step.done.operation {
            Operation::Spawn(child) => Some(child),
            _ => None,
        });
        let mut running = started.into_iter().chain(point.current);
        running
            .find(|t| awake.contains(t))
            .or(awake.last().copied())
            .or_else(|| point.enabled.iter().copied().find(|t| has_choice_left(*t)))
    }

    /// The thread to run here, and its choice, if the tree plans one. It may be a spinning thread,
    /// if that thread ran in the execution that led to the plan.
    fn planned(
        &mut self,
        point: &Point<'_>,
        tree: &mut Vec<Branch>,
    ) -> Option<(ThreadId, Option<u32>)> {
        let mut branch = (!tree.is_empty()).then(|| tree.remove(0))?;
        if point.only_timeouts || !point.enabled.contains(&branch.thread) {
            self.diverged =
                Some(format!("after the same choices, thread {} could not go on", branch.thread.0));
        }
        self.guide = std::mem::take(&mut branch.children);
        Some((branch.thread, branch.choice.map(|choice| choice.taken)))
    }

    /// The enabled threads that are not delayed. If all are delayed, it is the one that ran the
    /// longest time ago, so that a loop that counts its rounds ends. `None` means all threads.
    fn productive(&mut self, point: &Point<'_>) -> Option<Vec<ThreadId>> {
        if self.spins.is_empty() {
            return None;
        }
        let (spins, log) = (&self.spins, &self.log);
        let delayed = |t: &ThreadId| spins.delays(log, *t, point.pending(*t));
        if !point.enabled.iter().any(delayed) {
            return None;
        }
        let threads = || point.enabled.iter().copied();
        if threads().any(|t| spins.is_cut(log, t, point.pending(t))) {
            self.caveat = Some(Bound::Spins);
        }
        let mut free: Vec<ThreadId> = threads().filter(|t| !delayed(t)).collect();
        if free.is_empty() {
            free.extend(threads().min_by_key(|t| log.of(*t).last()));
        }
        Some(free)
    }
}

impl Exhaustive {
    /// Takes one of the options of the step that is due, and plans the others.
    fn takes(&mut self, options: impl DoubleEndedIterator<Item = u32>) -> u32 {
        let Some(node) =
            self.depth.checked_sub(1).filter(|_| !self.blocked).map(|at| &mut self.stack[at])
        else {
            return 0;
        };
        let mut free: Vec<u32> = options.rev().collect();
        node.options = free.len() as u32;
        if let Some(choice) = node.choice {
            return choice;
        }
        free.retain(|option| !node.taken.contains(&(node.thread, *option)));
        let choice = free.pop().unwrap_or(0);
        node.choice = Some(choice);
        node.alternatives = free;
        choice
    }

    /// Registers a step that is new in this place.
    fn push(&mut self, world: &World, thread: ThreadId, pending: &Pending, seen: &Seen) {
        if matches!(pending.waits, Waits::Releasing { timeout: true, .. }) && !pending.spurious {
            // a second timeout at this place: it fires when no other thread can run
            self.caveat = Some(Bound::Spins);
        }
        let choice = self.stack[self.log.steps.len()].chosen();
        let causes = match pending.waits {
            // all that was done before the time has come
            Waits::Until(end) | Waits::WokenUntil(end) => {
                self.log.latest_before(world.turns.time.steps_before(end))
            }
            _ => self.spins.causes(&self.log, thread, pending),
        };
        self.log.push(world, thread, pending, seen, choice, &causes);
    }
}

/// Why an execution is not the one that it should repeat.
#[cold]
fn another_operation(pending: &Pending) -> String {
    let (operation, location) = (pending.operation.name(), pending.location);
    format!("after the same choices, there was another operation: {operation} at {location}")
}

impl Strategy for Exhaustive {
    fn begin(&mut self) -> bool {
        self.depth = 0;
        self.steps = 0;
        self.blocked = false;
        self.stuck.clear();
        self.spins.clear();
        if !std::mem::replace(&mut self.started, true) {
            return true;
        }
        while let Some(top) = self.stack.len().checked_sub(1) {
            let Some(step) = self.log.steps.get(top) else {
                self.stack.pop(); // it was not done: the execution ended there
                continue;
            };
            let (node, act) = (&mut self.stack[top], step.done.clone());
            node.explored += 1;
            node.taken.extend(node.choice.map(|choice| (node.thread, choice)));
            let choice = node.chosen();
            node.sleep.push(Sleeper { thread: node.thread, act, choice });
            if let Some(alternative) = node.alternatives.pop() {
                node.choice = Some(alternative);
                self.guide.clear();
                break;
            }
            if !node.tree.is_empty() {
                let mut branch = node.tree.remove(0);
                node.thread = branch.thread;
                node.choice = branch.choice.map(|choice| choice.taken);
                node.options = 1;
                self.guide = std::mem::take(&mut branch.children);
                break;
            }
            self.stack.pop();
        }
        let Some(kept) = self.stack.len().checked_sub(1) else { return false };
        self.kept = kept;
        self.log.begin(kept);
        true
    }

    fn repeat(&mut self, _world: &World) -> Option<(ThreadId, bool)> {
        let node = self.stack.get(self.depth).filter(|_| !self.blocked)?;
        self.depth += 1;
        Some((node.thread, node.several))
    }

    fn pick(&mut self, point: &Point<'_>) -> ThreadId {
        if self.blocked {
            return point.enabled[0];
        }
        let mut tree = std::mem::take(&mut self.guide);
        let planned = self.planned(point, &mut tree);
        if point.only_timeouts {
            // The same timeout is already, or will be, a choice of the wait. For a wait without
            // that choice, the caveat is set when it begins.
            self.blocked = true;
            let mut threads = (0..).map(ThreadId).zip(point.threads);
            if threads.any(|(thread, state)| !state.finished && self.waits(thread, state)) {
                self.caveat = Some(Bound::Spins); // the rounds of threads that could run end here
            }
            let pending =
                point.threads.iter().map(|state| state.pending.filter(|_| !state.finished));
            let pending = (0..).map(ThreadId).zip(pending);
            self.stuck.extend(pending.filter_map(|(thread, pending)| Some((thread, pending?))));
            return point.enabled[0];
        }
        let several = point.several;
        let sleep: SmallVec<[Sleeper; 2]> = match (self.depth.checked_sub(1), self.log.steps.last())
        {
            (Some(parent), Some(step)) => {
                let sleep = self.stack[parent].sleep.iter();
                sleep.filter(|s| s.sleeps_on(step.thread, &step.done)).cloned().collect()
            }
            _ => SmallVec::new(),
        };
        let productive = self.productive(point);
        let enabled = productive.as_deref().unwrap_or(point.enabled);
        let current = point.current.filter(|c| enabled.contains(c));
        let point = Point { enabled, current, ..*point };
        let Some((thread, choice)) =
            planned.or_else(|| self.first(&point, &sleep).map(|t| (t, None)))
        else {
            self.blocked = true;
            return enabled[0];
        };
        let taken = sleep.iter().filter_map(|s| s.choice.map(|c| (s.thread, c.taken))).collect();
        let alternatives = Vec::new();
        let node = Node {
            thread,
            several,
            choice,
            alternatives,
            taken,
            options: 1,
            sleep,
            tree,
            explored: 0,
        };
        self.stack.push(node);
        self.depth += 1;
        thread
    }

    fn choose(&mut self, options: usize) -> usize {
        self.takes(0..options as u32) as usize
    }

    fn draw(&mut self, of: u32) -> u32 {
        self.takes(values(of))
    }

    fn executed(&mut self, world: &World, thread: ThreadId, pending: &Pending, seen: &Seen) {
        if self.blocked {
            return;
        }
        let index = self.steps;
        self.steps += 1;
        if index >= self.kept {
            self.push(world, thread, pending, seen);
        } else if !self.log.repeat(world, index, thread, pending, seen) {
            self.diverged = Some(another_operation(pending));
        }
        self.spins.see(thread, pending, seen);
    }

    fn ended(&mut self, world: &mut World) {
        if world.turns.asked_for_an_end {
            self.caveat = Some(Bound::Ends);
        }
        let followed = self.log.followed(self.kept);
        for j in 0..self.log.steps.len() {
            if self.log.steps[j].races.is_empty() {
                continue;
            }
            let mut races = std::mem::take(&mut self.log.steps[j].races);
            let Step { thread, announced, before, .. } = &self.log.steps[j];
            let later = Later { step: Some(j), thread: *thread, announced, before };
            for race in &mut races {
                if !race.is_planned(&self.log, self.kept, &followed) {
                    race.reverse(&self.log, &mut self.stack, later);
                }
            }
            self.log.steps[j].races = races;
        }
        // pending operations race too, or deadlocks would be missed; and so does what would come
        // next where an execution is given up
        let is_short = matches!(world.ending, Some(Ending::GivenUp));
        let at_the_end = |(at, state): (usize, &ThreadState)| {
            let thread = ThreadId(at as u32);
            let waits = || is_short || !world.enabled(thread);
            let pending = state.pending.filter(|_| !state.finished && waits());
            Some((thread, pending?))
        };
        let pending: Vec<(ThreadId, Pending)> = match self.blocked {
            true => std::mem::take(&mut self.stuck),
            false => world.threads.iter().enumerate().filter_map(at_the_end).collect(),
        };
        for (thread, pending) in pending {
            let notifier = match pending.waits {
                Waits::Notified { .. } => {
                    let condvar = pending.object.map(|condvar| self.log.named(world, condvar));
                    match condvar.and_then(|condvar| self.log.notifier(condvar, thread)) {
                        Some(step) => Some(step),
                        None => continue, // no lock will help it
                    }
                }
                _ => None,
            };
            let mut before = self.log.clock(thread).clone();
            notifier.into_iter().for_each(|n| before.join(&self.log.steps[n].after));
            let act = self.log.announced(world, thread, &pending);
            let later = Later { step: None, thread, announced: &act, before: &before };
            for i in self.log.candidates(thread, &act, &before) {
                Race::new(i).reverse(&self.log, &mut self.stack, later);
            }
        }
    }

    fn offers(&self) -> Offers {
        if self.blocked { Offers::Fair } else { Offers::Able }
    }

    fn waits(&self, thread: ThreadId, state: &ThreadState) -> bool {
        state.pending.is_some_and(|pending| self.spins.is_cut(&self.log, thread, &pending))
    }

    fn explored(&self) -> Option<f64> {
        let branches =
            |node: &Node| node.explored as usize + 1 + node.alternatives.len() + node.tree.len();
        Some(share(self.stack.iter().map(|node| (node.explored as usize, branches(node)))))
    }

    fn diverged(&self) -> Option<String> {
        self.diverged.clone()
    }

    fn caveat(&self) -> Option<Bound> {
        self.caveat.clone()
    }
}
