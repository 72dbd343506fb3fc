//! Places the columns of a timeline so that it fits.

use super::text::{SourceNames, width};
use super::words::{LONGEST_NAME, SHORTEST_NAME, describe, name_of, source};
use crate::trace::{ThreadId, Trace};

/// The space between two columns.
pub(super) const GAP: usize = 2;
/// The narrowest column of a thread, which is also what the text under a blocked thread needs.
const NARROWEST: usize = 14;

/// The positions of the columns.
pub(super) struct Layout {
    /// The width of the event numbers.
    pub(super) number: usize,
    /// The longest name that is drawn whole.
    pub(super) longest_name: usize,
    /// Each thread's column: where it starts, and its width.
    pub(super) threads: Vec<(usize, usize)>,
    /// Where the source lines start.
    pub(super) source: usize,
    /// Where the remarks start.
    pub(super) remark: usize,
}

impl Layout {
    /// Returns the layout that fits, cutting names only as far as necessary.
    pub(super) fn new(
        trace: &Trace,
        kept: &[usize],
        names: &SourceNames<'_>,
        columns: usize,
    ) -> Self {
        let mut longest_name = LONGEST_NAME;
        loop {
            let layout = Layout::with_names(trace, kept, names, columns, longest_name);
            if layout.remark <= columns + GAP || longest_name <= SHORTEST_NAME {
                return layout;
            }
            longest_name -= 1;
        }
    }

    fn with_names(
        trace: &Trace,
        kept: &[usize],
        names: &SourceNames<'_>,
        columns: usize,
        longest_name: usize,
    ) -> Self {
        let number = kept.last().map_or(1, |last| (last + 1).to_string().len());
        let left = 2 + number + GAP;
        let heads: Vec<usize> = (0..)
            .zip(&trace.threads)
            .map(|(id, thread)| {
                let head = width(&name_of(trace, ThreadId(id)));
                if thread.blocked.is_some() { head.max(NARROWEST) } else { head }
            })
            .collect();
        let events: Vec<(usize, usize)> = kept
            .iter()
            .map(|&place| &trace.events[place])
            .map(|event| (event.thread.index(), width(&describe(trace, event, longest_name))))
            .collect();
        let mut widths = heads.clone();
        for &(thread, described) in &events {
            if let Some(column) = widths.get_mut(thread) {
                *column = described.max(*column);
            }
        }
        let at = kept
            .iter()
            .map(|&place| width(&source(names, trace.events[place].location)))
            .max()
            .unwrap_or(0);
        // As there is one event a line, an event may stick out into the column at its right: so
        // where the threads are many, their columns move together, as far as their heads allow,
        // before anything is cut off.
        let mut widest = widths.iter().copied().max().unwrap_or(0);
        loop {
            let threads = place_columns(left, &widths);
            let ends = events.iter().map(|&(thread, described)| {
                threads.get(thread).map_or(left, |column| column.0) + described + GAP
            });
            let heads_end = threads.last().map_or(left, |(start, columns)| start + columns + GAP);
            let source = ends.max().unwrap_or(0).max(heads_end);
            if source + at <= columns || widest <= NARROWEST {
                return Layout { number, longest_name, threads, source, remark: source + at + GAP };
            }
            widest -= 1;
            for (column, head) in widths.iter_mut().zip(&heads) {
                *column = (*column).min(widest.max(*head));
            }
        }
    }
}

/// Returns the positions of columns of these widths, side by side.
fn place_columns(left: usize, widths: &[usize]) -> Vec<(usize, usize)> {
    let mut start = left;
    let mut placed = Vec::with_capacity(widths.len());
    for &columns in widths {
        placed.push((start, columns));
        start += columns + GAP;
    }
    placed
}
