//! Reference counts under the engines.
//!
//! The count itself is std's. The facade's `Arc` holds one of std's, so the thread that drops the
//! last handle drops the value. The clocks learn what std orders: dropping a handle releases.
//! Dropping the last one, or finding out that it is the only one, acquires.
//!
//! Counting is no step by itself. Two threads that drop a handle commute, with three exceptions:
//! the destructor does something that others can see, the last owner goes on (`ahead.rs`), or one
//! thread looks at the count while another changes it. Exploration finds that out. If two
//! operations that do not commute are unordered, the place where the `Arc` was created is *counted*
//! from then on, and the exploration begins anew. The operations on a counted `Arc` are steps like
//! any other. If memory is weak, a step may look at an older count.

use super::Memory;
use super::Stored;
use super::ahead::Ahead;
use super::clocks::Clocks;
use super::copies::Within;
pub(crate) use super::counting::Does;
use super::counting::{Makes, Of};
use super::robust::Strength;
use super::touched::Touched;
use crate::execution::step::step;
use crate::execution::{
    Counted, Effect, Ending, Engine, Pending, Seen, World, engine, execution, failure, loom, me,
    try_with,
};
use crate::vocabulary::VectorClock;
use crate::vocabulary::trace::{Object, ObjectId, ObjectKind, Operation, ThreadId, Value};
use smallvec::SmallVec;
use std::ops::Range;
use std::panic::Location;

/// An `Arc`, by its execution and number. The execution is 0 if no execution created it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Count {
    execution: u64,
    nth: u32,
}

/// The value of an `Arc`.
#[derive(Debug)]
struct Stands {
    /// Its addresses. None are left once the memory is freed.
    at: Range<usize>,
    /// Since when it is what it is: whoever borrows it exclusively may change it.
    since: (ThreadId, u32),
}

/// The state of one `Arc`.
#[derive(Debug)]
struct ArcState {
    made: &'static Location<'static>,
    /// The thread that made it.
    by: ThreadId,
    /// Its value, once it is built.
    value: Option<Stands>,
    /// The object on which its operations are steps, if they are.
    object: Option<ObjectId>,
    /// How many handles there are, as far as its operations tell.
    handles: u64,
    /// Whether there was a `Weak`.
    had_weak: bool,
    /// Whether its value is dropped, or its owner is one of std's.
    gone: bool,
    /// What those that read each value of the count of handles learn, and that of `Weak`s. If it is
    /// not counted, one value stands for all.
    messages: [SmallVec<[VectorClock; 1]>; 2],
    /// What those that dropped a handle have told: of each of them no more than its last event.
    told: VectorClock,
    /// Who did what, if its operations are no steps.
    touched: Touched,
}

impl ArcState {
    /// An operation has told what it left of the handles. If that is not what it makes of those
    /// that are known, handles of std share the value.
    fn is_shared_with_std(&mut self, does: Does, told: u64) -> bool {
        let makes = match does.makes(self.handles) {
            Makes::This(handles) => Some(handles),
            Makes::Nothing => None,
        };
        let left = does.left(told);
        self.handles = left.unwrap_or(self.handles);
        left != makes
    }

    /// An operation has taken effect, and told how many handles it left or saw. It has read the
    /// value of its count that has this number, or the newest.
    fn tells(
        &mut self,
        clocks: &mut Clocks,
        me: ThreadId,
        does: Does,
        (told, read): (u64, Option<usize>),
    ) {
        let messages = &mut self.messages[does.of() as usize];
        let left = does.left(told);
        let (order, newest) = (does.order(left), messages.len() - 1);
        let heard = messages[read.unwrap_or(newest)].clone();
        clocks.hears(me, &heard, order);
        if left.is_some() {
            let mut message = clocks.published(me, order);
            message.join(&heard);
            messages.push(message);
        }
    }
}

/// The `Arc`s of an execution.
#[derive(Debug, Default)]
pub(crate) struct Arcs {
    all: Vec<ArcState>,
    /// The places where they were created, in the order of first creation.
    places: Vec<&'static Location<'static>>,
    /// Places to count from now on.
    pub(crate) learned: Vec<&'static Location<'static>>,
    pub(super) ahead: Ahead,
}

impl Arcs {
    pub(in crate::execution) fn clear(&mut self) {
        self.all.clear();
        self.places.clear();
        self.learned.clear();
        self.ahead.clear();
    }

    /// The counted places, by their numbers among the places where this execution created an `Arc`.
    pub(crate) fn counted(&self) -> Vec<u32> {
        let is_counted =
            |place| self.all.iter().any(|arc| arc.object.is_some() && arc.made == place);
        (0..)
            .zip(&self.places)
            .filter(|(_, place)| is_counted(**place))
            .map(|(nth, _)| nth)
            .collect()
    }

    /// The first value that was never dropped, in words.
    pub(in crate::execution) fn left(&self) -> Option<(String, &'static Location<'static>)> {
        let mut left = self.all.iter().filter(|arc| !arc.gone);
        let first = left.next()?;
        let count = 1 + left.count();
        Some((format!("the value of an Arc was never dropped ({count} such Arcs)"), first.made))
    }

    /// The `Arc` whose value has this address: who made it, what the place is called, and since
    /// when its value is what it is.
    pub(super) fn within(&self, address: usize) -> Option<(ThreadId, Within, (ThreadId, u32))> {
        // what is gone may have left its memory to something else
        let has = |arc: &ArcState| {
            !arc.gone && arc.value.as_ref().is_some_and(|value| value.at.contains(&address))
        };
        let which = self.all.iter().rposition(has)?;
        let by = self.all[which].by;
        let Stands { at, since } = self.all[which].value.as_ref()?;
        let nth = self.all[..which].iter().filter(|arc| arc.by == by).count() as u32;
        Some((by, Within::Arc { nth, behind: address - at.start }, *since))
    }

    fn place(&mut self, location: &'static Location<'static>) -> usize {
        let known = self.places.iter().position(|place| *place == location);
        known.unwrap_or_else(|| {
            self.places.push(location);
            self.places.len() - 1
        })
    }
}

impl Count {
    /// An `Arc` that no execution created: its operations are only std's.
    pub(crate) const PLAIN: Count = Count { execution: 0, nth: 0 };

    /// A new `Arc`, with its value at these addresses, once it is built, and so many handles.
    pub(crate) fn made(
        value: Option<Range<usize>>,
        handles: usize,
        made: &'static Location<'static>,
    ) -> Count {
        let count = try_with(|world| {
            let place = world.memory.arcs.place(made);
            let counted = match &world.rules.counted {
                Counted::Places(places) => places.contains(&made),
                Counted::Nth(places) => places.contains(&(place as u32)),
            };
            let object = (counted && !world.over())
                .then(|| world.create(Object { kind: ObjectKind::Arc, name: None, created: made }));
            if object.is_some() && world.rules.weak && handles > 1 {
                world.refuse("an Arc that handles of std share");
            }
            if let (Some(object), Some(weak)) = (object, &mut world.memory.weak) {
                weak.publish(object, Stored::Bits(handles as u64), VectorClock::default());
                world.born(me(), object);
            }
            let none = || SmallVec::from_elem(VectorClock::default(), 1);
            let (messages, told) = ([none(), none()], VectorClock::default());
            let had_weak = value.is_none(); // a value that is built with one
            let since = world.now();
            let state = ArcState {
                made,
                by: me(),
                value: value.map(|at| Stands { at, since }),
                object,
                handles: handles as u64,
                had_weak,
                gone: false,
                messages,
                told,
                touched: Touched::default(),
            };
            world.memory.arcs.all.push(state);
            (
                Count {
                    execution: world.log.execution,
                    nth: world.memory.arcs.all.len() as u32 - 1,
                },
                object,
            )
        });
        let Some((count, object)) = count else { return Count::PLAIN };
        if let Some(object) = object.filter(|_| engine() == Engine::Loom && !failure::inert()) {
            loom::count::create(object);
        }
        count
    }

    /// The `Arc` with its value at this address, if this execution created it.
    pub(crate) fn at(address: usize) -> Option<Count> {
        try_with(|world| {
            let stands =
                |arc: &ArcState| arc.value.as_ref().is_some_and(|value| value.at.start == address);
            let nth = world.memory.arcs.all.iter().rposition(stands)?;
            Some(Count { execution: world.log.execution, nth: nth as u32 })
        })
        .flatten()
    }

    fn state<R>(self, f: impl FnOnce(&mut World, usize) -> R) -> Option<R> {
        let here = self.execution != 0 && self.execution == execution();
        if here { try_with(|world| f(world, self.nth as usize)) } else { None }
    }

    /// Sets the addresses of the value.
    pub(crate) fn stands_at(self, at: Range<usize>) {
        self.state(|world, nth| {
            let since = world.now();
            world.memory.arcs.all[nth].value = Some(Stands { at, since });
        });
    }

    /// The memory is freed: the next `Arc` at this address is another one.
    pub(crate) fn freed(self) {
        self.stands_at(0..0);
        self.gone();
    }

    /// The value is dropped, or its last owner has it, or an owner of std's has a handle.
    pub(crate) fn gone(self) {
        self.state(|world, nth| {
            world.memory.arcs.all[nth].gone = true;
            if let Some(object) = world.memory.arcs.all[nth].object {
                world.drop_object(object);
            }
        });
    }

    fn object(self) -> Option<ObjectId> {
        self.state(|world, nth| world.memory.arcs.all[nth].object).flatten()
    }

    /// Whether its counts are values of which a thread may see an older one.
    pub(crate) fn is_weak(self) -> bool {
        let is_weak = |world: &mut World, nth: usize| {
            world.memory.weak.is_some() && world.memory.arcs.all[nth].object.is_some()
        };
        self.state(is_weak) == Some(true)
    }

    /// Whether there was a `Weak`, and its counts are weak. Who holds a handle, and has
    /// synchronised with the drops of all others, knows that in every order of the same graph.
    pub(crate) fn had_weak(self) -> bool {
        let had_weak = |world: &mut World, nth: usize| world.memory.arcs.all[nth].had_weak;
        self.is_weak() && self.state(had_weak) == Some(true)
    }

    /// Ends an execution in which its counts are weak.
    pub(crate) fn refuse(self, operation: &str) {
        self.state(|world, _| world.refuse(operation));
    }

    /// One operation. `perform` does it, and returns how many handles it left or saw. It is given
    /// an older number if it looks, and sees that one. It must not run the user's code.
    pub(crate) fn step<R>(
        self,
        (does, operation): (Does, Operation),
        location: &'static Location<'static>,
        perform: impl FnOnce(Option<usize>) -> (R, usize),
    ) -> R {
        let seen = |count: usize| Seen::value(Value::Unsigned(count as u64));
        let Some(object) = self.object() else {
            self.state(|world, nth| note(world, nth, does));
            return perform(None).0;
        };
        let pending = Pending { counts: Some(does), ..Pending::on(object, operation, location) };
        match engine() {
            Engine::Shuttle => step(pending, |world, me| {
                let nth = self.nth as usize;
                let is_built = world.memory.arcs.all[nth].value.is_some();
                if world.rules.weak && does.of() == Of::Handles && !is_built {
                    world.refuse("a Weak that is upgraded before its value is built");
                }
                let acted = world.acts(me, &pending);
                let sees = match acted {
                    Some(Effect::Looks { state }) => Some((state as i64).max(0) as usize),
                    _ => None,
                };
                world.memory.arcs.all[nth].had_weak |= does == Does::Downgrade;
                let (result, count) = perform(sees);
                world.accesses(me, object, Strength::Weak, does.looks());
                let is_newest = acted.is_some() && sees.is_none();
                if is_newest && does.of() == Of::Handles {
                    let arc = &mut world.memory.arcs.all[nth];
                    if arc.is_shared_with_std(does, count as u64) {
                        world.refuse("an Arc that handles of std share");
                        return (result, seen(count));
                    }
                }
                let Memory { clocks, arcs, weak, .. } = &mut world.memory;
                let read = weak.as_ref().filter(|_| acted.is_some()).map(|weak| weak.read());
                arcs.all[nth].tells(clocks, me, does, (count as u64, read));
                (result, seen(count))
            }),
            Engine::Loom => {
                loom::count::step(pending, object, does.releases(), || perform(None), seen)
            }
            Engine::Std => perform(None).0,
        }
    }

    /// Whether there is no `Weak`, as far as this thread can see. Only where its counts are weak:
    /// elsewhere the look at its handles tells all.
    pub(crate) fn has_no_weak(
        self,
        operation: Operation,
        location: &'static Location<'static>,
        weaks: impl FnOnce() -> usize,
    ) -> bool {
        !self.is_weak()
            || self.step((Does::OwnWeak, operation), location, |sees| {
                let weaks = sees.unwrap_or_else(weaks);
                (weaks == 0, weaks)
            })
    }

    /// The last owner gives up the `Weak` that all handles hold together. It matters where its
    /// counts are weak, and others have `Weak`s.
    pub(crate) fn gives_up_own_weak(self, location: &'static Location<'static>) {
        if self.had_weak() {
            self.step((Does::DropWeak, Operation::Drop), location, |_| ((), 0));
        }
    }

    /// Orders the only owner, who borrows the value exclusively, after all others.
    pub(crate) fn borrows(self) {
        self.acquires(&[Of::Handles, Of::Weaks]);
        self.state(|world, nth| {
            let now = world.now();
            world.memory.arcs.all[nth].value.iter_mut().for_each(|value| value.since = now);
        });
    }

    /// Orders a thread that found itself alone, or the value still present, after the threads that
    /// dropped a handle.
    pub(crate) fn acquire(self) {
        self.acquires(&[Of::Handles]);
    }

    fn acquires(self, counts: &[Of]) {
        let counted = self.state(|world, nth| {
            let (me, is_weak) = (me(), world.rules.weak);
            let Memory { clocks, arcs: Arcs { all, ahead, .. }, .. } = &mut world.memory;
            let ArcState { told, object, made, .. } = &all[nth];
            if object.is_none() && !clocks.knows_all(me, told) {
                let mut news = told.clone();
                news.set(me, 0); // what it has done itself is none
                ahead.learns(me, news, made);
            }
            let is_counted = object.is_some();
            for count in counts.iter().filter(|_| !is_weak || !is_counted) {
                let newest = all[nth].messages[*count as usize].last();
                newest.into_iter().for_each(|message| clocks.acquire_from(me, message));
            }
            is_counted
        });
        if counted == Some(true) && engine() == Engine::Loom && !failure::inert() {
            loom::count::acquire();
        }
    }

    /// Drops the last handle through `f`, which runs the user's destructor. If others can see what
    /// that does, it matters which thread comes last.
    pub(crate) fn last(self, f: impl FnOnce()) {
        let me = me();
        let before = self.state(|world, nth| {
            if world.memory.arcs.all[nth].object.is_some() {
                return None;
            }
            let (Memory { clocks, arcs, .. }, threads) = (&mut world.memory, &world.threads);
            arcs.all[nth].touched.drops.is_unordered(clocks, me).then(|| threads[me.index()].events)
        });
        self.gone();
        self.acquire();
        let uncounted = self.state(|world, nth| {
            let (made, object) =
                (world.memory.arcs.all[nth].made, world.memory.arcs.all[nth].object);
            world.thread(me).last_owner_of += 1;
            let uncounted = object.is_none();
            world.thread(me).uncounted.extend(uncounted.then_some(made));
            uncounted
        });
        let ends = Ends { count: self, uncounted: uncounted == Some(true) };
        f();
        drop(ends);
        if let Some(before) = before.flatten() {
            self.state(|world, nth| {
                if world.thread(me).events > before {
                    world.memory.arcs.learned.push(world.memory.arcs.all[nth].made);
                }
            });
        }
    }
}

/// The last owner's destructor ends when this is dropped.
struct Ends {
    count: Count,
    uncounted: bool,
}

impl Drop for Ends {
    fn drop(&mut self) {
        self.count.state(|world, _| {
            let thread = world.thread(me());
            thread.last_owner_of -= 1;
            if self.uncounted {
                thread.uncounted.pop();
            }
        });
    }
}

/// Registers an operation that is no step. Learns that it should be one if it is unordered with
/// another one with which it does not commute.
fn note(world: &mut World, nth: usize, does: Does) {
    if world.over() {
        return;
    }
    let me = me();
    let Memory { clocks, arcs: Arcs { all, ahead, learned, .. }, .. } = &mut world.memory;
    let arc = &mut all[nth];
    if arc.touched.is_unordered(clocks, me, does) {
        learned.push(arc.made);
    }
    arc.touched.note(clocks, me, does);
    // in weak memory a thread that looks again may wait for others, who run only if it is a step
    let is_alone = || world.threads.iter().filter(|thread| !thread.finished).count() < 2;
    if world.rules.weak && does.looks() && !is_alone() {
        learned.push(arc.made);
        world.ending.get_or_insert(Ending::GivenUp);
    }
    if does.releases() {
        let mut mine = VectorClock::default();
        clocks.release_into(me, &mut mine);
        arc.messages[does.of() as usize][0].join(&mine);
        if does.of() == Of::Handles {
            mine.set(me, ahead.acted(me));
            arc.told.join(&mine);
        }
    }
}
