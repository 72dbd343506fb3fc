//! Objects that the compiler made: statics, and what a constant is copied into.
//!
//! A static begins every execution with its constant value, and outside of models it is an object
//! of std's. So nothing of a model is ever written to a static itself. An execution has a copy of
//! the data, made when it uses the static for the first time. A copy of the bytes is enough: the
//! compiler makes a constant of any type in this way too, each time that it is named. What the
//! static is changed to outside of models is no constant: its bytes are kept before that. One thing
//! may stand in a static and in no constant, and is not copied: what a `&'static mut` borrows.
//!
//! The address of a static is its identity, for it never moves. A constant that is copied into a
//! variable, or into a heap, may move: the first execution that uses it adopts it ([`Home`]).

use super::memory::copies::Place as CopyPlace;
use super::{Engine, Home, engine, execution};
use crate::vocabulary::trace::ObjectId;
use rustc_hash::FxHashMap;
use std::alloc::Layout;
use std::cell::{RefCell, UnsafeCell};
use std::hash::Hash;
use std::mem::MaybeUninit;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

/// The bytes of a constant.
type Bytes = Box<[MaybeUninit<u8>]>;

/// What statics had in them before they were changed outside of models, by address.
static KEPT: Mutex<Option<FxHashMap<usize, Bytes>>> = Mutex::new(None);

/// Numbers in this process, by what they are for.
type Numbers<K> = LazyLock<Mutex<FxHashMap<K, u32>>>;

/// The numbers of statics, by address.
static STATICS: Numbers<usize> = LazyLock::new(Mutex::default);

/// The numbers of the places where copies of constants were met.
static COPIES: Numbers<CopyPlace> = LazyLock::new(Mutex::default);

/// Data of a static in an execution.
struct Place {
    data: *mut u8,
    layout: Layout,
    /// The lock that protects it. `None`: references to it may live for ever.
    lock: Option<ObjectId>,
    /// Whether other objects may be inside.
    owns: bool,
}

#[derive(Default)]
struct Places {
    /// Whether objects may be behind a static that has no data of its own: a pointer.
    owns: bool,
    /// The statics that the execution has used.
    objects: FxHashMap<usize, ObjectId>,
    data: FxHashMap<usize, Place>,
}

thread_local! {
    static PLACES: RefCell<Places> = RefCell::default();
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether what is at this address is a static: a part of the program, or of a library.
///
/// Not `dladdr`, where there is something else: a program that is linked statically has none.
#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
#[allow(unsafe_code)]
pub(super) fn is_static(address: *const ()) -> bool {
    use libc::{PT_LOAD, c_int, c_void, dl_phdr_info, size_t};
    unsafe extern "C" fn holds(image: *mut dl_phdr_info, _: size_t, asked: *mut c_void) -> c_int {
        // SAFETY: 1. the system lends an image
        let image = unsafe { &*image };
        if image.dlpi_phdr.is_null() {
            return 0; // it has no segments
        }
        // SAFETY: 2. the system lends its segments, of which there are so many
        let segments =
            unsafe { std::slice::from_raw_parts(image.dlpi_phdr, image.dlpi_phnum.into()) };
        let mut loaded = segments.iter().filter(|segment| segment.p_type == PT_LOAD);
        let is_there = loaded.any(|segment| {
            let begin = (image.dlpi_addr as usize).wrapping_add(segment.p_vaddr as usize);
            (begin..begin + segment.p_memsz as usize).contains(&asked.addr())
        });
        c_int::from(is_there)
    }
    // SAFETY: 3. `holds` has the signature that is asked for, and only compares the address
    unsafe { libc::dl_iterate_phdr(Some(holds), address.cast_mut().cast()) != 0 }
}

#[cfg(all(unix, not(any(target_os = "linux", target_os = "android", target_os = "freebsd"))))]
#[allow(unsafe_code)]
pub(super) fn is_static(address: *const ()) -> bool {
    // SAFETY: 1. zeroes are a `Dl_info`, and the call fills it in
    unsafe {
        let mut found: libc::Dl_info = std::mem::zeroed();
        libc::dladdr(address.cast(), &raw mut found) != 0
    }
}

#[cfg(not(unix))]
pub(super) fn is_static(_: *const ()) -> bool {
    false
}

/// No two have the same number.
fn number<K: Eq + Hash>(numbers: &Numbers<K>, key: K) -> u32 {
    let mut numbers = lock(numbers);
    let fresh = numbers.len() as u32;
    *numbers.entry(key).or_insert(fresh)
}

/// The number of the static at this address.
pub(super) fn number_of_static(address: usize) -> u32 {
    number(&STATICS, address)
}

/// The number of the copy at this place of a thread.
pub(super) fn number_of_copy(place: CopyPlace) -> u32 {
    number(&COPIES, place)
}

/// The object that the static at this address is in the running execution, once it has used it.
pub(super) fn object(address: usize) -> Option<ObjectId> {
    if execution() == 0 {
        return None; // a destructor of a thread-local may ask, after this thread's are gone
    }
    PLACES.with_borrow(|places| places.objects.get(&address).copied())
}

/// From now on the execution knows the static at this address.
pub(super) fn knows(address: usize, object: ObjectId) {
    PLACES.with_borrow_mut(|places| places.objects.insert(address, object));
}

/// Whether objects may be inside of statics.
pub(super) fn own_objects() -> bool {
    PLACES.with_borrow(|places| places.owns || places.data.values().any(|place| place.owns))
}

/// The execution uses a static that may point to other objects.
pub(crate) fn owns() {
    PLACES.with_borrow_mut(|places| places.owns = true);
}

/// An execution has ended. Data that no guard can lend any more is forgotten: a static is never
/// dropped. The rest stays, for references to it may live for ever.
pub(super) fn end(is_free: impl Fn(ObjectId) -> bool) {
    PLACES.with_borrow_mut(|places| {
        places.objects.clear();
        places.owns = false;
        for (_, place) in places.data.drain() {
            let is_over = place.lock.is_some_and(&is_free) && place.layout.size() > 0;
            if is_over {
                // SAFETY: 1. `place` has allocated it with this layout. 2. whoever had a reference
                // to it had it from a guard that is gone
                #[allow(unsafe_code)]
                unsafe {
                    std::alloc::dealloc(place.data, place.layout);
                }
            }
        }
    });
}

/// How long references to what an execution keeps for a static may live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lent {
    /// Until the lock is free.
    Guarded,
    ForEver,
}

/// Where the data of a lock or of a cell is: in itself, but for a static in a model. Whoever has
/// the pointer may change the data, so from then on only a static is a constant.
pub(crate) fn place<T: ?Sized>(home: &Home, cell: &UnsafeCell<T>, lent: Lent) -> *mut T {
    home.is_used();
    if !home.is_static() {
        return cell.get();
    }
    let layout = Layout::for_value(cell);
    if engine() == Engine::Std {
        home.changes(|| keep(cell.get().cast(), layout));
        return cell.get();
    }
    let lock = (lent == Lent::Guarded).then(|| home.id());
    let owns = std::mem::needs_drop::<T>();
    let fill = |to: *mut u8| give(cell.get().cast(), to, layout);
    moved(cell, made(cell.get().cast(), (layout, lock, owns), fill))
}

/// Where something is that a static begins each execution with, in the same way.
pub(crate) fn place_of<T>(
    home: &Home,
    cell: &UnsafeCell<T>,
    lent: Lent,
    begins: impl FnOnce() -> T,
) -> *mut T {
    home.is_used();
    if !home.is_static() || engine() == Engine::Std {
        return cell.get();
    }
    let lock = (lent == Lent::Guarded).then(|| home.id());
    let write = |to: *mut u8| {
        // SAFETY: 1. it is allocated with the layout of the type, and nobody else has it
        #[allow(unsafe_code)]
        unsafe {
            to.cast::<T>().write(begins());
        }
    };
    let owns = std::mem::needs_drop::<T>();
    made(cell.get().cast(), (Layout::new::<T>(), lock, owns), write).cast()
}

/// The data at this address in the running execution, made at its first use.
fn made(
    own: *mut u8,
    (layout, lock, owns): (Layout, Option<ObjectId>, bool),
    fill: impl FnOnce(*mut u8),
) -> *mut u8 {
    if let Some(data) = PLACES.with_borrow(|p| p.data.get(&own.addr()).map(|place| place.data)) {
        return data;
    }
    let data = match layout.size() {
        0 => std::ptr::without_provenance_mut(layout.align()),
        // SAFETY: 1. the size is not zero
        #[allow(unsafe_code)]
        _ => unsafe { std::alloc::alloc(layout) },
    };
    if data.is_null() {
        std::alloc::handle_alloc_error(layout);
    }
    fill(data);
    let place = Place { data, layout, lock, owns };
    PLACES.with_borrow_mut(|places| places.data.insert(own.addr(), place));
    data
}

/// A pointer like that to the cell's content, to data elsewhere.
fn moved<T: ?Sized>(cell: &UnsafeCell<T>, data: *mut u8) -> *mut T {
    let mut pointer = cell.get();
    // SAFETY: 1. a pointer begins with an address, whether it is wide or not
    #[allow(unsafe_code)]
    unsafe {
        (&raw mut pointer).cast::<*mut u8>().write(data);
    }
    pointer
}

/// Keeps the bytes of a static that is about to be changed outside of models, unless they are kept.
fn keep(own: *const u8, layout: Layout) {
    let mut kept = lock(&KEPT);
    kept.get_or_insert_default().entry(own.addr()).or_insert_with(|| {
        let mut bytes = Box::new_uninit_slice(layout.size());
        // SAFETY: 1. so many bytes are the static's, and nobody changes them before they are kept
        #[allow(unsafe_code)]
        unsafe {
            std::ptr::copy_nonoverlapping(own, bytes.as_mut_ptr().cast(), layout.size());
        }
        bytes
    });
}

/// Copies the constant bytes of a static.
fn give(own: *const u8, to: *mut u8, layout: Layout) {
    let kept = lock(&KEPT); // nobody begins to change them now
    let bytes = kept.as_ref().and_then(|kept| kept.get(&own.addr()));
    let from = bytes.map_or(own, |bytes| bytes.as_ptr().cast());
    // SAFETY: 1. so many bytes are there, and have been allocated. 2. they are a constant's: see
    // the head of this file
    #[allow(unsafe_code)]
    unsafe {
        std::ptr::copy_nonoverlapping(from, to, layout.size());
    }
}

/// What an atomic begins with in the running execution: a copy of its constant bytes.
pub(super) fn begins<A>(own: &A) -> MaybeUninit<A> {
    let mut atomic = MaybeUninit::<A>::uninit();
    give(std::ptr::from_ref(own).cast(), atomic.as_mut_ptr().cast(), Layout::new::<A>());
    atomic
}

/// An atomic that is a static is about to be used outside of models.
pub(super) fn is_used<A>(home: &Home, own: &A) {
    home.changes(|| keep(std::ptr::from_ref(own).cast(), Layout::new::<A>()));
}
