//! Damaged and lying files: an error each, no panic, and memory within the limits.

use bundle_manifest::NoFiles;
use bundle_preprocess::{InputPipeline, InputSource};
use proptest::prelude::*;

use crate::{
    support::{input, pipeline},
    vectors::committed,
};

fn decoder() -> InputPipeline {
    let steps = [r#"{ op = "decode_image", exif_orientation = "apply", bit_depth16 = "keep" }"#];
    pipeline("image", &steps).expect("it compiles")
}

const FILES: [&str; 8] = [
    "rgb.png",
    "interlaced1.png",
    "palette-alpha.png",
    "exif6.png",
    "420.jpg",
    "progressive.jpg",
    "restart.jpg",
    "exif6.jpg",
];

#[test]
fn headers_that_promise_too_much() {
    let mut huge = committed("rgb.png");
    huge[16..24].copy_from_slice(&[0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30]);
    fix_header_checksum(&mut huge);
    let error = decoder().run(&InputSource::File(huge), false).expect_err("30,000 × 30,000");
    assert_eq!(
        error.to_string(),
        "step 0 `decode_image` of `given`: an image of 30000×30000 has 900000000 pixels, more than the limit of 100000000"
    );
    let mut lying = committed("rgb.png");
    lying[16..24].copy_from_slice(&[0, 0, 0x20, 0, 0, 0, 0x20, 0]);
    fix_header_checksum(&mut lying);
    let size = lying.len();
    let error =
        decoder().run(&InputSource::File(lying), false).expect_err("8192 × 8192 in a few KB");
    assert_eq!(
        error.to_string(),
        format!(
            "step 0 `decode_image` of `given`: the PNG file has {size} bytes and cannot hold the 201334784 bytes that its header promises"
        )
    );
    let mut jpeg = committed("420.jpg");
    let frame = jpeg.windows(2).position(|pair| pair == [0xff, 0xc0]).expect("a baseline frame");
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xdc, 0xff, 0xdc]);
    let error = decoder().run(&InputSource::File(jpeg), false).expect_err("65,500 × 65,500");
    assert_eq!(
        error.to_string(),
        "step 0 `decode_image` of `given`: an image of 65500×65500 has 4290250000 pixels, more than the limit of 100000000"
    );
}

#[test]
fn a_wrong_checksum_is_said_in_one_line() {
    let mut damaged = committed("rgb.png");
    damaged[29] ^= 1;
    let error = decoder().run(&InputSource::File(damaged), false).expect_err("a checksum");
    assert_eq!(
        error.to_string(),
        "step 0 `decode_image` of `given`: the PNG file cannot be decoded: the checksum of its chunk `IHDR` is wrong"
    );
}

#[test]
fn a_restart_marker_out_of_place_is_an_error() {
    let mut damaged = committed("restart.jpg");
    let first = damaged.windows(2).position(|pair| pair == [0xff, 0xd0]).expect("a marker");
    damaged[first + 1] = 0xd3;
    let error = decoder().run(&InputSource::File(damaged), false).expect_err("3 before 1");
    assert_eq!(
        error.to_string(),
        "step 0 `decode_image` of `given`: the JPEG file is damaged: restart marker 3 where 0 belongs"
    );
}

fn fix_header_checksum(png: &mut [u8]) {
    let checksum = crc32(&png[12..29]).to_be_bytes();
    png[29..33].copy_from_slice(&checksum);
}

pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    let table = |byte: u32| {
        (0..8).fold(byte, |crc, _| if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 })
    };
    !bytes.iter().fold(u32::MAX, |crc, byte| table((crc ^ u32::from(*byte)) & 0xff) ^ (crc >> 8))
}

#[test]
fn a_truncated_file_is_an_error() {
    for name in FILES {
        let bytes = committed(name);
        for length in (0..bytes.len() * 9 / 10).step_by(7) {
            let source = InputSource::File(bytes[..length].to_vec());
            let error = decoder().run(&source, false).expect_err(name);
            assert_eq!((error.index, error.op.as_str()), (0, "decode_image"));
        }
    }
}

proptest! {
    #[test]
    fn flipped_bytes_do_not_panic(file in 0..FILES.len(), flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let mut bytes = committed(FILES[file]);
        for (index, byte) in flips {
            let index = index.index(bytes.len());
            bytes[index] = byte;
        }
        drop(decoder().run(&InputSource::File(bytes), false));
    }

    #[test]
    fn no_text_makes_a_table_panic(text in "\\PC{0,200}") {
        let columns = r#"{ op = "columns", columns = [{ name = "a", kind = "number" }, { name = "b", kind = "category", categories = ["x", "y"] }] }"#;
        let pipeline = InputPipeline::compile(&input("table", &[columns], "a"), &NoFiles).expect("it compiles");
        drop(pipeline.run(&InputSource::File(format!("a,b\n{text}").into_bytes()), false));
    }
}
