//! Where green threads have their stacks: one region of addresses, so that an address says by
//! itself whose stack it is on.
//!
//! A `const fn` can ask nothing but memory: no thread-local, no function that is not `const`. The
//! address of a local variable is all that it knows of its thread. So our stacks stand at addresses
//! that are known beforehand, in slots of one size, and a table says for each slot which OS thread
//! explores on it, by its [`Ledger`]. Nobody but that thread reads or writes the slot's entry.

use super::birth::Ledger;
use corosensei::stack::valgrind::ValgrindStackRegistration;
use corosensei::stack::{Stack, StackPointer};
use std::io::{ErrorKind, Result};

/// Where the slots may begin. Linux and macOS put nothing there by themselves. The second place is
/// for valgrind, which knows no higher addresses, the third for processors with 39 bits of them.
#[cfg(target_pointer_width = "64")]
const BASES: [usize; 3] = [0x5000_0000_0000, 0x0500_0000_0000, 0x0050_0000_0000];

/// There is no room for a region.
#[cfg(not(target_pointer_width = "64"))]
const BASES: [usize; 0] = [];

/// The size of a slot, in bytes.
const SLOT: usize = 512 * 1024;

/// How many slots there are: one TiB.
const SLOTS: usize = 1 << 21;

/// The table stands before the slots: one pointer for each.
const TABLE: usize = SLOTS * size_of::<*mut Ledger>();

/// Sizes are rounded up to this: the largest page.
const PAGE: usize = 16 * 1024;

union Address {
    pointer: *const u8,
    number: usize,
}

/// The ledger of the OS thread on whose green stack the caller runs. Null if it runs on another
/// stack.
///
/// Not to be called when a constant is computed: there, addresses are no numbers.
#[allow(unsafe_code)]
pub(super) const fn ledger() -> *mut Ledger {
    let local = 0_u8;
    // SAFETY: 1. at run time a pointer is a number
    let here = unsafe { Address { pointer: &raw const local }.number };
    let mut place = 0;
    while place < BASES.len() {
        let base = BASES[place];
        if here >= base && here < base + SLOTS * SLOT {
            // SAFETY: 2. a stack in the region is a `GreenStack`: the table is mapped before it is,
            // its entries are written before anything runs on it, by the only OS thread that runs
            // on it
            return unsafe { *entry(base, here) };
        }
        place += 1;
    }
    std::ptr::null_mut()
}

/// The table's entry for the slot of this address.
const fn entry(base: usize, address: usize) -> *mut *mut Ledger {
    ((base - TABLE) as *mut *mut Ledger).wrapping_add((address - base) / SLOT)
}

/// A stack in the region. It stays mapped: other threads have it later.
#[derive(Clone, Copy, Debug)]
pub(super) struct GreenStack {
    base: usize,
    /// The lowest address.
    bottom: usize,
    bytes: usize,
    /// How many bytes a thread can use. Whoever touches what is below has overflowed the stack.
    usable: usize,
}

impl GreenStack {
    /// Maps a stack on which a thread can use so many bytes.
    ///
    /// # Errors
    /// If there is no memory, or something else is in the region.
    pub(super) fn new(usable: usize) -> Result<GreenStack> {
        let rounded = usable.checked_next_multiple_of(PAGE);
        let guarded = rounded.and_then(|bytes| bytes.checked_add(PAGE));
        let whole = guarded.and_then(|bytes| bytes.checked_next_multiple_of(SLOT));
        let (Some(rounded), Some(bytes)) = (rounded, whole) else {
            return Err(ErrorKind::OutOfMemory.into());
        };
        let (base, first) = map::slots(bytes / SLOT)?;
        let bottom = base + first * SLOT;
        map::stack(bottom, bytes, bytes - rounded)?;
        // valgrind takes a jump to a stack that it does not know for a large frame
        let known = ValgrindStackRegistration::new(bottom as *mut u8, bytes);
        std::mem::forget(known);
        Ok(GreenStack { base, bottom, bytes, usable })
    }

    pub(super) fn usable(self) -> usize {
        self.usable
    }

    /// It stays as it is for ever: what is on it may be borrowed. Without a guard it is one mapping
    /// with its neighbours, of which a process has a limited number.
    pub(super) fn leak(self) {
        map::unguard(self.bottom, self.bytes - self.usable);
    }

    pub(super) fn is(self, other: GreenStack) -> bool {
        self.bottom == other.bottom
    }

    /// From now on this OS thread runs green threads on it, and nobody else.
    pub(super) fn belongs_to(self, ledger: *mut Ledger) {
        for address in (self.bottom..self.bottom + self.bytes).step_by(SLOT) {
            // SAFETY: 1. the table is mapped, and these slots are this stack's alone
            #[allow(unsafe_code)]
            unsafe {
                *entry(self.base, address) = ledger;
            }
        }
    }
}

// SAFETY: 1. the memory is mapped, readable and writable above the guard, and never unmapped
#[allow(unsafe_code)]
unsafe impl Stack for GreenStack {
    fn base(&self) -> StackPointer {
        StackPointer::new(self.bottom + self.bytes).expect("the region does not begin at 0")
    }

    fn limit(&self) -> StackPointer {
        StackPointer::new(self.bottom).expect("the region does not begin at 0")
    }
}

#[cfg(unix)]
mod map {
    //! The system calls.

    #![allow(unsafe_code)] // every line of it is a system call

    use super::{BASES, ErrorKind, Result, SLOT, SLOTS, TABLE};
    use std::io::Error;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Takes so many slots that nobody has had: where the region begins, and the first of them.
    /// They are not given back: there are enough.
    pub(super) fn slots(number: usize) -> Result<(usize, usize)> {
        static BASE: OnceLock<std::result::Result<usize, ErrorKind>> = OnceLock::new();
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let base = (*BASE.get_or_init(|| {
            let is_free = |base: &usize| at(base - TABLE, TABLE).is_ok();
            BASES.into_iter().find(is_free).ok_or(ErrorKind::AddrInUse)
        }))?;
        // Relaxed: only uniqueness matters
        let first = NEXT.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |first| {
            first.checked_add(number).filter(|end| *end <= SLOTS)
        });
        first.map(|first| (base, first)).map_err(|_| ErrorKind::OutOfMemory.into())
    }

    /// Maps memory at this address, which is a wish: without `MAP_FIXED` nothing is replaced.
    fn at(address: usize, bytes: usize) -> Result<()> {
        let wish = std::ptr::without_provenance_mut(address);
        let (rights, flags) = (
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANON | libc::MAP_NORESERVE,
        );
        // SAFETY: 1. a new mapping of no file
        let got = unsafe { libc::mmap(wish, bytes, rights, flags, -1, 0) };
        if got == libc::MAP_FAILED {
            return Err(Error::last_os_error());
        }
        if got.expose_provenance() != address {
            // SAFETY: 2. nobody knows of the mapping yet
            unsafe { libc::munmap(got, bytes) };
            return Err(ErrorKind::AddrInUse.into());
        }
        Ok(())
    }

    /// Lets a stack's lowest bytes be touched.
    pub(super) fn unguard(bottom: usize, guard: usize) {
        let lowest = std::ptr::with_exposed_provenance_mut(bottom);
        // SAFETY: 1. within the mapping of a stack. If it fails, there is one mapping more
        unsafe { libc::mprotect(lowest, guard, libc::PROT_READ | libc::PROT_WRITE) };
    }

    /// Maps a stack, whose lowest bytes nobody may touch.
    pub(super) fn stack(bottom: usize, bytes: usize, guard: usize) -> Result<()> {
        debug_assert!(bytes.is_multiple_of(SLOT));
        at(bottom, bytes)?;
        let lowest = std::ptr::with_exposed_provenance_mut(bottom);
        // SAFETY: 1. within the mapping that has just been made
        match unsafe { libc::mprotect(lowest, guard, libc::PROT_NONE) } {
            0 => Ok(()),
            _ => Err(Error::last_os_error()),
        }
    }
}

#[cfg(not(unix))]
mod map {
    //! Nothing is known of how memory is mapped here.

    use super::{ErrorKind, Result};

    pub(super) fn slots(_: usize) -> Result<(usize, usize)> {
        Err(ErrorKind::Unsupported.into())
    }

    pub(super) fn unguard(_: usize, _: usize) {}

    pub(super) fn stack(_: usize, _: usize, _: usize) -> Result<()> {
        Err(ErrorKind::Unsupported.into())
    }
}
