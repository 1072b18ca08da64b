//! Variants of the image steps.

use bundle_manifest::{
    Alpha, AxisLayout, BitDepth16, CenterCrop, ColorSpace, ConvertColor, DecodeImage,
    ExifOrientation, Interpolation, Layout, Letterbox, Luma, Normalize, OffsetRounding, Pad,
    PadPosition, PadSide, Rescale, RescaleArithmetic, Resize, ResizeImpl, ResizeSize,
    ResizeVersion, ReverseChannels, SizeRounding, Step,
};

use super::{Variant, numbers, words};

const ANY: &str = "any picture";
const COLOUR: &str = "a picture with colours";
const LARGE: &str = "a photograph larger than the size";

pub(super) fn variants(step: &Step) -> Vec<Variant> {
    match step {
        Step::DecodeImage(params) => decode_image(params),
        Step::ConvertColor(params) => convert_color(step, params),
        Step::Resize(params) => resize(params),
        Step::Letterbox(params) => letterbox(params),
        Step::CenterCrop(params) => center_crop(params),
        Step::Pad(params) => {
            let with = |position| Step::Pad(Pad { position, ..params.clone() });
            words(
                "position",
                PadPosition::ALL,
                params.position,
                with,
                "a picture smaller than the size",
            )
        }
        Step::Rescale(params) => rescale(step, params),
        Step::Normalize(params) => normalize(step, params),
        Step::Layout(params) => layout(params),
        _ => Vec::new(),
    }
}

fn decode_image(params: &DecodeImage) -> Vec<Variant> {
    let exif =
        |exif_orientation| Step::DecodeImage(DecodeImage { exif_orientation, ..params.clone() });
    let mut all = words(
        "exif_orientation",
        ExifOrientation::ALL,
        params.exif_orientation,
        exif,
        "a photograph with EXIF orientation 6",
    );
    let depth =
        |depth| Step::DecodeImage(DecodeImage { bit_depth16: Some(depth), ..params.clone() });
    if let Some(written) = params.bit_depth16 {
        all.extend(words("bit_depth16", BitDepth16::ALL, written, depth, "a 16-bit PNG file"));
    }
    all
}

fn convert_color(step: &Step, params: &ConvertColor) -> Vec<Variant> {
    const TRANSPARENT: &str = "a PNG file with transparency";
    let with = Step::ConvertColor;
    let mut all = Vec::new();
    let other = match params.to {
        ColorSpace::Rgb => Some(ColorSpace::Bgr),
        ColorSpace::Bgr => Some(ColorSpace::Rgb),
        _ => None,
    };
    if let Some(to) = other {
        all.push(Variant::new(
            with(ConvertColor { to, ..params.clone() }),
            format!("to = \"{to}\""),
            COLOUR,
        ));
        all.push(Variant::then(
            step,
            Step::ReverseChannels(ReverseChannels { axis: -1 }),
            "{ op = \"reverse_channels\", axis = -1 }",
            COLOUR,
        ));
    }
    if let Some(luma) = params.luma {
        let with = |luma| with(ConvertColor { luma: Some(luma), ..params.clone() });
        all.extend(words("luma", Luma::ALL, luma, with, COLOUR));
    }
    if params.alpha.is_some() {
        let drop = ConvertColor { alpha: Some(Alpha::Drop), background: None, ..params.clone() };
        all.push(Variant::new(with(drop), "alpha = \"drop\"", TRANSPARENT));
        for background in [[255; 3], [0; 3]] {
            let composite = ConvertColor {
                alpha: Some(Alpha::Composite),
                background: Some(background),
                ..params.clone()
            };
            let change = format!("alpha = \"composite\", background = {background:?}");
            all.push(Variant::new(with(composite), change, TRANSPARENT));
        }
    }
    all
}

/// Each kernel with how it is written.
fn kernels() -> Vec<(ResizeImpl, Option<ResizeVersion>, Option<bool>)> {
    let pillow =
        ResizeVersion::ALL.iter().map(|version| (ResizeImpl::Pillow, Some(*version), None));
    let torch = [ResizeImpl::TorchvisionU8, ResizeImpl::TorchvisionF32]
        .into_iter()
        .flat_map(|kernel| [true, false].map(|antialias| (kernel, None, Some(antialias))));
    pillow.chain(torch).chain([(ResizeImpl::Opencv, None, None)]).collect()
}

fn kernel_change(
    kernel: (ResizeImpl, Option<ResizeVersion>, Option<bool>),
    written: (ResizeImpl, Option<ResizeVersion>, Option<bool>),
) -> String {
    let (library, version, antialias) = kernel;
    let mut parts = Vec::new();
    if library != written.0 {
        parts.push(format!("impl = \"{library}\""));
    }
    if let Some(version) = version.filter(|_| version != written.1) {
        parts.push(format!("impl_version = \"{version}\""));
    }
    if let Some(antialias) = antialias.filter(|_| antialias != written.2) {
        parts.push(format!("antialias = {antialias}"));
    }
    parts.join(", ")
}

fn resize(params: &Resize) -> Vec<Variant> {
    let mut all = sizes(params);
    let written = (params.kernel, params.version, params.antialias);
    for (kernel, version, antialias) in kernels() {
        let said = kernel_change((kernel, version, antialias), written);
        for interpolation in Interpolation::ALL {
            let changed = Resize {
                kernel,
                version,
                antialias,
                interpolation: *interpolation,
                ..params.clone()
            };
            let change = match (said.is_empty(), *interpolation == params.interpolation) {
                (true, true) => continue,
                (true, false) => format!("interpolation = \"{interpolation}\""),
                (false, true) => said.clone(),
                (false, false) => format!("{said}, interpolation = \"{interpolation}\""),
            };
            let probe = match (kernel, params.kernel) {
                (ResizeImpl::Pillow, ResizeImpl::Pillow) if version != params.version => {
                    "a 9:16 portrait photograph"
                }
                _ => LARGE,
            };
            all.push(Variant::new(Step::Resize(changed), change, probe));
        }
    }
    // One change at a time is likelier than two.
    all.sort_by_key(|variant| variant.change.matches(" = ").count());
    all
}

/// Other sizes: how the longer edge is rounded, and which edge is meant.
fn sizes(params: &Resize) -> Vec<Variant> {
    let with = Step::Resize;
    let mut all = Vec::new();
    if let Some(rounding) = params.size_rounding {
        let with = |rounding| with(Resize { size_rounding: Some(rounding), ..params.clone() });
        all.extend(words(
            "size_rounding",
            SizeRounding::ALL,
            rounding,
            with,
            "a photograph of 640×427 pixels",
        ));
    }
    let mut size = |size: ResizeSize, change: String| {
        let size_rounding = params.size_rounding.or(Some(SizeRounding::Trunc));
        let size_rounding = size_rounding.filter(|_| size.keeps_aspect_ratio());
        let changed = Resize { size, size_rounding, ..params.clone() };
        all.push(Variant::new(with(changed), change, "a picture that is not square"));
    };
    match params.size {
        ResizeSize::Exact { height, width } if height == width => {
            let form = ResizeSize::ShortestEdge { shortest_edge: height, longest_edge: None };
            size(form, format!("size = {{ shortest_edge = {height} }}, size_rounding = \"trunc\""));
        }
        ResizeSize::ShortestEdge { shortest_edge: edge, longest_edge: None } => {
            let form = ResizeSize::Exact { height: edge, width: edge };
            size(form, format!("size = {{ height = {edge}, width = {edge} }}"));
            let form = ResizeSize::LongestEdge { longest_edge: edge };
            size(form, format!("size = {{ longest_edge = {edge} }}"));
        }
        ResizeSize::LongestEdge { longest_edge: edge } => {
            let form = ResizeSize::ShortestEdge { shortest_edge: edge, longest_edge: None };
            size(form, format!("size = {{ shortest_edge = {edge} }}"));
        }
        _ => {}
    }
    all
}

fn letterbox(params: &Letterbox) -> Vec<Variant> {
    let with = Step::Letterbox;
    let written = (params.kernel, params.version, params.antialias);
    let mut all = numbers(
        "scaleup",
        &[true, false],
        params.scaleup,
        |scaleup| with(Letterbox { scaleup, ..params.clone() }),
        "a picture smaller than the size",
    );
    all.extend(words(
        "position",
        PadPosition::ALL,
        params.position,
        |position| with(Letterbox { position, ..params.clone() }),
        "a picture that is not square",
    ));
    all.extend(numbers(
        "fill",
        &[114.0, 0.0, 127.0, 128.0, 255.0],
        params.fill,
        |fill| with(Letterbox { fill, ..params.clone() }),
        "a picture that is not square",
    ));
    for stride in [None, Some(32), Some(64)] {
        let change = stride
            .map_or_else(|| "leave `stride` out".to_owned(), |stride| format!("stride = {stride}"));
        all.push(Variant::new(
            with(Letterbox { stride, ..params.clone() }),
            change,
            "a picture that is not square",
        ));
    }
    for (kernel, version, antialias) in kernels() {
        let change = kernel_change((kernel, version, antialias), written);
        if !change.is_empty() {
            let changed = Letterbox { kernel, version, antialias, ..params.clone() };
            all.push(Variant::new(with(changed), change, LARGE));
        }
    }
    all
}

fn center_crop(params: &CenterCrop) -> Vec<Variant> {
    let with = |offset_rounding| Step::CenterCrop(CenterCrop { offset_rounding, ..params.clone() });
    let mut all = words(
        "offset_rounding",
        OffsetRounding::ALL,
        params.offset_rounding,
        with,
        "a picture that leaves an odd number of pixels, such as 227×227",
    );
    if let Some(side) = params.pad_side {
        let with = |side| Step::CenterCrop(CenterCrop { pad_side: Some(side), ..params.clone() });
        all.extend(words("pad_side", PadSide::ALL, side, with, "a picture of 101×101 pixels"));
    }
    all.push(Variant::without(LARGE));
    all
}

fn rescale(step: &Step, params: &Rescale) -> Vec<Variant> {
    let with = Step::Rescale;
    let mut all = vec![Variant::without(ANY), Variant::twice(step, ANY)];
    all.extend(words(
        "arithmetic",
        RescaleArithmetic::ALL,
        params.arithmetic,
        |arithmetic| with(Rescale { arithmetic, ..params.clone() }),
        ANY,
    ));
    for (scale, offset) in
        [(1.0 / 255.0, 0.0), (1.0 / 127.5, -1.0), (1.0 / 256.0, 0.0), (1.0 / 65535.0, 0.0)]
    {
        let changed = with(Rescale { scale, offset, ..params.clone() });
        all.push(Variant::new(changed, format!("scale = {scale:?}, offset = {offset:?}"), ANY));
    }
    all
}

/// The means and deviations that models of the field are trained with.
const STATISTICS: [([f64; 3], [f64; 3]); 4] = [
    // ImageNet.
    ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    ([0.5; 3], [0.5; 3]),
    // CLIP.
    ([0.481_454_66, 0.457_827_5, 0.408_210_73], [0.268_629_54, 0.261_302_58, 0.275_777_11]),
    ([0.0; 3], [1.0; 3]),
];

fn normalize(step: &Step, params: &Normalize) -> Vec<Variant> {
    let mut all = vec![Variant::without(ANY), Variant::twice(step, ANY)];
    let mut with = |mean: Vec<f64>, std: Vec<f64>| {
        let change = format!("mean = {mean:?}, std = {std:?}");
        let mut changed = params.clone();
        (changed.mean, changed.std) = (mean, std);
        all.push(Variant::new(Step::Normalize(changed), change, ANY));
    };
    let reversed = |values: &[f64]| values.iter().rev().copied().collect::<Vec<_>>();
    with(reversed(&params.mean), reversed(&params.std));
    for (mean, std) in STATISTICS {
        with(mean.to_vec(), std.to_vec());
        with(reversed(&mean), reversed(&std));
    }
    all
}

fn layout(params: &Layout) -> Vec<Variant> {
    words("to", AxisLayout::ALL, params.to, |to| Step::Layout(Layout { to }), ANY)
}
