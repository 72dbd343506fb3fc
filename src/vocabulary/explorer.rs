//! Explorers by name: what chooses the schedules, and which engine runs the threads.

use std::fmt;
use std::str::FromStr;

/// What runs the threads of an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    /// The operating system: real threads.
    Std,
    Loom,
    Shuttle,
}

impl Engine {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Engine::Std => "std",
            Engine::Loom => "loom",
            Engine::Shuttle => "shuttle",
        }
    }
}

/// Which stores a load may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MemoryModel {
    /// The last one: sequential consistency.
    Sequential,
    /// Those that RC11 allows.
    Rc11,
    /// Those that loom allows: most of C11.
    Loom,
    /// Those that this processor, and this compiler, come by.
    Real,
}

/// What chooses the schedules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Explorer {
    /// loom, with at most this many preemptions in an execution (`None`: unbounded).
    Loom {
        /// The most preemptions of one execution.
        preemption_bound: Option<usize>,
    },
    /// Explores every inequivalent interleaving once: optimal dynamic partial order reduction, on
    /// shuttle's green threads.
    Exhaustive,
    /// Explores every execution that the memory model RC11 allows once, weak memory included, on
    /// shuttle's green threads. It knows atomics, fences, threads, `park`, tasks and their
    /// wakers, locks, condition variables, barriers, initialisations, channels and cells; what else
    /// a model uses leaves the verdict open.
    Graphs,
    /// Explores every schedule depth first, on shuttle's green threads: for tiny models.
    Dfs,
    /// Chooses uniformly among the enabled threads at each point.
    Random {
        /// The seed of the schedules.
        seed: u64,
    },
    /// Probabilistic concurrency testing: random priorities, lowered at a few points.
    Pct {
        /// The seed of the schedules.
        seed: u64,
        /// The depth of the bugs to look for: one more than the preemptions that they need.
        depth: usize,
    },
    /// Partial order sampling.
    Pos {
        /// The seed of the schedules.
        seed: u64,
    },
    /// The uniform random walk: chooses threads in proportion to how many operations they have
    /// left.
    Urw {
        /// The seed of the schedules.
        seed: u64,
    },
    /// Partial order sampling, random walk, random, and PCT at depths 2, 3, 5 and 8, in turn.
    Portfolio {
        /// The seed of the schedules.
        seed: u64,
    },
    /// Samples the executions that the memory model RC11 allows, weak memory included: the
    /// schedules are those of a portfolio, and a load may read an older store, mostly few of them.
    /// It knows what [`Explorer::Graphs`] knows.
    Weak {
        /// The seed of the executions.
        seed: u64,
    },
    /// Real threads of the operating system. Nothing is recorded except whether two of them used
    /// the same object of selvedge's. An execution lasts until all threads that
    /// [`thread`](crate::thread) started have ended.
    Threads,
}

impl Explorer {
    /// Every explorer's name and what it does, one on each line, for the help of a command.
    #[doc(hidden)]
    pub const NAMES: &str = "\
exhaustive      every inequivalent interleaving once (sequential consistency), on shuttle
graphs          every execution that RC11 allows once (weak memory), on shuttle
loom            every execution that loom tells apart (weak memory, at most five threads)
loom:2          the same, with at most two preemptions an execution
dfs             every schedule in turn, on shuttle (for tiny models)
weak:SEED       random executions that RC11 allows (weak memory), few loads of older values
portfolio:SEED  the samplers below in turn, on shuttle
pos:SEED        partial order sampling
urw:SEED        the uniform random walk
random:SEED     uniformly random schedules
pct:D:SEED      random priorities that find bugs of depth D
threads         real threads: what they do is not recorded";

    /// Returns `true` if the explorer samples its schedules, so that it never knows that it has
    /// seen all of them.
    #[must_use]
    pub fn samples(self) -> bool {
        match self {
            Explorer::Exhaustive | Explorer::Graphs | Explorer::Dfs => false,
            Explorer::Loom { .. } => false,
            Explorer::Random { .. } | Explorer::Pct { .. } | Explorer::Pos { .. } => true,
            Explorer::Urw { .. } | Explorer::Portfolio { .. } | Explorer::Threads => true,
            Explorer::Weak { .. } => true,
        }
    }

    /// Returns which stores a load may read.
    pub(crate) fn memory(self) -> MemoryModel {
        match self {
            Explorer::Graphs | Explorer::Weak { .. } => MemoryModel::Rc11,
            Explorer::Loom { .. } => MemoryModel::Loom,
            Explorer::Threads => MemoryModel::Real,
            Explorer::Exhaustive | Explorer::Dfs | Explorer::Random { .. } => {
                MemoryModel::Sequential
            }
            Explorer::Pct { .. }
            | Explorer::Pos { .. }
            | Explorer::Urw { .. }
            | Explorer::Portfolio { .. } => MemoryModel::Sequential,
        }
    }

    /// Returns the most preemptions of one of its executions, if there is a bound.
    pub(crate) fn preemption_bound(self) -> Option<usize> {
        match self {
            Explorer::Loom { preemption_bound } => preemption_bound,
            Explorer::Exhaustive
            | Explorer::Graphs
            | Explorer::Dfs
            | Explorer::Random { .. }
            | Explorer::Pct { .. } => None,
            Explorer::Pos { .. }
            | Explorer::Urw { .. }
            | Explorer::Portfolio { .. }
            | Explorer::Weak { .. }
            | Explorer::Threads => None,
        }
    }

    /// Returns the name of the engine: `loom`, `shuttle` or `std`.
    #[must_use]
    pub fn engine(self) -> &'static str {
        self.driver().name()
    }

    /// Returns the engine as a value to match on.
    pub(crate) fn driver(self) -> Engine {
        match self {
            Explorer::Loom { .. } => Engine::Loom,
            Explorer::Threads => Engine::Std,
            Explorer::Exhaustive
            | Explorer::Graphs
            | Explorer::Dfs
            | Explorer::Random { .. }
            | Explorer::Pct { .. } => Engine::Shuttle,
            Explorer::Pos { .. }
            | Explorer::Urw { .. }
            | Explorer::Portfolio { .. }
            | Explorer::Weak { .. } => Engine::Shuttle,
        }
    }
}

/// `exhaustive`, `graphs`, `loom`, `loom:2`, `dfs`, `portfolio:7`, `random:7`, `pct:3:7`, `pos:7`,
/// `urw:7`, `weak:7`, `threads`.
impl fmt::Display for Explorer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Explorer::Loom { preemption_bound: None } => f.pad("loom"),
            Explorer::Loom { preemption_bound: Some(n) } => f.pad(&format!("loom:{n}")),
            Explorer::Exhaustive => f.pad("exhaustive"),
            Explorer::Graphs => f.pad("graphs"),
            Explorer::Dfs => f.pad("dfs"),
            Explorer::Random { seed } => f.pad(&format!("random:{seed}")),
            Explorer::Pct { seed, depth } => f.pad(&format!("pct:{depth}:{seed}")),
            Explorer::Pos { seed } => f.pad(&format!("pos:{seed}")),
            Explorer::Urw { seed } => f.pad(&format!("urw:{seed}")),
            Explorer::Portfolio { seed } => f.pad(&format!("portfolio:{seed}")),
            Explorer::Weak { seed } => f.pad(&format!("weak:{seed}")),
            Explorer::Threads => f.pad("threads"),
        }
    }
}

impl FromStr for Explorer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split(':');
        let name = parts.next().unwrap_or_default();
        let numbers = parts
            .map(|p| p.parse::<u64>().map_err(|e| format!("{p:?} in explorer {text:?}: {e}")))
            .collect::<Result<Vec<_>, _>>()?;
        match (name, &numbers[..]) {
            ("loom", []) => Ok(Explorer::Loom { preemption_bound: None }),
            ("loom", [n]) => Ok(Explorer::Loom { preemption_bound: Some(*n as usize) }),
            ("exhaustive", []) => Ok(Explorer::Exhaustive),
            ("graphs", []) => Ok(Explorer::Graphs),
            ("dfs", []) => Ok(Explorer::Dfs),
            ("random", []) => Ok(Explorer::Random { seed: 0 }),
            ("random", [seed]) => Ok(Explorer::Random { seed: *seed }),
            ("pct", []) => Ok(Explorer::Pct { seed: 0, depth: 3 }),
            ("pct", [depth]) if *depth > 0 => Ok(Explorer::Pct { seed: 0, depth: *depth as usize }),
            ("pct", [depth, seed]) if *depth > 0 => {
                Ok(Explorer::Pct { seed: *seed, depth: *depth as usize })
            }
            ("pos", []) => Ok(Explorer::Pos { seed: 0 }),
            ("pos", [seed]) => Ok(Explorer::Pos { seed: *seed }),
            ("urw", []) => Ok(Explorer::Urw { seed: 0 }),
            ("urw", [seed]) => Ok(Explorer::Urw { seed: *seed }),
            ("portfolio", []) => Ok(Explorer::Portfolio { seed: 0 }),
            ("portfolio", [seed]) => Ok(Explorer::Portfolio { seed: *seed }),
            ("weak", []) => Ok(Explorer::Weak { seed: 0 }),
            ("weak", [seed]) => Ok(Explorer::Weak { seed: *seed }),
            ("threads", []) => Ok(Explorer::Threads),
            _ => Err(format!(
                "unknown explorer {text:?}; known: exhaustive, graphs, loom, loom:BOUND, dfs, \
                 portfolio:SEED, random:SEED, pct:DEPTH:SEED, pos:SEED, urw:SEED, weak:SEED, \
                 threads"
            )),
        }
    }
}
