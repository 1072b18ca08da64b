//! Unpacks what runs in a browser. A page holds this in gzip, which browsers know, and the rest
//! in Zstandard, which is a third smaller.

use std::cell::RefCell;

use ruzstd::decoding::FrameDecoder;

thread_local! {
    static STATE: RefCell<(Vec<u8>, Vec<u8>)> = RefCell::default();
}

/// Makes room for a frame of so many bytes and for what comes out of it, and says where the frame
/// goes; 0 where there is no memory.
#[unsafe(no_mangle)]
pub extern "C" fn room(packed: usize, unpacked: usize) -> usize {
    STATE.with_borrow_mut(|(frame, content)| {
        let fits = frame.try_reserve_exact(packed).is_ok() && content.try_reserve_exact(unpacked).is_ok();
        if !fits {
            return 0;
        }
        frame.resize(packed, 0);
        content.resize(unpacked, 0);
        frame.as_ptr() as usize
    })
}

/// Unpacks the frame, and says where its content lies; 0 where it is damaged or of another length.
#[unsafe(no_mangle)]
pub extern "C" fn unpack() -> usize {
    STATE.with_borrow_mut(|(frame, content)| {
        let mut decoder = FrameDecoder::new();
        let whole = decoder.decode_all(frame, content).is_ok_and(|length| length == content.len());
        // The decoder computes the checksum and leaves it to its caller to compare.
        let same = decoder.get_checksum_from_data() == decoder.get_calculated_checksum();
        if whole && same { content.as_ptr() as usize } else { 0 }
    })
}
