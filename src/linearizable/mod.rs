//! Tests whether a structure is linearizable. Scenarios are made of its operations, and each one is
//! explored. Every distinct history is checked against the sequential specification, and failures
//! are shrunk.

mod draw;
mod fault;
mod history;
mod judge;
mod model;
mod partial;
mod run;
mod subject;
mod verdict;

pub use subject::{Op, Ret, Subject};
pub use verdict::{Failure, Tested, Verdict};

use crate::check::{Config, Settings, settings_of_check};
use crate::linearize::Criterion;
use crate::scenario::{Scenario, Shape};
use crate::verdict::{Expect, Explorer};
use crate::vocabulary::budget::Budget;
use judge::Question;
use proptest::strategy::{BoxedStrategy, Strategy};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

/// Tests a structure against its sequential specification, which starts in its default state: see
/// [`Linearizable`].
///
/// ```
/// use proptest::prelude::*;
/// use selvedge::linearize::Specification;
/// use selvedge::sync::atomic::{AtomicU64, Ordering::SeqCst};
///
/// // what it is
/// struct Counter(AtomicU64);
///
/// // what it is to behave like
/// #[derive(Clone, Default, PartialEq, Eq, Hash)]
/// struct Count(u64);
///
/// #[derive(Clone, Debug)]
/// enum Op {
///     Increment,
///     Read,
/// }
///
/// impl Specification for Count {
///     type Op = Op;
///     type Ret = u64;
///
///     fn apply(&mut self, op: &Op) -> u64 {
///         self.0 += u64::from(matches!(op, Op::Increment));
///         self.0
///     }
/// }
///
/// impl selvedge::Subject for Counter {
///     type Specification = Count;
///
///     fn new() -> Self {
///         Counter(AtomicU64::new(0))
///     }
///
///     fn call(&self, op: &Op) -> u64 {
///         match op {
///             Op::Increment => self.0.fetch_add(1, SeqCst) + 1,
///             Op::Read => self.0.load(SeqCst),
///         }
///     }
///
///     fn operations() -> impl Strategy<Value = Op> {
///         prop_oneof![Just(Op::Increment), Just(Op::Read)]
///     }
/// }
///
/// selvedge::linearizable::<Counter>().scenarios(10).assert();
/// ```
pub fn linearizable<S: Subject>() -> Linearizable<S>
where
    S::Specification: Default,
{
    Linearizable::new(S::Specification::default())
}

/// Where scenarios come from.
enum Source<O> {
    /// Draws this many scenarios from the strategy.
    Drawn(u64),
    /// Takes every scenario of these operations, or a given one.
    Every(Vec<O>),
    Given(Scenario<O>),
}

/// A test of a structure, to be configured and run.
#[must_use = "a test that is not run says nothing"]
pub struct Linearizable<S: Subject> {
    name: String,
    question: Arc<Question<S>>,
    strategy: BoxedStrategy<Op<S>>,
    source: Source<Op<S>>,
    shape: Shape,
    seed: u64,
    explorers: Vec<Explorer>,
    settings: Settings,
    expect: Expect,
}

impl<S: Subject> std::fmt::Debug for Linearizable<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Linearizable")
            .field("name", &self.name)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

impl<S: Subject> Linearizable<S> {
    /// Creates a test against a specification in this initial state, with the default budget. It
    /// draws 128 scenarios of two or three threads, or 6 seconds of them. Each is explored as by
    /// [`Check::new`](crate::Check::new): every interleaving, then weak memory unless it adds
    /// nothing, then samplers where either is too much. loom explores where it is asked for.
    pub fn new(specification: S::Specification) -> Linearizable<S> {
        let test =
            std::thread::current().name().filter(|name| *name != "main").map(ToString::to_string);
        let subject = std::any::type_name::<S>();
        Linearizable {
            name: test
                .unwrap_or_else(|| subject.rsplit("::").next().unwrap_or(subject).to_string()),
            question: Arc::new(Question { specification, criterion: Criterion::Linearizable }),
            strategy: S::operations().boxed(),
            source: Source::Drawn(128),
            shape: Shape::default(),
            seed: 0,
            explorers: vec![
                Explorer::Exhaustive,
                Explorer::Graphs,
                Explorer::Weak { seed: 0 },
                Explorer::Portfolio { seed: 0 },
            ],
            settings: Settings {
                budget: Budget::executions(100_000).and_time(Duration::from_secs(6)),
                shrink: Duration::from_secs(2),
                ..Settings::default()
            },
            expect: Expect::Holds,
        }
    }

    /// Sets the name under which failures are drawn and replayed: the test's or the subject's,
    /// unless set.
    pub fn name(self, name: &str) -> Self {
        Linearizable { name: name.to_string(), ..self }
    }

    /// Draws operations from this strategy instead of [`Subject::operations`].
    pub fn strategy(self, operations: impl Strategy<Value = Op<S>> + 'static) -> Self {
        Linearizable { strategy: operations.boxed(), ..self }
    }

    /// Sets how many threads a scenario has.
    pub fn threads(mut self, threads: RangeInclusive<usize>) -> Self {
        self.shape.threads = threads;
        self
    }

    /// Sets how many operations a thread has.
    pub fn operations(mut self, operations: RangeInclusive<usize>) -> Self {
        self.shape.operations = operations;
        self
    }

    /// Sets how many operations come before the threads.
    pub fn initial(mut self, operations: RangeInclusive<usize>) -> Self {
        self.shape.initial = operations;
        self
    }

    /// Sets how many operations come after the threads.
    pub fn last(mut self, operations: RangeInclusive<usize>) -> Self {
        self.shape.last = operations;
        self
    }

    /// Sets how many scenarios are drawn.
    pub fn scenarios(self, scenarios: u64) -> Self {
        Linearizable { source: Source::Drawn(scenarios), ..self }
    }

    /// Takes every scenario of these operations instead of drawing some, the smallest first: see
    /// [`every`](crate::scenario::every).
    pub fn every(self, operations: impl IntoIterator<Item = Op<S>>) -> Self {
        Linearizable { source: Source::Every(operations.into_iter().collect()), ..self }
    }

    /// Takes this scenario instead of drawing some: a regression test.
    pub fn scenario(self, scenario: Scenario<Op<S>>) -> Self {
        Linearizable { source: Source::Given(scenario), ..self }
    }

    /// Sets the seed of the scenarios. The same seed draws the same scenarios.
    pub fn seed(self, seed: u64) -> Self {
        Linearizable { seed, ..self }
    }

    /// Sets the criterion for each history: linearizability, unless set.
    pub fn criterion(self, criterion: Criterion) -> Self {
        let question = Question { specification: self.question.specification.clone(), criterion };
        Linearizable { question: Arc::new(question), ..self }
    }

    /// Requires only sequential consistency: each thread's operations in its own order, whatever
    /// the real time between threads.
    pub fn sequentially_consistent(self) -> Self {
        self.criterion(Criterion::SequentiallyConsistent)
    }

    /// Requires only quiescent consistency: operations separated by a quiescent moment take effect
    /// in that order.
    pub fn quiescently_consistent(self) -> Self {
        self.criterion(Criterion::QuiescentlyConsistent)
    }

    /// Explores each scenario with these explorers, in this order.
    pub fn explorers(self, explorers: impl IntoIterator<Item = Explorer>) -> Self {
        Linearizable { explorers: explorers.into_iter().collect(), ..self }
    }

    /// Sets the budget of all scenarios together. What one does not use is left for the following
    /// ones.
    pub fn budget(mut self, budget: Budget) -> Self {
        self.settings.budget = budget;
        self
    }

    /// Sets the verdict that [`assert`](Linearizable::assert) expects.
    pub fn expect(self, expect: Expect) -> Self {
        Linearizable { expect, ..self }
    }

    settings_of_check!(settings);

    /// Sets how long to look for a smaller scenario, and then for a smaller execution of it, with
    /// the same kind of failure (2 s, unless set; zero: not at all).
    pub fn shrink(mut self, time: Duration) -> Self {
        self.settings.shrink = time;
        self
    }

    /// Replaces the configuration that comes from the environment.
    pub fn config(mut self, config: Config) -> Self {
        self.settings.config = config;
        self
    }
}
