//! Silence for the panics of migrations that are recorded: they are reported as a reason, so their text on standard error
//! would be a second report.

use std::{cell::Cell, panic, sync::Once};

thread_local! {
    static IS_SILENT: Cell<bool> = const { Cell::new(false) };
}

/// Calls `work`. A panic in it, on this thread, prints nothing.
pub(super) fn of_panics<T>(work: impl FnOnce() -> T) -> T {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let loud = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !IS_SILENT.try_with(Cell::get).unwrap_or_default() {
                loud(info);
            }
        }));
    });
    let _restored = Restored(IS_SILENT.replace(true));
    work()
}

/// Restores the former setting when it is dropped, also by a panic.
struct Restored(bool);

impl Drop for Restored {
    fn drop(&mut self) {
        IS_SILENT.set(self.0);
    }
}
