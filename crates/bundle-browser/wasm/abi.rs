//! A bundle in a browser: numbers cross the border, and bytes in one buffer.
//!
//! The page asks for room (`room`), writes a bundle or a question there, and calls `open` or
//! `ask`; what comes back lies at `answer`, as long as the call said. `heard` and `died` are the
//! page's own: how far opening has come, and the last words of a panic, after which the instance
//! is of no use.

use std::cell::RefCell;

use bundle_browser::{Host, Parcel, Progress};
use bundle_signature::UnixTime;

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

/// What lasts between two calls.
#[derive(Default)]
struct State {
    room: Vec<u8>,
    answer: Vec<u8>,
    host: Option<Host>,
}

#[link(wasm_import_module = "page")]
unsafe extern "C" {
    /// Hears bytes that were checked, of all; (0, 0) once the network is made ready.
    safe fn heard(checked: f64, total: f64);
    /// Hears where the last words of a panic lie.
    safe fn died(words: usize, length: usize);
}

/// Makes room for so many bytes, and says where.
#[unsafe(no_mangle)]
pub extern "C" fn room(length: usize) -> usize {
    STATE.with_borrow_mut(|state| {
        state.room = Vec::new();
        if state.room.try_reserve_exact(length).is_err() {
            return 0;
        }
        state.room.resize(length, 0);
        state.room.as_ptr() as usize
    })
}

/// Opens the bundle in the room at a time, in seconds since 1970. The answer is a parcel.
#[unsafe(no_mangle)]
pub extern "C" fn open(now: f64) -> usize {
    std::panic::set_hook(Box::new(|panic| {
        let words = panic.to_string();
        died(words.as_ptr() as usize, words.len());
    }));
    let bytes = STATE.with_borrow_mut(|state| {
        state.host = None;
        std::mem::take(&mut state.room)
    });
    let opened = Host::open(bytes, UnixTime(now as u64), &|progress| match progress {
        Progress::Checked(bytes, total) => heard(bytes as f64, total as f64),
        Progress::Loading => heard(0.0, 0.0),
    });
    let (host, json) = match opened {
        Ok(host) => (Some(host), serde_json::json!({ "ok": true })),
        Err(refusal) => (None, refusal.view()),
    };
    STATE.with_borrow_mut(|state| {
        state.host = host;
        state.answer = Parcel::of(json).to_bytes();
        state.answer.len()
    })
}

/// Answers the question in the room.
#[unsafe(no_mangle)]
pub extern "C" fn ask() -> usize {
    STATE.with_borrow_mut(|state| {
        let question = std::mem::take(&mut state.room);
        let answer = match &state.host {
            Some(host) => host.answer(&question),
            None => Parcel::of(serde_json::json!({ "error": "no bundle is open" })),
        };
        state.answer = answer.to_bytes();
        state.answer.len()
    })
}

/// Where the answer lies.
#[unsafe(no_mangle)]
pub extern "C" fn answer() -> usize {
    STATE.with_borrow(|state| state.answer.as_ptr() as usize)
}

/// Random numbers, for seeds of hash tables: none, so that every run is the same.
///
/// # Safety
/// `buffer` has `length` bytes; getrandom says so.
#[unsafe(no_mangle)]
unsafe extern "Rust" fn __getrandom_v03_custom(
    buffer: *mut u8,
    length: usize,
) -> Result<(), getrandom03::Error> {
    // SAFETY: as above.
    unsafe { buffer.write_bytes(0, length) };
    Ok(())
}
