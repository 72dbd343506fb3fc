# a Relaxed: what is written into a buffer is not published with it
s/\.swap\(self\.input_idx \| BACK_DIRTY_BIT, Ordering::AcqRel\)/.swap(self.input_idx | BACK_DIRTY_BIT, Ordering::Relaxed)/
