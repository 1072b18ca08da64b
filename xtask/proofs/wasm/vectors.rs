//! The vectors of bundle-preprocess in wasm32: a host pushes files and the names of groups,
//! and pops what came of the cases, a line of JSON each.
//!
//! Numbers alone cross the border, so that no pointer does.

#[path = "../../../crates/bundle-preprocess/tests/it/replay.rs"]
mod replay;
#[path = "../../../crates/bundle-preprocess/tests/it/support.rs"]
#[expect(dead_code, reason = "a module of the tests; only inputs are needed here")]
mod support;

use std::{cell::RefCell, collections::BTreeMap, io};

thread_local! {
    static HOST: RefCell<Host> = RefCell::default();
}

/// What came over the border, and what goes back.
#[derive(Default)]
struct Host {
    pushed: Vec<u8>,
    files: BTreeMap<String, Vec<u8>>,
    name: String,
    answer: std::vec::IntoIter<u8>,
}

impl Host {
    fn text(&mut self) -> String {
        String::from_utf8(std::mem::take(&mut self.pushed)).expect("UTF-8")
    }
}

/// Takes eight bytes, little-endian, of which `count` count.
#[unsafe(no_mangle)]
pub extern "C" fn push(bytes: u64, count: u32) {
    let count = usize::try_from(count).expect("at most 8");
    HOST.with_borrow_mut(|host| host.pushed.extend_from_slice(&bytes.to_le_bytes()[..count]));
}

/// What was pushed is the name of the file to come.
#[unsafe(no_mangle)]
pub extern "C" fn name() {
    HOST.with_borrow_mut(|host| host.name = host.text());
}

/// What was pushed is that file.
#[unsafe(no_mangle)]
pub extern "C" fn file() {
    HOST.with_borrow_mut(|host| {
        let (name, content) = (std::mem::take(&mut host.name), std::mem::take(&mut host.pushed));
        host.files.insert(name, content);
    });
}

/// What was pushed is the name of a group: runs it.
#[unsafe(no_mangle)]
pub extern "C" fn run() {
    HOST.with_borrow_mut(|host| {
        let group = host.text();
        let read = |name: &str| {
            host.files.get(name).cloned().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
        };
        let mut answer = String::new();
        for compared in replay::replay(&read, &group) {
            answer += &compared.line(&group);
            answer.push('\n');
        }
        host.answer = answer.into_bytes().into_iter();
    });
}

/// The next byte of the answer; -1 at its end.
#[unsafe(no_mangle)]
pub extern "C" fn pop() -> i32 {
    HOST.with_borrow_mut(|host| host.answer.next().map_or(-1, i32::from))
}

/// Random numbers, for seeds of hash tables: none, so that every run is the same.
///
/// # Safety
/// `buffer` has `length` bytes; getrandom says so.
#[unsafe(no_mangle)]
unsafe extern "Rust" fn __getrandom_v03_custom(
    buffer: *mut u8,
    length: usize,
) -> Result<(), getrandom::Error> {
    // SAFETY: as above.
    unsafe { buffer.write_bytes(0, length) };
    Ok(())
}
