//! Sounds: samples, or a spectrogram of them, and its logarithm and scaling.

use bundle_manifest::toml_text::number;

use super::{
    Best, Inferred, Search, Tried,
    lines::{fit, rounded},
};
use crate::{Tensor, Value};

/// Sampling rates to which sounds are brought.
const RATES: &[u32] = &[16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 8_000];
/// What a wrong window or mel scale leaves over a line, and a right one does not.
const EXPLAINED: f64 = 1e-3;
/// Spectrograms that are tried with every scaling.
const SPECTROGRAMS: usize = 4;
/// Most mel bands; more are frames.
const MOST_MELS: usize = 512;
/// Logarithms of the known recipes.
const LOGARITHMS: &[&str] = &[
    "{ op = \"log\", base = \"10\", floor = 1e-10, dynamic_range = 8.0 }",
    "{ op = \"log\", base = \"db\", floor = 1e-10, dynamic_range = 80.0 }",
    "{ op = \"log\", base = \"db\", floor = 1e-10 }",
    "{ op = \"log\", base = \"10\", floor = 1e-10 }",
    "{ op = \"log\", base = \"e\", floor = 1e-5 }",
    "{ op = \"log\", base = \"e\", floor = 1e-10 }",
    "{ op = \"log\", base = \"e\", floor = 1e-6 }",
    "{ op = \"log\", base = \"1p\", floor = 0.0 }",
];

pub(super) fn infer(search: &Search<'_>) -> Option<Inferred> {
    let look = if search.pairs.iter().all(|pair| long(pair.tensor.shape()).count() <= 1) {
        waveforms
    } else {
        spectrograms
    };
    let mut best = Best::default();
    let mut decoded: Vec<Tried> = Vec::new();
    for mono in ["mean", "first"] {
        let decode = format!("{{ op = \"decode_audio\", mono = \"{mono}\" }}");
        let Some(start) = search.start(&decode) else { continue };
        if decoded.iter().any(|known| known.values == start.values) {
            continue;
        }
        best.offer(look(search, &start));
        for rate in RATES {
            if best.holds() {
                return best.0;
            }
            let resampled = search.then(&start, &[resample(*rate)]);
            best.offer(resampled.and_then(|resampled| look(search, &resampled)));
        }
        decoded.push(start);
    }
    best.0
}

fn resample(rate: u32) -> String {
    format!(
        "{{ op = \"resample\", sampling_rate = {rate}, method = \"sinc_hann\", \
         lowpass_filter_width = 6, rolloff = 0.99 }}"
    )
}

/// Axes of length 1 before the others, and the type.
fn end(tensor: &Tensor, rank: usize) -> Vec<String> {
    let more = tensor.shape().len().saturating_sub(rank);
    let mut steps = vec!["{ op = \"expand_dims\", axis = 0 }".to_owned(); more];
    let dtype = tensor.dtype();
    if dtype.as_str() != "float32" {
        steps.push(format!("{{ op = \"ensure_dtype\", dtype = \"{dtype}\" }}"));
    }
    steps
}

fn samples(value: &Value) -> usize {
    match value {
        Value::Audio(audio) => audio.samples.len(),
        _ => 0,
    }
}

/// The lengths to which a sound may be brought, as steps: as it is, or one for all.
fn lengths(start: &Tried, wanted: &[usize]) -> Vec<Vec<String>> {
    let own: Vec<usize> = start.values.iter().map(samples).collect();
    let mut all = Vec::new();
    if own.iter().zip(wanted).all(|(own, wanted)| own == wanted) {
        all.push(Vec::new());
    }
    if let Some(length) = wanted.first().filter(|first| wanted.iter().all(|other| other == *first))
    {
        for side in ["right", "left"] {
            for mode in ["constant", "repeat", "repeat_pad"] {
                all.push(vec![format!(
                    "{{ op = \"pad_or_trim\", length = {length}, side = \"{side}\", mode = \"{mode}\" }}"
                )]);
            }
        }
    }
    all
}

fn waveforms(search: &Search<'_>, start: &Tried) -> Option<Inferred> {
    let wanted: Vec<usize> =
        search.pairs.iter().map(|pair| pair.tensor.shape().iter().product()).collect();
    let end = end(&search.pairs[0].tensor, 1);
    let mut best = Best::default();
    let mut standards = Vec::new();
    for (eps, place) in [
        ("1e-7", "variance"),
        ("1e-5", "variance"),
        ("1e-6", "std"),
        ("1e-8", "std"),
        ("0.0", "std"),
    ] {
        for arithmetic in ["f32", "f64"] {
            standards.push(format!(
                "{{ op = \"zero_mean_unit_variance\", eps = {eps}, eps_position = \"{place}\", \
                 ddof = 0, arithmetic = \"{arithmetic}\" }}"
            ));
        }
    }
    for length in lengths(start, &wanted) {
        let mut recipes = vec![length.clone()];
        for standard in &standards {
            recipes.push([std::slice::from_ref(standard), &length].concat());
            if !length.is_empty() {
                recipes.push([&length, std::slice::from_ref(standard)].concat());
            }
        }
        for pre in ["0.97", "0.95"] {
            let step = format!("{{ op = \"preemphasis\", coefficient = {pre} }}");
            recipes.push([std::slice::from_ref(&step), &length].concat());
        }
        for recipe in recipes {
            let more = [recipe, end.clone()].concat();
            best.offer(search.then(start, &more).and_then(|tried| search.finish(&tried)));
            if best.is_exact() {
                return best.0;
            }
        }
    }
    best.0
}

/// A spectrogram before its scaling.
struct Spectrogram {
    tried: Tried,
    line: (f64, f64),
    residual: f64,
}

/// Spectrograms that were seen, the nearest to a line first.
struct Seen {
    /// The elements of each recorded tensor.
    wanted: Vec<Vec<f64>>,
    best: Vec<Spectrogram>,
}

impl Seen {
    fn new(search: &Search<'_>) -> Self {
        let wanted = search.pairs.iter().map(|pair| pair.tensor.to_f64s()).collect();
        Self { wanted, best: Vec::new() }
    }

    /// Adds one that has the right shape.
    fn add(&mut self, search: &Search<'_>, tried: Option<Tried>) {
        let Some(tried) = tried else { return };
        let matrices = tried.values.iter().map(Value::to_tensor).collect::<Option<Vec<_>>>();
        let matrices = matrices.unwrap_or_default();
        let fits = matrices
            .iter()
            .zip(search.pairs)
            .all(|(matrix, pair)| long(matrix.shape()).eq(long(pair.tensor.shape())));
        if !fits || matrices.is_empty() {
            return;
        }
        let before: Vec<Vec<f64>> = matrices.iter().map(Tensor::to_f64s).collect();
        let before: Vec<&[f64]> = before.iter().map(Vec::as_slice).collect();
        let after: Vec<&[f64]> = self.wanted.iter().map(Vec::as_slice).collect();
        if let Some(fit) = fit(&[before], &[after]) {
            self.best.push(Spectrogram { tried, line: fit.lines[0], residual: fit.residual });
            self.best.sort_by(|left, right| left.residual.total_cmp(&right.residual));
            self.best.truncate(SPECTROGRAMS);
        }
    }

    fn is_explained(&self) -> bool {
        self.best.first().is_some_and(|best| best.residual < EXPLAINED / 10.0)
    }
}

/// The axes longer than 1.
fn long(shape: &[usize]) -> impl Iterator<Item = usize> + '_ {
    shape.iter().copied().filter(|axis| *axis > 1)
}

fn spectrograms(search: &Search<'_>, start: &Tried) -> Option<Inferred> {
    let shape: Vec<usize> = long(search.pairs[0].tensor.shape()).collect();
    let (&[first, second], Some(Value::Audio(audio))) = (shape.as_slice(), start.values.first())
    else {
        return None;
    };
    let mut seen = Seen::new(search);
    for steps in filter_banks(audio.sampling_rate, first, second) {
        seen.add(search, search.then(start, &steps));
    }
    for (mels, frames, turn) in [(first, second, false), (second, first, true)] {
        if mels <= MOST_MELS && !seen.is_explained() {
            mel_spectrograms(search, start, (mels, frames, turn), &mut seen);
        }
    }
    let mut best = Best::default();
    for spectrogram in &seen.best {
        for scaling in scalings(spectrogram.line) {
            let more = [scaling, end(&search.pairs[0].tensor, 2)].concat();
            let done = search.then(&spectrogram.tried, &more);
            best.offer(done.and_then(|tried| search.finish(&tried)));
            if best.holds() {
                return best.0;
            }
        }
    }
    best.0
}

/// Constants of a line from the fewest digits to the most; none where it changes nothing.
fn scalings((slope, intercept): (f64, f64)) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    if (slope - 1.0).abs() < 1e-3 && intercept.abs() < 1e-2 {
        all.push(Vec::new());
    }
    for digits in 1..=10 {
        let (gain, offset) = (rounded(slope, digits, 1.0), rounded(intercept, digits, 1.0));
        all.push(vec![format!(
            "{{ op = \"scale_linear\", gain = [{}], offset = [{}] }}",
            number(gain),
            number(offset)
        )]);
        let (mean, std) =
            (rounded(-intercept / slope, digits, 1.0), rounded(1.0 / slope, digits, 1.0));
        if std != 0.0 {
            all.push(vec![format!(
                "{{ op = \"normalize\", mean = [{}], std = [{}] }}",
                number(mean),
                number(std)
            )]);
        }
    }
    all
}

/// Frames first: filter banks as Kaldi computes them.
fn filter_banks(rate: u32, frames: usize, mels: usize) -> Vec<Vec<String>> {
    let (frame, shift) = (u64::from(rate) * 25 / 1000, u64::from(rate) / 100);
    let mut all = Vec::new();
    for window in ["hann", "povey", "hamming"] {
        let fbank = format!(
            "{{ op = \"kaldi_fbank\", n_mels = {mels}, frame_length = {frame}, \
             frame_shift = {shift}, window = \"{window}\", preemphasis = 0.97, \
             remove_dc_offset = true, f_min = 20.0, f_max = 0.0, snip_edges = true }}"
        );
        all.push(vec![fbank.clone()]);
        let pad = format!(
            "{{ op = \"pad_or_trim\", length = {frames}, side = \"right\", mode = \"constant\", \
             value = 0.0, axis = 0 }}"
        );
        all.push(vec![fbank, pad]);
    }
    all
}

/// Every way to as many frames, with every mel scale and logarithm.
fn mel_spectrograms(
    search: &Search<'_>,
    start: &Tried,
    (mels, frames, turn): (usize, usize, bool),
    seen: &mut Seen,
) {
    let Some(Value::Audio(audio)) = start.values.first() else { return };
    let (rate, length) = (audio.sampling_rate, audio.samples.len());
    for (n_fft, hop) in transforms(rate) {
        for (before, after) in framings(length, frames, hop, rate) {
            for (pad_mode, power) in
                [("reflect", "2.0"), ("zeros", "2.0"), ("reflect", "1.0"), ("zeros", "1.0")]
            {
                let stft = format!(
                    "{{ op = \"stft\", n_fft = {n_fft}, win_length = {n_fft}, hop_length = {hop}, \
                     window = \"hann\", periodic = true, center = true, pad_mode = \"{pad_mode}\", \
                     power = {power} }}"
                );
                let steps = [before.clone(), vec![stft], after.clone()].concat();
                let Some(transformed) = search.then(start, &steps) else { continue };
                for mel in mel_scales(rate, mels) {
                    let Some(banks) = search.then(&transformed, &[mel]) else { continue };
                    for log in LOGARITHMS {
                        let mut more = vec![(*log).to_owned()];
                        more.extend(
                            turn.then(|| "{ op = \"transpose\", axes = [1, 0] }".to_owned()),
                        );
                        seen.add(search, search.then(&banks, &more));
                    }
                    if seen.is_explained() {
                        return;
                    }
                }
            }
        }
    }
}

/// Lengths of transforms with hops, at a rate.
fn transforms(rate: u32) -> Vec<(usize, usize)> {
    let ten = usize::try_from(rate / 100).unwrap_or(160);
    let mut all = vec![
        (ten * 5 / 2, ten),
        (1024, ten),
        (2048, ten),
        (400, 160),
        (512, 160),
        (1024, 256),
        (2048, 512),
        (1024, 512),
        (1024, 320),
        (1024, 480),
        (2048, 1024),
        (512, 256),
        (512, 128),
        (400, 200),
        (256, 128),
    ];
    all.retain(|(_, hop)| *hop > 0);
    let mut distinct = Vec::new();
    for pair in all {
        if !distinct.contains(&pair) {
            distinct.push(pair);
        }
    }
    distinct
}

/// Steps before and after a transform with this hop that give so many frames: as long as the
/// sound is, or filled or cut to whole half seconds.
fn framings(
    length: usize,
    frames: usize,
    hop: usize,
    rate: u32,
) -> Vec<(Vec<String>, Vec<String>)> {
    let drop_last = || vec!["{ op = \"drop_last_frame\" }".to_owned()];
    let natural = 1 + length / hop;
    let mut all = Vec::new();
    if frames == natural {
        all.push((Vec::new(), Vec::new()));
    } else if frames + 1 == natural {
        all.push((Vec::new(), drop_last()));
    }
    let half = usize::try_from(rate / 2).unwrap_or(1).max(1);
    for (total, after) in
        [(frames * hop, drop_last()), (frames.saturating_sub(1) * hop, Vec::new())]
    {
        if total != length && total > 0 && total % half == 0 {
            let pad = format!(
                "{{ op = \"pad_or_trim\", length = {total}, side = \"right\", mode = \"constant\" }}"
            );
            all.push((vec![pad], after));
        }
    }
    all
}

fn mel_scales(rate: u32, mels: usize) -> Vec<String> {
    let nyquist = f64::from(rate) / 2.0;
    let highest = [nyquist, 8_000.0, 7_600.0, 14_000.0, 4_000.0];
    let highest: Vec<f64> = highest
        .into_iter()
        .enumerate()
        .filter(|(index, frequency)| *index == 0 || *frequency < nyquist)
        .map(|(_, frequency)| frequency)
        .collect();
    let mut all = Vec::new();
    for (scale, norm) in
        [("slaney", "slaney"), ("htk", "none"), ("htk", "slaney"), ("slaney", "none")]
    {
        for f_max in &highest {
            for f_min in [0.0, 20.0, 50.0] {
                all.push(format!(
                    "{{ op = \"mel\", n_mels = {mels}, f_min = {}, f_max = {}, scale = \"{scale}\", \
                     norm = \"{norm}\" }}",
                    number(f_min),
                    number(*f_max)
                ));
            }
        }
    }
    all
}
