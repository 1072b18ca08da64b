//! Small files that promise or unpack to much: an error before memory is taken.

use std::io::Write as _;

use bundle_preprocess::{InputSource, Limits};
use flate2::{
    Compression,
    write::{DeflateEncoder, ZlibEncoder},
};

use crate::{hostile::crc32, support::pipeline, vectors::committed};

const IMAGE: &str = r#"{ op = "decode_image", exif_orientation = "ignore" }"#;
const DICOM: &str = r#"{ op = "decode_dicom", rescale = false, photometric = "ignore" }"#;

/// The error of a file, without the name of the step.
fn error(step: &str, bytes: Vec<u8>, limits: Limits) -> String {
    let decoder = pipeline("image", &[step]).expect("it compiles").with_limits(limits);
    let error = decoder.run(&InputSource::File(bytes), false).expect_err("too much");
    assert!(step.contains(&error.op), "{error}");
    error.message
}

/// A TIFF file of these tags, all of type LONG, and four bytes of pixels at 8.
fn tiff(tags: &[(u16, u32)]) -> Vec<u8> {
    let mut bytes = b"II*\0\x0c\0\0\0\0\0\0\0".to_vec();
    bytes.extend(u16::try_from(tags.len()).expect("few").to_le_bytes());
    for (tag, value) in tags {
        bytes.extend(tag.to_le_bytes());
        bytes.extend([4, 0, 1, 0, 0, 0]);
        bytes.extend(value.to_le_bytes());
    }
    bytes.extend([0; 4]);
    bytes
}

#[test]
fn a_tiff_header_of_65535_squared() {
    let size = |side: u32, more: &[(u16, u32)]| {
        let tags = [(256, side), (257, side), (258, 8), (259, 5), (262, 1), (273, 8), (279, 4)];
        tiff(&[&tags[..], more].concat())
    };
    let message = error(IMAGE, size(65_535, &[]), Limits::default());
    assert_eq!(
        message,
        "an image of 65535×65535 has 4294836225 pixels, more than the limit of 100000000"
    );
    let message = error(IMAGE, size(u32::MAX, &[]), Limits::default());
    assert!(message.ends_with("more than the limit of 100000000"), "{message}");
    let message = error(IMAGE, size(8000, &[]), Limits::default());
    assert_eq!(
        message,
        "the TIFF file is damaged: its 4 bytes of pixels cannot hold 64000000 bytes"
    );
    // One tile that is much larger than the image.
    let tags = [
        (256, 9),
        (257, 9),
        (258, 8),
        (262, 1),
        (322, 1 << 20),
        (323, 1 << 20),
        (324, 8),
        (325, 4),
    ];
    let message = error(IMAGE, tiff(&tags), Limits::default());
    assert!(message.ends_with("more than the limit of 100000000"), "{message}");
}

#[test]
fn a_webp_header_that_promises_too_much() {
    let riff = |name: &[u8; 4], data: &[u8]| {
        let size = u32::try_from(data.len()).expect("short").to_le_bytes();
        [&b"RIFF\x20\0\0\0WEBP"[..], name, &size, data].concat()
    };
    let lossless = riff(b"VP8L", &[0x2f, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0]);
    assert_eq!(
        error(IMAGE, lossless, Limits::default()),
        "an image of 16384×16384 has 268435456 pixels, more than the limit of 100000000"
    );
    let lossy = riff(b"VP8 ", &[0x10, 0, 0, 0x9d, 1, 0x2a, 0xff, 0x3f, 0xff, 0x3f]);
    assert_eq!(
        error(IMAGE, lossy, Limits::default()),
        "an image of 16383×16383 has 268402689 pixels, more than the limit of 100000000"
    );
}

#[test]
fn compressed_chunks_of_png_are_not_inflated() {
    let plain = committed("rgb.png");
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    for _ in 0..64 {
        encoder.write_all(&vec![0; 1 << 20]).expect("into memory");
    }
    let bomb = encoder.finish().expect("into memory");
    for (kind, head) in [(b"iCCP", &b"icc\0\0"[..]), (b"zTXt", &b"Comment\0\0"[..])] {
        let data = [&kind[..], head, &bomb].concat();
        let length = u32::try_from(data.len() - 4).expect("short").to_be_bytes();
        let chunk = [&length[..], &data, &crc32(&data).to_be_bytes()].concat();
        let file = [&plain[..33], &chunk, &plain[33..]].concat();
        let decoder = pipeline("image", &[IMAGE]).expect("it compiles");
        let with = decoder.run(&InputSource::File(file), false).expect("the pixels are whole");
        let without = decoder.run(&InputSource::File(plain.clone()), false).expect("an image");
        assert_eq!(with.published, without.published);
    }
}

/// A DICOM file with this transfer syntax and data set.
fn dicom(syntax: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = [&[0; 128][..], b"DICM"].concat();
    bytes.extend(element(0x0002_0010, b"UI", syntax.as_bytes()));
    bytes.extend(data);
    bytes
}

fn element(tag: u32, vr: &[u8], value: &[u8]) -> Vec<u8> {
    let [group, number] =
        [tag >> 16, tag & 0xffff].map(|half| u16::try_from(half).expect("a half"));
    let length = u16::try_from(value.len()).expect("short").to_le_bytes();
    [&group.to_le_bytes()[..], &number.to_le_bytes(), vr, &length, value].concat()
}

/// The numbers of a gray image of 8 bits, `side` squared.
fn image_elements(side: u16) -> Vec<u8> {
    let short = |tag: u32, value: u16| element(tag, b"US", &value.to_le_bytes());
    [
        short(0x0028_0002, 1),
        element(0x0028_0004, b"CS", b"MONOCHROME2 "),
        short(0x0028_0010, side),
        short(0x0028_0011, side),
        short(0x0028_0100, 8),
    ]
    .concat()
}

#[test]
fn dicom_files_that_promise_too_much() {
    let pixels = b"\xe0\x7f\x10\0OW\0\0\x04\0\0\0\x01\x02\x03\x04";
    let data = |side: u16| [image_elements(side), pixels.to_vec()].concat();
    let message = error(DICOM, dicom("1.2.840.10008.1.2.1", &data(65_535)), Limits::default());
    assert_eq!(
        message,
        "an image of 65535×65535 has 4294836225 pixels, more than the limit of 100000000"
    );
    let message = error(DICOM, dicom("1.2.840.10008.1.2.1", &data(9)), Limits::default());
    assert_eq!(message, "the DICOM file is damaged: its pixels break off");
    // RLE: a header of one segment, and nothing behind it.
    let frame = [&[1, 0, 0, 0, 64, 0, 0, 0][..], &[0; 56]].concat();
    let mut fragments = b"\xe0\x7f\x10\0OB\0\0\xff\xff\xff\xff\xfe\xff\0\xe0\0\0\0\0".to_vec();
    fragments.extend(b"\xfe\xff\0\xe0\x40\0\0\0");
    fragments.extend(frame);
    fragments.extend(b"\xfe\xff\xdd\xe0\0\0\0\0");
    let rle = [image_elements(5000), fragments].concat();
    assert_eq!(
        error(DICOM, dicom("1.2.840.10008.1.2.5", &rle), Limits::default()),
        "the DICOM file is damaged: an RLE frame cannot hold as many pixels as it says"
    );
    // 64 MiB of zeros in 64 KiB.
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    for _ in 0..64 {
        encoder.write_all(&vec![0; 1 << 20]).expect("into memory");
    }
    let bomb = dicom("1.2.840.10008.1.2.1.99", &encoder.finish().expect("into memory"));
    let limits = Limits { image_bytes: 1 << 20, ..Limits::default() };
    assert_eq!(error(DICOM, bomb, limits), "the DICOM file inflates to more than 1048576 bytes");
}

#[test]
fn nested_sequences_do_not_nest_calls() {
    let sequence = b"\x08\0\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\0\xe0\xff\xff\xff\xff";
    let deep = dicom("1.2.840.10008.1.2.1", &sequence.repeat(200_000));
    assert_eq!(
        error(DICOM, deep, Limits::default()),
        "the DICOM file is damaged: an element breaks off"
    );
}

#[test]
fn what_is_not_decoded_is_refused_by_name() {
    let refused = |steps: &str, bytes: Vec<u8>| error(steps, bytes, Limits::default());
    let pixels = [(256, 2), (257, 2), (273, 8), (279, 4)];
    let cases: [(&[(u16, u32)], &str); 6] = [
        (&[(258, 8), (259, 7), (262, 6)], "with a JPEG file inside"),
        (&[(258, 8), (262, 6)], "in YCbCr"),
        (&[(258, 32), (262, 1)], "of 32 bits"),
        (&[(258, 16), (262, 1), (339, 2)], "of floats or signed samples"),
        (&[(258, 8), (262, 1), (266, 2)], "whose bits are filled from the right"),
        (&[(258, 1), (259, 3), (262, 1)], "with Group 3 fax compression"),
    ];
    for (more, what) in cases {
        assert_eq!(
            refused(IMAGE, tiff(&[&pixels[..], more].concat())),
            format!("a TIFF file {what} cannot be decoded in this version")
        );
    }
    assert_eq!(
        refused(DICOM, dicom("1.2.840.10008.1.2.4.90", &[])),
        "a DICOM file of the transfer syntax JPEG 2000 cannot be decoded in this version"
    );
    assert_eq!(
        refused(IMAGE, dicom("1.2.840.10008.1.2.1", &[])),
        "takes a JPEG, PNG, WebP or TIFF file, got a DICOM file"
    );
    assert_eq!(
        refused(DICOM, committed("rgb.png")),
        "takes a DICOM file, got a file of another format"
    );
}
