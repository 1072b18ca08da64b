//! Images: decoder, geometry, kernel, scaling, layout, in this order.

use bundle_manifest::{
    Step,
    toml_text::{number, numbers},
};

use super::{
    Best, Inferred, Search, Tried,
    lines::{Fit, fit, rounded},
};
use crate::{Tensor, resize::target_size};

/// Geometries that are tried with every kernel.
const GEOMETRIES: usize = 8;
/// Kernels that are tried with every scaling.
const KERNELS: usize = 12;
/// What a wrong kernel or rounding leaves over a line, and a right one does not.
const EXPLAINED: f64 = 2e-4;

/// Edges to which pictures are resized before a crop, beside those that follow from a share.
const EDGES: &[u32] = &[
    232, 235, 236, 238, 240, 242, 246, 248, 255, 256, 272, 288, 292, 299, 320, 330, 342, 350, 384,
    400, 438, 440, 448, 480, 512, 518, 550, 586, 600, 640,
];
/// Shares of a picture that a crop keeps.
const SHARES: &[f64] = &[0.875, 0.9, 0.95, 0.96, 0.965, 0.97, 0.98, 0.985, 0.99, 0.8, 0.85];

/// Means and deviations that are in use, of values from 0 to 1.
const STATISTICS: &[([f64; 3], [f64; 3])] = &[
    ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    ([0.5, 0.5, 0.5], [0.5, 0.5, 0.5]),
    ([0.481_454_66, 0.457_827_5, 0.408_210_73], [0.268_629_54, 0.261_302_58, 0.275_777_11]),
    ([0.4914, 0.4822, 0.4465], [0.2023, 0.1994, 0.2010]),
    ([0.4914, 0.4822, 0.4465], [0.2470, 0.2435, 0.2616]),
    ([0.485, 0.456, 0.406], [1.0, 1.0, 1.0]),
];

pub(super) fn infer(search: &Search<'_>) -> Option<Inferred> {
    let mut best = Best::default();
    for views in View::all(search) {
        best.offer(of_views(search, &views));
        if best.is_exact() {
            break;
        }
    }
    best.0
}

/// A recorded tensor as planes.
struct View {
    layout: &'static str,
    height: usize,
    width: usize,
    /// Row by row, one per channel.
    planes: Vec<Vec<f64>>,
}

impl View {
    /// Each layout that all recorded tensors can have, with the tensors so seen.
    fn all(search: &Search<'_>) -> Vec<Vec<Self>> {
        let layouts = ["NCHW", "NHWC", "CHW", "HWC", "NHW", "HW"];
        let views =
            |layout| search.pairs.iter().map(|pair| Self::of(&pair.tensor, layout)).collect();
        layouts.into_iter().filter_map(views).collect()
    }

    fn of(tensor: &Tensor, layout: &'static str) -> Option<Self> {
        let (height, width, channels, last) = match (layout, tensor.shape()) {
            ("NCHW", &[1, channels, height, width]) | ("CHW", &[channels, height, width]) => {
                (height, width, channels, false)
            }
            ("NHWC", &[1, height, width, channels]) | ("HWC", &[height, width, channels]) => {
                (height, width, channels, true)
            }
            ("NHW", &[1, height, width]) | ("HW", &[height, width]) => (height, width, 1, false),
            _ => return None,
        };
        if !matches!(channels, 1 | 3 | 4) || height == 0 || width == 0 {
            return None;
        }
        let values = tensor.to_f64s();
        let plane = |channel: usize| -> Vec<f64> {
            if last {
                values.iter().skip(channel).step_by(channels).copied().collect()
            } else {
                values.chunks_exact(height * width).nth(channel).unwrap_or_default().to_vec()
            }
        };
        Some(Self { layout, height, width, planes: (0..channels).map(plane).collect() })
    }
}

/// A way to a size, without its kernel.
#[derive(Clone, Debug, Default)]
struct Geometry {
    /// `size` and `size_rounding` of a resize; `None` where there is none.
    size: Option<String>,
    /// The rest of a letterbox in place of the resize.
    letterbox: Option<String>,
    /// Steps afterwards.
    after: Vec<String>,
}

impl Geometry {
    fn resized(size: impl Into<String>) -> Self {
        Self { size: Some(size.into()), ..Self::default() }
    }

    fn letterboxed(rest: String) -> Self {
        Self { letterbox: Some(rest), ..Self::default() }
    }

    /// No resize, only a step afterwards.
    fn only(step: String) -> Self {
        Self::default().then(step)
    }

    fn then(mut self, step: String) -> Self {
        self.after.push(step);
        self
    }

    /// The steps, with a kernel.
    fn steps(&self, kernel: &Kernel) -> Vec<String> {
        let Kernel { library, interpolation } = kernel;
        let first = match (&self.size, &self.letterbox) {
            (Some(size), _) => Some(format!(
                "{{ op = \"resize\", {library}, size = {size}, interpolation = \"{interpolation}\" }}"
            )),
            (None, Some(rest)) => Some(format!(
                "{{ op = \"letterbox\", {library}, interpolation = \"{interpolation}\", {rest} }}"
            )),
            (None, None) => None,
        };
        first.into_iter().chain(self.after.iter().cloned()).collect()
    }

    const fn has_kernel(&self) -> bool {
        self.size.is_some() || self.letterbox.is_some()
    }
}

/// Who resizes, and with which filter.
#[derive(Clone, Debug, PartialEq)]
struct Kernel {
    library: &'static str,
    interpolation: &'static str,
}

impl Kernel {
    fn is_of_floats(&self) -> bool {
        [FLOATS, PLAIN_FLOATS].contains(&self.library)
    }
}

const PILLOW: &str = "impl = \"pillow\", impl_version = \"ge13\"";
const OLD_PILLOW: &str = "impl = \"pillow\", impl_version = \"lt13\"";
const FLOATS: &str = "impl = \"torchvision_f32\", antialias = true";
const PLAIN_FLOATS: &str = "impl = \"torchvision_f32\", antialias = false";
const FIRST: Kernel = Kernel { library: PILLOW, interpolation: "bilinear" };

fn kernels() -> Vec<Kernel> {
    let smooth = ["bilinear", "bicubic"];
    let pillow = ["bilinear", "bicubic", "lanczos", "nearest", "box", "hamming"];
    let of = |library, words: &[&'static str]| -> Vec<Kernel> {
        words.iter().map(|interpolation| Kernel { library, interpolation }).collect()
    };
    [
        of(PILLOW, &pillow),
        of("impl = \"torchvision_u8\", antialias = true", &smooth),
        of("impl = \"opencv\"", &["bilinear", "area", "nearest"]),
        of(OLD_PILLOW, &pillow),
        of("impl = \"torchvision_u8\", antialias = false", &["bilinear", "bicubic", "nearest"]),
        of(FLOATS, &smooth),
        of(PLAIN_FLOATS, &["bilinear", "bicubic", "nearest"]),
    ]
    .concat()
}

/// A picture as it goes into its scaling.
struct Candidate {
    /// What was decoded.
    prefix: usize,
    geometry: Geometry,
    kernel: Kernel,
    fit: Fit,
    reversed: bool,
}

fn of_views(search: &Search<'_>, views: &[View]) -> Option<Inferred> {
    let prefixes = prefixes(search, views.first()?.planes.len());
    let around =
        |edges: &[u32]| {
            let mut rough = Vec::new();
            for (index, prefix) in prefixes.iter().enumerate() {
                let all = geometries(prefix, views, edges).into_iter();
                rough.extend(all.filter_map(|geometry| {
                    candidate(search, views, (index, prefix), geometry, FIRST)
                }));
            }
            best_of(&mut rough, GEOMETRIES, 3.0);
            refine(search, views, &prefixes, &rough)
        };
    let mut fine = around(&likely(views));
    if fine.first().is_none_or(|best| best.fit.residual > EXPLAINED) {
        fine.extend(around(&every(views)));
        best_of(&mut fine, KERNELS, 10.0);
    }
    let mut best = Best::default();
    for candidate in &fine {
        best.offer(scaled(search, views, &prefixes, candidate));
        if best.is_exact() {
            break;
        }
    }
    best.0
}

/// Keeps the nearest, and those that are not far behind.
fn best_of(candidates: &mut Vec<Candidate>, most: usize, factor: f64) {
    candidates.sort_by(|left, right| left.fit.residual.total_cmp(&right.fit.residual));
    candidates.truncate(most);
    let Some(best) = candidates.first().map(|candidate| candidate.fit.residual) else { return };
    candidates.retain(|candidate| candidate.fit.residual <= best * factor + 1e-6);
}

fn refine(
    search: &Search<'_>,
    views: &[View],
    prefixes: &[Tried],
    rough: &[Candidate],
) -> Vec<Candidate> {
    let mut fine = Vec::new();
    for Candidate { prefix, geometry, .. } in rough {
        let kernels = if geometry.has_kernel() { kernels() } else { vec![FIRST] };
        fine.extend(kernels.into_iter().filter_map(|kernel| {
            candidate(search, views, (*prefix, &prefixes[*prefix]), geometry.clone(), kernel)
        }));
    }
    best_of(&mut fine, KERNELS, 10.0);
    fine
}

fn candidate(
    search: &Search<'_>,
    views: &[View],
    (prefix, done): (usize, &Tried),
    geometry: Geometry,
    kernel: Kernel,
) -> Option<Candidate> {
    let floats = kernel.is_of_floats().then(|| "{ op = \"rescale\", scale = 1.0 }".to_owned());
    let steps: Vec<String> = floats.into_iter().chain(geometry.steps(&kernel)).collect();
    let tried = search.then(done, &steps)?;
    let pictures: Vec<View> = tried
        .values
        .iter()
        .map(|value| {
            let tensor = value.to_tensor()?;
            View::of(&tensor, if tensor.shape().len() == 2 { "HW" } else { "HWC" })
        })
        .collect::<Option<_>>()?;
    let fits = pictures.iter().zip(views).all(|(picture, view)| {
        (picture.height, picture.width, picture.planes.len())
            == (view.height, view.width, view.planes.len())
    });
    if !fits {
        return None;
    }
    let after = channels(views, false);
    let line = |reversed| fit(&channels(&pictures, reversed), &after);
    let straight = line(false);
    let crossed = if after.len() >= 3 { line(true) } else { None };
    let (fit, reversed) = match (straight, crossed) {
        (Some(straight), Some(crossed)) if crossed.residual < straight.residual => (crossed, true),
        (Some(straight), _) => (straight, false),
        (None, crossed) => (crossed?, true),
    };
    Some(Candidate { prefix, geometry, kernel, fit, reversed })
}

/// Each channel of all pictures; red and blue change places where `reversed`.
fn channels(views: &[View], reversed: bool) -> Vec<Vec<&[f64]>> {
    let count = views.first().map_or(0, |view| view.planes.len());
    let channel = |index: usize| -> Vec<&[f64]> {
        let index = if reversed && index < 3 { 2 - index } else { index };
        views.iter().map(|view| view.planes[index].as_slice()).collect()
    };
    (0..count).map(channel).collect()
}

/// Decoders and colours that give different pictures.
fn prefixes(search: &Search<'_>, channels: usize) -> Vec<Tried> {
    let colors: &[&str] = match channels {
        1 => &["to = \"L\", luma = \"pillow\"", "to = \"L\", luma = \"opencv\""],
        4 => &["to = \"RGBA\""],
        _ => &[
            "to = \"RGB\", alpha = \"drop\"",
            "to = \"RGB\", alpha = \"composite\", background = [255, 255, 255]",
            "to = \"RGB\", alpha = \"composite\", background = [0, 0, 0]",
        ],
    };
    let mut all: Vec<Tried> = Vec::new();
    for depth in ["", ", bit_depth16 = \"shift8\"", ", bit_depth16 = \"saturate\""] {
        for orientation in ["ignore", "apply"] {
            let decode =
                format!("{{ op = \"decode_image\", exif_orientation = \"{orientation}\"{depth} }}");
            let Some(decoded) = search.start(&decode) else { continue };
            for color in colors {
                let more = [format!("{{ op = \"convert_color\", {color} }}")];
                let Some(tried) = search.then(&decoded, &more) else { continue };
                if !all.iter().any(|known| known.values == tried.values) {
                    all.push(tried);
                }
            }
        }
        if !all.is_empty() {
            break; // no picture has 16 bits
        }
    }
    all
}

/// Edges above the shorter side that a picture is likely resized to.
fn likely(views: &[View]) -> Vec<u32> {
    let short = shorter(views);
    let mut edges = vec![short];
    for share in SHARES {
        let edge = f64::from(short) / share;
        edges.extend([floor(edge), floor(edge + 0.5)]);
    }
    edges.extend(EDGES.iter().filter(|edge| **edge > short && **edge <= short.saturating_mul(2)));
    edges.extend([short.saturating_add(32), short.saturating_add(16)]);
    let mut distinct = Vec::new();
    for edge in edges {
        if !distinct.contains(&edge) {
            distinct.push(edge);
        }
    }
    distinct
}

/// Every edge from the shorter side to twice as much.
fn every(views: &[View]) -> Vec<u32> {
    let short = shorter(views);
    (short..=short.saturating_mul(2).min(short.saturating_add(400))).collect()
}

fn shorter(views: &[View]) -> u32 {
    let shorter = views.iter().map(|view| view.height.min(view.width)).max().unwrap_or(1);
    u32::try_from(shorter).unwrap_or(u32::MAX)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "edges of pictures, divided by at least a half"
)]
fn floor(edge: f64) -> u32 {
    edge as u32
}

/// Every way from the pictures to the sizes of the tensors.
fn geometries(pictures: &Tried, views: &[View], edges: &[u32]) -> Vec<Geometry> {
    let from: Vec<Vec<usize>> = pictures.values.iter().map(crate::Value::to_shape).collect();
    let kept = from
        .iter()
        .zip(views)
        .all(|(from, view)| from.get(..2) == Some(&[view.height, view.width]));
    let mut all = Vec::new();
    if kept {
        all.push(Geometry::default());
    }
    let (height, width) = (views[0].height, views[0].width);
    if views.iter().all(|view| (view.height, view.width) == (height, width)) {
        to_one_size(&mut all, (height, width), edges);
    }
    let longest = views.iter().map(|view| view.height.max(view.width)).max().unwrap_or(1);
    let shortest = shorter(views);
    for rounding in ["trunc", "round"] {
        let rounding = format!("size_rounding = \"{rounding}\"");
        for size in [
            format!("{{ shortest_edge = {shortest} }}"),
            format!("{{ longest_edge = {longest} }}"),
            format!("{{ max_height = {longest}, max_width = {longest} }}"),
        ] {
            all.push(Geometry::resized(format!("{size}, {rounding}")));
        }
    }
    for rounding in ["trunc_round", "trunc", "round"] {
        all.push(Geometry::resized(format!(
            "{{ shortest_edge = {shortest}, longest_edge = {longest} }}, size_rounding = \"{rounding}\""
        )));
    }
    for divisor in [8, 14, 16, 32, 64] {
        for position in ["top_left", "center"] {
            all.push(Geometry::only(format!(
                "{{ op = \"pad\", divisor = {divisor}, position = \"{position}\", fill = 0 }}"
            )));
        }
        let rest = format!(
            "size = [{longest}, {longest}], fill = 114, scaleup = true, stride = {divisor}, \
             position = \"center\""
        );
        all.push(Geometry::letterboxed(rest));
    }
    distinct(all, &from)
}

/// Those that lead these pictures to different sizes, or go on differently from there.
fn distinct(all: Vec<Geometry>, from: &[Vec<usize>]) -> Vec<Geometry> {
    let mut seen = Vec::new();
    let is_new = |geometry: &Geometry| {
        let resize = geometry.size.as_ref().and_then(|_| geometry.steps(&FIRST)[0].parse().ok());
        let sizes: Option<Vec<_>> = match &resize {
            Some(Step::Resize(params)) => {
                let size = |shape: &Vec<usize>| target_size(params, (shape[0], shape[1])).ok();
                from.iter().map(size).collect()
            }
            _ => Some(Vec::new()),
        };
        let Some(sizes) = sizes else { return false };
        let key = (sizes, geometry.letterbox.clone(), geometry.after.clone());
        let is_new = !seen.contains(&key);
        seen.push(key);
        is_new
    };
    all.into_iter().filter(is_new).collect()
}

/// All tensors have one size.
fn to_one_size(all: &mut Vec<Geometry>, (height, width): (usize, usize), edges: &[u32]) {
    all.push(Geometry::resized(format!("{{ height = {height}, width = {width} }}")));
    let crop = |offset: &str, side: &str| {
        format!(
            "{{ op = \"center_crop\", size = [{height}, {width}], offset_rounding = \"{offset}\", \
             pad_side = \"{side}\", fill = 0 }}"
        )
    };
    let crops = [("floor", "floor"), ("half_even", "floor"), ("floor", "ceil")];
    for edge in edges {
        for (offset, side) in crops {
            for rounding in ["trunc", "round"] {
                let size = format!("{{ shortest_edge = {edge} }}, size_rounding = \"{rounding}\"");
                all.push(Geometry::resized(size).then(crop(offset, side)));
            }
            let size = format!("{{ height = {edge}, width = {edge} }}");
            all.push(Geometry::resized(size).then(crop(offset, side)));
        }
    }
    all.extend(crops.map(|(offset, side)| Geometry::only(crop(offset, side))));
    let longest = height.max(width);
    for fill in [114, 0, 127, 128, 255] {
        for position in ["center", "top_left"] {
            for scaleup in [true, false] {
                let rest = format!(
                    "size = [{height}, {width}], fill = {fill}, scaleup = {scaleup}, \
                     position = \"{position}\""
                );
                all.push(Geometry::letterboxed(rest));
            }
            let pad = format!(
                "{{ op = \"pad\", size = [{height}, {width}], position = \"{position}\", fill = {fill} }}"
            );
            for rounding in ["trunc", "round"] {
                for size in [
                    format!("{{ longest_edge = {longest} }}"),
                    format!("{{ max_height = {height}, max_width = {width} }}"),
                ] {
                    let size = format!("{size}, size_rounding = \"{rounding}\"");
                    all.push(Geometry::resized(size).then(pad.clone()));
                }
            }
            all.push(Geometry::only(pad));
        }
    }
}

/// A candidate with every scaling that its lines allow, until one meets all pairs.
fn scaled(
    search: &Search<'_>,
    views: &[View],
    prefixes: &[Tried],
    candidate: &Candidate,
) -> Option<Inferred> {
    let prefix = &prefixes[candidate.prefix];
    let turned = match prefix.steps.as_slice() {
        [decode, color] if candidate.reversed => {
            let color = color.replace("to = \"RGB\"", "to = \"BGR\"");
            Some(search.then(&search.start(decode)?, &[color])?)
        }
        _ => None,
    };
    let prefix = turned.as_ref().unwrap_or(prefix);
    let mut end = vec![format!("{{ op = \"layout\", to = \"{}\" }}", views.first()?.layout)];
    let dtype = search.pairs[0].tensor.dtype();
    if !matches!(dtype.as_str(), "uint8" | "float32") {
        end.push(format!("{{ op = \"ensure_dtype\", dtype = \"{dtype}\" }}"));
    }
    let geometry = candidate.geometry.steps(&candidate.kernel);
    let mut best = Best::default();
    if dtype.as_str() == "uint8" {
        let tried = search.then(prefix, &[geometry, end].concat())?;
        return search.finish(&tried);
    }
    let floats = candidate.geometry.has_kernel() && candidate.kernel.is_of_floats();
    // Floats are resized after they were scaled first, and bytes only once for all scalings.
    let resized = if floats { None } else { Some(search.then(prefix, &geometry)?) };
    for (first, second) in scalings(&candidate.fit) {
        let (done, more) = match &resized {
            Some(resized) => (resized, [first, second, end.clone()].concat()),
            None => (prefix, [first, geometry.clone(), second, end.clone()].concat()),
        };
        best.offer(search.then(done, &more).and_then(|tried| search.finish(&tried)));
        if best.is_exact() {
            break;
        }
    }
    best.0
}

/// Scalings that follow from lines: what comes before a resize of floats, and what after.
fn scalings(fit: &Fit) -> Vec<(Vec<String>, Vec<String>)> {
    let rescales = [
        "{ op = \"rescale\", scale = 0.00392156862745098 }",
        "{ op = \"rescale\", scale = 0.00392156862745098, arithmetic = \"f32_div\" }",
        "{ op = \"rescale\", scale = 0.00392156862745098, arithmetic = \"f32_mul\" }",
    ];
    let float = || "{ op = \"ensure_dtype\", dtype = \"float32\" }".to_owned();
    let normalize = |mean: &[f64], std: &[f64]| {
        format!("{{ op = \"normalize\", mean = {}, std = {} }}", numbers(mean), numbers(std))
    };
    let mut all = Vec::new();
    let is_line = |slope: f64, intercept: f64| {
        fit.lines.iter().all(|(a, b)| near(*a, slope, slope) && near(*b, intercept, 1.0))
    };
    if is_line(1.0, 0.0) {
        all.push((vec![float()], Vec::new()));
    }
    if is_line(1.0 / 255.0, 0.0) {
        all.extend(rescales.map(|step| (vec![step.to_owned()], Vec::new())));
    }
    if is_line(1.0 / 127.5, -1.0) {
        for arithmetic in ["f64_mul", "f32_mul", "f32_div"] {
            let scale = number(1.0 / 127.5);
            all.push((
                vec![format!(
                    "{{ op = \"rescale\", scale = {scale}, offset = -1.0, arithmetic = \"{arithmetic}\" }}"
                )],
                Vec::new(),
            ));
        }
    }
    for (means, deviations) in constants(fit) {
        for step in rescales {
            all.push((vec![step.to_owned()], vec![normalize(&means, &deviations)]));
        }
        // As transformers with torchvision: `mean` and `std` times 1 / (1 / 255), in float32.
        let fuse = |values: &[f64]| -> Vec<f64> {
            values.iter().map(|value| f64::from(single(*value) * 255.0)).collect()
        };
        all.push((Vec::new(), vec![normalize(&fuse(&means), &fuse(&deviations))]));
        let wide = |values: &[f64]| -> Vec<f64> {
            values.iter().map(|value| rounded(value * 255.0, 12, 255.0)).collect()
        };
        all.push((vec![float()], vec![normalize(&wide(&means), &wide(&deviations))]));
    }
    all
}

/// Whether a fitted number may be the wanted one.
fn near(value: f64, wanted: f64, scale: f64) -> bool {
    (value - wanted).abs() <= 2e-3 * scale.abs()
}

#[expect(clippy::cast_possible_truncation, reason = "torch rounds to float32 here")]
fn single(value: f64) -> f32 {
    value as f32
}

/// Means and deviations, of values from 0 to 1, that the lines allow: known ones, then those
/// with the fewest digits.
fn constants(fit: &Fit) -> Vec<(Vec<f64>, Vec<f64>)> {
    let exact: Vec<(f64, f64)> = fit
        .lines
        .iter()
        .map(|(slope, intercept)| (-intercept / slope / 255.0, 1.0 / slope / 255.0))
        .collect();
    let mut all: Vec<(Vec<f64>, Vec<f64>)> = Vec::new();
    for (mean, std) in STATISTICS {
        let orders: [[usize; 3]; 2] = [[0, 1, 2], [2, 1, 0]];
        for order in orders {
            let each = || order.iter().map(|index| (mean[*index], std[*index]));
            let is = exact.iter().zip(each()).all(|((mean, std), (known, deviation))| {
                near(*mean, known, 1.0) && near(*std, deviation, deviation)
            });
            if is && exact.len() <= 3 {
                let of = |values: Vec<f64>| values.into_iter().take(exact.len()).collect();
                all.push((
                    of(each().map(|pair| pair.0).collect()),
                    of(each().map(|pair| pair.1).collect()),
                ));
            }
        }
    }
    for digits in 1..=9 {
        let mean = exact.iter().map(|(mean, std)| rounded(*mean, digits, *std)).collect();
        let std: Vec<f64> = exact.iter().map(|(_, std)| rounded(*std, digits, *std)).collect();
        if !std.contains(&0.0) {
            all.push((mean, std));
        }
    }
    all.dedup();
    all
}
